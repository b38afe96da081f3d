//! A probe: named values and the networks behind them, written to one file.
//! And the small words that the grader puts between the cells which it runs together.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::{Evidence, ToEvidence, bounded_json};

/// What a probe file holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ProbeFile {
    /// Repeats the number the grader drew for this probe.
    pub nonce: String,
    /// Variable name → value.
    pub values: BTreeMap<String, Evidence>,
    /// The networks that the values come from.
    #[serde(default)]
    pub models: Models,
    /// Variable name → type, of variables that cells leave behind, where cells are run together.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, String>,
}

/// The networks behind some variables, each as it was at this moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Models {
    /// Each network once: its description as JSON, or nothing if that is longer than [`LONGEST_DESCRIPTION`].
    #[serde(default)]
    pub networks: Vec<Option<String>>,
    /// Variable name → what it is in which network.
    #[serde(default)]
    pub objects: BTreeMap<String, ModelObject>,
}

/// One object of one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelObject {
    /// Which of the networks.
    pub network: usize,
    /// The object's name there.
    pub name: String,
}

/// Descriptions with more bytes than this stay behind.
pub const LONGEST_DESCRIPTION: usize = 8 << 20;

/// Collects named values and writes them to one file.
#[derive(Debug, Default)]
pub struct Probe {
    file: ProbeFile,
    /// The networks met so far, in the order of their descriptions.
    networks: Vec<usize>,
}

impl Probe {
    /// Starts a probe that answers to `nonce`.
    #[must_use]
    pub fn new(nonce: &str) -> Self {
        Self { file: ProbeFile { nonce: nonce.to_owned(), ..ProbeFile::default() }, networks: Vec::new() }
    }

    /// Adds one named value, and the network that it belongs to.
    #[must_use]
    pub fn add<T: ToEvidence + ?Sized>(mut self, name: &str, value: &T) -> Self {
        self.file.values.insert(name.to_owned(), value.to_evidence());
        if let Some(origin) = value.origin() {
            let known = self.networks.iter().position(|n| *n == origin.network);
            let network = known.unwrap_or_else(|| {
                self.networks.push(origin.network);
                self.file.models.networks.push((origin.describe)());
                self.networks.len() - 1
            });
            self.file.models.objects.insert(name.to_owned(), ModelObject { network, name: origin.name });
        }
        self
    }

    /// What was collected.
    #[must_use]
    pub fn file(&self) -> &ProbeFile {
        &self.file
    }

    /// Writes the file; it must not exist yet. Says nothing on failure: the missing file tells the grader.
    pub fn write(mut self, path: &str) {
        self.file.types.clone_from(&left_behind());
        let _written = bounded_json(&self.file, usize::MAX).and_then(|text| {
            let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).ok()?;
            file.write_all(text.as_bytes()).ok()
        });
    }
}

/// Looks at what a cell shows, as the kernel would that prints it.
#[doc(hidden)]
pub fn shown<T: std::fmt::Debug + ?Sized>(_: &T) {}

/// Types of the variables that cells have left behind. One text links the library once, so all its cells share this.
fn left_behind() -> MutexGuard<'static, BTreeMap<String, String>> {
    static TYPES: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    TYPES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks at what a cell leaves behind, as the kernel would that keeps it.
#[doc(hidden)]
pub fn kept<T: 'static>(name: &str, _: &T) {
    left_behind().insert(name.to_owned(), std::any::type_name::<T>().to_owned());
}

/// How a cell ends early: by any error, as in the kernel. Not [`Debug`], so that every error can become one.
#[doc(hidden)]
pub struct Stopped;

impl<E: Debug> From<E> for Stopped {
    fn from(_: E) -> Self {
        Self
    }
}

/// Runs a cell that is known to fail, for what it does until then.
///
/// # Panics
/// If it does not fail this time.
#[doc(hidden)]
pub fn attempt(cell: impl FnOnce() -> Result<(), Stopped>) {
    // What it says at its end is known too, and it leaves nothing behind.
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let before = left_behind().clone();
    let worked = matches!(catch_unwind(AssertUnwindSafe(cell)), Ok(Ok(())));
    *left_behind() = before;
    set_hook(hook);
    assert!(!worked, "a cell that failed before did not fail again");
}

/// Prints a line that tells what is run next from what was run until now, and the seconds since the last such line.
#[doc(hidden)]
pub fn cell_ends(mark: &str) {
    static LAST: Mutex<Option<std::time::Instant>> = Mutex::new(None);
    let now = std::time::Instant::now();
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let seconds = last.replace(now).map_or(0.0, |before| (now - before).as_secs_f64());
    let mut out = std::io::stdout().lock();
    let _printed = writeln!(out, "\n{mark} {seconds}").and_then(|()| out.flush());
}
