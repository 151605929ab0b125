//! The demo: everything in one process, on loopback, with people and apps to try it on.

pub(crate) mod upstream;

/// Where the demo keeps its data unless told otherwise.
pub(crate) const DATA_FOLDER: &str = "demo-data";
