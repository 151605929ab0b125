//! How the two sides come to know each other (Metadata 2).

mod read;
mod roles;
mod write;

pub use read::{MetadataFault, Reading, read};
pub use roles::{AssertionConsumer, EncryptionKey, Endpoint, Entity, IdpRole, SpRole};
pub use write::{OurIdp, OurSp};
