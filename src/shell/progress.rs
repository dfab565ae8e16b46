//! A line that tells how far a statement is: on a terminal only, and only for what takes long.
//!
//! It counts the files of folders that are listed, scans, and the steps of statistics; of anything else it tells how long it takes.

use crate::engine::Session;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use radsql_udfs::scan::Work;
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
            // The part that is told, and when it began.
            let mut at: Option<(&'static str, Instant)> = None;
            while stopped.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
                let part = part(Counts::of(&runtime.work).since(before), runtime.work.steps.kind());
                let what = part.as_ref().map(|p| p.what);
                if at.map(|(what, _)| what) != what {
                    at = what.map(|what| (what, Instant::now()));
                }
                if began.elapsed() >= SOON {
                    let took = at.map_or(Duration::ZERO, |(_, since)| since.elapsed());
                    show(bar.get_or_insert_with(line), part.as_ref(), took, began.elapsed());
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

/// The line itself; how long it is comes with what it tells.
fn line() -> ProgressBar {
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
}

/// What the session has done.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    scans: u64,
    scans_asked: u64,
    listed: u64,
    to_list: u64,
    computed: u64,
    cached: u64,
    steps: u64,
    steps_asked: u64,
}

impl Counts {
    fn of(work: &Work) -> Self {
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Self {
            scans: now(&work.scans),
            scans_asked: now(&work.scans_asked),
            listed: now(&work.files_listed),
            to_list: now(&work.files_to_list),
            computed: now(&work.features),
            cached: now(&work.cached_features),
            steps: work.steps.done(),
            steps_asked: work.steps.all(),
        }
    }

    fn since(self, before: Self) -> Self {
        Self {
            scans: self.scans.saturating_sub(before.scans),
            scans_asked: self.scans_asked.saturating_sub(before.scans_asked),
            listed: self.listed.saturating_sub(before.listed),
            to_list: self.to_list.saturating_sub(before.to_list),
            computed: self.computed.saturating_sub(before.computed),
            cached: self.cached.saturating_sub(before.cached),
            steps: self.steps.saturating_sub(before.steps),
            steps_asked: self.steps_asked.saturating_sub(before.steps_asked),
        }
    }
}

/// A part of a statement's work.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    /// What is counted.
    what: &'static str,
    done: u64,
    /// Nothing is known of the end where it is 0.
    all: u64,
    /// What came from the cache.
    more: String,
}

/// The part that a statement is at: the last one of which something is left, or was done.
fn part(done: Counts, steps: &'static str) -> Option<Part> {
    if done.steps_asked > 0 {
        return Some(Part {
            what: steps,
            done: done.steps,
            all: done.steps_asked,
            more: String::new(),
        });
    }
    if done.scans_asked > 0 {
        let all = done.computed + done.cached;
        let more = match done.cached {
            0 => String::new(),
            cached => format!(", {:.0}% from the cache", 100.0 * cached as f64 / all as f64),
        };
        return Some(Part {
            what: "scans",
            done: done.scans,
            all: done.scans_asked,
            more,
        });
    }
    (done.to_list > 0).then(|| Part {
        what: "files listed",
        done: done.listed,
        all: done.to_list,
        more: String::new(),
    })
}

/// How many, how fast, and how long it still takes.
fn told(part: &Part, took: Duration) -> String {
    let Part { what, done, all, more } = part;
    let rate = *done as f64 / took.as_secs_f64().max(0.001);
    let speed = match (*done, rate) {
        (0, _) => String::new(),
        (_, rate) if rate < 10.0 => format!(", {rate:.1} a second"),
        (_, rate) => format!(", {rate:.0} a second"),
    };
    let left = match (*done, all.saturating_sub(*done)) {
        (0, _) | (_, 0) => String::new(),
        (_, left) => format!(", {} left", time(left as f64 / rate)),
    };
    format!("{done} of {all} {what}{speed}{left}{more}")
}

/// Seconds for people.
fn time(seconds: f64) -> String {
    let whole = seconds.ceil() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// Characters of the bar.
const BAR: usize = 24;

/// A bar of which a part is full.
fn filled(part: &Part) -> String {
    let full = match part.all {
        0 => 0,
        all => (part.done.min(all) as f64 / all as f64 * BAR as f64) as usize,
    };
    format!("{}{}", "#".repeat(full), "-".repeat(BAR.saturating_sub(full)))
}

/// Shows a part; without one, that something is done.
fn show(bar: &ProgressBar, part: Option<&Part>, took: Duration, total: Duration) {
    // Bar and numbers are one message, so that they are drawn together.
    let (template, message) = match part {
        Some(part) => ("{msg}", format!("{} {}", filled(part), told(part, took))),
        None => ("{spinner} {msg}", time(total.as_secs_f64().floor())),
    };
    // The templates are right; a wrong one would leave the line as it was.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(message);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told() {
        let two = Duration::from_secs(2);
        let tell = |counts: Counts| part(counts, "replicates").map(|p| told(&p, two));
        assert_eq!(tell(Counts::default()), None);
        let listing = Counts {
            listed: 100,
            to_list: 400,
            ..Counts::default()
        };
        assert_eq!(tell(listing).unwrap(), "100 of 400 files listed, 50 a second, 6 s left");
        let scans = Counts {
            scans: 5,
            scans_asked: 197,
            computed: 30,
            cached: 10,
            ..listing
        };
        assert_eq!(
            tell(scans).unwrap(),
            "5 of 197 scans, 2.5 a second, 1 min 17 s left, 25% from the cache"
        );
        let none = Counts { scans: 0, ..scans };
        assert_eq!(tell(none).unwrap(), "0 of 197 scans, 25% from the cache");
        let steps = Counts {
            steps: 1000,
            steps_asked: 1000,
            ..scans
        };
        assert_eq!(tell(steps).unwrap(), "1000 of 1000 replicates, 500 a second");
        assert_eq!(time(7322.0), "2 h 02 min");
        let half = part(listing, "").map(|p| filled(&p)).unwrap();
        assert_eq!(half, "######------------------");
    }
}
