//! A line that tells how far a statement is: on a terminal only, and only for what takes long.

use crate::engine::Session;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use radsql_udfs::scan::{ScanRuntime, Work};
use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What takes less is not told.
const SOON: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(100);

/// The line of one statement; it goes when this does.
pub struct Progress {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Begins to watch the session's work. Does nothing where standard error is no terminal.
    pub fn watch(session: &Session) -> Self {
        let mut progress = Self {
            stop: None,
            thread: None,
        };
        if !stderr().is_terminal() {
            return progress;
        }
        let (stop, stopped) = channel();
        let runtime = session.runtime();
        let before = Counts::of(&runtime.work);
        // A thread of its own: those of the runtime may all be at work for seconds. Without it nothing is told, which is no error.
        let watch = move || {
            let began = Instant::now();
            let mut bar: Option<ProgressBar> = None;
            while stopped.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
                if began.elapsed() < SOON {
                    continue;
                }
                if let Some(told) = told(&runtime, &before, began.elapsed()) {
                    bar.get_or_insert_with(line).set_message(told);
                }
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
        };
        if let Ok(thread) = std::thread::Builder::new().spawn(watch) {
            progress.stop = Some(stop);
            progress.thread = Some(thread);
        }
        progress
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // The line is gone before results are printed.
            let _ = thread.join();
        }
    }
}

/// The line itself.
fn line() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::default_spinner());
    bar
}

/// What the session has done.
struct Counts {
    scans: u64,
    listed: u64,
    to_list: u64,
    cached: u64,
}

impl Counts {
    fn of(work: &Work) -> Self {
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Self {
            scans: now(&work.scans),
            listed: now(&work.files_listed),
            to_list: now(&work.files_to_list),
            cached: now(&work.cached_features),
        }
    }
}

/// What was done since; nothing where no scan and no folder was looked at.
fn told(runtime: &ScanRuntime, before: &Counts, took: Duration) -> Option<String> {
    let now = Counts::of(&runtime.work);
    let scans = now.scans.saturating_sub(before.scans);
    let listed = now.listed.saturating_sub(before.listed);
    let rate = |n: u64| n as f64 / took.as_secs_f64().max(0.001);
    if scans > 0 {
        let cached = match now.cached.saturating_sub(before.cached) {
            0 => String::new(),
            n => format!(", {n} features from the cache"),
        };
        return Some(format!("{scans} scans, {:.1} a second{cached}", rate(scans)));
    }
    if listed > 0 {
        let all = now.to_list.saturating_sub(before.to_list);
        let left = all.saturating_sub(listed) as f64 / rate(listed);
        return Some(format!(
            "{listed} of {all} files, {:.0} a second, {left:.0} s left",
            rate(listed)
        ));
    }
    None
}
