//! Settings whose every value is not safe: sizes of what is allocated at once, and counts of what is started at once.

use datafusion::common::{Result, plan_err};

/// The least and the most of settings that a session takes; memory is allocated, or tasks are started, by them.
const BOUNDS: [(&str, u64, u64); 13] = [
    ("datafusion.execution.batch_size", 1, 65_536),
    ("datafusion.execution.target_partitions", 0, 256),
    ("datafusion.execution.planning_concurrency", 0, 256),
    ("datafusion.execution.meta_fetch_concurrency", 1, 256),
    ("datafusion.execution.minimum_parallel_output_files", 1, 256),
    ("datafusion.execution.max_buffered_batches_per_output_file", 1, 256),
    ("datafusion.execution.parquet.maximum_parallel_row_group_writers", 1, 64),
    (
        "datafusion.execution.parquet.maximum_buffered_record_batches_per_stream",
        1,
        256,
    ),
    ("datafusion.execution.parquet.write_batch_size", 1, 1 << 20),
    ("datafusion.execution.parquet.max_row_group_size", 1, 1 << 24),
    ("datafusion.sql_parser.recursion_limit", 1, 50),
    ("datafusion.optimizer.max_passes", 0, 16),
    ("datafusion.execution.objectstore_writer_buffer_size", 1, 1 << 28),
];

/// Whether a session may have a setting at this value.
///
/// # Errors
/// When the value is beyond what is safe.
pub fn check(variable: &str, value: &str) -> Result<()> {
    let Some((name, least, most)) = BOUNDS.iter().find(|b| b.0.eq_ignore_ascii_case(variable)) else {
        return Ok(());
    };
    // What is no number is refused by the setting itself, in its own words.
    match value.trim().trim_matches('\'').parse::<u64>() {
        Ok(n) if n < *least || n > *most => plan_err!("{name} is between {least} and {most}, not {n}"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::{SessionConfig, SessionContext};

    #[test]
    fn names_exist_and_usual_values_are_allowed() {
        let context = SessionContext::new_with_config(SessionConfig::new());
        let entries = context.copied_config().options().entries();
        for (name, ..) in BOUNDS {
            let entry = entries.iter().find(|e| e.key == name);
            let value = entry.unwrap_or_else(|| panic!("{name}")).value.clone();
            check(name, &value.unwrap_or_default()).unwrap();
        }
        check("datafusion.execution.batch_size", "1").unwrap();
        assert!(check("datafusion.execution.batch_size", "1000000000000").is_err());
        assert!(check("DataFusion.execution.target_partitions", "1000000").is_err());
    }
}
