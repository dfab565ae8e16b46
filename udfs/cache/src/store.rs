//! The store: what is asked of it never fails.

use crate::error::CacheError;
use crate::file::{Place, is_damage};
use crate::key::Key;
use crate::record::{Record, seal, unseal};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, TransactionBehavior, params};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Bytes on disk above which the entries that were not used for longest are dropped.
const MOST_BYTES: u64 = 1 << 30;
/// Writes between two looks at the size.
const WRITES_BETWEEN: u64 = 512;
/// Seconds within which a use is not written down again.
const DAY: i64 = 24 * 60 * 60;
/// How long the store is left alone after it was locked: waiting for it again at every scan would hold up the query.
const PAUSE: Duration = Duration::from_secs(60);

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
    idle: Mutex<Vec<Held>>,
    /// Held while writing: threads queue here, as SQLite lets them sleep and try again.
    writing: Mutex<()>,
    /// When reading and writing may be tried again.
    resume: [Mutex<Option<Instant>>; 2],
    writes: AtomicU64,
    problems: AtomicU64,
}

/// A connection, and the file that it is to.
struct Held {
    connection: Connection,
    file: Option<(u64, u64)>,
}

#[derive(Clone, Copy)]
pub(crate) enum Access {
    Read,
    Write,
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
        let file = place.identity();
        Ok(Self {
            place,
            idle: Mutex::new(vec![Held { connection, file }]),
            writing: Mutex::new(()),
            resume: [Mutex::new(None), Mutex::new(None)],
            writes: AtomicU64::new(0),
            problems: AtomicU64::new(0),
        })
    }

    /// The records of some keys, `None` for each that is not there.
    pub fn get(&self, keys: &[Key]) -> Vec<Option<Record>> {
        let now = now();
        let mut stale = Vec::new();
        let found = self.with(Access::Read, |connection| {
            stale.clear();
            let transaction = connection.transaction()?;
            let mut found = Vec::with_capacity(keys.len());
            let mut statement = transaction.prepare_cached("SELECT record, used FROM entry WHERE key = ?1")?;
            for key in keys {
                let row = statement.query_row([&key.as_bytes()[..]], |row| {
                    let record = bytes_of(row, 0)?.and_then(|bytes| Record::decode(key, bytes));
                    Ok((record, row.get_ref(1)?.as_i64().unwrap_or(0)))
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
            self.with(Access::Write, |connection| {
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
        if records.is_empty() {
            return;
        }
        let now = now();
        self.with(Access::Write, |connection| {
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
                    "INSERT INTO entry
                     (key, kind, image, region, name, settings, version, numbers, stored, used, record, seal)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11)
                     ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, image = excluded.image,
                     region = excluded.region, name = excluded.name, settings = excluded.settings,
                     version = excluded.version, numbers = excluded.numbers, stored = excluded.stored,
                     used = excluded.used, record = excluded.record, seal = excluded.seal",
                )?;
                let listed = Listed {
                    kind: about.kind,
                    image: about.image.as_bytes(),
                    region: about.region.as_bytes(),
                    name: &about.name,
                    settings: &about.settings,
                    version: about.version.into(),
                    numbers: merged.len() as i64,
                    stored: now,
                };
                statement.execute(params![
                    &key.as_bytes()[..],
                    listed.kind,
                    listed.image,
                    listed.region,
                    listed.name,
                    listed.settings,
                    listed.version,
                    listed.numbers,
                    listed.stored,
                    merged.encode(key),
                    listed.seal(key),
                ])?;
            }
            transaction.commit()
        });
        self.written();
    }

    /// Looks now and then whether the file has grown too large.
    pub(crate) fn written(&self) {
        // The first write of a process looks too: many short ones must not outgrow the bound together.
        if self
            .writes
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(WRITES_BETWEEN)
        {
            self.trim(MOST_BYTES);
        }
    }

    /// The content hash that was learnt for a file in a certain state.
    pub fn known_content(&self, file: &Key) -> Option<Key> {
        self.with(Access::Read, |connection| {
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
        self.with(Access::Write, |connection| {
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
        self.with(Access::Read, |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key, kind, image, region, name, settings, version, numbers, stored, used, seal FROM entry
                 ORDER BY stored, key",
            )?;
            let mut rows = statement.query([])?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                entries.extend(entry_of(row)?);
            }
            Ok(entries)
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
            let done = self.with(Access::Write, |connection| {
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
                connection.execute(
                    "DELETE FROM header WHERE key IN
                     (SELECT key FROM header ORDER BY stored LIMIT (SELECT count(*) / 10 FROM header))",
                    [],
                )?;
                let mut vacuum = connection.prepare_cached("PRAGMA incremental_vacuum")?;
                let mut freed = vacuum.query([])?;
                while freed.next()?.is_some() {}
                Ok(dropped == 0)
            });
            if done.unwrap_or(true) {
                break;
            }
        }
    }

    /// Runs one piece of work on a connection of this thread. What fails is counted and gives `None`; a file that turns out to
    /// be damaged is replaced, and the work tried once more.
    pub(crate) fn with<T>(
        &self,
        access: Access,
        mut work: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Option<T> {
        let _turn = matches!(access, Access::Write).then(|| lock(&self.writing));
        let [reads, writes] = &self.resume;
        let resume = match access {
            Access::Read => reads,
            Access::Write => writes,
        };
        let paused = lock(resume).is_some_and(|until| Instant::now() < until);
        for _ in 0..2 {
            if paused {
                break;
            }
            let failure = match self.held() {
                Ok(mut held) => match work(&mut held.connection) {
                    Ok(answer) => {
                        lock(&self.idle).push(held);
                        return Some(answer);
                    }
                    Err(e) if is_damage(&e) => e,
                    Err(e) => {
                        lock(&self.idle).push(held);
                        e
                    }
                },
                Err(CacheError::Store(e)) => e,
                Err(CacheError::Folder { .. }) => break,
            };
            if is_damage(&failure) {
                self.problems.fetch_add(1, Ordering::Relaxed);
                lock(&self.idle).clear();
                if self.place.begin_anew().is_err() {
                    break;
                }
            } else {
                if matches!(
                    failure.sqlite_error_code(),
                    Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
                ) {
                    *lock(resume) = Some(Instant::now() + PAUSE);
                }
                break;
            }
        }
        self.problems.fetch_add(1, Ordering::Relaxed);
        None
    }

    /// A connection to the file that is there now. One to a file that was deleted or replaced would keep nothing for anyone.
    fn held(&self) -> Result<Held, CacheError> {
        let there = self.place.identity();
        loop {
            let Some(held) = lock(&self.idle).pop() else { break };
            if held.file == there {
                return Ok(held);
            }
        }
        let connection = self.place.open()?;
        Ok(Held {
            connection,
            file: self.place.identity(),
        })
    }
}

/// What [`Cache::list`] shows of an entry and damage must not change.
struct Listed<'a> {
    kind: &'a str,
    image: &'a [u8],
    region: &'a [u8],
    name: &'a str,
    settings: &'a str,
    version: i64,
    numbers: i64,
    stored: i64,
}

impl Listed<'_> {
    /// A checksum of all fields and the key.
    fn seal(&self, key: &Key) -> Vec<u8> {
        let numbers = [self.version, self.numbers, self.stored].map(i64::to_le_bytes);
        let parts = [
            key.as_bytes(),
            self.kind.as_bytes(),
            self.image,
            self.region,
            self.name.as_bytes(),
            self.settings.as_bytes(),
            numbers.as_flattened(),
        ];
        seal(&Key::of("listed", &parts), Vec::new())
    }
}

/// The entry that a row of [`Cache::list`] holds, unless it is damaged.
fn entry_of(row: &Row<'_>) -> rusqlite::Result<Option<Entry>> {
    let bytes = |column| Ok::<_, rusqlite::Error>(bytes_of(row, column)?.unwrap_or_default());
    let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str().unwrap_or_default());
    let whole = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_i64().unwrap_or_default());
    let Some(key) = bytes(0)?.try_into().ok().map(Key::from_bytes) else {
        return Ok(None);
    };
    let listed = Listed {
        kind: text(1)?,
        image: bytes(2)?,
        region: bytes(3)?,
        name: text(4)?,
        settings: text(5)?,
        version: whole(6)?,
        numbers: whole(7)?,
        stored: whole(8)?,
    };
    if listed.seal(&key) != bytes(10)? {
        return Ok(None);
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    Ok(Some(Entry {
        key: key.to_string(),
        kind: listed.kind.to_owned(),
        image: hex(listed.image),
        region: hex(listed.region),
        name: listed.name.to_owned(),
        settings: listed.settings.to_owned(),
        version: listed.version,
        numbers: listed.numbers,
        stored: listed.stored,
        used: whole(9)?,
    }))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bytes of a cell; `None` where damage has made something else of it.
pub(crate) fn bytes_of<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<Option<&'a [u8]>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Blob(bytes) => Some(bytes),
        _ => None,
    })
}

pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
}
