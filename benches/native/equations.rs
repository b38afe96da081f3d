//! The equations of `examples/models`, solved by hand: constants folded, one loop for a step; fused operations in `exp` only.
//! Units are seconds, volts and siemens; a step is 0.1 ms.

use std::ops::Range;

use super::{Model, Spike};

const DT: f64 = 1e-4;
/// That of all models with synapses but the one of Hodgkin-Huxley type.
const INTEGRATE_AND_FIRE: Spike = Spike { threshold: -50e-3, reset: Some(-60e-3), refractory: 50 };

/// `dv/dt = (drive - v)/tau` by its exact solution.
pub(crate) struct Lif;

impl Lif {
    pub(crate) const DRIVE: f64 = 1.2;
}

impl Model for Lif {
    const VARIABLES: usize = 1;
    const SPIKE: Spike = Spike { threshold: 1.0, reset: Some(0.0), refractory: 0 };

    #[inline(always)]
    fn advance(columns: &mut [Vec<f64>], _free: &[f64], range: Range<usize>) {
        let decay = (-DT / 10e-3_f64).exp();
        let constant = Self::DRIVE * (1.0 - decay);
        for v in &mut columns[0][range] {
            *v = *v * decay + constant;
        }
    }
}

/// `v`, `ge` and `gi` one step further; slices of their own, so that the compiler knows them apart.
#[inline(always)]
fn three(
    columns: &mut [Vec<f64>],
    free: &[f64],
    range: Range<usize>,
    new: impl Fn(f64, f64, f64) -> [f64; 3],
) {
    let [v, ge, gi] = columns else { return };
    let (v, n) = (&mut v[range.clone()], range.len());
    let (ge, gi, free) = (&mut ge[range.clone()][..n], &mut gi[range.clone()][..n], &free[range][..n]);
    for k in 0..n {
        let next = new(v[k], ge[k], gi[k]);
        v[k] = if free[k] == 0.0 { v[k] } else { next[0] };
        (ge[k], gi[k]) = (next[1], next[2]);
    }
}

/// Current-based synapses by their exact solution.
pub(crate) struct Cuba;

impl Model for Cuba {
    const VARIABLES: usize = 3;
    const SPIKE: Spike = INTEGRATE_AND_FIRE;

    #[inline(always)]
    fn advance(columns: &mut [Vec<f64>], free: &[f64], range: Range<usize>) {
        const EL: f64 = -49e-3;
        let [m, e, i] = [20e-3, 5e-3, 10e-3_f64].map(|tau| (-DT / tau).exp());
        // What is left of a synaptic voltage in the membrane after a step.
        let (from_e, from_i) = ((e - m) * (5.0 / (5.0 - 20.0)), (i - m) * (10.0 / (10.0 - 20.0)));
        let constant = EL * (1.0 - m);
        three(columns, free, range, |v, ge, gi| {
            [v * m + ge * from_e + gi * from_i + constant, ge * e, gi * i]
        });
    }
}

/// Rates of `dv/dt` of conductance-based synapses: that of the relaxation, and the drive.
#[inline(always)]
fn conductances(ge: f64, gi: f64) -> (f64, f64) {
    const C: f64 = 200e-12;
    const LEAK: f64 = 10e-9;
    ((ge + gi + LEAK) * (1.0 / C), (gi * -80e-3 + LEAK * -60e-3) * (1.0 / C))
}

/// Conductance-based synapses by `exponential_euler`.
pub(crate) struct Coba;

impl Model for Coba {
    const VARIABLES: usize = 3;
    const SPIKE: Spike = INTEGRATE_AND_FIRE;

    #[inline(always)]
    fn advance(columns: &mut [Vec<f64>], free: &[f64], range: Range<usize>) {
        let [e, i] = [5e-3, 10e-3_f64].map(|tau| (-DT / tau).exp());
        three(columns, free, range, |v, ge, gi| {
            let (rate, drive) = conductances(ge, gi);
            let steady = drive / rate;
            [(v - steady) * exp(rate * -DT) + steady, ge * e, gi * i]
        });
    }
}

/// The same by `euler`.
pub(crate) struct CobaEuler;

impl Model for CobaEuler {
    const VARIABLES: usize = 3;
    const SPIKE: Spike = INTEGRATE_AND_FIRE;

    #[inline(always)]
    fn advance(columns: &mut [Vec<f64>], free: &[f64], range: Range<usize>) {
        three(columns, free, range, |v, ge, gi| {
            let (rate, drive) = conductances(ge, gi);
            [v + (drive - rate * v) * DT, ge - ge * (DT / 5e-3), gi - gi * (DT / 10e-3)]
        });
    }
}

/// Neurons of Hodgkin-Huxley type by `exponential_euler`: ten exponential functions in a step.
pub(crate) struct CobaHh;

impl Model for CobaHh {
    const VARIABLES: usize = 6;
    const SPIKE: Spike = Spike { threshold: -20e-3, reset: None, refractory: 30 };

    #[inline(always)]
    fn advance(columns: &mut [Vec<f64>], _free: &[f64], range: Range<usize>) {
        const AREA: f64 = 20_000e-8;
        const C: f64 = AREA * 1e-6;
        const LEAK: f64 = 5e-5 * AREA;
        const SODIUM: f64 = 100e-3 * AREA;
        const POTASSIUM: f64 = 30e-3 * AREA;
        let [e, i] = [5e-3, 10e-3_f64].map(|tau| (-DT / tau).exp());
        let [v, m, n, h, ge, gi] = columns else { return };
        let len = range.len();
        let [v, m, n, h, ge, gi] = [v, m, n, h, ge, gi].map(|column| &mut column[range.clone()][..len]);
        let gate = |x: f64, alpha: f64, beta: f64| {
            let rate = alpha + beta;
            let steady = alpha / rate;
            (x - steady) * exp(rate * -DT) + steady
        };
        for k in 0..len {
            // Above VT, in millivolts.
            let u = v[k] * 1e3 + 63.0;
            let alpha_m = 1.28e3 * inverse_exprel(u * -0.25 + 3.25);
            let beta_m = 1.4e3 * inverse_exprel(u * 0.2 - 8.0);
            let alpha_h = 0.128e3 * exp(u * (-1.0 / 18.0) + 17.0 / 18.0);
            let beta_h = 4e3 / (1.0 + exp(u * -0.2 + 8.0));
            let alpha_n = 0.16e3 * inverse_exprel(u * -0.2 + 3.0);
            let beta_n = 0.5e3 * exp(u * -0.025 + 0.25);
            let sodium = SODIUM * (m[k] * m[k] * m[k]) * h[k];
            let potassium = POTASSIUM * ((n[k] * n[k]) * (n[k] * n[k]));
            let rate = (ge[k] + gi[k] + sodium + potassium + LEAK) * (1.0 / C);
            let drive = (gi[k] * -80e-3 + sodium * 50e-3 + potassium * -90e-3 + LEAK * -60e-3) * (1.0 / C);
            let steady = drive / rate;
            v[k] = (v[k] - steady) * exp(rate * -DT) + steady;
            m[k] = gate(m[k], alpha_m, beta_m);
            n[k] = gate(n[k], alpha_n, beta_n);
            h[k] = gate(h[k], alpha_h, beta_h);
            ge[k] *= e;
            gi[k] *= i;
        }
    }
}

/// `exp(x) - 1` on half of ln 2 to both sides of a multiple of it, and the power of two that is missing, for numbers that
/// do not overflow.
#[inline(always)]
fn reduced(x: f64) -> (f64, f64) {
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    let shifted = x.mul_add(std::f64::consts::LOG2_E, SHIFT);
    let k = shifted - SHIFT;
    let r = (-k).mul_add(2.319_046_813_846_299_6e-17, (-k).mul_add(std::f64::consts::LN_2, x));
    let r2 = r * r;
    // Taylor's series, in pairs.
    let pair = |constant: f64, slope: f64| r.mul_add(slope, constant);
    let q = pair(1.0 / 3_628_800.0, 1.0 / 39_916_800.0);
    let q = q.mul_add(r2, pair(1.0 / 40_320.0, 1.0 / 362_880.0));
    let q = q.mul_add(r2, pair(1.0 / 720.0, 1.0 / 5040.0));
    let q = q.mul_add(r2, pair(1.0 / 24.0, 1.0 / 120.0));
    let q = q.mul_add(r2, pair(1.0 / 2.0, 1.0 / 6.0));
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    (r2.mul_add(q, r), power)
}

#[inline(always)]
fn exp(x: f64) -> f64 {
    let (p, power) = reduced(x);
    power.mul_add(p, power)
}

/// `x/(exp(x) - 1)`.
#[inline(always)]
fn inverse_exprel(x: f64) -> f64 {
    let (p, power) = reduced(x);
    if x == 0.0 { 1.0 } else { x / power.mul_add(p, power - 1.0) }
}
