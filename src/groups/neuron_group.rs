//! `NeuronGroup`: the builder and, once added to a network, the handle of a group of neurons.
//! A cheap clone that owns its data, so that it lives across the cells of a notebook.

use std::fmt;

use super::checks::{check, refuse_shadowing};
use super::context::{Context, Live, Shared, lock};
use super::values::{IntoRefractory, IntoSelection, IntoValue};
use super::variables::{Columns, Place, assign, column_named, declare_subexpressions, read, selected};
use crate::description::{NeuronGroupDescription, Operation, Refractory, Selection, Value};
use crate::equations::{Equations, Owner, Scope, ValueType};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Evidence, Row, ToEvidence};
use crate::random::Stream;
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
    pub(crate) description: NeuronGroupDescription,
    /// A mistake in the builder's arguments, kept until `add` can report it.
    problem: Option<Error>,
    live: Option<Live<GroupState>>,
}

/// The living part of a group.
pub(crate) struct GroupState {
    pub(crate) description: NeuronGroupDescription,
    pub(crate) equations: Equations,
    pub(crate) columns: Columns,
}

impl GroupState {
    pub(crate) fn name(&self) -> &str {
        &self.description.name
    }

    pub(crate) fn len(&self) -> usize {
        self.description.n
    }

    /// The column that says which neurons are free, if the group has a refractory period.
    pub(crate) fn refractory_column(&self) -> Option<usize> {
        self.description.refractory.as_ref().and_then(|_| self.columns.find("not_refractory"))
    }

    /// All names that this group's code may use.
    pub(crate) fn scope(&self, context: &Context) -> Scope {
        let mut scope = Scope::new(self.description.namespace.clone());
        self.columns.declare(&mut scope, Owner::Own, "");
        declare_subexpressions(&self.equations, &mut scope, Owner::Own, "");
        scope.insert_count("N", self.len());
        scope.insert_clock(context.dt);
        scope
    }

    fn place<'a>(&'a self, scope: &'a Scope, time: f64, stream: Stream) -> Place<'a> {
        Place { scope, tables: [&self.columns.values, &[], &[]], ends: None, time, stream, len: self.len() }
    }

    /// The neurons of a selection.
    pub(crate) fn selected(&self, context: &Context, selection: &Selection) -> Result<Vec<u32>> {
        let scope = self.scope(context);
        selected(selection, &self.place(&scope, context.time, context.next_stream()))
    }

    fn set(&mut self, context: &Context, variable: &str, index: &Selection, value: &Value) -> Result<()> {
        let scope = self.scope(context);
        let (k, column) = column_named(&self.columns, variable, self.name())?;
        if !column.writable {
            return Err(Error::new(ErrorKind::Value, format!("`{variable}` cannot be set"))
                .help("it numbers the neurons"));
        }
        let place = self.place(&scope, context.time, context.next_stream());
        let chosen = selected(index, &place)?;
        let new = assign(column, value, &chosen, &place)?;
        self.columns.scatter(k, &chosen, &new);
        Ok(())
    }
}

impl NeuronGroup {
    /// Describes `n` neurons with these equations.
    #[must_use]
    pub fn new(n: usize, equations: impl Into<String>) -> Self {
        let description = NeuronGroupDescription { n, equations: equations.into(), ..Default::default() };
        Self { description, problem: None, live: None }
    }

    pub(crate) fn from_description(description: NeuronGroupDescription) -> Self {
        Self { description, problem: None, live: None }
    }

    /// A neuron spikes in every step in which this condition holds and it is not refractory.
    #[must_use]
    pub fn threshold(mut self, condition: impl Into<String>) -> Self {
        self.description.threshold = Some(condition.into());
        self
    }

    /// What a spike does to its neuron, such as `"v = 0"`.
    #[must_use]
    pub fn reset(mut self, statements: impl Into<String>) -> Self {
        self.description.reset = Some(statements.into());
        self
    }

    /// How long a neuron cannot spike after a spike: a time (`5.0*ms`) or an expression (`"2*ms + i*ms"`).
    #[must_use]
    pub fn refractory(mut self, refractory: impl IntoRefractory) -> Self {
        match refractory.into_refractory() {
            Ok(r) => self.description.refractory = Some(r),
            Err(e) => self.problem = Some(e),
        }
        self
    }

    /// The integration method: `"exact"`, `"euler"`, `"rk2"`, `"rk4"`. Left out, a fitting one is chosen.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.description.method = Some(method.into());
        self
    }

    /// Hands a value over under a name that the equations use.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Quantity>) -> Self {
        let name = name.into();
        match value.into().checked() {
            Ok(value) => {
                self.description.namespace.insert(name, value);
            }
            Err(e) => self.problem = Some(e),
        }
        self
    }

    /// Gives the group a name of its own; it decides ties in the order of a step.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.description.name = name.into();
        self
    }

    /// The group's name; empty until it is added to a network, unless it was given one.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// The number of neurons.
    #[must_use]
    pub fn len(&self) -> usize {
        self.description.n
    }

    /// True if there are no neurons.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.description.n == 0
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
        let (mut context, mut state) = self.live()?.enter();
        let (index, value) = (index.into_selection(), value.into_value()?);
        state.set(&context, variable, &index, &value)?;
        let object = state.name().to_owned();
        context.script.push(Operation::Set { object, variable: variable.to_owned(), index, value });
        Ok(())
    }

    /// The values of a variable or subexpression, one for each neuron.
    ///
    /// # Errors
    /// An unknown variable, or a group that is not in a network.
    pub fn get(&self, variable: &str) -> Result<QuantityArray> {
        let (context, state) = self.live()?.enter();
        let scope = state.scope(&context);
        read(variable, state.name(), &state.place(&scope, context.time, context.next_stream()))
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
        let description = self.description.clone();
        let n = description.n;
        if n == 0 {
            return Err(Error::new(ErrorKind::Value, "a group needs at least one neuron")
                .help("the first argument of `NeuronGroup::new` is the number of neurons"));
        }
        let equations = Equations::parse(&description.equations)?;
        refuse_shadowing(&description.namespace)?;
        let mut columns = Columns::default();
        #[expect(clippy::cast_precision_loss, reason = "a group has fewer than 2^53 neurons")]
        columns.add_fixed("i", Dimension::NONE, (0..n).map(|k| k as f64).collect());
        columns.add_model(&equations, n);
        if description.refractory.is_some() {
            columns.add("lastspike", Dimension::TIME, ValueType::Float, vec![-1e4; n]);
            columns.add("not_refractory", Dimension::NONE, ValueType::Boolean, vec![1.0; n]);
        }
        let state = GroupState { description, equations, columns };
        check(&state, &lock(shared))?;
        self.live = Some(Live::new(shared, state));
        Ok(self)
    }
}

impl fmt::Debug for NeuronGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = &self.description;
        let name = if d.name.is_empty() { "NeuronGroup" } else { &d.name };
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

impl ToEvidence for NeuronGroup {
    fn to_evidence(&self) -> Evidence {
        let columns = self.live.as_ref().map(|live| live.enter().1.columns.clone()).unwrap_or_default();
        let variables =
            columns.list.into_iter().map(|c| c.name).zip(columns.values.into_iter().map(Row)).collect();
        Evidence::Group { n: self.description.n, variables }
    }
}
