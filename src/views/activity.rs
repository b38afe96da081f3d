//! Pictures of what monitors recorded: rasters, traces, rates, intervals, correlograms.
//! Times are in milliseconds, values in the unit in which they are easiest to read.

use super::in_readable_unit;
use crate::analysis::{cross_correlogram, isi};
use crate::error::{Error, ErrorKind, Result};
use crate::figure::{Figure, raster_of};
use crate::monitors::{PopulationRateMonitor, SpikeMonitor, StateMonitor, Watched, Window};
use crate::units::{Dimension, Hz, Quantity, QuantityArray, ms};

/// More lines than this are one grey patch: then only some are drawn.
const MANY_LINES: usize = 20;
/// More bins than anyone can see.
const MOST_BINS: f64 = 5000.0;

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
    let figure = raster_of(spikes.t() / ms, spikes.i());
    // Neurons that never spike have their place too.
    match spikes.size() {
        0 => figure,
        n => figure.ylim(-0.8, n as f64 - 0.2),
    }
}

/// What a state monitor recorded: one panel for each variable, one line for each neuron or synapse, against time in
/// milliseconds. Of more than twenty only some are drawn, and the title says how many.
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
    let height = u32::try_from(variables.len()).unwrap_or(1).clamp(1, 18) * 260 + 60;
    let mut figure = Figure::new().size(800, height);
    let t = monitor.t() / ms;
    let all = monitor.indices();
    let every = all.len().div_ceil(MANY_LINES).max(1);
    let indices: Vec<usize> = all.iter().copied().step_by(every).collect();
    let element = match monitor.source()? {
        Watched::Group(_) => "neuron",
        Watched::Synapses(..) => "synapse",
    };
    for (k, variable) in variables.iter().enumerate() {
        figure = figure.subplot(variables.len(), 1, k + 1);
        // One unit for all lines of the panel.
        let rows = indices.iter().map(|&index| monitor.get(variable, index)).collect::<Result<Vec<_>>>()?;
        let dimension = rows.first().map_or(Dimension::NONE, QuantityArray::dimension);
        let together: Vec<f64> = rows.iter().flat_map(|row| row.iter()).collect();
        let (plain, label) = in_readable_unit(variable, &QuantityArray::new(together, dimension));
        for (index, row) in indices.iter().zip(plain.chunks(t.len().max(1))) {
            figure = figure.plot(&t, row).label(format!("{element} {index}"));
        }
        figure = figure.ylabel(label);
        if k == 0 && every > 1 {
            figure = figure.title(format!("1 in {every} {element}s shown"));
        }
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

/// How long the neurons wait from one spike to the next: the intervals of all of them, in bins of this width.
///
/// ```
/// use spikelab::prelude::*;
/// # let mut net = Network::new().seed(1);
/// let group = net.add(PoissonGroup::new(100, 50.0 * Hz))?;
/// let spikes = net.add(SpikeMonitor::new(&group))?;
/// net.run(200.0 * ms)?;
/// isi_histogram(&spikes, 2.0 * ms).to_svg()?;
/// # Ok::<(), spikelab::Error>(())
/// ```
///
/// A width that is no time is shown in place of the picture.
pub fn isi_histogram(spikes: &SpikeMonitor, bin: impl Into<Quantity>) -> Figure {
    Figure::shown(intervals(spikes, bin.into()))
}

fn intervals(spikes: &SpikeMonitor, bin: Quantity) -> Result<Figure> {
    spikes.live()?;
    let bin = width(bin)?;
    let all: Vec<f64> = spikes.spike_trains().iter().flat_map(|train| isi(&train.to_vec())).collect();
    let longest = all.iter().copied().fold(0.0, f64::max);
    // Times are multiples of the time step: a little is added, so that 0.3 ms does not fall short of bin 3.
    let place = |interval: f64| (interval / bin + 1e-6).floor();
    if place(longest) >= MOST_BINS {
        return Err(Error::new(
            ErrorKind::Value,
            format!("intervals of up to {longest} s fill too many bins of {bin} s"),
        )
        .help("give a wider bin, for example `isi_histogram(&spikes, 10.0*ms)`"));
    }
    let mut counts = vec![0.0; if all.is_empty() { 0 } else { place(longest) as usize + 1 }];
    for interval in all {
        counts[place(interval) as usize] += 1.0;
    }
    let middles: Vec<f64> = (0..counts.len()).map(|k| (k as f64 + 0.5) * bin * 1e3).collect();
    Ok(Figure::new()
        .bars("isi_histogram", middles, counts, 1.0)
        .xlabel("Interval between spikes (ms)")
        .ylabel("Number of intervals"))
}

/// How often neuron `j` spikes a time after neuron `i`: the number of pairs of spikes for each time from `-max_lag` to
/// `max_lag`, in bins of this width. A neuron with itself gives its auto-correlogram, without each spike's pair with itself.
///
/// ```
/// use spikelab::prelude::*;
/// # let mut net = Network::new().seed(1);
/// let group = net.add(PoissonGroup::new(2, 100.0 * Hz))?;
/// let spikes = net.add(SpikeMonitor::new(&group))?;
/// net.run(500.0 * ms)?;
/// correlogram(&spikes, 0, 1, 1.0 * ms, 50.0 * ms).to_svg()?;
/// # Ok::<(), spikelab::Error>(())
/// ```
///
/// A neuron that is not there, or a width that is no time, is shown in place of the picture.
pub fn correlogram(
    spikes: &SpikeMonitor,
    i: usize,
    j: usize,
    bin: impl Into<Quantity>,
    max_lag: impl Into<Quantity>,
) -> Figure {
    Figure::shown(lags(spikes, (i, j), bin.into(), max_lag.into()))
}

fn lags(spikes: &SpikeMonitor, (i, j): (usize, usize), bin: Quantity, max_lag: Quantity) -> Result<Figure> {
    spikes.live()?;
    let (step, reach) = (width(bin)?, width(max_lag)?);
    let lags = (reach / step).round();
    if lags > MOST_BINS / 2.0 {
        return Err(Error::new(
            ErrorKind::Value,
            format!("lags of up to {reach} s fill too many bins of {step} s"),
        )
        .help("give a wider bin or shorter lags, for example `1.0*ms, 50.0*ms`"));
    }
    let trains = spikes.spike_trains();
    let train = |k: usize| {
        let missing = || {
            Error::new(ErrorKind::Index, format!("there is no neuron {k}"))
                .help(format!("the monitor watches {} neurons, numbered from 0", trains.len()))
        };
        trains.get(k).map(QuantityArray::to_vec).ok_or_else(missing)
    };
    let (a, b) = (train(i)?, train(j)?);
    let mut counts: Vec<f64> =
        cross_correlogram(&a, &b, bin, lags as usize)?.into_iter().map(|n| n as f64).collect();
    if i == j {
        counts[lags as usize] -= a.len() as f64;
    }
    let x: Vec<f64> = (0..counts.len()).map(|k| (k as f64 - lags) * step * 1e3).collect();
    Ok(Figure::new()
        .bars("correlogram", x, counts, 1.0)
        .xlabel(format!("Time from a spike of neuron {i} to one of neuron {j} (ms)"))
        .ylabel("Pairs of spikes"))
}

fn width(time: Quantity) -> Result<f64> {
    let time = time.checked()?;
    if time.dimension() == Dimension::TIME && time.value() > 0.0 && time.value().is_finite() {
        return Ok(time.value());
    }
    Err(Error::new(ErrorKind::Value, format!("a width must be a time above 0, this is {time}"))
        .help("give it a unit, for example `2.0*ms`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Evidence, PanelData, ToEvidence};
    use crate::{Network, NeuronGroup, SpikeGeneratorGroup};

    fn panels(figure: &Figure) -> Vec<PanelData> {
        match figure.to_evidence() {
            Evidence::Figure { panels } => panels,
            other => panic!("{other:?}"),
        }
    }

    fn monitor() -> SpikeMonitor {
        let mut net = Network::new();
        let times = [1.0, 4.0, 5.0, 7.0, 9.0] * ms;
        let group = net.add(SpikeGeneratorGroup::new(3, &[0, 0, 1, 0, 1], times)).unwrap();
        let spikes = net.add(SpikeMonitor::new(&group)).unwrap();
        net.run(10.0 * ms).unwrap();
        spikes
    }

    #[test]
    fn intervals_of_all_neurons_are_counted() {
        let figure = isi_histogram(&monitor(), 1.0 * ms);
        let series = &panels(&figure)[0].series[0];
        // 3 and 3 ms of neuron 0, 4 ms of neuron 1.
        assert_eq!(series.y, [0.0, 0.0, 0.0, 2.0, 1.0]);
        assert!((series.x[3] - 3.5).abs() < 1e-12);
        assert!(isi_histogram(&monitor(), 1.0 * Hz).to_svg().is_err());
        assert!(isi_histogram(&monitor(), 1e-7 * ms).to_svg().unwrap_err().to_string().contains("wider bin"));
    }

    #[test]
    fn correlograms_count_pairs() {
        let counts = |i, j| panels(&correlogram(&monitor(), i, j, 1.0 * ms, 4.0 * ms))[0].series[0].y.clone();
        // From 1, 4, 7 ms to 5, 9 ms: 4, 8; 1, 5; -2, 2.
        assert_eq!(counts(0, 1), [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0]);
        assert_eq!(counts(0, 0), [0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0]);
        let text = correlogram(&monitor(), 0, 3, 1.0 * ms, 4.0 * ms).to_svg().unwrap_err().to_string();
        assert!(text.contains("no neuron 3") && text.contains("watches 3 neurons"), "{text}");
    }

    #[test]
    fn traces_are_in_readable_units_and_few() {
        let mut net = Network::new();
        let group = net.add(NeuronGroup::new(120, "v : volt")).unwrap();
        group.set("v", "-70*mV + i*mV/10").unwrap();
        let monitor = net.add(StateMonitor::new(&group, "v")).unwrap();
        net.run(1.0 * ms).unwrap();
        let panel = panels(&traces(&monitor).unwrap()).remove(0);
        assert_eq!((panel.ylabel.as_str(), panel.title.as_str()), ("v (mV)", "1 in 6 neurons shown"));
        assert_eq!(panel.series.len(), 20);
        assert!((panel.series[1].y[0] + 69.4).abs() < 1e-9 && panel.series[1].label == "neuron 6");
    }
}
