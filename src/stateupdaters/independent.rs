//! `independent`: each equation solved by itself, everything else held for the step.
//! Linear equations and those of second degree in their own variable have a formula; Brian2 calls the method deprecated.

use std::collections::HashMap;

use super::method::{Build, Update};
use crate::codegen::{Fun1, Fun2, Graph, Node, Value};
use crate::error::{Error, ErrorKind, Result};

/// Polynomials found so far: what is used twice is computed once.
type Found = HashMap<Value, Option<Polynomial>>;

/// Coefficients of 1, x and x squared; `None` is zero.
type Polynomial = [Option<Value>; 3];

pub(super) fn independent(build: &Build<'_>) -> Result<Update> {
    let mut lowering = build.lowering();
    let x = build.state(&mut lowering.graph);
    let slopes = build.slopes(&mut lowering, &x)?;
    let g = &mut lowering.graph;
    let dt = build.dt(g);
    let mut new = Vec::new();
    for ((rate, slope), x) in build.rates.iter().zip(slopes).zip(&x) {
        let Some(form) = polynomial(g, slope, *x, &mut Found::new()) else {
            return Err(Error::new(
                ErrorKind::Method,
                format!("`independent` has no formula for the equation of `{}`", rate.name),
            )
            .label(rate.rhs.span.clone(), format!("of higher than second degree in `{}`", rate.name))
            .help("use `.method(\"euler\")` or `.method(\"rk4\")`, or leave the method out"));
        };
        new.push(solved(g, form, *x, dt));
    }
    Ok(build.finish(lowering.graph, &new))
}

/// The solution of `x' = c + b x + a x**2` after `dt`: with f the slope now and q = b/2 + a x it is
/// `x + f T/(1 - q T)`, where T is `tanh(s dt)/s`, `dt` or `tan(s dt)/s` by the sign of `s**2 = b**2/4 - a c`.
fn solved(g: &mut Graph, [c, b, a]: Polynomial, x: Value, dt: Value) -> Value {
    let zero = g.constant(0.0);
    let (a, b, c) = (a.unwrap_or(zero), b.unwrap_or(zero), c.unwrap_or(zero));
    let half = g.constant(0.5);
    let hb = g.apply2(Fun2::Mul, half, b);
    let square = g.apply2(Fun2::Mul, hb, hb);
    let ac = g.apply2(Fun2::Mul, a, c);
    let s2 = g.apply2(Fun2::Sub, square, ac);
    let size = g.apply1(Fun1::Abs, s2);
    let s = g.apply1(Fun1::Sqrt, size);
    let angle = g.apply2(Fun2::Mul, s, dt);
    let [growing, turning] = [Fun1::Tanh, Fun1::Tan].map(|f| {
        let v = g.apply1(f, angle);
        g.apply2(Fun2::Div, v, s)
    });
    let positive = g.apply2(Fun2::Gt, s2, zero);
    let still = g.apply2(Fun2::Eq, s2, zero);
    let moving = g.select(positive, growing, turning);
    let t = g.select(still, dt, moving);
    let ax = g.apply2(Fun2::Mul, a, x);
    let q = g.apply2(Fun2::Add, hb, ax);
    let inner = g.apply2(Fun2::Add, ax, b);
    let product = g.apply2(Fun2::Mul, inner, x);
    let slope = g.apply2(Fun2::Add, product, c);
    let one = g.constant(1.0);
    let qt = g.apply2(Fun2::Mul, q, t);
    let below = g.apply2(Fun2::Sub, one, qt);
    let above = g.apply2(Fun2::Mul, slope, t);
    let change = g.apply2(Fun2::Div, above, below);
    g.apply2(Fun2::Add, x, change)
}

/// `v` as a polynomial in x of second degree at most, if it is one.
fn polynomial(g: &mut Graph, v: Value, x: Value, found: &mut Found) -> Option<Polynomial> {
    if let Some(known) = found.get(&v) {
        return *known;
    }
    let new = new_polynomial(g, v, x, found);
    found.insert(v, new);
    new
}

fn new_polynomial(g: &mut Graph, v: Value, x: Value, found: &mut Found) -> Option<Polynomial> {
    if v == x {
        return Some([None, Some(g.constant(1.0)), None]);
    }
    if !g.reaches(&[v], &[x]) {
        return Some([Some(v), None, None]);
    }
    match g.node(v) {
        Node::Apply1(Fun1::Neg, a) => {
            let a = polynomial(g, a, x, found)?;
            Some(a.map(|c| c.map(|c| g.apply1(Fun1::Neg, c))))
        }
        Node::Apply2(f @ (Fun2::Add | Fun2::Sub), a, b) => {
            let (a, b) = (polynomial(g, a, x, found)?, polynomial(g, b, x, found)?);
            let zero = g.constant(0.0);
            Some(std::array::from_fn(|k| match (a[k], b[k]) {
                (None, None) => None,
                (a, b) => Some(g.apply2(f, a.unwrap_or(zero), b.unwrap_or(zero))),
            }))
        }
        Node::Apply2(Fun2::Mul, a, b) => {
            let (a, b) = (polynomial(g, a, x, found)?, polynomial(g, b, x, found)?);
            product(g, a, b)
        }
        Node::Apply2(Fun2::Pow, a, b) if g.as_constant(b) == Some(2.0) => {
            let a = polynomial(g, a, x, found)?;
            product(g, a, a)
        }
        Node::Apply2(Fun2::Div, a, b) if !g.reaches(&[b], &[x]) => {
            let a = polynomial(g, a, x, found)?;
            Some(a.map(|c| c.map(|c| g.apply2(Fun2::Div, c, b))))
        }
        _ => None,
    }
}

fn product(g: &mut Graph, a: Polynomial, b: Polynomial) -> Option<Polynomial> {
    let mut out = [None; 3];
    for (i, a) in a.into_iter().enumerate() {
        for (j, b) in b.into_iter().enumerate() {
            let (Some(a), Some(b)) = (a, b) else { continue };
            let term = g.apply2(Fun2::Mul, a, b);
            let place: &mut Option<Value> = out.get_mut(i + j)?;
            *place = Some(match *place {
                None => term,
                Some(sum) => g.apply2(Fun2::Add, sum, term),
            });
        }
    }
    Some(out)
}
