//! Explicit methods without noise: the midpoint rule, the classic fourth-order Runge–Kutta method, exponential Euler.
//! All variables use the values from the start of the step, as in Brian2.

use super::affine::affine;
use super::method::{Build, Update};
use crate::codegen::{Fun1, Fun2, Graph, Value};
use crate::error::{Error, ErrorKind, Result};

/// The slope in the middle of the step.
pub(crate) fn rk2(build: &Build<'_>) -> Result<Update> {
    let mut lowering = build.lowering();
    let x = build.state(&mut lowering.graph);
    let dt = build.dt(&mut lowering.graph);
    let half = scaled(&mut lowering.graph, dt, 0.5);
    let k1 = build.free_slopes(&mut lowering, &x)?;
    let middle = ahead(&mut lowering.graph, &x, &k1, half);
    shift_time(&mut lowering, Some(half));
    let k2 = build.free_slopes(&mut lowering, &middle)?;
    let new = ahead(&mut lowering.graph, &x, &k2, dt);
    Ok(build.finish(lowering.graph, &new))
}

/// Four slopes, weighted 1 : 2 : 2 : 1.
pub(crate) fn rk4(build: &Build<'_>) -> Result<Update> {
    let mut lowering = build.lowering();
    let x = build.state(&mut lowering.graph);
    let dt = build.dt(&mut lowering.graph);
    let half = scaled(&mut lowering.graph, dt, 0.5);
    let k1 = build.free_slopes(&mut lowering, &x)?;
    let at = ahead(&mut lowering.graph, &x, &k1, half);
    shift_time(&mut lowering, Some(half));
    let k2 = build.free_slopes(&mut lowering, &at)?;
    let at = ahead(&mut lowering.graph, &x, &k2, half);
    let k3 = build.free_slopes(&mut lowering, &at)?;
    let at = ahead(&mut lowering.graph, &x, &k3, dt);
    shift_time(&mut lowering, Some(dt));
    let k4 = build.free_slopes(&mut lowering, &at)?;
    let g = &mut lowering.graph;
    let sixth = g.constant(6.0);
    let sixth = g.apply2(Fun2::Div, dt, sixth);
    let sums: Vec<Value> = (0..x.len())
        .map(|k| {
            let two = g.constant(2.0);
            let inner = g.apply2(Fun2::Add, k2[k], k3[k]);
            let inner = g.apply2(Fun2::Mul, two, inner);
            let outer = g.apply2(Fun2::Add, k1[k], k4[k]);
            g.apply2(Fun2::Add, outer, inner)
        })
        .collect();
    let new = ahead(g, &x, &sums, sixth);
    Ok(build.finish(lowering.graph, &new))
}

/// For `x' = A x + B` with everything else as it is now: `(x + B/A)*exp(A dt) - B/A`.
pub(crate) fn exponential_euler(build: &Build<'_>) -> Result<Update> {
    let mut lowering = build.lowering();
    let x = build.state(&mut lowering.graph);
    let slopes = build.slopes(&mut lowering, &x)?;
    let g = &mut lowering.graph;
    let dt = build.dt(g);
    let mut new = Vec::new();
    for ((rate, slope), x) in build.rates.iter().zip(slopes).zip(&x) {
        let Some(row) = affine(g, slope, &[*x]) else {
            return Err(Error::new(
                ErrorKind::Method,
                format!(
                    "`exponential_euler` needs an equation that is linear in its own variable `{}`",
                    rate.name
                ),
            )
            .label(rate.rhs.span.clone(), format!("not linear in `{}`", rate.name))
            .help("use `.method(\"euler\")` or `.method(\"rk4\")`, or leave the method out"));
        };
        let b = row.rest.unwrap_or_else(|| g.constant(0.0));
        let Some(a) = row.factors.get(x).copied() else {
            let step = g.apply2(Fun2::Mul, dt, b);
            new.push(g.apply2(Fun2::Add, *x, step));
            continue;
        };
        let ratio = g.apply2(Fun2::Div, b, a);
        let sum = g.apply2(Fun2::Add, *x, ratio);
        let exponent = g.apply2(Fun2::Mul, a, dt);
        let factor = g.apply1(Fun1::Exp, exponent);
        let product = g.apply2(Fun2::Mul, sum, factor);
        let moved = g.apply2(Fun2::Sub, product, ratio);
        // A conductance may be zero for a moment.
        let zero = g.constant(0.0);
        let still = g.apply2(Fun2::Eq, a, zero);
        let step = g.apply2(Fun2::Mul, dt, b);
        let drifted = g.apply2(Fun2::Add, *x, step);
        new.push(g.select(still, drifted, moved));
    }
    Ok(build.finish(lowering.graph, &new))
}

/// `x + h*k` for each variable.
pub(super) fn ahead(g: &mut Graph, x: &[Value], k: &[Value], h: Value) -> Vec<Value> {
    x.iter()
        .zip(k)
        .map(|(x, k)| {
            let change = g.apply2(Fun2::Mul, h, *k);
            g.apply2(Fun2::Add, *x, change)
        })
        .collect()
}

fn scaled(g: &mut Graph, v: Value, factor: f64) -> Value {
    let factor = g.constant(factor);
    g.apply2(Fun2::Mul, v, factor)
}

pub(super) fn shift_time(lowering: &mut crate::codegen::Lowering<'_>, by: Option<Value>) {
    let t = lowering.graph.time();
    let shifted = by.map(|by| lowering.graph.apply2(Fun2::Add, t, by));
    lowering.set_time(shifted);
}
