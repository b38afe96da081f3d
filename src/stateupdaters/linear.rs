//! `exact`: linear equations solved without error, with parameters that may differ from neuron to neuron.
//! An equation on its own becomes `v*E + v_inf - v_inf*E`, as Brian2 writes it; coupled ones share a matrix exponential.

use ndarray::Array2;

use super::affine::{Affine, affine, refusal};
use super::method::{Build, Rate, Update};
use super::real::has_real_coefficients;
use crate::codegen::{Fun1, Fun2, Graph, Tape, Value};
use crate::equations::Slot;
use crate::error::{Error, ErrorKind, Result};

/// `x' = M x + b` with entries that a tape computes for each neuron.
#[derive(Clone, Debug)]
pub(crate) struct LinearSystem {
    /// Columns of the variables.
    pub(crate) columns: Vec<Slot>,
    /// Results: the rows of M one after the other, then b.
    pub(crate) entries: Tape,
    /// Which variables stand still while the neuron is refractory.
    pub(crate) frozen: Vec<bool>,
    pub(crate) refractory: Option<Slot>,
}

/// The update, or why these equations have no exact solution here.
pub(crate) fn build(build: &Build<'_>) -> Result<Result<Update, Error>> {
    let mut lowering = build.lowering();
    let x = build.state(&mut lowering.graph);
    let slopes = build.slopes(&mut lowering, &x)?;
    let mut graph = lowering.graph;
    let dt = build.scope.dt();
    let mut rows = Vec::new();
    let refuse = |rate: &Rate<'_>, why: &str| {
        Error::new(
            ErrorKind::Method,
            format!("the equation of `{}` cannot be solved exactly: {why}", rate.name),
        )
        .label(rate.rhs.span.clone(), why)
        .help("use `.method(\"euler\")` or `.method(\"rk4\")`, or leave the method out")
    };
    if build.noises > 0 {
        return Ok(Err(refuse(&build.rates[0], "the equations have noise")));
    }
    for (rate, slope) in build.rates.iter().zip(slopes) {
        let Some(row) = affine(&mut graph, slope, &x) else {
            return Ok(Err(refuse(rate, "it is not linear in the state variables")));
        };
        if row.is_moving(&graph, dt) {
            return Ok(Err(refuse(rate, "it depends on time or chance")));
        }
        rows.push(row);
    }
    let names: Vec<&str> = build.rates.iter().map(|rate| rate.name).collect();
    let is_real =
        build.rates.iter().all(|rate| !rate.frozen && has_real_coefficients(rate.rhs, &names, build.scope));
    if let Some(why) = refusal(&graph, &rows, &x, is_real) {
        return Ok(Err(refuse(&build.rates[0], why)));
    }
    if are_alone(&rows, &x) {
        Ok(Ok(separate(build, graph, &rows)))
    } else {
        Ok(Ok(coupled(build, graph, &rows, &x)))
    }
}

/// True if no equation depends on another one's variable.
pub(super) fn are_alone(rows: &[Affine], x: &[Value]) -> bool {
    rows.iter().zip(x).all(|(row, x)| row.factors.keys().all(|other| other == x))
}

/// Equations that do not touch each other: a formula for each.
fn separate(build: &Build<'_>, mut graph: Graph, rows: &[Affine]) -> Update {
    let g = &mut graph;
    let dt = build.dt(g);
    let x = build.state(g);
    let new: Vec<Value> = rows.iter().zip(x).map(|(row, x)| solution(g, row, x, dt)).collect();
    build.finish(graph, &new)
}

/// The state of one equation after a time `dt`.
pub(super) fn solution(g: &mut Graph, row: &Affine, x: Value, dt: Value) -> Value {
    let Some(m) = row.factors.get(&x).copied() else {
        let Some(b) = row.rest else { return x };
        let step = g.apply2(Fun2::Mul, b, dt);
        return g.apply2(Fun2::Add, x, step);
    };
    let exponent = g.apply2(Fun2::Mul, m, dt);
    let is_fixed = g.as_constant(m).is_some_and(|m| m != 0.0);
    if !is_fixed && let Some(b) = row.rest {
        // `x + dt f (exp(m dt) - 1)/(m dt)`: one function and no division, also without decay (m = 0).
        let pull = g.apply2(Fun2::Mul, m, x);
        let slope = g.apply2(Fun2::Add, pull, b);
        let step = g.apply2(Fun2::Mul, slope, dt);
        let share = g.apply1(Fun1::Exprel, exponent);
        let change = g.apply2(Fun2::Mul, step, share);
        return g.apply2(Fun2::Add, x, change);
    }
    let decay = g.apply1(Fun1::Exp, exponent);
    let decayed = g.apply2(Fun2::Mul, x, decay);
    let Some(b) = row.rest else { return decayed };
    let ratio = g.apply2(Fun2::Div, b, m);
    let target = g.apply1(Fun1::Neg, ratio);
    let part = g.apply2(Fun2::Mul, target, decay);
    let sum = g.apply2(Fun2::Add, decayed, target);
    g.apply2(Fun2::Sub, sum, part)
}

/// The rows of M one after the other, then b.
pub(super) fn entries(graph: &mut Graph, rows: &[Affine], x: &[Value]) -> Vec<Value> {
    let zero = graph.constant(0.0);
    let mut roots = Vec::new();
    for row in rows {
        roots.extend(x.iter().map(|c| row.factors.get(c).copied().unwrap_or(zero)));
    }
    roots.extend(rows.iter().map(|r| r.rest.unwrap_or(zero)));
    roots
}

fn coupled(build: &Build<'_>, mut graph: Graph, rows: &[Affine], x: &[Value]) -> Update {
    let roots = entries(&mut graph, rows, x);
    let system = LinearSystem {
        columns: build.rates.iter().map(|r| r.column).collect(),
        entries: Tape::new(&graph, &roots),
        frozen: build.rates.iter().map(|r| r.frozen).collect(),
        refractory: build.refractory,
    };
    let known: Option<Vec<f64>> = roots.iter().map(|root| graph.as_constant(*root)).collect();
    match known {
        Some(entries) => fixed(build, &system, &entries, graph),
        None => Update::Linear(system),
    }
}

/// The same where all entries are known now: sums of products with numbers.
fn fixed(build: &Build<'_>, system: &LinearSystem, entries: &[f64], mut graph: Graph) -> Update {
    let g = &mut graph;
    let x = build.state(g);
    let free = build.free(g);
    let dt = build.scope.dt();
    let mut rows = |is_free: bool| -> Vec<Value> {
        let p = system.propagator(entries, is_free, dt);
        let n = x.len();
        let row = |i: usize| {
            let mut sum = None;
            for (j, x) in x.iter().enumerate().filter(|(j, _)| p[[i, *j]] != 0.0) {
                let factor = g.constant(p[[i, j]]);
                let term = g.apply2(Fun2::Mul, *x, factor);
                sum = Some(sum.map_or(term, |sum| g.apply2(Fun2::Add, sum, term)));
            }
            let rest = g.constant(p[[i, n]]);
            match sum {
                Some(sum) if p[[i, n]] == 0.0 => sum,
                Some(sum) => g.apply2(Fun2::Add, sum, rest),
                None => rest,
            }
        };
        (0..n).map(row).collect()
    };
    let moving = rows(true);
    let roots = match free {
        Some(free) if system.frozen.contains(&true) => {
            let standing = rows(false);
            moving.iter().zip(standing).map(|(m, s)| graph.select(free, *m, s)).collect()
        }
        _ => moving,
    };
    build.program(&graph, &roots)
}

/// `exp(a)` by scaling, a Taylor series and squaring (Moler and Van Loan, SIAM Review 45, 2003, method 3).
fn exponential(a: &Array2<f64>) -> Array2<f64> {
    let n = a.nrows();
    let (a, scale) = balanced(a);
    let norm = (0..n).map(|i| a.row(i).iter().map(|x| x.abs()).sum::<f64>()).fold(0.0, f64::max);
    if !norm.is_finite() {
        return Array2::from_elem((n, n), f64::NAN);
    }
    let mut halvings = 0;
    while norm / f64::from(2_u32.pow(halvings)) > 0.5 && halvings < 30 {
        halvings += 1;
    }
    let scaled = &a / f64::from(2_u32.pow(halvings));
    let mut term = Array2::eye(n);
    let mut result = Array2::eye(n);
    for k in 1..=18 {
        term = term.dot(&scaled) / f64::from(k);
        result += &term;
    }
    for _ in 0..halvings {
        result = result.dot(&result);
    }
    Array2::from_shape_fn((n, n), |(i, j)| result[[i, j]] * scale[i] / scale[j])
}

/// `D^-1 a D` with powers of two in D that make rows and columns alike, and D (Parlett and Reinsch 1969).
/// Volts and amperes in one system differ by ten orders of magnitude; unbalanced, that costs as many digits.
fn balanced(a: &Array2<f64>) -> (Array2<f64>, Vec<f64>) {
    const SWEEPS: usize = 40;
    let n = a.nrows();
    let (mut a, mut scale) = (a.clone(), vec![1.0; n]);
    for _ in 0..SWEEPS {
        let mut changed = false;
        for k in 0..n {
            let others = |f: &dyn Fn(usize) -> f64| (0..n).filter(|&j| j != k).map(f).sum::<f64>();
            let (column, row) = (others(&|j| a[[j, k]].abs()), others(&|j| a[[k, j]].abs()));
            let wanted = match (column > 0.0, row > 0.0) {
                (false, false) => continue,
                (true, true) => (row / column).sqrt(),
                // What only drives or is only driven can be scaled at will: make it small.
                (true, false) => 0.1_f64.min(column) / column,
                (false, true) => row / 0.1_f64.min(row),
            };
            let factor = wanted.log2().round().exp2();
            if factor.is_finite() && factor > 0.0 && factor != 1.0 {
                changed = true;
                scale[k] *= factor;
                a.column_mut(k).mapv_inplace(|x| x * factor);
                a.row_mut(k).mapv_inplace(|x| x / factor);
            }
        }
        if !changed {
            break;
        }
    }
    (a, scale)
}

/// The propagators of one neuron: what the entries were, and what follows from them when free and when refractory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Propagator {
    entries: Vec<f64>,
    free: Option<Array2<f64>>,
    refractory: Option<Array2<f64>>,
}

impl LinearSystem {
    /// Takes the state of one neuron from `x` one step further, in place.
    pub(crate) fn advance(
        &self,
        x: &mut [f64],
        entries: &[f64],
        is_free: bool,
        dt: f64,
        cache: &mut Propagator,
    ) {
        let same = cache.entries.len() == entries.len()
            && cache.entries.iter().zip(entries).all(|(a, b)| a.to_bits() == b.to_bits());
        if !same {
            *cache = Propagator { entries: entries.to_vec(), free: None, refractory: None };
        }
        let slot = if is_free { &mut cache.free } else { &mut cache.refractory };
        let p = slot.get_or_insert_with(|| self.propagator(entries, is_free, dt));
        let n = x.len();
        let old = x.to_vec();
        for (i, out) in x.iter_mut().enumerate() {
            *out = p[[i, n]] + old.iter().enumerate().map(|(j, v)| p[[i, j]] * v).sum::<f64>();
        }
    }

    /// A system whose variables are never held.
    pub(crate) fn free(columns: Vec<Slot>, entries: Tape) -> Self {
        let frozen = vec![false; columns.len()];
        Self { columns, entries, frozen, refractory: None }
    }

    /// The exponential of `[M b; 0 0] dt`, which needs no inverse of M.
    fn propagator(&self, entries: &[f64], is_free: bool, dt: f64) -> Array2<f64> {
        let n = self.columns.len();
        let mut a = Array2::zeros((n + 1, n + 1));
        for i in 0..n {
            if self.frozen[i] && !is_free {
                continue;
            }
            for j in 0..n {
                a[[i, j]] = entries[i * n + j] * dt;
            }
            a[[i, n]] = entries[n * n + i] * dt;
        }
        exponential(&a)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_comes_out_as_sine_and_cosine() {
        let angle = 2.5;
        let a = ndarray::array![[0.0, -angle], [angle, 0.0]];
        let e = exponential(&a);
        assert!((e[[0, 0]] - angle.cos()).abs() < 1e-14);
        assert!((e[[1, 0]] - angle.sin()).abs() < 1e-14);
    }

    #[test]
    fn mixed_units_cost_no_digits() {
        // v' = -v + 4e8 w, w' = -0.5 w: v(1) = 8e8 (exp(-1/2) - exp(-1)) from w(0) = 1.
        let e = exponential(&ndarray::array![[-1.0, 4e8], [0.0, -0.5]]);
        let exact = 8e8 * ((-0.5_f64).exp() - (-1.0_f64).exp());
        assert!((e[[0, 1]] / exact - 1.0).abs() < 1e-14, "{} {exact}", e[[0, 1]]);
    }

    #[test]
    fn equal_time_constants_are_no_trouble() {
        // The alpha function, where symbolic solutions divide by zero.
        let e = exponential(&ndarray::array![[-1.0, 1.0], [0.0, -1.0]]);
        assert!((e[[0, 1]] - (-1.0_f64).exp()).abs() < 1e-15);
    }
}
