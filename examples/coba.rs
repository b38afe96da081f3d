//! COBA: 4000 neurons with conductance-based synapses, whose activity goes on by itself.
//! Vogels and Abbott, J. Neurosci. 2005; benchmark of Brette et al., J. Comput. Neurosci. 2007.

#[allow(dead_code, reason = "each example shows one of the models")]
mod models;

use spikelab::prelude::*;

fn main() -> spikelab::Result<()> {
    let mut net = Network::new().seed(1);
    let neurons = net.add(models::coba(4000))?;
    models::start(&neurons)?;
    models::connect(&mut net, &neurons, models::conductance_weights(), 0.02)?;
    let spikes = net.add(SpikeMonitor::new(&neurons))?;
    let trace = net.add(StateMonitor::new(&neurons, "v").record(0))?;
    net.run(1.0 * second)?;

    let path = std::env::args().nth(1).unwrap_or_else(|| "coba.svg".to_owned());
    Figure::new()
        .size(900, 640)
        .subplot(2, 1, 1)
        .scatter(spikes.t() / ms, spikes.i())
        .title("COBA: asynchronous irregular activity")
        .ylabel("Neuron index")
        .subplot(2, 1, 2)
        .plot(trace.t() / ms, trace.get("v", 0)? / mV)
        .xlabel("Time (ms)")
        .ylabel("v of neuron 0 (mV)")
        .save(&path)?;
    println!("{} spikes; wrote {path}", spikes.num_spikes());
    Ok(())
}
