//! A declared client as the fact that it becomes.

use std::{collections::BTreeMap, sync::Arc};

use gw_model::{
    AppName, Client, ClientId, ClientName, ClientOwner, Consent, GroupName, SamlClient, Timestamp,
};
use gw_oauth::{ClientAuthentication, ClientSecrets, KeptSecret};

/// A client as the file declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedClient {
    /// Its name, by which tokens are asked for.
    pub(crate) name: ClientName,
    /// What pages show.
    pub(crate) title: Arc<str>,
    /// Facts that policy reads.
    pub(crate) attributes: BTreeMap<Arc<str>, Arc<str>>,
    /// The groups that it is in.
    pub(crate) groups: Vec<GroupName>,
    /// The app that people sign in to through it.
    pub(crate) app: Option<AppName>,
    /// Whether people are asked.
    pub(crate) consent: Consent,
    /// Off.
    pub(crate) disabled: bool,
    /// How it is registered.
    pub(crate) registration: Registration,
}

/// How a client is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Registration {
    /// By the words of OAuth and OpenID Connect.
    OAuth(Box<gw_oauth::Client>),
    /// It speaks SAML.
    Saml(SamlClient),
}

impl Registration {
    /// With the secrets that were known before.
    fn after(&self, before: &str) -> Self {
        let Self::OAuth(client) = self else {
            return self.clone();
        };
        let mut client = client.clone();
        if let Ok(known) = serde_json::from_str::<gw_oauth::Client>(before) {
            client.authentication = known_since(&client.authentication, &known.authentication);
        }
        Self::OAuth(client)
    }

    fn to_json(&self) -> serde_json::Result<String> {
        match self {
            Self::OAuth(client) => serde_json::to_string(client),
            Self::Saml(client) => serde_json::to_string(client),
        }
    }
}

impl WantedClient {
    /// How it is registered, where it speaks OpenID Connect or OAuth.
    pub(crate) fn oauth(&self) -> Option<&gw_oauth::Client> {
        match &self.registration {
            Registration::OAuth(client) => Some(client),
            Registration::Saml(_) => None,
        }
    }

    /// How it is registered, where it speaks SAML.
    pub(crate) const fn saml(&self) -> Option<&SamlClient> {
        match &self.registration {
            Registration::OAuth(_) => None,
            Registration::Saml(client) => Some(client),
        }
    }

    /// The fact, with what is kept of it as it was before.
    pub(crate) fn after(&self, before: &Client) -> Client {
        let registration = self.registration.after(&before.registration);
        Client {
            tokens_from: before.tokens_from,
            suspended: before.suspended,
            version: before.version,
            ..self.fact(before.id, &registration)
        }
    }

    /// The fact of one that nobody has known before.
    pub(crate) fn first(&self, id: ClientId) -> Client {
        self.fact(id, &self.registration)
    }

    fn fact(&self, id: ClientId, registration: &Registration) -> Client {
        // INVARIANT: a registration is made of texts, numbers, lists and records of such.
        #[expect(clippy::expect_used, reason = "all of its keys are texts")]
        let registration = registration.to_json().expect("JSON of a registration");
        Client {
            id,
            name: self.name.clone(),
            title: self.title.clone(),
            attributes: self.attributes.clone(),
            groups: self.groups.clone(),
            app: self.app.clone(),
            registration: registration.into(),
            tokens_from: Timestamp::default(),
            disabled: self.disabled,
            version: 0,
            suspended: false,
            owner: ClientOwner::Configuration,
            consent: self.consent,
        }
    }
}

/// A secret that was known before is known since then, whenever its file was last written.
fn known_since(
    declared: &ClientAuthentication,
    before: &ClientAuthentication,
) -> ClientAuthentication {
    let (Some(secrets), Some(known)) = (declared.secrets(), before.secrets()) else {
        return declared.clone();
    };
    let since = |secret: &KeptSecret| {
        let mut known = known.iter();
        let known = known.find(|known| known.hash == secret.hash);
        known.copied().unwrap_or(*secret)
    };
    let secrets = ClientSecrets::of_all(secrets.iter().map(since).collect());
    match (declared, secrets) {
        (ClientAuthentication::ClientSecretBasic { .. }, Ok(secrets)) => {
            ClientAuthentication::ClientSecretBasic { secrets }
        }
        (ClientAuthentication::ClientSecretPost { .. }, Ok(secrets)) => {
            ClientAuthentication::ClientSecretPost { secrets }
        }
        _ => declared.clone(),
    }
}
