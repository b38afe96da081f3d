//! CUBA: 4000 neurons with current-based synapses, whose activity goes on by itself.
//! Vogels and Abbott, J. Neurosci. 2005; benchmark of Brette et al., J. Comput. Neurosci. 2007.

#[allow(dead_code, reason = "each example shows one of the models")]
mod models;

use spikelab::prelude::*;

fn main() -> spikelab::Result<()> {
    let mut net = Network::new().seed(1);
    let neurons = net.add(models::cuba(4000))?;
    neurons.set("v", "Vr + rand()*(Vt - Vr)")?;
    models::connect(&mut net, &neurons, models::cuba_weights(), 0.02)?;
    let spikes = net.add(SpikeMonitor::new(&neurons))?;
    let duration = 1.0 * second;
    net.run(duration)?;

    let path = std::env::args().nth(1).unwrap_or_else(|| "cuba.svg".to_owned());
    raster(&spikes).title("CUBA: asynchronous irregular activity").size(900, 500).save(&path)?;
    let rate = (spikes.count() / duration).mean();
    println!("{} spikes, {rate:.1} Hz for each neuron; wrote {path}", spikes.num_spikes());
    Ok(())
}
