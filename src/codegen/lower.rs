//! Expressions and statements of the model language into the graph.
//! Subexpressions are put in their place; a statement's new value is what later statements read.

use litemap::LiteMap;

use super::ir::{Graph, Node, Value};
use crate::equations::{
    Assign, At, BinaryOp, Callable, Compare, Expr, ExprKind, Function, Meaning, Owner, Scope, Slot,
    Statement, UnaryOp, ValueType,
};
use crate::error::{Error, ErrorKind, Result};
use crate::vector::{Fun1, Fun2};

/// A graph being built for code that reads the names of one scope.
pub(crate) struct Lowering<'a> {
    pub(crate) graph: Graph,
    scope: &'a Scope,
    /// Present values of columns that were set.
    pub(crate) written: LiteMap<(Slot, At), Value>,
    locals: LiteMap<String, Value>,
    /// Numbers of the functions called so far.
    called: LiteMap<String, u32>,
    time: Option<Value>,
    /// Subexpressions computed already, by name and side, as long as nothing they read was set.
    computed: LiteMap<(String, Option<Owner>), Value>,
}

impl<'a> Lowering<'a> {
    pub(crate) fn new(scope: &'a Scope) -> Self {
        Self {
            graph: Graph::default(),
            scope,
            written: LiteMap::new(),
            locals: LiteMap::new(),
            called: LiteMap::new(),
            time: None,
            computed: LiteMap::new(),
        }
    }

    /// Reads `t` as this value from now on (integrators look into the middle of a step).
    pub(crate) fn set_time(&mut self, time: Option<Value>) {
        self.time = time;
        self.computed.clear();
    }

    /// Reads this value in place of a column from now on.
    pub(crate) fn write(&mut self, slot: Slot, at: At, value: Value) {
        self.written.insert((slot, at), value);
        self.computed.clear();
    }

    /// Reads columns themselves again.
    pub(crate) fn forget_written(&mut self) {
        self.written.clear();
        self.computed.clear();
    }

    pub(crate) fn expression(&mut self, expr: &Expr) -> Result<Value> {
        self.lower(expr, self.scope, None)
    }

    /// `owner` is set while the text belongs to the neuron on one side of a synapse.
    fn lower(&mut self, expr: &Expr, scope: &Scope, owner: Option<Owner>) -> Result<Value> {
        match &expr.kind {
            ExprKind::Number(x) => Ok(self.graph.constant(*x)),
            ExprKind::Bool(b) => Ok(self.graph.constant(f64::from(u8::from(*b)))),
            ExprKind::Name(name) => self.name(name, expr, scope, owner),
            ExprKind::Unary(op, a) => {
                let a = self.lower(a, scope, owner)?;
                let f = match op {
                    UnaryOp::Neg => Fun1::Neg,
                    UnaryOp::Not => Fun1::Not,
                };
                Ok(self.graph.apply1(f, a))
            }
            ExprKind::Binary(op, a, b) => {
                let (a, b) = (self.lower(a, scope, owner)?, self.lower(b, scope, owner)?);
                Ok(self.graph.apply2(function_of(*op), a, b))
            }
            ExprKind::Call(name, args) => {
                let args = args.iter().map(|a| self.lower(a, scope, owner)).collect::<Result<Vec<_>>>()?;
                self.call(name, &args, expr, scope)
            }
        }
    }

    fn name(&mut self, name: &str, expr: &Expr, scope: &Scope, owner: Option<Owner>) -> Result<Value> {
        if owner.is_none()
            && let Some(v) = self.locals.get(name)
        {
            return Ok(*v);
        }
        let symbol = scope.symbol(name).ok_or_else(|| scope.unknown(name, expr))?;
        match symbol.meaning {
            Meaning::Constant(x) => Ok(self.graph.constant(x)),
            Meaning::Time => Ok(match self.time {
                Some(t) => t,
                None => self.graph.time(),
            }),
            Meaning::Column(slot, at) => {
                // A neuron's own variable, seen from a synapse, is that of the neuron on this side.
                let key = (slot, at.seen_from(owner));
                Ok(match self.written.get(&key) {
                    Some(v) => *v,
                    None => self.graph.load(key.0, key.1),
                })
            }
            Meaning::Noise(number) => Ok(self.graph.xi(number)),
            Meaning::Index(slot, at, start) => {
                let index = self.graph.load(slot, at.seen_from(owner));
                #[expect(clippy::cast_precision_loss, reason = "sizes stay far below 2^53")]
                let start = self.graph.constant(start as f64);
                Ok(self.graph.apply2(Fun2::Sub, index, start))
            }
            Meaning::Expression(o, inner) => {
                let side = if o == Owner::Own { owner } else { Some(o) };
                // The same name on both sides of a synapse is told apart by its suffix and its side.
                let key = (name.to_owned(), side);
                if let Some(v) = self.computed.get(&key) {
                    return Ok(*v);
                }
                let value = match side.and_then(|side| self.scope.sides.get(&side)) {
                    Some(inner_scope) => {
                        let inner_scope = inner_scope.clone();
                        self.lower(&inner, &inner_scope, side)
                    }
                    None => self.lower(&inner, scope, side),
                }?;
                let by_chance = |n| {
                    matches!(n, Node::Uniform(_) | Node::Normal(_) | Node::Poisson(..) | Node::Binomial(..))
                };
                // Each use of a subexpression with `rand()` draws a number of its own.
                if !self.graph.any(&[value], &by_chance) {
                    self.computed.insert(key, value);
                }
                Ok(value)
            }
        }
    }

    fn call(&mut self, name: &str, args: &[Value], expr: &Expr, scope: &Scope) -> Result<Value> {
        let callable = match (scope.namespace.tables.get(name), scope.namespace.functions.get(name)) {
            (Some(array), _) => Some(Callable::Table(array.clone(), array.fineness(self.scope.dt()))),
            (None, Some(function)) => Some(Callable::User(function.clone())),
            (None, None) => None,
        };
        if let Some(callable) = callable {
            let number = match self.called.get(name) {
                Some(number) => *number,
                None => {
                    let number = u32::try_from(self.graph.callables.len()).expect("few functions");
                    self.graph.callables.push(callable);
                    self.called.insert(name.to_owned(), number);
                    number
                }
            };
            return Ok(self.graph.call(number, args));
        }
        let wrong = || {
            Error::new(ErrorKind::UnknownName, format!("unknown function `{name}`"))
                .label(expr.span.clone(), "here")
        };
        let (function, arity) = Function::find(name).ok_or_else(wrong)?;
        if args.len() != arity {
            return Err(wrong());
        }
        let f = match function {
            Function::Rand => return Ok(self.graph.uniform()),
            Function::Randn => return Ok(self.graph.normal()),
            Function::Poisson => return Ok(self.graph.poisson(args[0])),
            Function::Binomial => return Ok(self.graph.binomial(args[0], args[1])),
            Function::Clip => {
                let low = self.graph.apply2(Fun2::Max, args[0], args[1]);
                return Ok(self.graph.apply2(Fun2::Min, low, args[2]));
            }
            Function::Timestep => return Ok(self.timestep(args[0], args[1])),
            Function::Exp => Fun1::Exp,
            Function::Expm1 => Fun1::Expm1,
            Function::Exprel => Fun1::Exprel,
            Function::Log => Fun1::Log,
            Function::Log10 => Fun1::Log10,
            Function::Log1p => Fun1::Log1p,
            Function::Sin => Fun1::Sin,
            Function::Cos => Fun1::Cos,
            Function::Tan => Fun1::Tan,
            Function::Arcsin => Fun1::Asin,
            Function::Arccos => Fun1::Acos,
            Function::Arctan => Fun1::Atan,
            Function::Sinh => Fun1::Sinh,
            Function::Cosh => Fun1::Cosh,
            Function::Tanh => Fun1::Tanh,
            Function::Sqrt => Fun1::Sqrt,
            Function::Abs => Fun1::Abs,
            Function::Ceil => Fun1::Ceil,
            Function::Floor => Fun1::Floor,
            Function::Sign => Fun1::Sign,
            Function::Int => Fun1::Trunc,
        };
        Ok(self.graph.apply1(f, args[0]))
    }

    /// Brian2's conversion of a time to steps: `int((x + 1e-3*dt)/dt)`.
    pub(crate) fn timestep(&mut self, x: Value, dt: Value) -> Value {
        let small = self.graph.constant(1e-3);
        let small = self.graph.apply2(Fun2::Mul, small, dt);
        let sum = self.graph.apply2(Fun2::Add, x, small);
        let ratio = self.graph.apply2(Fun2::Div, sum, dt);
        self.graph.apply1(Fun1::Trunc, ratio)
    }

    /// Runs statements symbolically; afterwards [`Lowering::written`] holds the new values.
    pub(crate) fn statements(&mut self, statements: &[Statement]) -> Result<()> {
        for s in statements {
            let target = self.scope.symbol(&s.target);
            self.graph.shared_draws = matches!(
                target.as_ref().map(|t| &t.meaning),
                Some(Meaning::Column(_, At { owner: Owner::Shared, .. }))
            );
            let mut value = self.expression(&s.value)?;
            self.graph.shared_draws = false;
            if let Assign::With(op) = s.assign {
                let name = Expr { kind: ExprKind::Name(s.target.clone()), span: s.target_span.clone() };
                let old = self.expression(&name)?;
                value = self.graph.apply2(function_of(op), old, value);
            }
            match target {
                Some(symbol) => {
                    let Meaning::Column(slot, at) = symbol.meaning else {
                        return Err(Error::new(ErrorKind::Type, format!("`{}` cannot be set", s.target))
                            .label(s.target_span.clone(), "not a stored variable"));
                    };
                    value = match symbol.value_type {
                        ValueType::Float => value,
                        ValueType::Integer => self.graph.apply1(Fun1::Trunc, value),
                        ValueType::Boolean => self.graph.apply1(Fun1::Truth, value),
                    };
                    self.written.insert((slot, at), value);
                    self.computed.clear();
                }
                None => {
                    self.locals.insert(s.target.clone(), value);
                }
            }
        }
        Ok(())
    }
}

fn function_of(op: BinaryOp) -> Fun2 {
    match op {
        BinaryOp::Add => Fun2::Add,
        BinaryOp::Sub => Fun2::Sub,
        BinaryOp::Mul => Fun2::Mul,
        BinaryOp::Div => Fun2::Div,
        BinaryOp::FloorDiv => Fun2::FloorDiv,
        BinaryOp::Mod => Fun2::Mod,
        BinaryOp::Pow => Fun2::Pow,
        BinaryOp::And => Fun2::And,
        BinaryOp::Or => Fun2::Or,
        BinaryOp::Compare(c) => match c {
            Compare::Lt => Fun2::Lt,
            Compare::Le => Fun2::Le,
            Compare::Gt => Fun2::Gt,
            Compare::Ge => Fun2::Ge,
            Compare::Eq => Fun2::Eq,
            Compare::Ne => Fun2::Ne,
        },
    }
}
