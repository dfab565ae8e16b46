//! The comments of a SQL file, which are a report's prose.

/// Lines that are comments, by their number from 1.
#[derive(Debug, Default)]
pub struct Comments {
    lines: Vec<Option<String>>,
    /// Line of the last comment of the head.
    head_ends: usize,
}

impl Comments {
    /// Of a file's text. A line counts when it begins with two hyphens.
    pub fn of(text: &str) -> Self {
        // Some editors begin a file with a byte-order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let comment = |line: &str| Some(line.trim().strip_prefix("--")?.trim().to_owned());
        let lines: Vec<Option<String>> = text.lines().map(comment).collect();
        let begins = lines.iter().position(Option::is_some);
        let blank = |line: &str| line.trim().is_empty();
        // Code before the first comment means that the file has no head.
        let head = begins.filter(|begins| text.lines().take(*begins).all(blank));
        let head_ends = head.map_or(0, |begins| {
            begins + lines[begins..].iter().take_while(|l| l.is_some()).count()
        });
        Self { lines, head_ends }
    }

    /// Of a file within a file, whose first comment belongs to its first statement.
    pub fn of_part(text: &str) -> Self {
        Self {
            head_ends: 0,
            ..Self::of(text)
        }
    }

    /// The comment at the beginning: its first line, then paragraphs.
    pub fn head(&self) -> Vec<String> {
        let mut lines = self
            .lines
            .iter()
            .take(self.head_ends)
            .flatten()
            .skip_while(|l| l.is_empty());
        let Some(first) = lines.next() else { return vec![] };
        let mut all = vec![first.clone()];
        all.extend(paragraphs(lines));
        all
    }

    /// The comment that ends right before a line, in paragraphs.
    pub fn before(&self, line: u64) -> Vec<String> {
        let end = usize::try_from(line.saturating_sub(1))
            .unwrap_or(0)
            .min(self.lines.len());
        let mut begin = end;
        while begin > self.head_ends && self.lines[begin - 1].is_some() {
            begin -= 1;
        }
        paragraphs(self.lines[begin..end].iter().flatten())
    }
}

/// Lines joined, with empty ones between paragraphs.
fn paragraphs<'a>(lines: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut found: Vec<String> = vec![];
    let mut open = false;
    for line in lines {
        match (line.is_empty(), open) {
            (true, _) => open = false,
            (false, true) => {
                if let Some(last) = found.last_mut() {
                    last.push(' ');
                    last.push_str(line);
                }
            }
            (false, false) => {
                found.push(line.clone());
                open = true;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_and_what_stands_before_a_statement() {
        let text = "-- A question?\n--\n-- Some words\n-- go on.\n--\n-- And more.\n\n\\set a 1\n-- Why.\nSELECT 1;\nSELECT 2; -- not this\nSELECT 3;\n";
        let comments = Comments::of(text);
        assert_eq!(comments.head(), ["A question?", "Some words go on.", "And more."]);
        assert_eq!(comments.before(10), ["Why."]);
        assert!(comments.before(11).is_empty() && comments.before(12).is_empty() && comments.before(1).is_empty());
        assert!(Comments::of("SELECT 1; -- x\n").head().is_empty());
        assert_eq!(
            Comments::of("SELECT 1;\n-- of the second\nSELECT 2").before(3),
            ["of the second"]
        );
    }
}
