//! A memory pool whose limit `SET radsql.memory_limit` changes while the session lives.

use datafusion::common::{Result, resources_datafusion_err};
use datafusion::execution::memory_pool::{MemoryLimit as Reported, MemoryPool, MemoryReservation};
use radsql_udfs::options::MemoryLimit;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

/// First come, first served, up to the limit.
#[derive(Debug)]
pub struct SessionPool {
    limit: MemoryLimit,
    used: AtomicUsize,
}

impl SessionPool {
    /// An empty pool.
    pub fn new(limit: MemoryLimit) -> Self {
        Self {
            limit,
            used: AtomicUsize::new(0),
        }
    }
}

impl fmt::Display for SessionPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "radsql(used: {}, limit: {})", self.reserved(), self.limit.bytes())
    }
}

impl MemoryPool for SessionPool {
    fn name(&self) -> &str {
        "radsql"
    }

    fn grow(&self, _: &MemoryReservation, additional: usize) {
        self.used.fetch_add(additional, Ordering::Relaxed);
    }

    fn shrink(&self, _: &MemoryReservation, shrink: usize) {
        self.used.fetch_sub(shrink, Ordering::Relaxed);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let limit = self.limit.bytes();
        let fits = |used: usize| {
            used.checked_add(additional)
                .filter(|total| limit == 0 || *total <= limit)
        };
        match self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(_) => Ok(()),
            Err(used) => Err(resources_datafusion_err!(
                "{} needs {additional} bytes of memory; {used} of radsql.memory_limit = {limit} bytes are in use",
                reservation.consumer().name()
            )),
        }
    }

    fn reserved(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> Reported {
        match self.limit.bytes() {
            0 => Reported::Infinite,
            n => Reported::Finite(n),
        }
    }
}
