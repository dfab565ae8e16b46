//! The users' file: who may sign in, in which role, with the hash of which password.
//!
//! One user a line, `name:role:$argon2id$…`; lines that are empty or begin with `#` are kept as they are.

use crate::server::names::{NameError, Role, RoleError, UserName};
use crate::server::passwords::{HashError, StoredHash};
use crate::server::private_file::{foreign_mode, lock_beside, replace};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file larger than this is no users' file.
const MOST_BYTES: u64 = 16 << 20;

/// Role and password hash of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What the user may do.
    pub role: Role,
    /// The hash of the user's password.
    pub hash: Arc<StoredHash>,
}

/// What is wrong with a line. No variant carries text of the file but a valid user name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// Fewer than three fields.
    #[error("expected name:role:hash")]
    Fields,
    /// A bad name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A bad role.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// A bad hash.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The name is there already.
    #[error("{name} is on line {first} already")]
    Twice {
        /// The name.
        name: UserName,
        /// The line that has it, from 1.
        first: usize,
    },
}

/// Why the users' file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsersError {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A folder, a pipe, or a file above 16 MiB.
    #[error("{}: no users' file: not a regular file of at most 16 MiB", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
    },
    /// Others may read or write the file.
    #[error("{}: mode is {mode:04o}; a users' file must be for its owner alone: chmod 600", path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A line that is no user.
    #[error("{}:{line}: {source}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        source: LineError,
    },
}

#[derive(Debug, Clone)]
enum Line {
    Comment(String),
    User(UserName),
}

/// The users of a file, or of a test.
#[derive(Debug, Clone, Default)]
pub struct Users {
    lines: Vec<Line>,
    accounts: BTreeMap<UserName, Account>,
}

impl Users {
    /// Reads a users' file.
    ///
    /// # Errors
    /// [`UsersError`] names file and line. On Unix a file with permissions beyond 0600 is refused.
    pub fn read(path: &Path) -> Result<Self, UsersError> {
        let io = |source| UsersError::Io {
            path: path.to_owned(),
            source,
        };
        // Before opening, which would wait for the writer of a pipe.
        if !fs::metadata(path).map_err(io)?.is_file() {
            return Err(UsersError::Kind { path: path.to_owned() });
        }
        let file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if let Some(mode) = foreign_mode(&metadata) {
            return Err(UsersError::Mode {
                path: path.to_owned(),
                mode,
            });
        }
        let mut text = String::new();
        file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(io)?;
        if !metadata.is_file() || text.len() as u64 > MOST_BYTES {
            return Err(UsersError::Kind { path: path.to_owned() });
        }
        Self::parse(&text).map_err(|(line, source)| UsersError::Line {
            path: path.to_owned(),
            line,
            source,
        })
    }

    fn parse(text: &str) -> Result<Self, (usize, LineError)> {
        let mut users = Self::default();
        let mut seen = BTreeMap::new();
        for (number, line) in text.lines().enumerate().map(|(i, line)| (i + 1, line)) {
            if line.trim().is_empty() || line.starts_with('#') {
                users.lines.push(Line::Comment(line.to_owned()));
                continue;
            }
            let (name, account) = parse_line(line).map_err(|e| (number, e))?;
            if let Some(first) = seen.insert(name.clone(), number) {
                return Err((number, LineError::Twice { name, first }));
            }
            users.set(name, account);
        }
        Ok(users)
    }

    /// The account of a name.
    pub fn get(&self, name: &str) -> Option<(&UserName, &Account)> {
        self.accounts.get_key_value(name)
    }

    /// Every user, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&UserName, &Account)> {
        self.accounts.iter()
    }

    /// Adds or changes a user; the account that was, if any.
    pub fn set(&mut self, name: UserName, account: Account) -> Option<Account> {
        let old = self.accounts.insert(name.clone(), account);
        if old.is_none() {
            self.lines.push(Line::User(name));
        }
        old
    }

    /// Removes a user; the account that was, if any.
    pub fn remove(&mut self, name: &UserName) -> Option<Account> {
        self.lines.retain(|line| !matches!(line, Line::User(n) if n == name));
        self.accounts.remove(name)
    }

    fn render(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            match line {
                Line::Comment(comment) => text += comment,
                Line::User(name) => {
                    if let Some(Account { role, hash }) = self.accounts.get(name) {
                        text += &format!("{name}:{role}:{}", hash.to_phc());
                    }
                }
            }
            text.push('\n');
        }
        text
    }

    /// Changes a users' file, which is made when it is missing: all of the change or none, however the computer stops.
    /// Two changes at a time wait for each other, by the lock on a file `NAME.lock` beside.
    ///
    /// # Errors
    /// Those of `change`, [`Users::read`] and of writing; the file is then as it was.
    pub fn edit<T, E: From<UsersError>>(path: &Path, change: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        let io = |source| UsersError::Io {
            path: path.to_owned(),
            source,
        };
        // The file behind a symbolic link is changed, not the link.
        let target = match fs::canonicalize(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => path.to_owned(),
            found => found.map_err(io)?,
        };
        let _lock = lock_beside(&target).map_err(io)?;
        let mut users = match Self::read(&target) {
            Err(UsersError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Self::default(),
            read => read?,
        };
        let answer = change(&mut users)?;
        replace(&target, users.render().as_bytes()).map_err(io)?;
        Ok(answer)
    }
}

fn parse_line(line: &str) -> Result<(UserName, Account), LineError> {
    let mut fields = line.splitn(3, ':');
    let (Some(name), Some(role), Some(hash)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(LineError::Fields);
    };
    let (name, role) = (name.parse()?, role.parse()?);
    let hash = Arc::new(StoredHash::parse(hash)?);
    Ok((name, Account { role, hash }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::passwords::tests::{Counting, password};
    use proptest::prelude::*;

    fn account(role: Role) -> Account {
        let hash = StoredHash::new(&password("correct horse"), &Counting::default()).unwrap();
        Account {
            role,
            hash: Arc::new(hash),
        }
    }

    fn add(path: &Path, name: &str, role: Role) -> Result<(), UsersError> {
        Users::edit(path, |users| {
            users.set(name.parse().unwrap(), account(role));
            Ok(())
        })
    }

    #[test]
    fn adding_changing_and_removing_keep_the_other_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        add(&path, "ada", Role::Reader).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("# the ward's\n\n{text}")).unwrap();
        add(&path, "bob", Role::Admin).unwrap();
        add(&path, "ada", Role::Writer).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let heads: Vec<_> = text.lines().map(|l| l.split('$').next().unwrap()).collect();
        assert_eq!(heads, ["# the ward's", "", "ada:writer:", "bob:admin:"]);
        let gone = Users::edit(&path, |users| {
            Ok::<_, UsersError>(users.remove(&"ada".parse().unwrap()))
        })
        .unwrap();
        assert_eq!(gone.unwrap().role, Role::Writer);
        let users = Users::read(&path).unwrap();
        assert_eq!(users.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(), ["bob"]);
        assert!(users.get("ada").is_none());
        let mut left: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["users", "users.lock"]);
    }

    #[test]
    fn errors_name_file_and_line_and_no_hash() {
        let hash = account(Role::Reader).hash.to_phc();
        let secret = hash.rsplit('$').next().unwrap();
        for (lines, line, reason) in [
            (format!("# x\nada:{hash}\n"), 2, "expected name:role:hash"),
            (format!("ada:{hash}:reader\n"), 1, "the role must be"),
            (format!("{hash}:reader:{hash}"), 1, "a user name has"),
            (format!("ada:root:{hash}"), 1, "the role must be"),
            (format!("ada:reader:x{hash}"), 1, "the password hash is no PHC string"),
            (format!("ada:reader:{hash}:"), 1, "the password hash is no PHC string"),
            (
                format!("b:reader:{hash}\nada:reader:{hash}\n\nada:admin:{hash}"),
                4,
                "ada is on line 2 already",
            ),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("users");
            replace(&path, lines.as_bytes()).unwrap();
            let error = Users::read(&path).unwrap_err();
            let text = error.to_string();
            assert!(
                text.starts_with(&format!("{}:{line}: {reason}", path.display())),
                "{text}"
            );
            assert!(!format!("{text}{error:?}").contains(secret), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_see_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        add(&path, "ada", Role::Reader).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(&path), mode(&folder.path().join("users.lock"))), (0o600, 0o600));
        for wrong in [0o644, 0o640, 0o620, 0o700, 0o4600] {
            fs::set_permissions(&path, fs::Permissions::from_mode(wrong)).unwrap();
            let text = Users::read(&path).unwrap_err().to_string();
            assert!(text.contains(&format!("mode is {wrong:04o};")), "{text}");
            assert!(add(&path, "bob", Role::Reader).is_err());
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert_eq!(Users::read(&path).unwrap().iter().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let [path, link] = ["users", "link"].map(|n| folder.path().join(n));
        add(&path, "ada", Role::Reader).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        add(&link, "bob", Role::Reader).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(Users::read(&path).unwrap().iter().count(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn an_administrators_change_leaves_the_owner() {
        use std::os::unix::fs::{MetadataExt as _, chown};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        add(&path, "ada", Role::Reader).unwrap();
        // Only root can give files away; for others there is nothing to see.
        if chown(&path, Some(1), Some(1)).is_ok() {
            add(&path, "bob", Role::Reader).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().uid(), 1);
        }
    }

    #[test]
    fn what_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Users::read(folder.path()), Err(UsersError::Kind { .. })));
        assert!(matches!(
            Users::read(&folder.path().join("none")),
            Err(UsersError::Io { .. })
        ));
    }

    #[test]
    fn changes_at_the_same_time_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        std::thread::scope(|scope| {
            for i in 0..8 {
                let path = &path;
                scope.spawn(move || add(path, &format!("u{i}"), Role::Reader).unwrap());
            }
        });
        assert_eq!(Users::read(&path).unwrap().iter().count(), 8);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "([#:$\n]|\\PC){0,200}") {
            if let Ok(users) = Users::parse(&text) {
                prop_assert!(Users::parse(&users.render()).is_ok());
            }
        }

        #[test]
        fn what_is_written_is_read(names in proptest::collection::btree_map("[a-z0-9][a-z._@-]{0,20}", 0..3_usize, 0..6)) {
            let mut users = Users::default();
            for (name, role) in names {
                users.set(name.parse().unwrap(), account(Role::ALL[role]));
            }
            prop_assert_eq!(Users::parse(&users.render()).unwrap().accounts, users.accounts);
        }
    }
}
