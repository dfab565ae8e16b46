//! What files' headers told, kept so that an unchanged file is not opened a second time.

use crate::header::Content;
use radsql_imaging::identity;
use std::path::Path;
use std::time::SystemTime;

/// Raised when the same file would give another [`Content`], or one that is written differently.
const VERSION: u32 = 1;
/// Bytes of the hash in front of each value.
const CHECK: usize = 16;
/// Values above this are not kept; a header of one is rare.
const LONGEST: usize = 1 << 20;

/// Keeps what was read of files' headers, under keys that change when a file does
/// ([`FileIdentity::to_bytes`](radsql_imaging::FileIdentity::to_bytes)).
///
/// It need not keep everything, nor be believed: bytes that are not what was put under that very key by this version are
/// as if they were not there. Values hold the patient's and the instances' identifiers, as [`SeriesTags`](crate::SeriesTags)
/// does; identifying tags are never among them.
pub trait HeaderCache: Sync {
    /// What is kept under each key.
    fn get(&self, keys: &[[u8; 56]]) -> Vec<Option<Vec<u8>>>;
    /// Keeps it.
    fn put(&self, found: &[([u8; 56], Vec<u8>)]);
}

/// The key of a file's content, when a later change of the file will show in it. To be taken before the file is read.
pub(crate) fn key(path: &Path) -> Option<[u8; 56]> {
    let identity = identity(path)?;
    identity.is_settled(SystemTime::now()).then(|| identity.to_bytes())
}

/// The value to be kept; none for what is to be read anew each time.
pub(crate) fn encode(key: &[u8; 56], content: &Content) -> Option<Vec<u8>> {
    let value = postcard::to_extend(content, vec![0; CHECK]).ok()?;
    if value.len() > LONGEST {
        return None;
    }
    let check = check(key, &value[CHECK..]);
    let mut value = value;
    value[..CHECK].copy_from_slice(&check);
    Some(value)
}

/// What was kept; none when it is damaged, or belongs to another file or version.
pub(crate) fn decode(key: &[u8; 56], value: &[u8]) -> Option<Content> {
    let (found, body) = value.split_at_checked(CHECK)?;
    if found != check(key, body) {
        return None;
    }
    let (content, rest) = postcard::take_from_bytes(body).ok()?;
    rest.is_empty().then_some(content)
}

fn check(key: &[u8; 56], body: &[u8]) -> [u8; CHECK] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"radsql dicom header");
    hasher.update(&VERSION.to_le_bytes());
    hasher.update(key);
    hasher.update(body);
    let mut check = [0; CHECK];
    hasher.finalize_xof().fill(&mut check);
    check
}

/// Frames as they are kept: only those that were understood. Why others were not is found again by reading them again.
pub(crate) mod understood {
    use crate::error::Problem;
    use crate::header::Frame;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error};

    type Frames = Result<Box<[Frame]>, Box<Problem>>;

    pub fn serialize<S: Serializer>(frames: &Frames, to: S) -> Result<S::Ok, S::Error> {
        match frames {
            Ok(frames) => frames.serialize(to),
            Err(problem) => Err(S::Error::custom(problem)),
        }
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Frames, D::Error> {
        Box::deserialize(from).map(Ok)
    }
}
