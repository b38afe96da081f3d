//! Equations with noise: slopes as a drift and multiples of each `xi`, and the methods for them.
//! As in Brian2, noise is meant in Stratonovich's sense, except where `euler` leaves no choice.

use super::affine::affine;
use super::explicit::{ahead, shift_time};
use super::method::{Build, Update};
use crate::codegen::{Fun1, Fun2, Graph, Lowering, Node, Value};
use crate::error::{Error, ErrorKind, Result};

/// Slopes taken apart.
pub(super) struct Parts {
    pub(super) drift: Vec<Value>,
    /// For each equation the multiples of each noise.
    pub(super) noise: Vec<Vec<Option<Value>>>,
}

impl Parts {
    /// Takes slopes apart; they must be linear in every `xi`.
    pub(super) fn new(build: &Build<'_>, g: &mut Graph, slopes: &[Value]) -> Result<Self> {
        let xi: Vec<Value> = (0..build.noises).map(|k| g.xi(k)).collect();
        let zero = g.constant(0.0);
        let (mut drift, mut noise) = (Vec::new(), Vec::new());
        for (rate, slope) in build.rates.iter().zip(slopes) {
            let Some(form) = affine(g, *slope, &xi) else {
                return Err(Error::new(
                    ErrorKind::Method,
                    format!("the noise of `{}` is not linear", rate.name),
                )
                .label(rate.rhs.span.clone(), "contains a product or a function of `xi`")
                .help("write the noise as a term of its own: `… + sigma*xi*tau**-0.5`"));
            };
            drift.push(form.rest.unwrap_or(zero));
            noise.push(xi.iter().map(|xi| form.factors.get(xi).copied()).collect());
        }
        Ok(Self { drift, noise })
    }

    /// The multiples of the noise are the same in every step and for every state.
    pub(super) fn is_additive(&self, build: &Build<'_>, g: &Graph, x: &[Value]) -> bool {
        let all: Vec<Value> = self.noise.iter().flatten().flatten().copied().collect();
        build.noises == 0 || !(g.reaches(&all, x) || g.any(&all, &|n| n == Node::Time))
    }

    /// No noise enters two equations, and none has two.
    fn is_diagonal(&self) -> bool {
        let count = |list: Vec<bool>| list.into_iter().filter(|b| *b).count();
        let rows = self.noise.iter().all(|row| count(row.iter().map(Option::is_some).collect()) <= 1);
        let noises = self.noise.first().map_or(0, Vec::len);
        rows && (0..noises).all(|k| count(self.noise.iter().map(|row| row[k].is_some()).collect()) <= 1)
    }

    /// Where the neuron stands still, zero.
    pub(super) fn held(mut self, build: &Build<'_>, g: &mut Graph) -> Self {
        let Some(free) = build.free(g) else { return self };
        let zero = g.constant(0.0);
        for (k, rate) in build.rates.iter().enumerate().filter(|(_, rate)| rate.frozen) {
            let _ = rate;
            self.drift[k] = g.select(free, self.drift[k], zero);
            for factor in self.noise[k].iter_mut().flatten() {
                *factor = g.select(free, *factor, zero);
            }
        }
        self
    }

    /// The noise of each equation: `sum g dW`.
    fn kicks(&self, g: &mut Graph, dw: &[Value]) -> Vec<Value> {
        let zero = g.constant(0.0);
        let row = |row: &Vec<Option<Value>>, g: &mut Graph| {
            let mut total = None;
            for (factor, dw) in row.iter().zip(dw) {
                if let Some(factor) = factor {
                    let kick = g.apply2(Fun2::Mul, *factor, *dw);
                    total = Some(match total {
                        None => kick,
                        Some(total) => g.apply2(Fun2::Add, total, kick),
                    });
                }
            }
            total.unwrap_or(zero)
        };
        self.noise.iter().map(|r| row(r, g)).collect()
    }
}

/// One normal number for each noise, times the root of the step.
fn increments(build: &Build<'_>, g: &mut Graph, dt: Value) -> Vec<Value> {
    let root = g.apply1(Fun1::Sqrt, dt);
    (0..build.noises)
        .map(|_| {
            let normal = g.normal();
            g.apply2(Fun2::Mul, normal, root)
        })
        .collect()
}

/// What every method starts from.
fn start(build: &Build<'_>, lowering: &mut Lowering<'_>) -> Result<(Vec<Value>, Parts)> {
    let x = build.state(&mut lowering.graph);
    let slopes = build.slopes(lowering, &x)?;
    let parts = Parts::new(build, &mut lowering.graph, &slopes)?;
    Ok((x, parts))
}

fn plus(g: &mut Graph, x: &[Value], y: &[Value]) -> Vec<Value> {
    x.iter().zip(y).map(|(x, y)| g.apply2(Fun2::Add, *x, *y)).collect()
}

/// `x + dt*f + g*dW`, where g does not depend on the state.
pub(super) fn euler(build: &Build<'_>) -> Result<Update> {
    let mut lowering = build.lowering();
    let (x, parts) = start(build, &mut lowering)?;
    if !parts.is_additive(build, &lowering.graph, &x) {
        return Err(Error::new(
            ErrorKind::Method,
            "`euler` cannot integrate noise that depends on the state",
        )
        .label(build.rates[0].rhs.span.clone(), "the factor of `xi` is not constant")
        .help("use `.method(\"heun\")` or `.method(\"milstein\")`, or leave the method out"));
    }
    let g = &mut lowering.graph;
    let parts = parts.held(build, g);
    let dt = build.dt(g);
    let mut new = ahead(g, &x, &parts.drift, dt);
    if build.noises > 0 {
        let dw = increments(build, g, dt);
        let kicks = parts.kicks(g, &dw);
        new = plus(g, &new, &kicks);
    }
    Ok(build.finish(lowering.graph, &new))
}

/// Heun's method: the noise is the mean of the one here and the one at the far end of it.
pub(super) fn heun(build: &Build<'_>) -> Result<Update> {
    let mut lowering = build.lowering();
    let (x, parts) = start(build, &mut lowering)?;
    let dt = build.dt(&mut lowering.graph);
    let parts = parts.held(build, &mut lowering.graph);
    let dw = increments(build, &mut lowering.graph, dt);
    let here = parts.kicks(&mut lowering.graph, &dw);
    let support = plus(&mut lowering.graph, &x, &here);
    shift_time(&mut lowering, Some(dt));
    let slopes = build.slopes(&mut lowering, &support)?;
    let g = &mut lowering.graph;
    let there = Parts::new(build, g, &slopes)?.held(build, g).kicks(g, &dw);
    let both = plus(g, &here, &there);
    let half = g.constant(0.5);
    let mean: Vec<Value> = both.iter().map(|b| g.apply2(Fun2::Mul, half, *b)).collect();
    let moved = ahead(g, &x, &parts.drift, dt);
    let new = plus(g, &moved, &mean);
    Ok(build.finish(lowering.graph, &new))
}

/// Milstein's method without derivatives, for noise of its own in each equation.
pub(super) fn milstein(build: &Build<'_>) -> Result<Update> {
    let mut lowering = build.lowering();
    let (x, parts) = start(build, &mut lowering)?;
    if !parts.is_diagonal() {
        return Err(Error::new(ErrorKind::Method, "`milstein` needs a noise of its own for each equation")
            .label(build.rates[0].rhs.span.clone(), "noise is shared between equations, or there are several")
            .help("use `.method(\"heun\")`, or give each equation its own `xi_name`"));
    }
    let dt = build.dt(&mut lowering.graph);
    let parts = parts.held(build, &mut lowering.graph);
    let dw = increments(build, &mut lowering.graph, dt);
    let g = &mut lowering.graph;
    let root = g.apply1(Fun1::Sqrt, dt);
    let ones = vec![root; dw.len()];
    let moved = ahead(g, &x, &parts.drift, dt);
    // As if every noise had moved by the root of the step.
    let push = parts.kicks(g, &ones);
    let support = plus(g, &moved, &push);
    let slopes = build.slopes(&mut lowering, &support)?;
    let g = &mut lowering.graph;
    let there = Parts::new(build, g, &slopes)?.held(build, g);
    let two = g.constant(2.0);
    let below = g.apply2(Fun2::Mul, two, root);
    let squares: Vec<Value> = dw.iter().map(|w| g.apply2(Fun2::Mul, *w, *w)).collect();
    let kicks = parts.kicks(g, &dw);
    let (near, far) = (parts.kicks(g, &squares), there.kicks(g, &squares));
    let mut new = plus(g, &moved, &kicks);
    for (k, new) in new.iter_mut().enumerate() {
        let difference = g.apply2(Fun2::Sub, far[k], near[k]);
        let correction = g.apply2(Fun2::Div, difference, below);
        *new = g.apply2(Fun2::Add, *new, correction);
    }
    Ok(build.finish(lowering.graph, &new))
}
