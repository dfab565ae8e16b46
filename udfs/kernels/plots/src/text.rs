//! Text that users gave: made safe, measured, cut.

/// A name fit for a figure: no control characters, none that XML forbids or that turn the direction of text, no space
/// around it.
pub(crate) fn clean(name: &str) -> String {
    let forbidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
    };
    let spaced: String = name
        .chars()
        .take(4096)
        .map(|c| if forbidden(c) { ' ' } else { c })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Width of a character in parts of the font's size. Those of a wide sans serif (DejaVu, Verdana), so that text in a narrower
/// one (Helvetica, Arial) has room too.
fn advance(c: char) -> f64 {
    match c {
        'i' | 'l' | 'j' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.33,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' | '\\' | '"' => 0.41,
        'm' | 'M' | 'W' | '@' | '%' | '—' | '…' => 1.0,
        'w' | '<' | '>' | '=' | '+' | '~' | '^' | '#' | '−' | 'G' | 'O' | 'Q' | 'N' | 'H' | 'D' | 'U' => 0.84,
        'A'..='Z' | '&' => 0.7,
        'a'..='z' | '0'..='9' | '_' | '–' | '?' | '$' | '*' => 0.64,
        c if (c as u32) < 0x1100 => 0.75,
        _ => 1.05,
    }
}

/// Width of a line in pixels at a size.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size
}

/// A name for a legend or a row: [`cut`], and `(unnamed)` where there is nothing to read.
pub(crate) fn name(name: &str, room: f64, size: f64) -> String {
    let cut = cut(name, room, size);
    if cut.is_empty() { "(unnamed)".to_owned() } else { cut }
}

/// The text, cleaned, and cut to what fits in `room` pixels: an ellipsis stands for its middle, since names of features differ
/// at both ends (`wavelet-HHL_gls…LevelEmphasis`).
pub(crate) fn cut(name: &str, room: f64, size: f64) -> String {
    let name = clean(name);
    if width(&name, size) <= room {
        return name;
    }
    let room = room - advance('…') * size;
    let chars: Vec<char> = name.chars().collect();
    let (mut head, mut tail, mut used) = (0, chars.len(), 0.0);
    while head < tail {
        let front = head <= chars.len() - tail;
        let next = if front { chars[head] } else { chars[tail - 1] };
        used += advance(next) * size;
        if used > room {
            break;
        }
        if front { head += 1 } else { tail -= 1 }
    }
    let part = |chars: &[char]| chars.iter().collect::<String>();
    format!(
        "{}…{}",
        part(&chars[..head]).trim_end(),
        part(&chars[tail..]).trim_start()
    )
}

/// A name within a sentence: its first 60 characters.
pub(crate) fn brief(text: &str) -> String {
    let text = clean(text);
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None if text.is_empty() => "(unnamed)".to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_and_cut() {
        assert_eq!(clean(" a\u{0}b\n\u{202e}c "), "a b c");
        assert_eq!(clean("\u{1}\u{fffe}"), "");
        assert_eq!(name("\u{1}", 100.0, 12.0), "(unnamed)");
        assert_eq!(cut("short", 100.0, 12.0), "short");
        let long = cut(&"wavelet-HHL_glcm_".repeat(40), 120.0, 12.0);
        assert!(
            long.ends_with("_glcm_") && long.starts_with("wavelet…") && width(&long, 12.0) <= 120.0,
            "{long}"
        );
        assert_eq!(cut("long", 0.0, 12.0), "…");
    }
}
