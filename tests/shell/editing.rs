//! Statements over several lines, colours, brackets, the ways to leave.

use crate::terminal::{CTRL_A, CTRL_C, CTRL_D, CTRL_E, ENTER, LEFT, Terminal, UP};
use std::sync::Arc;

#[test]
fn statements_have_several_lines() {
    let mut t = Terminal::start();
    t.send("SELECT 41 +\r");
    t.see("   ...>");
    t.send("1 AS answer\r;\r");
    t.see("42");
    // A string, a comment, brackets and dollars go on as well; a semicolon in them ends nothing.
    t.send("\x0cSELECT 'a;\r");
    t.see("   '..>");
    t.send("b' AS text;\r");
    t.see("a;");
    t.send("\x0cSELECT $$x;\r");
    t.see("   '..>");
    t.send("y$$ AS dollars;\r");
    t.see("dollars");
}

#[test]
fn earlier_lines_are_edited_with_arrow_up() {
    let mut t = Terminal::start();
    t.send("SELECT 7 AS wrong,\r");
    t.see("   ...>");
    t.send("2 AS b");
    t.send(UP);
    // Both lines are one text now: up again to the first, where a word is mended.
    t.wait("the whole statement", |text| !text.contains("...>"));
    t.send(UP);
    t.send(CTRL_E);
    t.send("\x7f\x7f\x7f\x7f\x7f\x7fright,");
    t.see("right,");
    t.send("\x1b[B");
    t.send(CTRL_E);
    t.send(";\r");
    let text = t.see("right");
    assert!(text.contains('7') && !text.contains("wrong"), "{text}");
}

#[test]
fn a_statement_of_several_lines_comes_back_whole() {
    let mut t = Terminal::start();
    t.send("SELECT 1 AS a,\r2 AS b;\r");
    t.see("1 row");
    t.clear();
    t.send(UP);
    t.see("2 AS b;");
    t.send(CTRL_E);
    t.send("\x7f, 3 AS c;\r");
    let text = t.see("1 row");
    assert!(text.contains('c') && text.contains('3'), "{text}");
}

#[test]
fn pasted_statements_are_one_text() {
    let mut t = Terminal::start();
    t.send("\x1b[200~SELECT 1 AS first;\nSELECT 2 AS\nsecond\x1b[201~");
    t.see("second");
    t.send(";\r");
    let text = t.wait("both answers", |t| t.matches("1 row").count() == 2);
    assert!(text.contains("first") && text.contains("second"), "{text}");
}

#[test]
fn words_have_colours_and_brackets_are_shown() {
    let mut t = Terminal::start();
    t.send("SELECT sum(a) FROM t WHERE b = 'text' AND c > 15");
    t.see("15");
    let colour = |text: &str| t.cell(text).fgcolor();
    let others: Vec<_> = ["SELECT", "sum", "'text'", "15"].map(colour).to_vec();
    let plain = colour("a)");
    for (i, one) in others.iter().enumerate() {
        assert_ne!(*one, plain);
        assert!(!others[..i].contains(one), "{others:?}");
    }
    assert!(t.cell("SELECT").bold());
    // The cursor stands behind a bracket: it and the other one.
    t.clear();
    t.send("SELECT (1 + (2))");
    t.see("(2))");
    let begun = std::time::Instant::now();
    while !t.cell("(1").inverse() {
        assert!(begun.elapsed().as_secs() < 30);
    }
    assert!(!t.cell("(2").inverse());
    t.send(LEFT);
    t.send(LEFT);
    while !t.cell("(2").inverse() {
        assert!(begun.elapsed().as_secs() < 60);
    }
}

#[test]
fn no_colours_where_they_are_not_wanted() {
    let home = Arc::new(tempfile::tempdir().unwrap());
    let mut t = Terminal::start_in(home, &[], &[("NO_COLOR", "1")]);
    t.send("SELECT 'x'");
    t.see("'x'");
    for text in ["radsql>", "SELECT", "'x'"] {
        assert_eq!(t.cell(text).fgcolor(), vt100::Color::Default, "{text}");
    }
}

#[test]
fn ctrl_c_takes_a_line_back_and_ctrl_d_leaves() {
    let mut t = Terminal::start();
    t.send("SELECT nothing");
    t.see("SELECT nothing");
    t.send(CTRL_C);
    t.wait("the prompt", |text| text.ends_with("radsql>"));
    t.send("SELECT 5 AS five;\r");
    let text = t.see("1 row");
    assert!(text.contains("five"), "{text}");
    t.send(CTRL_D);
    assert!(t.ends().success());
    for leave in ["\\q", "quit", "exit"] {
        let mut t = Terminal::start();
        t.send(CTRL_A);
        t.send(leave);
        t.send(ENTER);
        assert!(t.ends().success(), "{leave}");
    }
}

#[test]
fn the_shell_goes_on_after_an_error() {
    let mut t = Terminal::start();
    let text = t.run("SELECT no_such_column;");
    assert!(text.contains("no_such_column"), "{text}");
    assert!(t.run("SELECT 6 * 7 AS n;").contains("42"));
}
