//! Networks through time: clocks, the order of a step, compiled programs and the loop that runs them.
//! The rules are Brian2's (its page "Running a simulation", and the order of slots in `schedule`).

mod balance;
mod calendar;
mod clock;
mod compile;
mod crew;
mod delays;
mod delivery;
mod engine;
mod event_program;
mod events;
mod group_program;
mod health;
mod interrupt;
mod later;
mod network;
mod objects;
mod operation;
mod pathway;
mod program;
mod refractory;
mod replay;
mod rows;
mod run;
mod schedule;
mod settings;
mod snapshot;
mod state_update;
mod summary;
mod workers;

pub use network::Network;
pub use objects::NetworkObject;
pub use operation::{NetworkOperation, Step};
pub use run::Progress;
