//! What an app is told of a person: as whom, and what else.

use gw_model::{SamlClient, SamlClientNames, SamlFact, SessionId, Snapshot, User};
use gw_oauth::{PairwiseKey, Scopes};
use gw_saml::{NameId, formats, sp::Attribute};

use super::{app::SamlApp, entity};
use crate::{
    server::AuthorizationServer,
    visit::{SignedIn, Visit},
};

/// Why an app cannot be told who somebody is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NameFault {
    #[error("it asks for names of another kind than it is declared with")]
    Format,
    #[error("the person has no mail address")]
    NoAddress,
    #[error("nobody has made sure that the person's mail address is theirs")]
    Unverified,
    #[error("somebody else here has the person's mail address too")]
    Shared,
}

/// Whether an app may ask for names of this format.
pub(super) fn is_had(declared: &SamlClient, format: Option<&str>) -> bool {
    format.is_none_or(|format| {
        [
            formats::UNSPECIFIED,
            formats::TRANSIENT,
            format_of(declared.names),
        ]
        .contains(&format)
    })
}

const fn format_of(names: SamlClientNames) -> &'static str {
    match names {
        SamlClientNames::Persistent => formats::PERSISTENT,
        SamlClientNames::Email => formats::EMAIL,
        SamlClientNames::UserName => formats::UNSPECIFIED,
    }
}

/// The person's name as this app is told it.
pub(super) fn name_of(
    visit: &Visit,
    app: &SamlApp,
    person: &SignedIn,
    format: Option<&str>,
) -> Result<NameId, NameFault> {
    let (declared, server) = (&app.read.declared, &visit.server);
    if !is_had(declared, format) {
        return Err(NameFault::Format);
    }
    let pairwise = &server.shared.pairwise;
    if format == Some(formats::TRANSIENT) {
        let value = pairwise.of_sector(
            &sector("transient", app.entity()),
            &person.session.id.to_string(),
        );
        return Ok(named(server, app.entity(), value, formats::TRANSIENT));
    }
    let value = match declared.names {
        SamlClientNames::Persistent => persistent(pairwise, app.entity(), &person.user),
        SamlClientNames::UserName => person.user.name.to_string(),
        SamlClientNames::Email => address(&server.engine().view().facts, &person.user)?,
    };
    Ok(named(
        server,
        app.entity(),
        value,
        format_of(declared.names),
    ))
}

/// A mail address says who somebody is only where somebody made sure of it, and of one alone.
fn address(facts: &Snapshot, user: &User) -> Result<String, NameFault> {
    if user.email.is_none() {
        return Err(NameFault::NoAddress);
    }
    let address = facts.address_of(user).ok_or(NameFault::Unverified)?;
    match facts.shares_address(user) {
        true => Err(NameFault::Shared),
        false => Ok(address.to_string()),
    }
}

/// With its qualifiers, where it is between us and that app (Core 8.3.7).
pub(super) fn named(
    server: &AuthorizationServer,
    app: &str,
    value: String,
    format: &str,
) -> NameId {
    let is_between = matches!(format, formats::PERSISTENT | formats::TRANSIENT);
    NameId {
        value,
        format: Some(format.to_owned()),
        name_qualifier: is_between.then(|| entity(server)),
        sp_name_qualifier: is_between.then(|| app.to_owned()),
    }
}

fn persistent(pairwise: &PairwiseKey, app: &str, user: &User) -> String {
    pairwise.of_sector(&sector("person", app), &user.id.to_string())
}

/// What a session is called to this app, and to no other.
pub(super) fn session_index(server: &AuthorizationServer, app: &str, session: SessionId) -> String {
    let sector = sector("session", app);
    let pairwise = &server.shared.pairwise;
    pairwise.of_sector(&sector, &session.to_string())
}

/// No client of OpenID Connect has one with a colon.
fn sector(what: &str, app: &str) -> String {
    format!("saml:{what}:{app}")
}

/// What else an app is told. An attribute cannot say that nobody made sure of an address: such a one
/// is not told.
pub(super) fn attributes(visit: &Visit, app: &SamlApp, user: &User) -> Vec<Attribute> {
    let view = visit.server.engine().view();
    let facts = &view.facts;
    let told = app.read.declared.tells.iter();
    let told = told.filter_map(|fact| {
        let (name, values) = match fact {
            SamlFact::Name => ("uid", vec![user.name.to_string()]),
            SamlFact::Email => ("mail", vec![facts.address_of(user)?.to_string()]),
            SamlFact::DisplayName => ("displayName", vec![user.display_name.to_string()]),
            SamlFact::Groups => ("groups", groups(visit, user)),
        };
        (!values.is_empty()).then(|| Attribute {
            name: name.to_owned(),
            name_format: None,
            friendly_name: None,
            values,
        })
    });
    told.collect()
}

fn groups(visit: &Visit, user: &User) -> Vec<String> {
    let view = visit.server.engine().view();
    let (groups, _) = view.facts.groups_of(user, visit.now);
    groups
        .iter()
        .map(|group| group.as_str().to_owned())
        .collect()
}

/// The same in the words by which people agree to it.
pub(super) fn scopes(declared: &SamlClient) -> Scopes {
    let has = |fact| declared.tells.contains(&fact);
    let is_profile = has(SamlFact::Name) || has(SamlFact::DisplayName);
    let words = [
        ("openid", true),
        (
            "profile",
            is_profile || declared.names == SamlClientNames::UserName,
        ),
        (
            "email",
            has(SamlFact::Email) || declared.names == SamlClientNames::Email,
        ),
        ("groups", has(SamlFact::Groups)),
    ];
    let words = words
        .into_iter()
        .filter_map(|(word, is)| is.then_some(word));
    Scopes::parse(&words.collect::<Vec<_>>().join(" ")).unwrap_or_default()
}
