//! Promises 1 and 7: no SQL text of at most 1 MB ends the process, and memory stays bounded. Each statement runs in a
//! process of its own, as a server would run it.
//!
//! `RADSQL_LIMITS=joins` runs the statements with `joins` in their name alone.

#[path = "limits/statements.rs"]
mod statements;

use statements::{Attack, End};
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Set in the processes that run statements: how many bytes of memory they may use.
const CHILD: &str = "RADSQL_LIMITS_CHILD";

/// Set there as well: after how many seconds a statement is stopped, as a server's timeout does.
const STOP: &str = "RADSQL_LIMITS_STOP";

/// One that may end in any way is stopped soon.
const SOON: u64 = 5;

/// One that must give an answer or an error has the time of a slow machine that others use as well.
const LATE: u64 = 180;

/// What takes longer after its stop does not end.
const NEVER: Duration = Duration::from_secs(180);

/// Runs the statements that come through standard input. Not a test by itself.
#[test]
fn child() {
    let Some(limit) = std::env::var(CHILD).ok() else {
        return;
    };
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let stop = std::env::var(STOP).ok().and_then(|s| s.parse().ok()).unwrap_or(SOON);
    let work = move || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.enable_all().thread_stack_size(64 << 20).build().unwrap();
        runtime.block_on(run(&text, &limit, Duration::from_secs(stop)));
        runtime.shutdown_background();
    };
    // As planning in a server does.
    let planning = std::thread::Builder::new().stack_size(1 << 30);
    planning.spawn(work).unwrap().join().unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    println!("peak: {}", peak.unwrap_or("0 kB").trim());
    std::process::exit(0);
}

async fn run(text: &str, limit: &str, stop: Duration) {
    use radsql::engine::{PlanLimits, StatementLimits};
    let session = radsql::Session::new().expect("a session");
    session
        .sql(&format!("SET radsql.memory_limit = '{limit}'"))
        .await
        .expect("a limit of memory");
    let session = session.with_limits(StatementLimits::default(), PlanLimits::served());
    for sql in text.split("\n;\n") {
        let run = async {
            let frame = session.sql(sql).await?;
            let mut rows = frame.execute_stream().await?;
            let mut count = 0;
            while let Some(batch) = futures::StreamExt::next(&mut rows).await {
                count += batch?.num_rows();
                // What a server does with each: it sends it, and others run meanwhile.
                tokio::task::yield_now().await;
            }
            Ok::<_, datafusion::common::DataFusionError>(count)
        };
        // A server catches a panic, and goes on.
        let run = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(run));
        match tokio::time::timeout(stop, run).await {
            Err(_) => println!("stopped"),
            Ok(Err(_)) => println!("panicked"),
            Ok(Ok(Ok(rows))) => println!("answer: {rows} rows"),
            Ok(Ok(Err(e))) => println!("error: {}", radsql::engine::message(&e).replace('\n', " ")),
        }
    }
    let one = session.sql("SELECT 1").await.expect("a plan").collect().await;
    let one = one.expect("an answer");
    assert_eq!(one[0].num_rows(), 1);
    println!("alive");
}

/// What is wrong with how an attack ends, if anything.
fn judge((name, text, end): &Attack, memory: usize) -> Option<String> {
    let begin = Instant::now();
    let stop = if matches!(end, End::Any) { SOON } else { LATE };
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, memory.to_string())
        .env(STOP, stop.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    // One that ended before it has read all is judged by how it ended.
    let _ = child.stdin.take().expect("its input").write_all(text.as_bytes());
    let output = child.wait_with_output().expect("its end");
    let took = begin.elapsed();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> = told.lines().collect();
    let alive = lines.iter().position(|l| *l == "alive");
    let last = alive
        .and_then(|i| lines.get(i.checked_sub(1)?))
        .copied()
        .unwrap_or_default();
    let peak = lines.iter().find_map(|l| l.strip_prefix("peak: ")?.strip_suffix(" kB"));
    let peak = peak.and_then(|p| p.trim().parse::<usize>().ok()).unwrap_or(0) << 10;
    println!("{name}: {} MB, {:.1} s: {last}", peak >> 20, took.as_secs_f64());
    let problem = if !output.status.success() || alive.is_none() {
        format!(
            "it ended the process: {}\n{}",
            output.status,
            errors.lines().take(8).collect::<Vec<_>>().join("\n")
        )
    } else if took > Duration::from_secs(stop) + NEVER {
        format!("it took {took:?}")
    } else if peak > memory + memory / 5 + PROCESS {
        format!("it took {} MB of {}", peak >> 20, memory >> 20)
    } else {
        let ended = match end {
            End::Answer => last.starts_with("answer: "),
            End::Error(words) => last.starts_with("error: ") && last.contains(words),
            End::Any => last != "panicked",
        };
        if ended {
            return None;
        }
        format!("it ended otherwise than with {end:?}: {last}")
    };
    Some(format!("{name}: {problem}"))
}

/// What a process takes by itself, and what is on its way through a query.
const PROCESS: usize = 400 << 20;

fn all(attacks: Vec<Attack>, memory: usize) {
    for (name, text, _) in &attacks {
        assert!(text.len() <= 1 << 20, "{name} is longer than 1 MB");
    }
    let chosen = std::env::var("RADSQL_LIMITS").unwrap_or_default();
    let left = Mutex::new(
        attacks
            .into_iter()
            .filter(|a| a.0.contains(&chosen))
            .collect::<Vec<_>>(),
    );
    let next = || left.lock().expect("no panic").pop();
    let problems = Mutex::new(vec![]);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(attack) = next() {
                    problems.lock().expect("no panic").extend(judge(&attack, memory));
                }
            });
        }
    });
    let problems = problems.into_inner().expect("no panic");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn promise_01_deep_statements_do_not_end_the_process() {
    all(statements::deep(), 1 << 30);
}

#[test]
fn promise_01_statements_that_grow_when_planned_do_not_end_the_process() {
    all(statements::plans(), 1 << 30);
}

#[test]
fn promise_01_large_values_do_not_end_the_process() {
    all(statements::values(), 1 << 30);
}

#[test]
fn promise_07_rows_stay_under_the_limit_of_memory() {
    all(statements::rows(), 512 << 20);
}

/// The shell's own limits are wider: those who wait for a statement may send a long one.
#[test]
fn promise_01_the_shell_goes_on_after_deep_statements() {
    let shell = |sql: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_radsql"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let parentheses = format!("SELECT {}1{}", "(".repeat(20_000), ")".repeat(20_000));
    let (code, _, errors) = shell(&parentheses);
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains("recursion limit"), "{errors}");
    let unions = format!("SELECT count(*) FROM (SELECT 1{})", " UNION ALL SELECT 1".repeat(2_000));
    let long = format!(
        "SELECT 1 WHERE {}1=1; {unions}; SELECT 'alive'",
        "1=1 OR ".repeat(2_000)
    );
    let (code, answer, errors) = shell(&long);
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        answer.contains("2001") && answer.trim_end().ends_with("alive"),
        "{answer}"
    );
}
