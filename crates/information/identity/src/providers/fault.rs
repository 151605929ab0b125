//! Why somebody who came back from a provider is not signed in.

use super::{NotLetIn, ProviderFault, saml::SamlFault};
use crate::Unavailable;

/// Why somebody who came back is not signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FinishFault {
    #[error(transparent)]
    Provider(#[from] ProviderFault),
    #[error(transparent)]
    NotLetIn(#[from] NotLetIn),
    #[error("the session that it was begun in is over, or another one")]
    SessionOver,
    #[error("policy refuses that an account is linked now")]
    Refused,
    #[error("nobody could administer Gatewright if the provider's word counted")]
    LockedOut,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl FinishFault {
    pub(crate) fn saml(fault: SamlFault) -> Self {
        Self::Provider(ProviderFault::Saml(Box::new(fault)))
    }
}
