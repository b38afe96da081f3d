//! Physical dimensions as exponents of the seven SI base units.
//! Exponents are kept in sixtieths, so that halves, thirds, quarters and fifths stay exact.

use std::fmt;
use std::ops::{Div, Mul};

const SCALE: i16 = 60;
const BASE: [&str; 7] = ["meter", "kilogram", "second", "amp", "kelvin", "mole", "candela"];

/// The dimension of a quantity: voltage, time, none at all.
///
/// ```
/// use spikelab::units::{Dimension, mV, nA};
/// assert_eq!((mV / nA).dimension().to_string(), "ohm");
/// assert_eq!(Dimension::NONE.to_string(), "1");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Dimension([i16; 7]);

impl Dimension {
    /// No dimension: a plain number.
    pub const NONE: Self = Self([0; 7]);
    /// Time, in seconds.
    pub const TIME: Self = Self::base(0, 0, 1, 0, 0, 0, 0);

    /// A dimension from whole exponents of meter, kilogram, second, amp, kelvin, mole and candela.
    pub(crate) const fn base(m: i16, kg: i16, s: i16, a: i16, k: i16, mol: i16, cd: i16) -> Self {
        Self([m * SCALE, kg * SCALE, s * SCALE, a * SCALE, k * SCALE, mol * SCALE, cd * SCALE])
    }

    /// True for plain numbers.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// The dimension of a power, or `None` where the exponents would not be simple fractions.
    #[must_use]
    pub fn powf(self, exponent: f64) -> Option<Self> {
        let mut out = [0_i16; 7];
        for (o, e) in out.iter_mut().zip(self.0) {
            let x = f64::from(e) * exponent;
            let rounded = x.round();
            if (x - rounded).abs() > 1e-9 || rounded.abs() > f64::from(i16::MAX) {
                return None;
            }
            #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
            {
                *o = rounded as i16;
            }
        }
        Some(Self(out))
    }

    fn named(self) -> Option<(&'static str, &'static str)> {
        NAMED.iter().find(|(_, _, d)| *d == self).map(|(unit, word, _)| (*unit, *word))
    }

    /// What the dimension is called in words, with its unit: `voltage (volt)`, `a plain number`.
    #[must_use]
    pub fn describe(self) -> String {
        if self.is_none() {
            return "a plain number".into();
        }
        match self.named() {
            Some((unit, word)) => format!("{word} ({unit})"),
            None => format!("a quantity in {self}"),
        }
    }
}

/// Unit of each named dimension, its everyday name and its exponents.
const NAMED: &[(&str, &str, Dimension)] = &[
    ("meter", "length", Dimension::base(1, 0, 0, 0, 0, 0, 0)),
    ("meter**2", "area", Dimension::base(2, 0, 0, 0, 0, 0, 0)),
    ("meter**3", "volume", Dimension::base(3, 0, 0, 0, 0, 0, 0)),
    ("kilogram", "mass", Dimension::base(0, 1, 0, 0, 0, 0, 0)),
    ("second", "time", Dimension::TIME),
    ("Hz", "rate", Dimension::base(0, 0, -1, 0, 0, 0, 0)),
    ("amp", "current", Dimension::base(0, 0, 0, 1, 0, 0, 0)),
    ("kelvin", "temperature", Dimension::base(0, 0, 0, 0, 1, 0, 0)),
    ("mole", "amount of substance", Dimension::base(0, 0, 0, 0, 0, 1, 0)),
    ("mmolar", "concentration", Dimension::base(-3, 0, 0, 0, 0, 1, 0)),
    ("candela", "luminous intensity", Dimension::base(0, 0, 0, 0, 0, 0, 1)),
    ("newton", "force", Dimension::base(1, 1, -2, 0, 0, 0, 0)),
    ("pascal", "pressure", Dimension::base(-1, 1, -2, 0, 0, 0, 0)),
    ("joule", "energy", Dimension::base(2, 1, -2, 0, 0, 0, 0)),
    ("watt", "power", Dimension::base(2, 1, -3, 0, 0, 0, 0)),
    ("coulomb", "charge", Dimension::base(0, 0, 1, 1, 0, 0, 0)),
    ("volt", "voltage", Dimension::base(2, 1, -3, -1, 0, 0, 0)),
    ("volt/second", "voltage per time", Dimension::base(2, 1, -4, -1, 0, 0, 0)),
    ("amp/second", "current per time", Dimension::base(0, 0, -1, 1, 0, 0, 0)),
    ("farad", "capacitance", Dimension::base(-2, -1, 4, 2, 0, 0, 0)),
    ("farad/meter**2", "capacitance per area", Dimension::base(-4, -1, 4, 2, 0, 0, 0)),
    ("ohm", "resistance", Dimension::base(2, 1, -3, -2, 0, 0, 0)),
    ("siemens", "conductance", Dimension::base(-2, -1, 3, 2, 0, 0, 0)),
    ("siemens/meter**2", "conductance per area", Dimension::base(-4, -1, 3, 2, 0, 0, 0)),
    ("amp/meter**2", "current per area", Dimension::base(-2, 0, 0, 1, 0, 0, 0)),
    ("weber", "magnetic flux", Dimension::base(2, 1, -2, -1, 0, 0, 0)),
    ("tesla", "magnetic field", Dimension::base(0, 1, -2, -1, 0, 0, 0)),
    ("henry", "inductance", Dimension::base(2, 1, -2, -2, 0, 0, 0)),
    ("volt**2", "squared voltage", Dimension::base(4, 2, -6, -2, 0, 0, 0)),
];

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return f.write_str("1");
        }
        if let Some((unit, _)) = self.named() {
            return f.write_str(unit);
        }
        let mut first = true;
        for (name, &e) in BASE.iter().zip(&self.0) {
            if e == 0 {
                continue;
            }
            if !first {
                f.write_str("*")?;
            }
            first = false;
            if e == SCALE {
                f.write_str(name)?;
            } else if e % SCALE == 0 {
                write!(f, "{name}**{}", e / SCALE)?;
            } else {
                write!(f, "{name}**{}", f64::from(e) / f64::from(SCALE))?;
            }
        }
        Ok(())
    }
}

impl Mul for Dimension {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k].saturating_add(other.0[k])))
    }
}

impl Div for Dimension {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k].saturating_sub(other.0[k])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_itself_in_words() {
        let volt = Dimension::base(2, 1, -3, -1, 0, 0, 0);
        assert_eq!(volt.to_string(), "volt");
        assert_eq!(volt.describe(), "voltage (volt)");
        assert_eq!((volt / Dimension::TIME).to_string(), "volt/second");
        assert_eq!(Dimension::base(1, 0, -2, 0, 0, 0, 0).to_string(), "meter*second**-2");
        assert_eq!(Dimension::NONE.describe(), "a plain number");
    }

    #[test]
    fn roots_and_powers_stay_exact() {
        let volt = Dimension::base(2, 1, -3, -1, 0, 0, 0);
        let root = volt.powf(0.5).unwrap();
        assert_eq!(root * root, volt);
        assert_eq!(volt.powf(1.0 / 7.0), None);
    }
}
