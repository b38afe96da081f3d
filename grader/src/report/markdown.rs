//! Marks and the summary of a class as Markdown, for step summaries, pull requests and wikis.
//! Students' texts are escaped, so that nothing in them becomes a link, a picture, a tag or another column.

use super::class::Exercise;
use super::points;
use super::terminal::Row;
use crate::text;

/// GitHub refuses step summaries of more than 1 MiB; beyond this rows are only counted.
const BYTES: usize = 900 << 10;

/// A table of submissions, then one of questions for each exercise.
#[must_use]
pub fn summary(rows: &[Row], class: &[Exercise]) -> String {
    let mut out = String::from("### Marks\n\n");
    // Of numbers and our own words alone.
    out.push_str(&format!("{}\n\n", super::terminal::summary(rows).replace('\n', ". ")));
    let mut tail = String::new();
    for e in class {
        exercise(&mut tail, e);
    }
    out.push_str("| student | exercise | mark | what to look at |\n| --- | --- | ---: | --- |\n");
    for (k, row) in rows.iter().enumerate() {
        if out.len() + tail.len() > BYTES {
            out.push_str(&format!("\n… and {} more\n", rows.len() - k));
            break;
        }
        let mark = row
            .marks
            .map_or_else(|| "not graded".to_owned(), |(e, p)| format!("{}/{}", points(e), points(p)));
        out.push_str(&format!(
            "| {} | {} | {mark} | {} |\n",
            escaped(&row.student),
            escaped(&row.assignment),
            escaped(&row.told())
        ));
    }
    out + &tail
}

fn exercise(out: &mut String, e: &Exercise) {
    let (Some(mean), Some(median)) = (e.mean, e.median) else { return };
    out.push_str(&format!(
        "\n### {}\n\n{} of {} graded; mean {}, median {} of {} points\n\n",
        escaped(&text::line(e.name(), 60)),
        e.graded,
        e.submissions,
        points(mean),
        points(median),
        points(e.points)
    ));
    out.push_str("| question | mean | full | part | none | commonest mistake |\n");
    out.push_str("| --- | ---: | ---: | ---: | ---: | --- |\n");
    for q in &e.questions {
        let mistake = q.mistakes.first().map(|m| format!("{} ({})", text::line(&m.title, 80), m.count));
        out.push_str(&format!(
            "| {} | {}/{} | {} | {} | {} | {} |\n",
            escaped(&text::line(&q.title, 80)),
            points(q.mean),
            points(q.points),
            q.full,
            q.part,
            q.none,
            escaped(&mistake.unwrap_or_default())
        ));
    }
}

/// Text that stays text in every Markdown.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let line = text::one_line(text);
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // An at sign calls people, a hash links to issues, a colon before a letter or slash makes an address or a picture.
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            ':' if rest.peek().is_some_and(|next| !next.is_whitespace()) => out.push_str("&#58;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '!' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::class::tests::class;
    use super::super::tests::report;
    use super::*;
    use crate::gradebook::Change;
    use crate::pipeline::Origin;

    #[test]
    fn every_row_is_a_row_and_hostile_text_is_text() {
        let evil = report("a|b\n![x](http://e) <b>@all</b>", "exercise1");
        let text = summary(&[Row::of(&evil, Origin::Run(Change::New))], &class());
        assert!(text.contains(r"| a\|b\\n\!\[x\]\(http&#58;//… |"), "{text}");
        assert!(!text.contains("<b>") && !text.contains("@all"));
        assert!(
            text.contains("| The spiking neuron | 1.44/2 | 5 | 3 | 0 | There is no reset \\(3\\) |"),
            "{text}"
        );
    }

    #[test]
    fn a_huge_class_stays_below_the_limit() {
        let row = Row::of(&report("anna", "exercise1"), Origin::Run(Change::New));
        let rows = vec![row; 20_000];
        let text = summary(&rows, &class());
        assert!(text.len() < 1 << 20 && text.contains(" more\n"), "{}", text.len());
    }
}
