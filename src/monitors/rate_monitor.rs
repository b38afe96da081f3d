//! `PopulationRateMonitor`: the mean rate of a group, step by step, and the same smoothed.
//! Windows and their widths are Brian2's.

use std::fmt;

use super::{detached, elsewhere};
use crate::description::PopulationRateMonitorDescription;
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Evidence, Origin, Row, ToEvidence, TraceSet};
use crate::groups::{Context, Live, NeuronSource, SPIKE, Shared, View, lock, no_event};
use crate::units::{Dimension, Quantity, QuantityArray};

/// Records the mean rate of a group, as in
/// [Brian2](https://brian2.readthedocs.io/en/2.9.0/user/recording.html#recording-population-rates).
///
/// ```
/// use spikelab::prelude::*;
/// let mut net = Network::new().seed(1);
/// let input = net.add(PoissonGroup::new(500, 20.0 * Hz))?;
/// let rate = net.add(PopulationRateMonitor::new(&input))?;
/// net.run(100.0 * ms)?;
/// let smooth = rate.smooth_rate(&Window::Flat, 50.0 * ms)?;
/// assert!((smooth[500] - 20.0).abs() < 5.0);
/// # Ok::<(), spikelab::Error>(())
/// ```
#[derive(Clone)]
pub struct PopulationRateMonitor {
    pub(crate) description: PopulationRateMonitorDescription,
    source: Result<View>,
    live: Option<Live<RateRecord>>,
}

/// The rates so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct RateRecord {
    pub(crate) t: Vec<f64>,
    pub(crate) rate: Vec<f64>,
    /// Step of the group's clock.
    pub(crate) dt: f64,
}

/// The weights of a moving average.
#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// All the same, over the width.
    Flat,
    /// A normal curve; the width is its standard deviation.
    Gaussian,
    /// These, an odd number of them; there is no width.
    Custom(Vec<f64>),
}

impl PopulationRateMonitor {
    /// Describes a monitor of the mean rate of a group or a part of one.
    #[must_use]
    pub fn new(source: &impl NeuronSource) -> Self {
        Self { description: PopulationRateMonitorDescription::default(), source: source.view(), live: None }
    }

    pub(crate) fn from_description(description: PopulationRateMonitorDescription, source: View) -> Self {
        Self { description, source: Ok(source), live: None }
    }

    /// Gives the monitor a name of its own.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.description.name = name.into();
        self
    }

    /// The monitor's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// The times of the steps.
    #[must_use]
    pub fn t(&self) -> QuantityArray {
        let t = self.live.as_ref().map(|live| live.enter().1.t.clone()).unwrap_or_default();
        QuantityArray::new(t, Dimension::TIME)
    }

    /// In each step the number of spikes, by the number of neurons and the length of the step.
    #[must_use]
    pub fn rate(&self) -> QuantityArray {
        let rate = self.live.as_ref().map(|live| live.enter().1.rate.clone()).unwrap_or_default();
        QuantityArray::new(rate, Dimension::NONE / Dimension::TIME)
    }

    /// The rate as a moving average; beyond both ends it counts as zero.
    ///
    /// # Errors
    /// A width that is not a time from 0 on, or an even number of weights.
    pub fn smooth_rate(&self, window: &Window, width: impl Into<Quantity>) -> Result<QuantityArray> {
        let (_context, record) = self.live()?.enter();
        let width = width.into().checked()?;
        let needs_width = !matches!(window, Window::Custom(_));
        if needs_width && !(width.dimension() == Dimension::TIME && (0.0..1e6).contains(&width.value())) {
            return Err(Error::new(ErrorKind::Dimension, format!("the width of the window is {width}"))
                .help("give a time, for example `smooth_rate(&Window::Flat, 5.0*ms)`"));
        }
        let (width, dt) = (width.value(), record.dt);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "numbers of steps"
        )]
        let mut weights: Vec<f64> = match window {
            Window::Flat => vec![1.0; 2 * (width / 2.0 / dt) as usize + 1],
            Window::Gaussian => {
                let half = (2.0 * width / dt).round() as usize;
                let curve = |k: usize| {
                    let x = (k as f64 - half as f64) * dt / width;
                    (-x * x / 2.0).exp()
                };
                if half == 0 { vec![1.0] } else { (0..=2 * half).map(curve).collect() }
            }
            Window::Custom(weights) if weights.len() % 2 == 1 => weights.clone(),
            Window::Custom(weights) => {
                return Err(Error::new(
                    ErrorKind::Shape,
                    format!("the window has {} weights", weights.len()),
                )
                .help("give an odd number of weights, so that there is a middle"));
            }
        };
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        let half = weights.len() / 2;
        // A convolution, spike by spike: in most steps there is none, and nothing is added.
        let n = record.rate.len();
        let mut smooth = vec![0.0; n];
        let may_skip = weights.iter().all(|w| w.is_finite());
        for (j, rate) in record.rate.iter().enumerate() {
            if *rate == 0.0 && may_skip {
                continue;
            }
            let span = j.saturating_sub(half)..(j + half + 1).min(n);
            let first = span.start + half - j;
            for (sum, weight) in smooth[span].iter_mut().zip(&weights[first..]) {
                *sum += rate * weight;
            }
        }
        Ok(QuantityArray::new(smooth, Dimension::NONE / Dimension::TIME))
    }

    pub(crate) fn source(&self) -> Result<View> {
        self.source.clone()
    }

    pub(crate) fn live(&self) -> Result<&Live<RateRecord>> {
        self.live.as_ref().ok_or_else(detached)
    }

    pub(crate) fn is_attached(&self) -> bool {
        self.live.is_some()
    }

    pub(crate) fn attach(mut self, shared: &Shared<Context>) -> Result<Self> {
        let source = self.source.clone()?;
        if !source.live.lives_in(shared) {
            return Err(elsewhere());
        }
        self.description.source = source.name.clone();
        let context = lock(shared);
        crate::groups::check_when(self.description.timing.when.as_deref(), &context)?;
        let state = source.live.state();
        if !state.events.contains_key(SPIKE) {
            return Err(no_event(&state, SPIKE));
        }
        let record = RateRecord { dt: state.dt(&context), ..Default::default() };
        drop((context, state));
        self.live = Some(Live::new(shared, record));
        Ok(self)
    }
}

impl fmt::Debug for PopulationRateMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = &self.description;
        write!(f, "PopulationRateMonitor {} of {}: {} steps", d.name, d.source, self.t().len())
    }
}

impl crate::evidence::sealed::Sealed for PopulationRateMonitor {}

impl ToEvidence for PopulationRateMonitor {
    fn origin(&self) -> Option<Origin<'_>> {
        self.live.as_ref().map(|live| live.origin(self.name()))
    }

    fn to_evidence(&self) -> Evidence {
        let rate = self.rate();
        let set = TraceSet { dimension: rate.dimension().to_string(), rows: vec![Row(rate.to_vec())] };
        Evidence::Traces {
            t: self.t().to_vec(),
            indices: vec![0],
            variables: [("rate".to_owned(), set)].into(),
        }
    }
}
