//! What the administration's requests and answers hold: one set of types for server and client.

mod apps;
mod listing;
mod nullable;
mod people;
mod policies;
mod problem;
mod sessions;
mod system;

pub use apps::*;
pub use listing::*;
pub use people::*;
pub use policies::*;
pub use problem::*;
pub use sessions::*;
pub use system::*;
