//! How much of each task every thread gets: as much as it does in the time in which the others do theirs.
//! Processors differ, by their kind or by what else runs on them; where elements are cut never changes a result.

/// How much of what one round says is believed.
const BELIEF: f64 = 0.1;
/// How far one round can call for another share, as a part of it: a thread that had to wait for its processor says little.
const MOST: f64 = 0.3;
/// Shares stay as long as none should differ by more than this part of an equal one, because what a thread has in its cache
/// moves with them.
const ALIKE: f64 = 0.02;
/// No thread's share becomes smaller than this part of an equal one, so that it can show when it is faster again.
const LEAST: f64 = 0.2;
/// Seconds of work for which one look at the clock costs nothing.
const LONG: f64 = 10e-6;

/// The shares of the threads, in their order.
pub(super) struct Balance {
    /// Where each share ends; all of them together are 1.
    ends: Vec<f64>,
    /// What they should be by what was seen.
    wanted: Vec<f64>,
    /// Rounds to go until one is timed.
    rest: u32,
    shaken: usize,
}

impl Balance {
    #[expect(clippy::cast_precision_loss, reason = "a few threads")]
    pub(super) fn new(threads: usize) -> Self {
        let wanted = vec![1.0 / threads as f64; threads];
        let mut balance = Self { ends: Vec::new(), wanted, rest: 0, shaken: 0 };
        balance.settle();
        balance
    }

    /// Where the share of the k-th thread begins among `n` elements.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to n")]
    #[expect(clippy::cast_precision_loss, reason = "numbers of elements")]
    pub(super) fn begin(&self, k: usize, n: usize) -> usize {
        // Rounded, so that a half is a half.
        if k == 0 { 0 } else { (self.ends[k - 1] * n as f64).round() as usize }
    }

    /// Begins a round: true if its parts are to be timed.
    pub(super) fn is_timed(&mut self) -> bool {
        let is_timed = self.rest == 0;
        self.rest = self.rest.saturating_sub(1);
        is_timed
    }

    /// Takes what each part of a round was, its elements and the seconds they took.
    #[expect(clippy::cast_precision_loss, reason = "numbers of elements")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a thousand")]
    pub(super) fn note(&mut self, parts: impl Iterator<Item = (usize, f64)> + Clone) {
        let longest = parts.clone().map(|(_, seconds)| seconds).fold(0.0, f64::max);
        self.rest = (LONG / longest.max(LONG * 1e-3)) as u32;
        // Nothing done in no time says nothing.
        if parts.clone().any(|(elements, seconds)| elements == 0 || seconds <= 0.0) {
            return;
        }
        let speeds = parts.map(|(elements, seconds)| elements as f64 / seconds);
        let sum: f64 = speeds.clone().sum();
        for ((wanted, share), speed) in self.wanted.iter_mut().zip(shares(&self.ends)).zip(speeds) {
            let seen = (speed / sum).clamp(share * (1.0 - MOST), share * (1.0 + MOST));
            *wanted += BELIEF * (seen - *wanted);
        }
        let differs = |(share, wanted): (f64, &f64)| (wanted - share).abs() * self.ends.len() as f64 > ALIKE;
        if shares(&self.ends).zip(&self.wanted).any(differs) {
            self.settle();
        }
    }

    /// Other shares than before, for tests.
    pub(super) fn shake(&mut self) {
        self.shaken += 1;
        for (k, wanted) in self.wanted.iter_mut().enumerate() {
            *wanted = [1.0, 4.0, 2.0, 5.0, 3.0][(self.shaken + 3 * k) % 5];
        }
        self.settle();
    }

    /// Gives each thread what it should have.
    #[expect(clippy::cast_precision_loss, reason = "a few threads")]
    fn settle(&mut self) {
        let least = LEAST * self.wanted.iter().sum::<f64>() / self.wanted.len() as f64;
        self.wanted.iter_mut().for_each(|wanted| *wanted = wanted.max(least));
        let sum: f64 = self.wanted.iter().sum();
        self.wanted.iter_mut().for_each(|wanted| *wanted /= sum);
        let mut end = 0.0;
        self.ends.clear();
        self.ends.extend(self.wanted.iter().map(|wanted| {
            end += wanted;
            end
        }));
    }
}

/// What lies between these ends.
fn shares(ends: &[f64]) -> impl Iterator<Item = f64> {
    let begins = std::iter::once(&0.0).chain(ends);
    ends.iter().zip(begins).map(|(end, begin)| end - begin)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds of threads that do so many elements in a microsecond; the shares afterwards.
    fn after(balance: &mut Balance, speeds: &[f64], rounds: usize) -> Vec<usize> {
        let n = 10_000;
        let threads = speeds.len();
        let shares = |balance: &Balance| -> Vec<usize> {
            let end = |k: usize| if k == threads { n } else { balance.begin(k, n) };
            (0..threads).map(|k| end(k + 1) - end(k)).collect()
        };
        for round in 0..rounds {
            let shares = shares(balance);
            // Now and then a thread has to wait for its processor.
            let stall = |k: usize| if round % 31 == 7 * k { 1.0 } else { 0.0 };
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let part = |k: usize| (shares[k], stall(k) + 1e-6 * shares[k] as f64 / speeds[k]);
            assert!(balance.is_timed());
            balance.note((0..threads).map(part));
        }
        shares(balance)
    }

    #[test]
    fn shares_follow_the_speed_of_threads_and_not_single_delays() {
        let mut balance = Balance::new(2);
        let is_near = |shares: &[usize], expected: &[usize]| {
            assert!(shares.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) < 450), "{shares:?}");
        };
        is_near(&after(&mut balance, &[1.0, 1.0], 500), &[5000, 5000]);
        is_near(&after(&mut balance, &[2.0, 1.0], 500), &[6667, 3333]);
        is_near(&after(&mut balance, &[1.0, 1.0], 500), &[5000, 5000]);
        is_near(&after(&mut Balance::new(3), &[4.0, 2.0, 2.0], 500), &[5000, 2500, 2500]);
    }

    #[test]
    fn a_very_slow_thread_keeps_a_share() {
        let shares = after(&mut Balance::new(2), &[1.0, 0.001], 1000);
        assert!(shares[1] > 500, "{shares:?}");
    }

    #[test]
    fn shares_are_all_of_the_elements_in_order() {
        let mut balance = Balance::new(5);
        for n in [0, 1, 7, 1000] {
            for _ in 0..10 {
                let begins: Vec<usize> = (0..5).map(|k| balance.begin(k, n)).collect();
                assert!(begins[0] == 0 && begins.is_sorted() && begins[4] <= n, "{begins:?}");
                balance.shake();
            }
        }
    }

    #[test]
    fn a_clock_that_stands_still_moves_nothing_and_short_rounds_are_timed_rarely() {
        let mut balance = Balance::new(2);
        balance.note([(10, 0.0), (10, 0.0)].into_iter());
        assert_eq!(balance.begin(1, 100), 50);
        balance.rest = 0;
        balance.note([(10, 1e-6), (10, 2e-6)].into_iter());
        let timed = (0..12).filter(|_| balance.is_timed()).count();
        assert_eq!(timed, 7);
    }
}
