//! Explicit methods without noise: the midpoint rule, the classic fourth-order Runge–Kutta method, exponential Euler.
//! All variables use the values from the start of the step, as in Brian2.

use super::affine::affine;
use super::method::{Build, Update};
use super::relaxed::{Found, Sum};
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

/// For `x' = A x + B` with everything else as it is now: `x + (A x + B) dt (exp(A dt) - 1)/(A dt)`, also where A is zero.
pub(crate) fn exponential_euler(build: &Build<'_>) -> Result<Update> {
    let mut lowering = build.lowering();
    let x = build.state(&mut lowering.graph);
    let slopes = build.slopes(&mut lowering, &x)?;
    let g = &mut lowering.graph;
    let dt = build.scope.dt();
    let (mut new, mut found) = (Vec::new(), Found::new());
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
        let Some(a) = row.factors.get(x).copied() else {
            let b = row.rest.unwrap_or_else(|| g.constant(0.0));
            let dt = g.constant(dt);
            let step = g.apply2(Fun2::Mul, dt, b);
            new.push(g.apply2(Fun2::Add, *x, step));
            continue;
        };
        let a = Sum::of(g, a, &mut found).times(dt);
        let b = row.rest.map_or(Sum::number(0.0), |b| Sum::of(g, b, &mut found)).times(dt);
        new.push(match a.as_number() {
            Some(a) => Sum::term(*x, Fun1::Exp.apply(a)).plus(&b.times(Fun1::Exprel.apply(a))).value(g),
            None => {
                let (a, b) = (a.value(g), b.value(g));
                let pull = g.apply2(Fun2::Mul, a, *x);
                let slope = g.apply2(Fun2::Add, pull, b);
                let share = g.apply1(Fun1::Exprel, a);
                let change = g.apply2(Fun2::Mul, slope, share);
                g.apply2(Fun2::Add, *x, change)
            }
        });
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
