//! The apps that somebody signed in to, and what they were given: seen, and taken back.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use gw_engine::{Commit, CommitError};
use gw_model::{Actor, Change, Revocation, Timestamp, UserId};
use gw_oauth::RefreshEnd;
use gw_pages::{Moment, Page, redirect};
use gw_store::Refused;
use http::header;

use crate::{
    clients::title_of,
    issue,
    kept::{self, KeptCode, KeptConsent, KeptDevice, KeptError, KeptFamily, KeptGrant, KeptLogin},
    pages,
    redeem::{Failed, TRIES},
    saml::{self, After},
    server::paths,
    visit::{Answer, SignedIn, Visit},
};

/// One app, as the page shows it.
#[derive(Debug, Default)]
struct Seen {
    /// When the person last signed in to it, as far as it is known.
    last: Option<Timestamp>,
    /// Whether it goes on without the person.
    is_offline: bool,
    /// Whether they were asked, and agreed.
    is_agreed: bool,
}

struct Row {
    client: String,
    title: Arc<str>,
    last: Option<Moment>,
    is_offline: bool,
    is_agreed: bool,
}

#[derive(Template)]
#[template(path = "apps.html")]
struct Content {
    rows: Vec<Row>,
}

/// Shows them.
pub(crate) async fn show(visit: &Visit) -> Answer {
    let Some(person) = &visit.person else {
        return Ok(redirect("/sign-in"));
    };
    let seen = seen(visit, person.user.id).await;
    let seen = seen.map_err(|fault| pages::failed("what somebody signed in to", &fault))?;
    let view = visit.server.engine().view();
    let zone = &view.facts.settings().time_zone;
    let row = |(client, seen): (String, Seen)| {
        let name = client.parse().ok();
        let known = name.and_then(|name| view.facts.client_named(&name));
        Row {
            title: known.map_or_else(
                || client.as_str().into(),
                |known| title_of(known, &view.facts),
            ),
            last: seen.last.map(|at| Moment::past(at, visit.now, zone)),
            is_offline: seen.is_offline,
            is_agreed: seen.is_agreed,
            client,
        }
    };
    let rows = seen.into_iter().map(row).collect();
    Ok(Page::new("Apps that you signed in to")
        .links(visit.links())
        .render(&Content { rows }))
}

/// By the names of their clients.
async fn seen(visit: &Visit, person: UserId) -> Result<BTreeMap<String, Seen>, KeptError> {
    let engine = visit.server.engine();
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    for login in kept::of::<KeptLogin>(engine, person).await? {
        let one = seen.entry(login.value.client).or_default();
        one.last = one.last.max(Some(login.value.last));
    }
    for family in kept::of::<KeptFamily>(engine, person).await? {
        let kept = family.value;
        if kept.family.is_good(visit.now) {
            let authorization = &kept.family.authorization;
            let name = authorization.client_id.as_str().to_owned();
            let one = seen.entry(name).or_default();
            one.is_offline |= authorization.is_offline();
            one.last = one.last.max(Some(kept.granted.at));
        }
    }
    for consent in kept::of::<KeptConsent>(engine, person).await? {
        let one = seen.entry(consent.value.client).or_default();
        one.is_agreed = true;
        one.last = one.last.max(Some(consent.value.at));
    }
    Ok(seen)
}

/// Takes back what one of them was given.
pub(crate) async fn take_back(visit: &Visit) -> Answer {
    let Some(person) = &visit.person else {
        return Ok(redirect("/sign-in"));
    };
    let form = visit.form()?;
    let client = form.value("client").unwrap_or_default();
    let way = saml::begin_leaving(
        &visit.server,
        &person.session,
        |one| one == client,
        After::To(paths::APPS.to_owned()),
    );
    let way = way.await;
    let way = way.map_err(|fault| pages::failed("who is told of a sign-out", &fault))?;
    let taken = take_all(visit, person, client).await;
    taken.map_err(|fault| pages::failed("what an app was given was not taken back", &fault))?;
    Ok(match way {
        // The way leads elsewhere, where forms of this page may not.
        Some(way) => {
            let mut answer = gw_pages::onward(&way.path);
            answer.headers_mut().append(header::SET_COOKIE, way.cookie);
            answer
        }
        None => redirect(paths::APPS),
    })
}

async fn take_all(visit: &Visit, person: &SignedIn, client: &str) -> Result<(), Failed> {
    let mut tried = Err(CommitError::Refused(Refused::Stale));
    for _ in 0..TRIES {
        let commit = all_of(visit, person, client).await?;
        tried = visit.server.engine().commit(commit).await.map(drop);
        if !matches!(tried, Err(CommitError::Refused(Refused::Stale))) {
            break;
        }
    }
    Ok(tried?)
}

/// What ends all that a client was given of a person.
async fn all_of(visit: &Visit, person: &SignedIn, client: &str) -> Result<Commit, Failed> {
    let engine = visit.server.engine();
    let who = person.user.id;
    let what = "took back what an app was given";
    let mut commit = Commit::new(Actor::User(who), what).within(person.session.id);
    for found in kept::of::<KeptFamily>(engine, who).await? {
        let family = &found.value.family;
        if family.authorization.client_id.as_str() != client || family.ended.is_some() {
            continue;
        }
        let ended = KeptFamily {
            family: family.end(RefreshEnd::Revoked),
            granted: found.value.granted,
        };
        let put = found.replaced(&ended, found.owner, found.expires);
        commit = commit.effect(put.effect()?);
    }
    for found in kept::of::<KeptGrant>(engine, who).await? {
        let authorization = &found.value.authorization;
        if authorization.client_id.as_str() == client
            && let Ok(token) = authorization.id.as_str().parse()
        {
            commit = commit.change(Change::TokenRevoked(Revocation {
                token,
                until: issue::last_end(visit.now),
                version: 0,
            }));
        }
    }
    for found in kept::of::<KeptConsent>(engine, who).await? {
        if found.value.client == client {
            commit = commit.effect(found.removed());
        }
    }
    for found in kept::of::<KeptCode>(engine, who).await? {
        if found.value.record.authorization.client_id.as_str() == client {
            commit = commit.effect(found.removed());
        }
    }
    for found in kept::of::<KeptDevice>(engine, who).await? {
        if found.value.record.client_id.as_str() == client {
            commit = commit.effect(found.removed());
        }
    }
    for found in kept::of::<KeptLogin>(engine, who).await? {
        if found.value.client == client {
            // Nobody's any more: the client is told that it is over.
            let put = found.replaced(&found.value, None, found.expires);
            commit = commit.effect(put.effect()?);
        }
    }
    Ok(commit)
}
