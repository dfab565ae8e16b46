//! How far computations are that take long: replicates of a bootstrap, penalties of the paths of a cross-validation, models.
//!
//! As with [`crate::interruptible`], the counters are those of a thread, so that code in between has nothing to say about them.
//! Loops count each of their turns; a turn takes far longer than that.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

thread_local! {
    static STEPS: RefCell<Option<Arc<Steps>>> = const { RefCell::new(None) };
}

/// Steps done and to do. Both only grow, the second whenever a loop begins.
#[derive(Debug, Default)]
pub struct Steps {
    done: AtomicU64,
    all: AtomicU64,
    /// What the steps of the loop that began last are.
    kind: Mutex<&'static str>,
}

impl Steps {
    /// Steps done.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Steps that loops began with.
    pub fn all(&self) -> u64 {
        self.all.load(Ordering::Relaxed)
    }

    /// What they are, in the plural, such as `replicates`.
    pub fn kind(&self) -> &'static str {
        *self.kind.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Computes, and counts the steps of that.
pub fn watched<T>(steps: &Arc<Steps>, work: impl FnOnce() -> T) -> T {
    within(Some(Arc::clone(steps)), work)
}

/// The counters of this thread, for threads that help it.
pub(crate) fn current() -> Option<Arc<Steps>> {
    STEPS.with_borrow(Clone::clone)
}

/// Works with counters.
pub(crate) fn within<T>(steps: Option<Arc<Steps>>, work: impl FnOnce() -> T) -> T {
    struct Reset(Option<Arc<Steps>>);
    impl Drop for Reset {
        fn drop(&mut self) {
            STEPS.set(self.0.take());
        }
    }
    let _reset = Reset(STEPS.replace(steps));
    work()
}

/// The steps of one loop; those that were not needed count as done when it ends.
pub(crate) struct Loop {
    steps: Option<Arc<Steps>>,
    left: u64,
}

impl Loop {
    /// A loop of at most so many steps, which are called `kind`.
    pub(crate) fn of(kind: &'static str, all: usize) -> Self {
        let steps = current();
        let left = all as u64;
        if let Some(steps) = &steps {
            *steps.kind.lock().unwrap_or_else(PoisonError::into_inner) = kind;
            steps.all.fetch_add(left, Ordering::Relaxed);
        }
        Self { steps, left }
    }

    /// One more is done.
    pub(crate) fn step(&mut self) {
        self.advance(1);
    }

    fn advance(&mut self, by: u64) {
        let by = by.min(self.left);
        self.left -= by;
        if let Some(steps) = &self.steps {
            steps.done.fetch_add(by, Ordering::Relaxed);
        }
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.advance(self.left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_count_their_steps_where_somebody_watches() {
        let steps = Arc::new(Steps::default());
        let work = || {
            let mut steps = Loop::of("replicates", 5);
            steps.step();
            steps.step();
            current().map(|s| (s.done(), s.all(), s.kind()))
        };
        assert_eq!(work(), None);
        assert_eq!(watched(&steps, work), Some((2, 5, "replicates")));
        assert_eq!((steps.done(), steps.all()), (5, 5), "the rest was not needed");
        assert!(current().is_none());
    }
}
