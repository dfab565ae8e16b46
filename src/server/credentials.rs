//! The `authorization` header: Basic (RFC 7617) and Bearer (RFC 6750).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::fmt;
use zeroize::Zeroizing;

/// Longest header value that is looked at: 4 bytes of base64 for each 3 of a name, a colon and the longest password.
const LONGEST: usize = 2048;

/// RFC 7617 pads; clients that do not are understood.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a header claims; secrets are erased from memory when dropped and hidden from `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// `Basic base64(user:password)`, in UTF-8.
    Basic {
        /// Up to the first colon; any text, not yet a user's name.
        user: Zeroizing<String>,
        /// All after the first colon.
        password: Zeroizing<String>,
    },
    /// `Bearer token`.
    Bearer(Zeroizing<String>),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic",
            Self::Bearer(_) => "Bearer",
        })
    }
}

/// The value is no Basic or Bearer credentials. Callers answer as to a wrong password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed authorization")]
pub struct Malformed;

impl Credentials {
    /// Reads a header value. The scheme's case does not matter (RFC 9110, 11.1); one or more spaces follow it.
    ///
    /// # Errors
    /// [`Malformed`] for another scheme, text that is no base64 or no UTF-8, no colon, or a value above 2048 bytes.
    pub fn parse(value: &[u8]) -> Result<Self, Malformed> {
        if value.len() > LONGEST {
            return Err(Malformed);
        }
        let space = value.iter().position(|b| *b == b' ').ok_or(Malformed)?;
        let (scheme, rest) = value.split_at(space);
        let rest = rest.trim_ascii();
        if scheme.eq_ignore_ascii_case(b"basic") {
            basic(rest)
        } else if scheme.eq_ignore_ascii_case(b"bearer") {
            bearer(rest)
        } else {
            Err(Malformed)
        }
    }
}

fn basic(encoded: &[u8]) -> Result<Credentials, Malformed> {
    // Room for all beforehand: a vector that grows leaves copies behind that nobody erases.
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(encoded.len())]);
    let length = BASE64.decode_slice(encoded, &mut bytes).map_err(|_| Malformed)?;
    let text = bytes
        .get(..length)
        .and_then(|b| std::str::from_utf8(b).ok())
        .ok_or(Malformed)?;
    let (user, password) = text.split_once(':').ok_or(Malformed)?;
    Ok(Credentials::Basic {
        user: Zeroizing::new(user.to_owned()),
        password: Zeroizing::new(password.to_owned()),
    })
}

/// `b64token` of RFC 6750, 2.1.
fn bearer(token: &[u8]) -> Result<Credentials, Malformed> {
    let unpadded = token.trim_ascii_end();
    let body = unpadded.iter().rposition(|b| *b != b'=').map_or(0, |last| last + 1);
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(b);
    if body == 0 || !unpadded.iter().take(body).all(plain) {
        return Err(Malformed);
    }
    let text = std::str::from_utf8(unpadded).map_err(|_| Malformed)?;
    Ok(Credentials::Bearer(Zeroizing::new(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
    use proptest::prelude::*;

    fn pair(user: &str, password: &str) -> Result<Credentials, Malformed> {
        Ok(Credentials::Basic {
            user: Zeroizing::new(user.to_owned()),
            password: Zeroizing::new(password.to_owned()),
        })
    }

    #[test]
    fn basic_as_in_rfc_7617() {
        let aladdin = pair("Aladdin", "open sesame");
        for value in [
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "bAsIc  QWxhZGRpbjpvcGVuIHNlc2FtZQ== ",
            "BASIC QWxhZGRpbjpvcGVuIHNlc2FtZQ",
        ] {
            assert_eq!(Credentials::parse(value.as_bytes()), aladdin, "{value}");
        }
        assert_eq!(Credentials::parse(b"Basic dGVzdDoxMjPCow=="), pair("test", "123\u{a3}"));
    }

    #[test]
    fn bearer_as_in_rfc_6750() {
        let token = |text: &str| Ok(Credentials::Bearer(Zeroizing::new(text.to_owned())));
        assert_eq!(Credentials::parse(b"Bearer mF_9.B5f-4.1JqM"), token("mF_9.B5f-4.1JqM"));
        assert_eq!(Credentials::parse(b"bearer a+/~=="), token("a+/~=="));
    }

    #[test]
    fn malformed_values() {
        let long = format!("Bearer {}", "a".repeat(LONGEST));
        for value in [
            "",
            " ",
            "Basic",
            "Basic ",
            "Bearer",
            "Bearer ",
            "Bearer =",
            "Bearer a=b",
            "Bearer a b",
            "Bearer ä",
            "Digest a",
            "Basic !!!!",
            "Basic QWxhZGRpbg==",
            "Basic /////w==",
            "BasicQWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            " Basic YTpi",
            &long,
        ] {
            assert_eq!(Credentials::parse(value.as_bytes()), Err(Malformed), "{value}");
        }
    }

    #[test]
    fn nothing_secret_in_debug() {
        let shown = ["Basic YTpi", "Bearer secret"].map(|v| format!("{:?}", Credentials::parse(v.as_bytes())));
        assert_eq!(shown, ["Ok(Basic)", "Ok(Bearer)"]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = Credentials::parse(&bytes);
            let _ = Credentials::parse(&[b"Basic ".as_slice(), &bytes].concat());
            let _ = Credentials::parse(&[b"Basic ".as_slice(), STANDARD.encode(&bytes).as_bytes()].concat());
            let _ = Credentials::parse(&[b"Bearer ".as_slice(), &bytes].concat());
        }

        #[test]
        fn what_a_client_sends_is_read(user in "[^:]{0,64}", password in "\\PC{0,64}") {
            for engine in [&STANDARD, &STANDARD_NO_PAD] {
                let value = format!("Basic {}", engine.encode(format!("{user}:{password}")));
                prop_assert_eq!(Credentials::parse(value.as_bytes()), pair(&user, &password));
            }
        }
    }
}
