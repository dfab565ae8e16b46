//! The relation functions: what they are called with and what they give. The engine plans them.

use crate::doc::{Doc, Kind};
use crate::survival::RELATIONS;
use crate::survival::relation::says::QUERY;

/// Relation functions that ask for no statistic, and that the engine plans one by one.
pub const OTHERS: &[Doc] = &[
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

/// The documentation of every relation function.
pub fn docs() -> impl Iterator<Item = &'static Doc> {
    OTHERS.iter().chain(RELATIONS.iter().map(|r| &r.doc))
}
