//! What metadata says.

use gw_model::Timestamp;

use crate::{Binding, Certificate, ContentCipher, KeyTransport, Recipient};

/// One entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// Its name everywhere.
    pub entity_id: String,
    /// Until when this may be used; the earlier one where the role says so too.
    pub valid_until: Option<Timestamp>,
    /// What it is as an identity provider.
    pub idp: Option<IdpRole>,
    /// What it is as a service provider.
    pub sp: Option<SpRole>,
}

/// An address for one kind of message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// By which binding.
    pub binding: Binding,
    /// Where.
    pub location: String,
    /// Where answers go, if elsewhere.
    pub response_location: Option<String>,
}

impl Endpoint {
    /// Where an answer goes.
    pub fn response(&self) -> &str {
        self.response_location.as_deref().unwrap_or(&self.location)
    }
}

/// An identity provider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdpRole {
    /// It takes signed requests only.
    pub want_authn_requests_signed: bool,
    /// Whose signatures are its own: several while they change.
    pub signing: Vec<Certificate>,
    /// Where to ask.
    pub single_sign_on: Vec<Endpoint>,
    /// Where to log out.
    pub single_logout: Vec<Endpoint>,
    /// Which kinds of names it has.
    pub name_id_formats: Vec<String>,
}

/// A service provider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpRole {
    /// Its requests are signed: an unsigned one is not from it.
    pub authn_requests_signed: bool,
    /// It wants assertions signed, and not only responses.
    pub want_assertions_signed: bool,
    /// Whose signatures are its own.
    pub signing: Vec<Certificate>,
    /// To whom to encrypt, in ways that we know too.
    pub encryption: Vec<EncryptionKey>,
    /// Where answers may go.
    pub consumers: Vec<AssertionConsumer>,
    /// Where to log out.
    pub single_logout: Vec<Endpoint>,
    /// Which kinds of names it takes.
    pub name_id_formats: Vec<String>,
}

/// Where answers of single sign-on may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertionConsumer {
    /// By which binding.
    pub binding: Binding,
    /// Where.
    pub location: String,
    /// Its number in requests.
    pub index: u16,
    /// Where to go if a request names none.
    pub is_default: bool,
}

/// A key to encrypt to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptionKey {
    /// The key.
    pub certificate: Certificate,
    /// In which ways a key may be sent that we know too; empty where the metadata says nothing.
    pub key_transports: Vec<KeyTransport>,
    /// By which ciphers that we know too; empty where the metadata says nothing.
    pub ciphers: Vec<ContentCipher>,
}

impl EncryptionKey {
    /// What suits the entity: what its metadata names first, else what everybody reads.
    pub fn recipient(&self) -> Recipient {
        let transport = self.key_transports.first();
        let cipher = self.ciphers.first();
        Recipient {
            certificate: self.certificate.clone(),
            key_transport: transport.copied().unwrap_or(KeyTransport::OaepSha1),
            cipher: cipher.copied().unwrap_or(ContentCipher::Aes256Gcm),
        }
    }
}

impl SpRole {
    /// To whom assertions may be encrypted, if it has a key for it.
    pub fn recipient(&self) -> Option<Recipient> {
        self.encryption.first().map(EncryptionKey::recipient)
    }
}

/// The first address of this binding.
pub(crate) fn by(endpoints: &[Endpoint], binding: Binding) -> Option<&Endpoint> {
    endpoints
        .iter()
        .find(|endpoint| endpoint.binding == binding)
}

impl IdpRole {
    /// Where to ask by this binding.
    pub fn single_sign_on_by(&self, binding: Binding) -> Option<&Endpoint> {
        by(&self.single_sign_on, binding)
    }

    /// Where to log out by this binding.
    pub fn single_logout_by(&self, binding: Binding) -> Option<&Endpoint> {
        by(&self.single_logout, binding)
    }
}

impl SpRole {
    /// Where to log out by this binding.
    pub fn single_logout_by(&self, binding: Binding) -> Option<&Endpoint> {
        by(&self.single_logout, binding)
    }
}
