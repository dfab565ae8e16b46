//! The service as it is called: the library's answers to malformed calls in our words, and GetSchema.

use crate::server::flight::FlightSql;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::{
    Action, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo, HandshakeRequest, PollInfo, SchemaResult, Ticket,
};
use std::sync::Arc;
use tonic::{Code, Request, Response, Status, Streaming};

/// Flight SQL and what the library leaves out.
#[derive(Clone)]
pub struct Front(Arc<FlightSql>);

impl Front {
    /// In front of a service.
    pub fn new(inner: FlightSql) -> Self {
        Self(Arc::new(inner))
    }
}

/// The library tells what it could not decode in its own types' words.
fn plain(status: Status) -> Status {
    let text = status.message();
    let from_library = [
        "DecodeError",
        "ParseError",
        "Unable to",
        "Not yet implemented",
        "has no default implementation",
    ];
    if !from_library.iter().any(|mark| text.contains(mark)) {
        return status;
    }
    match status.code() {
        Code::Unimplemented => Status::unimplemented("the server does not offer this call"),
        _ => Status::invalid_argument("the call cannot be read as one of Flight SQL"),
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl FlightService for Front {
    type HandshakeStream = <FlightSql as FlightService>::HandshakeStream;
    type ListFlightsStream = <FlightSql as FlightService>::ListFlightsStream;
    type DoGetStream = <FlightSql as FlightService>::DoGetStream;
    type DoPutStream = <FlightSql as FlightService>::DoPutStream;
    type DoActionStream = <FlightSql as FlightService>::DoActionStream;
    type ListActionsStream = <FlightSql as FlightService>::ListActionsStream;
    type DoExchangeStream = <FlightSql as FlightService>::DoExchangeStream;

    async fn handshake(&self, request: Request<Streaming<HandshakeRequest>>) -> Answer<Self::HandshakeStream> {
        self.0.handshake(request).await.map_err(plain)
    }

    async fn list_flights(&self, _: Request<Criteria>) -> Answer<Self::ListFlightsStream> {
        // Results are announced to who asks for them; there is nothing to list.
        Ok(Response::new(Box::pin(futures::stream::empty())))
    }

    async fn get_flight_info(&self, request: Request<FlightDescriptor>) -> Answer<FlightInfo> {
        self.0.get_flight_info(request).await.map_err(plain)
    }

    async fn poll_flight_info(&self, _: Request<FlightDescriptor>) -> Answer<PollInfo> {
        Err(Status::unimplemented("the server does not offer this call"))
    }

    async fn get_schema(&self, request: Request<FlightDescriptor>) -> Answer<SchemaResult> {
        self.0.schema(request).await.map_err(plain)
    }

    async fn do_get(&self, request: Request<Ticket>) -> Answer<Self::DoGetStream> {
        self.0.do_get(request).await.map_err(plain)
    }

    async fn do_put(&self, request: Request<Streaming<FlightData>>) -> Answer<Self::DoPutStream> {
        self.0.do_put(request).await.map_err(plain)
    }

    async fn do_action(&self, request: Request<Action>) -> Answer<Self::DoActionStream> {
        self.0.do_action(request).await.map_err(plain)
    }

    async fn list_actions(&self, request: Request<Empty>) -> Answer<Self::ListActionsStream> {
        self.0.list_actions(request).await
    }

    async fn do_exchange(&self, _: Request<Streaming<FlightData>>) -> Answer<Self::DoExchangeStream> {
        Err(Status::unimplemented("the server does not offer this call"))
    }
}
