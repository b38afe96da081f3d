//! One axis: the interval it shows, where its ticks stand and what they say.
//! Used by `layout` and `draw`. Invariant: `low < high`, both finite, so that every value has a place.

/// Largest magnitude shown; beyond it even the width of the interval would overflow.
const HUGE: f64 = 1e300;
const PADDING: f64 = 0.05;

/// A finished axis.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ticks: Vec<(f64, String)>,
    /// What the tick labels are to be multiplied by, such as `×10⁻⁹`; empty for 1.
    pub(super) factor: String,
}

impl Axis {
    /// Where a value lies: 0 at the low end, 1 at the high end.
    pub(super) fn fraction(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    pub(super) fn contains(&self, value: f64) -> bool {
        (-1e-9..=1.0 + 1e-9).contains(&self.fraction(value))
    }
}

/// The interval for these values: with padding, around a single value, or 0 to 1 for none.
pub(super) fn interval(values: impl Iterator<Item = f64>) -> (f64, f64) {
    padded(values, PADDING)
}

/// As [`interval`], without padding where there is more than one value.
pub(super) fn tight(values: impl Iterator<Item = f64>) -> (f64, f64) {
    padded(values, 0.0)
}

fn padded(values: impl Iterator<Item = f64>, padding: f64) -> (f64, f64) {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for v in values.filter(|v| v.is_finite()) {
        low = low.min(v.clamp(-HUGE, HUGE));
        high = high.max(v.clamp(-HUGE, HUGE));
    }
    if low > high {
        return (0.0, 1.0);
    }
    let largest = low.abs().max(high.abs());
    let span = high - low;
    if span <= largest * 1e-9 || span < 1e-290 {
        // A constant: round-off must not be blown up to the height of the panel.
        let room = if largest < 1e-280 { 0.5 } else { largest * 0.1 };
        return (low - room, high + room);
    }
    (low - span * padding, high + span * padding)
}

/// Ticks at multiples of 1, 2, 2.5 or 5 times a power of ten, about `wanted` of them, and two wherever possible.
pub(super) fn numbered(low: f64, high: f64, wanted: f64, whole: bool) -> Axis {
    let step = |wanted: f64| {
        let step = nice_step((high - low) / wanted.max(1.0));
        if whole { step.max(1.0).round() } else { step }
    };
    // One tick alone gives a place but no scale.
    let finer = (0..4).map(|k| spaced(low, high, step(wanted + f64::from(k))));
    finer
        .reduce(|best, next| if best.ticks.len() > 1 { best } else { next })
        .unwrap_or_else(|| spaced(low, high, step(wanted)))
}

fn spaced(low: f64, high: f64, step: f64) -> Axis {
    let exponent = shared_exponent(low, high);
    let scale = 10_f64.powi(exponent);
    let decimals = decimals_of(step / scale);
    let first = (low / step - 1e-9).ceil();
    let last = (high / step + 1e-9).floor();
    let count = (last - first + 1.0).clamp(0.0, 200.0) as u32;
    let ticks = (0..count)
        .map(|k| {
            let value = (first + f64::from(k)) * step;
            (value, number(value / scale, decimals))
        })
        .collect();
    Axis { low, high, ticks, factor: factor(exponent) }
}

fn nice_step(at_least: f64) -> f64 {
    let power = 10_f64.powf(at_least.log10().floor());
    let multiple = [1.0, 2.0, 2.5, 5.0].into_iter().find(|m| m * power >= at_least * 0.999).unwrap_or(10.0);
    multiple * power
}

/// The power of ten taken out of all labels, so that they stay short: a multiple of three, 0 for everyday numbers.
pub(super) fn shared_exponent(low: f64, high: f64) -> i32 {
    let largest = low.abs().max(high.abs());
    if (1e-2..1e5).contains(&largest) || largest == 0.0 {
        return 0;
    }
    ((largest.log10() / 3.0).floor() * 3.0) as i32
}

fn decimals_of(step: f64) -> usize {
    (0..12)
        .find(|&d| {
            let shifted = step * 10_f64.powi(d);
            (shifted - shifted.round()).abs() < 1e-6 * shifted
        })
        .unwrap_or(12) as usize
}

fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| c == '0' || c == '.') => digits.to_owned(),
        Some(digits) => format!("\u{2212}{digits}"),
        None => text,
    }
}

fn factor(exponent: i32) -> String {
    if exponent == 0 {
        return String::new();
    }
    let raised: String = exponent.to_string().chars().map(raised).collect();
    format!("×10{raised}")
}

fn raised(c: char) -> char {
    match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        _ => char::from_u32(0x2070 + c.to_digit(10).unwrap_or(0)).unwrap_or('⁰'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn labels(low: f64, high: f64, wanted: f64) -> String {
        let axis = numbered(low, high, wanted, false);
        let words: Vec<_> = axis.ticks.into_iter().map(|(_, text)| text).collect();
        format!("{} {}", words.join(" "), axis.factor).trim_end().to_owned()
    }

    #[test]
    fn ticks_stand_at_round_numbers() {
        assert_eq!(labels(-2.5, 52.5, 6.0), "0 10 20 30 40 50");
        assert_eq!(labels(-0.05, 1.05, 6.0), "0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(labels(-71.0, -48.0, 5.0), "−70 −65 −60 −55 −50");
        assert_eq!(labels(-0.25, 0.25, 4.0), "−0.2 0.0 0.2");
        assert_eq!(labels(0.0, 3e-9, 4.0), "0 1 2 3 ×10⁻⁹");
        assert_eq!(labels(-3.3e-9, 3.3e-9, 2.0), "−2.5 0.0 2.5 ×10⁻⁹", "never one tick alone");
        assert_eq!(labels(0.0, 250_000.0, 5.0), "0 50 100 150 200 250 ×10³");
    }

    #[test]
    fn indices_have_whole_ticks() {
        let axis = numbered(-0.1, 2.1, 6.0, true);
        assert_eq!(axis.ticks.iter().map(|t| t.0).collect::<Vec<_>>(), [0.0, 1.0, 2.0]);
    }

    #[test]
    fn intervals_survive_poor_data() {
        assert_eq!(interval([].into_iter()), (0.0, 1.0));
        assert_eq!(interval([f64::NAN, f64::INFINITY].into_iter()), (0.0, 1.0));
        assert_eq!(interval([0.0].into_iter()), (-0.5, 0.5));
        assert_eq!(interval([2.0, 2.0].into_iter()), (1.8, 2.2));
        assert_eq!(interval([0.0, 100.0, f64::NAN].into_iter()), (-5.0, 105.0));
        for values in [[f64::MAX, f64::MIN], [1e-310, 2e-310], [1.0, 1.0 + f64::EPSILON], [1e300, 1e300]] {
            let (low, high) = interval(values.into_iter());
            let axis = numbered(low, high, 6.0, false);
            assert!(low < high && (high - low).is_finite(), "{low} {high}");
            assert!((1..20).contains(&axis.ticks.len()), "{axis:?}");
            assert!(axis.ticks.iter().all(|(v, _)| axis.contains(*v)), "{axis:?}");
        }
    }
}
