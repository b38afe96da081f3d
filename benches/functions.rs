//! What the functions of the model language cost, for one number of many: statements over 4000 neurons, as a step runs them.
//! The same by a plain loop over Rust's own functions for the two that models live on.

#![expect(missing_docs, reason = "the function that criterion's macro makes")]

mod timing;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use spikelab::prelude::*;

const N: usize = 4000;
const STEPS: usize = 100;

fn functions(c: &mut Criterion) {
    let mut all = c.benchmark_group("functions");
    all.throughput(Throughput::Elements((N * STEPS) as u64));
    let functions =
        ["x + y", "x/y", "exp(x)", "exprel(x)", "log(y)", "sin(x)", "tanh(x)", "y**x", "rand()", "randn()"];
    for text in functions {
        let mut net = Network::new().seed(1);
        let mut add = || -> spikelab::Result<()> {
            let group = net.add(NeuronGroup::new(N, "x : 1\ny : 1\nz : 1"))?;
            group.set("x", "randn()")?;
            group.set("y", "1 + rand()")?;
            group.run_regularly(format!("z = {text}"), 0.1 * ms)
        };
        add().unwrap_or_else(|error| panic!("{error}"));
        let duration = 1e-4 * STEPS as f64 * second;
        all.bench_function(text, |bencher| {
            bencher
                .iter_custom(|count| timing::each(count, &mut net, |_| (), |net| net.run(duration).unwrap()));
        });
    }
    let x: Vec<f64> = (0..N).map(|k| (k as f64).sin()).collect();
    for (name, f) in [("exp by Rust's own", f64::exp as fn(f64) -> f64), ("tanh by Rust's own", f64::tanh)] {
        let mut z = vec![0.0; N];
        all.bench_function(name, |bencher| {
            bencher.iter_custom(|count| {
                let pass = |z: &mut Vec<f64>| z.iter_mut().zip(&x).for_each(|(z, x)| *z = f(*x));
                timing::each(
                    count,
                    &mut z,
                    |_| (),
                    |z| (0..STEPS).for_each(|_| pass(std::hint::black_box(z))),
                )
            });
        });
    }
    all.finish();
}

criterion_group!(benches, functions);
criterion_main!(benches);
