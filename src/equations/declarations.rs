//! Equation lines to syntax trees: names, units behind the colon, flags in brackets.
//! The second half of the parser; the grammar stands at the head of the first.

use super::ast::{BinaryOp, Expr, ExprKind, Flag, RawEquation, Span, UnaryOp, ValueType};
use super::functions::Function;
use super::lexer::Token;
use super::parser::{Parser, parse_expression};
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::units::{self, Dimension, Quantity};

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

/// Reads a unit expression such as `siemens/meter**2` or `uF/cm**2`; the answer keeps its scale.
///
/// ```
/// use spikelab::prelude::*;
/// assert_eq!(spikelab::parse_unit("mV/nA")?, 1.0 * Mohm);
/// # Ok::<(), spikelab::Error>(())
/// ```
///
/// # Errors
/// A name that is no unit, or a text that is no product of powers.
pub fn parse_unit(text: &str) -> Result<Quantity> {
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
        if !flags.iter().any(|(flag, _)| *flag == Flag::Summed) {
            self.reserved(&name, &name_span)?;
        }
        Ok(RawEquation { name, name_span, differential, expr, dimension, value_type, flags })
    }

    fn derivative(&mut self, word: &str, first: &Span) -> Result<(String, Span, bool)> {
        let span = self.span();
        if !self.take_word("dt") {
            return Err(self.unexpected("`dt`").help("a differential equation begins with `dv/dt = `"));
        }
        match word.strip_prefix('d') {
            Some(name) if name.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                Ok((name.to_owned(), first.start + 1..first.end, true))
            }
            _ => Err(Error::new(ErrorKind::Syntax, "the left-hand side is not a derivative")
                .label(first.start..span.end, "expected `dv/dt`, with the name of the variable after the d")),
        }
    }

    /// These names mean something in every model.
    fn reserved(&self, name: &str, span: &Span) -> Result<()> {
        const TAKEN: [&str; 10] = ["t", "dt", "i", "j", "N", "xi", "lastspike", "not_refractory", "e", "pi"];
        let problem = if TAKEN.contains(&name) {
            format!("`{name}` already has a meaning in every model")
        } else if Function::find(name).is_some_and(|(f, _)| f != Function::Binomial) {
            format!("`{name}` is the name of a function")
        } else if units::lookup(name).is_some() {
            format!("`{name}` is the name of a unit")
        } else if name.starts_with('_') {
            format!("`{name}` begins with an underscore, as only internal variables do")
        } else if name.ends_with("_pre") || name.ends_with("_post") {
            format!("`{name}` ends like a variable seen from a synapse")
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Syntax, problem)
            .label(span.clone(), "choose another name")
            .help(format!("rename it, for example to `{}_1`", name.trim_matches('_'))))
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
