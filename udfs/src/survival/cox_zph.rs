//! `cox_zph((query), ...)`: the test of proportional hazards.

use super::columns::Table;
use super::cox_model::Training;
use super::options::Options;
use super::relation::{Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::{ChiSquareTest, TermGroup, TimeTransform, ZphTest};

const NAME: &str = "cox_zph";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Covariates],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Tests the hazards of a Cox model for being proportional: whether a coefficient changes with time.",
        syntax: "cox_zph((query), time => column, event => column [, terms, start, weights, strata, ties, transform])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            says::TERMS,
            says::START,
            says::WEIGHTS,
            says::STRATA,
            says::TIES,
            (
                "transform",
                "the function of time that a coefficient may follow: 'km' (1 less the survival curve; without it), 'rank', \
                 'identity' or 'log'",
            ),
        ],
        returns: "A row a covariate and one named GLOBAL: term, chi2, df, p of the score test. The indicators of a text column \
                  are tested together, under the column's name. NULL with df 0 where no coefficient could be estimated, or all \
                  events fall on one time. No rows without a complete row.",
        example: "SELECT term, chi2, p FROM cox_zph((SELECT os, dead, age, marker FROM patients), time => os, event => dead)",
        source: "R survival::cox.zph (3.0 and later); Grambsch and Therneau 1994",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Optional("start", Role::Start),
        Takes::Optional("weights", Role::Weights),
        Takes::OptionalColumns("strata", Role::Strata),
        Takes::Terms,
        super::cox::TIES,
        Takes::Setting("transform", Setting::Choice(&["km", "rank", "identity", "log"])),
        Takes::Rest,
    ],
    gives: Gives::Rows,
};

fn row_fields() -> Fields {
    fields([
        ("term", DataType::Utf8),
        ("chi2", DataType::Float64),
        ("df", DataType::Int64),
        ("p", DataType::Float64),
    ])
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let training = Training::take(&mut table)?;
    let mut tests = vec![];
    if !training.is_empty() {
        let transform = match options.text("transform") {
            Some("rank") => TimeTransform::Rank,
            Some("identity") => TimeTransform::Identity,
            Some("log") => TimeTransform::Log,
            _ => TimeTransform::KaplanMeier,
        };
        let groups = groups(&training);
        let zph = training.with_model(options, |model| model.zph(transform, Some(&groups)))?;
        tests = zph.terms;
        tests.push(ZphTest {
            name: "GLOBAL".into(),
            test: zph.global,
        });
    }
    let number = |f: fn(&ChiSquareTest) -> f64| Values::Float(tests.iter().map(|t| f(&t.test)).collect());
    one_list(
        row_fields(),
        vec![
            Values::Text(tests.iter().map(|t| Some(t.name.clone())).collect()),
            number(|t| t.chi2),
            Values::Int(tests.iter().map(|t| i64::try_from(t.test.df).ok()).collect()),
            number(|t| t.p),
        ],
    )
}

/// The terms of one covariate are one test.
fn groups(training: &Training) -> Vec<TermGroup> {
    let mut groups: Vec<TermGroup> = vec![];
    let mut last = None;
    for (place, term) in training.terms.iter().enumerate() {
        match groups.last_mut() {
            Some(group) if last == Some(term.covariate) => group.columns.push(place),
            _ => groups.push(TermGroup {
                name: training.covariates.get(term.covariate).unwrap_or(&term.name).clone(),
                columns: vec![place],
            }),
        }
        last = Some(term.covariate);
    }
    groups
}
