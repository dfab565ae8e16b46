//! Keys and signals that stop a statement, or the process.

use super::printers::{end_all, is_paging};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, LazyLock};
use tokio::sync::Notify;

/// Whether files of results are completed when the process is ended from outside: in a shell, whose user has seen them come.
static KEEP: AtomicBool = AtomicBool::new(false);

/// Told when the user presses Ctrl-C.
static PRESSED: LazyLock<Arc<Notify>> = LazyLock::new(|| {
    let pressed = Arc::new(Notify::new());
    let notify = Arc::clone(&pressed);
    let (ready, is_ready) = channel();
    // A thread of its own: those of the runtime may all be at work for seconds.
    std::thread::spawn(move || {
        // Without it the key ends the process, as it does in any other.
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(hear(&notify, ready));
        }
    });
    // From here on no key is lost. An error is that there is no thread.
    let _ = is_ready.recv();
    pressed
});

/// Begins to listen. `keep` says whether files of results are completed when the process is ended from outside.
pub fn listen(keep: bool) {
    KEEP.store(keep, Ordering::Relaxed);
    LazyLock::force(&PRESSED);
}

/// Ends when the user presses Ctrl-C.
pub async fn interrupted() {
    PRESSED.notified().await;
}

#[cfg(unix)]
async fn hear(pressed: &Notify, ready: Sender<()>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut key), Ok(mut end)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        return;
    };
    // Under nohup it is to be ignored, and stays so.
    let mut gone = match is_ignored(SignalKind::hangup()) {
        true => None,
        false => signal(SignalKind::hangup()).ok(),
    };
    drop(ready);
    loop {
        let status = tokio::select! {
            _ = key.recv() => {
                // In a pager the key is the pager's.
                if !is_paging() {
                    pressed.notify_waiters();
                }
                continue;
            }
            _ = end.recv() => 128 + SignalKind::terminate().as_raw_value(),
            () = heard(&mut gone) => 128 + SignalKind::hangup().as_raw_value(),
        };
        end_all(KEEP.load(Ordering::Relaxed));
        std::process::exit(status);
    }
}

#[cfg(unix)]
async fn heard(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Whether who started the process has it ignore a signal; where that cannot be told, it is left as it is.
#[cfg(unix)]
fn is_ignored(signal: tokio::signal::unix::SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask >> (signal.as_raw_value() - 1) & 1 == 1)
}

#[cfg(not(unix))]
async fn hear(pressed: &Notify, ready: Sender<()>) {
    drop(ready);
    while tokio::signal::ctrl_c().await.is_ok() {
        if !is_paging() {
            pressed.notify_waiters();
        }
    }
}
