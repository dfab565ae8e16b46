//! What a series is, whatever its files are called.

use crate::error::{DicomError, Problem};
use crate::series::Series;
use radsql_imaging::FilesHash;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Large enough for BLAKE3's widest instructions, small enough for the cache and for a prompt stop.
const STEP: usize = 1 << 18;

impl Series {
    /// A hash of the bytes of all files of the series that does not depend on their names, their order or their places, nor
    /// on copies of one instance.
    ///
    /// BLAKE3 of the text `radsql dicom series 1` and, in ascending order, the BLAKE3 hashes of the files.
    ///
    /// # Errors
    /// [`DicomError`] when a file cannot be read, and [`Problem::Cancelled`].
    pub fn content_hash(&self, cancelled: &AtomicBool) -> Result<FilesHash, DicomError> {
        let mut buffer = vec![0; STEP];
        let mut hashes = Vec::new();
        for path in self.files() {
            hashes.push(hash_file(&path, &mut buffer, cancelled).map_err(|p| p.of(&path))?);
        }
        Ok(joined(hashes))
    }
}

/// A hash of the bytes of one segmentation or structure set, whatever it is called: as [`Series::content_hash`] of a series
/// with this one file.
///
/// # Errors
/// [`DicomError`] when the file cannot be read, and [`Problem::Cancelled`].
pub fn file_hash(path: impl AsRef<Path>, cancelled: &AtomicBool) -> Result<FilesHash, DicomError> {
    let path = path.as_ref();
    let hash = hash_file(path, &mut vec![0; STEP], cancelled).map_err(|p| p.of(path))?;
    Ok(joined(vec![hash]))
}

/// One hash of those of several files.
fn joined(mut hashes: Vec<[u8; 32]>) -> FilesHash {
    hashes.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"radsql dicom series 1");
    for hash in hashes {
        hasher.update(&hash);
    }
    FilesHash(hasher.finalize().into())
}

fn hash_file(path: &Path, buffer: &mut [u8], cancelled: &AtomicBool) -> Result<[u8; 32], Problem> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    loop {
        if cancelled.load(Ordering::Relaxed) {
            return Err(Problem::Cancelled);
        }
        match file.read(buffer) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(n) => {
                hasher.update(&buffer[..n]);
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
}
