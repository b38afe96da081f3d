//! Names of files and folders as learning platforms write them, taken apart into student, exercise and file.
//! What no platform writes stays as it is.

/// The components of a path below the folder of submissions, as if a person had sorted the files:
///
/// | platform | in | out |
/// |---|---|---|
/// | Moodle | `Ana Berg_123_assignsubmission_file/e1.ipynb` (`_file_`, flat, `_onlinetext`, too) | `Ana Berg_123/e1.ipynb` |
/// | Canvas | `bergana_LATE_4567_89012_e1-1.ipynb` (`anon_4567_…`, too) | `bergana_4567/e1.ipynb` |
/// | Gradescope | `assignment_9_export/submission_123/e1.ipynb` | stays; `submission_metadata.yml` knows the student |
/// | nbgrader's exchange | `ana+e1+2026-02-02 14:58:23 UTC/e1.ipynb` | `ana/e1/e1.ipynb` |
///
/// The number stays with the name, because two students may have one name, and the platform's own table has the number.
#[must_use]
pub fn sorted(below: Vec<String>) -> Vec<String> {
    let place = below.iter().position(|part| is_owner(part) && !is_gradescope(part));
    let taken = match (place, below.last()) {
        (Some(place), _) => {
            moodle(&below[place]).or_else(|| exchange(&below[place])).map(|parts| (place, parts))
        }
        (None, Some(last)) => canvas(last).map(|parts| (below.len() - 1, parts)),
        (None, None) => None,
    };
    // What lies around it is the download's own folder.
    match taken {
        Some((place, parts)) => parts.into_iter().chain(below.into_iter().skip(place + 1)).collect(),
        None => below,
    }
}

/// Whether a folder of this name is one student's, as a platform made it.
#[must_use]
pub fn is_owner(folder: &str) -> bool {
    moodle(folder).is_some() || exchange(folder).is_some() || is_gradescope(folder)
}

/// Whether a folder is one submission of Gradescope's export.
#[must_use]
pub fn is_gradescope(folder: &str) -> bool {
    folder.strip_prefix("submission_").is_some_and(is_number)
}

/// When something was handed in, as its name says, and whether the name calls it late.
#[must_use]
pub fn told(below: &[String]) -> (Option<&str>, bool) {
    let time = below.iter().find_map(|part| exchange(part).and_then(|_| part.split('+').nth(2)));
    let is_late = |part: &String| canvas(part).is_some() && part.split('_').take(2).any(|p| p == "LATE");
    (time, below.last().is_some_and(is_late))
}

fn moodle(part: &str) -> Option<Vec<String>> {
    let (owner, rest) = part.split_once("_assignsubmission_")?;
    let (name, id) = owner.rsplit_once('_')?;
    let file = rest.strip_prefix("file").or_else(|| rest.strip_prefix("onlinetext"))?;
    (is_number(id) && !name.trim().is_empty() && (file.is_empty() || file.starts_with('_'))).then(|| {
        let mut parts = vec![format!("{}_{id}", name.trim())];
        parts.extend(Some(file.trim_start_matches('_')).filter(|f| !f.is_empty()).map(str::to_owned));
        parts
    })
}

fn canvas(part: &str) -> Option<Vec<String>> {
    let mut pieces = part.splitn(5, '_').peekable();
    let mut name = pieces.next()?;
    if name == "LATE" {
        name = pieces.next().filter(|n| *n == "anon")?;
    }
    let plain = name.chars().all(|c| c.is_alphanumeric() && !c.is_uppercase());
    if pieces.peek() == Some(&"LATE") {
        pieces.next();
    }
    let (user, attachment) = (pieces.next()?, pieces.next()?);
    let file = pieces.collect::<Vec<_>>().join("_");
    let (stem, extension) = file.rsplit_once('.')?;
    // The second file of this name that a student hands in is called e1-1.ipynb, the third e1-2.ipynb.
    let stem =
        stem.rsplit_once('-').filter(|(_, n)| is_number(n) && n.len() < 3).map_or(stem, |(stem, _)| stem);
    let is_ours = plain && !name.is_empty() && is_number(user) && is_number(attachment) && !stem.is_empty();
    is_ours.then(|| vec![format!("{name}_{user}"), format!("{stem}.{extension}")])
}

fn exchange(part: &str) -> Option<Vec<String>> {
    let mut pieces = part.splitn(4, '+');
    let (student, assignment, time) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let is_time = time.len() >= 19 && time.as_bytes()[4] == b'-' && time.as_bytes()[13] == b':';
    (is_time && !student.is_empty() && !assignment.is_empty())
        .then(|| vec![student.to_owned(), assignment.to_owned()])
}

/// The platform's number at the end of a student that [`sorted`] made.
#[must_use]
pub fn number(student: &str) -> Option<&str> {
    student.rsplit_once('_').map(|(_, id)| id).filter(|id| is_number(id))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(path: &str, expected: &str) {
        assert_eq!(sorted(path.split('/').map(str::to_owned).collect()).join("/"), expected);
    }

    #[test]
    fn moodle_names_are_taken_apart() {
        check("Ana Berg_123_assignsubmission_file/e1.ipynb", "Ana Berg_123/e1.ipynb");
        check("Ana Berg_123_assignsubmission_file_/e1.ipynb", "Ana Berg_123/e1.ipynb");
        check(
            "course-e1-77/Ana van der Berg_123_assignsubmission_file/sub/e1.ipynb",
            "Ana van der Berg_123/sub/e1.ipynb",
        );
        check("Ana Berg_123_assignsubmission_file_my_e1.ipynb", "Ana Berg_123/my_e1.ipynb");
        check("Ana Berg_123_assignsubmission_onlinetext/onlinetext.html", "Ana Berg_123/onlinetext.html");
        check("Zoë 李_9_assignsubmission_file/e1.ipynb", "Zoë 李_9/e1.ipynb");
    }

    #[test]
    fn canvas_names_are_taken_apart() {
        check("bergana_4567_89012_e1.ipynb", "bergana_4567/e1.ipynb");
        check("bergana_LATE_4567_89012_e1-1.ipynb", "bergana_4567/e1.ipynb");
        check("submissions/bergana_4567_89012_my_own_e1.ipynb", "bergana_4567/my_own_e1.ipynb");
        check("anon_4567_89012_e1.ipynb", "anon_4567/e1.ipynb");
        check("LATE_anon_4567_89012_e1.ipynb", "anon_4567/e1.ipynb");
    }

    #[test]
    fn the_exchange_of_nbgrader_is_taken_apart() {
        check("ana+e1+2026-02-02 14:58:23.948203 UTC/e1.ipynb", "ana/e1/e1.ipynb");
        check("ana+e1+2026-02-02 14:58:23 UTC+a1b2c3/e1.ipynb", "ana/e1/e1.ipynb");
    }

    #[test]
    fn names_of_people_stay() {
        for name in [
            "ana_berg.ipynb",
            "anna_exercise1.ipynb",
            "ana/e1/x.ipynb",
            "a+b.ipynb",
            "ana_12_e1.ipynb",
            "Ana_1_2_e1.ipynb",
            "",
        ] {
            check(name, name);
        }
        assert_eq!((number("bergana_4567"), number("ana_berg")), (Some("4567"), None));
    }

    proptest! {
        #[test]
        fn any_name_has_an_answer_that_stays(parts in proptest::collection::vec(any::<String>(), 0..4)) {
            let once = sorted(parts);
            prop_assert!(once.len() <= 6);
        }
    }
}
