//! Bars, histograms and values shown as colours: the calls of `Figure` beyond lines and dots.
//! In matplotlib's words, as the rest of them.

use super::Figure;
use super::builder::{limits, same_length};
use super::panel::Style;
use super::series::{IntoSeries, plain};
use crate::error::{Error, ErrorKind, Result};
use crate::units::Quantity;

/// More bins than anyone can see.
const MOST_BINS: usize = 5000;

impl Figure {
    /// Draws a bar from 0 to each height over each x; neighbours leave a little room between them.
    ///
    /// ```
    /// use spikelab::Figure;
    /// Figure::new().bar([0, 1, 2], [4.0, 9.0, 1.0]).xlabel("Neuron index").ylabel("Spikes").to_svg()?;
    /// # Ok::<(), spikelab::Error>(())
    /// ```
    pub fn bar(self, x: impl IntoSeries, height: impl IntoSeries) -> Self {
        self.bars("bar", x, height, 0.8)
    }

    /// Fills what lies between two curves, such as a band in which a value is expected.
    ///
    /// ```
    /// use spikelab::Figure;
    /// let figure = Figure::new().fill_between([0, 1, 2], [0.8, 0.9, 0.8], [1.2, 1.1, 1.2]).label("expected");
    /// assert!(figure.to_svg()?.contains("<polygon"));
    /// # Ok::<(), spikelab::Error>(())
    /// ```
    pub fn fill_between(self, x: impl IntoSeries, low: impl IntoSeries, high: impl IntoSeries) -> Self {
        self.change(|panel| {
            let x = plain(x, "the x values of `fill_between`")?;
            let low = plain(low, "the lower values of `fill_between`")?;
            let high = plain(high, "the upper values of `fill_between`")?;
            same_length("fill_between", "x values", x.len(), "lower values", low.len())?;
            same_length("fill_between", "x values", x.len(), "upper values", high.len())?;
            let there_and_back = x.iter().chain(x.iter().rev()).copied().collect();
            panel.push(Style::Area, there_and_back, low.into_iter().chain(high.into_iter().rev()).collect());
            Ok(())
        })
    }

    /// Takes the series drawn last out of the cycle of colours: it stands behind what counts.
    pub(crate) fn in_grey(self) -> Self {
        self.set(|panel| {
            if let Some(series) = panel.series.last_mut() {
                series.look.colour = Some((110, 110, 110));
            }
        })
    }

    /// Draws how many values fall into each of so many bins of one width, from the smallest value to the largest.
    /// Values that are not finite are left out.
    ///
    /// ```
    /// use spikelab::Figure;
    /// let values = [0.1, 0.2, 0.25, 0.9];
    /// Figure::new().hist(values, 10).xlabel("w").ylabel("Synapses").to_svg()?;
    /// # Ok::<(), spikelab::Error>(())
    /// ```
    pub fn hist(mut self, values: impl IntoSeries, bins: usize) -> Self {
        let values = match plain(values, "the values of `hist`") {
            Ok(values) => values,
            Err(error) => {
                self.keep(error);
                return self;
            }
        };
        if !(1..=MOST_BINS).contains(&bins) {
            self.keep(
                Error::new(ErrorKind::Value, format!("`hist` cannot draw {bins} bins"))
                    .help(format!("give a number from 1 to {MOST_BINS}, e.g. `.hist(values, 20)`")),
            );
            return self;
        }
        let (centres, counts) = binned(&values, bins);
        self.bars("hist", centres, counts, 1.0)
    }

    /// Shows a value as a colour in each unit square about whole numbers x and y: a matrix as a picture.
    /// Squares without a value stay white. Where there are more squares than pixels, each shows the mean of
    /// the values below it.
    ///
    /// ```
    /// use spikelab::Figure;
    /// Figure::new().heatmap([0, 1, 2], [2, 0, 1], [0.1, 0.5, 0.9]).colorbar("w").to_svg()?;
    /// # Ok::<(), spikelab::Error>(())
    /// ```
    pub fn heatmap(self, x: impl IntoSeries, y: impl IntoSeries, values: impl IntoSeries) -> Self {
        self.pairs("heatmap", Style::Cells, x, y).shaded("heatmap", values)
    }

    /// Gives each dot of the `scatter` before a colour of its own, by its value.
    ///
    /// ```
    /// use spikelab::Figure;
    /// Figure::new().scatter([0, 1, 2], [2, 0, 1]).color_by([0.1, 0.5, 0.9]).colorbar("w").to_svg()?;
    /// # Ok::<(), spikelab::Error>(())
    /// ```
    pub fn color_by(self, values: impl IntoSeries) -> Self {
        self.shaded("color_by", values)
    }

    /// Shows beside the panel what the colours mean. Values of both signs are shown about zero.
    pub fn colorbar(self, label: impl Into<String>) -> Self {
        self.set(|panel| panel.colourbar = Some(label.into()))
    }

    /// Shows colours from `low` to `high`, whatever the data; values beyond have the colour of the end.
    pub fn clim(self, low: impl Into<Quantity>, high: impl Into<Quantity>) -> Self {
        self.change(|panel| {
            panel.colour_limits = Some(limits("clim", low.into(), high.into())?);
            Ok(())
        })
    }

    /// The figure, or the error in its place.
    pub(crate) fn shown(figure: Result<Self>) -> Self {
        figure.unwrap_or_else(|error| {
            let mut figure = Self::new();
            figure.keep(error);
            figure
        })
    }

    /// Bars as wide as this part of the distance between them.
    pub(crate) fn bars(self, call: &str, x: impl IntoSeries, y: impl IntoSeries, part: f64) -> Self {
        self.pairs(call, Style::Bars, x, y).set(|panel| {
            let Some(series) = panel.series.last_mut().filter(|s| s.style == Style::Bars) else { return };
            let mut x: Vec<f64> = series.x.iter().copied().filter(|x| x.is_finite()).collect();
            x.sort_unstable_by(f64::total_cmp);
            let apart = x.windows(2).map(|pair| pair[1] - pair[0]).filter(|d| *d > 0.0);
            let apart = apart.fold(f64::INFINITY, f64::min);
            series.look.bar = Some(part * if apart.is_finite() { apart } else { 1.0 });
        })
    }

    fn shaded(self, call: &str, values: impl IntoSeries) -> Self {
        self.change(|panel| {
            let z = plain(values, &format!("the values of `{call}`"))?;
            let fits = |style| matches!(style, Style::Points | Style::Cells);
            let Some(series) = panel.series.last_mut().filter(|s| fits(s.style)) else {
                return Err(Error::new(ErrorKind::Value, format!("`{call}` has no dots to colour"))
                    .help("it belongs to the `scatter` before it: `.scatter(x, y).color_by(values)`"));
            };
            same_length(call, "positions", series.x.len(), "values", z.len())?;
            series.z = z;
            Ok(())
        })
    }
}

/// The middles of the bins, and how many values fall into each; the last bin holds its end too, as in numpy.
fn binned(values: &[f64], bins: usize) -> (Vec<f64>, Vec<f64>) {
    let finite = values.iter().copied().filter(|v| v.is_finite());
    let (low, high) =
        finite.clone().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return (Vec::new(), Vec::new());
    }
    let (low, high) = if high > low { (low, high) } else { (low - 0.5, high + 0.5) };
    // Halves first: the difference of two huge numbers may be none.
    let width = high / bins as f64 - low / bins as f64;
    let mut counts = vec![0.0; bins];
    for v in finite {
        let place = ((v - low) / width).floor();
        counts[(place.max(0.0) as usize).min(bins - 1)] += 1.0;
    }
    ((0..bins).map(|k| low + (k as f64 + 0.5) * width).collect(), counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Evidence, SeriesData, ToEvidence};
    use crate::units::mV;

    fn series(figure: &Figure) -> SeriesData {
        match figure.to_evidence() {
            Evidence::Figure { mut panels } => panels.remove(0).series.remove(0),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_histogram_counts_as_numpy_does() {
        // numpy.histogram([0, 1, 1, 2, 4], 4) → [1, 2, 1, 1]
        let data = series(&Figure::new().hist([0.0, 1.0, 1.0, 2.0, 4.0, f64::NAN], 4));
        assert_eq!((data.style.as_str(), &data.x), ("bars", &vec![0.5, 1.5, 2.5, 3.5]));
        assert_eq!(data.y, [1.0, 2.0, 1.0, 1.0]);
        assert_eq!(series(&Figure::new().hist([3.0; 5], 1)).y, [5.0]);
        let none: [f64; 0] = [];
        assert!(series(&Figure::new().hist(none, 3)).x.is_empty());
    }

    #[test]
    fn colours_leave_as_values() {
        let data = series(&Figure::new().heatmap([0, 1], [1, 0], [0.5, -0.5]));
        assert_eq!((data.style.as_str(), data.z), ("cells", vec![0.5, -0.5]));
        let data = series(&Figure::new().scatter([0, 1], [1, 0]).color_by([3, 4]));
        assert_eq!((data.style.as_str(), data.z), ("points", vec![3.0, 4.0]));
    }

    #[test]
    fn mistakes_are_shown_in_place_of_the_picture() {
        let says = |figure: Figure, part: &str| {
            let text = figure.to_svg().unwrap_err().to_string();
            assert!(text.contains(part), "{text}");
        };
        says(Figure::new().heatmap([0, 1], [0, 1], [1.0]), "2 positions and 1 values");
        says(Figure::new().plot([0, 1], [0, 1]).color_by([1, 2]), "no dots to colour");
        says(Figure::new().hist([1.0] * mV, 3), "the values of `hist` are in volts; divide by mV");
        says(Figure::new().hist([1.0], 0), "cannot draw 0 bins");
        says(Figure::new().bar([1, 2], [1]), "2 x values and 1 y values");
        says(Figure::new().clim(1, 1), "clim(1, 1)");
    }

    #[test]
    fn bars_stand_on_zero_and_poor_data_is_drawn() {
        let none: [f64; 0] = [];
        for figure in [
            Figure::new().bar(none, none),
            Figure::new().bar([1.0], [f64::NAN]),
            Figure::new().bar([1.0, 1.0], [f64::MAX, f64::MIN]),
            Figure::new().hist([f64::MAX, f64::MIN, 0.0], 10),
            Figure::new().heatmap(none, none, none).colorbar("none"),
            Figure::new()
                .heatmap([0.0, f64::NAN, 1e300], [0.0, 1.0, -1e300], [f64::NAN, 1.0, 2.0])
                .colorbar("w"),
        ] {
            let svg = figure.label("a").legend().to_svg().unwrap();
            assert!(svg.trim_end().ends_with("</svg>") && !svg.contains("NaN"), "{svg}");
        }
    }
}
