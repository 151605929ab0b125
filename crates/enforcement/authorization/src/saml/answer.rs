//! Answers to apps: a signed yes about somebody, or a signed no with its reason.

use bytes::Bytes;
use gw_saml::{
    BuildFault, PostForm, Status, StatusCode,
    idp::{Refusal as No, Shape, Vouching},
    sp::Authentication,
};
use http::Response;

use super::{
    ANSWER_LIVES, CLOCK_LEEWAY, app::SamlApp, asked::PendingSaml, context, entity, names, new_id,
};
use crate::{
    pages, pending,
    visit::{Answer, SignedIn, Visit},
};

/// Says who somebody is.
pub(super) async fn yes(
    visit: &Visit,
    app: &SamlApp,
    pending: &PendingSaml,
    person: &SignedIn,
    name_id: &gw_saml::NameId,
) -> Answer {
    let server = &visit.server;
    let keys = server.saml_keys().await?;
    let proofs = person.proofs_since(pending.fresh_since());
    let authentication = Authentication {
        instant: context::instant(&proofs),
        context: context::class(&proofs, &pending.contexts, pending.comparison())
            .map(str::to_owned),
        session_index: Some(names::session_index(
            server,
            app.entity(),
            person.session.id,
        )),
        session_not_on_or_after: Some(person.session.expires),
    };
    // Not the time of the request: the key may have been made for it.
    let now = server.now();
    let vouching = Vouching {
        response_id: &new_id(),
        assertion_id: &new_id(),
        now,
        not_before: now.before(CLOCK_LEEWAY),
        not_on_or_after: now.after(ANSWER_LIVES),
        issuer: &entity(server),
        audience: app.entity(),
        acs_url: &pending.acs_url,
        in_response_to: pending.request.as_deref(),
        name_id,
        authentication: &authentication,
        attributes: &names::attributes(visit, app, &person.user),
    };
    let shape = Shape {
        sign_response: true,
        encrypt_to: app.read.recipient.as_ref(),
    };
    let form = vouching.post(shape, pending.relay_state.as_deref(), keys.signing());
    delivered(form)
}

/// Says no, and why; to nobody where nobody asked.
pub(super) async fn no(
    visit: &Visit,
    attempt: &str,
    pending: &PendingSaml,
    status: &Status,
) -> Answer {
    let Some(request) = &pending.request else {
        return Err(pages::over(visit));
    };
    let server = &visit.server;
    let keys = server.saml_keys().await?;
    let refusal = No {
        response_id: &new_id(),
        now: server.now(),
        issuer: &entity(server),
        acs_url: &pending.acs_url,
        in_response_to: request,
        status,
    };
    let form = refusal.post(pending.relay_state.as_deref(), keys.signing());
    Ok(pending::ending(attempt, delivered(form)?))
}

fn delivered(form: Result<PostForm, BuildFault>) -> Answer {
    let form = form.map_err(|fault| pages::failed("an answer to an app was not made", &fault))?;
    Ok(posting(&form))
}

/// A page whose form goes on by itself.
pub(super) fn posting(form: &PostForm) -> Response<Bytes> {
    pages::posting(&form.action, &form.fields)
}

/// Something would have to be shown.
pub(super) const NO_PASSIVE: Status = Status::refused(StatusCode::Responder, StatusCode::NoPassive);
/// Policy, or the person, says no.
pub(super) const DENIED: Status = Status::refused(StatusCode::Responder, StatusCode::RequestDenied);
/// They cannot sign in in the way that was asked for.
pub(super) const NO_CONTEXT: Status =
    Status::refused(StatusCode::Responder, StatusCode::NoAuthnContext);
/// They are not told by such names.
pub(super) const NO_NAME: Status =
    Status::refused(StatusCode::Requester, StatusCode::InvalidNameIdPolicy);
