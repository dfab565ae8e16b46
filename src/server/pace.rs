//! When the next password of a name may be tried: the arithmetic of [`crate::server::throttle`], without waiting.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How fast passwords may be guessed.
#[derive(Debug, Clone, Copy)]
pub struct ThrottleLimits {
    /// Failures of a name, and attempts of it at a time, without delay: 5.
    pub free: u32,
    /// Delay after the failure that follows them; doubles with each: 250 ms.
    pub first_delay: Duration,
    /// Longest delay of a name: 10 s. More would lock out the owner of a name that somebody else guesses at.
    pub longest_delay: Duration,
    /// Failures of a name are forgotten when none came for this long: 15 minutes.
    pub forget: Duration,
    /// Failures in all without delay; one is forgotten each second: 100.
    pub free_in_all: u32,
    /// Delay of every attempt for each failure above: 20 ms.
    pub step_in_all: Duration,
    /// Longest delay of every attempt: 2 s.
    pub longest_in_all: Duration,
    /// Attempts of a name at a time, running or waiting; more are refused: 128.
    pub pending: usize,
    /// The same of all names: 1024.
    pub pending_in_all: usize,
    /// Names whose failures are remembered: 10 000. The one that failed longest ago gives way.
    pub names: usize,
}

impl Default for ThrottleLimits {
    fn default() -> Self {
        Self {
            free: 5,
            first_delay: Duration::from_millis(250),
            longest_delay: Duration::from_secs(10),
            forget: Duration::from_secs(15 * 60),
            free_in_all: 100,
            step_in_all: Duration::from_millis(20),
            longest_in_all: Duration::from_secs(2),
            pending: 128,
            pending_in_all: 1024,
            names: 10_000,
        }
    }
}

/// Too many attempts are pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts to sign in are pending")]
pub struct Full;

/// A fixed size, whatever was sent as a name; and a password typed in the wrong field is not kept.
pub(super) type Key = [u8; 32];

#[derive(Debug, Default)]
pub(super) struct Name {
    pub(super) failures: u32,
    last_failure: Option<Instant>,
    pub(super) running: usize,
    pub(super) waiting: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Go,
    /// At most so long, or until another attempt ends.
    Wait(Duration),
    /// Until another attempt of the name ends.
    WaitForOthers,
}

#[derive(Debug)]
pub(super) struct State {
    limits: ThrottleLimits,
    pub(super) names: HashMap<Key, Name>,
    pub(super) pending: usize,
    failures: f64,
    failures_at: Option<Instant>,
}

impl State {
    pub(super) fn new(limits: ThrottleLimits) -> Self {
        Self {
            limits,
            names: HashMap::new(),
            pending: 0,
            failures: 0.0,
            failures_at: None,
        }
    }

    pub(super) fn enter(&mut self, key: Key, now: Instant) -> Result<(), Full> {
        if self.pending >= self.limits.pending_in_all {
            return Err(Full);
        }
        if !self.names.contains_key(&key) && self.names.len() >= self.limits.names {
            self.make_room();
        }
        let forget = self.limits.forget;
        let name = self.names.entry(key).or_default();
        if name.running + name.waiting >= self.limits.pending {
            return Err(Full);
        }
        if name
            .last_failure
            .is_some_and(|at| now.saturating_duration_since(at) >= forget)
        {
            (name.failures, name.last_failure) = (0, None);
        }
        name.waiting += 1;
        self.pending += 1;
        Ok(())
    }

    fn make_room(&mut self) {
        let idle = self.names.iter().filter(|(_, n)| n.running + n.waiting == 0);
        let oldest = idle.min_by_key(|(_, n)| n.last_failure).map(|(key, _)| *key);
        if let Some(key) = oldest {
            self.names.remove(&key);
        }
    }

    /// Moves an attempt that waits since `arrival` to those that run, or says how long it should wait.
    pub(super) fn ask(&mut self, key: &Key, arrival: Instant, now: Instant) -> Answer {
        let ready = arrival + self.delay_in_all(now);
        let limits = &self.limits;
        let Some(name) = self.names.get_mut(key) else {
            return Answer::Go;
        };
        // Attempts that run may all fail: a hundred at once get no more guesses than a hundred in a row.
        if name.running > 0 && name.running.saturating_add(name.failures as usize) >= limits.free as usize {
            return Answer::WaitForOthers;
        }
        let own = name.last_failure.map(|at| at + delay(limits, name.failures));
        let ready = own.map_or(ready, |own| own.max(ready));
        let wait = ready.saturating_duration_since(now);
        if !wait.is_zero() {
            return Answer::Wait(wait);
        }
        name.waiting = name.waiting.saturating_sub(1);
        name.running += 1;
        Answer::Go
    }

    fn delay_in_all(&self, now: Instant) -> Duration {
        let over = self.failures_now(now) - f64::from(self.limits.free_in_all);
        self.limits
            .step_in_all
            .mul_f64(over.max(0.0))
            .min(self.limits.longest_in_all)
    }

    fn failures_now(&self, now: Instant) -> f64 {
        let since = self
            .failures_at
            .map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64());
        (self.failures - since).max(0.0)
    }

    /// An attempt gives up before it ran.
    pub(super) fn leave(&mut self, key: &Key) {
        self.pending = self.pending.saturating_sub(1);
        if let Some(name) = self.names.get_mut(key) {
            name.waiting = name.waiting.saturating_sub(1);
        }
        self.drop_if_unused(key);
    }

    /// An attempt has run.
    pub(super) fn settle(&mut self, key: &Key, good: bool, now: Instant) {
        self.pending = self.pending.saturating_sub(1);
        if let Some(name) = self.names.get_mut(key) {
            name.running = name.running.saturating_sub(1);
            if good {
                (name.failures, name.last_failure) = (0, None);
            } else {
                name.failures = name.failures.saturating_add(1);
                name.last_failure = Some(now);
            }
        }
        if !good {
            // Not above what gives the longest delay: it is over soon after the guessing is.
            let most = f64::from(self.limits.free_in_all)
                + self.limits.longest_in_all.as_secs_f64() / self.limits.step_in_all.as_secs_f64().max(1e-3);
            self.failures = (self.failures_now(now) + 1.0).min(most);
            self.failures_at = Some(now);
        }
        self.drop_if_unused(key);
    }

    fn drop_if_unused(&mut self, key: &Key) {
        if self
            .names
            .get(key)
            .is_some_and(|n| n.running + n.waiting == 0 && n.failures == 0)
        {
            self.names.remove(key);
        }
    }
}

fn delay(limits: &ThrottleLimits, failures: u32) -> Duration {
    match failures.checked_sub(limits.free) {
        None => Duration::ZERO,
        Some(over) => limits
            .first_delay
            .saturating_mul(1 << over.min(20))
            .min(limits.longest_delay),
    }
}
