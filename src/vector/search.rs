//! Searches: where numbers are above a limit, and which is the largest.
//! Many at a time, as bits of a word, since mostly there is nothing to be found.

use super::width::{Loop, Width, eight};

/// So many are looked at together.
pub(super) const STRIDE: usize = 32;

/// A bit for each number of a stride that something is true of: no jump, and a place for each, which is what becomes wide.
#[inline(always)]
pub(super) fn bits(stride: &[f64], is_true: impl Fn(f64) -> bool) -> u64 {
    #[inline(always)]
    #[expect(
        clippy::needless_range_loop,
        reason = "an iterator may stay a call where the library is compiled in several units"
    )]
    fn each(stride: &[f64], is_true: impl Fn(f64) -> bool) -> u64 {
        let mut bits = 0;
        for k in 0..stride.len() {
            bits |= u64::from(is_true(stride[k])) << k;
        }
        bits
    }
    // A length that the compiler knows makes it faster.
    if let Ok(whole) = <&[f64; STRIDE]>::try_from(stride) {
        each(whole, is_true)
    } else {
        each(stride, is_true)
    }
}

/// Which bits are set, from the lowest on.
#[inline(always)]
pub(super) fn set(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros();
        bits &= bits.checked_sub(1)?;
        Some(place as usize)
    })
}

/// A bit for each stride in which any number is above a limit.
struct Hits<'a> {
    x: &'a [f64],
    limit: f64,
}

impl Loop for Hits<'_> {
    type Output = u64;
    #[inline(always)]
    fn run(self) -> u64 {
        let (strides, rest) = self.x.as_chunks::<STRIDE>();
        let mut hits = u64::from(rest.iter().any(|x| *x > self.limit)) << strides.len();
        for (k, stride) in strides.iter().enumerate() {
            let mut any = [0; 8];
            for x in stride.as_chunks().0 {
                any = eight(&any, x, |any, x: f64| any | u64::from(x > self.limit));
            }
            hits |= u64::from(any != [0; 8]) << k;
        }
        hits
    }
}

/// Those of a stride that are above a limit, and where the mask is true.
struct Above<'a> {
    x: &'a [f64],
    limit: f64,
    mask: Option<&'a [f64]>,
}

impl Loop for Above<'_> {
    type Output = u64;
    #[inline(always)]
    fn run(self) -> u64 {
        let above = bits(self.x, |x| x > self.limit);
        self.mask.map_or(above, |mask| above & bits(mask, |m| m != 0.0))
    }
}

/// The places, counted from `first`, where x is greater than a limit and the mask is true.
pub(crate) fn positions(
    width: Width,
    x: &[f64],
    limit: f64,
    mask: Option<&[f64]>,
    first: usize,
    found: &mut Vec<u32>,
) {
    /// So many strides that a bit is left for what is shorter than one.
    const PART: usize = 63 * STRIDE;
    for (k, part) in x.chunks(PART).enumerate() {
        for stride in set(width.run(Hits { x: part, limit })) {
            let begin = k * PART + stride * STRIDE;
            let range = begin..(begin + STRIDE).min(x.len());
            let mask = mask.map(|mask| &mask[range.clone()]);
            let above = width.run(Above { x: &x[range], limit, mask });
            let place = |i| u32::try_from(first + begin + i).unwrap_or(u32::MAX);
            found.extend(set(above).map(place));
        }
    }
}

/// The largest of the numbers, or minus infinity; what is no number does not count.
pub(crate) fn largest(width: Width, x: &[f64]) -> f64 {
    struct Largest<'a>(&'a [f64]);
    impl Loop for Largest<'_> {
        type Output = f64;
        #[inline(always)]
        fn run(self) -> f64 {
            // Eight at a time: the largest of all does not depend on the order.
            let mut best = [f64::NEG_INFINITY; 8];
            let (chunks, rest) = self.0.as_chunks();
            for chunk in chunks {
                best = eight(&best, chunk, |best, x| if x > best { x } else { best });
            }
            best.iter().chain(rest).copied().fold(f64::NEG_INFINITY, f64::max)
        }
    }
    width.run(Largest(x))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_place_is_found_once_and_in_order(
            x in proptest::collection::vec(
                prop_oneof![40 => -2.0..1.0, 1 => 1.0..2.0, 1 => Just(f64::NAN), 1 => Just(1.0), 1 => Just(f64::INFINITY)], 0..5000),
            masked in any::<bool>(),
            first in 0..100_usize,
        ) {
            let mask: Vec<f64> = (0..x.len()).map(|k| if k.is_multiple_of(3) { 0.0 } else { 1.0 }).collect();
            let is_in = |k: &usize| x[*k] > 1.0 && (!masked || !k.is_multiple_of(3));
            let expected: Vec<usize> = (0..x.len()).filter(is_in).map(|k| first + k).collect();
            for width in Width::all() {
                let mut found = Vec::new();
                positions(width, &x, 1.0, masked.then_some(&mask[..]), first, &mut found);
                prop_assert_eq!(found.iter().map(|k| *k as usize).collect::<Vec<_>>(), &expected[..]);
            }
        }
    }

    #[test]
    fn bits_are_those_of_the_numbers() {
        assert_eq!(set(0).next(), None);
        assert_eq!(set(u64::MAX).count(), 64);
        let x: Vec<f64> = (0..STRIDE).map(|k| if k % 7 == 2 { 5.0 } else { 0.0 }).collect();
        for n in [0, 1, 2, 3, 10, STRIDE] {
            let expected: Vec<usize> = (0..n).filter(|k| k % 7 == 2).collect();
            assert_eq!(set(bits(&x[..n], |x| x > 1.0)).collect::<Vec<_>>(), expected);
        }
    }
}
