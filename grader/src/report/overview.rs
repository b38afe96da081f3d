//! What a class did, on the terminal: marks by tenths, a line a question, the commonest mistakes and failures.
//! At most 80 columns wide, like the table above it.

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table, presets};

use super::class::Exercise;
use super::points;
use super::terminal::WIDTH;
use crate::text;

/// So many mistakes and failures are shown of an exercise; grades.json has all.
const SHOWN: usize = 5;

/// The exercises one after the other; those with a single submission have nothing to summarise.
#[must_use]
pub fn overview(exercises: &[Exercise], colour: bool) -> String {
    exercises.iter().filter(|e| e.submissions > 1).map(|e| exercise(e, colour)).collect()
}

fn exercise(e: &Exercise, colour: bool) -> String {
    let mut out = format!("\n{}: {}\n", text::line(e.name(), 30), headline(e));
    if e.graded > 0 {
        let bins: Vec<String> =
            e.distribution.iter().map(|n| if *n == 0 { "·".to_owned() } else { n.to_string() }).collect();
        out.push_str(&format!("  marks by tenths   0 % |{}| 100 %\n", bins.join(" ")));
        out.push_str(&questions(e, colour));
        out.push('\n');
    }
    let mut mistakes: Vec<(usize, String)> = Vec::new();
    for q in &e.questions {
        for m in &q.mistakes {
            mistakes.push((m.count, format!("{} (in {})", m.title, q.title)));
        }
    }
    mistakes.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    list(&mut out, "mistakes", &mistakes);
    let failures = e.failures.iter().map(|f| {
        let cell = if f.cell.is_empty() { String::new() } else { format!("{} ", f.cell) };
        (f.count, format!("{cell}{}: {}", f.what, f.message))
    });
    list(&mut out, "failures", &failures.collect::<Vec<_>>());
    out
}

fn headline(e: &Exercise) -> String {
    let (Some(mean), Some(median), Some(lowest), Some(highest)) = (e.mean, e.median, e.lowest, e.highest)
    else {
        return format!("none of {} graded", e.submissions);
    };
    format!(
        "{} of {} graded, mean {}, median {} of {} ({} to {})",
        e.graded,
        e.submissions,
        points(mean),
        points(median),
        points(e.points),
        points(lowest),
        points(highest)
    )
}

fn questions(e: &Exercise, colour: bool) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    if colour {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let right = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
    let head = ["question", "mean", "full", "part", "none"];
    let cells = head.iter().enumerate().map(|(k, h)| if k == 0 { Cell::new(h) } else { right(h) });
    table.set_header(cells.map(|c| c.add_attribute(Attribute::Bold)));
    for q in &e.questions {
        table.add_row([
            Cell::new(text::line(&q.title, 44)),
            right(&format!("{}/{}", points(q.mean), points(q.points))),
            right(&q.full.to_string()),
            right(&q.part.to_string()),
            right(&q.none.to_string()),
        ]);
    }
    table
        .to_string()
        .lines()
        .map(|line| format!(" {}\n", line.trim_end()))
        .collect::<String>()
        .trim_end()
        .to_owned()
}

fn list(out: &mut String, what: &str, counted: &[(usize, String)]) {
    if counted.is_empty() {
        return;
    }
    let more = counted.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(", and {more} more kinds") } else { String::new() };
    out.push_str(&format!("  commonest {what}{more}\n"));
    for (count, what) in counted.iter().take(SHOWN) {
        out.push_str(&format!("  {count:>5} × {}\n", text::line(what, 70)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::class::tests::class;
    use super::*;

    #[test]
    fn a_class_fits_the_terminal_and_names_its_mistakes() {
        let text = overview(&class(), false);
        assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
        for part in [
            "exercise1: 8 of 10 graded, mean 1.44, median 2 of 2 (0.5 to 2)",
            "|· · 3 · · · · · · 5|",
            "The spiking neuron",
            "3 × There is no reset (in The spiking neuron)",
            "3 × q panicked: index # out of bounds",
            "2 × not graded: this is not a notebook",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!text.contains('\u{1b}') && overview(&class(), true).contains('\u{1b}'));
    }

    #[test]
    fn hostile_words_stay_words_and_long_ones_are_cut() {
        let mut exercises = class();
        let evil = "\u{1b}[31m".repeat(60);
        exercises[0].questions[0].title.clone_from(&evil);
        exercises[0].failures[0].message.clone_from(&evil);
        exercises[0].assignment = evil;
        let text = overview(&exercises, false);
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(text.lines().all(|l| l.chars().count() <= 100), "{text}");
    }
}
