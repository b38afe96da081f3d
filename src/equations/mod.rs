//! The model language: text to tokens, to a syntax tree, to names and dimensions that fit.
//! Knows nothing of networks; the floors above turn checked equations into programs.

mod ast;
mod calls;
mod collect;
mod declarations;
mod functions;
mod lexer;
mod model;
mod namespace;
mod parser;
mod timed_array;
mod unitcheck;

pub(crate) use ast::{Assign, BinaryOp, Compare, Expr, ExprKind, Flag, Statement, UnaryOp, ValueType};
pub(crate) use collect::collected;
pub use declarations::parse_unit;
pub use functions::UserFunction;
pub(crate) use functions::{Callable, Function, MOST_ARGUMENTS, check_function};
pub(crate) use lexer::{Token, tokens};
pub(crate) use model::{Definition, Equation, Equations, Equations as Assembled};
pub(crate) use namespace::{At, Meaning, Namespace, Owner, Scope, Slot, Symbol, constant};
pub(crate) use parser::{parse_expression, parse_statements};
pub use timed_array::TimedArray;
pub(crate) use unitcheck::{Kind, check_expression, check_statements, expect};
