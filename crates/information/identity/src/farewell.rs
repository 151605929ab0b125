//! Who else is told, by way of the browser, that somebody signs out: apps that somebody else knows.

use std::{future::Future, pin::Pin, sync::Arc};

use gw_model::Session;
use http::HeaderValue;

use crate::Identity;

/// Where a browser goes on to that signs out.
#[derive(Debug, Clone)]
pub struct Farewell {
    /// The path, at the authentication origin.
    pub path: String,
    /// The cookie in which it keeps whom to tell.
    pub cookie: HeaderValue,
}

/// For a session that is about to end, whom to tell; nothing where there is nobody.
pub type Farewells = Arc<
    dyn Fn(Arc<Session>) -> Pin<Box<dyn Future<Output = Option<Farewell>> + Send>> + Send + Sync,
>;

impl Identity {
    /// Says who else is told of sign-outs. The first word stands.
    pub fn tell_of_sign_outs(&self, farewells: Farewells) {
        // A second one would be told nothing that the first is not.
        let _first = self.shared.farewells.set(farewells);
    }

    /// Whom to tell that this session ends.
    pub(crate) async fn farewell(&self, session: &Arc<Session>) -> Option<Farewell> {
        let farewells = self.shared.farewells.get()?;
        farewells(Arc::clone(session)).await
    }
}
