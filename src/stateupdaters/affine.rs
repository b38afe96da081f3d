//! Linear forms: a computation as multiples of some of its inputs and a rest, if it is one.
//! Also the questions that `exact` asks of a whole system: is its matrix singular, are its solutions real?

use std::collections::HashMap;

use litemap::LiteMap;
use ndarray::Array2;

use crate::codegen::{Fun1, Fun2, Graph, Node, Value};
use crate::equations::Callable;

/// A sum of multiples of leaves and a rest; `None` is zero.
#[derive(Clone, Debug, Default)]
pub(super) struct Affine {
    pub(super) factors: LiteMap<Value, Value>,
    pub(super) rest: Option<Value>,
}

impl Affine {
    pub(super) fn parts(&self) -> Vec<Value> {
        self.factors.values().copied().chain(self.rest).collect()
    }

    /// True if a factor or the rest changes with time or by chance within a step of `dt`.
    pub(super) fn is_moving(&self, graph: &Graph, dt: f64) -> bool {
        let (mut open, mut seen) = (self.parts(), std::collections::HashSet::new());
        while let Some(v) = open.pop() {
            if !seen.insert(v) {
                continue;
            }
            match graph.node(v) {
                Node::Time
                | Node::Uniform(_)
                | Node::Normal(_)
                | Node::Poisson(..)
                | Node::Binomial(..)
                | Node::Xi(_) => return true,
                // An array over time may be as constant as a parameter.
                Node::Call(number, _, all) => match &graph.callables[number as usize] {
                    Callable::Table(array, _)
                        if graph.node(all[0]) == Node::Time && array.is_constant_over(dt) =>
                    {
                        open.extend(graph.operands(v).into_iter().skip(1));
                    }
                    _ => open.extend(graph.operands(v)),
                },
                _ => open.extend(graph.operands(v)),
            }
        }
        false
    }
}

/// `v` as a linear form in the leaves, if it is one.
pub(super) fn affine(g: &mut Graph, v: Value, leaves: &[Value]) -> Option<Affine> {
    form(g, v, leaves, &mut HashMap::new())
}

/// Forms found so far: what is used twice must not be computed twice, or time doubles with each use.
type Found = HashMap<Value, Option<Affine>>;

fn form(g: &mut Graph, v: Value, leaves: &[Value], found: &mut Found) -> Option<Affine> {
    if let Some(known) = found.get(&v) {
        return known.clone();
    }
    let new = new_form(g, v, leaves, found);
    found.insert(v, new.clone());
    new
}

fn new_form(g: &mut Graph, v: Value, leaves: &[Value], found: &mut Found) -> Option<Affine> {
    if leaves.contains(&v) {
        let one = g.constant(1.0);
        return Some(Affine { factors: LiteMap::from_iter([(v, one)]), rest: None });
    }
    if !g.reaches(&[v], leaves) {
        let rest = Some(v).filter(|v| g.as_constant(*v) != Some(0.0));
        return Some(Affine { factors: LiteMap::new(), rest });
    }
    match g.node(v) {
        Node::Apply1(Fun1::Neg, a) => {
            let a = form(g, a, leaves, found)?;
            Some(map(a, &mut |v| g.apply1(Fun1::Neg, v)))
        }
        Node::Apply2(f @ (Fun2::Add | Fun2::Sub), a, b) => {
            let (a, b) = (form(g, a, leaves, found)?, form(g, b, leaves, found)?);
            Some(sum(g, a, b, f))
        }
        Node::Apply2(Fun2::Mul, a, b) => {
            let (factor, linear) = if g.reaches(&[a], leaves) { (b, a) } else { (a, b) };
            if is_zero(g, factor) {
                return Some(Affine::default());
            }
            if g.reaches(&[factor], leaves) {
                return None;
            }
            let linear = form(g, linear, leaves, found)?;
            Some(map(linear, &mut |v| g.apply2(Fun2::Mul, factor, v)))
        }
        Node::Apply2(Fun2::Div, a, b) => {
            if g.reaches(&[b], leaves) {
                return None;
            }
            let a = form(g, a, leaves, found)?;
            Some(map(a, &mut |v| g.apply2(Fun2::Div, v, b)))
        }
        _ => None,
    }
}

/// True if it is zero whatever its inputs are, as an algebra program sees it.
fn is_zero(g: &Graph, v: Value) -> bool {
    match g.node(v) {
        Node::Const(bits) => f64::from_bits(bits) == 0.0,
        Node::Apply1(Fun1::Neg, a) | Node::Apply2(Fun2::Div, a, _) => is_zero(g, a),
        Node::Apply2(Fun2::Mul, a, b) => is_zero(g, a) || is_zero(g, b),
        _ => false,
    }
}

fn map(a: Affine, f: &mut dyn FnMut(Value) -> Value) -> Affine {
    Affine { factors: a.factors.into_iter().map(|(c, v)| (c, f(v))).collect(), rest: a.rest.map(&mut *f) }
}

fn sum(g: &mut Graph, a: Affine, b: Affine, f: Fun2) -> Affine {
    let mut join = |x: Option<Value>, y: Option<Value>| match (x, y) {
        (x, None) => x,
        (Some(x), Some(y)) => Some(g.apply2(f, x, y)),
        (None, Some(y)) if f == Fun2::Sub => Some(g.apply1(Fun1::Neg, y)),
        (None, y) => y,
    };
    let mut factors = LiteMap::new();
    for c in a.factors.keys().chain(b.factors.keys()) {
        if let Some(v) = join(a.factors.get(c).copied(), b.factors.get(c).copied()) {
            factors.insert(*c, v);
        }
    }
    let rest = join(a.rest, b.rest);
    Affine { factors, rest }
}

/// Why Brian2's `exact` would refuse a system: its symbolic solution needs the inverse of the matrix, and real numbers.
///
/// Parameters are symbols there. Here they take several values each: what holds for all of them holds for symbols.
///
/// Oscillations need complex numbers unless all coefficients are known to be real.
pub(super) fn refusal(g: &Graph, rows: &[Affine], x: &[Value], is_real: bool) -> Option<&'static str> {
    const SAMPLES: u64 = 5;
    let matrices = (0..SAMPLES).map(|sample| {
        Array2::from_shape_fn((x.len(), x.len()), |(i, j)| {
            rows[i].factors.get(&x[j]).map_or(0.0, |v| sampled(g, *v, sample, &mut HashMap::new()))
        })
    });
    // Samples in which a root or a logarithm has no real value say nothing.
    let usable: Vec<Array2<f64>> = matrices.filter(|m| m.iter().all(|v| v.is_finite())).collect();
    if usable.is_empty() {
        return None;
    }
    if usable.iter().all(is_singular) {
        return Some("the system has no unique steady state");
    }
    if !is_real && usable.iter().all(has_complex_eigenvalues) {
        return Some("its solution oscillates, which needs complex numbers");
    }
    None
}

/// The value of a computation when its inputs are numbers drawn for this sample.
fn sampled(g: &Graph, v: Value, sample: u64, known: &mut HashMap<Value, f64>) -> f64 {
    if let Some(x) = known.get(&v) {
        return *x;
    }
    let mut at = |v| sampled(g, v, sample, known);
    let x = match g.node(v) {
        Node::Const(bits) => f64::from_bits(bits),
        Node::Apply1(f, a) => f.apply(at(a)),
        Node::Apply2(f, a, b) => f.apply(at(a), at(b)),
        Node::Select(c, a, b) => {
            if at(c) == 0.0 {
                at(b)
            } else {
                at(a)
            }
        }
        _ => {
            // Between 0.5 and 2, of either sign.
            let draw = crate::random::Stream::new(sample, "exact").uniform(0, v.0, 0);
            let size = (2.0 * draw - 1.0).exp2();
            let sign = crate::random::Stream::new(sample, "sign").uniform(0, v.0, 0);
            if sign < 0.5 && sample > 0 { -size } else { size }
        }
    };
    known.insert(v, x);
    x
}

/// By elimination with pivots, against the size of the rows.
fn is_singular(m: &Array2<f64>) -> bool {
    let n = m.nrows();
    let mut m = m.clone();
    for i in 0..n {
        let size = m.row(i).iter().fold(0.0_f64, |s, v| s.max(v.abs()));
        if size == 0.0 {
            return true;
        }
        m.row_mut(i).mapv_inplace(|v| v / size);
    }
    for k in 0..n {
        let pivot = (k..n).max_by(|a, b| m[[*a, k]].abs().total_cmp(&m[[*b, k]].abs())).unwrap_or(k);
        if m[[pivot, k]].abs() < 1e-12 {
            return true;
        }
        for j in 0..n {
            m.swap([k, j], [pivot, j]);
        }
        for i in k + 1..n {
            let factor = m[[i, k]] / m[[k, k]];
            for j in k..n {
                m[[i, j]] -= factor * m[[k, j]];
            }
        }
    }
    false
}

/// By the characteristic polynomial (Faddeev and LeVerrier) and its roots (Durand and Kerner).
fn has_complex_eigenvalues(m: &Array2<f64>) -> bool {
    let n = m.nrows();
    let scale = m.iter().fold(0.0_f64, |s, v| s.max(v.abs()));
    let a = m / scale;
    let mut coefficients = vec![1.0];
    let mut power = Array2::<f64>::zeros((n, n));
    for k in 1..=n {
        let last = coefficients[k - 1];
        power = a.dot(&(&power + &(Array2::<f64>::eye(n) * last)));
        #[expect(clippy::cast_precision_loss, reason = "a handful of equations")]
        coefficients.push(-power.diag().sum() / k as f64);
    }
    let value = |z: (f64, f64)| {
        coefficients.iter().fold((0.0, 0.0), |v, c| (v.0 * z.0 - v.1 * z.1 + c, v.0 * z.1 + v.1 * z.0))
    };
    let times = |a: (f64, f64), b: (f64, f64)| (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0);
    let mut roots = vec![(1.0, 0.0)];
    for k in 1..n {
        roots.push(times(roots[k - 1], (0.4, 0.9)));
    }
    for _ in 0..500 {
        for k in 0..n {
            let mut below = (1.0, 0.0);
            for j in (0..n).filter(|j| *j != k) {
                below = times(below, (roots[k].0 - roots[j].0, roots[k].1 - roots[j].1));
            }
            let size = below.0 * below.0 + below.1 * below.1;
            if size > 0.0 {
                let step = times(value(roots[k]), (below.0 / size, -below.1 / size));
                roots[k] = (roots[k].0 - step.0, roots[k].1 - step.1);
            }
        }
    }
    // Roots that are the same are found only to some digits.
    roots.iter().any(|r| r.1.abs() > 1e-3 * (r.0.abs() + r.1.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oscillations_and_singular_systems_are_seen() {
        assert!(has_complex_eigenvalues(&ndarray::array![[0.0, -1.0], [1.0, 0.0]]));
        assert!(!has_complex_eigenvalues(&ndarray::array![[-1.0, 1.0], [0.0, -1.0]]));
        assert!(!has_complex_eigenvalues(&ndarray::array![
            [-1.0, 1.0, 0.0],
            [0.0, -1.0, 1.0],
            [0.0, 0.0, -1.0]
        ]));
        assert!(is_singular(&ndarray::array![[-1.0, 1.0], [2.0, -2.0]]));
        assert!(!is_singular(&ndarray::array![[-1e9, 1.0], [0.0, -1e-9]]));
    }
}
