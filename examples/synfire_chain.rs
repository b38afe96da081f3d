//! A volley of spikes travels down a chain of ten groups and stays together.
//! Diesmann, Gewaltig and Aertsen, Nature 1999; parameters as in Brian2's example of the paper.

use spikelab::prelude::*;

fn main() -> spikelab::Result<()> {
    let mut net = Network::new().seed(1);
    net.set_constant("group_size", 100.0)?;
    let chain = net.add(
        NeuronGroup::new(
            1000,
            "dV/dt = (-(V - Vr) + x)/(10*ms) : volt
             dx/dt = (-x + y)/taupsp : volt
             dy/dt = -y/taupsp + 25.27*mV/ms + 39.24*mV/ms**0.5*xi : volt",
        )
        .threshold("V > -55*mV")
        .reset("V = Vr")
        .refractory(1.0 * ms)
        .method("euler")
        .with("Vr", -70.0 * mV)
        .with("taupsp", 0.325 * ms),
    )?;
    chain.set("V", "Vr + rand()*15*mV")?;
    // 85 spikes around 50 ms, as from a bell curve one millisecond wide.
    let times: Vec<f64> = (0..85)
        .map(|k| {
            let share = (f64::from(k) + 0.5) / 85.0;
            50.0 + (share / (1.0 - share)).ln() / 1.7
        })
        .collect();
    let input = net.add(SpikeGeneratorGroup::new(85, &(0..85).collect::<Vec<_>>(), times * ms))?;
    let links = net.add(Synapses::new(&chain, &chain).on_pre("y += 4.86*mV").delay(5.0 * ms))?;
    links.connect(Connect::targets(
        "k for k in range((int(i/group_size) + 1)*group_size, (int(i/group_size) + 2)*group_size) if i < N_pre - group_size",
    ))?;
    let start =
        net.add(Synapses::new(&input, &chain.slice(0..100)?).on_pre("y += 4.86*mV").delay(5.0 * ms))?;
    start.connect(Connect::all())?;
    let spikes = net.add(SpikeMonitor::new(&chain))?;
    net.run(150.0 * ms)?;

    let path = std::env::args().nth(1).unwrap_or_else(|| "synfire_chain.svg".to_owned());
    raster(&spikes).title("A synfire chain of ten groups").size(800, 500).save(&path)?;
    println!("{} spikes; wrote {path}", spikes.num_spikes());
    Ok(())
}
