//! Letting somebody register a client by itself: a token that is shown once, and bounds what may be
//! registered by it.

use std::time::Duration;

use gw_model::TokenHash;
use gw_oauth::{
    GrantType, INVITATION_HOSTS_MAX, INVITATION_KIND, INVITATION_LIFETIME_MAX, INVITATION_USES_MAX,
    InitialAccessToken, Invitation, ProofKey, Purpose, RegistrationBounds, Scopes, Secret, is_host,
};
use gw_store::{Effect, KeptRow};

use super::super::{Call, Reply};
use crate::types::{InvitationView, InviteClient, Problem};

/// How long an invitation is good where nothing is said.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// What clients may ask for where nothing is said.
const SCOPES: &str = "openid profile email groups";

pub(in crate::operation) async fn invite(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: InviteClient = call.body()?;
    let bounds = bounds(call, &asked)?;
    let uses = asked.uses.unwrap_or(1);
    if !(1..=INVITATION_USES_MAX).contains(&uses) {
        let what = format!("it is 1 to {INVITATION_USES_MAX}");
        return Err(Problem::invalid(what).field("uses"));
    }
    let lifetime = asked.lifetime_secs.map_or(LIFETIME, Duration::from_secs);
    if lifetime.is_zero() || lifetime > INVITATION_LIFETIME_MAX {
        return Err(Problem::invalid("it is up to 30 days").field("lifetime_secs"));
    }
    let failed = |_| Problem::failed("the system gave no random bytes for a token");
    let secret = Secret::generate().map_err(failed)?;
    let hash = secret.hash(Purpose::InitialAccessToken);
    let now = call.engine().clock().now();
    let expires = now.after(lifetime);
    let invitation = Invitation {
        token: InitialAccessToken {
            hash,
            expires,
            left: uses,
        },
        bounds,
        made: Some((now, call.actor())),
    };
    let payload = serde_json::to_vec(&invitation);
    let payload = payload.map_err(|_| Problem::failed("the invitation cannot be written"))?;
    let row = KeptRow {
        kind: INVITATION_KIND,
        hash: TokenHash::from_digest(*hash.as_bytes()),
        owner: None,
        replaces: None,
        expires,
        payload: gw_store::Secret::new(payload),
    };
    let what = match uses {
        1 => format!("invited a client to register itself ({})", invitation.id()),
        uses => format!(
            "invited {uses} clients to register themselves ({})",
            invitation.id()
        ),
    };
    let commit = call.commit(what);
    call.engine()
        .commit(commit.effect(Effect::KeptPut(row)))
        .await?;
    let origin = &call.parts.authentication_origin;
    Reply::json(&InvitationView {
        id: invitation.id().to_string(),
        token: secret.expose().to_owned(),
        endpoint: format!("{origin}/oauth/register"),
        uses,
        expires,
    })
}

fn bounds(call: &Call<'_>, asked: &InviteClient) -> Result<RegistrationBounds, Problem> {
    if let Some(app) = &asked.app
        && call.engine().view().facts.app(app).is_none()
    {
        return Err(Problem::unknown("app", app.as_str()).field("app"));
    }
    let grant = |name: &String| {
        let unknown = || Problem::invalid(format!("`{name}` is no grant type")).field("grants");
        GrantType::of_name(name).ok_or_else(unknown)
    };
    let grant_types: Vec<_> = match asked.grants.as_slice() {
        [] => vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        named => named.iter().map(grant).collect::<Result<_, _>>()?,
    };
    let by_people = [GrantType::AuthorizationCode, GrantType::DeviceCode];
    if asked.app.is_none() && by_people.iter().any(|one| grant_types.contains(one)) {
        let what = "it is missing: people sign in through such clients, to an app";
        return Err(Problem::invalid(what).field("app"));
    }
    let hosts: Vec<_> = asked
        .hosts
        .iter()
        .map(|one| one.to_ascii_lowercase())
        .collect();
    if hosts.len() > INVITATION_HOSTS_MAX {
        let what = format!("it is up to {INVITATION_HOSTS_MAX} hosts");
        return Err(Problem::invalid(what).field("hosts"));
    }
    if let Some(other) = hosts.iter().find(|host| !is_host(host)) {
        let other: String = other.chars().take(80).collect();
        let what = format!("`{other}` is no host: name it without scheme, port and path");
        return Err(Problem::invalid(what).field("hosts"));
    }
    if hosts.is_empty() && grant_types.contains(&GrantType::AuthorizationCode) {
        let what = "it is empty: name the hosts that answers may be sent to";
        return Err(Problem::invalid(what).field("hosts"));
    }
    let scopes = match asked.scopes.is_empty() {
        true => SCOPES.to_owned(),
        false => asked.scopes.join(" "),
    };
    let malformed =
        |fault: gw_oauth::ScopeFault| Problem::invalid(fault.to_string()).field("scopes");
    Ok(RegistrationBounds {
        app: asked.app.clone(),
        grant_types,
        scopes: Scopes::parse(&scopes).map_err(malformed)?,
        hosts,
        proof_key: match asked.proof_key_optional {
            true => ProofKey::Optional,
            false => ProofKey::Required,
        },
    })
}
