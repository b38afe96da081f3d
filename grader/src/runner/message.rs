//! The compiler's words about many cells, read for what they say about one of them.
//! Lines get the numbers that they have in their cell, and the frames the width for that.

/// Where a line of the text comes from: its cell and its number in there.
type Place = (usize, usize);

/// Of the first cell that is spoken of: its place, and all that is said about it. Nothing if that cannot be told, as where
/// one report speaks of several cells.
pub(super) fn first(message: &str, place: impl Fn(usize) -> Option<Place>) -> Option<(usize, String)> {
    let reports = reports(message);
    let mut about = Vec::new();
    for report in &reports {
        // The compiler's hints come with its errors and are none.
        let hint = report[0].starts_with('[') && !report[0].starts_with("[E");
        let numbers: Vec<usize> = report.iter().filter_map(|line| number(line)).collect();
        let mut places: Vec<Option<usize>> = numbers.iter().map(|n| Some(place(*n)?.0)).collect();
        places.dedup();
        about.push((*numbers.first()?, places, hint));
    }
    let errors = about.iter().filter(|(_, _, hint)| !hint);
    let cell = errors.min_by_key(|(line, ..)| *line)?.1.first().copied()??;
    let mut text = String::new();
    for (report, (_, places, _)) in reports.iter().zip(&about) {
        if places.contains(&Some(cell)) {
            if places.len() > 1 {
                return None;
            }
            text.push_str(&renumbered(report, |n| place(n).map_or(n, |(_, own)| own)));
        }
    }
    let blank = text.contains("cannot find value `____`");
    let head = if blank { message.lines().next().filter(|line| !begins(line)) } else { None };
    let head = head.map(|line| format!("{line}\n")).unwrap_or_default();
    Some((cell, format!("{head}{}", text.trim_end())))
}

/// True for the line with which a report begins.
fn begins(line: &str) -> bool {
    line.starts_with("Error: ") || line.starts_with('[') && line.contains("] Error: ")
}

/// The reports, each with its frame; what stands before the first one belongs to none.
fn reports(message: &str) -> Vec<Vec<&str>> {
    let mut out: Vec<Vec<&str>> = Vec::new();
    for line in message.lines() {
        if begins(line) {
            out.push(Vec::new());
        }
        if let Some(report) = out.last_mut() {
            report.push(line);
        }
    }
    out.into_iter().map(without_other_scope).collect()
}

/// Leaves out that a name is known in a cell that fails half way: alone the compiler would not know that.
fn without_other_scope(mut report: Vec<&str>) -> Vec<&str> {
    let frame = report.iter().rposition(|line| line.trim_start().starts_with("├─["));
    let hint =
        report.iter().any(|line| line.contains("is available in a different scope in the same function"));
    if let (Some(frame), true, Some(end)) = (frame, hint, report.last().copied()) {
        // With the empty line in front of it.
        report.truncate(frame.saturating_sub(1));
        report.push(end);
    }
    report
}

/// The number in front of a line of code.
fn number(line: &str) -> Option<usize> {
    let (number, _) = line.trim_start().split_once(" │")?;
    number.parse().ok()
}

/// A report with other numbers of lines.
fn renumbered(report: &[&str], own: impl Fn(usize) -> usize) -> String {
    let width = |n: usize| n.to_string().len();
    let numbers = || report.iter().filter_map(|line| number(line));
    let old = numbers().map(width).max().unwrap_or(1);
    let new = numbers().map(|n| width(own(n))).max().unwrap_or(1);
    let (pad, end) = (" ".repeat(old + 2), "─".repeat(old + 2));
    let advised = report.iter().any(|line| line.contains("─ help: "));
    let mut out = String::new();
    for line in report {
        if let Some(n) = number(line) {
            let rest = line.split_once(" │").map_or("", |(_, rest)| rest);
            out.push_str(&format!(" {:>new$} │{rest}", own(n)));
        } else if let Some(rest) = line.strip_prefix(&pad) {
            // The words that the compiler has where it gives no advice.
            let label =
                rest.split_once("─ error: cannot find ").filter(|(_, what)| what.ends_with("in this scope"));
            match label.filter(|_| !advised) {
                Some((arrow, _)) => {
                    out.push_str(&format!("{}{arrow}─ not found in this scope", " ".repeat(new + 2)))
                }
                None => out.push_str(&format!("{}{rest}", " ".repeat(new + 2))),
            }
        } else if let Some(rest) = line.strip_prefix(&end) {
            out.push_str(&format!("{}{rest}", "─".repeat(new + 2)));
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(code: &str, lines: &[(usize, &str)]) -> String {
        let width = lines.iter().map(|(n, _)| n.to_string().len()).max().unwrap();
        let pad = " ".repeat(width + 2);
        let mut text =
            format!("{code}Error: cannot find value `____` in this scope\n{pad}╭─[ cell ]\n{pad}│\n");
        for (n, line) in lines {
            text.push_str(&format!(" {n:>width$} │ {line}\n{pad}│  ─┬─\n"));
        }
        text + &format!("{}╯\n", "─".repeat(width + 2))
    }

    /// Ten lines a cell.
    fn place(line: usize) -> Option<Place> {
        (!line.is_multiple_of(10)).then_some((line / 10, line % 10))
    }

    #[test]
    fn the_first_cell_is_spoken_of_with_its_own_lines() {
        let reports = [
            report("[E0425] ", &[(32, "later")]),
            report("[E0425] ", &[(21, "a"), (24, "b")]),
            report("", &[(25, "c")]),
        ];
        let text = format!("the blank is not filled in\n{}", reports.concat());
        let (cell, own) = first(&text, place).unwrap();
        let expected = report("[E0425] ", &[(1, "a"), (4, "b")]) + report("", &[(5, "c")]).trim_end();
        assert_eq!((cell, own), (2, format!("the blank is not filled in\n{expected}")));
    }

    #[test]
    fn what_only_a_joint_text_makes_the_compiler_say_is_left_out() {
        let text = "\
[E0425] Error: cannot find value `m` in this scope
    ╭─[ cell ]
    │
 21 │ let t = m.t();
    │         ┬
    │         ╰── error: cannot find value `m` in this scope
    │
    ├─[ cell ]
    │
 14 │ let m = f();
    │     ┬
    │     ╰── help: the binding `m` is available in a different scope in the same function
────╯";
        let own = "\
[E0425] Error: cannot find value `m` in this scope
   ╭─[ cell ]
   │
 1 │ let t = m.t();
   │         ┬
   │         ╰── not found in this scope
───╯";
        assert_eq!(first(text, place), Some((2, own.to_owned())));
    }

    #[test]
    fn what_concerns_several_cells_or_none_is_not_decided() {
        assert_eq!(first(&report("", &[(21, "moved here"), (32, "used here")]), place), None);
        assert_eq!(first(&report("", &[(20, "the grader's")]), place), None);
        assert_eq!(first(&report("", &[(19, "a"), (20, "the grader's")]), place), None);
        assert_eq!(first("Error: without any code", place), None);
        assert_eq!(first("", place), None);
        let text = report("[unused] ", &[(11, "a hint")]) + &report("", &[(21, "a")]);
        assert_eq!(first(&text, place).unwrap().0, 2);
        // A later cell's report of that kind is looked at when the first cell is out.
        let text = report("", &[(11, "a")]) + &report("", &[(21, "moved here"), (32, "used here")]);
        assert_eq!(first(&text, place).unwrap().0, 1);
    }
}
