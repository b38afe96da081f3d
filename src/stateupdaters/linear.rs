//! `exact`: linear equations solved without error, with parameters that may differ from neuron to neuron.
//! An equation on its own becomes `v*E + v_inf - v_inf*E`, as Brian2 writes it; coupled ones share a matrix exponential.

use std::collections::BTreeMap;

use ndarray::Array2;

use super::method::{Build, Update};
use crate::codegen::{Fun1, Fun2, Graph, Node, Tape, Value};
use crate::equations::{At, Owner, Slot};
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

/// A sum of multiples of the state variables and a rest; `None` is zero.
#[derive(Clone, Debug, Default)]
pub(super) struct Affine {
    factors: BTreeMap<Slot, Value>,
    rest: Option<Value>,
}

impl Affine {
    fn parts(&self) -> Vec<Value> {
        self.factors.values().copied().chain(self.rest).collect()
    }

    /// True if a factor or the rest contains one of these columns.
    pub(super) fn depends_on(&self, graph: &Graph, columns: &[Slot]) -> bool {
        let own = At::new(Owner::Own);
        graph.any(&self.parts(), &|n| matches!(n, Node::Load(c, at) if at == own && columns.contains(&c)))
    }

    /// True if a factor or the rest changes with time or by chance.
    pub(super) fn is_moving(&self, graph: &Graph) -> bool {
        graph.any(&self.parts(), &|n| {
            matches!(n, Node::Time | Node::Uniform(_) | Node::Normal(_) | Node::Poisson(..) | Node::Binomial(..))
        })
    }

    /// The rest, if there is nothing else.
    pub(super) fn drift_alone(&self) -> Option<Value> {
        self.rest.filter(|_| self.factors.is_empty())
    }
}

/// `v` as a linear form in these columns of the object itself.
pub(super) fn affine_in(g: &mut Graph, v: Value, columns: &[Slot]) -> Option<Affine> {
    affine(g, v, columns)
}

/// The update, or why these equations have no exact solution here.
pub(crate) fn build(build: &Build<'_>) -> Result<Result<Update, Error>> {
    let mut lowering = build.lowering();
    let x = build.state(&mut lowering.graph);
    let slopes = build.slopes(&mut lowering, &x)?;
    let mut graph = lowering.graph;
    let columns: Vec<Slot> = build.rates.iter().map(|r| r.column).collect();
    let mut rows = Vec::new();
    for (rate, slope) in build.rates.iter().zip(slopes) {
        let refuse = |why: &str| {
            Error::new(
                ErrorKind::Method,
                format!("the equation of `{}` cannot be solved exactly: {why}", rate.name),
            )
            .label(rate.rhs.span.clone(), why)
            .help("use `.method(\"euler\")` or `.method(\"rk4\")`, or leave the method out")
        };
        let Some(row) = affine(&mut graph, slope, &columns) else {
            return Ok(Err(refuse("it is not linear in the state variables")));
        };
        let parts: Vec<Value> = row.factors.values().copied().chain(row.rest).collect();
        let moving = |n: Node| matches!(n, Node::Time | Node::Uniform(_) | Node::Normal(_));
        if graph.any(&parts, &moving) {
            return Ok(Err(refuse("it depends on time or chance")));
        }
        if columns.len() == 1 && row.factors.is_empty() {
            return Ok(Err(refuse("the variable does not occur on the right")));
        }
        rows.push(row);
    }
    let alone =
        rows.iter().zip(&columns).all(|(row, c)| row.factors.len() == 1 && row.factors.contains_key(c));
    if alone { Ok(Ok(separate(build, graph, &rows))) } else { Ok(Ok(coupled(build, graph, &rows, columns))) }
}

/// Equations that do not touch each other: a formula for each.
fn separate(build: &Build<'_>, mut graph: Graph, rows: &[Affine]) -> Update {
    let g = &mut graph;
    let dt = build.dt(g);
    let x = build.state(g);
    let new = build.rates.iter().zip(rows).zip(x).map(|((rate, row), x)| solution(g, row, rate.column, x, dt));
    let new: Vec<Value> = new.collect();
    build.finish(graph, &new)
}

/// The state of one equation after a time `dt`.
pub(super) fn solution(g: &mut Graph, row: &Affine, column: Slot, x: Value, dt: Value) -> Value {
    let m = row.factors[&column];
    let exponent = g.apply2(Fun2::Mul, m, dt);
    let decay = g.apply1(Fun1::Exp, exponent);
    let decayed = g.apply2(Fun2::Mul, x, decay);
    let Some(b) = row.rest else { return decayed };
    let ratio = g.apply2(Fun2::Div, b, m);
    let target = g.apply1(Fun1::Neg, ratio);
    let part = g.apply2(Fun2::Mul, target, decay);
    let sum = g.apply2(Fun2::Add, decayed, target);
    let moved = g.apply2(Fun2::Sub, sum, part);
    // Without decay (an infinite time constant) the drift alone remains.
    let zero = g.constant(0.0);
    let still = g.apply2(Fun2::Eq, m, zero);
    let step = g.apply2(Fun2::Mul, b, dt);
    let drifted = g.apply2(Fun2::Add, x, step);
    g.select(still, drifted, moved)
}

fn coupled(build: &Build<'_>, mut graph: Graph, rows: &[Affine], columns: Vec<Slot>) -> Update {
    let zero = graph.constant(0.0);
    let mut roots = Vec::new();
    for row in rows {
        roots.extend(columns.iter().map(|c| row.factors.get(c).copied().unwrap_or(zero)));
    }
    roots.extend(rows.iter().map(|r| r.rest.unwrap_or(zero)));
    let refractory = build.free(&mut graph).and_then(|v| match graph.node(v) {
        Node::Load(c, _) => Some(c),
        _ => None,
    });
    Update::Linear(LinearSystem {
        columns,
        entries: Tape::new(&graph, &roots),
        frozen: build.rates.iter().map(|r| r.frozen).collect(),
        refractory,
    })
}

/// `v` as a linear form in the columns, if it is one.
fn affine(g: &mut Graph, v: Value, columns: &[Slot]) -> Option<Affine> {
    let state = columns.to_vec();
    let is_state = move |n: Node| matches!(n, Node::Load(c, At { owner: Owner::Own, via: None }) if state.contains(&c));
    if !g.any(&[v], &is_state) {
        return Some(Affine {
            factors: BTreeMap::new(),
            rest: Some(v).filter(|v| g.as_constant(*v) != Some(0.0)),
        });
    }
    match g.node(v) {
        Node::Load(c, _) => {
            let one = g.constant(1.0);
            Some(Affine { factors: [(c, one)].into(), rest: None })
        }
        Node::Apply1(Fun1::Neg, a) => {
            let a = affine(g, a, columns)?;
            Some(map(a, &mut |v| g.apply1(Fun1::Neg, v)))
        }
        Node::Apply2(f @ (Fun2::Add | Fun2::Sub), a, b) => {
            let (a, b) = (affine(g, a, columns)?, affine(g, b, columns)?);
            Some(sum(g, a, b, f))
        }
        Node::Apply2(Fun2::Mul, a, b) => {
            let (factor, linear) = if g.any(&[a], &is_state) { (b, a) } else { (a, b) };
            if g.any(&[factor], &is_state) {
                return None;
            }
            let linear = affine(g, linear, columns)?;
            Some(map(linear, &mut |v| g.apply2(Fun2::Mul, factor, v)))
        }
        Node::Apply2(Fun2::Div, a, b) => {
            if g.any(&[b], &is_state) {
                return None;
            }
            let a = affine(g, a, columns)?;
            Some(map(a, &mut |v| g.apply2(Fun2::Div, v, b)))
        }
        _ => None,
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
    let mut factors = BTreeMap::new();
    for c in a.factors.keys().chain(b.factors.keys()) {
        if let Some(v) = join(a.factors.get(c).copied(), b.factors.get(c).copied()) {
            factors.insert(*c, v);
        }
    }
    let rest = join(a.rest, b.rest);
    Affine { factors, rest }
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
