//! The web enforcement point.

pub mod canonical;
pub mod cookie;
pub mod framing;
pub mod header;
