//! The page that a student gets back: marks, what differs and where, pictures, hints, the changes made.
//! One file without anything from elsewhere; every text is escaped, because it comes from students.

use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;

use super::diff::{self, Line};
use super::{picture, points};
use crate::late::{Lateness, Moment};
use crate::notebook::Notebook;
use crate::outcome::{CellStatus, GradingStatus, QuestionResult, SubmissionReport, Verdict};
use crate::text::{cut, one_line, visible};
use crate::{Error, Result};

const TEMPLATE: &str = include_str!("feedback.html");
/// So much of one message is shown.
const MESSAGE: usize = 16 << 10;
/// So many cells are shown one by one.
const CELLS: usize = 200;
/// So many remarks are shown.
const REMARKS: usize = 100;
/// A page with its pictures may have so many bytes; a larger one is made without them.
const PAGE: usize = 8 << 20;

/// A text of a student or about one, as a page shows it.
fn shown(text: &str) -> String {
    visible(&cut(text, MESSAGE))
}

#[derive(Serialize)]
struct Question {
    title: String,
    earned: String,
    points: String,
    state: &'static str,
    cause: Option<String>,
    manual: Option<ByHand>,
    mistake: Option<Mistake>,
    comments: Vec<Comment>,
    checks: Vec<Check>,
}

/// What a person said.
#[derive(Serialize)]
struct Comment {
    author: String,
    day: String,
    text: String,
}

/// The deadline, and what missing it cost.
#[derive(Serialize)]
struct Late {
    due: String,
    handed_in: Option<String>,
    words: Option<String>,
    raw: String,
    extension: Option<String>,
}

/// A typical mistake that explains the results.
#[derive(Serialize)]
struct Mistake {
    title: String,
    hint: String,
}

#[derive(Serialize)]
struct ByHand {
    automatic: String,
    author: String,
    reason: String,
    day: String,
    earlier_version: bool,
}

#[derive(Serialize)]
struct Check {
    title: String,
    message: String,
    earned: String,
    points: String,
    state: &'static str,
    word: &'static str,
    hint: Option<String>,
    measures: Vec<(String, String)>,
    svg: Option<String>,
}

#[derive(Serialize)]
struct Cell {
    number: usize,
    name: String,
    status: &'static str,
    fine: bool,
    seconds: String,
    message: Option<String>,
    /// What it printed.
    output: String,
    diff: Vec<Line>,
}

/// The page of one report; `released` is the blank notebook, for the changes.
pub(super) fn page(report: &SubmissionReport, released: Option<&Notebook>) -> Result<String> {
    let whole = render(report, released, true)?;
    if whole.len() <= PAGE { Ok(whole) } else { render(report, released, false) }
}

fn render(report: &SubmissionReport, released: Option<&Notebook>, pictures: bool) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let failed =
        |e: minijinja::Error| Error::new(format!("the feedback page of {}: {e}", report.student), "");
    environment.add_template("feedback.html", TEMPLATE).map_err(failed)?;
    let reason = match &report.status {
        GradingStatus::Graded => None,
        GradingStatus::NotGraded(why) => Some(why.as_str()),
    };
    let share = if report.points() > 0.0 { 100.0 * report.earned() / report.points() } else { 0.0 };
    let page = environment.get_template("feedback.html").map_err(failed)?;
    page.render(context! {
        student => one_line(&report.student),
        assignment => one_line(&report.assignment),
        sandbox => report.sandbox.words(),
        attempt => report.attempt,
        pictures,
        more_cells => report.cells.len().saturating_sub(CELLS),
        more_remarks => report.remarks.len().saturating_sub(REMARKS),
        earned => points(report.earned()),
        points => points(report.points()),
        share => format!("{share:.0}"),
        late => report.late.as_ref().map(|l| late(l, report.raw())),
        comments => comments(&report.comments),
        reason => reason.map(shown),
        questions => report.questions.iter().map(|q| question(q, pictures)).collect::<Vec<_>>(),
        cells => cells(report, released),
        remarks => report.remarks.iter().take(REMARKS).map(|r| shown(r)).collect::<Vec<_>>(),
    })
    .map_err(failed)
}

fn state(earned: f64, points: f64) -> &'static str {
    if earned >= points {
        "full"
    } else if earned > 0.0 {
        "part"
    } else {
        "none"
    }
}

fn question(q: &QuestionResult, pictures: bool) -> Question {
    let checks = q.checks.iter().map(|c| Check {
        title: shown(&c.title),
        message: shown(&c.message),
        earned: points(c.earned),
        points: points(c.points),
        // A check without points still says whether it is right.
        state: if c.points > 0.0 || c.verdict == Verdict::Correct {
            state(c.earned, c.points)
        } else {
            "none"
        },
        word: match c.verdict {
            Verdict::Correct => "right",
            Verdict::Differs => "differs",
            Verdict::NoEvidence => "missing",
            Verdict::Withheld => "withheld",
        },
        hint: c.hint.clone(),
        measures: c.measures.iter().map(|(name, v)| (shown(name), number(*v))).collect(),
        svg: c.plot.as_ref().filter(|_| pictures).and_then(picture::svg),
    });
    Question {
        title: q.title.clone(),
        earned: points(q.earned),
        points: points(q.points),
        state: state(q.earned, q.points),
        cause: q.cause.as_deref().map(shown),
        manual: q.manual.as_ref().map(|m| ByHand {
            automatic: points(m.automatic),
            author: one_line(&m.author),
            reason: shown(&m.reason),
            day: m.at.get(..10).unwrap_or_default().to_owned(),
            earlier_version: m.earlier_version,
        }),
        mistake: q.mistake.as_ref().map(|m| Mistake { title: shown(&m.title), hint: shown(&m.hint) }),
        comments: comments(&q.comments),
        checks: checks.collect(),
    }
}

fn comments(all: &[crate::outcome::Comment]) -> Vec<Comment> {
    let one = |c: &crate::outcome::Comment| Comment {
        author: one_line(&c.author),
        day: c.at.get(..10).unwrap_or_default().to_owned(),
        text: shown(&c.text),
    };
    all.iter().map(one).collect()
}

fn late(l: &Lateness, raw: f64) -> Late {
    Late {
        due: l.due.to_minute(),
        handed_in: l.handed_in.map(Moment::to_minute),
        words: l.words(),
        raw: points(raw),
        extension: l.extension.as_ref().map(|e| format!("{}: {}", one_line(&e.author), shown(&e.reason))),
    }
}

fn number(x: f64) -> String {
    if x == 0.0 || (1e-3..1e6).contains(&x.abs()) { points_like(x) } else { format!("{x:.2e}") }
}

fn points_like(x: f64) -> String {
    let text = format!("{x:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn cells(report: &SubmissionReport, released: Option<&Notebook>) -> Vec<Cell> {
    let cell = |c: &crate::outcome::CellOutcome| {
        let blank =
            c.grade_id.as_ref().and_then(|id| released?.cell_by_grade_id(id).map(|(_, cell)| cell.source()));
        Cell {
            number: c.index + 1,
            name: crate::text::line(c.grade_id.as_deref().unwrap_or_default(), 60),
            status: c.status.words(),
            fine: c.status == CellStatus::Ok,
            seconds: format!("{:.2}", c.seconds),
            message: c.message.as_deref().map(shown),
            output: shown(&c.output),
            diff: blank.filter(|b| *b != c.source).map(|b| diff::lines(&b, &c.source)).unwrap_or_default(),
        }
    };
    report.cells.iter().take(CELLS).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;
    use crate::notebook::{Cell as NotebookCell, CellKind};
    use crate::outcome::{CheckPlot, Curve};

    #[test]
    fn no_text_of_a_student_becomes_markup() {
        let mut hostile = report("<script>alert(1)</script>", "e1");
        let curve =
            Curve { label: "<script>".into(), style: "line".into(), x: vec![0.0, 1.0], y: vec![0.0, 1.0] };
        hostile.questions[0].checks[0].plot =
            Some(CheckPlot { xlabel: "<script>".into(), expected: vec![curve], ..CheckPlot::default() });
        let mut blank = NotebookCell::new(CellKind::Code, "let x = ____;");
        blank
            .metadata_mut()
            .insert("nbgrader".into(), serde_json::json!({"grade_id": "q", "schema_version": 3}));
        let html = page(&hostile, Some(&Notebook::new(vec![blank]))).unwrap();
        assert!(!html.contains("<script"), "unescaped text");
        assert!(html.contains("&lt;script"));
        assert!(html.contains("class=\"del\"") && html.contains("class=\"ins\""), "the changes are shown");
        assert!(html.contains("<svg"), "the picture is drawn");
    }

    #[test]
    fn a_recognised_mistake_is_named_with_its_hint() {
        let mut report = report("nora", "e1");
        report.questions[0].mistake = Some(crate::outcome::NamedMistake {
            id: "no-reset".into(),
            title: "There is no <reset>".into(),
            hint: "What sets v back?".into(),
        });
        let html = page(&report, None).unwrap();
        assert!(html.contains("<b>There is no &lt;reset&gt;.</b> What sets v back?"), "{html}");
    }

    #[test]
    fn what_was_not_graded_says_why_and_shows_no_mark() {
        let mut broken = report("nora", "");
        broken.status = GradingStatus::NotGraded("this is not a notebook".into());
        broken.questions.clear();
        let html = page(&broken, None).unwrap();
        assert!(html.contains("this is not a notebook") && !html.contains("0 of 0"));
    }
}
