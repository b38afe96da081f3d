//! Groups of neurons and the columns of state they hold.
//! Objects here describe themselves and own their data; only `simulation` moves them through time.

mod checks;
mod context;
mod neuron_group;
mod values;
mod variables;

pub use neuron_group::NeuronGroup;
pub use values::{IntoRefractory, IntoSelection, IntoValue};

pub(crate) use checks::refuse_shadowing;
pub(crate) use context::{Context, Live, Shared, lock};
pub(crate) use neuron_group::GroupState;
pub(crate) use variables::{
    Columns, Place, assign, column_named, declare_subexpressions, no_variable, read, selected,
};
