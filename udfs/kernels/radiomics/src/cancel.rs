use crate::error::RadiomicsError;
use std::sync::atomic::{AtomicBool, Ordering};

/// Voxels worked on between two looks at the flag.
pub(crate) const BLOCK: usize = 1 << 16;

/// A caller's wish to stop, looked at between pieces of work of a few milliseconds.
#[derive(Clone, Copy)]
pub(crate) struct Cancel<'a>(pub(crate) &'a AtomicBool);

impl Cancel<'_> {
    /// Fails once the flag is set.
    pub(crate) fn check(self) -> Result<(), RadiomicsError> {
        if self.0.load(Ordering::Relaxed) {
            Err(RadiomicsError::Cancelled)
        } else {
            Ok(())
        }
    }

    /// As [`Cancel::check`], on every 256th round of a loop.
    pub(crate) fn check_at(self, round: usize) -> Result<(), RadiomicsError> {
        if round & 255 == 255 { self.check() } else { Ok(()) }
    }
}
