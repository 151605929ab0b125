//! The pages of the authentication origin: which path answers how.

mod account;
mod codes;
mod factor;
mod link;
mod passkey;
mod sign_in;
mod sign_out;
mod visit;

use std::convert::Infallible;

use bytes::Bytes;
use gw_pages::{JudgedRequest, Message, PageService, guard};
use http::{HeaderValue, Method, Response, StatusCode, header};

use crate::{Identity, keys, links};
pub(crate) use passkey::finished;
use visit::Visit;

impl Identity {
    /// The authentication origin as a service of judged requests.
    pub fn service(&self) -> PageService {
        let identity = self.clone();
        PageService::new(tower::service_fn(move |request: JudgedRequest| {
            let identity = identity.clone();
            async move { Ok::<_, Infallible>(identity.answer(&request).await) }
        }))
    }

    async fn answer(&self, request: &JudgedRequest) -> Response<Bytes> {
        let visit = Visit::new(self, request);
        let path = &*request.path;
        let get = matches!(request.method, Method::GET | Method::HEAD);
        let post = request.method == Method::POST;
        let answer = if let Some(token) = path.strip_prefix(links::PATH) {
            match (get, post) {
                (true, _) => link::show(&visit, token).await,
                (_, true) => link::take(&visit, token).await,
                _ => Ok(wrong_method("GET, HEAD, POST")),
            }
        } else if get {
            show(&visit, path).await
        } else if post {
            act(&visit, path).await
        } else {
            Ok(wrong_method("GET, HEAD, POST"))
        };
        answer.unwrap_or_else(|refusal| *refusal)
    }
}

/// An answer that ends the handling early: a page that says why. Boxed, since it is the rarer one.
type Refusal = Box<Response<Bytes>>;
/// What a handler comes to.
type Answer = Result<Response<Bytes>, Refusal>;

async fn show(visit: &Visit<'_>, path: &str) -> Answer {
    match path {
        "/" => account::show(visit).await,
        "/sign-in" => sign_in::show(visit),
        "/hand-over" => sign_in::hand_over(visit).await,
        "/recovery" => codes::ask(visit),
        "/confirm" => passkey::show_confirm(visit),
        "/enrol" => passkey::show_enrol(visit),
        "/sign-out" => sign_out::ask(visit),
        "/account/factors/remove" => factor::ask_to_remove(visit),
        "/account/recovery-codes" => codes::ask_to_make(visit).await,
        "/.well-known/jwks.json" => Ok(key_set(visit)),
        _ => Ok(nothing_here(visit)),
    }
}

async fn act(visit: &Visit<'_>, path: &str) -> Answer {
    match path {
        "/recovery" => codes::sign_in(visit).await,
        "/sign-out" => sign_out::end(visit).await,
        "/passkey/sign-in/start" => passkey::start_sign_in(visit),
        "/passkey/sign-in/finish" => passkey::finish_sign_in(visit).await,
        "/passkey/confirm/start" => passkey::start_confirm(visit).await,
        "/passkey/confirm/finish" => passkey::finish_confirm(visit).await,
        "/passkey/enrol/start" => passkey::start_enrol(visit).await,
        "/passkey/enrol/finish" => passkey::finish_enrol(visit).await,
        "/account/passkeys/rename" => factor::rename(visit).await,
        "/account/factors/remove" => factor::remove(visit).await,
        "/account/recovery-codes" => codes::make(visit).await,
        "/account/sessions/end" => account::end_session(visit).await,
        _ => Ok(nothing_here(visit)),
    }
}

fn nothing_here(visit: &Visit<'_>) -> Response<Bytes> {
    Message::new(
        StatusCode::NOT_FOUND,
        "There is nothing here",
        "The address may be incomplete.",
    )
    .action("Go to the start", "/")
    .links(visit.links())
    .render()
}

fn wrong_method(allowed: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allowed));
    guard(&mut response);
    response
}

/// Published for everybody: kept for a minute, which is less than keys are announced ahead.
fn key_set(visit: &Visit<'_>) -> Response<Bytes> {
    let keys = keys::key_set(&visit.identity.engine().view().facts);
    let mut response = visit::json(StatusCode::OK, &keys);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/jwk-set+json"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=60"),
    );
    response
}
