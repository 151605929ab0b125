//! What somebody is in the middle of: in a sealed cookie of their own for each attempt, so that
//! nobody can fill our memory, and nobody else can go on with it.

use gw_model::{AppName, UserId};
use gw_oauth::AuthorizationRequest;
use http::{HeaderValue, header};
use serde::{Deserialize, Serialize};

use crate::{
    authorize, device, pages,
    saml::{self, Leaving, PendingSaml, PendingSamlSignOut},
    server::{AuthorizationServer, PENDING_LIVES},
    visit::{Answer, Refusal, Visit},
};
use gw_identity::PENDING_COOKIE;

/// For how long a browser keeps it, in seconds.
const LIVES_SECS: u64 = PENDING_LIVES.as_secs();
/// The longest cookie that browsers take, with some room.
const COOKIE_BYTES_MAX: usize = 3_900;
/// How many of them one browser has at a time; of more, all are given up. All of them together are
/// half of what a request's head may be, so that no page elsewhere fills it with them.
const AT_ONCE: usize = 4;
/// How many of them are looked at, where one is looked for.
const ALL_MAX: usize = 16;
/// What it is sealed for.
const PURPOSE: &str = "pending authorization";

/// What somebody is in the middle of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Pending {
    /// A client asked for something.
    Authorization(Box<PendingAuthorization>),
    /// They typed in what a device shows.
    Device(PendingDevice),
    /// A client wishes that they sign out.
    SignOut(PendingSignOut),
    /// An app that speaks SAML asked who they are.
    Saml(Box<PendingSaml>),
    /// An app that speaks SAML wishes that they sign out.
    SamlSignOut(Box<PendingSamlSignOut>),
    /// Apps that speak SAML are told, one after the other, that they signed out.
    Leaving(Box<Leaving>),
}

/// A client's request, and what the person did about it so far.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PendingAuthorization {
    pub(crate) request: AuthorizationRequest,
    /// Whether an account was chosen.
    pub(crate) is_chosen: bool,
    /// Who agreed: nobody else has.
    pub(crate) agreed: Option<UserId>,
    /// What the client was when somebody was asked whether they agree.
    #[serde(default)]
    pub(crate) shown: Option<String>,
}

/// A device that asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PendingDevice {
    /// What the person typed, as it is shown.
    pub(crate) user_code: Option<String>,
}

/// A wish that somebody signs out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PendingSignOut {
    /// Where they go afterwards.
    pub(crate) redirect: Option<String>,
}

/// It is longer than what browsers keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Pending {
    /// The cookie in which a browser keeps it for this attempt.
    pub(crate) fn cookie(
        &self,
        server: &AuthorizationServer,
        attempt: &str,
    ) -> Result<HeaderValue, TooLong> {
        let name = format!("{PENDING_COOKIE}{attempt}");
        let bytes = serde_json::to_vec(self).map_err(|_| TooLong)?;
        let sealed = server
            .shared
            .sealer
            .seal(&[PURPOSE, attempt], bytes)
            .ok_or(TooLong)?;
        let text = format!(
            "{name}={sealed}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={LIVES_SECS}"
        );
        if text.len() > COOKIE_BYTES_MAX {
            return Err(TooLong);
        }
        let mut value = HeaderValue::from_str(&text).map_err(|_| TooLong)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Of this browser, for this attempt.
    pub(crate) fn of(visit: &Visit, attempt: &str) -> Option<Self> {
        let name = format!("{PENDING_COOKIE}{attempt}");
        let sealed = gw_identity::cookie(&visit.request.headers, &name)?;
        let place = [PURPOSE, attempt];
        let bytes = visit.server.shared.sealer.open(&place, sealed)?;
        serde_json::from_slice(&bytes).ok()
    }
}

/// All that this browser is in the middle of, by the names of the attempts.
pub(crate) fn all(visit: &Visit) -> Vec<(String, Pending)> {
    let names = gw_identity::cookie_names(&visit.request.headers, PENDING_COOKIE);
    let names = names.into_iter().take(ALL_MAX);
    let pending = names.filter_map(|name| {
        let attempt = name.strip_prefix(PENDING_COOKIE)?.to_owned();
        let pending = Pending::of(visit, &attempt)?;
        Some((attempt, pending))
    });
    pending.collect()
}

/// A new name of an attempt.
pub(crate) fn attempt() -> Option<String> {
    let secret = gw_oauth::Secret::generate().ok()?;
    Some(secret.expose().to_owned())
}

/// An answer after which the browser keeps this for the attempt.
pub(crate) fn keeping(
    visit: &Visit,
    pending: &Pending,
    attempt: &str,
    mut answer: http::Response<bytes::Bytes>,
) -> Answer {
    let cookie = pending
        .cookie(&visit.server, attempt)
        .map_err(|TooLong| too_long(visit))?;
    let others = gw_identity::cookie_names(&visit.request.headers, PENDING_COOKIE);
    if others.len() >= AT_ONCE {
        for name in others.iter().filter(|name| !name.ends_with(attempt)) {
            append(&mut answer, removal(name));
        }
    }
    answer.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(answer)
}

/// An answer with which the attempt is over.
pub(crate) fn ending(
    attempt: &str,
    mut answer: http::Response<bytes::Bytes>,
) -> http::Response<bytes::Bytes> {
    append(&mut answer, removal(&format!("{PENDING_COOKIE}{attempt}")));
    answer
}

fn removal(name: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!(
        "{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"
    ))
    .ok()
}

fn append(answer: &mut http::Response<bytes::Bytes>, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

fn too_long(visit: &Visit) -> Refusal {
    let message = gw_pages::Message::new(
        http::StatusCode::BAD_REQUEST,
        "This request is too long",
        "Browsers cannot keep it while you sign in. Whoever looks after the application can have it push its requests (RFC 9126), or ask for less in one.",
    );
    Box::new(message.links(visit.links()).render())
}

/// Where a sign-in leads on to one of our own pages: the query that they carry along.
pub(crate) fn leading(app: &AppName, attempt: &str) -> String {
    format!("app={app}&attempt={attempt}")
}

/// Somebody comes back to what they were in the middle of.
pub(crate) async fn resume(visit: &Visit) -> Answer {
    let query = visit.query()?;
    let attempt = query.value("attempt").unwrap_or_default();
    match Pending::of(visit, attempt) {
        Some(Pending::Authorization(pending)) => authorize::go_on(visit, attempt, *pending).await,
        Some(Pending::Device(pending)) => device::go_on(visit, attempt, pending).await,
        Some(Pending::Saml(pending)) => saml::go_on(visit, attempt, *pending).await,
        Some(Pending::SamlSignOut(pending)) => {
            saml::ask_to_sign_out(visit, attempt, *pending).await
        }
        Some(Pending::SignOut(_) | Pending::Leaving(_)) | None => Err(pages::over(visit)),
    }
}
