//! `gatewright provider show`: what one is, and who is known there.

use std::{collections::BTreeMap, process::ExitCode, sync::Arc};

use gw_api::types::{Listing, MembershipRuleView, ProviderView, UserView, WordsView};
use gw_model::{FoundBy, GroupName, ProviderName};
use http::Method;
use serde_json::json;

use crate::{
    command::{Shell, converse},
    output::{Cell, Table},
};

/// People who are named; more are counted.
const NAMED_MAX: usize = 20;

pub(super) fn run(shell: &Shell, name: &ProviderName) -> crate::command::Done {
    let client = shell.client()?;
    let (path, at) = (
        format!("/v1/providers/{name}"),
        format!("/v1/users?provider={name}"),
    );
    let (provider, people) = converse(async {
        let provider: ProviderView = client.call(Method::GET, &path).await?;
        let people: Listing<UserView> = client.list(&at).await?;
        Ok((provider, people.items))
    })?;
    if shell.output.json {
        let names: Vec<_> = people.iter().map(|user| &user.name).collect();
        let told = json!({ "provider": provider, "people": names });
        shell.output.json(&told)?;
        return Ok(ExitCode::SUCCESS);
    }
    shell.output.table(&table(&provider, &people))?;
    Ok(ExitCode::SUCCESS)
}

fn table(provider: &ProviderView, people: &[UserView]) -> Table {
    let mut table = Table::new(&["", ""]);
    table.row([Cell::soft("name"), Cell::text(provider.name.as_str())]);
    table.row([Cell::soft("state"), super::state(provider)]);
    for (what, text) in rows(provider) {
        table.row([Cell::soft(what), Cell::text(text)]);
    }
    for user in people.iter().take(NAMED_MAX) {
        let here = user.identities.iter();
        let here = here.filter(|identity| identity.provider == provider.name);
        for identity in here {
            let words = format!("{} is {} there", user.name, identity.subject);
            table.row([Cell::soft("knows"), Cell::text(words)]);
        }
    }
    let more = people.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        table.row([Cell::soft(""), Cell::text(format!("and {more} more"))]);
    }
    table
}

/// What the configuration file says of it, and what rests on it.
fn rows(provider: &ProviderView) -> Vec<(&'static str, String)> {
    let people = &provider.people;
    let mut rows = vec![
        ("title", provider.title.to_string()),
        ("issuer", provider.issuer.to_string()),
    ];
    if let Some(client) = &provider.client_id {
        rows.push(("client", client.to_string()));
        rows.push(("asked for", format!("openid {}", provider.scopes.join(" "))));
    }
    if let Some(saml) = &provider.saml {
        rows.push(("signs on at", saml.sign_on.to_string()));
        rows.push(("keys", saml.certificates.to_string()));
    }
    if let Some(scim) = provider.scim.as_ref().or(provider.directory.as_ref()) {
        rows.push(("fills", names(&scim.fills)));
        if !scim.over.is_empty() {
            rows.push(("over", names(&scim.over)));
        }
    }
    if !people.required.is_empty() {
        rows.push(("lets in", tests(&people.required)));
    }
    let found = match people.found_by {
        FoundBy::Link => "nobody by itself: they are linked",
        FoundBy::Name => "people by the name that they sign in with",
        FoundBy::VerifiedEmail => "people by their verified mail address",
    };
    rows.push(("finds", found.to_owned()));
    if people.provision {
        let words = format!("whoever is new, called as `{}` says", people.name_claim);
        rows.push(("adds", words));
    }
    rows.extend(provider.memberships.iter().map(|rule| ("puts", puts(rule))));
    for (what, counts) in [
        ("two factors", &provider.assurance.multi_factor),
        ("no phishing", &provider.assurance.phishing_resistant),
    ] {
        rows.extend(words(counts).map(|words| (what, words)));
    }
    rows.push(("people", provider.linked.to_string()));
    rows.push(("sessions", provider.sessions.to_string()));
    rows
}

fn tests(tests: &BTreeMap<Arc<str>, Vec<Arc<str>>>) -> String {
    let test = |(claim, values): (&Arc<str>, &Vec<Arc<str>>)| {
        format!("{claim} is {}", values.join(" or "))
    };
    let all: Vec<_> = tests.iter().map(test).collect();
    all.join(", and ")
}

/// Groups, beside those that it made.
fn names(groups: &[GroupName]) -> String {
    let groups: Vec<_> = groups.iter().map(GroupName::as_str).collect();
    match groups.is_empty() {
        true => "no others than its own".to_owned(),
        false => groups.join(", "),
    }
}

fn puts(rule: &MembershipRuleView) -> String {
    let groups: Vec<_> = rule.groups.iter().map(GroupName::as_str).collect();
    let groups = groups.join(", ");
    match rule.when.is_empty() {
        true => format!("everybody into {groups}"),
        false => format!("into {groups} of whom {}", tests(&rule.when)),
    }
}

fn words(words: &WordsView) -> Option<String> {
    let acr = words.acr.iter().map(|word| format!("acr {word}"));
    let all: Vec<_> = acr
        .chain(words.amr.iter().map(|word| format!("amr {word}")))
        .collect();
    (!all.is_empty()).then(|| all.join(" or "))
}
