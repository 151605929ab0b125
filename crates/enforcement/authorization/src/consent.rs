//! What a person is asked: whether they agree to what a client wants, and which account is meant.

use askama::Template;
use aws_lc_rs::digest;
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use gw_engine::Commit;
use gw_model::{Actor, Client as Fact, SamlClient};
use gw_oauth::{
    About, AuthorizationFault, AuthorizationRequest, Client, OFFLINE_ACCESS, Resources, Scopes,
};
use gw_pages::{Page, origin_of};
use http::Response;
use std::time::Duration;

use crate::{
    clients::{Registered, title_of},
    kept::{self, KeptConsent, KeptError, Put},
    pages,
    pending::{self, Pending, PendingAuthorization},
    saml,
    server::RESUME,
    visit::{Answer, Refusal, SignedIn, Visit},
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
    about: Option<&'a About>,
    wants: Vec<String>,
    place: &'a str,
    attempt: &'a str,
    /// Who is shown it: nobody else decides by it.
    person: String,
}

/// Asks whether the person agrees.
pub(crate) fn ask(
    visit: &Visit,
    attempt: &str,
    known: &Registered,
    pending: PendingAuthorization,
    person: &SignedIn,
) -> Answer {
    let scopes = told(&pending.request, &known.client);
    let wish = Wish {
        client: &known.fact,
        about: Some(&known.client.about),
        scopes: &scopes,
        resources: &pending.request.resources,
    };
    let page = wish.page(
        visit,
        attempt,
        person,
        pending.request.answer_to.redirect_uri(),
    );
    let pending = PendingAuthorization {
        shown: Some(wish.shown(visit)),
        ..pending.clone()
    };
    let pending = Pending::Authorization(Box::new(pending));
    pending::keeping(visit, &pending, attempt, page)
}

/// Where an answer leads, in a word: a host alone is one by `https`.
fn place_of(answers: &str) -> &str {
    let place = origin_of(answers);
    place.strip_prefix("https://").unwrap_or(place)
}

/// What a request's scopes tell a client, and those that cover what it asks for one by one.
pub(crate) fn told(request: &AuthorizationRequest, client: &Client) -> Scopes {
    let asked = request.claims.scopes();
    let each: Vec<_> = asked.filter(|one| client.scopes.contains(one)).collect();
    let all = format!("{} {}", request.scopes, each.join(" "));
    Scopes::parse(all.trim_end()).unwrap_or_else(|_| client.scopes.clone())
}

/// What a client wishes, that people agree to.
pub(crate) struct Wish<'a> {
    pub(crate) client: &'a Fact,
    pub(crate) about: Option<&'a About>,
    pub(crate) scopes: &'a Scopes,
    pub(crate) resources: &'a Resources,
}

impl Wish<'_> {
    /// The page that asks; answers go to this address.
    pub(crate) fn page(
        &self,
        visit: &Visit,
        attempt: &str,
        person: &SignedIn,
        answers: &str,
    ) -> Response<Bytes> {
        let view = visit.server.engine().view();
        let title = title_of(self.client, &view.facts);
        let heading = format!("Let {title} in as you?");
        let content = Content {
            title: &title,
            name: &person.user.display_name,
            about: self.about,
            wants: self.words(),
            place: place_of(answers),
            attempt,
            person: person.user.id.to_string(),
        };
        Page::new(&heading).links(visit.links()).render(&content)
    }

    /// All that the page shows of the client, and everywhere that it has answers led to, in short: a
    /// client that registered itself may change it, and is then one that nobody has agreed to.
    pub(crate) fn shown(&self, visit: &Visit) -> String {
        let view = visit.server.engine().view();
        let title = title_of(self.client, &view.facts);
        let (about, mut places) = registered(self.client);
        places.sort_unstable();
        let all = serde_json::json!([title, about, places]).to_string();
        BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, all.as_bytes()).as_ref())
    }

    /// In words; scopes of an API by their own names.
    pub(crate) fn words(&self) -> Vec<String> {
        let known = |scope: &str| WORDS.iter().find(|(name, _)| *name == scope);
        let scopes = self.scopes.iter().map(|scope| match known(scope) {
            Some((_, words)) => (*words).to_owned(),
            None => format!("use “{scope}” in your name"),
        });
        let resources = self.resources.iter();
        let resources = resources.map(|resource| format!("speak with {resource} in your name"));
        scopes.chain(resources).collect()
    }

    /// Keeps that the person agreed.
    pub(crate) async fn remember(&self, visit: &Visit, person: &SignedIn) -> Result<(), Refusal> {
        let kept = self.keep(visit, person).await;
        kept.map_err(|fault| pages::failed("what somebody agreed to was not kept", &fault))
    }

    async fn keep(&self, visit: &Visit, person: &SignedIn) -> Result<(), ConsentError> {
        let engine = visit.server.engine();
        let client = self.client.name.as_str();
        let hash = kept::by_consent(person.user.id, client);
        let found = kept::find::<KeptConsent>(engine, hash).await?;
        let (mut scopes, mut resources) = (self.scopes.clone(), self.resources.clone());
        let shown = self.shown(visit);
        if let Some(found) = found.as_ref().filter(|found| found.value.shown == shown) {
            scopes = joined(&scopes, &found.value.scopes);
            resources = joined_resources(&resources, &found.value.resources);
        }
        let consent = KeptConsent {
            client: client.to_owned(),
            scopes,
            resources,
            shown,
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

    /// Whether the person agreed before to all that is wanted, by the client as it is now; or the
    /// operator has for them.
    pub(crate) async fn is_granted(
        &self,
        visit: &Visit,
        person: &SignedIn,
    ) -> Result<bool, KeptError> {
        if self.client.consent != gw_model::Consent::Ask {
            return Ok(true);
        }
        let hash = kept::by_consent(person.user.id, self.client.name.as_str());
        let found = kept::find::<KeptConsent>(visit.server.engine(), hash).await?;
        Ok(found.is_some_and(|found| {
            let agreed = &found.value;
            visit.now < found.expires
                && agreed.shown == self.shown(visit)
                && self.scopes.is_within(&agreed.scopes)
                && self.resources.is_within(&agreed.resources)
        }))
    }
}

/// What a client tells of itself, and everywhere that it has answers led to.
fn registered(client: &Fact) -> (Option<About>, Vec<String>) {
    if let Ok(saml) = serde_json::from_str::<SamlClient>(&client.registration) {
        let consumers = saml.consumers.iter();
        return (
            None,
            consumers.map(|one| one.location.to_string()).collect(),
        );
    }
    match serde_json::from_str::<Client>(&client.registration) {
        Ok(read) => {
            let uris = read.redirect_uris.iter().map(ToString::to_string).collect();
            (Some(read.about), uris)
        }
        Err(_) => (None, vec![client.registration.to_string()]),
    }
}

/// The person decided.
pub(crate) async fn decide(visit: &Visit) -> Answer {
    let form = visit.form()?;
    let attempt = form.value("attempt").unwrap_or_default();
    let is_agreed = form.value("decision") == Some("allow");
    let Some(person) = &visit.person else {
        return Err(pages::over(visit));
    };
    let pending = Pending::of(visit, attempt).ok_or_else(|| pages::over(visit))?;
    if form.value("person") != Some(&person.user.id.to_string()) {
        // Somebody else was shown what is asked: it is asked of this one.
        return Ok(gw_pages::onward(&format!("{RESUME}?attempt={attempt}")));
    }
    match pending {
        Pending::Authorization(pending) => {
            decided(visit, attempt, *pending, person, is_agreed).await
        }
        Pending::Saml(pending) => saml::decided(visit, attempt, *pending, person, is_agreed).await,
        _ => Err(pages::over(visit)),
    }
}

async fn decided(
    visit: &Visit,
    attempt: &str,
    mut pending: PendingAuthorization,
    person: &SignedIn,
    is_agreed: bool,
) -> Answer {
    let known = visit.client(pending.request.client_id.as_str());
    let known = known.ok_or_else(|| pages::over(visit))?;
    if !is_agreed {
        let refusal = pending
            .request
            .answer_to
            .refusal(&AuthorizationFault::Denied);
        // The way back leads elsewhere, where forms of this page may not.
        return Ok(pending::ending(attempt, away(&refusal)));
    }
    let scopes = told(&pending.request, &known.client);
    let wish = Wish {
        client: &known.fact,
        about: None,
        scopes: &scopes,
        resources: &pending.request.resources,
    };
    // To what it has become since, the person has not agreed: they are asked again.
    if pending.shown == Some(wish.shown(visit)) {
        wish.remember(visit, person).await?;
        pending.agreed = Some(person.user.id);
    }
    let onward = gw_pages::onward(&format!("{RESUME}?attempt={attempt}"));
    let pending = Pending::Authorization(Box::new(pending));
    pending::keeping(visit, &pending, attempt, onward)
}

/// Brings an answer to a client from a page that a form led to.
fn away(delivery: &gw_oauth::Delivery) -> Response<Bytes> {
    match delivery {
        gw_oauth::Delivery::Redirect(address) => gw_pages::onward(address),
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

/// Both, where they are not too many together.
fn joined(now: &Scopes, before: &Scopes) -> Scopes {
    Scopes::parse(&format!("{now} {before}")).unwrap_or_else(|_| now.clone())
}

fn joined_resources(now: &Resources, before: &Resources) -> Resources {
    Resources::parse(now.iter().chain(before.iter())).unwrap_or_else(|_| now.clone())
}

#[derive(Template)]
#[template(path = "account.html")]
struct Account<'a> {
    title: &'a str,
    name: &'a str,
    sign_in_name: &'a str,
    may_stay: bool,
    attempt: &'a str,
    /// Who is shown it: nobody else stays by it.
    person: String,
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
        person: person.user.id.to_string(),
    };
    Page::new("Which account?")
        .links(visit.links())
        .render(&content)
}

#[cfg(test)]
mod tests {
    use super::place_of;

    #[test]
    fn a_place_that_is_no_site_is_shown_with_how_one_gets_there() {
        for (leads_to, shown) in [
            ("https://wiki.example/cb?x=1", "wiki.example"),
            ("https://wiki.example:8443/cb", "wiki.example:8443"),
            ("http://127.0.0.1:9/cb", "http://127.0.0.1:9"),
            (
                "com.evil.app://wiki.example/cb",
                "com.evil.app://wiki.example",
            ),
            ("com.evil.app:/cb", "com.evil.app:"),
        ] {
            assert_eq!(place_of(leads_to), shown);
        }
    }
}
