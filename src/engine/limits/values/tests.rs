use super::*;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::common::DataFusionError;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::SessionConfig;

fn session(pool: Arc<dyn MemoryPool>) -> SessionContext {
    let environment = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc().unwrap();
    let config = SessionConfig::new().set_str("datafusion.sql_parser.dialect", "DuckDB");
    SessionContext::new_with_config_rt(config, environment)
}

async fn table(context: &SessionContext, sql: &str) -> Result<String> {
    let frame = context.sql(sql).await?;
    let types: Vec<String> = frame.schema().fields().iter().map(ToString::to_string).collect();
    let rows = frame.collect().await?;
    let text = pretty_format_batches(&rows).map_err(DataFusionError::from)?;
    Ok(format!("{types:?}\n{text}"))
}

#[tokio::test]
async fn bounded_functions_answer_as_those_that_they_stand_for() {
    let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(1 << 30));
    let plain = session(Arc::clone(&pool));
    let bounded = session(Arc::clone(&pool));
    install(&bounded, ValueLimits::default()).unwrap();
    let rows = "FROM (VALUES ('a', 1, [1, 2]), ('é', -1, NULL), (NULL, NULL, []), ('a longer text, for views', 3, [3])) \
                t(s, n, l)";
    for expressions in [
        "s || s, s || '-' || s || n, 'x' || NULL, n || 'a', 'a' || 'b', (s || 'a') || (s || 'b') AS c",
        "l || l, 5 || l, l || 5, [n, n], {'a': s, 'b': n}, MAP {'a': n}, struct(s, n), named_struct('a', l)",
        "concat(s, n, NULL, 'a', 'b'), concat_ws(',', s, n, 'b'), concat_ws(NULL, s), concat('a', 'b')",
        "repeat(s, n), repeat('ab', 3), repeat(s, NULL), lpad(s, 5), rpad(s, 5, 'é'), lpad('abc', 2), lpad(s, abs(n), '')",
        "array_repeat(s, n), array_repeat(l, 2), array_resize(l, 4, 9)",
        "range(n), range(3), range(5, 1, -2), generate_series(1, n), range(DATE '2020-01-01', DATE '2020-03-01', INTERVAL \
         '1 month')",
        "replace(s, 'a', 'bcd'), replace(s, '', '-'), regexp_replace(s, '(a)', '[\\1]', 'g'), translate(s, 'a', 'é')",
        "array_replace(l, 1, 7), array_replace_all(l, 3, 8), array_to_string(l, s), array_to_string(l, ',', 'x')",
        "string_to_array(s, ' '), string_to_array(s, NULL), encode(s, 'hex'), to_char(DATE '2020-01-01', '%Y'), \
         levenshtein(s, 'a'), overlay(s placing 'x' from 1), arrays_zip(l, l), array_append(l, n)",
        "arrow_cast(n, 'Int8'), arrow_typeof(s || s), arrow_typeof('a' || 'b')",
    ] {
        for sql in [
            format!("SELECT {expressions} {rows}"),
            format!("SELECT {expressions} {rows} WHERE n > 0"),
        ] {
            let (a, b) = (table(&plain, &sql).await, table(&bounded, &sql).await);
            match (a, b) {
                (Ok(a), Ok(b)) => assert_eq!(a, b, "{sql}"),
                (Err(a), Err(b)) => assert_eq!(a.strip_backtrace(), b.strip_backtrace(), "{sql}"),
                (a, b) => panic!("{sql}: {a:?}, {b:?}"),
            }
        }
    }
    assert_eq!(pool.reserved(), 0);
}

#[tokio::test]
async fn large_results_are_refused_or_accounted() {
    let session = crate::Session::new().unwrap();
    session.sql("SET radsql.memory_limit = '100MB'").await.unwrap();
    let pool = Arc::clone(&session.context().runtime_env().memory_pool);
    let run = async |sql: &str| session.sql(sql).await?.collect().await;
    run("SELECT lpad('a', n), rpad('a', n) FROM (VALUES (-9000000000000000000), (-9200000000000000000), (2)) t(n)")
        .await
        .unwrap();
    run("SELECT lpad(s, -5, s) FROM (VALUES ('a'), ('b')) t(s)")
        .await
        .unwrap();
    for sql in [
        "SELECT array_repeat(1, 1000000000000)",
        "SELECT repeat('x', 1000000000)",
        "SELECT length(repeat(s, 1000000000)) FROM (VALUES ('a'), ('b')) t(s)",
        "SELECT range(0, 9223372036854775807, 1)",
        "SELECT range(-9223372036854775807, 9223372036854775807)",
        "SELECT array_resize([1], n) FROM (VALUES (-1), (2)) t(n)",
        "SELECT [repeat('x', 200000000), repeat('x', 200000000)]",
    ] {
        let e = run(sql).await.unwrap_err();
        assert!(
            matches!(e.find_root(), DataFusionError::ResourcesExhausted(_)),
            "{sql}: {e}"
        );
        assert_eq!(pool.reserved(), 0, "{sql}");
    }
    // The answer holds what it takes.
    let rows = run("SELECT repeat('x', 8000000) FROM (VALUES (1), (2)) t(n)")
        .await
        .unwrap();
    assert!(
        (16_000_000..40_000_000).contains(&pool.reserved()),
        "{}",
        pool.reserved()
    );
    drop(rows);
    assert_eq!(pool.reserved(), 0);
    // Two that fit alone do not fit together.
    run("SELECT repeat('x', 60000000)").await.unwrap();
    let e = run("SELECT repeat('x', 60000000), repeat('y', 60000000)")
        .await
        .unwrap_err();
    assert!(matches!(e.find_root(), DataFusionError::ResourcesExhausted(_)), "{e}");
    // A constant is not put into the plan, where it would be copied.
    let plan = session
        .sql("SELECT repeat('x', 100000)")
        .await
        .unwrap()
        .into_optimized_plan()
        .unwrap();
    assert!(plan.to_string().len() < 1_000);
    assert_eq!(pool.reserved(), 0);
}
