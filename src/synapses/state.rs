//! The living part of synapses: pairs, variables, and the spikes on their way.
//! Synapses are numbered in the order in which they were made, as in Brian2.

use std::collections::{BTreeMap, VecDeque};

use super::pairs::Candidates;
use crate::description::{ConnectDescription, Selection, SynapsesDescription, Value};
use crate::equations::{Equations, Owner, Scope, ValueType};
use crate::error::{Error, ErrorKind, Result};
use crate::groups::{
    Columns, Context, GroupState, NeuronGroup, Place, assign, column_named, declare_subexpressions, read,
    selected,
};
use crate::units::{Dimension, QuantityArray};

pub(crate) struct SynapsesState {
    pub(crate) description: SynapsesDescription,
    pub(crate) source: NeuronGroup,
    pub(crate) target: NeuronGroup,
    pub(crate) equations: Equations,
    /// `i`, `j`, the delays, then the model's variables.
    pub(crate) columns: Columns,
    /// Source and target of each synapse.
    pub(crate) i: Vec<u32>,
    pub(crate) j: Vec<u32>,
    /// Spikes on their way along the presynaptic and the postsynaptic pathway.
    pub(crate) queues: [SpikeQueue; 2],
}

impl SynapsesState {
    /// No synapses yet.
    pub(super) fn new(
        description: SynapsesDescription,
        source: NeuronGroup,
        target: NeuronGroup,
    ) -> Result<Self> {
        let equations = Equations::parse(&description.model)?;
        let mut columns = Columns::default();
        columns.add_fixed("i", Dimension::NONE, Vec::new());
        columns.add_fixed("j", Dimension::NONE, Vec::new());
        columns.add("delay", Dimension::TIME, ValueType::Float, Vec::new());
        if description.on_post.is_some() {
            columns.add("post.delay", Dimension::TIME, ValueType::Float, Vec::new());
        }
        columns.add_model(&equations, 0);
        let queues = <[SpikeQueue; 2]>::default();
        Ok(Self { description, source, target, equations, columns, i: Vec::new(), j: Vec::new(), queues })
    }

    pub(crate) fn name(&self) -> &str {
        &self.description.name
    }

    pub(crate) fn len(&self) -> usize {
        self.i.len()
    }

    /// Calls `f` with the groups on both sides, which may be one and the same.
    pub(super) fn with_ends<R>(&self, f: impl FnOnce(&GroupState, &GroupState) -> Result<R>) -> Result<R> {
        let (source, target) = (self.source.live()?, self.target.live()?);
        let before = source.state();
        if source.is_same(target) { f(&before, &before) } else { f(&before, &target.state()) }
    }

    /// Names of the neurons on both sides, as code of a synapse sees them.
    fn outer_scope(&self, context: &Context, source: &GroupState, target: &GroupState) -> Scope {
        let mut scope = Scope::new(self.description.namespace.clone());
        // A name without suffix that the synapse does not have itself is the target's.
        for (group, owner, suffixes) in
            [(target, Owner::Post, &["", "_post"][..]), (source, Owner::Pre, &["_pre"][..])]
        {
            for suffix in suffixes {
                group.columns.declare(&mut scope, owner, suffix);
                declare_subexpressions(&group.equations, &mut scope, owner, suffix);
            }
            scope.sides.insert(owner, group.scope(context));
        }
        scope.insert_count("N_pre", source.len());
        scope.insert_count("N_post", target.len());
        scope.insert_clock(context.dt);
        scope
    }

    /// All names that this object's code may use.
    pub(crate) fn scope(&self, context: &Context, source: &GroupState, target: &GroupState) -> Scope {
        let mut scope = self.outer_scope(context, source, target);
        scope.insert_count("N", self.len());
        self.columns.declare(&mut scope, Owner::Own, "");
        declare_subexpressions(&self.equations, &mut scope, Owner::Own, "");
        scope
    }

    fn place<'a>(
        &'a self,
        context: &Context,
        scope: &'a Scope,
        source: &'a GroupState,
        target: &'a GroupState,
    ) -> Place<'a> {
        Place {
            scope,
            tables: [&self.columns.values, &source.columns.values, &target.columns.values],
            ends: Some((&self.i, &self.j)),
            time: context.time,
            stream: context.next_stream(),
            len: self.len(),
        }
    }

    /// Adds synapses and returns how many.
    pub(super) fn connect(&mut self, context: &Context, connect: &ConnectDescription) -> Result<usize> {
        let (i, j) = self.with_ends(|source, target| {
            Candidates {
                scope: self.outer_scope(context, source, target),
                source: &source.columns.values,
                target: &target.columns.values,
                n_source: source.len(),
                n_target: target.len(),
                time: context.time,
                stream: context.next_stream(),
            }
            .pairs(connect)
        })?;
        let added = i.len();
        if u32::try_from(self.len() + added).is_err() {
            return Err(Error::new(ErrorKind::Value, "there are more than 4 billion synapses")
                .help("use fewer neurons or a smaller probability"));
        }
        let n = self.len() + added;
        self.columns.values[0].extend(i.iter().copied().map(f64::from));
        self.columns.values[1].extend(j.iter().copied().map(f64::from));
        let delay = self.description.delay.map_or(0.0, |q| q.value());
        self.columns.values[2].resize(n, delay);
        for values in &mut self.columns.values[3..] {
            values.resize(n, 0.0);
        }
        self.i.extend(i);
        self.j.extend(j);
        Ok(added)
    }

    pub(super) fn set(
        &mut self,
        context: &Context,
        variable: &str,
        index: &Selection,
        value: &Value,
    ) -> Result<()> {
        // `pre.delay` is the long name of `delay`.
        let variable = if variable == "pre.delay" { "delay" } else { variable };
        let (k, column) = column_named(&self.columns, variable, self.name())?;
        if !column.writable {
            return Err(Error::new(ErrorKind::Value, format!("`{variable}` cannot be set"))
                .help("`connect` decides which neurons a synapse joins"));
        }
        if self.len() == 0 {
            return Err(Error::new(
                ErrorKind::Value,
                format!("`{variable}` cannot be set: there are no synapses yet"),
            )
            .help("call `connect` before setting variables"));
        }
        let (chosen, new) = self.with_ends(|source, target| {
            let scope = self.scope(context, source, target);
            let place = self.place(context, &scope, source, target);
            let chosen = selected(index, &place)?;
            let new = assign(column, value, &chosen, &place)?;
            Ok((chosen, new))
        })?;
        self.columns.scatter(k, &chosen, &new);
        Ok(())
    }

    pub(super) fn get(&self, context: &Context, variable: &str) -> Result<QuantityArray> {
        self.with_ends(|source, target| {
            let scope = self.scope(context, source, target);
            read(variable, self.name(), &self.place(context, &scope, source, target))
        })
    }
}

/// Spikes on their way: for each coming step the synapses they reach, those sent earlier first.
#[derive(Clone, Debug, Default)]
pub(crate) struct SpikeQueue {
    /// The present step first.
    near: VecDeque<Vec<u32>>,
    /// Steps passed, and what is due in a far one.
    now: u64,
    far: BTreeMap<u64, Vec<u32>>,
}

/// Delays up to so many steps have a slot each.
const NEAR: u64 = 1 << 16;

impl SpikeQueue {
    /// A spike reaches `synapse` after `delay` steps.
    pub(crate) fn push(&mut self, delay: u64, synapse: u32) {
        if delay >= NEAR {
            self.far.entry(self.now + delay).or_default().push(synapse);
            return;
        }
        let slot = usize::try_from(delay).unwrap_or(usize::MAX);
        if self.near.len() <= slot {
            self.near.resize_with(slot + 1, Vec::new);
        }
        self.near[slot].push(synapse);
    }

    /// The synapses reached in this step; goes on to the next.
    pub(crate) fn take(&mut self) -> Vec<u32> {
        let near = self.near.pop_front().unwrap_or_default();
        let due = match self.far.remove(&self.now) {
            Some(mut far) => {
                far.extend(near);
                far
            }
            None => near,
        };
        self.now += 1;
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spikes_arrive_in_the_order_sent() {
        let mut queue = SpikeQueue::default();
        queue.push(NEAR + 1, 9);
        queue.push(2, 5);
        assert!(queue.take().is_empty());
        queue.push(1, 4);
        assert!(queue.take().is_empty());
        queue.push(0, 3);
        assert_eq!(queue.take(), [5, 4, 3]);
        for _ in 3..=NEAR {
            assert!(queue.take().is_empty());
        }
        queue.push(0, 1);
        assert_eq!(queue.take(), [9, 1]);
    }
}
