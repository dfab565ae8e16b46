//! What operators' tools read on a port of its own: whether the server lives and is ready, and its counts. No data is there.

use crate::server::shared::Shared;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use datafusion::execution::memory_pool::MemoryLimit;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::net::TcpListener;

struct Watched {
    shared: Arc<Shared>,
    registry: Registry,
}

/// Answers until the future is dropped.
///
/// # Errors
/// When the port fails.
pub async fn serve(listener: TcpListener, shared: Arc<Shared>) -> std::io::Result<()> {
    let registry = shared.metrics.registry();
    let pages = Router::new()
        .route("/health", get(async || "ok\n"))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Arc::new(Watched { shared, registry }));
    axum::serve(listener, pages).await
}

async fn ready(State(watched): State<Arc<Watched>>) -> impl IntoResponse {
    match watched.shared.is_stopping() {
        false => (StatusCode::OK, "ready\n"),
        true => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
    }
}

async fn metrics(State(watched): State<Arc<Watched>>) -> impl IntoResponse {
    let shared = &watched.shared;
    let pool = &shared.engine.context().runtime_env().memory_pool;
    let number = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
    shared.metrics.memory.set(number(pool.reserved()));
    shared.metrics.memory_limit.set(match pool.memory_limit() {
        MemoryLimit::Finite(bytes) => number(bytes),
        _ => 0,
    });
    let work = shared.engine.work();
    let counters = [
        (&shared.metrics.scans, &work.scans),
        (&shared.metrics.features, &work.features),
        (&shared.metrics.cached_features, &work.cached_features),
    ];
    for (counter, count) in counters {
        counter.inner().store(count.load(Ordering::Relaxed), Ordering::Relaxed);
    }
    let mut text = String::new();
    match encode(&mut text, &watched.registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
