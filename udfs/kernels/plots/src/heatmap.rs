//! Correlations of features.

use crate::axis::{Scale, ticks};
use crate::canvas::{Canvas, SIZE, Stroke, Style};
use crate::check;
use crate::error::PlotError;
use crate::picture;
use crate::text;
use crate::theme::Theme;

/// A matrix of correlations as colours: blue below 0, vermilion above, grey where there is none.
///
/// Up to 2000 features, in the order given. Names stand at rows and columns while they fit (up to about 60 features); beyond
/// that the axis says how many there are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CorrelationPlot {
    /// The features' names.
    pub names: Vec<String>,
    /// Their correlations, row by row, -1 to 1; NaN: not defined.
    pub correlations: Vec<f64>,
    /// What the numbers are: `Spearman's rho`.
    pub measure: String,
}

const SIDE: f64 = 520.0;
const NAMES: f64 = 190.0;
/// Least height of a row that has a name.
const ROW: f64 = 9.0;
/// Least width of a column whose name leans: lines of text at 45 degrees are closer to each other than the columns.
const LEAN: f64 = 18.0;

impl CorrelationPlot {
    /// The figure as SVG text.
    ///
    /// # Errors
    /// No feature, or more than 2000; another number of correlations than the square of theirs; a correlation beyond -1 to 1.
    pub fn svg(&self, theme: Theme) -> Result<String, PlotError> {
        let n = self.names.len();
        check::number("names", n, 2000)?;
        check::length("correlations", self.correlations.len(), n * n)?;
        let within = |v: f64| v.is_nan() || v.abs() <= 1.0 + 1e-9;
        check::within(
            "correlations",
            &self.correlations,
            "a correlation between -1 and 1, or NaN",
            within,
        )?;
        // Few features in cells of 46 pixels, many in a square of one size.
        let side = SIDE.min(46.0 * n as f64);
        let cell = side / n as f64;
        let labelled = cell >= ROW;
        let size = if labelled {
            (cell * 0.8).clamp(8.0, 12.0).floor()
        } else {
            SIZE
        };
        let names: Vec<String> = self.names.iter().map(|name| text::name(name, NAMES, size)).collect();
        let widest = names.iter().map(|name| text::width(name, size)).fold(0.0, f64::max);
        let left = if labelled { (widest + 18.0).max(24.0) } else { 44.0 };
        let (top, bottom) = (16.0, 16.0 + side);
        let right = left + side;
        // Names of columns lean while they have room to, which they take below and left, where the rows' names are.
        let (angle, part) = if cell < LEAN { (-90.0, 1.0) } else { (-45.0, 0.72) };
        let below = if labelled { widest * part + 26.0 } else { 40.0 };
        let bar = right + 28.0;
        let measure = text::cut(&self.measure, 240.0, SIZE);
        // The bar's label stands upright along it; few features make it longer than the square is high.
        let height = (bottom + below)
            .max(top + text::width(&measure, SIZE) + 10.0)
            .max(top + 130.0);
        let mut canvas = Canvas::new(bar + 14.0 + 62.0, height, theme);

        let pixels: Vec<u8> = self.correlations.iter().map(|v| shade(*v)).collect();
        let palette: Vec<[u8; 3]> = (0..=2 * STEPS + 1).map(|i| color(theme, i)).collect();
        let zoom = (side as usize / n).clamp(1, 24);
        canvas.image(left, top, side, side, &picture::encode(&pixels, &palette, n, n, zoom)?);
        let stroke = Stroke::solid(theme.muted(), 1.0);
        canvas.path(&frame(left, top, right, bottom), &stroke);
        if labelled {
            canvas.group("rows");
            for (i, name) in names.iter().enumerate() {
                canvas.text(
                    left - 7.0,
                    top + (i as f64 + 0.5) * cell + size * 0.35,
                    name,
                    Style::END.size(size),
                );
            }
            canvas.end();
            canvas.group("columns");
            for (i, name) in names.iter().enumerate() {
                let x = left + (i as f64 + 0.5) * cell + size * 0.35;
                canvas.text(x, bottom + 12.0, name, Style::END.size(size).rotate(angle));
            }
            canvas.end();
        } else {
            let label = format!("{n} features");
            canvas.text((left + right) / 2.0, bottom + 24.0, &label, Style::MIDDLE);
            canvas.text(left - 14.0, (top + bottom) / 2.0, &label, Style::MIDDLE.rotate(-90.0));
        }
        self.bar(&mut canvas, &palette, (bar, top), side.clamp(100.0, 260.0), &measure)?;
        canvas.finish(&format!(
            "Correlations ({}) of {n} features",
            text::brief(&self.measure)
        ))
    }

    /// The bar of colours and its numbers.
    fn bar(
        &self,
        canvas: &mut Canvas,
        palette: &[[u8; 3]],
        (x, top): (f64, f64),
        height: f64,
        measure: &str,
    ) -> Result<(), PlotError> {
        let pixels: Vec<u8> = (0..=2 * STEPS).rev().collect();
        canvas.image(
            x,
            top,
            14.0,
            height,
            &picture::encode(&pixels, palette, 1, pixels.len(), 1)?,
        );
        let stroke = Stroke::solid(canvas.theme().muted(), 1.0);
        canvas.path(&frame(x, top, x + 14.0, top + height), &stroke);
        let y = Scale::new((-1.0, 1.0), top + height, top);
        canvas.group("bar-ticks");
        for (value, label) in ticks((-1.0, 1.0), 4) {
            canvas.line((x + 14.0, y.at(value)), (x + 18.0, y.at(value)), &stroke);
            canvas.text(x + 21.0, y.at(value) + 4.3, &label, Style::START.small());
        }
        canvas.end();
        let middle = top + height.max(text::width(measure, SIZE)) / 2.0;
        canvas.text(x + 66.0, middle, measure, Style::MIDDLE.rotate(-90.0));
        Ok(())
    }
}

/// A rectangle as a closed line.
pub(crate) fn frame(left: f64, top: f64, right: f64, bottom: f64) -> [(f64, f64); 5] {
    [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
}

/// Steps of colour from 0 to 1: beyond what an eye tells apart.
const STEPS: u8 = 120;

/// The place of a correlation in the palette: -1 at 0, 0 in the middle, 1 at twice the steps, and after that none.
fn shade(correlation: f64) -> u8 {
    if correlation.is_nan() {
        return 2 * STEPS + 1;
    }
    ((correlation.clamp(-1.0, 1.0) + 1.0) * f64::from(STEPS)).round() as u8
}

/// A place's colour: from Okabe and Ito's blue over the theme's ground to their vermilion, deepened where the ground is light,
/// brightened where it is dark.
fn color(theme: Theme, shade: u8) -> [u8; 3] {
    let (middle, none, ends) = match theme {
        Theme::Light => (
            [250.0, 250.0, 250.0],
            [190, 190, 190],
            [[0.0, 80.0, 150.0], [190.0, 70.0, 0.0]],
        ),
        Theme::Dark => (
            [32.0, 34.0, 40.0],
            [110, 110, 110],
            [[86.0, 180.0, 233.0], [255.0, 140.0, 40.0]],
        ),
    };
    if shade > 2 * STEPS {
        return none;
    }
    let correlation = f64::from(shade) / f64::from(STEPS) - 1.0;
    let end = ends[usize::from(correlation > 0.0)];
    let mut mixed = [0; 3];
    for (mixed, (from, to)) in mixed.iter_mut().zip(middle.iter().zip(end)) {
        *mixed = (from + (to - from) * correlation.abs()).round() as u8;
    }
    mixed
}
