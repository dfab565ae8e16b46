use super::*;
use crate::engine::memory::SessionPool;
use datafusion::arrow::array::{Array, AsArray, Int64Array, StringArray, StringViewArray};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema};
use datafusion::common::exec_err;
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use radsql_udfs::options::MemoryLimit;

fn pool(bytes: usize) -> Arc<dyn MemoryPool> {
    Arc::new(SessionPool::new(MemoryLimit::new(bytes)))
}

fn numbers() -> SchemaRef {
    let metadata = HashMap::from([("reference".to_owned(), "yes".to_owned())]);
    let field = Field::new("n", DataType::Int64, true).with_metadata(metadata);
    Arc::new(Schema::new(vec![field]))
}

fn batch(values: Vec<i64>) -> RecordBatch {
    let plain = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
    RecordBatch::try_new(plain, vec![Arc::new(Int64Array::from(values))]).unwrap()
}

async fn sum(context: &SessionContext) -> i64 {
    let rows = context
        .sql("SELECT sum(n) FROM t")
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    rows[0].column(0).as_primitive::<Int64Type>().value(0)
}

#[tokio::test]
async fn rows_are_counted_while_they_come_and_given_back() {
    let pool = pool(1 << 20);
    let batches = (0..10).map(|i| Ok(batch(vec![i; 1000])));
    let table = MemoryTable::collect("t", numbers(), &pool, futures::stream::iter(batches))
        .await
        .unwrap();
    let reserved = pool.reserved();
    assert!((80_000..90_000).contains(&reserved), "{reserved}");
    assert_eq!(table.reserved(), reserved);

    // More than there is: the statement fails and takes nothing.
    let endless = (0..).map(|i| Ok(batch(vec![i; 1000])));
    let e = MemoryTable::collect("big", numbers(), &pool, futures::stream::iter(endless))
        .await
        .unwrap_err();
    assert!(e.to_string().contains("table big needs"), "{e}");
    assert!(e.to_string().contains("radsql.memory_limit"), "{e}");
    assert_eq!(pool.reserved(), reserved);

    // So does one whose rows end with an error, and one that nobody waits for.
    let failing = futures::stream::iter([Ok(batch(vec![1; 1000])), exec_err!("gone")]);
    assert!(MemoryTable::collect("t", numbers(), &pool, failing).await.is_err());
    assert_eq!(pool.reserved(), reserved);
    let pending = futures::stream::iter([Ok(batch(vec![1; 1000]))]).chain(futures::stream::pending());
    let mut upload = Box::pin(MemoryTable::collect("t", numbers(), &pool, pending));
    assert!(futures::poll!(&mut upload).is_pending());
    assert!(pool.reserved() > reserved);
    drop(upload);
    assert_eq!(pool.reserved(), reserved);

    let mut rows = table.rows();
    rows.push(&batch(vec![7, 8])).unwrap();
    assert_eq!(table.append(rows), 2);
    assert!(pool.reserved() > reserved);
    drop(table);
    assert_eq!(pool.reserved(), 0);
}

#[tokio::test]
async fn types_are_checked_and_metadata_kept() {
    let pool = pool(1 << 20);
    let mut rows = Rows::new("t", numbers(), &pool);
    rows.push(&batch(vec![1])).unwrap();
    let text: Arc<dyn Array> = Arc::new(StringArray::from(vec!["a"]));
    let wrong = RecordBatch::try_from_iter([("n", Arc::clone(&text))]).unwrap();
    assert!(rows.push(&wrong).is_err());
    let two = RecordBatch::try_from_iter([("n", Arc::clone(&text)), ("m", text)]).unwrap();
    assert!(rows.push(&two).is_err());
    let table = MemoryTable::new("t", numbers(), &pool, vec![rows]);
    let context = SessionContext::new();
    context.register_table("t", Arc::new(table)).unwrap();
    let rows = context.sql("SELECT * FROM t").await.unwrap().collect().await.unwrap();
    assert_eq!(rows[0].schema().field(0).metadata()["reference"], "yes");
}

#[test]
fn a_slice_does_not_keep_the_whole() {
    let pool = pool(8 << 20);
    let long = batch((0..100_000).collect());
    let mut rows = Rows::new("t", numbers(), &pool);
    for i in 0..100 {
        rows.push(&long.slice(i * 10, 10)).unwrap();
    }
    assert!(pool.reserved() < 200_000, "{}", pool.reserved());

    // Views of one long text, and columns that are one array, are counted once.
    let text = "a text that does not fit into a view".repeat(10_000);
    let views: Arc<dyn Array> = Arc::new(StringViewArray::from(vec![text.as_str(); 3]));
    let schema = Arc::new(Schema::new(vec![
        Field::new("a", DataType::Utf8View, true),
        Field::new("b", DataType::Utf8View, true),
    ]));
    let shared = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::clone(&views), views]).unwrap();
    let mut rows = Rows::new("t", schema, &pool);
    let before = pool.reserved();
    rows.push(&shared).unwrap();
    assert!(
        pool.reserved() - before < 4 * text.len(),
        "{}",
        pool.reserved() - before
    );
}

#[tokio::test]
async fn changes_happen_when_they_run_and_whole() {
    let pool = pool(1 << 20);
    let batches = (0..10).map(|i| Ok(batch(vec![i; 100])));
    let table = MemoryTable::collect("t", numbers(), &pool, futures::stream::iter(batches))
        .await
        .unwrap();
    let context = SessionContext::new();
    context.register_table("t", Arc::new(table)).unwrap();
    let run = async |sql: &str| context.sql(sql).await?.collect().await;
    let count = |rows: Vec<RecordBatch>| {
        rows[0]
            .column(0)
            .as_primitive::<datafusion::arrow::datatypes::UInt64Type>()
            .value(0)
    };
    let reserved = pool.reserved();

    run("EXPLAIN DELETE FROM t WHERE n = 1").await.unwrap();
    assert_eq!(sum(&context).await, 4500);
    assert_eq!(count(run("DELETE FROM t WHERE n = 1").await.unwrap()), 100);
    assert_eq!(sum(&context).await, 4400);
    assert!(pool.reserved() < reserved);
    assert_eq!(count(run("UPDATE t SET n = 0 WHERE n >= 8").await.unwrap()), 200);
    assert_eq!(sum(&context).await, 2700);
    // A change that fails in its middle changes nothing.
    assert!(run("UPDATE t SET n = 10 / (n - 5)").await.is_err());
    assert_eq!(sum(&context).await, 2700);
    // One that was planned before another is not done on top of it.
    let late = context
        .sql("DELETE FROM t")
        .await
        .unwrap()
        .create_physical_plan()
        .await
        .unwrap();
    assert_eq!(count(run("INSERT INTO t VALUES (1)").await.unwrap()), 1);
    let e = datafusion::physical_plan::collect(late, context.task_ctx())
        .await
        .unwrap_err();
    assert!(e.to_string().contains("changed meanwhile"), "{e}");
    assert_eq!(sum(&context).await, 2701);
    assert_eq!(count(run("DELETE FROM t").await.unwrap()), 901);
    assert!(pool.reserved() < 1000, "{}", pool.reserved());
    context.deregister_table("t").unwrap();
    assert_eq!(pool.reserved(), 0);
}
