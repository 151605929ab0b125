//! A message as it came: read once, its structure checked, not yet believed.

mod structure;

use std::fmt;

use gw_model::Timestamp;

use crate::{
    BindingFault, Certificate, ShapeFault, SignatureFault, XmlFault,
    binding::{Binding, Carried, Detached, Slot, read_post, read_redirect},
    identifier::is_id,
    instant,
    limits::ENTITY_ID_MAX_BYTES,
    names::{ASSERTION, ENTITY, PROTOCOL},
    signature::{check_detached, signature_of, verify_enveloped},
    text::plain,
    xml::{Document, Limits, Node, parse},
};

pub(crate) use structure::check_structure;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// A service provider asks that somebody be signed in.
    AuthnRequest,
    /// An identity provider's answer to that.
    Response,
    /// Somebody is to be signed out.
    LogoutRequest,
    /// The answer to that.
    LogoutResponse,
}

impl MessageKind {
    const ALL: [Self; 4] = [
        Self::AuthnRequest,
        Self::Response,
        Self::LogoutRequest,
        Self::LogoutResponse,
    ];

    pub(crate) const fn local(self) -> &'static str {
        match self {
            Self::AuthnRequest => "AuthnRequest",
            Self::Response => "Response",
            Self::LogoutRequest => "LogoutRequest",
            Self::LogoutResponse => "LogoutResponse",
        }
    }

    const fn slot(self) -> Slot {
        match self {
            Self::AuthnRequest | Self::LogoutRequest => Slot::Request,
            Self::Response | Self::LogoutResponse => Slot::Response,
        }
    }

    pub(crate) fn of(node: Node<'_>) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| node.is(PROTOCOL, kind.local()))
    }
}

/// A text that is no SAML message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageFault {
    /// It did not arrive whole.
    #[error(transparent)]
    Binding(#[from] BindingFault),
    /// It is not the XML that is read.
    #[error(transparent)]
    Xml(#[from] XmlFault),
    /// It is not built as the schema says.
    #[error(transparent)]
    Shape(#[from] ShapeFault),
    /// A signature where none belongs.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// Its root is none of the four messages.
    #[error("`{0}` is no message that is taken here")]
    Kind(String),
    /// A request as a response, or the other way round.
    #[error("`{kind}` came as `{parameter}`", kind = .0.local(), parameter = .1)]
    Slot(MessageKind, &'static str),
    /// Not SAML 2.0.
    #[error("the message is not of SAML 2.0")]
    Version,
    /// Two elements with one id.
    #[error("two elements have the id `{0}`")]
    DuplicateId(String),
    /// Without an id, or with one that is none.
    #[error("`{0}` has no id that could be one")]
    Id(String),
    /// An assertion or message within another at a place where it would only mislead.
    #[error("`{0}` stands where it does not belong")]
    Misplaced(String),
}

/// What every message begins with (Core 3.2).
pub(crate) struct Header {
    pub(crate) id: String,
    pub(crate) issue_instant: Timestamp,
    pub(crate) issuer: Option<String>,
    pub(crate) destination: Option<String>,
    pub(crate) in_response_to: Option<String>,
}

/// A message that came through a browser. Nothing in it is believed yet: the functions of
/// [`crate::sp`], [`crate::idp`] and [`crate::logout`] check it and say what it means.
pub struct Message {
    document: Document,
    kind: MessageKind,
    header: Header,
    binding: Binding,
    relay_state: Option<String>,
    detached: Option<Detached>,
}

impl Message {
    /// Reads the query of a GET, as it stands in the request line, without the `?`.
    ///
    /// # Errors
    ///
    /// No message, more than one, or one that is beyond [`crate::limits`] or not built as SAML
    /// says.
    pub fn from_redirect(query: &str) -> Result<Self, MessageFault> {
        Self::open(read_redirect(query)?)
    }

    /// Reads the body of a posted form.
    ///
    /// # Errors
    ///
    /// Those of [`Message::from_redirect`].
    pub fn from_post(body: &[u8]) -> Result<Self, MessageFault> {
        Self::open(read_post(body)?)
    }

    fn open(carried: Carried) -> Result<Self, MessageFault> {
        let document = parse(&carried.xml, Limits::MESSAGE)?;
        let root = document.root().ok_or(MessageFault::Version)?;
        let kind = MessageKind::of(root).ok_or_else(|| MessageFault::Kind(plain(root.local())))?;
        if kind.slot() != carried.slot {
            return Err(MessageFault::Slot(kind, carried.slot.parameter()));
        }
        check_structure(&document)?;
        let header = Header::read(root)?;
        Ok(Self {
            document,
            kind,
            header,
            binding: carried.binding,
            relay_state: carried.relay_state,
            detached: carried.detached,
        })
    }

    /// What it is.
    pub const fn kind(&self) -> MessageKind {
        self.kind
    }

    /// Who it says that it is from: enough to look up whose keys to check it with, and for
    /// nothing else.
    pub fn issuer(&self) -> Option<&str> {
        self.header.issuer.as_deref()
    }

    /// Which request it says that it answers: enough to look that request up.
    pub fn in_response_to(&self) -> Option<&str> {
        self.header.in_response_to.as_deref()
    }

    /// What the sender wants back, or what we sent and get back. In an answer it is not signed
    /// by anybody where it came by a form.
    pub fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }

    /// How it came.
    pub const fn binding(&self) -> Binding {
        self.binding
    }

    pub(crate) const fn header(&self) -> &Header {
        &self.header
    }

    pub(crate) fn root(&self) -> Result<Node<'_>, ShapeFault> {
        self.document.root().ok_or_else(|| ShapeFault::Value {
            within: String::new(),
            what: "root",
        })
    }

    /// Whether one of these keys signed it, in the way of its binding. A signature that is there
    /// has to hold.
    pub(crate) fn is_signed_by(
        &self,
        root: Node<'_>,
        trusted: &[Certificate],
    ) -> Result<bool, SignatureFault> {
        let enveloped = signature_of(root)?.is_some();
        match (&self.detached, self.binding) {
            // Bindings 3.4.4.1: there is none in the message then.
            (_, Binding::Redirect) if enveloped => {
                Err(SignatureFault::Misplaced(self.kind.local().to_owned()))
            }
            (Some(detached), _) => {
                let Detached {
                    method,
                    signed,
                    signature,
                } = detached;
                check_detached(method, signed.as_bytes(), signature, trusted)?;
                Ok(true)
            }
            (None, _) if enveloped => {
                verify_enveloped(root, self.kind.local(), trusted)?;
                Ok(true)
            }
            (None, _) => Ok(false),
        }
    }
}

/// A response is as good as a password while it is fresh: nothing of its content is shown.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, binding, .. } = self;
        write!(f, "Message({kind:?} by {binding:?})")
    }
}

impl Header {
    pub(crate) fn read(root: Node<'_>) -> Result<Self, MessageFault> {
        if root.attribute("Version") != Some("2.0") {
            return Err(MessageFault::Version);
        }
        let id = root.attribute("ID").filter(|id| is_id(id));
        let id = id.ok_or_else(|| MessageFault::Id(plain(root.local())))?;
        let issued = root.attribute("IssueInstant").and_then(instant::read);
        let issuer = root.named(ASSERTION, "Issuer").next();
        Ok(Self {
            id: id.to_owned(),
            issue_instant: issued.ok_or_else(|| ShapeFault::value(root, "IssueInstant"))?,
            issuer: issuer.map(read_issuer).transpose()?,
            destination: root.attribute("Destination").map(str::to_owned),
            in_response_to: root.attribute("InResponseTo").map(str::to_owned),
        })
    }
}

/// Core 2.2.5 and 8.3.6: an entity id.
pub(crate) fn read_issuer(node: Node<'_>) -> Result<String, ShapeFault> {
    if node
        .attribute("Format")
        .is_some_and(|format| format != ENTITY)
    {
        return Err(ShapeFault::value(node, "Format"));
    }
    node.text()
        .filter(|text| !text.is_empty() && text.len() <= ENTITY_ID_MAX_BYTES)
        .ok_or_else(|| ShapeFault::value(node, "entity id"))
}
