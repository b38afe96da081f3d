//! `NeuronGroup`: the builder and, once added to a network, the handle of a group of neurons.
//! A cheap clone that owns its data, so that it lives across the cells of a notebook.

use std::fmt;
use std::ops::Range;

use super::checks::{check, refuse_shadowing};
use super::context::{Context, Live};
use super::generator::Generator;
use super::group_description::GroupDescription;
use super::guarded::{Shared, lock};
use super::source::{AsView, NeuronSource, Subgroup};
use super::state::{GroupState, View};
use super::values::{IntoNamespace, IntoRefractory, IntoSelection, IntoValue};
use super::variables::rows;
use crate::description::{
    EventCode, NamespaceValue, NeuronGroupDescription, Operation, Refractory, RegularDescription, Selection,
    Timing, Value,
};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Evidence, Origin, ToEvidence};
use crate::units::{Dimension, Quantity, QuantityArray};

/// A group of neurons that follow the same equations, as in
/// [Brian2](https://brian2.readthedocs.io/en/2.9.0/user/models.html).
///
/// Describe it, then hand it to [`Network::add`](crate::Network::add); what comes back is the same group, now alive.
///
/// ```
/// use spikelab::prelude::*;
/// let mut net = Network::new();
/// let group = net.add(
///     NeuronGroup::new(100, "dv/dt = (v0 - v)/tau : 1 (unless refractory)
///                            v0 : 1")
///         .threshold("v > 1").reset("v = 0").refractory(5.0 * ms).method("exact")
///         .with("tau", 10.0 * ms).with("v0_max", 3.0))?;
/// group.set("v0", "i*v0_max/(N-1)")?;
/// assert_eq!(group.get("v0")?[99], 3.0);
/// # Ok::<(), spikelab::Error>(())
/// ```
#[derive(Clone)]
pub struct NeuronGroup {
    pub(crate) description: GroupDescription,
    /// A mistake in the builder's arguments, kept until `add` can report it.
    problem: Option<Error>,
    live: Option<Live<GroupState>>,
}

impl NeuronGroup {
    /// Describes `n` neurons with these equations.
    #[must_use]
    pub fn new(n: usize, equations: impl Into<String>) -> Self {
        let description = NeuronGroupDescription { n, equations: equations.into(), ..Default::default() };
        Self::from_description(GroupDescription::Neurons(description))
    }

    pub(crate) fn from_description(description: GroupDescription) -> Self {
        Self { description, problem: None, live: None }
    }

    pub(crate) fn with_problem(mut self, problem: Option<Error>) -> Self {
        self.problem = self.problem.or(problem);
        self
    }

    /// Changes the description, unless this is a group of another kind.
    fn change(mut self, f: impl FnOnce(&mut NeuronGroupDescription)) -> Self {
        if let GroupDescription::Neurons(d) = &mut self.description {
            f(d);
        }
        self
    }

    /// A neuron spikes in every step in which this condition holds and it is not refractory.
    #[must_use]
    pub fn threshold(self, condition: impl Into<String>) -> Self {
        self.change(|d| d.threshold = Some(condition.into()))
    }

    /// What a spike does to its neuron, such as `"v = 0"`.
    #[must_use]
    pub fn reset(self, statements: impl Into<String>) -> Self {
        self.change(|d| d.reset = Some(statements.into()))
    }

    /// How long a neuron cannot spike after a spike: a time (`5.0*ms`) or an expression (`"2*ms + i*ms"`).
    #[must_use]
    pub fn refractory(mut self, refractory: impl IntoRefractory) -> Self {
        match refractory.into_refractory() {
            Ok(r) => self.change(|d| d.refractory = Some(r)),
            Err(e) => {
                self.problem = Some(e);
                self
            }
        }
    }

    /// The integration method: `"exact"`, `"euler"`, `"rk4"`, … Left out, a fitting one is chosen.
    #[must_use]
    pub fn method(self, method: impl Into<String>) -> Self {
        self.change(|d| d.method = Some(method.into()))
    }

    /// A further event with its condition, as in
    /// [Brian2](https://brian2.readthedocs.io/en/2.9.0/advanced/custom_events.html).
    #[must_use]
    pub fn event(self, name: impl Into<String>, condition: impl Into<String>) -> Self {
        self.change(|d| drop(d.events.insert(name.into(), condition.into())))
    }

    /// What such an event does to its neuron.
    #[must_use]
    pub fn run_on_event(self, event: impl Into<String>, code: impl Into<String>) -> Self {
        let code = EventCode { event: event.into(), code: code.into(), timing: Timing::default() };
        self.change(|d| d.run_on_event.push(code))
    }

    /// When the condition of an event is looked at: slot (`"after_thresholds"`) and place in it.
    #[must_use]
    pub fn event_schedule(self, event: impl Into<String>, when: impl Into<String>, order: i32) -> Self {
        let timing = Timing { dt: None, when: Some(when.into()), order: Some(order) };
        self.change(|d| drop(d.event_schedule.insert(event.into(), timing)))
    }

    /// Hands a value, a [`TimedArray`](crate::TimedArray) or a function over under a name that the equations use.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl IntoNamespace) -> Self {
        match value.into_namespace() {
            Ok(value) => {
                let name = name.into();
                match &mut self.description {
                    GroupDescription::Neurons(d) => drop(d.namespace.insert(name, value)),
                    GroupDescription::Poisson(d) => drop(d.namespace.insert(name, value)),
                    GroupDescription::Generator(_) => {}
                }
            }
            Err(e) => self.problem = Some(e),
        }
        self
    }

    /// Gives the group a time step of its own.
    #[must_use]
    pub fn dt(mut self, dt: impl Into<Quantity>) -> Self {
        match time_step(dt.into()) {
            Ok(dt) => self.description.timing().dt = Some(dt),
            Err(e) => self.problem = Some(e),
        }
        self
    }

    /// The place of the group within the slots of a step; 0 unless told otherwise.
    #[must_use]
    pub fn order(mut self, order: i32) -> Self {
        self.description.timing().order = Some(order);
        self
    }

    /// Gives the group a name of its own; it decides ties in the order of a step.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.description.set_name(name.into());
        self
    }

    /// The group's name; empty until it is added to a network, unless it was given one.
    #[must_use]
    pub fn name(&self) -> &str {
        self.description.name()
    }

    /// The number of neurons.
    #[must_use]
    pub fn len(&self) -> usize {
        self.description.n()
    }

    /// True if there are no neurons.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Neurons `range.start` up to but not including `range.end`, as
    /// [Brian2](https://brian2.readthedocs.io/en/2.9.0/user/models.html#subgroups)'s `group[3:6]`.
    ///
    /// # Errors
    /// A group that is not in a network, an empty range, or one that goes beyond the group.
    pub fn slice(&self, range: Range<usize>) -> Result<Subgroup> {
        Subgroup::of(self, range)
    }

    /// Sets a variable of all neurons.
    ///
    /// # Errors
    /// An unknown variable, a wrong dimension, a wrong number of values, a mistake in the expression.
    pub fn set(&self, variable: &str, value: impl IntoValue) -> Result<()> {
        self.set_at(variable, Selection::All, value)
    }

    /// Sets a variable of some neurons: `group.set_at("v", "i > 3", 1.0)`.
    ///
    /// # Errors
    /// As [`NeuronGroup::set`], and an index that does not exist.
    pub fn set_at(&self, variable: &str, index: impl IntoSelection, value: impl IntoValue) -> Result<()> {
        self.view()?.set(variable, index.into_selection(), value.into_value()?)
    }

    /// The values of a variable or subexpression, one for each neuron; one in all if it is shared.
    ///
    /// # Errors
    /// An unknown variable, or a group that is not in a network.
    pub fn get(&self, variable: &str) -> Result<QuantityArray> {
        self.get_at(variable, Selection::All)
    }

    /// The values of a variable or subexpression for some neurons: `group.get_at("v", "x > 3")`.
    ///
    /// # Errors
    /// As [`NeuronGroup::get`], and an index that does not exist.
    pub fn get_at(&self, variable: &str, index: impl IntoSelection) -> Result<QuantityArray> {
        self.view()?.get(variable, &index.into_selection())
    }

    /// Runs code for all neurons at regular times, before everything else in a step, as
    /// [Brian2](https://brian2.readthedocs.io/en/2.9.0/user/input.html#regular-operations).
    ///
    /// # Errors
    /// A mistake in the code, or a `dt` that is no time.
    pub fn run_regularly(&self, code: impl Into<String>, dt: impl Into<Quantity>) -> Result<()> {
        let timing = Timing { dt: Some(time_step(dt.into())?), when: None, order: None };
        self.add_regular(RegularDescription { name: String::new(), code: code.into(), timing })
    }

    /// As [`NeuronGroup::run_regularly`], with name, slot and order.
    ///
    /// # Errors
    /// A mistake in the code.
    pub fn add_regular(&self, mut code: RegularDescription) -> Result<()> {
        let (mut context, mut state) = self.live()?.enter();
        if code.name.is_empty() {
            code.name = super::regular_name(state.name(), state.regular.len());
        }
        super::checks::check_regular(&code, &state.scope(&context)?).map_err(|e| e.of(state.name()))?;
        state.regular.push(code.clone());
        let object = state.name().to_owned();
        context.record(&object.clone(), Operation::RunRegularly { object, code });
        Ok(())
    }

    /// Makes a variable with the flag `linked` that of another group, as
    /// [Brian2](https://brian2.readthedocs.io/en/2.9.0/user/models.html#linked-variables).
    ///
    /// # Errors
    /// Unknown variables, different units, or groups of different size.
    pub fn link(&self, variable: &str, source: &impl NeuronSource, source_variable: &str) -> Result<()> {
        self.link_as(variable, &source.view()?, source_variable, None)
    }

    /// As [`NeuronGroup::link`], with the element there for each element here.
    ///
    /// # Errors
    /// As [`NeuronGroup::link`], and indices that do not exist.
    pub fn link_by(
        &self,
        variable: &str,
        source: &impl NeuronSource,
        source_variable: &str,
        index: &[usize],
    ) -> Result<()> {
        self.link_as(variable, &source.view()?, source_variable, Some(index.to_vec()))
    }

    pub(crate) fn link_as(
        &self,
        variable: &str,
        source: &View,
        source_variable: &str,
        index: Option<Vec<usize>>,
    ) -> Result<()> {
        let found = {
            let (_context, state) = source.live.enter();
            state.columns.find(source_variable).cloned()
        };
        let (mut context, mut state) = self.live()?.enter();
        state.link(&mut context, variable, source, (source_variable, found), index.as_deref())?;
        let operation = Operation::Link {
            object: state.name().to_owned(),
            variable: variable.to_owned(),
            source: source.name.clone(),
            source_variable: source_variable.to_owned(),
            index,
        };
        context.record(state.name(), operation);
        Ok(())
    }

    /// Switches the group off or on: a group that is off does nothing in a run.
    ///
    /// # Errors
    /// A group that is not in a network.
    pub fn set_active(&self, active: bool) -> Result<()> {
        let (mut context, mut state) = self.live()?.enter();
        state.active = active;
        let object = state.name().to_owned();
        context.record(&object.clone(), Operation::SetActive { object, active });
        Ok(())
    }

    pub(crate) fn set_spikes_as(&self, i: Vec<usize>, t: Vec<f64>, period: Option<f64>) -> Result<()> {
        let (mut context, mut state) = self.live()?.enter();
        if state.generator.is_none() {
            return Err(Error::new(ErrorKind::Value, format!("`{}` is no spike generator", state.name()))
                .help("only a SpikeGeneratorGroup is told its spikes"));
        }
        state.generator = Some(Generator::checked(state.name(), state.len(), &i, &t, period)?);
        let object = state.name().to_owned();
        context.record(&object.clone(), Operation::SetSpikes { object, i, t, period });
        Ok(())
    }

    pub(crate) fn live(&self) -> Result<&Live<GroupState>> {
        self.live.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::Detached, "this group is not in a network yet")
                .help("add it first and use what comes back: `let group = net.add(group)?;`")
        })
    }

    pub(crate) fn is_attached(&self) -> bool {
        self.live.is_some()
    }

    /// Parses and checks everything, and brings the group to life.
    pub(crate) fn attach(mut self, shared: &Shared<Context>) -> Result<Self> {
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        let neurons = self.description.as_neurons();
        refuse_shadowing(&neurons.namespace)?;
        let mut state = {
            let mut context = lock(shared);
            let mut state = GroupState::new(neurons, &mut context)?;
            check(&state, &context)?;
            match &self.description {
                GroupDescription::Neurons(_) => {}
                GroupDescription::Poisson(d) => {
                    if let Value::Numbers { .. } = d.rates {
                        state.set(&mut context, &(0..d.n), "rates", &Selection::All, &d.rates)?;
                    }
                }
                GroupDescription::Generator(d) => {
                    state.generator = Some(Generator::new(d)?);
                    state.events.insert(super::state::SPIKE.to_owned(), Vec::new());
                }
            }
            state
        };
        state.active = true;
        self.live = Some(Live::new(shared, state));
        Ok(self)
    }
}

/// A time step from the user, in seconds.
pub(crate) fn time_step(dt: Quantity) -> Result<f64> {
    let dt = dt.checked()?;
    if dt.dimension() != Dimension::TIME {
        let error = Error::new(
            ErrorKind::Dimension,
            format!("dt must be a time, this is {}", dt.dimension().describe()),
        );
        return Err(error.help("give it a unit, for example `.dt(0.1*ms)`"));
    }
    if !(dt.value() > 0.0 && dt.value().is_finite()) {
        return Err(Error::new(ErrorKind::Value, format!("dt is {dt}"))
            .help("a time step is longer than nothing, for example 0.1*ms"));
    }
    Ok(dt.value())
}

impl fmt::Debug for NeuronGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = self.description.as_neurons();
        let name = if d.name.is_empty() { self.description.kind() } else { &d.name };
        write!(f, "{name}: {} neuron{}", d.n, if d.n == 1 { "" } else { "s" })?;
        for line in d.equations.lines().map(str::trim).filter(|l| !l.is_empty()) {
            write!(f, "\n  {line}")?;
        }
        for (word, text) in [("threshold", &d.threshold), ("reset", &d.reset)] {
            if let Some(text) = text {
                write!(f, "\n  {word}: {text}")?;
            }
        }
        match &d.refractory {
            Some(Refractory::Time(q)) => write!(f, "\n  refractory: {q}"),
            Some(Refractory::Expression(text)) => write!(f, "\n  refractory: {text}"),
            None => Ok(()),
        }
    }
}

impl crate::evidence::sealed::Sealed for NeuronGroup {}

impl ToEvidence for NeuronGroup {
    fn origin(&self) -> Option<Origin<'_>> {
        self.live.as_ref().map(|live| live.origin(self.name()))
    }

    fn to_evidence(&self) -> Evidence {
        let shown = |live: &Live<GroupState>| {
            let state = live.enter().1;
            state.columns.shown(&state.equations)
        };
        let names = self.live.as_ref().map(shown).unwrap_or_default();
        Evidence::Group { n: self.len(), variables: rows(names, |name| self.get(name)) }
    }
}

/// A namespace of plain values, for the grader's descriptions and tests.
impl From<Quantity> for NamespaceValue {
    fn from(value: Quantity) -> Self {
        Self::Quantity(value)
    }
}
