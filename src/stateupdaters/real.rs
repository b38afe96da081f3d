//! Which coefficients of a linear system are known to be real numbers, by Brian2's symbolic rules.
//! An oscillation has an `exact` solution there only if all are: a quotient by a name may be infinite, so it is not.

use crate::equations::{BinaryOp, Expr, ExprKind, Meaning, Scope, UnaryOp};

/// True if everything that multiplies one of these variables in a right-hand side is known to be real.
pub(super) fn has_real_coefficients(rhs: &Expr, variables: &[&str], scope: &Scope) -> bool {
    match &rhs.kind {
        ExprKind::Unary(UnaryOp::Neg, a) => has_real_coefficients(a, variables, scope),
        ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub, a, b) => {
            has_real_coefficients(a, variables, scope) && has_real_coefficients(b, variables, scope)
        }
        ExprKind::Name(name) => match scope.symbol(name).map(|s| s.meaning) {
            Some(Meaning::Expression(_, inner)) => has_real_coefficients(&inner, variables, scope),
            _ => true,
        },
        _ => !mentions(rhs, variables, scope) || is_real(rhs, scope),
    }
}

fn mentions(expr: &Expr, variables: &[&str], scope: &Scope) -> bool {
    let mut found = false;
    expr.visit(&mut |e| {
        if let ExprKind::Name(name) = &e.kind {
            found |= variables.contains(&name.as_str());
            if let Some(Meaning::Expression(_, inner)) = scope.symbol(name).map(|s| s.meaning) {
                found |= mentions(&inner, variables, scope);
            }
        }
    });
    found
}

fn is_real(expr: &Expr, scope: &Scope) -> bool {
    let real = |e: &Expr| is_real(e, scope);
    match &expr.kind {
        ExprKind::Number(_) => true,
        ExprKind::Bool(_) | ExprKind::Unary(UnaryOp::Not, _) => false,
        ExprKind::Name(name) => match scope.symbol(name).map(|s| s.meaning) {
            Some(Meaning::Expression(_, inner)) => is_real(&inner, scope),
            _ => name != "inf",
        },
        ExprKind::Unary(UnaryOp::Neg, a) => real(a),
        ExprKind::Binary(op, a, b) => match op {
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul => real(a) && real(b),
            BinaryOp::Div => real(a) && is_number(b),
            BinaryOp::Pow => matches!(b.kind, ExprKind::Number(x) if x >= 0.0 && x.fract() == 0.0) && real(a),
            _ => false,
        },
        ExprKind::Call(name, args) => {
            matches!(name.as_str(), "exp" | "sin" | "cos" | "sinh" | "cosh" | "tanh" | "arctan" | "abs")
                && args.iter().all(real)
        }
    }
}

/// Made of digits and pi alone.
fn is_number(expr: &Expr) -> bool {
    let mut plain = true;
    expr.visit(&mut |e| {
        plain &= match &e.kind {
            ExprKind::Name(name) => name == "pi" || name == "e",
            ExprKind::Call(..) | ExprKind::Bool(_) => false,
            _ => true,
        }
    });
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equations::parse_expression;

    #[test]
    fn quotients_by_names_are_not_known_to_be_real() {
        let real = |text: &str| {
            let expr = parse_expression("test", text).unwrap();
            has_real_coefficients(&expr, &["x", "y"], &Scope::default())
        };
        assert!(real("-x*w"));
        assert!(real("-x*w**2 - 2*z*w*y + I/C"));
        assert!(real("2*pi*f*y/3"));
        assert!(!real("y/(5*ms)"));
        assert!(!real("-x*sqrt(k)"));
        assert!(!real("y*tau**-1"));
    }
}
