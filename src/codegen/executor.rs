//! Runs a tape over blocks of elements: one loop for each instruction, so that the compiler can use wide registers.
//! Reads columns, never writes them; the caller takes the results from the machine.

use super::ir::SHARED_DRAW;
use super::tape::{Op, Tape};
use crate::equations::{Callable, MOST_ARGUMENTS, Owner};
use crate::random::Stream;

/// Elements that one pass of the tape works on.
pub(crate) const BLOCK: usize = 512;

/// Which elements of a table a block is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Elements<'a> {
    /// Neighbours, from this one on.
    From(usize),
    /// These, in this order.
    List(&'a [u32]),
    /// The same one for the whole block.
    One(usize),
}

/// What a tape may read.
pub(crate) struct Inputs<'a> {
    /// All columns of the network.
    pub(crate) store: &'a [Vec<f64>],
    /// Elements of the object itself, of the neurons before and of those behind it.
    pub(crate) elements: [Elements<'a>; 3],
    pub(crate) time: f64,
    pub(crate) stream: Stream,
    pub(crate) step: u64,
}

impl Inputs<'_> {
    /// A number for each element, by which random numbers are told apart.
    fn element(&self, draw: u32, k: usize) -> usize {
        if draw & SHARED_DRAW != 0 {
            return 0;
        }
        match self.elements[0] {
            Elements::From(start) => start + k,
            Elements::List(list) => list[k] as usize,
            Elements::One(element) => element,
        }
    }
}

/// Registers, reused from call to call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    registers: Vec<f64>,
    results: Vec<u16>,
    count: usize,
}

impl Machine {
    /// Runs `tape` for the first `count` elements (at most [`BLOCK`]).
    pub(crate) fn run(&mut self, tape: &Tape, inputs: &Inputs<'_>, count: usize) {
        assert!(count <= BLOCK, "the caller cuts its elements into blocks");
        if self.registers.len() < tape.registers * BLOCK {
            self.registers.resize(tape.registers * BLOCK, 0.0);
        }
        self.count = count;
        self.results.clone_from(&tape.results);
        for (op, target) in &tape.code {
            self.step(*op, usize::from(*target), inputs, &tape.callables);
        }
    }

    /// The k-th result of the last run.
    pub(crate) fn result(&self, k: usize) -> &[f64] {
        let start = usize::from(self.results[k]) * BLOCK;
        &self.registers[start..start + self.count]
    }

    fn step(&mut self, op: Op, target: usize, inputs: &Inputs<'_>, callables: &[Callable]) {
        let n = self.count;
        // Split off the target so that it can be filled while the others are read.
        let (low, rest) = self.registers.split_at_mut(target * BLOCK);
        let (out, high) = rest.split_at_mut(BLOCK);
        let out = &mut out[..n];
        let (low, high) = (&*low, &*high);
        let read = |r: u16| -> &[f64] {
            let r = usize::from(r);
            if r < target {
                &low[r * BLOCK..r * BLOCK + n]
            } else {
                let r = r - target - 1;
                &high[r * BLOCK..r * BLOCK + n]
            }
        };
        match op {
            Op::Const(x) => out.fill(x),
            Op::Time => out.fill(inputs.time),
            Op::Load(slot, at) => {
                let elements = match at.owner {
                    Owner::Shared => Elements::One(0),
                    owner => inputs.elements[owner as usize],
                };
                match at.via {
                    None => load(out, &inputs.store[slot.place()], elements),
                    Some(via) => {
                        load(out, &inputs.store[via.place()], elements);
                        let column = &inputs.store[slot.place()];
                        out.iter_mut().for_each(|o| *o = column[whole(*o)]);
                    }
                }
            }
            Op::Apply1(f, a) => {
                let a = read(a);
                for (o, a) in out.iter_mut().zip(a) {
                    *o = f.apply(*a);
                }
            }
            Op::Apply2(f, a, b) => apply2(f, out, read(a), read(b)),
            Op::Select(c, a, b) => {
                let (c, a, b) = (read(c), read(a), read(b));
                for (((o, c), a), b) in out.iter_mut().zip(c).zip(a).zip(b) {
                    *o = if *c == 0.0 { *b } else { *a };
                }
            }
            Op::Uniform(draw) => {
                let stream = inputs.stream;
                for (k, o) in out.iter_mut().enumerate() {
                    *o = stream.uniform(inputs.step, draw, inputs.element(draw, k));
                }
            }
            Op::Normal(draw) => {
                let stream = inputs.stream;
                for (k, o) in out.iter_mut().enumerate() {
                    *o = stream.normal(inputs.step, draw, inputs.element(draw, k));
                }
            }
            Op::Poisson(draw, mean) => {
                let (stream, mean) = (inputs.stream, read(mean));
                for (k, (o, mean)) in out.iter_mut().zip(mean).enumerate() {
                    *o = stream.poisson(inputs.step, draw, inputs.element(draw, k), *mean);
                }
            }
            Op::Binomial(draw, n, p) => {
                let (stream, n, p) = (inputs.stream, read(n), read(p));
                for (k, ((o, n), p)) in out.iter_mut().zip(n).zip(p).enumerate() {
                    *o = stream.binomial(inputs.step, draw, inputs.element(draw, k), *n, *p);
                }
            }
            Op::Call(number, count, registers) => {
                let count = usize::from(count);
                let callable = &callables[number as usize];
                let mut arguments = [0.0; MOST_ARGUMENTS];
                for (k, o) in out.iter_mut().enumerate() {
                    for (argument, register) in arguments.iter_mut().zip(&registers[..count]) {
                        *argument = read(*register)[k];
                    }
                    *o = callable.call(&arguments[..count]);
                }
            }
        }
    }
}

/// A column of indices holds whole numbers that were checked when it was filled.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "see above")]
fn whole(x: f64) -> usize {
    x as usize
}

fn load(out: &mut [f64], column: &[f64], elements: Elements<'_>) {
    match elements {
        Elements::From(start) => out.copy_from_slice(&column[start..start + out.len()]),
        Elements::One(k) => out.fill(column[k]),
        Elements::List(list) => {
            for (o, k) in out.iter_mut().zip(list) {
                *o = column[*k as usize];
            }
        }
    }
}

/// The operation is chosen once for the block, not once an element.
fn apply2(f: super::Fun2, out: &mut [f64], a: &[f64], b: &[f64]) {
    use super::Fun2;
    macro_rules! each {
        ($op:expr) => {
            for ((o, a), b) in out.iter_mut().zip(a).zip(b) {
                *o = $op(*a, *b);
            }
        };
    }
    match f {
        Fun2::Add => each!(|a: f64, b: f64| a + b),
        Fun2::Sub => each!(|a: f64, b: f64| a - b),
        Fun2::Mul => each!(|a: f64, b: f64| a * b),
        Fun2::Div => each!(|a: f64, b: f64| a / b),
        Fun2::Gt => each!(|a: f64, b: f64| f64::from(u8::from(a > b))),
        Fun2::Ge => each!(|a: f64, b: f64| f64::from(u8::from(a >= b))),
        _ => each!(|a: f64, b: f64| f.apply(a, b)),
    }
}
