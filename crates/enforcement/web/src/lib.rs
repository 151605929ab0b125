//! The web enforcement point.

pub mod canonical;
pub mod client_address;
pub mod cookie;
pub mod cut_io;
pub mod fetch_site;
pub mod framing;
pub mod header;
pub mod route;
pub mod seal;
pub mod websocket;
