//! No SQL text of at most 1 MB ends the process, and memory stays bounded. Each statement runs in a process of its own.

use std::io::{Read, Write};

/// Runs the statements that come through standard input, as a server would. Not a test by itself.
#[test]
fn child() {
    if std::env::var_os("RADSQL_LIMITS_CHILD").is_none() {
        return;
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let limit: usize = std::env::var("RADSQL_LIMITS_MEMORY")
        .ok()
        .and_then(|m| m.parse().ok())
        .unwrap_or(1 << 30);
    let planning = std::thread::Builder::new().stack_size(1 << 30);
    let work = move || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.enable_all().thread_stack_size(64 << 20).build().unwrap();
        runtime.block_on(async {
            let session = radsql::Session::new().unwrap();
            session
                .sql(&format!("SET radsql.memory_limit = '{limit}'"))
                .await
                .unwrap();
            let session = session.with_limits(
                radsql::engine::StatementLimits::default(),
                radsql::engine::PlanLimits::served(),
            );
            let mut out = std::io::stdout();
            for sql in text.split("\n;\n") {
                let run = async {
                    let frame = session.sql(sql).await?;
                    let mut rows = frame.execute_stream().await?;
                    let mut count = 0;
                    while let Some(batch) = futures::StreamExt::next(&mut rows).await {
                        count += batch?.num_rows();
                    }
                    Ok::<_, datafusion::common::DataFusionError>(count)
                };
                match tokio::time::timeout(std::time::Duration::from_secs(20), run).await {
                    Err(_) => writeln!(out, "stopped").unwrap(),
                    Ok(Ok(rows)) => writeln!(out, "answer: {rows} rows").unwrap(),
                    Ok(Err(e)) => writeln!(out, "error: {}", radsql::shell::message(&e)).unwrap(),
                }
            }
            let one = session.sql("SELECT 1").await.unwrap().collect().await.unwrap();
            writeln!(out, "alive: {}", one.len()).unwrap();
        });
        runtime.shutdown_background();
    };
    planning.spawn(work).unwrap().join().unwrap();
    std::process::exit(0);
}
