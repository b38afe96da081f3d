//! One change of a rubric made in the reference and, wherever the same thing stands, in a submission.
//! Values are drawn for each submission; what is not found in it is left alone.

use spikelab::description::{NetworkDescription, Operation, Value};
use spikelab::{Dimension, Quantity};

use super::script::Kind;
use super::variation::Pair;
use super::{relation, replace, script};
use crate::course::{Field, Vary};

/// Numbers drawn for one entry of the rubric.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drawn {
    pub(super) number: f64,
    pub(super) seed: u64,
}

/// How many ways to find a thing in a submission are tried.
pub(super) const CANDIDATES: usize = 4;
/// The way in which all constants of the reference that are equal are one.
const EQUAL: usize = 3;

/// Where the reference has a variable.
pub(super) struct Place {
    /// The group, part of a group, or synapses.
    object: String,
    /// The corresponding object of the submission, where a graded variable tells.
    partner: Option<String>,
    synaptic: bool,
    pub(super) state: bool,
}

pub(super) fn place(pair: &Pair, variable: &str) -> Option<Place> {
    let d = &pair.reference;
    let sizes = script::sizes(d);
    let declared = |object: &str| {
        let list = script::variables(script::equations(d, script::whole(object)));
        list.into_iter().find(|v| v.name == variable).map(|v| v.kind == Kind::State)
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

/// Where a submission has a variable of the reference.
pub(super) enum Theirs {
    /// It is set in these objects, in each under this name.
    Set(Vec<(String, String)>),
    /// This object computes it from others.
    Computed(String),
}

/// Where the variable is set in the submission. Several variables may be meant where none has the name: `candidate`
/// counts them.
pub(super) fn theirs(pair: &Pair, place: &Place, variable: &str, candidate: usize) -> Option<Theirs> {
    let d = pair.theirs;
    let list = |object: &str| script::variables(script::equations(d, script::whole(object)));
    let kind = |object: &str| list(object).into_iter().find(|v| v.name == variable).map(|v| v.kind);
    if place.synaptic {
        let delay = script::is_delay(variable);
        let found: Vec<(String, String)> = script::synapses(d)
            .filter(|s| delay || kind(&s.name).is_some())
            .map(|s| (s.name.clone(), if delay { "delay".to_owned() } else { variable.to_owned() }))
            .collect();
        return (!found.is_empty() && candidate == 0).then_some(Theirs::Set(found));
    }
    let object = match &place.partner {
        Some(partner) => partner.clone(),
        None => script::sizes(d).into_keys().find(|name| kind(name).is_some())?,
    };
    match kind(&object) {
        Some(Kind::Subexpression) => Some(Theirs::Computed(object)),
        Some(_) => (candidate == 0).then(|| Theirs::Set(vec![(object, variable.to_owned())])),
        // The same thing under another name.
        None => {
            let states = list(&object).into_iter().filter(|v| v.kind == Kind::State && place.state);
            states.map(|v| v.name).nth(candidate).map(|name| Theirs::Set(vec![(object, name)]))
        }
    }
}

pub(super) fn unit(entry: &Vary) -> String {
    entry.from.0.dimension().to_string()
}

/// A number for each of so many neurons.
fn values(entry: &Vary, drawn: Drawn, count: usize) -> Vec<f64> {
    let (from, to) = (entry.from.0.value(), entry.to.0.value());
    let mut random = Random(drawn.seed);
    (0..count).map(|_| from + (to - from) * random.next()).collect()
}

/// Where the submission computes the variable of state from others: the object.
pub(super) fn computed(pair: &Pair, entry: &Vary) -> Option<String> {
    let variable = entry.variable.as_ref()?;
    let at = place(pair, variable).filter(|at| at.state)?;
    match theirs(pair, &at, variable, 0) {
        Some(Theirs::Computed(object)) => Some(object),
        _ => None,
    }
}

/// The changed submission with the variable beginning as it did before other things were changed.
pub(super) fn held(d: &NetworkDescription, pair: &Pair, entry: &Vary) -> Option<NetworkDescription> {
    let (variable, object) = (entry.variable.as_ref()?, computed(pair, entry)?);
    let before = relation::initial(pair.theirs, &object, variable)?;
    let set = relation::settings(d, &object, variable, &before, true);
    replace::set_before_runs(d, set.first()?)
}

/// The operation that sets a variable: drawn numbers for neurons, a rule in both indices for synapses. The indices are
/// counted in the whole groups, so that it does not matter which parts are joined.
fn set(
    d: &NetworkDescription,
    entry: &Vary,
    drawn: Drawn,
    (object, name): (&str, &str),
    count: Option<usize>,
) -> Operation {
    if let Some(count) = count {
        return replace::set_elements(object, name, &values(entry, drawn, count), &unit(entry));
    }
    let (from, to) = (entry.from.0.value(), entry.to.0.value());
    let (a, b) = (3 + drawn.seed % 5, 2 + drawn.seed % 3);
    let ends = script::synapses(d).find(|s| s.name == object);
    let (i, j) = ends.map_or((0, 0), |s| (script::first(&s.source), script::first(&s.target)));
    let rule = format!(
        "({from} + {}*(({a}*i + {b}*j + {}) % 17)/16.0)*{}",
        to - from,
        drawn.seed % 7 + a * i as u64 + b * j as u64,
        if unit(entry) == "1" { "1.0".to_owned() } else { unit(entry) },
    );
    Operation::Set {
        object: object.to_owned(),
        variable: name.to_owned(),
        index: spikelab::description::Selection::All,
        value: Value::Expression(rule),
    }
}

pub(super) fn in_reference(
    d: &NetworkDescription,
    pair: &Pair,
    entry: &Vary,
    drawn: Drawn,
    candidate: usize,
) -> Option<NetworkDescription> {
    let new = Quantity::new(drawn.number, entry.from.0.dimension());
    if let Some(variable) = &entry.variable {
        let at = place(pair, variable)?;
        let count = if at.synaptic { None } else { Some(script::len(&script::sizes(d), &at.object)?) };
        return replace::set_before_runs(d, &set(d, entry, drawn, (&at.object, variable), count));
    }
    if let Some(name) = &entry.constant {
        let constants = replace::constants(d);
        let old = *constants.get(name)?;
        let mut out = replace::set_constant(d, name, new.into())?;
        if candidate == EQUAL {
            let mut equal = constants.iter().filter(|(n, value)| *n != name && **value == old).peekable();
            equal.peek()?;
            for (other, _) in equal {
                out = replace::set_constant(&out, other, new.into())?;
            }
        }
        return Some(out);
    }
    if let (Some(value), Some(field)) = (entry.value, entry.field) {
        return replace::set_value(d, value.0, new, Some(&[field]));
    }
    match entry.size {
        Some(old) => replace::set_size(d, old, count(drawn), false),
        None => replace::set_duration(d, drawn.number),
    }
}

pub(super) fn in_theirs(
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
        match theirs(pair, &at, variable, candidate)? {
            Theirs::Set(places) => {
                for (object, name) in places {
                    let count = if at.synaptic { None } else { Some(script::len(&sizes, &object)?) };
                    out = replace::set_before_runs(&out, &set(d, entry, drawn, (&object, &name), count))?;
                }
            }
            Theirs::Computed(object) => {
                let values = values(entry, drawn, script::len(&sizes, &object)?);
                let list = relation::settings(d, &object, variable, &values, at.state);
                out = replace::set_before_runs(d, list.get(candidate)?)?;
            }
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
    // Under the same name, if it has the same value; where the reference uses the value; anywhere; anywhere, and in the
    // reference as well all that is as much: whoever sees that two time constants are the same may write one.
    let (old, fields): (Quantity, Vec<Field>) = match (&entry.constant, entry.value, entry.field) {
        (Some(name), ..) => {
            (*replace::constants(&pair.reference).get(name)?, replace::fields_with(reference, name))
        }
        (_, Some(value), Some(field)) => (value.0, vec![field]),
        _ => return None,
    };
    let named =
        entry.constant.as_ref().filter(|name| replace::constants(pair.theirs).get(*name) == Some(&old));
    match (candidate, named, &entry.constant) {
        (0, Some(name), _) => replace::set_constant(d, name, new.into()),
        (0, None, _) | (2, Some(_), _) => {
            replace::set_value(d, old, new, Some(&fields)).or_else(|| replace::set_value(d, old, new, None))
        }
        (1 | EQUAL, ..) => replace::set_value(d, old, new, None),
        // Whoever gave it another value may have written that into the equations as well.
        (_, None, Some(name)) => replace::set_constant(d, name, new.into()),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "drawn from a range of sizes")]
fn count(drawn: Drawn) -> usize {
    drawn.number.max(1.0) as usize
}

/// One number for each entry, from its range; times of runs on whole milliseconds, sizes whole.
pub(super) fn draws(entries: &[Vary], seed: u64) -> Vec<Drawn> {
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
