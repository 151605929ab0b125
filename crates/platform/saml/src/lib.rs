//! SAML 2.0 Web Browser SSO and single logout as pure functions of bytes, keys and `now`.
//!
//! Both sides are here: [`sp`] signs people in that another identity provider vouches for, and
//! [`idp`] vouches for people to apps that speak SAML; [`logout`] is the same for both, and
//! [`metadata`] is how the two come to know each other. There is no clock, no socket and no
//! state: which request a browser was sent off with, and which assertions were used already, the
//! caller keeps.
//!
//! ## What makes it safe
//!
//! - **One tree.** A message is parsed once, strictly, by the parser in this crate. A signature is
//!   checked on an element of that tree, and what is believed is read from that element and not
//!   looked up again: by id, by path, or by another parser.
//! - **One shape.** A signature is where the schema has it, about the element that it is in, by
//!   `ID`, with the two transforms that SAML allows, by algorithms from a short list. Whatever
//!   else has an assertion, a signature or a message at another place is refused before anything
//!   is checked.
//! - **Configured keys.** `KeyInfo` in a message is never read.
//! - **Bounds.** [`limits`] names them all.

mod binding;
mod encryption;
mod fault;
#[doc(hidden)]
pub mod fuzzing;
mod identifier;
pub mod idp;
mod instant;
mod keys;
pub mod limits;
pub mod logout;
mod message;
pub mod metadata;
mod name_id;
mod names;
mod outgoing;
mod signature;
pub mod sp;
mod status;
#[cfg(test)]
mod testing;
mod text;
mod xml;

pub use binding::{Binding, BindingFault, PostForm};
pub use encryption::{ContentCipher, EncryptionFault, KeyTransport, Recipient};
pub use fault::BuildFault;
pub use identifier::MessageId;
pub use keys::{Certificate, Credential, Decryptor, Generated, KeyFault};
pub use message::{Message, MessageFault, MessageKind};
pub use name_id::{NameId, formats};
pub use signature::{SignatureFault, SignatureMethod};
pub use status::{Status, StatusCode};
pub use xml::{ShapeFault, XmlFault};
