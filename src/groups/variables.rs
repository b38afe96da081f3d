//! Columns of state with name, dimension and type; evaluating an expression over elements; setting values with units.
//! Shared by neuron groups and synapses.

use crate::codegen::{BLOCK, Elements, Inputs, Lowering, Machine, Tape};
use crate::description::{Selection, Value};
use crate::equations::{
    Equations, Expr, Kind, Meaning, Owner, Scope, Symbol, ValueType, check_expression, expect,
    parse_expression, parse_unit,
};
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::units::{Dimension, QuantityArray};

/// What a column is.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) dimension: Dimension,
    pub(crate) value_type: ValueType,
    pub(crate) writable: bool,
}

/// Columns and their values, in step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    pub(crate) list: Vec<Column>,
    pub(crate) values: Vec<Vec<f64>>,
}

impl Columns {
    pub(crate) fn add(&mut self, name: &str, dimension: Dimension, value_type: ValueType, values: Vec<f64>) {
        self.list.push(Column { name: name.to_owned(), dimension, value_type, writable: true });
        self.values.push(values);
    }

    /// A column that statements and users cannot set.
    pub(crate) fn add_fixed(&mut self, name: &str, dimension: Dimension, values: Vec<f64>) {
        self.add(name, dimension, ValueType::Integer, values);
        if let Some(column) = self.list.last_mut() {
            column.writable = false;
        }
    }

    /// One column for every stored variable of the model.
    pub(crate) fn add_model(&mut self, equations: &Equations, n: usize) {
        for eq in equations.list.iter().filter(|eq| eq.is_stored()) {
            self.add(&eq.name, eq.dimension, eq.value_type, vec![0.0; n]);
        }
    }

    /// Puts new values in the place of those of the chosen elements.
    pub(crate) fn scatter(&mut self, column: usize, chosen: &[u32], new: &[f64]) {
        let values = &mut self.values[column];
        for (element, v) in chosen.iter().zip(new) {
            values[*element as usize] = *v;
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|c| c.name == name)
    }

    /// Makes all columns known to `scope` as variables of `owner`, with `suffix` behind their names.
    pub(crate) fn declare(&self, scope: &mut Scope, owner: Owner, suffix: &str) {
        for (k, c) in self.list.iter().enumerate() {
            let symbol = Symbol {
                dimension: c.dimension,
                value_type: c.value_type,
                meaning: Meaning::Column(owner, k),
                writable: c.writable,
            };
            scope.insert(format!("{}{suffix}", c.name), symbol);
        }
    }
}

/// Makes the subexpressions of a model known as names of `owner`.
pub(crate) fn declare_subexpressions(equations: &Equations, scope: &mut Scope, owner: Owner, suffix: &str) {
    use crate::equations::Definition;
    for eq in &equations.list {
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

/// Where an expression is evaluated: the names it may use and the tables behind them.
pub(crate) struct Place<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) tables: [&'a [Vec<f64>]; 3],
    /// For synapses, the source and target neuron of each.
    pub(crate) ends: Option<(&'a [u32], &'a [u32])>,
    pub(crate) time: f64,
    pub(crate) stream: crate::random::Stream,
    pub(crate) len: usize,
}

impl Place<'_> {
    /// The value of an expression for each of the chosen elements.
    pub(crate) fn evaluate(&self, expr: &Expr, chosen: &[u32]) -> Result<Vec<f64>> {
        let mut lowering = Lowering::new(self.scope);
        let value = lowering.expression(expr)?;
        let tape = Tape::new(&lowering.graph, &[value]);
        let mut machine = Machine::default();
        let mut out = Vec::with_capacity(chosen.len());
        for block in chosen.chunks(BLOCK) {
            let (pre, post) = match self.ends {
                Some((i, j)) => (gather(i, block), gather(j, block)),
                None => (Vec::new(), Vec::new()),
            };
            let inputs = Inputs {
                tables: self.tables,
                elements: [Elements::List(block), Elements::List(&pre), Elements::List(&post)],
                time: self.time,
                stream: self.stream,
                step: 0,
            };
            machine.run(&tape, &inputs, block.len());
            out.extend_from_slice(machine.result(0));
        }
        Ok(out)
    }
}

fn gather(ends: &[u32], block: &[u32]) -> Vec<u32> {
    block.iter().map(|s| ends[*s as usize]).collect()
}

/// The elements of a selection, in its order.
pub(crate) fn selected(selection: &Selection, place: &Place<'_>) -> Result<Vec<u32>> {
    let all = || (0..u32::try_from(place.len).unwrap_or(u32::MAX)).collect::<Vec<u32>>();
    match selection {
        Selection::All => Ok(all()),
        Selection::Indices(list) => list
            .iter()
            .map(|&k| {
                u32::try_from(k).ok().filter(|_| k < place.len).ok_or_else(|| {
                    Error::new(ErrorKind::Index, format!("there is no element {k}")).help(if place.len == 0 {
                        "there are no elements at all yet".to_owned()
                    } else {
                        format!("indices go from 0 to {}", place.len - 1)
                    })
                })
            })
            .collect(),
        Selection::Condition(text) => {
            let expr = parse_expression("condition", text)?;
            let chosen =
                match check_expression(&expr, place.scope).map_err(|e| e.in_text("condition", text))? {
                    Kind::Condition => place.evaluate(&expr, &all()),
                    Kind::Number(_) => Err(Error::new(ErrorKind::Type, "an index text must be a condition")
                        .label(expr.span.clone(), "this is a number")
                        .help("write a comparison, as in `i > 3`")),
                };
            let holds = chosen.map_err(|e| e.in_text("condition", text))?;
            Ok(all().into_iter().zip(holds).filter(|(_, h)| *h != 0.0).map(|(k, _)| k).collect())
        }
    }
}

/// New values of `column` for the chosen elements, checked against its dimension and type.
pub(crate) fn assign(column: &Column, value: &Value, chosen: &[u32], place: &Place<'_>) -> Result<Vec<f64>> {
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
            fits.and_then(|()| place.evaluate(&expr, chosen)).map_err(|e| e.in_text(&name, text))?
        }
        Value::Numbers { values, unit } => {
            let unit = parse_unit(unit)?;
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

/// The column called `name`, or a helpful refusal.
pub(crate) fn column_named<'a>(
    columns: &'a Columns,
    name: &str,
    object: &str,
) -> Result<(usize, &'a Column)> {
    match columns.find(name) {
        Some(k) => Ok((k, &columns.list[k])),
        None => Err(no_variable(name, object, columns.list.iter().map(|c| c.name.as_str()))),
    }
}

pub(crate) fn no_variable<'a>(name: &str, object: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let known: Vec<&str> = known.collect();
    let error = Error::new(ErrorKind::UnknownName, format!("`{object}` has no variable `{name}`"));
    match did_you_mean(name, known.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help(format!("its variables are `{}`", known.join("`, `"))),
    }
}

/// Values of a variable or subexpression for all elements, with their unit.
pub(crate) fn read(name: &str, object: &str, place: &Place<'_>) -> Result<QuantityArray> {
    let Some(symbol) = place.scope.symbol(name) else {
        let names: Vec<&str> = place.scope.names().collect();
        return Err(no_variable(name, object, names.into_iter()));
    };
    let expr = parse_expression("variable", name)?;
    let all: Vec<u32> = (0..u32::try_from(place.len).unwrap_or(u32::MAX)).collect();
    Ok(QuantityArray::new(place.evaluate(&expr, &all)?, symbol.dimension))
}
