//! How a request ended (Core 3.2.2).

use crate::{
    names::PROTOCOL,
    text::plain,
    xml::{Build, Node, ShapeFault, sequence},
};

const PREFIX: &str = "urn:oasis:names:tc:SAML:2.0:status:";

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $uri:literal,)*) => {
        /// A status code.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum StatusCode {
            $($(#[$doc])* $name,)*
            /// One that is not listed here, as it was sent, shortened.
            Other(String),
        }

        const KNOWN: &[(StatusCode, &str)] = &[$((StatusCode::$name, $uri),)*];
    };
}

codes! {
    /// It was done.
    Success = "Success",
    /// The requester did something wrong.
    Requester = "Requester",
    /// The responder could not.
    Responder = "Responder",
    /// Another version of SAML.
    VersionMismatch = "VersionMismatch",
    /// The person did not sign in.
    AuthnFailed = "AuthnFailed",
    /// Attributes were asked for in a way that is not understood.
    InvalidAttrNameOrValue = "InvalidAttrNameOrValue",
    /// The name identifier that was asked for cannot be had.
    InvalidNameIdPolicy = "InvalidNameIDPolicy",
    /// The way of signing in that was asked for cannot be had.
    NoAuthnContext = "NoAuthnContext",
    /// Nobody is signed in, and nothing may be shown.
    NoPassive = "NoPassive",
    /// Not everybody could be told of the logout.
    PartialLogout = "PartialLogout",
    /// It is refused.
    RequestDenied = "RequestDenied",
    /// What was asked is not done here.
    RequestUnsupported = "RequestUnsupported",
    /// Nobody of this name.
    UnknownPrincipal = "UnknownPrincipal",
    /// The answer cannot go the way that was asked for.
    UnsupportedBinding = "UnsupportedBinding",
}

impl StatusCode {
    fn read(node: Node<'_>) -> Result<Self, ShapeFault> {
        let uri = node
            .attribute("Value")
            .ok_or_else(|| ShapeFault::missing(node, "Value"))?;
        let short = uri.strip_prefix(PREFIX);
        let known = KNOWN.iter().find(|(_, known)| Some(*known) == short);
        Ok(known.map_or_else(|| Self::Other(plain(uri)), |(code, _)| code.clone()))
    }

    fn uri(&self) -> String {
        match KNOWN.iter().find(|(code, _)| code == self) {
            Some((_, short)) => format!("{PREFIX}{short}"),
            None => match self {
                Self::Other(uri) => uri.clone(),
                _ => String::new(),
            },
        }
    }

    fn short(&self) -> String {
        let uri = self.uri();
        uri.strip_prefix(PREFIX).unwrap_or(&uri).to_owned()
    }
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Whose doing it was.
    pub code: StatusCode,
    /// What it was.
    pub detail: Option<StatusCode>,
    /// What the peer says for people, shortened, on one line.
    pub message: Option<String>,
}

impl Status {
    /// It was done.
    pub const SUCCESS: Self = Self {
        code: StatusCode::Success,
        detail: None,
        message: None,
    };

    /// A refusal with its reason.
    pub const fn refused(code: StatusCode, detail: StatusCode) -> Self {
        Self {
            code,
            detail: Some(detail),
            message: None,
        }
    }

    /// Whether it was done.
    pub fn is_success(&self) -> bool {
        self.code == StatusCode::Success
    }

    pub(crate) fn read(node: Node<'_>) -> Result<Self, ShapeFault> {
        let mut children = sequence(node)?;
        let code = children.required(PROTOCOL, "StatusCode")?;
        let message = children.optional(PROTOCOL, "StatusMessage");
        let detail = code.named(PROTOCOL, "StatusCode").next();
        Ok(Self {
            code: StatusCode::read(code)?,
            detail: detail.map(StatusCode::read).transpose()?,
            message: message.and_then(Node::text).map(|text| plain(&text)),
        })
    }

    pub(crate) fn build(&self) -> Build {
        let code =
            |code: &StatusCode| Build::new("samlp:StatusCode").attribute("Value", code.uri());
        let detail = self.detail.as_ref().map(code);
        let message = self.message.as_deref();
        Build::new("samlp:Status")
            .child(code(&self.code).children(detail))
            .children(message.map(|text| Build::new("samlp:StatusMessage").text(text)))
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.code.short())?;
        if let Some(detail) = &self.detail {
            write!(f, "/{}", detail.short())?;
        }
        if let Some(message) = &self.message {
            write!(f, " ({message})")?;
        }
        Ok(())
    }
}
