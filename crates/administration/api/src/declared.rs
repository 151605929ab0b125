//! Declared state: read from files, compared with the facts, and written from them.
//!
//! What files declare is made what they say; what they declared before and no longer do goes.
//! What was made otherwise stays, and is told, unless it is to be pruned. Policies are declared
//! whole: where there is a file of them, they are all there are.

mod form;
mod names;
mod plan;

pub(crate) use form::{Declared, exported};
pub(crate) use names::{DeclaredNames, Names, managed_by};
pub(crate) use plan::{Planned, planned, version};
