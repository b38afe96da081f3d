//! `grader override`: a person sets the points of one question; `grader history`: what became of a student's marks.
//! Both read and write the gradebook only; the reports follow it.

use std::path::Path;

use super::Outcome;
use super::grade::{Place, rewrite};
use crate::gradebook::{Event, Gradebook, Happening, Override};
use crate::report::points;
use crate::{Result, text};

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
