//! Equations that are advanced only when an event comes: the exact solution over the time since the last one.
//! A single equation and a chain in which each drives the next are solved by formulas.

use super::affine::affine;
use super::linear::solution;
use crate::codegen::{Fun2, Lowering, Value};
use crate::equations::{At, Equations, Flag, Meaning, Owner, Scope, Slot};
use crate::error::{Error, ErrorKind, Result};

/// Sets the event-driven variables in `lowering` to their values now, and `lastupdate` to now.
pub(crate) fn advance(equations: &Equations, scope: &Scope, lowering: &mut Lowering<'_>) -> Result<()> {
    let own = At::new(Owner::Own);
    let slot_of = |name: &str| match scope.symbol(name).map(|s| s.meaning) {
        Some(Meaning::Column(slot, at)) if at == own => Some(slot),
        _ => None,
    };
    let (Some(last), true) =
        (slot_of("lastupdate"), equations.differential().any(|(eq, _)| eq.has(Flag::EventDriven)))
    else {
        return Ok(());
    };
    let now = lowering.graph.time();
    let before = lowering.graph.load(last, own);
    let span = lowering.graph.apply2(Fun2::Sub, now, before);
    let mut new: Vec<(Slot, Value)> = Vec::new();
    for (eq, rhs) in equations.differential().filter(|(eq, _)| eq.has(Flag::EventDriven)) {
        let in_text = |e: Error| e.in_text("equations", &equations.text);
        let refuse = |why: &str| {
            in_text(
                Error::new(ErrorKind::Method, format!("`{}` cannot be event-driven: {why}", eq.name))
                    .label(rhs.span.clone(), why)
                    .help("write `(clock-driven)` instead of `(event-driven)`"),
            )
        };
        let Some(slot) = slot_of(&eq.name) else { continue };
        let x = lowering.graph.load(slot, own);
        let slope = lowering.expression(rhs).map_err(in_text)?;
        let Some(row) = affine(&mut lowering.graph, slope, &[x]) else {
            return Err(refuse("its equation is not linear"));
        };
        let others = equations.differential().filter(|(other, _)| other.name != eq.name);
        let others: Vec<Slot> = others.filter_map(|(other, _)| slot_of(&other.name)).collect();
        let others: Vec<Value> = others.into_iter().map(|slot| lowering.graph.load(slot, own)).collect();
        if lowering.graph.reaches(&row.parts(), &others) {
            return Err(refuse("it depends on another equation"));
        }
        if row.is_moving(&lowering.graph, f64::NAN) {
            return Err(refuse("it depends on time or chance"));
        }
        new.push((slot, solution(&mut lowering.graph, &row, x, span)));
    }
    for (slot, value) in new {
        lowering.write(slot, own, value);
    }
    lowering.write(last, own, now);
    Ok(())
}
