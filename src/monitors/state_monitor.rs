//! `StateMonitor`: variables of chosen neurons, sampled at the start of every step.
//! The sample at time t is the state before the step from t on.

use std::collections::BTreeMap;
use std::fmt;

use super::{detached, elsewhere};
use crate::description::{Selection, StateMonitorDescription, Timing};
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::evidence::{Evidence, Origin, Row, ToEvidence, TraceSet};
use crate::groups::{
    AsView, Context, IntoSelection, Live, NeuronGroup, PoissonGroup, Shared, SpikeGeneratorGroup, Subgroup,
    View, lock,
};
use crate::synapses::{Synapses, SynapsesState};
use crate::units::{Dimension, Quantity, QuantityArray};

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
    source: Result<Watched>,
    problem: Option<Error>,
    live: Option<Live<StateRecord>>,
}

/// What a state monitor can watch: groups, parts of groups, inputs and synapses.
pub trait Recordable: sealed::Sealed {}

/// A group or synapses under watch.
#[derive(Clone)]
pub(crate) enum Watched {
    Group(View),
    Synapses(Live<SynapsesState>, String),
}

mod sealed {
    use super::{Result, Watched};

    pub trait Sealed {
        #[doc(hidden)]
        #[allow(private_interfaces, reason = "sealed: nobody outside can call or write it")]
        fn watched(&self) -> Result<Watched>;
    }
}

macro_rules! groups {
    ($($t:ty),*) => {$(
        impl Recordable for $t {}

        impl sealed::Sealed for $t {
            #[allow(private_interfaces, reason = "sealed")]
            fn watched(&self) -> Result<Watched> {
                Ok(Watched::Group(self.view()?))
            }
        }
    )*};
}
groups!(NeuronGroup, Subgroup, PoissonGroup, SpikeGeneratorGroup);

impl Recordable for Synapses {}

impl sealed::Sealed for Synapses {
    #[allow(private_interfaces, reason = "sealed")]
    fn watched(&self) -> Result<Watched> {
        Ok(Watched::Synapses(self.live()?.clone(), self.name().to_owned()))
    }
}

impl Watched {
    fn name(&self) -> &str {
        match self {
            Self::Group(view) => &view.name,
            Self::Synapses(_, name) => name,
        }
    }

    fn lives_in(&self, shared: &Shared<Context>) -> bool {
        match self {
            Self::Group(view) => view.live.lives_in(shared),
            Self::Synapses(live, _) => live.lives_in(shared),
        }
    }

    /// The elements chosen, as they are called here and as they stand in the columns, with each variable's dimension.
    fn look(
        &self,
        context: &Context,
        d: &StateMonitorDescription,
    ) -> Result<(Vec<u32>, Vec<u32>, Vec<Dimension>)> {
        let (scope, elements, first) = match self {
            Self::Group(view) => {
                let state = view.live.state();
                let elements = state.selected(context, &view.range, &d.record)?;
                (state.scope_of_part(context, &view.range)?, elements, view.range.start)
            }
            Self::Synapses(live, _) => {
                let state = live.state();
                let scope = state.with_ends(|before, behind| state.scope(context, before, behind))?;
                (scope, state.selected(context, &d.record)?, 0)
            }
        };
        let dimension = |name: &String| {
            scope
                .symbol(name)
                .filter(|_| scope.is_variable(name))
                .map(|s| s.dimension)
                .ok_or_else(|| crate::groups::no_variable(name, self.name(), scope.names()))
        };
        let dimensions = d.variables.iter().map(dimension).collect::<Result<Vec<_>>>()?;
        let first = u32::try_from(first).unwrap_or(u32::MAX);
        Ok((elements.iter().map(|k| k - first).collect(), elements, dimensions))
    }
}

/// The samples so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct StateRecord {
    /// The elements recorded, as the user counts them.
    pub(crate) indices: Vec<u32>,
    /// The same as they stand in the columns.
    pub(crate) elements: Vec<u32>,
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
    /// Describes a monitor of one variable (`"v"`) or several (`["v", "w"]`) of all elements of `source`.
    #[must_use]
    pub fn new(source: &impl Recordable, variables: impl IntoVariables) -> Self {
        let description =
            StateMonitorDescription { variables: variables.into_variables(), ..Default::default() };
        Self { description, source: source.watched(), problem: None, live: None }
    }

    pub(crate) fn from_description(description: StateMonitorDescription, source: Watched) -> Self {
        Self { description, source: Ok(source), problem: None, live: None }
    }

    /// Samples at steps of its own.
    #[must_use]
    pub fn dt(mut self, dt: impl Into<Quantity>) -> Self {
        match crate::groups::time_step(dt.into()) {
            Ok(dt) => self.description.timing.dt = Some(dt),
            Err(e) => self.problem = Some(e),
        }
        self
    }

    /// Samples in another slot of the step, such as `"end"`, and at another place in it.
    #[must_use]
    pub fn when(mut self, slot: impl Into<String>, order: i32) -> Self {
        self.description.timing =
            Timing { when: Some(slot.into()), order: Some(order), dt: self.description.timing.dt };
        self
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

    pub(crate) fn source(&self) -> Result<Watched> {
        self.source.clone()
    }

    /// The elements recorded.
    #[must_use]
    pub fn indices(&self) -> Vec<usize> {
        let live = self.live.as_ref();
        live.map(|live| live.enter().1.indices.iter().map(|&k| k as usize).collect()).unwrap_or_default()
    }

    pub(crate) fn attach(mut self, shared: &Shared<Context>) -> Result<Self> {
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        let source = self.source.clone()?;
        if !source.lives_in(shared) {
            return Err(elsewhere());
        }
        self.description.source = source.name().to_owned();
        let context = lock(shared);
        crate::groups::check_when(self.description.timing.when.as_deref(), &context)?;
        let (indices, elements, dimensions) = source.look(&context, &self.description)?;
        drop(context);
        let samples = vec![Vec::new(); dimensions.len()];
        let record = StateRecord { indices, elements, dimensions, t: Vec::new(), samples };
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
        write!(f, "StateMonitor {} of {} in {}: {} samples", d.name, variables, d.source, self.t().len())
    }
}

impl crate::evidence::sealed::Sealed for StateMonitor {}

impl ToEvidence for StateMonitor {
    fn origin(&self) -> Option<Origin<'_>> {
        self.live.as_ref().map(|live| live.origin(self.name()))
    }

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
