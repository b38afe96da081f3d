//! Are the numbers still numbers: integrated variables that have become infinite or undefined end a run.
//! Each thread looks at the neurons that it computes: a number that another one has looked at is slow to write to again.

use super::crew::Job;
use super::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::vector::eight;

impl Engine<'_> {
    /// Refuses integrated variables that have become infinite or undefined; synapses, which are many, only if wanted.
    pub(super) fn healthy(&mut self, store: &mut [Vec<f64>], with_synapses: bool) -> Result<()> {
        if !with_synapses && self.groups_are_bounded(store) {
            return Ok(());
        }
        let neurons =
            self.groups.iter().map(|(g, _)| ("neuron", g.name(), &g.equations, &g.columns, g.len()));
        let synapses = self.synapses.iter().filter(|_| with_synapses).map(|s| {
            let state = &s.state;
            ("synapse", state.name(), &state.equations, &state.columns, state.len())
        });
        for (kind, object, equations, columns, n) in neurons.chain(synapses) {
            for (eq, _) in equations.differential() {
                let Some(values) = columns.slot(&eq.name).map(|slot| &store[slot.place()][..n]) else {
                    continue;
                };
                let Some(element) = first_unbounded(values) else { continue };
                let error = Error::new(
                    ErrorKind::Value,
                    format!(
                        "`{}` of {kind} {element} of `{object}` became {} before t = {} ms",
                        eq.name,
                        values[element],
                        self.now.time * 1e3
                    ),
                );
                return Err(error
                    .label(eq.name_span.clone(), "this equation left all bounds")
                    .in_text("equations", &equations.text)
                    .of(object)
                    .help("a smaller dt or the method `exponential_euler` or `rk4` may help; look also for a division by zero"));
            }
        }
        Ok(())
    }

    fn groups_are_bounded(&mut self, store: &mut [Vec<f64>]) -> bool {
        /// Nanoseconds for a number.
        const COST: f64 = 0.2;
        self.groups.iter().all(|(g, program)| {
            let slots = g.equations.differential().filter_map(|(eq, _)| g.columns.slot(&eq.name));
            let slots: Vec<_> = slots.collect();
            #[expect(clippy::cast_precision_loss, reason = "a few columns")]
            let cost = Some(COST * slots.len() as f64);
            let cutting = program.cutting();
            let job = Job { elements: (0, g.len()), own: &[], cost, cutting };
            let mut bounded = vec![true; self.crew.threads()];
            self.crew.share(&job, store, &mut bounded, |columns, range, _, bounded| {
                let part = |place| columns.block(place, range.start, range.len());
                *bounded = slots.iter().all(|slot| first_unbounded(part(slot.place())).is_none());
            });
            bounded.into_iter().all(|bounded| bounded)
        })
    }
}

/// The first value that is not a finite number.
fn first_unbounded(values: &[f64]) -> Option<usize> {
    // A sum is finite only if all its parts are, and is quick to compute: several at a time, since their order is free.
    let (blocks, rest) = values.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for block in blocks {
        sums = eight(&sums, block, |sum, v| sum + v);
    }
    if sums.iter().chain(rest).sum::<f64>().is_finite() {
        return None;
    }
    values.iter().position(|v| !v.is_finite())
}
