//! The columns of a network as a program sees them: all of them to read, all of them to write, or the part of one thread.
//! Parts are slices that the borrow checker keeps apart, so a thread cannot touch what another one writes.

use std::ops::Range;

use crate::equations::Slot;

/// The columns a program runs on.
pub(crate) enum Columns<'a> {
    Read(&'a [Vec<f64>]),
    Write(&'a mut [Vec<f64>]),
    Part(Part<'a>),
}

/// What one thread sees: its own elements of some columns, and all elements of the others.
pub(crate) struct Part<'a> {
    views: Vec<View<'a>>,
    /// The first of its own elements.
    base: usize,
}

enum View<'a> {
    All(&'a [f64]),
    Own(&'a mut [f64]),
}

/// A column taken out to be written to while others are read.
pub(crate) enum Taken<'a> {
    Column(Vec<f64>),
    Own(&'a mut [f64], usize),
}

impl Taken<'_> {
    pub(crate) fn block(&mut self, start: usize, count: usize) -> &mut [f64] {
        match self {
            Self::Column(column) => &mut column[start..start + count],
            Self::Own(own, base) => &mut own[start - *base..start - *base + count],
        }
    }
}

impl<'a> Columns<'a> {
    /// Neighbouring elements of a column.
    #[inline]
    pub(crate) fn block(&self, column: usize, start: usize, count: usize) -> &[f64] {
        match self {
            Self::Read(all) => &all[column][start..start + count],
            Self::Write(all) => &all[column][start..start + count],
            Self::Part(part) => match &part.views[column] {
                View::All(all) => &all[start..start + count],
                View::Own(own) => &own[start - part.base..start - part.base + count],
            },
        }
    }

    #[inline]
    pub(crate) fn at(&self, column: usize, element: usize) -> f64 {
        self.block(column, element, 1)[0]
    }

    /// All that is seen of a column, and the element that it begins with.
    pub(crate) fn seen(&self, column: usize) -> (&[f64], usize) {
        match self {
            Self::Read(all) => (&all[column], 0),
            Self::Write(all) => (&all[column], 0),
            Self::Part(part) => match &part.views[column] {
                View::All(all) => (all, 0),
                View::Own(own) => (own, part.base),
            },
        }
    }

    /// Sets these elements of a column.
    pub(crate) fn scatter(&mut self, column: usize, elements: &[u32], new: &[f64]) {
        let (column, base) = match self {
            Self::Read(_) => return,
            Self::Write(all) => (&mut all[column][..], 0),
            Self::Part(part) => match &mut part.views[column] {
                View::All(_) => return,
                View::Own(own) => (&mut **own, part.base),
            },
        };
        for (element, v) in elements.iter().zip(new) {
            column[*element as usize - base] = *v;
        }
    }

    #[inline]
    pub(crate) fn block_mut(&mut self, column: usize, start: usize, count: usize) -> &mut [f64] {
        match self {
            Self::Read(_) => &mut [],
            Self::Write(all) => &mut all[column][start..start + count],
            Self::Part(part) => match &mut part.views[column] {
                View::All(_) => &mut [],
                View::Own(own) => &mut own[start - part.base..start - part.base + count],
            },
        }
    }

    /// Takes a column out for [`Columns::put_back`]; none if it may not be written to.
    #[inline]
    pub(crate) fn take(&mut self, column: usize) -> Option<Taken<'a>> {
        match self {
            Self::Read(_) => None,
            Self::Write(all) => Some(Taken::Column(std::mem::take(&mut all[column]))),
            Self::Part(part) => match &mut part.views[column] {
                View::All(_) => None,
                View::Own(own) => Some(Taken::Own(std::mem::take(own), part.base)),
            },
        }
    }

    #[inline]
    pub(crate) fn put_back(&mut self, column: usize, taken: Taken<'a>) {
        match (self, taken) {
            (Self::Write(all), Taken::Column(whole)) => all[column] = whole,
            (Self::Part(part), Taken::Own(own, _)) => part.views[column] = View::Own(own),
            _ => {}
        }
    }

    pub(super) fn is_written(&self) -> bool {
        !matches!(self, Self::Read(_))
    }
}

/// Memory for lists of columns, which are made in each step.
#[derive(Default)]
pub(crate) struct Lists {
    spare: Vec<Vec<View<'static>>>,
    is_own: Vec<bool>,
}

impl Lists {
    fn empty<'a>(&mut self, length: usize) -> Vec<View<'a>> {
        let mut list = emptied(self.spare.pop().unwrap_or_default());
        list.reserve(length);
        list
    }

    /// Takes back what is done with.
    pub(crate) fn give_back(&mut self, columns: Columns<'_>) {
        if let Columns::Part(part) = columns {
            self.spare.push(emptied(part.views));
        }
    }
}

/// The memory of a list, for another lifetime: of what was in it nothing is left.
fn emptied<'a>(mut list: Vec<View<'_>>) -> Vec<View<'a>> {
    list.clear();
    list.into_iter().map_while(|_| None).collect()
}

/// The store in parts, one for each of the ranges, which follow each other. Each part owns its range of the columns
/// `own` and sees all of the others. None if one of them is too short to have these elements.
pub(crate) fn parts<'a>(
    store: &'a mut [Vec<f64>],
    own: &[Slot],
    ranges: &[Range<usize>],
    lists: &mut Lists,
) -> Option<Vec<Columns<'a>>> {
    let end = ranges.last()?.end;
    if own.iter().any(|slot| store[slot.place()].len() < end) {
        return None;
    }
    let part = |range: &Range<usize>| Part { views: lists.empty(store.len()), base: range.start };
    let mut parts: Vec<Part<'a>> = ranges.iter().map(part).collect();
    lists.is_own.clear();
    lists.is_own.resize(store.len(), false);
    own.iter().for_each(|slot| lists.is_own[slot.place()] = true);
    for (column, is_own) in store.iter_mut().zip(&lists.is_own) {
        if *is_own {
            let mut rest = &mut column[ranges[0].start..end];
            for (part, range) in parts.iter_mut().zip(ranges) {
                let (mine, others) = rest.split_at_mut(range.len());
                part.views.push(View::Own(mine));
                rest = others;
            }
        } else {
            let all = &column[..];
            parts.iter_mut().for_each(|part| part.views.push(View::All(all)));
        }
    }
    Some(parts.into_iter().map(Columns::Part).collect())
}
