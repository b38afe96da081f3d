//! Do the networks give what the notebook claims? Each is simulated again and compared with the values taken out.
//! A difference means that the values were not made by the model: edited, printed, or put in by other code.

use std::collections::BTreeMap;

use spikelab::description::NetworkDescription;
use spikelab::evidence::{Evidence, Models};

use super::script;
use super::simulate::{Failure, simulate};
use crate::compare::close;

/// A network of a submission that gave what was claimed.
#[derive(Clone, Debug)]
pub(super) struct Believed {
    pub(super) description: NetworkDescription,
    /// Variable of the notebook → name of the object.
    pub(super) objects: BTreeMap<String, String>,
}

/// What simulating again showed.
#[derive(Clone, Debug, Default)]
pub struct Reproduced {
    /// Variables whose network does something else, each with what differs.
    pub forged: Vec<(String, String)>,
    /// Variables whose network could not be simulated again, each with the reason.
    pub unable: Vec<(String, Failure)>,
    /// How many values were reproduced.
    pub same: usize,
    pub(super) networks: Vec<Believed>,
}

/// True for values that only a network can make.
pub(super) fn is_modelled(evidence: &Evidence) -> bool {
    matches!(
        evidence,
        Evidence::Spikes { .. }
            | Evidence::Traces { .. }
            | Evidence::Connectivity { .. }
            | Evidence::Group { .. }
    )
}

/// The description that came with a submission.
pub(super) fn parse(text: Option<&Option<String>>) -> Result<NetworkDescription, Failure> {
    match text {
        Some(Some(text)) => serde_json::from_str(text)
            .map_err(|e| Failure::Refused(format!("its description cannot be read: {e}"))),
        Some(None) => Err(Failure::TooLarge("its description is too long".into())),
        None => Err(Failure::Refused("no description came with it".into())),
    }
}

/// Simulates every network of a question again and compares it with the values taken out.
#[must_use]
pub fn reproduce(models: &Models, claimed: &BTreeMap<String, Evidence>) -> Reproduced {
    let mut out = Reproduced::default();
    let mut by_network: BTreeMap<usize, BTreeMap<String, String>> = BTreeMap::new();
    for (variable, _) in claimed.iter().filter(|(_, value)| is_modelled(value)) {
        match models.objects.get(variable) {
            Some(object) => {
                by_network.entry(object.network).or_default().insert(variable.clone(), object.name.clone());
            }
            None => {
                let why = Failure::Refused("no network came with it".into());
                out.unable.push((variable.clone(), why));
            }
        }
    }
    for (network, objects) in by_network {
        let wanted: Vec<String> = objects.values().cloned().collect();
        let run = parse(models.networks.get(network)).and_then(|d| match simulate(&d, &wanted) {
            Ok(values) => Ok((d, values)),
            // Functions that only look on can be left out: then the results are still the same.
            Err(Failure::Undescribed(what)) => {
                let bare = script::without_operations(&d).ok_or(Failure::Undescribed(what))?;
                let values = simulate(&bare, &wanted)?;
                match objects
                    .iter()
                    .all(|(v, name)| values.get(name).is_some_and(|again| close(&claimed[v], again).is_ok()))
                {
                    true => Ok((bare, values)),
                    false => Err(Failure::Undescribed("a function that is called in each step".into())),
                }
            }
            Err(why) => Err(why),
        });
        match run {
            Err(why) => out.unable.extend(objects.into_keys().map(|variable| (variable, why.clone()))),
            Ok((description, values)) => {
                for (variable, name) in &objects {
                    let result = match values.get(name) {
                        Some(again) => close(&claimed[variable], again),
                        None => Err(format!("the network has no object `{name}`")),
                    };
                    match result {
                        Ok(()) => out.same += 1,
                        Err(what) => out.forged.push((variable.clone(), what)),
                    }
                }
                out.networks.push(Believed { description, objects });
            }
        }
    }
    out
}
