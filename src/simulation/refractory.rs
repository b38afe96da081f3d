//! Which neurons are refractory: decided anew in each step, or, where only spikes count, at the steps that end it.
//! Both give the same; the second needs no look at neurons that do nothing.

use std::collections::VecDeque;
use std::ops::Range;

use super::clock::time_of;
use super::program::Now;
use crate::codegen::{Columns, Fun1, Fun2, Lowering, Tape};
use crate::description::Refractory;
use crate::equations::{At, Kind, Owner, Scope, Slot, check_expression, parse_expression};
use crate::error::Result;

/// The refractoriness of one group.
pub(super) struct Refractoriness {
    /// New values of `not_refractory`.
    tape: Tape,
    free: Slot,
    last: Slot,
    /// The period in seconds, if it is the same at all times.
    period: Option<f64>,
    /// Kept only if nothing but spikes changes the state.
    releases: Option<Releases>,
}

/// The columns that a spike sets.
#[derive(Clone, Copy)]
pub(super) struct Held {
    free: Slot,
    last: Slot,
}

/// The neurons that become free, by step.
#[derive(Default)]
struct Releases {
    /// The step of the first of the lists.
    next: u64,
    lists: VecDeque<Vec<u32>>,
    /// Lists to be filled again.
    spare: Vec<Vec<u32>>,
    begun: bool,
}

impl Refractoriness {
    pub(super) fn new(refractory: &Refractory, scope: &Scope, free: Slot, last: Slot) -> Result<Self> {
        let period = match refractory {
            Refractory::Time(q) => Some(q.value()),
            Refractory::Expression(_) => None,
        };
        Ok(Self { tape: tape(refractory, scope, free, last)?, free, last, period, releases: None })
    }

    /// Follows the spikes alone from here on, unless code sets the columns that decide.
    pub(super) fn follow_spikes(&mut self, set_elsewhere: &[Slot]) {
        if ![self.free, self.last].iter().any(|slot| set_elsewhere.contains(slot)) {
            self.releases = self.period.map(|_| Releases::default());
        }
    }

    /// Those that become free at the beginning of a step, if that is known; to be let go.
    /// Else the tape is to run for all neurons, and then [`Refractoriness::begin`].
    pub(super) fn released(&mut self, now: &Now) -> Option<Vec<u32>> {
        let releases = self.releases.as_mut().filter(|r| r.begun && r.next <= now.step)?;
        let mut released = Vec::new();
        while releases.next <= now.step {
            let list = releases.lists.pop_front().unwrap_or_default();
            if released.is_empty() {
                released = list;
            } else {
                released.extend(list)
            }
            releases.next += 1;
        }
        Some(released)
    }

    /// Takes back a list of those released, to be filled again.
    pub(super) fn give_back(&mut self, mut list: Vec<u32>) {
        if let Some(releases) = self.releases.as_mut().filter(|_| list.capacity() > 0) {
            list.clear();
            releases.spare.push(list);
        }
    }

    /// Lets go of those among these neurons that are in a range.
    pub(super) fn let_go(&self, released: &[u32], columns: &mut Columns<'_>, range: &Range<usize>) {
        set(columns, self.free, released, range, 1.0);
    }

    /// How neurons that spike become refractory.
    pub(super) fn held(&self) -> Held {
        Held { free: self.free, last: self.last }
    }

    /// The columns that it sets.
    pub(super) fn slots(&self) -> [Slot; 2] {
        [self.free, self.last]
    }

    /// New values of `not_refractory`.
    pub(super) fn tape(&self) -> &Tape {
        &self.tape
    }

    /// Notes when those that are refractory now become free.
    pub(super) fn begin(&mut self, store: &[Vec<f64>], n: usize, now: &Now) {
        let (Some(releases), Some(period)) = (&mut self.releases, self.period) else { return };
        // A period shorter than a step may end in the step of the spike; a list for each step must not become many.
        if !(1.0..LONGEST).contains(&passed(period, now.dt)) {
            self.releases = None;
            return;
        }
        *releases = Releases { next: now.step + 1, begun: true, ..Releases::default() };
        let (free, last) = (&store[self.free.place()], &store[self.last.place()]);
        for k in (0..n).filter(|k| free[*k] == 0.0) {
            match end_of(period, last[k], now) {
                Some(step) => releases.add(step, u32::try_from(k).unwrap_or(u32::MAX)),
                None => {
                    self.releases = None;
                    return;
                }
            }
        }
    }

    /// Notes when these neurons, which have just spiked, become free.
    pub(super) fn spikes(&mut self, found: &[u32], now: &Now) {
        let (Some(releases), Some(period), false) = (&mut self.releases, self.period, found.is_empty())
        else {
            return;
        };
        if !releases.begun {
            return;
        }
        match end_of(period, now.time, now) {
            Some(step) => found.iter().for_each(|k| releases.add(step, *k)),
            // Looked at in each step from here on.
            None => self.releases = None,
        }
    }
}

/// Sets a column for those of some neurons that are in a range.
fn set(columns: &mut Columns<'_>, slot: Slot, neurons: &[u32], range: &Range<usize>, value: f64) {
    let part = columns.block_mut(slot.place(), range.start, range.len());
    for k in neurons.iter().map(|k| *k as usize).filter(|k| range.contains(k)) {
        part[k - range.start] = value;
    }
}

impl Held {
    /// Makes those refractory among these neurons, which spiked at a time, that are in a range.
    pub(super) fn hold(self, found: &[u32], time: f64, columns: &mut Columns<'_>, range: &Range<usize>) {
        set(columns, self.free, found, range, 0.0);
        set(columns, self.last, found, range, time);
    }
}

/// Periods of more steps are decided step by step.
const LONGEST: f64 = 16_384.0;

impl Releases {
    fn add(&mut self, step: u64, neuron: u32) {
        let place = usize::try_from(step - self.next).unwrap_or(usize::MAX);
        if self.lists.len() <= place {
            self.lists.resize_with(place + 1, || self.spare.pop().unwrap_or_default());
        }
        self.lists[place].push(neuron);
    }
}

/// Steps in a time, rounded as [`Lowering::timestep`] does.
fn passed(time: f64, dt: f64) -> f64 {
    ((time + 1e-3 * dt) / dt).trunc()
}

/// The first step after this one in which a neuron that spiked at `last` is free.
fn end_of(period: f64, last: f64, now: &Now) -> Option<u64> {
    let needed = passed(period, now.dt);
    // Near the end at once; the exact step is where the comparison of each step would first hold.
    let guess = (last / now.dt + needed - 2.0).max(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "steps stay below 2^53")]
    let first = (guess as u64).max(now.step + 1);
    (first..first + 5).find(|step| passed(time_of(*step, now.dt) - last, now.dt) >= needed)
}

fn tape(refractory: &Refractory, scope: &Scope, free: Slot, last: Slot) -> Result<Tape> {
    let own = At::new(Owner::Own);
    let mut l = Lowering::new(scope);
    let period = match refractory {
        Refractory::Time(q) => l.graph.constant(q.value()),
        Refractory::Expression(text) => {
            let expr = parse_expression("refractory", text)?;
            let value = l.expression(&expr)?;
            if check_expression(&expr, scope)? == Kind::Condition {
                // Leaving is decided by the condition, entering by the spike alone.
                let flag = l.graph.load(free, own);
                let over = l.graph.apply1(Fun1::Not, value);
                let root = l.graph.apply2(Fun2::Or, flag, over);
                return Ok(Tape::storing(&l.graph, &[root], &[free]));
            }
            value
        }
    };
    let dt = l.graph.constant(scope.dt());
    let last = l.graph.load(last, own);
    let t = l.graph.time();
    let since = l.graph.apply2(Fun2::Sub, t, last);
    let passed = l.timestep(since, dt);
    let needed = l.timestep(period, dt);
    let root = l.graph.apply2(Fun2::Ge, passed, needed);
    Ok(Tape::storing(&l.graph, &[root], &[free]))
}
