//! The one table of units and prefixes, for equation strings and for the Rust constants.
//! Names are those that Brian2 exports: long names with SI prefixes (`mvolt`, `namp`) and its short standard units (`mV`, `nA`).

#![allow(non_upper_case_globals, reason = "units are written as the field writes them: 10.0 * ms")]

use super::{Dimension, Quantity};

const LENGTH: Dimension = Dimension::base(1, 0, 0, 0, 0, 0, 0);
const MASS: Dimension = Dimension::base(0, 1, 0, 0, 0, 0, 0);
const RATE: Dimension = Dimension::base(0, 0, -1, 0, 0, 0, 0);
const CURRENT: Dimension = Dimension::base(0, 0, 0, 1, 0, 0, 0);
const TEMPERATURE: Dimension = Dimension::base(0, 0, 0, 0, 1, 0, 0);
const AMOUNT: Dimension = Dimension::base(0, 0, 0, 0, 0, 1, 0);
const CONCENTRATION: Dimension = Dimension::base(-3, 0, 0, 0, 0, 1, 0);
const LIGHT: Dimension = Dimension::base(0, 0, 0, 0, 0, 0, 1);
const CHARGE: Dimension = Dimension::base(0, 0, 1, 1, 0, 0, 0);
const VOLTAGE: Dimension = Dimension::base(2, 1, -3, -1, 0, 0, 0);
const CAPACITANCE: Dimension = Dimension::base(-2, -1, 4, 2, 0, 0, 0);
const RESISTANCE: Dimension = Dimension::base(2, 1, -3, -2, 0, 0, 0);
const CONDUCTANCE: Dimension = Dimension::base(-2, -1, 3, 2, 0, 0, 0);

/// Long names, which take every SI prefix, with the scale of the bare name.
const LONG: &[(&str, f64, Dimension)] = &[
    ("meter", 1.0, LENGTH),
    ("metre", 1.0, LENGTH),
    ("gram", 1e-3, MASS),
    ("gramme", 1e-3, MASS),
    ("second", 1.0, Dimension::TIME),
    ("amp", 1.0, CURRENT),
    ("ampere", 1.0, CURRENT),
    ("kelvin", 1.0, TEMPERATURE),
    ("mole", 1.0, AMOUNT),
    ("mol", 1.0, AMOUNT),
    ("candela", 1.0, LIGHT),
    ("candle", 1.0, LIGHT),
    ("radian", 1.0, Dimension::NONE),
    ("steradian", 1.0, Dimension::NONE),
    ("hertz", 1.0, RATE),
    ("newton", 1.0, Dimension::base(1, 1, -2, 0, 0, 0, 0)),
    ("pascal", 1.0, Dimension::base(-1, 1, -2, 0, 0, 0, 0)),
    ("joule", 1.0, Dimension::base(2, 1, -2, 0, 0, 0, 0)),
    ("watt", 1.0, Dimension::base(2, 1, -3, 0, 0, 0, 0)),
    ("coulomb", 1.0, CHARGE),
    ("volt", 1.0, VOLTAGE),
    ("farad", 1.0, CAPACITANCE),
    ("ohm", 1.0, RESISTANCE),
    ("siemens", 1.0, CONDUCTANCE),
    ("weber", 1.0, Dimension::base(2, 1, -2, -1, 0, 0, 0)),
    ("tesla", 1.0, Dimension::base(0, 1, -2, -1, 0, 0, 0)),
    ("henry", 1.0, Dimension::base(2, 1, -2, -2, 0, 0, 0)),
    ("lumen", 1.0, LIGHT),
    ("lux", 1.0, Dimension::base(-2, 0, 0, 0, 0, 0, 1)),
    ("becquerel", 1.0, RATE),
    ("gray", 1.0, Dimension::base(2, 0, -2, 0, 0, 0, 0)),
    ("sievert", 1.0, Dimension::base(2, 0, -2, 0, 0, 0, 0)),
    ("katal", 1.0, Dimension::base(0, 0, -1, 0, 0, 1, 0)),
    ("liter", 1e-3, Dimension::base(3, 0, 0, 0, 0, 0, 0)),
    ("litre", 1e-3, Dimension::base(3, 0, 0, 0, 0, 0, 0)),
    ("molar", 1e3, CONCENTRATION),
];

const PREFIXES: &[(&str, f64)] = &[
    ("", 1.0),
    ("y", 1e-24),
    ("z", 1e-21),
    ("a", 1e-18),
    ("f", 1e-15),
    ("p", 1e-12),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("c", 1e-2),
    ("d", 1e-1),
    ("h", 1e2),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
    ("Z", 1e21),
    ("Y", 1e24),
];

/// Brian2's short standard units: no prefix rule, exactly these.
const SHORT: &[(&str, f64, Dimension)] = &[
    ("ms", 1e-3, Dimension::TIME),
    ("us", 1e-6, Dimension::TIME),
    ("mV", 1e-3, VOLTAGE),
    ("uV", 1e-6, VOLTAGE),
    ("mA", 1e-3, CURRENT),
    ("uA", 1e-6, CURRENT),
    ("nA", 1e-9, CURRENT),
    ("pA", 1e-12, CURRENT),
    ("mS", 1e-3, CONDUCTANCE),
    ("uS", 1e-6, CONDUCTANCE),
    ("nS", 1e-9, CONDUCTANCE),
    ("mF", 1e-3, CAPACITANCE),
    ("uF", 1e-6, CAPACITANCE),
    ("nF", 1e-9, CAPACITANCE),
    ("pF", 1e-12, CAPACITANCE),
    ("Hz", 1.0, RATE),
    ("kHz", 1e3, RATE),
    ("MHz", 1e6, RATE),
    ("cm", 1e-2, LENGTH),
    ("mm", 1e-3, LENGTH),
    ("um", 1e-6, LENGTH),
    ("nm", 1e-9, LENGTH),
    ("cm2", 1e-4, Dimension::base(2, 0, 0, 0, 0, 0, 0)),
    ("mm2", 1e-6, Dimension::base(2, 0, 0, 0, 0, 0, 0)),
    ("um2", 1e-12, Dimension::base(2, 0, 0, 0, 0, 0, 0)),
    ("cm3", 1e-6, Dimension::base(3, 0, 0, 0, 0, 0, 0)),
    ("mm3", 1e-9, Dimension::base(3, 0, 0, 0, 0, 0, 0)),
    ("um3", 1e-18, Dimension::base(3, 0, 0, 0, 0, 0, 0)),
    // The only names with the prefix for ten.
    ("daliter", 1e-2, Dimension::base(3, 0, 0, 0, 0, 0, 0)),
    ("dalitre", 1e-2, Dimension::base(3, 0, 0, 0, 0, 0, 0)),
    ("mM", 1.0, CONCENTRATION),
    ("uM", 1e-3, CONCENTRATION),
    ("nM", 1e-6, CONCENTRATION),
];

/// The unit that an equation string means by `name`, if it means one.
pub(crate) fn lookup(name: &str) -> Option<Quantity> {
    let find = |table: &[(&str, f64, Dimension)], name: &str| {
        table.iter().find(|(n, _, _)| *n == name).map(|&(_, s, d)| Quantity::new(s, d))
    };
    if let Some(q) = find(SHORT, name) {
        return Some(q);
    }
    let (stem, power) = match name.strip_suffix(['2', '3']) {
        Some(stem) => (stem, if name.ends_with('2') { 2 } else { 3 }),
        None => (name, 1),
    };
    if stem == "kilogram" || stem == "kilogramme" {
        return Some(Quantity::new(1.0, MASS.powf(f64::from(power))?));
    }
    PREFIXES.iter().find_map(|(prefix, scale)| {
        let unit = find(LONG, stem.strip_prefix(prefix)?)?;
        // Scales are powers of ten, and so are their powers: read as decimals they are exact.
        let tens = (scale.log10().round() + unit.value().log10().round()) * f64::from(power);
        let scaled: f64 = format!("1e{tens}").parse().ok()?;
        Some(Quantity::new(scaled, unit.dimension().powf(f64::from(power))?))
    })
}

/// Every name worth offering in a "did you mean".
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SHORT.iter().chain(LONG).map(|(name, _, _)| *name)
}

/// Scale and symbol to print a value of this dimension with one to three digits before the point.
pub(crate) fn readable(size: f64, dimension: Dimension) -> (f64, String) {
    const SYMBOLS: &[(Dimension, &str)] = &[
        (Dimension::TIME, "s"),
        (VOLTAGE, "V"),
        (CURRENT, "A"),
        (CONDUCTANCE, "S"),
        (CAPACITANCE, "F"),
        (RESISTANCE, "ohm"),
        (RATE, "Hz"),
        (LENGTH, "m"),
        (CHARGE, "C"),
        (Dimension::base(1, 1, -2, 0, 0, 0, 0), "N"),
        (Dimension::base(-1, 1, -2, 0, 0, 0, 0), "Pa"),
        (Dimension::base(2, 1, -2, 0, 0, 0, 0), "J"),
        (Dimension::base(2, 1, -3, 0, 0, 0, 0), "W"),
        (Dimension::base(2, 1, -2, -1, 0, 0, 0), "Wb"),
        (Dimension::base(0, 1, -2, -1, 0, 0, 0), "T"),
        (Dimension::base(2, 1, -2, -2, 0, 0, 0), "H"),
        (AMOUNT, "mol"),
    ];
    if dimension.is_none() {
        return (1.0, String::new());
    }
    let Some((_, symbol)) = SYMBOLS.iter().find(|(d, _)| *d == dimension) else {
        return (1.0, dimension.to_string());
    };
    if size == 0.0 || !size.is_finite() {
        return (1.0, (*symbol).to_string());
    }
    let steps = ["f", "p", "n", "u", "m", "", "k", "M", "G"];
    let scales = [1e-15, 1e-12, 1e-9, 1e-6, 1e-3, 1.0, 1e3, 1e6, 1e9];
    // The small margin keeps 0.001 s, stored as 0.000999…, at 1 ms.
    let k = scales.iter().rposition(|s| size >= s * (1.0 - 1e-9)).unwrap_or(0);
    (scales[k], format!("{}{symbol}", steps[k]))
}

macro_rules! constants {
    ($($(#[$doc:meta])* $name:ident = $scale:expr, $dim:expr;)*) => {$(
        $(#[$doc])*
        pub const $name: Quantity = Quantity::new($scale, $dim);
    )*};
}

constants! {
    /// Second.
    second = 1.0, Dimension::TIME;
    /// Millisecond.
    ms = 1e-3, Dimension::TIME;
    /// Microsecond.
    us = 1e-6, Dimension::TIME;
    /// Nanosecond (`ns` is too good a variable name).
    nsecond = 1e-9, Dimension::TIME;
    /// Hertz.
    Hz = 1.0, RATE;
    /// Kilohertz.
    kHz = 1e3, RATE;
    /// Volt.
    volt = 1.0, VOLTAGE;
    /// Millivolt.
    mV = 1e-3, VOLTAGE;
    /// Microvolt.
    uV = 1e-6, VOLTAGE;
    /// Ampere.
    amp = 1.0, CURRENT;
    /// Milliampere.
    mA = 1e-3, CURRENT;
    /// Microampere.
    uA = 1e-6, CURRENT;
    /// Nanoampere.
    nA = 1e-9, CURRENT;
    /// Picoampere.
    pA = 1e-12, CURRENT;
    /// Siemens.
    siemens = 1.0, CONDUCTANCE;
    /// Millisiemens.
    mS = 1e-3, CONDUCTANCE;
    /// Microsiemens.
    uS = 1e-6, CONDUCTANCE;
    /// Nanosiemens.
    nS = 1e-9, CONDUCTANCE;
    /// Farad.
    farad = 1.0, CAPACITANCE;
    /// Microfarad.
    uF = 1e-6, CAPACITANCE;
    /// Nanofarad.
    nF = 1e-9, CAPACITANCE;
    /// Picofarad.
    pF = 1e-12, CAPACITANCE;
    /// Ohm.
    ohm = 1.0, RESISTANCE;
    /// Kiloohm.
    kohm = 1e3, RESISTANCE;
    /// Megaohm.
    Mohm = 1e6, RESISTANCE;
    /// Gigaohm.
    gigaohm = 1e9, RESISTANCE;
    /// Meter.
    meter = 1.0, LENGTH;
    /// Centimeter.
    cm = 1e-2, LENGTH;
    /// Millimeter.
    mm = 1e-3, LENGTH;
    /// Micrometer.
    um = 1e-6, LENGTH;
    /// Kilogram.
    kilogram = 1.0, MASS;
    /// Kelvin.
    kelvin = 1.0, TEMPERATURE;
    /// Mole per liter.
    molar = 1e3, CONCENTRATION;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_printed_with_few_digits_before_the_point() {
        let printed = |value: f64, unit: &str| (value * lookup(unit).unwrap()).to_string();
        assert_eq!(printed(0.02, "namp"), "20 pA");
        assert_eq!(printed(1500.0, "Mohm"), "1.5 Gohm");
        assert_eq!(printed(3e-7, "joule"), "300 nJ");
        assert_eq!(printed(2e-6, "umetre"), "2 pm");
        assert_eq!(printed(0.0, "mvolt"), "0 V");
        assert_eq!(printed(2.0, "siemens2"), "2 meter**-4*kilogram**-2*second**6*amp**4");
    }

    #[test]
    fn brian2_names_mean_what_brian2_means() {
        let value = |name| lookup(name).map(Quantity::value);
        assert_eq!(value("ms"), Some(1e-3));
        assert_eq!(value("namp"), Some(1e-9));
        assert_eq!(value("Mohm"), Some(1e6));
        assert_eq!(value("msecond"), Some(1e-3));
        assert_eq!(value("kilogram"), Some(1.0));
        assert_eq!(value("gram"), Some(1e-3));
        assert_eq!(lookup("umetre2").unwrap().dimension(), LENGTH * LENGTH);
        assert_eq!(value("V"), None, "Brian2 has no bare V");
        assert_eq!(value("s"), None);
    }
}
