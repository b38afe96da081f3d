//! `grader doctor`: is everything here that grading needs, and does the sandbox hold?
//! Prints one line a finding, and below each fault what to do about it.

use super::{Outcome, runtime};
use crate::{Result, kernel};

/// Looks at the machine and prints what it finds.
///
/// # Errors
/// None of its own; what is missing is a finding.
pub fn doctor() -> Result<Outcome> {
    let findings = runtime()?.block_on(kernel::examine());
    let mut sound = true;
    for finding in &findings {
        match &finding.state {
            Ok(words) => println!("ok    {}: {words}", finding.what),
            Err(words) => {
                sound = false;
                println!("FAIL  {}: {}", finding.what, words.replace('\n', "\n      "));
            }
        }
    }
    println!("{}", if sound { "ready to grade" } else { "not ready to grade" });
    Ok(if sound { Outcome::Done } else { Outcome::Incomplete })
}
