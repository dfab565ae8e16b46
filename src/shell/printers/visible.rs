//! Bytes on their way to a terminal, without those that it would obey.

/// Puts `?` in the place of control characters but the ends of lines and tabs: a value must not move the cursor.
#[derive(Debug, Clone, Default)]
pub struct Visible {
    /// The first byte of a character of two, of which some are control characters.
    held: Option<u8>,
}

/// U+0080 to U+00BF begin with this byte.
const LATIN: u8 = 0xc2;

impl Visible {
    /// What may be shown of these bytes, which follow those before.
    pub fn filter(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() + 1);
        for &byte in bytes {
            match (self.held.take(), byte) {
                (Some(_), 0x80..=0x9f) => out.push(b'?'),
                (held, byte) => {
                    out.extend(held);
                    match byte {
                        LATIN => self.held = Some(byte),
                        b'\n' | b'\t' => out.push(byte),
                        0..=0x1f | 0x7f => out.push(b'?'),
                        _ => out.push(byte),
                    }
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts() {
        let mut visible = Visible::default();
        let text = "a\u{1b}[2Jé\u{9b}2J\t漢\r\n\u{7f}";
        let out: Vec<u8> = text.bytes().flat_map(|byte| visible.filter(&[byte])).collect();
        assert_eq!(String::from_utf8(out).unwrap(), "a?[2Jé?2J\t漢?\n?");
    }
}
