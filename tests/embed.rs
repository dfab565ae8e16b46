//! `register_all` in a session that is not ours, and the example that shows it.

mod common;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Float64Type;
use datafusion::prelude::SessionContext;

#[allow(dead_code)] // its main
#[path = "../examples/embed.rs"]
mod example;

#[test]
fn the_example_runs() {
    common::runtime(1).block_on(example::run()).expect("the example");
}

#[test]
fn scans_are_measured_in_a_foreign_session() {
    let cohort = common::cohort(2);
    common::runtime(2).block_on(async {
        let context = SessionContext::new();
        radsql::register_all(&context).expect("registered");
        let scan = cohort.path().join("crlm/CRLM-DEMO-0001");
        let sql = format!(
            "SELECT radiomics('{0}/ct.nii.gz', '{0}/seg/Tumor_1.nii.gz')['original_shape_VoxelVolume'] AS a, \
             mask_info('{0}/ct.nii.gz', '{0}/seg/Tumor_1.nii.gz')['volume_mm3'] AS b",
            scan.display()
        );
        let batches = context.sql(&sql).await.expect("planned").collect().await.expect("run");
        let at = |i: usize| batches[0].column(i).as_primitive::<Float64Type>().value(0);
        assert!(at(0) > 0.0 && (at(0) - at(1)).abs() < 1e-6 * at(0));
        // Its memory pool is its own.
        let e = context
            .sql("SET radsql.memory_limit = '1GB'")
            .await
            .expect_err("refused")
            .strip_backtrace();
        assert!(e.contains("memory pool of its own"), "{e}");
        context.sql("SET radsql.seed = 2").await.expect("a setting of ours");
    });
}
