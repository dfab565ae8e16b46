/// Why a figure cannot be drawn.
///
/// Displays as one sentence. `what` names the field of the figure, with its group or row where there are several.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// Nothing to draw.
    #[error("there is nothing to draw: {what} is empty")]
    Empty {
        /// The field.
        what: &'static str,
    },
    /// Two fields that belong together have different lengths.
    #[error("{what} has {found} values, expected are {expected}")]
    Length {
        /// The field.
        what: String,
        /// Values given.
        found: usize,
        /// Values needed.
        expected: usize,
    },
    /// A number that the figure has no place for.
    #[error("{what} has {value} at index {index}; expected is {expected}")]
    Value {
        /// The field.
        what: String,
        /// Which of its values, from 0.
        index: usize,
        /// What it is.
        value: f64,
        /// What it should be.
        expected: &'static str,
    },
    /// Values that have to ascend and do not.
    #[error("{what} has to ascend, and does not at index {index}")]
    Order {
        /// The field.
        what: String,
        /// The first value that is less than the one before it, from 0.
        index: usize,
    },
    /// More than a reader could tell apart.
    #[error("{found} {what} are too many for one figure; at most {limit} are drawn")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many were given.
        found: usize,
        /// Most that are drawn.
        limit: usize,
    },
    /// Less room than a figure as text needs.
    #[error("a plot needs 40 columns and 12 rows at least; the terminal has {columns} and {rows}")]
    Room {
        /// Cells of a line.
        columns: usize,
        /// Lines.
        rows: usize,
    },
    /// The image could not be made into PNG.
    #[error("the image cannot be encoded: {reason}")]
    Image {
        /// What the encoder says.
        reason: String,
    },
    /// A position that is not a number came out of finite input, or the plotting crate's text is not as it was.
    #[error("the figure could not be drawn: {reason}")]
    Drawing {
        /// What went wrong.
        reason: &'static str,
    },
}
