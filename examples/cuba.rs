//! CUBA: 4000 neurons with current-based synapses, whose activity goes on by itself.
//! Vogels and Abbott, J. Neurosci. 2005; benchmark of Brette et al., J. Comput. Neurosci. 2007.

use spikelab::prelude::*;

fn main() -> spikelab::Result<()> {
    let mut net = Network::new().seed(1);
    let neurons = net.add(
        NeuronGroup::new(
            4000,
            "dv/dt  = (ge + gi - (v - El))/taum : volt (unless refractory)
             dge/dt = -ge/taue : volt
             dgi/dt = -gi/taui : volt",
        )
        .threshold("v > Vt")
        .reset("v = Vr")
        .refractory(5.0 * ms)
        .method("exact")
        .with("taum", 20.0 * ms)
        .with("taue", 5.0 * ms)
        .with("taui", 10.0 * ms)
        .with("Vt", -50.0 * mV)
        .with("Vr", -60.0 * mV)
        .with("El", -49.0 * mV),
    )?;
    neurons.set("v", "Vr + rand()*(Vt - Vr)")?;
    let excitatory = neurons.slice(0..3200)?;
    let inhibitory = neurons.slice(3200..4000)?;
    let ce = net.add(Synapses::new(&excitatory, &neurons).on_pre("ge += we").with("we", 1.62 * mV))?;
    ce.connect(Connect::all().p(0.02))?;
    let ci = net.add(Synapses::new(&inhibitory, &neurons).on_pre("gi += wi").with("wi", -9.0 * mV))?;
    ci.connect(Connect::all().p(0.02))?;
    let spikes = net.add(SpikeMonitor::new(&neurons))?;
    let duration = 1.0 * second;
    net.run(duration)?;

    let path = std::env::args().nth(1).unwrap_or_else(|| "cuba.svg".to_owned());
    raster(&spikes).title("CUBA: asynchronous irregular activity").size(900, 500).save(&path)?;
    let rate = (spikes.count() / duration).mean();
    println!("{} spikes, {rate:.1} Hz for each neuron; wrote {path}", spikes.num_spikes());
    Ok(())
}
