//! SVG to pixels.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{ImageHrefResolver, Options, Tree, fontdb};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

/// Most pixels of a side.
const MOST: f32 = 8000.0;

/// The fonts of the system, read once.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_system_fonts();
    // The last name of a figure's fonts is the family without serifs, which is not everywhere the one that the crate believes.
    let family = |wanted: &str| fonts.faces().any(|f| f.families.iter().any(|(name, _)| name == wanted));
    let known = [
        "Helvetica",
        "Arial",
        "Liberation Sans",
        "DejaVu Sans",
        "Noto Sans",
        "Open Sans",
        "Cantarell",
    ];
    let first = fonts
        .faces()
        .next()
        .and_then(|f| f.families.first())
        .map(|(name, _)| name.clone());
    let chosen = known.into_iter().find(|name| family(name)).map(str::to_owned).or(first);
    if let Some(name) = chosen {
        fonts.set_sans_serif_family(name);
    }
    Arc::new(fonts)
});

/// Draws a figure, `scale` times as large as it says.
///
/// # Errors
/// When there is no font on the system, or the text is no figure that can be drawn.
pub fn draw(svg: &str, scale: impl FnOnce(f32, f32) -> f32) -> Result<Pixmap, String> {
    if FONTS.is_empty() {
        return Err("there is no font on this system to draw a picture with".into());
    }
    // A figure may come from anywhere; a defect in drawing it must not end the session.
    let drawn = catch_unwind(AssertUnwindSafe(|| render(svg, scale)));
    drawn.unwrap_or_else(|_| Err("the figure cannot be drawn".into()))
}

fn render(svg: &str, scale: impl FnOnce(f32, f32) -> f32) -> Result<Pixmap, String> {
    let options = Options {
        fontdb: Arc::clone(&FONTS),
        font_family: "sans-serif".into(),
        // Pictures within a figure are in its text: nothing is read from files.
        image_href_resolver: ImageHrefResolver {
            resolve_data: ImageHrefResolver::default_data_resolver(),
            resolve_string: Box::new(|_, _| None),
        },
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(|e| format!("the figure cannot be drawn: {e}"))?;
    let (width, height) = (tree.size().width(), tree.size().height());
    let scale = scale(width, height)
        .min(MOST / width.max(height))
        .max(f32::MIN_POSITIVE);
    let pixels = |side: f32| (side * scale).ceil().clamp(1.0, MOST) as u32;
    let mut pixmap = Pixmap::new(pixels(width), pixels(height)).ok_or("the figure is too large to be drawn")?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    Ok(pixmap)
}

/// The figure as PNG.
///
/// # Errors
/// As [`draw`].
pub fn png(svg: &str, scale: impl FnOnce(f32, f32) -> f32) -> Result<Vec<u8>, String> {
    draw(svg, scale)?
        .encode_png()
        .map_err(|e| format!("the picture cannot be written: {e}"))
}
