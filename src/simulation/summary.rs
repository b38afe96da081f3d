//! What a network tells about itself: the order of a step, the methods in use, and where the time went.
//! Nothing here changes anything but what is noted during a run.

use std::collections::BTreeMap;

use super::engine::Engine;
use super::network::Network;
use crate::error::Result;
use crate::groups::lock;
use crate::stateupdaters::choose;
use crate::units::{Dimension, Quantity};

impl Network {
    /// From here on notes how much time each task takes, for [`Network::profiling_summary`].
    pub fn enable_profiling(&self) {
        lock(&self.profile).get_or_insert_default();
    }

    /// Seconds spent by each task, most first; empty unless [`Network::enable_profiling`] was called before the run.
    #[must_use]
    pub fn profiling_summary(&self) -> Vec<(String, f64)> {
        let profile = lock(&self.profile);
        let mut list: Vec<_> = profile.iter().flatten().map(|(name, s)| (name.clone(), *s)).collect();
        list.sort_by(|a, b| b.1.total_cmp(&a.1));
        list
    }

    /// What happens in a step, in order, as a table, like Brian2's
    /// [`scheduling_summary`](https://brian2.readthedocs.io/en/2.9.0/user/running.html#scheduling).
    ///
    /// # Errors
    /// What a run would refuse.
    pub fn scheduling_summary(&self) -> Result<String> {
        let objects = lock(&self.objects);
        let context = lock(&self.context);
        let engine = Engine::new(&objects, &context)?;
        let width = engine.entries.iter().map(|e| e.name.len()).max().unwrap_or(0).max(6);
        let mut table = format!("{:width$}  {:16}  {:>5}  dt\n", "object", "when", "order");
        for e in &engine.entries {
            let dt = Quantity::new(engine.steps[e.clock], Dimension::TIME);
            table += &format!("{:width$}  {:16}  {:>5}  {dt}\n", e.name, e.when, e.order);
        }
        Ok(table)
    }

    /// The integration method used for each group that has differential equations.
    ///
    /// # Errors
    /// What a run would refuse.
    pub fn methods(&self) -> Result<BTreeMap<String, String>> {
        let objects = lock(&self.objects);
        let context = lock(&self.context);
        let mut methods = BTreeMap::new();
        for group in &objects.groups {
            let state = group.live()?.state();
            let (scope, d) = (state.scope(&context)?, &state.description);
            let (method, _) = choose(d.method.as_deref(), &state.equations, &scope, state.is_refractory())?;
            if method != "none" {
                methods.insert(group.name().to_owned(), method.to_owned());
            }
        }
        Ok(methods)
    }
}
