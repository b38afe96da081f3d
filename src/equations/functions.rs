//! The functions that equations may call: Brian2's own, arrays over time, and closures of the user's.
//! Closures cannot be written into a description; they are known there by their name.

use std::fmt;
use std::sync::Arc;

use super::timed_array::TimedArray;
use crate::error::{Error, ErrorKind, Result};
use crate::units::Dimension;

/// The functions that equations may call without further ado.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Function {
    Exp,
    Expm1,
    Exprel,
    Log,
    Log10,
    Log1p,
    Sin,
    Cos,
    Tan,
    Arcsin,
    Arccos,
    Arctan,
    Sinh,
    Cosh,
    Tanh,
    Sqrt,
    Abs,
    Ceil,
    Floor,
    Sign,
    Int,
    Clip,
    Timestep,
    Rand,
    Randn,
    Poisson,
    /// Brian2 has a class for it; here it is what `PoissonInput` draws.
    Binomial,
}

/// Name, number of arguments.
pub(crate) const FUNCTIONS: &[(&str, Function, usize)] = &[
    ("exp", Function::Exp, 1),
    ("expm1", Function::Expm1, 1),
    ("exprel", Function::Exprel, 1),
    ("log", Function::Log, 1),
    ("log10", Function::Log10, 1),
    ("log1p", Function::Log1p, 1),
    ("sin", Function::Sin, 1),
    ("cos", Function::Cos, 1),
    ("tan", Function::Tan, 1),
    ("arcsin", Function::Arcsin, 1),
    ("arccos", Function::Arccos, 1),
    ("arctan", Function::Arctan, 1),
    ("sinh", Function::Sinh, 1),
    ("cosh", Function::Cosh, 1),
    ("tanh", Function::Tanh, 1),
    ("sqrt", Function::Sqrt, 1),
    ("abs", Function::Abs, 1),
    ("ceil", Function::Ceil, 1),
    ("floor", Function::Floor, 1),
    ("sign", Function::Sign, 1),
    ("int", Function::Int, 1),
    ("clip", Function::Clip, 3),
    ("timestep", Function::Timestep, 2),
    ("rand", Function::Rand, 0),
    ("randn", Function::Randn, 0),
    ("poisson", Function::Poisson, 1),
    ("binomial", Function::Binomial, 2),
];

impl Function {
    pub(crate) fn find(name: &str) -> Option<(Self, usize)> {
        FUNCTIONS.iter().find(|(n, _, _)| *n == name).map(|(_, f, arity)| (*f, *arity))
    }
}

/// Most arguments that a function of the user's can have.
pub(crate) const MOST_ARGUMENTS: usize = 4;

type Closure = Arc<dyn Fn(&[f64]) -> f64 + Send + Sync>;

/// A closure with the dimensions of its arguments and of its result, as Brian2's
/// [`Function`](https://brian2.readthedocs.io/en/2.9.0/advanced/functions.html).
///
/// ```
/// use spikelab::prelude::*;
/// use spikelab::UserFunction;
/// let ramp = UserFunction::new("ramp", |x: &[f64]| x[0].max(0.0)).argument(1.0 * mV).result(1.0 * mV);
/// let mut net = Network::new();
/// net.add_function(ramp)?;
/// let group = net.add(NeuronGroup::new(2, "v : volt\nr = ramp(v) : volt"))?;
/// group.set("v", [-5.0, 5.0] * mV)?;
/// assert_eq!(group.get("r")?.to_vec(), [0.0, 5.0e-3]);
/// # Ok::<(), spikelab::Error>(())
/// ```
#[derive(Clone)]
pub struct UserFunction {
    pub(crate) name: String,
    pub(crate) arguments: Vec<Dimension>,
    pub(crate) result: Dimension,
    closure: Closure,
}

impl UserFunction {
    /// A function of SI values. It has one argument without unit, and a result without, until told otherwise.
    pub fn new(name: impl Into<String>, closure: impl Fn(&[f64]) -> f64 + Send + Sync + 'static) -> Self {
        let closure = Arc::new(closure);
        Self { name: name.into(), arguments: Vec::new(), result: Dimension::NONE, closure }
    }

    /// One more argument, of the dimension of `example` (`1.0*mV`, `1.0`).
    #[must_use]
    pub fn argument(mut self, example: impl Into<crate::Quantity>) -> Self {
        self.arguments.push(example.into().dimension());
        self
    }

    /// The result has the dimension of `example`.
    #[must_use]
    pub fn result(mut self, example: impl Into<crate::Quantity>) -> Self {
        self.result = example.into().dimension();
        self
    }

    /// Dimensions of the arguments.
    pub(crate) fn signature(&self) -> Vec<Dimension> {
        if self.arguments.is_empty() { vec![Dimension::NONE] } else { self.arguments.clone() }
    }
}

impl fmt::Debug for UserFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserFunction {} of {} arguments", self.name, self.signature().len())
    }
}

/// Refuses a function that equations could not call.
pub(crate) fn check_function(function: &UserFunction) -> Result<()> {
    let name = &function.name;
    let refuse = |message: String, help: &str| Err(Error::new(ErrorKind::Value, message).help(help));
    if Function::find(name).is_some() || super::constant(name).is_some() {
        return refuse(format!("`{name}` has a meaning in every equation already"), "choose another name");
    }
    let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !fits {
        return refuse(
            format!("`{name}` cannot be the name of a function"),
            "a name is a letter, then letters, digits and `_`",
        );
    }
    if function.signature().len() > MOST_ARGUMENTS {
        return refuse(
            format!("`{name}` has {} arguments", function.signature().len()),
            "a function in equations takes four at most; use two functions",
        );
    }
    Ok(())
}

/// What a call in a program does.
#[derive(Clone, Debug)]
pub(crate) enum Callable {
    /// An array over time, with the fineness of its grid.
    Table(Arc<TimedArray>, f64),
    User(UserFunction),
}

impl Callable {
    pub(crate) fn call(&self, arguments: &[f64]) -> f64 {
        match self {
            Self::Table(array, k) => array.at(arguments[0], arguments.get(1).copied(), *k),
            Self::User(function) => (function.closure)(arguments),
        }
    }
}
