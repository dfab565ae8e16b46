//! Bearer tokens (RFC 6750): random, expiring, kept by their hash alone.

use crate::server::names::{Role, UserName};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// A bearer token: 256 random bits as base64url; erased from memory when dropped, hidden from `{:?}`.
pub struct Token(Zeroizing<String>);

impl Token {
    /// The text for the client, to be sent once and never logged.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// Which session a token belongs to: random, independent of the token, fit for logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(u128);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub user: UserName,
    /// The role at sign-in; a change of role ends the token.
    pub role: Role,
    /// The session that the token was made for.
    pub session: SessionId,
}

/// How long tokens live and how many there may be.
#[derive(Debug, Clone, Copy)]
pub struct TokenLimits {
    /// A token not used for this long has ended: 30 minutes.
    pub idle: Duration,
    /// A token this old has ended, used or not: 12 hours.
    pub lifetime: Duration,
    /// Most living tokens of a user: 256.
    pub per_user: usize,
    /// Most living tokens: 4096.
    pub in_all: usize,
}

impl Default for TokenLimits {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(30 * 60),
            lifetime: Duration::from_secs(12 * 3600),
            per_user: 256,
            in_all: 4096,
        }
    }
}

/// Why there is no new token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The user has as many as one may have.
    #[error("the user has {0} sessions, the most allowed; close one or wait until one expires")]
    PerUser(usize),
    /// The server has as many as it may have.
    #[error("the server has {0} sessions, the most allowed; try again later")]
    InAll(usize),
    /// The operating system gave no random bytes.
    #[error("no random bytes from the operating system")]
    Random,
}

struct Entry {
    identity: Identity,
    created: Instant,
    used: Instant,
    /// Connections that have shown the token.
    connections: Vec<Weak<()>>,
}

impl Entry {
    fn lives(&self, limits: &TokenLimits, now: Instant) -> bool {
        now.saturating_duration_since(self.used) < limits.idle
            && now.saturating_duration_since(self.created) < limits.lifetime
    }

    fn is_connected(&self) -> bool {
        self.connections.iter().any(|c| c.strong_count() > 0)
    }
}

/// A session as administrators see it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Whose it is.
    pub identity: Identity,
    /// Time since sign-in.
    pub age: Duration,
    /// Time since the last call.
    pub idle: Duration,
}

#[derive(Default)]
struct State {
    /// By BLAKE3 hash of the token: a copy of the memory gives nobody a token, and how far a wrong one agrees with a key,
    /// which the time of a look-up might tell, says nothing about the token.
    living: HashMap<[u8; 32], Entry>,
    /// Sessions whose tokens have ended and that [`Tokens::sweep`] has not told yet.
    ended: Vec<SessionId>,
}

impl State {
    fn end(&mut self, mut ends: impl FnMut(&Entry) -> bool) {
        let ended = &mut self.ended;
        self.living.retain(|_, entry| {
            let stays = !ends(entry);
            if !stays {
                ended.push(entry.identity.session);
            }
            stays
        });
    }

    /// Makes room among those that the predicate takes: the one unused for longest of those whose client is gone ends. Many
    /// clients go without a word, and would keep their users out until their sessions expire.
    fn make_room(&mut self, among: impl Fn(&Entry) -> bool) -> bool {
        let gone = self.living.iter().filter(|(_, e)| !e.is_connected() && among(e));
        let Some(key) = gone.min_by_key(|(_, e)| e.used).map(|(key, _)| *key) else {
            return false;
        };
        let ended = self.living.remove(&key);
        self.ended.extend(ended.map(|e| e.identity.session));
        true
    }
}

/// The living tokens of a server. Time comes from the caller.
pub struct Tokens {
    limits: TokenLimits,
    state: Mutex<State>,
}

impl Tokens {
    /// No tokens yet.
    pub fn new(limits: TokenLimits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
        }
    }

    /// How long a token lives without being used.
    pub fn idle(&self) -> Duration {
        self.limits.idle
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock leaves the maps half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new token, and a new session, of a user who has shown a password. When there are as many as there may be, the one
    /// unused for longest of those whose clients are gone ends for it.
    ///
    /// # Errors
    /// [`TokenError`] when the user or the server has too many whose clients are connected, or without random bytes.
    pub fn issue(&self, user: UserName, role: Role, now: Instant) -> Result<(Token, Identity), TokenError> {
        let mut bytes = Zeroizing::new([0; 32]);
        let mut session = [0; 16];
        getrandom::fill(&mut *bytes).map_err(|_| TokenError::Random)?;
        getrandom::fill(&mut session).map_err(|_| TokenError::Random)?;
        let token = Token(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())));
        let identity = Identity {
            user,
            role,
            session: SessionId(u128::from_be_bytes(session)),
        };
        let mut state = self.state();
        state.end(|e| !e.lives(&self.limits, now));
        let same_user = |e: &Entry| e.identity.user == identity.user;
        let of_user = state.living.values().filter(|e| same_user(e)).count();
        if of_user >= self.limits.per_user && !state.make_room(same_user) {
            return Err(TokenError::PerUser(self.limits.per_user));
        }
        if state.living.len() >= self.limits.in_all && !state.make_room(|_| true) {
            return Err(TokenError::InAll(self.limits.in_all));
        }
        let entry = Entry {
            identity: identity.clone(),
            created: now,
            used: now,
            connections: vec![],
        };
        state.living.insert(key(&token.0), entry);
        Ok((token, identity))
    }

    /// Whose a living token is, which is used by that; `None` for one that is unknown, expired or revoked.
    pub fn identify(&self, token: &str, now: Instant) -> Option<Identity> {
        let key = key(token);
        let mut state = self.state();
        let entry = state.living.get_mut(&key).filter(|e| e.lives(&self.limits, now))?;
        entry.used = entry.used.max(now);
        Some(entry.identity.clone())
    }

    /// Whether a session's token lives; it is used by that.
    pub fn is_living(&self, session: SessionId, now: Instant) -> bool {
        let mut state = self.state();
        let mut entries = state.living.values_mut();
        let entry = entries.find(|e| e.identity.session == session && e.lives(&self.limits, now));
        entry.map(|e| e.used = e.used.max(now)).is_some()
    }

    /// Notes that a session's client is there on a connection, which is open while that is held by somebody.
    pub fn connected(&self, session: SessionId, connection: &Arc<()>) {
        let mut state = self.state();
        if let Some(entry) = state.living.values_mut().find(|e| e.identity.session == session) {
            entry.connections.retain(|c| c.strong_count() > 0);
            entry.connections.push(Arc::downgrade(connection));
        }
    }

    /// Ends the token of a session: CloseSession, or an administrator. Whether there was one.
    pub fn revoke(&self, session: SessionId) -> bool {
        let mut state = self.state();
        let before = state.living.len();
        state.end(|e| e.identity.session == session);
        state.living.len() < before
    }

    /// Ends the tokens of whom the predicate says.
    pub fn revoke_where(&self, mut ends: impl FnMut(&Identity) -> bool) {
        self.state().end(|e| ends(&e.identity));
    }

    /// Ends expired tokens, and tells every session that has lost its token since the last sweep, for whatever reason, so
    /// that its tables and handles are dropped. To be called every minute or so, and after a revocation.
    pub fn sweep(&self, now: Instant) -> Vec<SessionId> {
        let mut state = self.state();
        state.end(|e| !e.lives(&self.limits, now));
        std::mem::take(&mut state.ended)
    }

    /// The living sessions, in no order.
    pub fn list(&self, now: Instant) -> Vec<Seen> {
        let state = self.state();
        let living = state.living.values().filter(|e| e.lives(&self.limits, now));
        let seen = |e: &Entry| Seen {
            identity: e.identity.clone(),
            age: now.saturating_duration_since(e.created),
            idle: now.saturating_duration_since(e.used),
        };
        living.map(seen).collect()
    }
}

fn key(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn issue(tokens: &Tokens, user: &str, now: Instant) -> Result<(Token, Identity), TokenError> {
        tokens.issue(user.parse().unwrap(), Role::Reader, now)
    }

    #[test]
    fn a_token_is_256_random_bits() {
        let (tokens, now) = (Tokens::new(TokenLimits::default()), Instant::now());
        let (a, b) = (issue(&tokens, "ada", now).unwrap(), issue(&tokens, "ada", now).unwrap());
        assert_eq!(URL_SAFE_NO_PAD.decode(a.0.expose()).unwrap().len(), 32);
        assert_ne!(a.0.expose(), b.0.expose());
        assert_ne!(a.1.session, b.1.session);
        assert_eq!(tokens.identify(a.0.expose(), now), Some(a.1));
        assert_eq!(tokens.identify("", now), None);
        assert_eq!(format!("{:?}", a.0), "Token");
    }

    #[test]
    fn idle_tokens_end() {
        let (tokens, start) = (Tokens::new(TokenLimits::default()), Instant::now());
        let (token, identity) = issue(&tokens, "ada", start).unwrap();
        assert!(tokens.identify(token.expose(), start + 29 * MINUTE).is_some());
        assert!(tokens.identify(token.expose(), start + 58 * MINUTE).is_some());
        assert!(tokens.sweep(start + 87 * MINUTE).is_empty());
        assert!(tokens.identify(token.expose(), start + 88 * MINUTE).is_none());
        assert_eq!(tokens.sweep(start + 88 * MINUTE), [identity.session]);
        assert!(tokens.sweep(start + 88 * MINUTE).is_empty());
    }

    #[test]
    fn tokens_in_use_end_too() {
        let (tokens, start) = (Tokens::new(TokenLimits::default()), Instant::now());
        let (token, _) = issue(&tokens, "ada", start).unwrap();
        for i in 1..36 {
            assert!(tokens.identify(token.expose(), start + i * 20 * MINUTE).is_some());
        }
        assert!(tokens.identify(token.expose(), start + 36 * 20 * MINUTE).is_none());
    }

    #[test]
    fn caps_count_the_living() {
        let limits = TokenLimits {
            per_user: 2,
            in_all: 3,
            ..TokenLimits::default()
        };
        let (tokens, start) = (Tokens::new(limits), Instant::now());
        let open = Arc::new(());
        let connect = |user: &str, now| {
            let (_, identity) = issue(&tokens, user, now)?;
            tokens.connected(identity.session, &open);
            Ok::<_, TokenError>(identity)
        };
        let first = connect("ada", start).unwrap();
        connect("ada", start).unwrap();
        assert_eq!(connect("ada", start).unwrap_err(), TokenError::PerUser(2));
        connect("bob", start).unwrap();
        assert_eq!(connect("bob", start).unwrap_err(), TokenError::InAll(3));
        assert!(tokens.revoke(first.session) && !tokens.revoke(first.session));
        connect("bob", start).unwrap();
        issue(&tokens, "ada", start + 31 * MINUTE).unwrap();
        assert_eq!(tokens.list(start + 32 * MINUTE)[0].idle, MINUTE);
        assert_eq!(
            tokens.sweep(start + 31 * MINUTE).len(),
            4,
            "those that made room are told"
        );
    }

    #[test]
    fn sessions_whose_clients_are_gone_make_room() {
        let limits = TokenLimits {
            per_user: 3,
            ..TokenLimits::default()
        };
        let (tokens, start) = (Tokens::new(limits), Instant::now());
        let (open, closed) = (Arc::new(()), Arc::new(()));
        let [oldest, used, last] = [0, 1, 2].map(|k| issue(&tokens, "ada", start + k * MINUTE).unwrap());
        for (session, connection) in [(&oldest, &open), (&used, &closed), (&last, &closed)] {
            tokens.connected(session.1.session, connection);
        }
        tokens.identify(used.0.expose(), start + 3 * MINUTE).unwrap();
        let now = start + 4 * MINUTE;
        assert_eq!(issue(&tokens, "ada", now).unwrap_err(), TokenError::PerUser(3));
        drop(closed);
        let new = issue(&tokens, "ada", now).unwrap();
        tokens.connected(new.1.session, &open);
        assert_eq!(tokens.sweep(now), [last.1.session]);
        let new = issue(&tokens, "ada", now).unwrap();
        tokens.connected(new.1.session, &open);
        assert_eq!(tokens.sweep(now), [used.1.session]);
        assert_eq!(issue(&tokens, "ada", now).unwrap_err(), TokenError::PerUser(3));
    }

    #[test]
    fn revoking_a_user() {
        let (tokens, now) = (Tokens::new(TokenLimits::default()), Instant::now());
        let (ada, _) = issue(&tokens, "ada", now).unwrap();
        let (bob, _) = issue(&tokens, "bob", now).unwrap();
        tokens.revoke_where(|i| i.user.as_str() == "ada");
        assert!(tokens.identify(ada.expose(), now).is_none());
        assert!(tokens.identify(bob.expose(), now).is_some());
        assert_eq!(tokens.sweep(now).len(), 1);
    }

    proptest! {
        /// Whatever happens in whatever order: no token outlives its limits, and each session ends once.
        #[test]
        fn tokens_never_outlive_their_limits(steps in proptest::collection::vec((0..4_usize, 0..40_u32), 1..60)) {
            let tokens = Tokens::new(TokenLimits { per_user: 5, lifetime: 120 * MINUTE, ..TokenLimits::default() });
            let mut now = Instant::now();
            let mut issued: Vec<(Token, Identity, Instant, Instant)> = Vec::new();
            let mut ended = Vec::new();
            for (what, minutes) in steps {
                now += minutes * MINUTE;
                match what {
                    0 => if let Ok((token, identity)) = issue(&tokens, "ada", now) {
                        issued.push((token, identity, now, now));
                    },
                    1 => for (token, identity, created, used) in &mut issued {
                        let due = now - *created < 120 * MINUTE && now - *used < 30 * MINUTE
                            && !ended.contains(&identity.session);
                        let known = tokens.identify(token.expose(), now);
                        prop_assert_eq!(known.is_some(), due);
                        if due { *used = now; }
                    },
                    2 => ended.extend(tokens.sweep(now)),
                    _ => if let Some((_, identity, ..)) = issued.first() {
                        tokens.revoke(identity.session);
                        ended.extend(tokens.sweep(now));
                    },
                }
            }
            ended.extend(tokens.sweep(now + 121 * MINUTE));
            let distinct: std::collections::HashSet<_> = ended.iter().collect();
            prop_assert_eq!((ended.len(), distinct.len()), (issued.len(), issued.len()));
        }
    }
}
