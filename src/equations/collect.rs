//! Products and sums in Brian2's order of evaluation: numbers first, then what is the same for all elements, then the rest.
//! Delays that lie half-way between two steps are rounded by the last bit of such an expression.

use super::ast::{BinaryOp, Expr, ExprKind, ValueType};
use super::namespace::{At, Meaning, Owner, Scope};

/// The same expression with the terms of every product and sum in that order.
pub(crate) fn collected(expr: &Expr, scope: &Scope) -> Expr {
    let inner = |e: &Expr| Box::new(collected(e, scope));
    let kind = match &expr.kind {
        ExprKind::Unary(op, a) => ExprKind::Unary(*op, inner(a)),
        ExprKind::Call(name, args) => {
            ExprKind::Call(name.clone(), args.iter().map(|a| collected(a, scope)).collect())
        }
        ExprKind::Binary(op, a, b) => match op {
            BinaryOp::Mul | BinaryOp::Div => return in_order(expr, BinaryOp::Mul, BinaryOp::Div, scope),
            BinaryOp::Add | BinaryOp::Sub => return in_order(expr, BinaryOp::Add, BinaryOp::Sub, scope),
            _ => ExprKind::Binary(*op, inner(a), inner(b)),
        },
        plain => plain.clone(),
    };
    Expr { kind, span: expr.span.clone() }
}

fn in_order(expr: &Expr, join: BinaryOp, part: BinaryOp, scope: &Scope) -> Expr {
    let mut terms = Vec::new();
    flatten(expr, join, part, false, scope, &mut terms);
    let terms: Vec<(Expr, bool)> =
        terms.into_iter().map(|(e, inverted)| (collected(e, scope), inverted)).collect();
    let null = if join == BinaryOp::Mul { 1.0 } else { 0.0 };
    let mut number = null;
    for (inverted, x) in terms.iter().filter_map(|(e, inverted)| match e.kind {
        ExprKind::Number(x) => Some((inverted, x)),
        _ => None,
    }) {
        number = match (join, inverted) {
            (BinaryOp::Mul, false) => number * x,
            (BinaryOp::Mul, true) => number / x,
            (_, false) => number + x,
            (_, true) => number - x,
        };
    }
    let at = |kind| Expr { kind, span: expr.span.clone() };
    let mut whole = (number.to_bits() != null.to_bits()).then(|| at(ExprKind::Number(number)));
    for scalar in [true, false] {
        let chosen = |inverted: bool| {
            terms
                .iter()
                .filter(move |(e, i)| *i == inverted && !matches!(e.kind, ExprKind::Number(_)))
                .map(|(e, _)| e)
                .filter(move |e| is_scalar(e, scope) == scalar)
                .cloned()
                .reduce(|a, b| at(ExprKind::Binary(join, Box::new(a), Box::new(b))))
        };
        whole = match (whole, chosen(false)) {
            (Some(a), Some(b)) => Some(at(ExprKind::Binary(join, Box::new(a), Box::new(b)))),
            (a, b) => a.or(b),
        };
        if let Some(divisor) = chosen(true) {
            let left = whole.unwrap_or_else(|| at(ExprKind::Number(null)));
            whole = Some(at(ExprKind::Binary(part, Box::new(left), Box::new(divisor))));
        }
    }
    whole.unwrap_or_else(|| at(ExprKind::Number(number)))
}

fn flatten<'e>(
    expr: &'e Expr,
    join: BinaryOp,
    part: BinaryOp,
    inverted: bool,
    scope: &Scope,
    terms: &mut Vec<(&'e Expr, bool)>,
) {
    match &expr.kind {
        ExprKind::Binary(op, a, b) if *op == join || *op == part => {
            for (side, inverted) in [(a, inverted), (b, inverted != (*op == part))] {
                // Products of whole numbers stay together.
                if join == BinaryOp::Mul && is_whole(side, scope) {
                    terms.push((side, inverted));
                } else {
                    flatten(side, join, part, inverted, scope, terms);
                }
            }
        }
        _ => terms.push((expr, inverted)),
    }
}

fn is_whole(expr: &Expr, scope: &Scope) -> bool {
    match &expr.kind {
        ExprKind::Number(x) => x.fract() == 0.0,
        ExprKind::Name(name) => scope.symbol(name).is_some_and(|s| s.value_type == ValueType::Integer),
        ExprKind::Unary(_, a) => is_whole(a, scope),
        ExprKind::Binary(op, a, b) => *op != BinaryOp::Div && is_whole(a, scope) && is_whole(b, scope),
        ExprKind::Call(name, _) => name == "int" || name == "timestep",
        ExprKind::Bool(_) => true,
    }
}

fn is_scalar(expr: &Expr, scope: &Scope) -> bool {
    let mut scalar = true;
    expr.visit(&mut |e| match &e.kind {
        ExprKind::Name(name) => {
            scalar &= match scope.symbol(name).map(|s| s.meaning) {
                Some(Meaning::Constant(_) | Meaning::Time) => true,
                Some(Meaning::Column(_, At { owner, .. })) => owner == Owner::Shared,
                _ => false,
            }
        }
        ExprKind::Call(name, _) => {
            scalar &= !matches!(name.as_str(), "rand" | "randn" | "poisson" | "binomial")
        }
        _ => {}
    });
    scalar
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equations::parse_expression;

    #[test]
    fn constants_come_first() {
        let mut scope = Scope::default();
        let meaning = Meaning::Column(crate::equations::Slot(0), At::new(Owner::Own));
        let dimension = crate::units::Dimension::NONE;
        let symbol =
            crate::equations::Symbol { dimension, value_type: ValueType::Integer, meaning, writable: false };
        scope.insert("i", symbol);
        let shown = |text: &str| collected(&parse_expression("test", text).unwrap(), &scope).to_string();
        assert_eq!(shown("(i + 0.5*i)*0.3*ms"), "0.3 * ms * (i + 0.5 * i)");
        assert_eq!(shown("i*0.2*ms + 1*ms"), "ms + 0.2 * ms * i");
        assert_eq!(shown("2.5*i/ms/2"), "1.25 / ms * i");
        assert_eq!(shown("i - 2 - i"), "-2 + i - i");
    }
}
