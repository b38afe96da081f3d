//! Dimensions of calls: arrays over time, functions of the user's, and those that every model has.
//! Part of the check of expressions; what an argument must be is said here, function by function.

use super::ast::Expr;
use super::functions::{FUNCTIONS, Function};
use super::namespace::Scope;
use super::unitcheck::{Kind, check_expression, expect, number};
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::units::Dimension;

/// The kind of a call, or which argument does not fit.
pub(super) fn call(expr: &Expr, name: &str, args: &[Expr], scope: &Scope) -> Result<Kind> {
    if let Some(array) = scope.namespace.tables.get(name) {
        let takes = if array.description.two_dimensional { 2 } else { 1 };
        if args.len() != takes {
            let usage = if takes == 2 { "(t, i)" } else { "(t)" };
            return Err(Error::new(
                ErrorKind::Syntax,
                format!("`{name}` takes {takes} arguments, not {}", args.len()),
            )
            .label(expr.span.clone(), format!("write `{name}{usage}`")));
        }
        expect(&args[0], scope, Dimension::TIME, &format!("the time of `{name}`"))?;
        if let Some(column) = args.get(1) {
            expect(column, scope, Dimension::NONE, &format!("the column of `{name}`"))?;
        }
        return Ok(Kind::Number(array.dimension));
    }
    if let Some(function) = scope.namespace.functions.get(name) {
        let signature = function.signature();
        if args.len() != signature.len() {
            return Err(Error::new(
                ErrorKind::Syntax,
                format!("`{name}` takes {} arguments, not {}", signature.len(), args.len()),
            )
            .label(expr.span.clone(), "here"));
        }
        for (arg, dimension) in args.iter().zip(signature) {
            expect(arg, scope, dimension, &format!("the argument of `{name}`"))?;
        }
        return Ok(Kind::Number(function.result));
    }
    let Some((function, arity)) = Function::find(name) else {
        return Err(unknown_function(expr, name, args, scope));
    };
    if args.len() != arity {
        return Err(Error::new(
            ErrorKind::Syntax,
            format!(
                "`{name}` takes {arity} argument{}, not {}",
                if arity == 1 { "" } else { "s" },
                args.len()
            ),
        )
        .label(expr.span.clone(), "here"));
    }
    let plain = |a: &Expr| expect(a, scope, Dimension::NONE, &format!("the argument of `{name}`"));
    match function {
        Function::Sqrt => {
            let d = number(&args[0], scope)?;
            let root = d.powf(0.5).ok_or_else(|| {
                Error::new(ErrorKind::Dimension, "this root has no sensible dimension")
                    .label(expr.span.clone(), "here")
            })?;
            Ok(Kind::Number(root))
        }
        Function::Abs => Ok(Kind::Number(number(&args[0], scope)?)),
        Function::Sign => number(&args[0], scope).map(|_| Kind::Number(Dimension::NONE)),
        Function::Int => match check_expression(&args[0], scope)? {
            Kind::Condition => Ok(Kind::Number(Dimension::NONE)),
            Kind::Number(_) => plain(&args[0]).map(|()| Kind::Number(Dimension::NONE)),
        },
        Function::Clip => {
            let d = number(&args[0], scope)?;
            for bound in &args[1..] {
                expect(bound, scope, d, "the bounds of `clip`")?;
            }
            Ok(Kind::Number(d))
        }
        Function::Timestep => {
            for a in args {
                expect(a, scope, Dimension::TIME, "the arguments of `timestep`")?;
            }
            Ok(Kind::Number(Dimension::NONE))
        }
        _ => {
            args.iter().try_for_each(plain)?;
            Ok(Kind::Number(Dimension::NONE))
        }
    }
}

fn unknown_function(expr: &Expr, name: &str, args: &[Expr], scope: &Scope) -> Error {
    let error = Error::new(ErrorKind::UnknownName, format!("unknown function `{name}`"));
    let span = expr.span.start..expr.span.start + name.len();
    if scope.symbol(name).is_some() {
        let inside = args.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return error
            .label(span, "a variable, used like a function")
            .help(format!("for a product write `{name}*({inside})`"));
    }
    match did_you_mean(name, FUNCTIONS.iter().map(|(n, _, _)| *n)) {
        Some(near) => error.label(span, format!("did you mean `{near}`?")),
        None => error.label(span, "not a function").help(format!(
            "functions are {}",
            FUNCTIONS.iter().map(|(n, _, _)| *n).collect::<Vec<_>>().join(", ")
        )),
    }
}
