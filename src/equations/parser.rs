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

use super::ast::{
    Assign, BinaryOp, Compare, Expr, ExprKind, Flag, RawEquation, Span, Statement, UnaryOp, ValueType,
};
use super::lexer::{Token, tokens};
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::units::{self, Dimension, Quantity};

/// Deep enough for any sensible formula, shallow enough for any stack.
const DEEPEST: usize = 200;

struct Parser {
    tokens: Vec<(Token, Span)>,
    at: usize,
    depth: usize,
    /// Line ends inside an expression of an equation are mere space: it goes on up to the colon.
    skip_newlines: bool,
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

/// Parses a block of equations.
pub(crate) fn parse_equations(text: &str) -> Result<Vec<RawEquation>> {
    let parse = || {
        let mut p = Parser::new(text)?;
        let mut out: Vec<RawEquation> = Vec::new();
        loop {
            while *p.peek() == Token::Newline {
                p.advance();
            }
            if *p.peek() == Token::End {
                return Ok(out);
            }
            let equation = p.equation()?;
            if let Some(first) = out.iter().find(|e| e.name == equation.name) {
                return Err(Error::new(ErrorKind::Syntax, format!("`{}` is defined twice", equation.name))
                    .label(first.name_span.clone(), "first here")
                    .label(equation.name_span, "and again here")
                    .help("keep one of the two lines"));
            }
            out.push(equation);
        }
    };
    parse().map_err(|e: Error| e.in_text("equations", text))
}

/// Reads a unit expression such as `siemens/meter**2`; the answer keeps its scale.
pub(crate) fn parse_unit(text: &str) -> Result<Quantity> {
    unit_value(&parse_expression("unit", text)?).map_err(|e| e.in_text("unit", text))
}

fn unit_value(expr: &Expr) -> Result<Quantity> {
    let wrong = || {
        Error::new(ErrorKind::Dimension, format!("`{expr}` is not a unit"))
            .label(expr.span.clone(), "expected a unit such as `1`, `volt` or `siemens/meter**2`")
    };
    match &expr.kind {
        ExprKind::Number(x) => Ok(Quantity::from(*x)),
        ExprKind::Name(name) => units::lookup(name).ok_or_else(|| {
            let error = wrong();
            match did_you_mean(name, units::names().chain(["boolean", "integer"])) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help("after the colon stands the unit of the variable"),
            }
        }),
        ExprKind::Binary(BinaryOp::Mul, a, b) => Ok(unit_value(a)? * unit_value(b)?),
        ExprKind::Binary(BinaryOp::Div, a, b) => Ok(unit_value(a)? / unit_value(b)?),
        ExprKind::Binary(BinaryOp::Pow, a, b) => {
            let exponent = match &b.kind {
                ExprKind::Unary(UnaryOp::Neg, e) => -unit_value(e)?.value(),
                _ => unit_value(b)?.value(),
            };
            unit_value(a)?.powf(exponent).checked()
        }
        _ => Err(wrong()),
    }
}

impl Parser {
    fn new(text: &str) -> Result<Self> {
        Ok(Self { tokens: tokens(text)?, at: 0, depth: 0, skip_newlines: false })
    }

    fn peek(&mut self) -> &Token {
        while self.skip_newlines && self.tokens[self.at].0 == Token::Newline {
            self.at += 1;
        }
        &self.tokens[self.at].0
    }

    fn span(&mut self) -> Span {
        self.peek();
        self.tokens[self.at].1.clone()
    }

    fn advance(&mut self) -> (Token, Span) {
        self.peek();
        let token = self.tokens[self.at].clone();
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        token
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Token::Symbol(s) if *s == symbol);
        if found {
            self.advance();
        }
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Name(n) if n == word);
        if found {
            self.advance();
        }
        found
    }

    fn unexpected(&mut self, wanted: &str) -> Error {
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

    fn need(&mut self, symbol: &str) -> Result<Span> {
        let span = self.span();
        if self.take(symbol) { Ok(span) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    fn expression(&mut self) -> Result<Expr> {
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
    fn binary(&mut self, least: u8) -> Result<Expr> {
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

    fn operator(&mut self, strength: u8) -> Option<BinaryOp> {
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

    fn sign(&mut self) -> Result<Expr> {
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

    fn nested(&mut self, f: fn(&mut Self) -> Result<Expr>) -> Result<Expr> {
        self.depth += 1;
        let out = if self.depth > DEEPEST { self.expression() } else { f(self) };
        self.depth -= 1;
        out
    }

    fn atom(&mut self) -> Result<Expr> {
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

    fn step_back(&mut self, to: &Span) {
        while self.at > 0 && self.tokens[self.at].1.start > to.start {
            self.at -= 1;
        }
    }

    fn close(&mut self, open: &Span) -> Result<usize> {
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

    fn statement(&mut self) -> Result<Statement> {
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

    fn equation(&mut self) -> Result<RawEquation> {
        let (token, first) = self.advance();
        let Token::Name(word) = token else {
            self.step_back(&first);
            return Err(self.unexpected("an equation such as `dv/dt = -v/tau : 1`"));
        };
        let (name, name_span, differential) =
            if self.take("/") { self.derivative(&word, &first)? } else { (word, first, false) };
        let expr = if self.take("=") {
            self.skip_newlines = true;
            let expr = self.expression()?;
            self.skip_newlines = false;
            Some(expr)
        } else {
            None
        };
        if differential && expr.is_none() {
            return Err(self.unexpected("`=` and the right-hand side"));
        }
        self.skip_newlines = expr.is_some();
        if !self.take(":") {
            self.skip_newlines = false;
            return Err(self.unexpected("`:` and a unit").help(
                "every equation ends with its unit: `dv/dt = -v/tau : volt`, or `: 1` for a plain number",
            ));
        }
        self.skip_newlines = false;
        let (dimension, value_type) = self.unit()?;
        let flags = if self.take("(") { self.flags()? } else { Vec::new() };
        if !matches!(self.peek(), Token::Newline | Token::End) {
            return Err(self
                .unexpected("the end of the line")
                .help("write each equation on a line of its own"));
        }
        self.reserved(&name, &name_span)?;
        Ok(RawEquation { name, name_span, differential, expr, dimension, value_type, flags })
    }

    fn derivative(&mut self, word: &str, first: &Span) -> Result<(String, Span, bool)> {
        let span = self.span();
        if !self.take_word("dt") {
            return Err(self.unexpected("`dt`").help("a differential equation begins with `dv/dt = `"));
        }
        match word.strip_prefix('d') {
            Some(name) if !name.is_empty() => Ok((name.to_owned(), first.start + 1..first.end, true)),
            _ => Err(Error::new(ErrorKind::Syntax, "the left-hand side is not a derivative")
                .label(first.start..span.end, "expected `dv/dt`, with the name of the variable after the d")),
        }
    }

    /// These names mean something in every model.
    fn reserved(&self, name: &str, span: &Span) -> Result<()> {
        const TAKEN: [&str; 10] = ["t", "dt", "i", "j", "N", "xi", "lastspike", "not_refractory", "e", "pi"];
        let problem = if TAKEN.contains(&name) {
            format!("`{name}` already has a meaning in every model")
        } else if units::lookup(name).is_some() {
            format!("`{name}` is the name of a unit")
        } else if name.ends_with("_pre") || name.ends_with("_post") {
            format!("`{name}` ends like a variable seen from a synapse")
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Syntax, problem)
            .label(span.clone(), "choose another name")
            .help(format!("rename it, for example to `{name}_1`")))
    }

    fn unit(&mut self) -> Result<(Dimension, ValueType)> {
        if self.take_word("boolean") {
            return Ok((Dimension::NONE, ValueType::Boolean));
        }
        if self.take_word("integer") {
            return Ok((Dimension::NONE, ValueType::Integer));
        }
        let expr = self.unit_expression()?;
        let unit = unit_value(&expr)?;
        if (unit.value() - 1.0).abs() > 1e-12 {
            return Err(Error::new(ErrorKind::Dimension, format!("`{expr}` is not a base unit"))
                .label(expr.span.clone(), "a scaled unit")
                .help(format!(
                    "write `{}`; values may still be given in any unit, as in `10*mV`",
                    unit.dimension()
                )));
        }
        Ok((unit.dimension(), ValueType::Float))
    }

    /// Products, quotients and powers only: a bracket after the unit begins the flags.
    fn unit_expression(&mut self) -> Result<Expr> {
        let mut left = self.unit_factor()?;
        loop {
            let op = match self.peek() {
                Token::Symbol("*") => BinaryOp::Mul,
                Token::Symbol("/") => BinaryOp::Div,
                _ => return Ok(left),
            };
            self.advance();
            let right = self.unit_factor()?;
            let span = left.span.start..right.span.end;
            left = Expr { kind: ExprKind::Binary(op, Box::new(left), Box::new(right)), span };
        }
    }

    fn unit_factor(&mut self) -> Result<Expr> {
        let (token, span) = self.advance();
        let base = match token {
            Token::Number(x) => Expr { kind: ExprKind::Number(x), span },
            Token::Name(n) => Expr { kind: ExprKind::Name(n), span },
            Token::Symbol("(") => {
                let inner = self.unit_expression()?;
                self.close(&span)?;
                inner
            }
            _ => {
                self.step_back(&span);
                return Err(self.unexpected("a unit such as `1`, `volt` or `second`"));
            }
        };
        if !self.take("**") {
            return Ok(base);
        }
        let exponent = self.sign()?;
        let span = base.span.start..exponent.span.end;
        Ok(Expr { kind: ExprKind::Binary(BinaryOp::Pow, Box::new(base), Box::new(exponent)), span })
    }

    fn flags(&mut self) -> Result<Vec<(Flag, Span)>> {
        let mut out = Vec::new();
        loop {
            let start = self.span().start;
            let mut words = String::new();
            let mut end = start;
            loop {
                match self.peek().clone() {
                    Token::Name(n) => {
                        words += &format!(
                            "{}{n}",
                            if words.is_empty() || words.ends_with('-') { "" } else { " " }
                        );
                    }
                    Token::Symbol("-") => words.push('-'),
                    _ => break,
                }
                end = self.advance().1.end;
            }
            match Flag::ALL.iter().find(|(name, _)| *name == words) {
                Some((_, flag)) => out.push((*flag, start..end)),
                None => return Err(unknown_flag(&words, start..end.max(start + 1))),
            }
            if self.take(",") {
                continue;
            }
            self.need(")")?;
            return Ok(out);
        }
    }
}

fn unknown_flag(words: &str, span: Span) -> Error {
    let error = Error::new(ErrorKind::Syntax, format!("unknown flag `{words}`")).label(span, "not a flag");
    match did_you_mean(words, Flag::ALL.iter().map(|(n, _)| *n)) {
        Some(near) => error.help(format!("did you mean `({near})`?")),
        None => error.help(format!("flags are {}", Flag::ALL.map(|(n, _)| format!("`{n}`")).join(", "))),
    }
}

#[cfg(test)]
mod tests {
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
