//! Spikes that have arrived: the statements of a pathway for the synapses reached, in their order.
//! As many at once as do not see each other; neighbours are read and written where they stand.

use super::pathway::Pathway;
use super::program::Now;
use crate::codegen::{BLOCK, Elements, Inputs, Machine};
use crate::equations::{At, Owner, Slot};
use crate::stateupdaters::{LinearSystem, Propagator};
use crate::synapses::SynapsesState;

impl Pathway {
    /// Runs the statements for the synapses reached, in their order.
    pub(super) fn deliver(
        &mut self,
        due: &[u32],
        synapses: &SynapsesState,
        store: &mut [Vec<f64>],
        now: &Now,
        machine: &mut Machine,
    ) {
        let mut rest = due;
        while !rest.is_empty() {
            let neighbours = neighbours(&rest[..rest.len().min(BLOCK)]);
            let count = self.independent(rest, neighbours, synapses);
            let (block, later) = rest.split_at(count);
            self.run(block, count <= neighbours, synapses, store, now, machine);
            rest = later;
        }
    }

    /// How many of the next synapses, which begin with so many neighbours, can be computed at once without one seeing
    /// what another sets.
    fn independent(&mut self, due: &[u32], neighbours: usize, synapses: &SynapsesState) -> usize {
        /// Neighbours from so many on are worth a block of their own.
        const LONG: usize = 64;
        let most = due.len().min(BLOCK);
        if self.aliased {
            return 1;
        }
        if self.sums_only {
            return if neighbours < LONG { most } else { neighbours };
        }
        let [_, pre, post] = &self.touched;
        if pre.is_empty() && post.is_empty() {
            if neighbours >= LONG {
                return neighbours;
            }
            // Numbers that go up are those of different synapses.
            if due[..most].is_sorted_by(|a, b| a < b) {
                return most;
            }
        }
        self.block += 1;
        for (k, &s) in due.iter().take(BLOCK).enumerate() {
            let s = s as usize;
            // Sources are in a list only if somebody asks for them.
            let source = if self.touched[1].is_empty() { 0 } else { synapses.i.list()[s] };
            let elements = [s, source as usize, synapses.j.list()[s] as usize];
            let seen = self.touched.iter().zip(elements).any(|(t, e)| t.get(e) == Some(&self.block));
            if seen {
                return k.max(1);
            }
            for (touched, element) in self.touched.iter_mut().zip(elements) {
                if let Some(touched) = touched.get_mut(element) {
                    *touched = self.block;
                }
            }
        }
        most
    }

    /// Runs them for a block; `is_run` says that it consists of neighbours.
    fn run(
        &mut self,
        block: &[u32],
        is_run: bool,
        synapses: &SynapsesState,
        store: &mut [Vec<f64>],
        now: &Now,
        machine: &mut Machine,
    ) {
        let [mut pre, mut post] = std::mem::take(&mut self.ends);
        let lists = [(&mut pre, &synapses.i), (&mut post, &synapses.j)];
        for ((ends, list), _) in lists.into_iter().zip(self.needs).filter(|(_, needed)| *needed) {
            ends.clear();
            let list = list.list();
            ends.extend(block.iter().map(|&s| list[s as usize]));
        }
        if let Some((system, last)) = &self.coupled {
            self.catch_up(system, *last, [block, &pre, &post], store, now, machine);
        }
        let own = if is_run { Elements::From(block[0] as usize) } else { Elements::List(block) };
        let elements = [own, Elements::List(&pre), Elements::List(&post)];
        let inputs = Inputs { store, elements, time: now.time, stream: self.stream, step: now.step };
        machine.run(&self.tape, &inputs, block.len());
        for (k, write) in self.writes.iter().enumerate() {
            let direct = match write.at.owner {
                Owner::Own => block,
                Owner::Pre => &pre[..],
                Owner::Post => &post[..],
                Owner::Shared => &[0],
            };
            let linked: Vec<u32>;
            let elements = match write.at.via {
                None => direct,
                Some(via) => {
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "indices")]
                    let index = |e: &u32| store[via.place()][*e as usize] as u32;
                    linked = direct.iter().map(index).collect();
                    &linked
                }
            };
            let column = &mut store[write.slot.place()];
            if is_run && write.at == At::new(Owner::Own) {
                let part = &mut column[block[0] as usize..][..block.len()];
                if write.adds {
                    part.iter_mut().zip(machine.result(k)).for_each(|(place, v)| *place += v);
                } else {
                    part.copy_from_slice(machine.result(k));
                }
                continue;
            }
            for (&element, v) in elements.iter().zip(machine.result(k)) {
                let place = &mut column[element as usize];
                *place = if write.adds { *place + v } else { *v };
            }
        }
        self.ends = [pre, post];
    }

    /// Brings coupled event-driven variables from the last event of each synapse to the present time.
    fn catch_up(
        &self,
        system: &LinearSystem,
        last: Slot,
        [block, pre, post]: [&[u32]; 3],
        store: &mut [Vec<f64>],
        now: &Now,
        machine: &mut Machine,
    ) {
        let inputs = Inputs {
            store,
            elements: [Elements::List(block), Elements::List(pre), Elements::List(post)],
            time: now.time,
            stream: self.stream,
            step: now.step,
        };
        machine.run(&system.entries, &inputs, block.len());
        let results = 0..system.entries.results.len();
        for (k, s) in block.iter().map(|s| *s as usize).enumerate() {
            let entries: Vec<f64> = results.clone().map(|r| machine.result(r)[k]).collect();
            let mut state: Vec<f64> = system.columns.iter().map(|c| store[c.place()][s]).collect();
            let span = now.time - store[last.place()][s];
            system.advance(&mut state, &entries, true, span, &mut Propagator::default());
            for (c, v) in system.columns.iter().zip(state) {
                store[c.place()][s] = v;
            }
        }
    }
}

/// How many numbers at the beginning follow each other.
fn neighbours(list: &[u32]) -> usize {
    let follows = |pair: &&[u32]| pair[1] == pair[0].wrapping_add(1);
    list.len().min(1 + list.windows(2).take_while(follows).count())
}
