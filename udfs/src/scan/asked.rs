//! Which images and masks a part of a plan asks for, whatever names them: a table of scans, a literal, a column of paths.

use crate::reference::ScanRef;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The images and masks that functions were asked for while this listened.
#[derive(Debug, Default)]
pub struct Asked(Mutex<BTreeSet<String>>);

thread_local! {
    static ASKED: RefCell<Option<Arc<Asked>>> = const { RefCell::new(None) };
}

impl Asked {
    /// In the order of their text.
    pub fn references(&self) -> Vec<String> {
        let references = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        references.iter().cloned().collect()
    }

    /// Polls or calls something on this thread: what functions are asked for meanwhile is kept here.
    pub fn over<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        struct Reset(Option<Arc<Asked>>);
        impl Drop for Reset {
            fn drop(&mut self) {
                ASKED.set(self.0.take());
            }
        }
        let _reset = Reset(ASKED.replace(Some(Arc::clone(self))));
        work()
    }
}

/// A function is asked for these on this thread.
pub(super) fn note(rows: &[Option<ScanRef>]) {
    ASKED.with_borrow(|asked| {
        if let Some(asked) = asked {
            let mut references = asked.0.lock().unwrap_or_else(PoisonError::into_inner);
            for scan in rows.iter().flatten() {
                references.extend(std::iter::once(&scan.image).chain(&scan.mask).cloned());
            }
        }
    });
}
