//! Pictures of synapses: who is connected with whom, and how strongly.
//! Sources are on the horizontal axis, targets on the vertical one, as in brian2tools.

use super::in_readable_unit;
use crate::error::Result;
use crate::figure::{Figure, connectivity_of};
use crate::synapses::Synapses;

/// More dots than this hide each other: then a matrix is drawn.
const MANY: usize = 10_000;
/// A matrix of all pairs is not made of more than this.
const MANY_PAIRS: usize = 1_000_000;

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

/// A variable of synapses, `delay` among them, as the colour of a dot at source and target; of more than ten thousand
/// synapses as a [`weight_matrix`]. brian2tools' `plot_synapses`.
///
/// ```
/// use spikelab::prelude::*;
/// # let mut net = Network::new().seed(1);
/// # let group = net.add(NeuronGroup::new(10, "v : 1").threshold("v > 1"))?;
/// let synapses = net.add(Synapses::new(&group, &group).model("w : siemens").on_pre("v += 1"))?;
/// synapses.connect(Connect::condition("i != j").p(0.5))?;
/// synapses.set("w", "rand()*nS")?;
/// synapses.set("delay", "abs(i - j)*0.2*ms")?;
/// plot_synapses(&synapses, "w").to_svg()?;
/// plot_synapses(&synapses, "delay").title("Delays").to_svg()?;
/// # Ok::<(), spikelab::Error>(())
/// ```
///
/// A variable that is not there is shown in place of the picture.
pub fn plot_synapses(synapses: &Synapses, variable: &str) -> Figure {
    if synapses.len() > MANY {
        return weight_matrix(synapses, variable);
    }
    Figure::shown(read(synapses, variable).map(|(values, label)| {
        framed(synapses, Figure::new().scatter(synapses.i(), synapses.j()).color_by(values).colorbar(label))
    }))
}

/// A variable of synapses as a matrix of colours; white where there is no synapse. Where several synapses join one
/// pair, or pairs are smaller than pixels, a square shows the mean of those that are there.
///
/// ```
/// use spikelab::prelude::*;
/// # let mut net = Network::new().seed(1);
/// # let group = net.add(NeuronGroup::new(10, "v : 1").threshold("v > 1"))?;
/// let synapses = net.add(Synapses::new(&group, &group).model("w : 1"))?;
/// synapses.connect(Connect::all())?;
/// synapses.set("w", "exp(-(i - j)**2/8.0) - 0.3")?;
/// weight_matrix(&synapses, "w").title("Near neurons excite, far ones inhibit").to_svg()?;
/// # Ok::<(), spikelab::Error>(())
/// ```
///
/// A variable that is not there is shown in place of the picture.
pub fn weight_matrix(synapses: &Synapses, variable: &str) -> Figure {
    Figure::shown(read(synapses, variable).map(|(values, label)| {
        framed(synapses, Figure::new().heatmap(synapses.i(), synapses.j(), values).colorbar(label))
    }))
}

/// How a variable of synapses is distributed, in so many bins.
///
/// ```
/// use spikelab::prelude::*;
/// # let mut net = Network::new().seed(1);
/// # let group = net.add(NeuronGroup::new(10, "v : 1").threshold("v > 1"))?;
/// let synapses = net.add(Synapses::new(&group, &group).model("w : 1"))?;
/// synapses.connect(Connect::all())?;
/// synapses.set("w", "rand()")?;
/// synapse_histogram(&synapses, "w", 20).to_svg()?;
/// # Ok::<(), spikelab::Error>(())
/// ```
///
/// A variable that is not there is shown in place of the picture.
pub fn synapse_histogram(synapses: &Synapses, variable: &str, bins: usize) -> Figure {
    Figure::shown(
        read(synapses, variable).map(|(values, label)| {
            Figure::new().hist(values, bins).xlabel(label).ylabel("Number of synapses")
        }),
    )
}

/// A dot for each synapse; of more than ten thousand the number for each pair.
pub(super) fn plot_connections(synapses: &Synapses) -> Figure {
    if let Err(error) = synapses.live() {
        return Figure::shown(Err(error));
    }
    let (i, j) = (synapses.i(), synapses.j());
    if i.len() <= MANY {
        return framed(synapses, Figure::new().scatter(i, j));
    }
    let (sources, targets) = synapses.sizes();
    let pairs = sources.saturating_mul(targets);
    if pairs > MANY_PAIRS {
        return framed(synapses, Figure::new().scatter(i, j));
    }
    // Pairs without a synapse count too, so that a square for many pairs shows how densely they are connected.
    let mut counts = vec![0_usize; pairs];
    i.into_iter().zip(j).for_each(|(i, j)| counts[j * sources + i] += 1);
    let (x, y): (Vec<usize>, Vec<usize>) = (0..pairs).map(|k| (k % sources, k / sources)).unzip();
    let most = counts.iter().copied().max().unwrap_or(1) as f64;
    framed(synapses, Figure::new().heatmap(x, y, counts).clim(0.0, most).colorbar("Synapses per pair"))
}

fn read(synapses: &Synapses, variable: &str) -> Result<(Vec<f64>, String)> {
    Ok(in_readable_unit(variable, &synapses.get(variable)?))
}

/// Axes that show all neurons, connected or not.
fn framed(synapses: &Synapses, figure: Figure) -> Figure {
    let (sources, targets) = synapses.sizes();
    figure
        .size(620, 500)
        .xlim(-0.5, sources.max(1) as f64 - 0.5)
        .ylim(-0.5, targets.max(1) as f64 - 0.5)
        .xlabel("Source neuron index")
        .ylabel("Target neuron index")
}

#[cfg(test)]
mod tests {
    use super::super::brian_plot;
    use super::*;
    use crate::evidence::{Evidence, PanelData, ToEvidence};
    use crate::{Connect, Network, NeuronGroup};

    fn panel(figure: &Figure) -> PanelData {
        match figure.to_evidence() {
            Evidence::Figure { mut panels } => panels.remove(0),
            other => panic!("{other:?}"),
        }
    }

    fn wired(n: usize, connect: Connect) -> Synapses {
        let mut net = Network::new().seed(1);
        let group = net.add(NeuronGroup::new(n, "v : 1").threshold("v > 1")).unwrap();
        let synapses = net.add(Synapses::new(&group, &group).model("w : siemens").on_pre("v += 1")).unwrap();
        synapses.connect(connect).unwrap();
        synapses
    }

    #[test]
    fn values_are_shown_in_readable_units() {
        let synapses = wired(4, Connect::pairs(0, [1, 3]));
        synapses.set("w", "j*nS").unwrap();
        synapses.set("delay", "j*ms").unwrap();
        let svg = plot_synapses(&synapses, "w").to_svg().unwrap();
        assert!(svg.contains("w (nS)") && svg.contains("Source neuron index"), "{svg}");
        let series = panel(&plot_synapses(&synapses, "delay")).series.remove(0);
        assert_eq!((series.x, series.y, series.z), (vec![0.0; 2], vec![1.0, 3.0], vec![1.0, 3.0]));
        assert_eq!(panel(&weight_matrix(&synapses, "w")).series[0].style, "cells");
        assert_eq!(panel(&synapse_histogram(&synapses, "w", 2)).series[0].y, [1.0, 1.0]);
        let text = plot_synapses(&synapses, "ww").to_svg().unwrap_err().to_string();
        assert!(text.contains("`ww`"), "{text}");
    }

    #[test]
    fn many_synapses_become_a_matrix() {
        let synapses = wired(120, Connect::all());
        synapses.connect(Connect::pairs(3, 4)).unwrap();
        let series = panel(&brian_plot(&synapses)).series.remove(0);
        assert_eq!((series.style.as_str(), series.z.len()), ("cells", 120 * 120));
        assert_eq!((series.z[4 * 120 + 3], series.z[3 * 120 + 4]), (2.0, 1.0));
        assert_eq!(panel(&brian_plot(&(&synapses, "w"))).series[0].style, "cells");
        let svg = plot_synapses(&synapses, "w").to_svg().unwrap();
        assert!(svg.len() < 1_000_000, "{} bytes", svg.len());
    }
}
