//! Which files decide the voxels, and whether they are the same as before.

use crate::error::{ImagingError, Problem};
use crate::open::{Wanted, header_of, open};
use crate::reference::{Part, Reference};
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

/// Large enough for BLAKE3's widest instructions, small enough for the cache and for a prompt stop.
const STEP: usize = 1 << 18;

/// Longer than the ticks of the clocks by which systems date their files; FAT has the longest, 2 s.
const SETTLED: Duration = Duration::from_secs(2);

/// 256 bits that tell the files of images or masks apart, as they are stored; displays as 64 hexadecimal digits.
///
/// [`radsql_volume::ContentHash`] is of the voxels and the grid: one image in two compressions has one of these there, and
/// two of them here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilesHash(
    /// The bits.
    pub [u8; 32],
);

impl fmt::Display for FilesHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Every file whose bytes decide the voxels: that of the header first, then that of the voxels when it is another one, as
/// with detached NRRD headers and NIfTI pairs.
///
/// # Errors
/// [`ImagingError`] when the header cannot be read, or names a file that is not there or not acceptable.
pub fn files(reference: &Reference) -> Result<Vec<PathBuf>, ImagingError> {
    find_files(reference).map_err(|p| p.of(&reference.to_string()))
}

fn find_files(reference: &Reference) -> Result<Vec<PathBuf>, Problem> {
    if let Some(part) = reference.part.as_ref().filter(|part| !matches!(part, Part::Label(_))) {
        return Err(Problem::Part { part: part.clone() });
    }
    let opened = open(&reference.path, Wanted::Voxels)?;
    Ok([header_of(&reference.path)].into_iter().chain(opened.beside).collect())
}

/// A hash of the bytes of all [`files`], whatever their names; the part that the reference names does not count.
///
/// BLAKE3 of the text `radsql files 1` and, for each file in order, its number of bytes (64 bits, little-endian) and the
/// BLAKE3 hash of its bytes.
///
/// # Errors
/// As [`files`], and [`Problem::Cancelled`] when `cancelled` becomes true.
pub fn content_hash(reference: &Reference, cancelled: &AtomicBool) -> Result<FilesHash, ImagingError> {
    hash_files(reference, cancelled).map_err(|p| p.of(&reference.to_string()))
}

fn hash_files(reference: &Reference, cancelled: &AtomicBool) -> Result<FilesHash, Problem> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"radsql files 1");
    let mut buffer = vec![0; STEP];
    for path in find_files(reference)? {
        let (bytes, hash) = hash_file(&path, &mut buffer, cancelled)?;
        hasher.update(&bytes.to_le_bytes());
        hasher.update(hash.as_bytes());
    }
    Ok(FilesHash(hasher.finalize().into()))
}

fn hash_file(path: &Path, buffer: &mut [u8], cancelled: &AtomicBool) -> Result<(u64, blake3::Hash), Problem> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut bytes = 0;
    loop {
        if cancelled.load(Ordering::Relaxed) {
            return Err(Problem::Cancelled);
        }
        match file.read(buffer) {
            Ok(0) => return Ok((bytes, hasher.finalize())),
            Ok(n) => {
                hasher.update(&buffer[..n]);
                bytes += n as u64;
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// SHA-256 of files, as 64 hexadecimal digits: of one file what `sha256sum` prints; of several the SHA-256 of the list of
/// theirs, sorted, each with a line feed behind it (`sha256sum FILES | cut -c1-64 | sort | sha256sum`), so that names and order
/// do not count.
///
/// # Errors
/// [`ImagingError`] when a file cannot be read, and [`Problem::Cancelled`] when `cancelled` becomes true.
pub fn sha256(files: &[PathBuf], cancelled: &AtomicBool) -> Result<String, ImagingError> {
    let mut buffer = vec![0; STEP];
    let mut each = Vec::with_capacity(files.len());
    for path in files {
        let digest = sha256_file(path, &mut buffer, cancelled);
        each.push(digest.map_err(|p| p.of(&path.display().to_string()))?);
    }
    if let [one] = &mut each[..] {
        return Ok(std::mem::take(one));
    }
    each.sort_unstable();
    let list: String = each.iter().flat_map(|digest| [digest.as_str(), "\n"]).collect();
    Ok(hexadecimal(&Sha256::digest(list.as_bytes())))
}

fn sha256_file(path: &Path, buffer: &mut [u8], cancelled: &AtomicBool) -> Result<String, Problem> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    loop {
        if cancelled.load(Ordering::Relaxed) {
            return Err(Problem::Cancelled);
        }
        match file.read(buffer) {
            Ok(0) => return Ok(hexadecimal(&hasher.finalize())),
            Ok(n) => hasher.update(&buffer[..n]),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a system says about a file that changes with its bytes: a key under which to remember its [`content_hash`].
///
/// The same identity means the same bytes only if it [is settled](Self::is_settled): systems date files by a clock that
/// ticks every few milliseconds (every 2 s on FAT), so that a file that is written again within the tick of its last
/// change, to the same length, keeps its identity. Whoever remembers something about a file must therefore take the
/// identity *before* the file is read and remember only if it was settled then; and must not trust file systems whose
/// change times a program can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileIdentity {
    /// Number of the file system.
    pub device: u64,
    /// Number of the file in it.
    pub inode: u64,
    /// Length in bytes.
    pub size: u64,
    /// When the bytes changed last: seconds since 1970 and nanoseconds.
    pub modified: (i64, i64),
    /// When bytes, name, owner or rights changed last.
    pub changed: (i64, i64),
}

impl FileIdentity {
    /// The seven numbers, 64 bits each, little-endian, in the order of the fields.
    pub fn to_bytes(&self) -> [u8; 56] {
        let (modified, changed) = (self.modified, self.changed);
        let times = [modified.0, modified.1, changed.0, changed.1].map(i64::to_le_bytes);
        let numbers = [self.device, self.inode, self.size].map(u64::to_le_bytes);
        let mut bytes = [0; 56];
        for (to, from) in bytes.chunks_exact_mut(8).zip(numbers.iter().chain(&times)) {
            to.copy_from_slice(from);
        }
        bytes
    }

    /// Whether both times lie more than 2 s before `now`, so that a later change cannot have the same time. A time in the
    /// future, of a clock that is wrong, is not settled.
    pub fn is_settled(&self, now: SystemTime) -> bool {
        let Ok(now) = now.duration_since(SystemTime::UNIX_EPOCH) else {
            return false;
        };
        let now = now.as_nanos().cast_signed();
        [self.modified, self.changed].iter().all(|&(seconds, nanoseconds)| {
            let time = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
            now - time > SETTLED.as_nanos().cast_signed()
        })
    }
}

/// The identity of a regular file, links followed. `None` for anything else, for a file that is not there, and on systems
/// that number no files.
#[cfg(unix)]
pub fn identity(path: impl AsRef<Path>) -> Option<FileIdentity> {
    use std::os::unix::fs::MetadataExt;
    let about = std::fs::metadata(path).ok().filter(|m| m.is_file())?;
    Some(FileIdentity {
        device: about.dev(),
        inode: about.ino(),
        size: about.size(),
        modified: (about.mtime(), about.mtime_nsec()),
        changed: (about.ctime(), about.ctime_nsec()),
    })
}

/// The identity of a regular file: `None` on this system, which numbers no files.
#[cfg(not(unix))]
pub fn identity(_: impl AsRef<Path>) -> Option<FileIdentity> {
    None
}
