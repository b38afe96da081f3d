//! COBA: 4000 neurons with conductance-based synapses, whose activity goes on by itself.
//! Vogels and Abbott, J. Neurosci. 2005; benchmark of Brette et al., J. Comput. Neurosci. 2007.

use spikelab::prelude::*;

fn main() -> spikelab::Result<()> {
    let mut net = Network::new().seed(1);
    let neurons = net.add(
        NeuronGroup::new(
            4000,
            "dv/dt  = (ge*(Ee - v) + gi*(Ei - v) - (v - El))/taum : volt (unless refractory)
             dge/dt = -ge/taue : 1
             dgi/dt = -gi/taui : 1",
        )
        .threshold("v > -50*mV")
        .reset("v = -60*mV")
        .refractory(5.0 * ms)
        .method("exponential_euler")
        .with("taum", 20.0 * ms)
        .with("taue", 5.0 * ms)
        .with("taui", 10.0 * ms)
        .with("Ee", 0.0 * mV)
        .with("Ei", -80.0 * mV)
        .with("El", -60.0 * mV),
    )?;
    neurons.set("v", "El + (randn()*5 - 5)*mV")?;
    neurons.set("ge", "randn()*1.5 + 4")?;
    neurons.set("gi", "randn()*12 + 20")?;
    let ce = net.add(Synapses::new(&neurons.slice(0..3200)?, &neurons).on_pre("ge += 0.6"))?;
    ce.connect(Connect::all().p(0.02))?;
    let ci = net.add(Synapses::new(&neurons.slice(3200..4000)?, &neurons).on_pre("gi += 6.7"))?;
    ci.connect(Connect::all().p(0.02))?;
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
