//! A survival curve, as R's `print(summary(survfit(...)))` shows it: a line for each time with events.

use super::super::table::Look;
use super::super::text::{counted, dim};
use super::figures::{format, level};
use super::record::Record;
use super::{CURVE_HINT, aligned};

const DIGITS: usize = 3;

pub fn text(steps: &[Record], look: Look) -> String {
    let mut steps: Vec<&Record> = steps.iter().collect();
    let first = steps.first().map_or(f64::NAN, |s| s.number("n_risk"));
    let events: f64 = steps.iter().map(|s| s.number("n_event")).sum();
    let mut text = format!("  n= {first}, number of events= {events}\n\n");
    steps.retain(|s| s.number("n_event") > 0.0);
    if steps.is_empty() {
        text.push_str("There are no events.\n");
        return text;
    }
    let numbers = |name: &str| format(&steps.iter().map(|s| s.number(name)).collect::<Vec<_>>(), DIGITS);
    let level = steps.iter().find_map(|s| level(errors(s)));
    let named = |limit: &str| level.map_or_else(|| limit.to_owned(), |level| format!("{limit} {level}% CI"));
    let (lower, upper) = (named("lower"), named("upper"));
    let mut columns = [
        ("time", numbers("time")),
        ("n.risk", numbers("n_risk")),
        ("n.event", numbers("n_event")),
        ("survival", numbers("survival")),
        ("std.err", numbers("se")),
        (&*lower, numbers("lower")),
        (&*upper, numbers("upper")),
    ];
    let hidden = leave_out(&mut columns, look.rows);
    let rows = columns.first().map_or(0, |(_, cells)| cells.len());
    text.push_str(&aligned(&vec![String::new(); rows], &columns, look));
    if hidden > 0 {
        text.push_str(&format!("{} in the middle not shown\n", counted(hidden, "line")));
    }
    if look.width.is_some() {
        text.push_str(&dim(CURVE_HINT, look.colours));
        text.push('\n');
    }
    text
}

/// How many standard errors the interval goes to a side, on the scale of the logarithm, which is R's.
fn errors(step: &Record) -> f64 {
    let survival = step.number("survival");
    -(step.number("lower") / survival).ln() * survival / step.number("se")
}

/// Takes lines out of the middle of a curve of more than are shown; tells how many.
fn leave_out(columns: &mut [(&str, Vec<String>)], most: Option<usize>) -> usize {
    let mut hidden = 0;
    for (_, cells) in columns {
        let Some(most) = most.filter(|most| cells.len() > *most) else {
            return 0;
        };
        let head = most.div_ceil(2);
        hidden = cells.len() - most;
        cells.splice(head..head + hidden, (most > 0).then(|| "…".into()));
    }
    hidden
}
