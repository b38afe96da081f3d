//! `StateMonitor`: variables of chosen neurons, sampled at the start of every step.
//! The sample at time t is the state before the step from t on.

use std::collections::BTreeMap;
use std::fmt;

use super::{detached, elsewhere};
use crate::description::{Selection, StateMonitorDescription};
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::evidence::{Evidence, Row, ToEvidence, TraceSet};
use crate::groups::{Context, IntoSelection, Live, NeuronGroup, Shared, lock};
use crate::units::{Dimension, QuantityArray};

/// Records variables of a group, as in
/// [Brian2](https://brian2.readthedocs.io/en/2.9.0/user/recording.html#recording-variables).
///
/// ```
/// use spikelab::prelude::*;
/// let mut net = Network::new();
/// let group = net.add(NeuronGroup::new(1, "dv/dt = (1 - v)/tau : 1").with("tau", 10.0 * ms))?;
/// let statemon = net.add(StateMonitor::new(&group, "v").record(0))?;
/// net.run(50.0 * ms)?;
/// assert_eq!(statemon.t().len(), 500);
/// assert!((statemon.get("v", 0)?[100] - (1.0 - (-1.0_f64).exp())).abs() < 1e-12);
/// # Ok::<(), spikelab::Error>(())
/// ```
#[derive(Clone)]
pub struct StateMonitor {
    pub(crate) description: StateMonitorDescription,
    group: NeuronGroup,
    live: Option<Live<StateRecord>>,
}

/// The samples so far.
#[derive(Debug, Default)]
pub(crate) struct StateRecord {
    /// The neurons recorded.
    pub(crate) indices: Vec<u32>,
    pub(crate) dimensions: Vec<Dimension>,
    pub(crate) t: Vec<f64>,
    /// For each variable the samples one after the other, each of them one value for every neuron recorded.
    pub(crate) samples: Vec<Vec<f64>>,
}

impl StateRecord {
    fn row(&self, variable: usize, place: usize) -> Vec<f64> {
        self.samples[variable].iter().skip(place).step_by(self.indices.len()).copied().collect()
    }
}

impl StateMonitor {
    /// Describes a monitor of one variable (`"v"`) or several (`["v", "w"]`) of all neurons of `group`.
    #[must_use]
    pub fn new(group: &NeuronGroup, variables: impl IntoVariables) -> Self {
        let description = StateMonitorDescription {
            name: String::new(),
            source: String::new(),
            variables: variables.into_variables(),
            record: Selection::All,
        };
        Self { description, group: group.clone(), live: None }
    }

    pub(crate) fn from_description(description: StateMonitorDescription, group: NeuronGroup) -> Self {
        Self { description, group, live: None }
    }

    /// Only these neurons: `0`, `[0, 3]`, `0..10`.
    #[must_use]
    pub fn record(mut self, indices: impl IntoSelection) -> Self {
        self.description.record = indices.into_selection();
        self
    }

    /// All neurons, Brian2's `record=True`.
    #[must_use]
    pub fn record_all(mut self) -> Self {
        self.description.record = Selection::All;
        self
    }

    /// Gives the monitor a name of its own.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.description.name = name.into();
        self
    }

    /// The monitor's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// The times of the samples.
    #[must_use]
    pub fn t(&self) -> QuantityArray {
        let t = self.live.as_ref().map(|live| live.enter().1.t.clone()).unwrap_or_default();
        QuantityArray::new(t, Dimension::TIME)
    }

    /// The samples of one variable of one neuron, as many as [`StateMonitor::t`] has times.
    ///
    /// # Errors
    /// A variable or neuron that is not recorded.
    pub fn get(&self, variable: &str, neuron: usize) -> Result<QuantityArray> {
        let (_context, record) = self.live()?.enter();
        let names = &self.description.variables;
        let Some(k) = names.iter().position(|name| name == variable) else {
            let error = Error::new(ErrorKind::UnknownName, format!("`{variable}` is not recorded"));
            return Err(match did_you_mean(variable, names.iter().map(String::as_str)) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help(format!("this monitor records {}", names.join(", "))),
            });
        };
        let Some(place) = record.indices.iter().position(|&i| i as usize == neuron) else {
            let known: Vec<String> = record.indices.iter().take(10).map(u32::to_string).collect();
            let more = if record.indices.len() > 10 { ", …" } else { "" };
            return Err(Error::new(ErrorKind::Index, format!("neuron {neuron} is not recorded"))
                .help(format!("recorded are {}{more}", known.join(", "))));
        };
        Ok(QuantityArray::new(record.row(k, place), record.dimensions[k]))
    }

    pub(crate) fn live(&self) -> Result<&Live<StateRecord>> {
        self.live.as_ref().ok_or_else(detached)
    }

    pub(crate) fn is_attached(&self) -> bool {
        self.live.is_some()
    }

    pub(crate) fn source(&self) -> &NeuronGroup {
        &self.group
    }

    pub(crate) fn attach(mut self, shared: &Shared<Context>) -> Result<Self> {
        if !self.group.live()?.lives_in(shared) {
            return Err(elsewhere());
        }
        let record = {
            let context = lock(shared);
            let group = self.group.live()?.state();
            let indices = group.selected(&context, &self.description.record)?;
            let scope = group.scope(&context);
            let dimensions = self
                .description
                .variables
                .iter()
                .map(|name| {
                    scope
                        .symbol(name)
                        .filter(|_| scope.is_variable(name))
                        .map(|s| s.dimension)
                        .ok_or_else(|| crate::groups::no_variable(name, group.name(), scope.names()))
                })
                .collect::<Result<Vec<_>>>()?;
            let samples = vec![Vec::new(); dimensions.len()];
            StateRecord { indices, dimensions, t: Vec::new(), samples }
        };
        self.description.source = self.group.name().to_owned();
        self.live = Some(Live::new(shared, record));
        Ok(self)
    }
}

/// The variables of a monitor: `"v"` or `["v", "w"]`.
pub trait IntoVariables {
    /// Their names.
    fn into_variables(self) -> Vec<String>;
}

impl IntoVariables for &str {
    fn into_variables(self) -> Vec<String> {
        vec![self.to_owned()]
    }
}

impl<const N: usize> IntoVariables for [&str; N] {
    fn into_variables(self) -> Vec<String> {
        self.map(str::to_owned).to_vec()
    }
}

impl IntoVariables for &[&str] {
    fn into_variables(self) -> Vec<String> {
        self.iter().map(|s| (*s).to_owned()).collect()
    }
}

impl IntoVariables for Vec<String> {
    fn into_variables(self) -> Vec<String> {
        self
    }
}

impl fmt::Debug for StateMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = &self.description;
        let variables = d.variables.join(", ");
        write!(
            f,
            "StateMonitor {} of {} in {}: {} samples",
            d.name,
            variables,
            self.group.name(),
            self.t().len()
        )
    }
}

impl ToEvidence for StateMonitor {
    fn to_evidence(&self) -> Evidence {
        let Some(live) = &self.live else {
            return Evidence::Traces { t: Vec::new(), indices: Vec::new(), variables: BTreeMap::new() };
        };
        let (_context, record) = live.enter();
        let set = |k: usize| TraceSet {
            dimension: record.dimensions[k].to_string(),
            rows: (0..record.indices.len()).map(|place| Row(record.row(k, place))).collect(),
        };
        let variables = self.description.variables.iter().enumerate().map(|(k, name)| (name.clone(), set(k)));
        Evidence::Traces {
            t: record.t.clone(),
            indices: record.indices.iter().map(|&i| i as usize).collect(),
            variables: variables.collect(),
        }
    }
}
