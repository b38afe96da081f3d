//! The intermediate form: a graph of values in which equal computations are one node (hash-consing).
//! Constants are folded with the very functions that the executor uses, so folding never changes a bit.

use std::collections::HashMap;

use crate::equations::{At, Callable, MOST_ARGUMENTS, Slot};
use crate::vector::{Fun1, Fun2};

/// A node of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Value(pub(crate) u32);

/// What a node computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    /// A number, by its bits.
    Const(u64),
    /// One value of a column for each element.
    Load(Slot, At),
    /// Time of the step.
    Time,
    Apply1(Fun1, Value),
    Apply2(Fun2, Value, Value),
    /// If the first is true, the second, else the third.
    Select(Value, Value, Value),
    /// A random number, told apart from others by its place in the code.
    Uniform(u32),
    Normal(u32),
    /// A whole number from the Poisson distribution of this mean.
    Poisson(u32, Value),
    /// How many of so many trials succeed with this probability.
    Binomial(u32, Value, Value),
    /// A noise, known by number; only equations have one before they become a method.
    Xi(u32),
    /// A call of the graph's callable of this number, with so many arguments.
    Call(u32, u8, [Value; MOST_ARGUMENTS]),
}

/// Marks draws that are the same for all elements.
pub(crate) const SHARED_DRAW: u32 = 1 << 31;

/// The graph under construction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    known: HashMap<Node, Value>,
    draws: u32,
    /// Draws from here on are the same for all elements.
    pub(crate) shared_draws: bool,
    pub(crate) callables: Vec<Callable>,
}

impl Graph {
    pub(crate) fn node(&self, v: Value) -> Node {
        self.nodes[v.0 as usize]
    }

    fn add(&mut self, node: Node) -> Value {
        if let Some(v) = self.known.get(&node) {
            return *v;
        }
        let v = Value(u32::try_from(self.nodes.len()).expect("a model has fewer than 2^32 operations"));
        self.nodes.push(node);
        self.known.insert(node, v);
        v
    }

    pub(crate) fn constant(&mut self, x: f64) -> Value {
        self.add(Node::Const(x.to_bits()))
    }

    pub(crate) fn as_constant(&self, v: Value) -> Option<f64> {
        match self.node(v) {
            Node::Const(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    pub(crate) fn load(&mut self, slot: Slot, at: At) -> Value {
        self.add(Node::Load(slot, at))
    }

    pub(crate) fn time(&mut self) -> Value {
        self.add(Node::Time)
    }

    /// The number of a new draw.
    fn draw(&mut self) -> u32 {
        self.draws += 1;
        if self.shared_draws { self.draws | SHARED_DRAW } else { self.draws }
    }

    pub(crate) fn uniform(&mut self) -> Value {
        let draw = self.draw();
        self.add(Node::Uniform(draw))
    }

    pub(crate) fn normal(&mut self) -> Value {
        let draw = self.draw();
        self.add(Node::Normal(draw))
    }

    pub(crate) fn poisson(&mut self, mean: Value) -> Value {
        let draw = self.draw();
        self.add(Node::Poisson(draw, mean))
    }

    pub(crate) fn binomial(&mut self, n: Value, p: Value) -> Value {
        let draw = self.draw();
        self.add(Node::Binomial(draw, n, p))
    }

    /// A call with at most [`MOST_ARGUMENTS`] arguments; the same call twice is one value.
    pub(crate) fn call(&mut self, number: u32, arguments: &[Value]) -> Value {
        let mut all = [Value(0); MOST_ARGUMENTS];
        all[..arguments.len()].copy_from_slice(arguments);
        let count = u8::try_from(arguments.len()).expect("checked before");
        self.add(Node::Call(number, count, all))
    }

    pub(crate) fn xi(&mut self, number: u32) -> Value {
        self.add(Node::Xi(number))
    }

    pub(crate) fn apply1(&mut self, f: Fun1, a: Value) -> Value {
        match self.as_constant(a) {
            Some(x) => self.constant(f.apply(x)),
            None => self.add(Node::Apply1(f, a)),
        }
    }

    pub(crate) fn apply2(&mut self, f: Fun2, a: Value, b: Value) -> Value {
        match (self.as_constant(a), self.as_constant(b)) {
            (Some(x), Some(y)) => self.constant(f.apply(x, y)),
            // Only what holds for every number, the infinite ones too.
            (Some(1.0), None) if f == Fun2::Mul => b,
            (None, Some(1.0)) if matches!(f, Fun2::Mul | Fun2::Div | Fun2::Pow) => a,
            _ => self.add(Node::Apply2(f, a, b)),
        }
    }

    pub(crate) fn select(&mut self, condition: Value, yes: Value, no: Value) -> Value {
        match self.as_constant(condition) {
            Some(c) if c != 0.0 => yes,
            Some(_) => no,
            None if yes == no => yes,
            None => self.add(Node::Select(condition, yes, no)),
        }
    }

    /// What a node computes from.
    pub(crate) fn operands(&self, v: Value) -> Vec<Value> {
        match self.node(v) {
            Node::Apply1(_, a) => vec![a],
            Node::Apply2(_, a, b) => vec![a, b],
            Node::Select(a, b, c) => vec![a, b, c],
            Node::Poisson(_, a) => vec![a],
            Node::Binomial(_, a, b) => vec![a, b],
            Node::Call(_, count, all) => all[..usize::from(count)].to_vec(),
            _ => Vec::new(),
        }
    }

    /// True if any node below any of `roots` satisfies `test`.
    pub(crate) fn any(&self, roots: &[Value], test: &dyn Fn(Node) -> bool) -> bool {
        self.any_value(roots, &|v| test(self.node(v)))
    }

    /// True if any of `leaves` is needed for any of `roots`.
    pub(crate) fn reaches(&self, roots: &[Value], leaves: &[Value]) -> bool {
        self.any_value(roots, &|v| leaves.contains(&v))
    }

    fn any_value(&self, roots: &[Value], test: &dyn Fn(Value) -> bool) -> bool {
        let mut open = roots.to_vec();
        let mut seen = vec![false; self.nodes.len()];
        while let Some(v) = open.pop() {
            if std::mem::replace(&mut seen[v.0 as usize], true) {
                continue;
            }
            if test(v) {
                return true;
            }
            open.extend(self.operands(v));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_computations_are_one_node() {
        let mut g = Graph::default();
        let own = At::new(crate::equations::Owner::Own);
        let (x, y) = (g.load(Slot(0), own), g.load(Slot(1), own));
        let a = g.apply2(Fun2::Add, x, y);
        assert_eq!(a, g.apply2(Fun2::Add, x, y));
        assert_ne!(g.uniform(), g.uniform(), "two draws are two numbers");
    }
}
