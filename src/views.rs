//! Ready pictures of a network's objects: a raster of spikes, the connections of synapses.
//! Above figures and objects alike, so that neither needs to know of the other.

use crate::error::Result;
use crate::figure::{Figure, connectivity_of, raster_of};
use crate::monitors::{PopulationRateMonitor, SpikeMonitor, StateMonitor, Window};
use crate::synapses::Synapses;
use crate::units::{Hz, Quantity, ms};

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

/// What a state monitor recorded: one panel for each variable, one line for each neuron, against time in milliseconds.
///
/// ```
/// use spikelab::prelude::*;
/// # let mut net = Network::new();
/// # let group = net.add(NeuronGroup::new(3, "dv/dt = (i - v)/(5*ms) : 1\nw = 2*v : 1"))?;
/// let monitor = net.add(StateMonitor::new(&group, ["v", "w"]))?;
/// net.run(20.0 * ms)?;
/// traces(&monitor)?.to_svg()?;
/// # Ok::<(), spikelab::Error>(())
/// ```
///
/// # Errors
/// A monitor that is not in a network.
pub fn traces(monitor: &StateMonitor) -> Result<Figure> {
    let variables = &monitor.description.variables;
    let height = u32::try_from(variables.len()).unwrap_or(1).clamp(1, 20) * 260 + 60;
    let mut figure = Figure::new().size(800, height);
    let t = monitor.t() / ms;
    let indices = monitor.indices();
    for (k, variable) in variables.iter().enumerate() {
        figure = figure.subplot(variables.len(), 1, k + 1);
        let mut unit = String::new();
        for &neuron in &indices {
            let values = monitor.get(variable, neuron)?;
            let dimension = values.dimension();
            if !dimension.is_none() {
                unit = format!(" ({dimension})");
            }
            let plain = values / Quantity::new(1.0, dimension);
            figure = figure.plot(&t, plain).label(format!("neuron {neuron}"));
        }
        figure = figure.ylabel(format!("{variable}{unit}"));
        // More lines than a reader can tell apart need no names.
        if (2..=8).contains(&indices.len()) {
            figure = figure.legend();
        }
    }
    Ok(figure.xlabel("Time (ms)"))
}

/// The mean rate of a group over time, smoothed by a normal curve of this width.
///
/// ```
/// use spikelab::prelude::*;
/// # let mut net = Network::new().seed(1);
/// # let group = net.add(PoissonGroup::new(100, 50.0 * Hz))?;
/// let monitor = net.add(PopulationRateMonitor::new(&group))?;
/// net.run(100.0 * ms)?;
/// population_rate(&monitor, 5.0 * ms)?.to_svg()?;
/// # Ok::<(), spikelab::Error>(())
/// ```
///
/// # Errors
/// A monitor that is not in a network, or a width that is no time.
pub fn population_rate(monitor: &PopulationRateMonitor, width: impl Into<Quantity>) -> Result<Figure> {
    let rate = monitor.smooth_rate(&Window::Gaussian, width)?;
    Ok(Figure::new().plot(monitor.t() / ms, rate / Hz).xlabel("Time (ms)").ylabel("Rate (Hz)"))
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
