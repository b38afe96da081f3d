//! `Equations` as a value: read once, joined with others, names replaced, and handed to groups and synapses.
//! What groups do with equations is theirs; this is only the text and its parts.

use std::collections::BTreeMap;
use std::fmt;

use crate::description::Value;
use crate::equations::{Assembled, Definition, Expr, ExprKind, parse_expression};
use crate::error::{Error, ErrorKind, Result};
use crate::groups::IntoValue;
use crate::units::Dimension;

/// A block of equations, as Brian2's
/// [`Equations`](https://brian2.readthedocs.io/en/2.9.0/user/equations.html#creating-equations-objects).
///
/// ```
/// use spikelab::prelude::*;
/// use spikelab::Equations;
/// let leak = Equations::parse("dx/dt = -x/tau : volt")?;
/// let model = leak.substitute("x", "v")?.substitute("tau", 10.0 * ms)?.join(&Equations::parse("w : 1")?)?;
/// assert_eq!(model.to_string(), "dv/dt = -v / (0.01 * second) : volt\nw : 1");
/// assert_eq!(model.diff_eq_names(), ["v"]);
/// let mut net = Network::new();
/// net.add(NeuronGroup::new(3, &model))?;
/// # Ok::<(), spikelab::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Equations(Assembled);

impl Equations {
    /// Reads a block of equations.
    ///
    /// # Errors
    /// A line that is no equation, a name that stands twice, a flag that does not fit.
    pub fn parse(text: &str) -> Result<Self> {
        Assembled::parse(text).map(Self)
    }

    /// These equations and the others.
    ///
    /// # Errors
    /// A variable that both of them define.
    pub fn join(&self, others: &Self) -> Result<Self> {
        Self::parse(&format!("{self}\n{others}"))
    }

    /// The same equations with another name, a number, a quantity or an expression in the place of a name.
    ///
    /// # Errors
    /// A name that does not occur, an expression in the place of a variable that is defined here, a text that is none.
    pub fn substitute(&self, name: &str, by: impl IntoValue) -> Result<Self> {
        let text = match by.into_value()? {
            Value::Expression(text) => text,
            Value::Numbers { values, unit } if values.len() == 1 => {
                let number = format!("{:?}", values[0]);
                if unit == "1" { number } else { format!("{number}*{unit}") }
            }
            Value::Numbers { values, .. } => {
                return Err(Error::new(
                    ErrorKind::Shape,
                    format!("{} numbers cannot stand in the place of `{name}`", values.len()),
                )
                .help("give one number, one quantity, a name or an expression"));
            }
        };
        let new = parse_expression("substitution", &text)?;
        let mut equations = self.0.clone();
        let mut found = false;
        for equation in &mut equations.list {
            if equation.name == name {
                let ExprKind::Name(renamed) = &new.kind else {
                    return Err(Error::new(
                        ErrorKind::Value,
                        format!("`{name}` is defined by these equations and can only be renamed"),
                    )
                    .help("give another name, or take the line that defines it out"));
                };
                equation.name = renamed.clone();
                found = true;
            }
            if let Definition::Differential(expr) | Definition::Subexpression(expr) = &mut equation.definition
            {
                found |= replace(expr, name, &new);
            }
        }
        if !found {
            return Err(Error::new(
                ErrorKind::UnknownName,
                format!("`{name}` does not occur in these equations"),
            )
            .help("names are replaced where they stand alone, not within other names"));
        }
        // Read again, so that all rules hold for the new text too.
        Self::parse(&equations.to_string())
    }

    /// All variables, in order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.0.list.iter().map(|eq| eq.name.as_str()).collect()
    }

    /// The variables with a differential equation.
    #[must_use]
    pub fn diff_eq_names(&self) -> Vec<&str> {
        self.of_kind(|d| matches!(d, Definition::Differential(_)))
    }

    /// The parameters.
    #[must_use]
    pub fn parameter_names(&self) -> Vec<&str> {
        self.of_kind(|d| matches!(d, Definition::Parameter))
    }

    /// The subexpressions.
    #[must_use]
    pub fn subexpression_names(&self) -> Vec<&str> {
        self.of_kind(|d| matches!(d, Definition::Subexpression(_)))
    }

    /// Every variable with its dimension, as Brian2's `Equations.dimensions`.
    ///
    /// ```
    /// let model = spikelab::Equations::parse("dv/dt = -v/(10*ms) : volt\n w : 1")?;
    /// assert_eq!(model.dimensions()["v"].to_string(), "volt");
    /// # Ok::<(), spikelab::Error>(())
    /// ```
    #[must_use]
    pub fn dimensions(&self) -> BTreeMap<&str, Dimension> {
        self.0.list.iter().map(|eq| (eq.name.as_str(), eq.dimension)).collect()
    }

    fn of_kind(&self, test: impl Fn(&Definition) -> bool) -> Vec<&str> {
        self.0.list.iter().filter(|eq| test(&eq.definition)).map(|eq| eq.name.as_str()).collect()
    }
}

/// Puts `new` in the place of every `name`; true if there was one.
fn replace(expr: &mut Expr, name: &str, new: &Expr) -> bool {
    match &mut expr.kind {
        ExprKind::Name(n) if n == name => {
            *expr = new.clone();
            true
        }
        ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::Name(_) => false,
        ExprKind::Unary(_, a) => replace(a, name, new),
        ExprKind::Binary(_, a, b) => {
            let found = replace(a, name, new);
            replace(b, name, new) || found
        }
        ExprKind::Call(_, args) => {
            let found: Vec<bool> = args.iter_mut().map(|a| replace(a, name, new)).collect();
            found.contains(&true)
        }
    }
}

impl fmt::Display for Equations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<Equations> for String {
    fn from(equations: Equations) -> Self {
        equations.to_string()
    }
}

impl From<&Equations> for String {
    fn from(equations: &Equations) -> Self {
        equations.to_string()
    }
}

impl std::str::FromStr for Equations {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_reads_the_same() {
        let text = "dv/dt = -(v + 1*mV)/(2*ms) : volt (unless refractory)\nb = not (v > 0*mV or n == 2) : boolean\nn : integer (constant)";
        let equations = Equations::parse(text).unwrap();
        let again = Equations::parse(&equations.to_string()).unwrap();
        assert_eq!(again.to_string(), equations.to_string());
        assert_eq!(equations.subexpression_names(), ["b"]);
        assert_eq!(equations.parameter_names(), ["n"]);
    }

    #[test]
    fn impossible_changes_are_refused() {
        let equations = Equations::parse("dv/dt = -v/tau : 1").unwrap();
        let says = |result: Result<Equations>, part: &str| {
            let text = result.unwrap_err().to_string();
            assert!(text.contains(part), "{text}");
        };
        says(equations.substitute("v", 3.0), "only be renamed");
        says(equations.substitute("tua", "x"), "does not occur");
        says(equations.substitute("tau", "1 +"), "expected");
        says(equations.join(&equations), "defined twice");
        assert_eq!(equations.substitute("tau", "a + b").unwrap().to_string(), "dv/dt = -v / (a + b) : 1");
    }
}
