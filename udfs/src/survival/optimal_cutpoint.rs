//! `optimal_cutpoint((query), time => column, event => column, marker => column)`.

use super::columns::{Table, filter, present, retain};
use super::failed;
use super::options::Options;
use super::relation::{Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};
use radsql_survival::{
    CutpointCorrection, CutpointGroup, CutpointRule, MinProportion, OptimalCutpoint, QuantileGroups,
};

const NAME: &str = "optimal_cutpoint";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Score],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

fn row_fields() -> Fields {
    fields([
        ("marker", DataType::Utf8),
        ("cutpoint", DataType::Float64),
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
        ("events", DataType::Int64),
        ("n_low", DataType::Int64),
        ("events_low", DataType::Int64),
        ("n_high", DataType::Int64),
        ("events_high", DataType::Int64),
        ("statistic", DataType::Float64),
        ("p", DataType::Float64),
        ("chi2", DataType::Float64),
        ("df", DataType::Int64),
        ("p_log_rank", DataType::Float64),
    ])
}

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Where to cut a marker into groups of different survival.",
        syntax: "optimal_cutpoint((query), time => column, event => column, marker => column \
                 [, method, min_prop, correction, groups, by])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            ("marker", "column or list of columns: numbers to cut, each alone"),
            (
                "method",
                "'logrank' (without it): the cutpoint with the largest standardised log-rank statistic; 'median'; 'tertile' \
                 (two cutpoints); 'quantile': as many groups of equal size as `groups` says",
            ),
            (
                "min_prop",
                "for 'logrank': the smallest fraction of the rows on either side, above 0 and below 0.5; 0.1 without it",
            ),
            (
                "correction",
                "for 'logrank': how p allows for the other cutpoints that were tried, by maxstat's names: 'Lau92' (Lausen and \
                 Schumacher 1992; without it), 'Lau94' (Lausen, Sauerbrei and Schumacher 1994) or 'HL' (Hothorn and Lausen \
                 2003, up to some 200 rows, else NULL)",
            ),
            ("groups", "for 'quantile': the number of groups, 2 to 100"),
            says::BY,
        ],
        returns: "A row a cutpoint, ascending: marker, cutpoint, n, n_missing, events; n_low and events_low where the marker is \
                  at or below the cutpoint, n_high and events_high where it is above; then for all groups of the marker together \
                  statistic (the standardised one of 'logrank', else chi2), p (corrected, where the cutpoint was selected), \
                  and chi2, df and p_log_rank of the log-rank test that knows nothing of the selection. Where nothing can be \
                  cut (one value, no events, no cutpoint within min_prop) one row with a cutpoint of NULL. No rows give no \
                  rows.",
        example: "SELECT cutpoint, n_low, n_high, p FROM optimal_cutpoint((SELECT os, dead, marker FROM patients), \
                  time => os, event => dead, marker => marker)",
        source: "R maxstat::maxstat.test(smethod = \"LogRank\"), survminer::surv_cutpoint",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Columns("marker", Role::Score),
        Takes::Setting("method", Setting::Choice(&["logrank", "median", "tertile", "quantile"])),
        Takes::Setting(
            "min_prop",
            Setting::Number(|v| v > 0.0 && v < 0.5, "a number above 0 and below 0.5, such as 0.1"),
        ),
        Takes::Setting("correction", Setting::Choice(&["Lau92", "Lau94", "HL"])),
        Takes::Setting("groups", Setting::Whole),
        Takes::By,
    ],
    gives: Gives::Rows,
};

fn rule(options: &Options) -> Result<CutpointRule> {
    let method = options.text("method").unwrap_or("logrank");
    let selected = options.number("min_prop").map(|_| "min_prop");
    if let Some(name) = selected.or(options.text("correction").map(|_| "correction"))
        && method != "logrank"
    {
        return exec_err!("{NAME}: {name} is for method 'logrank', and the method is '{method}'");
    }
    match (method, options.whole("groups")) {
        ("quantile", None) => return exec_err!("{NAME}: method 'quantile' needs groups, such as 4"),
        ("quantile", _) | (_, None) => {}
        _ => return exec_err!("{NAME}: groups is for method 'quantile', and the method is '{method}'"),
    }
    Ok(match method {
        "median" => CutpointRule::Median,
        "tertile" => CutpointRule::Tertiles,
        "quantile" => {
            let groups = options.whole("groups").and_then(|g| u32::try_from(g).ok());
            CutpointRule::Quantiles(QuantileGroups::new(groups.unwrap_or(u32::MAX)).map_err(failed(NAME))?)
        }
        _ => CutpointRule::MaximallySelected {
            min_proportion: match options.number("min_prop") {
                Some(fraction) => MinProportion::new(fraction).map_err(failed(NAME))?,
                None => MinProportion::default(),
            },
            correction: match options.text("correction") {
                Some("Lau94") => CutpointCorrection::Lausen1994,
                Some("HL") => CutpointCorrection::HothornLausen,
                _ => CutpointCorrection::Lausen1992,
            },
        },
    })
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let rows = table.rows();
    let rule = rule(options)?;
    let mut outcome = table.take_outcome()?;
    let markers = table.take_all_numbers(Role::Score)?;
    if rows == 0 {
        return ScalarValue::try_from(&list_of(row_fields()));
    }
    outcome.complete();
    let mut answers = Vec::with_capacity(markers.len());
    for marker in markers {
        let mut values = marker.values;
        retain(&mut values, &outcome.keep);
        if let Some(infinite) = values.iter().find(|v| v.is_infinite()) {
            return exec_err!(
                "{NAME}: marker '{}' must be finite or NULL; found {infinite}",
                marker.name
            );
        }
        let there = present(&values);
        let complete = outcome.filtered(&there);
        let found = match complete.n() {
            0 => None,
            _ => {
                let values = filter(&values, &there);
                let found = radsql_survival::optimal_cutpoint(&complete.follow_up()?, &values, rule);
                Some(found.map_err(failed(NAME))?)
            }
        };
        answers.push((marker.name, found));
    }
    let lines: Vec<Line> = answers
        .iter()
        .flat_map(|(marker, found)| Line::of(marker, found.as_ref()))
        .collect();
    to_value(&lines, rows)
}

/// A cutpoint, where there is one.
struct Line<'a> {
    marker: &'a str,
    cutpoint: f64,
    /// Rows at or below it, above it, and in all.
    low: Option<CutpointGroup>,
    high: Option<CutpointGroup>,
    all: CutpointGroup,
    found: Option<&'a OptimalCutpoint>,
}

impl<'a> Line<'a> {
    fn of(marker: &'a str, found: Option<&'a OptimalCutpoint>) -> Vec<Self> {
        let groups = found.map_or(&[][..], |f| &f.groups);
        let line = |cutpoint: f64, sides: Option<(CutpointGroup, CutpointGroup)>| Self {
            marker,
            cutpoint,
            low: sides.map(|s| s.0),
            high: sides.map(|s| s.1),
            all: sum(groups),
            found,
        };
        let cutpoints = found.map_or(&[][..], |f| &f.cutpoints);
        if cutpoints.is_empty() {
            return vec![line(f64::NAN, None)];
        }
        let numbered = cutpoints.iter().enumerate();
        numbered
            .map(|(place, cutpoint)| {
                let (low, high) = groups.split_at((place + 1).min(groups.len()));
                line(*cutpoint, Some((sum(low), sum(high))))
            })
            .collect()
    }
}

fn sum(groups: &[CutpointGroup]) -> CutpointGroup {
    CutpointGroup {
        n: groups.iter().map(|g| g.n).sum(),
        events: groups.iter().map(|g| g.events).sum(),
    }
}

fn to_value(lines: &[Line], rows: usize) -> Result<ScalarValue> {
    let whole = |f: &dyn Fn(&Line) -> Option<usize>| {
        Values::Int(lines.iter().map(|l| f(l).and_then(|n| i64::try_from(n).ok())).collect())
    };
    let number =
        |f: fn(&OptimalCutpoint) -> f64| Values::Float(lines.iter().map(|l| l.found.map_or(f64::NAN, f)).collect());
    one_list(
        row_fields(),
        vec![
            Values::Text(lines.iter().map(|l| Some(l.marker.to_string())).collect()),
            Values::Float(lines.iter().map(|l| l.cutpoint).collect()),
            whole(&|l| Some(l.all.n)),
            whole(&|l| Some(rows - l.all.n)),
            whole(&|l| Some(l.all.events)),
            whole(&|l| l.low.map(|g| g.n)),
            whole(&|l| l.low.map(|g| g.events)),
            whole(&|l| l.high.map(|g| g.n)),
            whole(&|l| l.high.map(|g| g.events)),
            number(|f| f.statistic),
            number(|f| f.p_corrected),
            number(|f| f.log_rank.chi2),
            whole(&|l| l.found.map(|f| f.log_rank.df)),
            number(|f| f.log_rank.p),
        ],
    )
}
