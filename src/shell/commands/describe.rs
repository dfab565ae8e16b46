//! `\d`

use super::{Command, Flow, Trouble, functions, tables};
use crate::shell::printers::type_name;
use crate::shell::script::Script;
use crate::shell::statement::shown;
use datafusion::arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use datafusion::common::TableReference;
use std::sync::Arc;

pub const COMMAND: Command = Command {
    name: "d",
    arguments: "[NAME]",
    help: "lists tables and views, or shows the columns of one, or what a function takes",
    words: &[],
    run: |script, call| {
        Box::pin(async move {
            match call.text {
                "" => tables::list(script, "").await?,
                name => describe(script, name).await?,
            }
            Ok(Flow::On)
        })
    },
};

async fn describe(script: &mut Script, name: &str) -> Result<(), Trouble> {
    // In quotes it is a file, as in FROM.
    let named = match name.strip_prefix('\'').and_then(|n| n.strip_suffix('\'')) {
        Some(file) => TableReference::bare(file),
        None => TableReference::parse_str_normalized(name, true),
    };
    let named = script.session().placed(named);
    let table = script.session().context().table_provider(named.clone()).await;
    let Ok(table) = table else {
        if functions::describe(script, name)? {
            return Ok(());
        }
        return Err(Trouble::Here(format!(
            "no table, view or function is called '{name}'; \\dt lists the tables"
        )));
    };
    let schema = table.schema();
    let fields = schema.fields();
    let text = |values: Vec<String>| Arc::new(StringArray::from(values)) as ArrayRef;
    let comments = script.session().comments_of(&named);
    let comment = |column: Option<&str>| {
        let found = comments.iter().find(|c| c.column.as_deref() == column);
        found.map(|c| shown(&c.text))
    };
    let mut columns = vec![
        ("column", text(fields.iter().map(|f| f.name().clone()).collect())),
        ("type", text(fields.iter().map(|f| type_name(f.data_type())).collect())),
        (
            "null",
            Arc::new(BooleanArray::from_iter(fields.iter().map(|f| Some(f.is_nullable())))) as ArrayRef,
        ),
    ];
    if comments.iter().any(|c| c.column.is_some()) {
        let said = fields.iter().map(|f| comment(Some(f.name().as_str())));
        columns.push(("comment", Arc::new(StringArray::from_iter(said)) as ArrayRef));
    }
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)));
    script.show_batch(&batch.map_err(|e| e.to_string())?)?;
    if let Some(comment) = comment(None) {
        script.say_beside(&comment)?;
    }
    if let Some(definition) = table.get_table_definition() {
        script.say_beside(&shown(definition))?;
    }
    Ok(())
}
