//! `grader override`: a person sets the points of one question; `grader history`: what became of a student's marks.
//! Both read and write the gradebook only; the reports follow it.

use std::path::Path;

use super::Outcome;
use super::grade::{Place, rewrite};
use crate::gradebook::{Event, Gradebook, Granted, Happening, Override};
use crate::late::{Extension, Moment};
use crate::report::points;
use crate::{Error, Result, text};

/// Sets points by hand, or takes that back, and writes the reports anew.
///
/// # Errors
/// A student or question that does not exist, no reason, a gradebook that cannot be written.
pub fn override_points(place: &Place, new: &Override) -> Result<Outcome> {
    let book = Gradebook::look(&place.book())?;
    let done = book.set(new)?;
    println!(
        "{} {}, {}: {} → {} of {}",
        text::line(&new.student, 30),
        text::line(&done.assignment, 20),
        text::line(&new.question, 30),
        points(done.before),
        points(done.now),
        points(done.possible)
    );
    if done.now > done.possible {
        println!("That is more than the {} possible, which counts as a bonus.", points(done.possible));
    }
    drop(book);
    // A grader at work writes the reports when it has finished, with this change in them.
    match Gradebook::open(&place.book()) {
        Ok(book) => rewrite(place, &book)?,
        Err(e) => println!("The reports are not written now: {e}"),
    }
    Ok(Outcome::Done)
}

/// A deadline of a student's own, as asked for.
#[derive(Clone, Debug)]
pub struct Extend {
    /// Whose.
    pub student: String,
    /// Until when; none takes an earlier one back.
    pub until: Option<String>,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub author: String,
    /// The exercise; needed only if several have a deadline.
    pub assignment: Option<String>,
}

/// Gives a student a deadline of their own, or takes that back, and writes the reports anew.
///
/// # Errors
/// An exercise without a deadline, a time that cannot be read, no reason, a gradebook that cannot be written.
pub fn extend(place: &Place, new: &Extend) -> Result<Outcome> {
    let (assignment, due) = deadline(place, new.assignment.as_deref())?;
    let granted = Granted {
        student: new.student.clone(),
        assignment,
        until: new.until.clone(),
        author: new.author.clone(),
        reason: new.reason.clone(),
    };
    let is_new = !place.book().is_file();
    let book = if is_new { place.open()? } else { Gradebook::look(&place.book())? };
    book.grant(&granted)?;
    let name = format!("{} {}", text::line(&new.student, 30), text::line(&granted.assignment, 20));
    let extension =
        |until: &str| Extension { until: until.to_owned(), author: String::new(), reason: String::new() };
    match new.until.as_deref().map(|until| extension(until).moment(due)) {
        Some(Some(own)) if own <= due => {
            println!("{name}: {} is not after everybody's deadline, {}", own.to_minute(), due.to_minute());
        }
        Some(own) => println!("{name}: {} → {}", due.to_minute(), own.unwrap_or(due).to_minute()),
        None => println!("{name}: everybody's deadline again, {}", due.to_minute()),
    }
    if !book.students()?.contains(&new.student) {
        println!("Nobody of this name is in the gradebook yet; it will hold when they hand in.");
    }
    drop(book);
    match Gradebook::open(&place.book()) {
        Ok(book) => rewrite(place, &book)?,
        Err(e) => println!("The reports are not written now: {e}"),
    }
    Ok(Outcome::Done)
}

/// The exercise that is meant, and its deadline.
fn deadline(place: &Place, named: Option<&str>) -> Result<(String, Moment)> {
    let (_, assignments) = place.assignments()?;
    let timed: Vec<(&str, Moment)> =
        assignments.iter().filter_map(|a| Some((a.name.as_str(), a.rubric.due?))).collect();
    let names = || timed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let (what, next) = match (named, &timed[..]) {
        (_, []) => ("no exercise has a deadline".to_owned(), "write `due:` into its rubric".to_owned()),
        (None, [(name, due)]) => return Ok(((*name).to_owned(), *due)),
        (None, _) => (
            format!("several exercises have a deadline: {}", names()),
            "say which by `--assignment NAME`".to_owned(),
        ),
        (Some(name), all) => match all.iter().find(|(known, _)| *known == name) {
            Some((name, due)) => return Ok(((*name).to_owned(), *due)),
            None => (format!("`{name}` has no deadline"), format!("there are {}", names())),
        },
    };
    Err(Error::usage(what, next))
}

/// Prints everything that happened to a student's marks.
///
/// # Errors
/// No gradebook, an unknown student.
pub fn history(book: &Path, student: &str) -> Result<Outcome> {
    let book = Gradebook::look(book)?;
    let events = book.history(student)?;
    if events.is_empty() {
        return Err(book.unknown_student(student));
    }
    println!("{}", text::one_line(student));
    for event in &events {
        println!("{}", told(event));
    }
    Ok(Outcome::Done)
}

fn told(event: &Event) -> String {
    let when = event.at.get(..16).unwrap_or(&event.at).replace('T', " ");
    let exercise = if event.assignment.is_empty() { "unknown" } else { &event.assignment };
    let slot = if event.slot > 0 { format!(" (file {})", event.slot + 1) } else { String::new() };
    let head = format!("{when}  {}{slot}", text::line(exercise, 20));
    match &event.what {
        Happening::Grading { attempt, notebook, marks, stored, stands, sandbox } => {
            let how = if *stored { "judged from stored values" } else { "run" };
            let stands = if *stands { "" } else { ", replaced" };
            let file = notebook.get(..8).map_or(String::new(), |id| format!(", file {id}"));
            match marks {
                Ok((earned, possible)) => format!(
                    "{head}  {}/{}{stands}\n    version {attempt}{file}; {how}, sandbox {}",
                    points(*earned),
                    points(*possible),
                    sandbox.word()
                ),
                Err(why) => {
                    format!(
                        "{head}  not graded{stands}\n    version {attempt}{file}; {}",
                        text::line(why, 60)
                    )
                }
            }
        }
        Happening::Extension { until, author, reason } => {
            let what = until.as_ref().map_or_else(
                || "everybody's deadline again".to_owned(),
                |until| format!("deadline: {}", text::line(until, 32)),
            );
            format!("{head}  {what}\n    {}: {}", text::line(author, 24), text::line(reason, 50))
        }
        Happening::Comment { question, text: said, author } => {
            let about =
                if question.is_empty() { String::new() } else { format!(" {}", text::line(question, 28)) };
            let (what, said) = said.as_ref().map_or(("comment taken back", ""), |said| ("comment", said));
            let said = if said.is_empty() { String::new() } else { format!(": {}", text::line(said, 50)) };
            format!("{head} {about} {what}\n    {}{said}", text::line(author, 24))
        }
        Happening::Manual { question, points: set, author, reason } => {
            let what =
                set.map_or_else(|| "no longer set by hand".to_owned(), |p| format!("set to {}", points(p)));
            format!(
                "{head}  {} {what}\n    {}: {}",
                text::line(question, 30),
                text::line(author, 24),
                text::line(reason, 50)
            )
        }
    }
}
