//! The figures as text for a terminal.
//!
//! Curves are drawn in dots of braille characters, eight a cell, or in one character a cell where only ASCII may be shown.
//! The canvas is ours: those of ratatui and textplots give neither ASCII with a mark of its own for each curve nor labels
//! that are cut to the cell, and drawille has no text.

mod forest;
mod frame;
mod histogram;
mod kaplan_meier;
mod label;
mod roc;
mod screen;

use crate::error::PlotError;

/// Room for a figure as text, in cells of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextSize {
    /// Cells of a line; 40 at least. Beyond 1000 they stay empty.
    pub columns: usize,
    /// Lines; 12 at least. Beyond 500 they stay empty.
    pub rows: usize,
}

impl Default for TextSize {
    /// 80 by 24, the size of terminals that tell none.
    fn default() -> Self {
        Self { columns: 80, rows: 24 }
    }
}

/// What a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextStyle {
    /// Whether there may be ANSI sequences for colours, of those with 256. Without them curves have marks of their own.
    pub colours: bool,
    /// Whether there may be characters beyond ASCII. Without, names lose theirs: each is a question mark.
    pub unicode: bool,
}

const LEAST: TextSize = TextSize { columns: 40, rows: 12 };
const MOST: TextSize = TextSize {
    columns: 1000,
    rows: 500,
};

impl TextSize {
    /// The room that is used.
    fn checked(self) -> Result<Self, PlotError> {
        if self.columns < LEAST.columns || self.rows < LEAST.rows {
            return Err(PlotError::Room {
                columns: self.columns,
                rows: self.rows,
            });
        }
        Ok(Self {
            columns: self.columns.min(MOST.columns),
            rows: self.rows.min(MOST.rows),
        })
    }
}
