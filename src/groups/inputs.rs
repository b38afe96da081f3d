//! Inputs: Poisson processes, given spikes, and Poisson input straight into a variable.
//! The first two are groups inside, with everything that groups can do.

use std::fmt;
use std::ops::Deref;

use super::context::Context;
use super::group_description::GroupDescription;
use super::guarded::Shared;
use super::neuron_group::NeuronGroup;
use super::source::{AsView, NeuronSource};
use super::state::View;
use super::values::IntoValue;
use crate::description::{
    PoissonGroupDescription, PoissonInputDescription, SpikeGeneratorGroupDescription, Timing, Value,
};
use crate::error::{Error, ErrorKind, Result};
use crate::units::{Dimension, Quantity, QuantityArray};

/// Neurons that spike at random, each at its own rate, as in
/// [Brian2](https://brian2.readthedocs.io/en/2.9.0/user/input.html#poisson-inputs).
///
/// ```
/// use spikelab::prelude::*;
/// let mut net = Network::new().seed(3);
/// let input = net.add(PoissonGroup::new(100, 50.0 * Hz))?;
/// let spikes = net.add(SpikeMonitor::new(&input))?;
/// net.run(200.0 * ms)?;
/// assert!((800..1200).contains(&spikes.num_spikes()));
/// # Ok::<(), spikelab::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PoissonGroup(pub(crate) NeuronGroup);

impl PoissonGroup {
    /// `n` processes; `rates` is one rate, a list, or an expression of time: `"50*Hz*(1 + sin(t/(10*ms)))"`.
    #[must_use]
    pub fn new(n: usize, rates: impl IntoValue) -> Self {
        let (rates, problem) = match rates.into_value() {
            Ok(rates) => (rates, None),
            Err(e) => (Value::Expression(String::new()), Some(e)),
        };
        let description = PoissonGroupDescription {
            name: String::new(),
            n,
            rates,
            timing: Timing::default(),
            namespace: std::collections::BTreeMap::default(),
        };
        Self(NeuronGroup::from_description(GroupDescription::Poisson(description)).with_problem(problem))
    }
}

/// Neurons that spike when they are told to, as in
/// [Brian2](https://brian2.readthedocs.io/en/2.9.0/user/input.html#spike-generators).
///
/// ```
/// use spikelab::prelude::*;
/// let mut net = Network::new();
/// let input = net.add(SpikeGeneratorGroup::new(2, &[0, 1, 0], [1.0, 2.0, 5.0] * ms))?;
/// let spikes = net.add(SpikeMonitor::new(&input))?;
/// net.run(10.0 * ms)?;
/// assert_eq!(spikes.i(), [0, 1, 0]);
/// # Ok::<(), spikelab::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SpikeGeneratorGroup(pub(crate) NeuronGroup);

impl SpikeGeneratorGroup {
    /// Describes `n` neurons; `i` says which of them spikes at each time of `t`.
    #[must_use]
    pub fn new(n: usize, i: &[usize], t: impl Into<QuantityArray>) -> Self {
        let (t, problem) = match times(t.into()) {
            Ok(t) => (t, None),
            Err(e) => (Vec::new(), Some(e)),
        };
        let description = SpikeGeneratorGroupDescription { n, i: i.to_vec(), t, ..Default::default() };
        Self(NeuronGroup::from_description(GroupDescription::Generator(description)).with_problem(problem))
    }

    /// All over again after so long.
    #[must_use]
    pub fn period(mut self, period: impl Into<Quantity>) -> Self {
        let period = period.into();
        if let (GroupDescription::Generator(d), true) =
            (&mut self.0.description, period.dimension() == Dimension::TIME)
        {
            d.period = Some(period.value());
            return self;
        }
        let problem = Error::new(
            ErrorKind::Dimension,
            format!("the period must be a time, this is {}", period.dimension().describe()),
        );
        Self(self.0.with_problem(Some(problem.help("give it a unit, for example `.period(50.0*ms)`"))))
    }

    /// Other spikes from here on.
    ///
    /// # Errors
    /// Times before zero, neurons that do not exist, or as many times as not to fit the indices.
    pub fn set_spikes(&self, i: &[usize], t: impl Into<QuantityArray>) -> Result<()> {
        self.0.set_spikes_as(i.to_vec(), times(t.into())?, None)
    }
}

fn times(t: QuantityArray) -> Result<Vec<f64>> {
    let t = t.checked()?;
    if t.dimension() == Dimension::TIME || t.to_vec().is_empty() {
        return Ok(t.to_vec());
    }
    Err(Error::new(
        ErrorKind::Dimension,
        format!("spike times must be times, these are {}", t.dimension().describe()),
    )
    .help("give them a unit, for example `[1.0, 2.0]*ms`"))
}

macro_rules! group_inside {
    ($($t:ty),*) => {$(
        impl $t {
            /// Gives the group a name of its own.
            #[must_use]
            pub fn named(self, name: impl Into<String>) -> Self {
                Self(self.0.named(name))
            }

            /// Gives the group a time step of its own.
            #[must_use]
            pub fn dt(self, dt: impl Into<Quantity>) -> Self {
                Self(self.0.dt(dt))
            }

            /// Hands a value over under a name that its expression uses.
            #[must_use]
            pub fn with(self, name: impl Into<String>, value: impl super::values::IntoNamespace) -> Self {
                Self(self.0.with(name, value))
            }
        }

        impl Deref for $t {
            type Target = NeuronGroup;
            fn deref(&self) -> &NeuronGroup {
                &self.0
            }
        }

        impl NeuronSource for $t {}

        impl AsView for $t {
            #[allow(private_interfaces, reason = "sealed")]
            fn view(&self) -> Result<View> {
                self.0.view()
            }
        }
    )*};
}
group_inside!(PoissonGroup, SpikeGeneratorGroup);

/// Many Poisson processes that add to a variable of each neuron of a group, in sum, as in
/// [Brian2](https://brian2.readthedocs.io/en/2.9.0/user/input.html#poisson-inputs).
///
/// ```
/// use spikelab::prelude::*;
/// let mut net = Network::new().seed(3);
/// let group = net.add(NeuronGroup::new(50, "dv/dt = -v/(10*ms) : volt"))?;
/// net.add(PoissonInput::new(&group, "v", 1000, 10.0 * Hz, 0.1 * mV))?;
/// net.run(50.0 * ms)?;
/// assert!(group.get("v")?.to_vec().iter().all(|v| *v > 5e-3));
/// # Ok::<(), spikelab::Error>(())
/// ```
#[derive(Clone)]
pub struct PoissonInput {
    pub(crate) description: PoissonInputDescription,
    target: Result<View>,
    problem: Option<Error>,
    pub(crate) attached: bool,
}

impl PoissonInput {
    /// `n` processes of `rate` for each neuron of `target`; a spike adds `weight` to `variable`.
    #[must_use]
    pub fn new(
        target: &impl NeuronSource,
        variable: impl Into<String>,
        n: usize,
        rate: impl Into<Quantity>,
        weight: impl IntoValue,
    ) -> Self {
        let (weight, problem) = match weight.into_value() {
            Ok(Value::Expression(text)) => (text, None),
            Ok(Value::Numbers { values, unit }) if values.len() == 1 => {
                let text = format!("{:?}", values[0]);
                (if unit == "1" { text } else { format!("{text}*{unit}") }, None)
            }
            Ok(Value::Numbers { .. }) => {
                let problem = Error::new(ErrorKind::Shape, "the weight of a PoissonInput is one number");
                (String::new(), Some(problem.help("for a weight of each neuron give an expression: \"w\"")))
            }
            Err(e) => (String::new(), Some(e)),
        };
        let target = target.view();
        let description = PoissonInputDescription {
            name: String::new(),
            target: target.as_ref().map(|t| t.name.clone()).unwrap_or_default(),
            variable: variable.into(),
            n,
            rate: rate.into(),
            weight,
            timing: Timing::default(),
        };
        Self { description, target, problem, attached: false }
    }

    #[allow(private_interfaces, reason = "only this library calls it")]
    pub(crate) fn from_description(description: PoissonInputDescription, target: View) -> Self {
        Self { description, target: Ok(target), problem: None, attached: false }
    }

    /// Gives the input a name of its own.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.description.name = name.into();
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.description.name
    }

    pub(crate) fn target(&self) -> Result<View> {
        self.target.clone()
    }

    /// The statement that adds the input to a neuron.
    pub(crate) fn code(&self) -> String {
        let d = &self.description;
        format!("{} += binomial({}, {:?}*Hz*dt)*({})", d.variable, d.n, d.rate.value(), d.weight)
    }

    pub(crate) fn is_attached(&self) -> bool {
        self.attached
    }

    pub(crate) fn attach(mut self, shared: &Shared<Context>) -> Result<Self> {
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        let rate = self.description.rate.checked()?;
        if rate.dimension() != Quantity::new(1.0, Dimension::NONE / Dimension::TIME).dimension()
            || rate.value() < 0.0
        {
            return Err(Error::new(ErrorKind::Dimension, format!("the rate of a PoissonInput is {rate}"))
                .help("give a rate from 0 on, for example `10.0*Hz`"));
        }
        let target = self.target()?;
        if !target.live.lives_in(shared) {
            return Err(Error::new(ErrorKind::Detached, "the group belongs to another network")
                .help("input goes to a group of the network that it is added to"));
        }
        let (context, state) = target.live.enter();
        let scope = state.scope_of_part(&context, &target.range)?;
        super::checks::check_code("PoissonInput", &self.code(), &scope)?;
        let p = rate.value() * state.dt(&context);
        if p > 1.0 {
            return Err(Error::new(
                ErrorKind::Value,
                format!("a rate of {rate} gives more than one spike in a step"),
            )
            .help("use a smaller rate or a smaller dt; n processes may be many"));
        }
        drop((context, state));
        self.attached = true;
        Ok(self)
    }
}

impl fmt::Debug for PoissonInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = &self.description;
        write!(f, "PoissonInput {}: {} of {} to {} of {}", d.name, d.n, d.rate, d.variable, d.target)
    }
}
