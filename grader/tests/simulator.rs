//! Networks simulated again in processes of their own: the same numbers, and an end to whatever is hostile.
//! The program itself is started here, as it starts itself.

use std::path::Path;

use grader::model::{Failure, Simulator};
use spikelab::description::{NetworkDescription, Operation};
use spikelab::evidence::ToEvidence;
use spikelab::prelude::*;

fn simulator() -> Simulator {
    Simulator::new(Path::new(env!("CARGO_BIN_EXE_grader")))
}

/// Neurons that fire at random times, and what they gave.
fn network() -> (Network, SpikeMonitor) {
    let mut net = Network::new().seed(9);
    let model = "dv/dt = (1.2 - v)/(10*ms) + 0.1*xi*ms**-0.5 : 1";
    let group = NeuronGroup::new(20, model).threshold("v > 1").reset("v = 0").method("euler");
    let group = net.add(group).unwrap();
    let spikes = net.add(SpikeMonitor::new(&group).named("spikes")).unwrap();
    net.run(100.0 * ms).unwrap();
    (net, spikes)
}

/// A network that was never built: neurons with some variables each, for some seconds.
fn hostile(neurons: usize, variables: usize, seconds: f64) -> NetworkDescription {
    let mut net = Network::new();
    let model: Vec<String> = (0..variables).map(|k| format!("dv{k}/dt = -v{k}/second : 1")).collect();
    net.add(NeuronGroup::new(1, model.join("\n").as_str())).unwrap();
    let mut description = net.description();
    for operation in &mut description.script {
        if let Operation::AddNeuronGroup(group) = operation {
            group.n = neurons;
        }
    }
    description.script.push(Operation::Run { duration: seconds });
    description
}

#[test]
fn a_process_gives_the_same_bits() {
    let (net, spikes) = network();
    let simulator = simulator();
    for _ in 0..3 {
        let again = simulator.simulate(&net.description(), &["spikes".into()]).unwrap();
        assert_eq!(again["spikes"], spikes.to_evidence());
    }
}

#[test]
fn what_never_ends_or_takes_too_much_memory_costs_a_process_and_nothing_else() {
    let simulator = simulator().with_limits(0.5, 400 << 20);
    let (net, spikes) = network();
    for _ in 0..2 {
        assert_eq!(simulator.simulate(&hostile(100, 1, 1e6), &[]), Err(Failure::TooSlow));
        let large = simulator.simulate(&hostile(1_000_000, 80, 1e-4), &[]);
        assert!(matches!(&large, Err(Failure::TooLarge(what)) if what.contains("400 MB")), "{large:?}");
        let again = simulator.simulate(&net.description(), &["spikes".into()]).unwrap();
        assert_eq!(again["spikes"], spikes.to_evidence());
    }
}

#[test]
fn processes_end_with_the_grader_and_refuse_what_is_no_job() {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_grader"))
        .args(["simulate", "1000000000"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"no job at all").unwrap();
    assert!(child.wait_with_output().unwrap().stdout.is_empty());
}
