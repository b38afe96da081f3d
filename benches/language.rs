//! From the text of a model to its first step: reading, checking, compiling. There is no other wait before a run.
//! Whole networks of four neurons, so that next to nothing else is done.

#![expect(missing_docs, reason = "the function that criterion's macro makes")]

#[path = "../examples/models/mod.rs"]
#[allow(dead_code, reason = "only its groups are used here")]
mod models;
mod timing;

use criterion::{Criterion, criterion_group, criterion_main};
use spikelab::prelude::*;

type Make = fn() -> NeuronGroup;

fn language(c: &mut Criterion) {
    let mut all = c.benchmark_group("language");
    let groups: [(&str, Make); 4] = [
        ("leaky", || {
            NeuronGroup::new(4, "dv/dt = -v/(10*ms) : 1").threshold("v > 1").reset("v = 0").method("exact")
        }),
        ("cuba", || models::cuba(4)),
        ("coba", || models::coba(4)),
        ("cobahh", || models::cobahh(4)),
    ];
    for (name, group) in groups {
        let first_step = |_: &mut ()| {
            let run = || -> spikelab::Result<()> {
                let mut net = Network::new();
                net.add(group())?;
                net.run(0.1 * ms)
            };
            run().unwrap_or_else(|error| panic!("{error}"));
        };
        all.bench_function(format!("{name} to its first step"), |bencher| {
            bencher.iter_custom(|count| timing::each(count, &mut (), |()| (), first_step));
        });
    }
    all.bench_function("equations of cobahh read", |bencher| {
        let group = models::cobahh(4);
        let read = |_: &mut ()| {
            let mut net = Network::new();
            net.add(group.clone()).unwrap_or_else(|error| panic!("{error}"));
        };
        bencher.iter_custom(|count| timing::each(count, &mut (), |()| (), read));
    });
    all.finish();
}

criterion_group!(benches, language);
criterion_main!(benches);
