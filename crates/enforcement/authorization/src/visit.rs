//! A request, the server that it came to, and who is signed in.

use std::sync::Arc;

use bytes::Bytes;
use gw_model::{Session, Timestamp, User};
use gw_oauth::answer::Answer as JsonAnswer;
use gw_pages::{JudgedRequest, Link, form::Fields};
use http::Response;

use crate::{clients::Registered, pages, server::AuthorizationServer};

/// An answer that ends the handling early: a page that says why.
pub(crate) type Refusal = Box<Response<Bytes>>;
/// What a page's handler comes to.
pub(crate) type Answer = Result<Response<Bytes>, Refusal>;

/// A request.
pub(crate) struct Visit {
    pub(crate) server: AuthorizationServer,
    pub(crate) request: JudgedRequest,
    pub(crate) person: Option<SignedIn>,
    pub(crate) now: Timestamp,
}

/// Who is signed in at the authentication origin, as the door let them in.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    pub(crate) user: Arc<User>,
    pub(crate) session: Arc<Session>,
    pub(crate) rank: u32,
}

impl Visit {
    pub(crate) fn new(server: &AuthorizationServer, request: JudgedRequest) -> Self {
        let judged = &request.judged;
        let person = judged.user.clone().zip(judged.session.clone());
        let rank = judged.rank;
        Self {
            server: server.clone(),
            person: person.map(|(user, session)| SignedIn {
                user,
                session,
                rank,
            }),
            now: server.now(),
            request,
        }
    }

    /// The client of this name, where it is registered and not switched off.
    pub(crate) fn client(&self, name: &str) -> Option<Registered> {
        let view = self.server.engine().view();
        self.server.shared.clients.named(&view.facts, name)
    }

    /// The fields of a form of a page of ours.
    pub(crate) fn form(&self) -> Result<Fields, Refusal> {
        Fields::from_body(&self.request.headers, &self.request.body)
            .map_err(|_| pages::unreadable(self))
    }

    /// The fields of the query.
    pub(crate) fn query(&self) -> Result<Fields, Refusal> {
        Fields::from_query(self.request.query.as_deref()).map_err(|_| pages::unreadable(self))
    }

    /// What stands in the head of a page.
    pub(crate) fn links(&self) -> Vec<Link> {
        match &self.person {
            Some(person) => vec![
                Link::text(&*person.user.display_name),
                Link::to("account", "/"),
                Link::to("sign out", "/sign-out"),
            ],
            None => Vec::new(),
        }
    }
}

/// An answer of an endpoint that programs ask, as a response.
pub(crate) fn of_json(answer: JsonAnswer) -> Response<Bytes> {
    let mut answer = answer.map(Bytes::from);
    gw_pages::guard(&mut answer);
    answer
}
