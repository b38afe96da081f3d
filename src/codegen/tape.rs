//! The graph as a flat program over few registers, each of which holds one value for every element of a block.
//! Registers are handed out by a linear scan; results keep theirs to the end.

use super::ir::{Fun1, Fun2, Graph, Node, SHARED_DRAW, Value};
use crate::equations::{At, Callable, MOST_ARGUMENTS, Owner, Slot};

/// One instruction; operands and the result are registers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Op {
    Const(f64),
    Load(Slot, At),
    Time,
    Apply1(Fun1, u16),
    Apply2(Fun2, u16, u16),
    Select(u16, u16, u16),
    Uniform(u32),
    Normal(u32),
    Poisson(u32, u16),
    Binomial(u32, u16, u16),
    Call(u32, u8, [u16; MOST_ARGUMENTS]),
}

/// A program: instructions with the register each one fills.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    pub(crate) code: Vec<(Op, u16)>,
    pub(crate) registers: usize,
    pub(crate) callables: Vec<Callable>,
    /// Where the results stand, in the order asked for.
    pub(crate) results: Vec<u16>,
}

impl Tape {
    pub(crate) fn new(graph: &Graph, roots: &[Value]) -> Self {
        let order = order_of(graph, roots);
        let mut last_use = std::collections::HashMap::new();
        for (k, v) in order.iter().enumerate() {
            for operand in graph.operands(*v) {
                last_use.insert(operand, k);
            }
        }
        for root in roots {
            last_use.insert(*root, usize::MAX);
        }
        let mut place = std::collections::HashMap::new();
        let (mut free, mut registers) = (Vec::new(), 0_u16);
        let mut code = Vec::with_capacity(order.len());
        for (k, v) in order.iter().enumerate() {
            let at = |v: Value| place[&v];
            let op = match graph.node(*v) {
                Node::Const(bits) => Op::Const(f64::from_bits(bits)),
                Node::Load(slot, place) => Op::Load(slot, place),
                Node::Poisson(n, mean) => Op::Poisson(n, at(mean)),
                Node::Binomial(n, trials, p) => Op::Binomial(n, at(trials), at(p)),
                Node::Call(number, count, all) => {
                    let mut registers = [0; MOST_ARGUMENTS];
                    for (register, v) in registers.iter_mut().zip(&all[..usize::from(count)]) {
                        *register = at(*v);
                    }
                    Op::Call(number, count, registers)
                }
                Node::Time => Op::Time,
                // Methods replace noise by draws; what is left over must not look like a number.
                Node::Xi(_) => Op::Const(f64::NAN),
                Node::Apply1(f, a) => Op::Apply1(f, at(a)),
                Node::Apply2(f, a, b) => Op::Apply2(f, at(a), at(b)),
                Node::Select(c, a, b) => Op::Select(at(c), at(a), at(b)),
                Node::Uniform(n) => Op::Uniform(n),
                Node::Normal(n) => Op::Normal(n),
            };
            // The result never shares a register with an operand, so the executor can borrow both.
            let register = free.pop().unwrap_or_else(|| {
                registers += 1;
                registers - 1
            });
            place.insert(*v, register);
            code.push((op, register));
            let mut done = graph.operands(*v);
            done.sort_unstable();
            done.dedup();
            free.extend(done.into_iter().filter(|o| last_use[o] == k).map(|o| place[&o]));
        }
        let results = roots.iter().map(|r| place[r]).collect();
        Self { code, registers: usize::from(registers), callables: graph.callables.clone(), results }
    }

    /// True if the results are the same for every element.
    pub(crate) fn is_uniform(&self) -> bool {
        !self.code.iter().any(|(op, _)| match op {
            Op::Load(_, at) => at.owner != Owner::Shared || at.via.is_some(),
            Op::Uniform(n) | Op::Normal(n) | Op::Poisson(n, _) | Op::Binomial(n, _, _) => {
                n & SHARED_DRAW == 0
            }
            _ => false,
        })
    }
}

/// Every node needed for `roots`, operands first.
fn order_of(graph: &Graph, roots: &[Value]) -> Vec<Value> {
    let mut order = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut open: Vec<(Value, bool)> = roots.iter().rev().map(|r| (*r, false)).collect();
    while let Some((v, ready)) = open.pop() {
        if ready {
            order.push(v);
        } else if seen.insert(v) {
            open.push((v, true));
            open.extend(graph.operands(v).into_iter().rev().map(|o| (o, false)));
        }
    }
    order
}
