//! `score_plot((query), ...)`.

use super::figure::{self, SAYS_THEME, THEME};
use crate::doc::{Doc, Kind};
use crate::survival::codes::Codes;
use crate::survival::columns::{Table, present, retain};
use crate::survival::options::Options;
use crate::survival::relation::{Gives, Relation, Setting, Takes, says};
use crate::survival::role::Role;
use crate::survival::statistic::Definition;
use datafusion::common::{Result, ScalarValue, exec_err};
use radsql_plots::{ScoreGroup, ScoreHistogramPlot};

const NAME: &str = "score_plot";

static FIGURE: Definition = Definition {
    name: NAME,
    roles: &[Role::Score, Role::Group],
    output: figure::output,
    evaluate,
    doc: None,
};

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Draws the distribution of a score, by groups.",
        syntax: "score_plot((query), score => column [, by => column, cut => number, theme])",
        arguments: &[
            says::QUERY,
            ("score", "column: a number, such as a Rad score"),
            (
                "by",
                "column: the group; a histogram each, at most 6, all in the same bins",
            ),
            ("cut", "a number: where patients are divided, drawn as a line"),
            SAYS_THEME,
        ],
        returns: "One row: svg, the figure as text. Rows without a score or a group are left out; NULL over no complete row.",
        example: "SELECT svg FROM score_plot((SELECT marker, sex FROM patients), score => marker, by => sex, cut => 2.5)",
        source: "Freedman and Diaconis 1981 for the width of the bins",
    },
    statistic: &FIGURE,
    takes: &[
        Takes::Column("score", Role::Score),
        Takes::Optional("by", Role::Group),
        Takes::Setting("cut", Setting::Number(f64::is_finite, "a number")),
        THEME,
    ],
    gives: Gives::Row(&[]),
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let Some(mut score) = table.take_numbers(Role::Score)? else {
        return figure::row(NAME, None);
    };
    let groups = table.take_codes(Role::Group)?;
    let mut keep = present(&score.values);
    let mut groups = groups.unwrap_or_else(|| Codes {
        codes: vec![0; keep.len()],
        levels: vec!["All".to_owned()],
    });
    groups.require(&mut keep);
    retain(&mut score.values, &keep);
    groups.retain(&keep);
    if score.values.is_empty() {
        return figure::row(NAME, None);
    }
    if let Some(wrong) = score.values.iter().find(|v| v.is_infinite()) {
        return exec_err!("{NAME}: score '{}' must be finite or NULL; found {wrong}", score.name);
    }
    let of = |code: u32| -> Vec<f64> {
        let rows = score.values.iter().zip(&groups.codes);
        rows.filter(|(_, c)| **c == code).map(|(v, _)| *v).collect()
    };
    let found = (0..).zip(&groups.levels).map(|(code, name)| ScoreGroup {
        name: name.clone(),
        scores: of(code),
    });
    let figure = ScoreHistogramPlot {
        groups: found.filter(|group| !group.scores.is_empty()).collect(),
        score_label: score.name,
        cut: options.number("cut"),
    };
    figure::row(NAME, Some(figure.svg(figure::theme(options))))
}
