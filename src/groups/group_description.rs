//! What a group was made from: neurons, Poisson processes or given spikes, each with its own description.
//! Inside, all of them are groups of neurons.

use crate::description::{
    NeuronGroupDescription, Operation, PoissonGroupDescription, SpikeGeneratorGroupDescription, Timing, Value,
};

/// What a group was made from.
#[derive(Clone, Debug)]
pub(crate) enum GroupDescription {
    Neurons(NeuronGroupDescription),
    Poisson(PoissonGroupDescription),
    Generator(SpikeGeneratorGroupDescription),
}

impl GroupDescription {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Neurons(d) => &d.name,
            Self::Poisson(d) => &d.name,
            Self::Generator(d) => &d.name,
        }
    }

    pub(crate) fn set_name(&mut self, name: String) {
        match self {
            Self::Neurons(d) => d.name = name,
            Self::Poisson(d) => d.name = name,
            Self::Generator(d) => d.name = name,
        }
    }

    /// The name given to a group without one.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Neurons(_) => "neurongroup",
            Self::Poisson(_) => "poissongroup",
            Self::Generator(_) => "spikegeneratorgroup",
        }
    }

    pub(super) fn n(&self) -> usize {
        match self {
            Self::Neurons(d) => d.n,
            Self::Poisson(d) => d.n,
            Self::Generator(d) => d.n,
        }
    }

    pub(crate) fn timing(&mut self) -> &mut Timing {
        match self {
            Self::Neurons(d) => &mut d.timing,
            Self::Poisson(d) => &mut d.timing,
            Self::Generator(d) => &mut d.timing,
        }
    }

    pub(crate) fn operation(&self) -> Operation {
        match self.clone() {
            Self::Neurons(d) => Operation::AddNeuronGroup(d),
            Self::Poisson(d) => Operation::AddPoissonGroup(d),
            Self::Generator(d) => Operation::AddSpikeGeneratorGroup(d),
        }
    }

    /// The same as a group of neurons, which all groups are inside.
    pub(super) fn as_neurons(&self) -> NeuronGroupDescription {
        match self {
            Self::Neurons(d) => d.clone(),
            Self::Poisson(d) => NeuronGroupDescription {
                name: d.name.clone(),
                n: d.n,
                equations: match &d.rates {
                    Value::Expression(text) => format!("rates = {text} : Hz"),
                    Value::Numbers { .. } => "rates : Hz".to_owned(),
                },
                threshold: Some("rand() < rates*dt".to_owned()),
                timing: d.timing.clone(),
                namespace: d.namespace.clone(),
                ..Default::default()
            },
            Self::Generator(d) => NeuronGroupDescription {
                name: d.name.clone(),
                n: d.n,
                timing: d.timing.clone(),
                ..Default::default()
            },
        }
    }
}
