//! Does the model still do the same as the reference when both are changed in the same way?
//! Written-down results do not follow a change; a model that says the same in other words does.

use std::cell::RefCell;
use std::collections::BTreeMap;

use spikelab::description::NetworkDescription;
use spikelab::evidence::{Evidence, Models};

use super::changes::{CANDIDATES, Drawn, Theirs, draws, in_reference, in_theirs, place, theirs, unit};
use super::reproduce::{Reproduced, parse};
use super::simulate::{Failure, simulate};
use super::{changes, relation, replace};
use crate::compare::{close, compare, fraction};
use crate::course::{CheckSpec, Mode, Model, Vary};

/// What varying showed.
#[derive(Clone, Debug, Default)]
pub struct Varied {
    /// It follows the reference.
    pub passed: bool,
    /// Its results do not change whatever is changed: written down, not simulated.
    pub written_down: bool,
    /// In words.
    pub message: String,
    /// How many changes were tried and how many agreed.
    pub tried: usize,
    /// See `tried`.
    pub agreed: usize,
}

/// Enough right neurons: where one of many sits on the edge of a spike, rounding decides about it.
const ENOUGH: f64 = 0.98;

/// The same network in the reference and in the submission.
pub(super) struct Pair<'a> {
    pub(super) reference: NetworkDescription,
    pub(super) theirs: &'a NetworkDescription,
    pub(super) variables: Vec<Shared>,
}

/// Variable of the notebook, the object in the reference, the object in the submission.
pub(super) type Shared = (String, String, String);

/// What became of one change.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Agrees,
    Differs(String),
    /// The submission has no such thing to change.
    Absent,
    /// The submission lacks a variable of state.
    Stateless,
}

/// Varies the reference and the submission and compares what they do.
#[must_use]
pub fn vary(
    model: &Model,
    checks: &[&CheckSpec],
    reference: &Models,
    theirs: &Reproduced,
    claimed: &BTreeMap<String, Evidence>,
    seed: u64,
) -> Varied {
    let pairs = match pairs(checks, reference, theirs) {
        Ok(pairs) => pairs,
        Err(why) => return Varied { message: why, ..Varied::default() },
    };
    let trial = Trial::new(checks, pairs, claimed, &model.vary);
    let mut out = Varied { passed: true, written_down: true, ..Varied::default() };
    let mut said: Vec<String> = Vec::new();
    for draw in 0..model.draws.max(1) {
        let drawn = draws(&model.vary, seed.wrapping_add(draw as u64));
        let (outcomes, effective) = trial.all(&drawn);
        out.written_down &= !effective;
        let decisive = |e: &Vary| e.variable.is_some() || e.duration;
        let list: Vec<(&Vary, &Outcome)> = model.vary.iter().zip(&outcomes).collect();
        out.tried += list.iter().filter(|(_, o)| **o != Outcome::Absent).count();
        out.agreed += list.iter().filter(|(_, o)| **o == Outcome::Agrees).count();
        let settled = list.iter().any(|(e, o)| decisive(e) && !e.duration && **o == Outcome::Agrees);
        let mut wrong = Vec::new();
        for (entry, outcome) in list {
            match outcome {
                Outcome::Stateless => {
                    wrong.push(format!("{} is no variable of state in this model", entry.what()))
                }
                // Which of several equal numbers is meant cannot always be told; what every model has decides.
                Outcome::Differs(what) if decisive(entry) || !settled => {
                    wrong.push(format!("with another value of {}: {what}", entry.what()));
                }
                _ => {}
            }
        }
        out.passed &= wrong.is_empty() && outcomes.contains(&Outcome::Agrees) && effective;
        said.append(&mut wrong);
    }
    // One of several results may be written down beside a model that is right.
    out.written_down |= trial.moved.borrow().values().any(|m| m.in_reference && !m.in_theirs);
    let all = model.vary.iter().map(Vary::what).collect::<Vec<_>>().join(", ");
    out.message = if out.written_down {
        format!(
            "the results do not follow the model: they stay the same, or end, whatever is changed ({all}); \
             they look written down rather than simulated"
        )
    } else if out.passed {
        format!("does what the reference does with other values, too ({all})")
    } else {
        said.first().cloned().unwrap_or_else(|| format!("nothing that could be changed was found ({all})"))
    };
    out
}

/// What is wrong with the variations of a rubric: each must change what the reference does.
#[must_use]
pub fn faults(
    model: &Model,
    checks: &[&CheckSpec],
    reference: &Models,
    expected: &BTreeMap<String, Evidence>,
) -> Vec<String> {
    let own = super::reproduce(reference, expected);
    let pairs = match pairs(checks, reference, &own) {
        Ok(pairs) => pairs,
        Err(why) => return vec![why],
    };
    let trial = Trial::new(checks, pairs, expected, &model.vary);
    let drawn = draws(&model.vary, 1);
    let mut out = Vec::new();
    for (entry, d) in model.vary.iter().zip(&drawn) {
        match trial.attempt(&[(entry, *d, 0)]) {
            Err(why) => out.push(format!("{}: {why}", entry.what())),
            Ok(None) => out.push(format!("{}: the reference has no such thing", entry.what())),
            Ok(Some((_, false))) => out.push(format!("{}: changes nothing in the reference", entry.what())),
            Ok(Some(_)) => {}
        }
    }
    out
}

fn pairs<'a>(
    checks: &[&CheckSpec],
    reference: &Models,
    theirs: &'a Reproduced,
) -> Result<Vec<Pair<'a>>, String> {
    let mut found: BTreeMap<(usize, usize), Vec<Shared>> = BTreeMap::new();
    for check in checks {
        let variable = check.variable();
        let Some(ours) = reference.objects.get(variable) else {
            return Err(format!("the reference has no network for `{variable}`; run `grader expect`"));
        };
        let place = theirs.networks.iter().position(|n| n.objects.contains_key(variable));
        let Some(place) = place else { return Err(format!("there is no model behind `{variable}`")) };
        let entry =
            (variable.to_owned(), ours.name.clone(), theirs.networks[place].objects[variable].clone());
        let list = found.entry((ours.network, place)).or_default();
        if !list.contains(&entry) {
            list.push(entry);
        }
    }
    let pair = |((network, place), variables): ((usize, usize), Vec<_>)| {
        let reference = parse(reference.networks.get(network)).map_err(|e| format!("the reference: {e}"))?;
        Ok(Pair { reference, theirs: &theirs.networks[place].description, variables })
    };
    found.into_iter().map(pair).collect()
}

struct Trial<'a> {
    checks: &'a [&'a CheckSpec],
    pairs: Vec<Pair<'a>>,
    claimed: &'a BTreeMap<String, Evidence>,
    /// What the rubric wants changed.
    entries: &'a [Vary],
    /// Those that the submission computes from something else.
    computed: Vec<&'a Vary>,
    moved: RefCell<BTreeMap<String, Moved>>,
}

/// Whether a variable of the notebook ever became another one.
#[derive(Clone, Copy, Debug, Default)]
struct Moved {
    in_reference: bool,
    in_theirs: bool,
}

/// The reference and the submission.
type Both = (NetworkDescription, NetworkDescription);

/// Whether both did the same (or what differs), and whether the submission's results changed at all.
type Attempt = (Outcome, bool);

impl<'a> Trial<'a> {
    fn new(
        checks: &'a [&'a CheckSpec],
        pairs: Vec<Pair<'a>>,
        claimed: &'a BTreeMap<String, Evidence>,
        entries: &'a [Vary],
    ) -> Self {
        let is_computed = |entry: &&Vary| pairs.iter().any(|pair| changes::computed(pair, entry).is_some());
        let computed = entries.iter().filter(is_computed).collect();
        Self { checks, pairs, claimed, entries, computed, moved: RefCell::default() }
    }

    /// What becomes of each change; all at once first, one by one if that does not agree.
    fn all(&self, drawn: &[Drawn]) -> (Vec<Outcome>, bool) {
        let entries = self.entries;
        let mut outcomes = vec![Outcome::Absent; entries.len()];
        let usable: Vec<usize> = (0..entries.len())
            .filter(|&k| {
                let alone = self.changed(&[(&entries[k], drawn[k], 0)]);
                alone.is_some()
            })
            .collect();
        let together: Vec<(&Vary, Drawn, usize)> =
            usable.iter().map(|&k| (&entries[k], drawn[k], 0)).collect();
        let stateless = |k: usize| self.lacks_state(&entries[k]);
        let beyond_duration = usable.iter().any(|&k| !entries[k].duration);
        if let Ok(Some((Outcome::Agrees, effective))) = self.attempt(&together)
            && beyond_duration
            && !(0..entries.len()).any(stateless)
        {
            usable.iter().for_each(|&k| outcomes[k] = Outcome::Agrees);
            return (outcomes, effective);
        }
        let mut effective = false;
        for (k, entry) in entries.iter().enumerate() {
            for candidate in 0..CANDIDATES {
                match self.attempt(&[(entry, drawn[k], candidate)]) {
                    Ok(Some((outcome, changes))) => {
                        effective |= changes && !entry.duration;
                        // What changes nothing was not the thing that was looked for.
                        if !changes
                            && outcome != Outcome::Agrees
                            && !entry.duration
                            && entry.variable.is_none()
                        {
                            continue;
                        }
                        if outcomes[k] != Outcome::Agrees {
                            outcomes[k] = outcome;
                        }
                        if outcomes[k] == Outcome::Agrees {
                            break;
                        }
                    }
                    Ok(None) => {}
                    // The library refuses the change: there is no such thing to change.
                    Err(_) => {}
                }
            }
            if outcomes[k] == Outcome::Absent && stateless(k) {
                outcomes[k] = Outcome::Stateless;
            }
        }
        (outcomes, effective)
    }

    /// True if the entry is a variable of state of the reference that the submission cannot set.
    fn lacks_state(&self, entry: &Vary) -> bool {
        let Some(variable) = &entry.variable else { return false };
        self.pairs.iter().any(|pair| {
            let Some(at) = place(pair, variable) else { return false };
            if !at.state {
                return false;
            }
            match theirs(pair, &at, variable, 0) {
                None => true,
                Some(Theirs::Computed(object)) => {
                    let value = [entry.from.0.value()];
                    relation::settings(pair.theirs, &object, variable, &value, true).is_empty()
                }
                Some(Theirs::Set(list)) => list.iter().any(|(object, name)| {
                    let probe = replace::set_elements(object, name, &[entry.from.0.value()], &unit(entry));
                    replace::set_before_runs(pair.theirs, &probe).is_none_or(|d| {
                        let Some(short) = replace::set_duration(&d, replace::step(&d)) else { return false };
                        matches!(simulate(&short, &[]), Err(Failure::Refused(_)))
                    })
                }),
            }
        })
    }

    /// Both sides of each pair after the changes; `None` if one of them is not possible.
    fn changed(&self, entries: &[(&Vary, Drawn, usize)]) -> Option<Vec<Both>> {
        let mut sorted = entries.to_vec();
        let computed = |entry: &Vary| self.computed.iter().any(|e| std::ptr::eq(*e, entry));
        // Sizes first, because values are drawn for each element; last what depends on others.
        sorted.sort_by_key(|(e, ..)| (e.size.is_none(), e.variable.is_some(), computed(e)));
        let mut out: Vec<Both> = self.pairs.iter().map(|p| (p.reference.clone(), p.theirs.clone())).collect();
        for (entry, drawn, candidate) in sorted {
            let mut anywhere = false;
            for (pair, both) in self.pairs.iter().zip(&mut out) {
                let Some(ours) = in_reference(&both.0, pair, entry, drawn, candidate) else { continue };
                let theirs = in_theirs(&both.1, &both.0, pair, entry, drawn, candidate)?;
                *both = (ours, theirs);
                anywhere = true;
            }
            if !anywhere {
                return None;
            }
        }
        // What is computed from something that was changed begins elsewhere now, and in the reference it does not.
        let changed = |e: &&&Vary| entries.iter().any(|(entry, ..)| std::ptr::eq(*entry, **e));
        for entry in self.computed.iter().filter(|e| !changed(e)) {
            for (pair, both) in self.pairs.iter().zip(&mut out) {
                if let Some(held) = changes::held(&both.1, pair, entry) {
                    both.1 = held;
                }
            }
        }
        (!entries.is_empty()).then_some(out)
    }

    fn attempt(&self, entries: &[(&Vary, Drawn, usize)]) -> Result<Option<Attempt>, String> {
        let Some(both) = self.changed(entries) else { return Ok(None) };
        let mut outcome = Outcome::Agrees;
        let mut effective = false;
        for (pair, (ours, theirs)) in self.pairs.iter().zip(both) {
            let names = |k: fn(&Shared) -> &String| -> Vec<String> {
                pair.variables.iter().map(|v| k(v).clone()).collect()
            };
            let got = simulate(&theirs, &names(|v| &v.2)).map_err(|e| e.to_string())?;
            // On the submission's own grid of time, so that the grid makes no difference.
            let (step, own) = (replace::step(&theirs), replace::step(&ours));
            let mut ours = if (step - own).abs() > 1e-12 { replace::with_step(&ours, step) } else { ours };
            // And with its random numbers: who named the objects as the reference does has the same network then.
            ours.seed = theirs.seed;
            let expected = simulate(&ours, &names(|v| &v.1)).map_err(|e| e.to_string())?;
            for (variable, our_name, their_name) in &pair.variables {
                let (Some(a), Some(b)) = (expected.get(our_name), got.get(their_name)) else { continue };
                if let Some(before) = self.claimed.get(variable) {
                    let now = Moved { in_reference: follows(before, a), in_theirs: follows(before, b) };
                    effective |= now.in_theirs;
                    // A shorter run changes what was written down as well.
                    if entries.iter().all(|(entry, ..)| !entry.duration) {
                        let mut moved = self.moved.borrow_mut();
                        let moved = moved.entry(variable.clone()).or_default();
                        moved.in_reference |= now.in_reference;
                        moved.in_theirs |= now.in_theirs;
                    }
                }
                for check in self.checks.iter().filter(|c| c.variable() == variable) {
                    let check = strict(check);
                    let enough = match (&check, a) {
                        (CheckSpec::Spikes(_), Evidence::Spikes { n, .. }) if *n >= 50 => ENOUGH,
                        _ => 1.0,
                    };
                    if fraction(&check, a, b) < enough && outcome == Outcome::Agrees {
                        outcome = Outcome::Differs(compare(&check, a, b).message);
                    }
                }
            }
        }
        Ok(Some((outcome, effective)))
    }
}

/// True if the results are others than before; that more neurons are there without a synapse is not enough.
fn follows(before: &Evidence, after: &Evidence) -> bool {
    match (before, after) {
        (
            Evidence::Connectivity { i, j, variables, .. },
            Evidence::Connectivity { i: k, j: l, variables: others, .. },
        ) => (i, j, variables) != (k, l, others),
        _ => close(before, after).is_err(),
    }
}

/// A check as it is used here: random wiring is drawn anew many times over a course, so it must be far off to be wrong.
fn strict(check: &CheckSpec) -> CheckSpec {
    let mut check = check.clone();
    if let CheckSpec::Connectivity(c) = &mut check
        && c.mode == Mode::Random
    {
        c.significance = c.significance.min(1e-6);
    }
    check
}
