//! Brian2's words, one test for each row of the README's table, and the errors that a wrong word must give.
//! Numbers are those that follow from the rules; Brian2's own stand in `tests/brian2`.

use spikelab::evidence::{Evidence, ToEvidence};
use spikelab::prelude::*;
use spikelab::{ErrorKind, Result};

fn leaky(net: &mut Network, n: usize) -> Result<NeuronGroup> {
    net.add(
        NeuronGroup::new(n, "dv/dt = (v0 - v)/tau : 1 (unless refractory)\nv0 : 1\nlag : second")
            .threshold("v > 1")
            .reset("v = 0")
            .with("tau", 10.0 * ms)
            .with("v0_max", 3.0),
    )
}

/// The message of the error, whole, and its kind.
fn refusal<T: std::fmt::Debug>(result: Result<T>) -> (ErrorKind, String) {
    let error = result.unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn variables_are_set_from_numbers_lists_units_and_expressions() -> Result<()> {
    let group = leaky(&mut Network::new(), 4)?;
    group.set("v0", 2.0)?;
    assert_eq!(group.get("v0")?.to_vec(), [2.0; 4]);
    group.set("v0", [2.0, 0.0, 0.0, 1.0])?;
    assert_eq!(group.get("v0")?.to_vec(), [2.0, 0.0, 0.0, 1.0]);
    group.set("lag", [1.0, 2.0, 3.0, 4.0] * ms)?;
    assert_eq!((group.get("lag")? / ms).to_vec(), [1.0, 2.0, 3.0, 4.0]);
    group.set("lag", 0)?;
    group.set("v0", "i*v0_max/(N-1)")?;
    assert_eq!(group.get("v0")?.to_vec(), [0.0, 1.0, 2.0, 3.0]);
    group.set_at("v0", "i > 1", "v0 + 10")?;
    group.set_at("v0", 0, -1.0)?;
    assert_eq!(group.get("v0")?.to_vec(), [-1.0, 1.0, 12.0, 13.0]);
    Ok(())
}

#[test]
fn wrong_values_are_refused_and_change_nothing() -> Result<()> {
    let group = leaky(&mut Network::new(), 4)?;
    let (kind, text) = refusal(group.set("lag", 5.0));
    assert!(kind == ErrorKind::Dimension && text.contains("plain number"), "{text}");
    assert_eq!(refusal(group.set("v0", [1.0, 2.0])).0, ErrorKind::Shape);
    assert!(refusal(group.set("v1", 1.0)).1.contains("did you mean `v"));
    assert_eq!(refusal(group.set("i", 1.0)).0, ErrorKind::Value);
    assert_eq!(refusal(group.set_at("v0", 9, 1.0)).0, ErrorKind::Index);
    assert_eq!(refusal(group.set("v0", "____")).0, ErrorKind::Blank);
    assert_eq!(refusal(group.set("v0", 10.0 * ms + 1.0 * mV)).0, ErrorKind::Dimension);
    assert_eq!(group.get("v0")?.to_vec(), [0.0; 4]);
    Ok(())
}

#[test]
fn models_are_refused_where_they_are_added() {
    let add = |equations: &str, threshold: &str, reset: &str| {
        let group = NeuronGroup::new(2, equations).threshold(threshold).reset(reset).with("tau", 10.0 * ms);
        refusal(Network::new().add(group))
    };
    let good = "dv/dt = -v/tau : 1";
    let cases = [
        (add("dv/dt = -v/tua : 1", "v > 1", "v = 0"), ErrorKind::UnknownName, "did you mean `tau`?"),
        (add("dv/dt = -v/rate : 1", "v > 1", "v = 0"), ErrorKind::UnknownName, "hand its value over"),
        (add("dv/dt = (-v/tau : 1", "v > 1", "v = 0"), ErrorKind::Syntax, "bracket"),
        (add("dv/dt = ____ : 1", "v > 1", "v = 0"), ErrorKind::Blank, "not filled in"),
        (add("dv/dt = -v : 1", "v > 1", "v = 0"), ErrorKind::Dimension, "rate (Hz)"),
        (add("dv/dt = -v/tau : volt", "v > 1", "v = 0*mV"), ErrorKind::Dimension, "voltage (volt)"),
        (add(good, "v", "v = 0"), ErrorKind::Type, "comparison"),
        (add(good, "v > 1", "v == 0"), ErrorKind::Syntax, "expected"),
        (add(good, "v > 1", "w = 0"), ErrorKind::UnknownName, "`w`"),
    ];
    for ((kind, text), expected, words) in cases {
        assert!(kind == expected && text.contains(words), "{expected:?}, {words}: {kind:?}\n{text}");
        assert!(text.contains('┬') || text.contains('│'), "the place is marked:\n{text}");
    }
    let late = NeuronGroup::new(1, "dv/dt = -v/tau : 1").method("exat").with("tau", 1.0 * ms);
    assert!(refusal(Network::new().add(late)).1.contains("did you mean `exact`?"));
    let group = NeuronGroup::new(1, "v : 1").threshold("v > 1").refractory(5.0);
    assert!(refusal(Network::new().add(group)).1.contains(".refractory(5.0*ms)"));
}

#[test]
fn a_refractory_period_holds_the_neuron_for_its_time() -> Result<()> {
    let intervals = |refractory: f64| -> Result<f64> {
        let mut net = Network::new();
        let group = net.add(
            NeuronGroup::new(1, "dv/dt = (2 - v)/(10*ms) : 1 (unless refractory)")
                .threshold("v > 1")
                .reset("v = 0")
                .refractory(refractory * ms),
        )?;
        let spikes = net.add(SpikeMonitor::new(&group))?;
        net.run(60.0 * ms)?;
        let t = (spikes.t() / ms).to_vec();
        Ok(t[1] - t[0])
    };
    // 70 steps from reset to threshold; a period of R steps adds R - 1, as in Brian2.
    assert!((intervals(0.0)? - 7.0).abs() < 1e-9);
    assert!((intervals(5.0)? - 11.9).abs() < 1e-9);
    Ok(())
}

#[test]
fn monitors_record_the_state_before_each_step() -> Result<()> {
    let mut net = Network::new();
    let group = net.add(NeuronGroup::new(3, "dv/dt = 1*Hz : 1\ntwice = 2*v : 1"))?;
    let some = net.add(StateMonitor::new(&group, ["v", "twice"]).record([0, 2]))?;
    let all = net.add(StateMonitor::new(&group, "v").record_all())?;
    net.run(0.2 * ms)?;
    net.run(0.1 * ms)?;
    assert_eq!((some.t() / ms).len(), 3);
    let v = some.get("v", 2)?.to_vec();
    assert!(v[0] == 0.0 && (v[2] - 2e-4).abs() < 1e-15, "{v:?}");
    assert!((some.get("twice", 0)?[1] - 2e-4).abs() < 1e-15);
    assert_eq!(refusal(some.get("v", 1)).0, ErrorKind::Index);
    assert_eq!(refusal(some.get("w", 0)).0, ErrorKind::UnknownName);
    assert_eq!(all.get("v", 1)?.len(), 3);
    Ok(())
}

#[test]
fn synapses_carry_spikes_with_weight_and_delay() -> Result<()> {
    let mut net = Network::new();
    let source = net.add(NeuronGroup::new(1, "dv/dt = 1000*Hz : 1").threshold("v > 0.95").reset("v = 0"))?;
    let target = net.add(NeuronGroup::new(3, "v : 1"))?;
    let synapses = net.add(Synapses::new(&source, &target).model("w : 1").on_pre("v += w"))?;
    assert_eq!(refusal(synapses.set("w", 1.0)).0, ErrorKind::Value, "no synapses yet");
    assert_eq!(synapses.connect(Connect::pairs(0, [1, 2]))?, 2);
    synapses.set("w", "j*0.2")?;
    synapses.set("delay", "j*2*ms")?;
    assert_eq!((synapses.i(), synapses.j()), (vec![0, 0], vec![1, 2]));
    // Spikes at 0.9, 1.9, … 4.9 ms: within 5 ms three arrive over 2 ms and one over 4 ms.
    net.run(5.0 * ms)?;
    let v = target.get("v")?.to_vec();
    assert_eq!(v[0], 0.0);
    assert!((v[1] - 3.0 * 0.2).abs() < 1e-12 && (v[2] - 0.4).abs() < 1e-12, "{v:?}");
    assert_eq!(refusal(synapses.connect(Connect::pairs(0, 3))).0, ErrorKind::Index);
    assert_eq!(refusal(synapses.connect(Connect::all().p(2.0))).0, ErrorKind::Value);
    Ok(())
}

#[test]
fn statements_that_read_what_they_set_run_synapse_by_synapse() -> Result<()> {
    // Each synapse fills half of the room that is left: 0.5, 0.75, 0.875.
    let mut net = Network::new();
    let source = net.add(NeuronGroup::new(3, "v : 1").threshold("t < 0.05*ms"))?;
    let target = net.add(NeuronGroup::new(1, "g : 1"))?;
    let synapses = net.add(Synapses::new(&source, &target).on_pre("g_post += 0.5*(1 - g_post)"))?;
    synapses.connect(Connect::all())?;
    net.run(0.1 * ms)?;
    assert_eq!(target.get("g")?.to_vec(), [0.875]);
    Ok(())
}

#[test]
fn a_seed_decides_what_chance_does() -> Result<()> {
    let wired = |seed: u64| -> Result<Evidence> {
        let mut net = Network::new().seed(seed);
        let group = net.add(NeuronGroup::new(30, "v : 1").threshold("v > 1"))?;
        let synapses = net.add(Synapses::new(&group, &group).model("w : 1"))?;
        synapses.connect(Connect::condition("i != j").p(0.2))?;
        synapses.set("w", "rand()")?;
        Ok(synapses.to_evidence())
    };
    assert_eq!(wired(4)?, wired(4)?);
    assert_ne!(wired(4)?, wired(5)?);
    let Evidence::Connectivity { i, j, .. } = wired(4)? else { panic!("synapses are connections") };
    assert!(i.iter().zip(&j).all(|(i, j)| i != j));
    assert!((120..230).contains(&i.len()), "{} of 870 pairs", i.len());
    Ok(())
}

#[test]
fn a_network_owns_what_was_added_to_it() -> Result<()> {
    let (mut one, mut other) = (Network::new(), Network::new());
    let described = NeuronGroup::new(1, "v : 1");
    assert_eq!(refusal(described.get("v")).0, ErrorKind::Detached);
    let group = one.add(described)?;
    assert_eq!(refusal(other.add(SpikeMonitor::new(&group))).0, ErrorKind::Detached);
    assert_eq!(refusal(other.add(Synapses::new(&group, &group))).0, ErrorKind::Detached);
    assert_eq!(refusal(one.add(group.clone())).0, ErrorKind::Detached);
    assert_eq!(refusal(one.run(50.0)).0, ErrorKind::Dimension);
    assert_eq!(refusal(Network::new().dt(0.1).run(1.0 * ms)).0, ErrorKind::Dimension);
    let named = one.add(NeuronGroup::new(1, "v : 1").named("cells"))?;
    assert_eq!((group.name(), named.name()), ("neurongroup", "cells"));
    assert_eq!(refusal(one.add(NeuronGroup::new(1, "v : 1").named("cells"))).0, ErrorKind::Value);
    Ok(())
}

#[test]
fn figures_show_a_mistake_instead_of_a_wrong_picture() -> Result<()> {
    let mut net = Network::new();
    let group = net.add(NeuronGroup::new(1, "dv/dt = -v/(10*ms) : 1"))?;
    let monitor = net.add(StateMonitor::new(&group, "v").record(0))?;
    net.run(1.0 * ms)?;
    assert!(Figure::new().plot(monitor.t() / ms, monitor.get("v", 0)).to_svg()?.contains("<svg"));
    let seconds = refusal(Figure::new().plot(monitor.t(), monitor.get("v", 0)).to_svg());
    assert!(seconds.0 == ErrorKind::Dimension && seconds.1.contains("divide by"), "{}", seconds.1);
    assert_eq!(
        refusal(Figure::new().plot(monitor.t() / ms, monitor.get("v", 3)).to_svg()).0,
        ErrorKind::Index
    );
    Ok(())
}
