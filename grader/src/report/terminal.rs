//! The table on the terminal: one line a submission, at most 80 columns wide.
//! Colours only if asked for; the words say the same without them.

use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};

use super::points;
use crate::gradebook::Change;
use crate::late::Lateness;
use crate::outcome::{CellStatus, GradingStatus, SubmissionReport, Verdict};
use crate::pipeline::Origin;
use crate::text;

/// Columns of the narrowest usual terminal.
pub(super) const WIDTH: u16 = 80;

/// What the table says of one submission.
#[derive(Clone, Debug)]
pub struct Row {
    pub(super) student: String,
    pub(super) assignment: String,
    /// Earned and possible; none if not graded.
    pub(super) marks: Option<(f64, f64)>,
    /// What to look at.
    reason: String,
    /// There is a deadline, and nobody says when it was handed in.
    timeless: bool,
    news: News,
}

/// How the marks stand to those before.
#[derive(Clone, Copy, Debug, PartialEq)]
enum News {
    First,
    Unchanged,
    Judged,
    Higher(f64),
    Lower(f64),
    Again,
    Kept,
}

impl Row {
    /// The row of a report.
    #[must_use]
    pub fn of(report: &SubmissionReport, origin: Origin) -> Self {
        let marks = (report.status == GradingStatus::Graded).then(|| (report.earned(), report.points()));
        // Before points set by hand, because these stay.
        let automatic: f64 =
            report.questions.iter().map(|q| q.manual.as_ref().map_or(q.earned, |m| m.automatic)).sum();
        let automatic = automatic - report.late.as_ref().map_or(0.0, |l| l.off(automatic, report.points()));
        let news = match origin {
            Origin::Unchanged => News::Unchanged,
            Origin::Run(Change::Kept) | Origin::Stored(Change::Kept) => News::Kept,
            Origin::Run(Change::New) | Origin::Stored(Change::New) => News::First,
            Origin::Stored(Change::Same) => News::Judged,
            Origin::Run(Change::Same) => News::Again,
            Origin::Run(Change::From(before)) | Origin::Stored(Change::From(before)) => match before {
                Some(before) if marks.is_some() && automatic > before + 1e-9 => News::Higher(before),
                Some(before) if marks.is_none() || automatic < before - 1e-9 => News::Lower(before),
                _ => News::Again,
            },
        };
        Self {
            student: text::line(&report.student, 18),
            assignment: text::line(&report.assignment, 12),
            marks,
            reason: text::line(&reason(report), 110),
            timeless: report.late.as_ref().is_some_and(|l| l.handed_in.is_none() && !l.doubtful),
            news,
        }
    }

    /// Whether there are marks.
    #[must_use]
    pub fn is_graded(&self) -> bool {
        self.marks.is_some()
    }

    /// Whether it has less than so many percent of its points.
    #[must_use]
    pub fn is_below(&self, percent: Option<f64>) -> bool {
        let share =
            |(earned, possible): (f64, f64)| 100.0 * earned < percent.unwrap_or(0.0) * possible - 1e-9;
        self.marks.is_some_and(share)
    }

    pub(super) fn told(&self) -> String {
        let news = match self.news {
            News::First | News::Again => String::new(),
            News::Unchanged => "unchanged".to_owned(),
            News::Judged => "unchanged, judged again".to_owned(),
            News::Higher(before) => format!("was {}, now higher", points(before)),
            News::Lower(before) => format!("was {}, now LOWER", points(before)),
            News::Kept => "could not be run this time, earlier marks kept".to_owned(),
        };
        match (news.is_empty(), self.reason.is_empty()) {
            (true, _) => self.reason.clone(),
            (false, true) => news,
            (false, false) => text::line(&format!("{news}; {}", self.reason), 110),
        }
    }
}

/// All submissions and a line about them together.
#[must_use]
pub fn table(rows: &[Row], colour: bool) -> String {
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
    for row in rows {
        let (mark, tint) = match row.marks {
            None => ("—".to_owned(), Color::Magenta),
            Some((earned, possible)) => {
                let share = if possible > 0.0 { earned / possible } else { 0.0 };
                let tint = if share >= 0.999 {
                    Color::Green
                } else if share >= 0.5 {
                    Color::Yellow
                } else {
                    Color::Red
                };
                (format!("{}/{}", points(earned), points(possible)), tint)
            }
        };
        table.add_row([
            Cell::new(&row.student),
            Cell::new(&row.assignment),
            Cell::new(mark).fg(tint),
            Cell::new(row.told()),
        ]);
    }
    format!("{table}\n{}\n", summary(rows))
}

/// A line about all of them together, and one about earlier marks.
pub(super) fn summary(rows: &[Row]) -> String {
    let graded: Vec<(f64, f64)> = rows.iter().filter_map(|r| r.marks).collect();
    let missing = rows.len() - graded.len();
    let mut text = format!("{} graded", graded.len());
    let shares = graded.iter().filter(|m| m.1 > 0.0).map(|m| m.0 / m.1);
    if !graded.is_empty() {
        #[expect(clippy::cast_precision_loss, reason = "a count of submissions")]
        let mean = 100.0 * shares.sum::<f64>() / graded.len() as f64;
        text.push_str(&format!(", {mean:.0} % of the points on average"));
    }
    if missing > 0 {
        text.push_str(&format!("; {missing} NOT graded, please look at them"));
    }
    let count = |is: fn(&News) -> bool| rows.iter().filter(|r| is(&r.news)).count();
    let news = [
        (count(|n| matches!(n, News::Unchanged | News::Judged)), "unchanged"),
        (count(|n| matches!(n, News::Higher(_))), "higher"),
        (count(|n| matches!(n, News::Lower(_))), "LOWER"),
        (count(|n| *n == News::Kept), "kept though not run"),
    ];
    let news: Vec<String> =
        news.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if !news.is_empty() {
        text.push_str(&format!("\nAgainst the marks before: {}", news.join(", ")));
    }
    let timeless = rows.iter().filter(|r| r.timeless && r.is_graded()).count();
    if timeless > 0 {
        text.push_str(&format!(
            "\nNo time of handing in is known for {timeless}; nothing is taken off there"
        ));
    }
    text
}

/// What an instructor should know first.
pub(super) fn reason(r: &SubmissionReport) -> String {
    if let GradingStatus::NotGraded(why) = &r.status {
        return why.clone();
    }
    let late = r.late.as_ref().and_then(Lateness::words);
    match (late, about(r)) {
        (Some(late), about) if about.is_empty() => late,
        (Some(late), about) => format!("{late}; {about}"),
        (None, about) => about,
    }
}

fn about(r: &SubmissionReport) -> String {
    let first_line = |text: &str| text.lines().next().unwrap_or_default().trim().to_owned();
    let failed = r.cells.iter().find(|c| c.status != CellStatus::Ok);
    if let Some(cell) = failed {
        let what = cell.status.words();
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

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let mut long = report(&"x".repeat(200), &"y".repeat(90));
        long.status = GradingStatus::NotGraded("because\u{1b}[31m of ".repeat(30));
        let first = Origin::Run(Change::New);
        let anna = Row::of(&report("anna", "exercise1"), first);
        let text = table(&[anna.clone(), Row::of(&long, first)], false);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", line.chars().count());
        }
        assert!(!text.contains('\u{1b}'));
        assert!(text.contains("0.5/2") && text.contains("1 NOT graded"));
        assert!(table(&[anna], true).contains('\u{1b}'));
    }

    #[test]
    fn changes_against_earlier_marks_are_told() {
        let say = |origin| table(&[Row::of(&report("anna", "e"), origin)], false);
        assert!(say(Origin::Unchanged).contains("unchanged"));
        let lower = say(Origin::Run(Change::From(Some(1.5))));
        assert!(lower.contains("was 1.5, now LOWER") && lower.contains("1 LOWER"), "{lower}");
        let higher = say(Origin::Stored(Change::From(Some(0.0))));
        assert!(higher.contains("was 0, now higher") && higher.contains("1 higher"), "{higher}");
        assert!(!say(Origin::Run(Change::New)).contains("before"));
    }
}
