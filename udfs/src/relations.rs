//! The relation functions: what they are called with and what they give. The engine plans them; here is their contract.

use crate::doc::{Doc, Kind};

const QUERY: (&str, &str) = ("query", "a query in parentheses, or a table's name");
const TIME: (&str, &str) = (
    "time",
    "column: time of the event or of the end of observation, 0 or more",
);
const EVENT: (&str, &str) = ("event", "column: whether the event came, BOOLEAN or 0/1");
const START: (&str, &str) = (
    "start",
    "column: start of the interval (start, time], for left truncation",
);
const TIES: (&str, &str) = ("ties", "'efron' or 'breslow'; without it `radsql.cox_ties`");
const STRATA: (&str, &str) = (
    "strata",
    "column or list of columns: strata with a baseline hazard of their own",
);
const CONF_LEVEL: (&str, &str) = ("conf_level", "level of the intervals; without it `radsql.conf_level`");
const BY: (&str, &str) = ("by", "column or list of columns: one answer a group");

/// Every relation function.
pub const RELATIONS: &[Doc] = &[
    Doc {
        name: "concordance",
        kind: Kind::Relation,
        summary: "Harrell's concordance index of a risk score.",
        syntax: "concordance((query), time => column, event => column, score => column [, by, conf_level])",
        arguments: &[
            QUERY,
            TIME,
            EVENT,
            ("score", "column: a number; higher means an earlier event"),
            BY,
            CONF_LEVEL,
        ],
        returns: "One row (a group): n, n_missing, c, se, lower, upper, concordant, discordant, tied_x, tied_y.",
        example: "SELECT c, se FROM concordance((SELECT os, dead, marker FROM patients), time => os, event => dead, score => marker)",
        source: "R survival::concordance(reverse = TRUE)",
    },
    Doc {
        name: "cox",
        kind: Kind::Relation,
        summary: "Fits a Cox proportional-hazards model with every other column of the query as covariate.",
        syntax: "cox((query), time => column, event => column [, start, strata, ties, conf_level])",
        arguments: &[QUERY, TIME, EVENT, START, STRATA, TIES, CONF_LEVEL],
        returns: "A row a term: term, coef, hr, hr_lower, hr_upper, se, z, p, warning. Text columns become indicators \
                  `column=value` against the first value of the alphabet, structs and lists are taken apart. `warning` is \
                  that of the whole fit, NULL when there is nothing to say.",
        example: "SELECT term, hr, p FROM cox((SELECT os, dead, age, sex FROM patients), time => os, event => dead)",
        source: "R survival::coxph",
    },
    Doc {
        name: "cox_summary",
        kind: Kind::Relation,
        summary: "The same fit as `cox`, as a whole.",
        syntax: "cox_summary((query), time => column, event => column [, start, strata, ties, conf_level])",
        arguments: &[QUERY, TIME, EVENT, START, STRATA, TIES, CONF_LEVEL],
        returns: "One row: n, n_missing, events, loglik_null, loglik, lr_chi2, lr_df, lr_p, wald_chi2, wald_df, wald_p, score_chi2, \
                  score_df, score_p, concordance, concordance_se, iterations, converged, warning.",
        example: "SELECT n, events, lr_p FROM cox_summary((SELECT os, dead, age FROM patients), time => os, event => dead)",
        source: "R survival::coxph, summary.coxph",
    },
    Doc {
        name: "kaplan_meier",
        kind: Kind::Relation,
        summary: "Estimates survival curves.",
        syntax: "kaplan_meier((query), time => column, event => column [, by, conf_level])",
        arguments: &[QUERY, TIME, EVENT, BY, CONF_LEVEL],
        returns: "A row a distinct time (and group): the columns of `by`, time, n_risk, n_event, n_censor, survival, se, lower, upper.",
        example: "SELECT sex, time, survival FROM kaplan_meier((SELECT os, dead, sex FROM patients), time => os, event => dead, by => sex)",
        source: "R survival::survfit",
    },
    Doc {
        name: "log_rank",
        kind: Kind::Relation,
        summary: "Tests whether groups have the same survival.",
        syntax: "log_rank((query), time => column, event => column, by => column [, strata, rho])",
        arguments: &[
            QUERY,
            TIME,
            EVENT,
            ("by", "column: the group; at least two groups"),
            ("strata", "column or list of columns: groups are compared within strata"),
            (
                "rho",
                "weight S(t-)^rho: 0 for the log-rank test (without it), 1 for Peto and Peto's",
            ),
        ],
        returns: "One row: n, n_missing, chi2, df, p, groups LIST(STRUCT(group, n, observed, expected)).",
        example: "SELECT chi2, p FROM log_rank((SELECT os, dead, sex FROM patients), time => os, event => dead, by => sex)",
        source: "R survival::survdiff",
    },
    Doc {
        name: "median_survival",
        kind: Kind::Relation,
        summary: "Median survival time with its confidence interval.",
        syntax: "median_survival((query), time => column, event => column [, by, conf_level])",
        arguments: &[QUERY, TIME, EVENT, BY, CONF_LEVEL],
        returns: "One row (a group): the columns of `by`, n, n_missing, events, median, lower, upper.",
        example: "SELECT sex, median FROM median_survival((SELECT os, dead, sex FROM patients), time => os, event => dead, by => sex)",
        source: "R survival::survfit",
    },
    Doc {
        name: "train_test_split",
        kind: Kind::Relation,
        summary: "Divides a cohort into a training and a test set.",
        syntax: "train_test_split((query), id => column [, train => 0.7, seed, stratify => column])",
        arguments: &[
            QUERY,
            ("id", "column: the patient; all rows of one go to the same set"),
            ("train", "fraction of the patients for training, 0 to 1; 0.7 without it"),
            ("seed", "a whole number; without it `radsql.seed`"),
            (
                "stratify",
                "column: its values are spread evenly over the sets; NULL counts as a value",
            ),
        ],
        returns: "The query's rows with a column `split`, 'train' or 'test'. Counts are exact: the patients in training are the \
                  fraction of all, rounded. The answer depends on ids, strata, fraction and seed alone: not on the order of \
                  rows or the number of threads.",
        example: "SELECT patient_id, split FROM train_test_split((SELECT patient_id, dead FROM patients), id => patient_id, seed => 42)",
        source: "",
    },
    Doc {
        name: "univariate_cox",
        kind: Kind::Relation,
        summary: "Fits one Cox model for each other column of the query alone.",
        syntax: "univariate_cox((query), time => column, event => column [, strata, ties, conf_level])",
        arguments: &[QUERY, TIME, EVENT, STRATA, TIES, CONF_LEVEL],
        returns: "A row a term: term, n, n_missing, events, coef, hr, hr_lower, hr_upper, se, z, p, p_adjusted (Benjamini and \
                  Hochberg), warning.",
        example: "SELECT term, p, p_adjusted FROM univariate_cox((SELECT os, dead, age, marker FROM patients), time => os, event => dead)",
        source: "R survival::coxph, stats::p.adjust",
    },
    Doc {
        name: "unpivot_features",
        kind: Kind::Relation,
        summary: "Features in the long form: a row a feature.",
        syntax: "unpivot_features((query), id => column)",
        arguments: &[QUERY, ("id", "column that names the row, such as the patient")],
        returns: "Rows of the id column, feature, value: one for each other column of the query; structs and lists are taken apart.",
        example: "SELECT patient_id, feature, value FROM unpivot_features((SELECT patient_id, age, marker FROM patients), id => patient_id)",
        source: "",
    },
];
