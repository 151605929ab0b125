//! `gatewright client show`: what one is.

use std::process::ExitCode;

use gw_api::types::{ClientSecretView, ClientView, RegistrationView, SamlRegistrationView};
use gw_model::{ClientName, Consent, GroupName, Timestamp};
use http::Method;

use crate::{
    command::{Shell, converse},
    output::{Cell, Table, when},
};

pub(super) fn run(shell: &Shell, name: &ClientName) -> crate::command::Done {
    let client = shell.client()?;
    let path = format!("/v1/clients/{name}");
    let answer: ClientView = converse(async { Ok(client.call(Method::GET, &path).await?) })?;
    let now = crate::clock::now();
    shell
        .output
        .either(&answer, || shell.output.table(&table(&answer, now)))?;
    Ok(ExitCode::SUCCESS)
}

fn table(client: &ClientView, now: Timestamp) -> Table {
    let mut table = Table::new(&["", ""]);
    table.row([Cell::soft("name"), Cell::text(client.name.as_str())]);
    table.row([Cell::soft("state"), super::state(client)]);
    for (what, text) in about(client, now) {
        table.row([Cell::soft(what), Cell::text(text)]);
    }
    let registered = match (&client.registration, &client.saml) {
        (Some(registration), _) => Some(rows(registration, now)),
        (None, Some(saml)) => Some(saml_rows(saml, now)),
        (None, None) => None,
    };
    match registered {
        Some(rows) => {
            for (what, text) in rows {
                table.row([Cell::soft(what), Cell::text(text)]);
            }
        }
        None => {
            let words = "cannot be read: it is given nothing";
            table.row([Cell::soft("registration"), Cell::text(words)]);
        }
    }
    table
}

/// What it is here.
fn about(client: &ClientView, now: Timestamp) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("id", client.id.to_string()),
        ("title", client.title.to_string()),
    ];
    rows.extend(client.app.iter().map(|app| ("app", app.to_string())));
    if client.app.is_some() {
        let asks = match client.consent {
            Consent::Ask => "before it is told of them",
            Consent::Never => "never: whoever declared it agreed for them",
        };
        rows.push(("asks people", asks.to_owned()));
    }
    let groups: Vec<_> = client.groups.iter().map(GroupName::as_str).collect();
    rows.extend(listed("groups", &groups));
    let attributes = client.attributes.iter();
    let attributes: Vec<_> = attributes
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    rows.extend(listed("attributes", &attributes));
    if let Some(from) = client.tokens_from {
        rows.push((
            "tokens",
            format!("count since they were taken back, {}", when(from, now)),
        ));
    }
    rows
}

fn rows(of: &RegistrationView, now: Timestamp) -> Vec<(&'static str, String)> {
    let shows = match &*of.authentication {
        "none" => "nothing: it is public".to_owned(),
        other => other.to_owned(),
    };
    let mut rows = vec![("shows", shows)];
    rows.extend(of.secrets.iter().map(|one| ("secret", secret(one, now))));
    rows.extend(of.keys_uri.iter().map(|uri| ("keys", uri.clone())));
    rows.extend(of.keys.iter().map(|key| ("key", key.clone())));
    rows.extend(
        of.certificate
            .iter()
            .map(|name| ("certificate", name.clone())),
    );
    rows.extend(of.workloads.iter().map(|rule| ("workload", rule.clone())));
    rows.push((
        "runs",
        match &*of.application_type {
            "native" => "on people's own devices".to_owned(),
            _ => "on a server, or in a page".to_owned(),
        },
    ));
    for (what, all) in [
        ("grants", &of.grant_types),
        ("answers to", &of.redirect_uris),
        ("after sign-out", &of.post_logout_redirect_uris),
        ("scopes", &of.scopes),
        ("resources", &of.resources),
        ("serves", &of.serves),
        ("classes", &of.default_acr_values),
    ] {
        rows.extend(listed(what, all));
    }
    rows.extend(
        of.backchannel_logout_uri
            .iter()
            .map(|uri| ("told of ends", uri.clone())),
    );
    let ids = of.sector.as_ref().map_or_else(
        || "the same as others".to_owned(),
        |sector| format!("ones of its own, for {sector}"),
    );
    rows.push(("people's ids", ids));
    rows.push(("ID tokens", of.id_token_algorithm.clone()));
    rows.extend(
        of.userinfo_algorithm
            .iter()
            .map(|by| ("userinfo", by.clone())),
    );
    rows.extend(
        of.default_max_age_secs
            .map(|secs| ("sign-in within", format!("{secs} s"))),
    );
    let must: Vec<_> = [
        (of.require_pushed, "pushed requests"),
        (of.proof_key_required, "proof keys"),
        (of.dpop_bound, "tokens bound to a key"),
        (of.certificate_bound, "tokens bound to its certificate"),
        (of.require_auth_time, "the time of the sign-in"),
    ]
    .into_iter()
    .filter_map(|(must, what)| must.then_some(what))
    .collect();
    rows.extend(listed("requires", &must));
    rows
}

fn saml_rows(of: &SamlRegistrationView, now: Timestamp) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("speaks", "SAML 2.0".to_owned()),
        ("entity id", of.entity_id.clone()),
    ];
    rows.extend(listed("answers to", &of.consumers));
    rows.extend(of.sign_out.iter().map(|at| ("told of ends", at.clone())));
    let signed = match of.requires_signed {
        true => "must be signed",
        false => "may be unsigned",
    };
    rows.push((
        "requests",
        format!("{signed}; {} certificates", of.certificates),
    ));
    let assertions = match of.encrypted {
        true => "signed, and encrypted to it",
        false => "signed",
    };
    rows.push(("assertions", assertions.to_owned()));
    rows.push(("names", of.names.as_str().to_owned()));
    let tells: Vec<_> = of.tells.iter().map(|fact| fact.as_str()).collect();
    rows.extend(listed("is told", &tells));
    if of.idp_initiated {
        rows.push(("begins", "at its card in the portal, too".to_owned()));
    }
    let until = of.valid_until;
    rows.extend(until.map(|until| ("metadata", format!("is good until {}", when(until, now)))));
    rows
}

fn secret(secret: &ClientSecretView, now: Timestamp) -> String {
    let since = format!("known since {}", when(secret.since, now));
    match secret.expires {
        Some(expires) => format!("{since}, good until {}", when(expires, now)),
        None => since,
    }
}

fn listed<T: AsRef<str>>(what: &'static str, all: &[T]) -> Option<(&'static str, String)> {
    let all: Vec<_> = all.iter().map(AsRef::as_ref).collect();
    (!all.is_empty()).then(|| (what, all.join(", ")))
}
