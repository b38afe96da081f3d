//! The instructor's book: rubrics, deadlines, other systems, safety, speed, why things are as they are, and how others compare.
//!
//! The model language has a guide of its own in the library's documentation, `spikelab::guide`.
//!
//! | page | for whom |
//! | --- | --- |
//! | [`start`] | each of the three users: the first ten minutes |
//! | [`rubric`] | instructors: every key of a rubric |
//! | [`deadlines`] | instructors: late penalties, extensions, where times come from |
//! | [`interchange`] | instructors: nbgrader, Moodle, Canvas, Gradescope, otter-grader, CI |
//! | [`security`] | whoever runs strangers' notebooks: what is promised and what is not |
//! | [`design`] | whoever changes or doubts something: what was decided, and why |
//! | [`comparison`] | whoever chooses: nbgrader 0.9, otter-grader 7 and Brian2 2.9 point by point |
//!
//! How fast it is, and how that was measured, stands in `benches/README.md` of the repository.

#[doc = include_str!("start.md")]
pub mod start {}

#[doc = include_str!("rubric.md")]
pub mod rubric {}

#[doc = include_str!("deadlines.md")]
pub mod deadlines {}

#[doc = include_str!("interchange.md")]
pub mod interchange {}

#[doc = include_str!("../../SECURITY.md")]
pub mod security {}

#[doc = include_str!("design.md")]
pub mod design {}

#[doc = include_str!("comparison.md")]
pub mod comparison {}
