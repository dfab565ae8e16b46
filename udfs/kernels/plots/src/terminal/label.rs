//! Names and numbers, as wide as a terminal shows them.

use super::TextStyle;
use crate::text;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cells that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Cells that a character takes; 0 for one that stands upon the one before it.
pub(super) fn cells(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// The text as it may be shown: cleaned, without what changes the width of its neighbours, and in ASCII where that is asked.
pub(super) fn plain(name: &str, style: TextStyle) -> String {
    let name = text::clean(name);
    if style.unicode {
        // Selectors of a variant make a character wider than it is; terminals do not agree on these.
        let selector = |c: &char| matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}');
        return name.chars().filter(|c| !selector(c)).collect();
    }
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            ' '..='~' => out.push(c),
            '−' | '–' | '—' => out.push('-'),
            '…' => out.push_str("..."),
            '∞' => out.push_str("inf"),
            c if cells(c) == 0 => {}
            _ => out.push('?'),
        }
    }
    out
}

/// [`plain`], cut to `room` cells: an ellipsis stands for its middle, since names of features differ at both ends.
pub(super) fn cut(name: &str, room: usize, style: TextStyle) -> String {
    let name = plain(name, style);
    if width(&name) <= room {
        return name;
    }
    let dots = if style.unicode { "…" } else { ".." };
    let Some(room) = room.checked_sub(width(dots)) else {
        return String::new();
    };
    let chars: Vec<char> = name.chars().collect();
    let (mut head, mut tail, mut used) = (0, chars.len(), 0);
    while head < tail {
        let front = head <= chars.len() - tail;
        used += cells(if front { chars[head] } else { chars[tail - 1] });
        if used > room {
            break;
        }
        if front { head += 1 } else { tail -= 1 }
    }
    let part = |chars: &[char]| chars.iter().collect::<String>();
    // What stands upon a character that is left out would stand upon the ellipsis.
    let tail = chars[tail..]
        .iter()
        .position(|c| cells(*c) > 0)
        .map_or(chars.len(), |i| tail + i);
    format!(
        "{}{dots}{}",
        part(&chars[..head]).trim_end(),
        part(&chars[tail..]).trim_start()
    )
}

/// [`cut`], and `(unnamed)` where there is nothing to read.
pub(super) fn name(name: &str, room: usize, style: TextStyle) -> String {
    let name = plain(name, style);
    let name = if name.is_empty() { "(unnamed)" } else { &name };
    cut(name, room, style)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNICODE: TextStyle = TextStyle {
        colours: false,
        unicode: true,
    };
    const ASCII: TextStyle = TextStyle {
        colours: false,
        unicode: false,
    };

    #[test]
    fn names_fit() {
        assert_eq!(cut("wavelet-HHL_glcm_Idm", 12, UNICODE), "wavele…m_Idm");
        assert_eq!(cut("wavelet-HHL_glcm_Idm", 12, ASCII), "wavel..m_Idm");
        assert_eq!(cut("高リスク群", 5, UNICODE), "高…群");
        assert_eq!(cut("高リスク群", 40, ASCII), "?????");
        assert_eq!(cut("long", 1, ASCII), "");
        assert_eq!(plain("1 − a (0.1–∞)", ASCII), "1 - a (0.1-inf)");
        assert_eq!(name("\u{1}", 20, ASCII), "(unnamed)");
        for room in 0..30 {
            for text in [
                "wavelet-HHL_glcm",
                "高リスク群 high risk",
                "e\u{301}e\u{301}e\u{301}x",
                "👩\u{fe0f}👩👩",
            ] {
                assert!(width(&cut(text, room, UNICODE)) <= room, "{text} in {room}");
                assert!(width(&cut(text, room, ASCII)) <= room, "{text} in {room}");
            }
        }
    }
}
