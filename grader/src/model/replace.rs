//! Changes of a description that mean the same in every model: other values of variables, constants, sizes, durations.
//! In a submission the thing to change is found by what it is worth, not by what it is called.

use std::collections::BTreeMap;

use spikelab::Quantity;
use spikelab::description::{NamespaceValue, NetworkDescription, Operation, Refractory, Selection, Value};

use super::{script, text};
use crate::course::Field;

/// All values handed over, by name.
pub(super) fn constants(d: &NetworkDescription) -> BTreeMap<String, Quantity> {
    let mut out = BTreeMap::new();
    let mut add = |name: &String, value: &NamespaceValue| {
        if let NamespaceValue::Quantity(q) = value {
            out.insert(name.clone(), *q);
        }
    };
    for operation in &d.script {
        match operation {
            Operation::AddNeuronGroup(g) => g.namespace.iter().for_each(|(n, v)| add(n, v)),
            Operation::AddPoissonGroup(g) => g.namespace.iter().for_each(|(n, v)| add(n, v)),
            Operation::AddSynapses(s) => s.namespace.iter().for_each(|(n, v)| add(n, v)),
            Operation::SetNamespace { name, value } => add(name, value),
            _ => {}
        }
    }
    out
}

/// Every value handed over, to be changed in place.
fn edit_constants(operation: &mut Operation, f: &mut dyn FnMut(&str, &mut NamespaceValue)) {
    match operation {
        Operation::AddNeuronGroup(g) => g.namespace.iter_mut().for_each(|(n, v)| f(n, v)),
        Operation::AddPoissonGroup(g) => g.namespace.iter_mut().for_each(|(n, v)| f(n, v)),
        Operation::AddSynapses(s) => s.namespace.iter_mut().for_each(|(n, v)| f(n, v)),
        Operation::SetNamespace { name, value } => f(name, value),
        _ => {}
    }
}

/// The value under this name, changed.
pub(super) fn set_constant(
    d: &NetworkDescription,
    name: &str,
    new: NamespaceValue,
) -> Option<NetworkDescription> {
    let mut out = d.clone();
    let mut found = false;
    for operation in &mut out.script {
        edit_constants(operation, &mut |n, value| {
            if n == name {
                *value = new.clone();
                found = true;
            }
        });
    }
    found.then_some(out)
}

/// The kinds of texts in which a name stands.
pub(super) fn fields_with(d: &NetworkDescription, name: &str) -> Vec<Field> {
    let mut out = Vec::new();
    for operation in &d.script {
        script::edit_texts(&mut operation.clone(), &mut |field, t| {
            if text::mentions(t, name) && !out.contains(&field) {
                out.push(field);
            }
        });
    }
    out
}

/// Every place that is worth `old` gets `new`: in texts of these kinds alone, names for it included, or anywhere.
pub(super) fn set_value(
    d: &NetworkDescription,
    old: Quantity,
    new: Quantity,
    fields: Option<&[Field]>,
) -> Option<NetworkDescription> {
    let mut out = d.clone();
    let known = if fields.is_some() { constants(d) } else { BTreeMap::new() };
    let within = |field: Field| fields.is_none_or(|list| list.contains(&field));
    let mut found = false;
    let inverse = |q: Quantity| Quantity::from(1.0) / q;
    let change = |q: &mut Quantity, found: &mut bool| {
        if text::same(*q, old) {
            *q = new;
            *found = true;
        } else if text::same(*q, inverse(old)) && old.dimension() != spikelab::Dimension::NONE {
            *q = inverse(new);
            *found = true;
        }
    };
    for operation in &mut out.script {
        script::edit_texts(operation, &mut |field, t| {
            if within(field)
                && let Some(changed) = text::replace(t, &known, field == Field::Equations, old, new)
            {
                *t = changed;
                found = true;
            }
        });
        if fields.is_none() {
            edit_constants(operation, &mut |_, value| {
                if let NamespaceValue::Quantity(q) = value {
                    change(q, &mut found);
                }
            });
        }
        match operation {
            Operation::AddNeuronGroup(g) if within(Field::Refractory) => {
                if let Some(Refractory::Time(q)) = &mut g.refractory {
                    change(q, &mut found);
                }
            }
            Operation::AddSynapses(s) if within(Field::Delay) => {
                s.pathways.iter_mut().filter_map(|p| p.delay.as_mut()).for_each(|q| change(q, &mut found));
            }
            Operation::AddPoissonInput(g) if within(Field::Rates) => change(&mut g.rate, &mut found),
            Operation::AddPoissonGroup(g) if within(Field::Rates) => {
                numbers(&mut g.rates, &mut |q| change(q, &mut found));
            }
            Operation::Set { variable, value, .. }
                if within(if script::is_delay(variable) { Field::Delay } else { Field::Set }) =>
            {
                numbers(value, &mut |q| change(q, &mut found));
            }
            _ => {}
        }
    }
    found.then_some(out)
}

/// Each number of a value as a quantity, to be changed in place.
fn numbers(value: &mut Value, f: &mut dyn FnMut(&mut Quantity)) {
    let Value::Numbers { values, unit } = value else { return };
    let Ok(unit) = spikelab::parse_unit(unit) else { return };
    for v in values {
        let mut q = *v * unit;
        let before = q;
        f(&mut q);
        if q != before && q.dimension() == unit.dimension() {
            *v = q.value() / unit.value();
        }
    }
}

/// All groups of this size get another one, and with `texts` every such number, or one less, in rules.
pub(super) fn set_size(
    d: &NetworkDescription,
    old: usize,
    new: usize,
    texts: bool,
) -> Option<NetworkDescription> {
    let mut out = d.clone();
    let mut found = false;
    for operation in &mut out.script {
        match operation {
            Operation::AddNeuronGroup(g) if g.n == old => (g.n, found) = (new, true),
            Operation::AddPoissonGroup(g) if g.n == old => (g.n, found) = (new, true),
            _ => {}
        }
    }
    if !found || !texts {
        return found.then_some(out);
    }
    let count = |n: usize| Quantity::from(script::float(n));
    let less = |n: usize| count(n.saturating_sub(1));
    let rules = [Field::Connect, Field::Set, Field::Delay];
    let mut changed = false;
    for (a, b) in [(count(old), count(new)), (less(old), less(new))] {
        if let Some(next) = set_value(&out, a, b, Some(&rules)) {
            out = next;
            changed = true;
        }
    }
    changed.then_some(out)
}

/// Runs so long altogether: cut off, or the last run made longer. Not for networks that put states back.
pub(super) fn set_duration(d: &NetworkDescription, seconds: f64) -> Option<NetworkDescription> {
    if d.script.iter().any(|o| matches!(o, Operation::Restore { .. })) {
        return None;
    }
    let mut out = d.clone();
    let mut left = seconds;
    let mut last = None;
    for (k, operation) in out.script.iter_mut().enumerate() {
        if let Operation::Run { duration } = operation {
            *duration = duration.min(left);
            left -= *duration;
            last = Some(k);
            if left <= 1e-12 {
                break;
            }
        }
    }
    let last = last?;
    if let Operation::Run { duration } = &mut out.script[last]
        && left > 1e-12
    {
        *duration += left;
    } else {
        out.script.truncate(last + 1);
    }
    Some(out)
}

/// Sets a variable right before the first run, and before each first run after a state was put back.
pub(super) fn set_before_runs(d: &NetworkDescription, set: &Operation) -> Option<NetworkDescription> {
    let mut fresh = true;
    let mut found = false;
    let mut out = NetworkDescription { script: Vec::new(), ..d.clone() };
    for operation in &d.script {
        match operation {
            Operation::Run { .. } if fresh => {
                out.script.push(set.clone());
                (fresh, found) = (false, true);
            }
            Operation::Restore { .. } => fresh = true,
            _ => {}
        }
        out.script.push(operation.clone());
    }
    found.then_some(out)
}

/// An operation that sets the first elements of a group.
pub(super) fn set_elements(object: &str, variable: &str, values: &[f64], unit: &str) -> Operation {
    let value = Value::Numbers { values: values.to_vec(), unit: unit.to_owned() };
    let index = Selection::Indices((0..values.len()).collect());
    Operation::Set { object: object.to_owned(), variable: variable.to_owned(), index, value }
}

/// The time step in force when the first run begins, if all objects follow it.
pub(super) fn step(d: &NetworkDescription) -> f64 {
    let before = d.script.iter().take_while(|o| !matches!(o, Operation::Run { .. }));
    before.fold(d.dt, |dt, o| if let Operation::SetDt { dt } = o { *dt } else { dt })
}

/// The same network with another time step from the beginning.
pub(super) fn with_step(d: &NetworkDescription, dt: f64) -> NetworkDescription {
    let mut out = NetworkDescription { dt, ..d.clone() };
    out.script.retain(|o| !matches!(o, Operation::SetDt { .. }));
    out
}
