//! An event of a part of a group, found by its place: a name looked up in every step is a tenth of a small network's time.
//! Monitors, pathways and code that runs on events look at it so.

use std::ops::Range;
use std::sync::MutexGuard;

use super::group_program::GroupProgram;
use crate::groups::GroupState;

/// What happened to some neurons in the present step.
pub(super) struct Events {
    pub(super) group: usize,
    /// Its place among the group's events; none if the group has no such event.
    event: Option<usize>,
    pub(super) range: Range<usize>,
}

impl Events {
    /// The event of this name, in a part of the group at this place.
    pub(super) fn new(group: usize, state: &GroupState, name: &str, range: Range<usize>) -> Self {
        Self { group, event: state.events.keys().position(|known| known == name), range }
    }

    /// The neurons to which it happened, by their numbers within the whole group.
    pub(super) fn found<'e>(&self, groups: &'e [(MutexGuard<'_, GroupState>, GroupProgram)]) -> &'e [u32] {
        let events = &groups[self.group].0.events;
        let Some((_, list)) = self.event.and_then(|k| events.get_indexed(k)) else { return &[] };
        // Lists are in order.
        let first = list.partition_point(|k| (*k as usize) < self.range.start);
        let end = list.partition_point(|k| (*k as usize) < self.range.end);
        &list[first..end]
    }
}
