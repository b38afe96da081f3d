//! A hundred neurons with more and more drive: their spikes, and how the rate depends on the drive.
//! Run with `cargo run --release --example hundred_neurons -- picture.svg`.

use spikelab::prelude::*;

fn main() -> spikelab::Result<()> {
    let mut net = Network::new();
    let neurons = net.add(
        NeuronGroup::new(
            100,
            "dv/dt = (v0 - v)/tau : 1 (unless refractory)
             v0 : 1",
        )
        .threshold("v > 1")
        .reset("v = 0")
        .refractory(5.0 * ms)
        .method("exact")
        .with("tau", 10.0 * ms)
        .with("v0_max", 3.0),
    )?;
    neurons.set("v0", "i*v0_max/(N-1)")?;
    let spikemon = net.add(SpikeMonitor::new(&neurons))?;
    let duration = 1.0 * second;
    net.run(duration)?;

    let rate = spikemon.count() / duration;
    let figure = Figure::new()
        .size(900, 380)
        .subplot(1, 2, 1)
        .scatter(spikemon.t() / ms, spikemon.i())
        .xlim(0.0, 200.0)
        .title("Spikes")
        .xlabel("Time (ms)")
        .ylabel("Neuron index")
        .subplot(1, 2, 2)
        .plot(neurons.get("v0"), &rate / Hz)
        .title("Rate")
        .xlabel("v0")
        .ylabel("Firing rate (sp/s)");
    let path = std::env::args().nth(1).unwrap_or_else(|| "hundred_neurons.svg".to_owned());
    figure.save(&path)?;
    println!(
        "{} spikes, the fastest neuron {:.0} per second; wrote {path}",
        spikemon.num_spikes(),
        rate.max()
    );
    Ok(())
}
