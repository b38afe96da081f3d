//! The library beside Brian 2.9: models described as data, run here, compared with Brian2's own numbers.
//! `scenario` builds and runs a description, `compare` holds the tolerances; each golden is one test.

mod compare;
mod scenario;

use scenario::Scenario;

/// Runs the golden `NAME.json` and compares everything that it expects.
fn agrees(name: &str) {
    let scenario = Scenario::load(&format!("{name}.json"));
    let run = scenario.run().unwrap_or_else(|e| panic!("{name}: {e}"));
    let differences = compare::differences(&scenario, &run);
    assert!(differences.is_empty(), "{name} differs from Brian2:\n{}", differences.join("\n"));
}

macro_rules! goldens {
    ($($test:ident $name:literal)*) => {$(
        #[test]
        fn $test() {
            agrees($name);
        }
    )*};
}
goldens! {
    one_neuron_without_threshold "assignment/section1-no-threshold"
    one_neuron_with_threshold_0_8 "assignment/section1-threshold-0.8"
    one_neuron_with_threshold_1 "assignment/section1-threshold-1"
    a_hundred_neurons_with_threshold_0_8 "assignment/section2-threshold-0.8"
    a_hundred_neurons_with_threshold_1 "assignment/section2-threshold-1"
    three_neurons_with_synapses "assignment/section3"
    three_neurons_with_synapses_for_longer "assignment/section3-200ms"
    three_neurons_without_synapses "assignment/section3-isolated"
    random_connections "assignment/section4-p-0.2"
    few_connections "assignment/section5-p-0.1"
    half_of_the_connections "assignment/section5-p-0.5"
    all_connections "assignment/section5-p-1.0"
    adex_2 "conformance/adex-2"
    delays_2 "conformance/delays-2"
    euler_2 "conformance/euler-2"
    exact_linear_2 "conformance/exact-linear-2"
    exact_linear_3 "conformance/exact-linear-3"
    exact_unless_refractory_2 "conformance/exact-unless-refractory-2"
    izhikevich_1 "conformance/izhikevich-1"
    refractory_boolean_1 "conformance/refractory-boolean-1"
    refractory_time_2 "conformance/refractory-time-2"
    refractory_use_1 "conformance/refractory-use-1"
    rk2_2 "conformance/rk2-2"
    rk4_2 "conformance/rk4-2"
    string_index_2 "conformance/string-index-2"
    threshold_reset_2 "conformance/threshold-reset-2"
    units_positive_2 "conformance/units-positive-2"
}

#[test]
fn every_golden_has_its_test() {
    let source = include_str!("main.rs");
    for folder in ["assignment", "conformance"] {
        for file in std::fs::read_dir(scenario::folder().join(folder)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap().replace(".json", "");
            assert!(source.contains(&format!("\"{folder}/{name}\"")), "no test for {name}");
        }
    }
}

#[test]
fn a_description_gives_bit_identical_results() {
    let scenario = Scenario::load("assignment/section3-200ms.json");
    let first = scenario.run().unwrap();
    let text = serde_json::to_string(&first.description()).unwrap();
    let again = spikelab::Network::from_description(&serde_json::from_str(&text).unwrap()).unwrap();
    for name in ["M", "spikemon"] {
        assert_eq!(scenario::evidence(&again, name), scenario::evidence(&first, name));
    }
    let yaml = serde_yaml::to_string(&first.description()).unwrap();
    assert_eq!(serde_yaml::from_str::<spikelab::NetworkDescription>(&yaml).unwrap(), first.description());
}

#[test]
fn two_halves_of_a_run_are_the_run() {
    let mut scenario = Scenario::load("assignment/section3-200ms.json");
    let whole = scenario.run().unwrap();
    scenario.split_runs(0.0373);
    let halves = scenario.run().unwrap();
    for name in ["M", "spikemon"] {
        assert_eq!(scenario::evidence(&halves, name), scenario::evidence(&whole, name));
    }
}
