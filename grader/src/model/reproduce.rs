//! Do the networks give what the notebook claims? Each is simulated again and compared with the values taken out.
//! A difference means that the values were not made by the model: edited, printed, or put in by other code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spikelab::description::NetworkDescription;
use spikelab::evidence::{Evidence, Models};

use super::memory::remembered;
use super::script;
use super::simulate::{Failure, Values, anew, lasts};
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
        let run = parse(models.networks.get(network)).and_then(|d| {
            let claims: Claims<'_> = objects.iter().map(|(v, name)| (v, (name, &claimed[v]))).collect();
            // Only what came out of comparing is kept: the values are those of the notebook, or nobody's.
            let compared = remembered("reproduced", &(&d, &claims), lasts, || compared(&d, &claims))?;
            let bare = compared.bare.then(|| script::without_operations(&d)).flatten();
            Ok((bare.unwrap_or(d), compared.differences))
        });
        match run {
            Err(why) => out.unable.extend(objects.into_keys().map(|variable| (variable, why.clone()))),
            Ok((description, differences)) => {
                for (variable, difference) in differences {
                    match difference {
                        None => out.same += 1,
                        Some(what) => out.forged.push((variable, what)),
                    }
                }
                out.networks.push(Believed { description, objects });
            }
        }
    }
    out
}

/// Variable of the notebook → name of the object, and what the notebook holds.
type Claims<'a> = BTreeMap<&'a String, (&'a String, &'a Evidence)>;

/// What simulating one network again showed.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Compared {
    /// Functions that only look on were left out.
    bare: bool,
    /// Variable of the notebook, and what differs if anything does.
    differences: Vec<(String, Option<String>)>,
}

fn compared(d: &NetworkDescription, claims: &Claims<'_>) -> Result<Compared, Failure> {
    let wanted: Vec<String> = claims.values().map(|(name, _)| (*name).clone()).collect();
    let (bare, values) = match anew(d, &wanted) {
        Ok(values) => (false, values),
        // Functions that only look on can be left out: then the results are still the same.
        Err(Failure::Undescribed(what)) => {
            let bare = script::without_operations(d).ok_or(Failure::Undescribed(what))?;
            (true, anew(&bare, &wanted)?)
        }
        Err(why) => return Err(why),
    };
    let difference = |name: &String, claim: &Evidence, values: &Values| match values.get(name) {
        Some(again) => close(claim, again).err(),
        None => Some(format!("the network has no object `{name}`")),
    };
    let differences: Vec<(String, Option<String>)> = claims
        .iter()
        .map(|(variable, (name, claim))| ((*variable).clone(), difference(name, claim, &values)))
        .collect();
    if bare && differences.iter().any(|(_, difference)| difference.is_some()) {
        return Err(Failure::Undescribed("a function that is called in each step".into()));
    }
    Ok(Compared { bare, differences })
}

#[cfg(test)]
mod tests {
    use spikelab::evidence::{ModelObject, ToEvidence};
    use spikelab::prelude::*;

    use super::*;
    use crate::model::Memory;

    #[test]
    fn what_is_remembered_is_that_of_these_values_and_this_network() {
        let run = |duration: f64| {
            let mut net = Network::new();
            let group =
                NeuronGroup::new(1, "dv/dt = 1/ms : 1").threshold("v > 1.5").reset("v = 0").method("euler");
            let group = net.add(group).unwrap();
            let spikes = net.add(SpikeMonitor::new(&group).named("spikes")).unwrap();
            net.run(duration * ms).unwrap();
            let object = ModelObject { network: 0, name: "spikes".to_owned() };
            let text = serde_json::to_string(&net.description()).unwrap();
            let models = Models { networks: vec![Some(text)], objects: [("s".to_owned(), object)].into() };
            (models, BTreeMap::from([("s".to_owned(), spikes.to_evidence())]))
        };
        let (models, claimed) = run(5.0);
        let (longer, other) = run(9.0);
        let ask = |models: &Models, claimed: &BTreeMap<String, Evidence>| {
            let r = reproduce(models, claimed);
            (r.same, r.forged, r.unable, r.networks[0].description.clone())
        };
        let fresh = [ask(&models, &claimed), ask(&models, &other), ask(&longer, &other)];
        assert_eq!(fresh.each_ref().map(|r| (r.0, r.1.len())), [(1, 0), (0, 1), (1, 0)]);
        let all = || [ask(&models, &claimed), ask(&models, &other), ask(&longer, &other)];
        let (first, memory) = Memory::default().during(all);
        assert_eq!((first, memory.new.len()), (fresh.clone(), 3));
        let (again, memory) = Memory { known: memory.new, ..Memory::default() }.during(all);
        assert_eq!((again, memory.new.len()), (fresh, 0));
    }
}
