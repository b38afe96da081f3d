//! Ready pictures of a network's objects: a raster of spikes, the connections of synapses.
//! Above figures and objects alike, so that neither needs to know of the other.

use crate::figure::{Figure, connectivity_of, raster_of};
use crate::monitors::SpikeMonitor;
use crate::synapses::Synapses;
use crate::units::ms;

/// A raster plot: one dot for each spike, time in milliseconds against neuron index.
///
/// ```
/// use spikelab::prelude::*;
/// # let mut net = Network::new();
/// # let group = net.add(NeuronGroup::new(3, "dv/dt = 200*Hz : 1").threshold("v > 1").reset("v = 0"))?;
/// let spikemon = net.add(SpikeMonitor::new(&group))?;
/// net.run(20.0 * ms)?;
/// raster(&spikemon).title("Three neurons")
/// # .to_svg()?;
/// # Ok::<(), spikelab::Error>(())
/// ```
pub fn raster(spikes: &SpikeMonitor) -> Figure {
    raster_of(spikes.t() / ms, spikes.i())
}

/// Two pictures of the connections, as in Brian2's
/// [tutorial on synapses](https://brian2.readthedocs.io/en/2.9.0/resources/tutorials/2-intro-to-brian-synapses.html):
/// lines from sources to targets, and targets against sources.
///
/// ```
/// use spikelab::prelude::*;
/// # let mut net = Network::new().seed(1);
/// # let group = net.add(NeuronGroup::new(10, "v : 1").threshold("v > 1"))?;
/// let synapses = net.add(Synapses::new(&group, &group))?;
/// synapses.connect(Connect::condition("i != j").p(0.2))?;
/// visualise_connectivity(&synapses)
/// # .to_svg()?;
/// # Ok::<(), spikelab::Error>(())
/// ```
pub fn visualise_connectivity(synapses: &Synapses) -> Figure {
    let (sources, targets) = synapses.sizes();
    connectivity_of(sources, targets, &synapses.i(), &synapses.j())
}
