//! Several cells and the probes between them as one request, because each request costs a compilation.
//! Only for cells that do the same together as one by one; whatever fails is run again one by one, so that it fails alike.

use std::collections::BTreeSet;

use quote::{ToTokens, quote};
use syn::{Expr, Item, Pat, Stmt};
use uuid::Uuid;

use super::{CodeCell, Wanted};

/// A cell as it can stand among others.
#[derive(Debug)]
pub(super) struct Piece {
    /// Its statements; what it shows at its end is only looked at.
    code: String,
    /// The variables that it makes.
    pub(super) names: Vec<String>,
    /// Functions, types and the like, of which a later one would replace an earlier one everywhere.
    items: Vec<String>,
    /// Its `use` lines, which may be there once only.
    uses: Vec<String>,
}

/// Cells that are run together.
#[derive(Debug)]
pub(super) struct Joint {
    /// What is sent.
    pub(super) code: String,
    /// The place after its last cell.
    pub(super) end: usize,
    /// Places in the list of questions whose variables are taken, each with the number of its file.
    pub(super) probes: Vec<(usize, String)>,
    /// The variables that were there when the last of them was taken.
    pub(super) seen: BTreeSet<String>,
    /// True if all cells to the end of the notebook are in it, so that nothing needs to be there afterwards.
    pub(super) complete: bool,
    /// How many lines of code there are up to the end of each cell.
    lines: Vec<usize>,
    /// What is printed at the end of each cell, followed by the seconds that it ran.
    mark: String,
}

/// True if all cells of a notebook go together: then nothing is asked of the kernel but to run them.
#[must_use]
pub fn goes_together(cells: &[CodeCell], questions: &[Wanted]) -> bool {
    let pieces: Vec<Option<Piece>> = cells.iter().map(Piece::new).collect();
    let places: Vec<Option<usize>> = questions.iter().map(|question| question.place(cells)).collect();
    let joint = join(&pieces, (0, None), &BTreeSet::new(), (questions, &places), str::to_owned);
    joint.is_some_and(|joint| joint.complete)
}

impl Piece {
    /// Nothing if the cell must run alone.
    pub(super) fn new(cell: &CodeCell) -> Option<Self> {
        if cell.has_command() {
            return None;
        }
        let block: syn::Block = syn::parse_str(&format!("{{{}\n}}", cell.source)).ok()?;
        // In code and in texts, but not in comments.
        if block.to_token_stream().to_string().contains("____") {
            return None;
        }
        let mut piece = Self { code: String::new(), names: Vec::new(), items: Vec::new(), uses: Vec::new() };
        let last = block.stmts.len().checked_sub(1);
        for (k, statement) in block.stmts.into_iter().enumerate() {
            match statement {
                Stmt::Item(Item::Use(line)) => piece.uses.push(line.to_token_stream().to_string()),
                Stmt::Item(item) => {
                    piece.items.extend(name(&item)?);
                    piece.push(&item);
                }
                Stmt::Local(local) => {
                    // The kernel keeps no closures from one cell to the next.
                    if local.init.as_ref().is_some_and(|init| matches!(*init.expr, Expr::Closure(_))) {
                        return None;
                    }
                    let before = piece.names.len();
                    names(&local.pat, &mut piece.names)?;
                    piece.push(&local);
                    // The kernel would have to keep it after the cell, which it cannot if it is borrowed.
                    for name in piece.names[before..].to_vec().iter().filter(|_| local.init.is_some()) {
                        piece.code.push_str(&format!("::spikelab::evidence::kept(&{name});\n"));
                    }
                }
                // What a cell shows must be something that can be shown.
                Stmt::Expr(shown, None) if Some(k) == last => {
                    piece.push(&quote! { ::spikelab::evidence::shown(&(#shown)); });
                }
                Stmt::Expr(expression, None) => piece.push(&quote! { #expression; }),
                statement => piece.push(&quote! { #statement; }),
            }
        }
        Some(piece)
    }

    fn push(&mut self, code: &impl ToTokens) {
        self.code.push_str(&code.to_token_stream().to_string());
        self.code.push('\n');
    }
}

/// The name of an item; nothing for what depends on its place among other items.
fn name(item: &Item) -> Option<Option<String>> {
    Some(Some(match item {
        Item::Const(i) => i.ident.to_string(),
        Item::Enum(i) => i.ident.to_string(),
        Item::Fn(i) => i.sig.ident.to_string(),
        Item::Mod(i) => i.ident.to_string(),
        Item::Struct(i) => i.ident.to_string(),
        Item::Trait(i) => i.ident.to_string(),
        Item::Type(i) => i.ident.to_string(),
        Item::Impl(_) => return Some(None),
        _ => return None,
    }))
}

/// The variables of a pattern; nothing if it has forms that are rare.
fn names(pattern: &Pat, out: &mut Vec<String>) -> Option<()> {
    match pattern {
        Pat::Ident(p) => {
            out.push(p.ident.to_string());
            Some(())
        }
        Pat::Type(p) => names(&p.pat, out),
        Pat::Tuple(p) => p.elems.iter().try_for_each(|e| names(e, out)),
        Pat::Slice(p) => p.elems.iter().try_for_each(|e| names(e, out)),
        Pat::Wild(_) | Pat::Rest(_) => Some(()),
        _ => None,
    }
}

/// Joins as many cells from `start` on as go together, up to `stop`. `before` are the variables that are there by then.
pub(super) fn join(
    pieces: &[Option<Piece>],
    (start, stop): (usize, Option<usize>),
    before: &BTreeSet<String>,
    (questions, places): (&[Wanted], &[Option<usize>]),
    path: impl Fn(&str) -> String,
) -> Option<Joint> {
    let mark = Uuid::new_v4().to_string();
    let mut bound = before.clone();
    let (mut items, mut uses) = (BTreeSet::new(), BTreeSet::new());
    let mut joint = Joint {
        code: String::new(),
        end: start,
        probes: Vec::new(),
        seen: BTreeSet::new(),
        complete: false,
        lines: Vec::new(),
        mark,
    };
    for (place, piece) in pieces.iter().enumerate().skip(start) {
        let Some(piece) = piece.as_ref().filter(|_| stop != Some(place)) else { return joint.of_use(start) };
        if !piece.items.iter().all(|item| items.insert(item)) {
            return joint.of_use(start);
        }
        for line in piece.uses.iter().filter(|line| uses.insert(*line)) {
            joint.code.push_str(&format!("{line}\n"));
        }
        joint.code.push_str(&piece.code);
        bound.extend(piece.names.iter().cloned());
        joint.lines.push(joint.code.lines().count());
        joint.code.push_str(&format!("::spikelab::evidence::cell_ends({:?});\n", joint.mark));
        joint.end = place + 1;
        let here: Vec<usize> = (0..questions.len()).filter(|k| places[*k] == Some(place)).collect();
        for k in here {
            let question = &questions[k];
            if !question.variables.iter().all(|v| bound.contains(&v.name)) {
                // One has another name, perhaps: the kernel is asked about that.
                return joint.of_use(start);
            }
            if question.variables.is_empty() {
                continue;
            }
            let nonce = Uuid::new_v4().to_string();
            let pairs = question.variables.iter().map(|v| (v.name.as_str(), v.name.as_str()));
            joint.code.push_str(&super::evidence::probe_code(&nonce, pairs, &path(&nonce)));
            joint.code.push('\n');
            joint.probes.push((k, nonce));
            joint.seen.clone_from(&bound);
        }
    }
    // A question without a cell is looked for at the end, and so are variables that came late.
    let sought = |k: usize| places[k].is_none_or(|place| place < start) && !questions[k].variables.is_empty();
    if !(0..questions.len()).any(sought) {
        joint.complete = true;
        // In a block, so that the kernel need not find out the types of variables that nobody will use.
        joint.code = format!("{{\n{}}}", joint.code);
    }
    joint.of_use(start)
}

impl Joint {
    fn of_use(self, start: usize) -> Option<Self> {
        (self.end > start + 1 || !self.probes.is_empty()).then_some(self)
    }

    /// Which of its cells the compiler refused, counted from 0, going by the first line that it names.
    pub(super) fn refused(&self, message: &str) -> Option<usize> {
        let line = message.lines().find_map(|line| {
            let (number, _) = line.trim_start().split_once([' ', '│'])?;
            line.contains('│').then(|| number.parse::<usize>().ok())?
        })?;
        // The block around all of it takes a line.
        let line = line.saturating_sub(usize::from(self.complete));
        self.lines.iter().position(|end| line <= *end)
    }

    /// Which of its cells did not come to its end, counted from 0.
    pub(super) fn unfinished(&self, output: &str) -> usize {
        output.lines().filter(|line| line.starts_with(self.mark.as_str())).count()
    }

    /// What each cell printed and how many seconds it ran, out of what all printed together.
    pub(super) fn apart(&self, output: &str, cells: usize) -> Vec<(String, f64)> {
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
    use crate::runner::{Kind, WantedVariable};

    fn piece(source: &str) -> Option<Piece> {
        let cell = CodeCell { index: 0, grade_id: None, source: source.to_owned(), execution_count: None };
        Piece::new(&cell)
    }

    fn pieces(list: &[&str]) -> Vec<Option<Piece>> {
        list.iter().map(|source| piece(source)).collect()
    }

    fn joined(list: &[&str], question: Option<(&str, usize)>) -> Option<Joint> {
        let wanted: Vec<Wanted> = question
            .iter()
            .map(|(name, _)| Wanted {
                question: "q".into(),
                cells: vec![],
                variables: vec![WantedVariable { name: (*name).to_owned(), kind: Kind::Plain }],
            })
            .collect();
        let places: Vec<Option<usize>> = question.iter().map(|(_, place)| Some(*place)).collect();
        join(&pieces(list), (0, None), &BTreeSet::new(), (&wanted, &places), |nonce| format!("/p/{nonce}"))
    }

    #[test]
    fn what_must_run_alone_is_left_alone() {
        for alone in [
            ":quit",
            "let x = ____;",
            "let x = ;",
            "let f = |x: f64| x;",
            "macro_rules! m { () => { 1 } }",
            "static mut N: i32 = 0;",
            "#![allow(unused)]\nlet x = 1;",
            "let Some(x) = y else { return };",
        ] {
            assert!(piece(alone).is_none(), "{alone}");
        }
        assert_eq!(piece("let (a, mut b): (f64, f64) = (1.0, 2.0); // both").unwrap().names, ["a", "b"]);
        assert!(piece("// was: ____\nlet x = 1;").is_some() && piece("f(\"v > ____\");").is_none());
        assert!(piece("").unwrap().code.is_empty());
    }

    #[test]
    fn what_a_cell_shows_is_looked_at_only() {
        assert!(piece("let x = 1;\nx").unwrap().code.contains("shown (& (x))"));
        assert!(!piece("let x = 1;\nx;").unwrap().code.contains("shown"));
    }

    #[test]
    fn cells_go_together_until_a_name_is_taken_again() {
        let joint = joined(&["fn f() {}", "let x = 1;", "fn f() {}", "x"], None).unwrap();
        assert_eq!(joint.end, 2);
        assert!(joined(&["let x = 1;", "x = ;"], None).is_none(), "one cell without a probe gains nothing");
        let joint = joined(&["use a::*;", "use a::*; let x = 1;", "let x = 2;"], None).unwrap();
        assert_eq!((joint.end, joint.code.matches("use a").count()), (3, 1));
        assert_eq!(joint.code.matches("kept(&x)").count(), 2, "each x must be fit to be kept");
        let moved = joined(&["let x = vec![1]; drop(x);", "let y = 1;"], None).unwrap();
        assert!(moved.code.find("kept(&x)").unwrap() < moved.code.find("drop").unwrap());
        assert!(joint.complete && joint.code.starts_with('{'));
        assert!(!joined(&["let x = 1;", "let y = 2;", ":vars"], None).unwrap().complete);
    }

    #[test]
    fn probes_stand_behind_their_cells_and_missing_names_end_it() {
        let joint = joined(&["let x = 1;", "let x = 2;"], Some(("x", 0))).unwrap();
        let code = &joint.code;
        assert!(code.find("Probe::new").unwrap() < code.find("let x = 2").unwrap(), "{code}");
        assert_eq!((joint.probes.len(), joint.end), (1, 2));
        let joint = joined(&["let a = 1;", "let y = 1;", "let z = 2;"], Some(("x", 1))).unwrap();
        assert_eq!((joint.probes.len(), joint.end), (0, 2), "x has another name or is missing");
        assert!(!joint.complete);
    }

    #[test]
    fn the_cell_that_failed_is_found() {
        let joint = joined(&["let x = 1;", "use a::b;\nlet y = x;", "let z = 2;"], None).unwrap();
        for (text, cell) in [("let x = 1", 0), ("let y = x", 1), ("use a", 1), ("let z", 2)] {
            let line = joint.code.lines().position(|line| line.contains(text)).unwrap() + 1;
            let message = format!("Error: oh\n   ╭─[ cell ]\n   │\n{line:>3} │ {text}\n   │  ──\n");
            assert_eq!(joint.refused(&message), Some(cell), "{}{message}", joint.code);
        }
        assert_eq!(joint.refused("no line at all"), None);
        let text = format!("a\n{0} 1\nb\n{0} 1\n", joint.mark);
        assert_eq!((joint.unfinished("a"), joint.unfinished(&text)), (0, 2));
    }

    #[test]
    fn output_is_told_apart() {
        let joint = joined(&["let x = 1;", "let y = 1;", "let z = 2;"], None).unwrap();
        let m = &joint.mark;
        let text = format!("one\n{m} 0.5\n{m} 0.25\nthree\nmore\n{m} 1\nof all\n");
        let parts = joint.apart(&text, 3);
        assert_eq!(parts[0], ("one\n".into(), 0.5));
        assert_eq!(parts[1], (String::new(), 0.25));
        assert_eq!(parts[2], ("three\nmore\nof all\n".into(), 1.0));
        assert_eq!(joint.apart("cut", 3)[0].0, "cut\n");
    }
}
