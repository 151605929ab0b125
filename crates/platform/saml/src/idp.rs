//! The identity provider's side of Web Browser SSO (Profiles 4.1): read what a service provider
//! asks, and answer it.

mod answer;
mod asked;
mod assertion;

pub use answer::{Refusal, Shape, Vouching};
pub use asked::{AskedSignIn, RequestExpected, RequestFault, check_request};
