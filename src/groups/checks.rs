//! Everything that can be wrong with a group, found when it is added and not when it runs.
//! Names, dimensions and types of the equations, the threshold, the reset and the refractory period.

use std::collections::BTreeMap;

use super::context::Context;
use super::neuron_group::GroupState;
use crate::description::Refractory;
use crate::equations::{
    Kind, check_expression, check_statements, expect, parse_expression, parse_statements,
};
use crate::error::{Error, ErrorKind, Result};
use crate::stateupdaters::choose;
use crate::units::{Dimension, Quantity};

/// Refuses values handed over under the name of a unit or a constant.
pub(crate) fn refuse_shadowing(namespace: &BTreeMap<String, Quantity>) -> Result<()> {
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
    let scope = state.scope(context);
    state.equations.check(&scope)?;
    if let Some(text) = &d.threshold {
        let expr = parse_expression("threshold", text)?;
        match check_expression(&expr, &scope) {
            Ok(Kind::Condition) => {}
            Ok(Kind::Number(_)) => {
                return Err(Error::new(ErrorKind::Type, "the threshold must be a condition")
                    .label(expr.span, "this is a number")
                    .help("write a comparison, as in `v > 1`")
                    .in_text("threshold", text));
            }
            Err(e) => return Err(e.in_text("threshold", text)),
        }
    }
    if let Some(text) = &d.reset {
        if d.threshold.is_none() {
            return Err(Error::new(ErrorKind::Value, "there is a reset but no threshold")
                .help("add `.threshold(\"v > 1\")`, or leave the reset out"));
        }
        let statements = parse_statements("reset", text)?;
        check_statements(&statements, &scope).map_err(|e| e.in_text("reset", text))?;
    }
    choose(d.method.as_deref(), &state.equations, &scope, state.refractory_column())?;
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
