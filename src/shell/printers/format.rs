//! The names of formats.

use clap::ValueEnum;
use std::path::Path;

/// The formats of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines and columns for people.
    Table,
    /// Comma-separated values; structs and lists as JSON.
    Csv,
    /// Tab-separated values, escaped as PostgreSQL's COPY does; NULL is \N.
    Tsv,
    /// One JSON array a result.
    Json,
    /// One JSON object a row.
    #[value(name = "ndjson", alias = "jsonl")]
    NdJson,
    /// A Markdown table.
    Markdown,
    /// A line a column, for people.
    Vertical,
    /// A page with a table a result.
    Html,
    /// A LaTeX table with the rules of booktabs.
    Latex,
    /// One result as a Parquet file; needs a file.
    Parquet,
}

impl Format {
    /// Whether people read it, so that other text may stand between results.
    pub fn is_for_people(self) -> bool {
        matches!(self, Self::Table | Self::Vertical)
    }

    /// The format that a file's extension stands for.
    pub fn of_file(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "csv" => Self::Csv,
            "tsv" => Self::Tsv,
            "json" => Self::Json,
            "ndjson" | "jsonl" => Self::NdJson,
            "md" => Self::Markdown,
            "html" => Self::Html,
            "tex" => Self::Latex,
            "parquet" => Self::Parquet,
            "txt" => Self::Table,
            _ => return None,
        })
    }
}

/// When a table is written as a line a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expanded {
    /// Always.
    On,
    /// Never.
    Off,
    /// Where a row is alone, and its columns are wider than the terminal.
    #[default]
    Alone,
    /// Where its columns are wider than the terminal.
    Auto,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_formats() {
        for (file, format) in [
            ("a.csv", Some(Format::Csv)),
            ("b/A.TSV", Some(Format::Tsv)),
            ("a.jsonl", Some(Format::NdJson)),
            ("a.ndjson", Some(Format::NdJson)),
            ("a.json", Some(Format::Json)),
            ("a.md", Some(Format::Markdown)),
            ("a.html", Some(Format::Html)),
            ("a.tex", Some(Format::Latex)),
            ("a.parquet", Some(Format::Parquet)),
            ("a.txt", Some(Format::Table)),
            ("a.svg", None),
            ("csv", None),
        ] {
            assert_eq!(Format::of_file(Path::new(file)), format, "{file}");
        }
        for format in Format::value_variants() {
            let value = format.to_possible_value().expect("a name");
            assert_eq!(Format::from_str(value.get_name(), false), Ok(*format));
        }
    }
}
