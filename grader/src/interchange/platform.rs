//! Marks filled into the table that a learning platform handed out: Moodle's offline worksheet, Canvas's gradebook.
//! Only cells of the one column are changed; delimiter, order, other columns and rows stay as the platform wrote them.

use std::collections::BTreeMap;

use csv::StringRecord;

use crate::names;
use crate::report::points;
use crate::{Error, Result};

/// Whose table it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// The worksheet of an assignment: Assignment → View all submissions → Download grading worksheet.
    Moodle,
    /// The gradebook: Grades → Export.
    Canvas,
}

/// What is filled in.
#[derive(Clone, Debug)]
pub struct Marks {
    /// The exercise.
    pub assignment: String,
    /// Points possible.
    pub points: f64,
    /// Points earned by student.
    pub earned: BTreeMap<String, f64>,
}

/// A table with marks in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filled {
    /// The bytes for the platform.
    pub table: Vec<u8>,
    /// Rows that got a mark.
    pub rows: usize,
    /// Students with marks who are in no row.
    pub nowhere: Vec<String>,
    /// What the instructor should know.
    pub warnings: Vec<String>,
}

/// Fills marks into a table; `column` names the column if it cannot be found by itself.
///
/// # Errors
/// A table without the columns that are needed, rows of different lengths, two students for one row.
pub fn fill(platform: Platform, table: &[u8], marks: &Marks, column: Option<&str>) -> Result<Filled> {
    let mark: &[u8] = b"\xef\xbb\xbf";
    let (bom, body) = if table.starts_with(mark) { (mark, &table[3..]) } else { (&mark[..0], table) };
    let delimiter = delimiter(body);
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).flexible(true).from_reader(body);
    let rows = reader.records().collect::<std::result::Result<Vec<StringRecord>, _>>().map_err(|e| {
        Error::new(
            format!("the table cannot be read: {e}"),
            "give the file just as the platform handed it out",
        )
    })?;
    let empty = StringRecord::new();
    let head = rows.first().unwrap_or(&empty);
    let target = target(platform, head, marks, column)?;
    let mut filled = Filled::default();
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    let mut out = Vec::with_capacity(rows.len());
    out.push(head.iter().map(str::to_owned).collect::<Vec<_>>());
    for (number, row) in rows.iter().enumerate().skip(1) {
        let mut cells: Vec<String> = row.iter().map(str::to_owned).collect();
        let owner = owner(platform, head, row, marks);
        if is_possible(platform, row) {
            possible(row.get(target), marks, &mut filled.warnings);
        } else if let Some((student, earned)) = owner {
            if let Some(other) = used.insert(student, number) {
                let what = format!("`{student}` fits the rows {} and {}", other + 1, number + 1);
                return Err(Error::new(what, "the table must have each student once"));
            }
            cells.resize(cells.len().max(target + 1), String::new());
            cells[target] = points(earned);
            filled.rows += 1;
        }
        out.push(cells);
    }
    filled.nowhere = marks.earned.keys().filter(|s| !used.contains_key(s.as_str())).cloned().collect();
    if let Some(most) = head.iter().position(|h| h.eq_ignore_ascii_case("Maximum grade"))
        && platform == Platform::Moodle
    {
        possible(rows.get(1).and_then(|r| r.get(most)), marks, &mut filled.warnings);
    }
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(bom.to_vec());
    let failed = |e: &dyn std::fmt::Display| Error::new(format!("the table cannot be written: {e}"), "");
    for row in &out {
        writer.write_record(row).map_err(|e| failed(&e))?;
    }
    filled.table = writer.into_inner().map_err(|e| failed(&e))?;
    Ok(filled)
}

/// The one that the first line has most of.
fn delimiter(body: &[u8]) -> u8 {
    let line = body.split(|b| *b == b'\n').next().unwrap_or_default();
    let count = |d: u8| line.iter().filter(|b| **b == d).count();
    [b',', b';', b'\t'].into_iter().max_by_key(|d| (count(*d), *d == b',')).unwrap_or(b',')
}

fn target(platform: Platform, head: &StringRecord, marks: &Marks, column: Option<&str>) -> Result<usize> {
    let same = |a: &str, b: &str| a.trim().eq_ignore_ascii_case(b.trim());
    let titled = |h: &str| h.rsplit_once(" (").map_or(h, |(title, _)| title).to_owned();
    let found: Vec<usize> = match (column, platform) {
        (Some(name), _) => {
            (0..head.len()).filter(|k| same(&head[*k], name) || same(&titled(&head[*k]), name)).collect()
        }
        (None, Platform::Moodle) => (0..head.len()).filter(|k| same(&head[*k], "Grade")).collect(),
        // A title for people, `Exercise 1 (4711)`, and a name of files, `exercise1`.
        (None, Platform::Canvas) => {
            (0..head.len()).filter(|k| folded(&titled(&head[*k])) == folded(&marks.assignment)).collect()
        }
    };
    match found[..] {
        [one] => Ok(one),
        ref other => {
            let names: Vec<&str> = head.iter().map(str::trim).filter(|h| !h.is_empty()).collect();
            let wanted =
                column.unwrap_or(if platform == Platform::Moodle { "Grade" } else { &marks.assignment });
            let what = match other.len() {
                0 => format!("no column of the table is called `{wanted}`"),
                n => format!("{n} columns of the table are called `{wanted}`"),
            };
            Err(Error::usage(what, format!("say which by `--column NAME`; there are {}", names.join(", "))))
        }
    }
}

/// Letters and digits alone, in lower case.
fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The student of a row, by the platform's number, else by name, address or login.
fn owner<'a>(
    platform: Platform,
    head: &StringRecord,
    row: &StringRecord,
    marks: &'a Marks,
) -> Option<(&'a str, f64)> {
    let number_column = if platform == Platform::Moodle { "Identifier" } else { "ID" };
    let cell = |name: &str| {
        let place = head.iter().position(|h| h.trim().eq_ignore_ascii_case(name))?;
        row.get(place).map(str::trim).filter(|c| !c.is_empty())
    };
    // Moodle writes `Participant 123`, in the site's language.
    let number = cell(number_column).and_then(|c| c.rsplit(' ').next());
    let by_number = marks.earned.iter().find(|(s, _)| number.is_some() && names::number(s) == number);
    let others =
        ["Full name", "Student", "Email address", "SIS Login ID", "SIS User ID", "ID number", "Username"];
    let by_name = || {
        let cells: Vec<&str> = others.iter().filter_map(|name| cell(name)).collect();
        let fits = |student: &str| {
            // With a number of its own a student is not looked for by name: two may have one name.
            names::number(student).is_none()
                && cells.iter().any(|c| {
                    folded(c) == folded(student)
                        || c.split_once('@').is_some_and(|(login, _)| login.eq_ignore_ascii_case(student))
                        || c.split_once(", ")
                            .is_some_and(|(last, first)| folded(&format!("{first}{last}")) == folded(student))
                })
        };
        let mut found = marks.earned.iter().filter(|(s, _)| fits(s));
        found.next().filter(|_| found.next().is_none())
    };
    by_number.or_else(by_name).map(|(s, e)| (s.as_str(), *e))
}

/// Canvas's second row, which has the points possible.
fn is_possible(platform: Platform, row: &StringRecord) -> bool {
    platform == Platform::Canvas
        && row.get(0).is_some_and(|c| c.trim().eq_ignore_ascii_case("points possible"))
}

fn possible(cell: Option<&str>, marks: &Marks, warnings: &mut Vec<String>) {
    let theirs = cell.and_then(|c| c.trim().parse::<f64>().ok());
    if let Some(theirs) = theirs.filter(|t| (t - marks.points).abs() > 1e-6) {
        let ours = points(marks.points);
        warnings.push(format!(
            "the platform has {} points possible, {} has {ours}",
            points(theirs),
            marks.assignment
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(earned: &[(&str, f64)]) -> Marks {
        let earned = earned.iter().map(|(s, e)| ((*s).to_owned(), *e)).collect();
        Marks { assignment: "exercise1".into(), points: 20.0, earned }
    }

    const MOODLE: &str = "\u{feff}Identifier,\"Full name\",\"Email address\",Status,Grade,\"Maximum grade\",\"Last modified (grade)\"\n\
        \"Participant 123\",\"Ana Berg\",ana@x.org,Submitted,,20.00,-\n\
        \"Participant 124\",\"Ana Berg\",ana2@x.org,Submitted,,20.00,-\n\
        \"Participant 125\",\"Bo, \"\"the\"\" Li\",bo@x.org,Submitted,7,20.00,-\n";

    #[test]
    fn moodles_worksheet_is_filled_by_number() {
        let filled = fill(
            Platform::Moodle,
            MOODLE.as_bytes(),
            &marks(&[("Ana Berg_124", 17.5), ("Zoe_9", 1.0)]),
            None,
        )
        .unwrap();
        let text = String::from_utf8(filled.table).unwrap();
        assert!(text.starts_with('\u{feff}'));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "Participant 123,Ana Berg,ana@x.org,Submitted,,20.00,-");
        assert_eq!(lines[2], "Participant 124,Ana Berg,ana2@x.org,Submitted,17.5,20.00,-");
        assert!(
            lines[3].contains("\"Bo, \"\"the\"\" Li\"") && lines[3].contains(",7,"),
            "others keep theirs"
        );
        assert_eq!((filled.rows, filled.nowhere, filled.warnings), (1, vec!["Zoe_9".to_owned()], vec![]));
    }

    #[test]
    fn canvas_is_filled_by_number_login_or_name_and_other_columns_stay() {
        let canvas = "Student;ID;SIS Login ID;Section;Exercise 1 (77);Exercise 2 (78)\n\
            \x20   Points Possible;;;;10;5\n\"Berg, Ana\";4567;aberg;S1;;5\n\"Li, Bo\";4568;bli;S1;;4\n\"Ray, Cy\";4569;cyray;S1;EX;3\n";
        let all = marks(&[("bergana_4567", 12.25), ("bo_li", 3.0), ("nobody", 1.0)]);
        let filled = fill(Platform::Canvas, canvas.as_bytes(), &all, None).unwrap();
        let text = String::from_utf8(filled.table).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[2], "Berg, Ana;4567;aberg;S1;12.25;5");
        assert_eq!(lines[3], "Li, Bo;4568;bli;S1;3;4");
        assert_eq!(lines[4], "Ray, Cy;4569;cyray;S1;EX;3");
        assert_eq!((filled.rows, filled.nowhere), (2, vec!["nobody".to_owned()]));
        assert_eq!(filled.warnings, ["the platform has 10 points possible, exercise1 has 20"]);
    }

    #[test]
    fn what_is_missing_or_double_is_told() {
        let none = fill(Platform::Moodle, b"Kennung,Bewertung\nTeilnehmer 1,\n", &marks(&[]), None)
            .unwrap_err()
            .to_string();
        assert!(
            none.contains("`Grade`") && none.contains("--column NAME") && none.contains("Bewertung"),
            "{none}"
        );
        let german = b"Identifier;Bewertung\nTeilnehmer 1;\n";
        let filled = fill(Platform::Moodle, german, &marks(&[("A_1", 2.0)]), Some("Bewertung")).unwrap();
        assert_eq!(String::from_utf8(filled.table).unwrap(), "Identifier;Bewertung\nTeilnehmer 1;2\n");
        let twice = b"Identifier,Grade\nParticipant 1,\nParticipant 1,\n";
        assert!(
            fill(Platform::Moodle, twice, &marks(&[("A_1", 2.0)]), None)
                .unwrap_err()
                .to_string()
                .contains("rows 2 and 3")
        );
        assert!(fill(Platform::Canvas, b"", &marks(&[]), None).is_err());
    }
}
