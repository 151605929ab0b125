//! Who may register, and who may change a registration (RFC 7591, 3; RFC 7592, 2).

use std::time::Duration;

use gw_jose::Algorithm;
use gw_model::{AppName, Timestamp};
use serde::{Deserialize, Serialize};

use super::{RegistrationFault, RegistrationRules};
use crate::{Client, GrantType, Purpose, RedirectKind, RedirectUri, Resources, Scopes, SecretHash};

/// A token by which clients may be registered, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitialAccessToken {
    /// By what it is found.
    pub hash: SecretHash,
    /// The first instant at which it is good no more.
    pub expires: Timestamp,
    /// For how many clients it is still good.
    pub left: u32,
}

/// No client may be registered by a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the initial access token is not good, or not any more")]
pub struct InitialTokenFault;

impl InitialAccessToken {
    /// The token from now on, with one client less; the store puts it in place of the one that
    /// was read.
    ///
    /// # Errors
    /// Where the text is not it, or it is over or used up.
    pub fn take(&self, text: &str, now: Timestamp) -> Result<Self, InitialTokenFault> {
        let is_it = self
            .hash
            .matches(&SecretHash::of(Purpose::InitialAccessToken, text));
        let left = self
            .left
            .checked_sub(1)
            .filter(|_| is_it && now < self.expires);
        let left = left.ok_or(InitialTokenFault)?;
        Ok(Self { left, ..*self })
    }
}

/// Under which kind the store keeps invitations, found by the hash of their token.
pub const INVITATION_KIND: &str = "oauth-invitation";
/// The most clients that one invitation is for.
pub const INVITATION_USES_MAX: u32 = 100;
/// How long an invitation is good at most.
pub const INVITATION_LIFETIME_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// The most hosts that one names.
pub const INVITATION_HOSTS_MAX: usize = 32;

/// What an administrator lets somebody register, by a token of theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The token.
    pub token: InitialAccessToken,
    /// What may be registered by it.
    pub bounds: RegistrationBounds,
}

/// What a client that registers itself may be, as long as it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationBounds {
    /// The app that people sign in to through it.
    pub app: Option<AppName>,
    /// The grant types.
    pub grant_types: Vec<GrantType>,
    /// The scopes.
    pub scopes: Scopes,
    /// The hosts of its redirect URIs, in lower case.
    pub hosts: Vec<String>,
}

impl RegistrationBounds {
    /// The same as rules.
    pub fn rules(&self) -> RegistrationRules {
        RegistrationRules {
            scopes: self.scopes.clone(),
            resources: Resources::default(),
            grant_types: self.grant_types.clone(),
            algorithms: vec![Algorithm::Rs256, Algorithm::Es256],
        }
    }

    /// Whether all of a registration is within them.
    ///
    /// # Errors
    /// With what is beyond them.
    pub fn admit(&self, client: &Client) -> Result<(), RegistrationFault> {
        let lists = [
            ("redirect_uris", &client.redirect_uris),
            (
                "post_logout_redirect_uris",
                &client.post_logout_redirect_uris,
            ),
        ];
        for (name, uris) in lists {
            if !uris.iter().all(|uri| self.leads_to(uri)) {
                return Err(RegistrationFault::NotAllowed(name));
            }
        }
        let by_people = [GrantType::AuthorizationCode, GrantType::DeviceCode];
        if self.app.is_none() && by_people.iter().any(|one| client.may(*one)) {
            return Err(RegistrationFault::NotAllowed("grant_types"));
        }
        Ok(())
    }

    /// Whether a redirect URI leads to one of the hosts. One with a scheme of the client's own
    /// leads to whatever program took that scheme, whichever host is written in it.
    fn leads_to(&self, uri: &RedirectUri) -> bool {
        let host = match uri.kind() {
            RedirectKind::Https | RedirectKind::Loopback => uri.host(),
            RedirectKind::PrivateUse => None,
        };
        let host = host.map(str::to_ascii_lowercase);
        host.is_some_and(|host| self.hosts.contains(&host))
    }
}

impl Client {
    /// Whether this text is the token by which this client manages its registration.
    pub fn is_managed_by(&self, text: &str) -> bool {
        let hash = SecretHash::of(Purpose::RegistrationAccessToken, text);
        self.registration_token
            .is_some_and(|kept| kept.matches(&hash))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        Secret,
        testing::{NOW, client},
    };

    #[test]
    fn an_initial_token_is_good_for_so_many_clients_and_so_long() {
        let secret = Secret::generate().unwrap();
        let hash = secret.hash(Purpose::InitialAccessToken);
        let token = InitialAccessToken {
            hash,
            expires: NOW.after(Duration::from_secs(60)),
            left: 1,
        };
        let used = token.take(secret.expose(), NOW).unwrap();
        assert_eq!(used.take(secret.expose(), NOW), Err(InitialTokenFault));
        assert_eq!(token.take("other", NOW), Err(InitialTokenFault));
        assert_eq!(
            token.take(secret.expose(), token.expires),
            Err(InitialTokenFault)
        );
    }

    #[test]
    fn a_host_binds_what_leads_to_it_and_no_scheme_of_the_clients_own() {
        let bounds = RegistrationBounds {
            app: Some("wiki".parse().unwrap()),
            grant_types: GrantType::ALL.to_vec(),
            scopes: Scopes::default(),
            hosts: vec!["app.example.com".into(), "127.0.0.1".into()],
        };
        let with = |uri: &str| Client {
            redirect_uris: vec![RedirectUri::parse(uri).unwrap()],
            post_logout_redirect_uris: Vec::new(),
            ..client()
        };
        for within in ["https://app.example.com/cb", "http://127.0.0.1:8080/cb"] {
            assert_eq!(bounds.admit(&with(within)), Ok(()), "{within}");
        }
        for beyond in [
            "com.evil.app://app.example.com/cb",
            "com.evil.app:/cb",
            "https://evil.example/cb",
            "http://[::1]/cb",
        ] {
            let refused = Err(RegistrationFault::NotAllowed("redirect_uris"));
            assert_eq!(bounds.admit(&with(beyond)), refused, "{beyond}");
        }
        let leaving = Client {
            post_logout_redirect_uris: with("com.evil.app://app.example.com/bye").redirect_uris,
            ..with("https://app.example.com/cb")
        };
        assert!(bounds.admit(&leaving).is_err());
    }

    #[test]
    fn a_client_without_a_registration_token_is_managed_by_nobody() {
        assert!(!client().is_managed_by(""));
    }
}
