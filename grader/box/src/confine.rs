//! What every process of the box may use at most, set on process 1 and inherited by all.
//! Never raised above what the grader itself may use.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use spikelab_box::plan::BoxLimits;

use crate::failure::{Context, Result};

/// Address space that one process may have in any case: the kernel reserves 2 GB and uses a quarter of them.
const SPACE: u64 = 3 << 30;
/// Address space beyond the memory limit, which is on what is used.
const BEYOND_MEMORY: u64 = 1 << 30;

pub(crate) fn limit_resources(limits: BoxLimits) -> Result<()> {
    for (resource, most) in [
        (Resource::As, limits.memory.max(SPACE) + BEYOND_MEMORY),
        (Resource::Nproc, limits.processes),
        (Resource::Fsize, limits.disk / 2),
        (Resource::Nofile, 1024),
        (Resource::Memlock, 64 << 10),
        (Resource::Msgqueue, 0),
        (Resource::Sigpending, 1024),
        // A limit of 0 would still start a program that takes core dumps; of 1 it would not.
        (Resource::Core, 1),
    ] {
        let most = getrlimit(resource).maximum.map_or(most, |present| most.min(present));
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).context(format!("set the limit {resource:?}"))?;
    }
    Ok(())
}
