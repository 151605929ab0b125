//! Why a registration is refused (RFC 7591, 3.2.2; RFC 7592, 2.2).

use gw_jose::JsonFault;

use super::{REGISTRATION_BYTES_MAX, SectorFault};
use crate::{
    ClientFault, ErrorCode, RedirectUriFault, ResourceFault, ScopeFault,
    answer::{self, Answer},
};

/// Why a registration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationFault {
    /// It is longer than [`REGISTRATION_BYTES_MAX`].
    #[error("the registration is longer than {REGISTRATION_BYTES_MAX} bytes")]
    TooLarge,
    /// It is no JSON object with each member once.
    #[error("the registration cannot be read: {0}")]
    Json(#[from] JsonFault),
    /// A member is not of its form.
    #[error("`{0}` is malformed")]
    Malformed(&'static str),
    /// A member asks for what there is not here.
    #[error("`{0}` asks for what is not supported")]
    NotSupported(&'static str),
    /// A member asks for what is not given to who registers itself.
    #[error("`{0}` asks for what is not given to clients that register themselves")]
    NotAllowed(&'static str),
    /// A redirect URI is refused, by its place.
    #[error("redirect_uris[{position}]: {fault}")]
    RedirectUri {
        /// Its place, from nought.
        position: usize,
        /// Why.
        fault: RedirectUriFault,
    },
    /// The scopes are refused.
    #[error(transparent)]
    Scope(#[from] ScopeFault),
    /// The resources are refused.
    #[error(transparent)]
    Resource(#[from] ResourceFault),
    /// It does not hold together.
    #[error(transparent)]
    Client(#[from] ClientFault),
    /// The redirect URIs are not all of one host, and nothing says that they are of one sector; or
    /// there are none, so that nothing can say so.
    #[error(
        "pairwise subjects need redirect URIs: on one host by `https`, or listed at `sector_identifier_uri`"
    )]
    Sector,
    /// What is at `sector_identifier_uri` is refused.
    #[error(transparent)]
    SectorDocument(#[from] SectorFault),
    /// It states what somebody else vouches for, whom nobody here knows.
    #[error("software statements are not accepted here")]
    SoftwareStatement,
    /// A change names another client, or a secret that is not its own (RFC 7592, 2.2).
    #[error("`{0}` is not that of the registration")]
    NotItsOwn(&'static str),
}

impl RegistrationFault {
    /// What the client is told.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::RedirectUri { .. } => ErrorCode::InvalidRedirectUri,
            Self::Client(fault) => fault.code(),
            Self::SoftwareStatement => ErrorCode::UnapprovedSoftwareStatement,
            Self::NotItsOwn(_) => ErrorCode::InvalidRequest,
            _ => ErrorCode::InvalidClientMetadata,
        }
    }

    /// The answer.
    pub fn answer(&self) -> Answer {
        answer::refusal(self.code(), self, None)
    }
}
