//! Where rows of synapses are cut between threads, so that each adds to neurons of its own.
//! Kept with the synapses from run to run, because finding it out takes a look at each of them.

/// Cuts of sorted rows between neurons.
#[derive(Debug, Default)]
pub(crate) struct Cuts {
    /// The neurons that parts begin with.
    pub(crate) limits: Vec<usize>,
    /// For each row and limit the first place that is not before it.
    pub(crate) places: Vec<u32>,
}
