//! What happened to one's account lately, and saying that one knows of it.

use gw_model::{FactorKind, Timestamp};
use gw_pages::{Chip, Moment, redirect, signed_in_words};
use gw_store::LinkKind;

use super::{Answer, visit::Visit};
use crate::{Unavailable, identity::Person, news::What};

/// A line of the account page.
pub(super) struct NewsRow {
    pub(super) what: String,
    pub(super) how: String,
    pub(super) at: Moment,
    pub(super) new: Option<Chip>,
}

/// What happened, and until when that tells all.
pub(super) struct NewsRows {
    pub(super) rows: Vec<NewsRow>,
    pub(super) any_new: bool,
    pub(super) until: u64,
}

pub(super) async fn rows(visit: &Visit<'_>, person: &Person) -> Result<NewsRows, Unavailable> {
    let all = visit.identity.news(&person.user, person.session.id).await?;
    let any_new = all.iter().any(|news| news.is_new);
    let rows = all.into_iter().map(|news| {
        let (what, how) = words(&news.what, visit.now);
        NewsRow {
            what,
            how,
            at: visit.past(news.at),
            new: news.is_new.then(|| Chip::step_up("new")),
        }
    });
    Ok(NewsRows {
        rows: rows.collect(),
        any_new,
        until: visit.now.as_millis(),
    })
}

fn words(what: &What, now: Timestamp) -> (String, String) {
    match what {
        What::SignIn { client, authn } => {
            let how = signed_in_words(authn, now).unwrap_or_default();
            (format!("Signed in: {client}"), how)
        }
        What::Factor { kind, name } => match kind {
            FactorKind::Passkey => ("A passkey was added".into(), name.to_string()),
            FactorKind::RecoveryCodes => ("Recovery codes were made".into(), String::new()),
            FactorKind::Password => ("The password was set".into(), String::new()),
            FactorKind::Totp => ("An authenticator app was added".into(), String::new()),
        },
        What::Link { kind, made_by } => {
            let what = match kind {
                LinkKind::SignIn => "A link to sign in as you was made",
                LinkKind::Enrolment => "A link to set up your first way to sign in was made",
                LinkKind::Recovery => "A link to remove all that you sign in with was made",
            };
            (what.into(), format!("by {made_by}"))
        }
    }
}

/// What is shown stays shown: only that it is new does not.
pub(super) async fn know(visit: &Visit<'_>) -> Answer {
    let person = visit.person()?;
    let fields = visit.form()?;
    let until = fields.value("until").and_then(|text| text.parse().ok());
    if let Some(until) = until {
        let known = visit
            .identity
            .know_news(person, Timestamp::from_millis(until))
            .await;
        known.map_err(|unavailable| visit.out_of_order(unavailable))?;
    }
    Ok(redirect("/"))
}
