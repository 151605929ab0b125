//! The demo: everything in one process, on loopback, with people and apps to try it on.

pub(crate) mod upstream;
