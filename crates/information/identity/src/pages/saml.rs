//! The way back from a SAML provider, what it is told of us, and single logout.
//!
//! What a provider's page posts is taken without any session: [`super::is_from_elsewhere`].

use bytes::Bytes;
use gw_model::ProviderName;
use gw_pages::{FormOn, Message, form::has_content_type, guard, redirect};
use gw_saml::{PostForm, sp::ResponseFault};
use http::{HeaderValue, Response, StatusCode, header};

use super::{
    Answer, Refusal, nothing_here,
    provider::{again, declined_there, named, refused, start_again, target_of, title},
    visit::{Visit, with_cookie},
};
use crate::{
    client, cookies,
    links::SignedIn,
    providers::{
        Errand, FinishFault, NotLetIn, ProviderFault,
        saml::{
            ARRIVAL_LIVES, Carried, Heard, KeptArrival, Onward, SamlFault, SamlFlow,
            SamlLogoutFault, arrival_cookie_name, cookie_name,
        },
        word,
    },
};

/// Where a browser comes back from what a provider's page posted.
pub(super) const FINISH: &str = "/provider/saml/finish";
/// Where our metadata lies.
pub(super) const METADATA: &str = "/provider/saml/metadata";

/// Sends a browser on to a provider.
pub(super) fn onward(visit: &Visit<'_>, name: &ProviderName, to: &Onward) -> Response<Bytes> {
    match to {
        Onward::Address(url) => redirect(url),
        Onward::Form(form) => posted_on(&title(visit, name), form),
    }
}

fn posted_on(provider: &str, form: &PostForm) -> Response<Bytes> {
    FormOn {
        title: &format!("On to {provider}"),
        sentence: "Your browser goes on by itself; where it does not, go on by the button.",
        button: &format!("Go to {provider}"),
        action: &form.action,
        fields: &form.fields,
    }
    .page()
}

/// A provider's page posted its answer. Nobody is signed in yet: who is in this browser now is not
/// known, since no session comes along from another site.
pub(super) async fn consume(visit: &Visit<'_>, name: &str) -> Answer {
    let name = named(visit, Some(name))?;
    if !visit.admitted() {
        return Err(visit.too_often());
    }
    let form = carried(visit).ok_or_else(|| start_again(visit))?;
    let message = visit.identity.read_saml(form).await;
    let message = message.map_err(|fault| refused(visit, &name, &fault, None))?;
    let flow = match message.in_response_to() {
        Some(request) => Some(own_flow(visit, &name, request).ok_or_else(|| start_again(visit))?),
        None => None,
    };
    let target = flow.as_ref().and_then(|flow| target_of(&flow.target));
    let spent = flow.as_ref().map(SamlFlow::cookie_name);
    let taken = visit.identity.take_answer(&name, message, flow).await;
    let response = match taken {
        Ok(taken) => {
            let cookie = cookies::flow(
                &arrival_cookie_name(&taken.way),
                taken.secret.expose(),
                ARRIVAL_LIVES,
            );
            with_cookie(redirect(&format!("{FINISH}?way={}", taken.way)), cookie)?
        }
        Err(fault) => match declined(&fault) {
            Some(error) => *declined_there(visit, &name, &error, target.as_ref()),
            None => *refused(visit, &name, &fault, target.as_ref()),
        },
    };
    match spent {
        Some(spent) => with_cookie(response, cookies::no_flow(&spent)),
        None => Ok(response),
    }
}

/// What the provider itself says, where it says no.
fn declined(fault: &FinishFault) -> Option<String> {
    let FinishFault::Provider(ProviderFault::Saml(fault)) = fault else {
        return None;
    };
    match &**fault {
        SamlFault::Response(ResponseFault::Refused(status)) => {
            let code = status.detail.as_ref().unwrap_or(&status.code);
            Some(word(&format!("{code:?}")))
        }
        _ => None,
    }
}

/// What a page says of a fault: its status, its title, and a sentence. The reason is in the log.
pub(super) fn refusal(
    fault: &SamlFault,
    provider: &str,
    whom: &str,
) -> (StatusCode, &'static str, String) {
    match fault {
        SamlFault::Expired(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Nobody is signed in by it now",
            format!("What Gatewright was told of {provider} is out of date. {whom}"),
        ),
        SamlFault::Build(_)
        | SamlFault::Keys(_)
        | SamlFault::KeyForm
        | SamlFault::Certificate(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Nobody is signed in by it now",
            format!(
                "Signing in by {provider} is out of order. Whoever looks after Gatewright finds the reason in its log."
            ),
        ),
        SamlFault::Again => (
            StatusCode::CONFLICT,
            "This way in was used before",
            format!(
                "What {provider} answered signs somebody in once, and it has. Nothing was changed. Start again."
            ),
        ),
        _ => (
            StatusCode::BAD_REQUEST,
            "Its answer was not taken",
            format!(
                "What {provider} answered could not be checked, so nobody was signed in. Whoever looks after Gatewright finds the reason in its log."
            ),
        ),
    }
}

/// What a form or an address carries here.
fn carried(visit: &Visit<'_>) -> Option<Carried> {
    let request = visit.request;
    if request.method != http::Method::POST {
        return request.query.clone().map(Carried::Query);
    }
    has_content_type(&request.headers, "application/x-www-form-urlencoded")
        .then(|| Carried::Form(request.body.clone()))
}

/// The way that this browser is on, for the request that is answered, to this provider.
fn own_flow(visit: &Visit<'_>, name: &ProviderName, request: &str) -> Option<SamlFlow> {
    let value = cookies::value(&visit.request.headers, &cookie_name(request))?;
    let flow = SamlFlow::open(visit.identity.sealer(), value, request, visit.now)?;
    (flow.provider == *name).then_some(flow)
}

/// A browser comes back for what was kept for it, from our own site: with its session, if it has
/// one.
pub(super) async fn finish(visit: &Visit<'_>) -> Answer {
    let query = visit.query()?;
    let cookie = query.value("way").map(arrival_cookie_name);
    let cookie = cookie.ok_or_else(|| start_again(visit))?;
    if !visit.admitted() {
        return Err(visit.too_often());
    }
    let secret = cookies::value(&visit.request.headers, &cookie);
    let secret = secret.ok_or_else(|| start_again(visit))?;
    let kept = visit.identity.kept_arrival(secret).await;
    let kept = kept.map_err(|unavailable| visit.out_of_order(unavailable))?;
    let response = match kept {
        Some(kept) => arrive(visit, kept).await.unwrap_or_else(|refusal| *refusal),
        None => *start_again(visit),
    };
    with_cookie(response, cookies::no_flow(&cookie))
}

async fn arrive(visit: &Visit<'_>, kept: KeptArrival) -> Answer {
    let KeptArrival {
        errand,
        target,
        arrival,
        unsolicited,
    } = kept;
    let target = target_of(&target);
    let name = arrival.proof.provider.clone();
    let replaces = visit
        .person
        .as_ref()
        .is_some_and(|p| !arrival.is_known_as(&p.user));
    if unsolicited && replaces {
        // Nobody's browser is made somebody else's by a page that nobody opened for that.
        let fault = FinishFault::NotLetIn(NotLetIn::Another);
        return Err(refused(visit, &name, &fault, None));
    }
    let links = matches!(errand, Errand::Link { .. });
    let (client, present) = (client::words(&visit.request.headers), visit.person.as_ref());
    let arrived = visit
        .identity
        .arrive(errand, arrival, present, client)
        .await;
    let arrived = arrived.map_err(|fault| refused(visit, &name, &fault, target.as_ref()))?;
    let next = match links {
        true => "/".to_owned(),
        false => visit.next(target.as_ref()),
    };
    match arrived {
        Some(SignedIn { cookie }) => {
            with_cookie(redirect(&next), cookies::session(cookie.expose()))
        }
        None => Ok(redirect(&next)),
    }
}

/// What providers are told of us (Metadata 2).
pub(super) async fn metadata(visit: &Visit<'_>) -> Answer {
    if !visit.admitted() {
        return Err(visit.too_often());
    }
    let document = match visit.identity.saml_metadata().await {
        Ok(Some(document)) => document,
        Ok(None) => return Ok(nothing_here(visit)),
        Err(FinishFault::Unavailable(unavailable)) => return Err(visit.out_of_order(unavailable)),
        Err(why) => {
            tracing::error!(%why, "the metadata for SAML providers cannot be written");
            return Err(visit.out_of_order(crate::Unavailable));
        }
    };
    let mut response = Response::new(Bytes::from(document));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/samlmetadata+xml"),
    );
    guard(&mut response);
    Ok(response)
}

/// A provider tells, through a browser, that somebody signed out there; or how our own request
/// for that went.
pub(super) async fn logout(visit: &Visit<'_>) -> Answer {
    if !visit.admitted() {
        return Err(visit.too_often());
    }
    let carried = carried(visit).ok_or_else(|| not_heard(visit))?;
    let message = visit.identity.read_saml(carried).await;
    let message = message.map_err(|fault| unheard(visit, fault.into()))?;
    let kept = |name: &str| cookies::value(&visit.request.headers, name).map(str::to_owned);
    let spent = message.in_response_to().map(cookie_name);
    let heard = visit.identity.hear_logout(message, kept).await;
    let response = told(visit, heard);
    match spent {
        Some(spent) => with_cookie(response, cookies::no_flow(&spent)),
        None => Ok(response),
    }
}

/// What is said to a browser of what came about a logout.
fn told(visit: &Visit<'_>, heard: Result<Heard, SamlLogoutFault>) -> Response<Bytes> {
    match heard {
        Ok(Heard::Ended {
            provider,
            sessions,
            answer,
        }) => {
            let name = &provider.name;
            tracing::info!(provider = %name, sessions, "a provider told that somebody signed out");
            match answer {
                Some(answer) => onward(visit, name, &answer),
                None => signed_out("Your session here has ended as well."),
            }
        }
        Ok(Heard::Answered { provider, done }) => {
            let title = &provider.title;
            signed_out(&match done {
                true => format!("You are signed out of {title} too."),
                false => format!(
                    "You are signed out here. {title} says that it could not sign you out there, or not everywhere."
                ),
            })
        }
        Err(fault) => *unheard(visit, fault),
    }
}

fn signed_out(sentence: &str) -> Response<Bytes> {
    let message = Message::new(StatusCode::OK, "You are signed out", sentence);
    message.action("Sign in again", "/sign-in").render()
}

fn unheard(visit: &Visit<'_>, fault: SamlLogoutFault) -> Refusal {
    match fault {
        SamlLogoutFault::Unavailable(unavailable)
        | SamlLogoutFault::Finish(FinishFault::Unavailable(unavailable)) => {
            visit.out_of_order(unavailable)
        }
        why => {
            tracing::info!(%why, "a message about a logout was not taken");
            not_heard(visit)
        }
    }
}

fn not_heard(visit: &Visit<'_>) -> Refusal {
    again(
        visit,
        StatusCode::BAD_REQUEST,
        "This was not taken",
        "What came about a sign-out could not be checked, so nothing was changed here. Whoever looks after Gatewright finds the reason in its log.",
        None,
    )
}
