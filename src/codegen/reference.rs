//! The slow, obvious evaluator: walks the syntax tree for one element, with names looked up in a map.
//! Tests compare every faster road with it.

use std::collections::BTreeMap;

use crate::equations::{BinaryOp, Compare, Expr, ExprKind, UnaryOp};
use crate::vector::{Fun1, Fun2};

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
                "exp" => Fun1::Exp.apply(x),
                "sqrt" => x.sqrt(),
                "abs" => x.abs(),
                "sin" => Fun1::Sin.apply(x),
                "tanh" => Fun1::Tanh.apply(x),
                "exprel" => Fun1::Exprel.apply(x),
                "log" => Fun1::Log.apply(x),
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
                BinaryOp::Pow => Fun2::Pow.apply(a, b),
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
    use crate::codegen::{BLOCK, Columns, Elements, Inputs, Lowering, Machine, Tape};
    use crate::equations::{At, Meaning, Owner, Scope, Slot, Symbol, ValueType, parse_expression};
    use crate::random::Stream;
    use crate::units::Dimension;
    use crate::vector::Width;

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
            let function =
                prop::sample::select(vec!["exp", "sqrt", "abs", "sin", "int", "tanh", "exprel", "log", "-"]);
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

    fn inputs<'a>(store: &'a [Vec<f64>], own: Elements<'a>) -> Inputs<'a> {
        Inputs { store, elements: [own; 3], time: 0.0, stream: Stream::new(0, ""), step: 0 }
    }

    fn same(a: f64, b: f64) -> bool {
        a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
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
            prop_assert!(xs.len() <= BLOCK);
            for width in Width::all() {
                let mut machine = Machine::of_width(width);
                machine.run(&tape, &inputs(&table, Elements::From(0)), xs.len());
                for (k, got) in machine.result(0).iter().enumerate() {
                    let wanted = evaluate(&expr, &[("x", xs[k]), ("y", ys[k])].into());
                    prop_assert!(same(*got, wanted), "{} {} {}", text, got, wanted);
                }
            }
        }

        #[test]
        fn storing_agrees_with_the_oracle(first in formula(), second in formula(), factors in prop::collection::vec(-2.0..2.0_f64, 4),
                                          xs in prop::collection::vec(-4.0..4.0_f64, 1..40)) {
            // Each column from both, with what the instructions for sums and for masks can do.
            let [a, b, c, d] = [factors[0], factors[1], factors[2], factors[3]];
            let texts = [
                format!("x*({a}) + ({first})*({b}) + y*({c}) + ({d})"),
                format!("({second})*y + x"),
            ];
            let scope = scope();
            let mut lowering = Lowering::new(&scope);
            let exprs = texts.map(|text| parse_expression("test", &text).unwrap());
            let mut roots: Vec<_> = exprs.iter().map(|e| lowering.expression(e).unwrap()).collect();
            let own = At::new(Owner::Own);
            let (x, y) = (lowering.graph.load(Slot(0), own), lowering.graph.load(Slot(1), own));
            let mask = lowering.graph.load(Slot(2), own);
            // The first stands still where the mask is zero.
            roots[0] = lowering.graph.select(mask, roots[0], x);
            let swapped = Tape::storing(&lowering.graph, &[y, x], &[Slot(0), Slot(1)]);
            let tape = Tape::storing(&lowering.graph, &roots, &[Slot(0), Slot(1)]);
            let ys: Vec<f64> = xs.iter().map(|x| 1.5 - x * 0.5).collect();
            let masks: Vec<f64> = xs.iter().map(|x| f64::from(u8::from(*x > 0.0))).collect();
            for width in Width::all() {
                let mut store = [ys.clone(), xs.clone(), masks.clone()];
                let mut machine = Machine::of_width(width);
                for tape in [&swapped, &tape] {
                    machine.run_storing(tape, &mut Columns::Write(&mut store), &inputs(&[], Elements::From(0)), 0, xs.len());
                }
                for k in 0..xs.len() {
                    let names = [("x", xs[k]), ("y", ys[k])].into();
                    let wanted = [if masks[k] == 0.0 { xs[k] } else { evaluate(&exprs[0], &names) }, evaluate(&exprs[1], &names)];
                    for (column, wanted) in store.iter().zip(wanted) {
                        prop_assert!(same(column[k], wanted), "{:?} {} {} {}", width, exprs[0], column[k], wanted);
                    }
                }
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
