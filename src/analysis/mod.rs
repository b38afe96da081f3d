//! Statistics of spike trains and distances between them, over plain lists of seconds.
//! Conventions are Elephant's and PySpike's, against whose numbers `tests/analysis` holds them.

mod distance;
mod statistics;

pub use distance::{isi as isi_distance, spike as spike_distance, van_rossum, victor_purpura};
pub use statistics::{cross_correlogram, cv, cv2, isi, lv, mean_firing_rate};
