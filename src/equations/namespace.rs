//! What a name means inside an equation: a variable, a constant, a unit, a function, a value handed over with `.with`.
//! The order of the search is Brian2's: the group's own variables first, then constants and units, then the namespace.

use std::collections::BTreeMap;

use super::ast::{Expr, ValueType};
use crate::error::{Error, ErrorKind, did_you_mean};
use crate::units::{self, Dimension, Quantity};

/// Whose element a variable belongs to, seen from the code that uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Owner {
    /// The object itself: the neuron of a group, the synapse of a pathway.
    Own,
    /// The neuron before the synapse.
    Pre,
    /// The neuron behind the synapse.
    Post,
}

/// Where the value of a name comes from.
#[derive(Clone, Debug)]
pub(crate) enum Meaning {
    /// A column of state, one value for each element.
    Column(Owner, usize),
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

/// All names that some piece of code may use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    symbols: BTreeMap<String, Symbol>,
    namespace: BTreeMap<String, Quantity>,
    /// Scopes of the neurons on both sides of a synapse, in which their subexpressions are read.
    pub(crate) sides: BTreeMap<Owner, Scope>,
}

impl Scope {
    pub(crate) fn new(namespace: BTreeMap<String, Quantity>) -> Self {
        Self { symbols: BTreeMap::new(), namespace, sides: BTreeMap::new() }
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

    pub(crate) fn symbol(&self, name: &str) -> Option<Symbol> {
        self.symbols.get(name).cloned().or_else(|| {
            let q = constant(name).or_else(|| self.namespace.get(name).copied())?;
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
        self.symbols.keys().chain(self.namespace.keys()).map(String::as_str)
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

/// The functions that equations may call.
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
];

impl Function {
    pub(crate) fn find(name: &str) -> Option<(Self, usize)> {
        FUNCTIONS.iter().find(|(n, _, _)| *n == name).map(|(_, f, arity)| (*f, *arity))
    }
}
