//! Ctrl-C stops a query and keeps the shell.

use crate::terminal::{CTRL_C, Terminal};

#[test]
fn ctrl_c_stops_a_query_and_keeps_the_shell() {
    let mut t = Terminal::start();
    t.run("CREATE TABLE kept AS SELECT 9 AS n;");
    t.send(
        "SELECT sum(a.value * b.value) FROM generate_series(1, 2000000) a(value), generate_series(1, 2000000) b(value);\r",
    );
    std::thread::sleep(std::time::Duration::from_secs(1));
    t.send(CTRL_C);
    t.see("stopped");
    assert!(t.run("SELECT n FROM kept;").contains('9'));
}
