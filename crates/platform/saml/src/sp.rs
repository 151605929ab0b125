//! The service provider's side of Web Browser SSO (Profiles 4.1): ask an identity provider to
//! sign somebody in, and check what it answers.

mod assertion;
mod request;
mod response;
mod statements;
mod subject;

pub use assertion::{AssertionFault, SignIn};
pub use request::{AuthnRequest, Comparison};
pub use response::{Asked, Cbc, Expected, ResponseFault, Signed, check_response};
pub use statements::{Attribute, Authentication};

#[cfg(test)]
mod tests;
