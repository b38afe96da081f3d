//! Bad input of every kind: each refusal names the object, marks the place in the text, and says what to do.
//! Whatever was refused leaves the network as it was.

use spikelab::Result;
use spikelab::prelude::*;

/// The whole report of a refusal, which must hold all of `parts`.
#[track_caller]
fn says<T>(result: Result<T>, parts: &[&str]) {
    let Err(error) = result else { panic!("it was accepted") };
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
}

/// The mark under the text, as the report draws it.
const CARET: &str = "┬";
const HELP: &str = "Help: ";

fn group(net: &mut Network) -> NeuronGroup {
    let model = "dv/dt = (I - v)/(5*ms) : volt\nI : volt\nk : integer";
    net.add(NeuronGroup::new(3, model).threshold("v > 10*mV").reset("v = 0*mV").named("cells")).unwrap()
}

#[test]
fn malformed_texts() {
    let mut net = Network::new();
    let add = |net: &mut Network, group: NeuronGroup| net.add(group.named("cells"));
    says(
        add(&mut net, NeuronGroup::new(1, "dv/dt = (1 - v/ms : 1")),
        &["equations of cells", "not closed", CARET, HELP],
    );
    says(
        add(&mut net, NeuronGroup::new(1, "v : 1").threshold("v >")),
        &["threshold of cells", "expected a number", CARET],
    );
    says(
        add(&mut net, NeuronGroup::new(1, "v : 1").threshold("v > 1").reset("v == 0")),
        &["reset of cells", CARET, "to set a variable write `=`"],
    );
    let cells = group(&mut net);
    says(cells.set("v", "3*"), &["value of v of cells", CARET]);
    says(cells.run_regularly("v = = 0", 1.0 * ms), &["run_regularly of cells", CARET]);
    let synapses = net.add(Synapses::new(&cells, &cells).on_pre("v += 1*mV").named("links")).unwrap();
    says(
        synapses.connect(Connect::targets("k for k on range(3)")),
        &["generator of links", CARET, "without an `in`", HELP],
    );
    says(synapses.connect(Connect::condition("i =! j")), &["condition of links", CARET]);
}

#[test]
fn unknown_names() {
    let mut net = Network::new();
    says(
        net.add(NeuronGroup::new(1, "dv/dt = -v/tua : 1").with("tau", 5.0 * ms).named("cells")),
        &["equations of cells", "unknown name `tua`", "did you mean `tau`?", CARET],
    );
    says(
        net.add(NeuronGroup::new(1, "dv/dt = -v/xyz : 1").named("cells")),
        &["unknown name `xyz`", CARET, "hand its value over"],
    );
    let cells = group(&mut net);
    says(cells.get("w"), &["`cells` has no variable `w`", "its variables are"]);
    says(cells.set("I", "Imax*i"), &["value of I of cells", "`Imax`", CARET, HELP]);
    says(
        net.add(Synapses::new(&cells, &cells).on_pre("g_post += 1").named("links")),
        &["on_pre of links", "`g_post`", CARET],
    );
}

#[test]
fn wrong_dimensions() {
    let mut net = Network::new();
    says(
        net.add(NeuronGroup::new(1, "dv/dt = -v/(5*mV) : 1").named("cells")),
        &["equations of cells", "dimensions do not match", CARET, "needs"],
    );
    let cells = group(&mut net);
    says(cells.set("I", 3.0), &["in cells", "`I`", "give the value in volt"]);
    says(cells.set("I", "3*nA"), &["value of I of cells", CARET, "needs"]);
    says(
        net.add(Synapses::new(&cells, &cells).on_pre("v_post += 1").named("links")),
        &["on_pre of links", CARET, "needs"],
    );
    says(
        net.add(NeuronGroup::new(1, "v : volt\nn = v // (3*mV) : 1").named("others")),
        &["equations of others", CARET, "divides plain numbers", "divide by the unit first"],
    );
}

#[test]
fn wrong_lengths_indices_and_values() {
    let mut net = Network::new();
    let cells = group(&mut net);
    says(
        cells.set("v", [1.0, 2.0] * mV),
        &["in cells", "2 values for `v`, which has 3", "one value for all"],
    );
    says(cells.set("v", f64::NAN * mV), &["in cells", "not a number", "0/0"]);
    says(cells.set_at("v", 7, 1.0 * mV), &["in cells", "no element 7", "indices go from 0 to 2"]);
    says(cells.set_at("v", "i + 1", 1.0 * mV), &["condition", CARET, "write a comparison"]);
    assert_eq!(cells.get("v").unwrap().to_vec(), [0.0; 3], "nothing was changed");
    let synapses = net.add(Synapses::new(&cells, &cells).on_pre("v += 1*mV").named("links")).unwrap();
    says(synapses.set("delay", 1.0 * ms), &["in links", "no synapses yet", "call `connect`"]);
    says(synapses.connect(Connect::pairs(0, 9)), &["in links", "no target neuron 9", "from 0 to 2"]);
    says(synapses.connect(Connect::targets("i + 1")), &["generator of links", CARET, "skip_if_invalid"]);
    synapses.connect(Connect::all()).unwrap();
    says(synapses.set("delay", -1.0 * ms), &["`links`", "would be -0.001 s", "from 0 on"]);
    says(synapses.set("delay", "-i*ms"), &["`links`", "from 0 on"]);
    says(synapses.set_at("delay", 99, 1.0 * ms), &["in links", "no element 99"]);
    says(net.add(NeuronGroup::new(usize::MAX, "v : 1").named("many")), &["in many", "too large"]);
    let negative = Synapses::new(&cells, &cells).on_pre("v += 1*mV").delay(-1.0 * ms).named("late");
    says(net.add(negative), &["in late", "delay", "from 0 on"]);
}

#[test]
fn exact_where_it_does_not_go() {
    let mut net = Network::new();
    let mut add = |model: &str| net.add(NeuronGroup::new(1, model).method("exact").named("cells"));
    says(add("dv/dt = -v**2/ms : 1"), &["equations of cells", "not linear", CARET, "euler"]);
    says(add("dv/dt = 1/ms : 1"), &["equations of cells", "no unique steady state", CARET]);
    says(add("dx/dt = y/(5*ms) : 1\ndy/dt = -x/(5*ms) : 1"), &["oscillates", CARET, "rk4"]);
    // With a rate that has a name the solution is real.
    let named =
        NeuronGroup::new(1, "dx/dt = w*y : 1\ndy/dt = -w*x : 1").with("w", 100.0 * Hz).method("exact");
    net.add(named).unwrap();
}

#[test]
fn numbers_that_leave_all_bounds() {
    let mut net = Network::new();
    let blown = net.add(NeuronGroup::new(2, "dv/dt = v**3/ms : 1").method("euler").named("cells")).unwrap();
    blown.set_at("v", 1, 5.0).unwrap();
    says(
        net.run(100.0 * ms),
        &["`v` of neuron 1 of `cells` became", "equations of cells", CARET, "a smaller dt"],
    );
    let driven = |model: &str, on_pre: &str| {
        let mut net = Network::new();
        let source = net.add(SpikeGeneratorGroup::new(1, &[0], [1.0] * ms)).unwrap();
        let target = net.add(NeuronGroup::new(1, "v : 1")).unwrap();
        let synapses = Synapses::new(&source, &target).model(model).on_pre(on_pre).method("euler");
        let synapses = net.add(synapses.named("links")).unwrap();
        synapses.connect(Connect::all()).unwrap();
        net.run(50.0 * ms)
    };
    says(
        driven("dg/dt = g**3/ms : 1 (clock-driven)", "g += 5"),
        &["`g` of synapse 0 of `links` became", "equations of links", CARET, "a smaller dt"],
    );
    says(
        driven("da/dt = -a/ms : 1 (event-driven)", "a = 1/(a*0)"),
        &["`a` of synapse 0 of `links` became", "equations of links", CARET],
    );
}
