//! Which method should be used? The named one, or Brian2's rule: the first of `exact`, `euler` and `heun` that can.
//! `exact` has no error at any step size; `rk4` is for smooth nonlinear equations; `euler` for the rest.

use super::linear::{self, LinearSystem};
use super::{explicit, independent, noise};
use crate::codegen::{Graph, Lowering, Tape, Value};
use crate::equations::{At, Equations, Expr, Flag, Meaning, Owner, Scope, Slot};
use crate::error::{Error, ErrorKind, Result, did_you_mean};

/// How the state of a group goes one step further.
#[derive(Clone, Debug)]
pub(crate) enum Update {
    /// Nothing changes by itself.
    None,
    /// A tape whose results are the new values of these columns.
    Program(Tape),
    /// Coupled linear equations, by a matrix exponential for each neuron.
    Linear(LinearSystem),
}

/// A differential equation with its place in the state.
pub(crate) struct Rate<'a> {
    pub(crate) name: &'a str,
    pub(crate) column: Slot,
    pub(crate) rhs: &'a Expr,
    /// Stands still while the neuron is refractory.
    pub(crate) frozen: bool,
}

const METHODS: [&str; 9] =
    ["exact", "linear", "euler", "rk2", "rk4", "exponential_euler", "heun", "milstein", "independent"];

/// The method used and its program.
pub(crate) fn choose(
    method: Option<&str>,
    equations: &Equations,
    scope: &Scope,
    is_refractory: bool,
) -> Result<(&'static str, Update)> {
    let rates: Vec<Rate<'_>> = equations
        .differential()
        .filter(|(eq, _)| !eq.has(Flag::EventDriven))
        .filter_map(|(eq, rhs)| match scope.symbol(&eq.name)?.meaning {
            Meaning::Column(column, At { owner: Owner::Own, .. }) => Some(Rate {
                name: &eq.name,
                column,
                rhs,
                frozen: eq.has(Flag::UnlessRefractory) && is_refractory,
            }),
            _ => None,
        })
        .collect();
    if rates.is_empty() {
        return Ok(("none", Update::None));
    }
    let refractory = match scope.symbol("not_refractory").map(|s| s.meaning) {
        Some(Meaning::Column(slot, _)) if is_refractory => Some(slot),
        _ => None,
    };
    let noises = equations.noises(scope);
    let mut scope = scope.clone();
    equations.declare_noises(&mut scope);
    let noises = u32::try_from(noises.len()).unwrap_or(u32::MAX);
    let build = Build { rates, scope: &scope, refractory, noises };
    let in_text = |e: Error| e.in_text("equations", &equations.text);
    let quiet = |method: &str| match build.noises {
        0 => Ok(()),
        _ => Err(in_text(
            Error::new(ErrorKind::Method, format!("`{method}` cannot integrate noise"))
                .label(build.rates[0].rhs.span.clone(), "the equations contain `xi`")
                .help("use `.method(\"euler\")` for additive noise, `.method(\"heun\")` for any"),
        )),
    };
    let named = |name, update: Result<Update>| update.map(|u| (name, u)).map_err(in_text);
    let lower = method.map(str::to_lowercase);
    match lower.as_deref() {
        None => match linear::build(&build).map_err(in_text)? {
            Ok(update) => Ok(("exact", update)),
            Err(_) => match noise::euler(&build) {
                Ok(update) => Ok(("euler", update)),
                Err(_) => named("heun", noise::heun(&build)),
            },
        },
        Some("exact" | "linear") => match linear::build(&build).map_err(in_text)? {
            Ok(update) => Ok(("exact", update)),
            Err(refusal) => Err(in_text(refusal)),
        },
        Some("euler") => named("euler", noise::euler(&build)),
        Some("heun") => named("heun", noise::heun(&build)),
        Some("milstein") => named("milstein", noise::milstein(&build)),
        Some("rk2") => quiet("rk2").and_then(|()| named("rk2", explicit::rk2(&build))),
        Some("rk4") => quiet("rk4").and_then(|()| named("rk4", explicit::rk4(&build))),
        Some("exponential_euler") => quiet("exponential_euler")
            .and_then(|()| named("exponential_euler", explicit::exponential_euler(&build))),
        Some("independent") => {
            quiet("independent").and_then(|()| named("independent", independent::independent(&build)))
        }
        Some(other) => Err(unknown(other)),
    }
}

fn unknown(method: &str) -> Error {
    let error = Error::new(ErrorKind::Method, format!("there is no method `{method}` here"));
    match did_you_mean(method, METHODS) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help("methods are `exact`, `euler`, `heun`, `milstein`, `rk2`, `rk4`, `exponential_euler` and `independent`; leave it out to have one chosen"),
    }
}

/// What every method builds from.
pub(crate) struct Build<'a> {
    pub(crate) rates: Vec<Rate<'a>>,
    pub(crate) scope: &'a Scope,
    pub(crate) refractory: Option<Slot>,
    /// How many different noises there are.
    pub(crate) noises: u32,
}

impl<'a> Build<'a> {
    pub(crate) fn lowering(&self) -> Lowering<'a> {
        Lowering::new(self.scope)
    }

    /// Right-hand sides with the given values in place of the state.
    pub(crate) fn slopes(&self, lowering: &mut Lowering<'_>, state: &[Value]) -> Result<Vec<Value>> {
        for (rate, v) in self.rates.iter().zip(state) {
            lowering.write(rate.column, At::new(Owner::Own), *v);
        }
        let slopes = self.rates.iter().map(|r| lowering.expression(r.rhs)).collect();
        lowering.forget_written();
        slopes
    }

    /// As [`Build::slopes`], and zero for what stands still: other equations must not see it move within the step.
    pub(crate) fn free_slopes(&self, lowering: &mut Lowering<'_>, state: &[Value]) -> Result<Vec<Value>> {
        let mut slopes = self.slopes(lowering, state)?;
        if let Some(free) = self.free(&mut lowering.graph) {
            let zero = lowering.graph.constant(0.0);
            for (_, slope) in self.rates.iter().zip(&mut slopes).filter(|(rate, _)| rate.frozen) {
                *slope = lowering.graph.select(free, *slope, zero);
            }
        }
        Ok(slopes)
    }

    /// The state at the start of the step.
    pub(crate) fn state(&self, graph: &mut Graph) -> Vec<Value> {
        self.rates.iter().map(|r| graph.load(r.column, At::new(Owner::Own))).collect()
    }

    pub(crate) fn dt(&self, graph: &mut Graph) -> Value {
        let dt = match self.scope.symbol("dt").map(|s| s.meaning) {
            Some(Meaning::Constant(dt)) => dt,
            _ => f64::NAN,
        };
        graph.constant(dt)
    }

    /// 1 where the neuron is free, 0 where it is refractory.
    pub(crate) fn free(&self, graph: &mut Graph) -> Option<Value> {
        self.refractory.map(|c| graph.load(c, At::new(Owner::Own)))
    }

    /// A tape that stores these new values.
    pub(crate) fn program(&self, graph: &Graph, roots: &[Value]) -> Update {
        let columns: Vec<Slot> = self.rates.iter().map(|r| r.column).collect();
        Update::Program(Tape::storing(graph, roots, &columns))
    }

    /// New values into a tape, frozen variables held where the neuron is refractory.
    pub(crate) fn finish(&self, mut graph: Graph, new: &[Value]) -> Update {
        let old = self.state(&mut graph);
        let free = self.free(&mut graph);
        let mut roots = Vec::new();
        for ((rate, new), old) in self.rates.iter().zip(new).zip(old) {
            roots.push(match free {
                Some(free) if rate.frozen => graph.select(free, *new, old),
                _ => *new,
            });
        }
        self.program(&graph, &roots)
    }
}
