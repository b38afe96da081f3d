//! Distances between two spike trains: van Rossum's, Victor and Purpura's, the ISI- and the SPIKE-distance.
//! Conventions are those of Elephant and PySpike, against whose numbers they are tested. Times in seconds.

/// van Rossum's distance with an exponential kernel of time constant `tau` (Neural Computation 13, 2001).
/// One spike alone is at distance 1 from none.
#[must_use]
pub fn van_rossum(a: &[f64], b: &[f64], tau: f64) -> f64 {
    let squared = correlation(a, a, tau) + correlation(b, b, tau) - 2.0 * correlation(a, b, tau);
    squared.max(0.0).sqrt()
}

/// Sum of `exp(-|s - t|/tau)` over all pairs of sorted times, in one pass (Houghton and Kreuz 2012).
fn correlation(a: &[f64], b: &[f64], tau: f64) -> f64 {
    // Pairs whose second time is not later, then those whose second time is later.
    earlier(a, b, tau, true) + earlier(b, a, tau, false)
}

fn earlier(late: &[f64], early: &[f64], tau: f64, with_equal: bool) -> f64 {
    let (mut sum, mut trace, mut last, mut next) = (0.0, 0.0, f64::NEG_INFINITY, 0);
    for &t in late {
        while let Some(&s) = early.get(next).filter(|&&s| s < t || (with_equal && s == t)) {
            trace = trace * ((last - s) / tau).exp() + 1.0;
            last = s;
            next += 1;
        }
        if next > 0 {
            sum += trace * ((last - t) / tau).exp();
        }
    }
    sum
}

/// Victor and Purpura's distance: the cheapest way from one train to the other, where a spike costs 1 to add or
/// remove and `cost` per second to move (Journal of Neurophysiology 76, 1996).
#[must_use]
pub fn victor_purpura(a: &[f64], b: &[f64], cost: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of spikes")]
    let mut row: Vec<f64> = (0..=b.len()).map(|k| k as f64).collect();
    for &s in a {
        let mut diagonal = row[0];
        row[0] += 1.0;
        for (k, &t) in b.iter().enumerate() {
            let moved = diagonal + cost * (s - t).abs();
            diagonal = row[k + 1];
            row[k + 1] = moved.min(row[k] + 1.0).min(row[k + 1] + 1.0);
        }
    }
    row[b.len()]
}

/// The ISI-distance from `start` to `end`: how much the interspike intervals differ, 0 to 1 (Kreuz et al. 2007).
#[must_use]
pub fn isi(a: &[f64], b: &[f64], start: f64, end: f64) -> f64 {
    let (a, b) = (intervals(a, b, start, end), intervals(b, a, start, end));
    average(&a, &b, start, end, |x, y, _| (x.isi - y.isi).abs() / x.isi.max(y.isi))
}

/// The SPIKE-distance from `start` to `end`: how far spikes are from their nearest partners, relative to the
/// intervals around them (Kreuz et al., Journal of Neurophysiology 109, 2013).
#[must_use]
pub fn spike(a: &[f64], b: &[f64], start: f64, end: f64) -> f64 {
    let (a, b) = (intervals(a, b, start, end), intervals(b, a, start, end));
    average(&a, &b, start, end, |x, y, t| {
        let mean = 0.5 * (x.isi + y.isi);
        0.5 * (x.nearness(t) * y.isi + y.nearness(t) * x.isi) / (mean * mean)
    })
}

/// Time between two spikes of a train, or between one and the edge.
#[derive(Clone, Copy, Debug)]
struct Interval {
    from: f64,
    to: f64,
    isi: f64,
    /// Distance to the nearest spike of the other train, at both ends.
    near: (f64, f64),
}

impl Interval {
    fn nearness(&self, t: f64) -> f64 {
        if self.near.0 == self.near.1 {
            return self.near.0;
        }
        (self.near.0 * (self.to - t) + self.near.1 * (t - self.from)) / (self.to - self.from)
    }
}

/// The intervals of a train that cover the time from start to end.
fn intervals(train: &[f64], other: &[f64], start: f64, end: f64) -> Vec<Interval> {
    let edges = [start, end];
    let whole = |t: &[f64]| if t.is_empty() { edges.to_vec() } else { t.to_vec() };
    let (train, other) = (whole(train), whole(other));
    let n = train.len();
    // Spikes beyond the edges, one interval away, are possible partners too.
    let first_gap = |t: &[f64]| if t.len() > 1 { t[1] - t[0] } else { 0.0 };
    let last_gap = |t: &[f64]| if t.len() > 1 { t[t.len() - 1] - t[t.len() - 2] } else { 0.0 };
    let outside =
        [start.min(other[0] - first_gap(&other)), end.max(other[other.len() - 1] + last_gap(&other))];
    let (before, after) = if other.len() > 1 { (outside[0], outside[1]) } else { (start, end) };
    let nearest = |t: f64| {
        let k = other.partition_point(|&s| s < t);
        let inner = other[k.saturating_sub(1)..(k + 1).min(other.len())].iter().map(|s| (s - t).abs());
        inner.fold((t - before).abs().min((after - t).abs()), f64::min)
    };
    let mut out = Vec::with_capacity(n + 1);
    if train[0] > start {
        let near = nearest(train[0]);
        let isi = (train[0] - start).max(first_gap(&train));
        out.push(Interval { from: start, to: train[0], isi, near: (near, near) });
    }
    for pair in train.windows(2) {
        let near = (nearest(pair[0]), nearest(pair[1]));
        out.push(Interval { from: pair[0], to: pair[1], isi: pair[1] - pair[0], near });
    }
    if train[n - 1] < end {
        let near = nearest(train[n - 1]);
        let isi = (end - train[n - 1]).max(last_gap(&train));
        out.push(Interval { from: train[n - 1], to: end, isi, near: (near, near) });
    }
    out
}

/// Mean over time of a quantity that is linear within each pair of intervals.
fn average(
    a: &[Interval],
    b: &[Interval],
    start: f64,
    end: f64,
    f: impl Fn(&Interval, &Interval, f64) -> f64,
) -> f64 {
    let (mut i, mut j, mut t, mut sum) = (0, 0, start, 0.0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        let until = x.to.min(y.to).min(end);
        if until > t {
            sum += 0.5 * (f(x, y, t) + f(x, y, until)) * (until - t);
            t = until;
        }
        i += usize::from(x.to <= until);
        j += usize::from(y.to <= until);
        if x.to > until && y.to > until {
            break;
        }
    }
    if end > start { sum / (end - start) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn train() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::btree_set(1_u32..10_000, 0..30)
            .prop_map(|s| s.into_iter().map(|k| f64::from(k) * 1e-4).collect())
    }

    proptest! {
        #[test]
        fn they_are_distances(a in train(), b in train(), c in train()) {
            for d in [&|a: &[f64], b: &[f64]| van_rossum(a, b, 0.01), &|a: &[f64], b: &[f64]| victor_purpura(a, b, 100.0)] as [&dyn Fn(&[f64], &[f64]) -> f64; 2] {
                prop_assert!(d(&a, &a) < 1e-6);
                prop_assert!((d(&a, &b) - d(&b, &a)).abs() < 1e-6);
                prop_assert!(d(&a, &c) <= d(&a, &b) + d(&b, &c) + 1e-6);
            }
            for d in [isi, spike] as [fn(&[f64], &[f64], f64, f64) -> f64; 2] {
                prop_assert!(d(&a, &a, 0.0, 1.0).abs() < 1e-9);
                let value = d(&a, &b, 0.0, 1.0);
                prop_assert!((0.0..=1.0 + 1e-9).contains(&value), "{}", value);
                prop_assert!((value - d(&b, &a, 0.0, 1.0)).abs() < 1e-9);
            }
        }
    }
}
