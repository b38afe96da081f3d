//! `index.html`: the class as a whole, question by question, and a line with a link for each submission.
//! One static file without scripts or anything from elsewhere; every text is escaped.

use std::path::Path;

use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;

use super::class::{self, Exercise};
use super::points;
use super::terminal::reason;
use crate::outcome::{GradingStatus, SubmissionReport};
use crate::text::{line, one_line};
use crate::{Error, Result};

const TEMPLATE: &str = include_str!("site.html");

/// What the list of submissions says of one.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Entry {
    student: String,
    assignment: String,
    /// Empty if there are no marks.
    mark: String,
    /// Percent of the points, for the bar and the colour.
    share: u32,
    state: &'static str,
    by_hand: bool,
    late: bool,
    reason: String,
    href: String,
}

impl Entry {
    pub(super) fn of(report: &SubmissionReport, href: String) -> Self {
        let graded = report.status == GradingStatus::Graded;
        let (earned, possible) = (report.earned(), report.points());
        let share = if possible > 0.0 { (100.0 * earned / possible).clamp(0.0, 100.0) } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
        let share = share.round() as u32;
        Self {
            student: one_line(&report.student),
            assignment: one_line(&report.assignment),
            mark: if graded { format!("{} of {}", points(earned), points(possible)) } else { String::new() },
            share,
            state: match (graded, earned >= possible, share) {
                (false, ..) => "lost",
                (_, true, _) => "full",
                (.., 50..) => "part",
                _ => "none",
            },
            by_hand: report.questions.iter().any(|q| q.manual.is_some()),
            late: report.late.as_ref().is_some_and(|l| l.seconds > 0 || l.doubtful),
            reason: line(&reason(report), 160),
            href,
        }
    }
}

/// The address of the page in a folder of ours, relative to this one: whatever a name holds, it names a file beside it.
pub(super) fn address(place: &Path) -> String {
    let mut out = String::new();
    for part in place.components() {
        if !out.is_empty() {
            out.push('/');
        }
        for byte in part.as_os_str().as_encoded_bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(char::from(*byte)),
                other => out.push_str(&format!("%{other:02X}")),
            }
        }
    }
    out + "/feedback.html"
}

#[derive(Serialize)]
struct Chapter {
    name: String,
    submissions: usize,
    graded: usize,
    points: String,
    mean: Option<String>,
    median: Option<String>,
    lowest: Option<String>,
    highest: Option<String>,
    bins: Vec<Bin>,
    questions: Vec<Question>,
    mistakes: Vec<(usize, String, String)>,
    failures: Vec<(usize, String)>,
}

#[derive(Serialize)]
struct Bin {
    label: String,
    count: usize,
    height: usize,
}

#[derive(Serialize)]
struct Question {
    id: String,
    title: String,
    mean: String,
    points: String,
    counts: [usize; 3],
    widths: [String; 3],
    by_hand: usize,
    checks: Vec<Check>,
    mistakes: Vec<class::Mistake>,
}

#[derive(Serialize)]
struct Check {
    title: String,
    points: String,
    counts: [usize; 4],
    right: String,
}

/// The page.
pub(super) fn page(class: &[Exercise], entries: &[Entry]) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let failed = |e: minijinja::Error| Error::new(format!("the page of the class: {e}"), "please report it");
    environment.add_template("site.html", TEMPLATE).map_err(failed)?;
    let page = environment.get_template("site.html").map_err(failed)?;
    let chapters: Vec<Chapter> = class.iter().map(chapter).collect();
    page.render(context! { chapters, entries, count => entries.len() }).map_err(failed)
}

fn chapter(e: &Exercise) -> Chapter {
    let most = e.distribution.iter().copied().max().unwrap_or(0).max(1);
    let bin = |(k, count): (usize, &usize)| Bin {
        label: if k == 9 { "90 to 100 %".to_owned() } else { format!("{} to {} %", 10 * k, 10 * k + 9) },
        count: *count,
        height: 100 * count / most,
    };
    let mut mistakes: Vec<(usize, String, String)> = Vec::new();
    for q in &e.questions {
        mistakes.extend(q.mistakes.iter().map(|m| (m.count, one_line(&m.title), one_line(&q.title))));
    }
    mistakes.sort_by_key(|m| std::cmp::Reverse(m.0));
    let shown = |x: Option<f64>| x.map(points);
    Chapter {
        name: one_line(e.name()),
        submissions: e.submissions,
        graded: e.graded,
        points: points(e.points),
        mean: shown(e.mean),
        median: shown(e.median),
        lowest: shown(e.lowest),
        highest: shown(e.highest),
        bins: e.distribution.iter().enumerate().map(bin).collect(),
        questions: e.questions.iter().map(question).collect(),
        mistakes,
        failures: e.failures.iter().map(|f| (f.count, failure(f))).collect(),
    }
}

fn failure(f: &class::Failure) -> String {
    let cell = if f.cell.is_empty() { String::new() } else { format!("{} ", f.cell) };
    format!("{cell}{}: {}", f.what, f.message)
}

fn question(q: &class::Question) -> Question {
    let counts = [q.full, q.part, q.none];
    let all = counts.iter().sum::<usize>();
    Question {
        id: one_line(&q.id),
        title: one_line(&q.title),
        mean: points(q.mean),
        points: points(q.points),
        counts,
        widths: counts.map(|n| percent(n, all)),
        by_hand: q.by_hand,
        checks: q.checks.iter().map(check).collect(),
        mistakes: q.mistakes.clone(),
    }
}

fn check(c: &class::Check) -> Check {
    let counts = [c.correct, c.differs, c.missing, c.withheld];
    let right = percent(c.correct, counts.iter().sum());
    Check { title: one_line(&c.title), points: points(c.points), counts, right }
}

fn percent(part: usize, all: usize) -> String {
    #[expect(clippy::cast_precision_loss, reason = "numbers of submissions")]
    let share = if all == 0 { 0.0 } else { 100.0 * part as f64 / all as f64 };
    format!("{share:.1}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use html5gum::{Token, Tokenizer};

    use super::super::class::tests::class;
    use super::super::tests::report;
    use super::*;

    /// Elements and addresses of a page.
    fn parts(html: &str) -> (BTreeSet<String>, Vec<String>) {
        let (mut names, mut addresses) = (BTreeSet::new(), Vec::new());
        for token in Tokenizer::new(html) {
            if let Token::StartTag(tag) = token.unwrap() {
                names.insert(String::from_utf8(tag.name.to_vec()).unwrap());
                for (key, value) in &tag.attributes {
                    let key = String::from_utf8(key.to_vec()).unwrap();
                    assert!(!key.starts_with("on") && key != "src", "{key}");
                    if key == "href" {
                        addresses.push(String::from_utf8(value.to_vec()).unwrap());
                    }
                }
            }
        }
        (names, addresses)
    }

    #[test]
    fn the_page_shows_the_class_and_links_every_submission() {
        let entry = Entry::of(&report("anna", "exercise1"), address(&PathBuf::from("anna/exercise 1")));
        let html = page(&class(), &[entry]).unwrap();
        for part in
            ["The spiking neuron", "There is no reset", "index # out of bounds", "8 of 10", "0.5 of 2"]
        {
            assert!(html.contains(part), "{part}\n{html}");
        }
        assert!(parts(&html).1.contains(&"anna/exercise%201/feedback.html".to_owned()));
    }

    #[test]
    fn hostile_names_become_neither_markup_nor_foreign_addresses() {
        let evil = "javascript:alert(1)//\"><script>alert(1)</script>";
        let mut exercises = class();
        exercises[0].questions[0].title = evil.into();
        exercises[0].questions[0].mistakes[0].title = evil.into();
        exercises[0].failures[0].message = evil.into();
        let entry = Entry::of(&report(evil, evil), address(&PathBuf::from(evil)));
        let html = page(&exercises, &[entry]).unwrap();
        let (names, addresses) = parts(&html);
        assert!(!names.contains("script"), "{names:?}");
        assert!(addresses.iter().all(|a| a.starts_with('#') || !a.contains(':')), "{addresses:?}");
    }

    #[test]
    fn a_thousand_submissions_are_one_page_of_bounded_size() {
        let one = report("student", "exercise1");
        let entries: Vec<Entry> =
            (0..1000).map(|k| Entry::of(&one, address(&PathBuf::from(format!("student{k}"))))).collect();
        let html = page(&class(), &entries).unwrap();
        assert!(html.len() < 1 << 20, "{} bytes", html.len());
    }
}
