//! `grader schema`: file formats as JSON Schemas on standard output.
//! Made from the types that read the files, so that both always say the same.

use serde_json::Value;
use spikelab::NetworkDescription;

use super::Outcome;
use crate::course::Rubric;
use crate::{Error, Result};

/// Prints the schema of network descriptions.
///
/// # Errors
/// None that a user could cause.
pub fn network_schema() -> Result<Outcome> {
    print(&NetworkDescription::json_schema())
}

/// Prints the schema of rubrics.
///
/// # Errors
/// None that a user could cause.
pub fn rubric_schema() -> Result<Outcome> {
    print(&Rubric::json_schema())
}

fn print(schema: &Value) -> Result<Outcome> {
    let text = serde_json::to_string_pretty(schema)
        .map_err(|e| Error::new(format!("the schema cannot be written: {e}"), "report this as a bug"))?;
    println!("{text}");
    Ok(Outcome::Done)
}
