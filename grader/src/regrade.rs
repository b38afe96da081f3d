//! Judging everything in a gradebook again by a changed rubric, from stored values, several submissions at a time.
//! A question that the change does not touch keeps its result; no kernel and no notebook is needed.

use crate::course::Assignment;
use crate::fingerprint::{self, JudgedBy, of_judge, of_run};
use crate::gradebook::{Fingerprint, Gradebook, Line, NewGrading, Standing, Verdict};
use crate::judge::judge_others;
use crate::outcome::{QuestionResult, Transcript};
use crate::pipeline::{Done, Origin};
use crate::progress::Progress;
use crate::{Error, Result};

/// What judging everything in a gradebook again did.
#[derive(Clone, Debug, Default)]
pub struct Regraded {
    /// Those judged.
    pub done: Vec<Done>,
    /// Those that need a run, with the reason.
    pub left: Vec<(Line, String)>,
}

/// Judges everything in the gradebook again from its stored values; no kernel, no notebook is needed.
///
/// # Errors
/// A gradebook that cannot be read or written.
pub fn regrade(book: &Gradebook, assignments: &[Assignment], jobs: usize, quiet: bool) -> Result<Regraded> {
    let lines = book.lines()?;
    let run = book.begin("regrade", lines.len())?;
    let judges: Vec<JudgedBy> = assignments.iter().map(of_judge).collect();
    let progress = Progress::new(lines.len(), jobs, quiet);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let worker = || {
        let mut results = Vec::new();
        loop {
            let k = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some(line) = lines.get(k) else { return Ok::<_, Error>(results) };
            let assignment = assignments.iter().zip(&judges).find(|(a, _)| a.name == line.assignment);
            results.push((k, judge_again(book, run, line, assignment)?));
            progress.finish();
        }
    };
    let mut results = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.clamp(1, 64)).map(|_| scope.spawn(worker)).collect();
        let mut all = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(results) => all.extend(results?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok::<_, Error>(all)
    })?;
    progress.end();
    results.sort_by_key(|(k, _)| *k);
    let mut regraded = Regraded::default();
    for (k, result) in results {
        match result {
            Ok(done) => regraded.done.push(done),
            Err(why) => regraded.left.push((lines[k].clone(), why)),
        }
    }
    book.end(run, "done")?;
    Ok(regraded)
}

/// Judges one line again, or says why that needs a run.
fn judge_again(
    book: &Gradebook,
    run: i64,
    line: &Line,
    assignment: Option<(&Assignment, &JudgedBy)>,
) -> Result<Result<Done, String>> {
    let Some(standing) = book.standing(&line.student, &line.assignment, line.slot)? else {
        return Ok(Err("it is not in the gradebook any more".to_owned()));
    };
    if !standing.graded {
        return Ok(Err("it has no marks yet".to_owned()));
    }
    let Some((assignment, by)) = assignment else {
        return Ok(Err(format!("the course has no exercise `{}` any more", line.assignment)));
    };
    let of = Fingerprint { environment: String::new(), ..of_run(&standing.notebook, &assignment.rubric, "") };
    let stored = book.candidates(&of, true)?;
    let Some(found) = stored.into_iter().find(|run| fingerprint::serves(run, &assignment.rubric)) else {
        return Ok(Err("the rubric asks for what was not stored".to_owned()));
    };
    if standing.execution == Some(found.execution) && standing.judge == by.all {
        return Ok(Ok(Done { grading: standing.grading, origin: Origin::Unchanged }));
    }
    let transcript = book.transcript(found.execution)?;
    let questions = questions(book, assignment, by, Some(&standing), found.execution, &transcript)?;
    let new = NewGrading {
        student: line.student.clone(),
        assignment: line.assignment.clone(),
        slot: line.slot,
        file: book.report(standing.grading)?.file,
        notebook: standing.notebook,
        execution: Some(found.execution),
        judge: Some(by.clone()),
        verdict: Verdict::Graded,
        questions,
        sandbox: transcript.isolation,
        remarks: transcript.remarks,
        seconds: found.seconds,
        handed_in: standing.handed_in,
        rule: assignment.rubric.deadline(),
    };
    let (grading, change) = book.add_grading(run, &new)?;
    Ok(Ok(Done { grading, origin: Origin::Stored(change) }))
}

/// The results of all questions of a stored run. Each depends on its own part of the rubric alone, so those that were
/// judged by the same words from the same run are taken as they are.
pub(crate) fn questions(
    book: &Gradebook,
    assignment: &Assignment,
    by: &JudgedBy,
    standing: Option<&Standing>,
    execution: i64,
    transcript: &Transcript,
) -> Result<Vec<QuestionResult>> {
    let mut before = match standing.filter(|s| s.execution == Some(execution)) {
        Some(standing) => book.judged(standing.grading)?,
        None => Vec::new(),
    };
    let known = |k: usize| {
        let place = before.iter().position(|(judge, _)| *judge == by.questions[k])?;
        Some(before.swap_remove(place).1)
    };
    let (results, memory) = book
        .memory(execution)?
        .during(|| judge_others(&assignment.rubric, &assignment.expected, transcript, known));
    book.remember(execution, &memory)?;
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::{Expected, Rubric};
    use crate::gradebook::tests::{book, grading};
    use crate::notebook::Notebook;

    fn assignment(hint: &str) -> Assignment {
        let text = format!(
            "
assignment: e
title: E
questions:
  - {{id: q, title: Q, points: 2, checks: [{{number: {{variable: x, points: 2}}}}]}}
  - {{id: r, title: R, points: 1, hint: {hint}, checks: [{{number: {{variable: y, points: 1}}}}]}}
"
        );
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let rubric = Rubric::load(file.path()).unwrap();
        Assignment {
            name: "e".into(),
            rubric,
            expected: Expected::new("e", [].into()),
            released: Notebook::new(Vec::new()),
        }
    }

    #[test]
    fn a_question_that_the_change_does_not_touch_keeps_its_result() {
        let (_folder, book) = book();
        let run = book.begin("grade", 1).unwrap();
        let old = assignment("think");
        let transcript = Transcript::default();
        let execution = book.add_execution(run, &of_run("n", &old.rubric, ""), &transcript, 1.0).unwrap();
        // No judge would give these words, so what has them was not judged.
        let mut marks = grading("ada", "e", "n", 1.25);
        let mut second = marks.questions[0].clone();
        second.id = "r".into();
        marks.questions.push(second);
        marks.execution = Some(execution);
        marks.judge = Some(of_judge(&old));
        book.add_grading(run, &marks).unwrap();
        let regraded = regrade(&book, &[assignment("look again")], 1, true).unwrap();
        let report = book.report(regraded.done[0].grading).unwrap();
        let words = |k: usize| report.questions[k].checks[0].message.clone();
        assert_eq!((report.questions[0].earned, words(0).as_str()), (1.25, "differs"));
        assert!(words(1).contains("there is no `y`"), "{}", words(1));
        // Nothing of the first one is known by another program.
        let by = JudgedBy { questions: vec!["other".into(); 2], ..of_judge(&old) };
        let standing = book.standing("ada", "e", 0).unwrap();
        let again = questions(&book, &old, &by, standing.as_ref(), execution, &transcript).unwrap();
        assert_eq!(again[0].earned, 0.0);
    }
}
