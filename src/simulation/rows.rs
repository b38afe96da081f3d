//! The synapses that a neuron's spike reaches, in rows by delay, and where rows are cut between threads.
//! A span of a row stands for all its synapses, so that a spike costs as much as it has different delays.

use std::ops::Range;

use super::crew::Crew;
use super::delays::{Delays, steps};
use crate::synapses::Neurons;

/// Neighbouring places in the order of the rows, all of one row and one delay.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    places: Range<u32>,
    /// What the order counts synapses from.
    base: u32,
}

/// Synapses sorted by the neuron that drives them, then by delay, then by their numbers.
pub(super) struct Rows {
    /// Where the synapses of each neuron start.
    starts: Vec<u32>,
    order: Order,
    delays: Spread,
}

/// The synapse at each place.
enum Order {
    /// Places are the numbers themselves.
    Same,
    /// Synapses of one neuron are neighbours, and not many: they are counted from the first one.
    Near(Vec<u16>),
    Far(Vec<u32>),
}

/// Delays in steps, by rows.
enum Spread {
    /// All synapses have this one.
    Same(u64),
    /// For each row its first span, and the end of all; for each span where it starts, and its delay.
    Spans { rows: Vec<u32>, starts: Vec<u32>, delays: Vec<u64> },
}

/// What synapses add to a neuron: all of them the same number, or each its own.
#[derive(Clone, Copy)]
pub(super) enum Summands<'a> {
    Same(f64),
    Each(&'a [f64]),
}

impl Span {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }
}

impl Order {
    /// In rows that are neighbours.
    fn in_rows(starts: &[u32], delays: Delays<'_>, len: usize) -> Self {
        let is_short = |row: &[u32]| row[1] - row[0] <= 1 << u16::BITS;
        match delays {
            Delays::Same(_) => Self::Same,
            Delays::Each(..) if starts.windows(2).all(is_short) => Self::Near(vec![0; len]),
            Delays::Each(..) => Self::Far((0..starts.last().copied().unwrap_or(0)).collect()),
        }
    }

    fn synapse(&self, place: u32, base: u32) -> u32 {
        match self {
            Self::Same => place,
            Self::Near(order) => base + u32::from(order[place as usize]),
            Self::Far(order) => order[place as usize],
        }
    }

    fn base(&self, start: u32) -> u32 {
        if matches!(self, Self::Near(_)) { start } else { 0 }
    }

    /// Sorts each row by delay.
    #[expect(clippy::cast_possible_truncation, reason = "rows of near synapses are short")]
    fn sort(&mut self, starts: &[u32], seconds: &[f64], dt: f64) -> Spread {
        let (mut rows, mut firsts, mut delays) = (Vec::with_capacity(starts.len()), Vec::new(), Vec::new());
        let mut row: Vec<(u64, u32)> = Vec::new();
        for ends in starts.windows(2) {
            rows.push(firsts.len() as u32);
            let places = ends[0] as usize..ends[1] as usize;
            row.clear();
            match self {
                Self::Same | Self::Near(_) => row.extend((ends[0]..ends[1]).map(|s| (0, s))),
                Self::Far(order) => row.extend(order[places.clone()].iter().map(|s| (0, *s))),
            }
            row.iter_mut().for_each(|(delay, s)| *delay = steps(seconds[*s as usize], dt));
            row.sort_unstable();
            match self {
                Self::Same => {}
                Self::Near(order) => {
                    order[places].iter_mut().zip(&row).for_each(|(o, (_, s))| *o = (s - ends[0]) as u16);
                }
                Self::Far(order) => order[places].iter_mut().zip(&row).for_each(|(o, (_, s))| *o = *s),
            }
            let mut place = ends[0];
            for span in row.chunk_by(|a, b| a.0 == b.0) {
                firsts.push(place);
                delays.push(span[0].0);
                place += span.len() as u32;
            }
        }
        rows.push(firsts.len() as u32);
        firsts.push(starts.last().copied().unwrap_or(0));
        Spread::Spans { rows, starts: firsts, delays }
    }
}

/// Where the synapses of each of `n` neurons start, and the synapses in that order.
fn by_neuron(drivers: &[u32], n: usize) -> (Vec<u32>, Vec<u32>) {
    // Counted two places ahead, so that what is the next place of a neuron while the list is filled is its end afterwards.
    let mut starts = vec![0_u32; n + 2];
    for &d in drivers {
        starts[d as usize + 2] += 1;
    }
    for k in 1..n + 2 {
        starts[k] += starts[k - 1];
    }
    let mut order = vec![0; drivers.len()];
    for (s, &d) in (0_u32..).zip(drivers) {
        let next = &mut starts[d as usize + 1];
        order[*next as usize] = s;
        *next += 1;
    }
    starts.truncate(n + 1);
    (starts, order)
}

impl Rows {
    pub(super) fn new(drivers: &Neurons, n: usize, delays: Delays<'_>) -> Self {
        let (starts, mut order) = match drivers.starts(n) {
            Some(starts) => {
                let order = Order::in_rows(&starts, delays, drivers.len());
                (starts, order)
            }
            None => {
                let (starts, order) = by_neuron(drivers.list(), n);
                let is_same = matches!(delays, Delays::Same(_)) && drivers.list().is_sorted();
                (starts, if is_same { Order::Same } else { Order::Far(order) })
            }
        };
        let delays = match delays {
            Delays::Same(delay) => Spread::Same(delay),
            Delays::Each(seconds, dt) => order.sort(&starts, seconds, dt),
        };
        Self { starts, order, delays }
    }

    /// The synapses of a span, in their order.
    pub(super) fn synapses(&self, span: &Span) -> impl Iterator<Item = u32> {
        span.places.clone().map(|place| self.order.synapse(place, span.base))
    }

    /// True if in each row, between two changes of the delay, these neurons of the synapses go up.
    pub(super) fn are_sorted(&self, neurons: &[u32], crew: &mut Crew) -> bool {
        let neuron = |s| neurons[s as usize];
        let is_sorted = |span: &Span| match self.order {
            Order::Same => are_rising(&neurons[span.places.start as usize..span.places.end as usize]),
            _ => self.synapses(span).is_sorted_by_key(neuron),
        };
        let parts = crew.survey(neurons.len(), |part| {
            let row = |place: usize| self.starts.partition_point(|start| (*start as usize) < place);
            #[expect(clippy::cast_possible_truncation, reason = "rows are as many as neurons")]
            let mut rows = row(part.start) as u32..row(part.end) as u32;
            rows.all(|row| self.of(row).all(|(_, span)| is_sorted(&span)))
        });
        parts.into_iter().all(|is_sorted| is_sorted)
    }

    /// True if synapses stand in the order of their numbers, each row is one span, and so nothing but the neurons decides on whether rows are sorted.
    pub(super) fn are_plain(&self) -> bool {
        matches!((&self.order, &self.delays), (Order::Same, Spread::Same(_)))
    }

    /// Asks for where a range of all `n` neurons begins and ends in some spans, before they are gone through: rows come from far
    /// away, and many that are asked for at once take as long as one.
    pub(super) fn approach(&self, spans: &[Span], neurons: &[u32], (range, n): (&Range<usize>, usize)) {
        /// Neurons in a line of the cache.
        const LINE: usize = 16;
        if !matches!(self.order, Order::Same) {
            return;
        }
        let mut seen = 0;
        let mut look = |place: usize| seen ^= neurons.get(place).copied().unwrap_or_default();
        for span in spans {
            let guess = |limit: usize| span.places.start as usize + share(span.len(), limit, n);
            // A line more on each side of a guess, since neurons are not spread evenly.
            let first = guess(range.start);
            if range.start > 0 {
                look(first.saturating_sub(LINE));
            }
            [first, first + LINE, first + 2 * LINE].into_iter().for_each(&mut look);
            if range.end < n {
                let end = guess(range.end);
                [end.saturating_sub(LINE), end, end + LINE].into_iter().for_each(&mut look);
            }
        }
        // Nobody needs the numbers, but the compiler must not know.
        std::hint::black_box(seen);
    }

    /// The part of a sorted span whose neurons are in a range of all `n`.
    pub(super) fn within(&self, span: &Span, neurons: &[u32], (range, n): (&Range<usize>, usize)) -> Span {
        if span.places.is_empty() {
            return span.clone();
        }
        let first = |limit: usize| match limit {
            0 => span.places.start,
            _ if limit >= n => span.places.end,
            _ => self.first(span, neurons, limit, n),
        };
        Span { places: first(range.start)..first(range.end), ..span.clone() }
    }

    /// The first place of a sorted span whose neuron is not before this one of `n`.
    #[expect(clippy::cast_possible_truncation, reason = "within the span")]
    fn first(&self, span: &Span, neurons: &[u32], limit: usize, n: usize) -> u32 {
        let Span { places: span, base } = span;
        let is_before = |place: u32| (neurons[self.order.synapse(place, *base) as usize] as usize) < limit;
        // Near where it would be if neurons were spread evenly, or else on one side of that.
        let guess = span.start + share(span.len(), limit, n) as u32;
        let near = span.len() as u32 / 16 + 16;
        let (mut low, mut high) = (guess.saturating_sub(near).max(span.start), (guess + near).min(span.end));
        if low > span.start && !is_before(low - 1) {
            (low, high) = (span.start, low - 1);
        } else if high < span.end && is_before(high) {
            (low, high) = (high + 1, span.end);
        }
        if matches!(self.order, Order::Same) {
            let part = &neurons[low as usize..high as usize];
            return low + part.partition_point(|neuron| (*neuron as usize) < limit) as u32;
        }
        while low < high {
            let middle = low.midpoint(high);
            if is_before(middle) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Adds a number, or that of each synapse, to the neurons that a span reaches; `out` starts with the neuron `base`.
    pub(super) fn add(
        &self,
        span: &Span,
        neurons: &[u32],
        summands: Summands<'_>,
        out: &mut [f64],
        base: usize,
    ) {
        let range = span.places.start as usize..span.places.end as usize;
        match &self.order {
            Order::Same => {
                let neurons = &neurons[range.clone()];
                match summands {
                    Summands::Same(x) => neurons.iter().for_each(|neuron| out[*neuron as usize - base] += x),
                    Summands::Each(values) => {
                        for (neuron, x) in neurons.iter().zip(&values[range]) {
                            out[*neuron as usize - base] += x;
                        }
                    }
                }
            }
            Order::Near(order) => {
                let (synapses, first) = (&order[range], span.base as usize);
                let synapses = synapses.iter().map(|k| first + usize::from(*k));
                add(synapses, neurons, summands, out, base);
            }
            Order::Far(order) => {
                add(order[range].iter().map(|s| *s as usize), neurons, summands, out, base);
            }
        }
    }

    /// The synapses of a neuron, cut where the delay changes.
    pub(super) fn of(&self, neuron: u32) -> impl Iterator<Item = (u64, Span)> {
        let row = neuron as usize;
        let (start, end) = (self.starts[row], self.starts[row + 1]);
        let base = self.order.base(start);
        let spans = match &self.delays {
            Spread::Same(_) => 0..usize::from(start < end),
            Spread::Spans { rows, .. } => rows[row] as usize..rows[row + 1] as usize,
        };
        spans.map(move |k| match &self.delays {
            Spread::Same(delay) => (*delay, Span { places: start..end, base }),
            Spread::Spans { starts, delays, .. } => {
                (delays[k], Span { places: starts[k]..starts[k + 1], base })
            }
        })
    }
}

/// How many of so many sorted neurons are before this one of `n`, if they are spread evenly.
fn share(len: usize, limit: usize, n: usize) -> usize {
    (len * limit / n.max(1)).min(len)
}

/// As `is_sorted`, looking at many at a time.
fn are_rising(neurons: &[u32]) -> bool {
    const MANY: usize = 64;
    let later = neurons.get(1..).unwrap_or_default();
    let mut pairs = neurons.chunks(MANY).zip(later.chunks(MANY));
    pairs.all(|(a, b)| a.iter().zip(b).fold(true, |rise, (a, b)| rise & (a <= b)))
}

fn add(
    synapses: impl Iterator<Item = usize>,
    neurons: &[u32],
    summands: Summands<'_>,
    out: &mut [f64],
    base: usize,
) {
    match summands {
        Summands::Same(x) => synapses.for_each(|s| out[neurons[s] as usize - base] += x),
        Summands::Each(values) => synapses.for_each(|s| out[neurons[s] as usize - base] += values[s]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_of_a_row_are_those_of_their_neurons(
            mut neurons in proptest::collection::vec(0..300_u32, 0..120), cuts in (0..300_usize, 0..300_usize)
        ) {
            neurons.sort_unstable();
            let rows = Rows::new(&vec![0; neurons.len()].into(), 1, Delays::Same(0));
            let whole = Span { places: 0..u32::try_from(neurons.len()).unwrap(), base: 0 };
            let limits = [0, cuts.0.min(cuts.1), cuts.0.max(cuts.1), 300];
            prop_assert!(rows.are_sorted(&neurons, &mut Crew::new(3, true)));
            let mut next = 0;
            for cut in limits.windows(2) {
                let part = rows.within(&whole, &neurons, (&(cut[0]..cut[1]), 300)).places;
                prop_assert_eq!(part.start, next);
                next = part.end;
                let is_inside = |k: &u32| (cut[0]..cut[1]).contains(&(*k as usize));
                prop_assert!(neurons[part.start as usize..part.end as usize].iter().all(is_inside));
            }
            prop_assert_eq!(next, whole.places.end);
        }

        /// Near or far, in the neurons' order or not.
        #[test]
        fn rows_are_in_the_order_of_neuron_delay_and_number(
            synapses in proptest::collection::vec((0..5_u32, 0..4_u8), 0..60), in_order in any::<bool>(), same in any::<bool>()
        ) {
            let mut synapses = synapses;
            if in_order {
                synapses.sort_by_key(|s| s.0);
            }
            let drivers: Vec<u32> = synapses.iter().map(|s| s.0).collect();
            let seconds: Vec<f64> = synapses.iter().map(|s| if same { 2.0 } else { f64::from(s.1) }).collect();
            let delays = if same { Delays::Same(2) } else { Delays::Each(&seconds, 1.0) };
            for neurons in [Neurons::from(drivers.clone()), Neurons::List(drivers.clone())] {
                let rows = Rows::new(&neurons, 6, delays);
                for neuron in 0..6 {
                    let mut expected: Vec<(u64, u32)> = (0..).zip(&drivers).filter(|(_, d)| **d == neuron)
                        .map(|(s, _): (u32, _)| (steps(seconds[s as usize], 1.0), s)).collect();
                    expected.sort_unstable();
                    let spans: Vec<(u64, Span)> = rows.of(neuron).collect();
                    prop_assert!(spans.windows(2).all(|pair| pair[0].0 < pair[1].0));
                    let found: Vec<(u64, u32)> = spans.iter()
                        .flat_map(|(delay, span)| rows.synapses(span).map(|s| (*delay, s))).collect();
                    prop_assert_eq!(found, expected);
                    for (_, span) in spans {
                        let mut out = [0.0; 60];
                        let everybody: Vec<u32> = (0..60).collect();
                        rows.add(&span, &everybody, Summands::Same(1.0), &mut out, 0);
                        let reached: Vec<u32> = (0..60).filter(|k| out[*k as usize] > 0.0).collect();
                        let mut all: Vec<u32> = rows.synapses(&span).collect();
                        all.sort_unstable();
                        prop_assert_eq!(reached, all);
                    }
                }
            }
        }
    }
}
