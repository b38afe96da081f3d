//! From checked expressions to numbers: an intermediate form, a register tape, an executor over blocks.
//! Knows nothing of neurons; a slow, obvious evaluator stands beside it as the oracle of the tests.

mod columns;
mod executor;
mod ir;
mod lower;
#[cfg(test)]
mod reference;
mod tape;

pub(crate) use crate::vector::{Fun1, Fun2};
pub(crate) use columns::{Columns, Lists, parts};
pub(crate) use executor::{BLOCK, Elements, Inputs, Machine};
pub(crate) use ir::{Graph, Node, Value};
pub(crate) use lower::Lowering;
pub(crate) use tape::Tape;
