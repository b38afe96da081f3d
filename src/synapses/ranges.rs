//! Where a condition between pairs holds for a whole stretch of neurons, or for none of it: intervals sent through its graph.
//! A stretch that is undecided is cut in two until it is short, so that `i != j` or `abs(i - j) < 5` looks at few pairs.

use std::ops::Range;

use crate::codegen::{Fun1, Fun2, Graph, Node, Value};
use crate::equations::Slot;

/// Numbers from the first to the second; none of them undefined.
type Interval = (f64, f64);

/// Shorter stretches are looked at pair by pair.
const SHORT: u32 = 32;
/// Rows after which it is clear whether cutting pays.
const TRIAL: u32 = 8;

/// A condition, and what is known of its nodes over a stretch.
pub(super) struct Ranges {
    graph: Graph,
    root: Value,
    /// The indices of the neuron that stays the same in a row, and of the one that goes through the stretch.
    fixed: Slot,
    varying: Slot,
    known: Vec<Option<Interval>>,
    /// Rows so far, their pairs, and those of them that remained undecided.
    rows: u32,
    pairs: u64,
    open: u64,
}

/// A stretch of a row: all of it fulfils the condition, or each pair is to be looked at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) range: Range<u32>,
    pub(super) holds: bool,
}

impl Ranges {
    /// For a condition that depends neither on chance nor on functions that may do anything.
    pub(super) fn new(graph: Graph, root: Value, fixed: Slot, varying: Slot) -> Self {
        Self { graph, root, fixed, varying, known: Vec::new(), rows: 0, pairs: 0, open: 0 }
    }

    /// False if most pairs must be looked at anyway.
    pub(super) fn pays(&self) -> bool {
        self.rows < TRIAL || self.open * 2 < self.pairs
    }

    /// The stretches of a row of `n` in which the condition may hold, in order.
    pub(super) fn row(&mut self, fixed: u32, n: u32) -> Vec<Stretch> {
        let mut out: Vec<Stretch> = Vec::new();
        let mut left = Vec::from_iter((n > 0).then_some(0..n));
        while let Some(range) = left.pop() {
            let holds = match self.truth(fixed, &range) {
                Some(false) => continue,
                Some(true) => true,
                None if range.end - range.start > SHORT => {
                    let middle = range.start.midpoint(range.end);
                    left.extend([middle..range.end, range.start..middle]);
                    continue;
                }
                None => false,
            };
            match out.last_mut() {
                Some(last) if last.holds == holds && last.range.end == range.start => {
                    last.range.end = range.end;
                }
                _ => out.push(Stretch { range, holds }),
            }
        }
        self.rows += 1;
        self.pairs += u64::from(n);
        self.open += out.iter().filter(|s| !s.holds).map(|s| s.range.len() as u64).sum::<u64>();
        out
    }

    /// Whether the condition holds over a stretch, if it is the same everywhere.
    pub(super) fn truth(&mut self, fixed: u32, range: &Range<u32>) -> Option<bool> {
        self.known.clear();
        let varying = (f64::from(range.start), f64::from(range.end.saturating_sub(1)));
        for v in 0..=self.root.0 {
            let new = self.interval(Value(v), f64::from(fixed), varying);
            // Rounding is monotone, so that ends of intervals are safe; what has no number decides nothing.
            self.known.push(new.filter(|(low, high)| low <= high && low.is_finite() && high.is_finite()));
        }
        truth(self.known[self.root.0 as usize])
    }

    fn interval(&self, v: Value, fixed: f64, varying: Interval) -> Option<Interval> {
        let at = |v: Value| self.known[v.0 as usize];
        match self.graph.node(v) {
            Node::Const(bits) => Some((f64::from_bits(bits), f64::from_bits(bits))),
            Node::Load(slot, _) if slot == self.fixed => Some((fixed, fixed)),
            Node::Load(slot, _) if slot == self.varying => Some(varying),
            Node::Apply1(f, a) => one(f, at(a)),
            Node::Apply2(f, a, b) => two(f, at(a), at(b)),
            Node::Select(c, a, b) => match truth(at(c)) {
                Some(true) => at(a),
                Some(false) => at(b),
                None => {
                    let (a, b) = (at(a)?, at(b)?);
                    Some((a.0.min(b.0), a.1.max(b.1)))
                }
            },
            _ => None,
        }
    }
}

fn truth(x: Option<Interval>) -> Option<bool> {
    match x? {
        (0.0, 0.0) => Some(false),
        (low, high) if low > 0.0 || high < 0.0 => Some(true),
        _ => None,
    }
}

fn of_truth(x: Option<bool>) -> Interval {
    x.map_or((0.0, 1.0), |x| if x { (1.0, 1.0) } else { (0.0, 0.0) })
}

fn one(f: Fun1, a: Option<Interval>) -> Option<Interval> {
    let ends = |(low, high): Interval| (f.apply(low), f.apply(high));
    match f {
        Fun1::Not => Some(of_truth(truth(a).map(|x| !x))),
        Fun1::Truth => Some(of_truth(truth(a))),
        Fun1::Neg => a.map(|(low, high)| (-high, -low)),
        Fun1::Abs => a.map(|(low, high)| {
            (
                if low <= 0.0 && high >= 0.0 { 0.0 } else { low.abs().min(high.abs()) },
                low.abs().max(high.abs()),
            )
        }),
        // They never go down.
        Fun1::Floor | Fun1::Ceil | Fun1::Trunc | Fun1::Sign => a.map(ends),
        Fun1::Sqrt => a.filter(|(low, _)| *low >= 0.0).map(ends),
        _ => None,
    }
}

fn two(f: Fun2, a: Option<Interval>, b: Option<Interval>) -> Option<Interval> {
    match f {
        Fun2::And => {
            let (a, b) = (truth(a), truth(b));
            let both = if a == Some(false) || b == Some(false) { Some(false) } else { a.and(b) };
            return Some(of_truth(both));
        }
        Fun2::Or => {
            let (a, b) = (truth(a), truth(b));
            let any = if a == Some(true) || b == Some(true) { Some(true) } else { a.and(b) };
            return Some(of_truth(any));
        }
        _ => {}
    }
    let (a, b) = (a?, b?);
    let hull = || {
        let all = [f.apply(a.0, b.0), f.apply(a.0, b.1), f.apply(a.1, b.0), f.apply(a.1, b.1)];
        let end = |pick: fn(f64, f64) -> f64| all.into_iter().reduce(pick);
        end(f64::min).zip(end(f64::max)).filter(|_| all.iter().all(|x| x.is_finite()))
    };
    let is_without_zero = b.0 > 0.0 || b.1 < 0.0;
    let ordered = |is_below: bool, is_above: bool| {
        Some(of_truth(if is_below {
            Some(true)
        } else if is_above {
            Some(false)
        } else {
            None
        }))
    };
    let same = a.0 == a.1 && a == b;
    let apart = a.1 < b.0 || a.0 > b.1;
    match f {
        Fun2::Add | Fun2::Sub | Fun2::Mul | Fun2::Min | Fun2::Max => hull(),
        Fun2::Div | Fun2::FloorDiv if is_without_zero => hull(),
        // Within one period it goes up; else it is anything up to the divisor.
        Fun2::Mod if b.0 == b.1 && b.0 > 0.0 => {
            let ends = (f.apply(a.0, b.0), f.apply(a.1, b.0));
            Some(if a.1 - a.0 < b.0 && ends.0 <= ends.1 { ends } else { (0.0, b.0) })
        }
        Fun2::Lt => ordered(a.1 < b.0, a.0 >= b.1),
        Fun2::Le => ordered(a.1 <= b.0, a.0 > b.1),
        Fun2::Gt => ordered(a.0 > b.1, a.1 <= b.0),
        Fun2::Ge => ordered(a.0 >= b.1, a.1 < b.0),
        Fun2::Eq => ordered(same, apart),
        Fun2::Ne => ordered(apart, same),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::prelude::*;

    /// The pairs that a condition gives among so many neurons on each side.
    fn pairs(condition: &str, (n, m): (usize, usize), p: f64) -> crate::Result<Vec<(usize, usize)>> {
        let mut net = Network::new().seed(4);
        let before = net.add(NeuronGroup::new(n, "x : 1"))?;
        let behind = net.add(NeuronGroup::new(m, "y : 1"))?;
        behind.set("y", "i % 5")?;
        let synapses = net.add(Synapses::new(&before, &behind))?;
        synapses.connect(Connect::condition(condition).p(p))?;
        Ok(synapses.i().into_iter().zip(synapses.j()).collect())
    }

    fn conditions() -> impl Strategy<Value = String> {
        let term = prop_oneof![
            Just("i".to_owned()),
            Just("j".to_owned()),
            Just("y_post".to_owned()),
            Just("-j".to_owned()),
            Just("(i - j)".to_owned()),
            Just("abs(j - i)".to_owned()),
            Just("sqrt(j)".to_owned()),
            Just("(j - 70)*(j - 90)".to_owned()),
            (1..60_i32).prop_map(|k| format!("(i // {k})")),
            (1..60_i32).prop_map(|k| format!("(j // {k})")),
            (1..60_i32).prop_map(|k| format!("(j % {k})")),
            (1..60_i32).prop_map(|k| format!("((j - {k})/(i + 1))")),
            (1..9_i32).prop_map(|k| format!("clip(j, {k}, 10*{k})")),
            (1..9_i32).prop_map(|k| format!("floor(0.{k}*j)")),
        ];
        let other = prop_oneof![term.clone(), (-20..120_i32).prop_map(|k| k.to_string())];
        let compare = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
        let one = (term, compare, other).prop_map(|(a, op, b)| format!("{a} {op} {b}"));
        (one.clone(), prop::sample::select(vec!["and", "or", "and not"]), one, any::<bool>())
            .prop_map(|(a, op, b, both)| if both { format!("({a}) {op} ({b})") } else { a })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]

        #[test]
        fn stretches_give_the_pairs_that_looking_at_each_gives(condition in conditions(), few in any::<bool>()) {
            // With chance in it nothing is known ahead.
            let each = format!("({condition}) and rand() < 2");
            for (size, p) in [((20, 150), 1.0), ((20, 150), 0.4), ((3, 300), if few { 0.1 } else { 0.6 })] {
                prop_assert_eq!(pairs(&condition, size, p).unwrap(), pairs(&each, size, p).unwrap(), "{}", condition);
            }
        }
    }

    #[test]
    fn whole_rows_are_decided_at_once() {
        let all = pairs("i < 2", (4, 300), 1.0).unwrap();
        assert_eq!(all.len(), 600);
        assert!(pairs("i > 2 and j > 400", (4, 300), 1.0).unwrap().is_empty());
        assert_eq!(pairs("abs(i - j) < 3 and i != j", (300, 300), 1.0).unwrap().len(), 2 * (299 + 298));
    }
}
