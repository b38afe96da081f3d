//! Networks through time: the clock, the order of a step, compiled programs and the loop that runs them.
//! The rules are Brian2's (its page "Running a simulation", and the order of slots in `schedule`).

mod clock;
mod engine;
mod group_program;
mod network;
mod objects;
mod pathway;
mod replay;
mod schedule;

pub use network::Network;
pub use objects::NetworkObject;
