//! A network built again from its description: every operation repeated in order.
//! Descriptions may come from anywhere, so each one is checked like a student's own code.

use std::time::Duration;

use super::Network;
use crate::description::{FORMAT, NetworkDescription, Operation, Selection};
use crate::error::{Error, ErrorKind, Result};
use crate::groups::{AsView, GroupDescription, NeuronGroup, PoissonInput, View};
use crate::monitors::{PopulationRateMonitor, SpikeMonitor, StateMonitor, Watched};
use crate::synapses::Synapses;
use crate::units::{Dimension, Quantity, QuantityArray};

impl Network {
    /// Builds a network again and repeats everything that was done with it, runs included.
    ///
    /// # Errors
    /// A description of another format, of an object that does not exist, or with any mistake in a model.
    pub fn from_description(description: &NetworkDescription) -> Result<Self> {
        if description.format != FORMAT {
            return Err(Error::new(
                ErrorKind::Description,
                format!("this is a description in the format `{}`", description.format),
            )
            .help(format!("this version reads `{FORMAT}`")));
        }
        if !(description.dt > 0.0 && description.dt.is_finite()) {
            return Err(Error::new(ErrorKind::Description, format!("dt is {} s", description.dt))
                .help("a time step is longer than nothing"));
        }
        let mut net = Self::with_clock(description.dt, description.seed);
        for operation in &description.script {
            net.apply(operation)?;
        }
        Ok(net)
    }

    /// Does one operation, as if its method had been called.
    ///
    /// # Errors
    /// As the method that the operation stands for.
    pub fn apply(&mut self, operation: &Operation) -> Result<()> {
        self.healthy()?;
        let group = |d| NeuronGroup::from_description(d);
        match operation {
            Operation::AddNeuronGroup(d) => self.add(group(GroupDescription::Neurons(d.clone()))).map(drop),
            Operation::AddPoissonGroup(d) => self.add(group(GroupDescription::Poisson(d.clone()))).map(drop),
            Operation::AddSpikeGeneratorGroup(d) => {
                self.add(group(GroupDescription::Generator(d.clone()))).map(drop)
            }
            Operation::AddPoissonInput(d) => {
                let target = self.view(&d.target)?;
                self.add(PoissonInput::from_description(d.clone(), target)).map(drop)
            }
            Operation::AddSynapses(d) => {
                let (source, target) = (self.view(&d.source)?, self.view(&d.target)?);
                self.add(Synapses::from_description(d.clone(), source, target)).map(drop)
            }
            Operation::AddStateMonitor(d) => {
                let source = match self.synapses(&d.source) {
                    Some(synapses) => Watched::Synapses(synapses.live()?.clone(), d.source.clone()),
                    None => Watched::Group(self.view(&d.source)?),
                };
                self.add(StateMonitor::from_description(d.clone(), source)).map(drop)
            }
            Operation::AddSpikeMonitor(d) => {
                let source = self.view(&d.source)?;
                self.add(SpikeMonitor::from_description(d.clone(), source)).map(drop)
            }
            Operation::AddPopulationRateMonitor(d) => {
                let source = self.view(&d.source)?;
                self.add(PopulationRateMonitor::from_description(d.clone(), source)).map(drop)
            }
            Operation::AddNetworkOperation(d) => Err(Error::new(
                ErrorKind::Description,
                format!("`{}` is a function of the user's, which no description can hold", d.name),
            )
            .help("build the network with your own code")),
            Operation::Connect { object, connect } => match self.synapses(object) {
                Some(synapses) => synapses.connect_as(connect.clone()).map(drop),
                None => Err(missing("Synapses", object)),
            },
            Operation::RunRegularly { object, code } => {
                match (self.neuron_group(object), self.synapses(object)) {
                    (Some(group), _) => group.add_regular(code.clone()),
                    (None, Some(synapses)) => synapses.add_regular(code.clone()),
                    (None, None) => Err(missing("NeuronGroup or Synapses", object)),
                }
            }
            Operation::Link { object, variable, source, source_variable, index } => {
                let source = self.view(source)?;
                let group = self.neuron_group(object).ok_or_else(|| missing("NeuronGroup", object))?;
                group.link_as(variable, &source, source_variable, index.clone())
            }
            Operation::Set { object, variable, index, value } => match self.synapses(object) {
                Some(synapses) => synapses.set_at(variable, index.clone(), value.clone()),
                None => self.view(object)?.set(variable, index.clone(), value.clone()),
            },
            Operation::SetSpikes { object, i, t, period } => match self.neuron_group(object) {
                Some(group) => group.set_spikes_as(i.clone(), t.clone(), *period),
                None => Err(missing("SpikeGeneratorGroup", object)),
            },
            Operation::SetActive { object, active } => {
                match (self.neuron_group(object), self.synapses(object)) {
                    (Some(group), _) => group.set_active(*active),
                    (None, Some(synapses)) => synapses.set_active(*active),
                    (None, None) => self.set_active(object, *active),
                }
            }
            Operation::SetNamespace { name, value } => self.set_constant(name, value.clone()),
            Operation::SetDt { dt } => self.set_dt(Quantity::new(*dt, Dimension::TIME)),
            Operation::SetSchedule { slots } => {
                self.set_schedule(&slots.iter().map(String::as_str).collect::<Vec<_>>())
            }
            Operation::Seed { seed } => {
                self.set_seed(*seed);
                Ok(())
            }
            Operation::Run { duration } => self.run_seconds(*duration, None, Duration::ZERO),
            Operation::Store { name } => self.store(name),
            Operation::Restore { name, random } => self.restore_as(name, *random),
        }
    }

    /// The values of a variable or subexpression of any group, part of a group (`A[2:5]`) or synapses.
    ///
    /// # Errors
    /// An object or variable that does not exist.
    pub fn values(&self, object: &str, variable: &str, index: &Selection) -> Result<QuantityArray> {
        match self.synapses(object) {
            Some(synapses) => synapses.get_at(variable, index.clone()),
            None => self.view(object)?.get(variable, index),
        }
    }

    /// A group or a part of it, by its name in descriptions.
    fn view(&self, name: &str) -> Result<View> {
        let (group, part) = match name.split_once('[') {
            Some((group, part)) => (group, part.strip_suffix(']').and_then(|part| part.split_once(':'))),
            None => (name, None),
        };
        let group = self.neuron_group(group).ok_or_else(|| missing("group", group))?;
        match part {
            None if name.contains('[') => Err(missing("part of a group", name)),
            None => group.view(),
            Some((start, stop)) => {
                let bound =
                    |text: &str, absent| if text.is_empty() { Ok(absent) } else { text.trim().parse() };
                match (bound(start, 0), bound(stop, group.len())) {
                    (Ok(start), Ok(stop)) => group.slice(start..stop)?.view(),
                    _ => Err(missing("part of a group", name)),
                }
            }
        }
    }
}

fn missing(kind: &str, name: &str) -> Error {
    Error::new(ErrorKind::Description, format!("the description has no {kind} called `{name}`"))
        .help("objects must be added before they are used")
}
