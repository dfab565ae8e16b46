//! What was entered is there the next time, for its owner alone.

use crate::terminal::{CTRL_D, CTRL_R, ENTER, Terminal, UP};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

#[test]
fn the_history_is_private_and_searched() {
    let mut t = Terminal::start();
    t.run("SELECT 1 AS apple;");
    t.run("SELECT 2 AS pear;");
    t.run(" SELECT 3 AS secret;");
    let home = Arc::clone(&t.home);
    t.send(CTRL_D);
    t.ends();
    let file = home.path().join("state/radsql/history");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("apple") && text.contains("pear"), "{text}");
    assert!(!text.contains("secret"), "a leading blank keeps a line out: {text}");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(file.parent().unwrap()), 0o700);
    // A file that others could read is theirs no more.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut t = Terminal::start_in(Arc::clone(&home), &[], &[]);
    assert_eq!(mode(&file), 0o600);
    t.send(UP);
    t.see("pear");
    t.clear();
    t.send(CTRL_R);
    t.send("apple");
    t.see("SELECT 1 AS apple;");
    t.send(ENTER);
    t.see("1 row");
}

#[test]
fn no_history_where_none_is_wanted() {
    for (arguments, environment) in [(&["--no-history"][..], &[][..]), (&[], &[("RADSQL_HISTORY", "")])] {
        let home = Arc::new(tempfile::tempdir().unwrap());
        let mut t = Terminal::start_in(Arc::clone(&home), arguments, environment);
        t.run("SELECT 1 AS apple;");
        // In this session it is there nevertheless.
        t.send(UP);
        t.see("apple");
        t.clear();
        t.send(CTRL_D);
        t.ends();
        assert!(!home.path().join("state/radsql").exists());
    }
    let home = Arc::new(tempfile::tempdir().unwrap());
    let mut t = Terminal::start_in(Arc::clone(&home), &[], &[("RADSQL_HISTORY", "mine")]);
    t.run("SELECT 1 AS apple;");
    assert!(
        std::fs::read_to_string(home.path().join("mine"))
            .unwrap()
            .contains("apple")
    );
}
