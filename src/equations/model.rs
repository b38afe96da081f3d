//! `Equations`: a parsed block, sorted into differential equations, subexpressions and parameters.
//! Flags are checked here, because they depend on the kind of equation alone.

use std::fmt;

use super::Scope;
use super::ast::{Expr, Flag, RawEquation, Span, ValueType};
use super::declarations::parse_equations;
use super::unitcheck::{Kind, check_expression, expect};
use crate::error::{Error, ErrorKind, Result};
use crate::units::Dimension;

/// What kind of line an equation is.
#[derive(Clone, Debug)]
pub(crate) enum Definition {
    /// `dv/dt = …`
    Differential(Expr),
    /// `x = …`, computed whenever it is used.
    Subexpression(Expr),
    /// `tau : second`, set from outside.
    Parameter,
}

/// One line of the model.
#[derive(Clone, Debug)]
pub(crate) struct Equation {
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) definition: Definition,
    pub(crate) dimension: Dimension,
    pub(crate) value_type: ValueType,
    pub(crate) flags: Vec<Flag>,
}

impl Equation {
    pub(crate) fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// True if the variable keeps a value between steps.
    pub(crate) fn is_stored(&self) -> bool {
        !matches!(self.definition, Definition::Subexpression(_)) || self.has(Flag::ConstantOverDt)
    }
}

/// A whole block of equations with its text.
#[derive(Clone, Debug)]
pub(crate) struct Equations {
    pub(crate) text: String,
    pub(crate) list: Vec<Equation>,
}

impl Equations {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let raw = parse_equations(text)?;
        let list = raw
            .into_iter()
            .map(sort_out)
            .collect::<Result<Vec<_>>>()
            .map_err(|e| e.in_text("equations", text))?;
        let equations = Self { text: text.to_owned(), list };
        equations.refuse_circles().map_err(|e| e.in_text("equations", text))?;
        equations.refuse_unshared().map_err(|e| e.in_text("equations", text))?;
        Ok(equations)
    }

    /// Dimensions of all right-hand sides.
    pub(crate) fn check(&self, scope: &Scope) -> Result<()> {
        let mut noisy = scope.clone();
        self.declare_noises(&mut noisy);
        let check = |eq: &Equation| match &eq.definition {
            Definition::Parameter => Ok(()),
            Definition::Differential(expr) => {
                let what = format!("`d{}/dt`", eq.name);
                expect(expr, &noisy, eq.dimension / Dimension::TIME, &what).map_err(|e| match e.kind() {
                    // An unknown name has nothing to do with what is expected.
                    ErrorKind::Dimension => e.label(
                        eq.name_span.clone(),
                        format!("{} per second expected on the right", eq.dimension),
                    ),
                    _ => e,
                })
            }
            Definition::Subexpression(expr) if eq.value_type == ValueType::Boolean => {
                match check_expression(expr, scope)? {
                    Kind::Condition => Ok(()),
                    Kind::Number(_) => Err(Error::new(
                        ErrorKind::Type,
                        format!("`{}` is declared boolean, but its value is a number", eq.name),
                    )
                    .label(expr.span.clone(), "this is a number")),
                }
            }
            // True counts as 1 and False as 0.
            Definition::Subexpression(expr)
                if eq.dimension.is_none() && check_expression(expr, scope)? == Kind::Condition =>
            {
                Ok(())
            }
            Definition::Subexpression(expr) => expect(expr, scope, eq.dimension, &format!("`{}`", eq.name)),
        };
        self.list.iter().try_for_each(check).map_err(|e| e.in_text("equations", &self.text))
    }

    /// The names of white noise that differential equations use: `xi`, and `xi_` with something behind it.
    pub(crate) fn noises(&self, scope: &Scope) -> Vec<String> {
        let mut found = Vec::new();
        for (_, expr) in self.differential() {
            expr.visit(&mut |e| {
                if let super::ast::ExprKind::Name(name) = &e.kind
                    && (name == "xi" || name.starts_with("xi_"))
                    && scope.symbol(name).is_none()
                    && !found.contains(name)
                {
                    found.push(name.clone());
                }
            });
        }
        found
    }

    /// Makes these names known to a scope that only differential equations are read in.
    pub(crate) fn declare_noises(&self, scope: &mut Scope) {
        let dimension = Dimension::TIME.powf(-0.5).unwrap_or(Dimension::NONE);
        for (k, name) in (0..).zip(self.noises(scope)) {
            let (value_type, meaning) = (ValueType::Float, super::Meaning::Noise(k));
            scope.insert(name, super::Symbol { dimension, value_type, meaning, writable: false });
        }
    }

    /// The names of all subexpressions.
    pub(crate) fn subexpressions(&self) -> impl Iterator<Item = &str> {
        let named = |eq: &Equation| matches!(eq.definition, Definition::Subexpression(_));
        self.list.iter().filter(move |eq| named(eq)).map(|eq| eq.name.as_str())
    }

    pub(crate) fn differential(&self) -> impl Iterator<Item = (&Equation, &Expr)> {
        self.list.iter().filter_map(|eq| match &eq.definition {
            Definition::Differential(expr) => Some((eq, expr)),
            _ => None,
        })
    }

    /// Flags that mean something for the other kind of object only.
    pub(crate) fn refuse_flags(&self, object: &str, foreign: &[Flag]) -> Result<()> {
        for eq in &self.list {
            if let Some(flag) = eq.flags.iter().find(|flag| foreign.contains(flag)) {
                let word = flag.word();
                return Err(Error::new(
                    ErrorKind::Syntax,
                    format!("`({word})` has no meaning in the equations of {object}"),
                )
                .label(eq.name_span.clone(), format!("has the flag `{word}`"))
                .help("leave the flag out")
                .in_text("equations", &self.text));
            }
        }
        Ok(())
    }

    /// Shared subexpressions that read what differs from element to element.
    fn refuse_unshared(&self) -> Result<()> {
        for eq in self.list.iter().filter(|eq| eq.has(Flag::Shared)) {
            let Definition::Subexpression(expr) = &eq.definition else { continue };
            let mut own = None;
            expr.visit(&mut |e| {
                if let super::ast::ExprKind::Name(name) = &e.kind
                    && (matches!(name.as_str(), "i" | "j" | "lastspike" | "not_refractory")
                        || self.list.iter().any(|other| other.name == *name && !other.has(Flag::Shared)))
                {
                    own = Some((name.clone(), e.span.clone()));
                }
            });
            if let Some((name, span)) = own {
                return Err(Error::new(
                    ErrorKind::Syntax,
                    format!("the shared `{}` reads `{name}`, which is not shared", eq.name),
                )
                .label(span, "differs from element to element")
                .help("leave the flag `shared` out here, or give it to both"));
            }
        }
        Ok(())
    }

    /// Subexpressions that need their own value to be computed.
    fn refuse_circles(&self) -> Result<()> {
        let sub = |name: &str| {
            self.list.iter().find_map(|eq| match &eq.definition {
                Definition::Subexpression(expr) if eq.name == name => Some((eq, expr)),
                _ => None,
            })
        };
        for start in &self.list {
            let Some((_, expr)) = sub(&start.name) else { continue };
            let (mut open, mut seen) = (vec![expr], Vec::new());
            while let Some(expr) = open.pop() {
                let mut names = Vec::new();
                expr.visit(&mut |e| {
                    if let super::ast::ExprKind::Name(n) = &e.kind {
                        names.push(n.clone());
                    }
                });
                for name in names {
                    if name == start.name {
                        return Err(Error::new(ErrorKind::Syntax, format!("`{name}` is defined by itself"))
                            .label(start.name_span.clone(), "needs its own value")
                            .help("break the circle, or make it a differential equation"));
                    }
                    if let Some((_, next)) = sub(&name)
                        && !seen.contains(&name)
                    {
                        seen.push(name);
                        open.push(next);
                    }
                }
            }
        }
        Ok(())
    }
}

fn sort_out(raw: RawEquation) -> Result<Equation> {
    let definition = match raw.expr {
        Some(expr) if raw.differential => Definition::Differential(expr),
        Some(expr) => Definition::Subexpression(expr),
        None => Definition::Parameter,
    };
    for (flag, span) in &raw.flags {
        let fits = match flag {
            Flag::UnlessRefractory | Flag::EventDriven | Flag::ClockDriven => {
                matches!(definition, Definition::Differential(_))
            }
            Flag::Constant | Flag::Linked => matches!(definition, Definition::Parameter),
            Flag::ConstantOverDt | Flag::Summed => matches!(definition, Definition::Subexpression(_)),
            Flag::Shared => !matches!(definition, Definition::Differential(_)),
        };
        let word = flag.word();
        if !fits {
            return Err(Error::new(
                ErrorKind::Syntax,
                format!("`({word})` does not fit this kind of equation"),
            )
            .label(span.clone(), "cannot stand here"));
        }
    }
    let has = |flag| raw.flags.iter().find(|(f, _)| *f == flag);
    if let (Some(_), Some((_, span))) = (has(Flag::EventDriven), has(Flag::ClockDriven)) {
        return Err(Error::new(ErrorKind::Syntax, "an equation is either event-driven or clock-driven")
            .label(span.clone(), "the second of the two"));
    }
    if raw.differential && raw.value_type != ValueType::Float {
        return Err(Error::new(ErrorKind::Type, "a differential equation needs a real number")
            .label(raw.name_span, "declared boolean or integer"));
    }
    Ok(Equation {
        name: raw.name,
        name_span: raw.name_span,
        definition,
        dimension: raw.dimension,
        value_type: raw.value_type,
        flags: raw.flags.into_iter().map(|(f, _)| f).collect(),
    })
}

impl fmt::Display for Equations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (k, eq) in self.list.iter().enumerate() {
            if k > 0 {
                writeln!(f)?;
            }
            match &eq.definition {
                Definition::Differential(expr) => write!(f, "d{}/dt = {expr}", eq.name)?,
                Definition::Subexpression(expr) => write!(f, "{} = {expr}", eq.name)?,
                Definition::Parameter => f.write_str(&eq.name)?,
            }
            match eq.value_type {
                ValueType::Float => write!(f, " : {}", eq.dimension)?,
                ValueType::Integer => f.write_str(" : integer")?,
                ValueType::Boolean => f.write_str(" : boolean")?,
            }
            if !eq.flags.is_empty() {
                let words = eq.flags.iter().filter_map(|flag| Flag::ALL.iter().find(|(_, f)| f == flag));
                write!(f, " ({})", words.map(|(w, _)| *w).collect::<Vec<_>>().join(", "))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_back_to_the_same_model() {
        let text = "dv/dt = (v0 - v) / tau : volt (unless refractory)\nv0 : volt (constant)\nx = v / v0 : 1";
        let once = Equations::parse(text).unwrap();
        assert_eq!(once.to_string(), text);
    }

    #[test]
    fn circles_are_refused() {
        let error = Equations::parse("a = b : 1\nb = a : 1").unwrap_err();
        assert!(error.to_string().contains("defined by itself"), "{error}");
    }
}
