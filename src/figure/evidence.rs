//! A figure as data for the grader: every panel and series with the full values, not the thinned drawing.
//! A figure that shows an error leaves as the text of that error.

use super::Figure;
use super::panel::{Panel, Series};
use crate::evidence::{Evidence, PanelData, SeriesData, ToEvidence};

impl crate::evidence::sealed::Sealed for Figure {}

impl ToEvidence for Figure {
    fn to_evidence(&self) -> Evidence {
        match self.fault() {
            Some(error) => Evidence::Text { value: error.to_string() },
            None => Evidence::Figure { panels: self.panels.iter().map(panel).collect() },
        }
    }
}

fn panel(panel: &Panel) -> PanelData {
    PanelData {
        title: panel.title.clone(),
        xlabel: panel.x.label.clone(),
        ylabel: panel.y.label.clone(),
        series: panel.series.iter().map(series).collect(),
    }
}

fn series(series: &Series) -> SeriesData {
    SeriesData {
        label: series.label.clone(),
        style: series.style.name().to_owned(),
        x: series.x.clone(),
        y: series.y.clone(),
        z: series.z.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_holds_every_value_and_every_gap() {
        let mut y = vec![0.5; 20_000];
        y[7] = f64::NAN;
        let figure = Figure::new()
            .subplot(1, 2, 1)
            .plot(0..20_000, &y)
            .label("v")
            .title("Left")
            .xlabel("Time (ms)")
            .ylabel("v")
            .vlines([3.0])
            .subplot(1, 2, 2)
            .scatter([1.0], [2.0])
            .hline(0.8);
        let Evidence::Figure { panels } = figure.to_evidence() else { panic!("a figure") };
        assert_eq!(panels.len(), 2);
        let line = &panels[0].series[0];
        assert_eq!((line.style.as_str(), line.label.as_str()), ("line", "v"));
        assert_eq!((line.x.len(), line.y.len()), (20_000, 20_000));
        assert!(line.y[7].is_nan());
        assert_eq!((panels[0].title.as_str(), panels[0].xlabel.as_str()), ("Left", "Time (ms)"));
        let styles: Vec<_> = panels.iter().flat_map(|p| &p.series).map(|s| s.style.as_str()).collect();
        assert_eq!(styles, ["line", "vlines", "points", "hlines"]);
    }

    #[test]
    fn a_figure_that_failed_is_no_figure() {
        let Evidence::Text { value } = Figure::new().plot(0..3, 0..2).to_evidence() else { panic!("text") };
        assert!(value.contains("3 x values and 2 y values"));
    }
}
