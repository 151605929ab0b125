//! Who may register, and who may change a registration (RFC 7591, 3; RFC 7592, 2).

use std::{fmt, time::Duration};

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use gw_jose::Algorithm;
use gw_model::{Actor, AppName, Timestamp};
use serde::{Deserialize, Serialize};

use super::{RegistrationFault, RegistrationRules};
use crate::{
    Client, GrantType, ProofKey, Purpose, RedirectKind, RedirectUri, Resources, Scopes, SecretHash,
};

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
    /// When it was made, and by whom.
    #[serde(default)]
    pub made: Option<(Timestamp, Actor)>,
}

impl Invitation {
    /// Its name.
    pub fn id(&self) -> InvitationId {
        let hash = BASE64URL_NOPAD.encode(self.token.hash.as_bytes());
        let hash = SecretHash::of(Purpose::InvitationId, &hash);
        let (short, _) = hash.as_bytes().split_at(8);
        InvitationId(format!("i-{}", BASE32_NOPAD.encode(short).to_lowercase()))
    }

    /// Whether a client may still be registered by it.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.token.left > 0 && now < self.token.expires
    }
}

/// The name of an invitation, by which it is listed and taken back. It comes of its token by two
/// hashes, one after the other, so that neither the token nor what is kept of it is found by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InvitationId(String);

impl InvitationId {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InvitationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
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
    /// Whether its codes must be bound by a proof key, where it can keep something.
    #[serde(default)]
    pub proof_key: ProofKey,
}

impl RegistrationBounds {
    /// The same as rules.
    pub fn rules(&self) -> RegistrationRules {
        RegistrationRules {
            scopes: self.scopes.clone(),
            resources: Resources::default(),
            grant_types: self.grant_types.clone(),
            algorithms: vec![Algorithm::Rs256, Algorithm::Es256],
            proof_key: self.proof_key,
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
            proof_key: ProofKey::Required,
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
    fn an_invitation_of_before_is_read_and_its_name_tells_nothing_of_its_token() {
        let hash = |text| SecretHash::of(Purpose::InitialAccessToken, text);
        let kept = |text| {
            let hash = serde_json::to_string(&hash(text)).unwrap();
            let kept = format!(
                r#"{{"token":{{"hash":{hash},"expires":{},"left":1}},"bounds":{{"app":"wiki",
                "grant_types":["authorization_code"],"scopes":"openid","hosts":["new.example"]}}}}"#,
                serde_json::to_string(&NOW).unwrap(),
            );
            serde_json::from_str::<Invitation>(&kept).unwrap()
        };
        let (one, other) = (kept("one"), kept("other"));
        assert_eq!(
            (&one.made, one.bounds.proof_key),
            (&None, ProofKey::Required)
        );
        assert_eq!(one.id(), kept("one").id());
        assert_ne!(one.id(), other.id());
        assert_eq!(one.id().as_str().len(), 15, "{}", one.id());
        assert!(!one.is_open(NOW));
        let hash = BASE32_NOPAD.encode(hash("one").as_bytes()).to_lowercase();
        assert!(!hash.starts_with(&one.id().as_str()[2..]));
    }

    #[test]
    fn a_client_without_a_registration_token_is_managed_by_nobody() {
        assert!(!client().is_managed_by(""));
    }
}
