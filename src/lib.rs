//! Spiking networks from Brian2's equation strings, with units, monitors and plots.

pub mod evidence;
