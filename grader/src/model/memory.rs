//! What simulations of a stored run gave, remembered by everything that they were made of.
//! A changed rubric then only compares again; another program, model or value is another key and is simulated.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fingerprint::sha256;

/// Longer answers are not kept: reading them would take as long as simulating again.
const LONGEST: usize = 1 << 20;
/// So much is kept of one run, whatever its networks are: they are a stranger's.
const MOST: usize = 8 << 20;
/// So much an answer may unfold to.
const LARGEST: u64 = 1 << 28;

/// Answers by their keys, of one run of a notebook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Those known before.
    pub known: BTreeMap<String, Vec<u8>>,
    /// Those added since.
    pub new: BTreeMap<String, Vec<u8>>,
}

thread_local! {
    /// That of the run which this thread judges at this moment.
    static HERE: RefCell<Option<Memory>> = const { RefCell::new(None) };
}

impl Memory {
    /// Does `work` on this thread with these answers at hand, and returns them with the new ones.
    pub fn during<T>(self, work: impl FnOnce() -> T) -> (T, Self) {
        HERE.set(Some(self));
        let value = work();
        (value, HERE.take().unwrap_or_default())
    }

    fn recall<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let bytes = self.known.get(key).or_else(|| self.new.get(key))?;
        let mut plain = Vec::new();
        ZlibDecoder::new(&bytes[..]).take(LARGEST).read_to_end(&mut plain).ok()?;
        // Of another form than this program's, or damaged: then it is found out again.
        rmp_serde::from_slice(&plain).ok()
    }

    fn keep(&mut self, key: String, value: &impl Serialize) {
        // Packed in one piece: the packer clears its tables for each piece that it is handed.
        let Ok(plain) = rmp_serde::to_vec_named(value) else { return };
        let mut out = ZlibEncoder::new(Vec::new(), Compression::fast());
        let Ok(bytes) = out.write_all(&plain).and_then(|()| out.finish()) else { return };
        let kept: usize = self.known.values().chain(self.new.values()).map(Vec::len).sum();
        if bytes.len() <= LONGEST && kept + bytes.len() <= MOST {
            self.new.insert(key, bytes);
        }
    }
}

/// What `make` gives for `of`, without doing it again if it is remembered. Only answers that are `good` for ever are kept.
pub(super) fn remembered<T: Serialize + DeserializeOwned>(
    what: &str,
    of: &impl Serialize,
    good: impl FnOnce(&T) -> bool,
    make: impl FnOnce() -> T,
) -> T {
    let is_remembering = HERE.with_borrow(Option::is_some);
    let Some(key) = is_remembering.then(|| key(what, of)).flatten() else { return make() };
    if let Some(value) = HERE.with_borrow(|memory| memory.as_ref()?.recall(&key)) {
        return value;
    }
    let value = make();
    if good(&value) {
        HERE.with_borrow_mut(|memory| memory.iter_mut().for_each(|memory| memory.keep(key.clone(), &value)));
    }
    value
}

/// Everything that decides about an answer, as one short text.
fn key(what: &str, of: &impl Serialize) -> Option<String> {
    rmp_serde::to_vec_named(&(what, of)).ok().map(|bytes| sha256(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_again_by_all_that_it_was_made_of() {
        let ask = |what: &str, of: f64, answer: Result<f64, String>| {
            remembered(what, &of, |a: &Result<f64, String>| a.is_ok(), || answer)
        };
        let err = |text: &str| Err(text.to_owned());
        assert_eq!(ask("square", 2.0, Ok(4.0)), Ok(4.0));
        let ((), memory) = Memory::default().during(|| {
            assert_eq!(ask("square", 2.0, err("late")), err("late"), "nothing was kept outside");
            assert_eq!(ask("square", 2.0, Ok(4.0)), Ok(4.0), "a failure is not kept");
            assert_eq!(ask("square", 2.0, Ok(5.0)), Ok(4.0));
            assert_eq!(ask("square", 3.0, Ok(9.0)), Ok(9.0));
            assert_eq!(ask("cube", 2.0, Ok(8.0)), Ok(8.0));
        });
        assert_eq!((memory.known.len(), memory.new.len()), (0, 3));
        let mut known = memory.new;
        known.values_mut().take(1).for_each(|bytes| bytes.truncate(3));
        let later = Memory { known, new: BTreeMap::new() };
        let (again, later) = later
            .during(|| [("square", 2.0), ("square", 3.0), ("cube", 2.0)].map(|(w, x)| ask(w, x, Ok(-1.0))));
        assert_eq!(again.iter().filter(|a| **a == Ok(-1.0)).count(), 1, "{again:?}");
        assert_eq!(later.new.len(), 1, "what was damaged is replaced");
    }

    #[test]
    fn no_more_is_kept_than_a_gradebook_can_bear() {
        // Numbers that do not shrink.
        let mut state = 1_u64;
        let mut noise = |n: usize| -> Vec<u64> {
            (0..n)
                .map(|_| {
                    state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
                    state ^ (state >> 29)
                })
                .collect()
        };
        let mut memory = Memory::default();
        memory.keep("long".to_owned(), &noise(LONGEST / 8 + 1));
        assert_eq!(memory, Memory::default());
        for k in 0..20 {
            memory.keep(k.to_string(), &noise(LONGEST / 10));
        }
        let kept: usize = memory.new.values().map(Vec::len).sum();
        assert!((MOST * 8 / 10..=MOST).contains(&kept), "{kept}");
    }
}
