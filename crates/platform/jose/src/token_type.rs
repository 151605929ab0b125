//! Which kind of token a header says it is (RFC 8725, 3.11: explicit typing).

use std::fmt;

use crate::{JwsFault, fault::Shown};

/// A kind of token, by the `typ` of its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenType {
    /// Any JWT that has no type of its own; `typ` may be absent (RFC 7519, 5.1).
    Jwt,
    /// An ID token; `typ` may be absent (OpenID Connect Core 1.0, 2 names none).
    IdToken,
    /// A JWT access token: `at+jwt`, never absent (RFC 9068, 4).
    AccessToken,
    /// A logout token: `logout+jwt`; absent or `JWT` from providers older than that advice
    /// (OpenID Connect Back-Channel Logout 1.0, 2.4).
    LogoutToken,
    /// A client's assertion: `JWT`, absent, or `client-authentication+jwt` (RFC 7523, 3 and the
    /// draft that is to follow it).
    ClientAssertion,
    /// A DPoP proof: `dpop+jwt`, never absent (RFC 9449, 4.2).
    DpopProof,
}

impl TokenType {
    /// What is written into the header of such a token.
    pub const fn typ(self) -> &'static str {
        match self {
            Self::Jwt | Self::IdToken | Self::ClientAssertion => "JWT",
            Self::AccessToken => "at+jwt",
            Self::LogoutToken => "logout+jwt",
            Self::DpopProof => "dpop+jwt",
        }
    }

    const fn accepted(self) -> &'static [&'static str] {
        match self {
            Self::Jwt | Self::IdToken => &["JWT"],
            Self::AccessToken => &["at+jwt"],
            Self::LogoutToken => &["logout+jwt", "JWT"],
            Self::ClientAssertion => &["JWT", "client-authentication+jwt"],
            Self::DpopProof => &["dpop+jwt"],
        }
    }

    const fn may_be_absent(self) -> bool {
        !matches!(self, Self::AccessToken | Self::DpopProof)
    }

    /// Whether a header says so. Media types are compared without case, and `application/` may be
    /// left away (RFC 7515, 4.1.9).
    pub(crate) fn check(self, typ: Option<&str>) -> Result<(), JwsFault> {
        let Some(typ) = typ else {
            let missing = JwsFault::TypeMissing { expected: self };
            return self.may_be_absent().then_some(()).ok_or(missing);
        };
        let short = match typ.split_at_checked("application/".len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
            _ => typ,
        };
        let names = |name: &&str| name.eq_ignore_ascii_case(short);
        if self.accepted().iter().any(names) {
            return Ok(());
        }
        Err(JwsFault::Type {
            expected: self,
            found: Shown::new(typ),
        })
    }
}

impl fmt::Display for TokenType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jwt => "a JWT",
            Self::IdToken => "an ID token",
            Self::AccessToken => "an access token",
            Self::LogoutToken => "a logout token",
            Self::ClientAssertion => "a client's assertion",
            Self::DpopProof => "a DPoP proof",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_a_media_type_with_or_without_its_prefix() {
        for typ in [
            "at+jwt",
            "AT+JWT",
            "application/at+jwt",
            "Application/at+jwt",
        ] {
            assert_eq!(TokenType::AccessToken.check(Some(typ)), Ok(()), "{typ}");
        }
        for typ in [
            "",
            "JWT",
            "at+jwt ",
            "text/at+jwt",
            "application/application/at+jwt",
        ] {
            assert!(TokenType::AccessToken.check(Some(typ)).is_err(), "{typ}");
        }
        let to_come = Some("client-authentication+jwt");
        assert_eq!(TokenType::ClientAssertion.check(to_come), Ok(()));
        assert!(TokenType::Jwt.check(to_come).is_err());
    }

    #[test]
    fn a_type_is_absent_only_where_its_standard_lets_it() {
        assert!(TokenType::AccessToken.check(None).is_err());
        assert!(TokenType::DpopProof.check(None).is_err());
        for other in [
            TokenType::Jwt,
            TokenType::IdToken,
            TokenType::LogoutToken,
            TokenType::ClientAssertion,
        ] {
            assert_eq!(other.check(None), Ok(()));
        }
    }
}
