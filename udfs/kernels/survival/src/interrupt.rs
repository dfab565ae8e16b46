//! Computations that can be stopped from outside: a query that nobody waits for any more ends within milliseconds, however
//! long a fit would have taken.
//!
//! Long loops look at a flag of their thread. A stopped computation unwinds to where it was begun, past code that has nothing to
//! say about it, as `rayon` and `salsa` do it; the panic hook is not called.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    static STOP: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// The computation was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Interrupted;

/// Computes, until `stop` is true.
///
/// # Errors
/// [`Interrupted`] when it was stopped.
///
/// # Panics
/// With the panic of `work`.
pub fn interruptible<T>(stop: &Arc<AtomicBool>, work: impl FnOnce() -> T) -> Result<T, Interrupted> {
    // What was half computed is dropped with the stack.
    let answer = catch_unwind(AssertUnwindSafe(|| within(Some(Arc::clone(stop)), work)));
    answer.map_err(|panic| match panic.downcast::<Interrupted>() {
        Ok(stopped) => *stopped,
        Err(panic) => resume_unwind(panic),
    })
}

/// The flag of this thread, for threads that help it.
pub(crate) fn current() -> Option<Arc<AtomicBool>> {
    STOP.with_borrow(Clone::clone)
}

/// Works with a flag.
pub(crate) fn within<T>(stop: Option<Arc<AtomicBool>>, work: impl FnOnce() -> T) -> T {
    struct Reset(Option<Arc<AtomicBool>>);
    impl Drop for Reset {
        fn drop(&mut self) {
            STOP.set(self.0.take());
        }
    }
    let _reset = Reset(STOP.replace(stop));
    work()
}

/// Unwinds when the computation was stopped. Cheap enough for each pass over the rows.
pub(crate) fn check() {
    let stopped = STOP.with_borrow(|stop| stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)));
    if stopped {
        resume_unwind(Box::new(Interrupted));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_where_it_looks_and_only_then() {
        let stop = Arc::new(AtomicBool::new(false));
        assert_eq!(interruptible(&stop, || 7), Ok(7));
        let mut passes = 0;
        let stopped = interruptible(&stop, || {
            loop {
                passes += 1;
                stop.store(passes == 3, Ordering::Relaxed);
                check();
            }
        });
        assert_eq!((stopped, passes), (Err::<(), _>(Interrupted), 3));
        // Nothing is left of it.
        check();
        assert!(current().is_none());
    }

    #[test]
    fn a_defect_stays_one() {
        let stop = Arc::new(AtomicBool::new(false));
        let panics = catch_unwind(|| interruptible(&stop, || -> u8 { panic!("defect") }));
        assert!(panics.is_err());
    }
}
