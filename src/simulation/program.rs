//! Code compiled: statements as programs over the columns of the store, for all elements or for some.
//! Statements that set a shared variable run once, before those for each element.

use std::ops::Range;

use super::crew::{Crew, Cutting, Job, blocks};
use crate::codegen::{BLOCK, Columns, Elements, Inputs, Lowering, Machine, Tape, Value};
use crate::equations::{Owner, Scope, Slot, parse_statements};
use crate::error::Result;
use crate::random::Stream;

/// The present step, as programs see it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Now {
    pub(super) time: f64,
    pub(super) step: u64,
    pub(super) dt: f64,
}

/// The elements that code runs for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chosen<'a> {
    /// From the first up to but not including the second.
    Range(usize, usize),
    /// These, with the neurons on both sides if they are synapses.
    List(&'a [u32]),
}

/// Statements over the elements of one object.
pub(super) struct CodeProgram {
    shared: Option<(Tape, Vec<Slot>)>,
    each: Option<(Tape, Vec<Slot>)>,
    stream: Stream,
}

impl CodeProgram {
    pub(super) fn new(name: &str, text: &str, scope: &Scope, stream: Stream) -> Result<Self> {
        let mut l = Lowering::new(scope);
        l.statements(&parse_statements(name, text)?).map_err(|e| e.in_text(name, text))?;
        let part = |wanted: bool| -> Option<(Tape, Vec<Slot>)> {
            let writes = l.written.iter().filter(|((_, at), _)| (at.owner == Owner::Shared) == wanted);
            let (slots, roots): (Vec<Slot>, Vec<Value>) = writes.map(|((slot, _), v)| (*slot, *v)).unzip();
            (!slots.is_empty()).then(|| (Tape::storing(&l.graph, &roots, &slots), slots))
        };
        Ok(Self { shared: part(true), each: part(false), stream })
    }

    /// The columns that the statements set.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.shared.iter().chain(&self.each).flat_map(|(_, slots)| slots.iter().copied())
    }

    /// Runs for elements of a group, or of synapses with their ends.
    pub(super) fn run(
        &self,
        store: &mut [Vec<f64>],
        chosen: Chosen<'_>,
        ends: Option<(&[u32], &[u32])>,
        now: &Now,
        (machine, crew): (&mut Machine, &mut Crew),
    ) {
        // Both parts read the state before either of them changes it.
        let mut later = Vec::new();
        if let Some((tape, slots)) = &self.shared {
            let inputs = self.inputs(store, [Elements::One(0); 3], now);
            machine.run(tape, &inputs, 1);
            later.extend(slots.iter().enumerate().map(|(k, slot)| (*slot, machine.result(k)[0])));
        }
        if let Some((tape, slots)) = &self.each {
            match chosen {
                Chosen::Range(start, end) => {
                    let cost = (tape.is_separable(slots)).then(|| tape.cost());
                    let cutting = Cutting::default();
                    let job = Job { elements: (start, end), own: slots, cost, cutting };
                    crew.divide(&job, store, |columns, range, hand| {
                        self.neighbours(tape, columns, range, ends, now, &mut hand.machine);
                    });
                }
                Chosen::List(list) => {
                    self.listed((tape, slots), &mut Columns::Write(store), list, now, machine);
                }
            }
        }
        for (slot, value) in later {
            store[slot.place()][0] = value;
        }
    }

    /// What it sets of its elements, if that is all it does and threads may do it for parts of a group, given that the
    /// columns `others` are not to be touched.
    pub(super) fn may_be_parted(&self, others: &[Slot]) -> Option<&[Slot]> {
        let (tape, slots) = self.each.as_ref().filter(|_| self.shared.is_none())?;
        let touches = tape.reads(others) || slots.iter().any(|slot| others.contains(slot));
        (!touches).then_some(slots)
    }

    /// True if, where these columns are parted, each part needs no other, and none of those is looked at as a whole.
    pub(super) fn is_separable(&self, own: &[Slot]) -> bool {
        self.each.as_ref().is_none_or(|(tape, _)| tape.is_separable(own))
    }

    /// True if it reads any of these columns.
    pub(super) fn reads(&self, slots: &[Slot]) -> bool {
        self.shared.iter().chain(&self.each).any(|(tape, _)| tape.reads(slots))
    }

    /// Nanoseconds for each element, roughly.
    pub(super) fn cost(&self) -> f64 {
        self.each.as_ref().map_or(0.0, |(tape, _)| tape.cost())
    }

    /// Runs for a part of those that were chosen.
    pub(super) fn run_part(
        &self,
        columns: &mut Columns<'_>,
        chosen: Chosen<'_>,
        now: &Now,
        machine: &mut Machine,
    ) {
        let Some((tape, slots)) = &self.each else { return };
        match chosen {
            Chosen::Range(start, end) => self.neighbours(tape, columns, start..end, None, now, machine),
            Chosen::List(list) => self.listed((tape, slots), columns, list, now, machine),
        }
    }

    fn neighbours(
        &self,
        tape: &Tape,
        columns: &mut Columns<'_>,
        range: Range<usize>,
        ends: Option<(&[u32], &[u32])>,
        now: &Now,
        machine: &mut Machine,
    ) {
        for (first, n) in blocks(range) {
            let elements = match ends {
                None => [Elements::From(first), Elements::One(0), Elements::One(0)],
                Some(lists) => with_ends(lists, first, n),
            };
            machine.run_storing(tape, columns, &self.inputs(&[], elements, now), first, n);
        }
    }

    fn listed(
        &self,
        (tape, slots): (&Tape, &[Slot]),
        columns: &mut Columns<'_>,
        list: &[u32],
        now: &Now,
        machine: &mut Machine,
    ) {
        for block in list.chunks(BLOCK) {
            let elements = [Elements::List(block), Elements::One(0), Elements::One(0)];
            machine.run_in(tape, columns, &self.inputs(&[], elements, now), block.len());
            for (k, slot) in slots.iter().enumerate() {
                columns.scatter(slot.place(), block, machine.result(k));
            }
        }
    }

    fn inputs<'a>(&self, store: &'a [Vec<f64>], elements: [Elements<'a>; 3], now: &Now) -> Inputs<'a> {
        Inputs { store, elements, time: now.time, stream: self.stream, step: now.step }
    }
}

/// Some neighbouring synapses with the neurons on both sides.
pub(super) fn with_ends<'a>((i, j): (&'a [u32], &'a [u32]), start: usize, count: usize) -> [Elements<'a>; 3] {
    let span = start..start + count;
    [Elements::From(start), Elements::List(&i[span.clone()]), Elements::List(&j[span])]
}
