//! The model language: text to tokens, to a syntax tree, to names and dimensions that fit.
//! Knows nothing of networks; the floors above turn checked equations into programs.

mod ast;
mod declarations;
mod lexer;
mod model;
mod namespace;
mod parser;
mod unitcheck;

pub(crate) use ast::{Assign, BinaryOp, Compare, Expr, ExprKind, Flag, Statement, UnaryOp, ValueType};
pub(crate) use declarations::parse_unit;
pub(crate) use model::{Definition, Equations};
pub(crate) use namespace::{Function, Meaning, Owner, Scope, Symbol, constant};
pub(crate) use parser::{parse_expression, parse_statements};
pub(crate) use unitcheck::{Kind, check_expression, check_statements, expect};
