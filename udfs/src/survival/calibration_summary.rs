//! `calibration_summary((query), ...)`: calibration in the large, by slope and by test.

use super::calibration::{ARGUMENTS, DEFINITION, TAKES};
use super::relation::{Gives, Relation};
use crate::doc::{Doc, Kind};

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: "calibration_summary",
        kind: Kind::Relation,
        summary: "The calibration of predicted risk as a whole: in the large, by slope, and by test.",
        syntax: "calibration_summary((query), time => column, event => column, predicted => column, at => t \
                 [, bins, by, conf_level, conf_type])",
        arguments: ARGUMENTS,
        returns: "One row (a group): the columns of `by`, n, n_missing, observed (1 less the Kaplan-Meier estimate), expected \
                  (mean risk), oe (observed by expected), oe_lower, oe_upper, slope, slope_se, slope_lower, slope_upper, \
                  slope_p, gnd_chi2, gnd_df, gnd_p. `slope` is the coefficient of log(-log(1 - risk)) in a Cox model, 1 when \
                  calibrated, which slope_p tests; NULL when a risk is 0 or 1, all are equal or there is no event. gnd is the \
                  Greenwood-Nam-D'Agostino test of the groups that `calibration` gives; df 0 and p NULL where a group has no \
                  event or nothing else. No rows at all give NULL.",
        example: "SELECT oe, slope FROM calibration_summary((SELECT os, dead, 1 - exp(-0.1 * marker) AS risk FROM patients), \
                  time => os, event => dead, predicted => risk, at => 72, bins => 2)",
        source: "R survival::survfit, survival::coxph; Demler, Paynter and Cook 2015",
    },
    statistic: &DEFINITION,
    takes: TAKES,
    gives: Gives::Row(&["bins"]),
};
