//! What happens in one step, in which order: Brian2's slots, then `order`, then the name.
//! See <https://brian2.readthedocs.io/en/2.9.0/user/running.html#scheduling>.

/// Parts of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    Start,
    Groups,
    Thresholds,
    Synapses,
    Resets,
}

/// Something to be done in each step; the number is the place among objects of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Sample(usize),
    UpdateGroup(usize),
    UpdateSynapses(usize),
    Threshold(usize),
    RecordSpikes(usize),
    Propagate(usize),
    Reset(usize),
}

/// A task and its place in the step.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) slot: Slot,
    pub(super) order: i32,
    pub(super) name: String,
    pub(super) task: Task,
}

/// The tasks in the order in which they are done.
pub(super) fn sorted(mut entries: Vec<Entry>) -> Vec<Task> {
    entries.sort_by(|a, b| (a.slot, a.order, &a.name).cmp(&(b.slot, b.order, &b.name)));
    entries.into_iter().map(|e| e.task).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_break_ties_as_text() {
        let entry =
            |slot, order, name: &str, k| Entry { slot, order, name: name.into(), task: Task::Propagate(k) };
        let tasks = sorted(vec![
            entry(Slot::Synapses, 1, "A_post", 0),
            entry(Slot::Synapses, -1, "S_pre", 1),
            entry(Slot::Synapses, -1, "S2_pre", 2),
            entry(Slot::Start, 5, "Z", 3),
        ]);
        assert_eq!(tasks, [3, 2, 1, 0].map(Task::Propagate), "`2` sorts before `_`, as in Brian2");
    }
}
