//! Spikes on their way along a pathway: which synapses they reach, step by step.
//! Delays of up to some thousand steps have a slot each, longer ones an entry in a map.

use std::collections::VecDeque;

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

/// Spikes on their way: for each coming step the synapses they reach, those sent earlier first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SpikeQueue {
    /// The present step first.
    near: VecDeque<Vec<u32>>,
    /// Steps passed, and what is due in a far one.
    now: u64,
    far: LiteMap<u64, Vec<u32>>,
}

/// Delays up to so many steps have a slot each.
pub(crate) const NEAR: u64 = 1 << 16;

impl SpikeQueue {
    /// A spike reaches `synapse` after `delay` steps.
    pub(crate) fn push(&mut self, delay: u64, synapse: u32) {
        if delay >= NEAR {
            self.far.entry(self.now + delay).or_default().push(synapse);
            return;
        }
        let slot = usize::try_from(delay).unwrap_or(usize::MAX);
        if self.near.len() <= slot {
            self.near.resize_with(slot + 1, Vec::new);
        }
        self.near[slot].push(synapse);
    }

    /// Spreads the spikes on their way over steps of another length.
    pub(crate) fn rescale(&mut self, old: f64, new: f64) {
        let mut all: Vec<(u64, Vec<u32>)> = (0_u64..).zip(std::mem::take(&mut self.near)).collect();
        all.extend(std::mem::take(&mut self.far).into_iter().map(|(step, list)| (step - self.now, list)));
        for (steps, list) in all {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "steps stay far below 2^53"
            )]
            let steps = ((steps as f64 * old) / new + 0.5) as u64;
            list.into_iter().for_each(|synapse| self.push(steps, synapse));
        }
    }

    /// The synapses reached in this step; goes on to the next.
    pub(crate) fn take(&mut self) -> Vec<u32> {
        let near = self.near.pop_front().unwrap_or_default();
        let due = match self.far.remove(&self.now) {
            Some(mut far) => {
                far.extend(near);
                far
            }
            None => near,
        };
        self.now += 1;
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spikes_arrive_in_the_order_sent() {
        let mut queue = SpikeQueue::default();
        queue.push(NEAR + 1, 9);
        queue.push(2, 5);
        assert!(queue.take().is_empty());
        queue.push(1, 4);
        assert!(queue.take().is_empty());
        queue.push(0, 3);
        assert_eq!(queue.take(), [5, 4, 3]);
        for _ in 3..=NEAR {
            assert!(queue.take().is_empty());
        }
        queue.push(0, 1);
        assert_eq!(queue.take(), [9, 1]);
    }
}
