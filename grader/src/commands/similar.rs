//! `grader similar`: pairs of submissions that share code which few others wrote.
//! Read from the runs in the gradebook; nothing is changed, and no mark depends on it.

use std::collections::BTreeMap;

use super::Outcome;
use super::grade::Place;
use crate::Result;
use crate::course::Course;
use crate::gradebook::Gradebook;
use crate::notebook::Notebook;
use crate::release::solved;
use crate::similarity::{Work, pairs};
use crate::text;

/// What more than this part of a class wrote is no sign.
const COMMON: f64 = 0.2;

/// Prints the closest pairs of each exercise, at most `most`.
///
/// # Errors
/// No gradebook, a course that cannot be read.
pub fn similar(place: &Place, most: usize) -> Result<Outcome> {
    let course = Course::find(place.course.as_deref())?;
    let book = Gradebook::look(&place.book())?;
    let mut classes: BTreeMap<String, Vec<Work>> = BTreeMap::new();
    for line in book.lines()? {
        let cells: Vec<String> = book.report(line.grading)?.cells.into_iter().map(|c| c.source).collect();
        if !cells.is_empty() {
            classes.entry(line.assignment).or_default().push(Work { student: line.student, cells });
        }
    }
    let names = course.names(&[])?;
    let mut any = false;
    for (name, class) in classes.iter().filter(|(name, _)| names.contains(name)) {
        let mut given = Vec::new();
        for path in [course.released(name), course.solution(name)] {
            given.extend(sources(&course.notebook(&path)?).map(|source| solved(&source)));
        }
        let found = pairs(class, &given, COMMON);
        println!(
            "{}: {}, {} with code in common",
            text::line(name, 30),
            text::counted(class.len(), "submission"),
            text::counted(found.len(), "pair")
        );
        for pair in found.iter().take(most) {
            any = true;
            println!(
                "  {:>3} pieces, {:>3.0} %  {} and {}",
                pair.shared,
                100.0 * pair.share,
                text::line(&pair.one, 26),
                text::line(&pair.other, 26)
            );
            println!("        {}", text::line(&pair.sample, 70));
        }
    }
    if any {
        println!(
            "\nA hint for a conversation, not a proof: what was given, the solution, and what more than"
        );
        println!("{:.0} % of the class wrote is left out, and no mark depends on it.", 100.0 * COMMON);
    }
    Ok(Outcome::Done)
}

fn sources(notebook: &Notebook) -> impl Iterator<Item = String> + '_ {
    notebook.cells().iter().filter(|c| c.is_code()).map(crate::notebook::Cell::source)
}
