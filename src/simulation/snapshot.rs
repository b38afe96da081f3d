//! `store` and `restore`: the whole state of a network at one moment, kept in memory or in a file.
//! Values handed over are not part of it, as in Brian2.

use std::path::Path;

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use super::Network;
use super::objects::Objects;
use crate::description::Operation;
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::evidence::{Row, bounded_json};
use crate::groups::{Context, lock};
use crate::synapses::SpikeQueue;

/// The state of everything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Snapshot {
    format: String,
    time: f64,
    dt: f64,
    epoch: u64,
    store: Vec<Row>,
    events: LiteMap<String, LiteMap<String, Vec<u32>>>,
    synapses: LiteMap<String, SynapsesPart>,
    states: LiteMap<String, (Row, Vec<Row>)>,
    spikes: LiteMap<String, SpikesPart>,
    rates: LiteMap<String, (Row, Row)>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct SynapsesPart {
    i: Vec<u32>,
    j: Vec<u32>,
    connected: bool,
    /// A file is not believed about it.
    #[serde(skip, default = "maybe")]
    own_delays: bool,
    queues: Vec<SpikeQueue>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct SpikesPart {
    i: Vec<u32>,
    t: Row,
    count: Vec<u64>,
    values: Vec<Row>,
}

fn maybe() -> bool {
    true
}

const FORMAT: &str = "spikelab-state/1";

fn rows(list: &[Vec<f64>]) -> Vec<Row> {
    list.iter().cloned().map(Row).collect()
}

fn lists(rows: &[Row]) -> Vec<Vec<f64>> {
    rows.iter().map(|r| r.0.clone()).collect()
}

impl Snapshot {
    fn take(objects: &Objects, context: &Context) -> Result<Self> {
        let mut s = Self {
            format: FORMAT.to_owned(),
            time: context.time,
            dt: context.dt,
            epoch: context.epoch,
            store: rows(&context.store),
            ..Self::default()
        };
        for group in &objects.groups {
            s.events.insert(group.name().to_owned(), group.live()?.state().events.clone());
        }
        for object in &objects.synapses {
            let state = object.live()?.state();
            let (i, j, queues) =
                (state.i.to_vec().into_owned(), state.j.to_vec().into_owned(), state.queues.clone());
            let (connected, own_delays) = (state.connected, state.own_delays);
            let part = SynapsesPart { i, j, connected, own_delays, queues };
            s.synapses.insert(object.name().to_owned(), part);
        }
        for monitor in &objects.state_monitors {
            let record = monitor.live()?.state();
            s.states.insert(monitor.name().to_owned(), (Row(record.t.clone()), rows(&record.samples)));
        }
        for monitor in &objects.spike_monitors {
            let r = monitor.live()?.state();
            let part = SpikesPart {
                i: r.i.clone(),
                t: Row(r.t.clone()),
                count: r.count.clone(),
                values: rows(&r.values),
            };
            s.spikes.insert(monitor.name().to_owned(), part);
        }
        for monitor in &objects.rate_monitors {
            let r = monitor.live()?.state();
            s.rates.insert(monitor.name().to_owned(), (Row(r.t.clone()), Row(r.rate.clone())));
        }
        Ok(s)
    }

    /// Refuses a state of another network.
    fn fits(&self, objects: &Objects, context: &Context) -> Result<()> {
        let names = |here: Vec<&str>, there: Vec<&String>| {
            here.len() == there.len() && here.iter().all(|n| there.iter().any(|t| t == n))
        };
        let same = self.format == FORMAT
            && self.store.len() == context.store.len()
            && names(objects.groups.iter().map(|o| o.name()).collect(), self.events.keys().collect())
            && names(objects.synapses.iter().map(|o| o.name()).collect(), self.synapses.keys().collect())
            && names(objects.state_monitors.iter().map(|o| o.name()).collect(), self.states.keys().collect())
            && names(objects.spike_monitors.iter().map(|o| o.name()).collect(), self.spikes.keys().collect())
            && names(objects.rate_monitors.iter().map(|o| o.name()).collect(), self.rates.keys().collect());
        if same {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Value, "the stored state is that of a network with other objects")
            .help("store again after the last object was added"))
    }

    fn put_back(&self, objects: &Objects, context: &mut Context, random: bool) -> Result<()> {
        self.fits(objects, context)?;
        context.time = self.time;
        context.dt = self.dt;
        context.epoch = if random { self.epoch } else { context.epoch + 1 };
        context.store = lists(&self.store);
        for group in &objects.groups {
            group.live()?.state().events = self.events[&group.name().to_owned()].clone();
        }
        for object in &objects.synapses {
            let (mut state, part) = (object.live()?.state(), &self.synapses[&object.name().to_owned()]);
            state.put_back(&part.i, &part.j);
            (state.connected, state.own_delays) = (part.connected, part.own_delays);
            state.queues.clone_from(&part.queues);
        }
        for monitor in &objects.state_monitors {
            let (mut record, (t, samples)) =
                (monitor.live()?.state(), &self.states[&monitor.name().to_owned()]);
            (record.t, record.samples) = (t.0.clone(), lists(samples));
        }
        for monitor in &objects.spike_monitors {
            let (mut record, part) =
                (monitor.live()?.state(), self.spikes[&monitor.name().to_owned()].clone());
            (record.i, record.t, record.count) = (part.i, part.t.0, part.count);
            record.values = lists(&part.values);
        }
        for monitor in &objects.rate_monitors {
            let (mut record, (t, rate)) = (monitor.live()?.state(), &self.rates[&monitor.name().to_owned()]);
            (record.t, record.rate) = (t.0.clone(), rate.0.clone());
        }
        Ok(())
    }
}

impl Network {
    /// Keeps the whole state under a name: variables, spikes on their way, monitors, times, as
    /// [Brian2](https://brian2.readthedocs.io/en/2.9.0/user/running.html#continuing-repeating-simulations).
    ///
    /// ```
    /// use spikelab::prelude::*;
    /// let mut net = Network::new();
    /// let group = net.add(NeuronGroup::new(1, "dv/dt = 1/ms : 1").method("euler"))?;
    /// net.store("start")?;
    /// net.run(5.0 * ms)?;
    /// net.restore("start")?;
    /// assert_eq!((group.get("v")?[0], net.t().value()), (0.0, 0.0));
    /// # Ok::<(), spikelab::Error>(())
    /// ```
    ///
    /// # Errors
    /// None today; it may refuse objects that cannot be kept.
    pub fn store(&self, name: &str) -> Result<()> {
        let snapshot = self.snapshot()?;
        lock(&self.snapshots).insert(name.to_owned(), snapshot);
        lock(&self.context).script.push(Operation::Store { name: name.to_owned() });
        Ok(())
    }

    /// Puts a stored state back. Random numbers are new ones from there on, so that trials differ.
    ///
    /// # Errors
    /// A name that nothing was stored under, or objects added since.
    pub fn restore(&self, name: &str) -> Result<()> {
        self.restore_as(name, false)
    }

    /// As [`Network::restore`], and random numbers repeat too.
    ///
    /// # Errors
    /// As [`Network::restore`].
    pub fn restore_with_random_state(&self, name: &str) -> Result<()> {
        self.restore_as(name, true)
    }

    pub(super) fn restore_as(&self, name: &str, random: bool) -> Result<()> {
        let snapshots = lock(&self.snapshots);
        let Some(snapshot) = snapshots.get(name) else {
            let error = Error::new(ErrorKind::UnknownName, format!("no state was stored as `{name}`"));
            return Err(match did_you_mean(name, snapshots.keys().map(String::as_str)) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help(format!("call `net.store(\"{name}\")` first")),
            });
        };
        let objects = lock(&self.objects);
        let mut context = lock(&self.context);
        snapshot.put_back(&objects, &mut context, random)?;
        context.script.push(Operation::Restore { name: name.to_owned(), random });
        Ok(())
    }

    /// Writes the whole state into a file, as JSON.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn store_to_file(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let text = bounded_json(&self.snapshot()?, usize::MAX)
            .ok_or_else(|| Error::new(ErrorKind::Description, "the state cannot be written"))?;
        std::fs::write(path, text).map_err(|e| {
            Error::new(ErrorKind::Description, format!("`{}` cannot be written: {e}", path.display()))
                .help("choose a folder that exists and that you may write to")
        })
    }

    /// Puts back the state in a file, for a network that was built in the same way.
    ///
    /// A description of the network cannot tell where this state came from, so it starts anew from here.
    ///
    /// # Errors
    /// A file that cannot be read, or the state of another network.
    pub fn restore_from_file(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let unreadable = |e: String| {
            Error::new(ErrorKind::Description, format!("`{}` cannot be read: {e}", path.display()))
                .help("give a file that `store_to_file` wrote")
        };
        let text = std::fs::read_to_string(path).map_err(|e| unreadable(e.to_string()))?;
        let snapshot: Snapshot = serde_json::from_str(&text).map_err(|e| unreadable(e.to_string()))?;
        let objects = lock(&self.objects);
        snapshot.put_back(&objects, &mut lock(&self.context), false)
    }

    fn snapshot(&self) -> Result<Snapshot> {
        let objects = lock(&self.objects);
        let context = lock(&self.context);
        Snapshot::take(&objects, &context)
    }
}
