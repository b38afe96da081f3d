//! Loops over many numbers, as wide as the machine allows: each is compiled for several widths, and the best is called.
//! All of them do the same operations in the same order, so results never depend on the machine.

mod exponential;
mod functions;
mod kernels;
mod search;
mod trigonometric;
mod width;

pub(crate) use exponential::near_log;
pub(crate) use functions::{Fun1, Fun2};
pub(crate) use kernels::{
    Linear, Source, add_product_where, binary, linear, map, multiply_add, multiply_add_multiple, select,
};
pub(crate) use search::{largest, positions};
pub(crate) use trigonometric::near_cos;
pub(crate) use width::{Loop, Width, eight};

#[cfg(test)]
mod tests {
    use super::exponential::*;
    use super::trigonometric::*;
    use super::*;

    /// Arguments and exact values, made by `tests/math/make.py`.
    const REFERENCE: &str = include_str!("../../tests/math/reference.txt");

    /// A function by itself, without the fused instruction of wider registers.
    fn alone(f: Fun1, x: f64) -> f64 {
        match f {
            Fun1::Exp => exp(x),
            Fun1::Expm1 => expm1(x),
            Fun1::Exprel => exprel(x),
            Fun1::InverseExprel => inverse_exprel(x),
            Fun1::Log => log(x),
            Fun1::Log10 => log10(x),
            Fun1::Log1p => log1p(x),
            Fun1::Sin => sin(x),
            Fun1::Cos => cos(x),
            Fun1::Tan => tan(x),
            Fun1::Asin => asin(x),
            Fun1::Acos => acos(x),
            Fun1::Atan => atan(x),
            Fun1::Sinh => sinh(x),
            Fun1::Cosh => cosh(x),
            Fun1::Tanh => tanh(x),
            other => other.apply(x),
        }
    }

    fn function(name: &str) -> Option<Fun1> {
        Some(match name {
            "exp" => Fun1::Exp,
            "expm1" => Fun1::Expm1,
            "exprel" => Fun1::Exprel,
            "log" => Fun1::Log,
            "log10" => Fun1::Log10,
            "log1p" => Fun1::Log1p,
            "sin" => Fun1::Sin,
            "cos" => Fun1::Cos,
            "tan" => Fun1::Tan,
            "asin" => Fun1::Asin,
            "acos" => Fun1::Acos,
            "atan" => Fun1::Atan,
            "sinh" => Fun1::Sinh,
            "cosh" => Fun1::Cosh,
            "tanh" => Fun1::Tanh,
            "pow" => return None,
            other => panic!("{other}?"),
        })
    }

    #[test]
    fn functions_are_within_two_units_in_the_last_place_and_the_same_for_each_width() {
        let mut count = 0;
        for line in REFERENCE.lines() {
            let mut words = line.split(' ');
            let name = words.next().unwrap();
            let bits = |word| f64::from_bits(u64::from_str_radix(word, 16).unwrap());
            let numbers: Vec<f64> = words.map(bits).collect();
            let (x, [nearest, rest]) = (numbers[0], [numbers[numbers.len() - 2], numbers[numbers.len() - 1]]);
            let f = function(name);
            let got = f.map_or_else(|| pow(x, numbers[1]), |f| alone(f, x));
            let above = f64::from_bits(nearest.abs().to_bits() + 1);
            let unit = (above - nearest.abs()).max(f64::from_bits(1));
            let error = ((got - nearest) - rest).abs() / unit;
            assert!(error <= 2.0, "{name}({numbers:?}) = {got}, {error} units off");
            for width in Width::all() {
                let mut out = [0.0; 9];
                match f {
                    Some(f) => map(width, f, &mut out, &[x; 9]),
                    None => {
                        let (x, y) = ([x; 9], [numbers[1]; 9]);
                        binary(width, Fun2::Pow, &mut out, Source::Slice(&x), Source::Slice(&y));
                    }
                }
                assert!(out.iter().all(|o| o.to_bits() == got.to_bits()), "{name}({numbers:?}) in {width:?}");
            }
            count += 1;
        }
        assert!(count > 5000, "the whole table was read");
    }

    #[test]
    fn ends_of_the_ranges_are_those_of_c() {
        let ends =
            [0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e9, -1e9, 2.0, 0.5, -2.0, 3.0];
        let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan()) || (a / b - 1.0).abs() < 1e-15;
        for x in ends {
            for (got, wanted) in [
                (exp(x), x.exp()),
                (expm1(x), x.exp_m1()),
                (log(x), x.ln()),
                (log10(x), x.log10()),
                (log1p(x), x.ln_1p()),
                (sin(x), x.sin()),
                (tan(x), x.tan()),
                (asin(x), x.asin()),
                (acos(x), x.acos()),
                (atan(x), x.atan()),
                (sinh(x), x.sinh()),
                (cosh(x), x.cosh()),
                (tanh(x), x.tanh()),
            ] {
                assert!(same(got, wanted), "{x}: {got} and not {wanted}");
            }
            for y in ends {
                assert!(same(pow(x, y), x.powf(y)), "{x}**{y} = {}", pow(x, y));
            }
        }
    }

    /// Few numbers in a block may need the longer road; they get what they get alone.
    #[test]
    fn blocks_with_numbers_far_off_hold_the_same_as_one_by_one() {
        let numbers: Vec<f64> = (0..80)
            .map(|k| match k % 10 {
                3 => 1e3 * f64::from(k - 40),
                5 => [710.5, -708.0, 709.5, -40.5, 1e9, -1e300, f64::NAN, f64::INFINITY][k as usize / 10],
                _ => f64::from(k) * 0.37 - 15.0,
            })
            .collect();
        for width in Width::all() {
            for f in
                [Fun1::Exp, Fun1::Expm1, Fun1::Exprel, Fun1::InverseExprel, Fun1::Sin, Fun1::Cos, Fun1::Tan]
            {
                // A block of near ones alone, and one with all.
                for block in [&numbers[6..13], &numbers[..]] {
                    let mut out = vec![0.0; block.len()];
                    map(width, f, &mut out, block);
                    for (x, o) in block.iter().zip(out) {
                        for wanted in [alone(f, *x), f.apply(*x)] {
                            let is_same = o.to_bits() == wanted.to_bits() || (o.is_nan() && wanted.is_nan());
                            assert!(is_same, "{f:?} {x}");
                        }
                    }
                }
            }
        }
    }

    proptest::proptest! {
        /// Whatever a block is made of, each of its numbers gets what it gets alone.
        #[test]
        fn every_road_leads_to_the_same_bits(
            near in proptest::collection::vec(-0.4..0.4_f64, 1..90),
            others in proptest::collection::vec((0_usize..300, -9.0..9.0_f64), 0..20),
        ) {
            let mut numbers = near;
            for (place, x) in others {
                let place = place % numbers.len();
                // From tiny to huge, with both limits of each road on the way.
                numbers[place] = x.signum() * x.abs().exp() * 0.1;
            }
            for f in [Fun1::Exp, Fun1::Expm1, Fun1::Exprel, Fun1::InverseExprel, Fun1::Log1p, Fun1::Sin, Fun1::Tanh] {
                for width in Width::all() {
                    let mut out = vec![0.0; numbers.len()];
                    map(width, f, &mut out, &numbers);
                    for (x, o) in numbers.iter().zip(out) {
                        let wanted = alone(f, *x);
                        let is_same = o.to_bits() == wanted.to_bits() || (o.is_nan() && wanted.is_nan());
                        proptest::prop_assert!(is_same, "{:?} {}: {}, alone {}", f, x, o, wanted);
                    }
                }
            }
        }
    }

    /// Both sides of the limit of the polynomial are as exact as the rest.
    #[test]
    fn exprel_has_no_step_where_its_roads_meet() {
        let limit = 0.346_f64;
        for x in [limit, -limit] {
            let beyond = f64::from_bits(x.to_bits() + 1);
            assert!((exprel(beyond) / exprel(x) - 1.0).abs() < 1e-15);
        }
        assert_eq!(exprel(0.0), 1.0);
        assert_eq!(exprel(-0.0), 1.0);
    }

    /// Each loop against its function, whatever kind of operands it has.
    #[test]
    fn loops_do_what_their_functions_do() {
        let numbers: Vec<f64> = (0..70).map(|k| f64::from(k % 13) - 6.0 + f64::from(k) / 64.0).collect();
        let others: Vec<f64> = numbers.iter().rev().map(|x| (x * 0.5).trunc()).collect();
        let functions = [
            Fun2::Add,
            Fun2::Sub,
            Fun2::Mul,
            Fun2::Div,
            Fun2::FloorDiv,
            Fun2::Mod,
            Fun2::Pow,
            Fun2::And,
            Fun2::Or,
            Fun2::Lt,
            Fun2::Le,
            Fun2::Gt,
            Fun2::Ge,
            Fun2::Eq,
            Fun2::Ne,
            Fun2::Min,
            Fun2::Max,
        ];
        let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        for width in Width::all() {
            for f in functions {
                for a in [Source::Slice(&numbers), Source::Number(2.5), Source::Result] {
                    for b in [Source::Slice(&others), Source::Number(-1.5), Source::Result] {
                        let mut out = numbers.clone();
                        binary(width, f, &mut out, a, b);
                        let read = |s, k: usize| match s {
                            Source::Slice(x) => x[k],
                            Source::Number(x) => x,
                            Source::Result => numbers[k],
                        };
                        for (k, o) in out.iter().enumerate() {
                            assert!(same(*o, f.apply(read(a, k), read(b, k))), "{f:?} {a:?} {b:?}");
                        }
                    }
                }
            }
            for (limit, mask) in [(0.5, None), (0.5, Some(&others[..])), (99.0, None)] {
                let mut found = Vec::new();
                positions(width, &numbers, limit, mask, 1000, &mut found);
                let wanted = (0..70).filter(|k| numbers[*k] > limit && mask.is_none_or(|m| m[*k] != 0.0));
                assert_eq!(found, wanted.map(|k| 1000 + k as u32).collect::<Vec<_>>());
            }
        }
    }
}
