//! The crate from outside: shipped policies, laws, and comparison with plain Cedar.

mod cases;
mod differential;
mod faults;
mod generated;
mod holding;
mod reference;
mod remedies;
mod shipped;
mod strangeness;
