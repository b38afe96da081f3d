//! Connections from a description: by chance, by a condition, by a generator. Processor time for one synapse made.
//! `cargo run --release --example bench -- connect` measures ten million and their memory.

#![expect(missing_docs, reason = "the function that criterion's macro makes")]

mod timing;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use spikelab::prelude::*;

const N: usize = 4000;

type Way = fn() -> Connect;

fn synapses(net: &mut Option<(Network, Synapses)>) {
    let mut new = Network::new().seed(1);
    let add = |net: &mut Network| -> spikelab::Result<Synapses> {
        let group = net.add(NeuronGroup::new(N, "v : 1"))?;
        net.add(Synapses::new(&group, &group))
    };
    let made = add(&mut new).unwrap_or_else(|error| panic!("{error}"));
    *net = Some((new, made));
}

fn connect(c: &mut Criterion) {
    let mut all = c.benchmark_group("connect");
    all.sample_size(20);
    let ways: [(&str, Way); 8] = [
        ("all pairs with p = 0.02", || Connect::all().p(0.02)),
        ("i != j with p = 0.02", || Connect::condition("i != j").p(0.02)),
        ("i < 3200 with p = 0.02", || Connect::condition("i < 3200").p(0.02)),
        ("i == j", || Connect::condition("i == j")),
        ("abs(i - j) < 10 and i != j", || Connect::condition("abs(i - j) < 10 and i != j")),
        ("i//40 == j//40", || Connect::condition("i//40 == j//40")),
        ("(i + j) % 50 == 0", || Connect::condition("(i + j) % 50 == 0")),
        ("k for k in range(i - 9, i + 10)", || {
            Connect::targets("k for k in range(i - 9, i + 10)").skip_if_invalid()
        }),
    ];
    for (name, way) in ways {
        let mut net = None;
        synapses(&mut net);
        let make = |net: &mut Option<(Network, Synapses)>| {
            if let Some((_, synapses)) = net {
                synapses.connect(way()).unwrap_or_else(|error| panic!("{error}"));
            }
        };
        make(&mut net);
        let made = net.as_ref().map_or(0, |(_, synapses)| synapses.len());
        all.throughput(Throughput::Elements(made as u64));
        all.bench_function(name, |bencher| {
            bencher.iter_custom(|count| timing::each(count, &mut net, synapses, make));
        });
    }
    all.finish();
}

criterion_group!(benches, connect);
criterion_main!(benches);
