//! JUnit XML: a suite a submission, a case a check; what every CI system reads.
//! A wrong answer is a failure; what could not be graded is an error, because it says nothing about the answer.

use std::io::Write;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::points;
use crate::outcome::{CheckResult, GradingStatus, QuestionResult, SubmissionReport, Verdict};
use crate::text;
use crate::{Error, Result};

/// The document, suite by suite.
#[derive(Debug)]
pub struct Document(Report);

impl Default for Document {
    fn default() -> Self {
        Self(Report::new("grader"))
    }
}

impl Document {
    /// Adds the suite of one submission.
    pub fn add(&mut self, report: &SubmissionReport) {
        let name = if report.assignment.is_empty() { "unknown exercise" } else { &report.assignment };
        let name = format!("{}/{}", text::one_line(&report.student), text::one_line(name));
        let mut suite = TestSuite::new(name.as_str());
        suite.add_property(Property::new("file", text::one_line(&report.file).as_str()));
        if let GradingStatus::NotGraded(why) = &report.status {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("not graded").set_message(text::visible(why));
            let mut case = TestCase::new("grading", status);
            case.set_classname(name);
            suite.add_test_case(case);
        } else {
            // JUnit knows no partial credit.
            suite.add_property(Property::new("score", points(report.earned()).as_str()));
            suite.add_property(Property::new("max_score", points(report.points()).as_str()));
            suite.set_time(Duration::try_from_secs_f64(report.seconds).unwrap_or_default());
            for question in &report.questions {
                for check in &question.checks {
                    suite.add_test_case(case(&name, question, check));
                }
            }
        }
        self.0.add_test_suite(suite);
    }

    /// Writes the document.
    ///
    /// # Errors
    /// A full disk.
    pub fn write(&self, to: impl Write) -> Result<()> {
        self.0
            .serialize(to)
            .map_err(|e| Error::new(format!("the JUnit file cannot be written: {e}"), "is the disk full?"))
    }
}

fn case(suite: &str, question: &QuestionResult, check: &CheckResult) -> TestCase {
    let by_hand = question.manual.as_ref();
    // Points that a person set stand for the whole question.
    let passed = by_hand.map_or(check.earned >= check.points && check.verdict == Verdict::Correct, |_| {
        question.earned >= question.points
    });
    let status = if passed {
        TestCaseStatus::success()
    } else {
        let word = match check.verdict {
            Verdict::Correct | Verdict::Differs => "differs",
            Verdict::NoEvidence => "missing",
            Verdict::Withheld => "withheld",
        };
        let mut text = text::visible(&text::cut(&check.message, 4 << 10));
        if let Some(m) = &question.mistake {
            text.push_str(&format!("\nThis is what happens if: {}", text::visible(&m.title)));
        }
        if let Some(m) = by_hand {
            text = format!("set by {}: {}", text::one_line(&m.author), text::visible(&m.reason));
        }
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(word).set_message(text);
        status
    };
    let mut case =
        TestCase::new(format!("{}: {}", question.id, text::one_line(&check.title)).as_str(), status);
    case.set_classname(format!("{suite}.{}", question.id).as_str());
    case.add_property(Property::new("score", points(check.earned).as_str()));
    case.add_property(Property::new("max_score", points(check.points).as_str()));
    case
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn checks_are_cases_and_what_was_not_graded_is_an_error() {
        let mut document = Document::default();
        let mut good = report("anna\u{1b}[31m<&>", "exercise1");
        let right =
            CheckResult { verdict: Verdict::Correct, earned: 2.0, ..good.questions[0].checks[0].clone() };
        good.questions[0].checks.push(right);
        document.add(&good);
        let mut broken = report("nora", "");
        broken.status = GradingStatus::NotGraded("no notebook \u{0}".into());
        document.add(&broken);
        let mut bytes = Vec::new();
        document.write(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("tests=\"3\" skipped=\"0\" failures=\"1\" errors=\"1\""), "{text}");
        assert!(text.contains("type=\"differs\"") && text.contains("type=\"not graded\""), "{text}");
        assert!(text.contains("name=\"max_score\" value=\"2\""), "{text}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
    }
}
