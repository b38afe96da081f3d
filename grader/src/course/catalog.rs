//! Where a course's files are: `assignment/NAME.{ipynb,yaml}`, `solutions/NAME.ipynb`, `solutions/expected/NAME.json`.
//! Found upwards from the present folder, so that commands work anywhere in the repository.

use std::path::{Path, PathBuf};

use super::{Expected, Rubric};
use crate::collect::KnownAssignment;
use crate::notebook::Notebook;
use crate::{Error, Result};

/// A folder with `assignment/` and `solutions/` in it.
#[derive(Clone, Debug)]
pub struct Course {
    root: PathBuf,
}

/// One exercise with everything needed to mark it.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// Its name.
    pub name: String,
    /// What it is marked by.
    pub rubric: Rubric,
    /// What the solution gave.
    pub expected: Expected,
    /// What students received.
    pub released: Notebook,
}

impl Course {
    /// The course in this folder, or the one found upwards from the present folder.
    ///
    /// # Errors
    /// A folder that is no course.
    pub fn find(root: Option<&Path>) -> Result<Self> {
        let is_course = |p: &Path| p.join("assignment").is_dir() && p.join("solutions").is_dir();
        let next = "name the folder with assignment/ and solutions/ by `--course DIR`";
        match root {
            Some(root) if is_course(root) => Ok(Self { root: root.to_owned() }),
            Some(root) => {
                Err(Error::usage(format!("{} has no assignment/ and solutions/ in it", root.display()), next))
            }
            None => {
                let here = std::env::current_dir().unwrap_or_default();
                let found = here.ancestors().find(|p| is_course(p));
                found.map(|p| Self { root: p.to_owned() }).ok_or_else(|| {
                    Error::usage(
                        "there is no course here: no folder above has assignment/ and solutions/",
                        next,
                    )
                })
            }
        }
    }

    /// The names of the exercises, in order: every rubric is one. Names given must exist.
    ///
    /// # Errors
    /// A name that is not an exercise, a course without any.
    pub fn names(&self, only: &[String]) -> Result<Vec<String>> {
        let folder = self.root.join("assignment");
        let entries = std::fs::read_dir(&folder).map_err(|e| {
            Error::new(format!("cannot read {}: {e}", folder.display()), "is the folder yours to read?")
        })?;
        let mut names: Vec<String> = entries
            .filter_map(|e| e.ok().map(|e| e.path()))
            .filter(|p| p.extension().is_some_and(|e| e == "yaml"))
            .filter_map(|p| Some(p.file_stem()?.to_str()?.to_owned()))
            .collect();
        names.sort();
        if names.is_empty() {
            return Err(Error::new(
                format!("{} has no rubric", folder.display()),
                "write NAME.yaml for each exercise",
            ));
        }
        if let Some(wrong) = only.iter().find(|name| !names.contains(name)) {
            let known = names.join(", ");
            return Err(Error::usage(
                format!("there is no exercise `{wrong}`"),
                format!("there are {known}"),
            ));
        }
        if !only.is_empty() {
            names.retain(|name| only.contains(name));
        }
        Ok(names)
    }

    /// The solution of an exercise.
    #[must_use]
    pub fn solution(&self, name: &str) -> PathBuf {
        self.root.join("solutions").join(format!("{name}.ipynb"))
    }

    /// The notebook that students receive.
    #[must_use]
    pub fn released(&self, name: &str) -> PathBuf {
        self.root.join("assignment").join(format!("{name}.ipynb"))
    }

    /// The stored values of an exercise.
    #[must_use]
    pub fn expected(&self, name: &str) -> PathBuf {
        self.root.join("solutions/expected").join(format!("{name}.json"))
    }

    /// Small submissions of an exercise with the points that each must earn.
    #[must_use]
    pub fn verdicts(&self, name: &str) -> PathBuf {
        self.root.join("tests/verdicts").join(format!("{name}.yaml"))
    }

    /// The file of an exercise's rubric.
    #[must_use]
    pub fn rubric_file(&self, name: &str) -> PathBuf {
        self.root.join("assignment").join(format!("{name}.yaml"))
    }

    /// The rubric of an exercise.
    ///
    /// # Errors
    /// A rubric with a mistake in it.
    pub fn rubric(&self, name: &str) -> Result<Rubric> {
        let rubric = Rubric::load(&self.rubric_file(name))?;
        if rubric.assignment == name {
            Ok(rubric)
        } else {
            let what = format!("assignment/{name}.yaml says that it is for `{}`", rubric.assignment);
            Err(Error::new(what, format!("write `assignment: {name}`")))
        }
    }

    /// Reads a notebook of the course.
    ///
    /// # Errors
    /// A file that is no notebook.
    pub fn notebook(&self, path: &Path) -> Result<Notebook> {
        Notebook::load(path).map_err(|e| Error::new(e, ""))
    }

    /// Everything about one exercise.
    ///
    /// # Errors
    /// A file that is missing or has a mistake in it.
    pub fn assignment(&self, name: &str) -> Result<Assignment> {
        let rubric = self.rubric(name)?;
        let expected = Expected::load(&self.expected(name), &rubric)?;
        let released = self.notebook(&self.released(name))?;
        Ok(Assignment { name: name.to_owned(), rubric, expected, released })
    }
}

impl Assignment {
    /// By what submissions are recognised.
    #[must_use]
    pub fn known(&self) -> KnownAssignment {
        KnownAssignment { name: self.name.clone(), grade_ids: self.released.grade_ids() }
    }
}
