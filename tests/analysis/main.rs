//! Statistics and distances beside Elephant and PySpike: their numbers stand in the JSON files of this folder.
//! `make.py` makes the statistics again, `README.md` tells how the distances were made.

use serde::Deserialize;
use spikelab::analysis::{
    cross_correlogram, cv, cv2, isi, isi_distance, lv, mean_firing_rate, spike_distance, van_rossum,
    victor_purpura,
};
use spikelab::units::second;

#[derive(Deserialize)]
struct Statistics {
    a: Vec<f64>,
    b: Vec<f64>,
    end: f64,
    bin: f64,
    max_lag: usize,
    isi: Vec<f64>,
    cv: f64,
    cv2: Option<f64>,
    lv: Option<f64>,
    rate: f64,
    cross_correlogram: Vec<u64>,
}

fn close(name: &str, k: usize, ours: f64, theirs: f64) {
    assert!(
        (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0),
        "{name} of case {k}: {ours}, theirs {theirs}"
    );
}

#[test]
fn statistics_are_those_of_elephant() {
    let cases: Vec<Statistics> = serde_json::from_str(include_str!("statistics.json")).unwrap();
    assert!(cases.len() >= 5);
    for (k, c) in cases.iter().enumerate() {
        let intervals = isi(&c.a);
        assert_eq!(intervals.len(), c.isi.len());
        intervals.iter().zip(&c.isi).for_each(|(ours, theirs)| close("ISI", k, *ours, *theirs));
        close("CV", k, cv(&c.a), c.cv);
        for (name, ours, theirs) in [("CV2", cv2(&c.a), c.cv2), ("LV", lv(&c.a), c.lv)] {
            match theirs {
                Some(theirs) => close(name, k, ours, theirs),
                None => assert!(ours.is_nan()),
            }
        }
        let rate = mean_firing_rate(&c.a, 0.0 * second, c.end * second).unwrap();
        close("rate", k, rate.value(), c.rate);
        let counts = cross_correlogram(&c.a, &c.b, c.bin * second, c.max_lag).unwrap();
        assert_eq!(counts, c.cross_correlogram, "cross-correlogram of case {k}");
    }
}

#[derive(Deserialize)]
struct Distances {
    a: Vec<f64>,
    b: Vec<f64>,
    end: f64,
    van_rossum: f64,
    victor_purpura: f64,
    isi: f64,
    spike: f64,
}

#[test]
fn distances_are_those_of_elephant_and_pyspike() {
    let cases: Vec<Distances> = serde_json::from_str(include_str!("distances.json")).unwrap();
    assert!(cases.len() >= 20);
    for (k, c) in cases.iter().enumerate() {
        close("van Rossum", k, van_rossum(&c.a, &c.b, 0.01), c.van_rossum);
        close("Victor-Purpura", k, victor_purpura(&c.a, &c.b, 100.0), c.victor_purpura);
        close("ISI", k, isi_distance(&c.a, &c.b, 0.0, c.end), c.isi);
        close("SPIKE", k, spike_distance(&c.a, &c.b, 0.0, c.end), c.spike);
    }
}

#[test]
fn impossible_questions_are_refused() {
    assert!(cross_correlogram(&[0.1], &[0.1], 1.0, 3).is_err(), "a bin without unit");
    assert!(cross_correlogram(&[f64::NAN], &[0.1], 0.1 * second, 3).is_err());
    assert!(mean_firing_rate(&[0.1], 1.0 * second, 0.5 * second).is_err());
    assert!(cv(&[]).is_nan() && cv2(&[1.0, 2.0]).is_nan());
}
