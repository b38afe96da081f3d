//! What stands around the series of a panel: grid, axes with their ticks, titles and shared powers of ten.
//! Used by `draw` alone, before and after the series.

use super::canvas::{Anchor, Canvas, Ink, Lettering, fitted, text_width};
use super::draw::{SPINE, TEXT};
use super::layout::{Frame, LABEL_SIZE, TICK_SIZE, TICK_SPACE, TITLE_SIZE};
use crate::error::Result;

const GRID: Ink = Ink::new((232, 232, 232), 0.8);
const TICK: f64 = 4.0;

pub(super) fn grid(canvas: &mut Canvas<'_>, frame: &Frame<'_>) -> Result<()> {
    let area = &frame.area;
    for (value, _) in frame.x.ticks.iter().filter(|t| frame.x.contains(t.0)) {
        let x = frame.x(*value);
        canvas.line(&[(x, area.top), (x, area.bottom)], GRID)?;
    }
    for (value, _) in frame.y.ticks.iter().filter(|t| frame.y.contains(t.0)) {
        let y = frame.y(*value);
        canvas.line(&[(area.left, y), (area.right, y)], GRID)?;
    }
    Ok(())
}

pub(super) fn axes(canvas: &mut Canvas<'_>, frame: &Frame<'_>) -> Result<()> {
    let area = &frame.area;
    let spine = [(area.left, area.top), (area.left, area.bottom), (area.right, area.bottom)];
    canvas.line(&spine, SPINE)?;
    let below = area.bottom + TICK_SPACE + 0.76 * TICK_SIZE;
    for (value, text) in frame.x.ticks.iter().filter(|t| frame.x.contains(t.0)) {
        let x = frame.x(*value);
        canvas.line(&[(x, area.bottom), (x, area.bottom + TICK)], SPINE)?;
        canvas.text(text, (x, below), Lettering::new(TICK_SIZE, TEXT, Anchor::Middle))?;
    }
    for (value, text) in frame.y.ticks.iter().filter(|t| frame.y.contains(t.0)) {
        let y = frame.y(*value);
        canvas.line(&[(area.left - TICK, y), (area.left, y)], SPINE)?;
        let (text, size) = fitted(text, TICK_SIZE, 121.0);
        let at = (area.left - TICK_SPACE, y + 0.36 * TICK_SIZE);
        canvas.text(&text, at, Lettering::new(size, TEXT, Anchor::End))?;
    }
    Ok(())
}

pub(super) fn words(canvas: &mut Canvas<'_>, frame: &Frame<'_>) -> Result<()> {
    let (area, cell, panel) = (&frame.area, &frame.cell, frame.panel);
    let (centre, middle) = ((area.left + area.right) / 2.0, (area.top + area.bottom) / 2.0);
    // A centred text may reach as far as the nearer edge of its cell on both sides.
    let across = 2.0 * (centre - cell.left).min(cell.right - centre) - 8.0;
    let along = 2.0 * (middle - cell.top).min(cell.bottom - middle) - 8.0;

    if !panel.title.is_empty() {
        let factor =
            if frame.y.factor.is_empty() { 0.0 } else { 2.0 * text_width(&frame.y.factor, TICK_SIZE) };
        let (text, size) = fitted(&panel.title, TITLE_SIZE, (across - factor).max(40.0));
        canvas.text(
            &text,
            (centre, area.top - frame.legend_above - 11.0),
            Lettering::new(size, TEXT, Anchor::Middle),
        )?;
    }
    if !panel.x.label.is_empty() {
        let factor = 2.0 * text_width(&frame.x.factor, TICK_SIZE);
        let (text, size) = fitted(&panel.x.label, LABEL_SIZE, (across - factor).max(40.0));
        let at = (centre, x_label_baseline(frame));
        canvas.text(&text, at, Lettering::new(size, TEXT, Anchor::Middle))?;
    }
    if !panel.y.label.is_empty() {
        let (text, size) = fitted(&panel.y.label, LABEL_SIZE, along);
        let lettering = Lettering { upwards: true, ..Lettering::new(size, TEXT, Anchor::Middle) };
        canvas.text(&text, (cell.left + 20.0, middle), lettering)?;
    }
    factors(canvas, frame)
}

pub(super) fn x_label_baseline(frame: &Frame<'_>) -> f64 {
    frame.area.bottom + TICK_SPACE + TICK_SIZE + 6.0 + 0.76 * LABEL_SIZE
}

/// The shared powers of ten: above the y axis, and at the right end below the x axis.
fn factors(canvas: &mut Canvas<'_>, frame: &Frame<'_>) -> Result<()> {
    let area = &frame.area;
    if !frame.y.factor.is_empty() {
        let lettering = Lettering::new(TICK_SIZE, TEXT, Anchor::Start);
        canvas.text(&frame.y.factor, (area.left - 4.0, area.top - 5.0), lettering)?;
    }
    if !frame.x.factor.is_empty() {
        let at = (area.right, x_label_baseline(frame));
        canvas.text(&frame.x.factor, at, Lettering::new(TICK_SIZE, TEXT, Anchor::End))?;
    }
    Ok(())
}
