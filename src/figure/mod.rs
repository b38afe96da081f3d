//! Figures: a small builder in matplotlib's words, drawn as SVG text and shown inline by the notebook.
//! Students meet `Figure`; the rooms are data (`panel`, `series`), geometry (`axis`, `layout`, `shape`) and ink (`canvas`, `draw`).

mod axis;
mod builder;
mod canvas;
mod colours;
mod compact;
mod draw;
mod evidence;
mod files;
mod layout;
mod legend;
mod mosaic;
mod panel;
mod pictures;
mod ready;
mod series;
mod shape;
mod surround;

pub use builder::Figure;
pub use ready::{connectivity_of, raster_of};
pub use series::IntoSeries;
