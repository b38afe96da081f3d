//! How long spikes travel along a pathway, in its steps.
//! Delays are those that the synapses have when a run begins.

use super::crew::Crew;
use crate::error::{Error, ErrorKind, Result};
use crate::groups::Context;
use crate::synapses::{SynapsesState, delay_name};

/// Delays by synapse.
#[derive(Clone, Copy)]
pub(super) enum Delays<'a> {
    /// All synapses have this one, in steps.
    Same(u64),
    /// Seconds, and the length of a step.
    Each(&'a [f64], f64),
}

/// Brian2's rounding.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked by `delay_steps`")]
pub(super) fn steps(delay: f64, dt: f64) -> u64 {
    (delay / dt + 0.5) as u64
}

/// The delays of a pathway, each of them from 0 on.
pub(super) fn delay_steps<'a>(
    synapses: &SynapsesState,
    context: &'a Context,
    pathway: &str,
    dt: f64,
    crew: &mut Crew,
) -> Result<Delays<'a>> {
    let Some(slot) = synapses.columns.slot(&delay_name(pathway)) else {
        return Ok(Delays::Same(0));
    };
    let delays = &context.store[slot.place()];
    let Some(first) = delays.first() else { return Ok(Delays::Same(0)) };
    let is_good = |delay: &f64| (0.0..=1e15).contains(&(delay / dt));
    if !synapses.own_delays && is_good(first) {
        debug_assert!(delays.iter().all(|delay| delay == first), "nobody has set a delay");
        return Ok(Delays::Same(steps(*first, dt)));
    }
    let same = first.to_bits();
    let all_same = crew.survey(delays.len(), |range| {
        // Many at a time: there may be millions, all set to one delay.
        let (blocks, rest) = delays[range].as_chunks::<16>();
        let differs = |x: &f64| x.to_bits() ^ same;
        let block_differs = |block: &[f64; 16]| block.iter().fold(0, |bits, x| bits | differs(x)) != 0;
        !blocks.iter().any(block_differs) && rest.iter().all(|x| differs(x) == 0)
    });
    if is_good(first) && !all_same.contains(&false) {
        return Ok(Delays::Same(steps(*first, dt)));
    }
    if let Some(s) = delays.iter().position(|delay| !is_good(delay)) {
        return Err(Error::new(
            ErrorKind::Value,
            format!("the delay of synapse {s} of `{}` is {} s", synapses.name(), delays[s]),
        )
        .help("a delay is a time from 0 on"));
    }
    let first = steps(*first, dt);
    let is_same = delays.iter().all(|delay| steps(*delay, dt) == first);
    Ok(if is_same { Delays::Same(first) } else { Delays::Each(delays, dt) })
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    /// Whoever sets a delay, and whenever: the next run has it.
    #[test]
    fn a_run_has_the_delays_that_synapses_have_when_it_begins() {
        let mut net = Network::new();
        let times: Vec<f64> = (0..6).map(|k| 10.0 * f64::from(k) + 1.0).collect();
        let source = net.add(SpikeGeneratorGroup::new(1, &[0; 6], times * ms)).unwrap();
        let target = net.add(NeuronGroup::new(2, "x : 1")).unwrap();
        let synapses = Synapses::new(&source, &target).on_pre("x_post += 1").delay(2.0 * ms);
        let synapses = net.add(synapses).unwrap();
        synapses.connect(Connect::all()).unwrap();
        let monitor = net.add(StateMonitor::new(&target, "x").record([0, 1])).unwrap();
        let arrivals = |net: &mut Network| -> Vec<f64> {
            let before = monitor.t().len();
            net.run(10.0 * ms).unwrap();
            let first = |k| {
                let x = monitor.get("x", k).unwrap();
                let new = (before..x.len()).find(|t| *t > 0 && x[*t] > x[*t - 1]);
                // Recorded at the beginning of the step after.
                new.map_or(f64::NAN, |t| ((t - before) as f64 - 1.0) / 10.0)
            };
            vec![first(0), first(1)]
        };
        assert_eq!(arrivals(&mut net), [3.0, 3.0], "that of the description");
        net.store("one delay").unwrap();
        synapses.set_at("delay", 1, 4.0 * ms).unwrap();
        assert_eq!(arrivals(&mut net), [3.0, 5.0], "one set");
        net.store("two delays").unwrap();
        net.restore("one delay").unwrap();
        assert_eq!(arrivals(&mut net), [3.0, 3.0], "none set again");
        net.restore("two delays").unwrap();
        assert_eq!(arrivals(&mut net), [3.0, 5.0], "one set again");
        synapses.run_regularly("delay = (j + 5)*ms", 10.0 * ms).unwrap();
        assert_eq!(arrivals(&mut net), [3.0, 5.0], "set while it runs");
        assert_eq!(arrivals(&mut net), [6.0, 7.0], "set by code");
    }
}
