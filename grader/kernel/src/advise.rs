//! The compiler's errors with a line for first-years: stands between Cargo and rustc.
//! The advice comes as rustc's own help does, so evcxr draws it below the place it is about.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use serde_json::{Value, json};

use crate::interrupt::Interrupt;

/// The table that `grader check` goes by.
#[path = "../../src/preview/advice.rs"]
mod table;

/// Set by evcxr where its own wrapper is to stand in rustc's place, which is when a notebook asks for its cache.
const IS_WRAPPER: &str = "EVCXR_RUSTC_WRAPPER";
/// Set by `grader kernel`, with this program as Cargo's `RUSTC_WRAPPER`: a student reads the messages. What a grader
/// reads stays as it is.
const ADVICE: &str = "SPIKELAB_ADVICE";

const INTERRUPTED: &str =
    "interrupted while it was compiled: nothing of this cell ran, and all values are as before";

/// True if a student reads what is said.
pub(crate) fn is_given() -> bool {
    env::var_os(ADVICE).is_some()
}

/// True if this process stands in rustc's place and somebody wants advice.
pub(crate) fn is_wanted() -> bool {
    let program = env::args_os().nth(1).map(PathBuf::from);
    let in_its_place = program.is_some_and(|p| p.file_stem().is_some_and(|name| name == "rustc"));
    in_its_place && is_given()
}

/// Runs rustc, and adds to what it says of errors.
pub(crate) fn run() -> io::Result<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    let program = match env::var_os(IS_WRAPPER) {
        Some(_) => env::current_exe()?.into(),
        None => arguments.next().unwrap_or_default(),
    };
    let mut compiler = Command::new(program);
    compiler.args(arguments).env_remove(ADVICE).stderr(Stdio::piped());
    let mut compiler = compiler.spawn()?;
    let interrupt = Interrupt::of_kernel();
    let (mut out, mut says_why) = (io::stderr(), false);
    let watch = interrupt.watch(compiler.id());
    if let Some(said) = compiler.stderr.take() {
        for line in BufReader::new(said).split(b'\n') {
            let mut line = line?;
            if let Some(error) = error(&line) {
                says_why = true;
                line = advised(error).map_or(line, String::into_bytes);
            }
            line.push(b'\n');
            out.write_all(&line)?;
        }
    }
    let status = compiler.wait()?;
    // Whoever interrupts may signal the compiler as well, which then ends without a word.
    if watch.end() || (!status.success() && !says_why && interrupt.comes_soon()) {
        let error = json!({
            "$message_type": "diagnostic", "message": INTERRUPTED, "code": null, "level": "error", "spans": [],
            "children": [], "rendered": format!("error: {INTERRUPTED}\n"),
        });
        writeln!(out, "{error}")?;
        return Ok(ExitCode::FAILURE);
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The error that a line of the compiler's tells of.
fn error(line: &[u8]) -> Option<Value> {
    serde_json::from_slice::<Value>(line).ok().filter(|message| message["level"] == "error")
}

/// The line of JSON with advice, if the error has some and rustc itself has none at that place.
fn advised(mut error: Value) -> Option<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (code, message) = (text(&error["code"]["code"]), text(&error["message"]));
    let spans = error["spans"].as_array()?;
    let mut place = spans.iter().find(|span| span["is_primary"] == true)?.clone();
    let labels: Vec<String> = spans.iter().map(|span| text(&span["label"])).collect();
    let advice = table::advice(&code, &message, &labels.join(" "))?;
    place["label"] = Value::Null;
    place["suggested_replacement"] = Value::Null;
    let children = error["children"].as_array_mut()?;
    // "A variable with a similar name exists" is better than anything that could be said without looking.
    if children.iter().any(|child| child["spans"].as_array().is_some_and(|spans| spans.len() == 1)) {
        return None;
    }
    let help = json!({
        "message": advice, "code": null, "level": "help", "spans": [place], "children": [], "rendered": null,
    });
    children.push(help);
    serde_json::to_string(&error).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(children: &Value) -> String {
        let place = json!({ "is_primary": true, "label": "expected `f64`, found integer", "line_start": 1 });
        json!({
            "message": "mismatched types", "code": { "code": "E0308" }, "level": "error",
            "spans": [place], "children": children, "rendered": "…",
        })
        .to_string()
    }

    #[test]
    fn advice_comes_as_help_at_the_place_of_the_error() {
        let told = error(line(&json!([])).as_bytes()).unwrap();
        let said: Value = serde_json::from_str(&advised(told).unwrap()).unwrap();
        let help = &said["children"][0];
        assert!(help["message"].as_str().unwrap().contains("`10.0` instead of `10`"), "{said}");
        assert_eq!((&help["spans"][0]["line_start"], &help["spans"][0]["label"]), (&json!(1), &Value::Null));
    }

    #[test]
    fn where_rustc_advises_and_where_there_is_no_advice_nothing_changes() {
        let own =
            json!([{ "message": "use a float literal", "level": "help", "spans": [{}], "children": [] }]);
        assert_eq!(error(line(&own).as_bytes()).and_then(advised), None);
        for line in ["", "no JSON", "{}", "{\"message\":\"x\",\"spans\":[],\"children\":[]}"] {
            assert_eq!(error(line.as_bytes()), None);
        }
        assert_eq!(advised(json!({ "message": "x", "spans": [], "children": [] })), None);
    }
}
