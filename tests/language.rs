//! Constructs of the model language that the goldens do not reach: closures, files, switches, summaries.
//! Randomness is checked by its distribution, and by what must not change it.

use std::time::Duration;

use spikelab::description::{NetworkDescription, Selection};
use spikelab::prelude::*;
use spikelab::{Side, UserFunction};

#[test]
fn random_numbers_do_not_depend_on_other_objects() {
    let noisy = "dv/dt = -v/(10*ms) + (10*ms)**-0.5*xi : 1";
    let build = |crowd: bool| {
        let mut net = Network::new().seed(11);
        if crowd {
            net.add(NeuronGroup::new(7, noisy).named("other")).unwrap();
            net.add(PoissonGroup::new(30, 100.0 * Hz).named("noise")).unwrap();
        }
        let group =
            net.add(NeuronGroup::new(20, noisy).named("G").threshold("v > 0.5").reset("v = 0")).unwrap();
        group.set("v", "rand()").unwrap();
        let synapses = net.add(Synapses::new(&group, &group).named("S").on_pre("v += 0.01")).unwrap();
        synapses.connect(Connect::condition("i != j").p(0.3)).unwrap();
        net.run(20.0 * ms).unwrap();
        (group.get("v").unwrap().to_vec(), synapses.i(), synapses.j())
    };
    assert_eq!(build(false), build(true));
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn distributions_are_those_that_they_claim_to_be() {
    let mut net = Network::new().seed(5);
    let n = 4000;
    let group = net.add(NeuronGroup::new(n, "u : 1\ng : 1\np : 1\nx : 1")).unwrap();
    group.set("u", "rand()").unwrap();
    group.set("g", "randn()").unwrap();
    group.set("p", "poisson(3)").unwrap();
    let moments = |name: &str| {
        let v = group.get(name).unwrap().to_vec();
        let mean = v.iter().sum::<f64>() / n as f64;
        (mean, v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64)
    };
    for (name, mean, variance) in [("u", 0.5, 1.0 / 12.0), ("g", 0.0, 1.0), ("p", 3.0, 3.0)] {
        let (m, v) = moments(name);
        // Five standard errors of a mean of 4000.
        assert!((m - mean).abs() < 5.0 * (variance / n as f64).sqrt(), "{name}: {m}");
        assert!((v / variance - 1.0).abs() < 0.15, "{name}: {v}");
    }
    net.add(PoissonInput::new(&group, "x", 100, 20.0 * Hz, 1.0)).unwrap();
    let input = net.add(PoissonGroup::new(2000, "20*Hz*(1 + int(t > 50*ms))")).unwrap();
    let spikes = net.add(SpikeMonitor::new(&input)).unwrap();
    net.run(100.0 * ms).unwrap();
    let (m, v) = moments("x");
    assert!((m - 200.0).abs() < 1.2 && (v / 199.6 - 1.0).abs() < 0.15, "{m} {v}");
    // 20 Hz, then 40 Hz: 6000 spikes on average, with a deviation of 77.
    assert!((5600..6400).contains(&spikes.num_spikes()), "{}", spikes.num_spikes());
}

#[test]
fn stratonovich_noise_has_the_mean_that_it_should() {
    // dx = x*xi: the mean of x grows as exp(sigma**2 t/2) in Stratonovich's sense.
    for method in ["heun", "milstein"] {
        let mut net = Network::new().seed(3);
        let group =
            net.add(NeuronGroup::new(20_000, "dx/dt = x*xi*(50*ms)**-0.5 : 1").method(method)).unwrap();
        group.set("x", 1.0).unwrap();
        net.run(20.0 * ms).unwrap();
        let mean = group.get("x").unwrap().mean();
        assert!((mean - (0.2_f64).exp()).abs() < 0.04, "{method}: {mean}");
    }
    let mut net = Network::new();
    let error = net.add(NeuronGroup::new(1, "dx/dt = x*xi*(5*ms)**-0.5 : 1").method("euler")).unwrap_err();
    assert!(error.to_string().contains("heun"), "{error}");
    let error = net.add(NeuronGroup::new(1, "dx/dt = xi*(5*ms)**-0.5 : 1").method("rk4")).unwrap_err();
    assert!(error.to_string().contains("cannot integrate noise"), "{error}");
    assert!(net.add(NeuronGroup::new(1, "x = xi*ms**0.5 : 1")).is_err());
}

#[test]
fn closures_take_part_in_equations_and_steps() {
    let mut net = Network::new();
    net.add_function(
        UserFunction::new("larger", |x: &[f64]| x[0].max(x[1]))
            .argument(1.0 * mV)
            .argument(1.0 * mV)
            .result(1.0 * mV),
    )
    .unwrap();
    let group = net.add(NeuronGroup::new(3, "v : volt\nw = larger(v, i*mV) : volt").named("G")).unwrap();
    group.set("v", 1.0 * mV).unwrap();
    assert_eq!(group.get("w").unwrap().to_vec(), [1e-3, 1e-3, 2e-3]);
    assert!(
        net.add(NeuronGroup::new(1, "w = larger(1, 2) : 1")).unwrap_err().to_string().contains("voltage")
    );
    net.add(NetworkOperation::new(|step| {
        if step.t() > 0.45 * ms {
            step.stop();
        }
        step.set_at("G", "v", "i == 1", step.get("G", "v")?.at(1).unwrap() + 1.0 * mV)
    }))
    .unwrap();
    net.run(5.0 * ms).unwrap();
    assert!((net.t().value() - 0.6e-3).abs() < 1e-12, "{}", net.t());
    assert!((group.get("v").unwrap()[1] - 7e-3).abs() < 1e-12);
}

#[test]
fn a_handle_used_within_a_step_is_an_error_and_not_a_standstill() {
    let mut net = Network::new();
    let group = net.add(NeuronGroup::new(1, "v : 1")).unwrap();
    let inside = group.clone();
    net.add(NetworkOperation::new(move |_| inside.set("v", 1.0))).unwrap();
    let error = net.run(1.0 * ms).unwrap_err();
    assert!(error.to_string().contains("by name"), "{error}");
    assert_eq!(group.get("v").unwrap()[0], 0.0);
}

#[test]
fn states_survive_files_and_trials_differ() {
    let build = || {
        let mut net = Network::new().seed(1);
        let group = net
            .add(
                NeuronGroup::new(5, "dv/dt = 0.2/ms + ms**-0.5*xi*0.1 : 1").threshold("v > 1").reset("v = 0"),
            )
            .unwrap();
        let spikes = net.add(SpikeMonitor::new(&group)).unwrap();
        let synapses = net.add(Synapses::new(&group, &group).on_pre("v += 0.1").delay(2.0 * ms)).unwrap();
        synapses.connect(Connect::all()).unwrap();
        (net, group, spikes)
    };
    let (mut net, group, spikes) = build();
    net.run(7.0 * ms).unwrap();
    let path = std::env::temp_dir().join(format!("spikelab-state-{}.json", std::process::id()));
    net.store_to_file(&path).unwrap();
    net.store("here").unwrap();
    let trial = |net: &mut Network| {
        net.run(10.0 * ms).unwrap();
        (spikes.t().to_vec(), group.get("v").unwrap().to_vec())
    };
    let first = trial(&mut net);
    net.restore("here").unwrap();
    assert_ne!(trial(&mut net), first, "another trial has other numbers");
    net.restore_with_random_state("here").unwrap();
    assert_eq!(trial(&mut net), first);
    let (other, group, spikes) = build();
    other.restore_from_file(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(other.t(), 7.0 * ms);
    assert!(!spikes.i().is_empty() && group.get("v").is_ok());
    assert!(net.restore("hare").unwrap_err().to_string().contains("did you mean `here`?"));
}

#[test]
fn switches_clocks_and_summaries() {
    let mut net = Network::new();
    let group = net
        .add(
            NeuronGroup::new(2, "dv/dt = 1/ms : 1\nc = v + 1 : 1 (constant over dt)").named("G").dt(0.5 * ms),
        )
        .unwrap();
    let other =
        net.add(NeuronGroup::new(2, "dv/dt = 1/ms : 1\nx : 1 (linked)\ns : 1 (shared)").named("H")).unwrap();
    assert!(net.run(1.0 * ms).unwrap_err().to_string().contains("not linked"));
    other.link_by("x", &group, "v", &[1, 1]).unwrap();
    other.set("s", 3.0).unwrap();
    other.set_active(false).unwrap();
    net.enable_profiling();
    let mut told = Vec::new();
    net.run_reporting(2.0 * ms, Duration::ZERO, |p| told.push(p.completed)).unwrap();
    assert_eq!((told.first(), told.last()), (Some(&0.0), Some(&1.0)));
    assert_eq!(group.get("v").unwrap().to_vec(), [2.0, 2.0]);
    assert_eq!(other.get("v").unwrap().to_vec(), [0.0, 0.0]);
    assert_eq!(other.get("x").unwrap().to_vec(), [2.0, 2.0]);
    assert_eq!(other.get("s").unwrap().to_vec(), [3.0]);
    let bar = {
        let mut text = String::new();
        net.run_reporting(0.5 * ms, Duration::ZERO, |p| text = p.to_string()).unwrap();
        text
    };
    assert!(bar.starts_with("[##############################] 100 % of 500 us"), "{bar}");
    let count = net.add(StateMonitor::new(&group, "v").named("off")).unwrap();
    net.set_active("off", false).unwrap();
    net.run(1.0 * ms).unwrap();
    net.set_active("off", true).unwrap();
    net.run(1.0 * ms).unwrap();
    assert_eq!(count.t().len(), 2, "two steps of half a millisecond while it was on");
    assert!(net.set_active("of", false).unwrap_err().to_string().contains("did you mean `off`?"));
    let table = net.scheduling_summary().unwrap();
    assert!(
        table.contains("G_stateupdater") && table.contains("500 us") && !table.contains("H_stateupdater"),
        "{table}"
    );
    assert!(net.profiling_summary().iter().any(|(name, _)| name == "G_stateupdater"));
    assert!(net.methods().unwrap()["G"] == "euler");
}

#[test]
fn everything_described_builds_again() {
    let mut net = Network::new().seed(9);
    net.set_constant("tau", 8.0 * ms).unwrap();
    let table = TimedArray::rows(vec![vec![0.0, 1.0], vec![2.0, 0.5]], 1.0, 3.0 * ms).unwrap();
    let group = net
        .add(
            NeuronGroup::new(2, "dv/dt = (I(t, i) + s - v)/tau : 1\ns : 1")
                .named("G")
                .threshold("v > 0.6")
                .reset("v = 0")
                .event("low", "v < 0.1")
                .run_on_event("low", "v += 0.01")
                .with("I", &table),
        )
        .unwrap();
    group.run_regularly("v += 0.02*rand()", 1.0 * ms).unwrap();
    let input =
        net.add(SpikeGeneratorGroup::new(1, &[0, 0], [1.0, 2.0] * ms).named("P").period(3.0 * ms)).unwrap();
    let synapses = net
        .add(
            Synapses::new(&input, &group.slice(1..2).unwrap())
                .named("S")
                .model("w : 1\ndx/dt = -x/(5*ms) : 1 (clock-driven)\ns_post = x : 1 (summed)")
                .pathway("up", Side::Pre, "w += 0.1; x += w")
                .pathway("down", Side::Post, "w *= 0.5")
                .pathway_delay("up", 0.3 * ms)
                .multisynaptic_index("k"),
        )
        .unwrap();
    synapses.connect(Connect::all().n(2)).unwrap();
    synapses.set_at("up.delay", "k == 1", 0.7 * ms).unwrap();
    net.add(StateMonitor::new(&synapses, ["w", "x"]).named("M").dt(0.2 * ms)).unwrap();
    net.add(SpikeMonitor::of_event(&group, "low").named("L").variables("v")).unwrap();
    net.add(PopulationRateMonitor::new(&group).named("R")).unwrap();
    net.store("a").unwrap();
    net.run(9.0 * ms).unwrap();
    net.restore("a").unwrap();
    net.run(5.0 * ms).unwrap();
    let text = serde_yaml::to_string(&net.description()).unwrap();
    let again =
        Network::from_description(&serde_yaml::from_str::<NetworkDescription>(&text).unwrap()).unwrap();
    for (object, variable) in [("G", "v"), ("S", "w"), ("S", "x"), ("S", "up.delay"), ("G", "s")] {
        let read = |net: &Network| net.values(object, variable, &Selection::All).unwrap().to_vec();
        assert_eq!(read(&again), read(&net), "{object}.{variable}");
        assert!(read(&net).iter().any(|v| *v != 0.0), "{object}.{variable} is zero throughout");
    }
    let events = |net: &Network| net.spike_monitor("L").unwrap().values("v").unwrap().to_vec();
    assert_eq!(events(&again), events(&net));
    assert_eq!(net.values("S", "k", &Selection::All).unwrap().to_vec(), [0.0, 1.0]);
}

#[test]
fn mistakes_say_what_to_do() {
    let mut net = Network::new();
    let blown = net.add(NeuronGroup::new(2, "dv/dt = v**3/ms : 1").method("euler")).unwrap();
    blown.set("v", 5.0).unwrap();
    let error = net.run(100.0 * ms).unwrap_err().to_string();
    assert!(error.contains("became") && error.contains("smaller dt"), "{error}");
    let mut net = Network::new();
    let group = net.add(NeuronGroup::new(2, "v : 1\nw : volt").threshold("v > 1").reset("v = 0")).unwrap();
    let says = |result: Result<(), spikelab::Error>, part: &str| {
        let text = result.unwrap_err().to_string();
        assert!(text.contains(part), "{text}");
    };
    says(group.set("v", f64::NAN), "not a number");
    says(group.set("w", "3"), "voltage");
    says(group.set_at("v", 5, 1.0), "indices go from 0 to 1");
    says(group.slice(1..5).map(drop), "no part from 1 to 5");
    says(net.add(StateMonitor::new(&group, "v").when("strat", 0)).map(drop), "did you mean `start`?");
    says(net.add(SpikeMonitor::of_event(&group, "spice")).map(drop), "did you mean `spike`?");
    says(
        net.add(Synapses::new(&group, &group).on_pre("v += 1").pathway_delay("pro", 1.0 * ms)).map(drop),
        "no pathway `pro`",
    );
    let synapses = net.add(Synapses::new(&group, &group).on_pre("v += 1")).unwrap();
    synapses.connect(Connect::all()).unwrap();
    says(synapses.set("delay", -1.0 * ms), "a time from 0 on");
    says(synapses.connect(Connect::targets("i + 1")).map(drop), "no target neuron 2");
    says(synapses.connect(Connect::targets("k for k in rnage(3)")).map(drop), "`range(…)` or `sample(…)`");
    says(
        net.add(Synapses::new(&group, &group).model("z_post = v_pre : 1 (summed)")).map(drop),
        "no variable `z`",
    );
}
