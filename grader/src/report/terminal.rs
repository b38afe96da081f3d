//! The table on the terminal: one line a submission, at most 80 columns wide.
//! Colours only if asked for; the words say the same without them.

use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};

use super::points;
use crate::outcome::{CellStatus, GradingStatus, SubmissionReport, Verdict};

/// Columns of the narrowest usual terminal.
const WIDTH: u16 = 80;

/// All submissions and a line about them together.
#[must_use]
pub fn table(reports: &[SubmissionReport], colour: bool) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH);
    if !colour {
        table.force_no_tty();
    } else {
        table.enforce_styling();
    }
    table.set_header(
        ["student", "exercise", "mark", "what to look at"]
            .map(|h| Cell::new(h).add_attribute(Attribute::Bold)),
    );
    for r in reports {
        let (mark, tint) = match &r.status {
            GradingStatus::NotGraded(_) => ("—".to_owned(), Color::Magenta),
            GradingStatus::Graded => {
                let share = if r.points() > 0.0 { r.earned() / r.points() } else { 0.0 };
                let tint = if share >= 0.999 {
                    Color::Green
                } else if share >= 0.5 {
                    Color::Yellow
                } else {
                    Color::Red
                };
                (format!("{}/{}", points(r.earned()), points(r.points())), tint)
            }
        };
        table.add_row([
            Cell::new(short(&r.student, 18)),
            Cell::new(short(&r.assignment, 12)),
            Cell::new(mark).fg(tint),
            Cell::new(short(&reason(r), 110)),
        ]);
    }
    format!("{table}\n{}\n", summary(reports))
}

fn summary(reports: &[SubmissionReport]) -> String {
    let graded: Vec<&SubmissionReport> =
        reports.iter().filter(|r| r.status == GradingStatus::Graded).collect();
    let missing = reports.len() - graded.len();
    let mut text = format!("{} graded", graded.len());
    let shares = graded.iter().filter(|r| r.points() > 0.0).map(|r| r.earned() / r.points());
    if !graded.is_empty() {
        #[expect(clippy::cast_precision_loss, reason = "a count of submissions")]
        let mean = 100.0 * shares.sum::<f64>() / graded.len() as f64;
        text.push_str(&format!(", {mean:.0} % of the points on average"));
    }
    if missing > 0 {
        text.push_str(&format!("; {missing} NOT graded, please look at them"));
    }
    text
}

/// What an instructor should know first.
fn reason(r: &SubmissionReport) -> String {
    if let GradingStatus::NotGraded(why) = &r.status {
        return why.clone();
    }
    let first_line = |text: &str| text.lines().next().unwrap_or_default().trim().to_owned();
    let failed = r.cells.iter().find(|c| c.status != CellStatus::Ok);
    if let Some(cell) = failed {
        let what = match cell.status {
            CellStatus::Ok => "ran",
            CellStatus::CompileError => "does not compile",
            CellStatus::Panicked => "panicked",
            CellStatus::ReturnedError => "failed",
            CellStatus::TimedOut => "took too long",
            CellStatus::OverLimit => "went over a limit",
            CellStatus::Died => "ended its process",
            CellStatus::Refused => "was refused",
            CellStatus::NotRun => "was not run",
        };
        let message = cell.message.as_deref().map(first_line).unwrap_or_default();
        return format!("cell {} {what}: {}", cell.index + 1, message.trim_start_matches("Error: "));
    }
    let wrong = r.questions.iter().flat_map(|q| &q.checks).find(|c| c.verdict != Verdict::Correct);
    match (wrong, r.remarks.first()) {
        (Some(check), _) => format!("{}: {}", check.title, first_line(&check.message)),
        (None, Some(remark)) => first_line(remark),
        (None, None) => String::new(),
    }
}

fn short(text: &str, most: usize) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    if clean.chars().count() <= most {
        return clean;
    }
    clean.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let mut long = report(&"x".repeat(200), &"y".repeat(90));
        long.status = GradingStatus::NotGraded("because\u{1b}[31m of ".repeat(30));
        let text = table(&[report("anna", "exercise1"), long], false);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", line.chars().count());
        }
        assert!(!text.contains('\u{1b}'));
        assert!(text.contains("0.5/2") && text.contains("1 NOT graded"));
        assert!(table(&[report("anna", "exercise1")], true).contains('\u{1b}'));
    }
}
