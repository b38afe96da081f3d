//! Seeded random numbers keyed by place, step, draw and element: the same in whatever order they are drawn.
//! Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

mod counts;
mod hits;

pub(crate) use counts::Counts;

use crate::vector::{Loop, Width, near_cos, near_log};

/// One stream of numbers: the network's seed and the name of the place that draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    key: [u32; 2],
}

impl Stream {
    /// The stream of a place under `seed`. Places are known by name, so that other objects do not change them.
    pub(crate) fn new(seed: u64, place: &str) -> Self {
        // FNV-1a over the name, then the mixing function of SplitMix64 over both.
        let name = place.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let key = mix(mix(seed).wrapping_add(name));
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of the key")]
        Self { key: [key as u32, (key >> 32) as u32] }
    }

    /// A number from 0 up to but not including 1.
    pub(crate) fn uniform(self, step: u64, draw: u32, element: usize) -> f64 {
        uniform_of(self.block(step, draw, element))
    }

    /// A number from the normal distribution of mean 0 and variance 1 (Box and Muller).
    pub(crate) fn normal(self, step: u64, draw: u32, element: usize) -> f64 {
        let [a, b, c, d] = self.block(step, draw, element);
        let mut out = [unit(a, b)];
        Width::best().run(Normal { out: &mut out, angles: &[unit(c, d)] });
        out[0]
    }

    /// Numbers for a whole block; `first` if the elements are neighbours. The same numbers as one by one.
    pub(crate) fn fill(
        self,
        width: Width,
        kind: Draw,
        (step, draw): (u64, u32),
        out: &mut [f64],
        (first, element): (Option<usize>, &dyn Fn(usize) -> usize),
    ) {
        let Some(first) = first else {
            for (k, o) in out.iter_mut().enumerate() {
                *o = match kind {
                    Draw::Uniform => self.uniform(step, draw, element(k)),
                    Draw::Normal => self.normal(step, draw, element(k)),
                };
            }
            return;
        };
        let counter = self.counter(step, draw, first);
        match kind {
            Draw::Uniform => width.run(Fill { out, counter, key: self.key, of: uniform_of }),
            Draw::Normal => {
                // In two passes: the loop over both would not become wide.
                let mut angles = [0.0; PART];
                for (part, out) in out.chunks_mut(PART).enumerate() {
                    let counter = self.counter(step, draw, first + part * PART);
                    let angles = &mut angles[..out.len()];
                    width.run(Fill { out: angles, counter, key: self.key, of: turns_of });
                    width.run(Fill { out, counter, key: self.key, of: uniform_of });
                    width.run(Normal { out, angles });
                }
            }
        }
    }

    /// As many numbers as wanted, for distributions that need more than one.
    fn further(self, step: u64, draw: u32, element: usize) -> impl Iterator<Item = f64> {
        // The upper half of the step's words is free: runs stay below 2^40 steps.
        (0_u64..).flat_map(move |round| {
            let [a, b, c, d] = self.block(step | (round + 1) << 40, draw, element);
            [unit(a, b), unit(c, d)]
        })
    }

    fn block(self, step: u64, draw: u32, element: usize) -> [u32; 4] {
        philox(self.counter(step, draw, element), self.key)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the counter's words")]
    fn counter(self, step: u64, draw: u32, element: usize) -> [u32; 4] {
        [element as u32, step as u32, (step >> 32) as u32, draw]
    }
}

/// Distributions with one draw for each number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Draw {
    Uniform,
    Normal,
}

/// The loop that fills a block; the elements count up from that of the first counter.
struct Fill<'a, F> {
    out: &'a mut [f64],
    counter: [u32; 4],
    key: [u32; 2],
    of: F,
}

impl<F: Fn([u32; 4]) -> f64> Loop for Fill<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let [mut element, low, high, draw] = self.counter;
        for o in self.out {
            *o = (self.of)(philox([element, low, high, draw], self.key));
            element = element.wrapping_add(1);
        }
    }
}

/// Numbers whose angles are kept beside them at a time.
const PART: usize = 512;

/// Two uniform numbers each into a normal one, in place of the first.
struct Normal<'a> {
    out: &'a mut [f64],
    angles: &'a [f64],
}

impl Loop for Normal<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (o, turns) in self.out.iter_mut().zip(self.angles) {
            *o = normal(*o, *turns);
        }
    }
}

fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// 53 random bits as a fraction.
#[inline(always)]
fn unit(a: u32, b: u32) -> f64 {
    // Bits set behind those of 2**52 are a whole number: a conversion that every processor can do for many at once.
    const BIG: u64 = 0x4330_0000_0000_0000;
    let whole = |x: u32| f64::from_bits(BIG | u64::from(x)) - f64::from_bits(BIG);
    let (high, low) = (whole(a), whole(b >> 11));
    high * (1.0 / 4_294_967_296.0) + low * (1.0 / 9_007_199_254_740_992.0)
}

#[inline(always)]
fn uniform_of([a, b, _, _]: [u32; 4]) -> f64 {
    unit(a, b)
}

#[inline(always)]
fn turns_of([_, _, c, d]: [u32; 4]) -> f64 {
    unit(c, d)
}

#[inline(always)]
fn normal(u: f64, turns: f64) -> f64 {
    (-2.0 * near_log(1.0 - u)).sqrt() * near_cos(std::f64::consts::TAU * turns)
}

#[inline(always)]
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    const M: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
    for _ in 0..10 {
        let (p, q) = (M[0] * u64::from(counter[0]), M[1] * u64::from(counter[2]));
        #[expect(clippy::cast_possible_truncation, reason = "high and low words of a product")]
        {
            counter = [
                (q >> 32) as u32 ^ counter[1] ^ key[0],
                q as u32,
                (p >> 32) as u32 ^ counter[3] ^ key[1],
                p as u32,
            ];
        }
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_published_answers() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
    }

    #[test]
    fn blocks_hold_the_same_numbers_as_one_by_one() {
        let stream = Stream::new(3, "there");
        for width in Width::all() {
            for kind in [Draw::Uniform, Draw::Normal] {
                let mut block = [0.0; 37];
                stream.fill(width, kind, (5, 2), &mut block, (Some(100), &|k| k + 100));
                for (k, x) in block.iter().enumerate() {
                    let alone = match kind {
                        Draw::Uniform => stream.uniform(5, 2, k + 100),
                        Draw::Normal => stream.normal(5, 2, k + 100),
                    };
                    assert_eq!(x.to_bits(), alone.to_bits());
                }
            }
            for of in [
                Counts::Poisson(1.5),
                Counts::Poisson(0.0),
                Counts::Binomial(400.0, 0.002),
                Counts::Binomial(3.0, 0.5),
            ] {
                let mut block = [0.0; 37];
                stream.fill(width, Draw::Uniform, (5, 2), &mut block, (Some(0), &|k| k));
                assert!(Stream::counts(width, &of, &mut block));
                for (k, x) in block.iter().enumerate() {
                    let alone = match of {
                        Counts::Poisson(mean) => stream.poisson(5, 2, k, mean),
                        Counts::Binomial(n, p) => stream.binomial(5, 2, k, n, p),
                    };
                    assert_eq!(*x, alone);
                }
            }
        }
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let stream = Stream::new(7, "a place");
        let n = 20_000;
        let mean = |f: &dyn Fn(usize) -> f64| (0..n).map(f).sum::<f64>() / 20_000.0;
        assert!((mean(&|k| stream.uniform(0, 1, k)) - 0.5).abs() < 0.01);
        assert!(mean(&|k| stream.normal(1, 1, k)).abs() < 0.03);
        assert!((mean(&|k| stream.normal(1, 1, k).powi(2)) - 1.0).abs() < 0.05);
        assert!((mean(&|k| stream.poisson(3, 1, k, 4.5)) - 4.5).abs() < 0.06);
        assert!((mean(&|k| (stream.poisson(3, 1, k, 4.5) - 4.5).powi(2)) - 4.5).abs() < 0.2);
        assert!((mean(&|k| stream.poisson(3, 1, k, 40.0)) - 40.0).abs() < 0.2);
        assert!((mean(&|k| stream.binomial(4, 1, k, 200.0, 0.3)) - 60.0).abs() < 0.2);
        assert!((mean(&|k| stream.binomial(4, 1, k, 20.0, 0.3)) - 6.0).abs() < 0.06);
        assert!((mean(&|k| (stream.binomial(4, 1, k, 20.0, 0.8) - 16.0).powi(2)) - 3.2).abs() < 0.13);
        let mut hits = Vec::new();
        stream.hits(Width::best(), (5, 1, 0), (n, 0.02), |k| hits.push(k));
        assert!((340..460).contains(&hits.len()) && hits.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(hits.iter().all(|k| *k < n));
        assert!((0..n).all(|k| (0.0..1.0).contains(&stream.uniform(2, 1, k))));
    }
}
