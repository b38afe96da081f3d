//! A thousand randomly coupled neurons with rhythms of cortical activity.
//! Izhikevich, "Simple model of spiking neurons", IEEE Trans. Neural Networks 2003, figure 3.

use spikelab::prelude::*;

fn main() -> spikelab::Result<()> {
    let mut net = Network::new().seed(2).dt(0.5 * ms);
    let neurons = net.add(
        NeuronGroup::new(
            1000,
            "dv/dt = (0.04*v**2 + 5*v + 140 - u + I)/ms : 1
             du/dt = a*(b*v - u)/ms : 1
             I : 1
             a : 1
             b : 1
             c : 1
             d : 1
             r : 1",
        )
        .threshold("v >= 30")
        .reset("v = c; u += d")
        .method("euler"),
    )?;
    let (excitatory, inhibitory) = (neurons.slice(0..800)?, neurons.slice(800..1000)?);
    neurons.set("r", "rand()")?;
    for (group, a, b, c, d) in [
        (&excitatory, "0.02", "0.2", "-65 + 15*r**2", "8 - 6*r**2"),
        (&inhibitory, "0.02 + 0.08*r", "0.25 - 0.05*r", "-65", "2"),
    ] {
        group.set("a", a)?;
        group.set("b", b)?;
        group.set("c", c)?;
        group.set("d", d)?;
    }
    neurons.set("v", -65.0)?;
    neurons.set("u", "b*v")?;
    // Input from the thalamus: other numbers each millisecond.
    neurons.run_regularly("I = randn()*(5*int(i < 800) + 2*int(i >= 800))", 1.0 * ms)?;
    for (source, weight) in [(&excitatory, "0.5*rand()"), (&inhibitory, "-rand()")] {
        let synapses = net.add(Synapses::new(source, &neurons).model("w : 1").on_pre("v += w"))?;
        synapses.connect(Connect::all())?;
        synapses.set("w", weight)?;
    }
    let spikes = net.add(SpikeMonitor::new(&neurons))?;
    let trace = net.add(StateMonitor::new(&neurons, "v").record(0))?;
    net.run(1.0 * second)?;

    let path = std::env::args().nth(1).unwrap_or_else(|| "izhikevich_2003.svg".to_owned());
    Figure::new()
        .size(900, 640)
        .subplot(2, 1, 1)
        .scatter(spikes.t() / ms, spikes.i())
        .title("Alpha and gamma rhythms")
        .ylabel("Neuron index")
        .subplot(2, 1, 2)
        .plot(trace.t() / ms, trace.get("v", 0)?)
        .xlabel("Time (ms)")
        .ylabel("v of neuron 0 (mV)")
        .save(&path)?;
    println!("{} spikes; wrote {path}", spikes.num_spikes());
    Ok(())
}
