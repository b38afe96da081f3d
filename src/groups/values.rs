//! What may stand on the right of an assignment, and how elements are chosen.
//! Numbers, lists and quantities of every usual kind, or an expression string.

use std::ops::Range;

use crate::description::{NamespaceValue, Refractory, Selection, Value};
use crate::equations::TimedArray;
use crate::error::Result;
use crate::units::{Quantity, QuantityArray};

/// Things a variable can be set to: `2.0`, `[2.0, 0.0]`, `10.0*ms`, `[10.0, 20.0]*ms`, `"i*0.2"`.
pub trait IntoValue {
    /// The value as data.
    ///
    /// # Errors
    /// When it came from mixing dimensions.
    fn into_value(self) -> Result<Value>;
}

impl IntoValue for &str {
    fn into_value(self) -> Result<Value> {
        Ok(Value::Expression(self.to_owned()))
    }
}

impl IntoValue for String {
    fn into_value(self) -> Result<Value> {
        Ok(Value::Expression(self))
    }
}

impl IntoValue for &String {
    fn into_value(self) -> Result<Value> {
        Ok(Value::Expression(self.clone()))
    }
}

impl IntoValue for bool {
    fn into_value(self) -> Result<Value> {
        QuantityArray::from(f64::from(u8::from(self))).into_value()
    }
}

impl IntoValue for i32 {
    fn into_value(self) -> Result<Value> {
        QuantityArray::from(f64::from(self)).into_value()
    }
}

impl IntoValue for QuantityArray {
    fn into_value(self) -> Result<Value> {
        let array = self.checked()?;
        Ok(Value::Numbers { values: array.to_vec(), unit: array.dimension().to_string() })
    }
}

impl IntoValue for &QuantityArray {
    fn into_value(self) -> Result<Value> {
        self.clone().into_value()
    }
}

impl IntoValue for Value {
    fn into_value(self) -> Result<Value> {
        Ok(self)
    }
}

macro_rules! by_array {
    ($($t:ty),* $(,)?) => {$(
        impl IntoValue for $t {
            fn into_value(self) -> Result<Value> {
                QuantityArray::from(self).into_value()
            }
        }
    )*};
}
by_array!(f64, Quantity, Vec<f64>, Vec<i32>, Vec<usize>, &[f64], &[i32], &[usize], ndarray::Array1<f64>);

macro_rules! by_list {
    ($($t:ty),*) => {$(
        impl<const N: usize> IntoValue for [$t; N] {
            fn into_value(self) -> Result<Value> {
                QuantityArray::from(self).into_value()
            }
        }
    )*};
}
by_list!(f64, i32, usize);

/// Ways to choose elements: `0`, `[1, 2]`, `0..5`, `vec![…]`, or a condition such as `"i > 3"`.
pub trait IntoSelection {
    /// The choice as data.
    fn into_selection(self) -> Selection;
}

impl IntoSelection for usize {
    fn into_selection(self) -> Selection {
        Selection::Indices(vec![self])
    }
}

impl IntoSelection for Vec<usize> {
    fn into_selection(self) -> Selection {
        Selection::Indices(self)
    }
}

impl IntoSelection for &[usize] {
    fn into_selection(self) -> Selection {
        Selection::Indices(self.to_vec())
    }
}

impl<const N: usize> IntoSelection for [usize; N] {
    fn into_selection(self) -> Selection {
        Selection::Indices(self.to_vec())
    }
}

impl IntoSelection for Range<usize> {
    fn into_selection(self) -> Selection {
        Selection::Indices(self.collect())
    }
}

impl IntoSelection for &str {
    fn into_selection(self) -> Selection {
        Selection::Condition(self.to_owned())
    }
}

impl IntoSelection for Selection {
    fn into_selection(self) -> Selection {
        self
    }
}

/// Things that equations can be given under a name: numbers, quantities, [`TimedArray`]s.
pub trait IntoNamespace {
    /// The value as data.
    ///
    /// # Errors
    /// When a quantity came from mixing dimensions.
    fn into_namespace(self) -> Result<NamespaceValue>;
}

macro_rules! by_quantity {
    ($($t:ty),*) => {$(
        impl IntoNamespace for $t {
            fn into_namespace(self) -> Result<NamespaceValue> {
                Ok(NamespaceValue::Quantity(Quantity::from(self).checked()?))
            }
        }
    )*};
}
by_quantity!(f64, i32, usize, Quantity);

impl IntoNamespace for TimedArray {
    fn into_namespace(self) -> Result<NamespaceValue> {
        Ok(NamespaceValue::TimedArray(self.description))
    }
}

impl IntoNamespace for &TimedArray {
    fn into_namespace(self) -> Result<NamespaceValue> {
        self.clone().into_namespace()
    }
}

impl IntoNamespace for NamespaceValue {
    fn into_namespace(self) -> Result<NamespaceValue> {
        Ok(self)
    }
}

/// Things that can be a refractory period.
pub trait IntoRefractory {
    /// The period as data.
    ///
    /// # Errors
    /// When a quantity came from mixing dimensions.
    fn into_refractory(self) -> Result<Refractory>;
}

impl IntoRefractory for Quantity {
    fn into_refractory(self) -> Result<Refractory> {
        Ok(Refractory::Time(self.checked()?))
    }
}

impl IntoRefractory for f64 {
    fn into_refractory(self) -> Result<Refractory> {
        Ok(Refractory::Time(Quantity::from(self)))
    }
}

impl IntoRefractory for i32 {
    fn into_refractory(self) -> Result<Refractory> {
        Ok(Refractory::Time(Quantity::from(self)))
    }
}

impl IntoRefractory for &str {
    fn into_refractory(self) -> Result<Refractory> {
        Ok(Refractory::Expression(self.to_owned()))
    }
}
