//! The loops: one operation for a whole block, its operands slices, single numbers or what the result stood on before.
//! A slice has the length of the result, or more.

use super::exponential::{
    NEAR_EXP, NEAR_EXPM1, SMALL, cosh, exp, expm1, exprel, inverse_exprel, log, log1p, log10, near_exp,
    near_expm1, near_exprel, near_inverse_exprel, pow, sinh, small_exprel, tanh,
};
use super::functions::{Fun1, Fun2};
use super::search::{STRIDE, bits, set};
use super::trigonometric::{NEAR_ANGLES, acos, asin, atan, cos, near_cos, near_sin, near_tan, sin, tan};
use super::width::{Loop, Width};

/// Where an operand comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'a> {
    Slice(&'a [f64]),
    Number(f64),
    /// What stands in the result now.
    Result,
}

/// A loop over the result and up to three slices, with a function known when the loop is compiled.
macro_rules! each {
    ($width:expr, $out:expr, [$($x:ident = $slice:expr),*], [$($k:ident = $number:expr),*], $o:ident => $value:expr) => {{
        struct Each<'a> { out: &'a mut [f64], $($x: &'a [f64],)* $($k: f64,)* }
        impl Loop for Each<'_> {
            type Output = ();
            #[inline(always)]
            fn run(self) {
                let Self { out, $($x,)* $($k,)* } = self;
                let n = out.len();
                $(let $x = &$x[..n];)*
                for i in 0..n {
                    $(let $x = $x[i];)*
                    #[allow(unused_variables, reason = "only some loops read what the result stands on")]
                    let $o = out[i];
                    out[i] = $value;
                }
            }
        }
        $width.run(Each { out: $out, $($x: $slice,)* $($k: $number,)* });
    }};
}

/// True if a number is larger than that, of either sign, or none.
#[inline(always)]
fn is_outside(x: f64, limit: f64) -> bool {
    x.abs() > limit || x.is_nan()
}

/// A loop over the result and a slice that also counts the numbers beyond a limit.
macro_rules! counted {
    ($width:expr, $out:expr, $a:expr, $limit:expr, $f:ident) => {{
        struct Counted<'a>(&'a mut [f64], &'a [f64]);
        impl Loop for Counted<'_> {
            type Output = u64;
            #[inline(always)]
            fn run(self) -> u64 {
                let Self(out, a) = self;
                let n = out.len();
                let a = &a[..n];
                let mut missed = 0;
                for i in 0..n {
                    missed += u64::from(is_outside(a[i], $limit));
                    out[i] = $f(a[i]);
                }
                missed
            }
        }
        $width.run(Counted(&mut *$out, $a))
    }};
}

/// One function of each number.
pub(crate) fn map(width: Width, f: Fun1, out: &mut [f64], a: &[f64]) {
    macro_rules! by {
        ($x:ident => $value:expr) => {
            each!(width, out, [$x = a], [], _o => $value)
        };
    }
    // By the near road, and those beyond its limit once more by the far one.
    macro_rules! near {
        ($near:ident, $limit:expr, $far:ident) => {{
            let missed = counted!(width, out, a, $limit, $near);
            if missed > 0 {
                far(width, out, a, $limit, &|out, a| each!(width, out, [x = a], [], _o => $far(x)));
            }
        }};
    }
    match f {
        Fun1::Neg => by!(x => -x),
        Fun1::Not => by!(x => if x == 0.0 { 1.0 } else { 0.0 }),
        Fun1::Truth => by!(x => if x == 0.0 { 0.0 } else { 1.0 }),
        Fun1::Abs => by!(x => x.abs()),
        Fun1::Sqrt => by!(x => x.sqrt()),
        Fun1::Ceil => by!(x => x.ceil()),
        Fun1::Floor => by!(x => x.floor()),
        Fun1::Trunc => by!(x => x.trunc()),
        Fun1::Sign => by!(x => if x == 0.0 { 0.0 } else { x.signum() }),
        Fun1::Exp => near!(near_exp, NEAR_EXP, exp),
        Fun1::Expm1 => near!(near_expm1, NEAR_EXPM1, expm1),
        Fun1::Exprel => {
            // Mostly it is asked for a step's share of a time constant. The first few tell whether that is worth trying.
            let first = &a[..out.len().min(FIRST)];
            let mut missed = first.iter().map(|x| u64::from(is_outside(*x, SMALL))).sum();
            let mut is_small = missed <= first.len() as u64 / FEW;
            if is_small {
                missed = counted!(width, out, a, SMALL, small_exprel);
                is_small = missed <= out.len() as u64 / FEW;
            }
            if !is_small {
                near!(near_exprel, NEAR_EXPM1, exprel);
            } else if missed > 0 {
                far(width, out, a, SMALL, &|out, a| each!(width, out, [x = a], [], _o => exprel(x)));
            }
        }
        Fun1::InverseExprel => near!(near_inverse_exprel, NEAR_EXPM1, inverse_exprel),
        Fun1::Log => by!(x => log(x)),
        Fun1::Log10 => by!(x => log10(x)),
        Fun1::Log1p => by!(x => log1p(x)),
        Fun1::Sinh => by!(x => sinh(x)),
        Fun1::Cosh => by!(x => cosh(x)),
        Fun1::Tanh => by!(x => tanh(x)),
        Fun1::Asin => by!(x => asin(x)),
        Fun1::Acos => by!(x => acos(x)),
        Fun1::Atan => by!(x => atan(x)),
        Fun1::Sin => near!(near_sin, NEAR_ANGLES, sin),
        Fun1::Cos => near!(near_cos, NEAR_ANGLES, cos),
        Fun1::Tan => near!(near_tan, NEAR_ANGLES, tan),
    }
}

/// One in so many is worth a road of its own.
const FEW: u64 = 16;
/// So many are looked at before a road is taken.
const FIRST: usize = 16;
/// So many are searched, and computed together.
const PART: usize = 128;

/// The places of numbers beyond a limit, of a part; how many there are.
struct Places<'a> {
    a: &'a [f64],
    limit: f64,
    places: &'a mut [usize; PART],
}

impl Loop for Places<'_> {
    type Output = usize;
    #[inline(always)]
    fn run(self) -> usize {
        let mut count = 0;
        for (k, stride) in self.a.chunks(STRIDE).enumerate() {
            for place in set(bits(stride, |x| is_outside(x, self.limit))) {
                self.places[count] = k * STRIDE + place;
                count += 1;
            }
        }
        count
    }
}

/// Those beyond a limit once more, by the longer road and beside each other.
fn far(width: Width, out: &mut [f64], a: &[f64], limit: f64, road: &dyn Fn(&mut [f64], &[f64])) {
    let (mut places, mut numbers, mut results) = ([0; PART], [0.0; PART], [0.0; PART]);
    for (out, a) in out.chunks_mut(PART).zip(a.chunks(PART)) {
        let a = &a[..out.len()];
        let count = width.run(Places { a, limit, places: &mut places });
        let (places, numbers, results) = (&places[..count], &mut numbers[..count], &mut results[..count]);
        if places.is_empty() {
            continue;
        }
        numbers.iter_mut().zip(places).for_each(|(x, place)| *x = a[*place]);
        road(results, numbers);
        places.iter().zip(results).for_each(|(place, result)| out[*place] = *result);
    }
}

/// One function of two numbers each.
pub(crate) fn binary(width: Width, f: Fun2, out: &mut [f64], a: Source<'_>, b: Source<'_>) {
    use Source::{Number, Result, Slice};
    if let (Number(a), Number(b)) = (a, b) {
        out.fill(f.apply(a, b));
        return;
    }
    // Arithmetic has a loop for each kind of operands, comparisons for most; what is rare has one.
    macro_rules! all {
        ($x:ident, $y:ident => $value:expr) => {
            match (a, b) {
                (Slice(a), Slice(b)) => each!(width, out, [$x = a, $y = b], [], _o => $value),
                (Slice(a), Number(b)) => each!(width, out, [$x = a], [$y = b], _o => $value),
                (Number(a), Slice(b)) => each!(width, out, [$y = b], [$x = a], _o => $value),
                (Result, Slice(b)) => each!(width, out, [$y = b], [], $x => $value),
                (Slice(a), Result) => each!(width, out, [$x = a], [], $y => $value),
                (Result, Number(b)) => each!(width, out, [], [$y = b], $x => $value),
                (Number(a), Result) => each!(width, out, [], [$x = a], $y => $value),
                (Result, Result) => each!(width, out, [], [], o => { let ($x, $y) = (o, o); $value }),
                (Number(_), Number(_)) => {}
            }
        };
    }
    macro_rules! most {
        ($x:ident, $y:ident => $value:expr) => {
            match (a, b) {
                (Slice(a), Slice(b)) => each!(width, out, [$x = a, $y = b], [], _o => $value),
                (Slice(a), Number(b)) => each!(width, out, [$x = a], [$y = b], _o => $value),
                (Number(a), Slice(b)) => each!(width, out, [$y = b], [$x = a], _o => $value),
                _ => rest(f, out, a, b),
            }
        };
    }
    match f {
        Fun2::Add => all!(x, y => x + y),
        Fun2::Sub => all!(x, y => x - y),
        Fun2::Mul => all!(x, y => x * y),
        Fun2::Div => all!(x, y => x / y),
        Fun2::Gt => most!(x, y => if x > y { 1.0 } else { 0.0 }),
        Fun2::Ge => most!(x, y => if x >= y { 1.0 } else { 0.0 }),
        Fun2::Eq => most!(x, y => if x == y { 1.0 } else { 0.0 }),
        Fun2::Ne => most!(x, y => if x == y { 0.0 } else { 1.0 }),
        Fun2::And => most!(x, y => if x == 0.0 || y == 0.0 { 0.0 } else { 1.0 }),
        Fun2::Or => most!(x, y => if x == 0.0 && y == 0.0 { 0.0 } else { 1.0 }),
        Fun2::Min => most!(x, y => x.min(y)),
        Fun2::Max => most!(x, y => x.max(y)),
        Fun2::Lt => binary(width, Fun2::Gt, out, b, a),
        Fun2::Le => binary(width, Fun2::Ge, out, b, a),
        Fun2::Pow => match (a, b) {
            (Slice(a), Slice(b)) => each!(width, out, [x = a, y = b], [], _o => pow(x, y)),
            (Slice(a), Number(b)) => each!(width, out, [x = a], [y = b], _o => pow(x, y)),
            _ => rest(f, out, a, b),
        },
        Fun2::FloorDiv | Fun2::Mod => rest(f, out, a, b),
    }
}

/// One after the other, for what is rare.
fn rest(f: Fun2, out: &mut [f64], a: Source<'_>, b: Source<'_>) {
    let read = |s: Source<'_>, k: usize, o: f64| match s {
        Source::Slice(x) => x[k],
        Source::Number(x) => x,
        Source::Result => o,
    };
    for (k, o) in out.iter_mut().enumerate() {
        *o = f.apply(read(a, k, *o), read(b, k, *o));
    }
}

/// `a*b + c`, rounded twice as if written in two statements; true if there is a loop for such operands.
pub(crate) fn multiply_add(
    width: Width,
    f: Fun2,
    out: &mut [f64],
    a: &[f64],
    b: Source<'_>,
    c: Source<'_>,
) -> bool {
    use Source::{Number, Result, Slice};
    macro_rules! by {
        ($x:ident, $y:ident, $z:ident => $value:expr) => {
            match (b, c) {
                (Slice(b), Result) => each!(width, out, [$x = a, $y = b], [], $z => $value),
                (Number(b), Result) => each!(width, out, [$x = a], [$y = b], $z => $value),
                (Slice(b), Slice(c)) => each!(width, out, [$x = a, $y = b, $z = c], [], _o => $value),
                (Slice(b), Number(c)) => each!(width, out, [$x = a, $y = b], [$z = c], _o => $value),
                (Number(b), Slice(c)) => each!(width, out, [$x = a, $z = c], [$y = b], _o => $value),
                (Number(b), Number(c)) => each!(width, out, [$x = a], [$y = b, $z = c], _o => $value),
                _ => return false,
            }
        };
    }
    match f {
        Fun2::Add => by!(x, y, z => x * y + z),
        Fun2::Sub => by!(x, y, z => x * y - z),
        _ => return false,
    }
    true
}

/// `a*b + c k`, each product rounded by itself.
pub(crate) fn multiply_add_multiple(width: Width, out: &mut [f64], [a, b, c]: [&[f64]; 3], k: f64) {
    each!(width, out, [x = a, y = b, z = c], [k = k], _o => x * y + z * k);
}

/// Adds `a*b` to the result where the condition is true.
pub(crate) fn add_product_where(width: Width, out: &mut [f64], condition: &[f64], a: &[f64], b: &[f64]) {
    each!(width, out, [c = condition, x = a, y = b], [], o => {
        let sum = x * y + o;
        if c == 0.0 { o } else { sum }
    });
}

/// By bits, so that the compiler does not make a jump or a store for some elements of it.
#[inline(always)]
fn choose(condition: f64, yes: f64, no: f64) -> f64 {
    let mask = u64::from(condition == 0.0).wrapping_neg();
    f64::from_bits((no.to_bits() & mask) | (yes.to_bits() & !mask))
}

/// Where `condition` is true, `yes`, elsewhere `no`.
pub(crate) fn select(width: Width, out: &mut [f64], condition: &[f64], yes: Source<'_>, no: Source<'_>) {
    use Source::{Number, Result, Slice};
    macro_rules! by {
        ([$($x:ident = $slice:expr),*], [$($k:ident = $number:expr),*], $o:ident => $yes:ident, $no:ident) => {
            each!(width, out, [c = condition $(, $x = $slice)*], [$($k = $number),*],
                  $o => choose(c, $yes, $no))
        };
    }
    match (yes, no) {
        (Slice(y), Slice(n)) => by!([y = y, n = n], [], _o => y, n),
        (Slice(y), Number(n)) => by!([y = y], [n = n], _o => y, n),
        (Number(y), Slice(n)) => by!([n = n], [y = y], _o => y, n),
        (Number(y), Number(n)) => by!([], [y = y, n = n], _o => y, n),
        (Slice(y), Result) => by!([y = y], [], o => y, o),
        (Number(y), Result) => by!([], [y = y], o => y, o),
        (Result, Slice(n)) => by!([n = n], [], o => o, n),
        (Result, Number(n)) => by!([], [n = n], o => o, n),
        (Result, Result) => {}
    }
}

/// A sum of products with fixed numbers, from left to right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Linear {
    pub(crate) factors: [f64; 3],
    /// Added last.
    pub(crate) constant: f64,
}

impl Linear {
    /// The sum for one place, as the loops compute it; without a third number if there is none.
    pub(crate) fn apply(&self, [x, y, z]: [f64; 3], is_long: bool) -> f64 {
        let ([p, q, r], s) = (self.factors, self.constant);
        if is_long { of_three([x, y, z], [p, q, r, s]) } else { of_two([x, y], [p, q, s]) }
    }
}

#[inline(always)]
fn of_two([x, y]: [f64; 2], [p, q, s]: [f64; 3]) -> f64 {
    (x * p + y * q) + s
}

#[inline(always)]
fn of_three([x, y, z]: [f64; 3], [p, q, r, s]: [f64; 4]) -> f64 {
    ((x * p + y * q) + z * r) + s
}

/// `x f0 + y f1 (+ z f2) + constant`; where a mask is given, only where it is true. `x` may be the result.
pub(crate) fn linear(
    width: Width,
    out: &mut [f64],
    (x, y, z): (Source<'_>, &[f64], Option<&[f64]>),
    mask: Option<&[f64]>,
    by: &Linear,
) {
    let [p, q, r] = by.factors;
    let s = by.constant;
    macro_rules! only {
        ($m:expr, $o:expr, $value:expr) => {{
            let v = $value;
            if $m == 0.0 { $o } else { v }
        }};
    }
    match (x, z, mask) {
        (Source::Result, None, None) => {
            each!(width, out, [y = y], [p = p, q = q, s = s], o => of_two([o, y], [p, q, s]))
        }
        (Source::Result, Some(z), None) => {
            each!(width, out, [y = y, z = z], [p = p, q = q, r = r, s = s], o => of_three([o, y, z], [p, q, r, s]));
        }
        (Source::Result, None, Some(m)) => {
            each!(width, out, [y = y, m = m], [p = p, q = q, s = s], o => only!(m, o, of_two([o, y], [p, q, s])));
        }
        (Source::Result, Some(z), Some(m)) => {
            each!(width, out, [y = y, z = z, m = m], [p = p, q = q, r = r, s = s], o => only!(m, o, of_three([o, y, z], [p, q, r, s])));
        }
        (Source::Slice(x), None, None) => {
            each!(width, out, [x = x, y = y], [p = p, q = q, s = s], _o => of_two([x, y], [p, q, s]));
        }
        (Source::Slice(x), Some(z), None) => {
            each!(width, out, [x = x, y = y, z = z], [p = p, q = q, r = r, s = s], _o => of_three([x, y, z], [p, q, r, s]));
        }
        (Source::Slice(x), None, Some(m)) => {
            each!(width, out, [x = x, y = y, m = m], [p = p, q = q, s = s], o => only!(m, o, of_two([x, y], [p, q, s])));
        }
        (Source::Slice(x), Some(z), Some(m)) => {
            each!(width, out, [x = x, y = y, z = z, m = m], [p = p, q = q, r = r, s = s], o => only!(m, o, of_three([x, y, z], [p, q, r, s])));
        }
        (Source::Number(x), ..) => {
            let x = vec![x; out.len()];
            linear(width, out, (Source::Slice(&x), y, z), mask, by);
        }
    }
}
