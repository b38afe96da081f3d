//! Explicit methods: forward Euler, the midpoint rule and the classic fourth-order Runge–Kutta method.
//! All variables use the values from the start of the step, as in Brian2.

use super::method::{Build, Update};
use crate::codegen::{Fun2, Graph, Value};
use crate::error::Result;

/// `x + dt*f(x)`.
pub(crate) fn euler(build: &Build<'_>) -> Result<Update> {
    let mut lowering = build.lowering();
    let x = build.state(&mut lowering.graph);
    let k = build.free_slopes(&mut lowering, &x)?;
    let dt = build.dt(&mut lowering.graph);
    let new = ahead(&mut lowering.graph, &x, &k, dt);
    Ok(build.finish(lowering.graph, &new))
}

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

/// `x + h*k` for each variable.
fn ahead(g: &mut Graph, x: &[Value], k: &[Value], h: Value) -> Vec<Value> {
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

fn shift_time(lowering: &mut crate::codegen::Lowering<'_>, by: Option<Value>) {
    let t = lowering.graph.time();
    let shifted = by.map(|by| lowering.graph.apply2(Fun2::Add, t, by));
    lowering.set_time(shifted);
}
