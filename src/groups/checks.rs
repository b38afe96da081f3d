//! Everything that can be wrong with a group, found when it is added and not when it runs.
//! Names, dimensions and types of the equations, the threshold, the reset and the refractory period.

use std::collections::BTreeMap;

use super::context::Context;
use super::state::{GroupState, SPIKE};
use crate::description::{NamespaceValue, Refractory, RegularDescription};
use crate::equations::{
    At, Kind, Meaning, Owner, Scope, check_expression, check_statements, expect, parse_expression,
    parse_statements,
};
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::stateupdaters::choose;
use crate::units::Dimension;

/// Refuses values handed over under the name of a unit or a constant.
pub(crate) fn refuse_shadowing(namespace: &BTreeMap<String, NamespaceValue>) -> Result<()> {
    match namespace.keys().find(|name| crate::equations::constant(name).is_some()) {
        Some(name) => {
            Err(Error::new(ErrorKind::Value, format!("`{name}` already has a meaning in every equation"))
                .help("hand the value over under another name"))
        }
        None => Ok(()),
    }
}

/// Names, dimensions and types of all the code of a group.
pub(super) fn check(state: &GroupState, context: &Context) -> Result<()> {
    let d = &state.description;
    let scope = state.scope(context)?;
    state.equations.check(&scope)?;
    if let Some(text) = &d.threshold {
        check_condition("threshold", text, &scope)?;
    }
    for (event, text) in &d.events {
        if event == SPIKE {
            return Err(Error::new(ErrorKind::Value, "the event `spike` belongs to the threshold")
                .help("use `.threshold(…)`, or give the event another name"));
        }
        check_condition(&format!("event {event}"), text, &scope)?;
    }
    for code in &d.run_on_event {
        if !state.events.contains_key(&code.event) {
            return Err(no_event(state, &code.event));
        }
        let twice = d.run_on_event.iter().filter(|other| other.event == code.event).count() > 1;
        if twice || (code.event == SPIKE && d.reset.is_some()) {
            return Err(Error::new(
                ErrorKind::Value,
                format!("there are two codes for the event `{}`", code.event),
            )
            .help("write all statements into one code"));
        }
        check_event_code(&format!("code for {}", code.event), &code.code, &scope)?;
    }
    if let Some(event) = d.event_schedule.keys().find(|event| !state.events.contains_key(*event)) {
        return Err(no_event(state, event));
    }
    if let Some(text) = &d.reset {
        if d.threshold.is_none() {
            return Err(Error::new(ErrorKind::Value, "there is a reset but no threshold")
                .help("add `.threshold(\"v > 1\")`, or leave the reset out"));
        }
        check_event_code("reset", text, &scope)?;
    }
    choose(d.method.as_deref(), &state.equations, &scope, state.is_refractory())?;
    match &d.refractory {
        None => Ok(()),
        Some(Refractory::Time(q)) if q.dimension() == Dimension::TIME => Ok(()),
        Some(Refractory::Time(q)) => Err(Error::new(
            ErrorKind::Dimension,
            format!("the refractory period must be a time, this is {}", q.dimension().describe()),
        )
        .help("give it a unit, for example `.refractory(5.0*ms)`")),
        Some(Refractory::Expression(text)) => {
            let expr = parse_expression("refractory", text)?;
            match check_expression(&expr, &scope) {
                Ok(Kind::Condition) => Ok(()),
                Ok(Kind::Number(_)) => expect(&expr, &scope, Dimension::TIME, "the refractory period"),
                Err(e) => Err(e),
            }
            .map_err(|e| e.in_text("refractory", text))
        }
    }
}

fn check_condition(name: &str, text: &str, scope: &Scope) -> Result<()> {
    let expr = parse_expression(name, text)?;
    match check_expression(&expr, scope) {
        Ok(Kind::Condition) => Ok(()),
        Ok(Kind::Number(_)) => Err(Error::new(ErrorKind::Type, format!("the {name} must be a condition"))
            .label(expr.span, "this is a number")
            .help("write a comparison, as in `v > 1`")
            .in_text(name, text)),
        Err(e) => Err(e.in_text(name, text)),
    }
}

/// Names, dimensions and types of statements.
pub(crate) fn check_code(name: &str, text: &str, scope: &Scope) -> Result<()> {
    let statements = parse_statements(name, text)?;
    check_statements(&statements, scope).map_err(|e| e.in_text(name, text))
}

/// As [`check_code`], for code that runs for some elements only: it cannot set what all of them share.
pub(crate) fn check_event_code(name: &str, text: &str, scope: &Scope) -> Result<()> {
    check_code(name, text, scope)?;
    for s in parse_statements(name, text)? {
        let meaning = scope.symbol(&s.target).map(|s| s.meaning);
        if matches!(meaning, Some(Meaning::Column(_, At { owner: Owner::Shared, .. }))) {
            return Err(Error::new(ErrorKind::Type, format!("`{}` is one value for all elements", s.target))
                .label(s.target_span, "cannot be set by an event of some of them")
                .help("leave the flag `shared` out, or set it with `run_regularly`")
                .in_text(name, text));
        }
    }
    Ok(())
}

/// As [`check_code`], for code that runs at regular times.
pub(crate) fn check_regular(code: &RegularDescription, scope: &Scope) -> Result<()> {
    check_code("run_regularly", &code.code, scope)
}

/// An event that a group does not have.
pub(crate) fn no_event(state: &GroupState, event: &str) -> Error {
    let error = Error::new(ErrorKind::UnknownName, format!("`{}` has no event `{event}`", state.name()));
    if event == SPIKE {
        return error.help("give the group a threshold: `.threshold(\"v > 1\")`");
    }
    let known: Vec<&str> = state.events.keys().map(String::as_str).collect();
    match did_you_mean(event, known.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => error.help("declare it: `.event(\"name\", \"v > 0.5\")`"),
        None => error.help(format!("its events are `{}`", known.join("`, `"))),
    }
}
