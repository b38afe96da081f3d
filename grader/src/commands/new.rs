//! `grader new`: the folder of a course with one small exercise that works, and a page that leads through changing it.
//! Nothing that exists is touched.

use std::path::Path;

use super::Outcome;
use super::release::release;
use crate::course::{Rubric, SCHEMA_FILE};
use crate::{Error, Result, files};

/// What a course begins with.
const FILES: [(&str, &str); 4] = [
    ("README.md", include_str!("course/README.md")),
    (".gitignore", "results/\nsubmissions/\n.ipynb_checkpoints/\n"),
    ("assignment/exercise1.yaml", include_str!("course/exercise1.yaml")),
    ("solutions/exercise1.ipynb", include_str!("course/exercise1.ipynb")),
];

/// Makes the folder of a new course.
///
/// # Errors
/// A folder that is not empty, or cannot be made.
pub fn new_course(folder: &Path) -> Result<Outcome> {
    let name = folder.display();
    let failed = |e: &dyn std::fmt::Display| {
        Error::new(format!("cannot make {name}: {e}"), "name a folder where you may write")
    };
    if folder.exists() {
        let mut entries = std::fs::read_dir(folder).map_err(|e| failed(&e))?;
        if entries.next().is_some() {
            return Err(Error::usage(format!("{name} is not empty"), "name a folder that is not there yet"));
        }
    }
    for inner in ["assignment", "solutions/expected"] {
        std::fs::create_dir_all(folder.join(inner)).map_err(|e| failed(&e))?;
    }
    for (file, text) in FILES {
        files::write_whole(&folder.join(file), text.as_bytes()).map_err(|e| failed(&e))?;
    }
    let schema = serde_json::to_string_pretty(&Rubric::json_schema()).map_err(|e| failed(&e))? + "\n";
    files::write_whole(&folder.join("assignment").join(SCHEMA_FILE), schema.as_bytes())
        .map_err(|e| failed(&e))?;
    release(&[], false, Some(folder))?;
    println!("\n{name} is a course now. Next, in it:\n");
    println!("  grader expect    runs the solution and keeps its values");
    println!("  grader verify    the solution earns all points, the blank notebook none");
    println!("\nREADME.md there leads through a question of your own in ten minutes.");
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::Course;

    #[test]
    fn a_new_course_is_in_step_and_its_rubric_holds() {
        let folder = tempfile::tempdir().unwrap();
        let course = folder.path().join("neuro");
        assert_eq!(new_course(&course).unwrap(), Outcome::Done);
        assert_eq!(release(&[], true, Some(&course)).unwrap(), Outcome::Done);
        let course = Course::find(Some(&course)).unwrap();
        let rubric = course.rubric("exercise1").unwrap();
        assert_eq!(rubric.points(), 6.0);
        let released = course.notebook(&course.released("exercise1")).unwrap();
        let text = released.to_json();
        assert!(text.contains("dv/dt = ____ : 1") && !text.contains("-v/tau"), "{text}");
        // Every question has its cell, with as many points.
        for question in &rubric.questions {
            let (_, cell) = released.cell_by_grade_id(&question.id).unwrap();
            assert_eq!(
                cell.metadata().and_then(|m| m["nbgrader"]["points"].as_f64()),
                Some(question.points),
                "{}",
                question.id
            );
        }
    }

    #[test]
    fn nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("thesis.txt"), "years").unwrap();
        assert!(new_course(folder.path()).unwrap_err().to_string().contains("is not empty"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
