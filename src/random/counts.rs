//! Whole numbers from distributions: Poisson's and the binomial one, one by one or for a whole block.
//! Small means come from one number and the cumulative distribution, large ones from the gaps between events.

use super::Stream;
use crate::vector::{Fun1, Loop, Width, eight};

/// Distributions over whole numbers, with their parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counts {
    Poisson(f64),
    Binomial(f64, f64),
}

/// Up to this mean, counts come from one number and the cumulative distribution.
const SMALL: f64 = 24.0;

/// The cumulative distribution of 0, 1, 2, … until what is left cannot be told from nothing.
struct Cumulative {
    sum: f64,
    /// The probability of the next count, that count, and what leads on from it.
    term: f64,
    count: f64,
    factors: (f64, f64),
    mean: f64,
    /// No count is larger.
    most: f64,
}

impl Cumulative {
    fn poisson(mean: f64) -> Self {
        Self {
            sum: 0.0,
            term: Fun1::Exp.apply(-mean),
            count: 0.0,
            factors: (mean, 0.0),
            mean,
            most: f64::INFINITY,
        }
    }

    fn binomial(n: f64, p: f64) -> Self {
        let odds = p / (1.0 - p);
        let none = Fun1::Exp.apply(n * Fun1::Log1p.apply(-p));
        Self { sum: 0.0, term: none, count: 0.0, factors: ((n + 1.0) * odds, odds), mean: n * p, most: n }
    }

    /// The count that belongs to a number from 0 to 1.
    fn below(self, u: f64) -> f64 {
        let mut count = 0.0;
        for sum in self {
            if u < sum {
                break;
            }
            count += 1.0;
        }
        count
    }
}

impl Iterator for Cumulative {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        const NOTHING: f64 = 1e-18;
        if self.count >= self.most || self.term <= 0.0 || (self.count > self.mean && self.term < NOTHING) {
            return None;
        }
        self.sum += self.term;
        self.count += 1.0;
        self.term *= self.factors.0 / self.count - self.factors.1;
        Some(self.sum)
    }
}

impl Stream {
    /// A whole number from the Poisson distribution.
    pub(crate) fn poisson(self, step: u64, draw: u32, element: usize, mean: f64) -> f64 {
        if !(0.0..=1e9).contains(&mean) {
            return f64::NAN;
        }
        if mean <= SMALL {
            return Cumulative::poisson(mean).below(self.uniform(step, draw, element));
        }
        // How many unit exponential waiting times fit into the mean: exact, and its time grows with the mean.
        let (mut passed, mut count) = (0.0, 0.0);
        for source in self.further(step, draw, element) {
            passed -= Fun1::Log.apply(1.0 - source);
            if passed >= mean {
                break;
            }
            count += 1.0;
        }
        count
    }

    /// How many of `n` trials succeed with probability `p`.
    pub(crate) fn binomial(self, step: u64, draw: u32, element: usize, n: f64, p: f64) -> f64 {
        if !(0.0..=1e9).contains(&n) || !(0.0..=1.0).contains(&p) {
            return f64::NAN;
        }
        if p > 0.5 {
            return n.trunc() - self.binomial(step, draw, element, n, 1.0 - p);
        }
        if n * p <= SMALL {
            return Cumulative::binomial(n.trunc(), p).below(self.uniform(step, draw, element));
        }
        // By the gaps between successes; time grows with n*p.
        let (mut trial, mut count) = (0.0, 0.0);
        let failure = Fun1::Log1p.apply(-p);
        for source in self.further(step, draw, element) {
            trial += (Fun1::Log.apply(1.0 - source) / failure).floor() + 1.0;
            if trial > n.trunc() {
                break;
            }
            count += 1.0;
        }
        count
    }

    /// Turns uniform numbers into counts of one distribution, if its mean is small; false if it is not.
    /// The same counts as one by one.
    pub(crate) fn counts(width: Width, of: &Counts, out: &mut [f64]) -> bool {
        let table = match *of {
            Counts::Poisson(mean) if (0.0..=SMALL).contains(&mean) => Cumulative::poisson(mean),
            Counts::Binomial(n, p)
                if (0.0..=1e9).contains(&n) && (0.0..=0.5).contains(&p) && n * p <= SMALL =>
            {
                Cumulative::binomial(n.trunc(), p)
            }
            _ => return false,
        };
        let table: Vec<f64> = table.collect();
        width.run(CountBelow { out, table: &table });
        true
    }
}

/// How many entries of a table each number reaches.
struct CountBelow<'a> {
    out: &'a mut [f64],
    table: &'a [f64],
}

impl Loop for CountBelow<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (chunks, rest) = self.out.as_chunks_mut::<8>();
        for chunk in chunks {
            let mut counts = [0.0; 8];
            for sum in self.table {
                counts = eight(&counts, chunk, |count, u| count + if u < *sum { 0.0 } else { 1.0 });
            }
            *chunk = counts;
        }
        for u in rest {
            *u = self.table.iter().map(|sum| if *u < *sum { 0.0 } else { 1.0 }).sum();
        }
    }
}
