//! The neuron on one side of each synapse: where the rows begin, as long as synapses are in the neurons' order.
//! A list of one number per synapse is made of that when somebody asks for it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use super::pairs::index;

/// Neurons in the order of the synapses, counted within the whole group.
#[derive(Clone, Debug)]
pub(crate) enum Neurons {
    /// Neighbours are synapses of one neuron, and neurons go up.
    Rows {
        /// Where the synapses of each neuron begin, up to the last one that has some.
        starts: Vec<u32>,
        len: usize,
        list: OnceLock<Vec<u32>>,
    },
    List(Vec<u32>),
}

impl Neurons {
    /// No synapses yet.
    pub(crate) fn new() -> Self {
        Self::Rows { starts: Vec::new(), len: 0, list: OnceLock::new() }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Rows { len, .. } => *len,
            Self::List(list) => list.len(),
        }
    }

    /// Adds some synapses of one neuron.
    pub(super) fn push(&mut self, neuron: u32, count: usize) {
        match self {
            Self::Rows { starts, len, list } if neuron as usize + 1 >= starts.len() => {
                if count > 0 {
                    starts.resize(neuron as usize + 1, index(*len));
                    *len += count;
                    list.take();
                }
            }
            _ => self.as_list_mut().extend(std::iter::repeat_n(neuron, count)),
        }
    }

    /// One number for each synapse, to be added to.
    pub(super) fn as_list_mut(&mut self) -> &mut Vec<u32> {
        if let Self::Rows { .. } = self {
            *self = Self::List(self.to_vec().into_owned());
        }
        match self {
            Self::List(list) => list,
            Self::Rows { .. } => unreachable!("just made a list"),
        }
    }

    /// Adds those of more synapses, whose neurons are counted from `first`.
    pub(super) fn append(&mut self, mut new: Self, first: usize) {
        let first = index(first);
        if let Self::List(list) = &mut new {
            list.iter_mut().filter(|_| first > 0).for_each(|k| *k += first);
            if self.len() == 0 {
                list.shrink_to_fit();
                *self = new;
            } else {
                self.as_list_mut().append(list);
            }
        } else {
            new.rows().for_each(|(neuron, row)| self.push(neuron + first, row.len()));
        }
    }

    /// Adds to the number of synapses of each neuron, which is counted from `first`.
    #[expect(clippy::cast_precision_loss, reason = "numbers of synapses")]
    pub(super) fn count(&self, counts: &mut [f64]) {
        match self {
            Self::Rows { .. } => {
                self.rows().for_each(|(neuron, row)| counts[neuron as usize] += row.len() as f64);
            }
            Self::List(list) => list.iter().for_each(|k| counts[*k as usize] += 1.0),
        }
    }

    /// The synapses of each neuron; of none in a list.
    fn rows(&self) -> impl Iterator<Item = (u32, Range<u32>)> {
        let (starts, end) = match self {
            Self::Rows { starts, len, .. } => (&starts[..], index(*len)),
            Self::List(_) => (&[][..], 0),
        };
        let ends = starts.iter().skip(1).copied().chain([end]);
        (0..).zip(starts.iter().zip(ends).map(|(start, end)| *start..end))
    }

    /// Where the synapses of each of `n` neurons begin, and their end, if synapses are in that order.
    pub(crate) fn starts(&self, n: usize) -> Option<Vec<u32>> {
        match self {
            Self::Rows { starts, len, .. } => {
                let mut starts = starts.clone();
                starts.resize(n + 1, index(*len));
                Some(starts)
            }
            Self::List(_) => None,
        }
    }

    /// One number for each synapse, kept from now on.
    pub(crate) fn list(&self) -> &[u32] {
        match self {
            Self::Rows { list, .. } => list.get_or_init(|| self.expanded()),
            Self::List(list) => list,
        }
    }

    /// One number for each synapse, if they are there.
    fn at_hand(&self) -> Option<&[u32]> {
        match self {
            Self::Rows { list, .. } => list.get().map(Vec::as_slice),
            Self::List(list) => Some(list),
        }
    }

    /// Whether these are the neurons of a list.
    pub(super) fn is(&self, list: &[u32]) -> bool {
        match self {
            Self::Rows { .. } => {
                let is_of = |neuron| move |of: &u32| *of == neuron;
                let is_row = |(neuron, row): (u32, Range<u32>)| {
                    list[row.start as usize..row.end as usize].iter().all(is_of(neuron))
                };
                self.len() == list.len() && self.rows().all(is_row)
            }
            Self::List(own) => own == list,
        }
    }

    /// One number for each synapse, for once.
    pub(crate) fn to_vec(&self) -> Cow<'_, [u32]> {
        self.at_hand().map_or_else(|| Cow::Owned(self.expanded()), Cow::Borrowed)
    }

    fn expanded(&self) -> Vec<u32> {
        let mut out = Vec::with_capacity(self.len());
        for (neuron, row) in self.rows() {
            out.extend(std::iter::repeat_n(neuron, row.len()));
        }
        out
    }

    /// The neurons of some synapses; quick for those that follow each other.
    pub(crate) fn of(&self, synapses: &[u32]) -> Vec<u32> {
        let starts = match (self.at_hand(), self) {
            (None, Self::Rows { starts, .. }) => starts,
            (list, _) => {
                let list = list.unwrap_or_default();
                return synapses.iter().map(|s| list[*s as usize]).collect();
            }
        };
        let mut row = 0;
        let neuron = |s: &u32| {
            let is_here = starts.get(row).is_some_and(|start| start <= s)
                && starts.get(row + 1).is_none_or(|next| s < next);
            if !is_here {
                row = starts.partition_point(|start| start <= s).saturating_sub(1);
            }
            index(row)
        };
        synapses.iter().map(neuron).collect()
    }
}

impl From<Vec<u32>> for Neurons {
    fn from(list: Vec<u32>) -> Self {
        if !list.is_sorted() {
            return Self::List(list);
        }
        let mut rows = Self::new();
        list.chunk_by(|a, b| a == b).for_each(|run| rows.push(run[0], run.len()));
        rows
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_say_what_a_list_says(
            runs in proptest::collection::vec((0..12_u32, 0..4_usize), 0..20),
            sorted in any::<bool>(),
            more in proptest::collection::vec(0..20_u32, 0..6),
            first in 0..3_usize,
        ) {
            let mut runs = runs;
            if sorted {
                runs.sort_unstable();
            }
            let mut neurons = Neurons::new();
            let mut plain = Vec::new();
            for (neuron, count) in runs {
                neurons.push(neuron, count);
                plain.extend(std::iter::repeat_n(neuron, count));
            }
            prop_assert!(!sorted || neurons.starts(12).is_some());
            for new in [Neurons::from(more.clone()), Neurons::List(more.clone())] {
                neurons.append(new, first);
                plain.extend(more.iter().map(|k| k + index(first)));
                prop_assert_eq!(neurons.len(), plain.len());
                prop_assert_eq!(&*neurons.to_vec(), &plain[..]);
                let backwards: Vec<u32> = (0..index(plain.len())).rev().collect();
                let of: Vec<u32> = backwards.iter().map(|s| plain[*s as usize]).collect();
                prop_assert_eq!(neurons.of(&backwards), of);
            }
            let mut counts = [0.0; 30];
            neurons.count(&mut counts);
            for (k, count) in (0..).zip(counts) {
                prop_assert_eq!(count, plain.iter().map(|n| if *n == k { 1.0 } else { 0.0 }).sum::<f64>());
            }
            if let Some(starts) = neurons.starts(30) {
                for (k, row) in (0..).zip(starts.windows(2)) {
                    prop_assert!(plain[row[0] as usize..row[1] as usize].iter().all(|n| *n == k));
                }
                prop_assert_eq!(starts.len(), 31);
            }
            prop_assert!(neurons.is(&plain));
            prop_assert!(!neurons.is(&[&plain[..], &[0]].concat()));
            if let Some((last, before)) = plain.split_last() {
                prop_assert!(!neurons.is(&[before, &[last + 1]].concat()));
            }
            prop_assert_eq!(neurons.list(), &plain[..]);
        }
    }
}
