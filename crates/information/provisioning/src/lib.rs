//! People and groups that another identity provider pushes in, as facts: SCIM 2.0 over the engine.
//!
//! [`Provisioning`] answers what comes in below [`PATH`]: it knows a source by the secret that it
//! shows, asks policy whether the source may do what it asks for, and changes facts by a plan that
//! is made anew where its turn comes. The protocol is `gw-scim`'s; what is planned is planned by
//! pure functions over a `Sight`: the facts as far as one source may see and touch
//! them.
//!
//! [`Followed`] makes what `gw-directory` reads of a directory facts in the same way: within its reach,
//! asked of policy, in the directory's name.
//!
//! A source sees whom it pushed and nobody else, changes nobody who has rights that it could not
//! give, and never an owner.

mod asking;
mod directories;
mod directory;
mod fields;
mod followed;
mod groups;
mod people;
mod secrets;
mod service;
mod sight;
#[cfg(test)]
mod tests;

pub use directories::{Directories, DirectoryShown};
pub use followed::{ALLOWED_FOR, Followed};
pub use secrets::{SECRET_BYTES_MIN, SECRETS_MAX, SourceSecrets};
pub use service::{AT_ONCE, BODY_BYTES_MAX, Options, PATH, Provisioning, is_for_programs};
pub use sight::{OWNERS, is_fillable};
