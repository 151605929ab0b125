//! The verify app: what an app behind Gatewright gets to know, and whether it holds.
//!
//! It is an app like any other and receives the same signed assertion. It checks it as an app
//! would, against the published keys, and shows each check. It also shows which policies let
//! the person in, which other apps are not told.

mod check;

use std::{convert::Infallible, sync::Arc};

use askama::Template;
use bytes::Bytes;
use gw_engine::Engine;
use gw_model::{AppName, Snapshot, Timestamp};
use gw_pages::{Chip, JudgedRequest, Link, Message, Moment, Page, PageService, signed_in_words};
use http::{HeaderMap, Method, Response, StatusCode};

use check::{Assertion, Check, Expected};

/// The one page that it has.
pub const PATH: &str = "/";

/// The header that carries the assertion.
const HEADER: &str = "gatewright-assertion";

/// Where the verify app stands among the apps.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// The app where people sign in.
    pub sign_in: AppName,
    /// The portal.
    pub portal: AppName,
}

/// The verify app as a service of judged requests.
pub fn service(engine: Engine, options: VerifyOptions) -> PageService {
    let verify = Arc::new(Verify { engine, options });
    PageService::new(tower::service_fn(move |request: JudgedRequest| {
        let answer = verify.answer(&request);
        async move { Ok::<_, Infallible>(answer) }
    }))
}

struct Verify {
    engine: Engine,
    options: VerifyOptions,
}

#[derive(Template)]
#[template(path = "verify.html")]
struct Content<'a> {
    who: Option<Who<'a>>,
    decision: String,
    because: Vec<String>,
    epoch: String,
    at: Moment,
    checks: Vec<Row>,
    assertion: Option<Shown>,
}

struct Who<'a> {
    display_name: &'a str,
    name: &'a str,
    id: String,
    groups: String,
    how: String,
    session: String,
}

struct Row {
    chip: Chip,
    what: String,
    detail: String,
}

struct Shown {
    header: String,
    claims: String,
    raw: String,
}

impl Verify {
    fn answer(&self, request: &JudgedRequest) -> Response<Bytes> {
        let links = self.links(request);
        if &*request.path != PATH {
            let sentence = "The address may be incomplete.";
            return Message::new(StatusCode::NOT_FOUND, "There is nothing here", sentence)
                .action("Go to the start", "/")
                .links(links)
                .render();
        }
        if !matches!(request.method, Method::GET | Method::HEAD) {
            return Message::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "Nothing can be sent here",
                "This page is only for reading.",
            )
            .action("Go to the start", "/")
            .links(links)
            .render();
        }
        let view = self.engine.view();
        let now = self.engine.clock().now();
        let zone = view.facts.settings().time_zone.clone();
        let received = received(&request.headers);
        let assertion = received.and_then(Assertion::read);
        let checks = check::all(
            assertion.as_ref(),
            &self.expected(request),
            &view.facts,
            now,
        );
        let judged = &request.judged;
        let content = Content {
            who: self.who(request),
            decision: judged.decision.to_string(),
            because: judged.because.iter().map(ToString::to_string).collect(),
            epoch: judged.epoch.to_string(),
            at: Moment::exactly(judged.at, now, &zone),
            checks: checks.into_iter().map(row).collect(),
            assertion: assertion.as_ref().map(shown),
        };
        Page::new("What this app knows of you")
            .links(links)
            .render(&content)
    }

    fn expected(&self, request: &JudgedRequest) -> Expected {
        let view = self.engine.view();
        let host = &request.judged.host;
        let app = view.facts.apps().find(|app| app.host == *host);
        let sign_in = view.facts.app(&self.options.sign_in);
        Expected {
            audience: app.map(|app| app.name.to_string()),
            issuer_host: sign_in.map(|app| app.host.to_string()),
            subject: request.judged.user.as_ref().map(|user| user.id.to_string()),
        }
    }

    fn who<'r>(&self, request: &'r JudgedRequest) -> Option<Who<'r>> {
        let (user, session) = (
            request.judged.user.as_ref()?,
            request.judged.session.as_ref()?,
        );
        let view = self.engine.view();
        let now = self.engine.clock().now();
        let (groups, _) = view.facts.groups_of(user, now);
        let groups: Vec<_> = groups.iter().map(ToString::to_string).collect();
        Some(Who {
            display_name: &user.display_name,
            name: &user.name,
            id: user.id.to_string(),
            groups: if groups.is_empty() {
                "none".into()
            } else {
                groups.join(", ")
            },
            how: signed_in_words(session.authn_at(request.judged.rank), now).unwrap_or_default(),
            session: session.id.to_string(),
        })
    }

    fn links(&self, request: &JudgedRequest) -> Vec<Link> {
        let Some(user) = &request.judged.user else {
            return Vec::new();
        };
        let view = self.engine.view();
        let origin = |app: &AppName| {
            let app = view.facts.app(app)?;
            Some(request.judged.origin_of(&app.host))
        };
        let mut links = vec![Link::text(&*user.display_name)];
        if let Some(portal) = origin(&self.options.portal) {
            links.push(Link::to("your apps", format!("{portal}/")));
        }
        if let Some(sign_in) = origin(&self.options.sign_in) {
            links.push(Link::to("sign out", format!("{sign_in}/sign-out")));
        }
        links
    }
}

/// The assertion, if it is there exactly once.
fn received(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(HEADER).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Whether each check of an assertion holds here, in their order.
pub(crate) fn holding(
    raw: &str,
    expected: [Option<String>; 3],
    facts: &Snapshot,
    now: Timestamp,
) -> Vec<bool> {
    let [audience, issuer_host, subject] = expected;
    let expected = Expected {
        audience,
        issuer_host,
        subject,
    };
    let checks = check::all(Assertion::read(raw).as_ref(), &expected, facts, now);
    checks.iter().map(|check| check.holds).collect()
}

fn row(check: Check) -> Row {
    let chip = if check.holds {
        Chip::allow("holds")
    } else {
        Chip::deny("fails")
    };
    Row {
        chip,
        what: check.what,
        detail: check.detail,
    }
}

fn shown(assertion: &Assertion) -> Shown {
    Shown {
        header: assertion.header_text(),
        claims: assertion.claims_text(),
        raw: assertion.raw.clone(),
    }
}

#[cfg(test)]
mod tests;
