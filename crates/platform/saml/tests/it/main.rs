//! Both sides against each other, and against everybody who would like to be somebody else.

mod conditions;
mod encryption;
mod logout;
mod metadata;
mod mutation;
mod provider;
mod signatures;
mod structure;
mod support;
mod transport;
mod wrapping;
