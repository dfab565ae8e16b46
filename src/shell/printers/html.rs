//! A page with a table a result, which asks for nothing from any network. Every text is escaped; figures that are shapes and words
//! stand in it as figures.

use super::Printer;
use super::cell::{columns, is_number, json_options, without_figure};
use super::sink::Sink;
use super::text::counted;
use crate::shell::report::figure;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use maud::{DOCTYPE, PreEscaped, html};
use std::io::{self, Write};

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
const STYLE: &str = "body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem; color-scheme: light dark }\n\
    table { border-collapse: collapse; font-variant-numeric: tabular-nums }\n\
    th, td { padding: .25rem .6rem; border-bottom: 1px solid #8886; text-align: left; vertical-align: top }\n\
    td { white-space: pre-wrap; max-width: 48rem; overflow-wrap: anywhere }\n\
    .number { text-align: right }\n.null { opacity: .5 }\n";

pub struct Html {
    schema: SchemaRef,
    out: Sink,
    rows: usize,
}

impl Html {
    /// A result; the first in its place begins the page. The page's last tags may be left out (HTML, 13.1.2.4), so that
    /// more results can follow.
    pub fn new(schema: &SchemaRef, mut out: Sink, is_first: bool) -> io::Result<Self> {
        if is_first {
            let head = html! {
                (DOCTYPE)
                (PreEscaped("<html lang=\"en\">"))
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    title { "radsql" }
                    style { (PreEscaped(STYLE)) }
                }
                (PreEscaped("<body>\n"))
            };
            out.write_all(head.into_string().as_bytes())?;
        }
        let names = html! {
            thead { tr { @for field in schema.fields() {
                th scope="col" class=[is_number(field.data_type()).then_some("number")] { (field.name()) }
            } } }
        };
        writeln!(out, "<table>\n{}\n<tbody>", names.into_string())?;
        Ok(Self {
            schema: schema.clone(),
            out,
            rows: 0,
        })
    }
}

impl Printer for Html {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let options = json_options();
        let mut cells = columns(batch, &self.schema, &options)?;
        for row in 0..batch.num_rows() {
            let texts = cells.iter_mut().map(|c| c.short(row)).collect::<io::Result<Vec<_>>>()?;
            let line = html! {
                tr { @for (text, field) in texts.into_iter().zip(self.schema.fields()) {
                    @match text {
                        None => td class="null" { "NULL" },
                        // Looked through: shapes and words, nothing that acts.
                        Some(text) if figure::is_plain(&text) => td { (PreEscaped(text)) },
                        Some(text) => td class=[is_number(field.data_type()).then_some("number")] { (without_figure(text)) },
                    }
                } }
            };
            writeln!(self.out, "{}", line.into_string())?;
        }
        self.rows += batch.num_rows();
        self.out.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        writeln!(
            self.out,
            "</tbody>\n</table>\n<p class=\"null\">{}</p>",
            counted(self.rows, "row")
        )?;
        self.out.flush()
    }
}
