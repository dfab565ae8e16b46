//! Plots in files.

use super::{Plot, TextSize, TextStyle, pixels};
use crate::shell::printers::write_file;
use crate::shell::script::Failure;
use std::path::Path;

/// Room of a plot in a text file.
const TEXT: TextSize = TextSize { columns: 100, rows: 32 };

impl Plot {
    /// Writes the plot to a file, as its name ends: .svg, .png (twice as fine as on paper) or .txt. A file of the name is
    /// replaced when the new one is whole.
    ///
    /// # Errors
    /// Another ending; what [`Plot::svg`] and [`Plot::terminal`] say; no font for .png; a file that cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        let ending = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default()
            .to_lowercase();
        let content = match ending.as_str() {
            "svg" => (self.svg()? + "\n").into_bytes(),
            "png" => pixels::png(&self.svg()?, |_, _| 2.0)?,
            "txt" => {
                let style = TextStyle {
                    colours: false,
                    unicode: true,
                };
                self.terminal(TEXT, style)?.into_bytes()
            }
            _ => {
                return Err(format!(
                    "{}: a plot is saved as .svg, .png or .txt; the name of the file must end in one of these",
                    path.display()
                ));
            }
        };
        write_file(path, &content).map_err(|e| match e {
            Failure::Usage(message) | Failure::Statement(message) => message,
            _ => format!("{}: cannot be written", path.display()),
        })
    }
}
