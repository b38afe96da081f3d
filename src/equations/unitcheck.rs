//! Dimensions of every expression and of both sides of every equation, checked before anything runs.
//! The rules are Brian2's: no implicit conversion, and 0 has no dimension either.

use super::ast::{Assign, BinaryOp, Compare, Expr, ExprKind, Statement, UnaryOp, ValueType};
use super::calls::call;
use super::functions::Function;
use super::namespace::{Meaning, Scope};
use crate::error::{Error, ErrorKind, Result};
use crate::units::Dimension;

/// What an expression yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number(Dimension),
    Condition,
}

impl Kind {
    fn of(value_type: ValueType, dimension: Dimension) -> Self {
        if value_type == ValueType::Boolean { Self::Condition } else { Self::Number(dimension) }
    }
}

/// The kind of `expr`, or what does not fit inside it.
pub(crate) fn check_expression(expr: &Expr, scope: &Scope) -> Result<Kind> {
    match &expr.kind {
        ExprKind::Number(_) => Ok(Kind::Number(Dimension::NONE)),
        ExprKind::Bool(_) => Ok(Kind::Condition),
        ExprKind::Name(name) => match scope.symbol(name) {
            Some(s) => Ok(Kind::of(s.value_type, s.dimension)),
            None if Function::find(name).is_some() => {
                Err(Error::new(ErrorKind::Syntax, format!("`{name}` is a function"))
                    .label(expr.span.clone(), "called without brackets")
                    .help(format!("write `{name}(…)`")))
            }
            None => Err(scope.unknown(name, expr)),
        },
        ExprKind::Unary(UnaryOp::Neg, a) => Ok(Kind::Number(number(a, scope)?)),
        ExprKind::Unary(UnaryOp::Not, a) => condition(a, scope, "not"),
        ExprKind::Binary(op, a, b) => binary(expr, *op, a, b, scope),
        ExprKind::Call(name, args) => call(expr, name, args, scope),
    }
}

/// Demands a number of dimension `wanted`; `what` names the left-hand side.
pub(crate) fn expect(expr: &Expr, scope: &Scope, wanted: Dimension, what: &str) -> Result<()> {
    let found = number(expr, scope)?;
    if found == wanted {
        return Ok(());
    }
    let error = Error::new(ErrorKind::Dimension, format!("dimensions do not match in {what}"))
        .label(expr.span.clone(), format!("this is {}", found.describe()))
        .help(format!("{what} needs {}", wanted.describe()));
    Err(error)
}

/// Checks statements in order; a target that is no variable becomes a local name from there on.
pub(crate) fn check_statements(statements: &[Statement], scope: &Scope) -> Result<()> {
    let mut scope = scope.clone();
    for s in statements {
        let kind = check_expression(&s.value, &scope)?;
        let Some(symbol) = scope.symbol(&s.target) else {
            if s.assign != Assign::Set {
                let target = Expr { kind: ExprKind::Name(s.target.clone()), span: s.target_span.clone() };
                return Err(scope.unknown(&s.target, &target));
            }
            let (dimension, value_type) = match kind {
                Kind::Number(d) => (d, ValueType::Float),
                Kind::Condition => (Dimension::NONE, ValueType::Boolean),
            };
            let meaning = Meaning::Constant(f64::NAN);
            scope.insert(s.target.clone(), super::Symbol { dimension, value_type, meaning, writable: true });
            continue;
        };
        if !symbol.writable {
            return Err(Error::new(ErrorKind::Type, format!("`{}` cannot be set", s.target))
                .label(s.target_span.clone(), "not a variable that code may change")
                .help("statements can set the variables and parameters of the model"));
        }
        check_assignment(s, kind, symbol.dimension, symbol.value_type, &scope)?;
    }
    refuse_idle(statements, &scope)
}

/// Refuses a new name that nothing reads: it is a mistyped variable more often than a forgotten one.
fn refuse_idle(statements: &[Statement], scope: &Scope) -> Result<()> {
    for (k, s) in statements.iter().enumerate() {
        let is_local =
            scope.symbol(&s.target).is_some_and(|s| matches!(s.meaning, Meaning::Constant(x) if x.is_nan()));
        let mut read = false;
        for later in &statements[k + 1..] {
            later.value.visit(&mut |e| read |= matches!(&e.kind, ExprKind::Name(n) if *n == s.target));
        }
        if is_local && !read {
            let target = Expr { kind: ExprKind::Name(s.target.clone()), span: s.target_span.clone() };
            return Err(scope.unknown(&s.target, &target));
        }
    }
    Ok(())
}

fn check_assignment(
    s: &Statement,
    kind: Kind,
    dimension: Dimension,
    value_type: ValueType,
    scope: &Scope,
) -> Result<()> {
    let what = format!("`{}`", s.target);
    if value_type == ValueType::Boolean {
        return match kind {
            Kind::Condition => Ok(()),
            Kind::Number(_) => Err(Error::new(ErrorKind::Type, format!("{what} holds True or False"))
                .label(s.value.span.clone(), "this is a number")),
        };
    }
    match s.assign {
        Assign::Set | Assign::With(BinaryOp::Add | BinaryOp::Sub) => {
            expect(&s.value, scope, dimension, &what)
                .map_err(|e| e.label(s.target_span.clone(), format!("this is {}", dimension.describe())))
        }
        Assign::With(_) => expect(&s.value, scope, Dimension::NONE, &format!("the factor of {what}")),
    }
}

/// The dimension of an expression that must be a number.
pub(super) fn number(expr: &Expr, scope: &Scope) -> Result<Dimension> {
    match check_expression(expr, scope)? {
        Kind::Number(d) => Ok(d),
        Kind::Condition => Err(Error::new(ErrorKind::Type, "a condition stands where a number is needed")
            .label(expr.span.clone(), "this is True or False")
            .help("turn a condition into 0 or 1 with `int(…)`")),
    }
}

fn condition(expr: &Expr, scope: &Scope, op: &str) -> Result<Kind> {
    match check_expression(expr, scope)? {
        Kind::Condition => Ok(Kind::Condition),
        Kind::Number(_) => Err(Error::new(ErrorKind::Type, format!("`{op}` joins conditions, not numbers"))
            .label(expr.span.clone(), "this is a number")
            .help("compare it with something, as in `v > 1`")),
    }
}

fn binary(expr: &Expr, op: BinaryOp, a: &Expr, b: &Expr, scope: &Scope) -> Result<Kind> {
    let same = |verb: &str| -> Result<Dimension> {
        let (da, db) = (number(a, scope)?, number(b, scope)?);
        if da == db {
            return Ok(da);
        }
        Err(Error::new(
            ErrorKind::Dimension,
            format!("dimensions do not match: cannot {verb} {} and {}", da.describe(), db.describe()),
        )
        .label(a.span.clone(), da.describe())
        .label(b.span.clone(), db.describe())
        .help(missing_factor(a, da, b, db)))
    };
    match op {
        BinaryOp::Add => Ok(Kind::Number(same("add")?)),
        BinaryOp::Sub => Ok(Kind::Number(same("subtract")?)),
        BinaryOp::Mod => Ok(Kind::Number(same("divide with remainder")?)),
        BinaryOp::Mul => Ok(Kind::Number(number(a, scope)? * number(b, scope)?)),
        BinaryOp::FloorDiv => {
            for side in [a, b] {
                let found = number(side, scope)?;
                if !found.is_none() {
                    return Err(Error::new(ErrorKind::Dimension, "`//` divides plain numbers only")
                        .label(side.span.clone(), format!("this is {}", found.describe()))
                        .help("divide by the unit first, as in `(v/mV) // 3`"));
                }
            }
            Ok(Kind::Number(Dimension::NONE))
        }
        BinaryOp::Div => Ok(Kind::Number(number(a, scope)? / number(b, scope)?)),
        BinaryOp::Pow => power(expr, a, b, scope).map(Kind::Number),
        BinaryOp::And | BinaryOp::Or => {
            condition(a, scope, op.symbol())?;
            condition(b, scope, op.symbol())
        }
        BinaryOp::Compare(c) => {
            let both = (check_expression(a, scope)?, check_expression(b, scope)?);
            if both == (Kind::Condition, Kind::Condition) && matches!(c, Compare::Eq | Compare::Ne) {
                return Ok(Kind::Condition);
            }
            same("compare")?;
            Ok(Kind::Condition)
        }
    }
}

/// What, multiplied to one side, would make the sum right.
fn missing_factor(a: &Expr, da: Dimension, b: &Expr, db: Dimension) -> String {
    let (plain, other) = if da.is_none() { (a, db) } else { (b, da) };
    if da.is_none() || db.is_none() {
        let literal = matches!(plain.kind, ExprKind::Number(_));
        return if literal {
            format!("give `{plain}` a unit: `{plain}*{}`", example(other))
        } else {
            format!("`{plain}` has no unit here, the other side is in {other}")
        };
    }
    format!("multiply `{b}` by something in {}, or check the unit of either side", da / db)
}

fn example(dimension: Dimension) -> String {
    match dimension.to_string().as_str() {
        "second" => "ms".into(),
        "volt" => "mV".into(),
        "amp" => "nA".into(),
        "siemens" => "nS".into(),
        "farad" => "pF".into(),
        other => other.into(),
    }
}

fn power(expr: &Expr, a: &Expr, b: &Expr, scope: &Scope) -> Result<Dimension> {
    let (base, exponent) = (number(a, scope)?, number(b, scope)?);
    if !exponent.is_none() {
        return Err(Error::new(ErrorKind::Dimension, "an exponent must be a plain number")
            .label(b.span.clone(), format!("this is {}", exponent.describe())));
    }
    if base.is_none() {
        return Ok(base);
    }
    let Some(value) = literal(b, scope) else {
        return Err(Error::new(ErrorKind::Dimension, "the exponent of a quantity must be a fixed number")
            .label(b.span.clone(), "its value is not known beforehand")
            .label(a.span.clone(), base.describe()));
    };
    base.powf(value).ok_or_else(|| {
        Error::new(ErrorKind::Dimension, "this power has no sensible dimension")
            .label(expr.span.clone(), "here")
    })
}

/// The value of an expression made of numbers and constants only.
fn literal(expr: &Expr, scope: &Scope) -> Option<f64> {
    match &expr.kind {
        ExprKind::Number(x) => Some(*x),
        ExprKind::Name(n) => match scope.symbol(n)?.meaning {
            Meaning::Constant(x) => Some(x),
            _ => None,
        },
        ExprKind::Unary(UnaryOp::Neg, a) => literal(a, scope).map(|x| -x),
        ExprKind::Binary(op, a, b) => {
            let (a, b) = (literal(a, scope)?, literal(b, scope)?);
            match op {
                BinaryOp::Add => Some(a + b),
                BinaryOp::Sub => Some(a - b),
                BinaryOp::Mul => Some(a * b),
                BinaryOp::Div => Some(a / b),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use litemap::LiteMap;

    use super::super::{parse_expression, parse_statements};
    use super::*;
    use crate::units::{Quantity, mV, ms, nA};

    fn scope() -> Scope {
        let values: [(&str, Quantity); 3] = [("tau", 10.0 * ms), ("El", -70.0 * mV), ("I", 1.0 * nA)];
        let values = values.map(|(n, q)| (n.to_owned(), q)).into_iter().collect::<LiteMap<_, _>>();
        let mut scope = Scope::new(super::super::Namespace { values, ..Default::default() });
        let symbol = super::super::Symbol {
            dimension: (1.0 * mV).dimension(),
            value_type: ValueType::Float,
            meaning: Meaning::Time,
            writable: true,
        };
        scope.insert("v", symbol);
        scope
    }

    #[track_caller]
    fn is(text: &str, unit: &str) {
        match check_expression(&parse_expression("test", text).unwrap(), &scope()).unwrap() {
            Kind::Number(d) => assert_eq!(d.to_string(), unit),
            Kind::Condition => assert_eq!("condition", unit),
        }
    }

    #[track_caller]
    fn fails(text: &str, part: &str) {
        let error = check_expression(&parse_expression("test", text).unwrap(), &scope()).unwrap_err();
        let report = error.in_text("test", text).to_string();
        assert!(report.contains(part), "{report}");
    }

    #[test]
    fn dimensions_follow_the_operators() {
        is("(El - v)/tau", "volt/second");
        is("sqrt(v**2)", "volt");
        is("exp(v/El)", "1");
        is("v/I", "ohm");
        is("v > El and not v == El", "condition");
        is("int(v > El) * tau", "second");
        is("clip(v, El, 0*mV)", "volt");
    }

    #[test]
    fn mismatches_spell_out_both_dimensions() {
        fails("v + I", "voltage (volt)");
        fails("v + I", "current (amp)");
        fails("1 - v", "`1*mV`");
        fails("exp(v)", "a plain number");
        fails("v > 0", "cannot compare");
        fails("v and True", "joins conditions");
        fails("v + tua", "did you mean `tau`?");
        fails("expp(v/El)", "did you mean `exp`?");
        fails("v(El)", "for a product write `v*(El)`");
        fails("clip(v, El)", "takes 3 arguments");
        fails("v**(v/El)", "fixed number");
    }

    #[test]
    fn statements_make_local_names() {
        let ok = parse_statements("reset", "x = v + 1*mV\nv = x; v *= 2").unwrap();
        check_statements(&ok, &scope()).unwrap();
        let bad = parse_statements("reset", "v = 0").unwrap();
        assert_eq!(check_statements(&bad, &scope()).unwrap_err().kind(), ErrorKind::Dimension);
        let fixed = parse_statements("reset", "tau = 3*ms").unwrap();
        assert!(check_statements(&fixed, &scope()).is_err());
    }
}
