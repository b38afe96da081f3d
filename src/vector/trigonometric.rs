//! Sines, tangents and their inverses without branches; arguments beyond a million have a road of their own.
//! The same bits on every machine, within 2 ulp of the exact value.

use super::exponential::{SHIFT, fused, polynomial, two_product, two_sum};

/// Larger arguments need more digits of pi than the quick reduction has.
pub(super) const NEAR_ANGLES: f64 = 1.6e6;
/// A quarter turn: 33 bits, 33 bits, and the rest.
const QUARTER: [f64; 3] = [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_6e-21];
/// A quarter turn as the nearest number and the rest.
const HALF_PI: [f64; 2] = [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17];

/// An angle as quarter turns and a remainder in two parts.
type Reduced = (u64, f64, f64);

#[inline(always)]
fn reduced(x: f64) -> Reduced {
    let shifted = fused(x, std::f64::consts::FRAC_2_PI, SHIFT);
    let k = shifted - SHIFT;
    let (y, lost) = two_sum(fused(-k, QUARTER[0], x), -(k * QUARTER[1]));
    let low = fused(-k, QUARTER[2], lost);
    let r = y + low;
    (shifted.to_bits(), r, (y - r) + low)
}

/// The same for any number, from enough bits of 2/pi (Payne and Hanek).
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "halves of long numbers")]
fn reduced_far(x: f64) -> Reduced {
    const BITS: [u64; 21] = [
        0,
        0xa2f9_836e_4e44_1529,
        0xfc27_57d1_f534_ddc0,
        0xdb62_9599_3c43_9041,
        0xfe51_63ab_debb_c561,
        0xb724_6e3a_424d_d2e0,
        0x0649_2eea_09d1_921c,
        0xfe1d_eb1c_b129_a73e,
        0xe882_35f5_2ebb_4484,
        0xe99c_7026_b45f_7e41,
        0x3991_d639_8353_39f4,
        0x9c84_5f8b_bdf9_283b,
        0x1ff8_97ff_de05_980f,
        0xef2f_118b_5a0a_6d1f,
        0x6d36_7ecf_27cb_09b7,
        0x4f46_3f66_9e5f_ea2d,
        0x7527_bac7_ebe5_f17b,
        0x3d07_39f7_8a52_92ea,
        0x6bfb_5fb1_1f8d_5d08,
        0x5603_3046_fc7b_6bab,
        0xf0cf_bc20_9af4_361d,
    ];
    if !x.is_finite() {
        return (0, f64::NAN, 0.0);
    }
    let bits = x.abs().to_bits();
    let mantissa = u128::from((bits & ((1 << 52) - 1)) | (1 << 52));
    // Whole turns drop out: of 2/pi only the bits from this one on count, 192 of them.
    let start = (bits >> 52) as usize + 64 - 1075 - 2;
    let word = |k: usize| {
        let (at, shift) = (start / 64 + k, start % 64);
        let high = BITS[at] << shift;
        u128::from(if shift == 0 { high } else { high | BITS[at + 1] >> (64 - shift) })
    };
    let low = mantissa * word(2);
    let middle = mantissa * word(1) + (low >> 64);
    let high = (mantissa * word(0)).wrapping_add(middle >> 64) as u64;
    let product = u128::from(high) << 64 | u128::from(middle as u64);
    // Two bits of quarters, then the fraction, taken to the nearest quarter.
    let rounded = product.wrapping_add(1 << 125);
    let fraction = (product << 2) as i128;
    let h = fraction as f64;
    let l = fraction.wrapping_sub(h as i128) as f64;
    const SCALE: f64 = 1.0 / (1_u128 << 127) as f64 * 0.5;
    let (h, l) = (h * SCALE, l * SCALE);
    let (p, p_low) = two_product(h, HALF_PI[0]);
    let tail = p_low + fused(h, HALF_PI[1], l * HALF_PI[0]);
    let r = p + tail;
    let rest = (p - r) + tail;
    let quarters = (rounded >> 126) as u64;
    if x < 0.0 { (quarters.wrapping_neg(), -r, -rest) } else { (quarters, r, rest) }
}

/// Sine and cosine of the remainder.
#[inline(always)]
fn both(y: f64, low: f64) -> (f64, f64) {
    let z = y * y;
    let r = polynomial(
        z,
        [
            0.008_333_333_333_322_413,
            -0.000_198_412_698_298_078_02,
            2.755_731_369_189_129_2e-6,
            -2.505_075_810_880_838e-8,
            1.589_679_519_053_726e-10,
        ],
    );
    let v = z * y;
    let inner = fused(z, fused(-v, r, 0.5 * low), -low);
    let sine = y - fused(v, 0.166_666_666_666_666_32, inner);
    let r = polynomial(
        z,
        [
            0.041_666_666_666_666_6,
            -0.001_388_888_888_887_412_5,
            2.480_158_728_948_227_2e-5,
            -2.755_731_435_235_087e-7,
            2.087_572_327_465_455_6e-9,
            -1.135_964_782_774_601_3e-11,
        ],
    );
    let h = 0.5 * z;
    let w = 1.0 - h;
    let cosine = w + (((1.0 - w) - h) + fused(z * z, r, -(y * low)));
    (sine, cosine)
}

#[inline(always)]
fn sine((quarters, y, low): Reduced) -> f64 {
    let (s, c) = both(y, low);
    let v = if quarters & 1 == 0 { s } else { c };
    f64::from_bits(v.to_bits() ^ (quarters & 2) << 62)
}

#[inline(always)]
fn tangent((quarters, y, low): Reduced) -> f64 {
    let (s, c) = both(y, low);
    let (above, below) = if quarters & 1 == 0 { (s, c) } else { (-c, s) };
    above / below
}

#[inline(always)]
fn later((quarters, y, low): Reduced) -> Reduced {
    (quarters.wrapping_add(1), y, low)
}

#[inline(always)]
fn is_near(x: f64) -> bool {
    x.abs() <= NEAR_ANGLES
}

#[inline(always)]
pub(super) fn near_sin(x: f64) -> f64 {
    sine(reduced(x))
}

/// As [`cos`] for angles up to a million.
#[inline(always)]
pub(crate) fn near_cos(x: f64) -> f64 {
    sine(later(reduced(x)))
}

#[inline(always)]
pub(super) fn near_tan(x: f64) -> f64 {
    tangent(reduced(x))
}

pub(crate) fn sin(x: f64) -> f64 {
    if is_near(x) { near_sin(x) } else { sine(reduced_far(x)) }
}

pub(crate) fn cos(x: f64) -> f64 {
    if is_near(x) { near_cos(x) } else { sine(later(reduced_far(x))) }
}

pub(crate) fn tan(x: f64) -> f64 {
    if is_near(x) { near_tan(x) } else { tangent(reduced_far(x)) }
}

#[inline(always)]
pub(crate) fn atan(x: f64) -> f64 {
    let a = x.abs();
    // The tangent of the difference to an angle nearby, and that angle.
    let at = |angle: usize, above: f64, below: f64| (above, below, ANGLES[angle][0], ANGLES[angle][1]);
    const ANGLES: [[f64; 2]; 4] = [
        [0.463_647_609_000_806_1, 2.269_877_745_296_168_7e-17],
        [std::f64::consts::FRAC_PI_4, 3.061_616_997_868_383e-17],
        [0.982_793_723_247_329, 1.390_331_103_123_099_8e-17],
        HALF_PI,
    ];
    let mut near = (a, 1.0, 0.0, 0.0);
    if a >= 0.4375 {
        near = at(0, fused(2.0, a, -1.0), 2.0 + a);
    }
    if a >= 0.6875 {
        near = at(1, a - 1.0, a + 1.0);
    }
    if a >= 1.1875 {
        near = at(2, a - 1.5, fused(1.5, a, 1.0));
    }
    if a >= 2.4375 {
        near = at(3, -1.0, a);
    }
    let (above, below, angle, low) = near;
    let t = above / below;
    let z = t * t;
    let r = t
        * z
        * polynomial(
            z,
            [
                0.333_333_333_333_329_3,
                -0.199_999_999_998_761_56,
                0.142_857_142_724_802_38,
                -0.111_111_104_045_997_4,
                0.090_908_871_143_440_15,
                -0.076_918_759_370_677,
                0.066_610_706_895_066_01,
                -0.058_335_556_191_093_89,
                0.049_768_241_109_947_22,
                -0.036_530_434_835_652_04,
                0.016_284_776_871_332_59,
            ],
        );
    (angle - ((r - low) - t)).copysign(x)
}

/// `(asin(x) - x)/x`, by the square of x up to a quarter.
#[inline(always)]
fn asin_rest(z: f64) -> f64 {
    z * polynomial(
        z,
        [
            0.166_666_666_666_653_83,
            0.075_000_000_003_430_4,
            0.044_642_856_823_481_125,
            0.030_381_959_331_381_23,
            0.022_371_753_520_131_13,
            0.017_359_771_145_956_694,
            0.013_884_598_196_163_386,
            0.012_173_280_429_885_59,
            0.006_510_851_193_476_511,
            0.019_573_905_045_433_57,
            -0.016_294_061_326_912_215,
            0.031_958_950_313_593_12,
        ],
    )
}

/// The root of z with the upper half of its digits, and what is missing.
#[inline(always)]
fn long_root(z: f64) -> (f64, f64, f64) {
    let root = z.sqrt();
    let high = f64::from_bits(root.to_bits() & !0xffff_ffff);
    let low = fused(-high, high, z) / (root + high);
    (root, high, if z == 0.0 { 0.0 } else { low })
}

#[inline(always)]
pub(crate) fn asin(x: f64) -> f64 {
    const EIGHTH: f64 = std::f64::consts::FRAC_PI_4;
    let a = x.abs();
    let is_small = a < 0.5;
    let z = if is_small { x * x } else { (1.0 - a) * 0.5 };
    let r = asin_rest(z);
    let (root, high, low) = long_root(z);
    let p = fused(2.0 * root, r, -fused(-2.0, low, HALF_PI[1]));
    let large = EIGHTH - (p - fused(-2.0, high, EIGHTH));
    (if is_small { fused(a, r, a) } else { large }).copysign(x)
}

#[inline(always)]
pub(crate) fn acos(x: f64) -> f64 {
    let a = x.abs();
    let is_small = a < 0.5;
    let z = if is_small { x * x } else { (1.0 - a) * 0.5 };
    let r = asin_rest(z);
    let (root, high, low) = long_root(z);
    let small = HALF_PI[0] - (x - fused(-x, r, HALF_PI[1]));
    let left = 2.0 * HALF_PI[0] - 2.0 * (root + fused(r, root, -HALF_PI[1]));
    let right = 2.0 * (high + fused(r, root, low));
    let large = if x < 0.0 { left } else { right };
    if is_small { small } else { large }
}
