//! Files, their hashes and their identities.

use radsql_imaging::{FileIdentity, Part, Problem, Reference, content_hash, files, identity};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

static NEVER: AtomicBool = AtomicBool::new(false);

fn hash(path: &Path) -> String {
    content_hash(&Reference::whole(path), &NEVER)
        .expect("a hash")
        .to_string()
}

/// A detached NRRD header and its voxels.
fn detached(folder: &Path) -> PathBuf {
    let header = folder.join("a.nhdr");
    let text = "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 2 2\nencoding: raw\ndata file: sub/a.raw\n";
    std::fs::write(&header, text).expect("a file");
    std::fs::create_dir_all(folder.join("sub")).expect("a folder");
    std::fs::write(folder.join("sub/a.raw"), [1, 2, 3, 4, 5, 6, 7, 8]).expect("a file");
    header
}

#[test]
fn every_byte_of_every_file_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = detached(folder.path());
    let data = folder.path().join("sub/a.raw");
    let both = files(&Reference::whole(&header)).expect("files");
    assert_eq!(both, [header.clone(), data.canonicalize().expect("a path")]);

    let text = std::fs::read(&header).expect("a file");
    let bytes = std::fs::read(&data).expect("a file");
    let mut expected = blake3::Hasher::new();
    expected.update(b"radsql files 1");
    for file in [&text, &bytes] {
        expected.update(&(file.len() as u64).to_le_bytes());
        expected.update(blake3::hash(file).as_bytes());
    }
    let first = hash(&header);
    assert_eq!(first, expected.finalize().to_hex().as_str());
    // One label of it is the same file.
    let part = Reference {
        path: header.clone(),
        part: Some(Part::Label(2)),
    };
    assert_eq!(content_hash(&part, &NEVER).expect("a hash").to_string(), first);

    std::fs::write(&data, [1, 2, 3, 4, 5, 6, 7, 9]).expect("a file");
    let second = hash(&header);
    std::fs::write(&data, &bytes).expect("a file");
    std::fs::write(&header, [&text[..], b"# more\n"].concat()).expect("a file");
    let third = hash(&header);
    assert!(first != second && first != third && second != third);

    std::fs::remove_file(&data).expect("a file");
    assert!(matches!(
        files(&Reference::whole(&header)).map_err(|e| e.problem),
        Err(Problem::Io(_))
    ));
    let segment = Reference {
        path: header,
        part: Some(Part::Segment("a".into())),
    };
    assert!(matches!(
        files(&segment).map_err(|e| e.problem),
        Err(Problem::Part { .. })
    ));
}

#[test]
fn pairs_and_single_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let (header, image) = (folder.path().join("a.hdr"), folder.path().join("a.img"));
    let mut bytes = vec![0u8; 348];
    bytes[0..4].copy_from_slice(&348i32.to_le_bytes());
    for (i, n) in [3i16, 2, 2, 2, 1, 1, 1, 1].into_iter().enumerate() {
        bytes[40 + 2 * i..42 + 2 * i].copy_from_slice(&n.to_le_bytes());
    }
    bytes[70] = 2;
    bytes[344..348].copy_from_slice(b"ni1\0");
    std::fs::write(&header, &bytes).expect("a file");
    std::fs::write(&image, [0; 8]).expect("a file");
    for name in [&header, &image] {
        assert_eq!(
            files(&Reference::whole(name)).expect("files"),
            [header.clone(), image.clone()]
        );
    }
    assert_eq!(hash(&header), hash(&image));
    bytes[344..348].copy_from_slice(b"n+1\0");
    bytes[108..112].copy_from_slice(&352f32.to_le_bytes());
    bytes.extend([0; 12]);
    let single = folder.path().join("a.nii");
    std::fs::write(&single, &bytes).expect("a file");
    assert_eq!(files(&Reference::whole(&single)).expect("files"), [single]);
}

#[test]
fn a_hash_can_be_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = detached(folder.path());
    let stopped = content_hash(&Reference::whole(header), &AtomicBool::new(true));
    assert!(matches!(stopped.map_err(|e| e.problem), Err(Problem::Cancelled)));
}

#[cfg(unix)]
#[test]
fn an_identity_changes_with_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a");
    assert_eq!(identity(&path), None);
    assert_eq!(identity(folder.path()), None);
    std::fs::write(&path, b"one").expect("a file");
    let first = identity(&path).expect("an identity");
    assert_eq!((first.size, identity(&path)), (3, Some(first)));
    std::fs::hard_link(&path, folder.path().join("b")).expect("a link");
    std::os::unix::fs::symlink(&path, folder.path().join("c")).expect("a link");
    let linked = identity(folder.path().join("c")).expect("an identity");
    assert_eq!(identity(folder.path().join("b")), Some(linked));
    assert_eq!((linked.inode, linked.modified), (first.inode, first.modified));
    // The same length, and a modification time that a program has set back.
    let file = std::fs::File::options().write(true).open(&path).expect("a file");
    std::thread::sleep(Duration::from_millis(20));
    std::fs::write(&path, b"two").expect("a file");
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::new(first.modified.0 as u64, first.modified.1 as u32))
        .expect("a time");
    let second = identity(&path).expect("an identity");
    assert_eq!((second.size, second.modified), (first.size, first.modified));
    assert_ne!(second, first);
    assert_ne!(second.to_bytes(), first.to_bytes());
    assert!(!second.is_settled(SystemTime::now()));
    assert!(second.is_settled(SystemTime::now() + Duration::from_secs(3)));
}

#[test]
fn settled_is_more_than_two_seconds() {
    let at = |seconds, nanoseconds| FileIdentity {
        device: 1,
        inode: 2,
        size: 3,
        modified: (1000, 500),
        changed: (seconds, nanoseconds),
    };
    let now = |nanoseconds| SystemTime::UNIX_EPOCH + Duration::new(1002, nanoseconds);
    assert!(!at(1000, 400).is_settled(now(500)));
    assert!(at(1000, 400).is_settled(now(501)));
    assert!(!at(1000, 600).is_settled(now(501)));
    assert!(!at(2000, 0).is_settled(now(501)));
    assert!(!at(1000, 0).is_settled(SystemTime::UNIX_EPOCH - Duration::from_secs(1)));
    let bytes = at(4, 5).to_bytes();
    let numbers: Vec<u64> = bytes.as_chunks().0.iter().map(|b| u64::from_le_bytes(*b)).collect();
    assert_eq!(numbers, [1, 2, 3, 1000, 500, 4, 5]);
}
