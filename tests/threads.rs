//! However many threads a network runs on, its results are the same to the last bit.
//! Every task is shared here however small it is, and cut anywhere, so that small networks show it.

#[path = "../examples/models/mod.rs"]
mod models;

use proptest::prelude::*;
use spikelab::prelude::*;

/// What a model left: names, and the bits of all numbers.
type Trace = Vec<(String, Vec<u64>)>;

fn bits(x: impl IntoIterator<Item = f64>) -> Vec<u64> {
    x.into_iter().map(f64::to_bits).collect()
}

/// The same model on one thread and on others.
fn same_on_all(what: &str, model: &dyn Fn(Network) -> spikelab::Result<Trace>) {
    let run = |threads: usize| {
        let net = Network::new().seed(5);
        if threads > 1 {
            net.share_always(threads);
        }
        model(net).unwrap()
    };
    let alone = run(1);
    let is_alive = |x: &Vec<u64>| x.iter().any(|b| f64::from_bits(*b) != 0.0);
    for (name, x) in &alone {
        assert!(is_alive(x), "{what}: {name} is zero, which shows nothing");
    }
    for threads in [2, 3, 5] {
        for ((name, one), (_, other)) in alone.iter().zip(run(threads)) {
            assert_eq!(one.len(), other.len(), "{what}: {name} on {threads} threads");
            let first = one.iter().zip(&other).position(|(a, b)| a != b);
            assert_eq!(first, None, "{what}: {name} on {threads} threads");
        }
    }
}

/// Everything of a group and its spikes.
fn traces(group: &NeuronGroup, variables: &[&str], spikes: &SpikeMonitor) -> spikelab::Result<Trace> {
    let mut all = vec![
        (
            "spikes: i".to_owned(),
            bits(spikes.i().iter().map(|i| f64::from(u32::try_from(*i).unwrap()) + 1.0)),
        ),
        ("spikes: t".to_owned(), bits(spikes.t().to_vec())),
    ];
    for variable in variables {
        all.push(((*variable).to_owned(), bits(group.get(variable)?.to_vec())));
    }
    Ok(all)
}

fn recurrent(
    mut net: Network,
    group: NeuronGroup,
    weights: (Quantity, Quantity),
    duration: Quantity,
) -> spikelab::Result<Trace> {
    let group = net.add(group)?;
    if group.get("El").is_err() && weights.0.dimension() == nS.dimension() {
        models::start(&group)?;
    } else {
        group.set("v", "Vr + rand() * (Vt - Vr)")?;
    }
    models::connect(&mut net, &group, weights, 0.1)?;
    let spikes = net.add(SpikeMonitor::new(&group))?;
    net.run(duration)?;
    traces(&group, &["v", "ge", "gi"], &spikes)
}

#[test]
fn networks_of_the_examples() {
    same_on_all("cuba", &|net| recurrent(net, models::cuba(1003), models::cuba_weights(), 60.0 * ms));
    same_on_all("coba", &|net| recurrent(net, models::coba(803), models::conductance_weights(), 60.0 * ms));
    same_on_all("cobahh", &|net| {
        recurrent(net, models::cobahh(401), models::conductance_weights(), 30.0 * ms)
    });
}

#[test]
fn brunels_network_with_its_inputs_and_delays() {
    same_on_all("brunel", &|mut net| {
        let group = NeuronGroup::new(605, "dv/dt = -v/tau : volt (unless refractory)")
            .threshold("v>20*mV")
            .reset("v = 10*mV")
            .refractory(2.0 * ms)
            .method("exact")
            .with("tau", 20.0 * ms);
        let group = net.add(group)?;
        group.set("v", "rand()*20*mV")?;
        net.add(PoissonInput::new(&group, "v", 100, 120.0 * Hz, 0.1 * mV))?;
        let synapses =
            net.add(Synapses::new(&group, &group).model("w : volt").on_pre("v_post += w").delay(1.5 * ms))?;
        synapses.connect(Connect::all().p(0.1))?;
        synapses.set("w", "0.1*mV*rand()")?;
        let spikes = net.add(SpikeMonitor::new(&group))?;
        net.run(80.0 * ms)?;
        traces(&group, &["v"], &spikes)
    });
}

#[test]
fn plastic_synapses_with_chance_on_both_sides() {
    same_on_all("stdp", &|mut net| {
        let input = net.add(PoissonGroup::new(1203, 40.0 * Hz))?;
        let group = NeuronGroup::new(7, "dv/dt = (ge - v)/(10*ms) : 1\ndge/dt = -ge/(5*ms) : 1");
        let group = net.add(group.threshold("v - 0.01*ge > 3").reset("v = 0").method("euler"))?;
        let synapses = Synapses::new(&input, &group)
            .model(
                "w : 1
                 dx/dt = (w - x)/(30*ms) : 1 (clock-driven)
                 dApre/dt = -Apre/(20*ms) : 1 (event-driven)
                 dApost/dt = -Apost/(20*ms) : 1 (event-driven)",
            )
            .on_pre("ge_post += w\nApre += 0.0001\nw = clip(w + Apost, 0, 1)")
            .on_post("Apost -= 0.000105\nw = clip(w + Apre, 0, 1)");
        let synapses = net.add(synapses)?;
        synapses.connect(Connect::all().p(0.8))?;
        synapses.set("w", "rand() * 0.1")?;
        synapses.set("delay", "rand() * 3*ms")?;
        let spikes = net.add(SpikeMonitor::new(&group))?;
        net.run(60.0 * ms)?;
        let mut all = traces(&group, &["v", "ge"], &spikes)?;
        all.push(("w".to_owned(), bits(synapses.get("w")?.to_vec())));
        all.push(("x".to_owned(), bits(synapses.get("x")?.to_vec())));
        Ok(all)
    });
}

#[test]
fn several_groups_with_noise_links_and_refractoriness_that_is_computed() {
    same_on_all("noise", &|mut net| {
        let drive = NeuronGroup::new(303, "dx/dt = -x/(10*ms) + 0.5*xi/(10*ms)**0.5 : 1");
        let drive = net.add(drive.threshold("x > 1").reset("x = 0").method("euler").named("drive"))?;
        let group = NeuronGroup::new(
            303,
            "dv/dt = (1.5 + x_in - v)/tau : 1 (unless refractory)
             x_in : 1 (linked)
             wait : second
             tau : second (constant)",
        );
        // Named so that it comes before what it looks at.
        let group = group.threshold("v > 1 + 0.1*x_in").reset("v = 0").refractory("wait").named("a");
        let group = net.add(group.method("euler"))?;
        group.link("x_in", &drive, "x")?;
        group.set("wait", "rand()*5*ms")?;
        group.set("tau", "10*ms + rand()*10*ms")?;
        group.run_regularly("wait = clip(wait + 0.1*ms*randn(), 0*ms, 9*ms)", 1.0 * ms)?;
        let synapses = net.add(Synapses::new(&group, &drive).model("w : 1").on_pre("x_post += w*v_pre"))?;
        // Rows whose targets do not go up.
        let (i, j): (Vec<usize>, Vec<usize>) = (0..1200).map(|k| (k / 4, (k * 7919) % 303)).unzip();
        synapses.connect(Connect::pairs(i, j))?;
        synapses.set("w", "0.01*rand()")?;
        let spikes = net.add(SpikeMonitor::new(&group))?;
        let state = net.add(StateMonitor::new(&drive, "x").record([0, 100, 302]))?;
        net.run(30.0 * ms)?;
        net.run(20.0 * ms)?;
        let mut all = traces(&group, &["v", "wait", "lastspike"], &spikes)?;
        all.push(("x".to_owned(), bits(drive.get("x")?.to_vec())));
        all.push(("recorded".to_owned(), bits(state.get("x", 100)?.to_vec())));
        Ok(all)
    });
}

/// Sums, resets and inputs may wait for the next state update; nobody who looks in between may see that.
#[test]
fn what_waits_is_there_for_all_who_look() {
    type Look = fn(&mut Network, &NeuronGroup, &NeuronGroup) -> spikelab::Result<Option<StateMonitor>>;
    let looks: [(&str, Look); 8] = [
        ("nobody", |_, _, _| Ok(None)),
        ("a monitor at the end of each step", |net, a, _| {
            Ok(Some(net.add(StateMonitor::new(a, ["v", "g"]).record([0, 7, 150]).when("end", 0))?))
        }),
        ("a monitor between resets and others", |net, a, _| {
            Ok(Some(net.add(StateMonitor::new(a, ["v", "g"]).record([0, 7, 150]).when("resets", -1))?))
        }),
        ("an operation in the middle", |net, _, _| {
            let operation = NetworkOperation::new(|step| {
                let v = step.get("a", "v")?.to_vec().iter().sum::<f64>();
                step.set("b", "extra", v * 0.001)
            });
            net.add(operation.when("synapses", 5))?;
            Ok(None)
        }),
        ("a link", |_, a, b| {
            b.link("seen", a, "g")?;
            Ok(None)
        }),
        ("code that reads a link", |_, a, b| {
            b.link("seen", a, "v")?;
            b.run_regularly("extra = 0.01*seen", 0.3 * ms)?;
            Ok(None)
        }),
        ("an input of a part", |net, a, _| {
            net.add(PoissonInput::new(&a.slice(10..90)?, "g", 10, 300.0 * Hz, 0.2))?;
            Ok(None)
        }),
        ("an input of all, and a slower clock", |net, a, b| {
            net.add(PoissonInput::new(a, "g", 10, 300.0 * Hz, 0.2))?;
            b.run_regularly("g = g*0.9", 0.5 * ms)?;
            Ok(None)
        }),
    ];
    for (what, look) in looks {
        same_on_all(what, &|mut net| {
            let group = |name: &str, reset: &str| {
                NeuronGroup::new(
                    160,
                    "dv/dt = (1.2 + g + 0.1*seen + extra - v)/(8*ms) : 1 (unless refractory)
                     dg/dt = -g/(4*ms) : 1
                     seen : 1 (linked)
                     extra : 1",
                )
                .threshold("v > 1")
                .reset(reset)
                .refractory(2.0 * ms)
                .method("euler")
                .named(name)
            };
            let a = net.add(group("a", "v = 0.1*rand()\ng += 0.05"))?;
            // A reset that looks at what decides on refractoriness does not wait.
            let b = net.add(group("b", "v = 0.1*int(t - lastspike < 50*ms)"))?;
            let still = net.add(NeuronGroup::new(160, "x : 1").named("still"))?;
            a.link("seen", &still, "x")?;
            b.link("seen", &still, "x")?;
            a.set("v", "rand()")?;
            b.set("v", "rand()")?;
            let mut synapses = Vec::new();
            for (from, to, delay) in [(&a, &b, 0.0), (&b, &a, 0.4), (&a, &a, 1.1), (&b, &b, 0.0)] {
                let s = Synapses::new(from, to).model("w : 1").on_pre("g_post += w");
                let s = net.add(s)?;
                s.connect(Connect::all().p(0.3))?;
                s.set("w", "0.04*rand() - 0.01")?;
                s.set("delay", delay * ms)?;
                synapses.push(s);
            }
            // Weights that change while sums wait.
            synapses[0].run_regularly("w = w*0.99", 1.0 * ms)?;
            let monitor = look(&mut net, &a, &b)?;
            let spikes = net.add(SpikeMonitor::new(&a))?;
            let others = net.add(SpikeMonitor::new(&b).variables(["v"]))?;
            net.run(21.3 * ms)?;
            net.run(20.0 * ms)?;
            let mut all = traces(&a, &["v", "g", "lastspike"], &spikes)?;
            all.extend(traces(&b, &["v", "g", "lastspike"], &others)?);
            all.push(("v at spikes".to_owned(), bits(others.values("v")?.to_vec())));
            if let Some(monitor) = monitor {
                all.push(("recorded v".to_owned(), bits(monitor.get("v", 7)?.to_vec())));
                all.push(("recorded g".to_owned(), bits(monitor.get("g", 150)?.to_vec())));
            }
            Ok(all)
        });
    }
}

/// How rows are cut is kept from run to run as long as synapses are the same, and so are the results.
#[test]
fn what_is_kept_between_runs_is_no_older_than_the_synapses() {
    same_on_all("runs", &|mut net| {
        let group = net.add(models::cuba(303))?;
        group.set("v", "Vr + rand() * (Vt - Vr)")?;
        let synapses = net.add(Synapses::new(&group, &group).on_pre("ge_post += 0.5*mV"))?;
        synapses.connect(Connect::all().p(0.05))?;
        net.run(10.0 * ms)?;
        synapses.connect(Connect::condition("abs(i - j) < 4"))?;
        let spikes = net.add(SpikeMonitor::new(&group))?;
        net.run(10.0 * ms)?;
        net.store("more")?;
        net.run(10.0 * ms)?;
        net.restore("more")?;
        net.run(10.0 * ms)?;
        synapses.set("delay", "rand()*ms")?;
        net.run(10.0 * ms)?;
        net.restore("more")?;
        net.run(10.0 * ms)?;
        traces(&group, &["v", "ge"], &spikes)
    });
}

#[test]
fn exact_integration_with_parameters_of_each_neuron() {
    same_on_all("exact", &|mut net| {
        let equations = "dv/dt = (u - v)/tau : 1 (unless refractory)\ndu/dt = (I - u)/(2*tau) - 0.1*v/ms : 1\nI : 1\ntau : second";
        let group = NeuronGroup::new(211, equations).threshold("v > 0.5").reset("v = 0\nu *= 0.5");
        let group = net.add(group.refractory(1.0 * ms).method("exact"))?;
        group.set("I", "3 + 2*rand()")?;
        group.set("tau", "5*ms + rand()*10*ms")?;
        let spikes = net.add(SpikeMonitor::new(&group))?;
        net.run(30.0 * ms)?;
        traces(&group, &["v", "u"], &spikes)
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any size, any number of threads, synapses in any order.
    #[test]
    fn any_network(n in 1_usize..700, threads in 2_usize..6, seed in 0_u64..99, delayed in any::<bool>(), weighted in any::<bool>(),
                   pairs in prop::collection::vec((0_usize..9999, 0_usize..9999), 1..300)) {
        let run = |threads: usize| {
            let mut net = Network::new().seed(seed);
            if threads > 1 { net.share_always(threads); }
            let group = NeuronGroup::new(n, "dv/dt = (1.5 - v)/(8*ms) + 0.1*xi/(8*ms)**0.5 : 1 (unless refractory)");
            let group = net.add(group.threshold("v > 1").reset("v = 0").refractory(1.0 * ms).method("euler")).unwrap();
            group.set("v", "rand()").unwrap();
            let code = if weighted { "v_post += w" } else { "v_post += 0.01" };
            let synapses = net.add(Synapses::new(&group, &group).model("w : 1").on_pre(code)).unwrap();
            let (i, j): (Vec<usize>, Vec<usize>) = pairs.iter().map(|(i, j)| (i % n, j % n)).unzip();
            synapses.connect(Connect::pairs(i, j)).unwrap();
            synapses.set("w", "0.1*rand()").unwrap();
            if delayed { synapses.set("delay", "rand()*1*ms").unwrap(); }
            let spikes = net.add(SpikeMonitor::new(&group)).unwrap();
            net.run(15.0 * ms).unwrap();
            traces(&group, &["v"], &spikes).unwrap()
        };
        prop_assert_eq!(run(1), run(threads));
    }
}

#[test]
fn a_number_of_threads_that_makes_no_sense_is_refused() {
    for wrong in [0, 1025, usize::MAX] {
        let error = Network::new().set_threads(wrong).unwrap_err().to_string();
        assert!(error.contains(&format!("cannot run on {wrong} threads")), "{error}");
        assert!(error.contains("from 1 to 1024"), "{error}");
        let mut net = Network::new().threads(wrong);
        assert!(net.run(1.0 * ms).unwrap_err().to_string().contains("threads"));
    }
    let mut net = Network::new().threads(64);
    net.add(NeuronGroup::new(3, "dv/dt = -v/ms : 1")).unwrap();
    net.run(1.0 * ms).unwrap();
}

#[test]
fn a_function_that_panics_does_not_hang_the_others() {
    let mut net = Network::new();
    net.share_always(3);
    net.add_function(
        spikelab::UserFunction::new("f", |x| {
            assert!(x[0] < 0.5, "too much");
            x[0]
        })
        .argument(1.0),
    )
    .unwrap();
    let group = net.add(NeuronGroup::new(2000, "dv/dt = (f(v) + 1)/(10*ms) : 1").method("euler")).unwrap();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| net.run(10.0 * ms)));
    assert!(result.is_err() || result.is_ok_and(|r| r.is_err()));
    assert!(group.get("v").unwrap().to_vec()[0] > 0.0);
}
