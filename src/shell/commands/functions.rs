//! `\df`

use super::help::wrapped;
use super::{Command, Flow, Trouble, tables::fits};
use crate::shell::script::Script;
use crate::shell::terminal;
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::logical_expr::Documentation;
use radsql_udfs::doc::Doc;
use std::collections::BTreeMap;
use std::sync::Arc;

pub const COMMAND: Command = Command {
    name: "df",
    arguments: "[PATTERN]",
    help: "lists functions; a single one with its arguments and an example",
    words: &[],
    run: |script, call| {
        Box::pin(async move {
            let pattern = call.text.trim_end_matches([';', '(', ')']).trim();
            if pattern.is_empty() || !describe(script, pattern)? {
                list(script, pattern)?;
            }
            Ok(Flow::On)
        })
    },
};

/// Tells all about the functions of exactly this name; whether there are any.
pub fn describe(script: &mut Script, name: &str) -> Result<bool, Trouble> {
    let name = name.to_lowercase();
    let own: Vec<Doc> = radsql_udfs::catalogue()
        .into_iter()
        .filter(|d| d.name == name)
        .collect();
    let mut texts: Vec<String> = own.iter().map(of_ours).collect();
    if texts.is_empty() {
        texts.extend(
            others(script)
                .get(&name)
                .map(|(_, doc)| of_datafusion(&name, doc.as_ref())),
        );
    }
    if texts.is_empty() {
        return Ok(false);
    }
    script.say(&texts.join("\n\n"))?;
    Ok(true)
}

fn list(script: &mut Script, pattern: &str) -> Result<(), Trouble> {
    let mut rows: Vec<(String, String, String)> = radsql_udfs::catalogue()
        .iter()
        .map(|d| (d.name.to_owned(), kind(d).to_owned(), d.summary.to_owned()))
        .collect();
    // Those of SQL only when they are asked for: there are hundreds.
    let known: std::collections::BTreeSet<String> = rows.iter().map(|r| r.0.clone()).collect();
    if !pattern.is_empty() {
        let others = others(script).into_iter().filter(|(name, _)| !known.contains(name));
        rows.extend(others.map(|(name, (kind, doc))| {
            let summary = doc.map_or_else(String::new, |d| {
                d.description.lines().next().unwrap_or_default().to_owned()
            });
            (name, kind.to_owned(), summary)
        }));
    }
    rows.retain(|(name, ..)| fits(name, pattern));
    if rows.is_empty() {
        return Err(Trouble::Here(format!("no function's name fits '{pattern}'")));
    }
    rows.sort();
    let text = |of: fn(&(String, String, String)) -> &String| {
        Arc::new(StringArray::from_iter_values(rows.iter().map(of))) as ArrayRef
    };
    let batch = RecordBatch::try_from_iter([
        ("function", text(|r| &r.0)),
        ("kind", text(|r| &r.1)),
        ("what", text(|r| &r.2)),
    ]);
    script.show_batch(&batch.map_err(|e| e.to_string())?)?;
    if pattern.is_empty() {
        super::note("\\df NAME tells all about one; \\df PATTERN finds those of SQL as well");
    }
    Ok(())
}

fn kind(doc: &Doc) -> &'static str {
    use radsql_udfs::doc::Kind;
    match doc.kind {
        Kind::Scalar => "scalar",
        Kind::Aggregate => "aggregate",
        Kind::Relation => "relation",
        Kind::Table => "table",
    }
}

/// Functions that are not ours, with their kind and what is said of them.
fn others(script: &Script) -> BTreeMap<String, (&'static str, Option<Documentation>)> {
    let state = script.session().context().state();
    let mut found = BTreeMap::new();
    for (name, f) in state.window_functions() {
        found.insert(name.clone(), ("window", f.documentation().cloned()));
    }
    for (name, f) in state.aggregate_functions() {
        found.insert(name.clone(), ("aggregate", f.documentation().cloned()));
    }
    for (name, f) in state.scalar_functions() {
        found.insert(name.clone(), ("scalar", f.documentation().cloned()));
    }
    for name in state.table_functions().keys() {
        found.insert(name.clone(), ("table", None));
    }
    found.retain(|name, _| !name.starts_with("radsql_"));
    found
}

fn of_ours(doc: &Doc) -> String {
    let mut out = format!("{}\n\n{}\n", doc.syntax, doc.summary);
    arguments(&mut out, doc.arguments.iter().map(|(n, m)| (*n, *m)));
    out.push_str(&format!(
        "\n{}\n\nExample:\n{}\n",
        wrapped(doc.returns, 0, terminal::width()),
        indented(doc.example)
    ));
    if !doc.source.is_empty() {
        out.push_str(&format!("\nSource: {}\n", doc.source));
    }
    out
}

fn of_datafusion(name: &str, doc: Option<&Documentation>) -> String {
    let Some(doc) = doc else {
        return format!("{name}(...)");
    };
    let mut out = format!(
        "{}\n\n{}\n",
        doc.syntax_example,
        wrapped(doc.description.trim(), 0, terminal::width())
    );
    let empty = vec![];
    let named = doc.arguments.as_ref().unwrap_or(&empty);
    arguments(&mut out, named.iter().map(|(n, m)| (n.as_str(), m.as_str())));
    if let Some(example) = &doc.sql_example {
        let example = example.trim().trim_start_matches("```sql").trim_end_matches("```");
        out.push_str(&format!("\nExample:\n{}\n", indented(example.trim())));
    }
    out
}

fn arguments<'a>(out: &mut String, arguments: impl Iterator<Item = (&'a str, &'a str)>) {
    let arguments: Vec<_> = arguments.collect();
    let width = arguments
        .iter()
        .map(|(n, _)| n.chars().count())
        .max()
        .unwrap_or(0)
        .min(24);
    if !arguments.is_empty() {
        out.push('\n');
    }
    for (name, meaning) in arguments {
        out.push_str(&format!(
            "  {name:<width$}  {}\n",
            wrapped(meaning, width + 4, terminal::width()).trim_start()
        ));
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|l| format!("  {l}")).collect::<Vec<_>>().join("\n")
}
