//! Everything that can be wrong with synapses, found when they are added and not when they run.
//! Pathways, delays, code, summed variables, and what is up to date at which time.

use super::state::SynapsesState;
use crate::codegen::Lowering;
use crate::description::SynapsesDescription;
use crate::equations::{Definition, Equations, ExprKind, Flag, Owner, Scope};
use crate::error::{Error, ErrorKind, Result};
use crate::groups::{GroupState, check_event_code};
use crate::stateupdaters::{advance, choose};
use crate::units::Dimension;

/// A pathway that these synapses do not have.
pub(super) fn no_pathway(name: &str, d: &SynapsesDescription) -> Error {
    let known: Vec<&str> = d.pathways.iter().map(|p| p.name.as_str()).collect();
    Error::new(ErrorKind::UnknownName, format!("there is no pathway `{name}`")).help(if known.is_empty() {
        "give the synapses code first: `.on_pre(\"v_post += w\")`".to_owned()
    } else {
        format!("the pathways are `{}`", known.join("`, `"))
    })
}

/// Names and delays of pathways.
pub(super) fn check_pathways(d: &SynapsesDescription) -> Result<()> {
    for p in &d.pathways {
        let fits = p.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !p.name.is_empty();
        if !fits || d.pathways.iter().filter(|other| other.name == p.name).count() > 1 {
            return Err(Error::new(
                ErrorKind::Value,
                format!("`{}` cannot be the name of a pathway", p.name),
            )
            .help("a pathway's name is made of letters, digits and `_`, and there is one of each"));
        }
        let Some(delay) = p.delay else { continue };
        if delay.dimension() != Dimension::TIME {
            return Err(Error::new(
                ErrorKind::Dimension,
                format!("the delay must be a time, this is {}", delay.dimension().describe()),
            )
            .help("give it a unit, for example `.delay(2.0*ms)`"));
        }
        if !(delay.value() >= 0.0 && delay.value().is_finite()) {
            return Err(Error::new(ErrorKind::Value, format!("the delay is {delay}"))
                .help("a delay is a time from 0 on"));
        }
    }
    Ok(())
}

/// Names, dimensions and types of all the code of synapses.
pub(super) fn check(
    state: &SynapsesState,
    before: &GroupState,
    behind: &GroupState,
    scope: &Scope,
) -> Result<()> {
    state.equations.check(scope)?;
    choose(state.description.method.as_deref(), &state.equations, scope, false)?;
    advance(&state.equations, scope, &mut Lowering::new(scope))?;
    for p in &state.description.pathways {
        let name = match p.name.as_str() {
            "pre" => "on_pre",
            "post" => "on_post",
            other => other,
        };
        check_event_code(name, &p.code, scope)?;
    }
    refuse_mixture(&state.equations)?;
    for (owner, variable, _) in state.summed() {
        let group = match owner {
            Owner::Post => behind,
            Owner::Pre => before,
            _ => {
                return Err(Error::new(
                    ErrorKind::Syntax,
                    format!("the summed variable `{variable}` names no side"),
                )
                .help("its name ends in `_post` or `_pre`: `g_post = w*x_pre : 1 (summed)`"));
            }
        };
        let fits = group.columns.find(&variable).is_some_and(|c| c.writable && !c.is_shared());
        if !fits {
            return Err(Error::new(
                ErrorKind::UnknownName,
                format!("`{}` has no variable `{variable}` that a sum could go to", group.name()),
            )
            .help(format!("declare it as a parameter of that group: `{variable} : 1`")));
        }
    }
    for eq in state.equations.list.iter().filter(|eq| eq.has(Flag::Summed)) {
        let (group, variable) = match (eq.name.strip_suffix("_post"), eq.name.strip_suffix("_pre")) {
            (Some(name), _) => (behind, name),
            (None, name) => (before, name.unwrap_or(&eq.name)),
        };
        let there = group.columns.find(variable).map_or(eq.dimension, |c| c.dimension);
        if there != eq.dimension {
            return Err(Error::new(
                ErrorKind::Dimension,
                format!(
                    "the sum `{}` is {}, `{variable}` of `{}` is {}",
                    eq.name,
                    eq.dimension.describe(),
                    group.name(),
                    there.describe()
                ),
            )
            .label(eq.name_span.clone(), "another unit than the variable it goes to")
            .help("declare both in the same unit")
            .in_text("equations", &state.equations.text));
        }
    }
    Ok(())
}

/// Refuses what is computed in each step from variables that are up to date at events only.
fn refuse_mixture(equations: &Equations) -> Result<()> {
    let find = |name: &str| equations.list.iter().find(|eq| eq.name == name);
    for eq in &equations.list {
        let expr = match &eq.definition {
            Definition::Differential(expr) if !eq.has(Flag::EventDriven) => expr,
            Definition::Subexpression(expr) if eq.has(Flag::Summed) => expr,
            _ => continue,
        };
        let (mut open, mut seen) = (vec![expr], Vec::new());
        while let Some(next) = open.pop() {
            let mut names = Vec::new();
            next.visit(&mut |e| {
                if let ExprKind::Name(name) = &e.kind {
                    names.push(name.clone());
                }
            });
            for other in names.iter().filter_map(|name| find(name)) {
                if other.has(Flag::EventDriven) {
                    return Err(Error::new(
                        ErrorKind::Method,
                        format!(
                            "`{}` is computed in each step, but `{}` at events only",
                            eq.name, other.name
                        ),
                    )
                    .label(expr.span.clone(), format!("reads `{}`", other.name))
                    .help(format!("declare `{}` as `(clock-driven)`", other.name))
                    .in_text("equations", &equations.text));
                }
                if let (Definition::Subexpression(inner), false) =
                    (&other.definition, seen.contains(&&other.name))
                {
                    seen.push(&other.name);
                    open.push(inner);
                }
            }
        }
    }
    Ok(())
}
