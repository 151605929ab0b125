//! The pages of the authentication origin: which path answers how.

mod account;
mod break_glass;
mod codes;
mod factor;
mod link;
mod news;
mod passkey;
mod password;
mod provider;
mod saml;
mod sign_in;
mod sign_out;
mod visit;

use std::convert::Infallible;

use bytes::Bytes;
use gw_pages::{JudgedRequest, Message, PageService, guard};
use http::{HeaderValue, Method, Response, StatusCode, header};

use crate::{
    Identity, keys, links,
    providers::saml::{CONSUMER, FORM_MAX_BYTES, LOGOUT},
};
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
        let answer = if let Some(name) = path.strip_prefix(provider::CALLBACK) {
            match get {
                true => provider::callback(&visit, name).await,
                false => Ok(wrong_method("GET, HEAD")),
            }
        } else if let Some(name) = path.strip_prefix(CONSUMER) {
            match post {
                true => saml::consume(&visit, name).await,
                false => Ok(wrong_method("POST")),
            }
        } else if let Some(name) = path.strip_prefix(provider::LOGOUT) {
            match post {
                true => provider::logout(&visit, name).await,
                false => Ok(wrong_method("POST")),
            }
        } else if let Some(token) = path.strip_prefix(links::PATH) {
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

/// A page that is shown.
#[derive(Debug, Clone, Copy)]
enum Shown {
    Account,
    SignIn,
    HandOver,
    Recovery,
    BreakGlass,
    Confirm,
    Enrol,
    SignOut,
    RemoveFactor,
    MakeCodes,
    StartProvider,
    FinishSaml,
    SamlMetadata,
    SamlLogout,
    ProviderKeys,
    KeySet,
    SignInByPassword,
    SetPassword,
    AddApp,
}

/// Where it is shown.
const SHOWN: [(&str, Shown); 19] = [
    ("/", Shown::Account),
    ("/sign-in", Shown::SignIn),
    ("/hand-over", Shown::HandOver),
    ("/recovery", Shown::Recovery),
    (crate::break_glass::PATH, Shown::BreakGlass),
    ("/confirm", Shown::Confirm),
    ("/enrol", Shown::Enrol),
    ("/sign-out", Shown::SignOut),
    ("/account/factors/remove", Shown::RemoveFactor),
    ("/account/recovery-codes", Shown::MakeCodes),
    ("/provider/start", Shown::StartProvider),
    (saml::FINISH, Shown::FinishSaml),
    (saml::METADATA, Shown::SamlMetadata),
    (LOGOUT, Shown::SamlLogout),
    ("/.well-known/jwks.json", Shown::KeySet),
    (provider::KEYS, Shown::ProviderKeys),
    ("/password", Shown::SignInByPassword),
    (password::SET, Shown::SetPassword),
    (password::ADD_APP, Shown::AddApp),
];

/// Something that is done.
#[derive(Debug, Clone, Copy)]
enum Act {
    SignInByCode,
    BreakGlass,
    SignOut,
    StartSignIn,
    FinishSignIn,
    StartConfirm,
    FinishConfirm,
    StartEnrol,
    FinishEnrol,
    RenamePasskey,
    RemoveFactor,
    MakeCodes,
    EndSession,
    LinkAccount,
    UnlinkAccount,
    SamlLogout,
    SignInByPassword,
    ConfirmByPassword,
    SetPassword,
    AddApp,
    KnowNews,
}

/// Where it is posted to.
const ACTS: [(&str, Act); 21] = [
    ("/recovery", Act::SignInByCode),
    (crate::break_glass::PATH, Act::BreakGlass),
    ("/sign-out", Act::SignOut),
    ("/passkey/sign-in/start", Act::StartSignIn),
    ("/passkey/sign-in/finish", Act::FinishSignIn),
    ("/passkey/confirm/start", Act::StartConfirm),
    ("/passkey/confirm/finish", Act::FinishConfirm),
    ("/passkey/enrol/start", Act::StartEnrol),
    ("/passkey/enrol/finish", Act::FinishEnrol),
    ("/account/passkeys/rename", Act::RenamePasskey),
    ("/account/factors/remove", Act::RemoveFactor),
    ("/account/recovery-codes", Act::MakeCodes),
    ("/account/sessions/end", Act::EndSession),
    ("/account/providers/link", Act::LinkAccount),
    ("/account/providers/unlink", Act::UnlinkAccount),
    (LOGOUT, Act::SamlLogout),
    ("/password", Act::SignInByPassword),
    ("/password/confirm", Act::ConfirmByPassword),
    (password::SET, Act::SetPassword),
    (password::ADD_APP, Act::AddApp),
    ("/account/news", Act::KnowNews),
];

/// Whether a request is one that programs send, and nobody's browser: what it is worth it brings
/// along, and cookies count for nothing there.
pub fn is_for_programs(path: &str) -> bool {
    path.starts_with(provider::LOGOUT)
}

/// Whether a form comes here from a page of another site, by its design: what it is worth it brings
/// along, and whoever is signed in counts for nothing there.
pub fn is_from_elsewhere(path: &str) -> bool {
    path.starts_with(CONSUMER) || path == LOGOUT
}

/// How long a form may be that comes from a page of another site, in bytes.
pub const FROM_ELSEWHERE_MAX_BYTES: usize = FORM_MAX_BYTES;

/// Every method and path that the authentication origin answers; links and providers by their
/// prefix.
pub fn endpoints() -> impl Iterator<Item = (Method, &'static str)> {
    let prefixes = [
        (Method::GET, links::PATH),
        (Method::POST, links::PATH),
        (Method::GET, provider::CALLBACK),
        (Method::POST, provider::LOGOUT),
        (Method::POST, CONSUMER),
    ];
    let shown = SHOWN.iter().map(|(path, _)| (Method::GET, *path));
    let acts = ACTS.iter().map(|(path, _)| (Method::POST, *path));
    prefixes.into_iter().chain(shown).chain(acts)
}

fn at<T: Copy>(paths: &[(&str, T)], path: &str) -> Option<T> {
    paths.iter().find(|(p, _)| *p == path).map(|(_, at)| *at)
}

async fn show(visit: &Visit<'_>, path: &str) -> Answer {
    match at(&SHOWN, path) {
        Some(Shown::Account) => account::show(visit).await,
        Some(Shown::SignIn) => sign_in::show(visit),
        Some(Shown::HandOver) => sign_in::hand_over(visit).await,
        Some(Shown::Recovery) => codes::ask(visit),
        Some(Shown::BreakGlass) => break_glass::ask(visit),
        Some(Shown::Confirm) => passkey::show_confirm(visit),
        Some(Shown::Enrol) => passkey::show_enrol(visit),
        Some(Shown::SignOut) => sign_out::ask(visit),
        Some(Shown::RemoveFactor) => factor::ask_to_remove(visit),
        Some(Shown::MakeCodes) => codes::ask_to_make(visit).await,
        Some(Shown::StartProvider) => provider::start(visit).await,
        Some(Shown::FinishSaml) => saml::finish(visit).await,
        Some(Shown::SamlMetadata) => saml::metadata(visit).await,
        Some(Shown::SamlLogout) => saml::logout(visit).await,
        Some(Shown::ProviderKeys) => provider::keys(visit).await,
        Some(Shown::KeySet) => Ok(key_set(visit)),
        Some(Shown::SignInByPassword | Shown::SetPassword | Shown::AddApp)
            if !visit.identity.has_passwords() =>
        {
            Ok(nothing_here(visit))
        }
        Some(Shown::SignInByPassword) => password::ask(visit),
        Some(Shown::SetPassword) => password::ask_to_set(visit),
        Some(Shown::AddApp) => password::ask_to_add_app(visit),
        None => Ok(nothing_here(visit)),
    }
}

async fn act(visit: &Visit<'_>, path: &str) -> Answer {
    match at(&ACTS, path) {
        Some(Act::SignInByCode) => codes::sign_in(visit).await,
        Some(Act::BreakGlass) => break_glass::break_it(visit).await,
        Some(Act::SignOut) => sign_out::end(visit).await,
        Some(Act::StartSignIn) => passkey::start_sign_in(visit),
        Some(Act::FinishSignIn) => passkey::finish_sign_in(visit).await,
        Some(Act::StartConfirm) => passkey::start_confirm(visit).await,
        Some(Act::FinishConfirm) => passkey::finish_confirm(visit).await,
        Some(Act::StartEnrol) => passkey::start_enrol(visit).await,
        Some(Act::FinishEnrol) => passkey::finish_enrol(visit).await,
        Some(Act::RenamePasskey) => factor::rename(visit).await,
        Some(Act::RemoveFactor) => factor::remove(visit).await,
        Some(Act::MakeCodes) => codes::make(visit).await,
        Some(Act::EndSession) => account::end_session(visit).await,
        Some(Act::LinkAccount) => provider::link(visit).await,
        Some(Act::UnlinkAccount) => provider::unlink(visit).await,
        Some(Act::SamlLogout) => saml::logout(visit).await,
        Some(Act::SignInByPassword | Act::ConfirmByPassword | Act::SetPassword | Act::AddApp)
            if !visit.identity.has_passwords() =>
        {
            Ok(nothing_here(visit))
        }
        Some(Act::SignInByPassword) => password::sign_in(visit).await,
        Some(Act::ConfirmByPassword) => password::confirm(visit).await,
        Some(Act::SetPassword) => password::set(visit).await,
        Some(Act::AddApp) => password::add_app(visit).await,
        Some(Act::KnowNews) => news::know(visit).await,
        None => Ok(nothing_here(visit)),
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
