//! What sends spikes and holds neurons: whole groups and parts of them, inputs too.
//! Synapses and monitors take any of them.

use std::fmt;
use std::ops::Range;

use super::neuron_group::NeuronGroup;
use super::state::View;
use super::values::{IntoSelection, IntoValue};
use crate::description::{Operation, Selection, Value};
use crate::error::{Error, ErrorKind, Result};
use crate::units::QuantityArray;

/// A group or a part of one: what synapses join and monitors watch.
pub trait NeuronSource: sealed::Sealed {}

pub(crate) mod sealed {
    use super::{Result, View};

    pub trait Sealed {
        #[doc(hidden)]
        #[allow(private_interfaces, reason = "sealed: nobody outside can call or write it")]
        fn view(&self) -> Result<View>;
    }
}

pub(crate) use sealed::Sealed as AsView;

impl NeuronSource for NeuronGroup {}

impl sealed::Sealed for NeuronGroup {
    #[allow(private_interfaces, reason = "sealed")]
    fn view(&self) -> Result<View> {
        Ok(View { live: self.live()?.clone(), name: self.name().to_owned(), range: 0..self.len() })
    }
}

/// A part of a group, in which neurons are counted from its start; made by [`NeuronGroup::slice`].
///
/// ```
/// use spikelab::prelude::*;
/// let mut net = Network::new();
/// let group = net.add(NeuronGroup::new(10, "v : 1").threshold("v > 1").reset("v = 0"))?;
/// let last = group.slice(8..10)?;
/// last.set("v", "i + 1")?;
/// assert_eq!(group.get("v")?.to_vec()[7..], [0.0, 1.0, 2.0]);
/// let synapses = net.add(Synapses::new(&group, &last).on_pre("v += 1"))?;
/// assert_eq!(synapses.connect(Connect::all())?, 20);
/// # Ok::<(), spikelab::Error>(())
/// ```
#[derive(Clone)]
pub struct Subgroup(View);

impl Subgroup {
    pub(super) fn of(group: &NeuronGroup, range: Range<usize>) -> Result<Self> {
        let view = group.view()?;
        if range.start >= range.end || range.end > group.len() {
            return Err(Error::new(
                ErrorKind::Index,
                format!("`{}` has no part from {} to {}", group.name(), range.start, range.end),
            )
            .help(format!(
                "give a range of its {} neurons, such as 0..{}",
                group.len(),
                group.len().min(3)
            )));
        }
        Ok(Self(View { name: format!("{}[{}:{}]", view.name, range.start, range.end), range, ..view }))
    }

    /// The name in descriptions: `A[2:5]`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The number of neurons.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never true: a part has at least one neuron.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.range.is_empty()
    }

    /// Sets a variable of all neurons of this part.
    ///
    /// # Errors
    /// As [`NeuronGroup::set`].
    pub fn set(&self, variable: &str, value: impl IntoValue) -> Result<()> {
        self.0.set(variable, Selection::All, value.into_value()?)
    }

    /// The values of a variable for the neurons of this part.
    ///
    /// # Errors
    /// As [`NeuronGroup::get`].
    pub fn get(&self, variable: &str) -> Result<QuantityArray> {
        self.0.get(variable, &Selection::All)
    }

    /// Sets a variable of some of the neurons, counted from the start of this part.
    ///
    /// # Errors
    /// As [`NeuronGroup::set_at`].
    pub fn set_at(&self, variable: &str, index: impl IntoSelection, value: impl IntoValue) -> Result<()> {
        self.0.set(variable, index.into_selection(), value.into_value()?)
    }
}

impl NeuronSource for Subgroup {}

impl sealed::Sealed for Subgroup {
    #[allow(private_interfaces, reason = "sealed")]
    fn view(&self) -> Result<View> {
        Ok(self.0.clone())
    }
}

impl fmt::Debug for Subgroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} neurons", self.0.name, self.0.len())
    }
}

impl View {
    pub(crate) fn set(&self, variable: &str, index: Selection, value: Value) -> Result<()> {
        let (mut context, state) = self.live.enter();
        state.set(&mut context, &self.range, variable, &index, &value).map_err(|e| e.of(state.name()))?;
        let operation =
            Operation::Set { object: self.name.clone(), variable: variable.to_owned(), index, value };
        context.record(state.name(), operation);
        Ok(())
    }

    pub(crate) fn get(&self, variable: &str, index: &Selection) -> Result<QuantityArray> {
        let (context, state) = self.live.enter();
        state.get(&context, &self.range, variable, index).map_err(|e| e.of(state.name()))
    }
}
