//! What happens in one step, in which order: slots, then `order`, then the name, as in Brian2.
//! See <https://brian2.readthedocs.io/en/2.9.0/user/running.html#scheduling>.

use crate::error::Result;
use crate::groups::{Context, slot_rank};

/// Something to be done in each step; the numbers are places among objects of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Sample(usize),
    Rate(usize),
    UpdateGroup(usize),
    UpdateSynapses(usize),
    /// An event of a group.
    Event(usize, usize),
    Generate(usize),
    RecordEvents(usize),
    /// A pathway of synapses.
    Propagate(usize, usize),
    Code(usize),
    Sum(usize),
    Operation(usize),
}

/// A task and its place in the step.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) slot: usize,
    pub(super) order: i32,
    pub(super) name: String,
    pub(super) task: Task,
    pub(super) clock: usize,
    /// For the summary: slot in words, and whose task it is.
    pub(super) when: String,
}

/// Collects entries.
#[derive(Default)]
pub(super) struct Agenda {
    pub(super) entries: Vec<Entry>,
    pub(super) steps: Vec<f64>,
}

impl Agenda {
    pub(super) fn add(
        &mut self,
        context: &Context,
        when: &str,
        order: i32,
        name: String,
        task: Task,
        dt: f64,
    ) -> Result<()> {
        let slot = slot_rank(when, context)?;
        let clock = match self.steps.iter().position(|d| d.to_bits() == dt.to_bits()) {
            Some(clock) => clock,
            None => {
                self.steps.push(dt);
                self.steps.len() - 1
            }
        };
        self.entries.push(Entry { slot, order, name, task, clock, when: when.to_owned() });
        Ok(())
    }

    /// The entries in the order in which they are done.
    pub(super) fn sorted(mut self) -> (Vec<Entry>, Vec<f64>) {
        self.entries.sort_by(|a, b| (a.slot, a.order, &a.name).cmp(&(b.slot, b.order, &b.name)));
        (self.entries, self.steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_come_before_order_and_order_before_names() {
        let context = Context::default();
        let mut agenda = Agenda::default();
        for (when, order, name, k) in [
            ("synapses", 1, "S_post", 4),
            ("synapses", -1, "T_pre", 3),
            ("synapses", -1, "S_pre", 2),
            ("start", 9, "M", 0),
            ("after_groups", 0, "x", 1),
        ] {
            agenda.add(&context, when, order, name.to_owned(), Task::Rate(k), 1e-4).unwrap();
        }
        let (entries, steps) = agenda.sorted();
        let order: Vec<Task> = entries.iter().map(|e| e.task).collect();
        assert_eq!(order, (0..5).map(Task::Rate).collect::<Vec<_>>());
        assert_eq!(steps, [1e-4]);
    }
}
