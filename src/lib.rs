//! Spiking networks from Brian2's equation strings, with units, monitors and plots.

mod codegen;
mod equations;
mod error;
pub mod evidence;
mod random;
mod stateupdaters;
pub mod units;

pub use error::{Error, ErrorKind, Result};

/// What a notebook needs: `use spikelab::prelude::*;`
pub mod prelude {
    pub use crate::units::{
        Dimension, Hz, Mohm, Quantity, QuantityArray, kHz, mV, ms, nA, nF, nS, pA, pF, second, uA, uF, uS, um, us,
    };
}
