//! Tab.

use crate::terminal::{LEFT, TAB, Terminal};

/// Types, presses Tab, and waits for a line with this in it.
fn completes(t: &mut Terminal, typed: &str, expected: &str) {
    t.clear();
    t.send(typed);
    let last = typed.lines().last().unwrap();
    t.see(last.trim_end());
    t.send(TAB);
    t.see(expected);
}

/// Types, presses Tab twice, and waits until all of these are listed.
fn lists(t: &mut Terminal, typed: &str, expected: &[&str]) {
    completes(t, typed, typed.trim_end());
    t.send(TAB);
    t.wait(&format!("{expected:?}"), |text| {
        expected.iter().all(|e| text.contains(e))
    });
}

#[test]
fn keywords_tables_columns_and_functions() {
    let mut t = Terminal::start();
    t.run("CREATE TABLE patients AS SELECT 'a' AS patient_id, 3.5 AS survival_months, true AS \"Dead\";");
    t.run("CREATE VIEW pathology AS SELECT 1 AS grade;");
    completes(&mut t, "SELE", "radsql> SELECT");
    completes(&mut t, "selec", "radsql> select");
    completes(&mut t, "SELECT * FROM pati", "SELECT * FROM patients");
    lists(&mut t, "SELECT * FROM pat", &["patients", "pathology"]);
    // Columns when FROM is known, of the alias before the dot too.
    completes(&mut t, "SELECT 1 FROM patients WHERE surv", "WHERE survival_months");
    completes(&mut t, "SELECT 1 FROM patients p WHERE p.patie", "p.patient_id");
    completes(&mut t, "SELECT 1 FROM patients WHERE De", "WHERE Dead");
    completes(&mut t, "SELECT 1 FROM patients WHERE \"De", "WHERE \"Dead\"");
    completes(
        &mut t,
        "WITH c AS (SELECT 1 AS tumour_grade) SELECT 1 FROM c WHERE tum",
        "WHERE tumour_grade",
    );
    t.clear();
    t.send("SELECT  FROM patients");
    t.see("FROM patients");
    t.send(&LEFT.repeat(14));
    t.send("surv\t");
    t.see("SELECT survival_months FROM patients");
    // Functions with what they take: ours and SQL's.
    completes(&mut t, "SELECT radiomics_diag", "radiomics_diagnostics(");
    completes(&mut t, "SELECT percentile_c", "SELECT percentile_cont(");
    completes(&mut t, "SELECT * FROM unpiv", "FROM unpivot_features(");
    t.see("(query), id => column)");
    completes(&mut t, "SELECT * FROM unpivot_features((SELECT 1), i", "id =>");
}

#[test]
fn statements_of_several_lines_are_known_as_a_whole() {
    let mut t = Terminal::start();
    t.run("CREATE TABLE patients AS SELECT 'a' AS patient_id, 3.5 AS survival_months;");
    t.send("SELECT 1 FROM patients\r");
    t.see("   ...>");
    t.send("WHERE surv\t");
    t.see("WHERE survival_months");
}

#[test]
fn files_features_settings_models_and_commands() {
    let mut t = Terminal::start();
    std::fs::create_dir(t.path().join("data")).unwrap();
    std::fs::write(t.path().join("data/clinical.csv"), "a\n1\n").unwrap();
    completes(&mut t, "SELECT * FROM 'da", "FROM 'data/");
    completes(&mut t, "SELECT * FROM 'data/cl", "FROM 'data/clinical.csv");
    completes(&mut t, "\\i data/cl", "\\i data/clinical.csv");
    // What is in a file that stands in FROM.
    std::fs::write(t.path().join("data/x.csv"), "tumour_volume\n1\n").unwrap();
    completes(&mut t, "SELECT 1 FROM 'data/x.csv' WHERE tum", "WHERE tumour_volume");
    completes(
        &mut t,
        "SELECT radiomics(i, m)['original_shape_Vox",
        "['original_shape_VoxelVolume",
    );
    completes(&mut t, "SET radsql.on_", "SET radsql.on_error");
    completes(
        &mut t,
        "SET datafusion.execution.batch_",
        "SET datafusion.execution.batch_size",
    );
    completes(&mut t, "\\timi", "\\timing");
    completes(&mut t, "\\format mark", "\\format markdown");
    completes(&mut t, "\\df radiomics_diag", "\\df radiomics_diagnostics");
}
