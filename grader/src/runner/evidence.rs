//! Takes variables out of the kernel: a probe cell writes them to a file under a number drawn for it alone.
//! A missing variable is replaced by the only new one of its type, because students rename things.

use std::collections::BTreeMap;

use spikelab::evidence::{Evidence, Models, ProbeFile};
use uuid::Uuid;

use super::{Kernel, KernelFailure, Kind, Probed, Variable, Wanted, WantedVariable};

/// How taking variables out ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Took {
    /// All that exist were asked for.
    Done,
    /// The kernel ended over it.
    Lost,
}

/// Takes variables out of one kernel.
pub(super) struct Prober {
    /// Every name that the rubric uses anywhere.
    reserved: Vec<String>,
    /// Variables that were there when the previous question was probed.
    seen: Vec<Variable>,
}

impl Prober {
    pub(super) fn new(wanted: &[Wanted]) -> Self {
        let reserved = wanted.iter().flat_map(|w| &w.variables).map(|v| v.name.clone()).collect();
        Self { reserved, seen: Vec::new() }
    }

    /// The values of the question's variables, as far as they exist, added to `found`.
    pub(super) async fn take<K: Kernel>(
        &mut self,
        kernel: &mut K,
        wanted: &Wanted,
        found: &mut BTreeMap<String, Evidence>,
        models: &mut Models,
        remarks: &mut Vec<String>,
    ) -> Result<Took, KernelFailure> {
        let present = kernel.variables().await?;
        let mut pairs = Vec::new();
        for variable in wanted.variables.iter().filter(|v| !found.contains_key(&v.name)) {
            if present.iter().any(|p| p.name == variable.name) {
                pairs.push((variable.name.clone(), variable.name.clone()));
                continue;
            }
            let others = present
                .iter()
                .filter(|p| !self.reserved.contains(&p.name) && !self.seen.contains(p))
                .filter(|p| !pairs.iter().any(|(_, used)| *used == p.name))
                .map(|p| (p.name.as_str(), p.type_name.as_str()));
            if let Some(name) = only(variable.kind, others) {
                remarks.push(renamed(wanted, variable, name));
                pairs.push((variable.name.clone(), name.to_owned()));
            }
        }
        self.seen = present;
        if pairs.is_empty() {
            return Ok(Took::Done);
        }
        let mut ask = vec![&pairs[..]];
        while let Some(some) = ask.pop() {
            let Some(file) = probe(kernel, some, &wanted.question, remarks).await? else {
                return Ok(Took::Lost);
            };
            if file.values.is_empty() && some.len() > 1 {
                // One that cannot be written must not take the others with it.
                ask.extend(some.chunks(1).rev());
            }
            found.extend(file.values);
            join_models(models, file.models);
        }
        Ok(Took::Done)
    }
}

/// The only one of some variables, given with their types, that is of this kind.
pub(super) fn only<'a>(kind: Kind, others: impl Iterator<Item = (&'a str, &'a str)>) -> Option<&'a str> {
    let mut right = others.filter(|(_, type_name)| kind.is(type_name));
    right.next().filter(|_| right.next().is_none()).map(|(name, _)| name)
}

/// Says that a variable was taken for another.
pub(super) fn renamed(question: &Wanted, variable: &WantedVariable, other: &str) -> String {
    format!(
        "question {}: there is no `{}`; the only new {} is `{other}`, so that was graded",
        question.question,
        variable.name,
        variable.kind.type_name().unwrap_or("variable"),
    )
}

/// Adds the networks of another probe of the same question.
pub(super) fn join_models(models: &mut Models, other: Models) {
    let before = models.networks.len();
    models.networks.extend(other.networks);
    for (variable, mut object) in other.objects {
        object.network = object.network.saturating_add(before);
        models.objects.insert(variable, object);
    }
}

async fn probe<K: Kernel>(
    kernel: &mut K,
    pairs: &[(String, String)],
    question: &str,
    remarks: &mut Vec<String>,
) -> Result<Option<ProbeFile>, KernelFailure> {
    let nonce = Uuid::new_v4().to_string();
    let names = pairs.iter().map(|(name, variable)| (name.as_str(), variable.as_str()));
    let code = probe_code(&nonce, names, &kernel.probe_path(&nonce));
    Ok(Some(match kernel.probe(&code, &nonce).await? {
        Probed::File(bytes) => read(&bytes, &nonce).unwrap_or_default(),
        Probed::Nothing => ProbeFile::default(),
        Probed::Lost => return Ok(None),
        Probed::Tampered(what) => {
            remarks.push(format!("question {question}: {what}; its variables were not taken"));
            ProbeFile::default()
        }
    }))
}

/// Code that writes variables to a file, each under the name that the rubric gives it.
pub(super) fn probe_code<'a>(
    nonce: &str,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    path: &str,
) -> String {
    let added: String = pairs.map(|(name, variable)| format!(".add({name:?}, &{variable})")).collect();
    format!("{{ ::spikelab::evidence::Probe::new({nonce:?}){added}.write({path:?}); }}")
}

/// What stands in a probe's file, if it is one.
pub(super) fn read(bytes: &[u8], nonce: &str) -> Option<ProbeFile> {
    serde_json::from_slice(bytes).ok().filter(|file: &ProbeFile| file.nonce == nonce)
}
