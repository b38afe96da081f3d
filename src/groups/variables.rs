//! Columns of state with name, dimension and type; setting and reading values with units.
//! Shared by neuron groups and synapses.

use std::collections::BTreeMap;

use super::context::Context;
use super::place::{Chosen, Place, selected};
use crate::description::{Selection, Value};
use crate::equations::{
    At, Definition, Equations, Expr, ExprKind, Flag, Kind, Meaning, Owner, Scope, Slot, Symbol, ValueType,
    check_expression, collected, expect, parse_expression, parse_unit,
};
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::evidence::Row;
use crate::units::{Dimension, QuantityArray};

/// What a column is, and where its values are.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) dimension: Dimension,
    pub(crate) value_type: ValueType,
    pub(crate) writable: bool,
    pub(crate) slot: Slot,
    /// Own elements, one value for all, or those of another group by a column of indices.
    pub(crate) at: At,
    /// Part of the model or of Brian2's interface, rather than our bookkeeping.
    pub(crate) visible: bool,
}

impl Column {
    pub(crate) fn is_shared(&self) -> bool {
        self.at.owner == Owner::Shared
    }
}

/// The columns of one object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    pub(crate) list: Vec<Column>,
}

/// The values of variables by their names, without those that cannot be read.
pub(crate) fn rows(names: Vec<String>, get: impl Fn(&str) -> Result<QuantityArray>) -> BTreeMap<String, Row> {
    let row = |name: String| {
        let values = get(&name).ok()?.values().to_vec();
        Some((name, Row(values)))
    };
    names.into_iter().filter_map(row).collect()
}

impl Columns {
    /// The names of all that can be looked at: variables, and the equations' subexpressions.
    pub(crate) fn shown(&self, equations: &Equations) -> Vec<String> {
        let visible = self.list.iter().filter(|c| c.visible).map(|c| c.name.clone());
        visible.chain(equations.subexpressions().map(str::to_owned)).collect()
    }

    pub(crate) fn add(
        &mut self,
        context: &mut Context,
        name: &str,
        dimension: Dimension,
        value_type: ValueType,
        values: Vec<f64>,
    ) -> &mut Column {
        let slot = context.add_column(values);
        let (name, at) = (name.to_owned(), At::new(Owner::Own));
        self.list.push(Column { name, dimension, value_type, writable: true, slot, at, visible: true });
        self.list.last_mut().expect("just added")
    }

    /// A column of whole numbers that statements and users cannot set.
    pub(crate) fn add_fixed(&mut self, context: &mut Context, name: &str, values: Vec<f64>) -> Slot {
        let column = self.add(context, name, Dimension::NONE, ValueType::Integer, values);
        column.writable = false;
        column.slot
    }

    /// One column for every stored variable of the model.
    pub(crate) fn add_model(&mut self, context: &mut Context, equations: &Equations, n: usize) {
        for eq in equations.list.iter().filter(|eq| eq.is_stored()) {
            let shared = eq.has(Flag::Shared);
            let values = vec![0.0; if shared { 1 } else { n }];
            let column = self.add(context, &eq.name, eq.dimension, eq.value_type, values);
            if shared {
                column.at = At::new(Owner::Shared);
            }
            column.writable = !matches!(eq.definition, Definition::Subexpression(_)) && !eq.has(Flag::Linked);
        }
    }

    /// Columns with a value for each element, not shared and not linked.
    pub(crate) fn own(&self) -> impl Iterator<Item = &Column> {
        self.list.iter().filter(|c| c.at == At::new(Owner::Own))
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Column> {
        self.list.iter().find(|c| c.name == name)
    }

    pub(crate) fn slot(&self, name: &str) -> Option<Slot> {
        self.find(name).map(|c| c.slot)
    }

    /// Makes all columns known to `scope` as variables of `owner`, with `suffix` behind their names.
    pub(crate) fn declare(&self, scope: &mut Scope, owner: Owner, suffix: &str) {
        for c in &self.list {
            let symbol = Symbol {
                dimension: c.dimension,
                value_type: c.value_type,
                meaning: Meaning::Column(c.slot, c.at.seen_from(Some(owner))),
                writable: c.writable,
            };
            scope.insert(format!("{}{suffix}", c.name), symbol);
        }
    }
}

/// Makes the subexpressions of a model known as names of `owner`.
pub(crate) fn declare_subexpressions(equations: &Equations, scope: &mut Scope, owner: Owner, suffix: &str) {
    for eq in equations.list.iter().filter(|eq| !eq.is_stored() && !eq.has(Flag::Summed)) {
        if let Definition::Subexpression(expr) = &eq.definition {
            let symbol = Symbol {
                dimension: eq.dimension,
                value_type: eq.value_type,
                meaning: Meaning::Expression(owner, expr.clone()),
                writable: false,
            };
            scope.insert(format!("{}{suffix}", eq.name), symbol);
        }
    }
}

/// New values of `column` for the chosen elements, checked against its dimension and type.
pub(crate) fn assign(column: &Column, value: &Value, chosen: &Chosen, place: &Place<'_>) -> Result<Vec<f64>> {
    let what = format!("`{}`", column.name);
    let mut new = match value {
        Value::Expression(text) => {
            let name = format!("value of {}", column.name);
            let expr = parse_expression(&name, text)?;
            let fits = match (column.value_type, check_expression(&expr, place.scope)) {
                (_, Err(e)) => Err(e),
                (ValueType::Boolean, Ok(Kind::Condition)) => Ok(()),
                (ValueType::Boolean, Ok(Kind::Number(_))) => {
                    Err(Error::new(ErrorKind::Type, format!("{what} holds True or False"))
                        .label(expr.span.clone(), "this is a number"))
                }
                _ => expect(&expr, place.scope, column.dimension, &what),
            };
            let ordered = || collected(&expr, place.scope);
            fits.and_then(|()| place.evaluate(&ordered(), chosen)).map_err(|e| e.in_text(&name, text))?
        }
        Value::Numbers { values, unit } => {
            let unit = parse_unit(unit)?;
            if let Some(k) = values.iter().position(|v| v.is_nan()) {
                return Err(Error::new(ErrorKind::Value, format!("value {k} for {what} is not a number"))
                    .help("look where it was computed: 0/0 and the root of a negative number give NaN"));
            }
            // Zero is zero in every unit.
            let zero = unit.dimension().is_none() && values.iter().all(|v| *v == 0.0);
            if unit.dimension() != column.dimension && !zero {
                return Err(Error::new(
                    ErrorKind::Dimension,
                    format!(
                        "{what} is {}, the value is {}",
                        column.dimension.describe(),
                        unit.dimension().describe()
                    ),
                )
                .help(format!("give the value in {}", column.dimension)));
            }
            match values.len() {
                1 => vec![values[0]; chosen.len()],
                n if n == chosen.len() => values.clone(),
                n => {
                    return Err(Error::new(
                        ErrorKind::Shape,
                        format!("{n} values for {what}, which has {}", chosen.len()),
                    )
                    .help("give one value for all, or exactly one for each"));
                }
            }
        }
    };
    match column.value_type {
        ValueType::Float => {}
        ValueType::Integer => new.iter_mut().for_each(|v| *v = v.trunc()),
        ValueType::Boolean => new.iter_mut().for_each(|v| *v = f64::from(u8::from(*v != 0.0))),
    }
    Ok(new)
}

pub(crate) fn no_variable<'a>(name: &str, object: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let known: Vec<&str> = known.collect();
    let error = Error::new(ErrorKind::UnknownName, format!("`{object}` has no variable `{name}`"));
    match did_you_mean(name, known.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help(format!("its variables are `{}`", known.join("`, `"))),
    }
}

/// Sets the chosen elements of a variable, after all checks.
pub(crate) fn set_variable(
    columns: &Columns,
    object: &str,
    variable: &str,
    index: &Selection,
    value: &Value,
    place: &Place<'_>,
) -> Result<(Slot, Chosen, Vec<f64>)> {
    let Some(column) = columns.find(variable) else {
        if place.scope.is_variable(variable) {
            return Err(Error::new(ErrorKind::Value, format!("`{variable}` of `{object}` cannot be set"))
                .help("it is computed from other variables; set those"));
        }
        return Err(no_variable(variable, object, columns.list.iter().map(|c| c.name.as_str())));
    };
    if !column.writable && column.at.via.is_none() {
        return Err(Error::new(ErrorKind::Value, format!("`{variable}` of `{object}` cannot be set"))
            .help("it is fixed by the model; set another variable"));
    }
    if column.is_shared() {
        if !index.is_all() {
            return Err(Error::new(
                ErrorKind::Index,
                format!("`{variable}` is one value for all of `{object}`"),
            )
            .help("set it without an index"));
        }
        let new = assign(column, value, &Chosen::All(1), place)?;
        return Ok((column.slot, Chosen::All(1), new));
    }
    let whole = index.is_all() && place.first == 0 && column.at.via.is_none();
    let chosen = if whole { place.all() } else { Chosen::List(selected(index, place)?) };
    let new = assign(column, value, &chosen, place)?;
    if whole {
        return Ok((column.slot, chosen, new));
    }
    let mut elements = place.absolute(chosen.into_list());
    if let Some(via) = column.at.via {
        // A linked variable is that of another group; setting one sets the other.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "indices")]
        elements.iter_mut().for_each(|k| *k = place.store[via.place()][*k as usize] as u32);
    }
    Ok((column.slot, Chosen::List(elements), new))
}

/// Puts new values in the place of those of the chosen elements.
fn scatter(column: &mut [f64], chosen: &[u32], new: &[f64]) {
    for (element, v) in chosen.iter().zip(new) {
        column[*element as usize] = *v;
    }
}

/// The same with values of one's own, which become the column if they are all of it.
pub(crate) fn replace(column: &mut Vec<f64>, chosen: Chosen, new: Vec<f64>) {
    match chosen {
        Chosen::All(n) if n as usize == column.len() && new.len() == column.len() => *column = new,
        chosen => scatter(column, &chosen.into_list(), &new),
    }
}

/// Values of a variable or subexpression for the chosen elements, with their unit; one value if it is shared.
pub(crate) fn read(name: &str, object: &str, index: &Selection, place: &Place<'_>) -> Result<QuantityArray> {
    let Some(symbol) = place.scope.symbol(name).filter(|_| place.scope.is_variable(name)) else {
        let names: Vec<&str> = place.scope.names().collect();
        return Err(no_variable(name, object, names.into_iter()));
    };
    let chosen = match symbol.meaning {
        Meaning::Column(_, At { owner: Owner::Shared, .. }) | Meaning::Constant(_) | Meaning::Time => {
            Chosen::All(1)
        }
        _ if index.is_all() => place.all(),
        _ => Chosen::List(selected(index, place)?),
    };
    // Names of delays are no expressions, so the symbol itself is looked at.
    let span = 0..name.len();
    let expr = Expr { kind: ExprKind::Name(name.to_owned()), span };
    Ok(QuantityArray::new(place.evaluate(&expr, &chosen)?, symbol.dimension))
}
