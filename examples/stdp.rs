//! Spike-timing dependent plasticity drives the weights of a neuron's inputs to both ends of their range.
//! Song, Miller and Abbott, Nature Neuroscience 2000; parameters as in Brian2's example.

use spikelab::prelude::*;

fn main() -> spikelab::Result<()> {
    const GMAX: f64 = 0.01;
    let mut net = Network::new().seed(3);
    let input = net.add(PoissonGroup::new(1000, 15.0 * Hz))?;
    let neuron = net.add(
        NeuronGroup::new(
            1,
            "dv/dt = (ge*(Ee - v) + El - v)/(10*ms) : volt
             dge/dt = -ge/(5*ms) : 1",
        )
        .threshold("v > -54*mV")
        .reset("v = -60*mV")
        .method("euler")
        .with("Ee", 0.0 * mV)
        .with("El", -74.0 * mV),
    )?;
    neuron.set("v", -60.0 * mV)?;
    let synapses = net.add(
        Synapses::new(&input, &neuron)
            .model(
                "w : 1
                 dApre/dt = -Apre/taupre : 1 (event-driven)
                 dApost/dt = -Apost/taupost : 1 (event-driven)",
            )
            .on_pre(
                "ge += w
                 Apre += dApre
                 w = clip(w + Apost, 0, gmax)",
            )
            .on_post(
                "Apost += dApost
                 w = clip(w + Apre, 0, gmax)",
            )
            .with("taupre", 20.0 * ms)
            .with("taupost", 20.0 * ms)
            .with("gmax", GMAX)
            .with("dApre", 0.01 * GMAX)
            .with("dApost", -0.0105 * GMAX),
    )?;
    synapses.connect(Connect::all())?;
    synapses.set("w", "rand()*gmax")?;
    let weights = net.add(StateMonitor::new(&synapses, "w").record([0, 1, 2]).dt(100.0 * ms))?;
    let rate = net.add(PopulationRateMonitor::new(&neuron))?;
    net.run(50.0 * second)?;

    let path = std::env::args().nth(1).unwrap_or_else(|| "stdp.svg".to_owned());
    let final_weights = synapses.get("w")?.to_vec();
    let mut counts = vec![0.0; 20];
    for w in &final_weights {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 19")]
        let bin = (w / GMAX * 19.999) as usize;
        counts[bin] += 1.0;
    }
    let bins: Vec<f64> = (0..20).map(|k| (f64::from(k) + 0.5) / 20.0).collect();
    let mut figure = Figure::new()
        .size(900, 700)
        .subplot(2, 2, 1)
        .scatter(
            (0..1000).collect::<Vec<i32>>(),
            final_weights.iter().map(|w| w / GMAX).collect::<Vec<f64>>(),
        )
        .xlabel("Synapse")
        .ylabel("w/gmax")
        .subplot(2, 2, 2)
        .plot(bins, counts)
        .xlabel("w/gmax")
        .ylabel("Synapses")
        .subplot(2, 2, 3);
    for synapse in 0..3 {
        let w: Vec<f64> = weights.get("w", synapse)?.to_vec().iter().map(|w| w / GMAX).collect();
        figure = figure.plot(weights.t() / second, w);
    }
    figure
        .xlabel("Time (s)")
        .ylabel("w/gmax")
        .subplot(2, 2, 4)
        .plot(rate.t() / second, rate.smooth_rate(&Window::Gaussian, 500.0 * ms)? / Hz)
        .xlabel("Time (s)")
        .ylabel("Rate (Hz)")
        .save(&path)?;
    let weak = final_weights.iter().filter(|w| **w < 0.2 * GMAX).count();
    println!("{weak} of 1000 synapses are weak; wrote {path}");
    Ok(())
}
