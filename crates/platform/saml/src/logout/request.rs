//! Asking a peer to sign somebody out, and being asked.

use std::time::Duration;

use gw_model::Timestamp;

use crate::{
    BuildFault, Credential, Message, MessageId, MessageKind, NameId, PostForm, ShapeFault,
    binding::Slot,
    encryption::{Opening, open},
    instant,
    limits::SESSION_INDEXES_MAX,
    names::{ASSERTION, DSIG, PROTOCOL},
    outgoing::Envelope,
    xml::{Build, sequence},
};

use super::{Expected, LogoutFault, check};

/// A logout request of ours.
#[derive(Debug, Clone, Copy)]
pub struct LogoutRequest<'a> {
    /// Random, and kept: the answer names it.
    pub id: &'a MessageId,
    /// Goes in as `IssueInstant`.
    pub now: Timestamp,
    /// Until when the peer should follow it.
    pub not_on_or_after: Timestamp,
    /// Our entity id.
    pub issuer: &'a str,
    /// The peer's single logout URL of the binding that is used.
    pub destination: &'a str,
    /// Who, as the assertion named them.
    pub name_id: &'a NameId,
    /// Which sessions, as the assertions named them; empty for all of theirs.
    pub session_indexes: &'a [&'a str],
}

impl LogoutRequest<'_> {
    /// The URL to send the browser to, signed.
    ///
    /// # Errors
    ///
    /// A destination that is no web address, a value that XML cannot hold, a `RelayState` of more
    /// than 80 bytes, or a key that does not sign.
    pub fn redirect(
        &self,
        relay_state: Option<&str>,
        credential: &Credential,
    ) -> Result<String, BuildFault> {
        let message = self.build();
        self.envelope()
            .to_redirect(&message, Slot::Request, relay_state, Some(credential))
    }

    /// The form for the browser to submit, signed.
    ///
    /// # Errors
    ///
    /// Those of [`LogoutRequest::redirect`].
    pub fn post(
        &self,
        relay_state: Option<&str>,
        credential: &Credential,
    ) -> Result<PostForm, BuildFault> {
        self.envelope()
            .to_post(self.build(), Slot::Request, relay_state, Some(credential))
    }

    const fn envelope(&self) -> Envelope<'_> {
        Envelope {
            id: self.id,
            now: self.now,
            issuer: self.issuer,
            destination: self.destination,
        }
    }

    fn build(&self) -> Build {
        let indexes = self.session_indexes.iter();
        self.envelope()
            .open("samlp:LogoutRequest")
            .attribute("NotOnOrAfter", instant::write(self.not_on_or_after))
            .child(self.name_id.build())
            .children(indexes.map(|index| Build::new("samlp:SessionIndex").text(*index)))
    }
}

/// What a peer asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedLogout {
    /// The request's id, which the answer names.
    pub id: String,
    /// Who.
    pub name_id: NameId,
    /// Which sessions; empty for all of theirs.
    pub session_indexes: Vec<String>,
    /// What goes back with the answer, as it came.
    pub relay_state: Option<String>,
    /// When it was made, by the peer's clock: it says nothing about a session that began later.
    pub issued: Timestamp,
}

/// Checks a logout request. Whoever ends something by it remembers its id for as long as it could be
/// taken ([`AskedLogout::remember_until`]): anybody who saw it may bring it again.
///
/// # Errors
///
/// The first of its faults.
pub fn check_request(
    message: &Message,
    expected: &Expected<'_>,
) -> Result<AskedLogout, LogoutFault> {
    check(message, MessageKind::LogoutRequest, expected)?;
    let root = message.root()?;
    if let Some(text) = root.attribute("NotOnOrAfter") {
        let ends = instant::read(text).ok_or_else(|| ShapeFault::value(root, "NotOnOrAfter"))?;
        if ends.after(expected.leeway) <= expected.now {
            return Err(LogoutFault::Time);
        }
    }
    let mut children = sequence(root)?;
    children.required(ASSERTION, "Issuer")?;
    children.optional(DSIG, "Signature");
    children.optional(PROTOCOL, "Extensions");
    let name_id = match children.optional(ASSERTION, "EncryptedID") {
        Some(encrypted) => decrypted(encrypted, expected)?,
        None => NameId::read(children.required(ASSERTION, "NameID")?)?,
    };
    let indexes = children.many(PROTOCOL, "SessionIndex");
    children.end()?;
    if indexes.len() > SESSION_INDEXES_MAX {
        return Err(LogoutFault::TooMany);
    }
    // One that cannot be read would be left out, and none at all is all of somebody's sessions.
    let text = |index: crate::xml::Node<'_>| {
        index
            .text()
            .ok_or_else(|| ShapeFault::value(root, "SessionIndex"))
    };
    let session_indexes: Result<_, _> = indexes.into_iter().map(text).collect();
    Ok(AskedLogout {
        id: message.header().id.clone(),
        name_id,
        session_indexes: session_indexes?,
        relay_state: message.relay_state().map(str::to_owned),
        issued: message.header().issue_instant,
    })
}

impl AskedLogout {
    /// From when on it is refused anyway, by these bounds.
    pub fn remember_until(&self, age_max: Duration, leeway: Duration) -> Timestamp {
        self.issued.after(age_max).after(leeway)
    }
}

/// The request around it is signed: nobody changed it, so AES-CBC tells nobody anything.
fn decrypted(
    encrypted: crate::xml::Node<'_>,
    expected: &Expected<'_>,
) -> Result<NameId, LogoutFault> {
    let opening = Opening {
        keys: expected.decryption,
        allow_cbc: true,
    };
    let document = open(encrypted, opening)?;
    let root = document
        .root()
        .filter(|root| root.is(ASSERTION, "NameID"))
        .ok_or(crate::EncryptionFault::Undecryptable)?;
    Ok(NameId::read(root)?)
}
