//! Which files statements may reach.
//!
//! Every reader asks the policy before it opens, lists or looks whether something is there, wherever the path came from:
//! a statement, a cell, a folder's listing or another file. Whoever sends statements cannot make links, so that what was
//! asked for is what is opened afterwards.

use radsql_dicom::Links;
use std::env;
use std::fmt;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// What the system takes as a path, at most.
const LONGEST_PATH: usize = 4096;
/// Characters of a path in a message.
const LONGEST_SHOWN: usize = 300;

/// Which files may be read and written. The default is all of them, as in the shell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct FilePolicy(Option<Arc<Roots>>);

/// Folders without links in their paths.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Roots {
    /// What lies in one of these may be read.
    read: Vec<PathBuf>,
    /// What lies in this one may be written.
    write: Option<PathBuf>,
    /// Files and folders that are nobody's, wherever they lie.
    never: Vec<PathBuf>,
}

/// A path that is not to be touched. Displays as one sentence that names it as it was given, and tells nothing of what lies
/// there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forbidden {
    path: PathBuf,
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Read,
    Write,
    NoWriting,
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.path.to_string_lossy();
        let mut characters = shown.chars();
        write!(f, "'")?;
        for c in characters.by_ref().take(LONGEST_SHOWN) {
            write!(f, "{}", if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })?;
        }
        if characters.next().is_some() {
            write!(f, "...")?;
        }
        write!(f, "' {}", self.reason())
    }
}

impl std::error::Error for Forbidden {}

impl Forbidden {
    /// That a path may not be read.
    pub fn to_read(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            why: Why::Read,
        }
    }

    /// The same of the path as it was written.
    pub fn of(self, written: &Path) -> Self {
        Self {
            path: written.to_owned(),
            ..self
        }
    }

    /// What is wrong, without the path: for messages that must not name it.
    pub fn reason(&self) -> &'static str {
        match self.why {
            Why::Read => "lies outside the folders that this server may read",
            Why::Write => "lies outside the folder that this server may write",
            Why::NoWriting => "cannot be written: this server writes no files",
        }
    }
}

impl FilePolicy {
    /// Everything may be read and written.
    pub const ALL: Self = Self(None);

    /// Only what lies in these folders may be read, and only what lies in the folder `write` written, or nothing. What may be
    /// written may be read.
    ///
    /// # Errors
    /// When one of them is not there or is no folder.
    pub fn within(read: &[PathBuf], write: Option<&Path>) -> io::Result<Self> {
        let write = write.map(folder).transpose()?;
        let mut roots = read.iter().map(|root| folder(root)).collect::<io::Result<Vec<_>>>()?;
        roots.extend(write.clone());
        let never = vec![];
        Ok(Self(Some(Arc::new(Roots {
            read: roots,
            write,
            never,
        }))))
    }

    /// The same without these files and folders, such as those of the database: statements must not go past its tables. Where every file
    /// may be read nothing changes.
    pub fn without(&self, never: Vec<PathBuf>) -> Self {
        Self(self.0.as_ref().map(|roots| {
            Arc::new(Roots {
                read: roots.read.clone(),
                write: roots.write.clone(),
                never,
            })
        }))
    }

    /// Whether there are files that may not be read.
    pub fn is_restricted(&self) -> bool {
        self.0.is_some()
    }

    /// Where `path` leads, links followed; or the path as it is where everything may be read. What is missing is given too if
    /// it would lie in a root: its reader tells that it is not there.
    ///
    /// # Errors
    /// [`Forbidden`] for what lies outside, the same whether something is there or not.
    pub fn read(&self, path: &Path) -> Result<PathBuf, Forbidden> {
        match &self.0 {
            None => Ok(path.to_owned()),
            Some(roots) => roots.place(path, &roots.read).ok_or_else(|| Forbidden::to_read(path)),
        }
    }

    /// As [`FilePolicy::read`], for a file that may name others beside it: the folder in whose listing it stands must lie in a
    /// root too, and not only what a link there leads to.
    ///
    /// # Errors
    /// As there.
    pub fn read_with_others(&self, path: &Path) -> Result<PathBuf, Forbidden> {
        let found = self.read(path)?;
        if self.is_restricted() {
            let beside = match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            self.read(beside).map_err(|_| Forbidden::to_read(path))?;
        }
        Ok(found)
    }

    /// Whether [`FilePolicy::read`] gives an answer.
    pub fn may_read(&self, path: &Path) -> bool {
        self.0
            .as_ref()
            .is_none_or(|roots| roots.place(path, &roots.read).is_some())
    }

    /// The links that a walk through a folder follows: those that lead to what may be read.
    pub fn links(&self) -> Links {
        match self.is_restricted() {
            false => Links::default(),
            true => {
                let policy = self.clone();
                Links::only(move |link| policy.may_read(link))
            }
        }
    }

    /// Where `path` leads, for a file that may be written there; it need not be there yet.
    ///
    /// # Errors
    /// [`Forbidden`] for what lies outside.
    pub fn write(&self, path: &Path) -> Result<PathBuf, Forbidden> {
        let Some(roots) = &self.0 else {
            return Ok(path.to_owned());
        };
        let forbidden = |why| Forbidden {
            path: path.to_owned(),
            why,
        };
        match &roots.write {
            None => Err(forbidden(Why::NoWriting)),
            Some(root) => roots
                .place(path, std::slice::from_ref(root))
                .ok_or_else(|| forbidden(Why::Write)),
        }
    }
}

impl Roots {
    /// Where a path leads, if that is in one of these folders and is not nobody's.
    fn place(&self, path: &Path, folders: &[PathBuf]) -> Option<PathBuf> {
        place(path, folders).filter(|found| !self.never.iter().any(|never| found.starts_with(never)))
    }
}

fn folder(path: &Path) -> io::Result<PathBuf> {
    let found = path.canonicalize()?;
    match found.is_dir() {
        true => Ok(found),
        false => Err(io::ErrorKind::NotADirectory.into()),
    }
}

/// Where a path leads, if that is in one of the roots.
fn place(path: &Path, roots: &[PathBuf]) -> Option<PathBuf> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.is_empty() || bytes.len() > LONGEST_PATH || bytes.contains(&0) {
        return None;
    }
    let at = without_parents(path, roots)?;
    if let Ok(found) = at.canonicalize() {
        return is_within(&found, roots).then_some(found);
    }
    // Not there, or not for us: what its nearest folder is decides.
    let mut there = at.as_path();
    let mut missing = vec![];
    loop {
        // A link that leads nowhere is treated as one that leads outside, so that nobody learns which of the two it is.
        if there.is_symlink() {
            return None;
        }
        missing.push(there.file_name()?);
        there = there.parent()?;
        if let Ok(found) = there.canonicalize() {
            return is_within(&found, roots).then(|| {
                let missing = missing.iter().rev();
                missing.fold(found, |path, name| path.join(name))
            });
        }
    }
}

/// The absolute path with every `..` resolved as the system does it, behind links. A `..` behind anything that is neither in
/// a root nor above one is refused: by `/home/somebody/../../root/file` one could learn who is there.
fn without_parents(path: &Path, roots: &[PathBuf]) -> Option<PathBuf> {
    let mut at = match path.is_absolute() {
        true => PathBuf::new(),
        false => env::current_dir().ok()?,
    };
    let mut from_here = path.is_relative();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                at = at.canonicalize().ok()?;
                if !from_here && !is_within(&at, roots) && !roots.iter().any(|root| root.starts_with(&at)) {
                    return None;
                }
                at.pop();
            }
            other => {
                from_here = false;
                at.push(other);
            }
        }
    }
    Some(at)
}

fn is_within(path: &Path, roots: &[PathBuf]) -> bool {
    roots.iter().any(|root| path.starts_with(root))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// `in/` is the root: a file, a folder, links; `out/` lies beside it.
    fn tree() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        for folder in ["in/sub", "out/sub"] {
            fs::create_dir_all(top.join(folder)).unwrap();
        }
        for file in ["in/a.nii", "in/sub/b.nii", "out/secret.nii"] {
            fs::write(top.join(file), "x").unwrap();
        }
        for (to, link) in [
            ("out/secret.nii", "in/leads_out.nii"),
            ("out/missing.nii", "in/leads_nowhere.nii"),
            ("out", "in/folder_out"),
            ("in/sub", "in/folder_in"),
            ("in/a.nii", "in/leads_in.nii"),
            ("in/circle", "in/circle"),
            ("in", "back"),
            ("in/a.nii", "out/back.nii"),
        ] {
            symlink(top.join(to), top.join(link)).unwrap();
        }
        (dir, top)
    }

    #[test]
    fn what_lies_in_a_root_is_read_and_nothing_else() {
        let (_dir, top) = tree();
        let policy = FilePolicy::within(&[top.join("in")], None).unwrap();
        let to = |path: &str| {
            let found = policy.read(&top.join(path)).ok()?;
            Some(found.strip_prefix(&top).unwrap().to_str().unwrap().to_owned())
        };
        for (path, place) in [
            ("in", "in"),
            ("in/a.nii", "in/a.nii"),
            ("in/./sub/../a.nii", "in/a.nii"),
            ("in/../in/a.nii", "in/a.nii"),
            ("in/folder_in/b.nii", "in/sub/b.nii"),
            ("in/folder_in/../a.nii", "in/a.nii"),
            ("in/leads_in.nii", "in/a.nii"),
            // As the one who started the server may have written the root.
            ("back/a.nii", "in/a.nii"),
            ("in/missing.nii", "in/missing.nii"),
            ("in/none/of/these", "in/none/of/these"),
            ("in/a.nii/x", "in/a.nii/x"),
        ] {
            assert_eq!(to(path).as_deref(), Some(place), "{path}");
        }
        for path in [
            "",
            "out",
            "out/secret.nii",
            "out/missing.nii",
            "none/missing.nii",
            "in/../out/secret.nii",
            "in/leads_out.nii",
            "in/leads_nowhere.nii",
            "in/folder_out/secret.nii",
            "in/folder_out/missing.nii",
            "in/circle",
            "in/circle/x",
            "in/missing/../../out/secret.nii",
            "in/missing/../a.nii",
            // Whether out/sub is there must not show.
            "out/sub/../../in/a.nii",
            "out/none/../../in/a.nii",
            "in/../../../../../../../../../../../../etc/passwd",
        ] {
            assert_eq!(to(path), None, "{path}");
        }
    }

    #[test]
    fn messages_name_the_path_as_given_and_tell_nothing() {
        let (_dir, top) = tree();
        let policy = FilePolicy::within(&[top.join("in")], None).unwrap();
        for path in ["../x.nii", "/etc/passwd", "/no/such"] {
            let e = policy.read(Path::new(path)).unwrap_err().to_string();
            assert_eq!(
                e,
                format!("'{path}' lies outside the folders that this server may read")
            );
            let e = policy.write(Path::new(path)).unwrap_err().to_string();
            assert_eq!(e, format!("'{path}' cannot be written: this server writes no files"));
        }
        let e = policy.read(Path::new(&"x/".repeat(5000))).unwrap_err().to_string();
        assert!(e.len() < 400, "{e}");
        assert!(policy.read(Path::new("a\0b")).is_err());
    }

    #[test]
    fn writing_needs_its_own_root() {
        let (_dir, top) = tree();
        let policy = FilePolicy::within(&[top.join("in/sub")], Some(&top.join("out"))).unwrap();
        assert!(policy.read(&top.join("out/secret.nii")).is_ok());
        assert!(policy.write(&top.join("out/new/folder/x.csv")).is_ok());
        symlink(top.join("in/sub"), top.join("out/link")).unwrap();
        for path in [
            "in/sub/x.csv",
            "in/x.csv",
            "out/link/x.csv",
            "out/../in/sub/x",
            "out/none/../../x",
        ] {
            let e = policy.write(&top.join(path)).unwrap_err().to_string();
            assert!(e.ends_with("lies outside the folder that this server may write"), "{e}");
        }
    }

    #[test]
    fn a_file_that_names_others_stands_in_a_root_itself() {
        let (_dir, top) = tree();
        let policy = FilePolicy::within(&[top.join("in")], None).unwrap();
        assert!(policy.read(&top.join("out/back.nii")).is_ok());
        assert!(policy.read_with_others(&top.join("out/back.nii")).is_err());
        assert!(policy.read_with_others(&top.join("in/leads_in.nii")).is_ok());
        assert!(policy.read_with_others(&top.join("back/a.nii")).is_ok());
    }

    #[test]
    fn no_roots_nothing_is_read_no_policy_everything_is() {
        let (_dir, top) = tree();
        let nothing = FilePolicy::within(&[], None).unwrap();
        assert!(!nothing.may_read(&top.join("in/a.nii")) && nothing.is_restricted());
        assert!(FilePolicy::within(&[top.join("none")], None).is_err());
        assert!(FilePolicy::within(&[top.join("in/a.nii")], None).is_err());
        let all = FilePolicy::default();
        assert_eq!(all.read(Path::new("a/../b")), Ok(PathBuf::from("a/../b")));
        assert_eq!(all.write(Path::new("")), Ok(PathBuf::new()));
    }

    mod odd {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
            #[test]
            fn paths_never_lead_outside(parts in prop::collection::vec(
                prop_oneof![
                    Just("..".to_owned()), Just(".".to_owned()), Just(String::new()), Just("in".to_owned()),
                    Just("out".to_owned()), Just("sub".to_owned()), Just("folder_out".to_owned()), Just("folder_in".to_owned()),
                    Just("leads_out.nii".to_owned()), Just("leads_nowhere.nii".to_owned()), Just("circle".to_owned()),
                    Just("back".to_owned()), Just("a.nii".to_owned()), "\\PC{0,6}", any::<char>().prop_map(String::from),
                ], 0..9), absolute in any::<bool>()) {
                let (_dir, top) = tree();
                let root = top.join("in");
                let policy = FilePolicy::within(std::slice::from_ref(&root), Some(&root.join("sub"))).unwrap();
                let text = parts.join("/");
                let path = match absolute {
                    true => PathBuf::from(format!("{}/{text}", top.display())),
                    false => PathBuf::from(&text),
                };
                if let Ok(found) = policy.read(&path) {
                    prop_assert!(found.starts_with(&root), "{path:?} led to {found:?}");
                    // What the system opens under the path as it was given is the same.
                    if let Ok(opened) = path.canonicalize() {
                        prop_assert!(opened.starts_with(&root), "{path:?} opens {opened:?}");
                    }
                }
                if let Ok(found) = policy.write(&path) {
                    prop_assert!(found.starts_with(root.join("sub")), "{path:?} led to {found:?}");
                }
            }
        }
    }
}
