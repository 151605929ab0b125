//! Connections that Gatewright makes for itself: to certificate authorities, to providers of
//! identities, and to directories. What it forwards for others goes elsewhere.
//!
//! Each request is made for one [`Purpose`], which says how long it may take and how much is read
//! of its answer. It goes to one [`Origin`], over TLS but on this machine, on a connection of its
//! own. No redirect is followed: where a request goes is decided before it is made, by its caller.
//! What is not asked by HTTP goes over a [`Stream`], whose bounds its caller keeps.

mod connect;
mod exchange;
mod fault;
mod origin;
mod public;
mod purpose;
mod stream;

pub use exchange::exchange;
pub use fault::OutboundFault;
pub use origin::Origin;
pub use purpose::Purpose;
pub use stream::Stream;
