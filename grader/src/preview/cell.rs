//! One code cell: what it makes, what it uses, which blanks are left in it.
//! Names are enough to tell which cells cannot run without another one.

use std::collections::BTreeSet;

use proc_macro2::{LineColumn, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Item, Pat, Stmt};

use super::CellState;
use crate::runner::CodeCell;

/// A blank as release writes it.
const BLANK: &str = "____";

/// A code cell of a preview.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) code: CodeCell,
    /// `None` as long as nothing is known against it.
    pub(super) state: Option<CellState>,
    /// Names of variables that stay after it.
    pub(super) variables: BTreeSet<String>,
    /// Names of functions, types and the like.
    items: BTreeSet<String>,
    /// Names that it uses.
    uses: BTreeSet<String>,
    /// Names that something in it binds, be it inside of a block or a closure.
    bound: BTreeSet<String>,
    /// Where its last expression begins, if it ends with one.
    pub(super) tail: Option<LineColumn>,
    parses: bool,
}

impl Cell {
    pub(super) fn new(code: CodeCell) -> Self {
        let mut cell = Self {
            state: None,
            variables: BTreeSet::new(),
            items: BTreeSet::new(),
            uses: BTreeSet::new(),
            bound: BTreeSet::new(),
            tail: None,
            parses: true,
            code,
        };
        if cell.code.has_command() {
            let line = cell.code.source.lines().map(str::trim).find(|l| l.starts_with([':', '!']));
            cell.state = Some(CellState::KernelOnly(format!("`{}`", line.unwrap_or_default())));
            return cell;
        }
        if let Some(line) = blank(&cell.code.source) {
            cell.state = Some(CellState::Blank(line));
        }
        match syn::Block::parse_within.parse_str(&cell.code.source) {
            Ok(statements) => cell.read(&statements),
            Err(_) => cell.parses = false,
        }
        if cell.state.is_none() && cell.code.source.contains(".await") {
            cell.state = Some(CellState::KernelOnly("`.await`".to_owned()));
        }
        cell
    }

    /// False if this is not Rust.
    pub(super) fn parses(&self) -> bool {
        self.parses
    }

    fn read(&mut self, statements: &[Stmt]) {
        for statement in statements {
            Names(&mut self.bound).visit_stmt(statement);
            Uses(&mut self.uses).visit_stmt(statement);
            match statement {
                Stmt::Local(local) => Names(&mut self.variables).visit_pat(&local.pat),
                Stmt::Item(item) => self.items.extend(name_of(item)),
                Stmt::Expr(..) | Stmt::Macro(_) => {}
            }
        }
        self.tail = match statements.last() {
            Some(Stmt::Expr(expression, None)) => Some(expression.span().start()),
            Some(Stmt::Macro(call)) if call.semi_token.is_none() => Some(call.span().start()),
            _ => None,
        };
    }

    fn makes(&self, name: &str) -> bool {
        self.variables.contains(name) || self.items.contains(name)
    }
}

/// Marks every cell that uses what no cell before it makes any more.
pub(super) fn spread(cells: &mut [Cell]) {
    for k in 0..cells.len() {
        let (before, from) = cells.split_at_mut(k);
        let cell = &mut from[0];
        if cell.state.is_some() {
            continue;
        }
        let lost = cell.uses.iter().find_map(|word| {
            let made = |ok: bool| before.iter().rposition(|c| c.state.is_none() == ok && c.makes(word));
            match (made(true), made(false)) {
                (None, Some(place)) if !cell.bound.contains(word) || uses_first(&cell.code.source, word) => {
                    Some((word.clone(), before[place].code.index + 1))
                }
                _ => None,
            }
        });
        if let Some((word, number)) = lost {
            cell.state = Some(CellState::Needs(word, Some(number)));
        }
    }
}

/// True if a word is used before the cell itself makes it: `let x = x + 1`.
fn uses_first(source: &str, word: &str) -> bool {
    let Ok(statements) = syn::Block::parse_within.parse_str(source) else { return false };
    for statement in &statements {
        let mut made = BTreeSet::new();
        let mut used = BTreeSet::new();
        // What a closure or a block binds is its own.
        let mut inner = BTreeSet::new();
        match statement {
            Stmt::Local(local) => {
                Names(&mut made).visit_pat(&local.pat);
                if let Some(init) = &local.init {
                    Uses(&mut used).visit_expr(&init.expr);
                    Names(&mut inner).visit_expr(&init.expr);
                }
            }
            Stmt::Item(item) => made.extend(name_of(item)),
            Stmt::Expr(expression, _) => {
                Uses(&mut used).visit_expr(expression);
                Names(&mut inner).visit_expr(expression);
            }
            Stmt::Macro(call) => words(call.mac.tokens.clone(), &mut used),
        }
        if used.contains(word) && !inner.contains(word) {
            return true;
        }
        if made.contains(word) {
            return false;
        }
    }
    false
}

/// The line of the first blank, from 1; comments may speak of blanks.
fn blank(source: &str) -> Option<usize> {
    let code = |line: &str| line.split("//").next().is_some_and(|code| code.contains(BLANK));
    source.lines().position(code).map(|k| k + 1)
}

/// The words of a macro's text, but not fields and methods.
fn words(tokens: TokenStream, out: &mut BTreeSet<String>) {
    let mut after_dot = false;
    for token in tokens {
        match &token {
            TokenTree::Group(group) => words(group.stream(), out),
            TokenTree::Ident(word) if !after_dot => drop(out.insert(word.to_string())),
            TokenTree::Literal(literal) => in_braces(&literal.to_string(), out),
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
        // Two dots are a range.
        after_dot = matches!(&token, TokenTree::Punct(p) if p.as_char() == '.' && !after_dot);
    }
}

/// Words that a format string names: `"{interval} after {x:.3}"`.
fn in_braces(text: &str, out: &mut BTreeSet<String>) {
    for part in text.split('{').skip(1) {
        let word: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if word.chars().next().is_some_and(char::is_alphabetic) {
            out.insert(word);
        }
    }
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(i) => &i.ident,
        Item::Enum(i) => &i.ident,
        Item::Fn(i) => &i.sig.ident,
        Item::Macro(i) => i.ident.as_ref()?,
        Item::Mod(i) => &i.ident,
        Item::Static(i) => &i.ident,
        Item::Struct(i) => &i.ident,
        Item::Trait(i) => &i.ident,
        Item::Type(i) => &i.ident,
        Item::Union(i) => &i.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// The names that a pattern binds.
struct Names<'a>(&'a mut BTreeSet<String>);

impl Visit<'_> for Names<'_> {
    fn visit_pat(&mut self, pattern: &Pat) {
        if let Pat::Ident(name) = pattern {
            self.0.insert(name.ident.to_string());
        }
        syn::visit::visit_pat(self, pattern);
    }
}

/// The names that an expression speaks of, those in macros too.
struct Uses<'a>(&'a mut BTreeSet<String>);

impl Visit<'_> for Uses<'_> {
    fn visit_path(&mut self, path: &syn::Path) {
        if let [first] = &path.segments.iter().collect::<Vec<_>>()[..] {
            self.0.insert(first.ident.to_string());
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &syn::Macro) {
        words(call.tokens.clone(), self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(sources: &[&str]) -> Vec<Cell> {
        let code = |(index, source): (usize, &&str)| CodeCell {
            index,
            grade_id: None,
            source: (*source).to_owned(),
            execution_count: None,
        };
        let mut cells: Vec<Cell> = sources.iter().enumerate().map(code).map(Cell::new).collect();
        spread(&mut cells);
        cells
    }

    #[test]
    fn names_and_tails_are_seen() {
        let made = &cells(&["let (a, mut b) = (1, 2);\nfn f() { let c = 1; }\nstruct S;\n  a.clone()"])[0];
        assert_eq!(made.variables.iter().collect::<Vec<_>>(), ["a", "b"]);
        assert!(made.makes("f") && made.makes("S") && !made.makes("c"));
        assert_eq!(made.tail, Some(LineColumn { line: 4, column: 2 }));
        assert!(cells(&["f(x);", "use a::b;"]).iter().all(|c| c.tail.is_none()));
        assert!(!cells(&["let x = (1;"])[0].parses());
    }

    #[test]
    fn a_blank_holds_up_what_depends_on_it() {
        let cells = cells(&[
            "let tau = ____;",
            "let x = 2.0 * tau;",
            "println!(\"{x:.1}\");",
            "let tau = 3.0;",
            "let y = tau; // not ____",
            "let x = x + 1.0;",
            "let eq = \"dv/dt = ____ : 1\";",
            ":dep serde",
            "let z: Vec<f64> = y.x().iter().map(|x| x + 1.0).collect();",
        ]);
        let states: Vec<_> = cells.into_iter().map(|c| c.state).collect();
        let needs = |name: &str, number| Some(CellState::Needs(name.to_owned(), Some(number)));
        assert_eq!(states[0], Some(CellState::Blank(1)));
        assert_eq!(states[1..6], [needs("tau", 1), needs("x", 2), None, None, needs("x", 2)]);
        assert_eq!(states[6], Some(CellState::Blank(1)));
        assert_eq!(states[8], None, "a method and a closure's own name");
        assert_eq!(states[7], Some(CellState::KernelOnly("`:dep serde`".to_owned())));
    }
}
