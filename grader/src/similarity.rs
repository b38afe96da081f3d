//! Which submissions share code that nobody gave them and few others wrote: a hint for a conversation, never a mark.
//! Winnowed fingerprints of token sequences (Schleimer, Wilkerson and Aiken, SIGMOD 2003).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Tokens in a piece.
const PIECE: usize = 8;
/// Of so many pieces in a row one is kept, so that every common stretch of `PIECE + WINDOW - 1` tokens is found.
const WINDOW: usize = 4;
/// Pairs that share fewer pieces are not told.
const LEAST: usize = 4;

/// The students' own code of one exercise.
#[derive(Clone, Debug)]
pub struct Work {
    /// Whose.
    pub student: String,
    /// The sources of the cells.
    pub cells: Vec<String>,
}

/// Two submissions that share something.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The first by name.
    pub one: String,
    /// The other.
    pub other: String,
    /// Pieces that both have and few others.
    pub shared: usize,
    /// These as a part of all such pieces of the one who has fewer.
    pub share: f64,
    /// The longest line that holds a shared piece, for a first look.
    pub sample: String,
}

/// One piece of a submission.
struct Fingerprint {
    hash: u64,
    cell: usize,
    /// Byte at which it begins.
    at: usize,
}

/// All pairs, the closest first. What stands in `given` (the blanks, the solution) and what more than `common` of the
/// class wrote counts for nothing.
#[must_use]
pub fn pairs(class: &[Work], given: &[String], common: f64) -> Vec<Pair> {
    let known: HashSet<u64> =
        given.iter().flat_map(|text| hashes(&tokens(text))).map(|(hash, _)| hash).collect();
    let prints: Vec<Vec<Fingerprint>> = class.iter().map(|work| fingerprints(work, &known)).collect();
    let mut owners: HashMap<u64, BTreeSet<usize>> = HashMap::new();
    for (k, list) in prints.iter().enumerate() {
        for f in list {
            owners.entry(f.hash).or_default().insert(k);
        }
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a class"
    )]
    let most = ((class.len() as f64 * common).floor() as usize).max(3);
    owners.retain(|_, who| who.len() <= most);
    let mut shared: BTreeMap<(usize, usize), Vec<u64>> = BTreeMap::new();
    for (hash, who) in &owners {
        let who: Vec<usize> = who.iter().copied().collect();
        for (i, a) in who.iter().enumerate() {
            who[i + 1..].iter().for_each(|b| shared.entry((*a, *b)).or_default().push(*hash));
        }
    }
    let rare = |k: usize| {
        prints[k].iter().map(|f| f.hash).filter(|h| owners.contains_key(h)).collect::<HashSet<_>>().len()
    };
    let mut pairs: Vec<Pair> = shared
        .into_iter()
        .filter(|((a, b), hashes)| hashes.len() >= LEAST && class[*a].student != class[*b].student)
        .map(|((a, b), hashes)| {
            #[expect(clippy::cast_precision_loss, reason = "pieces of a notebook")]
            let share = hashes.len() as f64 / rare(a).min(rare(b)).max(1) as f64;
            let sample = sample(&class[a], &prints[a], &hashes);
            let (one, other) = (class[a].student.clone(), class[b].student.clone());
            Pair { one, other, shared: hashes.len(), share, sample }
        })
        .collect();
    pairs.sort_by(|x, y| {
        let weight = |p: &Pair| (p.shared, p.share);
        weight(y).partial_cmp(&weight(x)).unwrap_or(std::cmp::Ordering::Equal).then_with(|| x.one.cmp(&y.one))
    });
    pairs
}

fn sample(work: &Work, prints: &[Fingerprint], hashes: &[u64]) -> String {
    let lines = prints.iter().filter(|f| hashes.contains(&f.hash)).filter_map(|f| {
        let text = work.cells.get(f.cell)?;
        let from = text[..f.at].rfind('\n').map_or(0, |k| k + 1);
        text[from..].lines().next().map(str::trim)
    });
    lines.max_by_key(|l| l.len()).unwrap_or_default().to_owned()
}

fn fingerprints(work: &Work, known: &HashSet<u64>) -> Vec<Fingerprint> {
    let mut out = Vec::new();
    for (cell, text) in work.cells.iter().enumerate() {
        let all: Vec<(u64, usize)> =
            hashes(&tokens(text)).into_iter().filter(|(hash, _)| !known.contains(hash)).collect();
        let mut last = None;
        for window in all.windows(WINDOW.min(all.len().max(1))) {
            // The last of the smallest, so that neighbouring windows mostly keep the same one.
            let least = window.iter().rev().min_by_key(|(hash, _)| *hash).copied();
            if let Some((hash, at)) = least.filter(|l| last != Some(*l)) {
                out.push(Fingerprint { hash, cell, at });
                last = least;
            }
        }
    }
    out
}

/// A hash of every piece, with the byte at which it begins.
fn hashes(tokens: &[(String, usize)]) -> Vec<(u64, usize)> {
    let hash = |piece: &[(String, usize)]| {
        let bytes = piece.iter().flat_map(|(t, _)| t.bytes().chain([0]));
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
    };
    tokens.windows(PIECE).map(|piece| (hash(piece), piece[0].1)).collect()
}

/// Words, numbers and signs, without space; texts and comments are taken apart likewise, because answers and copied
/// remarks are in them. A name that a student gives counts as a name, so that renaming hides nothing.
fn tokens(text: &str) -> Vec<(String, usize)> {
    let mut out = Vec::new();
    let mut rest = text.char_indices().peekable();
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut after_let = false;
    while let Some((at, c)) = rest.next() {
        if c.is_whitespace() {
            continue;
        }
        if !(c.is_alphanumeric() || c == '_') {
            out.push((c.to_string(), at));
            continue;
        }
        let mut word = c.to_string();
        while let Some((_, next)) = rest.peek().copied().filter(|(_, n)| n.is_alphanumeric() || *n == '_') {
            word.push(next);
            rest.next();
        }
        if word == "mut" && after_let {
            out.push((word, at));
            continue;
        }
        if after_let {
            let next = names.len();
            names.entry(word.clone()).or_insert(next);
        }
        after_let = word == "let";
        let token = if names.contains_key(&word) { "\u{1}".to_owned() } else { word };
        out.push((token, at));
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GIVEN: &str = "let mut net = Network::new();\nlet eqs = \"dv/dt = ____ : 1\";\nlet g = net.add(NeuronGroup::new(100, eqs).threshold(\"v > 1\"))?;";

    fn work(student: &str, own: &str) -> Work {
        Work { student: student.into(), cells: vec![format!("{GIVEN}\n{own}")] }
    }

    const COPIED: &str = "// I use the median here because the mean is pulled by the first burst of spikes\n\
        let rates: Vec<f64> = counts.iter().map(|c| *c as f64 / 0.3).collect();\n\
        let odd = rates.iter().filter(|r| **r > 17.5).count() + rates.len() % 3;";

    fn class() -> Vec<Work> {
        let mut class: Vec<Work> = (0..20)
            .map(|k| {
                work(
                    &format!("s{k:02}"),
                    &format!(
                        "let answer{k} = v * {k}.0 + tau.powi({k}) - {} * w; // {}",
                        k * 7,
                        "own ".repeat(k)
                    ),
                )
            })
            .collect();
        class[3].cells.push(COPIED.to_owned());
        // Names and layout changed.
        class[11]
            .cells
            .push(COPIED.replace("rates", "frequencies").replace("odd", "strange").replace("    ", "\n"));
        class
    }

    #[test]
    fn copied_code_is_found_although_names_were_changed() {
        let found = pairs(&class(), &[GIVEN.to_owned()], 0.2);
        let first = found.first().expect("a pair");
        assert_eq!((first.one.as_str(), first.other.as_str()), ("s03", "s11"), "{found:?}");
        assert!(first.share > 0.5 && first.shared >= 8, "{first:?}");
        assert!(COPIED.contains(&first.sample) && !first.sample.is_empty(), "{first:?}");
        assert!(found.iter().skip(1).all(|p| p.shared < first.shared / 2), "{found:?}");
    }

    #[test]
    fn what_was_given_and_what_everybody_wrote_is_no_sign() {
        let everybody: Vec<Work> = (0..12).map(|k| work(&format!("s{k}"), COPIED)).collect();
        assert_eq!(pairs(&everybody, &[GIVEN.to_owned()], 0.2), []);
        let blanks: Vec<Work> = (0..3).map(|k| work(&format!("s{k}"), "")).collect();
        assert_eq!(pairs(&blanks, &[GIVEN.to_owned()], 0.2), []);
        let both = [work("a", COPIED), work("b", COPIED)];
        assert_eq!(
            pairs(&both, &[GIVEN.to_owned(), COPIED.to_owned()], 0.2),
            [],
            "the solution is no sign either"
        );
        assert_eq!(pairs(&both, &[GIVEN.to_owned()], 0.2).len(), 1);
        assert_eq!(pairs(&[], &[], 0.2), []);
    }

    proptest! {
        #[test]
        fn any_text_has_tokens_at_its_bytes(text in any::<String>()) {
            for (_, at) in tokens(&text) {
                prop_assert!(text.is_char_boundary(at));
            }
            let class = [Work { student: "a".into(), cells: vec![text.clone()] }, Work { student: "b".into(), cells: vec![text] }];
            prop_assert!(pairs(&class, &[], 0.2).iter().all(|p| p.share <= 1.0 + 1e-9));
        }
    }
}
