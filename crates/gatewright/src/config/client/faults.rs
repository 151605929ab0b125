//! What does not go together in a declared client, told by the keys of the file.

use gw_oauth::{Client, ClientFault, GrantType, ProofKey, RedirectUri};

use super::{signs_in, words::Kind};
use crate::config::reader::Section;

pub(super) fn check(section: &Section<'_>, kind: Kind, client: &Client) {
    let known = inconsistent(kind, client);
    let is_known =
        |fault: &ClientFault| matches!(fault, ClientFault::Inconsistent(_)) && !known.is_empty();
    let others = client.check().into_iter().filter(|fault| !is_known(fault));
    let others: Vec<_> = others.map(|fault| told(&fault, client)).collect();
    for (key, what) in known.into_iter().chain(others) {
        section.fault(key, what);
    }
}

/// Keys that do not go together, each by its own name.
fn inconsistent(kind: Kind, client: &Client) -> Vec<(&'static str, String)> {
    let (is_public, word) = (client.is_public(), kind.word());
    let of = |is: bool, key, what: String| is.then_some((key, what));
    let all = [
        of(
            is_public && client.proof_key == ProofKey::Optional,
            "proof_key",
            format!(
                "is \"optional\", and a `{word}` client has nothing else to show: leave it away"
            ),
        ),
        of(
            is_public && client.may(GrantType::ClientCredentials),
            "grants",
            format!(
                "has \"client-credentials\", and a `{word}` client has none of its own: set `type = \"service\"` or \"web\""
            ),
        ),
        of(
            client.may(GrantType::RefreshToken) && !signs_in(&client.grant_types),
            "grants",
            "has \"refresh\" without \"code\" or \"device-code\", which refresh tokens come from"
                .to_owned(),
        ),
    ];
    all.into_iter().flatten().collect()
}

fn told(fault: &ClientFault, client: &Client) -> (&'static str, String) {
    match fault {
        ClientFault::RedirectUri { position, fault } => {
            let uri = client.redirect_uris.get(*position);
            let uri = uri.map_or("", RedirectUri::as_str);
            let what = format!(
                "has `{uri}`, and {fault}: write `https://…`, or `type = \"native\"` where it runs on a person's own device"
            );
            ("redirect_uris", what)
        }
        ClientFault::TooManyRedirectUris => ("redirect_uris", fault.to_string()),
        ClientFault::NoRedirectUri => {
            let what = "is missing: name where answers go, to the letter, or leave \"code\" out of `grants`";
            ("redirect_uris", what.to_owned())
        }
        ClientFault::Keys(why) => {
            let what = format!("is refused: {why}. It is a JWK set of public keys");
            ("keys", what)
        }
        ClientFault::Address(name) | ClientFault::Page(name) => match *name {
            "jwks_uri" => (
                "keys_uri",
                "is not an `https://` address on a host of the public network: put the keys into a file, and name it in `keys`".to_owned(),
            ),
            _ => (
                "backchannel_logout_uri",
                "is not an `https://` address without a fragment; `http://` is for this very machine alone".to_owned(),
            ),
        },
        ClientFault::Malformed(name) => malformed(name),
        ClientFault::Inconsistent(why) => ("type", (*why).to_owned()),
    }
}

fn malformed(name: &str) -> (&'static str, String) {
    match name {
        "post_logout_redirect_uris" => (
            "post_logout_redirect_uris",
            "has one that is for `type = \"native\"` alone: write `https://…`".to_owned(),
        ),
        "tls_client_auth" => (
            "certificate",
            "has an empty name, or one that is too long".to_owned(),
        ),
        "workload" => (
            "workload",
            format!(
                "has no rule that holds together, more than {}, or one that names more than it may",
                gw_oauth::WORKLOAD_RULES_MAX
            ),
        ),
        "grant_types" => ("grants", "names one twice".to_owned()),
        "client_name" => (
            "title",
            format!("is longer than {} bytes", gw_oauth::NAME_BYTES_MAX),
        ),
        "default_acr_values" => (
            "default_acr_values",
            "has one that is empty, has spaces or is too long; or there are too many".to_owned(),
        ),
        "sector_identifier_uri" => ("sector", "is no host".to_owned()),
        other => ("type", format!("`{other}` is malformed or too long")),
    }
}
