//! The way to a provider of identities and back, linked accounts, and a provider's own word that
//! somebody signed out.

use askama::Template;
use bytes::Bytes;
use gw_model::{Action, AppName, ProviderName};
use gw_pages::{Message, Page, form::Fields, form::has_content_type, guard, origin_of, redirect};
use gw_store::Secret;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::json;

use super::{
    Answer, Refusal, nothing_here, saml,
    visit::{Visit, json, with_cookie},
};
use crate::{
    client, cookies,
    hand_over::Target,
    links::SignedIn,
    providers::{
        self, Begun, COOKIE, Errand, FLOW_LIFETIME, FLOWS_AT_ONCE, FinishFault, Flow, LogoutFault,
        NotLetIn, ProviderFault, Returned, cookie_name, saml::Onward, word,
    },
};

/// Where somebody comes back from a provider, before its name: each has a place of its own.
pub(super) const CALLBACK: &str = "/provider/callback/";
/// Where a provider tells that somebody signed out there, before its name.
pub(super) const LOGOUT: &str = "/provider/logout/";

/// Where our public key towards providers lies.
pub(super) const KEYS: &str = "/provider/keys.json";

/// The longest logout token, with room around it.
const CODE_MAX: usize = 8 * 1024;

/// Our public key, where any provider is shown it.
pub(super) async fn keys(visit: &Visit<'_>) -> Answer {
    if !visit.admitted() {
        return Err(visit.too_often());
    }
    let document = match visit.identity.provider_key_set().await {
        Ok(Some(document)) => document,
        Ok(None) => return Ok(nothing_here(visit)),
        Err(why) => {
            tracing::error!(%why, "the key that providers are shown cannot be had");
            return Err(visit.out_of_order(crate::Unavailable));
        }
    };
    let mut response = Response::new(Bytes::from(document));
    let kind = HeaderValue::from_static("application/jwk-set+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    guard(&mut response);
    Ok(response)
}

/// A provider as pages offer it.
pub(super) struct Offered {
    title: String,
    href: String,
}

/// The providers that somebody can sign in by, each with the way there.
pub(super) fn offered(visit: &Visit<'_>, errand: &str, target: Option<&Target>) -> Vec<Offered> {
    let providers = visit.identity.open_providers();
    let offer = |provider: &std::sync::Arc<gw_model::Provider>| {
        let to = target.map_or_else(String::new, |target| format!("&{}", target.query()));
        Offered {
            title: provider.title.to_string(),
            href: format!(
                "/provider/start?provider={}&for={errand}{to}",
                provider.name
            ),
        }
    };
    providers.iter().map(offer).collect()
}

/// Those of them at which the person is known.
pub(super) fn own(visit: &Visit<'_>, target: Option<&Target>) -> Vec<Offered> {
    let Some(person) = &visit.person else {
        return Vec::new();
    };
    let known = |name: &str| {
        person
            .user
            .identities
            .iter()
            .any(|i| i.provider.as_str() == name)
    };
    let mut all = visit.identity.open_providers();
    all.retain(|provider| known(provider.name.as_str()));
    let names: Vec<_> = all
        .iter()
        .map(|provider| provider.title.to_string())
        .collect();
    let mut offered = offered(visit, "confirm", target);
    offered.retain(|one| names.contains(&one.title));
    offered
}

#[derive(Template)]
#[template(path = "providers.html")]
pub(super) struct Buttons {
    pub(super) verb: &'static str,
    pub(super) offered: Vec<Offered>,
}

/// Sends a browser to a provider. Nothing changes here but what the browser keeps.
pub(super) async fn start(visit: &Visit<'_>) -> Answer {
    let query = visit.query()?;
    let target = visit.target_of(&query)?;
    let name = named(visit, query.value("provider"))?;
    if !visit.admitted() {
        return Err(visit.too_often());
    }
    let errand = match (query.value("for"), &visit.person) {
        (Some("confirm"), Some(person)) => Errand::Confirm {
            session: person.session.id,
            acr_values: acr_values(visit, &name),
        },
        _ => Errand::SignIn,
    };
    let begun = begin(visit, &name, errand, target).await?;
    let onward = saml::onward(visit, &name, &begun.onward);
    kept(visit, onward, &begun)
}

/// What is asked of a provider where a stronger proof is wanted: its words for one.
fn acr_values(visit: &Visit<'_>, name: &ProviderName) -> Vec<String> {
    let view = visit.identity.engine().view();
    let Some(provider) = view.facts.provider(name) else {
        return Vec::new();
    };
    let words = &provider.assurance;
    let all = words
        .phishing_resistant
        .acr
        .iter()
        .chain(&words.multi_factor.acr);
    all.map(ToString::to_string).collect()
}

async fn begin(
    visit: &Visit<'_>,
    name: &ProviderName,
    errand: Errand,
    target: Option<Target>,
) -> Result<Begun, Refusal> {
    let redirect_uri = format!("{}{CALLBACK}{name}", visit.request.judged.origin());
    let target = target.map(|target| (target.app, target.attempt));
    let begun = visit
        .identity
        .begin_flow(name, errand, target, redirect_uri);
    begun
        .await
        .map_err(|fault| refused(visit, name, &fault, None))
}

/// With the cookie of the way that was begun; of too many, those before it are given up.
fn kept(visit: &Visit<'_>, response: Response<bytes::Bytes>, begun: &Begun) -> Answer {
    let mut response = response;
    let (name, value) = &begun.cookie;
    let starts = [COOKIE, providers::saml::COOKIE];
    for start in starts.into_iter().filter(|start| name.starts_with(start)) {
        let names = cookies::names(&visit.request.headers, start);
        if names.len() >= FLOWS_AT_ONCE {
            for name in names {
                response = with_cookie(response, cookies::no_flow(&name))?;
            }
        }
    }
    with_cookie(response, cookies::flow(name, value.expose(), FLOW_LIFETIME))
}

/// Somebody comes back from a provider.
pub(super) async fn callback(visit: &Visit<'_>, name: &str) -> Answer {
    let name = named(visit, Some(name))?;
    if !visit.admitted() {
        return Err(visit.too_often());
    }
    let query = visit.query()?;
    let Some(flow) = own_flow(visit, &name, &query) else {
        return Err(start_again(visit));
    };
    let spent = cookies::no_flow(&flow.cookie_name());
    let target = target_of(&flow.target);
    let finished = finish(visit, &name, flow, &query, target.as_ref()).await;
    match finished {
        Ok(response) => with_cookie(response, spent),
        Err(refusal) => Err(Box::new(with_cookie(*refusal, spent)?)),
    }
}

async fn finish(
    visit: &Visit<'_>,
    name: &ProviderName,
    flow: Flow,
    query: &Fields,
    target: Option<&Target>,
) -> Answer {
    if let Some(error) = query.value("error") {
        return Err(declined_there(visit, name, &word(error), target));
    }
    let code = query.value("code").filter(|code| code.len() <= CODE_MAX);
    let Some(code) = code else {
        return Err(start_again(visit));
    };
    let links = matches!(flow.errand, Errand::Link { .. });
    let returned = Returned {
        flow,
        code: Secret::new(code.to_owned()),
        issuer: query.value("iss").map(str::to_owned),
    };
    let client = client::words(&visit.request.headers);
    let finishing = visit
        .identity
        .finish_flow(returned, visit.person.as_ref(), client);
    let finished = finishing
        .await
        .map_err(|fault| refused(visit, name, &fault, target))?;
    let next = match links {
        true => "/".to_owned(),
        false => visit.next(target),
    };
    match finished {
        Some(SignedIn { cookie }) => {
            with_cookie(redirect(&next), cookies::session(cookie.expose()))
        }
        None => Ok(redirect(&next)),
    }
}

/// The way that this browser is on, for the state that came back, to this provider.
fn own_flow(visit: &Visit<'_>, name: &ProviderName, query: &Fields) -> Option<Flow> {
    let state = query.value("state")?;
    let value = cookies::value(&visit.request.headers, &cookie_name(state))?;
    let flow = Flow::open(visit.identity.sealer(), value, state, visit.now)?;
    (flow.provider == *name).then_some(flow)
}

pub(super) fn target_of(target: &Option<(AppName, String)>) -> Option<Target> {
    let (app, attempt) = target.clone()?;
    Some(Target { app, attempt })
}

pub(super) fn named(visit: &Visit<'_>, name: Option<&str>) -> Result<ProviderName, Refusal> {
    name.and_then(|name| name.parse().ok())
        .ok_or_else(|| start_again(visit))
}

pub(super) fn start_again(visit: &Visit<'_>) -> Refusal {
    let message = Message::new(
        StatusCode::BAD_REQUEST,
        "This way in is over",
        "It was begun in another browser, too long ago, or before Gatewright was started anew. Nothing was changed.",
    );
    let message = message.action("Start again", "/sign-in");
    Box::new(message.links(visit.links()).render())
}

/// The provider itself says no: its own word for why is shown, since whoever looks after it knows
/// it by that.
pub(super) fn declined_there(
    visit: &Visit<'_>,
    name: &ProviderName,
    error: &str,
    target: Option<&Target>,
) -> Refusal {
    let title = title(visit, name);
    let sentence = format!("{title} did not sign you in ({error}). Nothing was changed here.");
    again(
        visit,
        StatusCode::FORBIDDEN,
        "You were not signed in",
        &sentence,
        target,
    )
}

pub(super) fn title(visit: &Visit<'_>, name: &ProviderName) -> String {
    let view = visit.identity.engine().view();
    let provider = view.facts.provider(name);
    provider.map_or_else(|| name.to_string(), |provider| provider.title.to_string())
}

pub(super) fn again(
    visit: &Visit<'_>,
    status: StatusCode,
    title: &str,
    sentence: &str,
    target: Option<&Target>,
) -> Refusal {
    let (label, path) = match visit.person {
        Some(_) => ("Back", "/"),
        None => ("Sign in another way", "/sign-in"),
    };
    let href = super::visit::with_query(path, target.filter(|_| visit.person.is_none()));
    let message = Message::new(status, title, sentence).action(label, &href);
    Box::new(message.links(visit.links()).render())
}

pub(super) fn refused(
    visit: &Visit<'_>,
    name: &ProviderName,
    fault: &FinishFault,
    target: Option<&Target>,
) -> Refusal {
    tracing::info!(provider = %name, why = %fault, "nobody was signed in by a provider");
    let provider = title(visit, name);
    let whom = &visit.identity.options().whom_to_ask;
    let forbidden = StatusCode::FORBIDDEN;
    let (status, title, sentence) = match fault {
        FinishFault::Unavailable(unavailable) => return visit.out_of_order(*unavailable),
        FinishFault::Provider(
            ProviderFault::Paused | ProviderFault::Outbound(_) | ProviderFault::Unbelieved { .. },
        ) => (
            StatusCode::BAD_GATEWAY,
            "It cannot be reached",
            format!(
                "{provider} does not answer just now. Try again in a moment, or sign in another way."
            ),
        ),
        FinishFault::Provider(ProviderFault::Saml(fault)) => saml::refusal(fault, &provider, whom),
        FinishFault::Provider(_) => (
            StatusCode::BAD_GATEWAY,
            "Its answer was not taken",
            format!(
                "What {provider} answered could not be checked, so nobody was signed in. Whoever looks after Gatewright finds the reason in its log."
            ),
        ),
        FinishFault::SessionOver | FinishFault::LockedOut => (
            StatusCode::CONFLICT,
            "This could not be done",
            "What it was begun for has changed meanwhile. Start again.".to_owned(),
        ),
        FinishFault::Refused => (
            forbidden,
            "It cannot be linked now",
            "Confirm with a passkey first; then accounts can be linked for a few minutes."
                .to_owned(),
        ),
        FinishFault::NotLetIn(why) => (
            forbidden,
            "You were not signed in",
            not_let_in(why, &provider, whom),
        ),
    };
    again(visit, status, title, &sentence, target)
}

/// As much as somebody may know who proved who they are at the provider, and no more.
fn not_let_in(why: &NotLetIn, provider: &str, whom: &str) -> String {
    match why {
        NotLetIn::Off(_) => format!("Nobody is signed in by {provider} now. {whom}"),
        NotLetIn::HasFactors(_) | NotLetIn::Outgrown(_) => format!(
            "You have another way to sign in here. Use it, then link {provider} on your account page; from then on either works."
        ),
        NotLetIn::NameTaken(_) => format!(
            "Somebody here already has the name that {provider} tells. If that is you, sign in as ever, then link {provider} on your account page."
        ),
        NotLetIn::Another => format!(
            "That account at {provider} is another person's here. Sign out first, or take your own."
        ),
        NotLetIn::Unverified => format!(
            "{provider} does not say that your mail address is verified, and you are known here by that. {whom}"
        ),
        NotLetIn::UnverifiedHere => format!(
            "Somebody here has the mail address that {provider} tells of you, and nobody has made sure that it is theirs. {whom}"
        ),
        NotLetIn::Required(_)
        | NotLetIn::Stranger
        | NotLetIn::Several
        | NotLetIn::Name { .. }
        | NotLetIn::Disabled(_)
        | NotLetIn::BreakGlass(_) => {
            format!("{provider} knows you, and you are not let in here with that account. {whom}")
        }
    }
}

#[derive(Template)]
#[template(path = "link_account.html")]
struct LinkAccount<'a> {
    title: &'a str,
    provider: &'a str,
    name: &'a str,
    onward: &'a Onward,
}

/// Asks whether an account at a provider is to be linked: a page of ours leads there, and only a
/// page of ours brings it about.
pub(super) async fn link(visit: &Visit<'_>) -> Answer {
    let person = visit.person()?;
    let name = named(visit, visit.form()?.value("provider"))?;
    if !visit
        .identity
        .would_allow(person, Action::FactorEnrol, None)
    {
        return Err(refused(visit, &name, &FinishFault::Refused, None));
    }
    if !visit.admitted() {
        return Err(visit.too_often());
    }
    let session = person.session.id;
    let begun = begin(visit, &name, Errand::Link { session }, None).await?;
    let provider = title(visit, &name);
    let title = format!("Link {provider}");
    let content = LinkAccount {
        title: &title,
        provider: &provider,
        name: &person.user.display_name,
        onward: &begun.onward,
    };
    let mut page = Page::new(&title).links(visit.links());
    if let Onward::Form(form) = &begun.onward {
        page = page.form_to(origin_of(&form.action));
    }
    let page = page.render(&content);
    kept(visit, page, &begun)
}

/// Takes a link with a provider away; sessions that rest on it end.
pub(super) async fn unlink(visit: &Visit<'_>) -> Answer {
    let person = visit.person()?;
    let name = named(visit, visit.form()?.value("provider"))?;
    let unlinked = visit.identity.unlink(person, &name).await;
    unlinked.map_err(|fault| super::factor::refused(visit, fault))?;
    Ok(redirect("/"))
}

/// A provider tells that somebody signed out there (OpenID Connect Back-Channel Logout 1.0, 2.5).
pub(super) async fn logout(visit: &Visit<'_>, name: &str) -> Answer {
    let token = logout_token(visit, &visit.request.headers);
    let (Ok(name), Some(token)) = (name.parse(), token) else {
        return Ok(not_taken("the request is not one for a logout"));
    };
    if !visit.admitted() {
        return Err(visit.too_often());
    }
    match visit.identity.signed_out_at(&name, token).await {
        Ok(ended) => {
            tracing::info!(provider = %name, ended, "a provider told that somebody signed out");
            Ok(json(StatusCode::OK, &json!({})))
        }
        Err(LogoutFault::Unavailable(unavailable)) => Err(visit.out_of_order(unavailable)),
        Err(fault) => {
            tracing::info!(provider = %name, why = %fault, "a logout was not taken");
            Ok(not_taken("the logout token was not taken"))
        }
    }
}

fn logout_token(visit: &Visit<'_>, headers: &HeaderMap) -> Option<String> {
    if !has_content_type(headers, "application/x-www-form-urlencoded") {
        return None;
    }
    let fields = Fields::from_body(headers, &visit.request.body).ok()?;
    fields.value("logout_token").map(str::to_owned)
}

fn not_taken(why: &str) -> Response<bytes::Bytes> {
    let body = json!({ "error": "invalid_request", "error_description": why });
    let mut response = json(StatusCode::BAD_REQUEST, &body);
    let headers = response.headers_mut();
    headers.insert(header::PRAGMA, http::HeaderValue::from_static("no-cache"));
    response
}
