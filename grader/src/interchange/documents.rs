//! Gradescope's `results.json` and the JSON that tools for otter-grader read, each made from one report.
//! Only fields that their documentation names are written.

use serde_json::{Value, json};

use crate::outcome::{GradingStatus, SubmissionReport, Verdict};
use crate::text::{cut, visible};

/// So much of a message is handed on.
const MESSAGE: usize = 8 << 10;

fn rounded(x: f64) -> f64 {
    (x * 1e6).round() / 1e6
}

/// What `/autograder/results/results.json` must hold.
#[must_use]
pub fn gradescope(report: &SubmissionReport) -> Value {
    if let GradingStatus::NotGraded(why) = &report.status {
        // Without a score and tests Gradescope says that the autograder failed, and counts nothing.
        return json!({"output": format!("This submission could not be graded: {}", visible(why)), "output_format": "text",
            "visibility": "visible"});
    }
    let mut tests = Vec::new();
    for (q, question) in report.questions.iter().enumerate() {
        for (c, check) in question.checks.iter().enumerate() {
            let mut output = visible(&cut(&check.message, MESSAGE));
            for more in question.mistake.iter().map(|m| &m.hint).chain(&check.hint) {
                output.push_str("\n\n");
                output.push_str(&visible(more));
            }
            let passed = check.verdict == Verdict::Correct && check.earned >= check.points;
            tests.push(json!({"name": format!("{}: {}", visible(&question.title), visible(&check.title)), "number": format!("{}.{}", q + 1, c + 1),
                "score": rounded(check.earned), "max_score": check.points, "status": if passed { "passed" } else { "failed" },
                "output": output, "output_format": "text", "visibility": "visible", "tags": [question.id]}));
        }
    }
    // The sum of the tests does not know of points set by hand, nor of what lateness costs.
    let mut said: Vec<String> =
        report.late.as_ref().and_then(crate::late::Lateness::words).into_iter().collect();
    let about = report.questions.iter().flat_map(|q| q.comments.iter().map(move |c| (Some(&q.title), c)));
    for (question, c) in report.comments.iter().map(|c| (None, c)).chain(about) {
        let about = question.map(|q| format!(" about {}", visible(q))).unwrap_or_default();
        said.push(format!("{}{about}: {}", visible(&c.author), visible(&c.text)));
    }
    json!({"score": rounded(report.earned()), "output": said.join("\n\n"), "output_format": "text", "execution_time": rounded(report.seconds), "visibility": "visible",
        "stdout_visibility": "hidden", "tests": tests, "extra_data": {"assignment": report.assignment}})
}

/// What otter-grader's `results.json` has of each question: `name`, `score`, `possible`, and its test cases.
#[must_use]
pub fn otter(report: &SubmissionReport) -> Value {
    let graded = report.status == GradingStatus::Graded;
    let questions: Vec<Value> = report.questions.iter().map(|question| {
        let cases: Vec<Value> = question.checks.iter().map(|check| {
            json!({"name": check.id, "points": check.points, "score": rounded(check.earned),
                "passed": check.verdict == Verdict::Correct, "hidden": false, "message": visible(&cut(&check.message, MESSAGE))})
        }).collect();
        json!({"name": question.id, "score": rounded(question.earned), "possible": question.points, "test_cases": cases})
    }).collect();
    let share = if report.points() > 0.0 { report.earned() / report.points() } else { 0.0 };
    json!({"file": report.file, "student": report.student, "assignment": report.assignment,
        "grading_status": if graded { "Completed" } else { "Failed" },
        "late": report.late.as_ref().map(|l| json!({"seconds": l.seconds, "penalty": l.points})),
        "total": graded.then(|| rounded(report.earned())), "possible": graded.then(|| rounded(report.points())),
        "percent_correct": graded.then(|| rounded(share)), "questions": questions})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;

    #[test]
    fn gradescope_gets_documented_fields_only() {
        let value = gradescope(&report("anna", "e1"));
        let known = [
            "score",
            "execution_time",
            "output",
            "output_format",
            "test_output_format",
            "test_name_format",
            "visibility",
            "stdout_visibility",
            "extra_data",
            "tests",
            "leaderboard",
        ];
        assert!(value.as_object().unwrap().keys().all(|k| known.contains(&k.as_str())), "{value}");
        let of_test = [
            "score",
            "max_score",
            "status",
            "name",
            "name_format",
            "number",
            "output",
            "output_format",
            "tags",
            "visibility",
            "extra_data",
        ];
        let test = &value["tests"][0];
        assert!(test.as_object().unwrap().keys().all(|k| of_test.contains(&k.as_str())), "{test}");
        assert_eq!(
            (&value["score"], &test["status"], &test["number"]),
            (&json!(0.5), &json!("failed"), &json!("1.1"))
        );
        let mut broken = report("nora", "");
        broken.status = GradingStatus::NotGraded("no".into());
        let value = gradescope(&broken);
        assert!(value.get("score").is_none() && value.get("tests").is_none(), "never a zero: {value}");
    }

    #[test]
    fn otter_gets_questions_with_score_and_possible() {
        let value = otter(&report("anna", "e1"));
        assert_eq!(value["questions"][0]["possible"], 2.0);
        assert_eq!((&value["total"], &value["percent_correct"]), (&json!(0.5), &json!(0.25)));
    }
}
