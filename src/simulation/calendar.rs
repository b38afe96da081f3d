//! Spikes on their way within a run: for each coming step the spans of rows that they reach.
//! Those that are left when it ends go back to the synapses (`synapses/queue.rs`).

use std::collections::VecDeque;

use super::rows::Span;

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
