//! Chance as a row of hits: the gaps between them are drawn, and nothing for what lies in a gap.
//! Connections and events with one probability go this way.

use super::{Fill, Stream, philox, unit};
use crate::vector::{Fun1, Loop, Width, near_log};

impl Stream {
    /// The places from 0 up to `n` that chance picks, each with probability `p`: the gaps between them are geometrically
    /// distributed, so that nothing is drawn for places that are not picked. Calls `pick` with each; draws count from `first`.
    pub(crate) fn hits(
        self,
        width: Width,
        (step, draw, first): (u64, u32, usize),
        (n, p): (usize, f64),
        mut pick: impl FnMut(usize),
    ) {
        if p.is_nan() || p <= 0.0 {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "numbers of neurons")]
        let end = n as f64;
        // Few: it is called for each block of each step.
        const MOST: usize = 64;
        let scale = 1.0 / Fun1::Log1p.apply(-p);
        let mut gaps = [0.0; MOST];
        let (mut at, mut drawn) = (-1.0, first);
        loop {
            // Whatever is drawn at a time, the numbers are the same.
            let size = enough((end - at) * p, MOST);
            let gaps = &mut gaps[..size];
            let counter = self.counter(step, draw, drawn);
            width.run(Fill { out: gaps, counter, key: self.key, of: above_zero });
            width.run(Steps { gaps, scale });
            for gap in &*gaps {
                at += gap;
                if at >= end {
                    return;
                }
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the end")]
                pick(at as usize);
            }
            drawn += size;
        }
    }

    /// The same for long rows, into a list: a block of the generator gives two gaps, and four are added up at a time.
    pub(crate) fn row_of_hits(
        self,
        width: Width,
        (step, draw): (u64, u32),
        (n, p): (u32, f64),
        out: &mut Vec<u32>,
    ) {
        if p.is_nan() || p <= 0.0 {
            return;
        }
        const MOST: usize = 512;
        let (end, scale) = (f64::from(n), 1.0 / Fun1::Log1p.apply(-p));
        let mut gaps = [0.0; MOST];
        // Positions are whole numbers, so that sums of them are exact in any order.
        let (mut at, mut drawn) = (-1.0, 0);
        while at < end {
            let half = enough((end - at) * p, MOST).div_ceil(2);
            let gaps = &mut gaps[..2 * half];
            let (first, second) = gaps.split_at_mut(half);
            let counter = self.counter(step, draw, drawn);
            width.run(Twice { first, second, counter, key: self.key });
            width.run(Steps { gaps, scale });
            drawn += half;
            let mut quads = gaps.chunks_exact(4);
            for quad in &mut quads {
                let (a, b) = (at + quad[0], quad[0] + quad[1]);
                let (c, d) = (b + quad[2], b + (quad[2] + quad[3]));
                let (b, c, d) = (at + b, at + c, at + d);
                at = d;
                if d >= end {
                    out.extend([a, b, c].into_iter().filter(|x| *x < end).map(whole));
                    return;
                }
                out.extend_from_slice(&[whole(a), whole(b), whole(c), whole(d)]);
            }
            for gap in quads.remainder() {
                at += gap;
                if at >= end {
                    return;
                }
                out.push(whole(at));
            }
        }
    }
}

/// How many to draw at a time where so many are expected.
fn enough(expected: f64, most: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number")]
    ((expected + expected.sqrt() + 6.0) as usize).min(most)
}

/// A whole number from 0 up to 2**32, from the low bits of a sum.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "see above")]
fn whole(x: f64) -> u32 {
    const BIG: f64 = 4_503_599_627_370_496.0;
    (x + BIG).to_bits() as u32
}

/// Numbers above 0 and up to 1: both that a block of the generator gives.
struct Twice<'a> {
    first: &'a mut [f64],
    second: &'a mut [f64],
    counter: [u32; 4],
    key: [u32; 2],
}

impl Loop for Twice<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let [mut element, low, high, draw] = self.counter;
        for (x, y) in self.first.iter_mut().zip(self.second) {
            let [a, b, c, d] = philox([element, low, high, draw], self.key);
            *x = 1.0 - unit(a, b);
            *y = 1.0 - unit(c, d);
            element = element.wrapping_add(1);
        }
    }
}

/// From one pick to the next, in place of numbers above 0 and up to 1.
struct Steps<'a> {
    gaps: &'a mut [f64],
    scale: f64,
}

impl Loop for Steps<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for gap in self.gaps {
            *gap = (near_log(*gap) * self.scale).floor() + 1.0;
        }
    }
}

#[inline(always)]
fn above_zero([a, b, _, _]: [u32; 4]) -> f64 {
    1.0 - unit(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ways pick each place as often as chance says, with gaps as even as those of coins.
    #[test]
    fn rows_are_as_dense_as_they_should_be_in_every_part() {
        let stream = Stream::new(11, "rows");
        for (n, p) in [(300, 0.3), (5000, 0.02), (40_000, 0.1), (40_000, 0.0001)] {
            let (mut parts, mut squares) = ([0_u32; 4], 0.0);
            const ROWS: u32 = 400;
            for row in 0..ROWS {
                let mut hits = Vec::new();
                stream.row_of_hits(Width::best(), (u64::from(row), 7), (n, p), &mut hits);
                assert!(hits.windows(2).all(|pair| pair[0] < pair[1]));
                hits.iter().for_each(|k| parts[(k * 4 / n) as usize] += 1);
                squares += (hits.len() as f64 - f64::from(n) * p).powi(2);
                for width in Width::all() {
                    let mut others = Vec::new();
                    stream.row_of_hits(width, (u64::from(row), 7), (n, p), &mut others);
                    assert_eq!(hits, others);
                }
            }
            let expected = f64::from(n * ROWS / 4) * p;
            for part in parts {
                assert!((f64::from(part) - expected).abs() < 5.0 * expected.sqrt(), "{n} {p}: {parts:?}");
            }
            let variance = squares / f64::from(ROWS) / (f64::from(n) * p * (1.0 - p));
            assert!((0.7..1.3).contains(&variance), "{n} {p}: {variance}");
        }
    }
}
