//! Values as colours: two maps that colour-blind readers can follow, and the scale from a value to its colour.
//! Used by `mosaic`, and by dots and colour bars in `draw`.

use super::panel::Rgb;

/// Dark blue to yellow, in steps of equal visible difference: the anchors of viridis.
const RISING: [Rgb; 10] = [
    (68, 1, 84),
    (72, 40, 120),
    (62, 73, 137),
    (49, 104, 142),
    (38, 130, 142),
    (31, 158, 137),
    (53, 183, 121),
    (110, 206, 88),
    (181, 222, 43),
    (253, 231, 37),
];

/// Blue over light grey to orange, for values on both sides of zero.
const BOTH_SIDES: [Rgb; 7] = [
    (0, 68, 136),
    (64, 132, 189),
    (152, 193, 222),
    (222, 222, 222),
    (244, 186, 120),
    (219, 124, 32),
    (153, 68, 0),
];

/// More shades than an eye tells apart in one picture, and few enough to draw each shade at one go.
pub(super) const SHADES: usize = 64;

/// From values to colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    both_sides: bool,
}

impl Scale {
    /// Fits these values, or the limits given. Values of both signs are shown about zero.
    pub(super) fn new(values: impl Iterator<Item = f64>, limits: Option<(f64, f64)>) -> Self {
        const HUGE: f64 = 1e300;
        let (low, high) = limits.unwrap_or_else(|| {
            let finite = values.filter(|v| v.is_finite()).map(|v| v.clamp(-HUGE, HUGE));
            let (low, high) =
                finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
            match (low, high) {
                (low, high) if low > high => (0.0, 1.0),
                // Round-off is no difference.
                (low, high) if high - low <= 1e-9 * low.abs().max(high.abs()) => {
                    let room = if high == 0.0 { 0.5 } else { 0.1 * high.abs() };
                    (low - room, high + room)
                }
                (low, high) if low < 0.0 && high > 0.0 => {
                    let far = high.max(-low);
                    (-far, far)
                }
                span => span,
            }
        });
        Self { low, high, both_sides: low < 0.0 && high > 0.0 }
    }

    /// The shade of a value, from 0 to `SHADES - 1`; values beyond the limits get the last one.
    pub(super) fn shade(&self, value: f64) -> usize {
        let part = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        ((part * SHADES as f64) as usize).min(SHADES - 1)
    }

    /// The colour of a shade.
    pub(super) fn colour(&self, shade: usize) -> Rgb {
        let anchors: &[Rgb] = if self.both_sides { &BOTH_SIDES } else { &RISING };
        let place = (shade as f64 + 0.5) / SHADES as f64 * (anchors.len() - 1) as f64;
        let below = (place as usize).min(anchors.len() - 2);
        let (a, b, part) = (anchors[below], anchors[below + 1], place - below as f64);
        let mix = |a: u8, b: u8| (f64::from(a) + part * (f64::from(b) - f64::from(a))).round() as u8;
        (mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_signs_are_shown_about_zero() {
        let scale = Scale::new([-1.0, 3.0, f64::NAN].into_iter(), None);
        assert_eq!((scale.low, scale.high), (-3.0, 3.0));
        let middle = scale.colour(scale.shade(0.0));
        assert!(middle.0.abs_diff(middle.2) < 16, "zero is grey: {middle:?}");
        let rising = Scale::new([1.0, 3.0].into_iter(), None);
        assert_eq!((rising.low, rising.high), (1.0, 3.0));
        assert!(rising.colour(0).2 > rising.colour(0).1, "dark blue first");
    }

    #[test]
    fn poor_data_still_has_a_scale() {
        for values in [vec![], vec![f64::NAN], vec![0.0], vec![-2.0; 3], vec![f64::MAX, f64::MIN]] {
            let scale = Scale::new(values.iter().copied(), None);
            assert!(scale.low < scale.high && (scale.high - scale.low).is_finite(), "{scale:?}");
            for value in values {
                assert!(scale.shade(value) < SHADES);
            }
        }
        let limited = Scale::new([5.0].into_iter(), Some((0.0, 1.0)));
        assert_eq!((limited.shade(5.0), limited.shade(-5.0)), (SHADES - 1, 0));
    }
}
