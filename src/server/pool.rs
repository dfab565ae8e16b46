//! Memory of sessions: one may use much while it is alone, and its share while others need some.

use datafusion::common::{Result, resources_datafusion_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The pool that sessions share, and how many of them run statements.
#[derive(Debug)]
pub struct SharedPool {
    inner: Arc<dyn MemoryPool>,
    users: AtomicUsize,
}

/// The memory of tables, which stay when the session that made them is gone: half of all, so that queries can go on.
#[derive(Debug)]
pub struct TablesPool {
    inner: Arc<dyn MemoryPool>,
    used: AtomicUsize,
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

    /// The memory of tables.
    pub fn tables(&self) -> Arc<TablesPool> {
        Arc::new(TablesPool {
            inner: Arc::clone(&self.inner),
            used: AtomicUsize::new(0),
        })
    }

    /// Bytes that a session may have: of n sessions that run statements, one n-th; of one alone, three quarters.
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
    statements: usize,
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

    /// Takes part in the memory while a statement runs.
    pub fn begin(self: &Arc<Self>) -> Taking {
        let mut state = self.state();
        state.statements += 1;
        if state.statements == 1 {
            self.shared.users.fetch_add(1, Ordering::Relaxed);
        }
        Taking(Arc::clone(self))
    }

    fn add(&self, state: &mut State, reservation: &MemoryReservation, bytes: usize) {
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

/// A statement that takes part in its session's share.
#[derive(Debug)]
pub struct Taking(Arc<SharePool>);

impl Drop for Taking {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.statements = state.statements.saturating_sub(1);
        if state.statements == 0 {
            self.0.shared.users.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Display for TablesPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tables(used: {}) of {}", self.reserved(), self.inner)
    }
}

impl MemoryPool for TablesPool {
    fn name(&self) -> &str {
        "tables"
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.inner.grow(reservation, additional);
        self.used.fetch_add(additional, Ordering::Relaxed);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.used.fetch_sub(shrink, Ordering::Relaxed);
        self.inner.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if let MemoryLimit::Finite(most) = self.memory_limit() {
            let fits = |used: usize| used.checked_add(additional).filter(|all| *all <= most);
            if let Err(used) = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
                return Err(resources_datafusion_err!(
                    "{} needs {additional} bytes of memory; tables use {used} of the {most} bytes that they may use",
                    reservation.consumer().name()
                ));
            }
        } else {
            self.used.fetch_add(additional, Ordering::Relaxed);
        }
        let grown = self.inner.try_grow(reservation, additional);
        if grown.is_err() {
            self.used.fetch_sub(additional, Ordering::Relaxed);
        }
        grown
    }

    fn reserved(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        match self.inner.memory_limit() {
            MemoryLimit::Finite(limit) => MemoryLimit::Finite(limit / 2),
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
        let (one, two) = (shared.share(), shared.share());
        let (a, b): (Arc<dyn MemoryPool>, Arc<dyn MemoryPool>) = (Arc::clone(&one) as _, Arc::clone(&two) as _);
        let first = MemoryConsumer::new("a").register(&a);
        let running = one.begin();
        // Alone: three quarters.
        assert!(first.try_grow(901).is_err());
        first.try_grow(900).unwrap();
        let second = MemoryConsumer::new("b").register(&b);
        let other = two.begin();
        second.try_grow(300).unwrap();
        // Two: half each, which the first has already.
        assert!(first.try_grow(1).is_err());
        first.shrink(400);
        second.try_grow(300).unwrap();
        assert!(second.try_grow(1).is_err());
        // One that holds something and runs nothing leaves the other its part.
        drop(other);
        second.free();
        let idle = MemoryConsumer::new("idle").register(&b);
        idle.try_grow(1).unwrap();
        first.try_grow(400).unwrap();
        first.free();
        // Tables: half, and their makers' shares are free of them.
        let tables: Arc<dyn MemoryPool> = shared.tables();
        let table = MemoryConsumer::new("table").register(&tables);
        table.try_grow(600).unwrap();
        assert!(table.try_grow(1).is_err());
        table.free();
        drop(idle);
        // What can be written to disk leaves a quarter, and shares the rest.
        let spilling = |name: &str| MemoryConsumer::new(name).with_can_spill(true).register(&a);
        let (sort, other) = (spilling("sort"), spilling("other"));
        sort.try_grow(337).unwrap();
        assert!(sort.try_grow(1).is_err());
        other.try_grow(300).unwrap();
        let merge = MemoryConsumer::new("merge").register(&a);
        merge.try_grow(200).unwrap();
        drop((merge, sort, other));
        drop((first, second, running));
        assert_eq!((a.reserved(), b.reserved()), (0, 0));
        assert_eq!(shared.users.load(Ordering::Relaxed), 0);
    }
}
