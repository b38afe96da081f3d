//! The syntax tree of expressions, statements and equations, with the place of every node in its text.
//! Prints itself back to Brian2's notation, which descriptions and error messages use.

use std::fmt;
use std::ops::Range;

use crate::units::Dimension;

/// A place in the text, in bytes.
pub(crate) type Span = Range<usize>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum UnaryOp {
    Neg,
    Not,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Compare {
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
    And,
    Or,
    Compare(Compare),
}

impl BinaryOp {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::FloorDiv => "//",
            Self::Mod => "%",
            Self::Pow => "**",
            Self::And => "and",
            Self::Or => "or",
            Self::Compare(c) => match c {
                Compare::Lt => "<",
                Compare::Le => "<=",
                Compare::Gt => ">",
                Compare::Ge => ">=",
                Compare::Eq => "==",
                Compare::Ne => "!=",
            },
        }
    }

    /// Binding strength, weakest first.
    pub(crate) fn strength(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Compare(_) => 4,
            Self::Add | Self::Sub => 5,
            Self::Mul | Self::Div | Self::FloorDiv | Self::Mod => 6,
            Self::Pow => 8,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ExprKind {
    Number(f64),
    Bool(bool),
    Name(String),
    Unary(UnaryOp, Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    Call(String, Vec<Expr>),
}

#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Span,
}

impl PartialEq for Expr {
    /// Two expressions are equal if they say the same, wherever they stand.
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Expr {
    /// Calls `f` on this node and all below it.
    pub(crate) fn visit(&self, f: &mut dyn FnMut(&Self)) {
        f(self);
        match &self.kind {
            ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::Name(_) => {}
            ExprKind::Unary(_, a) => a.visit(f),
            ExprKind::Binary(_, a, b) => {
                a.visit(f);
                b.visit(f);
            }
            ExprKind::Call(_, args) => args.iter().for_each(|a| a.visit(f)),
        }
    }

    /// Puts other names in the place of some.
    pub(crate) fn rename(&mut self, pairs: &[(&str, &str)]) {
        match &mut self.kind {
            ExprKind::Number(_) | ExprKind::Bool(_) => {}
            ExprKind::Name(name) => {
                if let Some((_, new)) = pairs.iter().find(|(old, _)| old == name) {
                    *name = (*new).to_owned();
                }
            }
            ExprKind::Unary(_, a) => a.rename(pairs),
            ExprKind::Binary(_, a, b) => {
                a.rename(pairs);
                b.rename(pairs);
            }
            ExprKind::Call(_, args) => args.iter_mut().for_each(|a| a.rename(pairs)),
        }
    }

    fn strength(&self) -> u8 {
        match &self.kind {
            ExprKind::Unary(UnaryOp::Not, _) => 3,
            ExprKind::Unary(UnaryOp::Neg, _) => 7,
            ExprKind::Binary(op, _, _) => op.strength(),
            _ => 9,
        }
    }

    fn write_inside(&self, f: &mut fmt::Formatter<'_>, least: u8) -> fmt::Result {
        if self.strength() < least { write!(f, "({self})") } else { write!(f, "{self}") }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Number(x) => write!(f, "{x}"),
            ExprKind::Bool(b) => f.write_str(if *b { "True" } else { "False" }),
            ExprKind::Name(name) => f.write_str(name),
            ExprKind::Unary(UnaryOp::Neg, a) => {
                f.write_str("-")?;
                a.write_inside(f, 7)
            }
            ExprKind::Unary(UnaryOp::Not, a) => {
                f.write_str("not ")?;
                a.write_inside(f, 3)
            }
            ExprKind::Binary(BinaryOp::Pow, a, b) => {
                // `**` binds tighter than a minus on its left and groups to the right.
                a.write_inside(f, 9)?;
                f.write_str("**")?;
                b.write_inside(f, 7)
            }
            ExprKind::Binary(op, a, b) => {
                let s = op.strength();
                // Comparisons do not chain, so both their sides need brackets around another comparison.
                a.write_inside(f, if matches!(op, BinaryOp::Compare(_)) { s + 1 } else { s })?;
                write!(f, " {} ", op.symbol())?;
                b.write_inside(f, s + 1)
            }
            ExprKind::Call(name, args) => {
                write!(f, "{name}(")?;
                for (k, a) in args.iter().enumerate() {
                    write!(f, "{}{a}", if k == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assign {
    Set,
    With(BinaryOp),
}

/// One line of a reset or of `on_pre`: `v_post += w`.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) target: String,
    pub(crate) target_span: Span,
    pub(crate) assign: Assign,
    pub(crate) value: Expr,
}

/// What a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    Float,
    Integer,
    Boolean,
}

/// A word in brackets after an equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flag {
    UnlessRefractory,
    Constant,
    Shared,
    ConstantOverDt,
    EventDriven,
    ClockDriven,
    Summed,
    Linked,
}

impl Flag {
    /// As it is written.
    pub(crate) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, flag)| *flag == self).map_or("", |(word, _)| word)
    }

    pub(crate) const ALL: [(&'static str, Self); 8] = [
        ("unless refractory", Self::UnlessRefractory),
        ("constant", Self::Constant),
        ("shared", Self::Shared),
        ("constant over dt", Self::ConstantOverDt),
        ("event-driven", Self::EventDriven),
        ("clock-driven", Self::ClockDriven),
        ("summed", Self::Summed),
        ("linked", Self::Linked),
    ];
}

/// One equation as written, before names and dimensions are looked at.
#[derive(Clone, Debug)]
pub(crate) struct RawEquation {
    pub(crate) name: String,
    pub(crate) name_span: Span,
    /// `dname/dt = …` rather than `name = …` or `name : …`.
    pub(crate) differential: bool,
    pub(crate) expr: Option<Expr>,
    pub(crate) dimension: Dimension,
    pub(crate) value_type: ValueType,
    pub(crate) flags: Vec<(Flag, Span)>,
}
