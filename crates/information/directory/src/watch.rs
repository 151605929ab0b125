//! What says that a directory has changed.
//!
//! It says no more than that: what has changed is what reading it finds. So nothing that is told
//! here can change anybody, and what is not told is found at the next reading all the same.

mod asked;
mod told;

use std::{fmt, sync::Arc};

use tokio::sync::Notify;

use crate::{fault::DirectoryFault, session::Servers};

/// How changes are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Following {
    /// It is only read from time to time.
    #[default]
    Interval,
    /// The server tells (RFC 4533, refreshAndPersist).
    Told,
    /// The server's count of changes is asked for (Active Directory, `uSNChanged`).
    Asked,
}

impl fmt::Display for Following {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interval => "read from time to time",
            Self::Told => "told of changes by the server (syncrepl)",
            Self::Asked => "the server is asked for changes (uSNChanged)",
        })
    }
}

/// Whom to tell.
pub(crate) struct News {
    /// That something changed, or that watching has begun.
    pub(crate) changed: Notify,
    /// How changes are noticed from now on.
    pub(crate) following: Box<dyn Fn(Following) + Send + Sync>,
}

impl News {
    fn begin(&self, following: Following) {
        (self.following)(following);
        self.changed.notify_one();
    }
}

/// Watches until it cannot any more.
pub(crate) async fn watch(servers: Arc<Servers>, news: Arc<News>) -> DirectoryFault {
    let mut with_cookie = true;
    loop {
        match once(&servers, &news, with_cookie).await {
            // What changed since then is not known there any more: from the start, once.
            Err(told::Ended::TooOld) if with_cookie => with_cookie = false,
            Err(told::Ended::TooOld | told::Ended::NotOffered) => {
                news.begin(Following::Interval);
                std::future::pending::<()>().await;
            }
            Err(told::Ended::Fault(fault)) => return fault,
            Ok(never) => match never {},
        }
    }
}

async fn once(
    servers: &Servers,
    news: &News,
    with_cookie: bool,
) -> Result<std::convert::Infallible, told::Ended> {
    let session = servers.open().await.map_err(told::Ended::Fault)?;
    let settings = servers.settings();
    if session.root.is_active_directory {
        return Err(told::Ended::Fault(
            asked::follow(session, settings, news).await,
        ));
    }
    match session.root.has_sync {
        true => told::follow(session, settings, news, with_cookie).await,
        false => Err(told::Ended::NotOffered),
    }
}
