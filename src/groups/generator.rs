//! The spikes that a `SpikeGeneratorGroup` sends: by step, and again after a period.
//! Times become steps by Brian2's rounding: a thousandth of a step below the grid still counts as on it.

use crate::description::SpikeGeneratorGroupDescription;
use crate::error::{Error, ErrorKind, Result};

/// Given spikes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Generator {
    pub(crate) i: Vec<usize>,
    pub(crate) t: Vec<f64>,
    pub(crate) period: Option<f64>,
}

/// Given spikes by step of one clock.
pub(crate) struct Planned {
    /// In order of step, then of neuron.
    steps: Vec<u64>,
    neurons: Vec<u32>,
    period: Option<u64>,
}

impl Generator {
    pub(crate) fn new(d: &SpikeGeneratorGroupDescription) -> Result<Self> {
        Self::checked(&d.name, d.n, &d.i, &d.t, d.period)
    }

    /// Everything that can be known before a time step is.
    pub(crate) fn checked(name: &str, n: usize, i: &[usize], t: &[f64], period: Option<f64>) -> Result<Self> {
        let refuse = |kind, message: String, help: &str| Err(Error::new(kind, message).help(help));
        if i.len() != t.len() {
            return refuse(
                ErrorKind::Shape,
                format!("`{name}` has {} indices and {} times", i.len(), t.len()),
                "give one time for each index",
            );
        }
        if let Some(k) = i.iter().position(|k| *k >= n) {
            return refuse(
                ErrorKind::Index,
                format!("spike {k} of `{name}` is of neuron {}", i[k]),
                &format!("its neurons go from 0 to {}", n.saturating_sub(1)),
            );
        }
        if let Some(k) = t.iter().position(|t| !(*t >= 0.0 && t.is_finite())) {
            return refuse(
                ErrorKind::Value,
                format!("spike {k} of `{name}` is at {} s", t[k]),
                "spike times are numbers from 0 on",
            );
        }
        // Brian2 writes "no period" as zero.
        let period = period.filter(|p| *p != 0.0);
        if let Some(period) = period {
            let latest = t.iter().copied().fold(0.0, f64::max);
            if !(period > latest && period.is_finite()) {
                return refuse(
                    ErrorKind::Value,
                    format!("the period of `{name}` is {period} s, its last spike is at {latest} s"),
                    "the period must be longer than the last spike time",
                );
            }
        }
        Ok(Self { i: i.to_vec(), t: t.to_vec(), period })
    }

    /// The same by steps of `dt`.
    pub(crate) fn planned(&self, name: &str, dt: f64) -> Result<Planned> {
        let period = match self.period {
            None => None,
            Some(p) => {
                let steps = steps_in(p / dt);
                #[expect(clippy::cast_precision_loss, reason = "steps stay far below 2^53")]
                if steps == 0 || (steps as f64 * dt - p).abs() > 1e-6 * dt {
                    return Err(Error::new(
                        ErrorKind::Value,
                        format!(
                            "the period of `{name}` is {p} s, which is not a multiple of its dt of {dt} s"
                        ),
                    )
                    .help("choose a period of whole steps"));
                }
                Some(steps)
            }
        };
        let mut spikes = Vec::with_capacity(self.i.len());
        for (&i, &t) in self.i.iter().zip(&self.t) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "times are finite and from 0 on"
            )]
            let mut step = ((t + 1e-3 * dt) / dt) as u64;
            if let Some(period) = period {
                step %= period;
            }
            spikes.push((step, u32::try_from(i).unwrap_or(u32::MAX)));
        }
        spikes.sort_unstable();
        if let Some(pair) = spikes.windows(2).find(|pair| pair[0] == pair[1]) {
            let (step, i) = pair[0];
            return Err(Error::new(
                ErrorKind::Value,
                format!("neuron {i} of `{name}` spikes twice in step {step} of {dt} s"),
            )
            .help("a neuron spikes once in a step at most: move the spikes apart or use a smaller dt"));
        }
        let (steps, neurons) = spikes.into_iter().unzip();
        Ok(Planned { steps, neurons, period })
    }
}

impl Planned {
    /// The neurons that spike in a step.
    pub(crate) fn at(&self, step: u64) -> &[u32] {
        let step = self.period.map_or(step, |period| step % period);
        let start = self.steps.partition_point(|s| *s < step);
        let count = self.steps[start..].iter().take_while(|s| **s == step).count();
        &self.neurons[start..start + count]
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` stops at both ends")]
fn steps_in(x: f64) -> u64 {
    x.round() as u64
}
