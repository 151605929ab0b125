//! People and groups that another identity provider pushes in: a SCIM 2.0 service provider
//! (RFC 7642, 7643 and 7644) over whoever keeps them.
//!
//! [`Service`] answers a request, read in full, from a [`Directory`]: it knows neither how requests
//! come in nor how facts are kept, and who may ask is decided before it is asked. All that it does
//! between the two is pure: reading JSON, paths, filters and patches, and making answers.
//!
//! What is kept of people and groups is in one table (`schema`), which is what `/Schemas`
//! announces; what it does not have is ignored where the standard has it so, and refused elsewhere.

mod answer;
mod conditional;
mod directory;
mod endpoint;
mod filter;
#[doc(hidden)]
pub mod fuzzing;
mod id;
mod json;
mod patch;
mod path;
mod projection;
mod query;
mod refusal;
mod resource;
mod schema;
mod service;
mod settings;
mod text;

pub use directory::{Directory, GroupIndex, Members, Page, ReadFault, UserIndex, WriteFault};
pub use filter::{FILTER_BYTES_MAX, FILTER_DEPTH_MAX, FILTER_TERMS_MAX};
pub use id::{IdFault, ResourceId, ResourceKind};
pub use json::{JSON_DEPTH_MAX, JSON_VALUES_MAX};
pub use patch::{PATCH_OPERATIONS_MAX, PATCH_VALUES_MAX};
pub use projection::ATTRIBUTES_MAX;
pub use resource::{
    EMAIL_MAX, EMAILS_MAX, Email, Enterprise, Group, GroupChange, GroupOfUser, Member, NAME_MAX,
    PersonName, Stamp, StoredGroup, StoredMember, StoredUser, TEXT_MAX, User,
};
pub use service::Service;
pub use settings::{BaseFault, Settings};
pub use text::Folded;
