//! Synapses between two groups: which pairs are connected, their variables, and what spikes do.
//! Objects here describe themselves and own their data; only `simulation` moves them through time.

mod checks;
mod connect;
mod generated;
mod generator;
mod neurons;
mod pairs;
mod queue;
mod ranges;
mod state;
#[expect(clippy::module_inception, reason = "the type gives its name to the room")]
mod synapses;

pub use connect::{Connect, IntoIndices, IntoNumberExpression};
pub use synapses::Synapses;

pub(crate) use neurons::Neurons;
pub(crate) use queue::{NEAR, SpikeQueue};
pub(crate) use state::{SynapsesState, delay_name};
