//! Ready pictures of a network's objects, one call each, and `brian_plot`, which chooses by what it is given.
//! Above figures and objects alike, so that neither needs to know of the other.

mod activity;
mod wiring;

pub use activity::{correlogram, isi_histogram, population_rate, raster, traces};
pub use wiring::{plot_synapses, synapse_histogram, visualise_connectivity, weight_matrix};

use crate::figure::Figure;
use crate::monitors::{PopulationRateMonitor, SpikeMonitor, StateMonitor};
use crate::synapses::Synapses;
use crate::units::{Hz, Quantity, QuantityArray, ms, readable};

/// The usual picture of an object, as
/// [`brian_plot`](https://brian2tools.readthedocs.io/en/stable/user/plotting.html) of brian2tools.
///
/// | object | picture |
/// | --- | --- |
/// | `SpikeMonitor`, of spikes or another event | [`raster`] |
/// | `StateMonitor` | [`traces`] |
/// | `PopulationRateMonitor` | the rate in each step; [`population_rate`] smooths it |
/// | `Synapses` | target over source, a dot for each synapse, or the number of them for each pair |
/// | `(&synapses, "w")` | [`plot_synapses`] |
///
/// A mistake, such as a monitor that is in no network, is shown in place of the picture.
///
/// ```
/// use spikelab::prelude::*;
/// # let mut net = Network::new().seed(1);
/// let group = net.add(NeuronGroup::new(10, "dv/dt = 100*Hz : 1").threshold("v > 1").reset("v = 0"))?;
/// let synapses = net.add(Synapses::new(&group, &group).model("w : 1"))?;
/// synapses.connect(Connect::condition("i != j").p(0.5))?;
/// synapses.set("w", "rand()")?;
/// let spikes = net.add(SpikeMonitor::new(&group))?;
/// net.run(30.0 * ms)?;
/// brian_plot(&spikes).title("Spikes").to_svg()?;
/// brian_plot(&(&synapses, "w")).to_svg()?;
/// # Ok::<(), spikelab::Error>(())
/// ```
pub fn brian_plot(object: &impl BrianPlot) -> Figure {
    object.brian_plot()
}

/// What [`brian_plot`] can show.
pub trait BrianPlot {
    /// Its usual picture.
    fn brian_plot(&self) -> Figure;
}

impl<T: BrianPlot> BrianPlot for &T {
    fn brian_plot(&self) -> Figure {
        (**self).brian_plot()
    }
}

impl BrianPlot for SpikeMonitor {
    fn brian_plot(&self) -> Figure {
        Figure::shown(self.live().map(|_| raster(self)))
    }
}

impl BrianPlot for StateMonitor {
    fn brian_plot(&self) -> Figure {
        Figure::shown(self.live().and_then(|_| traces(self)))
    }
}

impl BrianPlot for PopulationRateMonitor {
    fn brian_plot(&self) -> Figure {
        Figure::shown(self.live().map(|_| {
            Figure::new().plot(self.t() / ms, self.rate() / Hz).xlabel("Time (ms)").ylabel("Rate (Hz)")
        }))
    }
}

impl BrianPlot for Synapses {
    fn brian_plot(&self) -> Figure {
        wiring::plot_connections(self)
    }
}

impl BrianPlot for (&Synapses, &str) {
    fn brian_plot(&self) -> Figure {
        plot_synapses(self.0, self.1)
    }
}

/// Values in a unit in which they are easy to read, and the name of an axis that says so: `w (nS)`.
fn in_readable_unit(name: &str, values: &QuantityArray) -> (Vec<f64>, String) {
    let largest = values.iter().filter(|v| v.is_finite()).fold(0.0_f64, |m, v| m.max(v.abs()));
    let (scale, unit) = readable(largest, values.dimension());
    let plain = (values / Quantity::new(scale, values.dimension())).to_vec();
    (plain, if unit.is_empty() { name.to_owned() } else { format!("{name} ({unit})") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NeuronGroup;

    #[test]
    fn objects_without_a_network_are_shown_as_mistakes() {
        let group = NeuronGroup::new(1, "v : 1");
        for figure in [
            brian_plot(&SpikeMonitor::new(&group)),
            brian_plot(&StateMonitor::new(&group, "v")),
            brian_plot(&PopulationRateMonitor::new(&group)),
            brian_plot(&Synapses::new(&group, &group)),
            brian_plot(&(&Synapses::new(&group, &group), "w")),
        ] {
            let text = figure.to_svg().unwrap_err().to_string();
            assert!(text.contains("not in a network yet"), "{text}");
        }
    }
}
