//! A disk that is full: an error, and a database that is whole.

use std::path::Path;
use std::process::Command;

/// Statements on a disk of 48 MB, each with what it must answer: `=` and the answer, or `!` and part of the error. What begins with `$` is a
/// command of the system.
const STEPS: [(&str, &str); 26] = [
    (
        "CREATE TABLE small AS SELECT value AS n, 'x' || value AS x FROM generate_series(1, 1000)",
        "=",
    ),
    (
        "CREATE TABLE big AS SELECT value AS n, random() AS r FROM generate_series(1, 8000000)",
        "!space",
    ),
    (
        "SELECT count(*) AS tables FROM information_schema.tables WHERE table_name IN ('small', 'big')",
        "=1",
    ),
    (
        "INSERT INTO small SELECT value, CAST(random() AS VARCHAR) FROM generate_series(1, 8000000)",
        "!space",
    ),
    ("SELECT count(*) AS n FROM small", "=1000"),
    (
        "CREATE OR REPLACE TABLE small AS SELECT value AS n, random() AS x FROM generate_series(1, 8000000)",
        "!space",
    ),
    ("SELECT max(x) AS x FROM small", "=x999"),
    // What was written of them is gone: there is room again.
    (
        "CREATE TABLE middle AS SELECT value AS n, random() AS r FROM generate_series(1, 1000000)",
        "=",
    ),
    ("UPDATE middle SET r = r + n", "=1000000"),
    (
        "$head -c $(($(df --output=avail -B1 \"$DISK\" | tail -1) - 6000000)) /dev/zero > \"$DISK/filler\"",
        "=",
    ),
    ("UPDATE middle SET r = r + n", "!space"),
    ("$rm \"$DISK/filler\"", "="),
    ("SELECT count(*) AS n FROM middle WHERE r > 1", "=1000000"),
    // There is room for the catalog alone.
    (
        "$head -c $(($(df --output=avail -B1 \"$DISK\" | tail -1) - 200000)) /dev/zero > \"$DISK/filler\"",
        "=",
    ),
    (
        "INSERT INTO small SELECT value, CAST(random() AS VARCHAR) FROM generate_series(1, 30000)",
        "!space",
    ),
    ("SELECT count(*) AS n FROM small", "=1000"),
    // Not a byte is left.
    ("$cat /dev/zero >> \"$DISK/filler\" 2> /dev/null; true", "="),
    ("CREATE TABLE one AS SELECT 1 AS a", "!"),
    ("INSERT INTO small VALUES (1, 'y')", "!"),
    ("DELETE FROM small WHERE n < 500", "!"),
    ("$rm \"$DISK/filler\"", "="),
    ("SELECT count(*) AS n FROM small", "=1000"),
    ("INSERT INTO small VALUES (1, 'y')", "=1"),
    ("DROP TABLE middle", "="),
    ("SET radsql.history_days = 0; VACUUM", "="),
    ("SELECT count(*) AS n FROM small", "=1001"),
];

#[test]
fn a_full_disk_leaves_a_whole_database() {
    let may = Command::new("unshare").args(["-rm", "true"]).status();
    if !may.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: no small disk can be made here (unshare -rm)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("steps.sh");
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let mut text = String::from("mount -t tmpfs -o size=48m tmpfs \"$DISK\" || exit 9\n");
    for (statement, _) in STEPS {
        match statement.strip_prefix('$') {
            Some(command) => text += &format!("{command}\necho '# rc' $?\n"),
            None => {
                text += &format!(
                    "\"$RADSQL\" --db \"$DISK/full.db\" -c {} 2>&1\necho '# rc' $?\n",
                    quoted(statement)
                )
            }
        }
    }
    text += "cp \"$DISK/full.db\"* \"$KEPT\"\n";
    std::fs::write(&script, text).unwrap();
    let (disk, kept) = (folder.path().join("disk"), folder.path().join("kept"));
    std::fs::create_dir(&disk).unwrap();
    std::fs::create_dir(&kept).unwrap();
    let ran = Command::new("unshare")
        .args(["-rm", "sh"])
        .arg(&script)
        .env("DISK", &disk)
        .env("KEPT", &kept)
        .env("XDG_CACHE_HOME", "/dev/null")
        .env("RADSQL", env!("CARGO_BIN_EXE_radsql"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    let answers: Vec<&str> = text.split_inclusive("# rc ").collect();
    assert_eq!(
        answers.len(),
        STEPS.len() + 1,
        "{text}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    // Each answer is followed by its status, which is at the beginning of the next piece.
    for (i, (statement, wanted)) in STEPS.iter().enumerate() {
        let answer = answers[i].trim_end_matches("# rc ");
        let answer = if i == 0 {
            answer
        } else {
            answer.split_once('\n').map_or("", |(_, rest)| rest)
        };
        let status = answers[i + 1].lines().next().unwrap_or_default().trim();
        match wanted.split_at(1) {
            ("=", value) => {
                assert_eq!(status, "0", "{statement}: {answer}");
                assert!(
                    value.is_empty() || answer.lines().any(|l| l.trim() == value),
                    "{statement}: {answer}"
                );
            }
            (_, part) => {
                assert_eq!(status, "1", "{statement}: {answer}");
                assert!(answer.to_lowercase().contains(part), "{statement}: {answer}");
                assert!(!answer.contains("panicked"), "{statement}: {answer}");
            }
        }
    }
    assert_eq!(integrity(&kept.join("full.db")), "ok");
}

fn integrity(database: &Path) -> String {
    let catalog = rusqlite::Connection::open(database).unwrap();
    catalog.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap()
}
