//! Many texts in little memory: paths of a folder, identifiers of a series.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Texts of which neighbours begin alike. Each is kept as what it has not in common with the one before it, but for the
/// first of each run, from which the others are found.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// Of each text how many bytes are in common, how many follow and whether they are packed, and these.
    bytes: Vec<u8>,
    /// Where runs begin.
    runs: Vec<usize>,
    len: usize,
    last: Vec<u8>,
}

/// What identifiers and most files' names are written with, of which two fit into a byte.
const PACKED: &[u8; 16] = b"0123456789./-dcm";
/// Texts of a run: how many are passed over at most to find one.
const RUN: usize = 16;

impl Texts {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn push(&mut self, text: &[u8]) {
        if self.len.is_multiple_of(RUN) {
            self.runs.push(self.bytes.len());
            self.last.clear();
        }
        let common = self.last.iter().zip(text).take_while(|(a, b)| a == b).count();
        let rest = &text[common..];
        put(&mut self.bytes, common);
        let packed: Option<Vec<u8>> = rest
            .iter()
            .map(|byte| PACKED.iter().position(|p| p == byte))
            .map(|p| Some(p? as u8))
            .collect();
        put(&mut self.bytes, rest.len() << 1 | usize::from(packed.is_some()));
        match packed {
            Some(packed) => {
                let pairs = packed
                    .chunks(2)
                    .map(|two| two[0] << 4 | two.get(1).copied().unwrap_or(0));
                self.bytes.extend(pairs);
            }
            None => self.bytes.extend(rest),
        }
        self.last.truncate(common);
        self.last.extend(rest);
        self.len += 1;
    }

    /// Gives back memory that is only needed while texts are added.
    pub fn finish(&mut self) {
        self.bytes.shrink_to_fit();
        self.runs.shrink_to_fit();
        self.last = Vec::new();
    }

    pub fn get(&self, at: usize) -> Option<String> {
        self.from(at).next()
    }

    /// The texts from one on.
    pub fn from(&self, at: usize) -> Iter<'_> {
        let run = self.runs.get(at / RUN).copied().unwrap_or(self.bytes.len());
        let mut iter = Iter {
            bytes: &self.bytes[run..],
            text: Vec::new(),
        };
        for _ in 0..at % RUN {
            iter.step();
        }
        iter
    }

    /// Whether a text is one of these, which ascend.
    pub fn ascending_have(&self, text: &str) -> bool {
        let first = |run: &usize| Iter {
            bytes: &self.bytes[*run..],
            text: Vec::new(),
        };
        let behind = self.runs.partition_point(|run| {
            let mut run = first(run);
            run.step();
            run.text.as_slice() <= text.as_bytes()
        });
        let run = behind.checked_sub(1).and_then(|run| self.runs.get(run));
        run.is_some_and(|run| first(run).take(RUN).any(|found| found == text))
    }
}

/// Texts, one after another.
#[derive(Debug, Clone)]
pub(crate) struct Iter<'a> {
    bytes: &'a [u8],
    text: Vec<u8>,
}

impl Iter<'_> {
    fn step(&mut self) -> Option<()> {
        let common = take(&mut self.bytes)?;
        let more = take(&mut self.bytes)?;
        let (more, packed) = (more >> 1, more & 1 == 1);
        let there = if packed { more.div_ceil(2) } else { more };
        let (there, rest) = self.bytes.split_at_checked(there)?;
        self.text.truncate(common);
        match packed {
            true => {
                let letters = there.iter().flat_map(|two| [two >> 4, two & 0xF]);
                self.text.extend(letters.take(more).map(|at| PACKED[usize::from(at)]));
            }
            false => self.text.extend(there),
        }
        self.bytes = rest;
        Some(())
    }
}

impl Iterator for Iter<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        self.step()?;
        Some(String::from_utf8_lossy(&self.text).into_owned())
    }
}

/// Appends a number, seven bits a byte, the least first.
fn put(bytes: &mut Vec<u8>, mut number: usize) {
    while number > 0x7F {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Option<usize> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= usize::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}

/// Paths.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    texts: Texts,
    /// Those that are no text.
    odd: BTreeMap<usize, PathBuf>,
}

impl Paths {
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    pub fn push(&mut self, path: &Path) {
        if path.to_str().is_none() {
            self.odd.insert(self.texts.len(), path.to_owned());
        }
        self.texts.push(path.to_string_lossy().as_bytes());
    }

    /// Gives back memory that is only needed while paths are added.
    pub fn finish(&mut self) {
        self.texts.finish();
    }

    pub fn get(&self, at: usize) -> Option<PathBuf> {
        self.from(at).next()
    }

    /// The paths from one on.
    pub fn from(&self, at: usize) -> impl Iterator<Item = PathBuf> {
        let texts = self.texts.from(at).enumerate();
        texts.map(move |(i, text)| match self.odd.get(&(at + i)) {
            Some(odd) => odd.clone(),
            None => text.into(),
        })
    }
}

/// Paths in any order, each folder once for those of its files that are found one after another.
#[derive(Debug, Default)]
pub(crate) struct FoundPaths {
    /// Folders, with what parts them from a file's name.
    folders: Vec<String>,
    names: String,
    /// The folder of each file, and where its name ends.
    files: Vec<(u32, usize)>,
    /// Those that are no text.
    odd: BTreeMap<usize, PathBuf>,
}

impl FoundPaths {
    pub fn push(&mut self, path: &Path) {
        if path.to_str().is_none() {
            self.odd.insert(self.files.len(), path.to_owned());
        }
        let text = path.to_string_lossy();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let (folder, name) = match text.strip_suffix(&*name) {
            Some(folder) => (folder, &*name),
            None => (&*text, ""),
        };
        if self.folders.last().is_none_or(|last| last != folder) {
            self.folders.push(folder.to_owned());
        }
        self.names.push_str(name);
        self.files.push((self.folders.len() as u32 - 1, self.names.len()));
    }

    fn parts(&self, at: u32) -> (&str, &str) {
        let at = at as usize;
        let before = at.checked_sub(1).map_or(0, |before| self.files[before].1);
        let (folder, end) = self.files[at];
        (&self.folders[folder as usize], &self.names[before..end])
    }

    fn path(&self, at: u32) -> PathBuf {
        let (folder, name) = self.parts(at);
        let odd = self.odd.get(&(at as usize)).cloned();
        odd.unwrap_or_else(|| [folder, name].concat().into())
    }

    fn compare(&self, a: u32, b: u32) -> Ordering {
        let ((folder, name), (other, of_other)) = (self.parts(a), self.parts(b));
        if folder == other {
            return name.cmp(of_other);
        }
        // A folder may stand among the files beside it.
        match folder.starts_with(other) || other.starts_with(folder) {
            true => self.path(a).cmp(&self.path(b)),
            false => Path::new(folder).cmp(Path::new(other)),
        }
    }

    /// The paths in their order.
    pub fn sorted(self) -> Paths {
        let mut order: Vec<u32> = (0..self.files.len() as u32).collect();
        order.sort_unstable_by(|a, b| self.compare(*a, *b));
        let mut paths = Paths::default();
        for at in order {
            paths.push(&self.path(at));
        }
        paths.finish();
        paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_again() {
        let long = "x".repeat(300);
        let mut all: Vec<String> = (0..1000).map(|i| format!("1.2.840.{}.{i}", i % 7)).collect();
        all.extend([
            String::new(),
            "é".to_owned(),
            "è".to_owned(),
            long.clone() + "1",
            long + "2",
        ]);
        all.sort_unstable();
        let mut texts = Texts::default();
        assert_eq!((texts.get(0), texts.ascending_have("")), (None, false));
        for text in &all {
            texts.push(text.as_bytes());
        }
        texts.finish();
        assert_eq!(texts.len(), all.len());
        assert!(texts.from(0).eq(all.iter().cloned()));
        for (i, text) in all.iter().enumerate() {
            assert_eq!(texts.get(i).as_ref(), Some(text));
            assert!(texts.ascending_have(text));
        }
        assert_eq!(texts.get(all.len()), None);
        for absent in ["0", "1.2.840.0.1", "zz"] {
            assert!(!texts.ascending_have(absent), "{absent}");
        }
    }

    #[test]
    fn paths_are_sorted_part_by_part() {
        let mut all: Vec<PathBuf> = [
            "a/c", "a/b/x", "a/b/y", "a-/b", "a/b", "./a", "b", "a/c/e", "a/bc/d", "/x",
        ]
        .map(PathBuf::from)
        .to_vec();
        let mut found = FoundPaths::default();
        all.iter().for_each(|path| found.push(path));
        all.sort();
        assert!(found.sorted().from(0).eq(all));
    }

    #[cfg(unix)]
    #[test]
    fn a_path_need_not_be_text() {
        use std::os::unix::ffi::OsStrExt;
        let odd = Path::new(std::ffi::OsStr::from_bytes(b"a/\xFF"));
        let mut found = FoundPaths::default();
        for path in [odd, Path::new("a/c"), Path::new("a/b")] {
            found.push(path);
        }
        let paths = found.sorted();
        assert!(paths.from(0).eq([Path::new("a/b"), Path::new("a/c"), odd]));
        assert_eq!(paths.get(2).as_deref(), Some(odd));
    }
}
