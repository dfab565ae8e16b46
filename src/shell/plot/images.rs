//! Pictures in terminals that show them.

use super::TextSize;
use super::pixels;
use base64::Engine as _;
use std::io::Write as _;

/// How a terminal takes pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Images {
    /// The graphics protocol of kitty, which Ghostty has too.
    Kitty,
    /// That of iTerm2, which `WezTerm` has too.
    Iterm,
    /// Sixels, of which no terminal tells that it has them without being asked.
    Sixel,
}

/// How the terminal takes pictures, as its environment tells; `None` where it does not say so. `RADSQL_IMAGES` decides where it
/// is set: kitty, iterm, sixel or none.
pub fn images() -> Option<Images> {
    told_by(&|name| std::env::var(name).ok())
}

fn told_by(variable: &dyn Fn(&str) -> Option<String>) -> Option<Images> {
    let is_set = |name: &str| variable(name).is_some_and(|v| !v.is_empty());
    if let Some(asked) = variable("RADSQL_IMAGES").filter(|v| !v.is_empty()) {
        return match asked.to_lowercase().as_str() {
            "kitty" => Some(Images::Kitty),
            "iterm" => Some(Images::Iterm),
            "sixel" => Some(Images::Sixel),
            _ => None,
        };
    }
    let term = variable("TERM").unwrap_or_default();
    // What runs within them takes their sequences for its own.
    if is_set("TMUX") || is_set("STY") || term.starts_with("screen") || term.starts_with("tmux") {
        return None;
    }
    if matches!(term.as_str(), "xterm-kitty" | "xterm-ghostty") || is_set("KITTY_WINDOW_ID") {
        return Some(Images::Kitty);
    }
    match variable("TERM_PROGRAM").as_deref() {
        Some("iTerm.app" | "WezTerm") => Some(Images::Iterm),
        Some("ghostty") => Some(Images::Kitty),
        _ => None,
    }
}

/// Pixels of a cell, about: no terminal tells it without being asked.
const CELL: (f32, f32) = (10.0, 20.0);
/// Bytes of a piece of kitty's protocol.
const PIECE: usize = 4096;

/// The figure as what a terminal draws it from, within `size`.
///
/// # Errors
/// As [`pixels::draw`].
pub fn encode(svg: &str, protocol: Images, size: TextSize) -> Result<Vec<u8>, String> {
    // A row is left to the prompt.
    let room = (size.columns.max(1) as f32, size.rows.saturating_sub(1).max(1) as f32);
    let mut columns = 1.0;
    let scale = |width: f32, height: f32| {
        let fits = (room.0 * CELL.0 / width).min(room.1 * CELL.1 / height);
        // Not larger than it is meant; its pixels twice as fine where the terminal fits it to its cells.
        let shown = fits.min(1.5);
        columns = (width * shown / CELL.0).floor().max(1.0);
        if protocol == Images::Sixel { shown } else { 2.0 * shown }
    };
    let mut out = vec![];
    match protocol {
        Images::Kitty => {
            let png = pixels::png(svg, scale)?;
            kitty(
                &mut out,
                &base64::engine::general_purpose::STANDARD.encode(png),
                columns as u32,
            );
        }
        Images::Iterm => {
            let png = pixels::png(svg, scale)?;
            let data = base64::engine::general_purpose::STANDARD.encode(&png);
            let _ = write!(
                out,
                "\x1b]1337;File=inline=1;size={};width={};preserveAspectRatio=1:{data}\x07",
                png.len(),
                columns as u32
            );
        }
        Images::Sixel => {
            let pixmap = pixels::draw(svg, scale)?;
            let (width, height) = (pixmap.width() as usize, pixmap.height() as usize);
            let options = icy_sixel::EncodeOptions {
                // Lines and text stay sharp.
                diffusion: 0.0,
                ..Default::default()
            };
            let sixel = icy_sixel::sixel_encode(pixmap.data(), width, height, &options);
            out.extend(
                sixel
                    .map_err(|e| format!("the picture cannot be written: {e}"))?
                    .bytes(),
            );
        }
    }
    out.push(b'\n');
    Ok(out)
}

/// PNG in pieces, shown in so many columns.
fn kitty(out: &mut Vec<u8>, data: &str, columns: u32) {
    let pieces: Vec<&[u8]> = data.as_bytes().chunks(PIECE).collect();
    for (i, piece) in pieces.iter().enumerate() {
        let more = u8::from(i + 1 < pieces.len());
        // q=2: it does not answer, which would be read as keys.
        let _ = match i {
            0 => write!(out, "\x1b_Ga=T,f=100,q=2,c={columns},m={more};"),
            _ => write!(out, "\x1b_Gm={more};"),
        };
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\x1b\\");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognised(variables: &[(&str, &str)]) -> Option<Images> {
        told_by(&|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn terminals_are_recognised() {
        assert_eq!(recognised(&[]), None);
        assert_eq!(recognised(&[("TERM", "xterm-256color")]), None);
        assert_eq!(recognised(&[("TERM", "xterm-kitty")]), Some(Images::Kitty));
        assert_eq!(recognised(&[("KITTY_WINDOW_ID", "1")]), Some(Images::Kitty));
        assert_eq!(recognised(&[("TERM_PROGRAM", "iTerm.app")]), Some(Images::Iterm));
        assert_eq!(recognised(&[("TERM_PROGRAM", "WezTerm")]), Some(Images::Iterm));
        assert_eq!(recognised(&[("TERM", "xterm-kitty"), ("TMUX", "/tmp/t")]), None);
        assert_eq!(
            recognised(&[("KITTY_WINDOW_ID", "1"), ("TERM", "screen-256color")]),
            None
        );
        assert_eq!(recognised(&[("RADSQL_IMAGES", "sixel")]), Some(Images::Sixel));
        assert_eq!(recognised(&[("RADSQL_IMAGES", "none"), ("TERM", "xterm-kitty")]), None);
        assert_eq!(
            recognised(&[("RADSQL_IMAGES", "iterm"), ("TMUX", "x")]),
            Some(Images::Iterm)
        );
    }

    #[test]
    fn kitty_takes_pieces() {
        let mut out = vec![];
        kitty(&mut out, &"A".repeat(2 * PIECE + 1), 40);
        let text = String::from_utf8(out).expect("text");
        let heads: Vec<&str> = text
            .split("\x1b_G")
            .skip(1)
            .filter_map(|p| p.split_once(';').map(|(head, _)| head))
            .collect();
        assert_eq!(heads, ["a=T,f=100,q=2,c=40,m=1", "m=1", "m=0"]);
    }
}
