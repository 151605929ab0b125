//! Clients of the authorisation server: list, show, switch off and on, take back their tokens.
//! What one is, the configuration file says, or itself where it registered.

mod invitations;
mod invite;

use std::sync::Arc;

use gw_model::{Change, Client, ClientName, ClientOwner, SamlClient, Snapshot, Timestamp};
use gw_oauth::{ApplicationType, ClientKeys, ProofKey, SubjectType};
use gw_store::Refused;

use super::{Call, Reply, expect};
use crate::{
    query::SEARCH,
    types::{
        ClientSecretView, ClientState, ClientView, Done, Problem, RegistrationView,
        SamlRegistrationView,
    },
};

pub(super) use self::{
    invitations::{list as invitations, take_back as take_back_invitation},
    invite::invite,
};

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let view = call.engine().view();
    let configured = (call.parts.configured_clients)();
    let search = call.query.text(SEARCH).map(str::to_lowercase);
    let wanted = |client: &&Arc<Client>| {
        search.as_ref().is_none_or(|search| {
            let app = client.app.as_ref().map_or("", |app| app.as_str());
            let texts = [client.name.as_str(), &*client.title, app];
            let mut texts = texts.into_iter();
            texts.any(|text| text.to_lowercase().contains(search))
        })
    };
    let listing = call.query.page(
        view.facts.clients().filter(wanted),
        |client| client.name.to_string(),
        |client| view_of(client, &configured),
    )?;
    Reply::json(&listing)
}

pub(super) fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    shown(call, &named(call)?.name)
}

/// What rests on the tokens of one that goes off is cut with the same change.
pub(super) async fn switch(call: &Call<'_>, suspended: bool) -> Result<Reply, Problem> {
    let client = named(call)?;
    if client.suspended == suspended {
        return match call.precondition.holds(client.version) {
            true => shown(call, &client.name),
            false => Err(Problem::stale()),
        };
    }
    let what = match suspended {
        true => "client switched off",
        false => "client switched on again",
    };
    change(call, &client, what, move |client| Client {
        suspended,
        ..client
    })
    .await
}

/// Every token that it has is worth nothing from now on, and so is what rests on one.
pub(super) async fn revoke_tokens(call: &Call<'_>) -> Result<Reply, Problem> {
    let (client, now) = (named(call)?, call.engine().clock().now());
    change(call, &client, "client's tokens taken back", move |client| {
        Client {
            tokens_from: client.tokens_from.max(now),
            ..client
        }
    })
    .await
}

/// One that registered itself goes, with all that it was given; what the configuration file declares
/// is the file's.
pub(super) async fn remove(call: &Call<'_>) -> Result<Reply, Problem> {
    let client = named(call)?;
    if client.owner == ClientOwner::Configuration {
        let what = format!(
            "the client `{}` stands in the configuration file",
            client.name
        );
        return Err(Problem::conflict(what).help("`gatewright client suspend` switches it off"));
    }
    let (precondition, commit) = (call.precondition, call.commit("client removed"));
    let (id, name) = (client.id, client.name.clone());
    let propose = move |facts: &Snapshot| {
        let present = facts.client(id).ok_or_else(|| gone(&name))?;
        expect(precondition, present.version)?;
        Ok(commit.change(Change::ClientRemoved(id)))
    };
    let done = call.engine().propose(propose).await?;
    Reply::json(&Done { epoch: done.epoch })
}

async fn change(
    call: &Call<'_>,
    client: &Client,
    what: &'static str,
    changed: impl Fn(Client) -> Client + Send + 'static,
) -> Result<Reply, Problem> {
    let (precondition, commit) = (call.precondition, call.commit(what));
    let (id, name) = (client.id, client.name.clone());
    let propose = move |facts: &Snapshot| {
        let present = facts.client(id).ok_or_else(|| gone(&name))?;
        expect(precondition, present.version)?;
        let client = changed(Client::clone(present));
        Ok(commit.change(Change::ClientPut(Arc::new(client))))
    };
    call.engine().propose(propose).await?;
    shown(call, &client.name)
}

fn shown(call: &Call<'_>, name: &ClientName) -> Result<Reply, Problem> {
    let view = call.engine().view();
    let client = find(&view.facts, name.as_str())?;
    let configured = (call.parts.configured_clients)();
    Ok(Reply::json(&view_of(&client, &configured))?.at(client.version))
}

/// The client that the path names.
fn named(call: &Call<'_>) -> Result<Arc<Client>, Problem> {
    find(&call.engine().view().facts, call.parameter(0))
}

fn find(facts: &Snapshot, named: &str) -> Result<Arc<Client>, Problem> {
    let name = named.parse::<ClientName>().ok();
    let found = name.and_then(|name| facts.client_named(&name));
    found.cloned().ok_or_else(|| {
        Problem::unknown("client", named).help("`gatewright client list` shows the clients")
    })
}

fn gone(name: &ClientName) -> Refused {
    Refused::Declined(format!("the client `{name}` is not there any more"))
}

fn view_of(client: &Client, configured: &[ClientName]) -> ClientView {
    let registration = serde_json::from_str::<gw_oauth::Client>(&client.registration);
    let was_taken_back = client.tokens_from > Timestamp::default();
    ClientView {
        id: client.id,
        name: client.name.clone(),
        title: client.title.clone(),
        app: client.app.clone(),
        owner: client.owner,
        consent: client.consent,
        groups: client.groups.clone(),
        attributes: client.attributes.clone(),
        registration: registration.ok().as_ref().map(registration_view),
        saml: serde_json::from_str(&client.registration)
            .ok()
            .as_ref()
            .map(saml_view),
        state: match (client.disabled, client.suspended) {
            (true, _) => ClientState::Off,
            (false, true) => ClientState::Suspended,
            (false, false) => ClientState::On,
        },
        suspended: client.suspended,
        configured: configured.contains(&client.name),
        tokens_from: was_taken_back.then_some(client.tokens_from),
        version: client.version,
    }
}

/// Everything but what proves who it is: of secrets, not even their hashes.
fn registration_view(client: &gw_oauth::Client) -> RegistrationView {
    let secrets = client.authentication.secrets().into_iter();
    let secrets = secrets.flat_map(|secrets| secrets.iter());
    let uris = |uris: &[gw_oauth::RedirectUri]| uris.iter().map(ToString::to_string).collect();
    let (keys, keys_uri) = keys(client.keys.as_ref());
    RegistrationView {
        authentication: client.authentication.name().to_owned(),
        secrets: secrets
            .map(|secret| ClientSecretView {
                since: secret.made_at,
                expires: secret.expires,
            })
            .collect(),
        keys_uri,
        keys,
        certificate: client
            .authentication
            .certificate_name()
            .map(|name| name.text().to_owned()),
        workloads: client
            .authentication
            .workload_rules()
            .iter()
            .map(ToString::to_string)
            .collect(),
        application_type: match client.application_type {
            ApplicationType::Web => "web".to_owned(),
            ApplicationType::Native => "native".to_owned(),
        },
        grant_types: client
            .grant_types
            .iter()
            .map(|grant| grant.name().to_owned())
            .collect(),
        redirect_uris: uris(&client.redirect_uris),
        post_logout_redirect_uris: uris(&client.post_logout_redirect_uris),
        backchannel_logout_uri: client
            .backchannel_logout
            .as_ref()
            .map(|logout| logout.uri.clone()),
        scopes: client.scopes.iter().map(str::to_owned).collect(),
        resources: client.resources.iter().map(str::to_owned).collect(),
        serves: client.serves.iter().map(str::to_owned).collect(),
        sector: match &client.subject_type {
            SubjectType::Public => None,
            SubjectType::Pairwise { sector } => Some(sector.clone()),
        },
        id_token_algorithm: client.id_token_algorithm.to_string(),
        userinfo_algorithm: client.userinfo_algorithm.map(|by| by.to_string()),
        require_pushed: client.require_pushed,
        dpop_bound: client.dpop_bound,
        certificate_bound: client.certificate_bound,
        proof_key_required: client.proof_key == ProofKey::Required,
        default_max_age_secs: client.default_max_age.map(|age| age.as_secs()),
        require_auth_time: client.require_auth_time,
        default_acr_values: client.default_acr_values.clone(),
    }
}

fn saml_view(saml: &SamlClient) -> SamlRegistrationView {
    let consumers = saml.consumers.iter();
    SamlRegistrationView {
        entity_id: saml.entity_id.to_string(),
        consumers: consumers.map(|one| one.location.to_string()).collect(),
        sign_out: saml
            .sign_out
            .as_ref()
            .map(|there| there.request.location.to_string()),
        certificates: saml.certificates.len() as u64,
        requires_signed: saml.requires_signed,
        encrypted: saml.encryption.is_some(),
        names: saml.names,
        tells: saml.tells.clone(),
        idp_initiated: saml.idp_initiated,
        valid_until: saml.valid_until,
    }
}

/// Thumbprints of those that are at hand, and the address of those that are not.
fn keys(keys: Option<&ClientKeys>) -> (Vec<String>, Option<String>) {
    match keys {
        None => (Vec::new(), None),
        Some(ClientKeys::JwksUri(uri)) => (Vec::new(), Some(uri.clone())),
        Some(keys) => {
            let set = keys.inline().and_then(Result::ok);
            let prints = set.iter().flat_map(|set| set.keys());
            let prints = prints.map(|key| key.thumbprint().to_string());
            (prints.collect(), None)
        }
    }
}
