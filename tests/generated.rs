//! Completions and manual pages, as shells and `man` take them.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

fn radsql(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_radsql"));
    command.args(args);
    command
}

fn output(args: &[&str]) -> String {
    let output = radsql(args).output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {told}");
    String::from_utf8(output.stdout).expect("text")
}

/// Whether a program is here; says so when it is not.
fn is_here(program: &str) -> bool {
    let here = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .is_ok_and(|o| o.status.success());
    if !here {
        eprintln!("SKIPPED: {program} is not installed");
    }
    here
}

#[test]
fn every_shell_has_a_script_with_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = output(&["completions", shell]);
        for word in [
            "run",
            "serve",
            "user",
            "demo",
            "completions",
            "man",
            "report",
            "patients",
        ] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let wrong = radsql(&["completions", "tcsh"]).output().expect("it runs");
    assert_eq!(wrong.status.code(), Some(2));
    let told = String::from_utf8_lossy(&wrong.stderr);
    assert!(told.contains("bash") && told.contains("fish"), "{told}");
}

/// What a shell says about the script of its completions.
fn checked(shell: &str, arguments: &[&str]) {
    if !is_here(shell) {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let script = dir.path().join("script");
    fs::write(&script, output(&["completions", shell])).expect("a file");
    let checked = Command::new(shell)
        .args(arguments)
        .arg(&script)
        .output()
        .expect("it runs");
    assert!(
        checked.status.success(),
        "{shell}: {}",
        String::from_utf8_lossy(&checked.stderr)
    );
}

#[test]
fn shells_can_read_their_scripts() {
    checked("bash", &["-n"]);
    checked("zsh", &["-n"]);
    checked("fish", &["--no-execute"]);
}

/// What bash completes a line to.
fn completed(dir: &Path, line: &str) -> Vec<String> {
    let script = dir.join("radsql.bash");
    fs::write(&script, output(&["completions", "bash"])).expect("a file");
    let ask = "source \"$1\"
read -r -a COMP_WORDS <<< \"$2\"
[[ $2 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); COMP_LINE=$2; COMP_POINT=${#2}
function=$(complete -p radsql | sed -E 's/.*-F ([^ ]+).*/\\1/')
$function radsql \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"
printf '%s\\n' \"${COMPREPLY[@]}\"";
    let answer = Command::new("bash")
        .args(["--norc", "-c", ask, "bash"])
        .arg(&script)
        .arg(line)
        .output()
        .expect("bash");
    assert!(
        answer.status.success(),
        "{line}: {}",
        String::from_utf8_lossy(&answer.stderr)
    );
    let words = String::from_utf8(answer.stdout).expect("text");
    words.lines().map(str::to_owned).filter(|w| !w.is_empty()).collect()
}

#[test]
fn bash_completes_commands_and_options() {
    if !is_here("bash") {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    assert_eq!(completed(dir.path(), "radsql ru"), ["run"]);
    assert_eq!(completed(dir.path(), "radsql de"), ["demo"]);
    assert_eq!(completed(dir.path(), "radsql demo --pat"), ["--patients"]);
    assert_eq!(completed(dir.path(), "radsql run --rep"), ["--report"]);
    assert_eq!(completed(dir.path(), "radsql completions z"), ["zsh"]);
    assert_eq!(completed(dir.path(), "radsql user a"), ["add"]);
    let commands = completed(dir.path(), "radsql ");
    for command in ["run", "serve", "user", "demo", "completions", "man", "help"] {
        assert!(commands.iter().any(|c| c == command), "{command}: {commands:?}");
    }
    let formats = completed(dir.path(), "radsql run --format ");
    assert!(formats.iter().any(|f| f == "csv"), "{formats:?}");
}

#[test]
fn manual_pages_are_sound() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("man1");
    output(&["man", &folder.display().to_string()]);
    let mut names: Vec<String> = fs::read_dir(&folder)
        .expect("a folder")
        .map(|f| f.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    for name in [
        "radsql.1",
        "radsql-run.1",
        "radsql-demo.1",
        "radsql-serve.1",
        "radsql-user.1",
        "radsql-user-add.1",
    ] {
        assert!(names.iter().any(|n| n == name), "{name} is not in {names:?}");
    }
    assert!(!names.iter().any(|n| n.contains("help")), "{names:?}");
    let page = fs::read_to_string(folder.join("radsql-run.1")).expect("a page");
    assert!(page.contains(".SH NAME") && page.contains("\\-\\-report"), "{page}");
    assert_eq!(
        output(&["man"]),
        fs::read_to_string(folder.join("radsql.1")).expect("a page")
    );
    let checker: &[&str] = match (is_here("mandoc"), is_here("groff")) {
        (true, _) => &["mandoc", "-T", "lint", "-W", "error"],
        (_, true) => &["groff", "-man", "-ww", "-z", "-Kutf8"],
        _ => return,
    };
    for name in &names {
        let checked = Command::new(checker[0])
            .args(&checker[1..])
            .arg(folder.join(name))
            .output()
            .expect("it runs");
        let told = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success() && told.is_empty(), "{name}: {told}");
    }
    if is_here("groff") {
        let page = Command::new("groff")
            .args(["-man", "-Tascii", "-P-cbou"])
            .arg(folder.join("radsql.1"))
            .output()
            .expect("groff");
        let text = String::from_utf8_lossy(&page.stdout);
        assert!(text.contains("SYNOPSIS") && text.contains("completions"), "{text}");
    }
}

#[test]
fn a_manual_page_through_a_pipe_that_closes_is_no_error() {
    let mut child = radsql(&["man"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // A folder that cannot be made.
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(b"x").expect("written");
    let below = file.path().join("man1").display().to_string();
    let output = radsql(&["man", &below]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("man: "));
}

#[test]
fn help_has_examples() {
    for args in [
        &["--help"][..],
        &["help", "run"],
        &["demo", "--help"],
        &["completions", "--help"],
        &["man", "--help"],
    ] {
        let help = output(args);
        assert!(help.contains("Examples:\n  radsql"), "{args:?}: {help}");
        assert!(help.lines().count() < 80, "short: {help}");
    }
    // A line for each command.
    let help = output(&["-h"]);
    assert!(help.lines().count() < 40, "short: {help}");
    let commands = help
        .split("Commands:\n")
        .nth(1)
        .expect("commands")
        .split("\n\n")
        .next()
        .unwrap_or_default();
    assert!(commands.lines().all(|l| l.chars().count() <= 100), "{commands}");
}
