//! What a name means inside an equation: a variable, a constant, a unit, a function, a value handed over with `.with`.
//! The order of the search is Brian2's: the group's own variables first, then constants and units, then the namespace.

use std::collections::BTreeMap;
use std::sync::Arc;

use litemap::LiteMap;

use super::ast::{Expr, ValueType};
use super::functions::UserFunction;
use super::timed_array::TimedArray;
use crate::description::NamespaceValue;
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::units::{self, Dimension, Quantity};

/// The place of a column in the network's store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Slot(pub(crate) u32);

impl Slot {
    pub(crate) fn place(self) -> usize {
        self.0 as usize
    }
}

/// Whose element a variable belongs to, seen from the code that uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Owner {
    /// The object itself: the neuron of a group, the synapse of a pathway.
    Own,
    /// The neuron before the synapse.
    Pre,
    /// The neuron behind the synapse.
    Post,
    /// All elements together: a column of one value.
    Shared,
}

/// Which value of a column belongs to an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) owner: Owner,
    /// A column of indices, for linked variables.
    pub(crate) via: Option<Slot>,
}

impl At {
    pub(crate) fn new(owner: Owner) -> Self {
        Self { owner, via: None }
    }

    /// The same, where the text belongs to the neuron on one side of a synapse.
    pub(crate) fn seen_from(self, side: Option<Owner>) -> Self {
        Self { owner: if self.owner == Owner::Own { side.unwrap_or(self.owner) } else { self.owner }, ..self }
    }
}

/// Where the value of a name comes from.
#[derive(Clone, Debug)]
pub(crate) enum Meaning {
    /// A column of state.
    Column(Slot, At),
    /// A column of indices, counted from the start of a part of the group.
    Index(Slot, At, usize),
    /// White noise, in differential equations alone.
    Noise(u32),
    /// The time of the present step.
    Time,
    /// A number known when the model is built.
    Constant(f64),
    /// Another expression, put in its place; the owner says whose names it uses.
    Expression(Owner, Expr),
}

/// A name with its dimension and meaning.
#[derive(Clone, Debug)]
pub(crate) struct Symbol {
    pub(crate) dimension: Dimension,
    pub(crate) value_type: ValueType,
    pub(crate) meaning: Meaning,
    /// May be set by statements.
    pub(crate) writable: bool,
}

/// Values and functions handed over, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Namespace {
    pub(crate) values: LiteMap<String, Quantity>,
    pub(crate) tables: LiteMap<String, Arc<TimedArray>>,
    pub(crate) functions: LiteMap<String, UserFunction>,
}

impl Namespace {
    /// Adds descriptions; `known` holds the functions that they may name.
    pub(crate) fn add(
        &mut self,
        values: &BTreeMap<String, NamespaceValue>,
        known: &LiteMap<String, UserFunction>,
    ) -> Result<()> {
        for (name, value) in values {
            match value {
                NamespaceValue::Quantity(q) => drop(self.values.insert(name.clone(), *q)),
                NamespaceValue::TimedArray(d) => {
                    let array = Arc::new(TimedArray::from_description(d.clone())?);
                    self.tables.insert(name.clone(), array);
                }
                NamespaceValue::Function { function } => match known.get(function) {
                    Some(f) => drop(self.functions.insert(name.clone(), f.clone())),
                    None => {
                        return Err(Error::new(
                            ErrorKind::UnknownName,
                            format!("the function `{function}` is not known to this network"),
                        )
                        .help("add it first: `net.add_function(UserFunction::new(…))`"));
                    }
                },
            }
        }
        Ok(())
    }
}

/// All names that some piece of code may use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    symbols: LiteMap<String, Symbol>,
    pub(crate) namespace: Namespace,
    /// Scopes of the neurons on both sides of a synapse, in which their subexpressions are read.
    pub(crate) sides: LiteMap<Owner, Scope>,
}

impl Scope {
    pub(crate) fn new(namespace: Namespace) -> Self {
        Self { symbols: LiteMap::new(), namespace, sides: LiteMap::new() }
    }

    pub(crate) fn insert(&mut self, name: impl Into<String>, symbol: Symbol) {
        self.symbols.insert(name.into(), symbol);
    }

    /// A fixed number under a name, such as `N` or `dt`.
    pub(crate) fn insert_constant(&mut self, name: &str, value: f64, dimension: Dimension) {
        let meaning = Meaning::Constant(value);
        self.insert(name, Symbol { dimension, value_type: ValueType::Float, meaning, writable: false });
    }

    /// The size of a group under a name, such as `N`.
    #[expect(clippy::cast_precision_loss, reason = "sizes stay far below 2^53")]
    pub(crate) fn insert_count(&mut self, name: &str, count: usize) {
        self.insert_constant(name, count as f64, Dimension::NONE);
    }

    /// `t` and `dt`.
    pub(crate) fn insert_clock(&mut self, dt: f64) {
        self.insert_constant("dt", dt, Dimension::TIME);
        let meaning = Meaning::Time;
        let value_type = ValueType::Float;
        self.insert("t", Symbol { dimension: Dimension::TIME, value_type, meaning, writable: false });
    }

    /// The step of the clock.
    pub(crate) fn dt(&self) -> f64 {
        match self.symbol("dt").map(|s| s.meaning) {
            Some(Meaning::Constant(dt)) => dt,
            _ => f64::NAN,
        }
    }

    pub(crate) fn symbol(&self, name: &str) -> Option<Symbol> {
        self.symbols.get(name).cloned().or_else(|| {
            let q = constant(name).or_else(|| self.namespace.values.get(name).copied())?;
            Some(Symbol {
                dimension: q.dimension(),
                value_type: ValueType::Float,
                meaning: Meaning::Constant(q.value()),
                writable: false,
            })
        })
    }

    /// True for a variable, as opposed to a unit, a constant or a value handed over.
    pub(crate) fn is_variable(&self, name: &str) -> bool {
        self.symbols.contains_key(name)
    }

    /// The names of the variables and of the values handed over.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.symbols.keys().chain(self.namespace.values.keys()).map(String::as_str)
    }

    pub(crate) fn unknown(&self, name: &str, expr: &Expr) -> Error {
        let mut known: Vec<&str> = self.names().collect();
        for name in units::names().chain(["pi", "e", "inf"]) {
            known.push(name);
        }
        let error = Error::new(ErrorKind::UnknownName, format!("unknown name `{name}`"));
        let near = did_you_mean(name, known).map(str::to_owned);
        let error = match &near {
            Some(near) => error.label(expr.span.clone(), format!("did you mean `{near}`?")),
            None => error.label(expr.span.clone(), "neither a variable nor a value handed over"),
        };
        match near {
            Some(_) => error,
            None => error.help(format!(
                "hand its value over, for example `.with(\"{name}\", 10.0*ms)`, or declare it in the equations, `{name} : 1`"
            )),
        }
    }
}

/// Units and mathematical constants, which no namespace can change.
pub(crate) fn constant(name: &str) -> Option<Quantity> {
    match name {
        "pi" => Some(Quantity::from(std::f64::consts::PI)),
        "e" => Some(Quantity::from(std::f64::consts::E)),
        "inf" => Some(Quantity::from(f64::INFINITY)),
        _ => units::lookup(name),
    }
}
