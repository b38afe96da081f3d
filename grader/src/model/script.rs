//! Finding things in a network's script: objects by name, their sizes, texts, and what a monitor watches.
//! Names that a student left out are given as the library gives them, so every operation names its object.

use std::collections::BTreeMap;

use spikelab::description::{
    Indices, NetworkDescription, Operation, Refractory, Side, SynapsesDescription, Value,
};
use spikelab::{Dimension, Equations};

use crate::course::Field;

/// The group of a part of it: `A` for `A[2:5]`.
pub(super) fn whole(name: &str) -> &str {
    name.split('[').next().unwrap_or(name)
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(super) const fn float(n: usize) -> f64 {
    n as f64
}

/// Size of each group and input.
pub(super) fn sizes(d: &NetworkDescription) -> BTreeMap<String, usize> {
    let of = |operation: &Operation| match operation {
        Operation::AddNeuronGroup(g) => Some((g.name.clone(), g.n)),
        Operation::AddPoissonGroup(g) => Some((g.name.clone(), g.n)),
        Operation::AddSpikeGeneratorGroup(g) => Some((g.name.clone(), g.n)),
        _ => None,
    };
    d.script.iter().filter_map(of).collect()
}

/// All synapses objects.
pub(super) fn synapses(d: &NetworkDescription) -> impl Iterator<Item = &SynapsesDescription> {
    d.script.iter().filter_map(|operation| match operation {
        Operation::AddSynapses(s) => Some(s),
        _ => None,
    })
}

/// The equations of a group or of synapses; empty for inputs.
pub(super) fn equations<'a>(d: &'a NetworkDescription, object: &str) -> &'a str {
    d.script
        .iter()
        .find_map(|operation| match operation {
            Operation::AddNeuronGroup(g) if g.name == object => Some(g.equations.as_str()),
            Operation::AddSynapses(s) if s.name == object => Some(s.model.as_str()),
            _ => None,
        })
        .unwrap_or_default()
}

/// What an object stands for: a monitor for the group or part of one that it watches, other things for themselves.
pub(super) fn watched<'a>(d: &'a NetworkDescription, object: &'a str) -> &'a str {
    d.script
        .iter()
        .find_map(|operation| match operation {
            Operation::AddSpikeMonitor(m) if m.name == object => Some(m.source.as_str()),
            Operation::AddStateMonitor(m) if m.name == object => Some(m.source.as_str()),
            Operation::AddPopulationRateMonitor(m) if m.name == object => Some(m.source.as_str()),
            _ => None,
        })
        .unwrap_or(object)
}

/// How many neurons a group or a part of it has.
pub(super) fn len(sizes: &BTreeMap<String, usize>, view: &str) -> Option<usize> {
    let n = *sizes.get(whole(view))?;
    let Some((_, part)) = view.split_once('[') else { return Some(n) };
    let (start, stop) = part.strip_suffix(']')?.split_once(':')?;
    let bound = |text: &str, absent| if text.is_empty() { Some(absent) } else { text.parse::<usize>().ok() };
    Some(bound(stop, n)?.min(n).saturating_sub(bound(start, 0)?))
}

/// Where a part of a group begins in it.
pub(super) fn first(view: &str) -> usize {
    let start = view.split_once('[').and_then(|(_, part)| part.split_once(':')?.0.parse().ok());
    start.unwrap_or(0)
}

/// Length of the longest text in the model language that an operation holds.
pub(super) fn longest_text(operation: &Operation) -> usize {
    let mut longest = 0;
    edit_texts(&mut operation.clone(), &mut |_, text| longest = longest.max(text.len()));
    longest
}

/// Hands every text in the model language to `f`, with what it is; `f` may change it.
pub(super) fn edit_texts(operation: &mut Operation, f: &mut dyn FnMut(Field, &mut String)) {
    let value = |value: &mut Value, field: Field, f: &mut dyn FnMut(Field, &mut String)| {
        if let Value::Expression(text) = value {
            f(field, text);
        }
    };
    match operation {
        Operation::AddNeuronGroup(g) => {
            f(Field::Equations, &mut g.equations);
            g.threshold.iter_mut().for_each(|text| f(Field::Threshold, text));
            g.events.values_mut().for_each(|text| f(Field::Threshold, text));
            g.reset.iter_mut().for_each(|text| f(Field::Reset, text));
            g.run_on_event.iter_mut().for_each(|e| f(Field::Reset, &mut e.code));
            if let Some(Refractory::Expression(text)) = &mut g.refractory {
                f(Field::Refractory, text);
            }
        }
        Operation::AddSynapses(s) => {
            f(Field::Equations, &mut s.model);
            s.pathways.iter_mut().for_each(|p| match p.side {
                Side::Pre => f(Field::OnPre, &mut p.code),
                Side::Post => f(Field::OnPost, &mut p.code),
            });
        }
        Operation::AddPoissonGroup(g) => value(&mut g.rates, Field::Rates, f),
        Operation::AddPoissonInput(g) => f(Field::Weight, &mut g.weight),
        Operation::RunRegularly { code, .. } => f(Field::Regular, &mut code.code),
        Operation::Connect { connect, .. } => {
            [&mut connect.condition, &mut connect.p, &mut connect.n]
                .into_iter()
                .flatten()
                .for_each(|text| f(Field::Connect, text));
            for indices in [&mut connect.i, &mut connect.j] {
                if let Some(Indices::Generator(text)) = indices {
                    f(Field::Connect, text);
                }
            }
        }
        Operation::Set { variable, value: v, .. } => {
            value(v, if is_delay(variable) { Field::Delay } else { Field::Set }, f);
        }
        _ => {}
    }
}

/// True for `delay` and for a pathway's own, `up.delay`.
pub(super) fn is_delay(variable: &str) -> bool {
    variable.rsplit('.').next() == Some("delay")
}

/// The description without functions of the student's that only look on; `None` if it has none.
pub(super) fn without_operations(d: &NetworkDescription) -> Option<NetworkDescription> {
    let names: Vec<&str> = d
        .script
        .iter()
        .filter_map(|operation| match operation {
            Operation::AddNetworkOperation(o) => Some(o.name.as_str()),
            _ => None,
        })
        .collect();
    if names.is_empty() {
        return None;
    }
    let mut out = d.clone();
    out.script.retain(|operation| match operation {
        Operation::AddNetworkOperation(_) => false,
        Operation::SetActive { object, .. } => !names.contains(&object.as_str()),
        _ => true,
    });
    Some(out)
}

/// What equations say of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It has a differential equation.
    State,
    /// It is set and stays.
    Parameter,
    /// It is computed from others.
    Subexpression,
}

/// A variable that equations declare.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) dimension: Dimension,
}

/// The variables that equations declare; none if the library refuses the text.
pub(super) fn variables(equations: &str) -> Vec<Declared> {
    let Ok(equations) = Equations::parse(equations) else { return Vec::new() };
    let (states, parameters) = (equations.diff_eq_names(), equations.parameter_names());
    let dimensions = equations.dimensions();
    let declared = |name: &&str| {
        let kind = match name {
            n if states.contains(n) => Kind::State,
            n if parameters.contains(n) => Kind::Parameter,
            _ => Kind::Subexpression,
        };
        Some(Declared { name: (*name).to_owned(), kind, dimension: *dimensions.get(name)? })
    };
    equations.names().iter().filter_map(declared).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_from_equations() {
        let text = "dv/dt = (v0 - v)/tau : volt (unless refractory) # leak\n  v0 : volt\n x = 2*v : volt\n dg / dt = -g/tau : 1";
        let read: Vec<(String, Kind)> = variables(text).into_iter().map(|v| (v.name, v.kind)).collect();
        let expected =
            [("v", Kind::State), ("v0", Kind::Parameter), ("x", Kind::Subexpression), ("g", Kind::State)];
        assert_eq!(read, expected.map(|(n, k)| (n.to_owned(), k)));
        assert_eq!(variables(text)[1].dimension.to_string(), "volt");
        assert_eq!(variables("dv/dt = "), []);
    }

    #[test]
    fn parts_of_groups_have_their_own_length() {
        let sizes = [("a".to_owned(), 10)].into();
        assert_eq!(
            (len(&sizes, "a"), len(&sizes, "a[2:5]"), len(&sizes, "a[4:]")),
            (Some(10), Some(3), Some(6))
        );
        assert_eq!((len(&sizes, "b"), whole("a[2:5]")), (None, "a"));
    }
}
