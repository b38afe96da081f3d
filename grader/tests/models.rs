//! Grading models: what is right in other words earns the same, what is written down or wrong does not.
//! Built here as a notebook's cells would, judged by the course's own rubrics; no kernel is needed.

use std::collections::BTreeMap;
use std::path::Path;

use grader::course::{Expected, Rubric};
use grader::judge::judge;
use grader::model;
use grader::outcome::{QuestionResult, Transcript};
use spikelab::evidence::Probe;
use spikelab::prelude::*;

type Build = fn(Probe) -> spikelab::Result<Probe>;

fn rubric(exercise: &str, question: &str) -> Rubric {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../assignment/{exercise}.yaml"));
    let mut rubric = Rubric::load(&path).unwrap();
    rubric.questions.retain(|q| q.id == question);
    assert_eq!(rubric.questions.len(), 1, "{question}");
    rubric
}

struct Course {
    rubric: Rubric,
    expected: Expected,
}

impl Course {
    fn new(exercise: &str, question: &str, reference: Build) -> Self {
        let file = reference(Probe::new("n")).unwrap().file().clone();
        let id = question.to_owned();
        let expected = Expected::new(exercise, [(id.clone(), file.values)].into())
            .with_models([(id, file.models)].into());
        let course = Self { rubric: rubric(exercise, question), expected };
        let right = course.mark(reference);
        assert_eq!(right.earned, right.points, "the reference itself: {:#?}", right.checks);
        for mistake in &course.rubric.questions[0].mistakes {
            let question = &course.rubric.questions[0];
            let (models, values) =
                (&course.expected.models[&question.id], &course.expected.questions[&question.id]);
            let fault = model::mistake_fault(question, mistake, &course.expected.mistaken, models, values);
            assert_eq!(fault, None, "{}", mistake.id);
        }
        course
    }

    fn mark(&self, build: Build) -> QuestionResult {
        let file = build(Probe::new("n")).unwrap_or_else(|e| panic!("{e}")).file().clone();
        let id = self.rubric.questions[0].id.clone();
        let transcript = Transcript {
            evidence: [(id.clone(), file.values)].into(),
            models: [(id, file.models)].into(),
            ..Transcript::default()
        };
        judge(&self.rubric, &self.expected, &transcript).remove(0)
    }

    fn right(&self, what: &str, build: Build) {
        let out = self.mark(build);
        let said: Vec<_> = out.checks.iter().map(|c| (&c.id, c.earned, &c.message)).collect();
        assert_eq!(out.earned, out.points, "{what}: {said:#?}");
    }

    fn wrong(&self, what: &str, most: f64, build: Build) -> QuestionResult {
        let out = self.mark(build);
        let said: Vec<_> = out.checks.iter().map(|c| (&c.id, c.earned, &c.message)).collect();
        assert!(out.earned <= most, "{what} earns {}: {said:#?}", out.earned);
        out
    }

    fn mistaken(&self, id: &str, build: Build) {
        let out = self.mark(build);
        assert_eq!(out.mistake.map(|m| m.id).as_deref(), Some(id), "{:#?}", out.checks);
    }
}

/// The spiking neuron of exercise 1, as the pieces that differ.
fn spiking(
    probe: Probe,
    mut net: Network,
    group: NeuronGroup,
    end: impl FnOnce(&mut Network, &NeuronGroup) -> spikelab::Result<()>,
) -> spikelab::Result<Probe> {
    let group = net.add(group)?;
    let traces = net.add(StateMonitor::new(&group, "v").record(0))?;
    let spikes = net.add(SpikeMonitor::new(&group))?;
    end(&mut net, &group)?;
    Ok(probe.add("statemon_spike", &traces).add("spikemon_spike", &spikes))
}

fn run50(net: &mut Network, _: &NeuronGroup) -> spikelab::Result<()> {
    net.run(50.0 * ms)
}

fn exercise1() -> Course {
    Course::new("exercise1", "exercise1-spike", |p| {
        let group = NeuronGroup::new(1, "dv/dt = (1 - v)/tau : 1");
        let group = group.threshold("v > 0.8").reset("v = 0").method("exact").with("tau", 10.0 * ms);
        spiking(p, Network::new(), group, run50)
    })
}

#[test]
fn the_same_model_in_other_words_is_right() {
    let course = exercise1();
    let group =
        |equations: &str, threshold: &str| NeuronGroup::new(1, equations).threshold(threshold).reset("v = 0");
    let _ = group;
    course.right("sign outside", |p| {
        let g = NeuronGroup::new(1, "dv/dt = -(v - 1)/tau : 1").threshold("0.8 < v").reset("v = 0");
        spiking(p, Network::new(), g.with("tau", 0.01 * second), run50)
    });
    course.right("numbers in line", |p| {
        let g = NeuronGroup::new(1, "dv/dt = (1 - v)/(10*ms) : 1").threshold("v > 4.0/5").reset("v *= 0");
        spiking(p, Network::new(), g, run50)
    });
    course.right("a rate instead of a time constant, tau unused", |p| {
        let g = NeuronGroup::new(1, "dv/dt = (1 - v)*rate : 1").threshold("v >= level").reset("v = 0");
        let g = g.with("rate", 100.0 * Hz).with("level", 0.8).with("tau", 10.0 * ms);
        spiking(p, Network::new(), g, run50)
    });
    course.right("rk4 and a finer step", |p| {
        let g = NeuronGroup::new(1, "dv/dt = (1 - v)/tau : 1").threshold("v > 0.8").reset("v = 0");
        spiking(p, Network::new().dt(0.05 * ms), g.method("rk4").with("tau", 10.0 * ms), run50)
    });
    course.right("more variables and a subexpression", |p| {
        let g = NeuronGroup::new(1, "dv/dt = drive/tau : 1\ndrive = E - v : 1\nE : 1 (constant)");
        let g = g.threshold("v > 0.8").reset("v = 0").with("tau", 10.0 * ms);
        spiking(p, Network::new(), g, |net, g| {
            g.set("E", 1.0)?;
            net.run(50.0 * ms)
        })
    });
    course.right("run in pieces", |p| {
        let g = NeuronGroup::new(1, "dv/dt = (1 - v)/tau : 1").threshold("v > 0.8").reset("v = 0");
        spiking(p, Network::new(), g.with("tau", 10.0 * ms), |net, _| {
            (0..5).try_for_each(|_| net.run(10.0 * ms))
        })
    });
    course.right("stored and put back", |p| {
        let g = NeuronGroup::new(1, "dv/dt = (1 - v)/tau : 1").threshold("v > 0.8").reset("v = 0");
        spiking(p, Network::new(), g.with("tau", 10.0 * ms), |net, _| {
            net.store("start")?;
            net.run(20.0 * ms)?;
            net.restore("start")?;
            net.run(50.0 * ms)
        })
    });
    course.right("an operation that looks on", |p| {
        let g = NeuronGroup::new(1, "dv/dt = (1 - v)/tau : 1").threshold("v > 0.8").reset("v = 0");
        spiking(p, Network::new(), g.with("tau", 10.0 * ms), |net, _| {
            net.add(NetworkOperation::new(|_| Ok(())))?;
            net.run(50.0 * ms)
        })
    });
    course.right("one of several neurons", |p| {
        let mut net = Network::new();
        let all = net.add(
            NeuronGroup::new(4, "dv/dt = (1 - v)/tau : 1")
                .threshold("v > 0.8")
                .reset("v = 0")
                .with("tau", 10.0 * ms),
        )?;
        let one = all.slice(0..1)?;
        let traces = net.add(StateMonitor::new(&one, "v").record(0))?;
        let spikes = net.add(SpikeMonitor::new(&one))?;
        net.run(50.0 * ms)?;
        Ok(p.add("statemon_spike", &traces).add("spikemon_spike", &spikes))
    });
    course.right("monitors in two networks", |p| {
        let make = || -> spikelab::Result<(Network, NeuronGroup)> {
            let mut net = Network::new();
            let g = NeuronGroup::new(1, "dv/dt = (1 - v)/tau : 1").threshold("v > 0.8").reset("v = 0");
            let g = net.add(g.with("tau", 10.0 * ms))?;
            Ok((net, g))
        };
        let (mut a, g) = make()?;
        let traces = a.add(StateMonitor::new(&g, "v").record(0))?;
        a.run(50.0 * ms)?;
        let (mut b, g) = make()?;
        let spikes = b.add(SpikeMonitor::new(&g))?;
        b.run(50.0 * ms)?;
        Ok(p.add("statemon_spike", &traces).add("spikemon_spike", &spikes))
    });
}

#[test]
fn answers_that_are_written_down_are_not_models() {
    let course = exercise1();
    let said = course.wrong("spikes from a generator", 0.0, |p| {
        let mut net = Network::new();
        let times = [16.0, 32.1, 48.2] * ms;
        let g = net.add(SpikeGeneratorGroup::new(1, &[0, 0, 0], times))?;
        let spikes = net.add(SpikeMonitor::new(&g))?;
        net.run(50.0 * ms)?;
        Ok(p.add("spikemon_spike", &spikes))
    });
    assert!(said.checks[0].message.contains("written down"), "{}", said.checks[0].message);
    course.wrong("a table of the answer", 0.0, |p| {
        let mut net = Network::new();
        let g = NeuronGroup::new(1, "dv/dt = (1 - v)/tau : 1").threshold("v > 0.8").reset("v = 0");
        let g = net.add(g.with("tau", 10.0 * ms))?;
        let traces = net.add(StateMonitor::new(&g, "v").record(0))?;
        net.run(50.0 * ms)?;
        let table = TimedArray::new(traces.get("v", 0)?, 0.1 * ms)?;
        let g = NeuronGroup::new(1, "v = answer(t) : 1").threshold("answer(t) < answer(t - dt) and t > 1*ms");
        spiking(p, Network::new(), g.with("answer", &table), run50)
    });
    course.wrong("a formula of time", 4.0, |p| {
        let g = NeuronGroup::new(1, "v = 1 - exp(-(t % (16.1*ms))/tau) : 1")
            .threshold("(t + dt) % (16.1*ms) < dt/2")
            .with("tau", 10.0 * ms);
        spiking(p, Network::new(), g, run50)
    });
    course.wrong("an operation that does it", 0.0, |p| {
        let g = NeuronGroup::new(1, "dv/dt = 0*Hz : 1").threshold("v > 0.8").reset("v = 0");
        spiking(p, Network::new(), g, |net, _| {
            net.add(NetworkOperation::new(|step| {
                let x: f64 = (step.t() / ms).value();
                step.set("neurongroup", "v", 1.0 - (-(x % 16.1) / 10.0).exp())
            }))?;
            net.run(50.0 * ms)
        })
    });
}

#[test]
fn edited_results_are_not_reproduced() {
    let course = exercise1();
    let mut file = spiking(
        Probe::new("n"),
        Network::new(),
        NeuronGroup::new(1, "dv/dt = (1 - v)/tau : 1")
            .threshold("v > 0.7")
            .reset("v = 0")
            .with("tau", 10.0 * ms),
        run50,
    )
    .unwrap()
    .file()
    .clone();
    let id = course.rubric.questions[0].id.clone();
    // The results of the right model beside the description of a wrong one.
    file.values = course.expected.questions[&id].clone();
    let transcript = |file: spikelab::evidence::ProbeFile| Transcript {
        evidence: [(id.clone(), file.values)].into(),
        models: [(id.clone(), file.models)].into(),
        ..Transcript::default()
    };
    let out = judge(&course.rubric, &course.expected, &transcript(file.clone())).remove(0);
    assert_eq!(out.earned, 0.0, "{:#?}", out.checks);
    assert!(out.checks[0].message.contains("gives something else"), "{}", out.checks[0].message);
    file.models = spikelab::evidence::Models::default();
    let out = judge(&course.rubric, &course.expected, &transcript(file)).remove(0);
    assert_eq!(out.earned, 0.0, "no description at all: {:#?}", out.checks);
}

#[test]
fn hostile_descriptions_do_no_harm() {
    let course = exercise1();
    let id = course.rubric.questions[0].id.clone();
    let good = course.expected.models[&id].networks[0].clone().unwrap();
    let big = |from: &str, to: &str| {
        assert!(good.contains(from), "{good}");
        good.replace(from, to)
    };
    let deep = format!("{}1{}", "(".repeat(9000), ")".repeat(9000));
    for text in [
        String::new(),
        "[".repeat(100_000),
        big(r#""n":1"#, r#""n":4000000000"#),
        big(r#""duration":0.05"#, r#""duration":1e300"#),
        big(r#""dt":0.0001"#, r#""dt":1e-300"#),
        big(r#""dt":0.0001"#, r#""dt":-1"#),
        big("v > 0.8", &deep),
        big("v > 0.8", "v > (((("),
        big(r#""record":{"indices":[0]}"#, r#""record":{"indices":[4000000000]}"#),
    ] {
        let mut models = course.expected.models[&id].clone();
        models.networks[0] = Some(text.clone());
        let transcript = Transcript {
            evidence: course.expected.questions.clone(),
            models: [(id.clone(), models)].into(),
            ..Transcript::default()
        };
        let out = judge(&course.rubric, &course.expected, &transcript).remove(0);
        assert_eq!(out.earned, 0.0, "{}", text.chars().take(80).collect::<String>());
    }
}

#[test]
fn mistakes_are_named() {
    let course = exercise1();
    course.mistaken("threshold-1", |p| {
        let g = NeuronGroup::new(1, "dv/dt = (1 - v)/T : 1").threshold("1 < v").reset("v = 0");
        spiking(p, Network::new(), g.with("T", 10.0 * ms), run50)
    });
    course.mistaken("wrong-sign", |p| {
        let g = NeuronGroup::new(1, "dv/dt = (v - 1)/tau : 1").threshold("v > 0.8").reset("v = 0");
        spiking(p, Network::new(), g.with("tau", 10.0 * ms), run50)
    });
    let out = course.mark(|p| {
        let g = NeuronGroup::new(1, "dv/dt = (1 - v)/tau : 1").threshold("v > 0.71").reset("v = 0");
        spiking(p, Network::new(), g.with("tau", 10.0 * ms), run50)
    });
    assert_eq!(out.mistake, None, "not one of the list");
}

/// The hundred neurons of exercise 2.
fn hundred(
    probe: Probe,
    group: NeuronGroup,
    drive: impl FnOnce(&NeuronGroup) -> spikelab::Result<()>,
) -> spikelab::Result<Probe> {
    let mut net = Network::new();
    let neurons = net.add(group)?;
    let spikes = net.add(SpikeMonitor::new(&neurons))?;
    drive(&neurons)?;
    net.run(1.0 * second)?;
    Ok(probe.add("neurons", &neurons).add("spikemon", &spikes))
}

fn neuron(equations: &str) -> NeuronGroup {
    NeuronGroup::new(100, equations)
        .threshold("v > 1")
        .reset("v = 0")
        .with("tau", 10.0 * ms)
        .with("v0_max", 3.0)
}

const HUNDRED: &str = "dv/dt = (v0 - v)/tau : 1 (unless refractory)\nv0 : 1";

#[test]
fn a_hundred_neurons() {
    let course = Course::new("exercise2", "exercise2-network", |p| {
        hundred(p, neuron(HUNDRED).refractory(5.0 * ms).method("exact"), |g| g.set("v0", "i*v0_max/(N-1)"))
    });
    course.right("numbers from Rust", |p| {
        let v0: Vec<f64> = (0..100).map(|k| 3.0 * f64::from(k) / 99.0).collect();
        hundred(p, neuron(HUNDRED).refractory(5.0 * ms), |g| g.set("v0", v0))
    });
    course.right("a rest of half a time constant", |p| {
        hundred(p, neuron(HUNDRED).refractory("tau/2"), |g| g.set("v0", "3.0*i/99"))
    });
    course.right("v0 as a formula of the index", |p| {
        let equations =
            "dv/dt = (v0 - v)/tau : 1 (unless refractory)\nv0 = v0_max*i/(N - 1) : 1 (constant over dt)";
        hundred(p, neuron(equations).refractory(5.0 * ms), |_| Ok(()))
    });
    course.mistaken("no-refractory", |p| hundred(p, neuron(HUNDRED), |g| g.set("v0", "i*v0_max/(N-1)")));
    course.mistaken("v0-by-n", |p| {
        hundred(p, neuron(HUNDRED).refractory(5.0 * ms), |g| g.set("v0", "v0_max*i/N"))
    });
    course.mistaken("climbs-while-resting", |p| {
        let equations = "dv/dt = (v0 - v)/tau : 1\nv0 : 1";
        hundred(p, neuron(equations).refractory(5.0 * ms), |g| g.set("v0", "i*v0_max/(N-1)"))
    });
}

fn ring(probe: Probe, connect: Connect, delay: &str) -> spikelab::Result<Probe> {
    let mut net = Network::new();
    let neurons = net.add(
        NeuronGroup::new(10, "dv/dt = -v/tau : 1")
            .threshold("v > 1")
            .reset("v = 0")
            .method("exact")
            .with("tau", 10.0 * ms),
    )?;
    let synapses = net.add(Synapses::new(&neurons, &neurons).on_pre("v_post += 1.5"))?;
    synapses.connect(connect)?;
    if !delay.is_empty() {
        synapses.set("delay", delay)?;
    }
    let spikes = net.add(SpikeMonitor::new(&neurons))?;
    neurons.set_at("v", 0, 2.0)?;
    net.run(50.0 * ms)?;
    Ok(probe.add("synapses_ring", &synapses).add("spikemon_ring", &spikes))
}

#[test]
fn a_ring() {
    let course = Course::new("exercise4", "exercise4-ring", |p| {
        ring(p, Connect::condition("j == (i + 1) % N_post"), "2*ms")
    });
    course.right("ten in line", |p| ring(p, Connect::condition("(i+1)%10 == j"), "0.002*second"));
    course.right("pairs one by one", |p| {
        ring(p, Connect::pairs([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]), "2*ms")
    });
    course.right("a generator", |p| ring(p, Connect::targets("(i + 1) % N_post"), "2*ms"));
    course.mistaken("no-delay", |p| ring(p, Connect::condition("j == (i + 1) % N_post"), ""));
    course.mistaken("open", |p| ring(p, Connect::condition("j == i + 1"), "2*ms"));
}

fn random(probe: Probe, n: usize, seed: u64, connect: Connect) -> spikelab::Result<Probe> {
    let mut net = Network::new().seed(seed);
    let neurons = net.add(NeuronGroup::new(n, "v : 1"))?;
    let synapses = net.add(Synapses::new(&neurons, &neurons))?;
    synapses.connect(connect)?;
    Ok(probe.add("synapses", &synapses))
}

#[test]
fn random_wires_are_judged_by_their_rule() {
    let course = Course::new("exercise4", "exercise4-random", |p| {
        random(p, 10, 2, Connect::condition("i != j").p(0.2))
    });
    course.right("another seed", |p| random(p, 10, 77, Connect::condition("j != i").p("1.0/5")));
    course.right("a generator", |p| {
        random(p, 10, 5, Connect::targets("k for k in sample(N_post, p=0.2) if k != i"))
    });
    course.wrong("p = 0.27 gives a likely number here", 2.0, |p| {
        random(p, 10, 3, Connect::condition("i != j").p(0.27))
    });
    course.wrong("pairs written down", 0.0, |p| {
        let (i, j): (Vec<usize>, Vec<usize>) = (0..10)
            .flat_map(|i| (0..10).map(move |j| (i, j)))
            .filter(|(i, j)| i != j && (i * 7 + j * 3 + i * j) % 5 == 0)
            .unzip();
        random(p, 10, 1, Connect::pairs(i, j))
    });
}

#[test]
fn variations_change_the_reference() {
    let course = exercise1();
    let question = &course.rubric.questions[0];
    let checks: Vec<_> = question.checks.iter().filter(|c| c.is_modelled()).collect();
    for check in &question.checks {
        if let grader::course::CheckSpec::Model(m) = check {
            let values: &BTreeMap<_, _> = &course.expected.questions[&question.id];
            let faults = model::variation_faults(m, &checks, &course.expected.models[&question.id], values);
            assert!(faults.is_empty(), "{faults:?}");
        }
    }
}
