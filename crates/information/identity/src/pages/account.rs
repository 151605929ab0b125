//! What a person sees of their own: sessions, passkeys, passwords, recovery codes.

use std::sync::Arc;

use askama::Template;
use gw_model::{
    Action, Attestation, Authenticator, EndReason, FactorId, FactorKind, Provider, ProviderName,
    Session, SessionId,
};
use gw_pages::{Chip, Moment, Page, redirect, signed_in_words};

use super::{
    Answer,
    news::{self, NewsRows},
    visit::Visit,
};
use crate::{
    Unavailable, cookies, identity::Person, pages::visit::with_cookie, passkeys::OwnPasskey,
};

#[derive(Template)]
#[template(path = "account.html")]
struct Content<'a> {
    name: &'a str,
    how: String,
    passkey: May,
    password: May,
    app: May,
    recovery: May,
    account: May,
    confirming_helps: bool,
    passkeys: Vec<PasskeyRow>,
    passwords: Option<Passwords>,
    codes: Option<Codes>,
    linked: Vec<Linked>,
    linkable: Vec<Linked>,
    sessions: Vec<SessionRow>,
    /// Whether there are apps that people sign in to by themselves.
    has_clients: bool,
    news: NewsRows,
}

struct PasskeyRow {
    id: FactorId,
    name: String,
    added: Moment,
    used: Option<Moment>,
    model: Option<String>,
}

/// What policy lets be done with one kind of factor.
#[derive(Clone, Copy, PartialEq, Eq)]
struct May {
    add: bool,
    remove: bool,
}

/// Where people have passwords, or somebody still has one from when they did.
struct Passwords {
    /// Whether they are in use.
    on: bool,
    password: Option<SecretRow>,
    app: Option<SecretRow>,
}

/// A password, or an authenticator app.
struct SecretRow {
    id: FactorId,
    set: Moment,
}

struct Codes {
    id: FactorId,
    left: usize,
    made: Moment,
}

/// A provider at which the person is known, or could be.
struct Linked {
    name: String,
    title: String,
}

struct SessionRow {
    id: SessionId,
    client: String,
    here: Option<Chip>,
    started: Moment,
    used: Moment,
    how: String,
}

pub(super) async fn show(visit: &Visit<'_>) -> Answer {
    let person = visit.person()?;
    let unavailable = |unavailable: Unavailable| visit.out_of_order(unavailable);
    let passkeys = visit
        .identity
        .own_passkeys(&person.user)
        .await
        .map_err(unavailable)?;
    let left = visit
        .identity
        .codes_left(person.user.id)
        .await
        .map_err(unavailable)?;
    let news = news::rows(visit, person).await.map_err(unavailable)?;
    let may = |kind| May {
        add: visit
            .identity
            .would_allow(person, Action::FactorEnrol, kind),
        remove: visit
            .identity
            .would_allow(person, Action::FactorRemove, kind),
    };
    let [passkey, password, app, recovery] = [
        FactorKind::Passkey,
        FactorKind::Password,
        FactorKind::Totp,
        FactorKind::RecoveryCodes,
    ]
    .map(|kind| may(Some(kind)));
    let all = May {
        add: true,
        remove: true,
    };
    let by_password = visit.identity.has_passwords() && person.user.has_password_and_totp();
    let wanting = match person.user.has_passkey() {
        true => passkey != all,
        false => by_password && (password != all || app != all || recovery != all),
    };
    let codes = person
        .user
        .factors
        .iter()
        .find(|f| f.kind == FactorKind::RecoveryCodes);
    let content = Content {
        name: &person.user.display_name,
        how: signed_in_words(&person.session.authn, visit.now).unwrap_or_default(),
        passkey,
        password,
        app,
        recovery,
        account: may(None),
        confirming_helps: wanting,
        passwords: passwords(visit, person),
        passkeys: passkeys
            .iter()
            .map(|passkey| passkey_row(visit, passkey))
            .collect(),
        codes: codes.map(|factor| Codes {
            id: factor.id,
            left,
            made: visit.past(factor.enrolled_at),
        }),
        linked: providers(visit, person, true),
        linkable: providers(visit, person, false),
        sessions: session_rows(visit, &person.session),
        has_clients: has_clients(visit),
        news,
    };
    Ok(Page::new("Your account")
        .links(visit.links())
        .render(&content))
}

fn has_clients(visit: &Visit<'_>) -> bool {
    let view = visit.identity.engine().view();
    view.facts.clients().any(|client| client.app.is_some())
}

fn passwords(visit: &Visit<'_>, person: &Person) -> Option<Passwords> {
    let row = |kind| {
        let mut factors = person.user.factors.iter();
        let factor = factors.find(|factor| factor.kind == kind)?;
        Some(SecretRow {
            id: factor.id,
            set: visit.past(factor.enrolled_at),
        })
    };
    let all = Passwords {
        on: visit.identity.has_passwords(),
        password: row(FactorKind::Password),
        app: row(FactorKind::Totp),
    };
    (all.on || all.password.is_some() || all.app.is_some()).then_some(all)
}

/// The providers that people sign in by at which somebody is known; or is not, of those that are
/// open.
fn providers(visit: &Visit<'_>, person: &Person, known: bool) -> Vec<Linked> {
    let is_known = |name: &ProviderName| {
        let identities = &person.user.identities;
        identities.iter().any(|identity| identity.provider == *name)
    };
    let row = |provider: &Arc<Provider>| Linked {
        name: provider.name.to_string(),
        title: provider.title.to_string(),
    };
    let view = visit.identity.engine().view();
    if known {
        let of_person = view.facts.providers();
        let of_person = of_person.filter(|p| p.protocol.signs_in() && is_known(&p.name));
        return of_person.map(row).collect();
    }
    let open = visit.identity.open_providers();
    open.iter()
        .filter(|p| !is_known(&p.name))
        .map(row)
        .collect()
}

fn passkey_row(visit: &Visit<'_>, passkey: &OwnPasskey) -> PasskeyRow {
    PasskeyRow {
        id: passkey.factor.id,
        name: passkey.factor.name.to_string(),
        added: visit.past(passkey.factor.enrolled_at),
        used: passkey.last_used.map(|at| visit.past(at)),
        model: passkey.factor.authenticator.as_ref().and_then(model),
    }
}

/// The model that an authenticator named, and whether anything vouches for it.
fn model(told: &Authenticator) -> Option<String> {
    let aaguid = told.aaguid.as_ref()?;
    Some(match told.attestation {
        Attestation::Certified => format!("model {aaguid}, attested"),
        Attestation::None | Attestation::Own => format!("model {aaguid}"),
    })
}

fn session_rows(visit: &Visit<'_>, own: &Session) -> Vec<SessionRow> {
    let view = visit.identity.engine().view();
    let mut sessions: Vec<_> = view
        .facts
        .sessions_of(own.user)
        .filter(|session| session.over(visit.now).is_none())
        .collect();
    sessions.sort_by_key(|s| (s.id != own.id, std::cmp::Reverse((s.started, s.id))));
    let row = |session: &&std::sync::Arc<Session>| SessionRow {
        id: session.id,
        client: session.client.to_string(),
        here: (session.id == own.id).then(|| Chip::allow("this one")),
        started: visit.past(session.started),
        used: visit.past(session.seen.at().max(session.started)),
        how: signed_in_words(&session.authn, visit.now).unwrap_or_default(),
    };
    sessions.iter().map(row).collect()
}

/// Ends one of the person's own sessions; of another's it says nothing.
pub(super) async fn end_session(visit: &Visit<'_>) -> Answer {
    let person = visit.person()?;
    let form = visit.form()?;
    let id = form
        .value("session")
        .and_then(|text| text.parse::<SessionId>().ok());
    let view = visit.identity.engine().view();
    let own = id
        .and_then(|id| view.facts.session(id))
        .filter(|session| session.user == person.user.id);
    let Some(session) = own else {
        return Ok(redirect("/"));
    };
    visit
        .identity
        .end_session(session.id, EndReason::SignedOut, person.actor(), None)
        .await
        .map_err(|error| visit.out_of_order(error.into()))?;
    if session.id == person.session.id {
        return with_cookie(redirect("/sign-in"), cookies::no_session());
    }
    Ok(redirect("/"))
}
