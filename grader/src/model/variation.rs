//! Does the model still do the same as the reference when both are changed in the same way?
//! Written-down results do not follow a change; a model that says the same in other words does.

use std::collections::BTreeMap;

use spikelab::description::{NetworkDescription, Operation, Value};
use spikelab::evidence::{Evidence, Models};
use spikelab::{Dimension, Quantity};

use super::reproduce::{Reproduced, parse};
use super::simulate::{Failure, simulate};
use super::{replace, script};
use crate::compare::{close, compare, fraction};
use crate::course::{CheckSpec, Field, Mode, Model, Vary};

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
struct Pair<'a> {
    reference: NetworkDescription,
    theirs: &'a NetworkDescription,
    variables: Vec<Shared>,
}

/// Variable of the notebook, the object in the reference, the object in the submission.
type Shared = (String, String, String);

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

/// Numbers drawn for one entry of the rubric.
#[derive(Clone, Copy, Debug)]
struct Drawn {
    number: f64,
    seed: u64,
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
    let trial = Trial { checks, pairs, claimed };
    let mut out = Varied { passed: true, written_down: true, ..Varied::default() };
    let mut said: Vec<String> = Vec::new();
    for draw in 0..model.draws.max(1) {
        let drawn = draws(&model.vary, seed.wrapping_add(draw as u64));
        let (outcomes, effective) = trial.all(&model.vary, &drawn);
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
    let trial = Trial { checks, pairs, claimed: expected };
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
}

/// The reference and the submission.
type Both = (NetworkDescription, NetworkDescription);

/// Whether both did the same (or what differs), and whether the submission's results changed at all.
type Attempt = (Outcome, bool);

impl Trial<'_> {
    /// What becomes of each change; all at once first, one by one if that does not agree.
    fn all(&self, entries: &[Vary], drawn: &[Drawn]) -> (Vec<Outcome>, bool) {
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
            match theirs(pair, &at, variable) {
                None => true,
                Some(list) => list.iter().any(|(object, name)| {
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
        // Sizes first, because values are drawn for each element.
        sorted.sort_by_key(|(e, ..)| (e.size.is_none(), e.variable.is_some()));
        let mut out: Vec<Both> = self.pairs.iter().map(|p| (p.reference.clone(), p.theirs.clone())).collect();
        for (entry, drawn, candidate) in sorted {
            let mut anywhere = false;
            for (pair, both) in self.pairs.iter().zip(&mut out) {
                let Some(ours) = in_reference(&both.0, pair, entry, drawn) else { continue };
                let theirs = in_theirs(&both.1, &both.0, pair, entry, drawn, candidate)?;
                *both = (ours, theirs);
                anywhere = true;
            }
            if !anywhere {
                return None;
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
            let ours = if (step - own).abs() > 1e-12 { replace::with_step(&ours, step) } else { ours };
            let expected = simulate(&ours, &names(|v| &v.1)).map_err(|e| e.to_string())?;
            for (variable, our_name, their_name) in &pair.variables {
                let (Some(a), Some(b)) = (expected.get(our_name), got.get(their_name)) else { continue };
                effective |= self.claimed.get(variable).is_some_and(|before| follows(before, b));
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

/// How many ways there are to find a thing in a submission.
const CANDIDATES: usize = 3;

/// Where the reference has a variable.
struct Place {
    /// The group, part of a group, or synapses.
    object: String,
    /// The corresponding object of the submission, where a graded variable tells.
    partner: Option<String>,
    synaptic: bool,
    state: bool,
}

fn place(pair: &Pair, variable: &str) -> Option<Place> {
    let d = &pair.reference;
    let sizes = script::sizes(d);
    let declared = |object: &str| {
        let list = script::variables(script::equations(d, script::whole(object)));
        list.into_iter().find(|(name, _)| name == variable).map(|(_, state)| state)
    };
    for (_, ours, theirs) in &pair.variables {
        let object = script::watched(d, ours);
        let is_synapses = script::synapses(d).any(|s| s.name == object);
        if let Some(state) = declared(object).or((is_synapses && script::is_delay(variable)).then_some(false))
        {
            let partner = Some(script::watched(pair.theirs, theirs).to_owned());
            return Some(Place { object: object.to_owned(), partner, synaptic: is_synapses, state });
        }
    }
    let synapses = script::synapses(d).find(|s| script::is_delay(variable) || declared(&s.name).is_some());
    if let Some(s) = synapses {
        return Some(Place { object: s.name.clone(), partner: None, synaptic: true, state: false });
    }
    let group = sizes.keys().find(|name| declared(name).is_some())?;
    Some(Place { object: group.clone(), partner: None, synaptic: false, state: false })
}

/// The objects of the submission in which the variable is set, each with the variable's name there.
fn theirs(pair: &Pair, place: &Place, variable: &str) -> Option<Vec<(String, String)>> {
    let d = pair.theirs;
    let list = |object: &str| script::variables(script::equations(d, script::whole(object)));
    let has = |object: &str| list(object).iter().any(|(name, _)| name == variable);
    if place.synaptic {
        let delay = script::is_delay(variable);
        let found: Vec<(String, String)> = script::synapses(d)
            .filter(|s| delay || has(&s.name))
            .map(|s| (s.name.clone(), if delay { "delay".to_owned() } else { variable.to_owned() }))
            .collect();
        return (!found.is_empty()).then_some(found);
    }
    let object = match &place.partner {
        Some(partner) => partner.clone(),
        None => script::sizes(d).into_keys().find(|name| has(name))?,
    };
    if has(&object) {
        return Some(vec![(object, variable.to_owned())]);
    }
    // The same thing under another name, if there is only one that it can be.
    let states: Vec<String> = list(&object).into_iter().filter(|(_, s)| *s).map(|(name, _)| name).collect();
    match &states[..] {
        [only] if place.state => Some(vec![(object, only.clone())]),
        _ => None,
    }
}

fn unit(entry: &Vary) -> String {
    entry.from.0.dimension().to_string()
}

/// The operation that sets a variable: drawn numbers for neurons, a rule in both indices for synapses.
fn set(entry: &Vary, drawn: Drawn, object: &str, name: &str, count: Option<usize>) -> Operation {
    let (from, to) = (entry.from.0.value(), entry.to.0.value());
    if let Some(count) = count {
        let mut random = Random(drawn.seed);
        let values: Vec<f64> = (0..count).map(|_| from + (to - from) * random.next()).collect();
        return replace::set_elements(object, name, &values, &unit(entry));
    }
    let rule = format!(
        "({from} + {}*(({}*i + {}*j + {}) % 17)/16.0)*{}",
        to - from,
        3 + drawn.seed % 5,
        2 + drawn.seed % 3,
        drawn.seed % 7,
        if unit(entry) == "1" { "1.0".to_owned() } else { unit(entry) },
    );
    Operation::Set {
        object: object.to_owned(),
        variable: name.to_owned(),
        index: spikelab::description::Selection::All,
        value: Value::Expression(rule),
    }
}

fn in_reference(
    d: &NetworkDescription,
    pair: &Pair,
    entry: &Vary,
    drawn: Drawn,
) -> Option<NetworkDescription> {
    let new = Quantity::new(drawn.number, entry.from.0.dimension());
    if let Some(variable) = &entry.variable {
        let at = place(pair, variable)?;
        let count = if at.synaptic { None } else { Some(script::len(&script::sizes(d), &at.object)?) };
        return replace::set_before_runs(d, &set(entry, drawn, &at.object, variable, count));
    }
    if let Some(name) = &entry.constant {
        return replace::set_constant(d, name, new.into());
    }
    if let (Some(value), Some(field)) = (entry.value, entry.field) {
        return replace::set_value(d, value.0, new, Some(&[field]));
    }
    match entry.size {
        Some(old) => replace::set_size(d, old, count(drawn), false),
        None => replace::set_duration(d, drawn.number),
    }
}

fn in_theirs(
    d: &NetworkDescription,
    reference: &NetworkDescription,
    pair: &Pair,
    entry: &Vary,
    drawn: Drawn,
    candidate: usize,
) -> Option<NetworkDescription> {
    let new = Quantity::new(drawn.number, entry.from.0.dimension());
    if let Some(variable) = &entry.variable {
        let at = place(pair, variable)?;
        let sizes = script::sizes(d);
        let mut out = d.clone();
        for (object, name) in theirs(pair, &at, variable).filter(|_| candidate == 0)? {
            let count = if at.synaptic { None } else { Some(script::len(&sizes, &object)?) };
            out = replace::set_before_runs(&out, &set(entry, drawn, &object, &name, count))?;
        }
        return Some(out);
    }
    if entry.duration {
        return replace::set_duration(d, drawn.number).filter(|_| candidate == 0);
    }
    if let Some(old) = entry.size {
        return match candidate {
            0 => replace::set_size(d, old, count(drawn), false),
            1 => replace::set_size(d, old, count(drawn), true),
            _ => None,
        };
    }
    // Where the reference uses the value; anywhere; under the same name.
    let (old, fields): (Quantity, Vec<Field>) = match (&entry.constant, entry.value, entry.field) {
        (Some(name), ..) => {
            (*replace::constants(&pair.reference).get(name)?, replace::fields_with(reference, name))
        }
        (_, Some(value), Some(field)) => (value.0, vec![field]),
        _ => return None,
    };
    match (candidate, &entry.constant) {
        (0, _) => {
            replace::set_value(d, old, new, Some(&fields)).or_else(|| replace::set_value(d, old, new, None))
        }
        (1, _) => replace::set_value(d, old, new, None),
        (_, Some(name)) => replace::set_constant(d, name, new.into()),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "drawn from a range of sizes")]
fn count(drawn: Drawn) -> usize {
    drawn.number.max(1.0) as usize
}

/// One number for each entry, from its range; times of runs on whole milliseconds, sizes whole.
fn draws(entries: &[Vary], seed: u64) -> Vec<Drawn> {
    let mut random = Random(seed ^ 0x9e37_79b9_7f4a_7c15);
    let draw = |entry: &Vary| {
        let (from, to) = (entry.from.0.value(), entry.to.0.value());
        let mut number = from + (to - from) * random.next();
        if entry.size.is_some() {
            number = number.round();
        } else if entry.duration && entry.from.0.dimension() == Dimension::TIME {
            number = (number * 1e3).round() * 1e-3;
        }
        Drawn { number, seed: random.bits() }
    };
    entries.iter().map(draw).collect()
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn next(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
