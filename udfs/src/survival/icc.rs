//! `icc((query), subject => column, rater => column)`.

use super::codes::Codes;
use super::columns::Table;
use super::options::Options;
use super::relation::{CONF_LEVEL, Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use super::{failed, level};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};
use radsql_survival::{Icc, IccTable};

const NAME: &str = "icc";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Id, Role::Group, Role::Covariates],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

fn row_fields() -> Fields {
    fields([
        ("feature", DataType::Utf8),
        ("form", DataType::Utf8),
        ("icc", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
        ("f", DataType::Float64),
        ("df1", DataType::Float64),
        ("df2", DataType::Float64),
        ("p", DataType::Float64),
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
        ("k", DataType::Int64),
    ])
}

/// The forms in the kernel's order, as Shrout and Fleiss write them, and then as R's psych does.
const FORMS: &[&str] = &[
    "ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)", "ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k",
    "ICC3k",
];

/// How many forms there are; each has two names.
const COUNT: usize = FORMS.len() / 2;

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Intraclass correlation of each other column of the query: how well repeated measurements agree.",
        syntax: "icc((query), subject => column, rater => column [, form, terms, by, conf_level])",
        arguments: &[
            says::QUERY,
            (
                "subject",
                "column or list of columns: what is measured, such as the patient (and the lesion)",
            ),
            (
                "rater",
                "column: who or what measures, such as the session of test and retest, the scanner or the reader",
            ),
            (
                "form",
                "one form alone: 'ICC(1,1)', 'ICC(2,1)' (absolute agreement of one measurement, the usual choice for test \
                 and retest), 'ICC(3,1)' (consistency of one), 'ICC(1,k)', 'ICC(2,k)' or 'ICC(3,k)' (of the mean over the \
                 raters); also by psych's names 'ICC1' to 'ICC3k'. Without it all six",
            ),
            (
                "terms",
                "a list of names, or a query that gives names: only these columns, fields and list elements are features; \
                 without it all that have no other role",
            ),
            says::BY,
            says::CONF_LEVEL,
        ],
        returns: "A row a feature and form: feature, form, icc, lower, upper, f, df1, df2, p (one-sided: icc is above 0), n \
                  (subjects measured by every rater), n_missing (other subjects), k (raters). Structs and lists are taken \
                  apart. Rows without subject or rater are left out; two rows of one subject and rater are an error. Where \
                  all measurements are one value, or with fewer than two subjects, numbers are NULL. No rows give no rows.",
        example: "SELECT feature, icc, lower, upper\n\
                  FROM icc((SELECT patient_id, session, marker + session * age / 100 AS a, marker AS b FROM patients, (VALUES (1), (2)) AS s(session)),\n\
                  \x20        subject => patient_id, rater => session, form => 'ICC(2,1)')",
        source: "R psych::ICC(lmer = FALSE); Shrout and Fleiss 1979; McGraw and Wong 1996",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Columns("subject", Role::Id),
        Takes::Column("rater", Role::Group),
        Takes::Setting("form", Setting::Choice(FORMS)),
        Takes::Terms,
        Takes::By,
        CONF_LEVEL,
        Takes::Rest,
    ],
    gives: Gives::Rows,
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let subject = table.take_codes(Role::Id)?.unwrap_or_default();
    let rater = table.take_codes(Role::Group)?.unwrap_or_default();
    let features = table.take_features()?;
    let design = Design::new(&subject, &rater)?;
    if design.raters == 0 {
        return ScalarValue::try_from(&list_of(row_fields()));
    }
    let chosen = options
        .text("form")
        .and_then(|form| FORMS.iter().position(|f| *f == form));
    let level = level(NAME, options)?;
    let mut answers: Vec<(String, IccTable)> = Vec::with_capacity(features.len());
    for feature in features {
        let ratings: Vec<Vec<f64>> = (0..design.raters)
            .map(|rater| design.ratings(&feature.values, rater))
            .collect();
        let ratings: Vec<&[f64]> = ratings.iter().map(Vec::as_slice).collect();
        let answer = radsql_survival::icc(&ratings, level).map_err(failed(NAME))?;
        answers.push((feature.name, answer));
    }
    let lines: Vec<(&str, &IccTable, &str, &Icc)> = answers
        .iter()
        .flat_map(|(name, table)| {
            let forms = FORMS.iter().zip(&table.forms).enumerate();
            forms
                .filter(move |(place, _)| chosen.is_none_or(|c| c % COUNT == *place))
                .map(move |(_, (form, icc))| (name.as_str(), table, *form, icc))
        })
        .collect();
    let number = |f: fn(&Icc) -> f64| Values::Float(lines.iter().map(|l| f(l.3)).collect());
    let whole =
        |f: &dyn Fn(&IccTable) -> usize| Values::Int(lines.iter().map(|l| i64::try_from(f(l.1)).ok()).collect());
    one_list(
        row_fields(),
        vec![
            Values::Text(lines.iter().map(|l| Some(l.0.to_string())).collect()),
            Values::Text(lines.iter().map(|l| Some(l.2.to_string())).collect()),
            number(|i| i.icc),
            number(|i| i.lower),
            number(|i| i.upper),
            number(|i| i.f),
            number(|i| i.df1),
            number(|i| i.df2),
            number(|i| i.p),
            whole(&|t| t.subjects),
            whole(&|t| design.subjects - t.subjects),
            whole(&|t| t.raters),
        ],
    )
}

/// Which row is which measurement.
struct Design {
    /// Raters that have a row.
    raters: usize,
    /// Subjects that have a row.
    subjects: usize,
    /// Rows of the subjects that every rater has measured: subject by subject, the raters in their order.
    rows: Vec<usize>,
}

impl Design {
    fn new(subject: &Codes, rater: &Codes) -> Result<Self> {
        let codes = subject.codes.iter().zip(&rater.codes).enumerate();
        let mut rows: Vec<(u32, u32, usize)> = codes
            .filter(|(_, (s, r))| **s != Codes::NONE && **r != Codes::NONE)
            .map(|(row, (s, r))| (*s, *r, row))
            .collect();
        rows.sort_unstable();
        if let Some(&[(s, r, _), _]) = rows
            .windows(2)
            .find(|two| matches!(two, [a, b] if (a.0, a.1) == (b.0, b.1)))
        {
            let text = |codes: &Codes, code| codes.level(code).unwrap_or_default().to_string();
            return exec_err!(
                "{NAME}: subject '{}' has two rows of rater '{}'; expected one",
                text(subject, s),
                text(rater, r)
            );
        }
        let mut there: Vec<u32> = rows.iter().map(|(_, r, _)| *r).collect();
        there.sort_unstable();
        there.dedup();
        let raters = there.len();
        let mut design = Self {
            raters,
            subjects: 0,
            rows: vec![],
        };
        for of_subject in rows.chunk_by(|a, b| a.0 == b.0) {
            design.subjects += 1;
            if of_subject.len() == raters {
                design.rows.extend(of_subject.iter().map(|(_, _, row)| *row));
            }
        }
        Ok(design)
    }

    /// What a rater has measured, a value a subject.
    fn ratings(&self, values: &[f64], rater: usize) -> Vec<f64> {
        let rows = self.rows.iter().skip(rater).step_by(self.raters);
        rows.map(|row| values.get(*row).copied().unwrap_or(f64::NAN)).collect()
    }
}
