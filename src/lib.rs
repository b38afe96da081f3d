//! Spiking networks from Brian2's equation strings, with units, monitors and plots.
//!
//! A network is built from objects, run, and read:
//!
//! ```
//! use spikelab::prelude::*;
//! let mut net = Network::new();
//! let neuron = net.add(
//!     NeuronGroup::new(1, "dv/dt = (1 - v)/tau : 1").threshold("v > 0.8").reset("v = 0").with("tau", 10.0 * ms))?;
//! let spikes = net.add(SpikeMonitor::new(&neuron))?;
//! net.run(50.0 * ms)?;
//! assert_eq!(spikes.num_spikes(), 3);
//! # Ok::<(), spikelab::Error>(())
//! ```
//!
//! The [`guide`] begins with [the exercises](guide::start) and [moving from Brian2](guide::brian2), and goes through the whole model
//! language, a page for each part: [units](guide::units),
//! [equations](guide::equations), [functions](guide::functions), [integrators](guide::integrators),
//! [groups](guide::groups), [synapses](guide::synapses), [monitors](guide::monitors), [networks](guide::network),
//! [descriptions](guide::description), [analysis and plots](guide::plots), [randomness](guide::randomness) and
//! [errors](guide::errors).

// What a library prints ends up in the wrong cell; figures say why they do.
#![warn(clippy::print_stdout)]

pub mod analysis;
pub mod checks;
mod codegen;
pub mod description;
mod equation_text;
mod equations;
mod error;
pub mod evidence;
pub mod figure;
mod groups;
pub mod guide;
mod monitors;
mod random;
mod simulation;
mod stateupdaters;
mod synapses;
pub mod units;
mod vector;
mod views;

pub use description::NetworkDescription;
pub use description::Side;
pub use equation_text::Equations;
pub use equations::{TimedArray, UserFunction, parse_unit};
pub use error::{Error, ErrorKind, Result};
pub use figure::{Figure, IntoSeries};
pub use groups::{
    IntoNamespace, IntoRefractory, IntoSelection, IntoValue, NeuronGroup, NeuronSource, PoissonGroup,
    PoissonInput, SpikeGeneratorGroup, Subgroup,
};
pub use monitors::{IntoVariables, PopulationRateMonitor, Recordable, SpikeMonitor, StateMonitor, Window};
pub use simulation::{Network, NetworkObject, NetworkOperation, Progress, Step};
pub use synapses::{Connect, IntoIndices, IntoNumberExpression, Synapses};
pub use units::{Dimension, Quantity, QuantityArray};
pub use views::{
    BrianPlot, brian_plot, correlogram, isi_histogram, plot_synapses, population_rate, raster,
    synapse_histogram, traces, visualise_connectivity, weight_matrix,
};

// Notebooks name the types of their variables; those that come from `ndarray` are reached through here.
pub use ndarray;
pub use ndarray::ArrayBase;

/// What a notebook needs: `use spikelab::prelude::*;`
pub mod prelude {
    pub use crate::check;
    pub use crate::figure::{Figure, IntoSeries};
    pub use crate::units::{
        Dimension, Hz, Mohm, Quantity, QuantityArray, kHz, mV, ms, nA, nF, nS, pA, pF, second, uA, uF, uS,
        um, us,
    };
    pub use crate::{
        Connect, Network, NetworkDescription, NetworkOperation, NeuronGroup, PoissonGroup, PoissonInput,
        PopulationRateMonitor, Side, SpikeGeneratorGroup, SpikeMonitor, StateMonitor, Synapses, TimedArray,
        Window, brian_plot, correlogram, isi_histogram, plot_synapses, population_rate, raster,
        synapse_histogram, traces, visualise_connectivity, weight_matrix,
    };
}
