//! The synapses that a neuron's spike reaches, in rows by delay, and the calendar of those on their way.
//! A span of a row stands for all its synapses, so that a spike costs as much as it has different delays.

use std::collections::VecDeque;

use crate::error::{Error, ErrorKind, Result};
use crate::groups::Context;
use crate::synapses::{SynapsesState, delay_name};

/// Places in the order of the rows.
pub(super) type Span = std::ops::Range<u32>;

/// Synapses sorted by the neuron that drives them, then by delay, then by their numbers.
pub(super) struct Rows {
    /// Where the synapses of each neuron start.
    starts: Vec<u32>,
    /// The synapse at each place, if places are not the numbers themselves.
    pub(super) order: Option<Vec<u32>>,
    delays: Delays,
}

/// What synapses add to a neuron: all of them the same number, or each its own.
#[derive(Clone, Copy)]
pub(super) enum Summands<'a> {
    Same(f64),
    Each(&'a [f64]),
}

/// Delays in steps.
pub(super) enum Delays {
    /// All synapses have this one.
    Same(u64),
    /// By synapse, and in rows by place.
    Each(Vec<u64>),
}

impl Rows {
    pub(super) fn new(drivers: &[u32], n: usize, delays: Delays) -> Self {
        let mut starts = vec![0_u32; n + 1];
        for &d in drivers {
            starts[d as usize + 1] += 1;
        }
        for k in 0..n {
            starts[k + 1] += starts[k];
        }
        if matches!(delays, Delays::Same(_)) && drivers.is_sorted() {
            return Self { starts, order: None, delays };
        }
        let mut next = starts.clone();
        let mut order = vec![0; drivers.len()];
        for (s, &d) in (0_u32..).zip(drivers) {
            order[next[d as usize] as usize] = s;
            next[d as usize] += 1;
        }
        let Delays::Each(delays) = delays else {
            return Self { starts, order: Some(order), delays };
        };
        for row in starts.windows(2) {
            order[row[0] as usize..row[1] as usize].sort_by_key(|s| delays[*s as usize]);
        }
        let delays = order.iter().map(|s| delays[*s as usize]).collect();
        Self { starts, order: Some(order), delays: Delays::Each(delays) }
    }

    pub(super) fn synapse(&self, place: u32) -> u32 {
        self.order.as_ref().map_or(place, |order| order[place as usize])
    }

    /// True if in each row, between two changes of the delay, these neurons of the synapses go up.
    pub(super) fn are_sorted(&self, neurons: &[u32]) -> bool {
        let rows = u32::try_from(self.starts.len() - 1).unwrap_or(u32::MAX);
        let neuron = |place| neurons[self.synapse(place) as usize];
        (0..rows).flat_map(|row| self.of(row)).all(|(_, span)| span.is_sorted_by_key(neuron))
    }

    /// The part of a sorted span whose neurons are in a range of all `n`.
    pub(super) fn within(
        &self,
        span: Span,
        neurons: &[u32],
        (range, n): (&std::ops::Range<usize>, usize),
    ) -> Span {
        let first = |limit: usize| {
            if limit == 0 || limit >= n {
                return if limit == 0 { span.start } else { span.end };
            }
            let is_before = |place: u32| (neurons[self.synapse(place) as usize] as usize) < limit;
            // Where it would be if they were spread evenly; from there in growing steps, then halving what is left.
            let share = span.len() * limit / n;
            let guess = span.start + u32::try_from(share).unwrap_or(0);
            let (mut low, mut high, mut step) = (span.start, span.end, 4);
            if guess < high && is_before(guess) {
                low = guess + 1;
                while high - low > step {
                    if !is_before(low + step) {
                        high = low + step;
                        break;
                    }
                    (low, step) = (low + step + 1, step * 2);
                }
            } else {
                high = guess;
                while high - low > step {
                    if is_before(high - step) {
                        low = high - step + 1;
                        break;
                    }
                    (high, step) = (high - step, step * 2);
                }
            }
            while low < high {
                let middle = low.midpoint(high);
                if is_before(middle) { low = middle + 1 } else { high = middle }
            }
            low
        };
        first(range.start)..first(range.end)
    }

    /// Adds a number, or that of each synapse, to the neurons that a span reaches; `out` starts with the neuron `base`.
    pub(super) fn add(
        &self,
        span: Span,
        neurons: &[u32],
        summands: Summands<'_>,
        out: &mut [f64],
        base: usize,
    ) {
        let range = span.start as usize..span.end as usize;
        match (summands, &self.order) {
            (Summands::Same(x), None) => {
                for neuron in &neurons[range] {
                    out[*neuron as usize - base] += x;
                }
            }
            (Summands::Each(values), None) => {
                for (neuron, x) in neurons[range.clone()].iter().zip(&values[range]) {
                    out[*neuron as usize - base] += x;
                }
            }
            (Summands::Same(x), Some(order)) => {
                for synapse in &order[range] {
                    out[neurons[*synapse as usize] as usize - base] += x;
                }
            }
            (Summands::Each(values), Some(order)) => {
                for synapse in &order[range] {
                    out[neurons[*synapse as usize] as usize - base] += values[*synapse as usize];
                }
            }
        }
    }

    /// The synapses of a neuron, cut where the delay changes.
    pub(super) fn of(&self, neuron: u32) -> impl Iterator<Item = (u64, Span)> {
        let mut start = self.starts[neuron as usize];
        let end = self.starts[neuron as usize + 1];
        std::iter::from_fn(move || {
            if start >= end {
                return None;
            }
            let first = start;
            let delay = match &self.delays {
                Delays::Same(delay) => {
                    start = end;
                    *delay
                }
                Delays::Each(delays) => {
                    let delay = delays[first as usize];
                    while start < end && delays[start as usize] == delay {
                        start += 1;
                    }
                    delay
                }
            };
            Some((delay, first..start))
        })
    }
}

/// For each coming step the synapses that will be reached, those sent earlier first; the present step in front.
#[derive(Default)]
pub(super) struct Calendar {
    pub(super) coming: VecDeque<Vec<Span>>,
    /// Lists to be filled again.
    spare: Vec<Vec<Span>>,
}

impl Calendar {
    pub(super) fn add(&mut self, delay: u64, span: Span) {
        let place = usize::try_from(delay).unwrap_or(usize::MAX);
        while self.coming.len() <= place {
            self.coming.push_back(self.spare.pop().unwrap_or_default());
        }
        self.coming[place].push(span);
    }

    /// What is reached in this step; goes on to the next.
    pub(super) fn take(&mut self) -> Vec<Span> {
        self.coming.pop_front().or_else(|| self.spare.pop()).unwrap_or_default()
    }

    pub(super) fn give_back(&mut self, mut list: Vec<Span>) {
        list.clear();
        self.spare.push(list);
    }
}

/// Brian2's rounding: `int(delay/dt + 0.5)`.
pub(super) fn delay_steps(
    synapses: &SynapsesState,
    context: &Context,
    pathway: &str,
    dt: f64,
) -> Result<Delays> {
    let Some(slot) = synapses.columns.slot(&delay_name(pathway)) else {
        return Ok(Delays::Same(0));
    };
    let steps = |(s, &delay): (usize, &f64)| {
        if !(0.0..=1e15).contains(&(delay / dt)) {
            return Err(Error::new(
                ErrorKind::Value,
                format!("the delay of synapse {s} of `{}` is {delay} s", synapses.name()),
            )
            .help("a delay is a time from 0 on"));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just here")]
        Ok((delay / dt + 0.5) as u64)
    };
    let delays = &context.store[slot.place()];
    let Some(first) = delays.first() else { return Ok(Delays::Same(0)) };
    let (same, first) = (first.to_bits(), steps((0, first))?);
    if delays.iter().all(|delay| delay.to_bits() == same) {
        return Ok(Delays::Same(first));
    }
    for delay in delays.iter().enumerate() {
        if steps(delay)? != first {
            return Ok(Delays::Each(delays.iter().enumerate().map(steps).collect::<Result<_>>()?));
        }
    }
    Ok(Delays::Same(first))
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
            let drivers = vec![0; neurons.len()];
            let rows = Rows::new(&drivers, 1, Delays::Same(0));
            let whole = 0..u32::try_from(neurons.len()).unwrap();
            let cuts = [0, cuts.0.min(cuts.1), cuts.0.max(cuts.1), 300];
            let mut next = 0;
            for cut in cuts.windows(2) {
                let part = rows.within(whole.clone(), &neurons, (&(cut[0]..cut[1]), 300));
                prop_assert_eq!(part.start, next);
                next = part.end;
                let is_inside = |k: &u32| (cut[0]..cut[1]).contains(&(*k as usize));
                prop_assert!(neurons[part.start as usize..part.end as usize].iter().all(is_inside));
            }
            prop_assert_eq!(next, whole.end);
        }
    }
}
