//! Why a message of ours could not be made.

use crate::{KeyFault, XmlFault};

/// A message that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildFault {
    /// A text in it holds what XML cannot.
    #[error("a value cannot be written as XML: {0}")]
    Xml(#[from] XmlFault),
    /// Signing or encrypting failed, or the recipient's key cannot be encrypted to.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// It would go nowhere.
    #[error("`{0}` is not an http or https URL")]
    Destination(String),
    /// Longer than [`crate::limits::RELAY_STATE_MAX_BYTES`].
    #[error("`RelayState` is too long")]
    RelayState,
    /// Nothing was put together.
    #[error("the message is empty")]
    Empty,
}
