//! The one function that answers the one question.
//!
//! Policies are [Cedar](https://www.cedarpolicy.com) with a strict schema ([`SCHEMA`]).
//! [`load`] checks them, all faults at once, and indexes them by their scopes;
//! [`Policies::decide`] answers an access from the few policies whose scope can match it, over
//! a store of the few entities that they can ask about, and says until when the answer holds.
//! [`remedies`] finds the way out of a denial; [`run_cases`] and [`explain`] answer from files
//! alone. Pure: no runtime, no files, no clock.
//!
//! Of Cedar this uses the public interface to read and validate policies, and its core's own
//! evaluator, entity store and values to answer: the same evaluation without what its
//! authorizer copies for each request. That the answers are Cedar's over the whole set is tested.

mod base;
mod cases;
mod clock;
mod context;
mod decide;
mod entities;
mod expiry;
mod explain;
mod facts;
mod fault;
mod hidden;
mod index;
mod load;
mod mentions;
mod question;
mod reach;
mod reads;
mod remedies;
mod safeguard;
mod schema;
mod scopes;
#[cfg(test)]
mod testing;
mod text;
mod touched;

pub use base::BASE;
pub use cases::{CaseResult, CasesFile, read_cases, run_cases, run_each_case};
pub use decide::Prepared;
pub use explain::{Explanation, explain};
pub use fault::PolicyFault;
pub use load::{Policies, load};
pub use mentions::Mentions;
pub use question::{
    DeviceSpec, HttpSpec, ProofSpec, Question, QuestionFault, QuestionSpec, SaidSpec, SessionSpec,
    TokenSpec,
};
pub use reach::{PrincipalScopes, Reach, Reached, ResourceScopes};
pub use remedies::{RemedyOptions, may_enrol, remedies};
pub use safeguard::{break_glass_opens, someone_can_administer, the_machine_can_administer};
pub use schema::SCHEMA;
pub use text::PolicyText;
pub use touched::Touched;
