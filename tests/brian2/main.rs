//! The library beside Brian 2.9: models described as data, run here, compared with Brian2's own numbers.
//! Each golden is one test; the rules of building and comparing stand in `conformance`.

mod conformance;

use std::path::PathBuf;

use conformance::Outcome;
use serde_json::Value;
use spikelab::evidence::{Evidence, ToEvidence};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens")
}

fn load(name: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

macro_rules! goldens {
    ($($test:ident $name:literal)*) => {$(
        #[test]
        fn $test() {
            assert_eq!(conformance::judge(&load($name)), Outcome::Passed, "{} differs from Brian2", $name);
        }
    )*};
}
goldens! {
    assignment_section1_no_threshold "assignment/section1-no-threshold"
    assignment_section1_threshold_0_8 "assignment/section1-threshold-0.8"
    assignment_section1_threshold_1 "assignment/section1-threshold-1"
    assignment_section2_threshold_0_8 "assignment/section2-threshold-0.8"
    assignment_section2_threshold_1 "assignment/section2-threshold-1"
    assignment_section3_200ms "assignment/section3-200ms"
    assignment_section3_isolated "assignment/section3-isolated"
    assignment_section3 "assignment/section3"
    assignment_section4_p_0_2 "assignment/section4-p-0.2"
    assignment_section5_p_0_1 "assignment/section5-p-0.1"
    assignment_section5_p_0_5 "assignment/section5-p-0.5"
    assignment_section5_p_1_0 "assignment/section5-p-1.0"
    assignment_bonus_learning "assignment/bonus-learning"
    assignment_bonus_test "assignment/bonus-test"
    assignment_bonus_window "assignment/bonus-window"
    adex_2 "conformance/adex-2"
    adex_a "conformance/adex-a"
    clock_driven_a "conformance/clock-driven-a"
    clock_driven_b "conformance/clock-driven-b"
    clocks_2 "conformance/clocks-2"
    clocks_a "conformance/clocks-a"
    clocks_b "conformance/clocks-b"
    coba_1 "conformance/coba-1"
    connect_2 "conformance/connect-2"
    connect_3 "conformance/connect-3"
    connect_a "conformance/connect-a"
    connect_b "conformance/connect-b"
    connect_c "conformance/connect-c"
    connect_d "conformance/connect-d"
    cuba_1 "conformance/cuba-1"
    custom_events_1 "conformance/custom-events-1"
    default_method_1 "conformance/default-method-1"
    default_method_2 "conformance/default-method-2"
    default_store "conformance/default-store"
    delays_1 "conformance/delays-1"
    delays_2 "conformance/delays-2"
    delays_a "conformance/delays-a"
    delays_b "conformance/delays-b"
    delays_c "conformance/delays-c"
    delays_d "conformance/delays-d"
    euler_2 "conformance/euler-2"
    euler_a "conformance/euler-a"
    event_driven_coupled "conformance/event-driven-coupled"
    event_order_2 "conformance/event-order-2"
    event_order_3 "conformance/event-order-3"
    events_a "conformance/events-a"
    events_b "conformance/events-b"
    exact_1 "conformance/exact-1"
    exact_2 "conformance/exact-2"
    exact_3 "conformance/exact-3"
    exact_4 "conformance/exact-4"
    exact_5 "conformance/exact-5"
    exact_6 "conformance/exact-6"
    exact_linear_2 "conformance/exact-linear-2"
    exact_linear_3 "conformance/exact-linear-3"
    exact_timed_array "conformance/exact-timed-array"
    exact_unless_refractory_2 "conformance/exact-unless-refractory-2"
    exponential_euler_1 "conformance/exponential-euler-1"
    exponential_euler_a "conformance/exponential-euler-a"
    exponential_euler_b "conformance/exponential-euler-b"
    functions_2 "conformance/functions-2"
    functions_3 "conformance/functions-3"
    functions_4 "conformance/functions-4"
    functions_a "conformance/functions-a"
    functions_b "conformance/functions-b"
    functions_c "conformance/functions-c"
    functions_d "conformance/functions-d"
    functions_e "conformance/functions-e"
    functions_f "conformance/functions-f"
    functions_g "conformance/functions-g"
    functions_h "conformance/functions-h"
    gap_junction_refr "conformance/gap-junction-refr"
    generator_a "conformance/generator-a"
    generator_b "conformance/generator-b"
    generator_c "conformance/generator-c"
    group_order_a "conformance/group-order-a"
    heun_1 "conformance/heun-1"
    heun_a "conformance/heun-a"
    heun_zero_noise "conformance/heun-zero-noise"
    hh_a "conformance/hh-a"
    hodgkin_huxley_1 "conformance/hodgkin-huxley-1"
    independent "conformance/independent"
    independent_a "conformance/independent-a"
    izh_a "conformance/izh-a"
    izhikevich_1 "conformance/izhikevich-1"
    izhikevich_network "conformance/izhikevich-network"
    linked_2 "conformance/linked-2"
    linked_a "conformance/linked-a"
    linked_b "conformance/linked-b"
    linked_c "conformance/linked-c"
    milstein_a "conformance/milstein-a"
    milstein_zero_noise "conformance/milstein-zero-noise"
    monitor_a "conformance/monitor-a"
    monitor_b "conformance/monitor-b"
    monitors_1 "conformance/monitors-1"
    multisynaptic_a "conformance/multisynaptic-a"
    name_order_2 "conformance/name-order-2"
    name_order_a "conformance/name-order-a"
    name_order_b "conformance/name-order-b"
    name_tricks "conformance/name-tricks"
    names_a "conformance/names-a"
    on_post_a "conformance/on-post-a"
    oscillator_exact "conformance/oscillator-exact"
    pathways_1 "conformance/pathways-1"
    pathways_a "conformance/pathways-a"
    pathways_b "conformance/pathways-b"
    poisson_group_a "conformance/poisson-group-a"
    poisson_input_a "conformance/poisson-input-a"
    poisson_synapses "conformance/poisson-synapses"
    rate_monitor_a "conformance/rate-monitor-a"
    rates_a "conformance/rates-a"
    refractory_a "conformance/refractory-a"
    refractory_b "conformance/refractory-b"
    refractory_boolean_1 "conformance/refractory-boolean-1"
    refractory_c "conformance/refractory-c"
    refractory_d "conformance/refractory-d"
    refractory_rounding_2 "conformance/refractory-rounding-2"
    refractory_time_2 "conformance/refractory-time-2"
    refractory_use_1 "conformance/refractory-use-1"
    reject_inputs "conformance/reject-inputs"
    reject_inputs_a "conformance/reject-inputs-a"
    reject_model_1 "conformance/reject-model-1"
    reject_model_a "conformance/reject-model-a"
    reject_synapses "conformance/reject-synapses"
    reject_synapses_a "conformance/reject-synapses-a"
    reject_units_1 "conformance/reject-units-1"
    reject_units_a "conformance/reject-units-a"
    restart_clock "conformance/restart-clock"
    rk2_2 "conformance/rk2-2"
    rk2_a "conformance/rk2-a"
    rk4_2 "conformance/rk4-2"
    rk4_a "conformance/rk4-a"
    rk4_b "conformance/rk4-b"
    run_regularly_1 "conformance/run-regularly-1"
    run_regularly_c "conformance/run-regularly-c"
    schedule_a "conformance/schedule-a"
    schedule_b "conformance/schedule-b"
    several_runs_2 "conformance/several-runs-2"
    several_runs_a "conformance/several-runs-a"
    several_runs_b "conformance/several-runs-b"
    several_runs_c "conformance/several-runs-c"
    shared_2 "conformance/shared-2"
    shared_a "conformance/shared-a"
    short_term_plasticity_2 "conformance/short-term-plasticity-2"
    special_variables_2 "conformance/special-variables-2"
    spike_generator_2 "conformance/spike-generator-2"
    spike_values "conformance/spike-values"
    statistics_2 "conformance/statistics-2"
    statistics_3 "conformance/statistics-3"
    stdp_1 "conformance/stdp-1"
    stdp_2 "conformance/stdp-2"
    stdp_a "conformance/stdp-a"
    store_restore_1 "conformance/store-restore-1"
    store_restore_a "conformance/store-restore-a"
    stp_a "conformance/stp-a"
    string_index_2 "conformance/string-index-2"
    string_index_a "conformance/string-index-a"
    subexpressions_2 "conformance/subexpressions-2"
    subexpressions_a "conformance/subexpressions-a"
    subexpressions_b "conformance/subexpressions-b"
    subgroup_index "conformance/subgroup-index"
    subgroups_1 "conformance/subgroups-1"
    subgroups_a "conformance/subgroups-a"
    subgroups_b "conformance/subgroups-b"
    summed_2 "conformance/summed-2"
    summed_a "conformance/summed-a"
    summed_b "conformance/summed-b"
    sums_a "conformance/sums-a"
    synapse_code_a "conformance/synapse-code-a"
    synapse_code_b "conformance/synapse-code-b"
    synapse_order_a "conformance/synapse-order-a"
    synapse_state_1 "conformance/synapse-state-1"
    synapse_state_2 "conformance/synapse-state-2"
    synapse_vars_a "conformance/synapse-vars-a"
    threshold_a "conformance/threshold-a"
    threshold_reset_1 "conformance/threshold-reset-1"
    threshold_reset_2 "conformance/threshold-reset-2"
    timed_array_1 "conformance/timed-array-1"
    timed_array_a "conformance/timed-array-a"
    timed_array_b "conformance/timed-array-b"
    units_c "conformance/units-c"
    units_positive_2 "conformance/units-positive-2"
    when_a "conformance/when-a"
    when_b "conformance/when-b"
    zero_noise_2 "conformance/zero-noise-2"
    zero_noise_a "conformance/zero-noise-a"
}

#[test]
fn every_golden_has_its_test() {
    let source = include_str!("main.rs");
    for part in ["assignment", "conformance"] {
        for file in std::fs::read_dir(folder().join(part)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap().replace(".json", "");
            let known = name == "schema" || source.contains(&format!("\"{part}/{name}\""));
            assert!(known, "no test for {name}");
        }
    }
}

/// The comparison itself must be able to fail, and to say so.
#[test]
fn a_changed_number_is_found() {
    let mut scenario = load("conformance/pathways-1");
    scenario["expected"]["monitors"]["SQ"] = Value::Null;
    let broken = conformance::judge(&scenario);
    assert_ne!(broken, Outcome::Passed);
    let mut scenario = load("conformance/euler-2");
    let method = &mut scenario["expected"]["methods"]["G"];
    *method = Value::from("rk4");
    assert!(
        matches!(conformance::judge(&scenario), Outcome::Failed(why) if why.contains("expected \"rk4\""))
    );
    scenario["groups"][0]["colour"] = Value::from("blue");
    assert!(matches!(conformance::judge(&scenario), Outcome::Unsupported(what) if what.contains("colour")));
}

fn monitors(net: &spikelab::Network) -> [Option<Evidence>; 2] {
    [net.state_monitor("M").map(|m| m.to_evidence()), net.spike_monitor("spikemon").map(|m| m.to_evidence())]
}

#[test]
fn two_halves_of_a_run_are_the_run() {
    let mut scenario = load("assignment/section3-200ms");
    let whole = conformance::run(&scenario).unwrap();
    let duration = scenario["script"][0]["duration"].as_f64().unwrap();
    let run = |d: f64| serde_json::json!({"op": "run", "duration": d});
    scenario["script"] = serde_json::json!([run(0.0373), run(duration - 0.0373)]);
    let halves = conformance::run(&scenario).unwrap();
    assert!(monitors(&whole)[1].is_some());
    assert_eq!(monitors(&halves), monitors(&whole));
}

#[test]
fn descriptions_survive_json_and_yaml() {
    let net = conformance::run(&load("conformance/pathways-1")).unwrap();
    let text = serde_json::to_string(&net.description()).unwrap();
    assert_eq!(serde_json::from_str::<spikelab::NetworkDescription>(&text).unwrap(), net.description());
    let yaml = serde_yaml::to_string(&net.description()).unwrap();
    assert_eq!(serde_yaml::from_str::<spikelab::NetworkDescription>(&yaml).unwrap(), net.description());
}

/// Each golden is held against the schema in `conformance`; here is what the schema must refuse.
#[cfg(feature = "schema")]
#[test]
fn the_schema_refuses_what_is_no_description() {
    let schema = jsonschema::validator_for(&spikelab::NetworkDescription::json_schema()).unwrap();
    let net = conformance::run(&load("conformance/pathways-1")).unwrap();
    let good = serde_json::to_value(net.description()).unwrap();
    assert!(
        schema.is_valid(&good),
        "{:?}",
        schema.iter_errors(&good).map(|e| e.to_string()).collect::<Vec<_>>()
    );
    let changed = |path: &str, value: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = value;
        bad
    };
    let add = good["script"].as_array().unwrap().iter().position(|o| o["op"] == "add_neuron_group").unwrap();
    for bad in [
        changed("/format", "spikelab-network/0".into()),
        changed("/dt", "0.1*ms".into()),
        changed("/seed", (-1).into()),
        changed("/script/0/op", "add_neurons".into()),
        changed(&format!("/script/{add}/n"), "many".into()),
        changed(&format!("/script/{add}/equations"), Value::Null),
        changed("/script", serde_json::json!([{"op": "run", "duration": 1, "seconds": 2}])),
        changed(
            "/script",
            serde_json::json!([{"op": "set", "object": "G", "variable": "v", "value": {"values": ["many"], "unit": "1"}}]),
        ),
        changed(
            "/script",
            serde_json::json!([{"op": "run_regularly", "object": "G", "code": {"code": "v = 0", "how": 1}}]),
        ),
    ] {
        assert!(!schema.is_valid(&bad), "{bad}");
        assert!(
            serde_json::from_value::<spikelab::NetworkDescription>(bad.clone()).is_err()
                || bad["format"] != good["format"]
        );
    }
    for fine in [
        serde_json::json!({"op": "set", "object": "G", "variable": "v", "index": {"slice": {"stop": -1}}, "value": {"values": ["nan", 1], "unit": "1"}}),
        serde_json::json!({"op": "set", "object": "G", "variable": "v", "index": "all", "value": "i*mV"}),
        serde_json::json!({"op": "run_regularly", "object": "G", "code": {"code": "v = 0", "dt": 0.001, "order": 1}}),
    ] {
        let whole = changed("/script", serde_json::json!([fine]));
        assert!(schema.is_valid(&whole), "{whole}");
        serde_json::from_value::<spikelab::NetworkDescription>(whole).unwrap();
    }
}
