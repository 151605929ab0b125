//! Answering a service provider (Core 3.3.3, Profiles 4.1.4.2).

use gw_model::Timestamp;

use crate::{
    BuildFault, Credential, MessageId, NameId, PostForm, Recipient, Status,
    binding::Slot,
    encryption::seal,
    outgoing::{AFTER_ISSUER, Envelope, check_destination, finish},
    signature::sign_enveloped,
    sp::{Attribute, Authentication},
    xml::Build,
};

use super::assertion::build_assertion;

/// What we say about somebody to one service provider.
#[derive(Debug, Clone, Copy)]
pub struct Vouching<'a> {
    /// The response's id, random.
    pub response_id: &'a MessageId,
    /// The assertion's id, random, another one.
    pub assertion_id: &'a MessageId,
    /// Goes in as `IssueInstant`.
    pub now: Timestamp,
    /// From when on it may be used: a little before now, for clocks that are behind.
    pub not_before: Timestamp,
    /// When it may no longer be used: a few minutes from now.
    pub not_on_or_after: Timestamp,
    /// Our entity id.
    pub issuer: &'a str,
    /// The service provider's entity id.
    pub audience: &'a str,
    /// Where it is posted: from [`super::AskedSignIn::acs_url`] or the metadata.
    pub acs_url: &'a str,
    /// The request's id, or nothing where nobody asked.
    pub in_response_to: Option<&'a str>,
    /// Who.
    pub name_id: &'a NameId,
    /// How and when they signed in here.
    pub authentication: &'a Authentication,
    /// What else is said about them.
    pub attributes: &'a [Attribute],
}

/// How an answer is protected. The assertion is always signed.
#[derive(Debug, Clone, Copy)]
pub struct Shape<'a> {
    /// The whole response is signed too.
    pub sign_response: bool,
    /// To whom the assertion is encrypted; [`crate::metadata::SpRole::recipient`] proposes it.
    pub encrypt_to: Option<&'a Recipient>,
}

impl Vouching<'_> {
    /// The form that takes the answer to the service provider.
    ///
    /// # Errors
    ///
    /// A value that XML cannot hold, an address that is no web address, a `RelayState` beyond its
    /// bound, or a key that does not sign or cannot be encrypted to.
    pub fn post(
        &self,
        shape: Shape<'_>,
        relay_state: Option<&str>,
        credential: &Credential,
    ) -> Result<PostForm, BuildFault> {
        let xml = self.write(shape, credential)?;
        PostForm::new(self.acs_url, Slot::Response, &xml, relay_state)
    }

    fn write(&self, shape: Shape<'_>, credential: &Credential) -> Result<String, BuildFault> {
        check_destination(self.acs_url)?;
        let mut assertion = build_assertion(self);
        let id = self.assertion_id.as_str();
        sign_enveloped(&mut assertion, id, AFTER_ISSUER, credential)?;
        let content = match shape.encrypt_to {
            Some(recipient) => seal(&finish(&assertion)?, recipient)?,
            None => assertion,
        };
        let envelope = Envelope {
            id: self.response_id,
            now: self.now,
            issuer: self.issuer,
            destination: self.acs_url,
        };
        let mut response = envelope
            .open("samlp:Response")
            .maybe("InResponseTo", self.in_response_to)
            .child(Status::SUCCESS.build())
            .child(content);
        if shape.sign_response {
            let id = self.response_id.as_str();
            sign_enveloped(&mut response, id, AFTER_ISSUER, credential)?;
        }
        finish(&response)
    }
}

/// A no to a service provider.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    /// The response's id, random.
    pub response_id: &'a MessageId,
    /// Goes in as `IssueInstant`.
    pub now: Timestamp,
    /// Our entity id.
    pub issuer: &'a str,
    /// Where it is posted.
    pub acs_url: &'a str,
    /// The request's id.
    pub in_response_to: &'a str,
    /// Why: `Responder/NoPassive`, `Responder/RequestDenied`, `Requester/NoAuthnContext`, ….
    pub status: &'a Status,
}

impl Refusal<'_> {
    /// The form that takes the answer to the service provider, signed.
    ///
    /// # Errors
    ///
    /// Those of [`Vouching::post`].
    pub fn post(
        &self,
        relay_state: Option<&str>,
        credential: &Credential,
    ) -> Result<PostForm, BuildFault> {
        let envelope = Envelope {
            id: self.response_id,
            now: self.now,
            issuer: self.issuer,
            destination: self.acs_url,
        };
        let response: Build = envelope
            .open("samlp:Response")
            .attribute("InResponseTo", self.in_response_to)
            .child(self.status.build());
        envelope.to_post(response, Slot::Response, relay_state, Some(credential))
    }
}
