//! `Figure`: the calls a student chains, in matplotlib's words.
//! Mistakes do not break the chain: the first is kept, and shown in full where the picture would be.

use std::fmt;
use std::io::Write;

use super::panel::{Look, Panel, Place, Style};
use super::series::{IntoSeries, plain, plain_number};
use super::{draw, layout};
use crate::error::{Error, ErrorKind, Result};
use crate::units::Quantity;

/// A figure of one or more panels; as the last line of a notebook cell it is shown inline.
///
/// ```
/// use spikelab::Figure;
/// let t: Vec<f64> = (0..500).map(|k| f64::from(k) * 0.1).collect();
/// let v: Vec<f64> = t.iter().map(|t| 1.0 - (-t / 10.0).exp()).collect();
/// let figure = Figure::new()
///     .plot(&t, &v).label("v")
///     .hline(0.8).label("threshold")
///     .xlabel("Time (ms)").ylabel("v").legend();
/// assert!(figure.to_svg()?.starts_with("<svg"));
/// # Ok::<(), spikelab::Error>(())
/// ```
///
/// Values with a dimension are divided by a unit first; forgetting it is reported in place of the picture.
///
/// ```
/// use spikelab::Figure;
/// use spikelab::units::ms;
/// let error = Figure::new().plot([1.0, 2.0] * ms, [0.0, 1.0]).to_svg().unwrap_err();
/// assert!(error.to_string().contains("are in seconds; divide by ms"));
/// ```
#[derive(Clone, Default)]
#[must_use = "a figure is shown when it is the last expression of a cell, or written by `save`"]
pub struct Figure {
    pub(super) panels: Vec<Panel>,
    current: usize,
    pub(super) suptitle: String,
    size: Option<(u32, u32)>,
    fault: Option<Error>,
}

impl Figure {
    /// An empty figure.
    pub fn new() -> Self {
        Self::default()
    }

    /// Draws a line through the points. A value that is not finite leaves a gap.
    pub fn plot(self, x: impl IntoSeries, y: impl IntoSeries) -> Self {
        self.pairs("plot", Style::Line, x, y)
    }

    /// Draws a dot at every point.
    pub fn scatter(self, x: impl IntoSeries, y: impl IntoSeries) -> Self {
        self.pairs("scatter", Style::Points, x, y)
    }

    /// Draws a dashed vertical line at every x, over the whole height.
    pub fn vlines(self, x: impl IntoSeries) -> Self {
        self.change(|panel| {
            panel.push(Style::VLines, plain(x, "the x values of `vlines`")?, Vec::new());
            Ok(())
        })
    }

    /// Draws a dashed horizontal line at `y` (or at every y of a list), over the whole width.
    pub fn hline(self, y: impl IntoSeries) -> Self {
        self.change(|panel| {
            panel.push(Style::HLines, Vec::new(), plain(y, "the y values of `hline`")?);
            Ok(())
        })
    }

    /// Names the series drawn last, for the legend.
    pub fn label(self, text: impl Into<String>) -> Self {
        let text = text.into();
        // Where a mistake left no series to name, the mistake was kept first and is the one shown.
        self.change(|panel| match panel.series.last_mut() {
            Some(series) => {
                series.label = text;
                Ok(())
            }
            None => Err(Error::new(ErrorKind::Value, format!("there is nothing yet to label \"{text}\""))
                .help("`label` names the series before it: `.plot(x, y).label(\"…\")`")),
        })
    }

    /// Writes a title above the panel.
    pub fn title(self, text: impl Into<String>) -> Self {
        self.set(|panel| panel.title = text.into())
    }

    /// Writes a title above all panels.
    pub fn suptitle(mut self, text: impl Into<String>) -> Self {
        self.suptitle = text.into();
        self
    }

    /// Names the horizontal axis.
    pub fn xlabel(self, text: impl Into<String>) -> Self {
        self.set(|panel| panel.x.label = text.into())
    }

    /// Names the vertical axis.
    pub fn ylabel(self, text: impl Into<String>) -> Self {
        self.set(|panel| panel.y.label = text.into())
    }

    /// Shows the labels of the panel's series, in the emptiest corner.
    pub fn legend(self) -> Self {
        self.set(|panel| panel.legend = true)
    }

    /// Sets the size of the whole figure in pixels.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        if (100..=5000).contains(&width) && (100..=5000).contains(&height) {
            self.size = Some((width, height));
        } else {
            let text = format!("size({width}, {height}): a figure has 100 to 5000 pixels each way");
            self.keep(Error::new(ErrorKind::Value, text).help("try `.size(640, 400)`"));
        }
        self
    }

    /// Shows x from `low` to `high`, whatever the data.
    pub fn xlim(self, low: impl Into<Quantity>, high: impl Into<Quantity>) -> Self {
        self.change(|panel| {
            panel.x.limits = Some(limits("xlim", low.into(), high.into())?);
            Ok(())
        })
    }

    /// Shows y from `low` to `high`, whatever the data.
    pub fn ylim(self, low: impl Into<Quantity>, high: impl Into<Quantity>) -> Self {
        self.change(|panel| {
            panel.y.limits = Some(limits("ylim", low.into(), high.into())?);
            Ok(())
        })
    }

    /// Puts these words at these positions of the horizontal axis, in place of numbers.
    pub fn xticks(
        self,
        positions: impl IntoSeries,
        labels: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.change(|panel| {
            panel.x.ticks = Some(ticks("xticks", positions, labels)?);
            Ok(())
        })
    }

    /// Puts these words at these positions of the vertical axis, in place of numbers.
    pub fn yticks(
        self,
        positions: impl IntoSeries,
        labels: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.change(|panel| {
            panel.y.ticks = Some(ticks("yticks", positions, labels)?);
            Ok(())
        })
    }

    /// Goes to panel `k` of a grid; `k` counts from 1, row by row. The calls that follow belong to that panel.
    ///
    /// ```
    /// use spikelab::Figure;
    /// let figure = Figure::new()
    ///     .subplot(1, 2, 1).plot(0..3, [1, 4, 9]).title("left")
    ///     .subplot(1, 2, 2).scatter(0..3, [1, 4, 9]).title("right");
    /// assert!(figure.to_svg()?.contains("right"));
    /// # Ok::<(), spikelab::Error>(())
    /// ```
    pub fn subplot(mut self, rows: usize, columns: usize, k: usize) -> Self {
        let count = rows.saturating_mul(columns);
        if !(1..=count).contains(&k) || count > 100 {
            let text = format!("subplot({rows}, {columns}, {k}): no such panel");
            let help = if (1..=100).contains(&count) {
                format!("{rows} × {columns} panels are numbered from 1 to {count}")
            } else {
                "a figure has from 1 to 100 panels, e.g. `subplot(1, 2, 1)`".to_owned()
            };
            self.keep(Error::new(ErrorKind::Index, text).help(help));
            return self;
        }
        let place = Place { rows, columns, index: k };
        self.current = self.panels.iter().position(|p| p.place == place).unwrap_or_else(|| {
            self.panels.push(Panel::new(place));
            self.panels.len() - 1
        });
        self
    }

    /// The figure as the text of an SVG picture.
    ///
    /// # Errors
    /// The first mistake made while building: a dimension, different lengths, or an error that was passed in.
    pub fn to_svg(&self) -> Result<String> {
        match &self.fault {
            Some(error) => Err(error.clone()),
            None => draw::svg(self),
        }
    }

    /// Shows the figure in a notebook; evcxr calls this for the last expression of a cell.
    pub fn evcxr_display(&self) {
        let shown = writeln!(std::io::stdout().lock(), "{}", self.evcxr_content());
        drop(shown); // without an output there is nobody to tell
    }

    fn evcxr_content(&self) -> String {
        let (kind, content) = match self.to_svg() {
            Ok(svg) => ("text/html", svg),
            Err(error) => ("text/plain", error.to_string()),
        };
        format!("EVCXR_BEGIN_CONTENT {kind}\n{}\nEVCXR_END_CONTENT", content.trim_end())
    }

    /// Width and height in pixels: as set, or fit for the number of panels.
    pub(super) fn pixels(&self) -> (u32, u32) {
        self.size.unwrap_or_else(|| layout::usual_size(&self.panels))
    }

    pub(super) fn fault(&self) -> Option<&Error> {
        self.fault.as_ref()
    }

    /// Changes the look of the series drawn last.
    pub(super) fn look(self, look: Look) -> Self {
        self.set(|panel| {
            if let Some(series) = panel.series.last_mut() {
                series.look = look;
            }
        })
    }

    /// Keeps a mistake unless an earlier one is kept already.
    pub(super) fn keep(&mut self, error: Error) {
        self.fault.get_or_insert(error);
    }

    pub(super) fn pairs(self, call: &str, style: Style, x: impl IntoSeries, y: impl IntoSeries) -> Self {
        self.change(|panel| {
            let x = plain(x, &format!("the x values of `{call}`"))?;
            let y = plain(y, &format!("the y values of `{call}`"))?;
            same_length(call, "x values", x.len(), "y values", y.len())?;
            panel.push(style, x, y);
            Ok(())
        })
    }

    pub(super) fn set(self, change: impl FnOnce(&mut Panel)) -> Self {
        self.change(|panel| {
            change(panel);
            Ok(())
        })
    }

    pub(super) fn change(mut self, change: impl FnOnce(&mut Panel) -> Result<()>) -> Self {
        if self.panels.is_empty() {
            self = self.subplot(1, 1, 1);
        }
        if let Some(panel) = self.panels.get_mut(self.current)
            && let Err(error) = change(panel)
        {
            self.keep(error);
        }
        self
    }
}

impl fmt::Debug for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            Some(error) => fmt::Display::fmt(error, f),
            None => {
                let series: usize = self.panels.iter().map(|p| p.series.len()).sum();
                write!(f, "Figure with {} panels and {series} series", self.panels.len())
            }
        }
    }
}

/// Refuses lists of different lengths.
pub(super) fn same_length(call: &str, one: &str, ones: usize, other: &str, others: usize) -> Result<()> {
    if ones == others {
        return Ok(());
    }
    let text = format!("`{call}` got {ones} {one} and {others} {other}");
    let help = if others == 1 && call == "plot" {
        "give one y for every x, or draw a constant with `.hline(y)`"
    } else {
        "give one for every other; values of one monitor always fit together"
    };
    Err(Error::new(ErrorKind::Shape, text).help(help))
}

pub(super) fn limits(call: &str, low: Quantity, high: Quantity) -> Result<(f64, f64)> {
    let which = format!("the limits of `{call}`");
    let (low, high) = (plain_number(low, &which)?, plain_number(high, &which)?);
    if low < high && (high - low).is_finite() {
        return Ok((low, high));
    }
    Err(Error::new(ErrorKind::Value, format!("{call}({low}, {high}): no such interval"))
        .help(format!("the first number is the smaller one, e.g. `.{call}(0, 100)`")))
}

fn ticks(
    call: &str,
    positions: impl IntoSeries,
    labels: impl IntoIterator<Item = impl Into<String>>,
) -> Result<Vec<(f64, String)>> {
    let positions = plain(positions, &format!("the positions of `{call}`"))?;
    let labels: Vec<String> = labels.into_iter().map(Into::into).collect();
    if positions.len() != labels.len() {
        let text = format!("`{call}` got {} positions and {} labels", positions.len(), labels.len());
        return Err(Error::new(ErrorKind::Shape, text).help("give one label for every position"));
    }
    Ok(positions.into_iter().zip(labels).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{mV, ms};

    #[track_caller]
    fn refuses(figure: Figure, expected: &str) {
        let text = figure.to_svg().unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
        let shown = figure.evcxr_content();
        assert!(shown.starts_with("EVCXR_BEGIN_CONTENT text/plain\nError: "), "{shown}");
        assert!(shown.contains(expected) && shown.ends_with("\nEVCXR_END_CONTENT"), "{shown}");
    }

    #[test]
    fn a_figure_can_be_kept_between_cells() {
        fn kept<T: Clone + Send + 'static>(_: T) {}
        kept(Figure::new());
    }

    #[test]
    fn mistakes_are_shown_in_place_of_the_picture() {
        refuses(Figure::new().plot([1.0] * ms, [1.0]), "the x values of `plot` are in seconds; divide by ms");
        refuses(Figure::new().plot([1.0], [1.0] * mV), "the y values of `plot` are in volts; divide by mV");
        refuses(Figure::new().scatter(0..3, [1.0, 2.0]), "`scatter` got 3 x values and 2 y values");
        refuses(Figure::new().plot(0..3, 0.5), ".hline(y)");
        refuses(Figure::new().vlines(3.0 * ms), "the x values of `vlines` are in seconds");
        refuses(Figure::new().label("v"), "nothing yet to label \"v\"");
        refuses(Figure::new().xlim(5, 5), "xlim(5, 5)");
        refuses(Figure::new().ylim(0.0, f64::NAN), "ylim(0, NaN)");
        refuses(Figure::new().xlim(0.0 * ms, 3.0 * ms), "the limits of `xlim` are in seconds");
        refuses(Figure::new().xticks([0, 1], ["a"]), "2 positions and 1 labels");
        refuses(Figure::new().subplot(1, 2, 3), "numbered from 1 to 2");
        refuses(Figure::new().subplot(0, 2, 1), "from 1 to 100 panels");
        refuses(Figure::new().size(0, 400), "size(0, 400)");
    }

    #[test]
    fn the_first_mistake_is_the_one_shown() {
        let failed: Result<Vec<f64>> = Err(Error::new(ErrorKind::UnknownName, "no variable `w`"));
        refuses(Figure::new().plot(0..3, failed).label("w").scatter(0..2, 0..3), "no variable `w`");
    }

    #[test]
    fn evcxr_gets_the_picture_between_its_two_marks() {
        let shown = Figure::new().plot(0..3, [1, 4, 9]).evcxr_content();
        assert!(shown.starts_with("EVCXR_BEGIN_CONTENT text/html\n<svg "), "{shown}");
        assert!(shown.ends_with("</svg>\nEVCXR_END_CONTENT"), "{shown}");
    }
}
