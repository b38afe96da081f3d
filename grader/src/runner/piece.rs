//! One cell as a part of a longer text: its own lines as they are, and between them the lines that the grader adds.
//! Only cells that do the same among others as alone become parts.

use syn::spanned::Spanned;
use syn::{Expr, Item, Pat, Stmt};

use super::CodeCell;

/// A cell as it can stand among others.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) lines: Vec<Line>,
    /// The variables that it makes.
    pub(super) names: Vec<String>,
    /// Functions, types and the like, of which a later one would replace an earlier one everywhere.
    pub(super) items: Vec<String>,
    /// True if it brings names of others in.
    pub(super) imports: bool,
}

/// A line of text.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) text: String,
    /// Its number in the cell, from 1; none if the grader added it.
    pub(super) own: Option<usize>,
}

/// Why a cell cannot stand among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// A command to the kernel, which is not run at all.
    Command,
    /// Not even its form is understood here; perhaps the compiler does.
    Unreadable,
    /// It means something else there than alone.
    Alone,
}

/// Text to be put between the lines of a cell.
struct Insert {
    /// Where, counted in bytes.
    at: usize,
    /// It belongs in front of what follows, not behind what was before.
    before: bool,
    text: String,
}

impl Piece {
    pub(super) fn new(cell: &CodeCell) -> Result<Self, Misfit> {
        if cell.has_command() {
            return Err(Misfit::Command);
        }
        let read = read(&cell.source);
        // Else all sources ever read would be kept for their places.
        proc_macro2::extra::invalidate_current_thread_spans();
        read
    }
}

fn read(source: &str) -> Result<Piece, Misfit> {
    // One more line, should the last one be a comment; the brace before it moves all places by one.
    let block: syn::Block = syn::parse_str(&format!("{{{source}\n}}")).map_err(|_| Misfit::Unreadable)?;
    let place = |node: &dyn Spanned| {
        let range = node.span().byte_range();
        (range.start.saturating_sub(1), range.end.saturating_sub(1))
    };
    let mut piece = Piece { lines: Vec::new(), names: Vec::new(), items: Vec::new(), imports: false };
    let mut inserts = Vec::new();
    let last = block.stmts.len().checked_sub(1);
    for (k, statement) in block.stmts.iter().enumerate() {
        let (start, end) = place(statement);
        match statement {
            Stmt::Item(Item::Use(_)) => piece.imports = true,
            Stmt::Item(item) => piece.items.extend(name(item)?),
            Stmt::Local(local) => {
                // The kernel keeps no closures from one cell to the next.
                if local.init.as_ref().is_some_and(|init| matches!(*init.expr, Expr::Closure(_))) {
                    return Err(Misfit::Alone);
                }
                let before = piece.names.len();
                names(&local.pat, &mut piece.names)?;
                // The kernel would have to keep it after the cell, which it cannot if it is borrowed.
                let kept = piece.names[before..].iter().filter(|_| local.init.is_some());
                let text: String =
                    kept.map(|n| format!("::spikelab::evidence::kept({n:?}, &{n});")).collect();
                if !text.is_empty() {
                    inserts.push(Insert { at: end, before: false, text });
                }
            }
            // What a cell shows must be something that can be shown.
            Stmt::Expr(_, None) if Some(k) == last => {
                let text = "::spikelab::evidence::shown(&(".to_owned();
                inserts.push(Insert { at: start, before: true, text });
                inserts.push(Insert { at: end, before: false, text: "));".to_owned() });
            }
            _ => {}
        }
    }
    piece.lines = lines(source, &inserts);
    Ok(piece)
}

/// The source's lines with what is inserted on lines of its own; a line is cut only if more code stands on it.
fn lines(source: &str, inserts: &[Insert]) -> Vec<Line> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut rest = inserts.iter().peekable();
    for (k, line) in source.split('\n').enumerate() {
        let own = Some(k + 1);
        let end = start + line.len();
        let mut from = start;
        while let Some(insert) = rest.next_if(|i| i.at < end || (i.at == end && !i.before)) {
            let at = insert.at.max(from);
            let (left, right) = (&source[from..at], source[at..end].trim_start());
            let whole = if insert.before {
                left.trim().is_empty()
            } else {
                right.is_empty() || right.starts_with("//")
            };
            match (whole, insert.before) {
                (true, true) => {}
                (true, false) => {
                    out.push(Line { text: source[from..end].to_owned(), own });
                    from = end;
                }
                (false, _) => {
                    out.push(Line { text: left.to_owned(), own });
                    from = at;
                }
            }
            out.push(Line { text: insert.text.clone(), own: None });
        }
        if from < end || start == end {
            out.push(Line { text: source[from..end].trim_end_matches('\r').to_owned(), own });
        }
        start = end + 1;
    }
    out
}

/// The name of an item; nothing for one without a name.
fn name(item: &Item) -> Result<Option<String>, Misfit> {
    Ok(Some(match item {
        Item::Const(i) => i.ident.to_string(),
        Item::Enum(i) => i.ident.to_string(),
        Item::Fn(i) => i.sig.ident.to_string(),
        Item::Mod(i) => i.ident.to_string(),
        Item::Struct(i) => i.ident.to_string(),
        Item::Trait(i) => i.ident.to_string(),
        Item::Type(i) => i.ident.to_string(),
        Item::Impl(_) => return Ok(None),
        // What depends on its place among other items.
        _ => return Err(Misfit::Alone),
    }))
}

/// The variables of a pattern of a usual form.
fn names(pattern: &Pat, out: &mut Vec<String>) -> Result<(), Misfit> {
    match pattern {
        Pat::Ident(p) => {
            out.push(p.ident.to_string());
            Ok(())
        }
        Pat::Type(p) => names(&p.pat, out),
        Pat::Tuple(p) => p.elems.iter().try_for_each(|e| names(e, out)),
        Pat::Slice(p) => p.elems.iter().try_for_each(|e| names(e, out)),
        Pat::Wild(_) | Pat::Rest(_) => Ok(()),
        _ => Err(Misfit::Alone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(source: &str) -> Result<Piece, Misfit> {
        Piece::new(&CodeCell { index: 0, grade_id: None, source: source.to_owned(), execution_count: None })
    }

    fn text(source: &str) -> Vec<String> {
        let number =
            |line: Line| format!("{} {}", line.own.map_or("+".to_owned(), |n| n.to_string()), line.text);
        piece(source).unwrap().lines.into_iter().map(number).collect()
    }

    #[test]
    fn what_must_run_alone_is_left_alone() {
        for alone in [
            "let f = |x: f64| x;",
            "macro_rules! m { () => { 1 } }",
            "static mut N: i32 = 0;",
            "let Some(x) = y else { return };",
        ] {
            assert_eq!(piece(alone).unwrap_err(), Misfit::Alone, "{alone}");
        }
        assert_eq!(piece(":quit").unwrap_err(), Misfit::Command);
        for wrong in ["let x = ;", "let x = (1;", "let x = 1 let y = 2", "\"open"] {
            assert_eq!(piece(wrong).unwrap_err(), Misfit::Unreadable, "{wrong}");
        }
        assert!(piece("let x = ____; // a blank\nf(\"v > ____\");").is_ok());
        let piece = piece("use a::b; let (a, mut b): (f64, f64) = (1.0, 2.0); fn f() {} impl S {}").unwrap();
        assert_eq!(
            (piece.names, piece.items, piece.imports),
            (vec!["a".into(), "b".into()], vec!["f".into()], true)
        );
    }

    #[test]
    fn own_lines_stay_as_they_are() {
        let kept = |name: &str| format!("+ ::spikelab::evidence::kept({name:?}, &{name});");
        assert_eq!(
            text("// µ\nlet x =\n    1; // one"),
            ["1 // µ", "2 let x =", "3     1; // one", &kept("x")]
        );
        assert_eq!(text("let x = f(); drop(x);"), ["1 let x = f();", &kept("x"), "1  drop(x);"]);
        assert_eq!(text("let x;\n\nx = 1;"), ["1 let x;", "2 ", "3 x = 1;"]);
        assert_eq!(text(""), ["1 "]);
    }

    #[test]
    fn what_a_cell_shows_is_looked_at_only() {
        let (shown, end) = ("+ ::spikelab::evidence::shown(&(", "+ ));");
        assert_eq!(text("  x\n  .y()\n"), [shown, "1   x", "2   .y()", end, "3 "]);
        assert_eq!(text("f(); x // last"), ["1 f(); ", shown, "1 x // last", end]);
        assert_eq!(text("x;"), ["1 x;"]);
        assert_eq!(text("println!(\"a\")"), [shown, "1 println!(\"a\")", end]);
    }
}
