//! The cells of a notebook and the probes between them as one text, because each request costs a compilation.
//! Each cell stands in a block inside of the block before: it sees earlier names, and earlier cells do not see its own.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::Wanted;
use super::piece::Piece;

/// What becomes of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It is run.
    In,
    /// It is run as far as it comes.
    Caught,
    /// It is left out.
    Out,
}

/// Cells that are run together.
#[derive(Debug)]
pub(super) struct Joint {
    /// What is sent.
    pub(super) code: String,
    /// What is taken out, in this order.
    pub(super) takes: Vec<Take>,
    /// Places of the cells in it.
    pub(super) cells: Vec<usize>,
    /// Of each line of code its cell and its number in there, from 1; none if it is the grader's.
    lines: Vec<Option<(usize, usize)>>,
    /// What is printed at the end of each cell, followed by the seconds that it ran.
    mark: String,
}

/// Variables of one question that are taken out at one place.
#[derive(Debug)]
pub(super) struct Take {
    /// Which question.
    pub(super) question: usize,
    /// True for the end of the notebook, false for the question's own place.
    pub(super) late: bool,
    /// Number of its file.
    pub(super) nonce: String,
}

/// Which variable is taken for which of a question, because it is the only one of its type.
pub(super) type Renamed = BTreeMap<(usize, String), String>;

/// Writes the text; nothing if these cells do not go together.
pub(super) fn join(
    cells: &[(Option<&Piece>, Part)],
    (questions, places): (&[Wanted], &[Option<usize>]),
    renamed: &Renamed,
    path: impl Fn(&str) -> String,
) -> Option<Joint> {
    let mut writer = Writer {
        joint: Joint {
            code: String::new(),
            takes: Vec::new(),
            cells: Vec::new(),
            lines: Vec::new(),
            mark: Uuid::new_v4().to_string(),
        },
        bound: BTreeSet::new(),
    };
    let (mut items, mut depth) = (BTreeSet::new(), 0);
    let mut found: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); questions.len()];
    for (place, (piece, part)) in cells.iter().enumerate() {
        if let Some(piece) = piece.filter(|_| *part != Part::Out) {
            let caught = *part == Part::Caught;
            let brings = !piece.items.is_empty() || piece.imports;
            if caught && brings || !piece.items.iter().all(|item| items.insert(item)) {
                return None;
            }
            writer.cell(place, piece, caught);
            depth += usize::from(!caught);
        }
        for (k, question) in questions.iter().enumerate().filter(|(k, _)| places[*k] == Some(place)) {
            writer.take((k, question), false, &mut found[k], renamed, &path);
        }
    }
    for (k, question) in questions.iter().enumerate() {
        if found[k].len() < question.variables.len() {
            writer.take((k, question), true, &mut found[k], renamed, &path);
        }
    }
    // A value would be shown.
    writer.line(&format!("{};", "}".repeat(depth)));
    Some(writer.joint)
}

struct Writer<'a> {
    joint: Joint,
    /// The variables that are there.
    bound: BTreeSet<&'a str>,
}

impl<'a> Writer<'a> {
    fn line(&mut self, text: &str) {
        self.push(text, None);
    }

    fn push(&mut self, text: &str, own: Option<(usize, usize)>) {
        self.joint.code.push_str(text);
        self.joint.code.push('\n');
        self.joint.lines.push(own);
    }

    fn cell(&mut self, place: usize, piece: &'a Piece, caught: bool) {
        self.line(match caught {
            true => {
                "::spikelab::evidence::attempt(|| -> ::std::result::Result<(), ::spikelab::evidence::Stopped> {"
            }
            false => "{",
        });
        for line in &piece.lines {
            self.push(&line.text, line.own.map(|number| (place, number)));
        }
        if caught {
            self.line("::std::result::Result::Ok(()) });");
        } else {
            self.bound.extend(piece.names.iter().map(String::as_str));
        }
        self.line(&format!("::spikelab::evidence::cell_ends({:?});", self.joint.mark));
        self.joint.cells.push(place);
    }

    /// Adds a probe for what is there of a question's variables; it also tells the types of all.
    fn take(
        &mut self,
        (k, question): (usize, &'a Wanted),
        late: bool,
        found: &mut BTreeSet<&'a str>,
        renamed: &Renamed,
        path: &impl Fn(&str) -> String,
    ) {
        let missing = question.variables.iter().map(|v| v.name.as_str()).filter(|name| !found.contains(name));
        let pairs: Vec<(&str, &str)> = missing
            .filter_map(|name| {
                let other =
                    renamed.get(&(k, name.to_owned())).and_then(|other| self.bound.get(other.as_str()));
                Some((name, *self.bound.get(name).or(other)?))
            })
            .collect();
        found.extend(pairs.iter().map(|(name, _)| *name));
        let nonce = Uuid::new_v4().to_string();
        let path = path(&nonce);
        self.line(&super::evidence::probe_code(&nonce, pairs.into_iter(), &path));
        self.joint.takes.push(Take { question: k, late, nonce });
    }
}

impl Joint {
    /// The numbers of all files.
    pub(super) fn nonces(&self) -> Vec<String> {
        self.takes.iter().map(|take| take.nonce.clone()).collect()
    }

    /// The first cell that the compiler refuses, and its words about that cell alone, with that cell's numbers of lines.
    pub(super) fn refused(&self, message: &str) -> Option<(usize, String)> {
        super::message::first(message, |line| *self.lines.get(line.checked_sub(1)?)?)
    }

    /// The cell that did not come to its end.
    pub(super) fn unfinished(&self, output: &str) -> Option<usize> {
        let ends = output.lines().filter(|line| line.starts_with(self.mark.as_str())).count();
        self.cells.get(ends).copied()
    }

    /// What was printed since the last cell came to its end.
    pub(super) fn last_words(&self, output: &str) -> String {
        let mut lines: Vec<&str> =
            output.lines().rev().take_while(|l| !l.starts_with(self.mark.as_str())).collect();
        lines.reverse();
        lines.join("\n")
    }

    /// What each cell printed and how many seconds it ran, out of what all printed together.
    pub(super) fn apart(&self, output: &str) -> Vec<(String, f64)> {
        let cells = self.cells.len();
        let mut out = vec![(String::new(), 0.0)];
        for line in output.lines() {
            let end = line.strip_prefix(self.mark.as_str()).and_then(|rest| rest.trim().parse::<f64>().ok());
            let Some(last) = out.last_mut() else { break };
            match end {
                Some(seconds) => {
                    last.1 = if seconds.is_finite() { seconds.max(0.0) } else { 0.0 };
                    out.push((String::new(), 0.0));
                }
                None => last.0.push_str(&format!("{line}\n")),
            }
        }
        // What comes after the last mark is an error stream, which says nothing about its cell.
        let rest: String = out.drain(cells.min(out.len())..).map(|(text, _)| text).collect();
        out.resize(cells, (String::new(), 0.0));
        if let Some(last) = out.last_mut() {
            last.0.push_str(&rest);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::{CodeCell, Kind, WantedVariable};

    fn piece(source: &str) -> Piece {
        let cell = CodeCell { index: 0, grade_id: None, source: source.to_owned(), execution_count: None };
        Piece::new(&cell).unwrap()
    }

    fn joined(
        list: &[(&str, Part)],
        variables: &[(&str, Kind, usize)],
        renamed: &[(&str, &str)],
    ) -> Option<Joint> {
        let pieces: Vec<Piece> = list.iter().map(|(source, _)| piece(source)).collect();
        let cells: Vec<_> = pieces.iter().zip(list).map(|(piece, (_, part))| (Some(piece), *part)).collect();
        let variable = |name: &str, kind| WantedVariable { name: name.to_owned(), kind };
        let wanted: Vec<Wanted> = variables
            .iter()
            .map(|(name, kind, _)| Wanted {
                question: "q".into(),
                cells: vec![],
                variables: vec![variable(name, *kind)],
            })
            .collect();
        let places: Vec<Option<usize>> = variables.iter().map(|(_, _, place)| Some(*place)).collect();
        let renamed = renamed.iter().map(|(a, b)| ((0, (*a).to_owned()), (*b).to_owned())).collect();
        join(&cells, (&wanted, &places), &renamed, |nonce| format!("/p/{nonce}"))
    }

    use Part::{Caught, In, Out};

    #[test]
    fn cells_stand_inside_each_other() {
        let joint =
            joined(&[("let x = 1;", In), ("x = ;\n".trim_end_matches("x = ;\n"), In), ("x", In)], &[], &[]);
        let code = joint.unwrap().code;
        assert!(code.starts_with("{\nlet x = 1;\n") && code.ends_with("}}};\n"), "{code}");
        assert!(syn::parse_str::<syn::Block>(&format!("{{{code}}}")).is_ok(), "{code}");
        assert!(
            joined(&[("fn f() {}", In), ("fn f() {}", In)], &[], &[]).is_none(),
            "one would replace the other"
        );
        assert!(joined(&[("fn f() {}", Out), ("fn f() {}", In)], &[], &[]).is_some());
    }

    #[test]
    fn a_cell_that_fails_is_run_without_leaving_anything() {
        let cells = [("let x = 1;", In), ("let y = f()?;", Caught), ("x", In)];
        let joint = joined(&cells, &[("y", Kind::Plain, 1)], &[]).unwrap();
        assert!(joint.code.contains("attempt(||") && !joint.code.contains(".add("), "{}", joint.code);
        assert!(syn::parse_str::<syn::Block>(&format!("{{{}}}", joint.code)).is_ok(), "{}", joint.code);
        assert_eq!(joint.takes.iter().map(|t| t.late).collect::<Vec<_>>(), [false, true]);
        assert!(joined(&[("use a::b; f()?;", Caught)], &[], &[]).is_none());
    }

    #[test]
    fn probes_stand_behind_their_cells() {
        let joint = joined(&[("let x = 1;", In), ("let x = 2;", In)], &[("x", Kind::Plain, 0)], &[]).unwrap();
        let code = &joint.code;
        assert!(code.find("Probe::new").unwrap() < code.find("let x = 2").unwrap(), "{code}");
        assert_eq!(joint.takes.len(), 1);
        // Made only further down.
        let joint = joined(&[("let a = 1;", In), ("let x = 2;", In)], &[("x", Kind::Plain, 0)], &[]).unwrap();
        assert_eq!((joint.takes.len(), joint.code.matches(".add(").count()), (2, 1));
    }

    #[test]
    fn what_is_taken_for_another_variable_is_taken_under_its_name() {
        let cells = [("let a = 1;", In), ("let b = 2;", In)];
        let joint = joined(&cells, &[("m", Kind::Spikes, 1)], &[("m", "b")]).unwrap();
        assert!(joint.code.contains(r#".add("m", &b)"#) && joint.takes.len() == 1, "{}", joint.code);
        let joint = joined(&cells, &[("m", Kind::Spikes, 0)], &[("m", "b")]).unwrap();
        assert!(joint.takes[1].late, "it is made only further down");
    }

    #[test]
    fn the_cell_that_failed_is_found_and_spoken_of_alone() {
        let joint =
            joined(&[("let x = 1;", In), ("// two\nlet y = z;", In), ("let z = 2;", In)], &[], &[]).unwrap();
        let line = joint.code.lines().position(|line| line.contains("let y")).unwrap() + 1;
        assert!(line < 10);
        let message = format!("[E0425] Error: oh\n   ╭─[ cell ]\n   │\n {line} │ let y = z;\n   │\n───╯");
        let own = "[E0425] Error: oh\n   ╭─[ cell ]\n   │\n 2 │ let y = z;\n   │\n───╯";
        assert_eq!(joint.refused(&message), Some((1, own.to_owned())));
        assert_eq!(joint.refused("no line at all"), None);
        let text = format!("a\n{0} 1\nb\n{0} 1\n", joint.mark);
        assert_eq!((joint.unfinished("a"), joint.unfinished(&text)), (Some(0), Some(2)));
    }

    #[test]
    fn output_is_told_apart() {
        let joint =
            joined(&[("let x = 1;", In), ("let y = 1;", Out), ("y", In), ("let z = 1;", In)], &[], &[]);
        let joint = joint.unwrap();
        let m = &joint.mark;
        let text = format!("one\n{m} 0.5\n{m} 0.25\nthree\nmore\n{m} 1\nof all\n");
        let parts = joint.apart(&text);
        assert_eq!(parts[0], ("one\n".into(), 0.5));
        assert_eq!(parts[1], (String::new(), 0.25));
        assert_eq!(parts[2], ("three\nmore\nof all\n".into(), 1.0));
        assert_eq!(joint.apart("cut")[0].0, "cut\n");
    }
}
