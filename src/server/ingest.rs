//! Tables that clients send: all their batches, or nothing.

use crate::engine::Store;
use crate::server::client::Client;
use crate::server::errors::Fault;
use crate::server::log::Fingerprint;
use crate::server::names::Role;
use crate::server::running::Running;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::sql::server::PeekableFlightDataStream;
use arrow_flight::sql::{CommandStatementIngest, TableExistsOption, TableNotExistOption};
use datafusion::common::{DataFusionError, TableReference};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, TryStreamExt, stream};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What an ingest asks to do with a table that is there, or not.
fn how(command: &CommandStatementIngest) -> Result<Store, Fault> {
    let options = command.table_definition_options.unwrap_or_default();
    let absent = TableNotExistOption::try_from(options.if_not_exist);
    let present = TableExistsOption::try_from(options.if_exists);
    Ok(match (absent, present) {
        (Ok(TableNotExistOption::Create), Ok(TableExistsOption::Append)) => Store::CreateAppend,
        (Ok(TableNotExistOption::Create), Ok(TableExistsOption::Replace)) => Store::Replace,
        (Ok(TableNotExistOption::Create), Ok(_)) => Store::Create,
        (Ok(_), Ok(TableExistsOption::Append)) => Store::Append,
        _ => {
            return Err(Fault::Invalid(
                "an ingest makes a table, appends to it, replaces it, or makes or appends; found another combination"
                    .into(),
            ));
        }
    })
}

fn name(command: &CommandStatementIngest) -> TableReference {
    let schema = match command.temporary {
        true => Some(crate::engine::TEMPORARY.to_owned()),
        false => command.schema.clone().filter(|s| !s.is_empty()),
    };
    match (command.catalog.clone().filter(|c| !c.is_empty()), schema) {
        (Some(catalog), Some(schema)) => TableReference::full(catalog, schema, command.table.clone()),
        (_, Some(schema)) => TableReference::partial(schema, command.table.clone()),
        (_, None) => TableReference::bare(command.table.clone()),
    }
}

/// Takes a client's batches and keeps them in a table. Gives the number of rows.
///
/// # Errors
/// When the user may not, when the table is there or not against what was asked, when the stream breaks off: then nothing was
/// changed.
pub async fn ingest(
    client: &Arc<Client>,
    command: CommandStatementIngest,
    messages: PeekableFlightDataStream,
) -> Result<i64, Fault> {
    let (how, mut name) = (how(&command)?, name(&command));
    // What may make a table means the one that all share.
    if how == Store::Append {
        name = client.engine.placed(name);
    }
    let is_own = name.schema().is_some() && client.engine.is_temporary(&name);
    if command.table.is_empty() {
        return Err(Fault::Invalid("an ingest names a table; found none".into()));
    }
    if client.identity.role == Role::Reader && !is_own {
        return Err(Fault::Forbidden(
            "your role is reader: you may ingest temporary tables only".into(),
        ));
    }
    if !is_own
        && let Some(schema) = name.schema()
        && client.engine.context().state().schema_for_ref(name.clone()).is_err()
    {
        return Err(Fault::NotFound(format!("there is no schema '{schema}'")));
    }
    let mut running = Running::new(client, Fingerprint::of(&name.to_string()), "ingest")?;
    let (session, text) = (Arc::clone(client), name.to_string());
    let work = async move {
        let fail = |e: DataFusionError| Fault::engine(e, &text);
        let decoded = FlightRecordBatchStream::new_from_flight_data(messages.map_err(FlightError::from));
        let mut decoded = decoded;
        // The schema comes with the first message, before any batch.
        let first = decoded.next().await;
        let Some(schema) = decoded.schema().cloned() else {
            return match first {
                Some(Err(e)) => Err(fail(broken(e))),
                _ => Err(Fault::Invalid("an ingest begins with a schema; found none".into())),
            };
        };
        let all = stream::iter(first).chain(decoded).map_err(broken);
        let batches = RecordBatchStreamAdapter::new(schema, all);
        session.wrote();
        let rows = session.engine.store(name, Box::pin(batches), how).await;
        session.shared.changes.fetch_add(1, Ordering::AcqRel);
        rows.map_err(fail)
    };
    let result = running.on_query_threads(work).await;
    if let Ok(rows) = &result {
        running.add_rows(*rows);
    }
    running.ended(&result);
    result.map(|rows| i64::try_from(rows).unwrap_or(i64::MAX))
}

/// Why the client's stream ended before its end.
fn broken(e: FlightError) -> DataFusionError {
    match e {
        FlightError::Arrow(e) => DataFusionError::ArrowError(Box::new(e), None),
        _ => DataFusionError::Execution("the upload broke off; nothing of it was kept".into()),
    }
}
