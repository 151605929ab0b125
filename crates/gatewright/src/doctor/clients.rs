//! Clients of the authorisation server: whether each is on, and whether any policy lets people
//! sign in through it, or lets it have a token.

use gw_model::{Action, AppName, Client, ClientOwner, Principal, Resource, Snapshot};
use gw_oauth::GrantType;
use gw_policy::{Policies, PrincipalScopes, Reach, ResourceScopes};
use gw_store::Loaded;

use super::finding::Finding;
use crate::{
    clock::now,
    config::{Config, Registration, WantedClient, facts},
    policy_folder,
};

const ABOUT: &str = "client";

pub(super) fn look(config: &Config, stored: Option<&Loaded>) -> Vec<Finding> {
    let stored = stored.map(|loaded| &loaded.facts);
    let facts = as_declared(config, stored);
    let reach = policies(config, stored).map(|policies| Reach::of(&policies));
    let declared = config.wanted.clients.iter();
    let mut found: Vec<_> = declared
        .map(|client| of_one(client, &facts, reach.as_ref()))
        .collect();
    found.extend(
        stored
            .into_iter()
            .flat_map(|facts| left_over(config, facts)),
    );
    found
}

/// The facts as they are once the file is in force.
fn as_declared(config: &Config, stored: Option<&Snapshot>) -> Snapshot {
    let present = stored
        .cloned()
        .unwrap_or_else(|| Snapshot::empty(Default::default()));
    let changes = facts::difference(&config.wanted, &present);
    present.apply(present.epoch, &changes).unwrap_or(present)
}

/// Those in force; those of the folder where none are yet.
fn policies(config: &Config, stored: Option<&Snapshot>) -> Option<Policies> {
    let in_force = stored.map(|facts| &facts.policies().files);
    match in_force.filter(|files| !files.is_empty()) {
        Some(files) => gw_policy::load(files).ok(),
        None => gw_policy::load(&policy_folder::read(&config.policies.folder).ok()?).ok(),
    }
}

fn of_one(client: &WantedClient, facts: &Snapshot, reach: Option<&Reach>) -> Finding {
    let name = &client.name;
    let fact = facts.client_named(name);
    if fact.is_some_and(|fact| fact.suspended) {
        let help = format!("gatewright client resume {name}");
        return Finding::look(ABOUT, name, "somebody switched it off").try_this(help);
    }
    if client.disabled {
        let off = "the configuration file switches it off (`enabled = false`)";
        return Finding::look(ABOUT, name, off);
    }
    let Some((fact, reach)) = fact.zip(reach) else {
        return Finding::look(ABOUT, name, "there are no policies that could be looked at");
    };
    let shut = client
        .app
        .as_ref()
        .and_then(|app| nobody_signs_in(app, facts, reach))
        .or_else(|| no_tokens(client, fact, facts, reach));
    match shut {
        Some((what, help)) => Finding::wrong(ABOUT, name, what).try_this(help),
        None => as_registered(client),
    }
}

fn as_registered(client: &WantedClient) -> Finding {
    let name = &client.name;
    match &client.registration {
        Registration::OAuth(registration) => Finding::fine(
            ABOUT,
            name,
            format!(
                "is on, and shows who it is by `{}`",
                registration.authentication.name()
            ),
        ),
        Registration::Saml(saml) => match saml.valid_until.filter(|until| *until <= now()) {
            Some(_) => Finding::wrong(
                ABOUT,
                name,
                "its metadata is out of date: nobody signs in to it",
            )
            .try_this("put a newer file in its place (`metadata`)"),
            None => Finding::fine(
                ABOUT,
                name,
                format!("is on, and speaks SAML as `{}`", saml.entity_id),
            ),
        },
    }
}

/// That no permit is about signing in to its app, whoever does.
fn nobody_signs_in(app: &AppName, facts: &Snapshot, reach: &Reach) -> Option<(String, String)> {
    let resource = Resource::App(app.clone());
    let asked = (Action::OidcAuthorize, &resource);
    let scopes = ResourceScopes::of(facts, Principal::Anonymous, asked, now());
    let is_open = scopes.is_some_and(|scopes| reach.may_reach(Action::OidcAuthorize, &scopes));
    (!is_open).then(|| {
        (
            format!("no policy permits `oidc.authorize` on its app: nobody signs in to `{app}` through it"),
            format!("permit (principal in Group::\"…\", action == Action::\"oidc.authorize\", resource == App::\"{app}\");"),
        )
    })
}

/// That no permit lets it have a token in its own name, where it may ask for one.
fn no_tokens(
    client: &WantedClient,
    fact: &Client,
    facts: &Snapshot,
    reach: &Reach,
) -> Option<(String, String)> {
    if !client.oauth()?.may(GrantType::ClientCredentials) {
        return None;
    }
    let asked = (Action::TokenIssue, &Resource::System);
    let scopes = PrincipalScopes::of(facts, Principal::Client(fact.id), asked, now());
    let reached = scopes.map(|scopes| reach.reached(&scopes, Action::TokenIssue));
    reached.is_none_or(|reached| reached.is_empty()).then(|| {
        (
            "no policy permits it `token.issue`: it is given no token in its own name".to_owned(),
            "permit (principal in Group::\"…\", action == Action::\"token.issue\", resource == App::\"…\"); and put it into that group".to_owned(),
        )
    })
}

/// What the file does not name any more.
fn left_over(config: &Config, facts: &Snapshot) -> Vec<Finding> {
    let is_declared = |client: &Client| {
        let mut declared = config.wanted.clients.iter();
        declared.any(|declared| declared.name == client.name)
    };
    let others = facts
        .clients()
        .filter(|client| client.owner == ClientOwner::Configuration && !is_declared(client));
    let look = |client: &std::sync::Arc<Client>| {
        let what =
            "the configuration file does not name it any more, so that it is off; its id is kept";
        Finding::look(ABOUT, &client.name, what)
    };
    others.map(look).collect()
}

#[cfg(test)]
mod tests {
    use gw_model::{Epoch, PolicyFile};

    use super::*;

    const CLIENTS: &str = r#"
version = 1
listen.https = []
authentication.host = "auth.test"
portal.host = "home.test"
[[group]]
name = "robots"
[[app]]
name = "wiki"
host = "wiki.test"
upstream = "http://127.0.0.1:1"
tags = ["docs"]
[[client]]
name = "wiki"
type = "browser"
app = "wiki"
redirect_uris = ["https://wiki.test/"]
[[client]]
name = "builder"
type = "service"
certificate = { san_dns = "builder.test" }
groups = ["robots"]
"#;

    fn findings(policy: &str) -> Vec<String> {
        let config = crate::config::check(
            std::path::Path::new("/etc/gatewright/gatewright.toml"),
            CLIENTS,
            &crate::config::NoFiles,
        );
        let config = config.unwrap();
        let facts = as_declared(&config, None);
        let file = PolicyFile {
            name: "a.cedar".into(),
            text: policy.into(),
        };
        let reach = Reach::of(&gw_policy::load(&[file]).unwrap());
        let clients = config.wanted.clients.iter();
        let of_each = clients.map(|client| of_one(client, &facts, Some(&reach)));
        of_each
            .map(|finding| format!("{:?} {}: {}", finding.state, finding.which, finding.what))
            .collect()
    }

    #[test]
    fn a_client_that_no_policy_opens_anything_for_is_pointed_at() {
        let none = findings(
            "@id(\"a\") permit (principal in Group::\"robots\", action == Action::\"http.request\", resource in App::\"wiki\");",
        );
        assert!(
            none[0].starts_with("Wrong wiki: no policy permits `oidc.authorize`"),
            "{none:?}"
        );
        assert!(
            none[1].starts_with("Wrong builder: no policy permits it `token.issue`"),
            "{none:?}"
        );
        for resource in [
            "resource == App::\"wiki\"",
            "resource in Tag::\"docs\"",
            "resource",
        ] {
            let both = findings(&format!(
                "@id(\"a\") permit (principal in Group::\"robots\", action in [Action::\"oidc.authorize\", Action::\"token.issue\"], {resource});"
            ));
            assert_eq!(
                both,
                [
                    "Fine wiki: is on, and shows who it is by `none`",
                    "Fine builder: is on, and shows who it is by `tls_client_auth`",
                ]
            );
        }
        let forbidden = findings(
            "@id(\"a\") forbid (principal, action == Action::\"oidc.authorize\", resource == App::\"wiki\");",
        );
        assert!(
            forbidden[0].starts_with("Wrong"),
            "a forbid opens nothing: {forbidden:?}"
        );
        let others = findings(
            "@id(\"a\") permit (principal in Group::\"owners\", action == Action::\"token.issue\", resource == App::\"wiki\");",
        );
        assert!(
            others[1].starts_with("Wrong"),
            "what is for others is not for it: {others:?}"
        );
    }

    #[test]
    fn what_the_file_no_longer_names_is_told() {
        let config = |text: &str| {
            let file = std::path::Path::new("/etc/gatewright/gatewright.toml");
            crate::config::check(file, text, &crate::config::NoFiles).unwrap()
        };
        let facts = as_declared(&config(CLIENTS), None);
        let less = config(CLIENTS.split("[[client]]").next().unwrap());
        let found = left_over(&less, &facts);
        let names: Vec<_> = found.iter().map(|finding| &*finding.which).collect();
        assert_eq!(names, ["builder", "wiki"]);
        assert!(left_over(&config(CLIENTS), &facts).is_empty());
        assert_eq!(facts.epoch, Epoch::default());
    }
}
