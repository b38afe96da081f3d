//! A submission's networks, built and simulated again outside of the student's process.
//! Asked here: do they give the claimed results, do they still match the reference when things change, which mistake is it?

mod changes;
mod memory;
mod mistakes;
mod relation;
mod replace;
mod reproduce;
mod script;
mod simulate;
mod simulator;
mod size;
mod text;
mod variation;

pub use memory::Memory;
pub use mistakes::{fault as mistake_fault, find as find_mistake};
pub use reproduce::{Reproduced, reproduce};
pub use simulate::Failure;
pub use simulator::{Simulator, serve as serve_simulations};
pub use variation::{Varied, faults as variation_faults, vary};
