//! Sums of multiples: what an equation says, put together anew so that a step is few passes over the numbers.
//! Changes last bits. So only for `exponential_euler`, whose steps are approximate, and never below a jump.

use std::collections::HashMap;

use crate::codegen::{Fun1, Fun2, Graph, Node, Value};

/// `p x + q y + … + constant`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sum {
    terms: Vec<(Value, f64)>,
    constant: f64,
}

/// What has been looked at already: values are used more than once.
pub(super) type Found = HashMap<Value, Sum>;

impl Sum {
    pub(super) fn number(x: f64) -> Self {
        Self { terms: Vec::new(), constant: x }
    }

    pub(super) fn term(x: Value, factor: f64) -> Self {
        Self { terms: vec![(x, factor)], constant: 0.0 }
    }

    /// What `v` is made of.
    pub(super) fn of(g: &mut Graph, v: Value, found: &mut Found) -> Self {
        if let Some(known) = found.get(&v) {
            return known.clone();
        }
        let new =
            Self::taken_apart(g, v, found).filter(Self::is_finite).unwrap_or_else(|| Self::term(v, 1.0));
        found.insert(v, new.clone());
        new
    }

    fn taken_apart(g: &mut Graph, v: Value, found: &mut Found) -> Option<Self> {
        Some(match g.node(v) {
            Node::Const(bits) => Self::number(f64::from_bits(bits)),
            Node::Apply1(Fun1::Neg, a) => Self::of(g, a, found).times(-1.0),
            // What has no jumps.
            Node::Apply1(
                f @ (Fun1::Exp
                | Fun1::Expm1
                | Fun1::Exprel
                | Fun1::InverseExprel
                | Fun1::Log
                | Fun1::Log1p
                | Fun1::Sqrt
                | Fun1::Tanh
                | Fun1::Sin
                | Fun1::Cos),
                a,
            ) => {
                let a = Self::of(g, a, found).value(g);
                Self::term(g.apply1(f, a), 1.0)
            }
            Node::Apply2(Fun2::Add, a, b) => Self::of(g, a, found).plus(&Self::of(g, b, found)),
            Node::Apply2(Fun2::Sub, a, b) => Self::of(g, a, found).plus(&Self::of(g, b, found).times(-1.0)),
            Node::Apply2(Fun2::Mul, a, b) => {
                let (a, b) = (Self::of(g, a, found), Self::of(g, b, found));
                match (a.as_number(), b.as_number()) {
                    (Some(k), _) => b.times(k),
                    (_, Some(k)) => a.times(k),
                    _ => {
                        let ((a, p), (b, q)) = (a.scaled(g), b.scaled(g));
                        Self::term(g.apply2(Fun2::Mul, a, b), p * q)
                    }
                }
            }
            Node::Apply2(Fun2::Div, a, b) => {
                let (a, b) = (Self::of(g, a, found), Self::of(g, b, found));
                match b.as_number() {
                    Some(k) => a.times(1.0 / k),
                    None => {
                        let ((a, p), (b, q)) = (a.scaled(g), b.scaled(g));
                        let quotient = match g.node(b) {
                            Node::Apply1(Fun1::Exprel, x) => {
                                let inverse = g.apply1(Fun1::InverseExprel, x);
                                g.apply2(Fun2::Mul, a, inverse)
                            }
                            _ => g.apply2(Fun2::Div, a, b),
                        };
                        Self::term(quotient, p / q)
                    }
                }
            }
            _ => return None,
        })
    }

    fn is_finite(&self) -> bool {
        self.constant.is_finite() && self.terms.iter().all(|(_, p)| p.is_finite() && *p != 0.0)
    }

    pub(super) fn as_number(&self) -> Option<f64> {
        self.terms.is_empty().then_some(self.constant)
    }

    pub(super) fn times(mut self, k: f64) -> Self {
        self.terms.iter_mut().for_each(|(_, p)| *p *= k);
        self.constant *= k;
        self
    }

    pub(super) fn plus(mut self, other: &Self) -> Self {
        for &(x, p) in &other.terms {
            match self.terms.iter_mut().find(|(y, _)| *y == x) {
                Some((_, q)) => *q += p,
                None => self.terms.push((x, p)),
            }
        }
        self.constant += other.constant;
        self
    }

    /// A value and a number to multiply it with.
    fn scaled(&self, g: &mut Graph) -> (Value, f64) {
        match self.terms[..] {
            [(x, p)] if self.constant == 0.0 => (x, p),
            [] => (g.constant(1.0), self.constant),
            _ => (self.value(g), 1.0),
        }
    }

    /// The sum as one value, in an order that a single pass can compute.
    pub(super) fn value(&self, g: &mut Graph) -> Value {
        let mut sum = None;
        for &(x, p) in &self.terms {
            let factor = g.constant(p);
            let term = match g.node(x) {
                // One number over something.
                Node::Apply2(Fun2::Div, one, below)
                    if self.terms.len() == 1 && g.as_constant(one) == Some(1.0) =>
                {
                    g.apply2(Fun2::Div, factor, below)
                }
                _ => g.apply2(Fun2::Mul, x, factor),
            };
            sum = Some(sum.map_or(term, |sum| g.apply2(Fun2::Add, sum, term)));
        }
        let constant = g.constant(self.constant);
        match sum {
            None => constant,
            Some(sum) if self.constant == 0.0 => sum,
            Some(sum) => g.apply2(Fun2::Add, sum, constant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equations::{At, Owner, Slot};

    fn own(g: &mut Graph, slot: u32) -> Value {
        g.load(Slot(slot), At::new(Owner::Own))
    }

    #[test]
    fn a_scaled_difference_is_one_product_and_a_number() {
        let mut g = Graph::default();
        let v = own(&mut g, 0);
        let (c, d, k) = (g.constant(13.0), g.constant(3.0), g.constant(4.0));
        let difference = g.apply2(Fun2::Sub, c, v);
        let sum = g.apply2(Fun2::Add, difference, d);
        let scaled = g.apply2(Fun2::Div, sum, k);
        let found = Sum::of(&mut g, scaled, &mut Found::new());
        assert_eq!(found, Sum { terms: vec![(v, -0.25)], constant: 4.0 });
    }

    #[test]
    fn numbers_are_drawn_together_over_a_quotient() {
        let mut g = Graph::default();
        let v = own(&mut g, 0);
        let (c, k) = (g.constant(3.0), g.constant(0.5));
        let e = g.apply1(Fun1::Exp, v);
        let quotient = g.apply2(Fun2::Div, c, e);
        let rate = g.apply2(Fun2::Div, quotient, k);
        let value = Sum::of(&mut g, rate, &mut Found::new()).value(&mut g);
        let six = g.constant(6.0);
        assert_eq!(g.node(value), Node::Apply2(Fun2::Div, six, e));
    }

    #[test]
    fn below_a_jump_nothing_changes() {
        let mut g = Graph::default();
        let v = own(&mut g, 0);
        let k = g.constant(49.0);
        let ratio = g.apply2(Fun2::Div, v, k);
        let floor = g.apply1(Fun1::Floor, ratio);
        assert_eq!(Sum::of(&mut g, floor, &mut Found::new()), Sum::term(floor, 1.0));
    }

    #[test]
    fn what_is_no_number_stays_as_it_was() {
        let mut g = Graph::default();
        let v = own(&mut g, 0);
        let zero = g.constant(0.0);
        let nothing = g.apply2(Fun2::Mul, v, zero);
        assert_eq!(Sum::of(&mut g, nothing, &mut Found::new()), Sum::term(nothing, 1.0));
        let undefined = g.apply2(Fun2::Div, v, zero);
        assert_eq!(Sum::of(&mut g, undefined, &mut Found::new()), Sum::term(undefined, 1.0));
    }
}
