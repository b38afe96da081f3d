//! `exp`, logarithms, powers and hyperbolic functions without branches, so that loops over them become wide.
//! Fused products and sums in a fixed order: the same bits on every machine. Within 2 ulp.

/// Adding it rounds to a whole number, which then stands in the low bits.
pub(super) const SHIFT: f64 = 6_755_399_441_055_744.0;
/// ln 2: the nearest number, and the rest.
const LN2: [f64; 2] = [std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17];

/// `a*b + c`, rounded once. One instruction in the loops for AVX2, AVX-512 and NEON; slow without it, and the same bits.
#[inline(always)]
pub(super) fn fused(a: f64, b: f64, c: f64) -> f64 {
    a.mul_add(b, c)
}

/// The polynomial with these coefficients, the constant first.
#[inline(always)]
pub(super) fn polynomial<const N: usize>(x: f64, c: [f64; N]) -> f64 {
    let mut sum = c[N - 1];
    for k in (0..N - 1).rev() {
        sum = fused(sum, x, c[k]);
    }
    sum
}

/// Two to the power of a shifted whole number from -1022 to 1023.
#[inline(always)]
fn power_of_two(shifted: f64) -> f64 {
    f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// `(exp(r) - 1 - r)/r**2` on half of ln 2 to both sides, and the square of r.
#[inline(always)]
fn core(r: f64) -> (f64, f64) {
    let r2 = r * r;
    // Minimax; in pairs, which wait less for each other.
    let pair = |constant: f64, slope: f64| fused(r, slope, constant);
    let q = pair(2.763_024_879_588_049_5e-7, 2.500_008_442_577_504_3e-8);
    let q = fused(q, r2, pair(2.480_149_309_782_853_8e-5, 2.755_758_629_088_441_8e-6));
    let q = fused(q, r2, pair(0.001_388_888_894_363_108_5, 0.000_198_412_695_066_888_46));
    let q = fused(q, r2, pair(0.041_666_666_666_530_155, 0.008_333_333_333_494_399));
    (fused(q, r2, pair(0.500_000_000_000_001_1, 0.166_666_666_666_664_13)), r2)
}

/// `x = k ln 2 + r`: k shifted, and r.
#[inline(always)]
fn reduced(x: f64) -> (f64, f64) {
    let shifted = fused(x, std::f64::consts::LOG2_E, SHIFT);
    let k = shifted - SHIFT;
    (shifted, fused(-k, LN2[1], fused(-k, LN2[0], x)))
}

/// `exp(r) - 1` for small r.
#[inline(always)]
fn less_one(r: f64) -> f64 {
    let (q, r2) = core(r);
    fused(r2, q, r)
}

/// `exp(x + correction)`, the correction being far smaller than x.
#[inline(always)]
fn exp_of_sum(x: f64, correction: f64) -> f64 {
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let (shifted, r) = reduced(x);
    let p = less_one(r + correction);
    // In two halves, since 2**1024 is too large and results below 2**-1022 must be rounded once.
    let half = fused(shifted - SHIFT, 0.5, SHIFT);
    let rest = shifted - (half - SHIFT);
    let power = power_of_two(half);
    fused(power, p, power) * power_of_two(rest)
}

#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    exp_of_sum(x, NOTHING)
}

/// Adding it changes nothing at all, and takes no time.
const NOTHING: f64 = -0.0;
/// Up to what size [`near_exp`] is [`exp`]: results are normal numbers.
pub(super) const NEAR_EXP: f64 = 707.0;
/// Up to what size [`near_expm1`] is [`expm1`].
pub(super) const NEAR_EXPM1: f64 = 40.0;
/// Up to what size `exprel` is a polynomial: a bit less than half of ln 2.
pub(super) const SMALL: f64 = 0.346;

/// The same bits as [`exp`] within [`NEAR_EXP`], sooner: one power of two is enough, and nothing is cut off.
#[inline(always)]
pub(super) fn near_exp(x: f64) -> f64 {
    let (shifted, r) = reduced(x);
    let power = power_of_two(shifted);
    fused(power, less_one(r), power)
}

/// The same bits as [`expm1`] within [`NEAR_EXPM1`].
#[inline(always)]
pub(super) fn near_expm1(x: f64) -> f64 {
    let (shifted, r) = reduced(x);
    let power = power_of_two(shifted);
    fused(power, less_one(r), power - 1.0)
}

#[inline(always)]
pub(crate) fn expm1(x: f64) -> f64 {
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -40.0 { -40.0 } else { x };
    let (shifted, r) = reduced(x);
    let half = power_of_two(shifted - 1.0);
    2.0 * fused(half, less_one(r), half - 0.5)
}

/// `(exp(x) - 1)/x`, which is 1 at 0.
#[inline(always)]
pub(crate) fn exprel(x: f64) -> f64 {
    let ratio = expm1(x) / x;
    if x.abs() <= SMALL { small_exprel(x) } else { ratio }
}

/// The same bits as [`exprel`] within [`SMALL`], without a division.
#[inline(always)]
pub(super) fn small_exprel(x: f64) -> f64 {
    fused(x, core(x).0, 1.0)
}

/// The same bits as [`exprel`] within [`NEAR_EXPM1`].
#[inline(always)]
pub(super) fn near_exprel(x: f64) -> f64 {
    let (shifted, r) = reduced(x);
    let (q, r2) = core(r);
    let power = power_of_two(shifted);
    let ratio = fused(power, fused(r2, q, r), power - 1.0) / x;
    // The whole number is 0 there, and r is x: this is `small_exprel`.
    if x.abs() <= SMALL { fused(r, q, 1.0) } else { ratio }
}

/// `x/(exp(x) - 1)`, which is 1 at 0: what a rate divided by `exprel` is, without a second division.
#[inline(always)]
pub(crate) fn inverse_exprel(x: f64) -> f64 {
    let ratio = x / expm1(x);
    if x == 0.0 { 1.0 } else { ratio }
}

/// The same bits as [`inverse_exprel`] within [`NEAR_EXPM1`].
#[inline(always)]
pub(super) fn near_inverse_exprel(x: f64) -> f64 {
    let ratio = x / near_expm1(x);
    if x == 0.0 { 1.0 } else { ratio }
}

/// `x = (1 + f) 2**k` with `1 + f` from the root of a half to the root of two; x is normal and positive.
#[inline(always)]
fn split(x: f64) -> (f64, f64) {
    const ROOT_OF_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const BIG: u64 = 0x4330_0000_0000_0000;
    let bits = x.to_bits();
    let above = bits.wrapping_sub(ROOT_OF_HALF);
    let k = f64::from_bits((above.wrapping_add(1024 << 52) >> 52) | BIG) - (f64::from_bits(BIG) + 1024.0);
    let m = f64::from_bits(bits.wrapping_sub(above & (0xfff << 52)));
    (k, m - 1.0)
}

/// As [`split`] for every positive number.
#[inline(always)]
fn split_any(x: f64) -> (f64, f64) {
    let is_small = x < f64::MIN_POSITIVE;
    let (k, f) = split(if is_small { x * 18_014_398_509_481_984.0 } else { x });
    (if is_small { k - 54.0 } else { k }, f)
}

/// `k ln 2 + ln(1 + f) + correction`.
#[inline(always)]
fn log_of(k: f64, f: f64, correction: f64) -> f64 {
    let s = f / (2.0 + f);
    let z = s * s;
    // Minimax for 2 atanh(s)/s - 2, by z.
    let r = z * polynomial(
        z,
        [
            0.666_666_666_666_673_4,
            0.399_999_999_994_147,
            0.285_714_287_423_839_9,
            0.222_221_985_734_438_7,
            0.181_835_643_179_498_68,
            0.153_140_506_348_428_3,
            0.147_959_500_390_896_2,
        ],
    );
    let h = 0.5 * f * f;
    fused(k, LN2[0], f - (h - fused(s, h + r, fused(k, LN2[1], correction))))
}

/// What logarithms have in common at the ends of their range; `zero` is where they become minus infinity.
#[inline(always)]
fn log_ends(x: f64, zero: f64, inside: f64) -> f64 {
    let y = if x == f64::INFINITY { x } else { inside };
    let y = if x == zero { f64::NEG_INFINITY } else { y };
    if x >= zero { y } else { f64::NAN }
}

#[inline(always)]
pub(crate) fn log(x: f64) -> f64 {
    let (k, f) = split_any(x);
    log_ends(x, 0.0, log_of(k, f, 0.0))
}

/// The same bits as [`log`] for numbers that are normal, positive and finite.
#[inline(always)]
pub(crate) fn near_log(x: f64) -> f64 {
    let (k, f) = split(x);
    log_of(k, f, NOTHING)
}

#[inline(always)]
pub(crate) fn log10(x: f64) -> f64 {
    const LOG2: [f64; 2] = [std::f64::consts::LOG10_2, -2.803_728_127_785_170_4e-18];
    let (k, f) = split_any(x);
    let fraction = log_of(0.0, f, 0.0);
    log_ends(x, 0.0, fused(k, LOG2[0], fused(k, LOG2[1], fraction * std::f64::consts::LOG10_E)))
}

#[inline(always)]
pub(crate) fn log1p(x: f64) -> f64 {
    let is_near = x > -0.29 && x < 0.41;
    let u = 1.0 + x;
    // What the sum lost.
    let lost = if x >= 1.0 { 1.0 - (u - x) } else { x - (u - 1.0) };
    let (k, f) = split(u);
    let inside = log_of(
        if is_near { 0.0 } else { k },
        if is_near { x } else { f },
        if is_near { 0.0 } else { lost / u },
    );
    log_ends(x, -1.0, inside)
}

#[inline(always)]
pub(crate) fn sinh(x: f64) -> f64 {
    let a = x.abs();
    let t = expm1(a);
    let ratio = t / (t + 1.0);
    let small = 0.5 * fused(-t, ratio, 2.0 * t);
    let middle = 0.5 * (t + ratio);
    let root = exp(0.5 * a);
    let large = 0.5 * root * root;
    let y = if a < 1.0 { small } else { middle };
    (if a < 709.0 { y } else { large }).copysign(x)
}

#[inline(always)]
pub(crate) fn cosh(x: f64) -> f64 {
    let a = x.abs();
    let e = exp(a);
    let root = exp(0.5 * a);
    if a < 709.0 { 0.5 * e + 0.5 / e } else { 0.5 * root * root }
}

#[inline(always)]
pub(crate) fn tanh(x: f64) -> f64 {
    let a = x.abs();
    // For small values of the negative side, where nothing cancels.
    let t = expm1(if a < 1.0 { -2.0 * a } else { 2.0 * a });
    let ratio = (if a < 1.0 { -t } else { 2.0 }) / (t + 2.0);
    let y = if a < 1.0 { ratio } else { 1.0 - ratio };
    (if a > 22.0 { 1.0 } else { y }).copysign(x)
}

/// A sum and what it lost (Knuth).
#[inline(always)]
pub(super) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let bb = sum - a;
    (sum, (a - (sum - bb)) + (b - bb))
}

/// A product and what it lost.
#[inline(always)]
pub(super) fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    (product, fused(a, b, -product))
}

/// ln 2 in 33 bits, and the rest.
const SHORT_LN2: [f64; 2] = [0.693_147_180_485_539_1, 7.440_617_110_012_397e-11];

/// The natural logarithm of a positive number with about 64 bits.
#[inline(always)]
fn long_log(x: f64) -> (f64, f64) {
    let (k, f) = split_any(x);
    let (d, d_low) = two_sum(2.0, f);
    let s = f / d;
    let (p, p_low) = two_product(s, d);
    let s_low = fused(-s, d_low, (f - p) - p_low) / d;
    let (z, z_low) = two_product(s, s);
    let z_low = fused(2.0 * s, s_low, z_low);
    // 2 atanh(s) = s (2 + z (2/3 + z (…))).
    let rest = z * polynomial(
        z,
        [
            0.400_000_000_000_022_56,
            0.285_714_285_701_001_05,
            0.222_222_225_198_193_07,
            0.181_817_843_769_583_85,
            0.153_867_568_448_771_1,
            0.132_568_297_822_799_3,
            0.131_962_109_934_078_1,
        ],
    );
    let (t, t_low) = two_sum(2.0 / 3.0, rest);
    let t_low = t_low + 3.700_743_415_417_188e-17;
    let (w, w_low) = two_product(z, t);
    let w_low = fused(z, t_low, fused(z_low, t, w_low));
    let (v, v_low) = two_product(s, w);
    let v_low = fused(s, w_low, fused(s_low, w, v_low));
    let (sum, sum_low) = two_sum(2.0 * s, v);
    let sum_low = sum_low + fused(2.0, s_low, v_low);
    // Its first part short, so that the product is exact.
    let (total, total_low) = two_sum(k * SHORT_LN2[0], sum);
    let low = total_low + fused(k, SHORT_LN2[1], sum_low);
    let high = total + low;
    (high, (total - high) + low)
}

/// Powers, with the rules of C for special cases. Small whole exponents are products.
#[inline(always)]
pub(crate) fn pow(x: f64, y: f64) -> f64 {
    let square = x * x;
    let size = x.abs();
    // Beyond these limits the result is 0, 1 or infinite all the same.
    let exponent = if y > 1e300 { 1e300 } else { y };
    let exponent = if exponent < -1e300 { -1e300 } else { exponent };
    let is_regular = size > 0.0 && size < f64::INFINITY;
    let (high, low) = long_log(if is_regular { size } else { 1.0 });
    let (p, p_low) = two_product(exponent, high);
    let p_low = fused(exponent, low, p_low);
    let is_inside = p.abs() < 800.0;
    let power = exp_of_sum(p, if is_inside { p_low } else { 0.0 });
    // Zero and infinity to some power.
    let is_growing = (size > 1.0) == (y > 0.0);
    let extreme = if is_growing { f64::INFINITY } else { 0.0 };
    let power = if is_regular { power } else { extreme };
    let is_whole = y.trunc() == y;
    let is_odd = is_whole && (y * 0.5).trunc() != y * 0.5;
    let signed = if x.is_sign_negative() && is_odd { -power } else { power };
    let valid = if x < 0.0 && x > f64::NEG_INFINITY && !is_whole { f64::NAN } else { signed };
    let valid = if x.is_nan() || y.is_nan() { f64::NAN } else { valid };
    let valid = if (y.is_infinite() && size == 1.0) || x == 1.0 || y == 0.0 { 1.0 } else { valid };
    let valid = if y == 1.0 { x } else { valid };
    let valid = if y == -1.0 { 1.0 / x } else { valid };
    let valid = if y == 2.0 { square } else { valid };
    let valid = if y == 3.0 { square * x } else { valid };
    if y == 4.0 { square * square } else { valid }
}
