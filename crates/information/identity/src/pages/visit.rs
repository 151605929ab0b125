//! What all handlers need to know of a request, and the answers that they share.

use bytes::Bytes;
use gw_model::{App, AppName, Timestamp};
use gw_pages::{
    JudgedRequest, Link, Message, Moment,
    form::{Fields, FormFault, has_content_type},
    guard, redirect,
};
use http::{HeaderValue, Response, StatusCode, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{Answer, Refusal};
use crate::{Identity, Unavailable, hand_over::Target, identity::Person, secrets};

/// The text of a SHA-256 in base64url.
const ATTEMPT_LENGTH: usize = 43;

/// A request, and the service that it came to.
pub(super) struct Visit<'r> {
    pub(super) identity: &'r Identity,
    pub(super) request: &'r JudgedRequest,
    pub(super) person: Option<Person>,
    pub(super) now: Timestamp,
}

/// The fields by which forms and ceremonies carry on where a sign-in is to lead.
#[derive(Deserialize, Default)]
pub(super) struct Leading {
    app: Option<String>,
    attempt: Option<String>,
}

impl<'r> Visit<'r> {
    pub(super) fn new(identity: &'r Identity, request: &'r JudgedRequest) -> Self {
        Self {
            identity,
            request,
            person: Person::of(&request.judged),
            now: identity.now(),
        }
    }

    /// Who is signed in, or else a way to sign in.
    pub(super) fn person(&self) -> Result<&Person, Refusal> {
        self.person
            .as_ref()
            .ok_or_else(|| Box::new(redirect("/sign-in")))
    }

    /// Who is signed in, or else a way to sign in that leads on to the same target.
    pub(super) fn person_for(&self, target: Option<&Target>) -> Result<&Person, Refusal> {
        let sign_in = || with_query("/sign-in", target);
        self.person
            .as_ref()
            .ok_or_else(|| Box::new(redirect(&sign_in())))
    }

    /// The same for a ceremony, whose script cannot follow a redirect.
    pub(super) fn person_or_problem(&self) -> Result<&Person, Refusal> {
        self.person.as_ref().ok_or_else(|| {
            let detail = "You are no longer signed in. Reload the page to sign in again.";
            Box::new(problem(StatusCode::UNAUTHORIZED, "Not signed in", detail))
        })
    }

    /// The fields of the query.
    pub(super) fn query(&self) -> Result<Fields, Refusal> {
        Fields::from_query(self.request.query.as_deref()).map_err(|fault| self.unreadable(fault))
    }

    /// The fields of a posted form.
    pub(super) fn form(&self) -> Result<Fields, Refusal> {
        Fields::from_body(&self.request.headers, &self.request.body)
            .map_err(|fault| self.unreadable(fault))
    }

    fn unreadable(&self, fault: FormFault) -> Refusal {
        tracing::debug!(%fault, "a form was not read");
        let message = Message::new(
            StatusCode::BAD_REQUEST,
            "That could not be read",
            "The address or form is not as Gatewright makes it. Start again.",
        );
        Box::new(
            message
                .action("Start again", "/")
                .links(self.links())
                .render(),
        )
    }

    /// What a script sent, which must say that it is JSON.
    pub(super) fn posted_json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let unread = |status, detail| Box::new(problem(status, "Not understood", detail));
        if !has_content_type(&self.request.headers, "application/json") {
            let detail = "Send it as application/json.";
            return Err(unread(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        serde_json::from_slice(&self.request.body).map_err(|error| {
            tracing::debug!(
                line = error.line(),
                column = error.column(),
                "unreadable JSON"
            );
            unread(StatusCode::BAD_REQUEST, "Reload the page and try again.")
        })
    }

    /// Where the query says that a sign-in is to lead.
    pub(super) fn query_target(&self) -> Result<Option<Target>, Refusal> {
        self.target_of(&self.query()?)
    }

    /// Where these fields say that a sign-in is to lead.
    pub(super) fn target_of(&self, fields: &Fields) -> Result<Option<Target>, Refusal> {
        self.checked_target(fields.value("app"), fields.value("attempt"))
    }

    /// Where a ceremony is to lead.
    pub(super) fn target_led(&self, leading: &Leading) -> Result<Option<Target>, Refusal> {
        self.checked_target(leading.app.as_deref(), leading.attempt.as_deref())
    }

    /// Both or neither, a known app, and an attempt of the right form.
    fn checked_target(
        &self,
        app: Option<&str>,
        attempt: Option<&str>,
    ) -> Result<Option<Target>, Refusal> {
        if app.is_none() && attempt.is_none() {
            return Ok(None);
        }
        let view = self.identity.engine().view();
        let app = app
            .and_then(|app| app.parse::<AppName>().ok())
            .filter(|app| view.facts.app(app).is_some());
        let attempt =
            attempt.filter(|text| text.len() == ATTEMPT_LENGTH && secrets::is_base64url(text));
        match (app, attempt) {
            (Some(app), Some(attempt)) => Ok(Some(Target {
                app,
                attempt: attempt.into(),
            })),
            _ => Err(self.stray()),
        }
    }

    fn stray(&self) -> Refusal {
        let message = Message::new(
            StatusCode::BAD_REQUEST,
            "This address leads nowhere",
            "It names no app that is here, or is incomplete. Open the app again and start from there.",
        );
        let apps = self.portal();
        Box::new(
            message
                .action("See your apps", &apps)
                .links(self.links())
                .render(),
        )
    }

    /// What pages call the app of a target.
    pub(super) fn title_of(&self, target: &Target) -> String {
        let view = self.identity.engine().view();
        let title = |app: &std::sync::Arc<App>| app.title.to_string();
        view.facts
            .app(&target.app)
            .map_or_else(|| target.app.to_string(), title)
    }

    /// The address of the portal.
    pub(super) fn portal(&self) -> String {
        let portal = &self.identity.options().portal;
        self.identity
            .app_origin(portal, &self.request.judged)
            .map_or_else(|| "/".into(), |origin| format!("{origin}/"))
    }

    /// Where a sign-in leads next.
    pub(super) fn next(&self, target: Option<&Target>) -> String {
        match target {
            Some(_) => with_query("/hand-over", target),
            None => self.portal(),
        }
    }

    /// The origin that a form's answer leads on to.
    pub(super) fn form_origin(&self, target: Option<&Target>) -> String {
        let app = target.map_or(&self.identity.options().portal, |target| &target.app);
        self.identity
            .app_origin(app, &self.request.judged)
            .unwrap_or_else(|| self.request.judged.origin())
    }

    /// What stands in the head of a page.
    pub(super) fn links(&self) -> Vec<Link> {
        match &self.person {
            Some(person) => vec![
                Link::text(&*person.user.display_name),
                Link::to("your apps", self.portal()),
                Link::to("account", "/"),
                Link::to("sign out", "/sign-out"),
            ],
            None => Vec::new(),
        }
    }

    /// A past time as pages show it.
    pub(super) fn past(&self, at: Timestamp) -> Moment {
        Moment::past(at, self.now, &self.zone())
    }

    /// The organisation's zone.
    pub(super) fn zone(&self) -> std::sync::Arc<str> {
        self.identity
            .engine()
            .view()
            .facts
            .settings()
            .time_zone
            .clone()
    }

    /// A page for when something of ours failed.
    pub(super) fn out_of_order(&self, _: Unavailable) -> Refusal {
        let message = Message::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Signing in is out of order",
            "Nothing was changed. Try again in a moment; whoever looks after Gatewright finds the reason in its log.",
        );
        Box::new(message.links(self.links()).render())
    }

    /// A page for when somebody tries too often.
    pub(super) fn too_often(&self) -> Refusal {
        let message = Message::new(
            StatusCode::TOO_MANY_REQUESTS,
            "That was too often",
            "There were too many tries from here. Wait a minute, then try again.",
        );
        Box::new(message.links(self.links()).render())
    }

    /// Counts a try that costs little.
    pub(super) fn admitted(&self) -> bool {
        self.identity.admits(self.request.judged.address)
    }
}

/// A path with the query that carries a target on.
pub(super) fn with_query(path: &str, target: Option<&Target>) -> String {
    match target {
        Some(target) => format!("{path}?{}", target.query()),
        None => path.into(),
    }
}

/// An answer to a script.
pub(super) fn json(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    guard(&mut response);
    response
}

/// A refusal for a script to show (RFC 9457).
pub(super) fn problem(status: StatusCode, title: &str, detail: &str) -> Response<Bytes> {
    let body = json!({ "status": status.as_u16(), "title": title, "detail": detail });
    let mut response = json(status, &body);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    response
}

/// An answer with one more cookie; without the cookie the answer would be a lie.
pub(super) fn with_cookie(mut response: Response<Bytes>, cookie: Option<HeaderValue>) -> Answer {
    match cookie {
        Some(cookie) => {
            response.headers_mut().append(header::SET_COOKIE, cookie);
            Ok(response)
        }
        None => Err(Box::new(problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Out of order",
            "The cookie could not be set.",
        ))),
    }
}
