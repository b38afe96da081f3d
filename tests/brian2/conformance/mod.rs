//! Brian2's conformance scenarios: a model as data with what Brian 2.9 computed, run and compared here.
//! `build` makes operations of the data, `compare` and `checks` hold the rules; both test and example use this.

mod build;
mod checks;
mod compare;
mod operations;
mod values;

use std::fmt;

use serde_json::Value;
use spikelab::{Network, NetworkDescription};

/// What came of a scenario.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    Passed,
    /// What differs first, what was expected and what came.
    Failed(String),
    /// A construct of the scenario that is not known here.
    Unsupported(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("ok"),
            Self::Failed(why) => write!(f, "FAIL {why}"),
            Self::Unsupported(what) => write!(f, "UNSUPPORTED {what}"),
        }
    }
}

/// Why a model could not be built or run.
#[derive(Debug)]
pub(crate) enum Problem {
    Refused(spikelab::Error),
    Unsupported(String),
    /// A file that is not what it says.
    Broken(String),
}

impl From<spikelab::Error> for Problem {
    fn from(error: spikelab::Error) -> Self {
        Self::Refused(error)
    }
}

/// Builds, runs and compares one scenario.
pub(crate) fn judge(scenario: &Value) -> Outcome {
    match scenario["kind"].as_str() {
        Some("run" | "statistics") => judge_run(scenario),
        Some("reject-set") => judge_rejections(scenario),
        other => Outcome::Unsupported(format!("scenarios of the kind {other:?}")),
    }
}

/// Builds and runs a model.
pub(crate) fn run(model: &Value) -> Result<Network, Problem> {
    build::run(model)
}

fn judge_run(scenario: &Value) -> Outcome {
    let net = match build::run(scenario) {
        Ok(net) => net,
        Err(Problem::Unsupported(what)) => return Outcome::Unsupported(what),
        Err(Problem::Refused(error)) => {
            return Outcome::Failed(format!("it should run, but: {}", one_line(&error.to_string())));
        }
        Err(Problem::Broken(what)) => return Outcome::Failed(format!("the file is broken: {what}")),
    };
    let differences = if scenario.get("seed").is_some() || !scenario["expected"]["checks"].is_null() {
        checks::differences(scenario, &net)
    } else {
        compare::differences(scenario, &net)
    };
    match differences {
        Ok(()) => repeat(scenario, &net),
        Err(outcome) => outcome,
    }
}

/// A network built again from its description must give the same numbers to the last bit, on two threads too.
fn repeat(scenario: &Value, net: &Network) -> Outcome {
    let again = written_and_read(&net.description()).and_then(|description| {
        Network::from_description(&description).map_err(|e| one_line(&e.to_string()))
    });
    let again = match again {
        Ok(again) => again,
        Err(e) => return Outcome::Failed(format!("its description does not build again: {e}")),
    };
    let shared = match on_two_threads(&net.description()) {
        Ok(shared) => shared,
        Err(e) => {
            return Outcome::Failed(format!("on two threads it does not run: {}", one_line(&e.to_string())));
        }
    };
    for (again, how) in [(again, "built again from its description"), (shared, "on two threads")] {
        let differs = |name: &str| {
            let one = compare::evidence(net, name);
            one.is_none() || one != compare::evidence(&again, name)
        };
        let monitors = scenario["monitors"].as_array().into_iter().flatten();
        if let Some(name) = monitors.filter_map(|m| m["name"].as_str()).find(|name| differs(name)) {
            return Outcome::Failed(format!("{how}, {name} differs"));
        }
    }
    Outcome::Passed
}

/// The same once more with two threads that share every task, however small it is.
fn on_two_threads(description: &NetworkDescription) -> spikelab::Result<Network> {
    let mut net = Network::new().seed(description.seed).dt(description.dt * spikelab::units::second);
    net.share_always(2);
    description.script.iter().try_for_each(|operation| net.apply(operation))?;
    Ok(net)
}

/// The description after its way through JSON; the way through YAML must end at the same, to the last bit of each number.
fn written_and_read(description: &NetworkDescription) -> Result<NetworkDescription, String> {
    let json = serde_json::to_string(description).map_err(|e| e.to_string())?;
    let yaml = serde_yaml::to_string(description).map_err(|e| e.to_string())?;
    let from_yaml: NetworkDescription = serde_yaml::from_str(&yaml).map_err(|e| format!("YAML: {e}"))?;
    if serde_json::to_string(&from_yaml).map_err(|e| e.to_string())? != json {
        return Err("YAML changes it".to_owned());
    }
    #[cfg(feature = "schema")]
    {
        use std::sync::LazyLock;
        static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
            jsonschema::validator_for(&NetworkDescription::json_schema()).expect("a valid JSON Schema")
        });
        let value = serde_json::from_str(&json).map_err(|e| e.to_string())?;
        SCHEMA
            .validate(&value)
            .map_err(|e| format!("its schema refuses it: {e} at {}", e.instance_path()))?;
    }
    serde_json::from_str(&json).map_err(|e| e.to_string())
}

fn judge_rejections(scenario: &Value) -> Outcome {
    let Some(cases) = scenario["cases"].as_array() else {
        return Outcome::Failed("the file is broken: no cases".to_owned());
    };
    let mut accepted = Vec::new();
    for case in cases {
        let id = case["id"].as_str().unwrap_or("a case");
        match build::run(case) {
            Err(Problem::Refused(_)) => {}
            Ok(_) => accepted.push(format!("{id} ({})", case["expected"]["error"]["message"])),
            Err(Problem::Unsupported(what)) => return Outcome::Unsupported(format!("{what} in {id}")),
            Err(Problem::Broken(what)) => {
                return Outcome::Failed(format!("{id}: the file is broken: {what}"));
            }
        }
    }
    if accepted.is_empty() {
        return Outcome::Passed;
    }
    Outcome::Failed(format!("expected refusals, got runs: {}", accepted.join("; ")))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
