//! The living part of a group: its columns, its events, its links, and what a generator still has to send.
//! Neuron groups, Poisson groups and spike generators all live like this; they differ in where events come from.

use std::ops::Range;

use litemap::LiteMap;

use super::context::{Context, Live};
use super::generator::Generator;
use super::place::{Place, selected};
use super::variables::{Column, Columns, declare_subexpressions, read, replace, set_variable};
use crate::description::{NeuronGroupDescription, RegularDescription, Selection, Value};
use crate::equations::{At, Equations, Flag, Meaning, Owner, Scope, Symbol, ValueType};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::Part;
use crate::units::{Dimension, QuantityArray};

/// The event that a threshold stands for.
pub(crate) const SPIKE: &str = "spike";

/// One variable of so many neurons takes a gigabyte.
const MOST_NEURONS: usize = 1 << 27;

/// The living part of a group.
#[derive(Clone)]
pub(crate) struct GroupState {
    pub(crate) description: NeuronGroupDescription,
    pub(crate) equations: Equations,
    pub(crate) columns: Columns,
    /// Which elements had each event when it was looked at last.
    pub(crate) events: LiteMap<String, Vec<u32>>,
    pub(crate) generator: Option<Generator>,
    pub(crate) regular: Vec<RegularDescription>,
    /// Linked variables that were not linked yet.
    pub(crate) unlinked: Vec<String>,
    pub(crate) active: bool,
}

impl GroupState {
    pub(crate) fn new(description: NeuronGroupDescription, context: &mut Context) -> Result<Self> {
        let n = description.n;
        if n == 0 {
            return Err(Error::new(ErrorKind::Value, "a group needs at least one neuron")
                .help("the first argument of `NeuronGroup::new` is the number of neurons"));
        }
        if n > MOST_NEURONS {
            return Err(Error::new(ErrorKind::Value, format!("a group of {n} neurons is too large"))
                .help(format!("a group has {MOST_NEURONS} neurons at most")));
        }
        let equations = Equations::parse(&description.equations)?;
        equations.refuse_flags("a group", &[Flag::EventDriven, Flag::ClockDriven, Flag::Summed])?;
        let mut columns = Columns::default();
        #[expect(clippy::cast_precision_loss, reason = "a group has fewer than 2^53 neurons")]
        columns.add_fixed(context, "i", (0..n).map(|k| k as f64).collect());
        columns.add_model(context, &equations, n);
        if description.refractory.is_some() {
            columns.add(context, "lastspike", Dimension::TIME, ValueType::Float, vec![-1e4; n]);
            columns.add(context, "not_refractory", Dimension::NONE, ValueType::Boolean, vec![1.0; n]);
        }
        let mut events: LiteMap<_, _> = description.events.keys().map(|e| (e.clone(), Vec::new())).collect();
        if description.threshold.is_some() {
            events.insert(SPIKE.to_owned(), Vec::new());
        }
        let linked = equations.list.iter().filter(|eq| eq.has(Flag::Linked));
        let unlinked = linked.map(|eq| eq.name.clone()).collect();
        Ok(Self {
            description,
            equations,
            columns,
            events,
            generator: None,
            regular: Vec::new(),
            unlinked,
            active: true,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.description.name
    }

    pub(crate) fn len(&self) -> usize {
        self.description.n
    }

    /// The group's own time step.
    pub(crate) fn dt(&self, context: &Context) -> f64 {
        self.description.timing.dt.unwrap_or(context.dt)
    }

    /// Whether the group has a refractory period.
    pub(crate) fn is_refractory(&self) -> bool {
        self.description.refractory.is_some()
    }

    /// All names that this group's code may use.
    pub(crate) fn scope(&self, context: &Context) -> Result<Scope> {
        self.scope_of_part(context, &(0..self.len()))
    }

    /// As [`GroupState::scope`] for a part of the group, where `i` counts from its start.
    pub(crate) fn scope_of_part(&self, context: &Context, part: &Range<usize>) -> Result<Scope> {
        let mut scope = Scope::new(context.namespace_with(&self.description.namespace)?);
        self.columns.declare(&mut scope, Owner::Own, "");
        declare_subexpressions(&self.equations, &mut scope, Owner::Own, "");
        if part.len() < self.len() {
            self.keep_whole(&mut scope);
        }
        scope.insert_count("N", part.len());
        scope.insert_clock(self.dt(context));
        if let (1.., Some(slot)) = (part.start, self.columns.slot("i")) {
            let meaning = Meaning::Index(slot, At::new(Owner::Own), part.start);
            let value_type = ValueType::Integer;
            scope.insert("i", Symbol { dimension: Dimension::NONE, value_type, meaning, writable: false });
        }
        Ok(scope)
    }

    /// Subexpressions belong to the whole group, as in Brian2: their `i` and `N` are those of the group in each part of it.
    fn keep_whole(&self, scope: &mut Scope) {
        const WHOLE: [(&str, &str); 2] = [("i", "i of the group"), ("N", "N of the group")];
        scope.insert_count(WHOLE[1].1, self.len());
        if let Some(i) = scope.symbol("i") {
            scope.insert(WHOLE[0].1, i);
        }
        for eq in &self.equations.list {
            if let Some(mut symbol) = scope.symbol(&eq.name)
                && let Meaning::Expression(_, expr) = &mut symbol.meaning
            {
                expr.rename(&WHOLE);
                scope.insert(eq.name.clone(), symbol);
            }
        }
    }

    fn place<'a>(&self, context: &'a Context, scope: &'a Scope, part: &Range<usize>) -> Place<'a> {
        let stream = context.operation_stream(self.name());
        Place {
            scope,
            store: &context.store,
            first: part.start,
            ends: None,
            time: context.time,
            stream,
            len: part.len(),
        }
    }

    /// The neurons of a selection, counted in the whole group.
    pub(crate) fn selected(
        &self,
        context: &Context,
        part: &Range<usize>,
        selection: &Selection,
    ) -> Result<Vec<u32>> {
        let scope = self.scope_of_part(context, part)?;
        let place = self.place(context, &scope, part);
        Ok(place.absolute(selected(selection, &place)?))
    }

    pub(crate) fn set(
        &self,
        context: &mut Context,
        part: &Range<usize>,
        variable: &str,
        index: &Selection,
        value: &Value,
    ) -> Result<()> {
        let scope = self.scope_of_part(context, part)?;
        let place = self.place(context, &scope, part);
        let (slot, chosen, new) = set_variable(&self.columns, self.name(), variable, index, value, &place)?;
        replace(&mut context.store[slot.place()], chosen, new);
        Ok(())
    }

    pub(crate) fn get(
        &self,
        context: &Context,
        part: &Range<usize>,
        variable: &str,
        index: &Selection,
    ) -> Result<QuantityArray> {
        let scope = self.scope_of_part(context, part)?;
        read(variable, self.name(), index, &self.place(context, &scope, part))
    }

    /// Makes a linked variable that of another group.
    pub(crate) fn link(
        &mut self,
        context: &mut Context,
        variable: &str,
        source: &View,
        (source_variable, found): (&str, Option<Column>),
        index: Option<&[usize]>,
    ) -> Result<()> {
        let n = self.len();
        let refuse = |message: String, help: &str| Err(Error::new(ErrorKind::Value, message).help(help));
        let Some(there) = found else {
            return refuse(
                format!("`{}` has no stored variable `{source_variable}` to link to", source.name),
                "link to a variable or parameter of its equations",
            );
        };
        let Some(column) = self.columns.list.iter_mut().find(|c| c.name == variable) else {
            return refuse(
                format!("`{}` has no variable `{variable}`", self.description.name),
                "declare it in the equations: `x : 1 (linked)`",
            );
        };
        let is_linked = self.equations.list.iter().any(|eq| eq.name == variable && eq.has(Flag::Linked));
        if !is_linked {
            return refuse(
                format!("`{variable}` is not a linked variable"),
                "declare it with the flag: `x : 1 (linked)`",
            );
        }
        if there.dimension != column.dimension {
            return Err(Error::new(
                ErrorKind::Dimension,
                format!(
                    "`{variable}` is {}, `{source_variable}` of `{}` is {}",
                    column.dimension.describe(),
                    source.name,
                    there.dimension.describe()
                ),
            )
            .help("a variable can be linked to one of the same unit only"));
        }
        if there.at.via.is_some() {
            return refuse(
                format!("`{source_variable}` of `{}` is linked itself", source.name),
                "link to the variable behind it",
            );
        }
        column.slot = there.slot;
        column.value_type = there.value_type;
        column.at = if there.is_shared() {
            At::new(Owner::Shared)
        } else {
            let m = source.range.len();
            let indices: Vec<usize> = match index {
                Some(list) => list.to_vec(),
                None if m == n => (0..n).collect(),
                None if m == 1 => vec![0; n],
                None => {
                    return Err(Error::new(
                        ErrorKind::Shape,
                        format!("`{}` has {n} elements, `{}` has {m}", self.description.name, source.name),
                    )
                    .help("give an index for each element: `link_by(…, [0, 0, 1])`"));
                }
            };
            if indices.len() != n || indices.iter().any(|k| *k >= m) {
                return Err(Error::new(
                    ErrorKind::Index,
                    format!("the {} indices do not fit {n} elements linked to {m}", indices.len()),
                )
                .help(format!("give {n} indices from 0 to {}", m.saturating_sub(1))));
            }
            #[expect(clippy::cast_precision_loss, reason = "indices stay far below 2^53")]
            let values = indices.iter().map(|k| (k + source.range.start) as f64).collect();
            At { owner: Owner::Own, via: Some(context.add_column(values)) }
        };
        self.unlinked.retain(|name| name != variable);
        Ok(())
    }
}

/// A group or a part of it, as monitors and synapses see it.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) live: Live<GroupState>,
    /// As in descriptions: `A` or `A[2:5]`.
    pub(crate) name: String,
    pub(crate) range: Range<usize>,
}

impl View {
    /// Which part of its group it is, if it is not all of it.
    pub(crate) fn part(&self) -> Option<Part> {
        let of = self.live.enter().1.len();
        (self.len() < of).then_some(Part { first: self.range.start, of })
    }

    pub(crate) fn len(&self) -> usize {
        self.range.len()
    }
}
