//! Answering a logout request, and being answered.

use gw_model::Timestamp;

use crate::{
    BuildFault, Credential, Message, MessageId, MessageKind, PostForm, Status,
    binding::Slot,
    names::{ASSERTION, DSIG, PROTOCOL},
    outgoing::Envelope,
    xml::{Build, sequence},
};

use super::{Expected, LogoutFault, check};

/// Our answer to a logout request.
#[derive(Debug, Clone, Copy)]
pub struct LogoutAnswer<'a> {
    /// Random.
    pub id: &'a MessageId,
    /// Goes in as `IssueInstant`.
    pub now: Timestamp,
    /// Our entity id.
    pub issuer: &'a str,
    /// Where the peer takes answers: [`crate::metadata::Endpoint::response`].
    pub destination: &'a str,
    /// The request's id.
    pub in_response_to: &'a str,
    /// How it went.
    pub status: &'a Status,
}

impl LogoutAnswer<'_> {
    /// The URL to send the browser to, signed.
    ///
    /// # Errors
    ///
    /// A destination that is no web address, a value that XML cannot hold, a `RelayState` beyond
    /// its bound, or a key that does not sign.
    pub fn redirect(
        &self,
        relay_state: Option<&str>,
        credential: &Credential,
    ) -> Result<String, BuildFault> {
        let message = self.build();
        self.envelope()
            .to_redirect(&message, Slot::Response, relay_state, Some(credential))
    }

    /// The form for the browser to submit, signed.
    ///
    /// # Errors
    ///
    /// Those of [`LogoutAnswer::redirect`].
    pub fn post(
        &self,
        relay_state: Option<&str>,
        credential: &Credential,
    ) -> Result<PostForm, BuildFault> {
        self.envelope()
            .to_post(self.build(), Slot::Response, relay_state, Some(credential))
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
        self.envelope()
            .open("samlp:LogoutResponse")
            .attribute("InResponseTo", self.in_response_to)
            .child(self.status.build())
    }
}

/// Checks the answer to our logout request, and gives how it went at the peer.
///
/// # Errors
///
/// The first of its faults. That the peer could not sign somebody out is none of them.
pub fn check_response(
    message: &Message,
    request: &str,
    expected: &Expected<'_>,
) -> Result<Status, LogoutFault> {
    check(message, MessageKind::LogoutResponse, expected)?;
    if message.in_response_to() != Some(request) {
        return Err(LogoutFault::InResponseTo);
    }
    let mut children = sequence(message.root()?)?;
    children.required(ASSERTION, "Issuer")?;
    children.optional(DSIG, "Signature");
    children.optional(PROTOCOL, "Extensions");
    let status = Status::read(children.required(PROTOCOL, "Status")?)?;
    children.end()?;
    Ok(status)
}
