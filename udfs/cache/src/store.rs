//! The store: what is asked of it never fails.

use crate::error::CacheError;
use crate::file::{Place, is_damage};
use crate::key::Key;
use crate::record::{Record, seal, unseal};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes on disk above which the entries that were not used for longest are dropped.
const MOST_BYTES: u64 = 1 << 30;
/// Writes between two looks at the size.
const WRITES_BETWEEN: u64 = 512;
/// Seconds within which a use is not written down again.
const DAY: i64 = 24 * 60 * 60;

/// What an entry is about, for people: keys are hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// What made it, such as `radiomics`.
    pub kind: &'static str,
    /// Hash of the image's content.
    pub image: Key,
    /// Hash of the mask's content and the region chosen in it.
    pub region: Key,
    /// Name of the derived image, such as `wavelet-LLH`.
    pub name: String,
    /// The settings, as the user gave them.
    pub settings: String,
    /// Version of the definitions.
    pub version: u32,
}

/// An entry as [`Cache::list`] shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// What made it.
    pub kind: String,
    /// Hash of the image's content.
    pub image: String,
    /// Hash of the mask's content and the region chosen in it.
    pub region: String,
    /// Name of the derived image.
    pub name: String,
    /// The settings.
    pub settings: String,
    /// Version of the definitions.
    pub version: i64,
    /// Number of values.
    pub numbers: i64,
    /// When it was last written, in seconds since 1970.
    pub stored: i64,
    /// When it was last used, to the day.
    pub used: i64,
}

/// A store in a folder. Several threads and several processes may use it at once.
pub struct Cache {
    place: Place,
    /// Connections that nobody uses at the moment.
    idle: Mutex<Vec<Connection>>,
    writes: AtomicU64,
    problems: AtomicU64,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

impl Cache {
    /// Opens the store in a folder, which is made (for the user alone) if it is not there.
    ///
    /// # Errors
    /// When the folder cannot be used. A file in it that is damaged is replaced.
    pub fn open(folder: &Path) -> Result<Self, CacheError> {
        let place = Place::new(folder)?;
        let connection = place.open()?;
        Ok(Self {
            place,
            idle: Mutex::new(vec![connection]),
            writes: AtomicU64::new(0),
            problems: AtomicU64::new(0),
        })
    }

    /// The records of some keys, `None` for each that is not there.
    pub fn get(&self, keys: &[Key]) -> Vec<Option<Record>> {
        let now = now();
        let mut stale = Vec::new();
        let found = self.with(|connection| {
            stale.clear();
            let transaction = connection.transaction()?;
            let mut found = Vec::with_capacity(keys.len());
            let mut statement = transaction.prepare_cached("SELECT record, used FROM entry WHERE key = ?1")?;
            for key in keys {
                let row = statement.query_row([&key.as_bytes()[..]], |row| {
                    let record = bytes_of(row, 0)?.and_then(|bytes| Record::decode(key, bytes));
                    Ok((record, row.get::<_, i64>(1)?))
                });
                let (record, used) = row.optional()?.unwrap_or((None, now));
                if record.is_some() && now - used > DAY {
                    stale.push(*key);
                }
                found.push(record);
            }
            drop(statement);
            transaction.commit()?;
            Ok(found)
        });
        if !stale.is_empty() {
            self.with(|connection| {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                for key in &stale {
                    let mut statement = transaction.prepare_cached("UPDATE entry SET used = ?2 WHERE key = ?1")?;
                    statement.execute(params![&key.as_bytes()[..], now])?;
                }
                transaction.commit()
            });
        }
        found.unwrap_or_else(|| vec![None; keys.len()])
    }

    /// Adds records to what is there under their keys.
    pub fn put(&self, records: &[(Key, Description, Record)]) {
        let now = now();
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (key, about, record) in records {
                let mut before = transaction.prepare_cached("SELECT record FROM entry WHERE key = ?1")?;
                let before = before
                    .query_row([&key.as_bytes()[..]], |row| {
                        Ok(bytes_of(row, 0)?.and_then(|b| Record::decode(key, b)))
                    })
                    .optional()?
                    .flatten();
                let merged = before.map_or_else(|| record.clone(), |before| before.merged(record));
                let mut statement = transaction.prepare_cached(
                    "INSERT OR REPLACE INTO entry
                     (key, kind, image, region, name, settings, version, numbers, stored, used, record)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)",
                )?;
                statement.execute(params![
                    &key.as_bytes()[..],
                    about.kind,
                    &about.image.as_bytes()[..],
                    &about.region.as_bytes()[..],
                    about.name,
                    about.settings,
                    about.version,
                    merged.len() as i64,
                    now,
                    merged.encode(key),
                ])?;
            }
            transaction.commit()
        });
        if self.writes.fetch_add(1, Ordering::Relaxed) % WRITES_BETWEEN == WRITES_BETWEEN - 1 {
            self.trim(MOST_BYTES);
        }
    }

    /// The content hash that was learnt for a file in a certain state.
    pub fn known_content(&self, file: &Key) -> Option<Key> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached("SELECT hash FROM content WHERE key = ?1")?;
            let row = statement.query_row([&file.as_bytes()[..]], |row| {
                let bytes = bytes_of(row, 0)?.and_then(|bytes| unseal(file, bytes));
                Ok(bytes.and_then(|b| b.try_into().ok()).map(Key::from_bytes))
            });
            Ok(row.optional()?.flatten())
        })
        .flatten()
    }

    /// Learns the content hash of a file in a certain state.
    pub fn learn_content(&self, file: &Key, content: &Key) {
        self.with(|connection| {
            let mut statement =
                connection.prepare_cached("INSERT OR REPLACE INTO content (key, hash, stored) VALUES (?1, ?2, ?3)")?;
            statement.execute(params![
                &file.as_bytes()[..],
                seal(file, content.as_bytes().to_vec()),
                now()
            ])
        });
    }

    /// The entries, oldest first. Those that are damaged are left out.
    pub fn list(&self) -> Vec<Entry> {
        let hex = |bytes: Vec<u8>| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key, kind, image, region, name, settings, version, numbers, stored, used FROM entry
                 ORDER BY stored, key",
            )?;
            let entry = |row: &Row<'_>| {
                Ok(Entry {
                    key: hex(row.get(0)?),
                    kind: row.get(1)?,
                    image: hex(row.get(2)?),
                    region: hex(row.get(3)?),
                    name: row.get(4)?,
                    settings: row.get(5)?,
                    version: row.get(6)?,
                    numbers: row.get(7)?,
                    stored: row.get(8)?,
                    used: row.get(9)?,
                })
            };
            let rows = statement.query_map([], entry)?;
            Ok(rows.filter_map(Result::ok).collect())
        })
        .unwrap_or_default()
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.place.bytes()
    }

    /// How often something could not be read or written since the cache was opened.
    pub fn problems(&self) -> u64 {
        self.problems.load(Ordering::Relaxed)
    }

    /// While the file is larger than `most` bytes, drops a tenth of the entries: those not used for longest.
    pub fn trim(&self, most: u64) {
        for _ in 0..64 {
            let done = self.with(|connection| {
                let pages = |what: &str| connection.query_row(&format!("PRAGMA {what}"), [], |r| r.get::<_, i64>(0));
                let used = (pages("page_count")? - pages("freelist_count")?) * pages("page_size")?;
                if used <= i64::try_from(most).unwrap_or(i64::MAX) {
                    return Ok(true);
                }
                let dropped = connection.execute(
                    "DELETE FROM entry WHERE key IN
                     (SELECT key FROM entry ORDER BY used LIMIT (SELECT count(*) / 10 + 1 FROM entry))",
                    [],
                )?;
                connection.execute(
                    "DELETE FROM content WHERE key IN
                     (SELECT key FROM content ORDER BY stored LIMIT (SELECT count(*) / 10 FROM content))",
                    [],
                )?;
                Ok(dropped == 0)
            });
            if done.unwrap_or(true) {
                break;
            }
        }
    }

    /// Runs one piece of work on a connection of this thread. What fails is counted and gives `None`; a file that turns out to
    /// be damaged is replaced, and the work tried once more.
    fn with<T>(&self, mut work: impl FnMut(&mut Connection) -> rusqlite::Result<T>) -> Option<T> {
        for _ in 0..2 {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Ok(mut connection) = idle.map_or_else(|| self.place.open(), Ok) else {
                break;
            };
            match work(&mut connection) {
                Ok(answer) => {
                    self.idle
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(connection);
                    return Some(answer);
                }
                Err(e) if is_damage(&e) => {
                    self.problems.fetch_add(1, Ordering::Relaxed);
                    drop(connection);
                    self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
                    if self.place.begin_anew().is_err() {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
        self.problems.fetch_add(1, Ordering::Relaxed);
        None
    }
}

/// The bytes of a cell; `None` where damage has made something else of it.
fn bytes_of<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<Option<&'a [u8]>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Blob(bytes) => Some(bytes),
        _ => None,
    })
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
}
