//! Unit names beside Brian 2.9's: the same names, the same values to the last bit, the same dimensions.
//! `brian2.json` holds them all, `make.py` makes it again.

use std::collections::BTreeMap;

use spikelab::parse_unit;

type Known = BTreeMap<String, (f64, Vec<f64>)>;

fn known() -> Known {
    serde_json::from_str(include_str!("brian2.json")).unwrap()
}

#[test]
fn every_name_means_what_it_means_in_brian2() {
    const BASE: [&str; 7] = ["metre", "kilogram", "second", "amp", "kelvin", "mole", "candela"];
    let known = known();
    assert!(known.len() > 1000);
    let mut wrong = Vec::new();
    for (name, (value, exponents)) in &known {
        let powers: Vec<String> = BASE.iter().zip(exponents).map(|(b, e)| format!("{b}**{e}")).collect();
        let dimension = parse_unit(&powers.join("*")).unwrap().dimension();
        match parse_unit(name) {
            Ok(unit) if unit.value().to_bits() == value.to_bits() && unit.dimension() == dimension => {}
            Ok(unit) => wrong.push(format!(
                "{name}: {} {}, Brian2 {value} {dimension}",
                unit.value(),
                unit.dimension()
            )),
            Err(_) => wrong.push(format!("{name} is not known")),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), known.len(), wrong.join("\n"));
}

#[test]
fn what_brian2_does_not_know_is_no_unit_here() {
    let known = known();
    let prefixes = ["", "k", "m", "u", "da", "kk", "M"];
    let stems = [
        "V", "s", "A", "gram", "kilogram", "celsius", "volt", "litre", "molar", "M", "metre2", "mmetre",
        "Hz", "ohm4",
    ];
    for name in prefixes.iter().flat_map(|p| stems.iter().map(move |s| format!("{p}{s}"))) {
        // One name more than Brian2 has: microvolts are common in recordings.
        assert_eq!(parse_unit(&name).is_ok(), known.contains_key(&name) || name == "uV", "{name}");
    }
}

#[test]
fn products_and_powers_of_units() {
    let value = |text: &str| parse_unit(text).unwrap().value();
    assert!((value("uF/cm**2") - 0.01).abs() < 1e-15);
    assert!((value("siemens/cm**2") - 1e4).abs() < 1e-9);
    assert_eq!(parse_unit("mV/nA").unwrap().dimension(), parse_unit("ohm").unwrap().dimension());
}
