//! A LaTeX table as papers have it, with the rules of the package booktabs; numbers stand at the right.

use super::Printer;
use super::cell::{columns, is_number, json_options};
use super::sink::Sink;
use super::text::visible;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use std::io::{self, Write};

pub struct Latex {
    schema: SchemaRef,
    out: Sink,
}

impl Latex {
    pub fn new(schema: &SchemaRef, mut out: Sink) -> io::Result<Self> {
        let sides: String = schema
            .fields()
            .iter()
            .map(|f| if is_number(f.data_type()) { 'r' } else { 'l' })
            .collect();
        writeln!(out, "\\begin{{tabular}}{{{sides}}}\n\\toprule")?;
        line(&mut out, schema.fields().iter().map(|f| escape(f.name())))?;
        writeln!(out, "\\midrule")?;
        Ok(Self {
            schema: schema.clone(),
            out,
        })
    }
}

fn line(out: &mut Sink, cells: impl Iterator<Item = String>) -> io::Result<()> {
    writeln!(out, "{} \\\\", cells.collect::<Vec<_>>().join(" & "))
}

/// Text as text: none of it is a command.
fn escape(text: &str) -> String {
    let text = text.replace("\r\n", " ").replace(['\n', '\r'], " ");
    let mut out = String::with_capacity(text.len());
    for c in visible(&text).chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '|' => out.push_str("\\textbar{}"),
            '"' => out.push_str("\\textquotedbl{}"),
            // In a row of its own it would begin an optional argument of the row before.
            '[' => out.push_str("{[}"),
            _ => out.push(c),
        }
    }
    out
}

impl Printer for Latex {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let options = json_options();
        let mut cells = columns(batch, &self.schema, &options)?;
        for row in 0..batch.num_rows() {
            let texts = cells
                .iter_mut()
                .map(|c| Ok(c.short(row)?.map_or_else(|| "--".to_owned(), |text| escape(&text))));
            line(&mut self.out, texts.collect::<io::Result<Vec<_>>>()?.into_iter())?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        writeln!(self.out, "\\bottomrule\n\\end{{tabular}}")?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_command() {
        assert_eq!(
            escape(r"50% & \input{x} a_b #1 $x$ ~ ^ <>"),
            r"50\% \& \textbackslash{}input\{x\} a\_b \#1 \$x\$ \textasciitilde{} \textasciicircum{} \textless{}\textgreater{}"
        );
    }
}
