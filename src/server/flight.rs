//! Flight SQL: calls of clients as work of their sessions.

use crate::server::client::{Client, Clients};
use crate::server::errors::Fault;
use crate::server::gate::Caller;
use crate::server::options::{self, CLOSED, CloseSessionResult, SetSessionOptionsRequest};
use crate::server::parameters::{self, Values};
use crate::server::running::{self, ready_made};
use crate::server::shared::Shared;
use crate::server::statement::{Prepared, Ready, Statement};
use crate::server::{ingest, metadata};
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::metadata::{SqlInfoData, XdbcTypeInfoData};
use arrow_flight::sql::server::{FlightSqlService, PeekableFlightDataStream};
use arrow_flight::sql::*;
use arrow_flight::{
    Action, ActionType, FlightDescriptor, FlightEndpoint, FlightInfo, HandshakeRequest, HandshakeResponse, IpcMessage,
    SchemaAsIpc, SchemaResult, Ticket,
};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::ipc::writer::IpcWriteOptions;
use datafusion::common::ScalarValue;
use futures::{Stream, TryStreamExt, stream};
use prost::Message;
use std::pin::Pin;
use std::sync::Arc;
use tonic::{Request, Response, Status, Streaming};

/// The service.
pub struct FlightSql {
    shared: Arc<Shared>,
    clients: Arc<Clients>,
    info: SqlInfoData,
    types: XdbcTypeInfoData,
}

type Rows = <FlightSql as FlightService>::DoGetStream;
type Answer<T> = Result<Response<T>, Status>;

impl FlightSql {
    /// A service for the sessions of a server.
    pub fn new(shared: Arc<Shared>, clients: Arc<Clients>, info: SqlInfoData, types: XdbcTypeInfoData) -> Self {
        Self {
            shared,
            clients,
            info,
            types,
        }
    }

    /// The session of a call. The gate has let it in; without a session there is nothing to answer.
    fn client<T>(&self, request: &Request<T>) -> Result<Arc<Client>, Status> {
        match request.extensions().get::<Caller>() {
            Some(Caller(client)) => Ok(Arc::clone(client)),
            None => Err(Status::unauthenticated("authentication failed")),
        }
    }

    async fn ready(&self, client: &Arc<Client>, ready: Ready, descriptor: FlightDescriptor) -> Answer<FlightInfo> {
        let schema = ready.schema();
        let ready = ready.run_changes(client).await?;
        let handle = client.keep_ready(ready)?;
        let ticket = TicketStatementQuery {
            statement_handle: handle.to_vec().into(),
        };
        info(&schema, &ticket, descriptor)
    }

    /// The columns of what a descriptor asks for.
    ///
    /// # Errors
    /// As `get_flight_info`.
    pub async fn schema(&self, request: Request<FlightDescriptor>) -> Answer<SchemaResult> {
        let client = self.client(&request)?;
        let asked = Any::decode(&*request.get_ref().cmd).ok();
        let asked = asked.and_then(|any| Command::try_from(any).ok());
        // Statements are planned for it and not run.
        let schema = match asked {
            Some(Command::CommandStatementQuery(query)) => {
                let statement = Statement::plan(&client, &query.query).await?;
                ipc(&statement.schema)?
            }
            Some(Command::CommandPreparedStatementQuery(query)) => {
                let prepared = client.prepared(&query.prepared_statement_handle)?;
                let statement = prepared.statement(&client).await?;
                ipc(&statement.schema)?
            }
            _ => self.get_flight_info(request).await?.into_inner().schema,
        };
        Ok(Response::new(SchemaResult { schema }))
    }

    fn metadata(&self, batch: RecordBatch) -> Answer<Rows> {
        let rows = ready_made(batch.schema(), vec![batch]);
        Ok(Response::new(Box::pin(rows)))
    }

    fn rows(&self, client: &Arc<Client>, ready: Ready) -> Answer<Rows> {
        match ready.done {
            Some(batches) => Ok(Response::new(Box::pin(ready_made(
                ready
                    .statements
                    .first()
                    .map_or_else(|| Arc::new(Schema::empty()), |s| Arc::clone(&s.schema)),
                batches,
            )))),
            None => Ok(Response::new(Box::pin(running::rows(client, ready)?))),
        }
    }

    /// The values that a client sends for so many parameters.
    async fn values(
        &self,
        client: &Arc<Client>,
        messages: PeekableFlightDataStream,
        parameters: usize,
    ) -> Result<Vec<Values>, Fault> {
        // Some drivers send the command alone where there are no values.
        let filled = messages.try_filter(|message| std::future::ready(!message.data_header.is_empty()));
        let mut batches = FlightRecordBatchStream::new_from_flight_data(filled.map_err(FlightError::from));
        let broken = |_| Fault::Invalid("the values of parameters cannot be read".to_owned());
        let most = client.shared.limits.message_bytes;
        let (mut values, mut bytes) = (vec![], 0);
        while let Some(batch) = batches.try_next().await.map_err(broken)? {
            if batch.num_columns() != parameters {
                return Err(parameters::count(parameters, batch.num_columns()));
            }
            // A row costs much more here than on its way.
            bytes += batch.get_array_memory_size() + batch.num_rows() * (parameters + 1) * size_of::<ScalarValue>();
            if parameters == 0 && batch.num_rows() > 1 || bytes > most {
                return Err(Fault::TooMuch(format!(
                    "values of parameters may take {most} bytes in all; ingest tables instead"
                )));
            }
            values.extend(parameters::rows(&batch)?);
        }
        Ok(values)
    }
}

/// One endpoint without an address: the rows come from here. Some tools read the first endpoint only.
fn info(schema: &SchemaRef, ticket: &impl ProstMessageExt, descriptor: FlightDescriptor) -> Answer<FlightInfo> {
    let ticket = Ticket::new(ticket.as_any().encode_to_vec());
    let info = FlightInfo::new()
        .try_with_schema(schema)
        .map_err(|_| Fault::Defect)?
        .with_endpoint(FlightEndpoint::new().with_ticket(ticket))
        .with_descriptor(descriptor);
    Ok(Response::new(info))
}

fn ipc(schema: &Schema) -> Result<bytes::Bytes, Fault> {
    let IpcMessage(bytes) = SchemaAsIpc::new(schema, &IpcWriteOptions::default())
        .try_into()
        .map_err(|_| Fault::Defect)?;
    Ok(bytes)
}

type Handshakes = Pin<Box<dyn Stream<Item = Result<HandshakeResponse, Status>> + Send>>;

#[tonic::async_trait]
impl FlightSqlService for FlightSql {
    type FlightService = Self;

    /// The gate has read the password and puts the token into the answer's header; it stands in the message too, for clients
    /// that look there.
    async fn do_handshake(&self, request: Request<Streaming<HandshakeRequest>>) -> Answer<Handshakes> {
        let token = request.extensions().get::<crate::server::gate::NewToken>().cloned();
        let payload = token
            .map(|t| bytes::Bytes::from(t.0.expose().to_owned()))
            .unwrap_or_default();
        let answer = HandshakeResponse {
            protocol_version: 0,
            payload,
        };
        Ok(Response::new(Box::pin(stream::iter([Ok(answer)]))))
    }

    async fn get_flight_info_statement(
        &self,
        query: CommandStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        let client = self.client(&request)?;
        let statement = Statement::plan(&client, &query.query).await?;
        self.ready(&client, Ready::new(&statement, &[])?, request.into_inner())
            .await
    }

    async fn get_flight_info_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        let client = self.client(&request)?;
        let prepared = client.prepared(&query.prepared_statement_handle)?;
        let ready = prepared.ready(&client).await?;
        self.ready(&client, ready, request.into_inner()).await
    }

    async fn do_get_statement(&self, ticket: TicketStatementQuery, request: Request<Ticket>) -> Answer<Rows> {
        let client = self.client(&request)?;
        let ready = client.take_ready(&ticket.statement_handle)?;
        self.rows(&client, ready)
    }

    async fn do_get_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<Ticket>,
    ) -> Answer<Rows> {
        let client = self.client(&request)?;
        let prepared = client.prepared(&query.prepared_statement_handle)?;
        let ready = prepared.ready(&client).await?;
        self.rows(&client, ready)
    }

    async fn get_flight_info_catalogs(
        &self,
        query: CommandGetCatalogs,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        let ticket = query;
        info(&query.into_builder().schema(), &ticket, request.into_inner())
    }

    async fn do_get_catalogs(&self, query: CommandGetCatalogs, request: Request<Ticket>) -> Answer<Rows> {
        self.metadata(metadata::catalogs(&*self.client(&request)?, query)?)
    }

    async fn get_flight_info_schemas(
        &self,
        query: CommandGetDbSchemas,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        let schema = query.clone().into_builder().schema();
        info(&schema, &query, request.into_inner())
    }

    async fn do_get_schemas(&self, query: CommandGetDbSchemas, request: Request<Ticket>) -> Answer<Rows> {
        self.metadata(metadata::db_schemas(&*self.client(&request)?, query)?)
    }

    async fn get_flight_info_tables(
        &self,
        query: CommandGetTables,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        let schema = query.clone().into_builder().schema();
        info(&schema, &query, request.into_inner())
    }

    async fn do_get_tables(&self, query: CommandGetTables, request: Request<Ticket>) -> Answer<Rows> {
        let client = self.client(&request)?;
        self.metadata(metadata::tables(&client, query).await?)
    }

    async fn get_flight_info_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        info(&metadata::table_types_schema(), &query, request.into_inner())
    }

    async fn do_get_table_types(&self, _: CommandGetTableTypes, _: Request<Ticket>) -> Answer<Rows> {
        self.metadata(metadata::table_types()?)
    }

    async fn get_flight_info_sql_info(
        &self,
        query: CommandGetSqlInfo,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        let schema = query.clone().into_builder(&self.info).schema();
        info(&schema, &query, request.into_inner())
    }

    async fn do_get_sql_info(&self, query: CommandGetSqlInfo, _: Request<Ticket>) -> Answer<Rows> {
        let batch = query.into_builder(&self.info).build().map_err(|_| Fault::Defect)?;
        self.metadata(batch)
    }

    async fn get_flight_info_xdbc_type_info(
        &self,
        query: CommandGetXdbcTypeInfo,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        info(&self.types.schema(), &query, request.into_inner())
    }

    async fn do_get_xdbc_type_info(&self, query: CommandGetXdbcTypeInfo, _: Request<Ticket>) -> Answer<Rows> {
        self.metadata(self.types.record_batch(query.data_type).map_err(|_| Fault::Defect)?)
    }

    async fn get_flight_info_primary_keys(
        &self,
        query: CommandGetPrimaryKeys,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        info(&metadata::primary_keys_schema(), &query, request.into_inner())
    }

    async fn do_get_primary_keys(&self, _: CommandGetPrimaryKeys, _: Request<Ticket>) -> Answer<Rows> {
        self.metadata(metadata::empty(&metadata::primary_keys_schema())?)
    }

    async fn get_flight_info_exported_keys(
        &self,
        query: CommandGetExportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        info(&metadata::foreign_keys_schema(), &query, request.into_inner())
    }

    async fn do_get_exported_keys(&self, _: CommandGetExportedKeys, _: Request<Ticket>) -> Answer<Rows> {
        self.metadata(metadata::empty(&metadata::foreign_keys_schema())?)
    }

    async fn get_flight_info_imported_keys(
        &self,
        query: CommandGetImportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        info(&metadata::foreign_keys_schema(), &query, request.into_inner())
    }

    async fn do_get_imported_keys(&self, _: CommandGetImportedKeys, _: Request<Ticket>) -> Answer<Rows> {
        self.metadata(metadata::empty(&metadata::foreign_keys_schema())?)
    }

    async fn get_flight_info_cross_reference(
        &self,
        query: CommandGetCrossReference,
        request: Request<FlightDescriptor>,
    ) -> Answer<FlightInfo> {
        info(&metadata::foreign_keys_schema(), &query, request.into_inner())
    }

    async fn do_get_cross_reference(&self, _: CommandGetCrossReference, _: Request<Ticket>) -> Answer<Rows> {
        self.metadata(metadata::empty(&metadata::foreign_keys_schema())?)
    }

    async fn do_put_statement_update(
        &self,
        command: CommandStatementUpdate,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        let client = self.client(&request)?;
        let statement = Statement::plan(&client, &command.query).await?;
        Ok(running::update(&client, Ready::new(&statement, &[])?).await?)
    }

    async fn do_put_statement_ingest(
        &self,
        command: CommandStatementIngest,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        let client = self.client(&request)?;
        Ok(ingest::ingest(&client, command, request.into_inner()).await?)
    }

    async fn do_put_prepared_statement_query(
        &self,
        command: CommandPreparedStatementQuery,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<DoPutPreparedStatementResult, Status> {
        let client = self.client(&request)?;
        let prepared = client.prepared(&command.prepared_statement_handle)?;
        let parameters = prepared.statement(&client).await?.parameters.len();
        prepared.set(self.values(&client, request.into_inner(), parameters).await?);
        Ok(DoPutPreparedStatementResult {
            prepared_statement_handle: Some(command.prepared_statement_handle),
        })
    }

    async fn do_put_prepared_statement_update(
        &self,
        command: CommandPreparedStatementUpdate,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        let client = self.client(&request)?;
        let prepared = client.prepared(&command.prepared_statement_handle)?;
        let parameters = prepared.statement(&client).await?.parameters.len();
        let values = self.values(&client, request.into_inner(), parameters).await?;
        if !values.is_empty() {
            prepared.set(values);
        }
        let ready = prepared.ready(&client).await?;
        Ok(running::update(&client, ready).await?)
    }

    async fn do_action_create_prepared_statement(
        &self,
        query: ActionCreatePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        let client = self.client(&request)?;
        let statement = Statement::plan(&client, &query.query).await?;
        let (columns, parameters) = (statement.result_schema(), parameters::schema(&statement.parameters));
        let handle = client.keep_prepared(Prepared::new(statement))?;
        Ok(ActionCreatePreparedStatementResult {
            prepared_statement_handle: handle.to_vec().into(),
            dataset_schema: ipc(&columns)?,
            parameter_schema: ipc(&parameters)?,
        })
    }

    async fn do_action_close_prepared_statement(
        &self,
        query: ActionClosePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<(), Status> {
        let client = self.client(&request)?;
        match client.forget(&query.prepared_statement_handle) {
            true => Ok(()),
            false => Err(Fault::NotFound("this session has no such prepared statement".into()).into()),
        }
    }

    async fn do_action_begin_transaction(
        &self,
        _: ActionBeginTransactionRequest,
        request: Request<Action>,
    ) -> Result<ActionBeginTransactionResult, Status> {
        self.client(&request)?.begin()?;
        Ok(ActionBeginTransactionResult {
            transaction_id: bytes::Bytes::from_static(b"transaction"),
        })
    }

    async fn do_action_end_transaction(
        &self,
        query: ActionEndTransactionRequest,
        request: Request<Action>,
    ) -> Result<(), Status> {
        let commit = query.action == EndTransaction::Commit as i32;
        Ok(self.client(&request)?.end(commit)?)
    }

    async fn do_action_cancel_query(
        &self,
        query: ActionCancelQueryRequest,
        request: Request<Action>,
    ) -> Result<ActionCancelQueryResult, Status> {
        let client = self.client(&request)?;
        // A result that is being fetched ends when its reader lets go; one that waits is forgotten.
        let forgotten = FlightInfo::decode(&*query.info)
            .map(|info| forget_tickets(&client, &info))
            .unwrap_or(false);
        let result = if forgotten { CANCELLED } else { NOT_CANCELLABLE };
        Ok(ActionCancelQueryResult { result })
    }

    async fn list_custom_actions(&self) -> Option<Vec<Result<ActionType, Status>>> {
        let actions = [
            ("SetSessionOptions", "Sets options of the session."),
            ("GetSessionOptions", "Tells the options of the session."),
            ("CloseSession", "Ends the session and its token."),
            ("CancelFlightInfo", "Forgets a result that was announced."),
        ];
        let action = |(name, description): (&str, &str)| {
            Ok(ActionType {
                r#type: name.into(),
                description: description.into(),
            })
        };
        Some(actions.into_iter().map(action).collect())
    }

    async fn do_action_fallback(&self, request: Request<Action>) -> Answer<<Self as FlightService>::DoActionStream> {
        let client = self.client(&request)?;
        let action = request.into_inner();
        let unreadable = |_| Fault::Invalid(format!("the body of {} cannot be read", action.r#type));
        let body = match action.r#type.as_str() {
            "SetSessionOptions" => {
                let asked = SetSessionOptionsRequest::decode(&*action.body).map_err(unreadable)?;
                options::set_all(&client, asked).await.encode_to_vec()
            }
            "GetSessionOptions" => options::of(&client).encode_to_vec(),
            "CloseSession" => {
                self.shared.auth.tokens().revoke(client.identity.session);
                self.clients.keep_living(&self.shared);
                CloseSessionResult { status: CLOSED }.encode_to_vec()
            }
            "CancelFlightInfo" => {
                let asked = arrow_flight::CancelFlightInfoRequest::decode(&*action.body).map_err(unreadable)?;
                let forgotten = asked.info.is_some_and(|info| forget_tickets(&client, &info));
                let status = match forgotten {
                    true => arrow_flight::CancelStatus::Cancelled,
                    false => arrow_flight::CancelStatus::NotCancellable,
                };
                arrow_flight::CancelFlightInfoResult { status: status as i32 }.encode_to_vec()
            }
            other => return Err(Fault::Unsupported(format!("there is no action '{other}'")).into()),
        };
        let result = arrow_flight::Result { body: body.into() };
        Ok(Response::new(Box::pin(stream::iter([Ok(result)]))))
    }

    async fn register_sql_info(&self, _: i32, _: &SqlInfo) {}
}

/// Answers to CancelQuery (FlightSql.proto; the library keeps its names for itself).
const CANCELLED: i32 = 1;
const NOT_CANCELLABLE: i32 = 3;

/// Forgets what the tickets of an announced result stand for; whether there was something.
fn forget_tickets(client: &Client, info: &FlightInfo) -> bool {
    let tickets = info.endpoint.iter().filter_map(|e| e.ticket.as_ref());
    let handle = |ticket: &Ticket| {
        let any = Any::decode(&*ticket.ticket).ok()?;
        any.unpack::<TicketStatementQuery>().ok()?.map(|t| t.statement_handle)
    };
    let mut forgotten = false;
    for handle in tickets.filter_map(handle) {
        forgotten |= client.forget(&handle);
    }
    forgotten
}
