//! Slows down those who guess passwords.
//!
//! A name has a few free failures; after them its attempts go one at a time, each after a delay that doubles. Failures of
//! all names together add a small delay for everyone, so that one password tried on many names is slow too (OWASP,
//! Authentication Cheat Sheet). Nothing here knows which names exist. Who waits holds no thread and no lock.

use crate::server::pace::{Answer, Key, State};
pub use crate::server::pace::{Full, ThrottleLimits};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::Notify;

/// Hands out turns to try a password.
pub struct Throttle {
    state: Mutex<State>,
    changed: Notify,
}

impl Throttle {
    /// No failures yet.
    pub fn new(limits: ThrottleLimits) -> Self {
        Self {
            state: Mutex::new(State::new(limits)),
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a password of this name, of any text, may be tried. Needs a tokio runtime with time.
    ///
    /// # Errors
    /// [`Full`] at once when too many attempts are pending.
    pub async fn turn(self: &Arc<Self>, name: &str) -> Result<Turn, Full> {
        let key = *blake3::hash(name.as_bytes()).as_bytes();
        let arrival = now();
        self.state().enter(key, arrival)?;
        let mut turn = Turn {
            throttle: Arc::clone(self),
            key,
            stage: Stage::Waiting,
        };
        loop {
            // Before asking, so that no change between is missed.
            let changed = self.changed.notified();
            let answer = self.state().ask(&key, arrival, now());
            match answer {
                Answer::Go => {
                    turn.stage = Stage::Running;
                    return Ok(turn);
                }
                Answer::WaitForOthers => changed.await,
                Answer::Wait(time) => {
                    // Either way it asks again.
                    let _ = tokio::time::timeout(time, changed).await;
                }
            }
        }
    }
}

/// Tests stop and move tokio's clock.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Running,
    Done,
}

/// The right to try one password. Dropped without a word, as by a client that hangs up, it counts as a failure.
pub struct Turn {
    throttle: Arc<Throttle>,
    key: Key,
    stage: Stage,
}

impl Turn {
    /// Tells how it went.
    pub fn settle(mut self, good: bool) {
        self.end(good);
    }

    fn end(&mut self, good: bool) {
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Waiting => self.throttle.state().leave(&self.key),
            Stage::Running => self.throttle.state().settle(&self.key, good, now()),
            Stage::Done => return,
        }
        self.throttle.changed.notify_waiters();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.end(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::{Instant as Clock, advance};

    fn throttle(change: impl FnOnce(&mut ThrottleLimits)) -> Arc<Throttle> {
        let mut limits = ThrottleLimits::default();
        change(&mut limits);
        Arc::new(Throttle::new(limits))
    }

    async fn attempt(throttle: &Arc<Throttle>, name: &str, good: bool) -> u128 {
        let start = Clock::now();
        throttle.turn(name).await.unwrap().settle(good);
        start.elapsed().as_millis()
    }

    #[tokio::test(start_paused = true)]
    async fn the_delay_grows_for_the_name_alone_and_ends_with_a_success() {
        let t = throttle(|_| ());
        let mut delays = Vec::new();
        for _ in 0..13 {
            delays.push(attempt(&t, "ada", false).await);
        }
        let grown = [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000];
        assert_eq!(delays[..5], [0; 5]);
        // tokio's timer has steps of 1 ms.
        assert!(
            delays[5..].iter().zip(grown).all(|(d, g)| (g..=g + 1).contains(d)),
            "{delays:?}"
        );
        assert_eq!(attempt(&t, "bob", false).await, 0);
        attempt(&t, "ada", true).await;
        assert_eq!(attempt(&t, "ada", false).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn old_failures_are_forgotten() {
        let t = throttle(|_| ());
        for _ in 0..8 {
            attempt(&t, "ada", false).await;
        }
        advance(Duration::from_secs(900)).await;
        assert_eq!(attempt(&t, "ada", false).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn many_at_once_get_no_more_guesses() {
        let t = throttle(|_| ());
        let start = Clock::now();
        let tasks = (0..8).map(|_| {
            let t = Arc::clone(&t);
            tokio::spawn(async move {
                let turn = t.turn("ada").await.unwrap();
                tokio::task::yield_now().await;
                turn.settle(false);
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert!(
            (1750..1760).contains(&start.elapsed().as_millis()),
            "{:?}",
            start.elapsed()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn many_at_once_with_the_right_password_do_not_wait() {
        let t = throttle(|_| ());
        let start = Clock::now();
        let tasks = (0..100).map(|_| {
            let t = Arc::clone(&t);
            tokio::spawn(async move { attempt(&t, "ada", true).await })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert!(t.state().names.is_empty() && t.state().pending == 0);
    }

    #[tokio::test(start_paused = true)]
    async fn one_password_on_many_names_is_slow_too() {
        let t = throttle(|_| ());
        for i in 0..400 {
            attempt(&t, &format!("u{i}"), false).await;
        }
        let delay = attempt(&t, "ada", true).await;
        // One guesser in a row settles at the rate at which failures are forgotten, one a second.
        assert!((500..=2001).contains(&delay), "{delay}");
        advance(Duration::from_secs(101)).await;
        assert_eq!(attempt(&t, "ada", true).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_pending_and_remembered_is_bounded() {
        let t = throttle(|l| (l.pending, l.pending_in_all, l.names) = (2, 3, 4));
        let (a, b) = (t.turn("ada").await.unwrap(), t.turn("ada").await.unwrap());
        assert_eq!(t.turn("ada").await.err(), Some(Full));
        let c = t.turn("bob").await.unwrap();
        assert_eq!(t.turn("eve").await.err(), Some(Full));
        drop((a, b, c));
        assert_eq!(
            t.state().names.values().map(|n| n.failures).sum::<u32>(),
            3,
            "who hangs up has failed"
        );
        for i in 0..20 {
            advance(Duration::from_secs(1)).await;
            attempt(&t, &format!("u{i}"), false).await;
        }
        let state = t.state();
        assert_eq!((state.names.len(), state.pending), (4, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_leaves_no_trace() {
        let t = throttle(|_| ());
        for _ in 0..12 {
            attempt(&t, "ada", false).await;
        }
        let short = Duration::from_millis(5);
        assert!(tokio::time::timeout(short, t.turn("ada")).await.is_err());
        let key = *blake3::hash(b"ada").as_bytes();
        let state = t.state();
        let name = &state.names[&key];
        assert_eq!(
            (name.failures, name.waiting, name.running, state.pending),
            (12, 0, 0, 0)
        );
    }
}
