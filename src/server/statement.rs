//! Statements: planned once, run when their rows are asked for.

use crate::engine::{ModelStatement, Planned};
use crate::server::client::Client;
use crate::server::errors::Fault;
use crate::server::log::Fingerprint;
use crate::server::parameters::{self, Parameter, Values};
use crate::server::running::Places;
use crate::server::{running, settings, wire};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{LogicalPlan, Statement as Command, TransactionConclusion};
use datafusion::physical_plan::EmptyRecordBatchStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Gives rows and changes nothing.
    Query,
    /// Changes rows, and gives their number.
    Update,
    /// Changes tables, models or the session.
    Command,
}

impl Kind {
    /// The kind in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Update => "update",
            Self::Command => "command",
        }
    }

    fn of(planned: &Planned) -> Self {
        match planned {
            Planned::Plan(LogicalPlan::Dml(_) | LogicalPlan::Copy(_)) => Self::Update,
            Planned::Plan(LogicalPlan::Ddl(_) | LogicalPlan::Statement(_)) => Self::Command,
            Planned::Plan(_) | Planned::Model(ModelStatement::Show) => Self::Query,
            Planned::Model(_) | Planned::Catalog(_) => Self::Command,
        }
    }
}

/// A statement that may be run.
#[derive(Debug)]
pub struct Statement {
    /// As the client wrote it.
    pub text: String,
    /// For logs.
    pub fingerprint: Fingerprint,
    /// What it does.
    pub kind: Kind,
    /// The columns that clients get.
    pub schema: SchemaRef,
    /// What stands for values in it.
    pub parameters: Vec<Parameter>,
    planned: Planned,
    /// What the changes of the server and of the session were.
    changes: Changes,
}

/// What the changes of the server, of the session and of its databases were.
type Changes = (u64, u64, i64);

impl Statement {
    /// Reads and plans a statement, and checks that the user may run it. Nothing is changed by that.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn plan(client: &Arc<Client>, text: &str) -> Result<Arc<Self>, Fault> {
        let most = client.shared.limits.statement_bytes;
        if text.len() > most {
            // Before anything reads it.
            return Err(Fault::TooMuch(format!(
                "the statement has {} bytes and may have {most}; send data as rows or parameters, not as text",
                text.len()
            )));
        }
        let (session, text) = (Arc::clone(client), text.to_owned());
        let fingerprint = Fingerprint::of(&text);
        let planners = Arc::clone(&client.shared.planners);
        // Held by the work, which nobody may be waiting for any more.
        let place = planners.acquire_owned().await.map_err(|_| Fault::Stopping)?;
        let work = move || async move {
            let _place = place;
            let changes = changes(&session);
            let numbered = parameters::number(&text)?;
            let fail = |e: DataFusionError| Fault::engine(e, &text);
            let mut planned = session.engine.plan(&numbered).await.map_err(fail)?;
            if let Planned::Plan(plan @ LogicalPlan::Statement(Command::Execute(_))) = planned {
                // What was prepared takes its place, so that its columns and what it does are known.
                let frame = session
                    .engine
                    .context()
                    .execute_logical_plan(plan)
                    .await
                    .map_err(fail)?;
                planned = Planned::Plan(frame.into_unoptimized_plan());
            }
            settings::permit(session.identity.role, &planned)?;
            let schema = match &planned {
                Planned::Plan(plan) => wire::schema(plan.schema().as_arrow()),
                Planned::Model(ModelStatement::Show) => {
                    let frame = session.engine.context().sql(crate::engine::SHOW_MODELS).await;
                    wire::schema(frame.map_err(fail)?.schema().as_arrow())
                }
                Planned::Model(_) | Planned::Catalog(_) => Arc::new(Schema::empty()),
            };
            let parameters = match &planned {
                // A statement that is prepared in SQL has its parameters for itself.
                Planned::Plan(LogicalPlan::Statement(_)) | Planned::Model(_) | Planned::Catalog(_) => vec![],
                Planned::Plan(plan) => parameters::of(plan).map_err(fail)?,
            };
            Ok(Arc::new(Self {
                fingerprint,
                kind: Kind::of(&planned),
                schema,
                parameters,
                planned,
                changes,
                text,
            }))
        };
        let planned = client.shared.threads.deep(work).await;
        if let Err(fault) = &planned {
            running::refused(client, fingerprint, fault);
        }
        planned
    }

    /// The statement, planned anew where something has changed since.
    ///
    /// # Errors
    /// As [`Statement::plan`].
    pub async fn current(self: &Arc<Self>, client: &Arc<Client>) -> Result<Arc<Self>, Fault> {
        match self.changes == changes(client) {
            true => Ok(Arc::clone(self)),
            false => Self::plan(client, &self.text).await,
        }
    }

    /// The statement with values in the place of its parameters.
    ///
    /// # Errors
    /// When they are too few, too many or of other types.
    pub fn bind(&self, values: &Values) -> Result<Arc<Self>, Fault> {
        parameters::check(&self.parameters, values)?;
        let planned = match &self.planned {
            Planned::Plan(plan) if !self.parameters.is_empty() => {
                let values = parameters::cast(&self.parameters, values)?;
                let bound = plan.clone().with_param_values(values);
                Planned::Plan(bound.map_err(|e| Fault::engine(e, &self.text))?)
            }
            other => other.clone(),
        };
        let schema = match &planned {
            Planned::Plan(plan) if !self.parameters.is_empty() => wire::schema(plan.schema().as_arrow()),
            _ => Arc::clone(&self.schema),
        };
        Ok(Arc::new(Self {
            text: self.text.clone(),
            fingerprint: self.fingerprint,
            kind: self.kind,
            schema,
            parameters: vec![],
            planned,
            changes: self.changes,
        }))
    }

    /// Begins to run it: what changes something has changed it when the rows, if any, can be read.
    ///
    /// # Errors
    /// Why it cannot be run.
    pub async fn run(
        self: &Arc<Self>,
        client: &Arc<Client>,
        places: &Places,
    ) -> Result<SendableRecordBatchStream, Fault> {
        let (statement, session, places) = (Arc::clone(self), Arc::clone(client), places.clone());
        let work = move || async move {
            let rows = statement.start(session).await;
            drop(places);
            rows
        };
        client.shared.threads.deep(work).await
    }

    async fn start(self: Arc<Self>, session: Arc<Client>) -> Result<SendableRecordBatchStream, Fault> {
        let nothing =
            || Ok(Box::pin(EmptyRecordBatchStream::new(Arc::new(Schema::empty()))) as SendableRecordBatchStream);
        match &self.planned {
            Planned::Plan(LogicalPlan::Statement(Command::TransactionStart(_))) => {
                session.begin()?;
                return nothing();
            }
            Planned::Plan(LogicalPlan::Statement(Command::TransactionEnd(end))) => {
                session.end(end.conclusion == TransactionConclusion::Commit)?;
                return nothing();
            }
            Planned::Plan(LogicalPlan::Statement(Command::Prepare(prepare))) => session.prepares(&prepare.name)?,
            Planned::Plan(LogicalPlan::Statement(Command::Deallocate(gone))) => session.deallocates(&gone.name),
            _ => {}
        }
        let fail = |e: DataFusionError| Fault::engine(e, &self.text);
        if self.writes() {
            session.wrote();
        }
        let frame = session
            .engine
            .execute_text(self.planned.clone(), Some(&self.text))
            .await;
        match self.kind {
            Kind::Command if self.writes() => session.shared.changes.fetch_add(1, Ordering::AcqRel),
            Kind::Command => session.changes.fetch_add(1, Ordering::AcqRel),
            _ => 0,
        };
        frame.map_err(fail)?.execute_stream().await.map_err(fail)
    }

    /// Whether a transaction could not undo it.
    fn writes(&self) -> bool {
        match self.kind {
            Kind::Query => false,
            Kind::Update => true,
            Kind::Command => !matches!(self.planned, Planned::Plan(LogicalPlan::Statement(_))),
        }
    }

    /// The columns that a driver is told when it prepares the statement: none for one that changes something, by which drivers
    /// know that they should ask for a number of rows.
    pub fn result_schema(&self) -> SchemaRef {
        match self.kind {
            Kind::Query => Arc::clone(&self.schema),
            Kind::Update | Kind::Command => Arc::new(Schema::empty()),
        }
    }
}

/// What has changed so far that may change what a statement means.
fn changes(client: &Client) -> Changes {
    let of = |count: &AtomicU64| count.load(Ordering::Acquire);
    // Other processes change a database as well.
    let databases = client.engine.databases_changed();
    (of(&client.shared.changes), of(&client.changes), databases)
}

/// A statement that a client may run again and again, with values of its own.
#[derive(Debug)]
pub struct Prepared {
    statement: Mutex<Arc<Statement>>,
    bound: Mutex<Vec<Values>>,
}

impl Prepared {
    /// Without values.
    pub fn new(statement: Arc<Statement>) -> Self {
        Self {
            statement: Mutex::new(statement),
            bound: Mutex::default(),
        }
    }

    /// The statement, as it is now.
    ///
    /// # Errors
    /// As [`Statement::plan`].
    pub async fn statement(&self, client: &Arc<Client>) -> Result<Arc<Statement>, Fault> {
        let then = Arc::clone(&self.statement.lock().unwrap_or_else(PoisonError::into_inner));
        let now = then.current(client).await?;
        *self.statement.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&now);
        Ok(now)
    }

    /// Takes the values of its next run, one set a row.
    pub fn set(&self, values: Vec<Values>) {
        *self.bound.lock().unwrap_or_else(PoisonError::into_inner) = values;
    }

    /// What its next run consists of.
    ///
    /// # Errors
    /// When values are missing or do not fit.
    pub async fn ready(&self, client: &Arc<Client>) -> Result<Ready, Fault> {
        let statement = self.statement(client).await?;
        let values = self.bound.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ready::new(&statement, &values)
    }
}

/// Statements that are run one after the other, as one: one for each set of values.
#[derive(Debug, Clone)]
pub struct Ready {
    /// At least one; all have the same columns.
    pub statements: Vec<Arc<Statement>>,
    /// What they gave, where they were run already.
    pub done: Option<Vec<RecordBatch>>,
}

impl Ready {
    /// A statement with each of these sets of values, or as it is where there are none.
    ///
    /// # Errors
    /// As [`Statement::bind`].
    pub fn new(statement: &Arc<Statement>, values: &[Values]) -> Result<Self, Fault> {
        let statements = match values {
            [] => vec![statement.bind(&Values::new())?],
            several => several.iter().map(|v| statement.bind(v)).collect::<Result<_, _>>()?,
        };
        Ok(Self { statements, done: None })
    }

    /// Runs what changes something, so that it has happened when the client hears of its result. Drivers fetch no rows of a
    /// CREATE TABLE. A query runs when its rows are asked for.
    ///
    /// # Errors
    /// Why it could not be run.
    pub async fn run_changes(self, client: &Arc<Client>) -> Result<Self, Fault> {
        if self.done.is_some() || self.first().is_none_or(|s| s.kind == Kind::Query) {
            return Ok(self);
        }
        let done = running::collect(client, self.clone()).await?;
        Ok(Self {
            done: Some(done),
            ..self
        })
    }

    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        self.first()
            .map_or_else(|| Arc::new(Schema::empty()), |s| Arc::clone(&s.schema))
    }

    /// What stands for all in logs.
    pub fn first(&self) -> Option<&Arc<Statement>> {
        self.statements.first()
    }
}
