//! What our messages have in common.

use gw_model::Timestamp;

use crate::{
    BuildFault, Credential, MessageId,
    binding::{PostForm, Slot, redirect_url},
    instant,
    names::{ASSERTION, PROTOCOL},
    signature::sign_enveloped,
    text::plain,
    xml::{Build, Limits, parse},
};

/// Where a signature goes: right after the issuer.
pub(crate) const AFTER_ISSUER: usize = 1;

/// What every message of ours begins with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelope<'a> {
    pub(crate) id: &'a MessageId,
    pub(crate) now: Timestamp,
    pub(crate) issuer: &'a str,
    pub(crate) destination: &'a str,
}

impl Envelope<'_> {
    /// The message with its issuer.
    pub(crate) fn open(&self, name: &'static str) -> Build {
        Build::new(name)
            .attribute("xmlns:samlp", PROTOCOL)
            .attribute("xmlns:saml", ASSERTION)
            .attribute("ID", self.id.as_str())
            .attribute("Version", "2.0")
            .attribute("IssueInstant", instant::write(self.now))
            .attribute("Destination", self.destination)
            .child(Build::new("saml:Issuer").text(self.issuer))
    }

    pub(crate) fn to_redirect(
        self,
        message: &Build,
        slot: Slot,
        relay_state: Option<&str>,
        credential: Option<&Credential>,
    ) -> Result<String, BuildFault> {
        check_destination(self.destination)?;
        let xml = finish(message)?;
        redirect_url(self.destination, slot, &xml, relay_state, credential)
    }

    pub(crate) fn to_post(
        self,
        mut message: Build,
        slot: Slot,
        relay_state: Option<&str>,
        credential: Option<&Credential>,
    ) -> Result<PostForm, BuildFault> {
        check_destination(self.destination)?;
        if let Some(credential) = credential {
            sign_enveloped(&mut message, self.id.as_str(), AFTER_ISSUER, credential)?;
        }
        let xml = finish(&message)?;
        PostForm::new(self.destination, slot, &xml, relay_state)
    }
}

/// Written, and read back to see that it can be.
pub(crate) fn finish(message: &Build) -> Result<String, BuildFault> {
    let xml = message.to_xml();
    parse(xml.as_bytes(), Limits::MESSAGE)?;
    Ok(xml)
}

/// A browser is sent there: nothing else than http and https.
pub(crate) fn check_destination(url: &str) -> Result<(), BuildFault> {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if is_web && !url.contains(|c: char| c.is_control() || c.is_whitespace()) {
        Ok(())
    } else {
        Err(BuildFault::Destination(plain(url)))
    }
}
