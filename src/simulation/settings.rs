//! What a network is told before it runs: seed, threads and time step.
//! A mistake in a word of the builder's style is kept for the next call that can report it.

use super::network::Network;
use crate::description::Operation;
use crate::error::{Error, ErrorKind, Result};
use crate::groups::{lock, time_step};
use crate::units::{Dimension, Quantity};

impl Network {
    /// All random numbers from here on come from this seed: the same seed, the same network.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.set_seed(seed);
        self
    }

    /// As [`Network::seed`], for a network that is in use already.
    pub fn set_seed(&self, seed: u64) {
        let mut context = lock(&self.context);
        context.seed = seed;
        if context.script.is_empty() {
            context.first_seed = seed;
        } else {
            context.script.push(Operation::Seed { seed });
        }
    }

    /// Lets a run use up to so many threads; one, unless told otherwise. Results are the same to the last bit.
    ///
    /// A step is shared where each thread has some microseconds to do: with thousands of neurons, or with millions of
    /// synaptic events a second. Smaller networks run as they do on one thread, and no more threads are started than the
    /// machine has processors. The number is no part of the network's [description](Network::description).
    ///
    /// ```
    /// use spikelab::prelude::*;
    /// let mut net = Network::new().seed(1).threads(2);
    /// # net.add(NeuronGroup::new(1, "v : 1"))?;
    /// net.run(10.0 * ms)?;
    /// # Ok::<(), spikelab::Error>(())
    /// ```
    ///
    /// Zero threads, or more than 1024, are an error of the next call that can have one; [`Network::set_threads`] has it
    /// at once.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        if let Err(problem) = self.set_threads(threads) {
            lock(&self.context).problem = Some(problem);
        }
        self
    }

    /// As [`Network::threads`], for a network that is in use already.
    ///
    /// # Errors
    /// Zero threads, or more than 1024.
    pub fn set_threads(&self, threads: usize) -> Result<()> {
        const MOST: usize = 1024;
        if !(1..=MOST).contains(&threads) {
            return Err(Error::new(ErrorKind::Value, format!("a network cannot run on {threads} threads"))
                .help(format!(
                    "give a number from 1 to {MOST}; more than the machine has processors are of no use"
                )));
        }
        let mut context = lock(&self.context);
        (context.threads, context.shares_always) = (threads, false);
        Ok(())
    }

    /// For tests: so many threads even if there are fewer processors, and every task shared however small it is.
    #[doc(hidden)]
    pub fn share_always(&self, threads: usize) {
        let mut context = lock(&self.context);
        (context.threads, context.shares_always) = (threads, true);
    }

    /// Sets the time step of a network that is still empty: `Network::new().dt(0.05*ms)`.
    #[must_use]
    pub fn dt(self, dt: impl Into<Quantity>) -> Self {
        {
            let mut context = lock(&self.context);
            let checked = time_step(dt.into()).and_then(|dt| {
                if context.script.is_empty() {
                    return Ok(dt);
                }
                Err(Error::new(ErrorKind::Value, "dt is set in a network that has objects already")
                    .help("set it at the beginning, `Network::new().dt(…)`, or later with `set_dt`"))
            });
            match checked {
                Ok(dt) => (context.dt, context.first_dt) = (dt, dt),
                Err(problem) => context.problem = Some(problem),
            }
        }
        self
    }

    /// Changes the time step between two runs; spikes on their way keep their times.
    ///
    /// # Errors
    /// A step that is no time, or a present time that is not a multiple of it.
    pub fn set_dt(&self, dt: impl Into<Quantity>) -> Result<()> {
        let dt = time_step(dt.into())?;
        let objects = lock(&self.objects);
        let mut context = lock(&self.context);
        let steps = context.time / dt;
        if (steps - steps.round()).abs() > 1e-4 {
            let time = Quantity::new(context.time, Dimension::TIME);
            let step = Quantity::new(dt, Dimension::TIME);
            return Err(Error::new(
                ErrorKind::Value,
                format!("the present time, {time}, is not a multiple of the new dt, {step}"),
            )
            .help("run up to a multiple of it first"));
        }
        for object in &objects.synapses {
            let mut state = object.live()?.state();
            let own = state.with_ends(|source, target| {
                Ok((source.description.timing.dt.is_some(), target.description.timing.dt.is_some()))
            })?;
            let sides: Vec<_> = state.description.pathways.iter().map(|p| p.side).collect();
            for (queue, side) in state.queues.iter_mut().zip(sides) {
                if !side.of(own.0, own.1) {
                    queue.rescale(context.dt, dt);
                }
            }
        }
        context.dt = dt;
        context.script.push(Operation::SetDt { dt });
        Ok(())
    }
}
