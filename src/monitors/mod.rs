//! Monitors: what is recorded while a network runs.
//! They own their data and only read from the group they watch.

mod rate_monitor;
mod spike_monitor;
mod state_monitor;

pub use rate_monitor::{PopulationRateMonitor, Window};
pub use spike_monitor::SpikeMonitor;
pub use state_monitor::{IntoVariables, Recordable, StateMonitor};

pub(crate) use rate_monitor::RateRecord;
pub(crate) use spike_monitor::SpikeRecord;
pub(crate) use state_monitor::{StateRecord, Watched};

use crate::error::{Error, ErrorKind};

fn detached() -> Error {
    Error::new(ErrorKind::Detached, "this monitor is not in a network yet")
        .help("add it before the run and use what comes back: `let monitor = net.add(monitor)?;`")
}

fn elsewhere() -> Error {
    Error::new(ErrorKind::Detached, "the group to be watched belongs to another network")
        .help("add the monitor to the network of its group")
}
