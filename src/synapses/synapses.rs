//! `Synapses`: the builder and, once added to a network, the handle of synapses between two groups.
//! A cheap clone that owns its data, so that it lives across the cells of a notebook.

use std::fmt;

use super::checks::{check, check_pathways, no_pathway};
use super::connect::Connect;
use super::state::SynapsesState;
use crate::description::{
    ConnectDescription, Operation, PathwayDescription, RegularDescription, Selection, Side,
    SynapsesDescription, Timing,
};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Evidence, Origin, ToEvidence};
use crate::groups::{
    Context, IntoNamespace, IntoSelection, IntoValue, Live, NeuronSource, SPIKE, Shared, View, check_regular,
    lock, no_event, refuse_shadowing, rows,
};
use crate::units::{Quantity, QuantityArray};

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
    ends: Result<(View, View)>,
    /// Delays by pathway, given before or after the pathway's code.
    delays: Vec<(String, Quantity)>,
    /// A mistake in the builder's arguments, kept until `add` can report it.
    problem: Option<Error>,
    live: Option<Live<SynapsesState>>,
}

impl Synapses {
    /// Describes synapses from `source` to `target`, groups or parts of them; both must be in a network already.
    #[must_use]
    pub fn new(source: &impl NeuronSource, target: &impl NeuronSource) -> Self {
        let ends = source.view().and_then(|source| Ok((source, target.view()?)));
        Self {
            description: SynapsesDescription::default(),
            ends,
            delays: Vec::new(),
            problem: None,
            live: None,
        }
    }

    pub(crate) fn from_description(description: SynapsesDescription, source: View, target: View) -> Self {
        Self { description, ends: Ok((source, target)), delays: Vec::new(), problem: None, live: None }
    }

    /// Variables and equations of each synapse, such as `"w : 1"`.
    #[must_use]
    pub fn model(mut self, equations: impl Into<String>) -> Self {
        self.description.model = equations.into();
        self
    }

    /// What a spike of the source neuron does, such as `"v_post += w"`.
    #[must_use]
    pub fn on_pre(self, statements: impl Into<String>) -> Self {
        self.pathway("pre", Side::Pre, statements)
    }

    /// What a spike of the target neuron does.
    #[must_use]
    pub fn on_post(self, statements: impl Into<String>) -> Self {
        self.pathway("post", Side::Post, statements)
    }

    /// One of several pathways, with a name, as
    /// [Brian2](https://brian2.readthedocs.io/en/2.9.0/user/synapses.html#multiple-pathways)'s
    /// `on_pre={'up': …, 'down': …}`.
    #[must_use]
    pub fn pathway(mut self, name: impl Into<String>, side: Side, statements: impl Into<String>) -> Self {
        let (name, code) = (name.into(), statements.into());
        let pathway = PathwayDescription { name, side, code, ..Default::default() };
        match self.description.pathways.iter_mut().find(|p| p.name == pathway.name) {
            Some(p) => *p = pathway,
            None => self.description.pathways.push(pathway),
        }
        self
    }

    /// The place of a pathway among those of a step: -1 for `pre`, 1 for `post` unless told otherwise.
    #[must_use]
    pub fn pathway_order(self, name: &str, order: i32) -> Self {
        self.change_pathway(name, |p| p.timing.order = Some(order))
    }

    /// The event that drives a pathway, if it is not spikes.
    #[must_use]
    pub fn on_event(self, name: &str, event: impl Into<String>) -> Self {
        self.change_pathway(name, |p| p.event = Some(event.into()))
    }

    fn change_pathway(mut self, name: &str, f: impl FnOnce(&mut PathwayDescription)) -> Self {
        match self.description.pathways.iter_mut().find(|p| p.name == name) {
            Some(p) => f(p),
            None => self.problem = Some(no_pathway(name, &self.description)),
        }
        self
    }

    /// The delay of all synapses from the source's spike on; `set("delay", …)` gives each its own.
    #[must_use]
    pub fn delay(self, delay: impl Into<Quantity>) -> Self {
        self.pathway_delay("pre", delay)
    }

    /// The delay of one pathway; `set("up.delay", …)` gives each synapse its own.
    #[must_use]
    pub fn pathway_delay(mut self, name: impl Into<String>, delay: impl Into<Quantity>) -> Self {
        match delay.into().checked() {
            Ok(delay) => self.delays.push((name.into(), delay)),
            Err(e) => self.problem = Some(e),
        }
        self
    }

    /// The integration method of the synapses' own equations. Left out, a fitting one is chosen.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.description.method = Some(method.into());
        self
    }

    /// A variable that numbers the synapses of each pair from 0 on.
    #[must_use]
    pub fn multisynaptic_index(mut self, name: impl Into<String>) -> Self {
        self.description.multisynaptic_index = Some(name.into());
        self
    }

    /// Gives the synapses' own equations a time step of their own.
    #[must_use]
    pub fn dt(mut self, dt: impl Into<Quantity>) -> Self {
        match crate::groups::time_step(dt.into()) {
            Ok(dt) => self.description.timing.dt = Some(dt),
            Err(e) => self.problem = Some(e),
        }
        self
    }

    /// Hands over the value of a name used in the code.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl IntoNamespace) -> Self {
        match value.into_namespace() {
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
        let added = state.connect(&mut context, &connect).map_err(|e| e.of(state.name()))?;
        let object = state.name().to_owned();
        context.record(&object.clone(), Operation::Connect { object, connect });
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
        state.set(&mut context, variable, &index, &value).map_err(|e| e.of(state.name()))?;
        let object = state.name().to_owned();
        let variable = variable.to_owned();
        context.record(&object.clone(), Operation::Set { object, variable, index, value });
        Ok(())
    }

    /// The values of a variable, one for each synapse; also `delay`, `v_pre`, `v_post`.
    ///
    /// # Errors
    /// An unknown variable, or synapses that are not in a network.
    pub fn get(&self, variable: &str) -> Result<QuantityArray> {
        self.get_at(variable, Selection::All)
    }

    /// The values of a variable for some synapses: `synapses.get_at("w", "i == 1")`.
    ///
    /// # Errors
    /// As [`Synapses::get`], and an index that does not exist.
    pub fn get_at(&self, variable: &str, index: impl IntoSelection) -> Result<QuantityArray> {
        let (context, state) = self.live()?.enter();
        state.get(&context, variable, &index.into_selection()).map_err(|e| e.of(state.name()))
    }

    /// Runs code for all synapses at regular times, before everything else in a step.
    ///
    /// # Errors
    /// A mistake in the code, or a `dt` that is no time.
    pub fn run_regularly(&self, code: impl Into<String>, dt: impl Into<Quantity>) -> Result<()> {
        let timing = Timing { dt: Some(crate::groups::time_step(dt.into())?), when: None, order: None };
        self.add_regular(RegularDescription { name: String::new(), code: code.into(), timing })
    }

    /// As [`Synapses::run_regularly`], with name, slot and order.
    ///
    /// # Errors
    /// A mistake in the code.
    pub fn add_regular(&self, mut code: RegularDescription) -> Result<()> {
        let (mut context, mut state) = self.live()?.enter();
        if code.name.is_empty() {
            code.name = crate::groups::regular_name(state.name(), state.regular.len());
        }
        let scope = state.with_ends(|source, target| state.scope(&context, source, target))?;
        check_regular(&code, &scope).map_err(|e| e.of(state.name()))?;
        state.regular.push(code.clone());
        let object = state.name().to_owned();
        context.record(&object.clone(), Operation::RunRegularly { object, code });
        Ok(())
    }

    /// Switches the synapses off or on: synapses that are off do nothing in a run.
    ///
    /// # Errors
    /// Synapses that are not in a network.
    pub fn set_active(&self, active: bool) -> Result<()> {
        let (mut context, mut state) = self.live()?.enter();
        state.active = active;
        let object = state.name().to_owned();
        context.record(&object.clone(), Operation::SetActive { object, active });
        Ok(())
    }

    /// The index of the source neuron of each synapse.
    #[must_use]
    pub fn i(&self) -> Vec<usize> {
        self.pairs().0
    }

    /// The index of the target neuron of each synapse.
    #[must_use]
    pub fn j(&self) -> Vec<usize> {
        self.pairs().1
    }

    fn pairs(&self) -> (Vec<usize>, Vec<usize>) {
        let list = |list: &[u32], view: &View| list.iter().map(|&k| k as usize - view.range.start).collect();
        self.live.as_ref().map_or_else(Default::default, |live| {
            let (_context, state) = live.enter();
            (list(&state.i.to_vec(), &state.source), list(&state.j.to_vec(), &state.target))
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

    /// The numbers of neurons before and behind the synapses.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize) {
        self.ends.as_ref().map_or((0, 0), |(source, target)| (source.len(), target.len()))
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
        let (source, target) = self.ends.clone()?;
        for view in [&source, &target] {
            if !view.live.lives_in(shared) {
                return Err(Error::new(ErrorKind::Detached, "a group belongs to another network")
                    .help("synapses join groups of the network that they are added to"));
            }
        }
        let d = &mut self.description;
        (d.source, d.target) = (source.name.clone(), target.name.clone());
        refuse_shadowing(&d.namespace)?;
        for (name, delay) in std::mem::take(&mut self.delays) {
            // Without code there is nothing to delay, but a `delay` can be set and read.
            if d.pathways.is_empty() && name == "pre" {
                continue;
            }
            match d.pathways.iter().position(|p| p.name == name) {
                Some(k) => d.pathways[k].delay = Some(delay),
                None => return Err(no_pathway(&name, d)),
            }
        }
        check_pathways(d)?;
        let mut context = lock(shared);
        let state = SynapsesState::new(d.clone(), source, target, &mut context)?;
        state.with_ends(|before, behind| {
            for p in &state.description.pathways {
                let driver = p.side.of(before, behind);
                let event = p.event.as_deref().unwrap_or(SPIKE);
                if !driver.events.contains_key(event) {
                    return Err(no_event(driver, event));
                }
            }
            check(&state, before, behind, &state.scope(&context, before, behind)?)
        })?;
        drop(context);
        self.live = Some(Live::new(shared, state));
        Ok(self)
    }
}

impl fmt::Debug for Synapses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = &self.description;
        write!(f, "Synapses {}: {} -> {}, {} made", d.name, d.source, d.target, self.len())?;
        for p in &d.pathways {
            write!(f, "\n  {}: {}", p.name, p.code)?;
        }
        Ok(())
    }
}

impl crate::evidence::sealed::Sealed for Synapses {}

impl ToEvidence for Synapses {
    fn origin(&self) -> Option<Origin<'_>> {
        self.live.as_ref().map(|live| live.origin(self.name()))
    }

    fn to_evidence(&self) -> Evidence {
        let (i, j) = self.pairs();
        let shown = |live: &Live<SynapsesState>| {
            let state = live.enter().1;
            state.columns.shown(&state.equations)
        };
        let names = self.live.as_ref().map(shown).unwrap_or_default();
        let variables = rows(names, |name| self.get(name));
        let (n_source, n_target) = self.sizes();
        let parts = self.ends.as_ref().ok().map(|(source, target)| (source.part(), target.part()));
        let (source_part, target_part) = parts.unwrap_or_default();
        Evidence::Connectivity { n_source, n_target, source_part, target_part, i, j, variables }
    }
}
