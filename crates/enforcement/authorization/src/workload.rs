//! Workloads that are clients by what an issuer elsewhere says of them, and keep no secret.

use std::sync::Arc;

use gw_model::TokenIssuer;
use gw_oauth::{AuthenticationFault, Client, Parameters, Workload, WorkloadToken};

use crate::{clients::Registered, visit::Visit};

/// The client that a request is of by such a token; none where it brings none of an issuer that
/// the settings name now.
pub(crate) async fn client(
    visit: &Visit,
    parameters: &Parameters,
) -> Result<Option<(Registered, Workload)>, AuthenticationFault> {
    let Some(token) = WorkloadToken::read(&visit.request.headers, parameters) else {
        return Ok(None);
    };
    let view = visit.server.engine().view();
    let issuers = &view.facts.settings().issuers;
    let Some(issuer) = issuers.iter().find(|one| *one.issuer == token.issuer) else {
        return Ok(None);
    };
    let mut checked = check(visit, &token, issuer, false).await;
    if checked
        .as_ref()
        .is_err_and(AuthenticationFault::needs_reload)
    {
        checked = check(visit, &token, issuer, true).await;
    }
    let workload = checked?;
    let known = workload.choose(known(visit), |known| &*known.client)?;
    let is_first = match workload.once {
        Some((key, until)) => {
            let what = format!("took a workload's token for {}", known.fact.name);
            visit.server.is_first_ever(key, until, &what).await
        }
        None => true,
    };
    match is_first {
        true => Ok(Some((known, workload))),
        false => Err(AuthenticationFault::Unknown),
    }
}

async fn check(
    visit: &Visit,
    token: &WorkloadToken<'_>,
    issuer: &Arc<TokenIssuer>,
    anew: bool,
) -> Result<Workload, AuthenticationFault> {
    let shared = &visit.server.shared;
    let keys = shared
        .client_keys
        .of_issuer(issuer, &shared.options.tls, visit.now, anew)
        .await;
    token.check(issuer, keys.as_deref(), visit.now)
}

/// The clients that are known by such tokens and not switched off.
fn known(visit: &Visit) -> Vec<Registered> {
    let (view, clients) = (visit.server.engine().view(), &visit.server.shared.clients);
    let is_so = |client: &Client| !client.authentication.workload_rules().is_empty();
    let registered = view.facts.clients().filter(|fact| !fact.is_off());
    let registered = registered.filter_map(|fact| clients.of(fact));
    registered.filter(|known| is_so(&known.client)).collect()
}
