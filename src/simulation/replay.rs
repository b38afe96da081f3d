//! A network built again from its description: every operation repeated in order.
//! Descriptions may come from anywhere, so each one is checked like a student's own code.

use super::Network;
use crate::description::{FORMAT, NetworkDescription, Operation};
use crate::error::{Error, ErrorKind, Result};
use crate::groups::NeuronGroup;
use crate::monitors::{SpikeMonitor, StateMonitor};
use crate::synapses::Synapses;

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
            net.repeat(operation)?;
        }
        Ok(net)
    }

    fn repeat(&mut self, operation: &Operation) -> Result<()> {
        match operation {
            Operation::AddNeuronGroup(d) => self.add(NeuronGroup::from_description(d.clone())).map(drop),
            Operation::AddSynapses(d) => {
                let (source, target) = (self.group_named(&d.source)?, self.group_named(&d.target)?);
                self.add(Synapses::from_description(d.clone(), source, target)).map(drop)
            }
            Operation::AddStateMonitor(d) => {
                let source = self.group_named(&d.source)?;
                self.add(StateMonitor::from_description(d.clone(), source)).map(drop)
            }
            Operation::AddSpikeMonitor(d) => {
                let source = self.group_named(&d.source)?;
                self.add(SpikeMonitor::from_description(d.clone(), source)).map(drop)
            }
            Operation::Connect { object, connect } => match self.synapses(object) {
                Some(synapses) => synapses.connect_as(connect.clone()).map(drop),
                None => Err(missing("Synapses", object)),
            },
            Operation::Set { object, variable, index, value } => {
                if let Some(group) = self.neuron_group(object) {
                    group.set_at(variable, index.clone(), value.clone())
                } else if let Some(synapses) = self.synapses(object) {
                    synapses.set_at(variable, index.clone(), value.clone())
                } else {
                    Err(missing("NeuronGroup or Synapses", object))
                }
            }
            Operation::Seed { seed } => {
                self.set_seed(*seed);
                Ok(())
            }
            Operation::Run { duration } => self.run_seconds(*duration),
        }
    }

    fn group_named(&self, name: &str) -> Result<NeuronGroup> {
        self.neuron_group(name).ok_or_else(|| missing("NeuronGroup", name))
    }
}

fn missing(kind: &str, name: &str) -> Error {
    Error::new(ErrorKind::Description, format!("the description has no {kind} called `{name}`"))
        .help("objects must be added before they are used")
}
