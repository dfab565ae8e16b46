//! Rows of a relation function keep the order that a query asks for.

mod common;

/// Times within a group stay in the order asked for: a group is no key of its curve's rows.
#[test]
fn rows_of_a_curve_are_sorted_within_groups() {
    common::runtime(2).block_on(async {
        let session = radsql::Session::new().expect("a session");
        let values: Vec<String> = (0..200).map(|i| format!("({}, {}, {})", (i * 37) % 101, i % 2, i % 3)).collect();
        let create = format!("CREATE TABLE p AS SELECT * FROM (VALUES {}) AS t(os, dead, arm)", values.join(", "));
        common::run(&session, &create).await.expect("a table");
        let sql = "SELECT arm, time FROM kaplan_meier(p, time => os, event => dead, by => arm) ORDER BY arm, time DESC";
        let rows = common::run(&session, sql).await.expect("rows");
        let pairs: Vec<(f64, f64)> = rows
            .iter()
            .map(|r| r.split_once('|').map(|(a, t)| (a.parse().expect("an arm"), t.parse().expect("a time"))).expect("two"))
            .collect();
        assert!(pairs.windows(2).all(|w| w[0].0 < w[1].0 || (w[0].0 == w[1].0 && w[0].1 > w[1].1)), "{rows:?}");

        let sql = "SELECT arm, feature FROM unpivot_features((SELECT arm, max(os) AS z, min(os) AS a FROM p GROUP BY arm), \
                   id => arm) ORDER BY arm, feature";
        let rows = common::run(&session, sql).await.expect("rows");
        assert_eq!(rows, ["0|a", "0|z", "1|a", "1|z", "2|a", "2|z"]);
    });
}
