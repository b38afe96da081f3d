//! A run of Cargo with `--message-format=json`, followed message by message.
//! Both things that are built with a bar on the terminal, kernels and checks, follow it so.

use std::io::{self, BufRead, BufReader};
use std::process::{Command, ExitStatus, Stdio};

use serde_json::Value;

/// Runs it, gives each of its messages to `each` as it comes, and returns how it ended and what it said on standard error.
pub(crate) fn follow(cargo: &mut Command, mut each: impl FnMut(Value)) -> io::Result<(ExitStatus, String)> {
    let mut child = cargo.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // Standard error fills up if nobody reads it.
    let errors = child.stderr.take().map(|e| std::thread::spawn(move || io::read_to_string(e)));
    let lines = child.stdout.take().into_iter().flat_map(|o| BufReader::new(o).lines().map_while(Result::ok));
    // Build scripts print what is no JSON.
    lines.filter_map(|line| serde_json::from_str(&line).ok()).for_each(&mut each);
    let status = child.wait()?;
    Ok((status, errors.and_then(|t| t.join().ok()).and_then(Result::ok).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_in_their_order_and_other_lines_are_passed_over() {
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"echo '{"n":1}'; echo words; echo '{"n":2}'; echo wrong >&2; exit 3"#]);
        let mut seen = Vec::new();
        let (status, words) = follow(&mut shell, |message| seen.push(message["n"].as_u64())).unwrap();
        assert_eq!((seen, status.code(), words.as_str()), (vec![Some(1), Some(2)], Some(3), "wrong\n"));
        assert!(follow(&mut Command::new("no-such-program"), |_| ()).is_err());
    }
}
