//! Tokens that their client gives back (RFC 7009).

use http::StatusCode;

use crate::{
    Client, ErrorCode, GrantId, IssuedKind, IssuedToken,
    answer::{self, Answer},
};

/// A token is not given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token was not issued to this client")]
pub struct RevocationFault;

/// What is to be revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// Nothing: there is no such token, or no more, which is what the client wants (2.2).
    Nothing,
    /// One access token, by its id.
    AccessToken {
        /// Its id.
        id: String,
    },
    /// A family of refresh tokens, and every token of its authorization (2.1).
    Grant(GrantId),
}

impl Revocation {
    /// What follows where this client gives back this token, having shown who it is as it does at
    /// the token endpoint.
    ///
    /// # Errors
    /// Where it is another client's (2.1).
    pub fn decide(token: Option<&IssuedToken>, client: &Client) -> Result<Self, RevocationFault> {
        let Some(token) = token else {
            return Ok(Self::Nothing);
        };
        if token.client_id != client.id {
            return Err(RevocationFault);
        }
        Ok(match (token.kind, &token.id) {
            (IssuedKind::Access, Some(id)) => Self::AccessToken { id: id.clone() },
            _ => Self::Grant(token.grant_id.clone()),
        })
    }

    /// The answer, whatever was revoked.
    pub fn answer() -> Answer {
        answer::empty(StatusCode::OK)
    }
}

impl RevocationFault {
    /// The answer.
    pub fn answer(self) -> Answer {
        answer::refusal(ErrorCode::UnauthorizedClient, &self, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{client, issued, public_client};

    #[test]
    fn a_refresh_token_takes_everything_with_it_and_an_access_token_only_itself() {
        let one = client();
        let mut token = issued();
        assert_eq!(
            Revocation::decide(Some(&token), &one),
            Ok(Revocation::AccessToken { id: "t1".into() })
        );
        token.kind = IssuedKind::Refresh;
        let grant = Revocation::Grant(token.grant_id.clone());
        assert_eq!(Revocation::decide(Some(&token), &one), Ok(grant));
        assert_eq!(Revocation::decide(None, &one), Ok(Revocation::Nothing));
        assert_eq!(Revocation::answer().status(), 200);
    }

    #[test]
    fn nobody_gives_back_another_s_token() {
        let refused = Revocation::decide(Some(&issued()), &public_client());
        assert_eq!(refused, Err(RevocationFault));
        assert_eq!(RevocationFault.answer().status(), 400);
    }
}
