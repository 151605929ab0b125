//! What Gatewright and systemd say to each other: sockets that were opened for us before we
//! started, and whether we serve. Without systemd nothing of it happens.

mod notify;
mod sockets;

pub(crate) use notify::{Word, tell};
pub(crate) use sockets::{assign, take};
