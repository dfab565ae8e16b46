//! Memory of sessions: one may use much while it is alone, and its share while others need some.

use datafusion::common::{Result, resources_datafusion_err};
use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool, MemoryReservation};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The pool that sessions share, and how many of them use it.
#[derive(Debug)]
pub struct SharedPool {
    inner: Arc<dyn MemoryPool>,
    users: AtomicUsize,
}

impl SharedPool {
    /// Shares of a pool.
    pub fn new(inner: Arc<dyn MemoryPool>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            users: AtomicUsize::new(0),
        })
    }

    /// The share of one more session.
    pub fn share(self: &Arc<Self>) -> Arc<SharePool> {
        Arc::new(SharePool {
            shared: Arc::clone(self),
            used: AtomicUsize::new(0),
        })
    }

    /// Bytes that a session may have: of n sessions that use some, one n-th, and what a further one needs is kept free.
    fn most(&self, limit: usize) -> usize {
        limit / (self.users.load(Ordering::Relaxed) + 1).max(2) * 3 / 2
    }
}

/// A session's share of the memory.
#[derive(Debug)]
pub struct SharePool {
    shared: Arc<SharedPool>,
    used: AtomicUsize,
}

impl fmt::Display for SharePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "share(used: {}) of {}", self.reserved(), self.shared.inner)
    }
}

impl SharePool {
    fn add(&self, bytes: usize) {
        if bytes > 0 && self.used.fetch_add(bytes, Ordering::Relaxed) == 0 {
            self.shared.users.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl MemoryPool for SharePool {
    fn name(&self) -> &str {
        "share"
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.shared.inner.grow(reservation, additional);
        self.add(additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        if shrink > 0 && self.used.fetch_sub(shrink, Ordering::Relaxed) == shrink {
            self.shared.users.fetch_sub(1, Ordering::Relaxed);
        }
        self.shared.inner.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if let MemoryLimit::Finite(limit) = self.shared.inner.memory_limit() {
            let used = self.used.load(Ordering::Relaxed);
            let most = self.shared.most(limit);
            if used.saturating_add(additional) > most {
                return Err(resources_datafusion_err!(
                    "{} needs {additional} bytes of memory; this session uses {used} of the {most} bytes that it may use now",
                    reservation.consumer().name()
                ));
            }
        }
        self.shared.inner.try_grow(reservation, additional)?;
        self.add(additional);
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        match self.shared.inner.memory_limit() {
            MemoryLimit::Finite(limit) => MemoryLimit::Finite(self.shared.most(limit)),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryConsumer};

    #[test]
    fn nobody_takes_it_all() {
        let shared = SharedPool::new(Arc::new(GreedyMemoryPool::new(1200)));
        let (a, b): (Arc<dyn MemoryPool>, Arc<dyn MemoryPool>) = (shared.share(), shared.share());
        let first = MemoryConsumer::new("a").register(&a);
        // Alone: three quarters.
        assert!(first.try_grow(901).is_err());
        first.try_grow(900).unwrap();
        let second = MemoryConsumer::new("b").register(&b);
        second.try_grow(300).unwrap();
        // Two: half each, which the first has already.
        assert!(first.try_grow(1).is_err());
        first.shrink(400);
        second.try_grow(300).unwrap();
        assert!(second.try_grow(1).is_err());
        drop((first, second));
        assert_eq!((a.reserved(), b.reserved()), (0, 0));
        assert_eq!(shared.users.load(Ordering::Relaxed), 0);
    }
}
