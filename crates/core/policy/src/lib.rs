//! The one function that answers the one question.
//!
//! Policies are [Cedar](https://www.cedarpolicy.com) with a strict schema ([`SCHEMA`]).
//! [`load`] checks them, all faults at once, and indexes them by their scopes;
//! [`Policies::decide`] answers an access from the few policies whose scope can match it, over
//! a store of the few entities that they can ask about, and says until when the answer holds.
//! [`remedies`] finds the way out of a denial.
//! [`remedies`] finds the way out of a denial; [`run_cases`] and [`explain`] answer from
//! files alone. Pure: no runtime, no files, no clock.

mod base;
mod clock;
mod context;
mod decide;
mod entities;
mod expiry;
mod fault;
mod index;
mod load;
mod reads;
mod remedies;
mod schema;
#[cfg(test)]
mod testing;

pub use base::BASE;
pub use decide::Prepared;
pub use fault::PolicyFault;
pub use load::{Policies, load};
pub use remedies::{RemedyOptions, remedies};
pub use schema::SCHEMA;
