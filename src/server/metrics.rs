//! Counts and times for operators, in the text format of Prometheus, with nothing of what was asked or answered.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

/// A statement's kind and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Ended {
    /// query, update, command, ingest.
    pub kind: &'static str,
    /// ok, or the kind of error.
    pub outcome: &'static str,
}

/// A sign-in and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SignIn {
    /// ok, refused, too_much.
    pub outcome: &'static str,
}

/// What is counted.
#[derive(Debug)]
pub struct Metrics {
    /// Statements that ended.
    pub statements: Family<Ended, Counter>,
    /// Seconds that each took.
    pub seconds: Family<Ended, Histogram, fn() -> Histogram>,
    /// Rows sent and received.
    pub rows: Counter,
    /// Statements under way.
    pub running: Gauge,
    /// Sign-ins.
    pub sign_ins: Family<SignIn, Counter>,
    /// Connections.
    pub connections: Gauge,
    /// Sessions.
    pub sessions: Gauge,
    /// Bytes of the memory limit in use.
    pub memory: Gauge,
    /// The memory limit.
    pub memory_limit: Gauge,
    /// Scans finished.
    pub scans: Counter<u64, AtomicU64>,
    /// Features computed.
    pub features: Counter<u64, AtomicU64>,
    /// Features that the cache gave.
    pub cached_features: Counter<u64, AtomicU64>,
}

impl Default for Metrics {
    /// Nothing counted yet.
    fn default() -> Self {
        let buckets = || Histogram::new([0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 600.0, 3600.0]);
        Self {
            seconds: Family::new_with_constructor(buckets),
            statements: Family::default(),
            rows: Counter::default(),
            running: Gauge::default(),
            sign_ins: Family::default(),
            connections: Gauge::default(),
            sessions: Gauge::default(),
            memory: Gauge::default(),
            memory_limit: Gauge::default(),
            scans: Counter::default(),
            features: Counter::default(),
            cached_features: Counter::default(),
        }
    }
}

impl Metrics {
    /// Everything, as the registry writes it.
    pub fn registry(&self) -> Registry {
        let mut r = Registry::with_prefix("radsql");
        r.register("statements", "Statements that ended", self.statements.clone());
        r.register(
            "statement_seconds",
            "Seconds that statements took",
            self.seconds.clone(),
        );
        r.register("rows", "Rows sent to clients and taken from them", self.rows.clone());
        r.register("statements_running", "Statements under way", self.running.clone());
        r.register("sign_ins", "Sign-ins with a password", self.sign_ins.clone());
        r.register("connections", "Open connections", self.connections.clone());
        r.register("sessions", "Open sessions", self.sessions.clone());
        r.register("memory_bytes", "Bytes of the memory limit in use", self.memory.clone());
        r.register(
            "memory_limit_bytes",
            "The memory limit; 0 is none",
            self.memory_limit.clone(),
        );
        r.register("scans", "Scans that functions finished", self.scans.clone());
        r.register("features", "Features computed", self.features.clone());
        r.register(
            "features_cached",
            "Features that the cache gave",
            self.cached_features.clone(),
        );
        r
    }
}
