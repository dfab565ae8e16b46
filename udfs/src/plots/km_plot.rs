//! `km_plot(time, event, group)`.

use super::figure::{self, SAYS_THEME, THEME};
use crate::doc::{Doc, Kind};
use crate::survival::codes::Codes;
use crate::survival::columns::{Outcome, Table};
use crate::survival::options::Options;
use crate::survival::relation::{CONF_LEVEL, Gives, Relation, Takes, says};
use crate::survival::role::Role;
use crate::survival::statistic::Definition;
use crate::survival::{failed, level};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_datafusion_err};
use radsql_plots::{KaplanMeierGroup, KaplanMeierPlot, time_ticks};
use radsql_survival::{ConfidenceType, LogRankWeight, Rho};

const NAME: &str = "km_plot";

/// The aggregate.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Group],
    output: || DataType::Utf8,
    evaluate: |table, options| Ok(ScalarValue::Utf8(draw(table, options)?)),
    doc: Some(&DOC),
};

/// What the relation function asks for.
static FIGURE: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Group],
    output: figure::output,
    evaluate: |table, options| figure::row(NAME, draw(table, options)?.map(Ok)),
    doc: None,
};

/// Its documentation.
pub static DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Aggregate,
    summary: "Draws Kaplan-Meier curves.",
    syntax: "km_plot(time, event, group)",
    arguments: &[
        crate::survival::cox::DOC.arguments[0],
        crate::survival::cox::DOC.arguments[1],
        ("group", "the group: any plain value; a curve each, at most 18"),
    ],
    returns: "TEXT: an SVG with a curve a group, its confidence band (`radsql.conf_level`), marks where rows were censored, the \
              numbers at risk below and, with two groups or more, the p of the log-rank test. Rows in which a value lacks are \
              left out; NULL over no complete row.",
    example: "SELECT km_plot(time, event, arm) AS svg\n\
              FROM (VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 0, 'a'), (4, 1, 'b')) AS t(time, event, arm)",
    source: "R survival::survfit and survdiff for the numbers",
};

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Draws Kaplan-Meier curves.",
        syntax: "km_plot((query), time => column, event => column [, by, conf_level, theme])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            (
                "by",
                "column: the group; a curve each, at most 18. Without it there is one curve",
            ),
            says::CONF_LEVEL,
            SAYS_THEME,
        ],
        returns: "One row: svg, the figure as text, with numbers at risk and, with two groups or more, the log-rank p.",
        example: "SELECT svg FROM km_plot((SELECT os, dead, sex FROM patients), time => os, event => dead, by => sex)",
        source: "R survival::survfit and survdiff for the numbers",
    },
    statistic: &FIGURE,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Optional("by", Role::Group),
        CONF_LEVEL,
        THEME,
    ],
    gives: Gives::Row(&[]),
};

/// The figure of a table's complete rows; `None` where there is none.
fn draw(mut table: Table, options: &Options) -> Result<Option<String>> {
    let mut outcome = table.take_outcome()?;
    let groups = table.take_codes(Role::Group)?;
    let mut groups = groups.unwrap_or_else(|| Codes {
        codes: vec![0; outcome.keep.len()],
        levels: vec!["All".to_owned()],
    });
    groups.require(&mut outcome.keep);
    if outcome.n() == 0 {
        return Ok(None);
    }
    outcome.complete();
    groups.retain(&outcome.keep);
    let longest = outcome.time.iter().copied().fold(0.0, f64::max);
    let ticks = time_ticks(longest);
    let mut curves = vec![];
    for (code, name) in (0..).zip(&groups.levels) {
        let mine: Vec<bool> = groups.codes.iter().map(|c| *c == code).collect();
        if mine.contains(&true) {
            curves.push(curve(name, &outcome, &mine, &ticks, options)?);
        }
    }
    let log_rank_p = match curves.len() {
        0 | 1 => None,
        _ => Some(log_rank_p(&outcome, &groups)?),
    };
    let plot = KaplanMeierPlot {
        time_label: options.names_of(Role::Time).next().unwrap_or("Time").to_owned(),
        survival_label: "Survival".into(),
        groups: curves,
        risk_ticks: ticks,
        log_rank_p,
    };
    plot.svg(figure::theme(options))
        .map(Some)
        .map_err(|e| exec_datafusion_err!("{NAME}: {e}"))
}

fn curve(name: &str, all: &Outcome, mine: &[bool], ticks: &[f64], options: &Options) -> Result<KaplanMeierGroup> {
    let rows = |values: &mut dyn Iterator<Item = f64>| -> Vec<f64> {
        values.zip(mine).filter(|(_, mine)| **mine).map(|(v, _)| v).collect()
    };
    let times = rows(&mut all.time.iter().copied());
    let events: Vec<bool> = all
        .event
        .iter()
        .zip(mine)
        .filter(|(_, m)| **m)
        .map(|(e, _)| *e)
        .collect();
    let follow_up = radsql_survival::FollowUp::right_censored(&times, &events).map_err(failed(NAME))?;
    let estimate = radsql_survival::kaplan_meier(&follow_up, level(NAME, options)?, ConfidenceType::Log);
    let steps = estimate.map_err(failed(NAME))?.steps;
    let limit = |v: Option<f64>| v.unwrap_or(f64::NAN);
    let censored = times.iter().zip(&events).filter(|(_, event)| !**event);
    let censor_times = censored.map(|(t, _)| *t).collect();
    let at_risk = ticks
        .iter()
        .map(|tick| times.iter().filter(|t| *t >= tick).count() as f64);
    Ok(KaplanMeierGroup {
        name: name.to_owned(),
        times: steps.iter().map(|s| s.time).collect(),
        survival: steps.iter().map(|s| s.survival).collect(),
        lower: steps.iter().map(|s| limit(s.lower)).collect(),
        upper: steps.iter().map(|s| limit(s.upper)).collect(),
        at_risk: at_risk.collect(),
        censor_times,
    })
}

fn log_rank_p(outcome: &Outcome, groups: &Codes) -> Result<f64> {
    let rho = Rho::new(0.0).map_err(failed(NAME))?;
    let weight = LogRankWeight::fleming_harrington(rho, 0.0).map_err(failed(NAME))?;
    let test = radsql_survival::log_rank(&outcome.follow_up()?, &groups.codes, None, weight);
    Ok(test.map_err(failed(NAME))?.test.p)
}
