//! Which typical mistake a submission made: the reference is changed as the rubric says, and simulated.
//! The mistake is named if its results are those of the submission, and not those of the reference.

use std::collections::BTreeMap;

use spikelab::description::{NamespaceValue, NetworkDescription, Operation, Refractory, Value};
use spikelab::evidence::{Evidence, Models};

use super::{replace, reproduce, script, simulate};
use crate::compare::fraction;
use crate::course::{CheckSpec, Computed, Edit, Field, Mistake, Mistaken, Mode, Question, Scalar};

/// Values of one variable after another, as far as they exist.
type Values = BTreeMap<String, Evidence>;

/// The first mistake that explains all results of the question.
#[must_use]
pub fn find<'q>(
    question: &'q Question,
    mistaken: &Mistaken,
    reference: &Models,
    expected: &Values,
    claimed: &Values,
) -> Option<&'q Mistake> {
    let compared: Vec<&CheckSpec> = question.checks.iter().filter(|c| can_tell(c)).collect();
    let seen: Vec<&CheckSpec> = compared.into_iter().filter(|c| claimed.contains_key(c.variable())).collect();
    question.mistakes.iter().find(|mistake| {
        let values = mistaken.values(&question.id, &mistake.id, || edited(mistake, reference));
        let Ok(values) = &*values else { return false };
        let is = |theirs: &Values, check: &CheckSpec| {
            theirs
                .get(check.variable())
                .zip(claimed.get(check.variable()))
                .is_some_and(|(a, b)| fraction(check, a, b) >= 1.0)
        };
        seen.iter().all(|c| is(values, c)) && seen.iter().any(|c| !is(expected, c))
    })
}

/// True for checks by which results tell one model from another.
fn can_tell(check: &CheckSpec) -> bool {
    match check {
        CheckSpec::Connectivity(c) => c.mode == Mode::Exact,
        _ => check.is_modelled(),
    }
}

/// Why a mistake of the rubric is of no use, if so.
#[must_use]
pub fn fault(
    question: &Question,
    mistake: &Mistake,
    mistaken: &Mistaken,
    reference: &Models,
    expected: &Values,
) -> Option<String> {
    match &*mistaken.values(&question.id, &mistake.id, || edited(mistake, reference)) {
        Err(why) => Some(why.clone()),
        Ok(values) => {
            let same = |c: &&CheckSpec| {
                let pair = values.get(c.variable()).zip(expected.get(c.variable()));
                pair.is_some_and(|(mistaken, right)| fraction(c, right, mistaken) >= 1.0)
            };
            let list: Vec<&CheckSpec> = question.checks.iter().filter(|c| can_tell(c)).collect();
            list.iter().all(same).then(|| "it gives the same as the reference".to_owned())
        }
    }
}

fn edited(mistake: &Mistake, reference: &Models) -> Computed {
    let mut out = Values::new();
    let mut changed = false;
    for (k, text) in reference.networks.iter().enumerate() {
        let mut description = reproduce::parse(Some(text)).map_err(|e| e.to_string())?;
        for edit in &mistake.edits {
            if let Some(next) = apply(&description, edit) {
                changed |= next != description;
                description = next;
            }
        }
        let objects: Vec<(&String, &String)> =
            reference.objects.iter().filter(|(_, o)| o.network == k).map(|(v, o)| (v, &o.name)).collect();
        let wanted: Vec<String> = objects.iter().map(|(_, name)| (*name).clone()).collect();
        let values = simulate::simulate(&description, &wanted).map_err(|e| e.to_string())?;
        for (variable, name) in objects {
            if let Some(value) = values.get(name) {
                out.insert(variable.clone(), value.clone());
            }
        }
    }
    if changed { Ok(out) } else { Err("its edits change nothing in the reference".to_owned()) }
}

/// One edit of a description; `None` if there is nothing to edit.
fn apply(d: &NetworkDescription, edit: &Edit) -> Option<NetworkDescription> {
    let value = edit.to.as_ref().and_then(Scalar::quantity);
    match edit.of {
        Field::Constant => {
            let name = edit.name.as_ref()?;
            return replace::set_constant(d, name, NamespaceValue::Quantity(value?));
        }
        Field::Duration => return replace::set_duration(d, value?.value()),
        Field::Size => {
            let whole = |text: &str| text.trim().parse::<usize>().ok();
            return replace::set_size(
                d,
                whole(edit.from.as_deref()?)?,
                whole(&edit.to.as_ref()?.text())?,
                false,
            );
        }
        _ => {}
    }
    let mut out = d.clone();
    let named = |name: &str| edit.name.as_ref().is_none_or(|wanted| wanted == name);
    out.script.retain(|operation| match operation {
        Operation::Set { variable, .. } => {
            let field = if script::is_delay(variable) { Field::Delay } else { Field::Set };
            !(field == edit.of && edit.to.is_none() && edit.from.is_none() && named(variable))
        }
        _ => true,
    });
    for operation in &mut out.script {
        match operation {
            Operation::AddNeuronGroup(g) => match (edit.of, &edit.to, &edit.from) {
                (Field::Threshold, None, None) => g.threshold = None,
                (Field::Reset, None, None) => g.reset = None,
                (Field::Refractory, None, None) => g.refractory = None,
                (Field::Refractory, Some(to), None) => {
                    g.refractory =
                        Some(value.map_or_else(|| Refractory::Expression(to.text()), Refractory::Time));
                    continue;
                }
                (Field::Method, to, _) => g.method = to.as_ref().map(Scalar::text),
                _ => {}
            },
            Operation::AddSynapses(s) if edit.of == Field::Delay => {
                s.pathways.iter_mut().for_each(|p| p.delay = value);
                continue;
            }
            Operation::Set { variable, value: old, .. }
                if edit.from.is_none() && edit.to.is_some() && named(variable) =>
            {
                let field = if script::is_delay(variable) { Field::Delay } else { Field::Set };
                if field == edit.of {
                    *old = match value {
                        Some(q) => {
                            Value::Numbers { values: vec![q.value()], unit: q.dimension().to_string() }
                        }
                        None => Value::Expression(edit.to.as_ref()?.text()),
                    };
                    continue;
                }
            }
            Operation::Set { variable, .. } if !named(variable) => continue,
            _ => {}
        }
        script::edit_texts(operation, &mut |field, text| {
            if field != edit.of || edit.to.is_none() && edit.from.is_none() {
                return;
            }
            let to = edit.to.as_ref().map(Scalar::text).unwrap_or_default();
            *text = match &edit.from {
                Some(from) => text.replace(from.as_str(), &to),
                None => to,
            };
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference() -> NetworkDescription {
        use spikelab::prelude::*;
        let mut net = Network::new().seed(1);
        let group = net
            .add(
                NeuronGroup::new(3, "dv/dt = (I - v)/tau : 1 (unless refractory)\nI : 1")
                    .threshold("v > 1")
                    .reset("v = 0")
                    .refractory(2.0 * ms)
                    .with("tau", 10.0 * ms),
            )
            .unwrap();
        group.set("I", "i + 0.5").unwrap();
        let synapses = net.add(Synapses::new(&group, &group).on_pre("v_post += 0.1")).unwrap();
        synapses.connect(Connect::condition("i != j")).unwrap();
        synapses.set("delay", 2.0 * ms).unwrap();
        net.run(10.0 * ms).unwrap();
        net.description()
    }

    fn edit(text: &str) -> NetworkDescription {
        let edit: Edit = serde_yaml::from_str(text).unwrap();
        apply(&reference(), &edit).unwrap()
    }

    #[test]
    fn edits_change_what_they_name() {
        let group = |d: &NetworkDescription| match &d.script[0] {
            Operation::AddNeuronGroup(g) => g.clone(),
            other => panic!("{other:?}"),
        };
        let sign = group(&edit("{of: equations, from: (I - v), to: (v - I)}"));
        assert!(sign.equations.starts_with("dv/dt = (v - I)/tau"));
        assert_eq!(group(&edit("{of: refractory}")).refractory, None);
        let long = group(&edit("{of: refractory, to: 20 ms}")).refractory;
        assert!(matches!(long, Some(Refractory::Time(q)) if (q.value() - 0.02).abs() < 1e-12));
        let level = group(&edit("{of: threshold, to: v > 0.8}"));
        assert_eq!((level.threshold.as_deref(), level.reset.as_deref()), (Some("v > 0.8"), Some("v = 0")));
        let tau = group(&edit("{of: constant, name: tau, to: 1 ms}")).namespace["tau"].clone();
        assert!(matches!(tau, NamespaceValue::Quantity(q) if (q.value() - 1e-3).abs() < 1e-15));
        let ops = |d: &NetworkDescription| d.script.len();
        assert_eq!(ops(&edit("{of: delay}")), ops(&reference()) - 1);
        let drive = edit("{of: set, name: I, to: i}");
        assert!(drive.script.iter().any(|o| matches!(o,
            Operation::Set { value: Value::Expression(text), .. } if text == "i")));
        let delay = edit("{of: delay, to: 1 ms}");
        assert!(delay.script.iter().any(|o| matches!(o,
            Operation::Set { variable, value: Value::Numbers { values, .. }, .. }
                if variable == "delay" && values == &[1e-3])));
        let short = edit("{of: duration, to: 5 ms}");
        assert!(matches!(short.script.last(), Some(Operation::Run { duration }) if *duration == 0.005));
    }
}
