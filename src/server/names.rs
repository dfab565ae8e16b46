//! Names of users and of roles.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// What a user may do; each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Queries.
    Reader,
    /// Also writes, where the server has a place to write to.
    Writer,
    /// Also sees and ends the sessions of others.
    Admin,
}

impl Role {
    /// Every role, weakest first.
    pub const ALL: [Self; 3] = [Self::Reader, Self::Writer, Self::Admin];

    /// The name in the users' file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// No role has this name.
// The text is not repeated: in a line without a role it is the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the role must be reader, writer or admin")]
pub struct RoleError;

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        Self::ALL.into_iter().find(|r| r.as_str() == text).ok_or(RoleError)
    }
}

/// A user's name: 1 to 64 of `A-Z a-z 0-9 . _ - @`, the first a letter or digit. Upper and lower case are different names.
///
/// The alphabet has no `:` (RFC 7617) and nothing that a log line, a metric's label or a shell would have to quote.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(Arc<str>);

/// The text cannot be a user's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user name has 1 to 64 of A-Z a-z 0-9 . _ - @ and begins with a letter or digit")]
pub struct NameError;

impl UserName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let safe = |b: u8| b.is_ascii_alphanumeric() || b"._-@".contains(&b);
        let good = text.len() <= 64
            && text.bytes().all(safe)
            && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        if good { Ok(Self(text.into())) } else { Err(NameError) }
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl std::borrow::Borrow<str> for UserName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn roles() {
        assert!(Role::Reader < Role::Writer && Role::Writer < Role::Admin);
        for role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
        }
        assert_eq!("Admin".parse::<Role>(), Err(RoleError));
    }

    #[test]
    fn names() {
        for good in ["a", "7", "ada.lovelace@uni-x.org", "A_b-c", &"x".repeat(64)] {
            assert_eq!(good.parse::<UserName>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", ".a", "@a", "a b", "a:b", "a\n", "ä", "#a", &"x".repeat(65)] {
            assert_eq!(bad.parse::<UserName>(), Err(NameError), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_one_plain_field(text in "\\PC{0,70}") {
            if let Ok(name) = text.parse::<UserName>() {
                prop_assert!(!name.as_str().contains([':', '#', '"', '\'', '\\', ' ', '\n']));
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }
}
