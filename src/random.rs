//! Seeded random numbers keyed by object, step and element: the same in whatever order they are drawn.
//! Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

/// One stream of numbers: the network's seed and a number for the place that draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    key: [u32; 2],
    place: u32,
}

impl Stream {
    /// The stream of `place` (an object's operation) under `seed`.
    pub(crate) fn new(seed: u64, place: u32) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of the seed")]
        let key = [seed as u32, (seed >> 32) as u32];
        Self { key, place }
    }

    /// A number from 0 up to but not including 1.
    pub(crate) fn uniform(self, step: u64, element: usize) -> f64 {
        let [a, b, _, _] = self.block(step, element);
        unit(a, b)
    }

    /// A number from the normal distribution of mean 0 and variance 1 (Box and Muller).
    pub(crate) fn normal(self, step: u64, element: usize) -> f64 {
        let [a, b, c, d] = self.block(step, element);
        let radius = (-2.0 * (1.0 - unit(a, b)).ln()).sqrt();
        radius * (std::f64::consts::TAU * unit(c, d)).cos()
    }

    #[expect(clippy::cast_possible_truncation, reason = "the counter's words; steps go on into the third")]
    fn block(self, step: u64, element: usize) -> [u32; 4] {
        philox([element as u32, step as u32, (step >> 32) as u32, self.place], self.key)
    }
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
        let stream = Stream::new(7, 3);
        let n = 20_000;
        let mean = |f: &dyn Fn(usize) -> f64| (0..n).map(f).sum::<f64>() / 20_000.0;
        assert!((mean(&|k| stream.uniform(0, k)) - 0.5).abs() < 0.01);
        assert!(mean(&|k| stream.normal(1, k)).abs() < 0.03);
        assert!((mean(&|k| stream.normal(1, k).powi(2)) - 1.0).abs() < 0.05);
        assert!((0..n).all(|k| (0.0..1.0).contains(&stream.uniform(2, k))));
    }
}
