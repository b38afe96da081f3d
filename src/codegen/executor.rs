//! Runs a tape over blocks of elements: one loop for each instruction, so that the compiler can use wide registers.
//! Reads columns, never writes them; the caller takes the results from the machine.

use super::tape::{Op, Tape};
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
    /// Tables of columns: the object's own, the source neurons', the target neurons'.
    pub(crate) tables: [&'a [Vec<f64>]; 3],
    pub(crate) elements: [Elements<'a>; 3],
    pub(crate) time: f64,
    pub(crate) stream: Stream,
    pub(crate) step: u64,
}

impl Inputs<'_> {
    /// A number for each element, by which random numbers are told apart.
    fn element(&self, k: usize) -> usize {
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
            self.step(*op, usize::from(*target), inputs);
        }
    }

    /// The k-th result of the last run.
    pub(crate) fn result(&self, k: usize) -> &[f64] {
        let start = usize::from(self.results[k]) * BLOCK;
        &self.registers[start..start + self.count]
    }

    fn step(&mut self, op: Op, target: usize, inputs: &Inputs<'_>) {
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
            Op::Load(owner, column) => {
                load(out, &inputs.tables[owner as usize][column], inputs.elements[owner as usize])
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
                    *o = stream.uniform(key(inputs.step, draw), inputs.element(k));
                }
            }
            Op::Normal(draw) => {
                let stream = inputs.stream;
                for (k, o) in out.iter_mut().enumerate() {
                    *o = stream.normal(key(inputs.step, draw), inputs.element(k));
                }
            }
        }
    }
}

/// Steps leave the low byte to the draws within one step.
fn key(step: u64, draw: u32) -> u64 {
    (step << 8) | u64::from(draw & 0xff)
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
