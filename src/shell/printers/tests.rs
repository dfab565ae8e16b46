//! Printers over results made by hand: widths, ends, and what the command line does not reach.

use super::format::Expanded;
use super::sink::Sink;
use super::table::{Look, Table};
use super::{Format, Output, Printer, csv, html, json, markdown, ndjson, text, tsv};
use crate::shell::{Failure, OutputArguments};
use datafusion::arrow::array::{
    Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, StructArray, new_null_array,
};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

const LOOK: Look = Look {
    width: Some(40),
    colours: false,
    expanded: Expanded::Off,
    rows: None,
};

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

fn numbers(from: i64, to: i64) -> RecordBatch {
    batch(vec![("n", Arc::new(Int64Array::from_iter_values(from..to)))])
}

fn texts(name: &str, cells: &[&str]) -> RecordBatch {
    batch(vec![(name, Arc::new(StringArray::from(cells.to_vec())))])
}

/// What a printer writes of batches.
fn written<P: Printer>(batches: &[RecordBatch], printer: impl FnOnce(&SchemaRef, Sink) -> io::Result<P>) -> String {
    let sink = Sink::memory();
    let mut printer = printer(&batches[0].schema(), sink.clone()).expect("a printer");
    for batch in batches {
        printer.batch(batch).expect("rows");
    }
    printer.finish().expect("an end");
    sink.text()
}

fn table(batches: &[RecordBatch], look: Look) -> String {
    written(batches, |schema, out| Table::new(schema, look, out, false))
}

#[test]
fn rows_that_come_later_keep_their_numbers_whole_and_lose_the_ends_of_texts() {
    let first = batch(vec![
        ("n", Arc::new(Int64Array::from(vec![1; 1200]))),
        ("t", Arc::new(StringArray::from(vec!["ab"; 1200]))),
    ]);
    let later = batch(vec![
        ("n", Arc::new(Int64Array::from(vec![1_234_567_890_123]))),
        ("t", Arc::new(StringArray::from(vec!["abcdefgh"]))),
    ]);
    let both = [first, later];
    let on_terminal = table(&both, LOOK);
    assert!(
        on_terminal.contains("│ 1234567890123 ┆ abc… │\n"),
        "{}",
        &on_terminal[on_terminal.len() - 300..]
    );
    assert!(on_terminal.ends_with("1201 rows\n"));
    // For scripts more rows are looked at before, and nothing is cut.
    let in_pipe = table(&both, Look { width: None, ..LOOK });
    assert!(in_pipe.contains("│ 1234567890123 ┆ abcdefgh │\n") && in_pipe.contains("│             1 ┆ ab       │\n"));
}

#[test]
fn a_limit_shows_both_ends() {
    let batches: Vec<_> = (0..50).map(|i| numbers(i * 100, i * 100 + 100)).collect();
    let shown = table(&batches, Look { rows: Some(5), ..LOOK });
    let cells: Vec<_> = shown
        .lines()
        .filter(|l| l.starts_with('│'))
        .map(|l| l.trim_matches(['│', ' ']))
        .collect();
    assert_eq!(cells, ["n", "bigint", "0", "1", "2", "…", "4998", "4999"]);
    assert!(shown.ends_with("5000 rows, 5 shown (4995 not)\n"), "{shown}");
    let shown = table(
        &batches,
        Look {
            rows: Some(5),
            expanded: Expanded::On,
            ..LOOK
        },
    );
    let heads: Vec<_> = shown.lines().filter_map(|l| l.split(['[', ']']).nth(1)).collect();
    assert_eq!(heads, [" row 1 ", " row 2 ", " row 3 ", " row 4999 ", " row 5000 "]);
    assert!(shown.contains("… 4995 rows not shown …"), "{shown}");
    assert!(table(&batches, Look { rows: Some(0), ..LOOK }).ends_with("5000 rows, 0 shown (5000 not)\n"));
    assert!(!table(&[numbers(0, 5)], Look { rows: Some(5), ..LOOK }).contains('…'));
}

#[test]
fn columns_fit_the_terminal() {
    for many in [1, 2, 3, 5, 9, 40, 900] {
        for width in [8, 20, 40, 80, 133] {
            let names: Vec<String> = (0..many).map(|i| format!("feature_{i}_of_many")).collect();
            let mut columns: Vec<(&str, ArrayRef)> = vec![];
            for (place, name) in names.iter().enumerate() {
                let column: ArrayRef = match place % 3 {
                    0 => Arc::new(StringArray::from(vec!["漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字"])),
                    1 => Arc::new(Float64Array::from(vec![-0.000_123_456_789])),
                    _ => Arc::new(Int64Array::from(vec![None])),
                };
                columns.push((name, column));
            }
            let shown = table(
                &[batch(columns)],
                Look {
                    width: Some(width),
                    ..LOOK
                },
            );
            let lines: Vec<_> = shown.lines().filter(|l| !l.contains("row")).collect();
            let widths: Vec<_> = lines.iter().map(|l| text::width(l)).collect();
            assert!(widths.iter().all(|w| w == &widths[0]), "{many} in {width}:\n{shown}");
            // One column and the mark for the others are shown wherever they do not fit.
            assert!(widths[0] <= width.max(9), "{many} in {width}:\n{shown}");
            assert!(
                shown.contains(if width > 8 { "feat" } else { "…" }),
                "{many} in {width}:\n{shown}"
            );
        }
    }
    let few = batch(vec![
        ("a", Arc::new(Int64Array::from(vec![1]))),
        ("b", Arc::new(Int64Array::from(vec![2]))),
    ]);
    assert!(table(&[few], LOOK).ends_with("1 row\n"));
}

#[test]
fn wide_tables_stand_in_lines_where_that_is_asked_for() {
    let narrow = texts("t", &["abc"]);
    let wide = texts("t", &["abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz"]);
    let auto = Look {
        expanded: Expanded::Auto,
        ..LOOK
    };
    assert!(table(&[narrow], auto).starts_with('┌'));
    assert!(table(std::slice::from_ref(&wide), auto).starts_with("─[ row 1 ]"));
    assert!(table(std::slice::from_ref(&wide), Look { width: None, ..auto }).starts_with('┌'));
    assert!(table(&[wide], LOOK).starts_with('┌'));
}

#[test]
fn nothing_in_a_table_acts() {
    let acting = texts("na\u{1b}me", &["a\u{1b}]0;title\u{7}b\rc", "two\nlines", "\u{202e}abc"]);
    for expanded in [Expanded::On, Expanded::Off] {
        let shown = table(std::slice::from_ref(&acting), Look { expanded, ..LOOK });
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\r', '\u{202e}']), "{shown}");
        assert!(
            shown.contains("a\\x1b]0;title\\x07b\\rc") && shown.contains("na\\x1bme"),
            "{shown}"
        );
    }
    let shown = written(&[acting], markdown::Markdown::new);
    assert!(shown.contains("| two lines |") && !shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn a_tall_cell_is_not_the_whole_table() {
    let shown = table(&[texts("t", &[&"x\n".repeat(5000)])], LOOK);
    assert_eq!(
        shown.lines().count(),
        200 + 6,
        "names, types, lines of the frame and the number of rows"
    );
}

#[test]
fn data_formats_write_what_is_there() {
    let cells = batch(vec![
        (
            "x",
            Arc::new(Float64Array::from(vec![Some(0.1 + 0.2), None, Some(f64::NAN)])) as ArrayRef,
        ),
        (
            "t,\t",
            Arc::new(StringArray::from(vec![Some("a\tb\\\n"), Some(""), None])),
        ),
    ]);
    let all = [cells];
    assert_eq!(
        written(&all, tsv::Tsv::new),
        "x\tt,\\t\n0.30000000000000004\ta\\tb\\\\\\n\n\\N\t\nNaN\t\\N\n"
    );
    assert_eq!(
        written(&all, csv::Csv::new),
        "x,\"t,\t\"\n0.30000000000000004,\"a\tb\\\n\"\n,\nNaN,\n"
    );
    let line = "{\"x\":0.30000000000000004,\"t,\\t\":\"a\\tb\\\\\\n\"}";
    let lines = format!("{line}\n{{\"x\":null,\"t,\\t\":\"\"}}\n{{\"x\":null,\"t,\\t\":null}}\n");
    assert_eq!(written(&all, |_, out| Ok(ndjson::NdJson::new(out))), lines);
    assert_eq!(
        written(&all, |_, out| Ok(json::Json::new(out))),
        format!("[{}]\n", lines.trim_end().replace('\n', ","))
    );
    let page = written(&all, |schema, out| html::Html::new(schema, out, true));
    assert!(
        page.starts_with("<!DOCTYPE html><html lang=\"en\">") && page.ends_with("3 rows</p>\n"),
        "{page}"
    );
    let more = written(&all, |schema, out| html::Html::new(schema, out, false));
    assert!(more.starts_with("<table>"), "{more}");
}

/// An output to this file.
fn output(format: Option<Format>, file: &Path) -> Output {
    let arguments = OutputArguments {
        format,
        output: Some(file.into()),
    };
    Output::open(&arguments).expect("an output")
}

fn write(output: &mut Output, batch: &RecordBatch) {
    let mut result = output.result(&batch.schema()).expect("a result");
    result.batch(batch).expect("rows");
    result.finish().expect("an end");
}

#[test]
fn results_are_sent_from_file_to_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = |name: &str| dir.path().join(name);
    let read = |name: &str| fs::read_to_string(file(name)).expect("a file");
    let rows = numbers(1, 3);
    let mut output = output(None, &file("a.csv"));
    assert_eq!(output.format(), Format::Csv);
    write(&mut output, &rows);
    assert!(!file("a.csv").exists(), "it has no name before its end");
    // One that cannot be opened changes nothing.
    assert!(output.redirect(Some(&file("no/b.json"))).is_err());
    assert_eq!(output.format(), Format::Csv);
    output.redirect(Some(&file("b.json"))).expect("another");
    assert_eq!(read("a.csv"), "n\n1\n2\n");
    assert_eq!(output.format(), Format::Json);
    write(&mut output, &rows);
    // The format of a file is its own.
    output.set_format(Format::NdJson);
    write(&mut output, &rows);
    output.redirect(None).expect("back");
    assert_eq!(read("b.json"), "[{\"n\":1},{\"n\":2}]\n{\"n\":1}\n{\"n\":2}\n");
    assert_ne!(output.format(), Format::NdJson);
    output.set_format(Format::Tsv);
    output.redirect(Some(&file("c.txt"))).expect("a file");
    assert_eq!(output.format(), Format::Tsv, "plain text is what was asked for");
    output.redirect(Some(&file("d.md"))).expect("a file");
    assert_eq!(output.format(), Format::Markdown);
    output.finish().expect("an end");
    assert_eq!((read("c.txt").as_str(), read("d.md").as_str()), ("", ""));
}

#[test]
fn a_part_of_a_result_leaves_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    for name in ["a.csv", "a.parquet"] {
        let file = dir.path().join(name);
        fs::write(&file, "old").expect("a file");
        let mut output = output(None, &file);
        let rows = numbers(1, 3);
        output
            .result(&rows.schema())
            .and_then(|mut r| r.batch(&rows))
            .expect("rows");
        let told = output.redirect(None);
        assert!(
            matches!(&told, Err(Failure::Statement(m)) if m.contains(name) && m.contains("not written")),
            "{told:?}"
        );
        assert_eq!(fs::read_to_string(&file).expect("a file"), "old");
        output.finish().expect("the file is gone already");
    }
    assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 2);
}

#[test]
fn a_parquet_file_takes_no_second_result() {
    let dir = tempfile::tempdir().expect("a folder");
    let rows = numbers(1, 3);
    let mut output = output(None, &dir.path().join("a.parquet"));
    write(&mut output, &rows);
    let told = output.result(&rows.schema()).map(|_| ()).map_err(|e| e.to_string());
    assert!(told.is_err_and(|m| m.contains("a Parquet file holds one result")));
    // What was whole before stays.
    output.finish().expect("an end");
    assert!(dir.path().join("a.parquet").exists());
    let mut output = self::output(Some(Format::Csv), &dir.path().join("b.parquet"));
    write(&mut output, &rows);
    output.set_format(Format::Parquet);
    assert!(output.result(&rows.schema()).is_err(), "not behind other text");
}

#[test]
fn settings_are_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut output = output(None, &dir.path().join("a"));
    assert_eq!(
        (output.expanded(), output.pager(), output.is_terminal()),
        (Expanded::Alone, true, false)
    );
    assert_eq!(output.max_rows(), Some(40), "a file has no pager");
    output.set_expanded(Expanded::Auto);
    output.set_pager(false);
    output.set_max_rows(None);
    assert_eq!(
        (output.expanded(), output.pager(), output.max_rows()),
        (Expanded::Auto, false, None)
    );
}

#[test]
fn of_a_large_struct_the_first_fields_are_shown() {
    let many = |n: usize| {
        let fields = (0..n).map(|i| {
            let array: ArrayRef = Arc::new(Float64Array::from(vec![i as f64 / 3.0]));
            (
                Arc::new(Field::new(format!("f'{i}"), array.data_type().clone(), true)),
                array,
            )
        });
        let array: ArrayRef = Arc::new(StructArray::from(fields.collect::<Vec<_>>()));
        batch(vec![("R", array)])
    };
    let look = Look {
        expanded: Expanded::On,
        ..LOOK
    };
    let shown = table(&[many(851)], look);
    assert!(
        shown.contains("\n  f'9  3\n  … and 841 more of 851 fields, such as \"R\"['f''10']\n"),
        "{shown}"
    );
    let shown = table(&[many(40)], look);
    assert!(shown.contains("\n  f'39  13\n") && !shown.contains("more"), "{shown}");
    let nothing = batch(vec![("n", new_null_array(&DataType::Null, 1))]);
    assert!(table(std::slice::from_ref(&nothing), look).contains("n  NULL\n"));
    assert!(table(&[nothing], LOOK).contains("│ NULL │\n"));
}
