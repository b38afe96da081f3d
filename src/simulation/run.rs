//! A run from its first step to its last: clocks, progress, the user's operations, and where the time went.
//! After an error the network stands where it stopped, with everything recorded so far.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use litemap::LiteMap;

use super::clock::{Clock, due};
use super::engine::{Engine, Synaptic};
use super::interrupt::Interrupt;
use super::objects::Objects;
use super::operation::{Inside, Step};
use super::schedule::Task;
use crate::description::{Selection, Value};
use crate::error::{Error, ErrorKind, Result};
use crate::groups::Context;
use crate::units::{Dimension, Quantity, QuantityArray};

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Share of the run that is done, from 0 to 1.
    pub completed: f64,
    /// Where the run started.
    pub start: Quantity,
    /// Its whole length.
    pub duration: Quantity,
    /// Time passed on the wall.
    pub elapsed: Duration,
}

impl std::fmt::Display for Progress {
    /// A bar of fixed width, the share done, the time simulated and the time left.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const WIDTH: usize = 30;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of a small width"
        )]
        let full = (self.completed.clamp(0.0, 1.0) * WIDTH as f64) as usize;
        let left = self.elapsed.as_secs_f64() * (1.0 - self.completed) / self.completed.max(1e-9);
        let bar = format!("{}{}", "#".repeat(full), ".".repeat(WIDTH - full));
        write!(f, "[{bar}] {:3.0} % of {}", self.completed * 100.0, self.duration)?;
        if self.completed > 0.0 && self.completed < 1.0 {
            write!(f, ", {} left  ", rounded(left))
        } else {
            write!(f, ", {:.1} s so far", self.elapsed.as_secs_f64())
        }
    }
}

/// Seconds as people say them.
fn rounded(seconds: f64) -> String {
    match seconds.max(0.0) {
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

/// What a run takes besides its length.
#[derive(Default)]
pub(super) struct Wishes<'r, 'p> {
    /// Told of progress at the start, at times between, and at the end.
    pub(super) report: Option<&'r mut (dyn FnMut(&Progress) + 'r)>,
    pub(super) period: Duration,
    /// Seconds spent by each task.
    pub(super) profile: Option<&'p mut LiteMap<String, f64>>,
}

/// Steps between two looks at the clock on the wall and at the health of the numbers.
const LOOKS: u64 = 64;
/// The same for the synapses' numbers.
const LONG_LOOKS: u64 = 1024;

/// Runs up to `end`; the answer is where it stopped, sooner than that if it was told to.
pub(super) fn run(
    objects: &Objects,
    context: &mut Context,
    end: f64,
    stop: &AtomicBool,
    wishes: Wishes<'_, '_>,
) -> (f64, Result<()>) {
    let mut engine = match Engine::new(objects, context) {
        Ok(engine) => engine,
        Err(error) => return (context.time, Err(error)),
    };
    let result = step_by_step(&mut engine, objects, context, end, stop, wishes);
    engine.finish(&mut context.store);
    result
}

fn step_by_step(
    engine: &mut Engine<'_>,
    objects: &Objects,
    context: &mut Context,
    end: f64,
    stop: &AtomicBool,
    mut wishes: Wishes<'_, '_>,
) -> (f64, Result<()>) {
    let start = context.time;
    let mut steps = engine.steps.clone();
    if steps.is_empty() {
        steps.push(context.dt);
    }
    let clocks: Result<Vec<Clock>> = steps.iter().map(|dt| Clock::new(*dt, start, end)).collect();
    let mut clocks = match clocks {
        Ok(clocks) => clocks,
        Err(error) => return (start, Err(error)),
    };
    // Who wants to know what each task takes gets them one by one.
    if wishes.profile.is_none() {
        engine.look_ahead();
    }
    let tasks = engine.tasks.clone();
    let began = Instant::now();
    let mut reported = began;
    let mut interrupt = Interrupt::new();
    let tell = |completed: f64, wishes: &mut Wishes<'_, '_>| {
        if let Some(report) = &mut wishes.report {
            let time = |t| Quantity::new(t, Dimension::TIME);
            let (start, duration) = (time(start), time(end - start));
            report(&Progress { completed, start, duration, elapsed: began.elapsed() });
        }
    };
    tell(0.0, &mut wishes);
    let (mut now_due, mut count) = (Vec::new(), 0_u64);
    while let Some(time) = due(&clocks, &mut now_due) {
        for (place, &(task, clock)) in tasks.iter().enumerate() {
            if !now_due[clock] {
                continue;
            }
            let c = &clocks[clock];
            engine.now.step = c.step;
            engine.now.time = c.time();
            engine.now.dt = c.dt;
            let before = wishes.profile.is_some().then(Instant::now);
            if let Task::Operation(k) = task {
                engine.catch_up(&mut context.store);
                match operate(engine, context, objects, k) {
                    Ok(false) => {}
                    Ok(true) => stop.store(true, Ordering::Relaxed),
                    Err(error) => return (time, Err(error)),
                }
            } else {
                engine.perform(task, context);
            }
            if let (Some(before), Some(profile)) = (before, &mut wishes.profile) {
                *profile.entry(engine.entries[place].name.clone()).or_default() +=
                    before.elapsed().as_secs_f64();
            }
        }
        for (clock, is_due) in clocks.iter_mut().zip(&now_due) {
            clock.step += u64::from(*is_due);
        }
        count += 1;
        if count.is_multiple_of(LOOKS) {
            engine.catch_up(&mut context.store);
            if let Err(error) = engine.healthy(&mut context.store, count.is_multiple_of(LONG_LOOKS)) {
                return (time, Err(error));
            }
            if wishes.report.is_some() && reported.elapsed() >= wishes.period {
                reported = Instant::now();
                tell(((time - start) / (end - start)).clamp(0.0, 1.0), &mut wishes);
            }
        }
        let interrupted = count.is_multiple_of(LOOKS) && interrupt.came();
        if interrupted || stop.load(Ordering::Relaxed) {
            let next = clocks.iter().map(Clock::time).fold(f64::INFINITY, f64::min).min(end);
            return (next, if interrupted { Err(broken_off(next, end)) } else { Ok(()) });
        }
    }
    engine.catch_up(&mut context.store);
    engine.now.time = end;
    let health = engine.healthy(&mut context.store, true);
    tell(1.0, &mut wishes);
    (end, health)
}

fn broken_off(reached: f64, end: f64) -> Error {
    let [reached, end] = [reached, end].map(|t| Quantity::new(t, Dimension::TIME));
    Error::new(ErrorKind::Interrupted, format!("interrupted at {reached} of {end}"))
        .help("a network made in an earlier cell keeps what it recorded, and another `run` goes on from here")
}

/// Calls an operation of the user's; true if it wants the run to end.
fn operate(engine: &mut Engine<'_>, context: &mut Context, objects: &Objects, k: usize) -> Result<bool> {
    let operation = &objects.operations[k];
    let (time, dt) = (engine.now.time, engine.now.dt);
    let mut inside = Middle { engine, context };
    let mut step = Step { inside: &mut inside, time, dt, stopped: false };
    let mut closure = operation.closure.lock().unwrap_or_else(PoisonError::into_inner);
    // A panic of the user's closure must not take the network with it.
    let result = catch_unwind(AssertUnwindSafe(|| closure(&mut step)));
    match result {
        Ok(done) => done.map(|()| step.stopped),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            let error = Error::new(ErrorKind::Value, format!("`{}` stopped: {text}", operation.name()));
            Err(error.help("within an operation, read and set objects by name: `step.get(\"G\", \"v\")`"))
        }
    }
}

/// The engine in the middle of a step.
struct Middle<'m, 'e> {
    engine: &'m mut Engine<'e>,
    context: &'m mut Context,
}

impl Inside for Middle<'_, '_> {
    fn get(&self, object: &str, variable: &str, index: &Selection) -> Result<QuantityArray> {
        if let Some((state, _)) = self.engine.groups.iter().find(|(state, _)| state.name() == object) {
            return state.get(self.context, &(0..state.len()), variable, index);
        }
        if let Some(s) = self.engine.synapses.iter().find(|s| s.state.name() == object) {
            return s.state.get_in(self.context, &self.scope(s)?, variable, index);
        }
        Err(missing(object))
    }

    fn set(&mut self, object: &str, variable: &str, index: &Selection, value: &Value) -> Result<()> {
        *self.context.operations.entry(object.to_owned()).or_default() += 1;
        if let Some((state, _)) = self.engine.groups.iter().find(|(state, _)| state.name() == object) {
            return state.set(self.context, &(0..state.len()), variable, index, value);
        }
        if let Some(s) = self.engine.synapses.iter().position(|s| s.state.name() == object) {
            let scope = self.scope(&self.engine.synapses[s])?;
            let state = &mut self.engine.synapses[s].state;
            return state.set_in(self.context, &scope, variable, index, value);
        }
        Err(missing(object))
    }
}

impl Middle<'_, '_> {
    fn scope(&self, s: &Synaptic<'_>) -> Result<crate::equations::Scope> {
        s.state.scope(self.context, &self.engine.groups[s.source].0, &self.engine.groups[s.target].0)
    }
}

fn missing(object: &str) -> Error {
    Error::new(
        ErrorKind::UnknownName,
        format!("there is no group and there are no synapses called `{object}`"),
    )
    .help("use the name given with `.named(…)`")
}
