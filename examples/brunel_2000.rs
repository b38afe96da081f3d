//! A sparse network of excitatory and inhibitory neurons, in four regimes of activity.
//! Brunel, J. Comput. Neurosci. 2000, figure 8, with a fifth of its 12500 neurons and more frequent connections.

use spikelab::prelude::*;

/// Excitatory neurons, four times as many as inhibitory ones.
const EXCITATORY: usize = 2000;
/// Excitatory synapses for each neuron.
const INPUTS: usize = 200;

fn main() -> spikelab::Result<()> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "brunel_2000.svg".to_owned());
    let mut figure = Figure::new().size(1000, 760);
    let regimes = [
        ("synchronous regular", 3.0, 2.0),
        ("fast synchronous irregular", 6.0, 4.0),
        ("asynchronous irregular", 5.0, 2.0),
        ("slow synchronous irregular", 4.5, 0.9),
    ];
    for (k, (name, g, eta)) in regimes.into_iter().enumerate() {
        let (spikes, rate) = simulate(g, eta)?;
        println!("{name}: {} spikes", spikes.num_spikes());
        let smooth = rate.smooth_rate(&Window::Flat, 1.0 * ms)? / Hz;
        figure = figure
            .subplot(4, 2, 2 * k + 1)
            .scatter(spikes.t() / ms, spikes.i())
            .title(format!("{name}: g = {g}, input {eta}"))
            .ylabel("Neuron")
            .subplot(4, 2, 2 * k + 2)
            .plot(rate.t() / ms, smooth)
            .ylabel("Rate (Hz)");
    }
    figure.xlabel("Time (ms)").save(&path)?;
    println!("wrote {path}");
    Ok(())
}

fn simulate(g: f64, eta: f64) -> spikelab::Result<(SpikeMonitor, PopulationRateMonitor)> {
    let mut net = Network::new().seed(1);
    let neurons = net.add(
        NeuronGroup::new(EXCITATORY + EXCITATORY / 4, "dv/dt = -v/(20*ms) : volt (unless refractory)")
            .threshold("v > 20*mV")
            .reset("v = 10*mV")
            .refractory(2.0 * ms)
            .method("exact"),
    )?;
    neurons.set("v", "rand()*20*mV")?;
    let weight = 0.5 * mV;
    let p = "0.1";
    let exciting = net.add(
        Synapses::new(&neurons.slice(0..EXCITATORY)?, &neurons)
            .on_pre("v += J")
            .delay(1.5 * ms)
            .with("J", weight),
    )?;
    exciting.connect(Connect::all().p(p))?;
    let inhibiting = net.add(
        Synapses::new(&neurons.slice(EXCITATORY..EXCITATORY + EXCITATORY / 4)?, &neurons)
            .on_pre("v -= g*J")
            .delay(1.5 * ms)
            .with("J", weight)
            .with("g", g),
    )?;
    inhibiting.connect(Connect::all().p(p))?;
    // The rate at which the input alone would just reach the threshold.
    let inputs = u32::try_from(INPUTS).unwrap_or(u32::MAX);
    let threshold_rate = 20.0 * mV / (weight * f64::from(inputs) * 20.0 * ms);
    net.add(PoissonInput::new(&neurons, "v", INPUTS, eta * threshold_rate, weight))?;
    let spikes = net.add(SpikeMonitor::new(&neurons.slice(0..50)?))?;
    let rate = net.add(PopulationRateMonitor::new(&neurons))?;
    net.run(200.0 * ms)?;
    Ok((spikes, rate))
}
