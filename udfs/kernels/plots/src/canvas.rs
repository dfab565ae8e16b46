//! kuva's scene, with what radsql's figures draw on it.

use crate::error::PlotError;
use crate::text;
use crate::theme::Theme;
use base64::Engine as _;
use kuva::backend::svg::SvgBackend;
use kuva::render::color::Color;
use kuva::render::render::{PathData, Primitive, Scene, TextAnchor};
use std::fmt::Write as _;

/// Fonts that every system has one of; their widths are those that [`text::width`] makes room for.
const FONTS: &str = "Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif";
/// Size of text, and of what stands back.
pub(crate) const SIZE: f64 = 13.0;
pub(crate) const SMALL: f64 = 12.0;

/// How a line is drawn.
#[derive(Clone)]
pub(crate) struct Stroke {
    pub(crate) color: Color,
    pub(crate) width: f64,
    pub(crate) dash: Option<&'static str>,
}

impl Stroke {
    pub(crate) fn solid(color: Color, width: f64) -> Self {
        Self {
            color,
            width,
            dash: None,
        }
    }

    pub(crate) fn dashed(color: Color, width: f64, dash: &'static str) -> Self {
        Self {
            color,
            width,
            dash: Some(dash),
        }
    }
}

/// Where text stands to its point, and how.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    pub(crate) size: f64,
    pub(crate) anchor: TextAnchor,
    pub(crate) bold: bool,
    pub(crate) muted: bool,
    pub(crate) rotate: Option<f64>,
}

impl Style {
    const fn at(anchor: TextAnchor) -> Self {
        Self {
            size: SIZE,
            anchor,
            bold: false,
            muted: false,
            rotate: None,
        }
    }
    pub(crate) const START: Self = Self::at(TextAnchor::Start);
    pub(crate) const MIDDLE: Self = Self::at(TextAnchor::Middle);
    pub(crate) const END: Self = Self::at(TextAnchor::End);

    pub(crate) fn small(self) -> Self {
        Self { size: SMALL, ..self }
    }

    pub(crate) fn size(self, size: f64) -> Self {
        Self { size, ..self }
    }

    pub(crate) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(crate) fn muted(self) -> Self {
        Self { muted: true, ..self }
    }

    pub(crate) fn rotate(self, degrees: f64) -> Self {
        Self {
            rotate: Some(degrees),
            ..self
        }
    }
}

/// A figure while it is drawn. Pixels from its upper left corner.
pub(crate) struct Canvas {
    scene: Scene,
    theme: Theme,
    images: String,
    finite: bool,
}

impl Canvas {
    pub(crate) fn new(width: f64, height: f64, theme: Theme) -> Self {
        let scene = Scene::new(width.ceil(), height.ceil());
        Self {
            scene,
            theme,
            images: String::new(),
            finite: true,
        }
    }

    pub(crate) fn theme(&self) -> Theme {
        self.theme
    }

    /// A position, to a hundredth of a pixel; remembers when it is none.
    fn position(&mut self, v: f64) -> f64 {
        self.finite &= v.is_finite();
        if v.is_finite() {
            (v * 100.0).round() / 100.0 + 0.0
        } else {
            0.0
        }
    }

    fn data(&mut self, points: &[(f64, f64)], close: bool) -> String {
        let mut d = String::with_capacity(points.len() * 14);
        for (i, (x, y)) in points.iter().enumerate() {
            let (x, y) = (self.position(*x), self.position(*y));
            let _ = write!(d, "{}{x} {y}", if i == 0 { 'M' } else { 'L' });
        }
        if close {
            d.push('Z');
        }
        d
    }

    /// A line through points.
    pub(crate) fn path(&mut self, points: &[(f64, f64)], stroke: &Stroke) {
        let d = self.data(points, false);
        self.scene.elements.push(Primitive::Path(Box::new(PathData {
            d,
            fill: None,
            stroke: stroke.color.clone(),
            stroke_width: stroke.width,
            opacity: None,
            stroke_dasharray: stroke.dash.map(str::to_owned),
        })));
    }

    /// The area within points.
    pub(crate) fn area(&mut self, points: &[(f64, f64)], fill: Color, opacity: f64) {
        let d = self.data(points, true);
        self.scene.elements.push(Primitive::Path(Box::new(PathData {
            d,
            fill: Some(fill),
            stroke: Color::None,
            stroke_width: 0.0,
            opacity: Some(opacity),
            stroke_dasharray: None,
        })));
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: &Stroke) {
        self.path(&[from, to], stroke);
    }

    pub(crate) fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, fill: Color, opacity: Option<f64>) {
        let primitive = Primitive::Rect {
            x: self.position(x),
            y: self.position(y),
            width: self.position(width.max(0.0)),
            height: self.position(height.max(0.0)),
            fill,
            stroke: None,
            stroke_width: None,
            opacity,
        };
        self.scene.elements.push(primitive);
    }

    pub(crate) fn dot(&mut self, x: f64, y: f64, r: f64, fill: Color) {
        let primitive = Primitive::Circle {
            cx: self.position(x),
            cy: self.position(y),
            r,
            fill,
            fill_opacity: None,
            stroke: None,
            stroke_width: None,
        };
        self.scene.elements.push(primitive);
    }

    /// Text as it is: a dollar is a dollar (kuva would take two for a formula).
    pub(crate) fn text(&mut self, x: f64, y: f64, content: &str, style: Style) {
        let content = text::clean(content);
        if content.is_empty() {
            return;
        }
        let primitive = Primitive::Text {
            x: self.position(x),
            y: self.position(y),
            content: content.replace('$', "\\$"),
            size: style.size as u32,
            anchor: style.anchor,
            rotate: style.rotate,
            bold: style.bold,
            color: style.muted.then(|| self.theme.muted()),
        };
        self.scene.elements.push(primitive);
    }

    /// What follows up to [`Canvas::end`] belongs together. Its class, `radsql-` and the name, is for style sheets and
    /// tests.
    pub(crate) fn group(&mut self, class: &'static str) {
        self.scene.elements.push(Primitive::GroupStart {
            transform: None,
            title: None,
            extra_attrs: Some(format!("class=\"radsql-{class}\"")),
        });
    }

    pub(crate) fn end(&mut self) {
        self.scene.elements.push(Primitive::GroupEnd);
    }

    /// A PNG beneath everything that is drawn.
    pub(crate) fn image(&mut self, x: f64, y: f64, width: f64, height: f64, png: &[u8]) {
        let (x, y) = (self.position(x), self.position(y));
        let (width, height) = (self.position(width), self.position(height));
        let data = base64::engine::general_purpose::STANDARD.encode(png);
        let _ = write!(
            self.images,
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
             image-rendering=\"pixelated\" href=\"data:image/png;base64,{data}\"/>"
        );
    }

    /// The SVG text. `label` says in a sentence what is to be seen, to those who cannot.
    pub(crate) fn finish(mut self, label: &str) -> Result<String, PlotError> {
        if !self.finite {
            return Err(PlotError::Drawing {
                reason: "its numbers lie too far apart",
            });
        }
        self.scene.background_color = None;
        let drawn = SvgBackend::new().render_scene(&self.scene);
        // kuva's root has no viewBox, so that its figures do not shrink to a phone, and nothing for screen readers.
        let (_, body) = drawn.split_once("-->").ok_or(PlotError::Drawing {
            reason: "kuva begins its text in another way",
        })?;
        let (width, height) = (self.scene.width, self.scene.height);
        let label = escape(&text::clean(label));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             role=\"img\" aria-label=\"{label}\" font-family=\"{FONTS}\" fill=\"{}\">",
            self.theme.ink().to_svg_string()
        );
        let _ = write!(
            svg,
            "<rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>{}{}",
            self.theme.paper().to_svg_string(),
            self.images,
            body
        );
        Ok(svg)
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
