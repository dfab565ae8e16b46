//! `correlation_plot((query), ...)`.

use super::figure::{self, SAYS_THEME, THEME};
use crate::doc::{Doc, Kind};
use crate::survival::columns::Table;
use crate::survival::failed;
use crate::survival::feature_columns::slices;
use crate::survival::options::Options;
use crate::survival::relation::{Gives, Relation, Setting, Takes, says};
use crate::survival::role::Role;
use crate::survival::statistic::Definition;
use datafusion::common::{Result, ScalarValue, exec_err};
use radsql_plots::CorrelationPlot;
use radsql_survival::{Correlation, correlation_matrix};

const NAME: &str = "correlation_plot";
/// The most features that one figure shows.
const MOST: usize = 2000;

static FIGURE: Definition = Definition {
    name: NAME,
    roles: &[Role::Covariates],
    output: figure::output,
    evaluate,
    doc: None,
};

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Draws the correlations of features as a map of colours.",
        syntax: "correlation_plot((query) [, method => 'pearson', terms, by, theme])",
        arguments: &[
            says::QUERY,
            ("method", "'pearson' (without it) or 'spearman'"),
            (
                "terms",
                "a list of names, or a query that gives names: only these columns, fields and list elements are features; \
                 without it all that have no other role",
            ),
            says::BY,
            SAYS_THEME,
        ],
        returns: "A row a group (one without `by`): svg, the figure as text: blue below 0, red above, grey where a feature has one value or \
                  none; at most 2000 features, in the order of the query. Correlations are over the rows in which no feature is NULL or NaN. \
                  NULL over no row.",
        example: "SELECT svg FROM correlation_plot((SELECT age, marker, 2 * marker AS twice FROM patients))",
        source: "R stats::cor",
    },
    statistic: &FIGURE,
    takes: &[
        Takes::Setting("method", Setting::Choice(&["pearson", "spearman"])),
        Takes::Terms,
        Takes::By,
        THEME,
        Takes::Rest,
    ],
    gives: Gives::Row(&[]),
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let rows = table.rows();
    let features = table.take_features()?;
    if rows == 0 || features.is_empty() {
        return figure::row(NAME, None);
    }
    if features.len() > MOST {
        return exec_err!(
            "{NAME}: {} features are too many for one figure; at most {MOST} are drawn. Choose some with terms",
            features.len()
        );
    }
    let (method, measure) = match options.text("method") {
        Some("spearman") => (Correlation::Spearman, "Spearman's rho"),
        _ => (Correlation::Pearson, "Pearson's r"),
    };
    let matrix = correlation_matrix(&slices(&features), method).map_err(failed(NAME))?;
    let figure = CorrelationPlot {
        names: features.iter().map(|f| f.name.clone()).collect(),
        correlations: matrix.correlations,
        measure: measure.into(),
    };
    figure::row(NAME, Some(figure.svg(figure::theme(options))))
}
