//! Memory of sessions: one may use much while it is alone, and its share while others need some.

use datafusion::common::{Result, resources_datafusion_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
            state: Mutex::default(),
        })
    }

    /// Bytes that a session may have: of n sessions that use some, one n-th, and what a further one needs is kept free.
    fn most(&self, limit: usize) -> usize {
        limit / (self.users.load(Ordering::Relaxed) + 1).max(2) * 3 / 2
    }
}

/// A session's share of the memory.
///
/// What its queries can write to disk shares three quarters of it evenly, so that one sort does not take what its own merge
/// needs to go on.
#[derive(Debug)]
pub struct SharePool {
    shared: Arc<SharedPool>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    used: usize,
    /// Consumers that can write to disk, and what they use.
    spillers: usize,
    spillable: usize,
}

impl fmt::Display for SharePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "share(used: {}) of {}", self.reserved(), self.shared.inner)
    }
}

impl SharePool {
    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock leaves the numbers half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, state: &mut State, reservation: &MemoryReservation, bytes: usize) {
        if bytes > 0 && state.used == 0 {
            self.shared.users.fetch_add(1, Ordering::Relaxed);
        }
        state.used += bytes;
        if reservation.consumer().can_spill() {
            state.spillable += bytes;
        }
    }
}

impl MemoryPool for SharePool {
    fn name(&self) -> &str {
        "share"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.shared.inner.register(consumer);
        if consumer.can_spill() {
            self.state().spillers += 1;
        }
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        if consumer.can_spill() {
            let mut state = self.state();
            state.spillers = state.spillers.saturating_sub(1);
        }
        self.shared.inner.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.shared.inner.grow(reservation, additional);
        self.add(&mut self.state(), reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let mut state = self.state();
        state.used = state.used.saturating_sub(shrink);
        if reservation.consumer().can_spill() {
            state.spillable = state.spillable.saturating_sub(shrink);
        }
        if shrink > 0 && state.used == 0 {
            self.shared.users.fetch_sub(1, Ordering::Relaxed);
        }
        drop(state);
        self.shared.inner.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut state = self.state();
        if let MemoryLimit::Finite(limit) = self.shared.inner.memory_limit() {
            let most = self.shared.most(limit);
            let (used, may_use) = match reservation.consumer().can_spill() {
                true => {
                    let others = state.used.saturating_sub(state.spillable);
                    let all = (most / 4 * 3).min(most.saturating_sub(others));
                    (reservation.size(), all / state.spillers.max(1))
                }
                false => (state.used, most),
            };
            if used.saturating_add(additional) > may_use {
                return Err(resources_datafusion_err!(
                    "{} needs {additional} bytes of memory; {used} of the {may_use} bytes that this session may use for it \
                     now are in use",
                    reservation.consumer().name()
                ));
            }
        }
        self.shared.inner.try_grow(reservation, additional)?;
        self.add(&mut state, reservation, additional);
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.state().used
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
    use datafusion::execution::memory_pool::GreedyMemoryPool;

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
        // What can be written to disk leaves a quarter, and shares the rest.
        second.free();
        first.free();
        let spilling = |name: &str| MemoryConsumer::new(name).with_can_spill(true).register(&a);
        let (sort, other) = (spilling("sort"), spilling("other"));
        sort.try_grow(337).unwrap();
        assert!(sort.try_grow(1).is_err());
        other.try_grow(300).unwrap();
        let merge = MemoryConsumer::new("merge").register(&a);
        merge.try_grow(200).unwrap();
        drop((merge, sort, other));
        drop((first, second));
        assert_eq!((a.reserved(), b.reserved()), (0, 0));
        assert_eq!(shared.users.load(Ordering::Relaxed), 0);
    }
}
