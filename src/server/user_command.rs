//! `radsql user add NAME`, `user list` and `user remove NAME`: what they do, without their command line.
//!
//! A password comes from the environment variable `RADSQL_PASSWORD`, else from the terminal, else from standard input;
//! never from the command line, which every user of the machine can read.

use crate::server::names::{Role, UserName};
use crate::server::passwords::{HashError, Hasher, LONGEST_PASSWORD, Password, PasswordError, StoredHash};
use crate::server::users::{Account, Users, UsersError};
use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The environment variable with a password.
pub const PASSWORD_VARIABLE: &str = "RADSQL_PASSWORD";

/// Why a command has failed; the file is as it was. No variant carries a password or a hash.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UserCommandError {
    /// The users' file.
    #[error(transparent)]
    Users(#[from] UsersError),
    /// The password breaks a rule.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Hashing failed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Two different passwords were typed.
    #[error("the passwords differ")]
    Differ,
    /// The password is no text.
    #[error("the password in {from} is not UTF-8")]
    NotText {
        /// Where it came from.
        from: &'static str,
    },
    /// Reading the password failed.
    #[error("no password could be read: {0}")]
    Read(#[source] io::Error),
    /// The list could not be written.
    #[error("{0}")]
    Write(#[source] io::Error),
    /// There is no such user.
    #[error("{}: no user {name}", path.display())]
    Unknown {
        /// The users' file.
        path: PathBuf,
        /// The name.
        name: UserName,
    },
}

/// Where passwords come from; tests put their own in its place.
pub trait Surroundings {
    /// The value of [`PASSWORD_VARIABLE`].
    fn variable(&self) -> Option<OsString>;
    /// Whether somebody sits at a terminal.
    fn is_terminal(&self) -> bool;
    /// Asks at the terminal, without echo.
    ///
    /// # Errors
    /// Those of the terminal.
    fn ask(&mut self, prompt: &str) -> io::Result<Zeroizing<String>>;
    /// Standard input.
    fn input(&mut self) -> &mut dyn Read;
}

/// The surroundings of this process.
#[derive(Debug)]
pub struct Process(io::Stdin);

impl Default for Process {
    fn default() -> Self {
        Self(io::stdin())
    }
}

impl Surroundings for Process {
    fn variable(&self) -> Option<OsString> {
        std::env::var_os(PASSWORD_VARIABLE)
    }

    fn is_terminal(&self) -> bool {
        self.0.is_terminal()
    }

    fn ask(&mut self, prompt: &str) -> io::Result<Zeroizing<String>> {
        rpassword::prompt_password(prompt).map(Zeroizing::new)
    }

    fn input(&mut self) -> &mut dyn Read {
        &mut self.0
    }
}

/// Reads and checks a new password: from [`PASSWORD_VARIABLE`], else twice from the terminal, else all of standard input
/// without the line end that `echo` puts there.
///
/// # Errors
/// [`UserCommandError`] when it cannot be read, breaks a rule of [`Password::new`], or was typed differently.
pub fn read_password(from: &mut dyn Surroundings, name: &UserName) -> Result<Password, UserCommandError> {
    let text = if let Some(value) = from.variable() {
        text(value.into_encoded_bytes(), PASSWORD_VARIABLE)?
    } else if from.is_terminal() {
        let first = from
            .ask(&format!("Password of {name}: "))
            .map_err(UserCommandError::Read)?;
        let second = from.ask("Again: ").map_err(UserCommandError::Read)?;
        if first != second {
            return Err(UserCommandError::Differ);
        }
        first
    } else {
        // Room beforehand: a vector that grows leaves copies behind. Two bytes for a line end, one to see that it is too long.
        let most = LONGEST_PASSWORD + 3;
        let mut bytes = Vec::with_capacity(most + 1);
        let read = from.input().take(most as u64).read_to_end(&mut bytes);
        let line_end = [&b"\r\n"[..], b"\n"].into_iter().find(|end| bytes.ends_with(end));
        bytes.truncate(bytes.len() - line_end.map_or(0, <[u8]>::len));
        let text = text(bytes, "standard input");
        read.map_err(UserCommandError::Read)?;
        text?
    };
    Ok(Password::new(text)?)
}

fn text(bytes: Vec<u8>, from: &'static str) -> Result<Zeroizing<String>, UserCommandError> {
    String::from_utf8(bytes).map(Zeroizing::new).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        UserCommandError::NotText { from }
    })
}

/// What [`add`] has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// The user is new and has this role.
    New(Role),
    /// The user was there: the password is another, the role this.
    Changed(Role),
}

/// Adds a user, or gives one another password. Without a role a new user is a reader and another one keeps the role.
///
/// The users' file is made when it is missing, for its owner alone. A running server sees the change when it reads the file
/// again.
///
/// # Errors
/// [`UserCommandError`].
pub fn add(
    file: &Path,
    name: &UserName,
    role: Option<Role>,
    from: &mut dyn Surroundings,
    hasher: &dyn Hasher,
) -> Result<Added, UserCommandError> {
    // Nobody should type a password for a file that will be refused.
    match Users::read(file) {
        Err(UsersError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        read => drop(read?),
    }
    // Before the lock: others need not wait for somebody who types.
    let hash = Arc::new(StoredHash::new(&read_password(from, name)?, hasher)?);
    Users::edit(file, |users| {
        let old = users.get(name.as_str()).map(|(_, account)| account.role);
        let role = role.or(old).unwrap_or(Role::Reader);
        users.set(name.clone(), Account { role, hash });
        Ok(if old.is_some() {
            Added::Changed(role)
        } else {
            Added::New(role)
        })
    })
}

/// Writes a line for each user, by name: name, tab, role.
///
/// # Errors
/// [`UserCommandError::Users`] when the file cannot be read, [`UserCommandError::Write`] when `out` fails.
pub fn list(file: &Path, out: &mut dyn Write) -> Result<(), UserCommandError> {
    for (name, account) in Users::read(file)?.iter() {
        writeln!(out, "{name}\t{}", account.role).map_err(UserCommandError::Write)?;
    }
    Ok(())
}

/// Removes a user.
///
/// # Errors
/// [`UserCommandError::Unknown`] when there is none of that name; that of the file.
pub fn remove(file: &Path, name: &UserName) -> Result<(), UserCommandError> {
    // Without a file there is nothing to lock, and none is made.
    Users::read(file)?;
    Users::edit(file, |users| match users.remove(name) {
        Some(_) => Ok(()),
        None => Err(UserCommandError::Unknown {
            path: file.to_owned(),
            name: name.clone(),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::passwords::tests::Counting;
    use std::collections::VecDeque;

    #[derive(Default)]
    struct Script {
        variable: Option<OsString>,
        typed: VecDeque<&'static str>,
        input: &'static [u8],
        asked: Vec<String>,
    }

    impl Surroundings for Script {
        fn variable(&self) -> Option<OsString> {
            self.variable.clone()
        }

        fn is_terminal(&self) -> bool {
            !self.typed.is_empty()
        }

        fn ask(&mut self, prompt: &str) -> io::Result<Zeroizing<String>> {
            self.asked.push(prompt.to_owned());
            let text = self.typed.pop_front().ok_or(io::ErrorKind::UnexpectedEof)?;
            Ok(Zeroizing::new(text.to_owned()))
        }

        fn input(&mut self) -> &mut dyn Read {
            &mut self.input
        }
    }

    fn typed(texts: &[&'static str]) -> Script {
        Script {
            typed: texts.iter().copied().collect(),
            ..Script::default()
        }
    }

    fn piped(input: &'static [u8]) -> Script {
        Script {
            input,
            ..Script::default()
        }
    }

    fn name(text: &str) -> UserName {
        text.parse().unwrap()
    }

    /// Adds ada and says whether the password works.
    fn works(mut script: Script, password: &str) -> Result<bool, UserCommandError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("users");
        add(&file, &name("ada"), None, &mut script, &Counting::default())?;
        let users = Users::read(&file)?;
        let hash = &users.get("ada").unwrap().1.hash;
        Ok(hash.verify(password.as_bytes(), &Counting::default())?)
    }

    #[test]
    fn where_a_password_comes_from() {
        let both = Script {
            variable: Some("of the variable".into()),
            ..typed(&["typed in", "typed in"])
        };
        assert!(works(both, "of the variable").unwrap());
        assert!(works(typed(&["typed in", "typed in"]), "typed in").unwrap());
        for input in [&b"from a pipe"[..], b"from a pipe\n", b"from a pipe\r\n"] {
            assert!(works(piped(input), "from a pipe").unwrap());
        }
    }

    #[test]
    fn passwords_that_are_refused_leave_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("users");
        let long: &[u8] = Box::leak(vec![b'a'; 4000].into_boxed_slice());
        for (mut script, error) in [
            (typed(&["typed in", "typed ni"]), "the passwords differ"),
            (
                typed(&["typed in"]),
                "no password could be read: unexpected end of file",
            ),
            (
                typed(&["short", "short"]),
                "the password must have at least 8 characters",
            ),
            (piped(b""), "the password must have at least 8 characters"),
            (
                piped(b"two\nlines of text\n"),
                "the password must not contain control characters",
            ),
            (piped(long), "the password must have at most 1024 bytes"),
            (
                piped(b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe"),
                "the password in standard input is not UTF-8",
            ),
        ] {
            let refused = add(&file, &name("ada"), None, &mut script, &Counting::default()).unwrap_err();
            assert_eq!(refused.to_string(), error);
            assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        }
    }

    #[test]
    fn nobody_types_for_a_file_that_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut script = typed(&["typed in", "typed in"]);
        assert!(add(folder.path(), &name("ada"), None, &mut script, &Counting::default()).is_err());
        assert!(script.asked.is_empty());
    }

    #[test]
    fn promise_15_add_change_list_remove_show_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("users");
        let run = |user: &str, role| {
            let mut script = typed(&["typed in", "typed in"]);
            let added = add(&file, &name(user), role, &mut script, &Counting::default()).unwrap();
            assert_eq!(script.asked, [format!("Password of {user}: "), "Again: ".into()]);
            added
        };
        assert_eq!(run("bob", None), Added::New(Role::Reader));
        assert_eq!(run("ada", Some(Role::Admin)), Added::New(Role::Admin));
        assert_eq!(run("ada", None), Added::Changed(Role::Admin));
        assert_eq!(run("bob", Some(Role::Writer)), Added::Changed(Role::Writer));
        let mut out = Vec::new();
        list(&file, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "ada\tadmin\nbob\twriter\n");
        remove(&file, &name("ada")).unwrap();
        let again = remove(&file, &name("ada")).unwrap_err().to_string();
        assert_eq!(again, format!("{}: no user ada", file.display()));
        assert_eq!(Users::read(&file).unwrap().iter().count(), 1);
        assert!(!std::fs::read_to_string(&file).unwrap().contains("typed in"));
    }

    #[test]
    fn removing_from_no_file_makes_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(remove(&folder.path().join("users"), &name("ada")).is_err());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }
}
