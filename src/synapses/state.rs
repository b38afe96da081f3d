//! The living part of synapses: pairs, variables, pathways.
//! Synapses are numbered in the order in which they were made, as in Brian2.

use std::collections::HashMap;

use super::neurons::Neurons;
use super::pairs::Candidates;
use super::queue::SpikeQueue;
use crate::codegen::Machine;
use crate::description::{
    ConnectDescription, PathwayDescription, RegularDescription, Selection, SynapsesDescription, Value,
};
use crate::equations::{At, Definition, Equations, Flag, Meaning, Owner, Scope, Slot, Symbol, ValueType};
use crate::error::{Error, ErrorKind, Result};
use crate::groups::{
    Columns, Context, Ends, GroupState, Place, View, declare_subexpressions, read, replace, selected,
    set_variable,
};
use crate::units::{Dimension, QuantityArray};

pub(crate) struct SynapsesState {
    pub(crate) description: SynapsesDescription,
    pub(crate) source: View,
    pub(crate) target: View,
    pub(crate) equations: Equations,
    /// The delays, then the model's variables.
    pub(crate) columns: Columns,
    /// Source and target of each synapse, counted in the whole groups.
    pub(crate) i: Neurons,
    pub(crate) j: Neurons,
    /// How many synapses each source, and each target, has.
    degrees: [Slot; 2],
    /// Spikes on their way along each pathway.
    pub(crate) queues: Vec<SpikeQueue>,
    pub(crate) regular: Vec<RegularDescription>,
    pub(crate) active: bool,
    /// `connect` was called.
    pub(crate) connected: bool,
    /// Some may have another delay than their pathway was given.
    pub(crate) own_delays: bool,
    /// The targets of each source go up with the synapses' numbers, as an earlier run found out.
    pub(crate) targets_rise: bool,
}

impl Ends for SynapsesState {
    fn ends(&self, elements: &[u32]) -> [Vec<u32>; 2] {
        [self.i.of(elements), self.j.of(elements)]
    }
}

/// The column of a pathway's delays.
pub(crate) fn delay_name(pathway: &str) -> String {
    if pathway == "pre" { "delay".to_owned() } else { format!("{pathway}.delay") }
}

impl SynapsesState {
    /// No synapses yet.
    pub(super) fn new(
        description: SynapsesDescription,
        source: View,
        target: View,
        context: &mut Context,
    ) -> Result<Self> {
        let equations = Equations::parse(&description.model)?;
        equations.refuse_flags("synapses", &[Flag::UnlessRefractory])?;
        let mut columns = Columns::default();
        if description.pathways.is_empty() {
            columns.add(context, "delay", Dimension::TIME, ValueType::Float, Vec::new());
        }
        for pathway in &description.pathways {
            let name = delay_name(&pathway.name);
            columns.add(context, &name, Dimension::TIME, ValueType::Float, Vec::new());
        }
        columns.add_model(context, &equations, 0);
        if equations.list.iter().any(|eq| eq.has(Flag::EventDriven)) {
            columns.add(context, "lastupdate", Dimension::TIME, ValueType::Float, Vec::new()).visible = false;
        }
        if let Some(name) = &description.multisynaptic_index
            && columns.find(name).is_none()
        {
            columns.add_fixed(context, name, Vec::new());
        }
        // One for each neuron, not for each synapse.
        let degrees = ["N_outgoing", "N_incoming"].map(|name| columns.add_fixed(context, name, Vec::new()));
        for (column, owner) in columns.list.iter_mut().rev().zip([Owner::Post, Owner::Pre]) {
            column.visible = false;
            column.at = At::new(owner);
        }
        let queues = vec![SpikeQueue::default(); description.pathways.len()];
        Ok(Self {
            description,
            source,
            target,
            equations,
            columns,
            i: Neurons::new(),
            j: Neurons::new(),
            degrees,
            queues,
            regular: Vec::new(),
            active: true,
            connected: false,
            own_delays: false,
            targets_rise: false,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.description.name
    }

    pub(crate) fn len(&self) -> usize {
        self.i.len()
    }

    pub(crate) fn dt(&self, context: &Context) -> f64 {
        self.description.timing.dt.unwrap_or(context.dt)
    }

    /// Calls `f` with the groups on both sides, which may be one and the same.
    pub(crate) fn with_ends<R>(&self, f: impl FnOnce(&GroupState, &GroupState) -> Result<R>) -> Result<R> {
        let before = self.source.live.state();
        if self.source.live.is_same(&self.target.live) {
            f(&before, &before)
        } else {
            f(&before, &self.target.live.state())
        }
    }

    /// Names of the neurons on both sides, as code of a synapse sees them.
    fn outer_scope(&self, context: &Context, source: &GroupState, target: &GroupState) -> Result<Scope> {
        let mut scope = Scope::new(context.namespace_with(&self.description.namespace)?);
        // A name without suffix that the synapse does not have itself is the target's.
        for (group, owner, suffixes) in
            [(target, Owner::Post, &["", "_post"][..]), (source, Owner::Pre, &["_pre"][..])]
        {
            for suffix in suffixes {
                group.columns.declare(&mut scope, owner, suffix);
                declare_subexpressions(&group.equations, &mut scope, owner, suffix);
            }
            scope.sides.insert(owner, group.scope(context)?);
        }
        for (suffix, group) in [("_pre", source), ("_post", target)] {
            scope.insert_constant(&format!("dt{suffix}"), group.dt(context), Dimension::TIME);
            if let Some(time) = scope.sides.get(&Owner::Pre).and_then(|s| s.symbol("t")) {
                scope.insert(format!("t{suffix}"), time);
            }
        }
        scope.insert_count("N_pre", self.source.len());
        scope.insert_count("N_post", self.target.len());
        scope.insert_clock(self.dt(context));
        Ok(scope)
    }

    /// All names that this object's code may use.
    pub(crate) fn scope(&self, context: &Context, source: &GroupState, target: &GroupState) -> Result<Scope> {
        let mut scope = self.outer_scope(context, source, target)?;
        scope.insert_count("N", self.len());
        self.columns.declare(&mut scope, Owner::Own, "");
        declare_subexpressions(&self.equations, &mut scope, Owner::Own, "");
        // The synapses' own indices are those of their neurons, which are stored once.
        for (name, owner, group, view) in
            [("i", Owner::Pre, source, &self.source), ("j", Owner::Post, target, &self.target)]
        {
            if let Some(slot) = group.columns.slot("i") {
                let meaning = Meaning::Index(slot, At::new(owner), view.range.start);
                let value_type = ValueType::Integer;
                scope.insert(
                    name,
                    Symbol { dimension: Dimension::NONE, value_type, meaning, writable: false },
                );
            }
        }
        for (name, suffixed) in [("N_outgoing", "N_outgoing_pre"), ("N_incoming", "N_incoming_post")] {
            if let Some(symbol) = scope.symbol(name) {
                scope.insert(suffixed, symbol);
            }
        }
        Ok(scope)
    }

    fn place<'a>(&'a self, context: &'a Context, scope: &'a Scope) -> Place<'a> {
        Place {
            scope,
            store: &context.store,
            first: 0,
            ends: Some(self),
            time: context.time,
            stream: context.operation_stream(self.name()),
            len: self.len(),
        }
    }

    /// The synapses of a selection.
    pub(crate) fn selected(&self, context: &Context, selection: &Selection) -> Result<Vec<u32>> {
        let scope = self.with_ends(|source, target| self.scope(context, source, target))?;
        selected(selection, &self.place(context, &scope))
    }

    /// Adds synapses and returns how many.
    pub(super) fn connect(&mut self, context: &mut Context, connect: &ConnectDescription) -> Result<usize> {
        let scope = self.with_ends(|source, target| self.outer_scope(context, source, target))?;
        let (time, stream) = (context.time, context.operation_stream(self.name()));
        let (i, j) = Candidates {
            scope,
            first: context.store.len(),
            store: &mut context.store,
            source: self.source.range.clone(),
            target: self.target.range.clone(),
            time,
            stream,
            machine: Machine::default(),
            found: (Neurons::new(), Vec::new()),
        }
        .pairs(connect)?;
        self.connected = true;
        let (added, j) = (j.len(), Neurons::List(j));
        let n = self.len() + added;
        if u32::try_from(n).is_err() {
            return Err(Error::new(ErrorKind::Value, "there are more than 4 billion synapses")
                .help("use fewer neurons or a smaller probability"));
        }
        for c in self.columns.own() {
            let (column, value) = (&mut context.store[c.slot.place()], self.first_value(&c.name));
            if column.is_empty() && value == 0.0 {
                // Memory that the system hands out as zeros takes none until it is written to.
                *column = vec![0.0; n];
            } else {
                column.resize(n, value);
            }
        }
        for (slot, view, new) in [(self.degrees[0], &self.source, &i), (self.degrees[1], &self.target, &j)] {
            let counts = &mut context.store[slot.place()];
            counts.resize(counts.len().max(view.range.end), 0.0);
            new.count(&mut counts[view.range.start..]);
        }
        self.targets_rise = false;
        self.i.append(i, self.source.range.start);
        self.j.append(j, self.target.range.start);
        if let Some(slot) = self.description.multisynaptic_index.as_ref().and_then(|m| self.columns.slot(m)) {
            context.store[slot.place()] = copies_of(&self.i.to_vec(), self.j.list());
        }
        Ok(added)
    }

    /// The columns of its pathways' delays.
    pub(crate) fn delays(&self) -> impl Iterator<Item = Slot> {
        self.description.pathways.iter().filter_map(|p| self.columns.slot(&delay_name(&p.name)))
    }

    /// What a variable of a new synapse is.
    fn first_value(&self, name: &str) -> f64 {
        let delay = |p: &&PathwayDescription| delay_name(&p.name) == name;
        let pathway = self.description.pathways.iter().find(delay);
        pathway.and_then(|p| p.delay).map_or(0.0, |q| q.value())
    }

    /// `pre.delay` is the long name of `delay`.
    fn short_name(variable: &str) -> &str {
        if variable == "pre.delay" { "delay" } else { variable }
    }

    pub(super) fn set(
        &mut self,
        context: &mut Context,
        variable: &str,
        index: &Selection,
        value: &Value,
    ) -> Result<()> {
        let variable = Self::short_name(variable);
        let is_shared = self.columns.find(variable).is_some_and(|c| c.at.owner == Owner::Shared);
        if self.len() == 0 && !is_shared && self.columns.find(variable).is_some() {
            return Err(Error::new(
                ErrorKind::Value,
                format!("`{variable}` cannot be set: there are no synapses yet"),
            )
            .help("call `connect` before setting variables"));
        }
        let scope = self.with_ends(|source, target| self.scope(context, source, target))?;
        self.set_in(context, &scope, variable, index, value)
    }

    /// As [`SynapsesState::set`], for callers that have the scope already.
    pub(crate) fn set_in(
        &mut self,
        context: &mut Context,
        scope: &Scope,
        variable: &str,
        index: &Selection,
        value: &Value,
    ) -> Result<()> {
        let place = self.place(context, scope);
        let (slot, chosen, new) = set_variable(&self.columns, self.name(), variable, index, value, &place)?;
        let is_delay = variable == "delay" || variable.ends_with(".delay");
        if let Some(k) = new.iter().position(|d| !(*d >= 0.0 && d.is_finite())).filter(|_| is_delay) {
            return Err(Error::new(
                ErrorKind::Value,
                format!(
                    "the delay of synapse {} of `{}` would be {} s",
                    chosen.element(k),
                    self.name(),
                    new[k]
                ),
            )
            .help("a delay is a time from 0 on"));
        }
        replace(&mut context.store[slot.place()], chosen, new);
        self.own_delays |= is_delay;
        Ok(())
    }

    /// Neurons as a stored state has them; what is known of those that are here stays if they are the same.
    pub(crate) fn put_back(&mut self, i: &[u32], j: &[u32]) {
        if !(self.i.is(i) && self.j.is(j)) {
            (self.i, self.j) = (i.to_vec().into(), Neurons::List(j.to_vec()));
            self.targets_rise = false;
        }
    }

    pub(crate) fn get(&self, context: &Context, variable: &str, index: &Selection) -> Result<QuantityArray> {
        let scope = self.with_ends(|source, target| self.scope(context, source, target))?;
        self.get_in(context, &scope, variable, index)
    }

    /// As [`SynapsesState::get`], for callers that have the scope already.
    pub(crate) fn get_in(
        &self,
        context: &Context,
        scope: &Scope,
        variable: &str,
        index: &Selection,
    ) -> Result<QuantityArray> {
        read(Self::short_name(variable), self.name(), index, &self.place(context, scope))
    }

    /// Summed variables: the side and name of the neurons' variable, with the expression.
    pub(crate) fn summed(&self) -> Vec<(Owner, String, crate::equations::Expr)> {
        let summed = self.equations.list.iter().filter(|eq| eq.has(Flag::Summed));
        summed
            .filter_map(|eq| match &eq.definition {
                Definition::Subexpression(expr) => {
                    let (owner, name) = match (eq.name.strip_suffix("_post"), eq.name.strip_suffix("_pre")) {
                        (Some(name), _) => (Owner::Post, name),
                        (None, Some(name)) => (Owner::Pre, name),
                        (None, None) => (Owner::Own, eq.name.as_str()),
                    };
                    Some((owner, name.to_owned(), expr.clone()))
                }
                _ => None,
            })
            .collect()
    }
}

/// For each synapse how many before it join the same pair.
fn copies_of(i: &[u32], j: &[u32]) -> Vec<f64> {
    let mut seen: HashMap<(u32, u32), f64> = HashMap::new();
    i.iter()
        .zip(j)
        .map(|(i, j)| {
            let count = seen.entry((*i, *j)).or_insert(-1.0);
            *count += 1.0;
            *count
        })
        .collect()
}
