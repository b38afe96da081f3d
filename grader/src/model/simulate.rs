//! Simulates a description from a student's process: first its size is looked at, then everything in it is done again.
//! In the program this happens in a process of its own (`simulator`), whose end costs one network and nothing else.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};
use spikelab::description::{NetworkDescription, Operation};
use spikelab::evidence::{Evidence, ToEvidence};
use spikelab::{ErrorKind, Network};

use super::memory::remembered;
use super::size::{MOST_SYNAPSES, limits};
use super::{script, simulator};

/// Values of the objects that were asked for, by their names.
pub(super) type Values = BTreeMap<String, Evidence>;

/// Why a network could not be simulated again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// It holds functions of the student's, which are no data.
    Undescribed(String),
    /// It is larger than what is simulated again.
    TooLarge(String),
    /// It took longer than it may.
    TooSlow,
    /// The library refuses it, so it cannot have run in a notebook either.
    Refused(String),
}

/// True for an answer that does not depend on how fast and how large the machine is.
pub(super) const fn lasts<T>(answer: &Result<T, Failure>) -> bool {
    matches!(answer, Ok(_) | Err(Failure::Undescribed(_) | Failure::Refused(_)))
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Undescribed(what) => write!(f, "it uses {what}, which cannot be written down as data"),
            Self::TooLarge(what) => write!(f, "it is too large: {what}"),
            Self::TooSlow => f.write_str("it takes too long"),
            Self::Refused(why) => f.write_str(why),
        }
    }
}

/// Values of the named objects after everything in the description was done again.
///
/// # Errors
/// A description that is too large, takes too long, or is refused by the library.
pub(super) fn simulate(description: &NetworkDescription, wanted: &[String]) -> Result<Values, Failure> {
    remembered("values", &(description, wanted), lasts, || anew(description, wanted))
}

/// The same without remembering it.
pub(super) fn anew(description: &NetworkDescription, wanted: &[String]) -> Result<Values, Failure> {
    limits(description)?;
    match simulator::installed() {
        Some(simulator) => simulator.simulate(description, wanted),
        None => here(description, wanted),
    }
}

/// The same in this process and without limits of time and memory.
pub(super) fn here(description: &NetworkDescription, wanted: &[String]) -> Result<Values, Failure> {
    catch_unwind(AssertUnwindSafe(|| again(description, wanted)))
        .unwrap_or_else(|_| Err(Failure::Refused("the simulation broke down".into())))
}

fn again(description: &NetworkDescription, wanted: &[String]) -> Result<Values, Failure> {
    let refused = |e: spikelab::Error| match e.kind() {
        ErrorKind::Description => Failure::Undescribed(e.message().to_owned()),
        _ if e.message().starts_with("the function `") => {
            Failure::Undescribed("a function of its own".into())
        }
        _ => Failure::Refused(e.message().to_owned()),
    };
    let head = NetworkDescription { script: Vec::new(), ..description.clone() };
    let mut net = Network::from_description(&head).map_err(refused)?;
    for operation in &description.script {
        net.apply(operation).map_err(refused)?;
        if let Operation::Connect { object, .. } = operation {
            let made = net.synapses(object).map_or(0, |s| s.len());
            if script::float(made) > MOST_SYNAPSES {
                return Err(Failure::TooLarge(format!("{made} synapses")));
            }
        }
    }
    let values = wanted.iter().filter_map(|name| Some((name.clone(), value(&net, name)?))).collect();
    Ok(values)
}

/// One object of a network as evidence, whatever it is.
fn value(net: &Network, name: &str) -> Option<Evidence> {
    if name.is_empty() {
        return Some(net.to_evidence());
    }
    (net.spike_monitor(name).map(|o| o.to_evidence()))
        .or_else(|| net.state_monitor(name).map(|o| o.to_evidence()))
        .or_else(|| net.population_rate_monitor(name).map(|o| o.to_evidence()))
        .or_else(|| net.synapses(name).map(|o| o.to_evidence()))
        .or_else(|| net.neuron_group(name).map(|o| o.to_evidence()))
}
