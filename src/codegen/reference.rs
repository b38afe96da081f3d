//! The slow, obvious evaluator: walks the syntax tree for one element, with names looked up in a map.
//! Tests compare every faster road with it.

use std::collections::BTreeMap;

use crate::equations::{BinaryOp, Compare, Expr, ExprKind, UnaryOp};

/// The value of `expr`; conditions are 1 or 0.
pub(crate) fn evaluate(expr: &Expr, names: &BTreeMap<&str, f64>) -> f64 {
    let truth = |b: bool| f64::from(u8::from(b));
    match &expr.kind {
        ExprKind::Number(x) => *x,
        ExprKind::Bool(b) => truth(*b),
        ExprKind::Name(n) => names[n.as_str()],
        ExprKind::Unary(UnaryOp::Neg, a) => -evaluate(a, names),
        ExprKind::Unary(UnaryOp::Not, a) => truth(evaluate(a, names) == 0.0),
        ExprKind::Call(name, args) => {
            let x = evaluate(&args[0], names);
            match name.as_str() {
                "exp" => x.exp(),
                "sqrt" => x.sqrt(),
                "abs" => x.abs(),
                "sin" => x.sin(),
                "int" => x.trunc(),
                "clip" => x.max(evaluate(&args[1], names)).min(evaluate(&args[2], names)),
                other => panic!("the tests do not use {other}"),
            }
        }
        ExprKind::Binary(op, a, b) => {
            let (a, b) = (evaluate(a, names), evaluate(b, names));
            match op {
                BinaryOp::Add => a + b,
                BinaryOp::Sub => a - b,
                BinaryOp::Mul => a * b,
                BinaryOp::Div => a / b,
                BinaryOp::FloorDiv => (a / b).floor(),
                BinaryOp::Mod => {
                    let r = a % b;
                    if r != 0.0 && (r < 0.0) != (b < 0.0) { r + b } else { r }
                }
                BinaryOp::Pow if b == 2.0 => a * a,
                BinaryOp::Pow => a.powf(b),
                BinaryOp::And => truth(a != 0.0 && b != 0.0),
                BinaryOp::Or => truth(a != 0.0 || b != 0.0),
                BinaryOp::Compare(Compare::Lt) => truth(a < b),
                BinaryOp::Compare(Compare::Le) => truth(a <= b),
                BinaryOp::Compare(Compare::Gt) => truth(a > b),
                BinaryOp::Compare(Compare::Ge) => truth(a >= b),
                BinaryOp::Compare(Compare::Eq) => truth(a == b),
                BinaryOp::Compare(Compare::Ne) => truth(a != b),
            }
        }
    }
}

mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codegen::{BLOCK, Elements, Inputs, Lowering, Machine, Tape};
    use crate::equations::{At, Meaning, Owner, Scope, Slot, Symbol, ValueType, parse_expression};
    use crate::random::Stream;
    use crate::units::Dimension;

    /// Formulas as text, so that parser, printer and all else take part.
    fn formula() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("x".to_owned()),
            Just("y".to_owned()),
            (-50_i32..50).prop_map(|n| format!("({})", f64::from(n) / 8.0)),
        ];
        leaf.prop_recursive(5, 40, 3, |inner| {
            let op = prop::sample::select(vec![
                "+", "-", "*", "/", "//", "%", "**", "<", "<=", ">", ">=", "==", "!=",
            ]);
            let function = prop::sample::select(vec!["exp", "sqrt", "abs", "sin", "int", "-"]);
            prop_oneof![
                (inner.clone(), op, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
                (function, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
                (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("clip({a}, {b}, {c})")),
            ]
        })
    }

    fn scope() -> Scope {
        let mut scope = Scope::default();
        for (column, name) in (0..).zip(["x", "y"]) {
            let meaning = Meaning::Column(Slot(column), At::new(Owner::Own));
            let value_type = ValueType::Float;
            scope.insert(name, Symbol { dimension: Dimension::NONE, value_type, meaning, writable: true });
        }
        scope
    }

    proptest! {
        #[test]
        fn tape_and_oracle_agree_bit_for_bit(text in formula(), xs in prop::collection::vec(-4.0..4.0_f64, 1..9)) {
            let expr = parse_expression("test", &text).unwrap();
            let scope = scope();
            let mut lowering = Lowering::new(&scope);
            let value = lowering.expression(&expr).unwrap();
            let tape = Tape::new(&lowering.graph, &[value]);
            let ys: Vec<f64> = xs.iter().map(|x| 1.5 - x * 0.5).collect();
            let table = [xs.clone(), ys.clone()];
            let inputs = Inputs {
                store: &table,
                elements: [Elements::From(0); 3],
                time: 0.0,
                stream: Stream::new(0, ""),
                step: 0,
            };
            let mut machine = Machine::default();
            prop_assert!(xs.len() <= BLOCK);
            machine.run(&tape, &inputs, xs.len());
            for (k, got) in machine.result(0).iter().enumerate() {
                let wanted = evaluate(&expr, &[("x", xs[k]), ("y", ys[k])].into());
                prop_assert!(got.to_bits() == wanted.to_bits() || (got.is_nan() && wanted.is_nan()), "{} {} {}", text, got, wanted);
            }
        }

        #[test]
        fn printing_and_parsing_again_changes_nothing(text in formula()) {
            let expr = parse_expression("test", &text).unwrap();
            let printed = expr.to_string();
            prop_assert_eq!(&parse_expression("test", &printed).unwrap(), &expr, "{}", printed);
        }
    }
}
