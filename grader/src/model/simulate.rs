//! Simulates a description from a student's process: limits before it is built, a deadline while it runs.
//! Nothing in a description may harm the grader: a panic is caught, a run that takes too long is stopped.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use spikelab::description::{
    ConnectDescription, Indices, NamespaceValue, NetworkDescription, Operation, Selection, Timing, Value,
};
use spikelab::evidence::{Evidence, ToEvidence};
use spikelab::{ErrorKind, Network};

use super::script;

/// Why a network could not be simulated again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It holds functions of the student's, which are no data.
    Undescribed(String),
    /// It is larger than what is simulated again.
    TooLarge(String),
    /// It took longer than it may.
    TooSlow,
    /// The library refuses it, so it cannot have run in a notebook either.
    Refused(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Undescribed(what) => write!(f, "it uses {what}, which cannot be written down as data"),
            Self::TooLarge(what) => write!(f, "it is too large: {what}"),
            Self::TooSlow => f.write_str("it takes too long"),
            Self::Refused(why) => f.write_str(why),
        }
    }
}

/// Longest time for one network.
const DEADLINE: Duration = Duration::from_secs(20);
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
const PAIRS: f64 = 2e7;
/// Most synapses times steps: as many spikes may be on their way.
const ON_THEIR_WAY: f64 = 2e9;
/// Largest number in a generator of connections, whose ranges nothing else bounds.
const RANGE: f64 = 10_000.0;

/// Values of the named objects after everything in the description was done again.
///
/// # Errors
/// A description that is too large, takes too long, or is refused by the library.
pub(super) fn simulate(
    description: &NetworkDescription,
    wanted: &[String],
) -> Result<BTreeMap<String, Evidence>, Failure> {
    limits(description)?;
    let (send, receive) = mpsc::channel();
    let (handle_send, handle_receive) = mpsc::channel::<Network>();
    let (description, wanted) = (description.clone(), wanted.to_vec());
    // A thread of its own, because a run can be stopped from outside only, and for the deep stacks of long formulas.
    let thread =
        std::thread::Builder::new().name("re-simulation".into()).stack_size(64 << 20).spawn(move || {
            let run = || again(&description, &wanted, &handle_send);
            let result = catch_unwind(AssertUnwindSafe(run))
                .unwrap_or_else(|_| Err(Failure::Refused("the simulation broke down".into())));
            drop(send.send(result));
        });
    if thread.is_err() {
        return Err(Failure::TooSlow);
    }
    if let Ok(result) = receive.recv_timeout(DEADLINE) {
        return result;
    }
    // Stops whatever run goes on now and each that follows; the thread ends by itself.
    if let Ok(net) = handle_receive.try_recv() {
        let until = Instant::now() + DEADLINE;
        std::thread::spawn(move || {
            while Instant::now() < until && receive.try_recv().is_err() {
                net.stop();
                std::thread::sleep(Duration::from_millis(5));
            }
        });
    }
    Err(Failure::TooSlow)
}

fn again(
    description: &NetworkDescription,
    wanted: &[String],
    handle: &mpsc::Sender<Network>,
) -> Result<BTreeMap<String, Evidence>, Failure> {
    let deadline = Instant::now() + DEADLINE;
    let refused = |e: spikelab::Error| match e.kind() {
        ErrorKind::Description => Failure::Undescribed(e.message().to_owned()),
        _ if e.message().starts_with("the function `") => {
            Failure::Undescribed("a function of its own".into())
        }
        _ => Failure::Refused(e.message().to_owned()),
    };
    // The head alone first, so that a run in the rest can be stopped.
    let head = NetworkDescription { script: Vec::new(), ..description.clone() };
    let mut net = Network::from_description(&head).map_err(refused)?;
    drop(handle.send(net.clone()));
    for operation in &description.script {
        if Instant::now() > deadline {
            return Err(Failure::TooSlow);
        }
        net.apply(operation).map_err(refused)?;
        if let Operation::Connect { object, .. } = operation {
            let made = net.synapses(object).map_or(0, |s| s.len());
            if script::float(made) > PAIRS {
                return Err(Failure::TooLarge(format!("{made} synapses")));
            }
        }
    }
    let values = wanted.iter().filter_map(|name| Some((name.clone(), value(&net, name)?))).collect();
    Ok(values)
}

/// One object of a network as evidence, whatever it is.
fn value(net: &Network, name: &str) -> Option<Evidence> {
    if name.is_empty() {
        return Some(net.to_evidence());
    }
    (net.spike_monitor(name).map(|o| o.to_evidence()))
        .or_else(|| net.state_monitor(name).map(|o| o.to_evidence()))
        .or_else(|| net.population_rate_monitor(name).map(|o| o.to_evidence()))
        .or_else(|| net.synapses(name).map(|o| o.to_evidence()))
        .or_else(|| net.neuron_group(name).map(|o| o.to_evidence()))
}

/// Refuses what would take too much memory or time, before anything is built.
fn limits(d: &NetworkDescription) -> Result<(), Failure> {
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
    if pairs > PAIRS {
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
