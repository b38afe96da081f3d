//! Integration methods: from right-hand sides to a program that takes the state one step further.
//! They write into the intermediate form only; nothing here runs a model.

mod affine;
mod event_driven;
mod explicit;
mod independent;
mod linear;
mod method;
mod noise;
mod real;
mod relaxed;

pub(crate) use event_driven::advance;
pub(crate) use linear::{LinearSystem, Propagator};
pub(crate) use method::{Update, choose};
