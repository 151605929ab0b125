//! What a person is asked: whether they agree to what a client wants, and which account is meant.

use askama::Template;
use bytes::Bytes;
use gw_engine::Commit;
use gw_model::Actor;
use gw_oauth::{
    AuthorizationFault, AuthorizationRequest, Client, OFFLINE_ACCESS, Resources, Scopes,
};
use gw_pages::Page;
use http::Response;
use std::time::Duration;

use crate::{
    clients::Registered,
    kept::{self, KeptConsent, KeptError, Put},
    pages,
    pending::{self, Pending, PendingAuthorization},
    server::RESUME,
    visit::{Answer, SignedIn, Visit},
};

/// How long an agreement holds that is not used.
const HOLDS: Duration = Duration::from_secs(365 * 24 * 3600);

/// What scopes let a client do, in words.
const WORDS: [(&str, &str); 6] = [
    ("openid", "know that it is you, by a name for you"),
    ("profile", "see your name and sign-in name"),
    ("email", "see your mail address"),
    ("groups", "see which groups you are in"),
    ("roles", "see which roles you have"),
    (OFFLINE_ACCESS, "go on while you are not here"),
];

#[derive(Template)]
#[template(path = "consent.html")]
struct Content<'a> {
    title: &'a str,
    name: &'a str,
    client: &'a Client,
    wants: Vec<String>,
    host: &'a str,
    attempt: &'a str,
}

/// Asks whether the person agrees.
pub(crate) fn ask(
    visit: &Visit,
    attempt: &str,
    known: &Registered,
    pending: PendingAuthorization,
    person: &SignedIn,
) -> Answer {
    let view = visit.server.engine().view();
    let title = known.title(&view.facts);
    let heading = format!("Let {title} in as you?");
    let place = pages::origin_of(pending.request.answer_to.redirect_uri());
    let content = Content {
        title: &title,
        name: &person.user.display_name,
        client: &known.client,
        wants: words(&pending.request),
        host: place.split_once("://").map_or(place, |(_, host)| host),
        attempt,
    };
    let page = Page::new(&heading).links(visit.links()).render(&content);
    let pending = Pending::Authorization(Box::new(pending));
    pending::keeping(visit, &pending, attempt, page)
}

/// What a request wants, in words; scopes of an API by their own names.
fn words(request: &AuthorizationRequest) -> Vec<String> {
    let known = |scope: &str| WORDS.iter().find(|(name, _)| *name == scope);
    let scopes = request.scopes.iter().map(|scope| match known(scope) {
        Some((_, words)) => (*words).to_owned(),
        None => format!("use “{scope}” in your name"),
    });
    let resources = request
        .resources
        .iter()
        .map(|resource| format!("speak with {resource} in your name"));
    scopes.chain(resources).collect()
}

/// The person decided.
pub(crate) async fn decide(visit: &Visit) -> Answer {
    let form = visit.form()?;
    let attempt = form.value("attempt").unwrap_or_default();
    let Some(Pending::Authorization(mut pending)) = Pending::of(visit, attempt) else {
        return Err(pages::over(visit));
    };
    let Some(person) = &visit.person else {
        return Err(pages::over(visit));
    };
    let known = visit.client(pending.request.client_id.as_str());
    let known = known.ok_or_else(|| pages::over(visit))?;
    if form.value("decision") != Some("allow") {
        let refusal = pending
            .request
            .answer_to
            .refusal(&AuthorizationFault::Denied);
        // The way back leads elsewhere, where forms of this page may not.
        return Ok(pending::ending(attempt, away(&refusal)));
    }
    pending.agreed = Some(person.user.id);
    remember(visit, &known, &pending.request, person)
        .await
        .map_err(|fault| pages::failed("what somebody agreed to was not kept", &fault))?;
    let onward = pages::onward(&format!("{RESUME}?attempt={attempt}"));
    pending::keeping(visit, &Pending::Authorization(pending), attempt, onward)
}

/// Brings an answer to a client from a page that a form led to.
fn away(delivery: &gw_oauth::Delivery) -> Response<Bytes> {
    match delivery {
        gw_oauth::Delivery::Redirect(address) => pages::onward(address),
        gw_oauth::Delivery::FormPost { .. } => pages::deliver(delivery),
    }
}

/// Something of ours failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConsentError {
    #[error(transparent)]
    Kept(#[from] KeptError),
    #[error(transparent)]
    Commit(#[from] gw_engine::CommitError),
}

async fn remember(
    visit: &Visit,
    known: &Registered,
    request: &AuthorizationRequest,
    person: &SignedIn,
) -> Result<(), ConsentError> {
    let engine = visit.server.engine();
    let client = known.client.id.as_str();
    let hash = kept::by_consent(person.user.id, client);
    let found = kept::find::<KeptConsent>(engine, hash).await?;
    let (mut scopes, mut resources) = (request.scopes.clone(), request.resources.clone());
    if let Some(found) = &found {
        scopes = joined(&scopes, &found.value.scopes);
        resources = joined_resources(&resources, &found.value.resources);
    }
    let consent = KeptConsent {
        client: client.to_owned(),
        scopes,
        resources,
        at: visit.now,
    };
    let (owner, expires) = (Some(person.user.id), visit.now.after(HOLDS));
    let put = match &found {
        Some(found) => found.replaced(&consent, owner, expires),
        None => Put::new(hash, &consent, owner, expires),
    };
    let what = format!("agreed to what {client} wants");
    let commit = Commit::new(Actor::User(person.user.id), what)
        .within(person.session.id)
        .effect(put.effect()?);
    engine.commit(commit).await?;
    Ok(())
}

/// Both, where they are not too many together.
fn joined(now: &Scopes, before: &Scopes) -> Scopes {
    Scopes::parse(&format!("{now} {before}")).unwrap_or_else(|_| now.clone())
}

fn joined_resources(now: &Resources, before: &Resources) -> Resources {
    Resources::parse(now.iter().chain(before.iter())).unwrap_or_else(|_| now.clone())
}

/// Whether the person agreed before to all that is wanted; or the operator has for them.
pub(crate) async fn before(
    visit: &Visit,
    known: &Registered,
    request: &AuthorizationRequest,
    person: &SignedIn,
) -> Result<bool, KeptError> {
    if !asks(known) {
        return Ok(true);
    }
    let hash = kept::by_consent(person.user.id, known.client.id.as_str());
    let found = kept::find::<KeptConsent>(visit.server.engine(), hash).await?;
    Ok(found.is_some_and(|found| {
        let agreed = &found.value;
        visit.now < found.expires
            && request.scopes.is_within(&agreed.scopes)
            && request.resources.is_within(&agreed.resources)
    }))
}

/// Whether people are asked.
fn asks(known: &Registered) -> bool {
    known.fact.consent == gw_model::Consent::Ask
}

#[derive(Template)]
#[template(path = "account.html")]
struct Account<'a> {
    title: &'a str,
    name: &'a str,
    sign_in_name: &'a str,
    may_stay: bool,
    attempt: &'a str,
}

/// The page that asks which account is meant.
pub(crate) fn account_page(
    visit: &Visit,
    attempt: &str,
    title: &str,
    person: &SignedIn,
    may_stay: bool,
) -> Response<Bytes> {
    let content = Account {
        title,
        name: &person.user.display_name,
        sign_in_name: &person.user.name,
        may_stay,
        attempt,
    };
    Page::new("Which account?")
        .links(visit.links())
        .render(&content)
}
