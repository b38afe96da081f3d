//! The model language from top to bottom, a page for each part, for readers who come from Brian2 or start here.
//!
//! Each page is short, and each of its examples runs as a test of the library. Names are Brian2's wherever Rust allows;
//! what a page does not say is as in [Brian2's documentation](https://brian2.readthedocs.io/en/2.9.0/).
//!
//! | page | constructs |
//! | --- | --- |
//! | [`start`] | the exercises, from nothing to the first spike; what to do when something goes wrong |
//! | [`brian2`] | every construct of a Brian2 script, and what it is here |
//! | [`units`] | quantities, names and prefixes, arithmetic, printing |
//! | [`equations`] | differential equations, subexpressions, parameters, flags, names that are always there |
//! | [`functions`] | the functions of equations, your own, values over time |
//! | [`integrators`] | the methods, how one is chosen, which refuse what |
//! | [`groups`] | neurons, thresholds, events, refractoriness, parts, inputs, links, regular code |
//! | [`synapses`] | pathways, connecting, delays, equations of synapses, sums |
//! | [`monitors`] | variables, spikes, events, rates |
//! | [`network`] | runs, clocks, order of a step, store and restore, progress, summaries |
//! | [`description`] | a network as data, in JSON and YAML |
//! | [`plots`] | analysis and pictures |
//! | [`randomness`] | seeds, and what they fix |
//! | [`errors`] | what a mistake looks like |

#[doc = include_str!("start.md")]
pub mod start {}

#[doc = include_str!("brian2.md")]
pub mod brian2 {}

#[doc = include_str!("units.md")]
pub mod units {}

#[doc = include_str!("equations.md")]
pub mod equations {}

#[doc = include_str!("functions.md")]
pub mod functions {}

#[doc = include_str!("integrators.md")]
pub mod integrators {}

#[doc = include_str!("groups.md")]
pub mod groups {}

#[doc = include_str!("synapses.md")]
pub mod synapses {}

#[doc = include_str!("monitors.md")]
pub mod monitors {}

#[doc = include_str!("network.md")]
pub mod network {}

#[doc = include_str!("description.md")]
pub mod description {}

#[doc = include_str!("plots.md")]
pub mod plots {}

#[doc = include_str!("randomness.md")]
pub mod randomness {}

#[doc = include_str!("errors.md")]
pub mod errors {}
