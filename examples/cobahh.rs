//! COBAHH: 4000 neurons of Hodgkin-Huxley type with conductance-based synapses.
//! Benchmark 3 of Brette et al., J. Comput. Neurosci. 2007; channels of Traub and Miles, 1991.

#[allow(dead_code, reason = "each example shows one of the models")]
mod models;

use spikelab::prelude::*;

fn main() -> spikelab::Result<()> {
    let mut net = Network::new().seed(1);
    let neurons = net.add(models::cobahh(4000))?;
    models::start(&neurons)?;
    models::connect(&mut net, &neurons, models::conductance_weights(), 0.02)?;
    let trace = net.add(StateMonitor::new(&neurons, "v").record([1, 10, 100]))?;
    net.run(500.0 * ms)?;

    let path = std::env::args().nth(1).unwrap_or_else(|| "cobahh.svg".to_owned());
    let mut figure = Figure::new().size(900, 420);
    for neuron in [1, 10, 100] {
        figure = figure.plot(trace.t() / ms, trace.get("v", neuron)? / mV).label(format!("neuron {neuron}"));
    }
    figure.title("COBAHH").xlabel("Time (ms)").ylabel("v (mV)").legend().save(&path)?;
    println!("wrote {path}");
    Ok(())
}
