//! `Synapses`: the builder and, once added to a network, the handle of synapses between two groups.
//! A cheap clone that owns its data, so that it lives across the cells of a notebook.

use std::fmt;

use super::connect::Connect;
use super::state::SynapsesState;
use crate::description::{ConnectDescription, Operation, Selection, SynapsesDescription};
use crate::equations::{Scope, check_statements, parse_statements};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Evidence, Row, ToEvidence};
use crate::groups::{Context, IntoSelection, IntoValue, Live, NeuronGroup, Shared, lock, refuse_shadowing};
use crate::stateupdaters::choose;
use crate::units::{Dimension, Quantity, QuantityArray};

/// Synapses from one group of neurons to another, as in
/// [Brian2](https://brian2.readthedocs.io/en/2.9.0/user/synapses.html).
///
/// In its code, `v_pre` and `v_post` are variables of the neurons before and behind the synapse; a name without
/// suffix is a variable of the synapse or else of the target neuron.
///
/// ```
/// use spikelab::prelude::*;
/// let mut net = Network::new();
/// let group = net.add(NeuronGroup::new(3, "v : 1").threshold("v > 1").reset("v = 0"))?;
/// let synapses = net.add(Synapses::new(&group, &group).model("w : 1").on_pre("v_post += w"))?;
/// synapses.connect(Connect::pairs(0, [1, 2]))?;
/// synapses.set("w", "j*0.2")?;
/// synapses.set("delay", "j*2*ms")?;
/// assert_eq!(synapses.j(), [1, 2]);
/// assert_eq!(synapses.get("w")?.to_vec(), [0.2, 0.4]);
/// # Ok::<(), spikelab::Error>(())
/// ```
#[derive(Clone)]
pub struct Synapses {
    pub(crate) description: SynapsesDescription,
    source: NeuronGroup,
    target: NeuronGroup,
    /// A mistake in the builder's arguments, kept until `add` can report it.
    problem: Option<Error>,
    live: Option<Live<SynapsesState>>,
}

impl Synapses {
    /// Describes synapses from `source` to `target`; both must be in a network already.
    #[must_use]
    pub fn new(source: &NeuronGroup, target: &NeuronGroup) -> Self {
        let (source, target) = (source.clone(), target.clone());
        Self { description: SynapsesDescription::default(), source, target, problem: None, live: None }
    }

    pub(crate) fn from_description(
        description: SynapsesDescription,
        source: NeuronGroup,
        target: NeuronGroup,
    ) -> Self {
        Self { description, source, target, problem: None, live: None }
    }

    /// Variables and equations of each synapse, such as `"w : 1"`.
    #[must_use]
    pub fn model(mut self, equations: impl Into<String>) -> Self {
        self.description.model = equations.into();
        self
    }

    /// What a spike of the source neuron does, such as `"v_post += w"`.
    #[must_use]
    pub fn on_pre(mut self, statements: impl Into<String>) -> Self {
        self.description.on_pre = Some(statements.into());
        self
    }

    /// What a spike of the target neuron does.
    #[must_use]
    pub fn on_post(mut self, statements: impl Into<String>) -> Self {
        self.description.on_post = Some(statements.into());
        self
    }

    /// The delay of all synapses; `set("delay", …)` gives each its own.
    #[must_use]
    pub fn delay(mut self, delay: impl Into<Quantity>) -> Self {
        match delay.into().checked() {
            Ok(delay) => self.description.delay = Some(delay),
            Err(e) => self.problem = Some(e),
        }
        self
    }

    /// Hands over the value of a name used in the code.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Quantity>) -> Self {
        match value.into().checked() {
            Ok(value) => {
                self.description.namespace.insert(name.into(), value);
            }
            Err(e) => self.problem = Some(e),
        }
        self
    }

    /// Gives the synapses a name of their own; it decides ties in the order of a step.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.description.name = name.into();
        self
    }

    /// The name; empty until added to a network, unless one was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// Makes synapses, after those that are there already, and returns how many.
    ///
    /// # Errors
    /// Indices that do not exist, a mistake in an expression, a probability outside 0 to 1.
    pub fn connect(&self, connect: Connect) -> Result<usize> {
        self.connect_as(connect.0)
    }

    pub(crate) fn connect_as(&self, connect: ConnectDescription) -> Result<usize> {
        let (mut context, mut state) = self.live()?.enter();
        let added = state.connect(&context, &connect)?;
        let object = state.name().to_owned();
        context.script.push(Operation::Connect { object, connect });
        Ok(added)
    }

    /// Sets a variable of all synapses: `synapses.set("w", "j*0.2")`.
    ///
    /// # Errors
    /// An unknown variable, a wrong dimension, a wrong number of values, a mistake in the expression, no synapses yet.
    pub fn set(&self, variable: &str, value: impl IntoValue) -> Result<()> {
        self.set_at(variable, Selection::All, value)
    }

    /// Sets a variable of some synapses: `synapses.set_at("w", "i == 0", 1.0)`.
    ///
    /// # Errors
    /// As [`Synapses::set`], and an index that does not exist.
    pub fn set_at(&self, variable: &str, index: impl IntoSelection, value: impl IntoValue) -> Result<()> {
        let (mut context, mut state) = self.live()?.enter();
        let (index, value) = (index.into_selection(), value.into_value()?);
        state.set(&context, variable, &index, &value)?;
        let object = state.name().to_owned();
        context.script.push(Operation::Set { object, variable: variable.to_owned(), index, value });
        Ok(())
    }

    /// The values of a variable, one for each synapse; also `delay`, `v_pre`, `v_post`.
    ///
    /// # Errors
    /// An unknown variable, or synapses that are not in a network.
    pub fn get(&self, variable: &str) -> Result<QuantityArray> {
        let (context, state) = self.live()?.enter();
        state.get(&context, variable)
    }

    /// The index of the source neuron of each synapse.
    #[must_use]
    pub fn i(&self) -> Vec<usize> {
        self.ends().0
    }

    /// The index of the target neuron of each synapse.
    #[must_use]
    pub fn j(&self) -> Vec<usize> {
        self.ends().1
    }

    fn ends(&self) -> (Vec<usize>, Vec<usize>) {
        let wide = |list: &[u32]| list.iter().map(|&k| k as usize).collect();
        self.live.as_ref().map_or_else(Default::default, |live| {
            let (_context, state) = live.enter();
            (wide(&state.i), wide(&state.j))
        })
    }

    /// The number of synapses made so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live.as_ref().map_or(0, |live| live.enter().1.len())
    }

    /// True if there are no synapses yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The group before the synapses.
    #[must_use]
    pub fn source(&self) -> &NeuronGroup {
        &self.source
    }

    /// The group behind the synapses.
    #[must_use]
    pub fn target(&self) -> &NeuronGroup {
        &self.target
    }

    pub(crate) fn live(&self) -> Result<&Live<SynapsesState>> {
        self.live.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::Detached, "these synapses are not in a network yet")
                .help("add them first and use what comes back: `let synapses = net.add(synapses)?;`")
        })
    }

    pub(crate) fn is_attached(&self) -> bool {
        self.live.is_some()
    }

    /// Parses and checks everything, and brings the synapses to life.
    pub(crate) fn attach(mut self, shared: &Shared<Context>) -> Result<Self> {
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        for group in [&self.source, &self.target] {
            if !group.live()?.lives_in(shared) {
                return Err(Error::new(ErrorKind::Detached, "a group belongs to another network")
                    .help("synapses join groups of the network that they are added to"));
            }
        }
        self.description.source = self.source.name().to_owned();
        self.description.target = self.target.name().to_owned();
        refuse_shadowing(&self.description.namespace)?;
        if let Some(delay) = self.description.delay
            && delay.dimension() != Dimension::TIME
        {
            return Err(Error::new(
                ErrorKind::Dimension,
                format!("the delay must be a time, this is {}", delay.dimension().describe()),
            )
            .help("give it a unit, for example `.delay(2.0*ms)`"));
        }
        let state = SynapsesState::new(self.description.clone(), self.source.clone(), self.target.clone())?;
        {
            let context = lock(shared);
            state.with_ends(|source, target| check(&state, &state.scope(&context, source, target)))?;
        }
        self.live = Some(Live::new(shared, state));
        Ok(self)
    }
}

/// Names, dimensions and types of all the code of synapses.
fn check(state: &SynapsesState, scope: &Scope) -> Result<()> {
    state.equations.check(scope)?;
    choose(None, &state.equations, scope, None)?;
    for (name, text) in [("on_pre", &state.description.on_pre), ("on_post", &state.description.on_post)] {
        if let Some(text) = text {
            let statements = parse_statements(name, text)?;
            check_statements(&statements, scope).map_err(|e| e.in_text(name, text))?;
        }
    }
    Ok(())
}

impl fmt::Debug for Synapses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = &self.description;
        let (source, target) = (self.source.name(), self.target.name());
        write!(f, "Synapses {}: {source} -> {target}, {} made", d.name, self.len())?;
        for (word, text) in [("on_pre", &d.on_pre), ("on_post", &d.on_post)] {
            if let Some(text) = text {
                write!(f, "\n  {word}: {text}")?;
            }
        }
        Ok(())
    }
}

impl ToEvidence for Synapses {
    fn to_evidence(&self) -> Evidence {
        let (i, j) = self.ends();
        let columns = self.live.as_ref().map(|live| live.enter().1.columns.clone()).unwrap_or_default();
        let named = columns.list.into_iter().map(|c| c.name).zip(columns.values.into_iter().map(Row));
        let variables = named.filter(|(name, _)| name != "i" && name != "j").collect();
        Evidence::Connectivity { n_source: self.source.len(), n_target: self.target.len(), i, j, variables }
    }
}
