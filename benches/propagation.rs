//! Spikes across synapses: what one synaptic event costs, by kind of statement, delay and learning.
//! Ten of 4000 neurons spike in each step, 80 synapses each.

#![expect(missing_docs, reason = "the function that criterion's macro makes")]

mod timing;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use spikelab::prelude::*;

const N: usize = 4000;
const STEPS: usize = 1000;
const SPIKES: usize = 10;

fn network(model: &str, on_pre: &str, on_post: Option<&str>, delay: &str) -> spikelab::Result<Network> {
    let mut net = Network::new().seed(1);
    // A stride that reaches everybody, so that no row is in the cache by chance.
    let indices: Vec<usize> = (0..SPIKES * STEPS).map(|k| k * 1237 % N).collect();
    let times: Vec<f64> = (0..SPIKES * STEPS).map(|k| 1e-4 * (k / SPIKES) as f64).collect();
    let source = net.add(SpikeGeneratorGroup::new(N, &indices, times * second))?;
    let target = net.add(NeuronGroup::new(N, "x : 1").threshold("False"))?;
    let mut synapses = Synapses::new(&source, &target).model(model).on_pre(on_pre);
    if let Some(code) = on_post {
        synapses = synapses.on_post(code);
    }
    let synapses = net.add(synapses)?;
    synapses.connect(Connect::all().p(80.0 / N as f64))?;
    if !delay.is_empty() {
        synapses.set("delay", delay)?;
    }
    net.store("start")?;
    Ok(net)
}

fn propagation(c: &mut Criterion) {
    const STDP: &str = "w : 1
        dApre/dt = -Apre/(20*ms) : 1 (event-driven)
        dApost/dt = -Apost/(20*ms) : 1 (event-driven)";
    const LEARN: &str = "x_post += w\nApre += 0.01\nw = clip(w + Apost, 0, 1)";
    let mut all = c.benchmark_group("propagation");
    all.throughput(Throughput::Elements((SPIKES * 80 * STEPS) as u64));
    all.sample_size(20);
    let kinds = [
        ("a number", "", "x_post += 0.1", None, ""),
        ("a weight", "w : 1", "x_post += w", None, ""),
        ("a weight, 50 delays", "w : 1", "x_post += w", None, "rand()*5*ms"),
        ("a computed sum", "w : 1", "x_post += w*exp(-w)", None, ""),
        ("a conductance", "w : 1", "x_post += w*(1 - x_post)", None, ""),
        ("stdp", STDP, LEARN, Some("Apost -= 0.01\nw = clip(w + Apre, 0, 1)"), ""),
    ];
    for (name, model, on_pre, on_post, delay) in kinds {
        let mut net = network(model, on_pre, on_post, delay).unwrap_or_else(|error| panic!("{error}"));
        let duration = 1e-4 * STEPS as f64 * second;
        all.bench_function(name, |bencher| {
            bencher.iter_custom(|count| {
                let prepare = |net: &mut Network| net.restore("start").unwrap();
                timing::each(count, &mut net, prepare, |net| net.run(duration).unwrap())
            });
        });
    }
    all.finish();
}

criterion_group!(benches, propagation);
criterion_main!(benches);
