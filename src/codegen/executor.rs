//! Runs a tape over blocks of elements, one loop for each instruction. Operands are read where they stand: in a register,
//! in a column of the store, or as one number for the whole block; results go straight to their columns where they may.

use super::columns::Columns;
use super::ir::SHARED_DRAW;
use super::tape::{Instruction, Op, Tape};
use crate::equations::{At, Callable, MOST_ARGUMENTS, Owner};
use crate::random::{Counts, Draw, Stream};
use crate::vector::{
    Fun2, Source, Width, add_product_where, binary, linear, map, multiply_add, multiply_add_multiple, select,
};

/// Elements that one pass of the tape works on.
pub(crate) const BLOCK: usize = 1024;

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

    /// True if a draw is the same number for the whole block.
    fn is_one(&self, draw: u32) -> bool {
        draw & SHARED_DRAW != 0 || matches!(self.elements[0], Elements::One(_))
    }

    fn elements_of(&self, at: At) -> Elements<'_> {
        match at.owner {
            Owner::Shared => Elements::One(0),
            owner => self.elements[owner as usize],
        }
    }
}

/// Where the value of a register is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// In its own memory.
    Own,
    /// In a column, from this element on.
    Column(usize, usize),
    /// One number for all elements.
    Number(f64),
}

/// A register's memory, at the start of a line of the processor's cache.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Block([f64; BLOCK]);

/// Registers, reused from call to call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    width: Width,
    /// Taken out while it is being filled.
    registers: Vec<Option<Box<Block>>>,
    places: Vec<Place>,
    results: Vec<u16>,
    count: usize,
}

impl Machine {
    /// A machine of a given width, for tests.
    #[cfg(test)]
    pub(crate) fn of_width(width: Width) -> Self {
        Self { width, ..Self::default() }
    }

    pub(crate) fn width(&self) -> Width {
        self.width
    }

    /// Runs `tape` for the first `count` elements (at most [`BLOCK`]); the results are read with [`Machine::result`].
    pub(crate) fn run(&mut self, tape: &Tape, inputs: &Inputs<'_>, count: usize) {
        self.run_in(tape, &mut Columns::Read(inputs.store), inputs, count);
    }

    /// As [`Machine::run`], on these columns; the inputs' own store is not looked at.
    pub(crate) fn run_in(
        &mut self,
        tape: &Tape,
        columns: &mut Columns<'_>,
        inputs: &Inputs<'_>,
        count: usize,
    ) {
        self.begin(tape, count);
        for instruction in &tape.code {
            self.step(instruction, inputs, columns, &tape.callables);
        }
        for k in 0..self.results.len() {
            self.settle(self.results[k], columns);
        }
    }

    /// Runs `tape` for neighbouring elements from `start` on and stores the results in its columns.
    /// The inputs' own store is not looked at.
    pub(crate) fn run_storing(
        &mut self,
        tape: &Tape,
        columns: &mut Columns<'_>,
        inputs: &Inputs<'_>,
        start: usize,
        count: usize,
    ) {
        self.begin(tape, count);
        for instruction in &tape.code {
            self.step(instruction, inputs, columns, &tape.callables);
        }
        // What stands in another column first, since that one may be written to now.
        for (register, slot) in tape.results.iter().zip(&tape.columns) {
            if let Place::Column(from, _) = self.places[usize::from(*register)]
                && from != slot.place()
            {
                self.settle(*register, columns);
            }
        }
        for (register, slot) in tape.results.iter().zip(&tape.columns) {
            match self.places[usize::from(*register)] {
                Place::Own => {
                    columns.block_mut(slot.place(), start, count).copy_from_slice(self.own(*register));
                }
                Place::Number(x) => columns.block_mut(slot.place(), start, count).fill(x),
                // Computed there.
                Place::Column(..) => {}
            }
        }
    }

    fn begin(&mut self, tape: &Tape, count: usize) {
        assert!(count <= BLOCK, "the caller cuts its elements into blocks");
        if self.registers.len() < tape.registers {
            self.registers.resize_with(tape.registers, || Some(Box::new(Block([0.0; BLOCK]))));
            self.places.resize(tape.registers, Place::Own);
        }
        self.count = count;
        self.results.clone_from(&tape.results);
    }

    /// The k-th result of the last run.
    pub(crate) fn result(&self, k: usize) -> &[f64] {
        self.own(self.results[k])
    }

    #[inline]
    fn own(&self, register: u16) -> &[f64] {
        self.registers[usize::from(register)].as_ref().map_or(&[], |block| &block.0[..self.count])
    }

    /// Brings the value of a register into its own memory.
    fn settle(&mut self, register: u16, columns: &Columns<'_>) {
        let r = usize::from(register);
        let n = self.count;
        let Some(block) = &mut self.registers[r] else { return };
        match self.places[r] {
            Place::Own => return,
            Place::Column(column, start) => block.0[..n].copy_from_slice(columns.block(column, start, n)),
            Place::Number(x) => block.0[..n].fill(x),
        }
        self.places[r] = Place::Own;
    }

    /// Numbers that stand where a loop wants one for each element.
    fn spread(&mut self, register: u16, columns: &Columns<'_>) {
        if let Place::Number(_) = self.places[usize::from(register)] {
            self.settle(register, columns);
        }
    }

    #[inline]
    fn number(&self, register: u16) -> Option<f64> {
        match self.places[usize::from(register)] {
            Place::Number(x) => Some(x),
            _ => None,
        }
    }

    #[inline]
    fn is_in(&self, register: u16, column: usize) -> bool {
        matches!(self.places[usize::from(register)], Place::Column(c, _) if c == column)
    }

    /// An operand; what stands in `column` is that which the result replaces.
    #[inline(always)]
    fn source<'a>(&'a self, register: u16, columns: &'a Columns<'_>, column: Option<usize>) -> Source<'a> {
        match self.places[usize::from(register)] {
            Place::Number(x) => Source::Number(x),
            Place::Column(c, _) if Some(c) == column => Source::Result,
            Place::Column(c, start) => Source::Slice(columns.block(c, start, self.count)),
            Place::Own => Source::Slice(self.own(register)),
        }
    }

    #[inline]
    fn slice<'a>(&'a self, register: u16, columns: &'a Columns<'_>) -> &'a [f64] {
        match self.source(register, columns, None) {
            Source::Slice(slice) => slice,
            Source::Number(_) | Source::Result => &[],
        }
    }

    fn step(
        &mut self,
        instruction: &Instruction,
        inputs: &Inputs<'_>,
        columns: &mut Columns<'_>,
        callables: &[Callable],
    ) {
        let &Instruction { ref op, target, column } = instruction;
        if let Some(place) = self.without_loop(op, inputs, columns) {
            self.places[usize::from(target)] = place;
            return;
        }
        self.prepare(op, columns);
        // Compute in the column itself, if this operation can.
        let direct = match (column, inputs.elements[0]) {
            (Some(slot), Elements::From(start)) if columns.is_written() => Some((slot.place(), start)),
            _ => None,
        };
        if let Some((c, start)) = direct.filter(|(c, _)| self.can_replace(op, *c))
            && let Some(mut whole) = columns.take(c)
        {
            let out = whole.block(start, self.count);
            self.compute(op, out, inputs, columns, Some(c), callables);
            columns.put_back(c, whole);
            self.places[usize::from(target)] = Place::Column(c, start);
            return;
        }
        let Some(mut block) = self.registers[usize::from(target)].take() else { return };
        self.compute(op, &mut block.0[..self.count], inputs, columns, None, callables);
        self.registers[usize::from(target)] = Some(block);
        self.places[usize::from(target)] = Place::Own;
        if let Some((c, start)) = direct {
            columns.block_mut(c, start, self.count).copy_from_slice(self.own(target));
            self.places[usize::from(target)] = Place::Column(c, start);
        }
    }

    /// Values that need no loop: they stand somewhere, or are one number for the block. A block of one element is
    /// computed here as a whole.
    #[inline]
    fn without_loop(&self, op: &Op, inputs: &Inputs<'_>, columns: &Columns<'_>) -> Option<Place> {
        let number = |r: u16| self.number(r);
        let one = |x: f64| Some(Place::Number(x));
        let terms = |[x, y, z]: [u16; 3], is_long: bool| {
            Some([number(x)?, number(y)?, if is_long { number(z)? } else { 0.0 }])
        };
        match *op {
            Op::Const(x) => one(x),
            Op::Time => one(inputs.time),
            Op::Load(slot, at) => {
                let column = slot.place();
                let element = match inputs.elements_of(at) {
                    Elements::From(start) if self.count > 1 => {
                        return at.via.is_none().then_some(Place::Column(column, start));
                    }
                    Elements::List(list) if self.count > 1 || list.is_empty() => return None,
                    Elements::From(k) | Elements::One(k) => k,
                    Elements::List(list) => list[0] as usize,
                };
                one(columns.at(column, at.via.map_or(element, |via| whole(columns.at(via.place(), element)))))
            }
            Op::Apply1(f, a) => one(f.apply(number(a)?)),
            Op::Apply2(f, a, b) => one(f.apply(number(a)?, number(b)?)),
            Op::Select(c, a, b) => {
                let chosen = if number(c)? == 0.0 { b } else { a };
                one(number(chosen)?)
            }
            Op::MultiplyAdd(f, a, b, c) => one(f.apply(number(a)? * number(b)?, number(c)?)),
            Op::MultiplyAddMultiple([a, b, c], k) => one(number(a)? * number(b)? + number(c)? * k),
            Op::MultiplyAddWhere([c, no], [a, b, z]) => {
                let sum = number(a)? * number(b)? + number(z)?;
                one(if number(c)? == 0.0 { number(no)? } else { sum })
            }
            Op::Linear(by, x, is_long) => one(by.apply(terms(x, is_long)?, is_long)),
            Op::LinearWhere(c, no, by, x, is_long) => {
                let sum = by.apply(terms(x, is_long)?, is_long);
                one(if number(c)? == 0.0 { number(no)? } else { sum })
            }
            Op::Uniform(draw) if self.count == 1 || inputs.is_one(draw) => {
                one(inputs.stream.uniform(inputs.step, draw, inputs.element(draw, 0)))
            }
            Op::Normal(draw) if self.count == 1 || inputs.is_one(draw) => {
                one(inputs.stream.normal(inputs.step, draw, inputs.element(draw, 0)))
            }
            _ => None,
        }
    }

    /// Spreads numbers where the loop of an operation takes none.
    #[inline]
    fn prepare(&mut self, op: &Op, columns: &Columns<'_>) {
        match *op {
            Op::Select(c, ..) => self.spread(c, columns),
            Op::MultiplyAdd(_, a, b, _) if self.number(a).is_some() && self.number(b).is_some() => {
                self.spread(a, columns);
            }
            Op::MultiplyAddMultiple(x, _) => x.into_iter().for_each(|r| self.spread(r, columns)),
            Op::MultiplyAddWhere([c, _], [a, b, _]) => {
                [c, a, b].into_iter().for_each(|r| self.spread(r, columns))
            }
            Op::Linear(_, x, _) => x.into_iter().for_each(|r| self.spread(r, columns)),
            Op::LinearWhere(c, _, _, x, _) => {
                self.spread(c, columns);
                x.into_iter().for_each(|r| self.spread(r, columns));
            }
            _ => {}
        }
    }

    /// True if an operation may write to a column although operands stand there.
    #[inline]
    fn can_replace(&self, op: &Op, column: usize) -> bool {
        let reads = |r: u16| self.is_in(r, column);
        let later = |y: u16, z: u16, is_long: bool| reads(y) || (is_long && reads(z));
        match *op {
            Op::Apply2(..) => true,
            // Keeping what stands there is faster with a copy than with stores for some elements.
            Op::Select(c, _, no) => !reads(c) && !reads(no),
            Op::MultiplyAddMultiple(x, _) => !x.into_iter().any(reads),
            Op::MultiplyAdd(_, a, b, _) => !reads(a) && !reads(b),
            Op::MultiplyAddWhere([c, no], [a, b, _]) => reads(no) && ![c, a, b].into_iter().any(reads),
            Op::Apply1(_, a) => !reads(a),
            Op::Linear(_, [_, y, z], is_long) => !later(y, z, is_long),
            Op::LinearWhere(c, no, _, [_, y, z], is_long) => reads(no) && !reads(c) && !later(y, z, is_long),
            _ => false,
        }
    }

    /// Fills `out`. If `column` is given, operands standing there are what `out` holds now.
    fn compute(
        &self,
        op: &Op,
        out: &mut [f64],
        inputs: &Inputs<'_>,
        columns: &Columns<'_>,
        column: Option<usize>,
        callables: &[Callable],
    ) {
        let width = self.width;
        let source = |r: u16| self.source(r, columns, column);
        let slice = |r: u16| self.slice(r, columns);
        let read = |r: u16, k: usize| match self.source(r, columns, None) {
            Source::Number(x) => x,
            Source::Slice(x) => x[k],
            Source::Result => f64::NAN,
        };
        match *op {
            Op::Const(x) => out.fill(x),
            Op::Time => out.fill(inputs.time),
            Op::Load(slot, at) => {
                let elements = inputs.elements_of(at);
                match at.via {
                    None => load(out, columns, slot.place(), elements),
                    Some(via) => {
                        load(out, columns, via.place(), elements);
                        let (column, base) = columns.seen(slot.place());
                        out.iter_mut().for_each(|o| *o = column[whole(*o) - base]);
                    }
                }
            }
            Op::Apply1(f, a) => map(width, f, out, slice(a)),
            Op::Apply2(f, a, b) => binary(width, f, out, source(a), source(b)),
            Op::Select(c, a, b) => select(width, out, slice(c), source(a), source(b)),
            Op::MultiplyAdd(f, a, b, c) => {
                let (a, b) = if self.number(a).is_some() { (b, a) } else { (a, b) };
                if !multiply_add(width, f, out, slice(a), source(b), source(c)) {
                    binary(width, Fun2::Mul, out, source(a), source(b));
                    binary(width, f, out, Source::Result, source(c));
                }
            }
            Op::MultiplyAddMultiple(x, k) => multiply_add_multiple(width, out, x.map(slice), k),
            Op::MultiplyAddWhere([c, no], [a, b, z]) => {
                if column.is_none() {
                    multiply_add(width, Fun2::Add, out, slice(a), source(b), source(z));
                    select(width, out, slice(c), Source::Result, source(no));
                } else {
                    add_product_where(width, out, slice(c), slice(a), slice(b));
                }
            }
            Op::Linear(by, [x, y, z], is_long) => {
                let z = is_long.then(|| slice(z));
                linear(width, out, (source(x), slice(y), z), None, &by);
            }
            Op::LinearWhere(c, no, by, [x, y, z], is_long) => {
                let z = is_long.then(|| slice(z));
                if column.is_some() {
                    linear(width, out, (source(x), slice(y), z), Some(slice(c)), &by);
                } else {
                    linear(width, out, (source(x), slice(y), z), None, &by);
                    select(width, out, slice(c), Source::Result, source(no));
                }
            }
            Op::Uniform(draw) => draws(width, Draw::Uniform, draw, out, inputs),
            Op::Normal(draw) => draws(width, Draw::Normal, draw, out, inputs),
            Op::Poisson(draw, mean) => {
                let of = self.number(mean).map(Counts::Poisson);
                if !counts(width, of, draw, out, inputs) {
                    for (k, o) in out.iter_mut().enumerate() {
                        *o = inputs.stream.poisson(inputs.step, draw, inputs.element(draw, k), read(mean, k));
                    }
                }
            }
            Op::Binomial(draw, n, p) => {
                let of = self.number(n).zip(self.number(p)).map(|(n, p)| Counts::Binomial(n, p));
                if !counts(width, of, draw, out, inputs) {
                    for (k, o) in out.iter_mut().enumerate() {
                        let element = inputs.element(draw, k);
                        *o = inputs.stream.binomial(inputs.step, draw, element, read(n, k), read(p, k));
                    }
                }
            }
            Op::Call(number, count, registers) => {
                let count = usize::from(count);
                let callable = &callables[number as usize];
                let mut arguments = [0.0; MOST_ARGUMENTS];
                for (k, o) in out.iter_mut().enumerate() {
                    for (argument, register) in arguments.iter_mut().zip(&registers[..count]) {
                        *argument = read(*register, k);
                    }
                    *o = callable.call(&arguments[..count]);
                }
            }
        }
    }
}

fn draws(width: Width, kind: Draw, draw: u32, out: &mut [f64], inputs: &Inputs<'_>) {
    let first = match inputs.elements[0] {
        Elements::From(start) if draw & SHARED_DRAW == 0 => Some(start),
        _ => None,
    };
    inputs.stream.fill(width, kind, (inputs.step, draw), out, (first, &|k| inputs.element(draw, k)));
}

/// Counts of one distribution for the whole block; false if they must be drawn one by one.
fn counts(width: Width, of: Option<Counts>, draw: u32, out: &mut [f64], inputs: &Inputs<'_>) -> bool {
    let Some(of) = of else { return false };
    draws(width, Draw::Uniform, draw, out, inputs);
    Stream::counts(width, &of, out)
}

/// A column of indices holds whole numbers that were checked when it was filled.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "see above")]
fn whole(x: f64) -> usize {
    x as usize
}

fn load(out: &mut [f64], columns: &Columns<'_>, column: usize, elements: Elements<'_>) {
    match elements {
        Elements::From(start) => out.copy_from_slice(columns.block(column, start, out.len())),
        Elements::One(k) => out.fill(columns.at(column, k)),
        Elements::List(list) => {
            let (column, base) = columns.seen(column);
            for (o, k) in out.iter_mut().zip(list) {
                *o = column[*k as usize - base];
            }
        }
    }
}
