//! Passwords and their argon2id hashes (RFC 9106).

use argon2::password_hash::PasswordHash;
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::fmt;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Most bytes of a password; longer ones are refused before they are hashed.
pub const LONGEST_PASSWORD: usize = 1024;
/// Fewest characters of a password.
pub const SHORTEST_PASSWORD: usize = 8;

const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 32;

/// Why a text cannot be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Fewer than [`SHORTEST_PASSWORD`] characters.
    #[error("the password must have at least {SHORTEST_PASSWORD} characters")]
    Short,
    /// More than [`LONGEST_PASSWORD`] bytes.
    #[error("the password must have at most {LONGEST_PASSWORD} bytes")]
    Long,
    /// A control character, such as a line end in the middle.
    #[error("the password must not contain control characters")]
    Control,
}

/// A password that may be given to a user; erased from memory when dropped, hidden from `{:?}`.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Checks a text: 8 characters to 1024 bytes, no control characters (RFC 7617 forbids them).
    ///
    /// # Errors
    /// [`PasswordError`] names the rule that is broken, never the text.
    pub fn new(text: Zeroizing<String>) -> Result<Self, PasswordError> {
        if text.len() > LONGEST_PASSWORD {
            Err(PasswordError::Long)
        } else if text.chars().any(char::is_control) {
            Err(PasswordError::Control)
        } else if text.chars().nth(SHORTEST_PASSWORD - 1).is_none() {
            Err(PasswordError::Short)
        } else {
            Ok(Self(text))
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// Why a hash cannot be used. No variant carries any part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// No PHC string with salt and hash.
    #[error("the password hash is no PHC string $argon2id$v=19$m=..,t=..,p=..$salt$hash")]
    Syntax,
    /// Another algorithm, or another version of it.
    #[error("the password hash is not of argon2id, version 19")]
    Algorithm,
    /// Parameters that argon2 does not have, or that would cost the server too much.
    #[error(
        "argon2id with m={memory_kib} KiB, t={passes}, p={lanes} is refused; at most m={}, t={}, p={} and at least m = 8 p",
        Cost::MOST.memory_kib, Cost::MOST.passes, Cost::MOST.lanes
    )]
    Cost {
        /// Memory in KiB.
        memory_kib: u32,
        /// Passes over it.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
    /// A salt under 8 bytes or a hash under 16.
    #[error("salt or hash is too short: at least 8 and 16 bytes")]
    Length,
    /// The operating system gave no random bytes.
    #[error("no random bytes from the operating system")]
    Random,
    /// The computation failed.
    #[error("argon2id failed")]
    Failed,
}

/// What one argon2id computation costs, checked to be bearable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// New hashes: the minimum of OWASP's Password Storage Cheat Sheet, m = 19 MiB, t = 2, p = 1.
    pub const STANDARD: Self = Self {
        memory_kib: 19_456,
        passes: 2,
        lanes: 1,
    };
    /// The dearest that is verified: a line of the users' file must not take the server's memory. RFC 9106's choice for
    /// little memory (64 MiB, t = 3, p = 4) is well below.
    pub const MOST: Self = Self {
        memory_kib: 131_072,
        passes: 16,
        lanes: 8,
    };

    /// Checks parameters: memory in KiB, passes, lanes.
    ///
    /// # Errors
    /// [`HashError::Cost`] above [`Cost::MOST`] or outside of what RFC 9106 allows.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, HashError> {
        let refused = HashError::Cost {
            memory_kib,
            passes,
            lanes,
        };
        let most = Self::MOST;
        if memory_kib > most.memory_kib || passes > most.passes || lanes > most.lanes {
            return Err(refused);
        }
        Params::new(memory_kib, passes, lanes, None).map_err(|_| refused)?;
        Ok(Self {
            memory_kib,
            passes,
            lanes,
        })
    }
}

/// The slow function; tests put a counting one in its place.
pub trait Hasher: Send + Sync + 'static {
    /// Fills `tag` with the hash of password and salt.
    ///
    /// # Errors
    /// [`HashError::Failed`].
    fn tag(&self, password: &[u8], salt: &[u8], cost: Cost, tag: &mut [u8]) -> Result<(), HashError>;
}

/// Argon2id, version 0x13 (RFC 9106).
#[derive(Debug, Clone, Copy, Default)]
pub struct Argon2id;

impl Hasher for Argon2id {
    fn tag(&self, password: &[u8], salt: &[u8], cost: Cost, tag: &mut [u8]) -> Result<(), HashError> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(tag.len()));
        let params = params.map_err(|_| HashError::Failed)?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password, salt, tag)
            .map_err(|_| HashError::Failed)
    }
}

/// The hash of one password, with salt and parameters; hidden from `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredHash {
    cost: Cost,
    salt: Box<[u8]>,
    tag: Box<[u8]>,
}

impl StoredHash {
    /// Hashes a password with a fresh salt at [`Cost::STANDARD`].
    ///
    /// # Errors
    /// [`HashError::Random`] or [`HashError::Failed`].
    pub fn new(password: &Password, hasher: &dyn Hasher) -> Result<Self, HashError> {
        let mut hash = Self::random(Cost::STANDARD, SALT_BYTES, TAG_BYTES)?;
        hasher.tag(password.0.as_bytes(), &hash.salt, hash.cost, &mut hash.tag)?;
        Ok(hash)
    }

    /// A hash of no known password that takes the same work to verify as [`StoredHash::new`]'s.
    ///
    /// # Errors
    /// [`HashError::Random`].
    pub fn decoy() -> Result<Self, HashError> {
        Self::random(Cost::STANDARD, SALT_BYTES, TAG_BYTES)
    }

    /// A hash of no known password that takes the same work to verify as this one.
    ///
    /// # Errors
    /// [`HashError::Random`].
    pub fn decoy_like(&self) -> Result<Self, HashError> {
        Self::random(self.cost, self.salt.len(), self.tag.len())
    }

    fn random(cost: Cost, salt: usize, tag: usize) -> Result<Self, HashError> {
        let mut salt = vec![0; salt].into_boxed_slice();
        let mut tag = vec![0; tag].into_boxed_slice();
        getrandom::fill(&mut salt).map_err(|_| HashError::Random)?;
        getrandom::fill(&mut tag).map_err(|_| HashError::Random)?;
        Ok(Self { cost, salt, tag })
    }

    /// Whether the password is this hash's. The comparison takes the same time wherever the bytes differ.
    ///
    /// # Errors
    /// [`HashError::Failed`] when the computation fails.
    pub fn verify(&self, password: &[u8], hasher: &dyn Hasher) -> Result<bool, HashError> {
        let mut tag = Zeroizing::new(vec![0; self.tag.len()]);
        hasher.tag(password, &self.salt, self.cost, &mut tag)?;
        Ok(tag.ct_eq(&self.tag).into())
    }

    /// Reads `$argon2id$v=19$m=..,t=..,p=..$salt$hash` (the PHC string format).
    ///
    /// # Errors
    /// [`HashError`] when it is another algorithm, incomplete, or dearer than [`Cost::MOST`].
    pub fn parse(phc: &str) -> Result<Self, HashError> {
        let phc = PasswordHash::new(phc).map_err(|_| HashError::Syntax)?;
        if phc.algorithm != ARGON2ID_IDENT || phc.version != Some(Version::V0x13.into()) {
            return Err(HashError::Algorithm);
        }
        let [mut memory_kib, mut passes, mut lanes] = [None; 3];
        for (name, value) in phc.params.iter() {
            let slot = match name.as_str() {
                "m" => &mut memory_kib,
                "t" => &mut passes,
                "p" => &mut lanes,
                // keyid and data take part in no computation of ours.
                _ => return Err(HashError::Syntax),
            };
            *slot = Some(value.decimal().map_err(|_| HashError::Syntax)?);
        }
        let (Some(memory_kib), Some(passes), Some(lanes), Some(salt), Some(tag)) =
            (memory_kib, passes, lanes, phc.salt, phc.hash)
        else {
            return Err(HashError::Syntax);
        };
        let cost = Cost::new(memory_kib, passes, lanes)?;
        let mut bytes = [0; 64];
        let salt: Box<[u8]> = salt.decode_b64(&mut bytes).map_err(|_| HashError::Syntax)?.into();
        let tag: Box<[u8]> = tag.as_bytes().into();
        if salt.len() < argon2::MIN_SALT_LEN || tag.len() < 16 {
            return Err(HashError::Length);
        }
        Ok(Self { cost, salt, tag })
    }

    /// The PHC string, for the users' file alone.
    pub fn to_phc(&self) -> String {
        let Cost {
            memory_kib,
            passes,
            lanes,
        } = self.cost;
        let (salt, tag) = (STANDARD_NO_PAD.encode(&self.salt), STANDARD_NO_PAD.encode(&self.tag));
        format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${tag}")
    }
}

impl fmt::Debug for StoredHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredHash")
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

/// What the tests of this folder share.
#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Mutex;

    /// A fast stand-in that remembers the cost of every call.
    #[derive(Default)]
    pub(crate) struct Counting(pub(crate) Mutex<Vec<(Cost, usize, usize)>>);

    impl Hasher for Counting {
        fn tag(&self, password: &[u8], salt: &[u8], cost: Cost, tag: &mut [u8]) -> Result<(), HashError> {
            self.0.lock().unwrap().push((cost, salt.len(), tag.len()));
            let mut hash = blake3::Hasher::new();
            hash.update(salt).update(password).finalize_xof().fill(tag);
            Ok(())
        }
    }

    pub(crate) fn password(text: &str) -> Password {
        Password::new(Zeroizing::new(text.to_owned())).unwrap()
    }

    #[test]
    fn the_rules_of_a_password() {
        let check = |text: String| Password::new(Zeroizing::new(text)).map(|_| ());
        assert_eq!(check("1234567".into()), Err(PasswordError::Short));
        assert_eq!(check("äöüäöüä".into()), Err(PasswordError::Short));
        assert_eq!(check("äöüäöüäö".into()), Ok(()));
        assert_eq!(check("a".repeat(1024)), Ok(()));
        assert_eq!(check("a".repeat(1025)), Err(PasswordError::Long));
        assert_eq!(check("1234567\n".into()), Err(PasswordError::Control));
    }

    #[test]
    fn argon2id_as_others_compute_it() {
        // RFC 9106 has a key and data in its vector; this one is the reference implementation's (test.c, version 0x13).
        let phc = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let hash = StoredHash::parse(phc).unwrap();
        assert!(hash.verify(b"password", &Argon2id).unwrap());
        assert!(!hash.verify(b"Password", &Argon2id).unwrap());
        assert_eq!(hash.to_phc(), phc);
    }

    #[test]
    fn a_new_hash_has_owasps_parameters_and_a_salt_of_its_own() {
        let [a, b] = [0; 2].map(|_| StoredHash::new(&password("correct horse"), &Argon2id).unwrap());
        assert!(a.to_phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(a, b);
        assert!(
            StoredHash::parse(&a.to_phc())
                .unwrap()
                .verify(b"correct horse", &Argon2id)
                .unwrap()
        );
    }

    #[test]
    fn hashes_that_are_refused() {
        let end = "$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        for (start, error) in [
            ("$argon2i$v=19$m=256,t=2,p=1", HashError::Algorithm),
            ("$argon2id$v=16$m=256,t=2,p=1", HashError::Algorithm),
            ("$argon2id$m=256,t=2,p=1", HashError::Algorithm),
            ("$argon2id$v=19$m=256,t=2", HashError::Syntax),
            ("$argon2id$v=19$m=256,t=2,p=1,keyid=Zm9v", HashError::Syntax),
            ("$argon2id$v=19$m=99999999999,t=2,p=1", HashError::Syntax),
        ] {
            assert_eq!(
                StoredHash::parse(&format!("{start}{end}")).unwrap_err(),
                error,
                "{start}"
            );
        }
        for (m, t, p) in [
            (u32::MAX, 1, 1),
            (131_073, 1, 1),
            (256, 17, 1),
            (256, 1, 9),
            (7, 1, 1),
            (256, 0, 1),
        ] {
            let phc = format!("$argon2id$v=19$m={m},t={t},p={p}{end}");
            assert!(matches!(StoredHash::parse(&phc), Err(HashError::Cost { .. })), "{phc}");
        }
        let short = "$argon2id$v=19$m=256,t=2,p=1$c29tZQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert_eq!(StoredHash::parse(short), Err(HashError::Length));
    }

    #[test]
    fn nothing_secret_in_debug() {
        let hash = StoredHash::new(&password("correct horse"), &Counting::default()).unwrap();
        let shown = format!("{:?} {hash:?}", password("correct horse"));
        assert_eq!(
            shown,
            "Password StoredHash { cost: Cost { memory_kib: 19456, passes: 2, lanes: 1 }, .. }"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*", params in "[$a-z0-9=,+/]{0,80}") {
            let _ = StoredHash::parse(&text);
            let _ = StoredHash::parse(&format!("$argon2id$v=19${params}"));
        }
    }
}
