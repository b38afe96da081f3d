//! Units: dimensions, the table of units, and numbers that carry a dimension.
//! The ground floor of the library; it knows nothing of equations.

mod array;
mod dimension;
mod quantity;
mod unit;

pub use array::QuantityArray;
pub use dimension::Dimension;
pub use quantity::Quantity;
pub use unit::{
    Hz, Mohm, amp, cm, farad, gigaohm, kHz, kelvin, kilogram, kohm, mA, mS, mV, meter, mm, molar, ms, nA, nF,
    nS, nsecond, ohm, pA, pF, second, siemens, uA, uF, uS, uV, um, us, volt,
};

pub(crate) use unit::{lookup, names, readable};
