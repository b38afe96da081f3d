//! An event of a group compiled: how the elements are found for which it happens.
//! The commonest conditions, a threshold and a chance, have roads of their own.

use super::group_program::inputs;
use super::program::Now;
use crate::codegen::{Columns, Elements, Fun2, Graph, Machine, Node, Tape, Value};
use crate::equations::{At, Owner, Slot};
use crate::random::Stream;
use crate::vector::{largest, positions};

/// An event of a group.
pub(super) struct EventProgram {
    pub(super) name: String,
    pub(super) condition: Option<Condition>,
    pub(super) stream: Stream,
}

/// How the elements are found for which an event happens.
pub(super) enum Condition {
    Tape(Tape),
    /// A column above a limit, where another one is true: a search without any computing.
    Above(Slot, f64, Option<Slot>),
    /// `rand() < p`, as the condition and as p: where p is small, chance goes from hit to hit.
    Chance(Tape, Tape),
}

/// The draws that hits come from, and those that thin them out; others are counted from 1.
const HITS: u32 = (1 << 31) - 1;
const THINNING: u32 = (1 << 31) - 2;
/// Neurons whose hits are drawn together: another number of them gives other hits.
const TOGETHER: usize = 512;

/// The probability, if this is a draw below it and it does not depend on chance itself.
fn chance(graph: &Graph, root: Value) -> Option<Value> {
    let (u, p) = match graph.node(root) {
        Node::Apply2(Fun2::Lt, u, p) | Node::Apply2(Fun2::Gt, p, u) => (u, p),
        _ => return None,
    };
    let is_chance = |n| {
        matches!(
            n,
            Node::Uniform(_) | Node::Normal(_) | Node::Poisson(..) | Node::Binomial(..) | Node::Call(..)
        )
    };
    (matches!(graph.node(u), Node::Uniform(_)) && !graph.any(&[p], &is_chance)).then_some(p)
}

impl Condition {
    pub(super) fn new(graph: &Graph, root: Value) -> Self {
        let own = |v: Value| match graph.node(v) {
            Node::Load(slot, at) if at == At::new(Owner::Own) => Some(slot),
            _ => None,
        };
        let above = |v: Value| match graph.node(v) {
            Node::Apply2(Fun2::Gt, x, limit) => own(x).zip(graph.as_constant(limit)),
            Node::Apply2(Fun2::Lt, limit, x) => own(x).zip(graph.as_constant(limit)),
            _ => None,
        };
        let masked = match graph.node(root) {
            Node::Apply2(Fun2::And, a, b) => above(a).zip(own(b)),
            _ => None,
        };
        match (above(root), masked) {
            (Some((x, limit)), _) => Self::Above(x, limit, None),
            (None, Some(((x, limit), mask))) => Self::Above(x, limit, Some(mask)),
            (None, None) => {
                let whole = Tape::new(graph, &[root]);
                match chance(graph, root) {
                    Some(p) => Self::Chance(whole, Tape::new(graph, &[p])),
                    None => Self::Tape(whole),
                }
            }
        }
    }

    /// True if nothing but a part of these columns is needed to find out about that part.
    pub(super) fn is_separable(&self, own: &[Slot]) -> bool {
        match self {
            Self::Above(..) => true,
            Self::Tape(tape) => tape.is_separable(own),
            Self::Chance(whole, p) => whole.is_separable(own) && p.is_separable(own),
        }
    }

    /// True if it depends on any of these columns.
    pub(super) fn reads(&self, slots: &[Slot]) -> bool {
        match self {
            Self::Above(x, _, mask) => slots.contains(x) || mask.is_some_and(|m| slots.contains(&m)),
            Self::Tape(tape) => tape.reads(slots),
            Self::Chance(whole, _) => whole.reads(slots),
        }
    }

    /// Nanoseconds for each element, roughly.
    pub(super) fn cost(&self) -> f64 {
        match self {
            Self::Above(..) => 0.15,
            Self::Tape(tape) => tape.cost() + 0.15,
            Self::Chance(_, p) => p.cost() + 0.4,
        }
    }
}

impl EventProgram {
    /// The random numbers of a block belong together.
    pub(super) fn needs_whole_blocks(&self) -> bool {
        matches!(self.condition, Some(Condition::Chance(..)))
    }

    /// Adds those of a block for which the event happens.
    pub(super) fn find(
        &self,
        columns: &mut Columns<'_>,
        (start, count): (usize, usize),
        now: &Now,
        machine: &mut Machine,
        found: &mut Vec<u32>,
    ) {
        if count > TOGETHER && matches!(self.condition, Some(Condition::Chance(..))) {
            for k in (0..count).step_by(TOGETHER) {
                self.find(columns, (start + k, TOGETHER.min(count - k)), now, machine, found);
            }
            return;
        }
        let inputs = inputs(&[], Elements::From(start), now, self.stream);
        let width = machine.width();
        match &self.condition {
            None => {}
            Some(Condition::Above(x, limit, mask)) => {
                let mask = mask.map(|m| columns.block(m.place(), start, count));
                let x = columns.block(x.place(), start, count);
                positions(width, x, *limit, mask, start, found);
            }
            Some(Condition::Chance(whole, p)) => {
                machine.run_in(p, columns, &inputs, count);
                let p = machine.result(0);
                let most = largest(width, p);
                if most > 0.1 {
                    machine.run_in(whole, columns, &inputs, count);
                    positions(width, machine.result(0), 0.0, None, start, found);
                    return;
                }
                // Hits of the largest probability, each kept with the share that its own has in it.
                self.stream.hits(width, (now.step, HITS, 2 * start), (count, most), |k| {
                    let share = self.stream.uniform(now.step, THINNING, start + k);
                    if p[k] >= most || share * most < p[k] {
                        found.push(u32::try_from(start + k).unwrap_or(u32::MAX));
                    }
                });
            }
            Some(Condition::Tape(tape)) => {
                machine.run_in(tape, columns, &inputs, count);
                positions(width, machine.result(0), 0.0, None, start, found);
            }
        }
    }
}
