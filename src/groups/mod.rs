//! Groups of neurons and inputs, and the columns of state they hold.
//! Objects here describe themselves and own their data; only `simulation` moves them through time.

mod checks;
mod context;
mod generator;
mod group_description;
mod guarded;
mod inputs;
mod neuron_group;
mod place;
mod source;
mod state;
mod values;
mod variables;

pub use inputs::{PoissonGroup, PoissonInput, SpikeGeneratorGroup};
pub use neuron_group::NeuronGroup;
pub use source::{NeuronSource, Subgroup};
pub use values::{IntoNamespace, IntoRefractory, IntoSelection, IntoValue};

pub(crate) use checks::{check_event_code, check_regular, no_event, refuse_shadowing};
pub(crate) use context::{Context, Live, SLOTS, check_when, origin, slot_rank};
pub(crate) use generator::Planned;
pub(crate) use group_description::GroupDescription;
pub(crate) use guarded::{Guarded, Shared, lock};
pub(crate) use neuron_group::time_step;
pub(crate) use place::{Ends, Place, selected};
pub(crate) use source::AsView;
pub(crate) use state::{GroupState, SPIKE, View};
pub(crate) use variables::{Columns, declare_subexpressions, no_variable, read, replace, rows, set_variable};

/// The name of code that runs at regular times, as Brian2 gives it.
pub(crate) fn regular_name(object: &str, number: usize) -> String {
    if number == 0 { format!("{object}_run_regularly") } else { format!("{object}_run_regularly_{number}") }
}
