use super::*;
use proptest::prelude::*;

fn told(text: &str) -> Result<(), TooMuch> {
    check(text, &StatementLimits::default())
}

#[test]
fn what_people_write_passes() {
    let rows = |n: usize, row: &str| vec![row; n].join(", ");
    for text in [
        "SELECT 1",
        "SELECT a, b FROM t WHERE x IN (1, 2) -- , , ,",
        &format!("SELECT * FROM t WHERE {}", vec!["x = 1"; 2_000].join(" OR ")),
        &format!("SELECT {}", vec!["1"; 2_000].join(" + ")),
        &format!("INSERT INTO t VALUES {}", rows(20_000, "(1, 'a', NULL)")),
        &format!("SELECT * FROM (VALUES {}) AS v", rows(20_000, "(1, 'a', NULL)")),
        &format!("SELECT * FROM t WHERE x IN ({})", rows(50_000, "1")),
        &format!("SELECT [{}]", rows(50_000, "1")),
        &format!("SELECT {} FROM t", rows(9_999, "a")),
        &format!("SELECT 1 FROM t ORDER BY {}", rows(999, "a")),
        &format!("SELECT {}", vec!["1"; 900].join(" UNION ALL SELECT ")),
        &format!(
            "SELECT 1 FROM t {}",
            "JOIN u AS v ON t.a = v.a AND t.b = v.b AND t.c > v.c + 1 ".repeat(900)
        ),
        &format!(
            "SELECT {} FROM t",
            vec!["CASE WHEN a > 1 AND b < 2 THEN a * b ELSE a + b END AS c"; 3_000].join(", ")
        ),
        &format!("SELECT a IS DISTINCT FROM b, {}", rows(2_000, "c")),
        "SELECT 'not closed",
        "",
        ")))",
    ] {
        assert_eq!(told(text), Ok(()), "{}", &text[..text.len().min(80)]);
    }
}

#[test]
fn long_chains_are_refused_whatever_their_operator() {
    let chains = [
        "1 + ",
        "x OR ",
        "'a' || ",
        "- ",
        "NOT ",
        "a . ",
        "a :: ",
        "[1] ",
        "IS NULL ",
        "! ",
        "a < ",
        "a AT TIME ZONE ",
        "a COLLATE ",
        "a BETWEEN 1 AND ",
        "a -> ",
        "a LIKE ",
        "ARRAY < ",
        "INT [ ] ",
        "CASE WHEN ",
        "a IN (1) ",
    ];
    for link in chains {
        let text = format!("SELECT {}1", link.repeat(20_000));
        assert!(matches!(told(&text), Err(TooMuch::Terms { .. })), "{link}");
    }
    // A comma elsewhere does not hide a chain.
    for link in ["f(1, 2) + ", "[1, 2][1] + ", "{'a': 1, 'b': 2}.a + "] {
        let text = format!("SELECT 1, {}1, 2", link.repeat(10_000));
        assert!(matches!(told(&text), Err(TooMuch::Terms { .. })), "{link}");
    }
}

#[test]
fn words_that_are_names_hide_no_chain() {
    for link in [
        "1 + or + ",
        "1 + and + ",
        "1 + join + ",
        "a LIKE join LIKE ",
        "1 + select + ",
        "a LIKE select LIKE ",
        "a.join + ",
        "a.or + ",
        "\"or\" + ",
        "x BETWEEN 1 AND 2 BETWEEN 1 AND ",
        "a OR b AND ",
    ] {
        let text = format!("SELECT {}1", link.repeat(6_000));
        assert!(told(&text).is_err(), "{link}");
    }
    // Many long ones take as long as one that is longer.
    let long = vec!["1"; 2_400].join("+");
    assert_eq!(told(&format!("SELECT {long}, {long}")), Ok(()));
    assert!(told(&format!("SELECT {long}, {long}, {long}")).is_err());
}

#[test]
fn depth_relations_items_and_bytes() {
    let deep = |open: &str| told(&format!("SELECT {}1", open.repeat(20_000)));
    for open in ["(", "[", "{'a': ", "f(1, ", "(SELECT "] {
        assert_eq!(deep(open), Err(TooMuch::Depth { limit: 100 }), "{open}");
    }
    let many = [
        format!("SELECT 1, 2{}", " UNION ALL SELECT 1, 2".repeat(1_000)),
        format!("SELECT 1 FROM a{}", ", a".repeat(1_000)),
        format!("SELECT 1 FROM a{}", ", a.limit".repeat(1_000)),
        format!("SELECT 1 FROM a{}", ", a AS limit".repeat(1_000)),
        format!("SELECT 1 FROM a{}", " CROSS JOIN a".repeat(1_000)),
        format!("FROM a{}", " UNION FROM a".repeat(1_000)),
        format!("VALUES (1, 2){}", " UNION VALUES (1, 2)".repeat(1_000)),
        format!("WITH a AS (SELECT 1, 2){} SELECT 1", ", b AS (TABLE a)".repeat(1_000)),
        format!("SELECT 1{}", ", (SELECT 1)".repeat(1_000)),
    ];
    for text in many {
        assert_eq!(told(&text), Err(TooMuch::Relations { limit: 1_000 }), "{}", &text[..60]);
    }
    for (clause, limit) in [
        ("SELECT 1", 10_000),
        ("SELECT 1 UNION SELECT 1", 10_000),
        ("SELECT 1 ORDER BY 1", 1_000),
        ("SELECT 1 GROUP BY 1", 1_000),
        ("SELECT sum(a) OVER (PARTITION BY 1", 1_000),
    ] {
        let text = format!("{clause}{}", ", 1".repeat(20_000));
        assert_eq!(told(&text), Err(TooMuch::Items { limit }), "{clause}");
    }
    let text = " ".repeat((1 << 20) + 1);
    assert!(matches!(told(&text), Err(TooMuch::Bytes { .. })));
}

proptest! {
    #[test]
    fn any_text_is_looked_at(text in "\\PC{0,400}") {
        let _ = told(&text);
    }

    #[test]
    fn any_row_of_words_is_looked_at(
        words in proptest::collection::vec(
            prop::sample::select(vec![
                "SELECT", "FROM", "(", ")", "[", "]", "{", "}", ",", ";", "'", "\"", "--", "/*", "$$", "AS", ".", "1", "a",
                "VALUES", "::", "->", "E'\\", "\\", "\n",
            ]),
            0..200,
        ),
    ) {
        let _ = told(&words.join(" "));
    }
}
