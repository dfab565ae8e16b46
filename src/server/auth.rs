//! Who calls: passwords against tokens, tokens against identities.

use crate::server::credentials::Credentials;
use crate::server::names::UserName;
use crate::server::passwords::{Argon2id, HashError, Hasher, LONGEST_PASSWORD, StoredHash};
use crate::server::throttle::{Throttle, ThrottleLimits, now};
use crate::server::tokens::{Identity, SessionId, Token, TokenError, TokenLimits, Tokens};
use crate::server::users::{Account, Users};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Why a caller is not let in.
///
/// gRPC: [`AuthError::Refused`] is UNAUTHENTICATED; [`AuthError::Busy`] and [`AuthError::Sessions`] are RESOURCE_EXHAUSTED;
/// [`AuthError::Internal`] is INTERNAL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// Unknown user, wrong password, unknown or expired token, malformed header: nobody is told which.
    #[error("authentication failed")]
    Refused,
    /// Too many attempts are pending.
    #[error("too many attempts to sign in; try again later")]
    Busy,
    /// The password is right but there are too many sessions.
    #[error(transparent)]
    Sessions(TokenError),
    /// The server could not hash or had no random bytes; the reason is for its log.
    #[error("authentication is not possible now")]
    Internal(#[source] HashError),
}

/// Limits of an [`Authenticator`].
#[derive(Debug, Clone, Copy)]
pub struct AuthLimits {
    /// Tokens.
    pub tokens: TokenLimits,
    /// Guessing.
    pub throttle: ThrottleLimits,
    /// Argon2 computations at a time, at least 1: the number of processors, at most 4. Each takes the memory that the user's
    /// hash states, 19 MiB for those made here and never above 128 MiB.
    pub hashes: usize,
}

impl Default for AuthLimits {
    fn default() -> Self {
        Self {
            tokens: TokenLimits::default(),
            throttle: ThrottleLimits::default(),
            hashes: std::thread::available_parallelism().map_or(1, |n| n.get().min(4)),
        }
    }
}

/// Users, and hashes to verify for those who are none.
struct Known {
    users: Users,
    /// As dear as the users' own: where the file mixes parameters, an unknown name takes as long as some known one.
    decoys: Vec<Arc<StoredHash>>,
    /// Where there are no users.
    last_decoy: Arc<StoredHash>,
}

impl Known {
    fn new(users: Users) -> Result<Self, HashError> {
        let like = users.iter().map(|(_, account)| account.hash.decoy_like());
        let decoys = like.map(|d| d.map(Arc::new)).collect::<Result<_, _>>()?;
        let last_decoy = Arc::new(StoredHash::decoy()?);
        Ok(Self {
            users,
            decoys,
            last_decoy,
        })
    }
}

/// A user who has shown the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The user.
    pub user: UserName,
    /// The user's account as it was when the password was compared.
    pub account: Account,
}

/// Signs users in and recognises them again.
pub struct Authenticator {
    known: RwLock<Known>,
    tokens: Tokens,
    throttle: Arc<Throttle>,
    hashes: Arc<Semaphore>,
    hasher: Arc<dyn Hasher>,
    /// Picks the decoy of a name: the same each time, unforeseeable from outside.
    pick: RandomState,
}

impl Authenticator {
    /// For these users, with argon2id.
    ///
    /// # Errors
    /// [`AuthError::Internal`] without random bytes.
    pub fn new(users: Users, limits: AuthLimits) -> Result<Self, AuthError> {
        Self::with_hasher(users, limits, Arc::new(Argon2id))
    }

    /// The same with another hash function.
    ///
    /// # Errors
    /// [`AuthError::Internal`] without random bytes.
    pub fn with_hasher(users: Users, limits: AuthLimits, hasher: Arc<dyn Hasher>) -> Result<Self, AuthError> {
        Ok(Self {
            known: RwLock::new(Known::new(users).map_err(AuthError::Internal)?),
            tokens: Tokens::new(limits.tokens),
            throttle: Arc::new(Throttle::new(limits.throttle)),
            hashes: Arc::new(Semaphore::new(limits.hashes.clamp(1, Semaphore::MAX_PERMITS))),
            hasher,
            pick: RandomState::new(),
        })
    }

    /// The tokens, to list, revoke and sweep.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts other users in place, as when the file was read again. Tokens end of users who are gone or have another role or
    /// another password; [`Tokens::sweep`] tells their sessions.
    ///
    /// # Errors
    /// [`AuthError::Internal`] without random bytes; the users stay as they were.
    pub fn replace_users(&self, users: Users) -> Result<(), AuthError> {
        let new = Known::new(users).map_err(AuthError::Internal)?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *known, new);
        // Under the lock, which `basic` holds too: no token of an old account comes after.
        self.tokens.revoke_where(|identity| {
            let name = identity.user.as_str();
            known.users.get(name) != old.users.get(name)
        });
        Ok(())
    }

    /// Compares a password, without making a token. For Basic on a call that needs no session; argon2 each time.
    ///
    /// The future may wait: for its turn after failures, then for one of the few argon2 computations. It is safe to drop.
    ///
    /// # Errors
    /// [`AuthError::Refused`], [`AuthError::Busy`] or [`AuthError::Internal`].
    pub async fn verify(&self, user: &str, password: &str) -> Result<Verified, AuthError> {
        // No password is that long, whoever the user is.
        if password.len() > LONGEST_PASSWORD {
            return Err(AuthError::Refused);
        }
        let turn = self.throttle.turn(user).await.map_err(|_| AuthError::Busy)?;
        let Ok(slot) = Arc::clone(&self.hashes).acquire_owned().await else {
            return Err(AuthError::Busy);
        };
        let (verified, hash) = self.claimed(user);
        let hasher = Arc::clone(&self.hasher);
        let password = Zeroizing::new(password.to_owned());
        // Slot and turn go along: a caller who hangs up frees neither before the work is done.
        let work = tokio::task::spawn_blocking(move || {
            let matches = hash.verify(password.as_bytes(), &*hasher);
            drop(slot);
            let verified = matches.map(|m| verified.filter(|_| m));
            turn.settle(matches!(verified, Ok(Some(_))));
            verified
        });
        match work.await {
            Ok(Ok(Some(verified))) => Ok(verified),
            Ok(Ok(None)) => Err(AuthError::Refused),
            Ok(Err(error)) => Err(AuthError::Internal(error)),
            Err(_) => Err(AuthError::Internal(HashError::Failed)),
        }
    }

    /// The user of a name, if it is one, and the hash to compare with in either case.
    fn claimed(&self, name: &str) -> (Option<Verified>, Arc<StoredHash>) {
        let known = self.known();
        let index = self.pick.hash_one(name) as usize % known.decoys.len().max(1);
        let decoy = known.decoys.get(index).unwrap_or(&known.last_decoy);
        let Some((user, account)) = known.users.get(name) else {
            return (None, Arc::clone(decoy));
        };
        let verified = Verified {
            user: user.clone(),
            account: account.clone(),
        };
        (Some(verified), Arc::clone(&account.hash))
    }

    /// Signs in with a password: a new token and the session it is for.
    ///
    /// # Errors
    /// Any [`AuthError`].
    pub async fn basic(&self, user: &str, password: &str) -> Result<(Token, Identity), AuthError> {
        let verified = self.verify(user, password).await?;
        let known = self.known();
        // The users may have been replaced while argon2 ran.
        let current = known
            .users
            .get(user)
            .filter(|(_, account)| **account == verified.account);
        let Some((user, Account { role, .. })) = current else {
            return Err(AuthError::Refused);
        };
        self.tokens.issue(user.clone(), *role, now()).map_err(|e| match e {
            TokenError::Random => AuthError::Internal(HashError::Random),
            e => AuthError::Sessions(e),
        })
    }

    /// Whose a token is.
    ///
    /// # Errors
    /// [`AuthError::Refused`] for a token that is unknown, expired or revoked.
    pub fn bearer(&self, token: &str) -> Result<Identity, AuthError> {
        self.tokens.identify(token, now()).ok_or(AuthError::Refused)
    }

    /// How long a token lives without being used.
    pub fn idle(&self) -> std::time::Duration {
        self.tokens.idle()
    }

    /// Whether a session's token lives; it is used by that.
    pub fn is_living(&self, session: SessionId) -> bool {
        self.tokens.is_living(session, now())
    }

    /// Reads an `authorization` header; a missing or malformed one is refused like a wrong password.
    ///
    /// # Errors
    /// [`AuthError::Refused`].
    pub fn read_header(header: Option<&[u8]>) -> Result<Credentials, AuthError> {
        let value = header.ok_or(AuthError::Refused)?;
        Credentials::parse(value).map_err(|_| AuthError::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::names::Role;
    use crate::server::passwords::Cost;
    use crate::server::passwords::tests::{Counting, password};
    use std::time::{Duration, Instant};

    fn users(names: &[(&str, Role)]) -> Users {
        let mut users = Users::default();
        for (name, role) in names {
            let hash = StoredHash::new(&password(&format!("{name}-password")), &Counting::default()).unwrap();
            let account = Account {
                role: *role,
                hash: Arc::new(hash),
            };
            users.set(name.parse().unwrap(), account);
        }
        users
    }

    fn authenticator(users: Users) -> (Authenticator, Arc<Counting>) {
        let counting = Arc::new(Counting::default());
        let auth = Authenticator::with_hasher(users, AuthLimits::default(), Arc::clone(&counting) as _).unwrap();
        (auth, counting)
    }

    #[tokio::test]
    async fn sign_in_and_be_recognised() {
        let (auth, _) = authenticator(users(&[("ada", Role::Writer)]));
        let (token, identity) = auth.basic("ada", "ada-password").await.unwrap();
        assert_eq!((identity.user.as_str(), identity.role), ("ada", Role::Writer));
        assert_eq!(auth.bearer(token.expose()), Ok(identity.clone()));
        assert!(auth.tokens().revoke(identity.session));
        assert_eq!(auth.bearer(token.expose()), Err(AuthError::Refused));
    }

    #[tokio::test]
    async fn promise_15_every_refusal_is_the_same_with_the_same_work() {
        for known in [users(&[("ada", Role::Reader)]), users(&[])] {
            let (auth, counting) = authenticator(known);
            for (user, password) in [
                ("ada", "bob-password"),
                ("bob", "bob-password"),
                ("", ""),
                ("a:b\n", "x"),
                ("ADA", ""),
            ] {
                assert_eq!(auth.basic(user, password).await.unwrap_err(), AuthError::Refused);
            }
            assert_eq!(*counting.0.lock().unwrap(), [(Cost::STANDARD, 16, 32); 5]);
        }
        for header in [None, Some(b"Basic".as_slice()), Some(b"Negotiate x")] {
            assert_eq!(Authenticator::read_header(header), Err(AuthError::Refused));
        }
        let (auth, counting) = authenticator(users(&[]));
        assert_eq!(auth.verify("ada", &"a".repeat(1025)).await, Err(AuthError::Refused));
        assert!(counting.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn an_unknown_name_costs_what_some_user_costs() {
        let phc = "$argon2id$v=19$m=256,t=3,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let mut users = Users::default();
        let hash = Arc::new(StoredHash::parse(phc).unwrap());
        users.set(
            "ada".parse().unwrap(),
            Account {
                role: Role::Reader,
                hash,
            },
        );
        let (auth, counting) = authenticator(users);
        auth.verify("ada", "wrong").await.unwrap_err();
        auth.verify("bob", "wrong").await.unwrap_err();
        assert_eq!(*counting.0.lock().unwrap(), [(Cost::new(256, 3, 1).unwrap(), 8, 32); 2]);
    }

    #[tokio::test]
    async fn other_users_end_the_tokens_of_those_who_changed() {
        let old = users(&[
            ("ada", Role::Reader),
            ("bob", Role::Reader),
            ("eve", Role::Reader),
            ("kim", Role::Reader),
        ]);
        let (auth, _) = authenticator(old.clone());
        let mut tokens = Vec::new();
        for name in ["ada", "bob", "eve", "kim"] {
            tokens.push(auth.basic(name, &format!("{name}-password")).await.unwrap().0);
        }
        let mut new = old;
        let ada = new.get("ada").unwrap().1.clone();
        new.set(
            "ada".parse().unwrap(),
            Account {
                role: Role::Admin,
                ..ada
            },
        );
        new.set(
            "bob".parse().unwrap(),
            users(&[("bob", Role::Reader)]).get("bob").unwrap().1.clone(),
        );
        new.remove(&"eve".parse().unwrap());
        auth.replace_users(new).unwrap();
        let alive: Vec<_> = tokens.iter().map(|t| auth.bearer(t.expose()).is_ok()).collect();
        assert_eq!(alive, [false, false, false, true]);
        assert_eq!(auth.tokens().sweep(Instant::now()).len(), 3);
    }

    /// Computes until told to go on, and knows how many do so at a time.
    #[derive(Default)]
    struct Slow(std::sync::Mutex<(usize, usize)>);

    impl Hasher for Slow {
        fn tag(&self, _: &[u8], _: &[u8], _: Cost, _: &mut [u8]) -> Result<(), HashError> {
            let mut state = self.0.lock().unwrap();
            state.0 += 1;
            state.1 = state.1.max(state.0);
            drop(state);
            std::thread::sleep(Duration::from_millis(5));
            self.0.lock().unwrap().0 -= 1;
            Err(HashError::Failed)
        }
    }

    #[tokio::test]
    async fn few_hashes_are_computed_at_a_time_even_if_callers_hang_up() {
        let slow = Arc::new(Slow::default());
        let limits = AuthLimits {
            hashes: 2,
            ..AuthLimits::default()
        };
        let auth = Arc::new(Authenticator::with_hasher(Users::default(), limits, Arc::clone(&slow) as _).unwrap());
        let call = |i: usize| {
            let auth = Arc::clone(&auth);
            tokio::spawn(async move { auth.verify(&format!("u{i}"), "x").await })
        };
        for (i, task) in (0..20).map(|i| (i, call(i))).collect::<Vec<_>>() {
            if i % 3 == 0 {
                tokio::task::yield_now().await;
                task.abort();
            } else {
                assert_eq!(task.await.unwrap(), Err(AuthError::Internal(HashError::Failed)));
            }
        }
        assert!(slow.0.lock().unwrap().1 <= 2);
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_end_with_the_clock() {
        let (auth, _) = authenticator(users(&[("ada", Role::Reader)]));
        let (token, _) = auth.basic("ada", "ada-password").await.unwrap();
        tokio::time::advance(Duration::from_secs(1799)).await;
        assert!(auth.bearer(token.expose()).is_ok());
        tokio::time::advance(Duration::from_secs(1801)).await;
        assert_eq!(auth.bearer(token.expose()), Err(AuthError::Refused));
    }
}
