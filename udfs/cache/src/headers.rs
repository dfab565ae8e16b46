//! What the headers of image files said, so that a folder need not be read again.
//!
//! Headers tell of patients, and a store of computed features must not. So each is encrypted under what the file system says
//! of its file (numbers, length, times to the nanosecond): who can look at the file can read it, and nobody else.

use crate::key::Key;
use crate::store::{Access, Cache, bytes_of, now};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rusqlite::{OptionalExtension, TransactionBehavior, params};

/// Bytes of a nonce.
const NONCE: usize = 24;

/// The state of a file, as the file system tells it: it changes when the file does.
pub type State = [u8; 56];

impl Cache {
    /// What is kept of files in these states; `None` for each of which nothing is.
    pub fn headers(&self, states: &[State]) -> Vec<Option<Vec<u8>>> {
        let found = self.with(Access::Read, |connection| {
            let transaction = connection.transaction()?;
            let mut found = Vec::with_capacity(states.len());
            let mut statement = transaction.prepare_cached("SELECT header FROM header WHERE key = ?1")?;
            for state in states {
                let row = statement.query_row([&place(state).as_bytes()[..]], |row| {
                    Ok(bytes_of(row, 0)?.and_then(|bytes| open(state, bytes)))
                });
                found.push(row.optional()?.flatten());
            }
            drop(statement);
            transaction.commit()?;
            Ok(found)
        });
        found.unwrap_or_else(|| vec![None; states.len()])
    }

    /// Keeps something of files in certain states.
    pub fn keep_headers(&self, headers: &[(State, Vec<u8>)]) {
        if headers.is_empty() {
            return;
        }
        let now = now();
        let sealed: Vec<_> = headers
            .iter()
            .filter_map(|(state, bytes)| Some((place(state), close(state, bytes)?)))
            .collect();
        self.with(Access::Write, |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (key, bytes) in &sealed {
                let mut statement = transaction
                    .prepare_cached("INSERT OR REPLACE INTO header (key, header, stored) VALUES (?1, ?2, ?3)")?;
                statement.execute(params![&key.as_bytes()[..], bytes, now])?;
            }
            transaction.commit()
        });
        self.written();
    }
}

/// The key of a row, from which the state of the file cannot be told.
fn place(state: &State) -> Key {
    Key::of("header", &[state])
}

fn cipher(state: &State) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&blake3::derive_key("radsql cache: headers of image files, version 1", state).into())
}

fn close(state: &State, bytes: &[u8]) -> Option<Vec<u8>> {
    // One text gives one nonce, two texts two: no key is ever used twice with one.
    let mut nonce = [0; NONCE];
    let hash = blake3::keyed_hash(place(state).as_bytes(), bytes);
    nonce.iter_mut().zip(hash.as_bytes()).for_each(|(n, h)| *n = *h);
    let sealed = cipher(state).encrypt(&XNonce::from(nonce), bytes).ok()?;
    Some([&nonce[..], &sealed].concat())
}

fn open(state: &State, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    cipher(state).decrypt(&XNonce::from(*nonce), sealed).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_opens_under_its_own_state_alone() {
        let (state, other) = ([7; 56], [8; 56]);
        let sealed = close(&state, b"PatientID P1").unwrap();
        assert!(!sealed.windows(2).any(|w| w == b"P1"));
        assert_eq!(open(&state, &sealed).as_deref(), Some(&b"PatientID P1"[..]));
        assert_eq!(open(&other, &sealed), None);
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(open(&state, &damaged), None);
            assert_eq!(open(&state, &sealed[..at]), None);
        }
        assert_ne!(
            close(&state, b"a").unwrap()[..NONCE],
            close(&state, b"b").unwrap()[..NONCE]
        );
    }
}
