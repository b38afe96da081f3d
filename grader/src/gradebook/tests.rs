//! Tests of the gradebook: what is kept, what replaces what, what is refused.
//! Other rooms borrow its makers of gradebooks and marks.

use spikelab::evidence::Evidence;

use super::*;
use crate::fingerprint::JudgedBy;
use crate::late::HandedIn;
use crate::outcome::{
    CellOutcome, CellStatus, CheckResult, GradingStatus, Isolation, QuestionResult, Transcript,
    Verdict as CheckVerdict,
};

/// An empty gradebook in a folder of its own.
pub(crate) fn book() -> (tempfile::TempDir, Gradebook) {
    let folder = tempfile::tempdir().unwrap();
    let book = Gradebook::open(&folder.path().join("gradebook.db")).unwrap();
    (folder, book)
}

/// Marks for one question with one check of 2 points.
pub(crate) fn grading(student: &str, assignment: &str, notebook: &str, earned: f64) -> NewGrading {
    let check = CheckResult {
        id: "c".into(),
        title: "C".into(),
        points: 2.0,
        earned,
        verdict: CheckVerdict::Differs,
        message: "differs".into(),
        hint: None,
        measures: [("distance".to_owned(), f64::INFINITY)].into(),
        plot: None,
    };
    let question = QuestionResult {
        id: "q".into(),
        title: "Q".into(),
        points: 2.0,
        earned,
        checks: vec![check],
        cause: None,
        manual: None,
        mistake: None,
        comments: Vec::new(),
    };
    NewGrading {
        student: student.into(),
        assignment: assignment.into(),
        slot: 0,
        file: format!("{student}.ipynb"),
        notebook: notebook.into(),
        execution: None,
        judge: Some(JudgedBy { all: "j".into(), questions: vec!["j1".into()] }),
        verdict: Verdict::Graded,
        questions: vec![question],
        remarks: vec!["a remark".into()],
        seconds: 1.5,
        sandbox: Isolation::None,
        handed_in: HandedIn::default(),
        rule: None,
    }
}

fn failed(student: &str, notebook: &str, verdict: Verdict) -> NewGrading {
    NewGrading { verdict, questions: vec![], ..grading(student, "e", notebook, 0.0) }
}

fn fingerprint(notebook: &str) -> Fingerprint {
    Fingerprint {
        notebook: notebook.into(),
        assignment: "e".into(),
        environment: "k".into(),
        wanted: "{}".into(),
        limits: "{}".into(),
    }
}

fn transcript(message: &str) -> Transcript {
    let cell = CellOutcome {
        index: 3,
        grade_id: Some("q".into()),
        source: "let x = 1;".into(),
        status: CellStatus::Panicked,
        seconds: 0.25,
        message: Some(message.into()),
        output: String::new(),
    };
    let x = Evidence::Number { value: 0.1 + 0.2, dimension: "1".into() };
    Transcript {
        cells: vec![cell],
        evidence: [("q".to_owned(), [("x".to_owned(), x)].into())].into(),
        models: std::collections::BTreeMap::new(),
        remarks: vec!["noticed".into()],
        isolation: Isolation::Full,
    }
}

#[test]
fn a_run_and_its_marks_come_back_as_they_were() {
    let (folder, book) = book();
    let run = book.begin("grade", 1).unwrap();
    let execution = book.add_execution(run, &fingerprint("n"), &transcript("index"), 2.0).unwrap();
    let new = NewGrading {
        execution: Some(execution),
        sandbox: Isolation::Full,
        ..grading("anna", "e", "n", 1.25)
    };
    let (grading, change) = book.add_grading(run, &new).unwrap();
    assert_eq!(change, Change::New);
    book.end(run, "done").unwrap();
    drop(book);
    let book = Gradebook::open(&folder.path().join("gradebook.db")).unwrap();
    let stored = &book.candidates(&fingerprint("n"), false).unwrap()[0];
    assert_eq!((stored.execution, stored.unhindered, stored.longest), (execution, true, 0.25));
    let back = book.transcript(execution).unwrap();
    assert_eq!(back.evidence, transcript("index").evidence);
    assert_eq!(back.remarks, ["noticed"]);
    let report = book.report(grading).unwrap();
    assert_eq!((report.earned(), report.points(), report.attempt), (1.25, 2.0, 1));
    assert_eq!(report.cells[0].message.as_deref(), Some("index"));
    assert_eq!((report.sandbox, report.remarks.len()), (Isolation::Full, 1));
    assert!(report.questions[0].checks[0].measures["distance"].is_nan());
    assert_eq!(book.questions().unwrap(), ["q"]);
    assert!(
        book.candidates(&Fingerprint { environment: "other".into(), ..fingerprint("n") }, false)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn repeated_marks_are_not_added_and_others_are_with_their_history() {
    let (_folder, book) = book();
    let run = book.begin("grade", 1).unwrap();
    let (first, _) = book.add_grading(run, &grading("anna", "e", "n1", 1.0)).unwrap();
    let again = book.begin("grade", 1).unwrap();
    assert_eq!(book.add_grading(again, &grading("anna", "e", "n1", 1.0)).unwrap(), (first, Change::Same));
    let (second, change) = book.add_grading(again, &grading("anna", "e", "n2", 0.5)).unwrap();
    assert_eq!(change, Change::From(Some(1.0)));
    assert_eq!(book.report(second).unwrap().attempt, 2);
    assert_eq!(book.report(first).unwrap().earned(), 1.0, "nothing is overwritten");
    assert_eq!(book.lines().unwrap().len(), 1);
    assert_eq!(book.history("anna").unwrap().len(), 2);
    let (third, _) = book.add_grading(again, &grading("anna", "e", "n1", 1.0)).unwrap();
    assert_eq!(book.report(third).unwrap().attempt, 1, "the first version again");
}

#[test]
fn a_failure_of_the_grader_costs_no_marks_of_the_same_file() {
    let (_folder, book) = book();
    let run = book.begin("grade", 1).unwrap();
    let fault = || Verdict::Fault("the kernel failed".into());
    let (first, _) = book.add_grading(run, &grading("anna", "e", "n1", 1.0)).unwrap();
    assert_eq!(book.add_grading(run, &failed("anna", "n1", fault())).unwrap(), (first, Change::Kept));
    let (now, change) = book.add_grading(run, &failed("anna", "n2", fault())).unwrap();
    assert_eq!(change, Change::From(Some(1.0)), "another file has no marks yet");
    assert!(matches!(book.report(now).unwrap().status, GradingStatus::NotGraded(_)));
    assert_eq!(book.history("anna").unwrap().len(), 3);
}

#[test]
fn what_could_not_be_graded_is_listed_until_something_came_in_its_place() {
    let (_folder, book) = book();
    let run = book.begin("grade", 2).unwrap();
    let broken =
        NewGrading { assignment: String::new(), ..failed("nora", "b", Verdict::NotGraded("no".into())) };
    book.add_grading(run, &broken).unwrap();
    book.add_grading(run, &grading("anna", "e", "n", 1.0)).unwrap();
    assert_eq!(book.lines().unwrap().len(), 2);
    let later = book.begin("grade", 1).unwrap();
    book.add_grading(later, &grading("anna", "e", "n", 1.0)).unwrap();
    assert_eq!(book.lines().unwrap().len(), 2, "nora is not forgotten");
    book.add_grading(later, &grading("nora", "e", "n", 2.0)).unwrap();
    let names: Vec<String> = book.lines().unwrap().into_iter().map(|l| l.student + &l.assignment).collect();
    assert_eq!(names, ["annae", "norae"]);
}

#[test]
fn points_set_by_hand_are_stronger_and_never_forgotten() {
    let (_folder, book) = book();
    let run = book.begin("grade", 1).unwrap();
    let (first, _) = book.add_grading(run, &grading("anna", "e", "n1", 0.5)).unwrap();
    let new = Override {
        student: "anna".into(),
        assignment: None,
        question: "q".into(),
        points: Some(1.5),
        author: "Dr. Lee".into(),
        reason: "a typo in the exercise".into(),
    };
    let done = book.set(&new).unwrap();
    assert_eq!((done.before, done.now, done.possible), (0.5, 1.5, 2.0));
    let report = book.report(first).unwrap();
    let manual = report.questions[0].manual.clone().unwrap();
    assert_eq!((report.earned(), manual.automatic, manual.author.as_str()), (1.5, 0.5, "Dr. Lee"));
    assert!(!manual.earlier_version);
    let (second, _) = book.add_grading(run, &grading("anna", "e", "n2", 2.0)).unwrap();
    let kept = book.report(second).unwrap();
    assert_eq!(kept.earned(), 1.5, "grading again does not undo what a person decided");
    assert!(kept.questions[0].manual.as_ref().unwrap().earlier_version, "but says so");
    book.set(&Override { points: None, ..new.clone() }).unwrap();
    assert_eq!(book.report(second).unwrap().earned(), 2.0);
    assert_eq!(book.history("anna").unwrap().len(), 4);
    let wrong = |o: Override| book.set(&o).unwrap_err().to_string();
    assert!(wrong(Override { student: "ana".into(), ..new.clone() }).contains("did you mean `anna`?"));
    assert!(wrong(Override { question: "p".into(), ..new.clone() }).contains("there are q"));
    assert!(wrong(Override { reason: " ".into(), ..new.clone() }).contains("the reason is empty"));
    assert!(wrong(Override { points: Some(-1.0), ..new.clone() }).contains("make no sense"));
    assert!(wrong(Override { points: None, ..new }).contains("nobody has set points"));
}

#[test]
fn a_second_grader_is_refused_and_a_second_reader_is_not() {
    let (folder, book) = book();
    let path = folder.path().join("gradebook.db");
    let refused = Gradebook::open(&path).unwrap_err().to_string();
    assert!(refused.contains("another grader (process ") && refused.contains("--gradebook"), "{refused}");
    assert!(Gradebook::look(&path).unwrap().lines().unwrap().is_empty());
    drop(book);
    assert!(Gradebook::open(&path).unwrap().left_by().is_none());
}

#[test]
fn files_of_others_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gradebook.db");
    std::fs::write(&path, "not a database, but long enough to be looked at as one").unwrap();
    let text = Gradebook::open(&path).unwrap_err().to_string();
    assert!(text.contains("no gradebook, or a damaged one"), "{text}");
    let other = folder.path().join("nbgrader.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE grade (id TEXT)").unwrap();
    let text = Gradebook::open(&other).unwrap_err().to_string();
    assert!(text.contains("another program's file"), "{text}");
    assert!(
        Gradebook::look(&folder.path().join("none.db"))
            .unwrap_err()
            .to_string()
            .contains("there is no gradebook")
    );
}
