//! The graph as a flat program over few registers, each of which holds one value for every element of a block.
//! Registers are handed out by a linear scan; a result that goes to a column is computed there if nobody reads it later.

use std::collections::HashMap;

use super::ir::{Graph, Node, SHARED_DRAW, Value};
use crate::equations::{At, Callable, MOST_ARGUMENTS, Owner, Slot};
use crate::vector::{Fun1, Fun2, Linear};

/// One instruction; operands are registers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Op {
    Const(f64),
    Load(Slot, At),
    Time,
    Apply1(Fun1, u16),
    Apply2(Fun2, u16, u16),
    Select(u16, u16, u16),
    /// The product of the first two, then a sum with the third or the difference to it.
    MultiplyAdd(Fun2, u16, u16, u16),
    /// The product of the first two plus a multiple of the third.
    MultiplyAddMultiple([u16; 3], f64),
    /// `x y + z` of the last three registers where the first is true, elsewhere the second.
    MultiplyAddWhere([u16; 2], [u16; 3]),
    /// A sum of two or three products with fixed numbers.
    Linear(Linear, [u16; 3], bool),
    /// The same where the first register is true, elsewhere the second.
    LinearWhere(u16, u16, Linear, [u16; 3], bool),
    Uniform(u32),
    Normal(u32),
    Poisson(u32, u16),
    Binomial(u32, u16, u16),
    Call(u32, u8, [u16; MOST_ARGUMENTS]),
}

/// An instruction and where its result goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Instruction {
    pub(crate) op: Op,
    pub(crate) target: u16,
    /// The column in which the result may be computed at once.
    pub(crate) column: Option<Slot>,
}

/// A program: instructions with the register each one fills.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    pub(crate) code: Vec<Instruction>,
    pub(crate) registers: usize,
    pub(crate) callables: Vec<Callable>,
    /// Where the results stand, in the order asked for.
    pub(crate) results: Vec<u16>,
    /// The columns that the results go to, for programs that store them.
    pub(crate) columns: Vec<Slot>,
}

/// What one instruction computes, before registers are known.
#[derive(Clone, Copy)]
enum Step {
    Plain(Node),
    MultiplyAdd(Fun2, [Value; 3]),
    MultiplyAddMultiple([Value; 3], f64),
    MultiplyAddWhere([Value; 2], [Value; 3]),
    Linear(Linear, [Value; 3], bool),
    LinearWhere([Value; 2], Linear, [Value; 3], bool),
}

impl Step {
    fn operands(&self, graph: &Graph, v: Value) -> Vec<Value> {
        let terms = |x: &[Value; 3], is_long: bool| x[..if is_long { 3 } else { 2 }].to_vec();
        match self {
            Self::Plain(_) => graph.operands(v),
            Self::MultiplyAdd(_, x) | Self::MultiplyAddMultiple(x, _) => x.to_vec(),
            Self::MultiplyAddWhere(ends, x) => [&ends[..], x].concat(),
            Self::Linear(_, x, is_long) => terms(x, *is_long),
            Self::LinearWhere(ends, _, x, is_long) => [&ends[..], &terms(x, *is_long)].concat(),
        }
    }
}

/// Finds what several nodes can do in one instruction, with the same roundings.
struct Joining<'g> {
    graph: &'g Graph,
    /// How often each value is read.
    uses: HashMap<Value, usize>,
}

impl Joining<'_> {
    fn is_inner(&self, v: Value) -> bool {
        self.uses.get(&v) == Some(&1)
    }

    fn step(&self, v: Value) -> Step {
        let node = self.graph.node(v);
        match node {
            Node::Select(c, yes, no) if self.is_inner(yes) => {
                if let Some((by, x, is_long)) = self.linear(yes) {
                    return Step::LinearWhere([c, no], by, x, is_long);
                }
                // What keeps its value where nothing is added to it.
                if let Some((Fun2::Add, x)) = self.multiply_add(yes)
                    && x[2] == no
                {
                    return Step::MultiplyAddWhere([c, no], x);
                }
            }
            Node::Apply2(Fun2::Add | Fun2::Sub, ..) => {
                if let Some((by, x, is_long)) = self.linear(v) {
                    return Step::Linear(by, x, is_long);
                }
                if let Some((f, x)) = self.multiply_add(v) {
                    return match (f, self.multiple(x[2])) {
                        (Fun2::Add, Some((z, k))) => Step::MultiplyAddMultiple([x[0], x[1], z], k),
                        _ => Step::MultiplyAdd(f, x),
                    };
                }
            }
            _ => {}
        }
        Step::Plain(node)
    }

    /// A fixed multiple of a value, which nobody else reads.
    fn multiple(&self, v: Value) -> Option<(Value, f64)> {
        match self.graph.node(v) {
            Node::Apply2(Fun2::Mul, a, b) if self.is_inner(v) && self.graph.as_constant(a).is_none() => {
                self.graph.as_constant(b).map(|k| (a, k))
            }
            _ => None,
        }
    }

    /// `x y + z` or `x y - z`.
    fn multiply_add(&self, v: Value) -> Option<(Fun2, [Value; 3])> {
        let Node::Apply2(f @ (Fun2::Add | Fun2::Sub), a, b) = self.graph.node(v) else { return None };
        // A multiple of a value is made again sooner than it is kept, if a number is added to it.
        let is_fixed = |v: Value| self.graph.as_constant(v).is_some();
        let product = |p: Value, other: Value| match self.graph.node(p) {
            Node::Apply2(Fun2::Mul, x, y) if self.is_inner(p) || (is_fixed(y) && is_fixed(other)) => {
                Some([x, y])
            }
            _ => None,
        };
        if let Some([x, y]) = product(a, b) {
            return Some((f, [x, y, b]));
        }
        match (product(b, a), f) {
            (Some([x, y]), Fun2::Add) => Some((f, [x, y, a])),
            _ => None,
        }
    }

    /// `x p + y q (+ z r) (+ s)` with fixed p, q, r and s.
    fn linear(&self, v: Value) -> Option<(Linear, [Value; 3], bool)> {
        let sum = |v: Value| match self.graph.node(v) {
            Node::Apply2(Fun2::Add, a, b) => Some((a, b)),
            _ => None,
        };
        let scaled = |v: Value| self.multiple(v);
        let (mut rest, mut last) = sum(v)?;
        // Adding minus zero changes nothing at all.
        let mut constant = -0.0;
        if let Some(k) = self.graph.as_constant(last) {
            constant = k;
            if !self.is_inner(rest) {
                return None;
            }
            (rest, last) = sum(rest)?;
        }
        let (z, r) = scaled(last)?;
        if let Some((x, p)) = scaled(rest) {
            return Some((Linear { factors: [p, r, 0.0], constant }, [x, z, z], false));
        }
        if !self.is_inner(rest) {
            return None;
        }
        let (first, second) = sum(rest)?;
        let ((x, p), (y, q)) = (scaled(first)?, scaled(second)?);
        Some((Linear { factors: [p, q, r], constant }, [x, y, z], true))
    }
}

impl Tape {
    /// A program whose results are read from the machine.
    pub(crate) fn new(graph: &Graph, roots: &[Value]) -> Self {
        Self::compile(graph, roots, &[])
    }

    /// A program whose results are new values of these columns, of the object's own elements.
    pub(crate) fn storing(graph: &Graph, roots: &[Value], columns: &[Slot]) -> Self {
        Self::compile(graph, roots, columns)
    }

    fn compile(graph: &Graph, roots: &[Value], columns: &[Slot]) -> Self {
        let joining = Joining { graph, uses: uses(graph, roots) };
        let steps = order_of(&joining, &arranged(graph, roots, columns));
        let mut last_use = HashMap::new();
        for (k, (v, step)) in steps.iter().enumerate() {
            for operand in step.operands(graph, *v) {
                last_use.insert(operand, k);
            }
        }
        for root in roots {
            last_use.insert(*root, usize::MAX);
        }
        let mut place = HashMap::new();
        let (mut free, mut registers) = (Vec::new(), 0_u16);
        let mut code = Vec::with_capacity(steps.len());
        for (k, (v, step)) in steps.iter().enumerate() {
            let at = |v: Value| place[&v];
            let op = match *step {
                Step::Plain(node) => plain(node, &at),
                Step::MultiplyAdd(f, [x, y, z]) => Op::MultiplyAdd(f, at(x), at(y), at(z)),
                Step::MultiplyAddMultiple(x, k) => Op::MultiplyAddMultiple(x.map(at), k),
                Step::MultiplyAddWhere(ends, x) => Op::MultiplyAddWhere(ends.map(at), x.map(at)),
                Step::Linear(by, x, is_long) => Op::Linear(by, x.map(at), is_long),
                Step::LinearWhere([c, no], by, x, is_long) => {
                    Op::LinearWhere(at(c), at(no), by, x.map(at), is_long)
                }
            };
            // The result never shares a register with an operand, so the executor can borrow both.
            let register = free.pop().unwrap_or_else(|| {
                registers += 1;
                registers - 1
            });
            place.insert(*v, register);
            let column = columns.iter().zip(roots).find(|(_, root)| *root == v).map(|(c, _)| *c);
            let column = column.filter(|c| {
                // Whoever reads the old values of the column has read them by then.
                steps.iter().all(|(reader, step)| match step {
                    Step::Plain(Node::Load(slot, at)) if slot == c => {
                        *at == At::new(Owner::Own) && last_use.get(reader).is_none_or(|last| *last <= k)
                    }
                    Step::Plain(Node::Load(_, At { via: Some(via), .. })) => via != c,
                    _ => true,
                })
            });
            code.push(Instruction { op, target: register, column });
            let mut done = step.operands(graph, *v);
            done.sort_unstable();
            done.dedup();
            free.extend(done.into_iter().filter(|o| last_use[o] == k).map(|o| place[&o]));
        }
        let results = roots.iter().map(|r| place[r]).collect();
        Self {
            code,
            registers: usize::from(registers),
            callables: graph.callables.clone(),
            results,
            columns: columns.to_vec(),
        }
    }

    /// The result of a program that is one number and nothing else.
    pub(crate) fn as_constant(&self) -> Option<f64> {
        match self.code[..] {
            [Instruction { op: Op::Const(x), .. }] => Some(x),
            _ => None,
        }
    }

    /// True if some elements of the object can be computed without the others: of these columns, which the program or
    /// one beside it sets, it reads the element itself alone. Closures of the user's may depend on the order of calls.
    pub(crate) fn is_separable(&self, own: &[Slot]) -> bool {
        self.callables.iter().all(|c| !matches!(c, Callable::User(_)))
            && self.code.iter().all(|i| match i.op {
                Op::Load(slot, at) => {
                    (!own.contains(&slot) || at == At::new(Owner::Own))
                        && at.via.is_none_or(|via| !own.contains(&via))
                }
                _ => true,
            })
    }

    /// True if results depend on which elements are computed, and how often: draws go by place, closures may count.
    pub(crate) fn depends_on_calls(&self) -> bool {
        let is_free = |op| {
            matches!(op, Op::Uniform(_) | Op::Normal(_) | Op::Poisson(..) | Op::Binomial(..) | Op::Call(..))
        };
        self.code.iter().any(|i| is_free(i.op))
    }

    /// True if it reads any of these columns.
    pub(crate) fn reads(&self, slots: &[Slot]) -> bool {
        self.code.iter().any(|i| match i.op {
            Op::Load(slot, at) => slots.contains(&slot) || at.via.is_some_and(|via| slots.contains(&via)),
            _ => false,
        })
    }

    /// Nanoseconds for each element, roughly: the times of the loops that `benches/README.md` gives.
    pub(crate) fn cost(&self) -> f64 {
        let one = |f: Fun1| match f {
            Fun1::Neg | Fun1::Not | Fun1::Truth | Fun1::Abs | Fun1::Sign => 0.15,
            Fun1::Ceil | Fun1::Floor | Fun1::Trunc | Fun1::Sqrt => 0.4,
            Fun1::Exprel => 0.6,
            Fun1::Exp | Fun1::Expm1 | Fun1::InverseExprel => 1.2,
            _ => 3.0,
        };
        let cost = |i: &Instruction| match i.op {
            Op::Const(_) | Op::Time => 0.0,
            Op::Load(_, At { owner: Owner::Own | Owner::Shared, via: None }) => 0.0,
            Op::Load(..) => 0.8,
            Op::Apply1(f, _) => one(f),
            Op::Apply2(Fun2::Pow, ..) => 15.0,
            Op::Apply2(Fun2::Div, ..) => 0.35,
            Op::Apply2(Fun2::FloorDiv | Fun2::Mod, ..) => 3.0,
            Op::Apply2(..) | Op::Select(..) | Op::MultiplyAdd(..) => 0.2,
            Op::Linear(..) | Op::LinearWhere(..) | Op::MultiplyAddWhere(..) | Op::MultiplyAddMultiple(..) => {
                0.35
            }
            Op::Uniform(_) => 2.5,
            Op::Normal(_) => 5.0,
            Op::Poisson(..) | Op::Binomial(..) => 4.0,
            Op::Call(..) => 10.0,
        };
        self.code.iter().map(cost).sum()
    }

    /// True if the results are the same for every element.
    pub(crate) fn is_uniform(&self) -> bool {
        !self.code.iter().any(|i| match i.op {
            Op::Load(_, at) => at.owner != Owner::Shared || at.via.is_some(),
            Op::Uniform(n) | Op::Normal(n) | Op::Poisson(n, _) | Op::Binomial(n, _, _) => {
                n & SHARED_DRAW == 0
            }
            _ => false,
        })
    }
}

fn plain(node: Node, at: &dyn Fn(Value) -> u16) -> Op {
    match node {
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
    }
}

/// How often each value is read, results once more.
fn uses(graph: &Graph, roots: &[Value]) -> HashMap<Value, usize> {
    let mut uses = HashMap::new();
    let mut open = roots.to_vec();
    while let Some(v) = open.pop() {
        let count = uses.entry(v).or_insert(0);
        *count += 1;
        if *count == 1 {
            open.extend(graph.operands(v));
        }
    }
    uses
}

/// The results in such an order that as few columns as possible are read after they were written.
fn arranged(graph: &Graph, roots: &[Value], columns: &[Slot]) -> Vec<Value> {
    if columns.is_empty() {
        return roots.to_vec();
    }
    let reads = |root: Value, c: Slot| graph.any(&[root], &|n| matches!(n, Node::Load(slot, _) if slot == c));
    let mut left: Vec<(Value, Slot)> = roots.iter().copied().zip(columns.iter().copied()).collect();
    let mut out = Vec::new();
    while !left.is_empty() {
        let is_free =
            |k: usize| left.iter().enumerate().all(|(o, (root, _))| o == k || !reads(*root, left[k].1));
        let next = (0..left.len()).find(|k| is_free(*k)).unwrap_or(0);
        out.push(left.remove(next).0);
    }
    out
}

/// Every step needed for `roots`, operands first.
fn order_of(joining: &Joining<'_>, roots: &[Value]) -> Vec<(Value, Step)> {
    let mut order = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut open: Vec<(Value, Option<Step>)> = roots.iter().rev().map(|r| (*r, None)).collect();
    while let Some((v, ready)) = open.pop() {
        if let Some(step) = ready {
            order.push((v, step));
        } else if seen.insert(v) {
            let step = joining.step(v);
            open.push((v, Some(step)));
            open.extend(step.operands(joining.graph, v).into_iter().rev().map(|o| (o, None)));
        }
    }
    order
}
