//! The portal: a person's apps, as they would open now, and what they did lately.
//!
//! It asks nothing that is recorded: each card is a preview by the same engine that will
//! decide when the app is opened.

mod cards;
mod history;

use std::{convert::Infallible, future::Future, pin::Pin, sync::Arc};

use askama::Template;
use bytes::Bytes;
use gw_engine::Engine;
use gw_model::{App, AppName, AuthnEvent, AuthnMethod, Session, SessionId, SessionKind, User};
use gw_pages::{
    JudgedRequest, Link, Message, Page, PageService, Width, refused::Level, signed_in_words,
};
use http::{Method, Response, StatusCode};
use tokio::sync::Semaphore;

use cards::{Card, Cards};

pub use history::{Access, Became, History, Lately, Looking};

/// Where a person's apps are.
pub const PATH: &str = "/";
/// Where what they did lately is.
pub const HISTORY_PATH: &str = "/history";

/// How many may look back at a time.
const LOOKING_BACK: usize = 1;

/// Where the portal stands among the apps.
#[derive(Clone)]
pub struct PortalOptions {
    /// The app where people sign in.
    pub sign_in: AppName,
    /// How much people may be told of what would open an app.
    pub remedies: Level,
    /// What a person did lately.
    pub history: History,
    /// How much happened to their account that they have not said to know of.
    pub news: News,
}

/// Counts what is new to a person, in a session of theirs.
pub type News = Arc<dyn Fn(Arc<User>, SessionId) -> Counting + Send + Sync>;
/// A count that is under way.
pub type Counting = Pin<Box<dyn Future<Output = usize> + Send>>;

/// The portal as a service of judged requests.
pub fn service(engine: Engine, options: PortalOptions) -> PageService {
    let turns = Semaphore::new(LOOKING_BACK);
    let portal = Arc::new(Portal {
        engine,
        options,
        turns,
    });
    PageService::new(tower::service_fn(move |request: JudgedRequest| {
        let portal = portal.clone();
        async move { Ok::<_, Infallible>(portal.answer(&request).await) }
    }))
}

struct Portal {
    engine: Engine,
    options: PortalOptions,
    /// Looking back costs more than looking at one's apps: few do it at a time.
    turns: Semaphore,
}

#[derive(Template)]
#[template(path = "portal.html")]
struct Content<'a> {
    how: Option<String>,
    client: &'a str,
    news: usize,
    account: String,
    /// Where to add one, for whoever has only the link that they came by.
    passkeys: Option<String>,
    open: Vec<Card>,
    more: Vec<Card>,
}

/// Whether somebody came by an enrolment link, may still enrol by it, and has no passkey yet.
fn came_to_enrol(session: &Session, user: &User) -> bool {
    let by_link = |event: &AuthnEvent| event.method == AuthnMethod::EnrolmentLink;
    session.kind == SessionKind::Enrolment
        && session.authn.iter().any(by_link)
        && !user.has_passkey()
}

fn busy(links: Vec<Link>) -> Response<Bytes> {
    Message::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "Many look back at this moment",
        "Try again in a second.",
    )
    .action("Try again", HISTORY_PATH)
    .links(links)
    .render()
}

impl Portal {
    async fn answer(&self, request: &JudgedRequest) -> Response<Bytes> {
        let links = self.links(request);
        if ![PATH, HISTORY_PATH].contains(&&*request.path) {
            return Message::new(
                StatusCode::NOT_FOUND,
                "There is nothing here",
                "The address may be incomplete.",
            )
            .action("See your apps", "/")
            .links(links)
            .render();
        }
        if !matches!(request.method, Method::GET | Method::HEAD) {
            return Message::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "Nothing can be sent here",
                "This page is only for reading.",
            )
            .action("See your apps", "/")
            .links(links)
            .render();
        }
        let (Some(session), Some(user)) = (&request.judged.session, &request.judged.user) else {
            return Message::new(
                StatusCode::OK,
                "You are not signed in",
                "Sign in to see your apps.",
            )
            .action("Sign in", &self.sign_in(request, "sign-in"))
            .render();
        };
        if &*request.path == HISTORY_PATH {
            let Ok(_turn) = self.turns.try_acquire() else {
                return busy(links);
            };
            let content = history::of(&self.engine, &self.options, &request.judged, session).await;
            return Page::new("What you did lately")
                .links(links)
                .render(&content);
        }
        let now = self.engine.clock().now();
        let Cards { open, more } =
            cards::of(&self.engine, &self.options, &request.judged, session).await;
        let content = Content {
            how: signed_in_words(&session.authn, now),
            client: &session.client,
            news: (self.options.news)(user.clone(), session.id).await,
            account: self.sign_in(request, "#news"),
            passkeys: came_to_enrol(session, user).then(|| self.sign_in(request, "#passkeys")),
            open,
            more,
        };
        Page::new("Your apps")
            .width(Width::Wide)
            .links(links)
            .render(&content)
    }

    /// The person's name, and what is theirs at the authentication origin.
    fn links(&self, request: &JudgedRequest) -> Vec<Link> {
        let Some(user) = &request.judged.user else {
            return Vec::new();
        };
        let to = |label: &str, path: &str| Link::to(label, self.sign_in(request, path));
        vec![
            Link::text(&*user.display_name),
            Link::to("lately", HISTORY_PATH.to_owned()),
            to("sessions", "#sessions"),
            to("passkeys", "#passkeys"),
            to("sign out", "sign-out"),
        ]
    }

    /// A page at the authentication origin.
    fn sign_in(&self, request: &JudgedRequest, path: &str) -> String {
        let view = self.engine.view();
        let origin = |app: &Arc<App>| request.judged.origin_of(&app.host);
        let origin = view
            .facts
            .app(&self.options.sign_in)
            .map(origin)
            .unwrap_or_default();
        format!("{origin}/{path}")
    }
}

#[cfg(test)]
mod tests;
