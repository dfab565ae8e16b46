//! `cox_summary((query), ...)`: the fit of `cox` as a whole.

use super::relation::{CONF_LEVEL, Gives, ROBUST, Relation, Takes, says};
use super::role::Role;
use crate::doc::{Doc, Kind};

/// What a Cox fit takes.
pub const TAKES: &[Takes] = &[
    Takes::Column("time", Role::Time),
    Takes::Column("event", Role::Event),
    Takes::Optional("start", Role::Start),
    Takes::Optional("weights", Role::Weights),
    Takes::OptionalColumns("strata", Role::Strata),
    Takes::OptionalColumns("clusters", Role::Cluster),
    Takes::Terms,
    super::cox::TIES,
    ROBUST,
    CONF_LEVEL,
    Takes::Rest,
];

/// What that means.
pub const ARGUMENTS: &[(&str, &str)] = &[
    says::QUERY,
    says::TIME,
    says::EVENT,
    says::TERMS,
    says::START,
    says::WEIGHTS,
    says::STRATA,
    says::CLUSTER,
    says::TIES,
    says::ROBUST,
    says::CONF_LEVEL,
];

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: "cox_summary",
        kind: Kind::Relation,
        summary: "The same fit as `cox`, as a whole.",
        syntax: "cox_summary((query), time => column, event => column [, terms, start, weights, strata, clusters, ties, robust, conf_level])",
        arguments: ARGUMENTS,
        returns: "One row: n, n_missing, events, loglik_null, loglik, lr_chi2, lr_df, lr_p, wald_chi2, wald_df, wald_p, score_chi2, \
                  score_df, score_p, concordance, concordance_se, iterations, converged, warning.",
        example: "SELECT n, events, lr_p FROM cox_summary((SELECT os, dead, age FROM patients), time => os, event => dead)",
        source: "R survival::coxph, summary.coxph",
    },
    statistic: &super::cox::DEFINITION,
    takes: TAKES,
    gives: Gives::Row(&["terms"]),
};
