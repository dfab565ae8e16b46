//! The page: one HTML text with everything in it. It asks for nothing from any network, which its policy forbids as well.

use super::checklist::{CLEAR, Item, METRICS};
use super::evidence::Evidence;
use super::{FIGURES_SHOWN, Recorded, Report, Shown, Step};
use crate::engine::inputs::Input;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::path::Path;
use std::time::Duration;

const STYLE: &str = include_str!("style.css");
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'";

/// The page's text.
pub fn render(report: &Report, evidence: &Evidence, inputs: &[Input], ran: Duration, command: &str) -> String {
    let title = report.title.clone().unwrap_or_else(|| named_by(&report.steps));
    let began = humantime::format_rfc3339_seconds(report.began).to_string();
    let statements: usize = report.steps.iter().map(|s| s.statements.len()).sum();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    p class="soft" {
                        "radsql " (env!("CARGO_PKG_VERSION")) " on DataFusion " (datafusion::DATAFUSION_VERSION) ", "
                        (std::env::consts::OS) " " (std::env::consts::ARCH) ". Begun " (began) ". "
                        (counted(report.steps.len(), "step")) ", " (counted(statements, "statement")) ", " (seconds(ran)) "."
                    }
                }
                nav aria-label="Steps" {
                    ol {
                        @for (number, step) in (1..).zip(&report.steps) { li { a href=(format!("#step-{number}")) { (step.title) } } }
                    }
                    p { a href="#left-out" { "Left out" } " · " a href="#inputs" { "Inputs" } " · " a href="#settings" { "Settings" }
                        " · " a href="#clear" { "CLEAR" } " · " a href="#metrics" { "METRICS" } }
                }
                main {
                    @for (number, step) in (1..).zip(&report.steps) { (of_step(number, step)) }
                    (left_out(evidence))
                    (provenance(inputs))
                    (settings(evidence))
                    (checklist("clear", "CLEAR", "the CheckList for EvaluAtion of Radiomics research (Kocak et al., Insights into Imaging 2023;14:75)", CLEAR, evidence))
                    (checklist("metrics", "METRICS", "the METhodological RadiomICs Score (Kocak et al., Insights into Imaging 2024;15:8)", METRICS, evidence))
                }
                footer {
                    p class="soft" { "Repeat it with: " code { (command) } ". The page needs no network and holds what the run printed: patients' identifiers, where its statements show them." }
                }
            }
        }
    };
    page.into_string()
}

/// What a run is called that has no title: the folder of its files, or its file.
fn named_by(steps: &[Step]) -> String {
    let first = steps.first().map(|step| Path::new(&step.file));
    let folder = first.and_then(Path::parent).and_then(Path::file_name);
    let stem = first.and_then(Path::file_stem);
    let name = if steps.len() == 1 { stem } else { folder.or(stem) };
    name.map_or_else(|| "radsql".into(), |n| n.to_string_lossy().into_owned())
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn seconds(time: Duration) -> String {
    let s = time.as_secs_f64();
    match s {
        _ if s < 0.001 => "under 1 ms".into(),
        _ if s < 1.0 => format!("{:.0} ms", s * 1000.0),
        _ if s < 100.0 => format!("{s:.1} s"),
        _ => format!("{} min {:02} s", s.round() as u64 / 60, s.round() as u64 % 60),
    }
}

fn of_step(number: usize, step: &Step) -> Markup {
    html! {
        section id=(format!("step-{number}")) {
            h2 { (number) ". " (step.title) }
            @for paragraph in &step.text { p { (prose(paragraph)) } }
            @for statement in &step.statements { (of_statement(statement)) }
            @if step.title != step.file { p class="soft" { "File " code { (step.file) } } }
        }
    }
}

fn of_statement(statement: &Recorded) -> Markup {
    // What stands beside a figure in its row is told below it.
    let result = statement.result.as_ref().filter(|_| statement.figures.is_empty());
    html! {
        div class="statement" {
            @for paragraph in &statement.text { p { (prose(paragraph)) } }
            @if let Some(result) = result { (table(result)) }
            @if !statement.figures.is_empty() { (figures(statement)) }
            details open[statement.result.is_none()] {
                summary {
                    "SQL, " (seconds(statement.took))
                    @if let Some(rows) = statement.made { ", made " (rows) @if rows == 1 { " row" } @else { " rows" } }
                }
                pre { code { (statement.sql) } }
            }
        }
    }
}

fn table(result: &Shown) -> Markup {
    let shown = result.rows.len();
    html! {
        div class="scroll" tabindex="0" role="region" aria-label="Result" {
            table {
                @if result.total == 0 { caption { "No rows" } }
                @if result.total > shown { caption { "The first " (shown) " of " (result.total) " rows" } }
                thead { tr { @for column in &result.columns {
                    th scope="col" class=[column.is_number.then_some("number")] { (column.name) }
                } } }
                tbody { @for row in &result.rows { tr { @for (cell, column) in row.iter().zip(&result.columns) {
                    @match cell {
                        Some(text) => td class=[class(text, column.is_number)] { (text) },
                        None => td class=(if column.is_number { "number null" } else { "null" }) { "NULL" },
                    }
                } } } }
            }
        }
    }
}

/// A paragraph; what stands between backticks is code.
fn prose(text: &str) -> Markup {
    html! {
        @for (i, part) in text.split('`').enumerate() {
            @if i % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Long texts break.
fn class(text: &str, is_number: bool) -> Option<&'static str> {
    match is_number {
        true => Some("number"),
        false => (text.chars().count() > 60).then_some("wrap"),
    }
}

/// The figures of a result, each with the row that it stands in.
fn figures(statement: &Recorded) -> Markup {
    let total = statement.result.as_ref().map_or(0, |r| r.total);
    html! {
        div class=[(statement.figures.len() > 1).then_some("figures")] {
            @for figure in &statement.figures {
                figure {
                    // Looked through before it came here: shapes and words, nothing that acts.
                    (PreEscaped(&figure.svg))
                    @let caption = statement.result.as_ref().map(|r| caption(r, figure.row, figure.column)).unwrap_or_default();
                    @if !caption.is_empty() { figcaption { (caption) } }
                }
            }
        }
        @for caption in undrawn(statement) { p class="soft" { (caption) ": nothing to draw" } }
        @if statement.figures.len() == FIGURES_SHOWN && total > FIGURES_SHOWN {
            p class="soft" { "The first " (FIGURES_SHOWN) " figures of " (total) " rows" }
        }
    }
}

/// The rows in which a figure is NULL, by what stands beside it.
fn undrawn(statement: &Recorded) -> Vec<String> {
    let (Some(result), Some(first)) = (&statement.result, statement.figures.first()) else {
        return vec![];
    };
    let rows = result.rows.iter().enumerate();
    let rows = rows.filter(|(_, cells)| cells.get(first.column).is_some_and(Option::is_none));
    rows.map(|(row, _)| caption(result, row, first.column)).collect()
}

/// What stands beside a figure in its row.
fn caption(result: &Shown, row: usize, column: usize) -> String {
    let Some(row) = result.rows.get(row) else {
        return String::new();
    };
    let cells = row.iter().zip(&result.columns).enumerate();
    let others = cells.filter(|(place, _)| *place != column);
    let told = others.filter_map(|(_, (cell, column))| Some(format!("{} {}", column.name, cell.as_deref()?)));
    told.collect::<Vec<_>>().join(", ")
}

fn left_out(evidence: &Evidence) -> Markup {
    html! {
        section id="left-out" {
            h2 { "Left out" }
            @if evidence.missing.is_empty() && evidence.scan_errors.is_empty() {
                p { "No scan failed, and no result says that rows were left out." }
            }
            @if !evidence.missing.is_empty() {
                p { "Rows that miss a value which a function uses, as the results say (n_missing):" }
                ul { @for (step, place, rows) in &evidence.missing {
                    li { a href=(format!("#step-{step}")) { "step " (step) } ", statement " (place) ": " (rows) @if *rows == 1 { " row" } @else { " rows" } }
                } }
            }
            @if !evidence.scan_errors.is_empty() {
                p { "Scans that could not be read or measured (scan_errors()):" }
                ul { @for error in &evidence.scan_errors { li { (error) } } }
            }
        }
    }
}

fn provenance(inputs: &[Input]) -> Markup {
    html! {
        section id="inputs" {
            h2 { "Inputs" }
            p { "SHA-256, taken at the end of the run, of the scans that it read, of the files that its statements name, and of the statements themselves, as " code { "sha256sum" } " prints it; of the files of one DICOM series that of their sorted list, as " code { "file_hash" } " gives it." }
            @if inputs.is_empty() { p { "The run read no file." } }
            @for input in inputs {
                details open[input.files.len() <= 3] {
                    summary { (input.name) @if !input.location.is_empty() { " from " code { (input.location) } } ": " (counted(input.files.len(), "file")) }
                    div class="scroll" tabindex="0" role="region" aria-label=(format!("Hashes of {}", input.name)) {
                        table {
                            thead { tr { th scope="col" { "file" } th scope="col" { "SHA-256" } } }
                            tbody { @for (file, hash) in &input.files { tr { td class="wrap" { (file) } td class="hash" { (hash) } } } }
                        }
                    }
                }
            }
        }
    }
}

fn settings(evidence: &Evidence) -> Markup {
    let seeds: Vec<String> = evidence
        .calls
        .iter()
        .filter_map(|(step, call)| Some(format!("{}: {} (step {step})", call.function, call.argument("seed")?)))
        .collect();
    html! {
        section id="settings" {
            h2 { "Settings" }
            @if !evidence.variables.is_empty() {
                h3 { "Variables" }
                (pairs("name", &evidence.variables))
            }
            h3 { "Seeds" }
            p { @if seeds.is_empty() { "No function was given one; radsql.seed is below." } @else { (seeds.join("; ")) } }
            h3 { "Of the session" }
            (pairs("setting", &evidence.settings))
            @for radiomics in &evidence.radiomics {
                @if let Some(configuration) = &radiomics.configuration {
                    h3 { "radiomics '" (radiomics.settings) "'" }
                    pre class="wrap" { code { (configuration) } }
                }
            }
        }
    }
}

fn pairs(head: &str, pairs: &[(String, String)]) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="region" aria-label=(head) {
            table {
                thead { tr { th scope="col" { (head) } th scope="col" { "value" } } }
                tbody { @for (name, value) in pairs { tr { td { (name) } td class="wrap" { (value) } } } }
            }
        }
    }
}

fn checklist(id: &str, name: &str, what: &str, items: &[Item], evidence: &Evidence) -> Markup {
    let answers: Vec<Option<String>> = items.iter().map(|item| (item.answer)(evidence)).collect();
    let answered = answers.iter().flatten().count();
    html! {
        section id=(id) {
            h2 { (name) }
            p { "Of " (what) ", with its " (items.len()) " items in short: what this run shows by itself (" (answered) "), and what only the authors can say (" (items.len() - answered) ")." }
            div class="scroll" tabindex="0" role="region" aria-label=(name) {
                table {
                    thead { tr { th scope="col" class="number" { "item" } th scope="col" { "asks for" } th scope="col" { "shown by the run" } } }
                    tbody { @for (item, answer) in items.iter().zip(&answers) { tr {
                        td class="number" { (item.number) }
                        td class="wrap" { (item.asks) }
                        @match answer { Some(text) => td class="wrap" { (text) }, None => td class="null" { "for the authors" } }
                    } } }
                }
            }
        }
    }
}
