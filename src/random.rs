//! Seeded random numbers keyed by place, step, draw and element: the same in whatever order they are drawn.
//! Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

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
        let [a, b, _, _] = self.block(step, draw, element);
        unit(a, b)
    }

    /// A number from the normal distribution of mean 0 and variance 1 (Box and Muller).
    pub(crate) fn normal(self, step: u64, draw: u32, element: usize) -> f64 {
        let [a, b, c, d] = self.block(step, draw, element);
        let radius = (-2.0 * (1.0 - unit(a, b)).ln()).sqrt();
        radius * (std::f64::consts::TAU * unit(c, d)).cos()
    }

    /// A whole number from the Poisson distribution: how many unit exponential waiting times fit into the mean.
    /// Exact, and its time grows with the mean.
    pub(crate) fn poisson(self, step: u64, draw: u32, element: usize, mean: f64) -> f64 {
        if !(0.0..=1e9).contains(&mean) {
            return f64::NAN;
        }
        let (mut passed, mut count) = (0.0, 0.0);
        for source in self.further(step, draw, element) {
            passed -= (1.0 - source).ln();
            if passed >= mean {
                break;
            }
            count += 1.0;
        }
        count
    }

    /// How many of `n` trials succeed with probability `p`, by the gaps between successes; time grows with `n*p`.
    pub(crate) fn binomial(self, step: u64, draw: u32, element: usize, n: f64, p: f64) -> f64 {
        if !(0.0..=1e9).contains(&n) || !(0.0..=1.0).contains(&p) {
            return f64::NAN;
        }
        if p > 0.5 {
            return n.trunc() - self.binomial(step, draw, element, n, 1.0 - p);
        }
        if p == 0.0 {
            return 0.0;
        }
        let (mut trial, mut count) = (0.0, 0.0);
        let failure = (-p).ln_1p();
        for source in self.further(step, draw, element) {
            trial += ((1.0 - source).ln() / failure).floor() + 1.0;
            if trial > n.trunc() {
                break;
            }
            count += 1.0;
        }
        count
    }

    /// As many numbers as wanted, for distributions that need more than one.
    fn further(self, step: u64, draw: u32, element: usize) -> impl Iterator<Item = f64> {
        // The upper half of the step's words is free: runs stay below 2^40 steps.
        (0_u64..).flat_map(move |round| {
            let [a, b, c, d] = self.block(step | (round + 1) << 40, draw, element);
            [unit(a, b), unit(c, d)]
        })
    }

    #[expect(clippy::cast_possible_truncation, reason = "the counter's words")]
    fn block(self, step: u64, draw: u32, element: usize) -> [u32; 4] {
        philox([element as u32, step as u32, (step >> 32) as u32, draw], self.key)
    }
}

fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// 53 random bits as a fraction.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
fn unit(a: u32, b: u32) -> f64 {
    let bits = (u64::from(a) << 21) ^ (u64::from(b) >> 11);
    bits as f64 / (1_u64 << 53) as f64
}

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
    fn moments_are_those_of_the_distributions() {
        let stream = Stream::new(7, "a place");
        let n = 20_000;
        let mean = |f: &dyn Fn(usize) -> f64| (0..n).map(f).sum::<f64>() / 20_000.0;
        assert!((mean(&|k| stream.uniform(0, 1, k)) - 0.5).abs() < 0.01);
        assert!(mean(&|k| stream.normal(1, 1, k)).abs() < 0.03);
        assert!((mean(&|k| stream.normal(1, 1, k).powi(2)) - 1.0).abs() < 0.05);
        assert!((mean(&|k| stream.poisson(3, 1, k, 4.5)) - 4.5).abs() < 0.06);
        assert!((mean(&|k| stream.binomial(4, 1, k, 20.0, 0.3)) - 6.0).abs() < 0.06);
        assert!((mean(&|k| (stream.binomial(4, 1, k, 20.0, 0.8) - 16.0).powi(2)) - 3.2).abs() < 0.13);
        assert!((0..n).all(|k| (0.0..1.0).contains(&stream.uniform(2, 1, k))));
    }
}
