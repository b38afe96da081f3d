//! What to set where a submission computes the variable: `v = 1 - u` gets a value by way of `u`.
//! The relation is looked at from outside, at three values of `u`; it must be a straight line there.

use spikelab::description::{NetworkDescription, Operation};
use spikelab::evidence::Evidence;

use super::script::{self, Kind};
use super::{replace, simulate};

/// How far the third value may lie beside the line through the other two, relative to what the line climbs.
const STRAIGHT: f64 = 1e-9;

/// The settings that give `computed` these values in the elements of `object` before the first run, one for each
/// variable that alone can do it: those with a differential equation and, unless `state` asks for one, parameters.
pub(super) fn settings(
    d: &NetworkDescription,
    object: &str,
    computed: &str,
    values: &[f64],
    state: bool,
) -> Vec<Operation> {
    let declared = script::variables(script::equations(d, script::whole(object)));
    let of = |kind: Kind| declared.iter().filter(move |v| v.kind == kind);
    of(Kind::State)
        .chain(of(Kind::Parameter).filter(|_| !state))
        .filter_map(|free| {
            let unit = free.dimension.to_string();
            let at = |x: f64| {
                let all = vec![x; values.len()];
                let set = replace::set_elements(object, &free.name, &all, &unit);
                initial(&replace::set_before_runs(d, &set)?, object, computed)
            };
            let (zero, one, two) = (at(0.0)?, at(1.0)?, at(2.0)?);
            let solve = |(k, wanted): (usize, &f64)| {
                let slope = one.get(k)? - zero.get(k)?;
                let straight = (two.get(k)? - one[k] - slope).abs() <= STRAIGHT * slope.abs();
                (straight && slope != 0.0).then(|| (wanted - zero[k]) / slope)
            };
            let needed: Option<Vec<f64>> = values.iter().enumerate().map(solve).collect();
            Some(replace::set_elements(object, &free.name, &needed?, &unit))
        })
        .collect()
}

/// Values of a variable in the elements of `object` when the first run begins.
pub(super) fn initial(d: &NetworkDescription, object: &str, variable: &str) -> Option<Vec<f64>> {
    let mut before = d.clone();
    before.script.truncate(d.script.iter().position(|o| matches!(o, Operation::Run { .. }))?);
    let whole = script::whole(object);
    let values = simulate::simulate(&before, &[whole.to_owned()]).ok()?;
    let Evidence::Group { variables, .. } = values.get(whole)? else { return None };
    let row = &variables.get(variable)?.0;
    let start = script::first(object);
    row.get(start..start + script::len(&script::sizes(d), object)?).map(<[f64]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spikelab::description::Value;
    use spikelab::prelude::*;

    fn wanted(model: &str, values: &[f64], state: bool) -> Vec<(String, Vec<f64>)> {
        let mut net = Network::new();
        let group = net.add(NeuronGroup::new(values.len(), model).named("g")).unwrap();
        group.set("E", -60.0 * mV).unwrap();
        net.run(1.0 * ms).unwrap();
        let d = net.description();
        let read = |operation: Operation| match operation {
            Operation::Set { variable, value: Value::Numbers { values, .. }, .. } => (variable, values),
            other => panic!("{other:?}"),
        };
        settings(&d, "g", "v", values, state).into_iter().map(read).collect()
    }

    #[test]
    fn a_line_is_followed_back() {
        let model = "du/dt = -u/(10*ms) : volt\n E : volt\n v = E + 2*u : volt";
        let found = wanted(model, &[-0.05, -0.06], false);
        let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].0 == "u" && near(&found[0].1, &[0.005, 0.0]), "{found:?}");
        assert!(found[1].0 == "E" && near(&found[1].1, &[-0.05, -0.06]), "{found:?}");
        assert_eq!(wanted(model, &[-0.05, -0.06], true), found[..1]);
    }

    #[test]
    fn what_is_no_line_or_no_relation_is_left() {
        let none = |model: &str| assert_eq!(wanted(model, &[0.5], false), []);
        none("du/dt = -u/(10*ms) : 1\n E : volt\n v = u**2 : 1");
        none("du/dt = -u/(10*ms) : 1\n E : volt\n v = 1 - exp(-t/(10*ms)) : 1");
    }
}
