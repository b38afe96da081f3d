//! Everything compiled before a run: each object locked once, its programs built, its tasks put on the agenda.
//! Names and places of tasks are Brian2's, since they decide the order of a step.

use super::crew::Crew;
use super::engine::{Code, Counter, Engine, RateCounter, Sampler, Sum, Synaptic, Target, Watch};
use super::events::Events;
use super::group_program::GroupProgram;
use super::objects::Objects;
use super::pathway::Pathway;
use super::program::CodeProgram;
use super::schedule::{Agenda, Entry, Task};
use super::state_update::StateUpdate;
use crate::codegen::{Lowering, Tape};
use crate::description::Timing;
use crate::equations::{Definition, Equations, Expr, ExprKind, Flag, Owner, Scope};
use crate::error::{Error, ErrorKind, Result};
use crate::groups::{Context, GroupState, SPIKE};
use crate::monitors::Watched;
use crate::stateupdaters::choose;
use crate::synapses::SynapsesState;

/// Slot and order of a task: the user's, or else the usual ones.
fn place<'t>(timing: &'t Timing, when: &'t str, order: i32) -> (&'t str, i32) {
    (timing.when.as_deref().unwrap_or(when), timing.order.unwrap_or(order))
}

impl<'a> Engine<'a> {
    /// Compiles everything; the caller holds the context's lock.
    pub(super) fn new(objects: &'a Objects, context: &Context) -> Result<Self> {
        let mut agenda = Agenda::default();
        let crew = Crew::new(context.threads, context.shares_always);
        let mut engine = Self { crew, ..Self::default() };
        for (g, group) in objects.groups.iter().enumerate() {
            let state = group.live()?.state();
            if state.active {
                engine.add_group(g, &state, context, &mut agenda)?;
            }
            let program = GroupProgram::new(&state, context)?;
            let plan = state.generator.as_ref().map(|g| g.planned(state.name(), state.dt(context)));
            engine.plans.push(plan.transpose()?);
            engine.groups.push((state, program));
        }
        for (s, object) in objects.synapses.iter().enumerate() {
            let state = object.live()?.state();
            let (source, target) = (objects.place_of(&state.source)?, objects.place_of(&state.target)?);
            let (update, pathways) = engine.wiring(&state, (source, target), context)?;
            let stream = context.stream(&format!("{} stateupdater", state.name()));
            let drivers = state.description.pathways.iter().map(|d| {
                let (g, view) = d.side.of((source, &state.source), (target, &state.target));
                let event = d.event.as_deref().unwrap_or(SPIKE);
                Events::new(g, &engine.groups[g].0, event, view.range.clone())
            });
            let (drivers, caches) = (drivers.collect(), Vec::new());
            engine.synapses.push(Synaptic {
                state,
                source,
                target,
                update,
                caches,
                stream,
                pathways,
                drivers,
            });
            if engine.synapses[s].state.active {
                engine.add_synapses(s, context, &mut agenda)?;
            }
        }
        let is_on = |name: &str| !context.inactive.contains_key(name);
        for input in objects.inputs.iter().filter(|o| is_on(o.name())) {
            let view = input.target()?;
            let g = objects.place_of(&view)?;
            let state = &engine.groups[g].0;
            let scope = state.scope_of_part(context, &view.range)?;
            let stream = context.stream(input.name());
            let program = CodeProgram::new("PoissonInput", &input.code(), &scope, stream)?;
            let (when, order) = place(&input.description.timing, "synapses", 0);
            let dt = input.description.timing.dt.unwrap_or(state.dt(context));
            agenda.add(context, when, order, input.name().to_owned(), Task::Code(engine.codes.len()), dt)?;
            engine.codes.push(Code { program, target: Target::Part(g, view.range) });
        }
        engine.add_monitors(objects, context, &mut agenda)?;
        for (k, operation) in objects.operations.iter().enumerate().filter(|(_, o)| is_on(o.name())) {
            let timing = &operation.description.timing;
            let (when, order) = place(timing, "start", 0);
            let dt = timing.dt.unwrap_or(context.dt);
            agenda.add(context, when, order, operation.name().to_owned(), Task::Operation(k), dt)?;
        }
        let pathways = engine.synapses.iter().flat_map(|s| &s.pathways);
        let mut set: Vec<_> = pathways.flat_map(Pathway::slots).collect();
        set.extend(engine.codes.iter().flat_map(|code| code.program.slots()));
        set.extend(engine.sums.iter().map(|sum| sum.slot));
        for Synaptic { state, .. } in &mut engine.synapses {
            let sets_delays = state.delays().any(|delay| set.contains(&delay));
            state.own_delays |= sets_delays;
        }
        // An operation of the user's may set anything.
        if !agenda.entries.iter().any(|e| matches!(e.task, Task::Operation(_))) {
            engine.groups.iter_mut().for_each(|(_, program)| program.follow_spikes(&set));
        }
        let (entries, steps) = agenda.sorted();
        engine.tasks = entries.iter().map(|e: &Entry| (e.task, e.clock)).collect();
        engine.entries = entries;
        engine.steps = steps;
        Ok(engine)
    }

    fn add_group(
        &mut self,
        g: usize,
        state: &GroupState,
        context: &Context,
        agenda: &mut Agenda,
    ) -> Result<()> {
        let (d, name, dt) = (&state.description, state.name(), state.dt(context));
        let order = d.timing.order.unwrap_or(0);
        if let Some(variable) = state.unlinked.first() {
            return Err(Error::new(ErrorKind::Value, format!("`{variable}` of `{name}` is not linked yet"))
                .help(format!("link it before the run: `group.link(\"{variable}\", &other, \"x\")`")));
        }
        let scope = state.scope(context)?;
        let label = format!("{name}_subexpression_update");
        if let Some(text) = constant_subexpressions(&state.equations) {
            let program = CodeProgram::new("equations", &text, &scope, context.stream(&label))?;
            let task = Task::Code(self.codes.len());
            agenda.add(context, "before_start", order, label, task, dt)?;
            self.codes.push(Code { program, target: Target::Part(g, 0..state.len()) });
        }
        if state.equations.differential().next().is_some() || state.is_refractory() {
            let (when, order) = ("groups", order);
            agenda.add(context, when, order, format!("{name}_stateupdater"), Task::UpdateGroup(g), dt)?;
        }
        if state.generator.is_some() {
            let (when, order) = place(&d.timing, "thresholds", 0);
            agenda.add(context, when, order, name.to_owned(), Task::Generate(g), dt)?;
        }
        for (k, event) in state.events.keys().enumerate() {
            if state.generator.is_some() {
                break;
            }
            let (when, order) = event_place(state, event);
            let task = Task::Event(g, k);
            agenda.add(context, when, order, format!("{name}_{event}_thresholder"), task, dt)?;
        }
        let reset = d.reset.iter().map(|code| (SPIKE, code, "resets", Timing::default()));
        let others = d.run_on_event.iter();
        let others = others.map(|c| (c.event.as_str(), &c.code, "after_resets", c.timing.clone()));
        for (event, code, slot, timing) in reset.chain(others) {
            let stream = context.stream(&format!("{name} {event} resetter"));
            let program =
                CodeProgram::new(if event == SPIKE { "reset" } else { event }, code, &scope, stream)?;
            let (when, order) = place(&timing, slot, order);
            let task = Task::Code(self.codes.len());
            agenda.add(context, when, order, format!("{name}_{event}_resetter"), task, dt)?;
            self.codes
                .push(Code { program, target: Target::Event(Events::new(g, state, event, 0..state.len())) });
        }
        for code in &state.regular {
            let program = CodeProgram::new("run_regularly", &code.code, &scope, context.stream(&code.name))?;
            let (when, order) = place(&code.timing, "start", 0);
            let task = Task::Code(self.codes.len());
            agenda.add(context, when, order, code.name.clone(), task, code.timing.dt.unwrap_or(dt))?;
            self.codes.push(Code { program, target: Target::Part(g, 0..state.len()) });
        }
        Ok(())
    }

    /// State update and pathways of synapses.
    fn wiring(
        &mut self,
        state: &SynapsesState,
        (source, target): (usize, usize),
        context: &Context,
    ) -> Result<(StateUpdate, Vec<Pathway>)> {
        let (before, behind) = (&self.groups[source].0, &self.groups[target].0);
        if !state.connected && state.active {
            return Err(Error::new(
                ErrorKind::Value,
                format!("`{}` has not connected anything", state.name()),
            )
            .help("call `connect` before the run, or switch it off with `set_active(false)`"));
        }
        let scope = state.scope(context, before, behind)?;
        let update = choose(state.description.method.as_deref(), &state.equations, &scope, false)?.1;
        let mut pathways = Vec::new();
        for (k, d) in state.description.pathways.iter().enumerate() {
            let dt = d.side.of(before, behind).dt(context);
            pathways.push(Pathway::new(state, (before, behind), context, (k, d), (dt, &mut self.crew))?);
        }
        Ok((StateUpdate::new(update), pathways))
    }

    fn add_synapses(&mut self, s: usize, context: &Context, agenda: &mut Agenda) -> Result<()> {
        let Synaptic { state, source, target, update, .. } = &self.synapses[s];
        let (before, behind) = (&self.groups[*source].0, &self.groups[*target].0);
        let (name, d) = (state.name().to_owned(), &state.description);
        let dt = state.dt(context);
        let scope = state.scope(context, before, behind)?;
        let order = d.timing.order.unwrap_or(0);
        let label = format!("{name}_subexpression_update");
        if let Some(text) = constant_subexpressions(&state.equations) {
            let program = CodeProgram::new("equations", &text, &scope, context.stream(&label))?;
            let task = Task::Code(self.codes.len());
            agenda.add(context, "before_start", order, label, task, dt)?;
            self.codes.push(Code { program, target: Target::Synapses(s) });
        }
        if !update.is_none() {
            agenda.add(
                context,
                "groups",
                order,
                format!("{name}_stateupdater"),
                Task::UpdateSynapses(s),
                dt,
            )?;
        }
        for (k, p) in d.pathways.iter().enumerate() {
            let (driver, order) = p.side.of((before, -1), (behind, 1));
            let (when, order) = place(&p.timing, "synapses", order);
            let task = Task::Propagate(s, k);
            agenda.add(context, when, order, format!("{name}_{}", p.name), task, driver.dt(context))?;
        }
        for (owner, variable, expr) in state.summed() {
            let (group, view, suffix) = if owner == Owner::Pre {
                (before, &state.source, "pre")
            } else {
                (behind, &state.target, "post")
            };
            let Some(column) = group.columns.find(&variable) else { continue };
            let mut lowering = Lowering::new(&scope);
            let value = lowering.expression(&expr)?;
            let tape = Tape::new(&lowering.graph, &[value]);
            let stream = context.stream(&format!("{name} sum {variable}"));
            let task = Task::Sum(self.sums.len());
            let order = group.description.timing.order.unwrap_or(0) - 1;
            let label = format!("{name}_summed_variable_{variable}_{suffix}");
            agenda.add(context, "groups", order, label, task, group.dt(context))?;
            self.sums.push(Sum {
                synapses: s,
                owner,
                slot: column.slot,
                range: view.range.clone(),
                tape,
                stream,
            });
        }
        for code in &state.regular {
            let stream = context.stream(&code.name);
            let program = CodeProgram::new("run_regularly", &code.code, &scope, stream)?;
            let (when, order) = place(&code.timing, "start", 0);
            let task = Task::Code(self.codes.len());
            agenda.add(context, when, order, code.name.clone(), task, code.timing.dt.unwrap_or(dt))?;
            self.codes.push(Code { program, target: Target::Synapses(s) });
        }
        Ok(())
    }

    fn add_monitors(&mut self, objects: &'a Objects, context: &Context, agenda: &mut Agenda) -> Result<()> {
        let is_on = |name: &str| !context.inactive.contains_key(name);
        for (k, monitor) in objects.state_monitors.iter().enumerate() {
            let d = &monitor.description;
            let (watch, scope, own) = match monitor.source()? {
                Watched::Group(view) => {
                    let g = objects.place_of(&view)?;
                    let state = &self.groups[g].0;
                    (Watch::Group, state.scope_of_part(context, &view.range)?, state.dt(context))
                }
                Watched::Synapses(live, _) => {
                    let s = objects.place_of_synapses(&live)?;
                    let Synaptic { state, source, target, .. } = &self.synapses[s];
                    let scope = state.scope(context, &self.groups[*source].0, &self.groups[*target].0)?;
                    (Watch::Synapses(s), scope, state.dt(context))
                }
            };
            let (when, order) = place(&d.timing, "start", 0);
            let dt = d.timing.dt.unwrap_or(own);
            if is_on(&d.name) {
                agenda.add(context, when, order, d.name.clone(), Task::Sample(k), dt)?;
            }
            let (record, tapes) = (monitor.live()?.state(), tapes(&d.variables, &scope)?);
            self.samplers.push(Sampler { record, watch, tapes, stream: context.stream(&d.name) });
        }
        for (k, monitor) in objects.spike_monitors.iter().enumerate() {
            let (d, view) = (&monitor.description, monitor.source()?);
            let g = objects.place_of(&view)?;
            let state = &self.groups[g].0;
            let event = d.event.clone().unwrap_or_else(|| SPIKE.to_owned());
            let (usual, order) = event_place(state, &event);
            let (when, order) = match &d.timing.when {
                Some(when) => (when.as_str(), d.timing.order.unwrap_or(0)),
                None => (usual, d.timing.order.unwrap_or(order + 1)),
            };
            if is_on(&d.name) {
                agenda.add(context, when, order, d.name.clone(), Task::RecordEvents(k), state.dt(context))?;
            }
            let tapes = tapes(&d.variables, &state.scope_of_part(context, &view.range)?)?;
            let stream = context.stream(&d.name);
            let record = monitor.live()?.state();
            let events = Events::new(g, state, &event, view.range);
            self.counters.push(Counter { record, events, keep: d.record, tapes, stream });
        }
        for (k, monitor) in objects.rate_monitors.iter().enumerate() {
            let (d, view) = (&monitor.description, monitor.source()?);
            let g = objects.place_of(&view)?;
            let (when, order) = place(&d.timing, "end", 0);
            let dt = self.groups[g].0.dt(context);
            if is_on(&d.name) {
                agenda.add(context, when, order, d.name.clone(), Task::Rate(k), dt)?;
            }
            let events = Events::new(g, &self.groups[g].0, SPIKE, view.range);
            self.rates.push(RateCounter { record: monitor.live()?.state(), events });
        }
        Ok(())
    }
}

/// One program for each of the variables.
fn tapes(variables: &[String], scope: &Scope) -> Result<Vec<Tape>> {
    let compile = |name: &String| {
        let mut lowering = Lowering::new(scope);
        let expr = Expr { kind: ExprKind::Name(name.clone()), span: 0..name.len() };
        let value = lowering.expression(&expr)?;
        Ok(Tape::new(&lowering.graph, &[value]))
    };
    variables.iter().map(compile).collect()
}

/// Slot and order in which an event's condition is looked at.
pub(super) fn event_place<'t>(state: &'t GroupState, event: &str) -> (&'t str, i32) {
    let d = &state.description;
    let usual = if event == SPIKE { "thresholds" } else { "after_thresholds" };
    match d.event_schedule.get(event) {
        Some(timing) => place(timing, usual, d.timing.order.unwrap_or(0)),
        None => (usual, d.timing.order.unwrap_or(0)),
    }
}

/// Statements that compute the subexpressions marked `constant over dt`.
fn constant_subexpressions(equations: &Equations) -> Option<String> {
    // Each is computed from the others as they were written: substituted, not stored first.
    let lines = equations.list.iter().filter(|eq| eq.has(Flag::ConstantOverDt));
    let lines = lines.filter_map(|eq| match &eq.definition {
        Definition::Subexpression(expr) => Some(format!("{} = {expr}", eq.name)),
        _ => None,
    });
    let lines: Vec<String> = lines.collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
