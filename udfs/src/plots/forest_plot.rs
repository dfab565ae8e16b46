//! `forest_plot((query), ...)`.

use super::figure::{self, SAYS_THEME, THEME};
use crate::doc::{Doc, Kind};
use crate::survival::columns::{Named, Table};
use crate::survival::level;
use crate::survival::options::Options;
use crate::survival::relation::{CONF_LEVEL, Gives, Relation, Takes, says};
use crate::survival::role::Role;
use crate::survival::statistic::Definition;
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_datafusion_err};
use radsql_plots::{ForestPlot, ForestRow};

const NAME: &str = "forest_plot";

/// The aggregate.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Id, Role::Estimate, Role::Lower, Role::Upper, Role::P],
    output: || DataType::Utf8,
    evaluate: |table, options| Ok(ScalarValue::Utf8(draw(table, options)?)),
    doc: Some(&DOC),
};

static FIGURE: Definition = Definition {
    name: NAME,
    roles: &[Role::Id, Role::Estimate, Role::Lower, Role::Upper],
    output: figure::output,
    evaluate: |table, options| figure::row(NAME, draw(table, options)?.map(Ok)),
    doc: None,
};

/// Its documentation.
pub static DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Aggregate,
    summary: "Draws ratios with their intervals, a line a term.",
    syntax: "forest_plot(term, ratio, lower, upper, p)",
    arguments: &[
        ("term", "the name of the line: any plain value"),
        ("ratio", "a number: a hazard ratio, say"),
        ("lower", "a number: lower limit of its confidence interval"),
        ("upper", "a number: upper limit"),
        ("p", "a number: the p-value"),
    ],
    returns: "TEXT: an SVG with a square and a line a term on a logarithmic axis, and the numbers beside it. The largest ratio comes \
              first. A row whose ratio is NULL says that it could not be estimated; NULL over no row.",
    example: "SELECT forest_plot(term, hr, hr_lower, hr_upper, p) AS svg\n\
              FROM (VALUES ('age', 1.02, 0.99, 1.05, 0.2), ('rad_score', 2.67, 2.02, 3.53, 0.0001)) AS t(term, hr, hr_lower, hr_upper, p)",
    source: "Lewis and Clarke, BMJ 2001;322:1479",
};

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Draws ratios with their intervals, a line a term.",
        syntax: "forest_plot((query), term => column, ratio => column, lower => column, upper => column [, p => column, position => column, conf_level, theme])",
        arguments: &[
            says::QUERY,
            ("term", "column: the name of the line, any plain value"),
            (
                "ratio",
                "column: the ratio, such as `hr` of `cox`; its name stands at the axis",
            ),
            ("lower", "column: lower limit of its confidence interval"),
            ("upper", "column: upper limit"),
            ("p", "column: the p-value"),
            ("position", "column: a number; lines stand in its order"),
            (
                "conf_level",
                "the level of the limits, which the head of the table tells; without it `radsql.conf_level`",
            ),
            SAYS_THEME,
        ],
        returns: "One row: svg, the figure as text. Rows stand in the order of `position`, or without it with the largest ratio first: a \
                  query has no order of its own. A row whose ratio is NULL says that it could not be estimated; NULL over no row.",
        example: "SELECT svg FROM forest_plot((SELECT * FROM cox((SELECT os, dead, age, marker FROM patients), time => os, event => dead)), \
                  term => term, ratio => hr, lower => hr_lower, upper => hr_upper, p => p)",
        source: "Lewis and Clarke, BMJ 2001;322:1479",
    },
    statistic: &FIGURE,
    takes: &[
        Takes::Column("term", Role::Id),
        Takes::Column("ratio", Role::Estimate),
        Takes::Column("lower", Role::Lower),
        Takes::Column("upper", Role::Upper),
        Takes::Optional("p", Role::P),
        Takes::Optional("position", Role::Score),
        CONF_LEVEL,
        THEME,
    ],
    gives: Gives::Row(&[]),
};

fn draw(mut table: Table, options: &Options) -> Result<Option<String>> {
    if table.rows() == 0 {
        return Ok(None);
    }
    let names = match table.take(Role::Id).into_iter().next() {
        Some((_, array)) => cast(&array, &DataType::Utf8)?,
        None => return Ok(None),
    };
    let names = names.as_string::<i32>();
    let ratio = table.take_numbers(Role::Estimate)?;
    let label = ratio.as_ref().map_or(String::new(), |column| ratio_name(&column.name));
    let numbers = |column: Option<Named>| column.map(|c| c.values);
    let ratio = numbers(ratio).unwrap_or_default();
    let lower = numbers(table.take_numbers(Role::Lower)?).unwrap_or_default();
    let upper = numbers(table.take_numbers(Role::Upper)?).unwrap_or_default();
    let p = numbers(table.take_numbers(Role::P)?);
    let position = numbers(table.take_numbers(Role::Score)?);
    let name = |row: usize| if names.is_valid(row) { names.value(row) } else { "" };
    // Of the numbers themselves, so that the order in which rows come makes no difference.
    let mut order: Vec<usize> = (0..ratio.len()).collect();
    let key = |row: usize| match &position {
        Some(position) => position[row],
        None => -ratio[row],
    };
    order.sort_by(|a, b| {
        let missing = |row: usize| key(row).is_nan();
        (missing(*a).cmp(&missing(*b)))
            .then(key(*a).total_cmp(&key(*b)))
            .then_with(|| name(*a).cmp(name(*b)))
            .then(lower[*a].total_cmp(&lower[*b]))
            .then(upper[*a].total_cmp(&upper[*b]))
    });
    let row = |row: usize| ForestRow {
        name: name(row).to_owned(),
        ratio: ratio[row],
        lower: lower[row],
        upper: upper[row],
        p: p.as_ref().map(|p| p[row]),
    };
    let figure = ForestPlot {
        name_label: "Variable".into(),
        ratio_label: format!("{label} ({}% CI)", 100.0 * level(NAME, options)?.level()),
        axis_label: label,
        rows: order.into_iter().map(row).collect(),
    };
    let svg = figure.svg(figure::theme(options));
    svg.map(Some).map_err(|e| exec_datafusion_err!("{NAME}: {e}"))
}

/// What journals call a column of ratios.
fn ratio_name(column: &str) -> String {
    match column {
        "hr" => "Hazard ratio".into(),
        "odds_ratio" => "Odds ratio".into(),
        other => other.to_owned(),
    }
}
