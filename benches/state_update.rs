//! State update, threshold, reset and refractoriness of 4000 neurons, beside the same model written by hand in Rust.
//! Processor time for one step of one neuron; `benches/README.md` has the ratios.

#![expect(missing_docs, reason = "the function that criterion's macro makes")]

#[path = "../examples/models/mod.rs"]
#[allow(dead_code, reason = "only its groups are used here")]
mod models;
mod native;
mod timing;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use native::{Coba, CobaEuler, CobaHh, Cuba, Lif, Model, Neurons};
use spikelab::prelude::*;

const N: usize = 4000;
const STEPS: usize = 3000;

fn lif() -> NeuronGroup {
    NeuronGroup::new(N, "dv/dt = (drive - v)/tau : 1")
        .threshold("v > 1")
        .reset("v = 0")
        .method("exact")
        .with("tau", 10.0 * ms)
        .with("drive", Lif::DRIVE)
}

/// The model by the library and by hand, from the same state, over and over again.
fn pair<M: Model>(
    c: &mut Criterion,
    name: &str,
    group: NeuronGroup,
    variables: &[&str],
    start: &[(&str, &str)],
) {
    let mut net = Network::new().seed(1);
    let run = |net: &mut Network| -> spikelab::Result<Vec<Vec<f64>>> {
        let group = net.add(group)?;
        for (variable, text) in start {
            group.set(variable, *text)?;
        }
        let columns: spikelab::Result<Vec<_>> =
            variables.iter().map(|v| Ok(group.get(v)?.to_vec())).collect();
        net.store("start")?;
        columns
    };
    let columns = run(&mut net).unwrap_or_else(|error| panic!("{error}"));
    let mut all = c.benchmark_group(format!("state_update/{name}"));
    all.throughput(Throughput::Elements((N * STEPS) as u64));
    let duration = 1e-4 * STEPS as f64 * second;
    all.bench_function("spikelab", |bencher| {
        bencher.iter_custom(|count| {
            timing::each(
                count,
                &mut net,
                |net| net.restore("start").unwrap(),
                |net| net.run(duration).unwrap(),
            )
        });
    });
    all.bench_function("by hand", |bencher| {
        bencher.iter_custom(|count| {
            let mut neurons = Neurons::<M>::new(columns.clone());
            timing::each(
                count,
                &mut neurons,
                |neurons| *neurons = Neurons::new(columns.clone()),
                |neurons| neurons.run(STEPS),
            )
        });
    });
    all.finish();
}

fn state_update(c: &mut Criterion) {
    let (three, six) = (["v", "ge", "gi"], ["v", "m", "n", "h", "ge", "gi"]);
    let conductances = [("v", "El + rand()*5*mV"), ("ge", "rand()*40*nS"), ("gi", "rand()*200*nS")];
    pair::<Lif>(c, "lif", lif(), &["v"], &[("v", "rand()")]);
    pair::<Cuba>(c, "cuba", models::cuba(N), &three, &[("v", "Vr + rand() * (Vt - Vr)")]);
    pair::<Coba>(c, "coba", models::coba(N), &three, &conductances);
    pair::<CobaEuler>(c, "coba_euler", models::coba(N).method("euler"), &three, &conductances);
    pair::<CobaHh>(c, "cobahh", models::cobahh(N), &six, &conductances);
}

criterion_group!(benches, state_update);
criterion_main!(benches);
