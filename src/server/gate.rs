//! The gate: every call passes it before anything else looks at the call. It lets in who has signed in, and makes sure that an
//! upload that was broken off is seen as that.

use crate::server::auth::{AuthError, Authenticator};
use crate::server::client::{Client, Clients};
use crate::server::credentials::Credentials;
use crate::server::errors::Fault;
use crate::server::listen::Connection;
use crate::server::log::TARGET;
use crate::server::metrics::SignIn;
use crate::server::shared::Shared;
use crate::server::tokens::{Identity, Token};
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::request::Parts;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::Status;
use tonic::body::Body;
use tonic::transport::server::TlsConnectInfo;
use tower::{Layer, Service, ServiceExt};

/// Whose call it is.
#[derive(Clone)]
pub struct Caller(pub Arc<Client>);

/// The token that this call has made.
#[derive(Clone)]
pub struct NewToken(pub Arc<Token>);

/// Makes gates.
#[derive(Clone)]
pub struct GateLayer {
    doors: Arc<Doors>,
}

struct Doors {
    shared: Arc<Shared>,
    clients: Arc<Clients>,
}

impl GateLayer {
    /// Gates to the sessions of a server.
    pub fn new(shared: Arc<Shared>, clients: Arc<Clients>) -> Self {
        let doors = Arc::new(Doors { shared, clients });
        Self { doors }
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        let doors = Arc::clone(&self.doors);
        Gate { inner, doors }
    }
}

/// A service behind a gate.
#[derive(Clone)]
pub struct Gate<S> {
    inner: S,
    doors: Arc<Doors>,
}

type Answering<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

impl<S> Service<Request<Body>> for Gate<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answering<Infallible>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (doors, inner) = (Arc::clone(&self.doors), self.inner.clone());
        Box::pin(async move {
            let (mut parts, inner_body) = request.into_parts();
            let entered = match doors.enter(&parts).await {
                Ok(entered) => entered,
                Err(status) => return Ok(status.into_http()),
            };
            // Nobody behind the gate needs it.
            parts.headers.remove(AUTHORIZATION);
            parts.extensions.insert(Caller(entered.client));
            if let Some(token) = &entered.token {
                parts.extensions.insert(NewToken(Arc::clone(token)));
            }
            let whole = Body::new(Whole { inner: inner_body });
            let mut response = inner.oneshot(Request::from_parts(parts, whole)).await?;
            if let Some(token) = entered.token
                && let Ok(mut value) = HeaderValue::try_from(format!("Bearer {}", token.expose()))
            {
                value.set_sensitive(true);
                response.headers_mut().insert(AUTHORIZATION, value);
            }
            Ok(response)
        })
    }
}

struct Entered {
    client: Arc<Client>,
    token: Option<Arc<Token>>,
}

fn connection(request: &Parts) -> Option<&Connection> {
    let extensions = &request.extensions;
    let tls = extensions
        .get::<TlsConnectInfo<Connection>>()
        .map(TlsConnectInfo::get_ref);
    tls.or_else(|| extensions.get())
}

impl Doors {
    async fn enter(&self, request: &Parts) -> Result<Entered, Status> {
        let connection = connection(request);
        if connection.is_some_and(|c| c.is_over) {
            let most = self.shared.limits.connections;
            return Err(Fault::TooMuch(format!("the server has {most} connections, the most allowed")).into());
        }
        let entered = self.sign_in(request, connection).await?;
        if let Some(connection) = connection {
            connection.let_in(entered.client.identity.session);
        }
        Ok(entered)
    }

    async fn sign_in(&self, request: &Parts, connection: Option<&Connection>) -> Result<Entered, Status> {
        let header = request.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let credentials = Authenticator::read_header(header).map_err(|e| self.refuse(&e))?;
        match credentials {
            Credentials::Bearer(token) => {
                let identity = self.shared.auth.bearer(&token).map_err(|e| self.refuse(&e))?;
                self.known(identity)
            }
            Credentials::Basic { user, password } => {
                // A client that shows its password with every call has one session a connection.
                // Calls that come at once wait for the first of them.
                let _turn = match connection {
                    Some(connection) => Some(connection.turn().await),
                    None => None,
                };
                if let Some(client) = connection.and_then(|c| c.signed_in(&user, &password))
                    && self.shared.auth.is_living(client.identity.session)
                {
                    return Ok(Entered { client, token: None });
                }
                let signed_in = self.shared.auth.basic(&user, &password).await;
                let (token, identity) = signed_in.map_err(|e| self.refuse(&e))?;
                self.count("ok");
                tracing::info!(target: TARGET, user = %identity.user, role = %identity.role, "signed in");
                let entered = self.known(identity)?;
                let is_handshake = request.uri.path().ends_with("/Handshake");
                if let (false, Some(connection)) = (is_handshake, connection) {
                    connection.remember(&user, &password, &entered.client);
                }
                Ok(Entered {
                    token: Some(Arc::new(token)),
                    ..entered
                })
            }
        }
    }

    fn known(&self, identity: Identity) -> Result<Entered, Status> {
        let client = self.clients.of(identity, &self.shared)?;
        Ok(Entered { client, token: None })
    }

    fn count(&self, outcome: &'static str) {
        self.shared.metrics.sign_ins.get_or_create(&SignIn { outcome }).inc();
    }

    fn refuse(&self, error: &AuthError) -> Status {
        let text = error.to_string();
        match error {
            AuthError::Refused => {
                self.count("refused");
                // Who it claimed to be may be a password typed in the wrong place.
                tracing::info!(target: TARGET, "sign-in refused");
                Status::unauthenticated(text)
            }
            AuthError::Busy | AuthError::Sessions(_) => {
                self.count("too_much");
                tracing::info!(target: TARGET, "sign-in refused: too many");
                Status::resource_exhausted(text)
            }
            _ => {
                self.count("defect");
                tracing::error!(target: TARGET, "sign-in is not possible");
                Status::internal(text)
            }
        }
    }
}

/// A request's body that fails when it ends before its end. The HTTP library takes a stream that its client has reset for one
/// that is complete; a table that was half sent would look like a whole one.
struct Whole {
    inner: Body,
}

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx));
        // Of a request, tonic takes an error with the code CANCELLED for its end as well.
        let broken = || Some(Err(Status::aborted("the client broke off")));
        Poll::Ready(match frame {
            None if !self.inner.is_end_stream() => broken(),
            Some(Err(_)) => broken(),
            frame => frame,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
