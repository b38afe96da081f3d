//! The pages of the desk: one submission with a form for each question, and what went wrong.
//! Rendered with escaping; no scripts.

use std::collections::BTreeMap;

use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;

use super::{Answer, Desk};
use crate::gradebook::{Event, Happening};
use crate::outcome::{Comment, GradingStatus, QuestionResult, Verdict};
use crate::report::points;
use crate::text::{one_line, visible};
use crate::{Error, Result};

const TEMPLATE: &str = include_str!("review.html");

#[derive(Serialize)]
struct Question {
    id: String,
    title: String,
    earned: String,
    points: String,
    automatic: Option<String>,
    author: String,
    reason: String,
    mistake: Option<String>,
    checks: Vec<(String, String, String)>,
    comments: Vec<(i64, String, String)>,
    /// What was typed and refused.
    typed: Option<[String; 3]>,
}

fn render(values: minijinja::Value) -> Result<String> {
    let failed = |e: minijinja::Error| Error::new(format!("a page cannot be made: {e}"), "please report it");
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("review.html", TEMPLATE).map_err(failed)?;
    environment.get_template("review.html").and_then(|page| page.render(values)).map_err(failed)
}

pub(super) fn problem(status: u16, what: &str) -> Answer {
    let page = render(context! { problem => visible(what) });
    Answer::Page(status, page.unwrap_or_else(|e| e.to_string().replace('<', "&lt;")))
}

/// The page of a submission; `refused` holds what a form sent, and why it was not taken.
pub(super) fn submission(
    desk: &Desk,
    grading: i64,
    refused: Option<(&BTreeMap<String, String>, &str)>,
) -> Result<Option<Answer>> {
    let lines = desk.book.lines()?;
    let Some(place) = lines.iter().position(|l| l.grading == grading) else { return Ok(None) };
    let line = &lines[place];
    let report = desk.book.report(grading)?;
    let typed = |q: &QuestionResult| {
        let (fields, _) = refused.filter(|(f, _)| f.get("question") == Some(&q.id))?;
        Some(["points", "author", "reason"].map(|name| fields.get(name).cloned().unwrap_or_default()))
    };
    let events = desk.book.history(&line.student)?;
    let events = events.iter().filter(|e| e.assignment == line.assignment).map(told).collect::<Vec<_>>();
    let near = |k: Option<usize>| k.and_then(|k| lines.get(k)).map(|l| l.grading);
    let html = render(context! {
        student => one_line(&report.student),
        assignment => one_line(&report.assignment),
        mark => (report.status == GradingStatus::Graded)
            .then(|| format!("{} of {}", points(report.earned()), points(report.points()))),
        reason => match &report.status { GradingStatus::NotGraded(why) => Some(visible(why)), GradingStatus::Graded => None },
        questions => report.questions.iter().map(|q| question(q, typed(q))).collect::<Vec<_>>(),
        comments => comments(&report.comments),
        late => report.late.as_ref().and_then(crate::late::Lateness::words),
        refused => refused.map(|(_, why)| visible(why)),
        author => desk.state().author.clone(),
        token => desk.token,
        // A second file of a student for one exercise has marks of its own only in its report.
        editable => line.slot == 0,
        grading,
        before => near(place.checked_sub(1)),
        after => near(Some(place + 1)),
        events,
    })?;
    Ok(Some(Answer::Page(200, html)))
}

fn question(q: &QuestionResult, typed: Option<[String; 3]>) -> Question {
    let manual = q.manual.as_ref();
    let checks = q.checks.iter().map(|c| {
        let word = match c.verdict {
            Verdict::Correct => "right",
            Verdict::Differs => "differs",
            Verdict::NoEvidence => "missing",
            Verdict::Withheld => "withheld",
        };
        (
            visible(&c.title),
            format!("{word}, {} of {}", points(c.earned), points(c.points)),
            visible(&c.message),
        )
    });
    Question {
        id: q.id.clone(),
        title: visible(&q.title),
        earned: points(q.earned),
        points: points(q.points),
        automatic: manual.map(|m| points(m.automatic)),
        author: manual.map(|m| one_line(&m.author)).unwrap_or_default(),
        reason: manual.map(|m| visible(&m.reason)).unwrap_or_default(),
        mistake: q.mistake.as_ref().map(|m| visible(&m.title)),
        checks: checks.collect(),
        comments: comments(&q.comments),
        typed,
    }
}

fn comments(all: &[Comment]) -> Vec<(i64, String, String)> {
    all.iter().map(|c| (c.id, one_line(&c.author), visible(&c.text))).collect()
}

fn told(event: &Event) -> (String, String) {
    let when = event.at.get(..16).unwrap_or(&event.at).replace('T', " ");
    let what = match &event.what {
        Happening::Grading { attempt, marks: Ok((earned, possible)), stands, .. } => {
            let stands = if *stands { "" } else { ", replaced since" };
            format!("graded: {} of {}, version {attempt}{stands}", points(*earned), points(*possible))
        }
        Happening::Grading { marks: Err(why), .. } => format!("not graded: {}", one_line(why)),
        Happening::Extension { until, author, reason } => {
            let what = until.as_ref().map_or_else(
                || "everybody's deadline holds again".to_owned(),
                |until| format!("deadline moved to {}", one_line(until)),
            );
            format!("{what} by {}: {}", one_line(author), visible(reason))
        }
        Happening::Comment { question, text, author } => {
            let about = if question.is_empty() { "all" } else { question };
            let said = text.as_deref().map_or_else(|| "taken back".to_owned(), visible);
            format!("comment on {about} by {}: {said}", one_line(author))
        }
        Happening::Manual { question, points: set, author, reason } => {
            let what =
                set.map_or_else(|| "no longer set by hand".to_owned(), |p| format!("set to {}", points(p)));
            format!("{question} {what} by {}: {}", one_line(author), visible(reason))
        }
    };
    (when, what)
}
