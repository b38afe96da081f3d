//! The adaptive exponential neuron in three moods: regular spiking, bursting, fast spiking.
//! Brette and Gerstner, J. Neurophysiol. 2005; parameters as in Brian2's example of the paper.

use spikelab::prelude::*;

fn main() -> spikelab::Result<()> {
    let mut net = Network::new();
    let neurons = net.add(
        NeuronGroup::new(
            3,
            "dv/dt = (gL*(EL - v) + gL*DeltaT*exp((v - VT)/DeltaT) + I - w)/C : volt
             dw/dt = (a*(v - EL) - w)/tauw : amp
             I = 1*nA*int(t > 20*ms) : amp
             tauw : second
             a : siemens
             b : amp
             Vr : volt",
        )
        .threshold("v > VT + 5*DeltaT")
        .reset("v = Vr; w += b")
        .method("rk4")
        .with("C", 281.0 * pF)
        .with("gL", 30.0 * nS)
        .with("EL", -70.6 * mV)
        .with("VT", -50.4 * mV)
        .with("DeltaT", 2.0 * mV),
    )?;
    neurons.set("v", "EL")?;
    neurons.set("tauw", [144.0, 20.0, 144.0] * ms)?;
    neurons.set("a", [4.0, 4.0, 3.9] * nS)?;
    neurons.set("b", [0.0805, 0.5, 0.0] * nA)?;
    neurons.set("Vr", [-70.6, -45.4, -70.6] * mV)?;
    let trace = net.add(StateMonitor::new(&neurons, ["v", "w"]))?;
    let spikes = net.add(SpikeMonitor::new(&neurons))?;
    net.run(200.0 * ms)?;

    let path = std::env::args().nth(1).unwrap_or_else(|| "adex_patterns.svg".to_owned());
    let mut figure = Figure::new().size(900, 800);
    for (k, name) in ["regular spiking", "bursting", "fast spiking"].into_iter().enumerate() {
        figure = figure
            .subplot(3, 1, k + 1)
            .plot(trace.t() / ms, trace.get("v", k)? / mV)
            .title(name)
            .ylabel("v (mV)");
    }
    figure.xlabel("Time (ms)").save(&path)?;
    println!("{:?} spikes; wrote {path}", spikes.count());
    Ok(())
}
