//! The apps that speak SAML, read once for each of their versions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use data_encoding::BASE64;
use gw_model::{Client as Fact, ClientId, SamlClient, SamlEncryption, Snapshot, Timestamp};
use gw_saml::{
    Binding, Certificate, ContentCipher, KeyFault, KeyTransport, Recipient,
    metadata::{AssertionConsumer, SpRole},
};

use crate::visit::Visit;

/// An app that speaks SAML, with the fact that it is kept as.
#[derive(Debug, Clone)]
pub(crate) struct SamlApp {
    pub(crate) fact: Arc<Fact>,
    pub(crate) read: Arc<Registered>,
}

/// How it is registered.
#[derive(Debug)]
pub(crate) struct Registered {
    pub(crate) declared: SamlClient,
    /// The same in the words of the protocol.
    pub(crate) role: SpRole,
    /// To whom its assertions are encrypted.
    pub(crate) recipient: Option<Recipient>,
}

impl SamlApp {
    /// Whether its metadata may no longer be used.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        let until = self.read.declared.valid_until;
        until.is_some_and(|until| until <= now)
    }

    /// Its name everywhere.
    pub(super) fn entity(&self) -> &str {
        &self.read.declared.entity_id
    }
}

/// What was read of registrations.
#[derive(Default)]
pub(crate) struct SamlApps(Mutex<HashMap<ClientId, Read>>);

/// An app at a version of its client; none where its registration cannot be read.
type Read = (u64, Option<Arc<Registered>>);

impl SamlApps {
    /// The app of this entity id, where it is registered and not switched off.
    pub(super) fn of_entity(&self, facts: &Snapshot, entity: &str) -> Option<SamlApp> {
        let mut all = facts.clients().filter_map(|fact| self.of(fact));
        all.find(|app| app.entity() == entity && !app.fact.is_off())
    }

    /// The app of this name, where it speaks SAML and is not switched off.
    pub(crate) fn named(&self, facts: &Snapshot, name: &str) -> Option<SamlApp> {
        let fact = facts.client_named(&name.parse().ok()?)?;
        self.of(fact).filter(|app| !app.fact.is_off())
    }

    /// Whether there is any.
    pub(super) fn is_any(&self, facts: &Snapshot) -> bool {
        facts.clients().any(|fact| self.of(fact).is_some())
    }

    fn of(&self, fact: &Arc<Fact>) -> Option<SamlApp> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = match known.get(&fact.id) {
            Some((version, read)) if *version == fact.version => read.clone(),
            _ => {
                let read = read(fact).map(Arc::new);
                known.insert(fact.id, (fact.version, read.clone()));
                read
            }
        };
        Some(SamlApp {
            fact: fact.clone(),
            read: read?,
        })
    }

    /// Forgets those that are gone.
    pub(super) fn retain(&self, facts: &Snapshot) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|id, _| facts.client(*id).is_some());
    }
}

impl Visit {
    /// The app of this name, where it speaks SAML.
    pub(super) fn saml(&self, name: &str) -> Option<SamlApp> {
        let view = self.server.engine().view();
        self.server.shared.saml.named(&view.facts, name)
    }
}

/// None where it speaks something else.
fn read(fact: &Fact) -> Option<Registered> {
    let declared: SamlClient = serde_json::from_str(&fact.registration).ok()?;
    match registered(declared) {
        Ok(registered) => Some(registered),
        Err(fault) => {
            tracing::error!(client = %fact.name, %fault, "an app's registration for SAML cannot be read: it is refused");
            None
        }
    }
}

fn registered(declared: SamlClient) -> Result<Registered, KeyFault> {
    let signing = declared.certificates.iter();
    let signing = signing
        .map(|text| certificate(text))
        .collect::<Result<_, _>>()?;
    let recipient = declared.encryption.as_ref().map(recipient).transpose()?;
    let consumers = declared.consumers.iter().map(|one| AssertionConsumer {
        binding: Binding::Post,
        location: one.location.to_string(),
        index: one.index,
        is_default: one.is_default,
    });
    let role = SpRole {
        signing,
        consumers: consumers.collect(),
        ..SpRole::default()
    };
    Ok(Registered {
        declared,
        role,
        recipient,
    })
}

fn recipient(declared: &SamlEncryption) -> Result<Recipient, KeyFault> {
    Ok(Recipient {
        certificate: certificate(&declared.certificate)?,
        key_transport: match declared.by_sha256 {
            true => KeyTransport::OaepSha256,
            false => KeyTransport::OaepSha1,
        },
        cipher: match declared.by_128_bits {
            true => ContentCipher::Aes128Gcm,
            false => ContentCipher::Aes256Gcm,
        },
    })
}

fn certificate(text: &str) -> Result<Certificate, KeyFault> {
    let der = BASE64.decode(text.as_bytes());
    Certificate::from_der(&der.map_err(|_| KeyFault::Certificate)?)
}
