//! What the administration's requests and answers hold: one set of types for server and client.

mod access;
mod apps;
mod break_glass;
mod clients;
mod declared;
mod directories;
mod listing;
mod nullable;
mod people;
mod policies;
mod problem;
mod proposals;
mod providers;
mod records;
mod sessions;
mod system;

pub use access::*;
pub use apps::*;
pub use break_glass::*;
pub use clients::*;
pub use declared::*;
pub use directories::*;
pub use listing::*;
pub use people::*;
pub use policies::*;
pub use problem::*;
pub use proposals::*;
pub use providers::*;
pub use records::*;
pub use sessions::*;
pub use system::*;
