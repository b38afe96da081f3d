//! When something was handed in and by whom, as the platform's own files and names tell it.
//! What cannot be read tells nothing, and nothing is taken off for it.
//!
//! | source | where |
//! |---|---|
//! | nbgrader | `timestamp.txt` beside the notebook, or the name of a folder of its exchange |
//! | Gradescope | `submission_metadata.yml` beside the folders `submission_123`, which also names the student |
//! | Gradescope's container | `submission_metadata.json` beside the folder `submission` |
//! | Canvas | `LATE` in the file's name; by how much is not known |
//! | any | the time of the file, which counts only if the rubric says `file_times: true` |

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_yaml::Value;

use crate::archive::{self, Packed};
use crate::files;
use crate::late::{HandedIn, Moment, Source};
use crate::names;

/// nbgrader writes some thirty bytes.
const TIMESTAMP: u64 = 1 << 10;
/// Gradescope's record also holds every result that it gave.
const METADATA: u64 = 64 << 20;

/// What records say, each read once.
#[derive(Default)]
pub(crate) struct Records {
    archives: BTreeMap<PathBuf, Vec<Packed>>,
    gradescope: BTreeMap<PathBuf, BTreeMap<String, Owner>>,
}

/// What Gradescope knows of a submission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Owner {
    student: String,
    at: Option<Moment>,
}

impl Records {
    /// When a file was handed in; `below` are the parts of its path as they were found.
    pub(crate) fn handed_in(
        &mut self,
        path: &Path,
        below: &[String],
        packed: Option<&(PathBuf, usize)>,
    ) -> HandedIn {
        let (in_name, called_late) = names::told(below);
        let stamp = path.parent().and_then(|folder| {
            let bytes = self.beside(&folder.join("timestamp.txt"), packed, TIMESTAMP)?;
            Moment::read_utc(std::str::from_utf8(&bytes).ok()?)
        });
        let platform = stamp
            .or_else(|| in_name.and_then(Moment::read_utc))
            .or_else(|| self.of_gradescope(path, packed).and_then(|owner| owner.at))
            .or_else(|| in_container(path).and_then(|owner| owner.at));
        if platform.is_some() {
            return HandedIn { at: platform, by: Source::Platform, called_late };
        }
        let file = match packed {
            Some((archive, index)) => {
                self.list(archive).iter().find(|p| p.index == *index).and_then(|p| p.modified)
            }
            None => {
                let found = std::fs::symlink_metadata(path).ok().filter(std::fs::Metadata::is_file);
                found.and_then(|m| m.modified().ok()).and_then(Moment::of_file)
            }
        };
        let by = if file.is_some() { Source::File } else { Source::Unknown };
        HandedIn { at: file, by, called_late }
    }

    /// The student, if Gradescope's record names one.
    pub(crate) fn owner(&mut self, path: &Path, packed: Option<&(PathBuf, usize)>) -> Option<String> {
        let owner = self.of_gradescope(path, packed).or_else(|| in_container(path))?;
        Some(owner.student).filter(|s| !s.is_empty())
    }

    fn of_gradescope(&mut self, path: &Path, packed: Option<&(PathBuf, usize)>) -> Option<Owner> {
        let is_one = |p: &&Path| p.file_name().is_some_and(|n| names::is_gradescope(&n.to_string_lossy()));
        let folder = path.ancestors().skip(1).find(is_one)?;
        let record = folder.parent()?.join("submission_metadata.yml");
        if !self.gradescope.contains_key(&record) {
            let bytes = self.beside(&record, packed, METADATA).unwrap_or_default();
            self.gradescope.insert(record.clone(), owners(&bytes));
        }
        let name = folder.file_name()?.to_string_lossy();
        self.gradescope.get(&record)?.get(name.as_ref()).cloned()
    }

    /// A file near a submission: in its archive, if it is in one.
    fn beside(&mut self, path: &Path, packed: Option<&(PathBuf, usize)>, most: u64) -> Option<Vec<u8>> {
        let Some((archive, _)) = packed else { return files::read_regular(path, most).ok() };
        let inside: Vec<String> = path
            .strip_prefix(archive)
            .ok()?
            .components()
            .map(|c| c.as_os_str().to_string_lossy().into_owned())
            .collect();
        let index = self.list(archive).iter().find(|p| p.path == inside)?.index;
        archive::read(archive, index, most).ok()
    }

    fn list(&mut self, archive: &Path) -> &[Packed] {
        self.archives.entry(archive.to_owned()).or_insert_with(|| archive::list(archive).unwrap_or_default())
    }
}

/// What Gradescope tells its autograders about the submission at hand.
fn in_container(path: &Path) -> Option<Owner> {
    let folder = path.ancestors().skip(1).find(|p| p.file_name().is_some_and(|n| n == "submission"))?;
    let bytes = files::read_regular(&folder.parent()?.join("submission_metadata.json"), METADATA).ok()?;
    let record: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    let people = record["users"].as_array().into_iter().flatten();
    let student = people.filter_map(|p| p["email"].as_str()).collect::<Vec<_>>().join("+");
    Some(Owner { student, at: record["created_at"].as_str().and_then(Moment::read_utc) })
}

/// The submissions in Gradescope's record, by the names of their folders.
fn owners(bytes: &[u8]) -> BTreeMap<String, Owner> {
    let Ok(Value::Mapping(all)) = serde_yaml::from_slice::<Value>(bytes) else { return BTreeMap::new() };
    let text = |value: &Value| match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(n) => n.to_string(),
        _ => String::new(),
    };
    let of = |(folder, record): (Value, Value)| {
        let people = record.get(":submitters").and_then(Value::as_sequence).cloned().unwrap_or_default();
        let one = |person: &Value| {
            [":email", ":sid", ":name"]
                .iter()
                .filter_map(|key| person.get(*key))
                .map(text)
                .find(|name| !name.is_empty())
        };
        // A group hands in together and has one mark.
        let student = people.iter().filter_map(one).collect::<Vec<_>>().join("+");
        let at = record.get(":created_at").and_then(|at| match at {
            Value::Tagged(tagged) => tagged.value.get("utc").map(text),
            other => Some(text(other)),
        });
        (text(&folder), Owner { student, at: at.and_then(|at| Moment::read_utc(&at)) })
    };
    all.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::collect;

    const RECORD: &str = "\
submission_101:
  :submitters:
  - :name: Ana Berg
    :sid: '4567'
    :email: ana@example.org
  :created_at: 2026-11-21 03:15:04.262155000 Z
  :score: 3.0
submission_102:
  :submitters:
  - :name: Bo Li
    :sid: 88
    :email:
  - :name: Cy Ray
    :sid:
    :email: cy@example.org
  :created_at: !ruby/object:ActiveSupport::TimeWithZone
    utc: 2026-11-20 10:00:00.000000000 Z
    zone: &1 !ruby/object:ActiveSupport::TimeZone
      name: Etc/UTC
    time: 2026-11-20 10:00:00.000000000 Z
";

    #[track_caller]
    fn check(files: &[(&str, &str)], known: &[&str], expected: &[(&str, Option<&str>)]) {
        let folder = tempfile::tempdir().unwrap();
        let (plain, packed) = (folder.path().join("in"), folder.path().join("all.zip"));
        let mut zip = zip::ZipWriter::new(std::fs::File::create(&packed).unwrap());
        for (path, text) in files {
            let file = plain.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
            zip.start_file(*path, zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut zip, text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        for given in [plain, packed] {
            let found = collect(std::slice::from_ref(&given), known).unwrap();
            let told: Vec<(String, Option<String>)> = found
                .iter()
                .map(|s| {
                    assert_eq!(s.problem, None, "{s:?}");
                    let at = s.handed_in.at.filter(|_| s.handed_in.by == Source::Platform);
                    (s.student.clone(), at.map(Moment::to_minute))
                })
                .collect();
            let told: Vec<(&str, Option<&str>)> =
                told.iter().map(|(s, t)| (s.as_str(), t.as_deref())).collect();
            assert_eq!(told, expected, "{}", given.display());
        }
    }

    #[test]
    fn gradescopes_export_tells_student_and_time() {
        let files = [
            ("assignment_9_export/submission_metadata.yml", RECORD),
            ("assignment_9_export/submission_101/exercise1.ipynb", "{}"),
            ("assignment_9_export/submission_102/own/mine.ipynb", "{}"),
            ("assignment_9_export/submission_103/exercise1.ipynb", "{}"),
        ];
        let expected = [
            ("ana@example.org", Some("2026-11-21 03:15 UTC")),
            ("88+cy@example.org", Some("2026-11-20 10:00 UTC")),
            ("submission_103", None),
        ];
        check(&files, &["exercise1"], &expected);
    }

    #[test]
    fn nbgraders_timestamps_are_read() {
        let files = [
            ("ana/exercise1/exercise1.ipynb", "{}"),
            ("ana/exercise1/timestamp.txt", "2026-11-20 22:59:01.123456 UTC\n"),
            ("bo/exercise1/exercise1.ipynb", "{}"),
            ("bo/exercise1/timestamp.txt", "yesterday"),
            ("cy/exercise1/exercise1.ipynb", "{}"),
        ];
        check(&files, &["exercise1"], &[("ana", Some("2026-11-20 22:59 UTC")), ("bo", None), ("cy", None)]);
        let files = [("ana+exercise1+2026-11-20 14:58:23 UTC+x7/exercise1.ipynb", "{}")];
        check(&files, &["exercise1"], &[("ana", Some("2026-11-20 14:58 UTC"))]);
    }

    #[test]
    fn canvas_only_says_that_it_was_late_and_files_have_a_time() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["bergana_LATE_4567_89012_e1.ipynb", "libo_4568_89013_e1.ipynb"] {
            std::fs::write(folder.path().join(name), "{}").unwrap();
        }
        let found = collect(&[folder.path().to_owned()], &["e1"]).unwrap();
        let told: Vec<_> = found.iter().map(|s| (s.student.as_str(), s.handed_in.called_late)).collect();
        assert_eq!(told, [("bergana_4567", true), ("libo_4568", false)]);
        assert!(found.iter().all(|s| s.handed_in.by == Source::File && s.handed_in.at.is_some()));
    }

    #[test]
    fn an_autograder_learns_whose_submission_it_has_and_from_when() {
        let folder = tempfile::tempdir().unwrap();
        let given = folder.path().join("submission");
        std::fs::create_dir(&given).unwrap();
        std::fs::write(given.join("exercise1.ipynb"), "{}").unwrap();
        let record = r#"{"id": 1, "created_at": "2026-11-20T15:59:00.365935-07:00", "users": [{"email": "ana@example.org"}]}"#;
        std::fs::write(folder.path().join("submission_metadata.json"), record).unwrap();
        let found = collect(&[given], &["exercise1"]).unwrap();
        assert_eq!((found[0].student.as_str(), found[0].handed_in.by), ("ana@example.org", Source::Platform));
        assert_eq!(found[0].handed_in.at.map(Moment::to_minute).as_deref(), Some("2026-11-20 22:59 UTC"));
    }

    #[test]
    fn odd_records_tell_nothing() {
        for text in
            ["", "[1, 2]", "a: b: c", "submission_1: 5", "submission_1: {:submitters: 7, :created_at: [1]}"]
        {
            assert!(owners(text.as_bytes()).values().all(|o| *o == Owner::default()), "{text}");
        }
    }
}
