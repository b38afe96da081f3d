//! Code compiled: statements as programs over the columns of the store, for all elements or for some.
//! Statements that set a shared variable run once, before those for each element.

use super::crew::{Crew, Job, blocks};
use crate::codegen::{BLOCK, Elements, Inputs, Lowering, Machine, Tape, Value};
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
                    let job = Job { elements: (start, end), own: slots, cost, whole_blocks: false };
                    let mut nothing = vec![(); crew.threads()];
                    crew.share(&job, store, &mut nothing, |columns, range, hand, ()| {
                        for (first, n) in blocks(range) {
                            let own = Elements::From(first);
                            let elements = match ends {
                                None => [own, Elements::One(0), Elements::One(0)],
                                Some((i, j)) => [
                                    own,
                                    Elements::List(&i[first..first + n]),
                                    Elements::List(&j[first..first + n]),
                                ],
                            };
                            let inputs = self.inputs(&[], elements, now);
                            hand.machine.run_storing(tape, columns, &inputs, first, n);
                        }
                    });
                }
                Chosen::List(list) => {
                    for block in list.chunks(BLOCK) {
                        let elements = [Elements::List(block), Elements::One(0), Elements::One(0)];
                        machine.run(tape, &self.inputs(store, elements, now), block.len());
                        for (k, slot) in slots.iter().enumerate() {
                            let column = &mut store[slot.place()];
                            crate::groups::scatter(column, block, machine.result(k));
                        }
                    }
                }
            }
        }
        for (slot, value) in later {
            store[slot.place()][0] = value;
        }
    }

    fn inputs<'a>(&self, store: &'a [Vec<f64>], elements: [Elements<'a>; 3], now: &Now) -> Inputs<'a> {
        Inputs { store, elements, time: now.time, stream: self.stream, step: now.step }
    }
}
