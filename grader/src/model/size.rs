//! How large a description from a student's process may be, found out before anything is built.
//! All limits are far above what a course asks for, and low enough for a machine with a few gigabytes.

use std::collections::BTreeMap;

use spikelab::description::{
    ConnectDescription, Indices, NamespaceValue, NetworkDescription, Operation, Selection, Timing, Value,
};

use super::script;
use super::simulate::Failure;

/// Longest script.
const OPERATIONS: usize = 20_000;
/// Longest text of a model.
const TEXT: usize = 20_000;
/// Most neurons.
const NEURONS: usize = 1_000_000;
/// Most steps.
const STEPS: f64 = 1e7;
/// Most values that are watched over all steps: spikes and samples may take this many places in memory.
const WATCHED: f64 = 4e7;
/// Most pairs looked at for connections, and most synapses.
pub(super) const MOST_SYNAPSES: f64 = 2e7;
/// Most synapses times steps: as many spikes may be on their way.
const ON_THEIR_WAY: f64 = 2e9;
/// Largest number in a generator of connections, whose ranges nothing else bounds.
const RANGE: f64 = 10_000.0;

/// Refuses what would take too much memory or time, before anything is built.
pub(super) fn limits(d: &NetworkDescription) -> Result<(), Failure> {
    let large = |what: String| Err(Failure::TooLarge(what));
    if d.script.len() > OPERATIONS {
        return large(format!("{} operations", d.script.len()));
    }
    let sizes = script::sizes(d);
    let neurons: usize = sizes.values().fold(0, |sum, n| sum.saturating_add(*n));
    if neurons > NEURONS {
        return large(format!("{neurons} neurons"));
    }
    let mut dt = d.dt;
    let mut seconds = 0.0;
    // Values recorded in each step, and by monitors with a clock of their own in each second.
    let (mut watched, mut watched_in_a_second) = (0.0, 0.0);
    let mut pairs = 0.0;
    let mut made: BTreeMap<&str, f64> = BTreeMap::new();
    let mut clock = |timing: &Timing| {
        if let Some(own) = timing.dt {
            dt = dt.min(own);
        }
    };
    for operation in &d.script {
        let longest = script::longest_text(operation);
        if longest > TEXT {
            return large(format!("a text of {longest} characters"));
        }
        match operation {
            Operation::AddNeuronGroup(g) => {
                clock(&g.timing);
                g.namespace.values().try_for_each(table)?;
                g.event_schedule.values().for_each(&mut clock);
            }
            Operation::AddPoissonGroup(g) => clock(&g.timing),
            Operation::AddSpikeGeneratorGroup(g) => clock(&g.timing),
            Operation::AddPoissonInput(g) => clock(&g.timing),
            Operation::AddSynapses(s) => clock(&s.timing),
            Operation::RunRegularly { code, .. } => clock(&code.timing),
            Operation::SetDt { dt } => clock(&Timing { dt: Some(*dt), ..Timing::default() }),
            Operation::SetNamespace { value, .. } => table(value)?,
            Operation::Run { duration } => seconds += duration.max(0.0),
            Operation::AddStateMonitor(m) => {
                clock(&m.timing);
                let whole = script::whole(&m.source);
                let rows = match (&m.record, sizes.get(whole)) {
                    (Selection::Indices(list), _) => script::float(list.len()),
                    (_, Some(n)) => script::float(*n),
                    // Synapses: all that may have been made by now.
                    (_, None) => made.get(whole).copied().unwrap_or(0.0),
                };
                let values = rows * script::float(m.variables.len());
                match m.timing.dt {
                    Some(own) => watched_in_a_second += values / own,
                    None => watched += values,
                }
            }
            Operation::AddSpikeMonitor(m) if m.record => {
                let rows = sizes.get(script::whole(&m.source)).copied().unwrap_or(0);
                watched += script::float(rows) * script::float(1 + m.variables.len());
            }
            Operation::AddPopulationRateMonitor(_) => watched += 1.0,
            Operation::Connect { object, connect } => {
                let more = connections(d, object, connect, &sizes)?;
                pairs += more;
                *made.entry(object).or_default() += more;
            }
            Operation::Set { value: Value::Numbers { values, .. }, .. } if values.len() > NEURONS => {
                return large(format!("{} values", values.len()));
            }
            _ => {}
        }
    }
    let steps = seconds / dt;
    if !(steps <= STEPS && dt > 0.0) {
        return large(format!("{steps:.0} steps"));
    }
    let values = watched * steps + watched_in_a_second * seconds;
    if values.is_nan() || values > WATCHED {
        return large(format!("{values:.0} values to record"));
    }
    if pairs > MOST_SYNAPSES {
        return large(format!("{pairs:.0} pairs of neurons to connect"));
    }
    if pairs * steps > ON_THEIR_WAY {
        return large(format!("{pairs:.0} synapses for {steps:.0} steps"));
    }
    Ok(())
}

fn table(value: &NamespaceValue) -> Result<(), Failure> {
    match value {
        NamespaceValue::TimedArray(t) if t.rows.len() > NEURONS => {
            Err(Failure::TooLarge(format!("a table of {} rows", t.rows.len())))
        }
        _ => Ok(()),
    }
}

/// How many pairs one call of `connect` may look at or make.
fn connections(
    d: &NetworkDescription,
    object: &str,
    connect: &ConnectDescription,
    sizes: &BTreeMap<String, usize>,
) -> Result<f64, Failure> {
    let ends = script::synapses(d).find(|s| s.name == object).map(|s| (s.source.as_str(), s.target.as_str()));
    let size = |name: &str| script::float(sizes.get(script::whole(name)).copied().unwrap_or(0));
    let (source, target) = ends.map_or((0.0, 0.0), |(a, b)| (size(a), size(b)));
    let many = match connect.n.as_deref().map(|n| n.trim().parse::<f64>()) {
        None => 1.0,
        Some(Ok(n)) if n >= 0.0 => n,
        // An expression in the indices: at most a power of them, of which the limit allows no large ones.
        Some(_) => source.max(target).max(10.0).powi(2),
    };
    let mut pairs = 0.0_f64;
    for (indices, others) in [(&connect.i, target), (&connect.j, source)] {
        pairs = pairs.max(match indices {
            None => 0.0,
            Some(Indices::List(list)) => script::float(list.len()),
            Some(Indices::Generator(text)) => {
                let largest = super::text::numbers(text).fold(1.0, f64::max);
                if largest > RANGE || text.contains("**") {
                    return Err(Failure::TooLarge("a generator of connections with a long range".into()));
                }
                others * if text.contains(" for ") { largest.max(source).max(target) } else { 1.0 }
            }
        });
    }
    Ok(many * if pairs > 0.0 { pairs } else { source * target })
}
