//! radsql's functions in a DataFusion session of one's own.
//!
//! ```sh
//! cargo run --example run_model
//! ```

use datafusion::common::Result;
use datafusion::prelude::{CsvReadOptions, SessionContext};

#[tokio::main]
async fn main() -> Result<()> {
    run().await
}

/// What the example does; a test runs it too.
pub async fn run() -> Result<()> {
    let context = SessionContext::new();
    radsql::register_all(&context)?;

    // Any table that DataFusion can read will do.
    let csv = std::env::temp_dir().join(format!("radsql-embed-{}.csv", std::process::id()));
    std::fs::write(
        &csv,
        "os,dead,age\n5,1,71\n9,1,64\n12,0,58\n17,1,66\n20,0,49\n24,1,60\n30,0,55\n",
    )?;
    context
        .register_csv("patients", &csv.to_string_lossy(), CsvReadOptions::new())
        .await?;

    let fit = "SELECT * FROM cox((SELECT os, dead, age FROM patients), time => os, event => dead)";
    context.sql(fit).await?.show().await?;

    let aggregate = "SELECT concordance(os, dead, age)['c'] AS c FROM patients";
    context.sql(aggregate).await?.show().await?;

    std::fs::remove_file(csv)?;
    Ok(())
}
