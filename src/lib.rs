//! Spiking networks from Brian2's equation strings, with units, monitors and plots.

mod codegen;
mod equations;
mod error;
pub mod evidence;
pub mod figure;
mod random;
mod stateupdaters;
pub mod units;

pub use error::{Error, ErrorKind, Result};
pub use figure::{Figure, IntoSeries};

/// What a notebook needs: `use spikelab::prelude::*;`
pub mod prelude {
    pub use crate::figure::{Figure, IntoSeries};
    pub use crate::units::{
        Dimension, Hz, Mohm, Quantity, QuantityArray, kHz, mV, ms, nA, nF, nS, pA, pF, second, uA, uF, uS,
        um, us,
    };
}
