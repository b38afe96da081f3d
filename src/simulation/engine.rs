//! The loop: every object compiled and locked once, then step after step through the schedule.
//! All tables stay where they are; programs read them and write back what they computed.

use std::sync::MutexGuard;

use super::clock::time_of;
use super::group_program::{self, GroupProgram, Now, StateUpdate};
use super::objects::Objects;
use super::pathway::{self, Ends, Pathway};
use super::schedule::{Entry, Slot, Task, sorted};
use crate::codegen::{BLOCK, Elements, Inputs, Lowering, Machine, Tape};
use crate::equations::parse_expression;
use crate::error::Result;
use crate::groups::{Context, GroupState};
use crate::monitors::{SpikeRecord, StateRecord};
use crate::stateupdaters::choose;
use crate::synapses::SynapsesState;

/// A network ready to run; holds the locks of all objects.
pub(super) struct Engine<'a> {
    now: Now,
    machine: Machine,
    tasks: Vec<Task>,
    groups: Vec<(MutexGuard<'a, GroupState>, GroupProgram)>,
    synapses: Vec<Joined<'a>>,
    pathways: Vec<(usize, usize, Pathway)>,
    samplers: Vec<Sampler<'a>>,
    counters: Vec<(MutexGuard<'a, SpikeRecord>, usize)>,
}

struct Joined<'a> {
    state: MutexGuard<'a, SynapsesState>,
    source: usize,
    target: usize,
    update: StateUpdate,
    number: u32,
}

struct Sampler<'a> {
    record: MutexGuard<'a, StateRecord>,
    group: usize,
    tapes: Vec<Tape>,
    number: u32,
}

impl<'a> Engine<'a> {
    /// Compiles everything; the caller holds the context's lock.
    pub(super) fn new(objects: &'a Objects, context: &Context) -> Result<Self> {
        let mut entries = Vec::new();
        let mut add = |slot, order, name: String, task| entries.push(Entry { slot, order, name, task });
        let mut number = 0;
        let mut numbers = |n: u32| {
            number += n;
            number - n
        };
        let mut groups = Vec::new();
        for (k, group) in objects.groups.iter().enumerate() {
            let state = group.live()?.state();
            let program = GroupProgram::new(&state, context, numbers(group_program::PROGRAMS))?;
            add(Slot::Groups, 0, format!("{}_stateupdater", group.name()), Task::UpdateGroup(k));
            add(Slot::Thresholds, 0, format!("{}_thresholder", group.name()), Task::Threshold(k));
            add(Slot::Resets, 0, format!("{}_resetter", group.name()), Task::Reset(k));
            groups.push((state, program));
        }
        let mut synapses = Vec::new();
        let mut pathways = Vec::new();
        for (k, object) in objects.synapses.iter().enumerate() {
            let state = object.live()?.state();
            let (source, target) = (objects.place_of(&state.source)?, objects.place_of(&state.target)?);
            let number = numbers(pathway::PROGRAMS);
            let (before, behind) = (&groups[source].0, &groups[target].0);
            for (side, suffix, order) in [(0, "pre", -1), (1, "post", 1)] {
                let own = number + u32::try_from(side).unwrap_or(0);
                if let Some(pathway) = Pathway::new(&state, before, behind, context, side, own)? {
                    let task = Task::Propagate(pathways.len());
                    add(Slot::Synapses, order, format!("{}_{suffix}", object.name()), task);
                    pathways.push((k, side, pathway));
                }
            }
            let scope = state.scope(context, before, behind);
            let update = StateUpdate::new(choose(None, &state.equations, &scope, None)?.1);
            if !update.is_none() {
                add(Slot::Groups, 0, format!("{}_stateupdater", object.name()), Task::UpdateSynapses(k));
            }
            synapses.push(Joined { state, source, target, update, number: number + 2 });
        }
        let mut samplers = Vec::new();
        for (k, monitor) in objects.state_monitors.iter().enumerate() {
            let group = objects.place_of(monitor.source())?;
            let scope = groups[group].0.scope(context);
            let compile = |name: &String| {
                let mut lowering = Lowering::new(&scope);
                let value = lowering.expression(&parse_expression("variable", name)?)?;
                Ok(Tape::new(&lowering.graph, &[value]))
            };
            let tapes = monitor.description.variables.iter().map(compile).collect::<Result<Vec<_>>>()?;
            add(Slot::Start, 0, monitor.name().to_owned(), Task::Sample(k));
            samplers.push(Sampler { record: monitor.live()?.state(), group, tapes, number: numbers(1) });
        }
        let mut counters = Vec::new();
        for (k, monitor) in objects.spike_monitors.iter().enumerate() {
            add(Slot::Thresholds, 1, monitor.name().to_owned(), Task::RecordSpikes(k));
            counters.push((monitor.live()?.state(), objects.place_of(monitor.source())?));
        }
        Ok(Self {
            now: Now { time: 0.0, step: 0, dt: context.dt, seed: context.seed },
            machine: Machine::default(),
            tasks: sorted(entries),
            groups,
            synapses,
            pathways,
            samplers,
            counters,
        })
    }

    /// Step `k`, from `k*dt` on.
    pub(super) fn step(&mut self, k: u64) {
        self.now.step = k;
        self.now.time = time_of(k, self.now.dt);
        for place in 0..self.tasks.len() {
            match self.tasks[place] {
                Task::Sample(m) => self.sample(m),
                Task::UpdateGroup(g) => {
                    let (state, program) = &mut self.groups[g];
                    let n = state.len();
                    program.update(&mut state.columns, n, &self.now, &mut self.machine);
                }
                Task::UpdateSynapses(s) => self.update_synapses(s),
                Task::Threshold(g) => {
                    let (state, program) = &mut self.groups[g];
                    let n = state.len();
                    program.threshold(&mut state.columns, n, &self.now, &mut self.machine);
                }
                Task::RecordSpikes(m) => {
                    let (record, group) = &mut self.counters[m];
                    let spikes = &self.groups[*group].1.spikes;
                    record.i.extend_from_slice(spikes);
                    record.t.extend(spikes.iter().map(|_| self.now.time));
                }
                Task::Propagate(p) => self.propagate(p),
                Task::Reset(g) => {
                    let (state, program) = &mut self.groups[g];
                    program.reset(&mut state.columns, &self.now, &mut self.machine);
                }
            }
        }
    }

    fn sample(&mut self, m: usize) {
        let Sampler { record, group, tapes, number } = &mut self.samplers[m];
        let record = &mut **record;
        let values = &self.groups[*group].0.columns.values;
        record.t.push(self.now.time);
        for (tape, samples) in tapes.iter().zip(&mut record.samples) {
            for block in record.indices.chunks(BLOCK) {
                let inputs = Inputs {
                    tables: [values, &[], &[]],
                    elements: [Elements::List(block), Elements::One(0), Elements::One(0)],
                    time: self.now.time,
                    stream: self.now.stream(*number),
                    step: self.now.step,
                };
                self.machine.run(tape, &inputs, block.len());
                samples.extend_from_slice(self.machine.result(0));
            }
        }
    }

    fn update_synapses(&mut self, s: usize) {
        let Joined { state, source, target, update, number } = &mut self.synapses[s];
        let state = &mut **state;
        let n = state.len();
        for start in (0..n).step_by(BLOCK) {
            let count = BLOCK.min(n - start);
            let inputs = Inputs {
                tables: [
                    &state.columns.values,
                    &self.groups[*source].0.columns.values,
                    &self.groups[*target].0.columns.values,
                ],
                elements: [
                    Elements::From(start),
                    Elements::List(&state.i[start..start + count]),
                    Elements::List(&state.j[start..start + count]),
                ],
                time: self.now.time,
                stream: self.now.stream(*number),
                step: self.now.step,
            };
            update.evaluate(&inputs, count, &mut self.machine);
            update.store(&mut state.columns, start, count, self.now.dt, &self.machine);
        }
    }

    fn propagate(&mut self, p: usize) {
        let (s, side, pathway) = &mut self.pathways[p];
        let Joined { state, source, target, .. } = &mut self.synapses[*s];
        let driver = if *side == 0 { *source } else { *target };
        pathway.send(&self.groups[driver].1.spikes, state);
        let due = state.queues[*side].take();
        if due.is_empty() {
            return;
        }
        let mut ends = if source == target {
            Ends { source: &mut self.groups[*source].0.columns.values, target: None }
        } else {
            let [(before, _), (behind, _)] =
                self.groups.get_disjoint_mut([*source, *target]).expect("two groups of this network");
            Ends { source: &mut before.columns.values, target: Some(&mut behind.columns.values) }
        };
        pathway.deliver(&due, state, &mut ends, &self.now, &mut self.machine);
    }
}
