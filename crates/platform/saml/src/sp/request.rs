//! Asking an identity provider to sign somebody in (Core 3.4.1).

use gw_model::Timestamp;

use crate::{
    BuildFault, Credential, MessageId,
    binding::{Binding, PostForm, Slot},
    outgoing::Envelope,
    xml::Build,
};

/// How the ways to sign in that are asked for are compared with the one that was used (Core
/// 3.3.2.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// One of them.
    Exact,
    /// At least as strong as one of them.
    Minimum,
    /// As strong as possible, not stronger than one of them.
    Maximum,
    /// Stronger than each of them.
    Better,
}

impl Comparison {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Exact, Self::Minimum, Self::Maximum, Self::Better];

    /// The word for it in messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
            Self::Better => "better",
        }
    }
}

/// A request of ours. The caller keeps its id, bound to the browser, until the answer comes.
#[derive(Debug, Clone, Copy)]
pub struct AuthnRequest<'a> {
    /// Random, and kept: the answer names it.
    pub id: &'a MessageId,
    /// Goes in as `IssueInstant`.
    pub now: Timestamp,
    /// Our entity id.
    pub issuer: &'a str,
    /// The provider's single sign-on URL of the binding that is used.
    pub destination: &'a str,
    /// Where the answer is to be posted; in our metadata.
    pub acs_url: &'a str,
    /// Which kind of name is wanted, one of [`crate::formats`].
    pub name_id_format: Option<&'a str>,
    /// In which ways the person may sign in; empty for any. Which one it was, the caller compares:
    /// [`super::Authentication::context`].
    pub contexts: &'a [&'a str],
    /// How `contexts` is to be understood.
    pub comparison: Comparison,
    /// The person is to prove who they are now, whatever session the provider has. Whether they
    /// did is for the caller to see: [`super::Authentication::instant`] is not before `now`, give
    /// or take the clocks.
    pub force_authn: bool,
    /// Nothing may be shown to the person.
    pub is_passive: bool,
}

impl AuthnRequest<'_> {
    /// The URL to send the browser to (HTTP-Redirect), with a detached signature where a key is
    /// given.
    ///
    /// # Errors
    ///
    /// A destination that is no web address, a value that XML cannot hold, a `RelayState` of more
    /// than 80 bytes, or a key that does not sign.
    pub fn redirect(
        &self,
        relay_state: Option<&str>,
        credential: Option<&Credential>,
    ) -> Result<String, BuildFault> {
        let message = self.build();
        self.envelope()
            .to_redirect(&message, Slot::Request, relay_state, credential)
    }

    /// The form for the browser to submit (HTTP-POST), with an enveloped signature where a key is
    /// given.
    ///
    /// # Errors
    ///
    /// Those of [`AuthnRequest::redirect`].
    pub fn post(
        &self,
        relay_state: Option<&str>,
        credential: Option<&Credential>,
    ) -> Result<PostForm, BuildFault> {
        self.envelope()
            .to_post(self.build(), Slot::Request, relay_state, credential)
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
        let policy = Build::new("samlp:NameIDPolicy")
            .maybe("Format", self.name_id_format)
            .attribute("AllowCreate", "true");
        let yes = |wanted: bool| wanted.then_some("true");
        self.envelope()
            .open("samlp:AuthnRequest")
            .maybe("ForceAuthn", yes(self.force_authn))
            .maybe("IsPassive", yes(self.is_passive))
            .attribute("ProtocolBinding", Binding::Post.uri())
            .attribute("AssertionConsumerServiceURL", self.acs_url)
            .child(policy)
            .children(self.requested_context())
    }

    fn requested_context(&self) -> Option<Build> {
        let classes = self
            .contexts
            .iter()
            .map(|class| Build::new("saml:AuthnContextClassRef").text(*class));
        let requested = Build::new("samlp:RequestedAuthnContext")
            .attribute("Comparison", self.comparison.word())
            .children(classes);
        (!self.contexts.is_empty()).then_some(requested)
    }
}
