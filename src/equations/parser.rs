//! Tokens to syntax trees, by recursive descent.
//!
//! ```text
//! equations  = { ("d" name "/" "dt" "=" or | name "=" or | name) ":" unit [ "(" flag { "," flag } ")" ] end }
//! statements = { name ("=" | "+=" | "-=" | "*=" | "/=" | "//=" | "%=" | "**=") or end }      end = newline | ";"
//! or   = and { "or" and }          and  = not { "and" not }        not  = "not" not | comparison
//! comparison = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ]
//! sum  = term { ("+" | "-") term } term = sign { ("*" | "/" | "//" | "%") sign }
//! sign = ("-" | "+") sign | power  power = atom [ "**" sign ]
//! atom = number | "True" | "False" | name [ "(" or { "," or } ")" ] | "(" or ")"
//! ```

use super::ast::{Assign, BinaryOp, Compare, Expr, ExprKind, Span, Statement, UnaryOp};
use super::lexer::{Token, tokens};
use crate::error::{Error, ErrorKind, Result};

/// Deep enough for any sensible formula, shallow enough for any stack.
const DEEPEST: usize = 200;

/// So many words make one expression at most: a tree of sums is as deep as it is long.
const LONGEST: usize = 1200;

pub(super) struct Parser {
    pub(super) tokens: Vec<(Token, Span)>,
    pub(super) at: usize,
    depth: usize,
    /// Where the present expression begins.
    start: usize,
    /// Line ends inside an expression of an equation are mere space: it goes on up to the colon.
    pub(super) skip_newlines: bool,
}

/// Parses one expression that fills the whole text.
pub(crate) fn parse_expression(name: &str, text: &str) -> Result<Expr> {
    let mut p = Parser::new(text).map_err(|e| e.in_text(name, text))?;
    p.skip_newlines = true;
    let expr = p.expression().map_err(|e| e.in_text(name, text))?;
    match p.peek() {
        Token::End => Ok(expr),
        _ => Err(p.unexpected("an operator or the end").in_text(name, text)),
    }
}

/// Parses statements, one a line or separated by semicolons.
pub(crate) fn parse_statements(name: &str, text: &str) -> Result<Vec<Statement>> {
    let parse = || {
        let mut p = Parser::new(text)?;
        let mut out = Vec::new();
        loop {
            while matches!(p.peek(), Token::Newline | Token::Symbol(";")) {
                p.advance();
            }
            if *p.peek() == Token::End {
                return Ok(out);
            }
            out.push(p.statement()?);
        }
    };
    parse().map_err(|e: Error| e.in_text(name, text))
}

impl Parser {
    pub(super) fn new(text: &str) -> Result<Self> {
        Ok(Self { tokens: tokens(text)?, at: 0, depth: 0, start: 0, skip_newlines: false })
    }

    pub(super) fn peek(&mut self) -> &Token {
        while self.skip_newlines && self.tokens[self.at].0 == Token::Newline {
            self.at += 1;
        }
        &self.tokens[self.at].0
    }

    pub(super) fn span(&mut self) -> Span {
        self.peek();
        self.tokens[self.at].1.clone()
    }

    pub(super) fn advance(&mut self) -> (Token, Span) {
        self.peek();
        let token = self.tokens[self.at].clone();
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        token
    }

    pub(super) fn take(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Token::Symbol(s) if *s == symbol);
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Name(n) if n == word);
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn unexpected(&mut self, wanted: &str) -> Error {
        let span = self.span();
        let found = match self.peek() {
            Token::Number(x) => format!("the number {x}"),
            Token::Name(n) => format!("`{n}`"),
            Token::Symbol(s) => format!("`{s}`"),
            Token::Newline => "the end of the line".into(),
            Token::End => "the end of the text".into(),
        };
        let error = Error::new(ErrorKind::Syntax, format!("expected {wanted}, found {found}"))
            .label(span, format!("expected {wanted}"));
        match self.peek() {
            Token::Symbol(")") => error.help("there is no `(` for this `)`"),
            Token::Symbol("=") => error.help("to compare, write `==`"),
            Token::Symbol("&") => error.help("write `and`"),
            Token::Symbol("|") => error.help("write `or`"),
            Token::Name(_) | Token::Number(_) => error.help("is an operator such as `*` missing before it?"),
            _ => error,
        }
    }

    pub(super) fn need(&mut self, symbol: &str) -> Result<Span> {
        let span = self.span();
        if self.take(symbol) { Ok(span) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    pub(super) fn expression(&mut self) -> Result<Expr> {
        if self.depth == 0 {
            self.start = self.at;
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            let span = self.span();
            return Err(Error::new(ErrorKind::Syntax, "the expression is nested too deeply")
                .label(span, "here")
                .help("name a part of it in an equation of its own, `part = … : 1`"));
        }
        let expr = self.binary(1);
        self.depth -= 1;
        expr
    }

    /// Operators of at least this strength, to the left first.
    pub(super) fn binary(&mut self, least: u8) -> Result<Expr> {
        if least == 3 {
            let start = self.span().start;
            if self.take_word("not") {
                self.depth += 1;
                let inner = if self.depth > DEEPEST { self.expression() } else { self.binary(3) }?;
                self.depth -= 1;
                let span = start..inner.span.end;
                return Ok(Expr { kind: ExprKind::Unary(UnaryOp::Not, Box::new(inner)), span });
            }
        }
        if least == 7 {
            return self.sign();
        }
        let mut left = self.binary(least + 1)?;
        while let Some(op) = self.operator(least) {
            if self.at - self.start > LONGEST {
                let span = self.span();
                return Err(Error::new(ErrorKind::Syntax, "the expression is too long")
                    .label(span, "here")
                    .help("name parts of it in equations of their own, `part = … : 1`"));
            }
            self.advance();
            let right = self.binary(least + 1)?;
            let span = left.span.start..right.span.end;
            left = Expr { kind: ExprKind::Binary(op, Box::new(left), Box::new(right)), span };
            if let (BinaryOp::Compare(_), Some(BinaryOp::Compare(_))) = (op, self.operator(4)) {
                let span = self.span();
                return Err(Error::new(ErrorKind::Syntax, "comparisons cannot be chained")
                    .label(span, "second comparison")
                    .help("write `a < b and b < c`"));
            }
        }
        Ok(left)
    }

    pub(super) fn operator(&mut self, strength: u8) -> Option<BinaryOp> {
        let op = match self.peek() {
            Token::Name(n) if n == "and" => BinaryOp::And,
            Token::Name(n) if n == "or" => BinaryOp::Or,
            Token::Symbol(s) => match *s {
                "+" => BinaryOp::Add,
                "-" => BinaryOp::Sub,
                "*" => BinaryOp::Mul,
                "/" => BinaryOp::Div,
                "//" => BinaryOp::FloorDiv,
                "%" => BinaryOp::Mod,
                "<" => BinaryOp::Compare(Compare::Lt),
                "<=" => BinaryOp::Compare(Compare::Le),
                ">" => BinaryOp::Compare(Compare::Gt),
                ">=" => BinaryOp::Compare(Compare::Ge),
                "==" => BinaryOp::Compare(Compare::Eq),
                "!=" => BinaryOp::Compare(Compare::Ne),
                _ => return None,
            },
            _ => return None,
        };
        (op.strength() == strength).then_some(op)
    }

    pub(super) fn sign(&mut self) -> Result<Expr> {
        let start = self.span().start;
        if self.take("+") {
            return self.nested(Self::sign);
        }
        if self.take("-") {
            let inner = self.nested(Self::sign)?;
            let span = start..inner.span.end;
            return Ok(Expr { kind: ExprKind::Unary(UnaryOp::Neg, Box::new(inner)), span });
        }
        let base = self.atom()?;
        if self.take("**") {
            let exponent = self.nested(Self::sign)?;
            let span = base.span.start..exponent.span.end;
            let kind = ExprKind::Binary(BinaryOp::Pow, Box::new(base), Box::new(exponent));
            return Ok(Expr { kind, span });
        }
        Ok(base)
    }

    pub(super) fn nested(&mut self, f: fn(&mut Self) -> Result<Expr>) -> Result<Expr> {
        self.depth += 1;
        let out = if self.depth > DEEPEST { self.expression() } else { f(self) };
        self.depth -= 1;
        out
    }

    pub(super) fn atom(&mut self) -> Result<Expr> {
        let (token, span) = self.advance();
        match token {
            Token::Number(x) => Ok(Expr { kind: ExprKind::Number(x), span }),
            Token::Name(n) if n == "True" || n == "true" => Ok(Expr { kind: ExprKind::Bool(true), span }),
            Token::Name(n) if n == "False" || n == "false" => Ok(Expr { kind: ExprKind::Bool(false), span }),
            Token::Name(n) if matches!(n.as_str(), "and" | "or" | "not") => {
                self.step_back(&span);
                Err(self.unexpected("a number, a name or `(`"))
            }
            Token::Name(name) => {
                if !self.take("(") {
                    return Ok(Expr { kind: ExprKind::Name(name), span });
                }
                let mut args = Vec::new();
                if !matches!(self.peek(), Token::Symbol(")")) {
                    args.push(self.expression()?);
                    while self.take(",") {
                        args.push(self.expression()?);
                    }
                }
                let end = self.close(&span)?;
                Ok(Expr { kind: ExprKind::Call(name, args), span: span.start..end })
            }
            Token::Symbol("(") => {
                let inner = self.expression()?;
                let end = self.close(&span)?;
                Ok(Expr { span: span.start..end, ..inner })
            }
            _ => {
                self.step_back(&span);
                Err(self.unexpected("a number, a name or `(`"))
            }
        }
    }

    pub(super) fn step_back(&mut self, to: &Span) {
        while self.at > 0 && self.tokens[self.at].1.start > to.start {
            self.at -= 1;
        }
    }

    pub(super) fn close(&mut self, open: &Span) -> Result<usize> {
        let span = self.span();
        if self.take(")") {
            return Ok(span.end);
        }
        if matches!(self.peek(), Token::End | Token::Newline | Token::Symbol(":")) {
            return Err(Error::new(ErrorKind::Syntax, "a bracket is not closed")
                .label(open.clone(), "opened here")
                .label(span, "`)` expected by here")
                .help("add the missing `)`"));
        }
        Err(self.unexpected("`)` or an operator"))
    }

    pub(super) fn statement(&mut self) -> Result<Statement> {
        let (token, target_span) = self.advance();
        let Token::Name(target) = token else {
            self.step_back(&target_span);
            return Err(self
                .unexpected("a statement such as `v = 0`")
                .help("each statement sets one variable: `v = 0`, `v += w`"));
        };
        let assign = match self.peek() {
            Token::Symbol(s) => match *s {
                "=" => Assign::Set,
                "+=" => Assign::With(BinaryOp::Add),
                "-=" => Assign::With(BinaryOp::Sub),
                "*=" => Assign::With(BinaryOp::Mul),
                "/=" => Assign::With(BinaryOp::Div),
                "//=" => Assign::With(BinaryOp::FloorDiv),
                "%=" => Assign::With(BinaryOp::Mod),
                "**=" => Assign::With(BinaryOp::Pow),
                "==" => {
                    return Err(self.unexpected("`=`").help("`==` compares; to set a variable write `=`"));
                }
                _ => return Err(self.unexpected("`=`, `+=` or the like")),
            },
            _ => return Err(self.unexpected("`=`, `+=` or the like")),
        };
        self.advance();
        let value = self.expression()?;
        if !matches!(self.peek(), Token::Newline | Token::Symbol(";") | Token::End) {
            return Err(self.unexpected("an operator or the end of the line"));
        }
        Ok(Statement { target, target_span, assign, value })
    }
}

#[cfg(test)]
mod tests {
    use super::super::declarations::parse_equations;
    use super::*;

    #[track_caller]
    fn shows(text: &str, expected: &str) {
        assert_eq!(parse_expression("test", text).unwrap().to_string(), expected);
    }

    #[test]
    fn precedence_is_pythons() {
        shows("-v**2", "-v**2");
        shows("(-v)**2", "(-v)**2");
        shows("2**-v", "2**-v");
        shows("a - (b - c) - d", "a - (b - c) - d");
        shows("(a*b)/c*d", "a * b / c * d");
        shows("not a > 1 and b or c", "not a > 1 and b or c");
        shows("not (a and b)", "not (a and b)");
        shows("exp(-t/tau) // 2 % 3", "exp(-t / tau) // 2 % 3");
    }

    #[track_caller]
    fn fails(text: &str, part: &str) {
        let report = parse_equations(text).unwrap_err().to_string();
        assert!(report.contains(part), "{report}");
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        fails("dv/dt = (1 - v/tau : 1", "not closed");
        fails("dv/dt = (1 - v)/tau", "every equation ends with its unit");
        fails("dv/dt = (1 - v))/tau : 1", "no `(` for this `)`");
        fails("dv/dt = -v/tau : mV", "`volt`");
        fails("dv/dt = -v/tau : 1 (unless refractoy)", "unless refractory");
        fails("v/dt = -v/tau : 1", "expected `dv/dt`");
        fails("dv/dt = ____ : 1", "not filled in");
        fails("v : 1\nv : volt", "defined twice");
        fails("dv/dt = 2 v/tau : 1", "operator such as `*` missing");
        fails("t : second", "already has a meaning");
        fails("dv/dt = -v/tau : secnd", "did you mean `second`?");
    }

    #[test]
    fn equations_go_over_lines() {
        let eqs = parse_equations(
            "dv/dt = (a\n  + b)/tau : volt (unless refractory, constant)\nw : siemens/meter**2\n",
        )
        .unwrap();
        assert_eq!(eqs.len(), 2);
        assert_eq!(eqs[0].flags.len(), 2);
        assert_eq!(eqs[1].dimension.to_string(), "siemens/meter**2");
    }

    #[test]
    fn deep_nesting_is_refused_not_crashed() {
        let text = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
        assert!(parse_expression("test", &text).is_err());
        assert!(parse_expression("test", &"-".repeat(5000)).is_err());
        assert!(parse_expression("test", &"not ".repeat(5000)).is_err());
    }
}
