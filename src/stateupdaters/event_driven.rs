//! Equations that are advanced only when an event comes: the exact solution over the time since the last one.
//! Equations on their own have a formula each; those that drive each other share a matrix exponential.

use super::affine::{affine, refusal};
use super::linear::{are_alone, entries, solution};
use super::real::has_real_coefficients;
use crate::codegen::{Fun2, Lowering, Value};
use crate::equations::{At, Equation, Equations, Expr, Flag, Meaning, Owner, Scope, Slot};
use crate::error::{Error, ErrorKind, Result};

/// Event-driven equations that drive each other: `x' = M x + b`.
pub(crate) struct Coupled {
    pub(crate) columns: Vec<Slot>,
    /// The rows of M one after the other, then b.
    pub(crate) entries: Vec<Value>,
    /// The time of the last event.
    pub(crate) last: Slot,
}

/// Sets the event-driven variables in `lowering` to their values now, and `lastupdate` to now.
///
/// Coupled equations come back instead: their columns must be brought up to date before the statements run.
pub(crate) fn advance(
    equations: &Equations,
    scope: &Scope,
    lowering: &mut Lowering<'_>,
) -> Result<Option<Coupled>> {
    let own = At::new(Owner::Own);
    let slot_of = |name: &str| match scope.symbol(name).map(|s| s.meaning) {
        Some(Meaning::Column(slot, at)) if at == own => Some(slot),
        _ => None,
    };
    let driven: Vec<(&Equation, &Expr, Slot)> = equations
        .differential()
        .filter(|(eq, _)| eq.has(Flag::EventDriven))
        .filter_map(|(eq, rhs)| Some((eq, rhs, slot_of(&eq.name)?)))
        .collect();
    let (Some(last), false) = (slot_of("lastupdate"), driven.is_empty()) else { return Ok(None) };
    let in_text = |e: Error| e.in_text("equations", &equations.text);
    let refuse = |(eq, rhs): (&Equation, &Expr), why: &str| {
        in_text(
            Error::new(ErrorKind::Method, format!("`{}` cannot be event-driven: {why}", eq.name))
                .label(rhs.span.clone(), why)
                .help("write `(clock-driven)` instead of `(event-driven)`"),
        )
    };
    let x: Vec<Value> = driven.iter().map(|(_, _, slot)| lowering.graph.load(*slot, own)).collect();
    let clocked = equations.differential().filter(|(eq, _)| !eq.has(Flag::EventDriven));
    let clocked: Vec<Slot> = clocked.filter_map(|(eq, _)| slot_of(&eq.name)).collect();
    let clocked: Vec<Value> = clocked.into_iter().map(|slot| lowering.graph.load(slot, own)).collect();
    let mut rows = Vec::new();
    for (eq, rhs, _) in &driven {
        let slope = lowering.expression(rhs).map_err(in_text)?;
        let Some(row) = affine(&mut lowering.graph, slope, &x) else {
            return Err(refuse((*eq, *rhs), "its equation is not linear"));
        };
        if lowering.graph.reaches(&row.parts(), &clocked) {
            return Err(refuse((*eq, *rhs), "it depends on an equation that is clock-driven"));
        }
        if row.is_moving(&lowering.graph, f64::NAN) {
            return Err(refuse((*eq, *rhs), "it depends on time or chance"));
        }
        rows.push(row);
    }
    let names: Vec<&str> = driven.iter().map(|(eq, _, _)| eq.name.as_str()).collect();
    let is_real = driven.iter().all(|(_, rhs, _)| has_real_coefficients(rhs, &names, scope));
    if let Some(why) = refusal(&lowering.graph, &rows, &x, is_real) {
        return Err(refuse((driven[0].0, driven[0].1), why));
    }
    let now = lowering.graph.time();
    if !are_alone(&rows, &x) {
        let entries = entries(&mut lowering.graph, &rows, &x);
        lowering.write(last, own, now);
        let columns = driven.iter().map(|(_, _, slot)| *slot).collect();
        return Ok(Some(Coupled { columns, entries, last }));
    }
    let before = lowering.graph.load(last, own);
    let span = lowering.graph.apply2(Fun2::Sub, now, before);
    for ((row, x), (_, _, slot)) in rows.iter().zip(&x).zip(&driven) {
        let value = solution(&mut lowering.graph, row, *x, span);
        lowering.write(*slot, own, value);
    }
    lowering.write(last, own, now);
    Ok(None)
}
