//! The ledger: frames, records, heads and logs as they lie in files, and text as it is shown.

pub(crate) mod frames;
pub(crate) mod heads;
pub(crate) mod log;
pub(crate) mod personal;
pub(crate) mod reader;
pub(crate) mod records;
pub(crate) mod text;
mod writer;
