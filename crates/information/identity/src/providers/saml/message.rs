//! A message as it came with a browser, not read yet.

use std::sync::Arc;

use bytes::Bytes;
use gw_saml::{Message, MessageFault};

/// What a request carried.
#[derive(Clone)]
pub(crate) enum Carried {
    /// The query of an address, without its question mark.
    Query(Arc<str>),
    /// A posted form.
    Form(Bytes),
}

impl Carried {
    /// The message, read whole, of which nothing is believed yet.
    pub(super) fn read(&self) -> Result<Message, MessageFault> {
        match self {
            Self::Query(query) => Message::from_redirect(query),
            Self::Form(body) => Message::from_post(body),
        }
    }
}
