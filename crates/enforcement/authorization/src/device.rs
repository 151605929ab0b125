//! Devices without a browser (RFC 8628): the device asks, a person lets it in from another.

use askama::Template;
use bytes::Bytes;
use gw_engine::Commit;
use gw_model::Actor;
use gw_oauth::{
    Authorization, DeviceDecision, DeviceFault, DevicePace, DeviceRecord, DeviceResponse, GrantId,
    Secret, SecretHash, TokenError, UserCode, answer,
};
use gw_pages::{Message, Page, redirect};
use http::{Response, StatusCode};

use crate::{
    ask::Question,
    clients::Registered,
    consent::Wish,
    kept::{self, AFTERWARDS, Found, Granted, KeptDevice, KeptUserCode, Put},
    pages,
    pending::{self, Pending, PendingDevice},
    redeem::{Begun, Given, TRIES, failed},
    server::paths,
    token::{self, Asking},
    visit::{Answer, SignedIn, Visit, of_json},
};

/// A device asks for a code.
pub(crate) async fn begin(visit: &Visit) -> Response<Bytes> {
    let answered = match give(visit).await {
        Ok(answered) => answered,
        Err(fault) => fault.answer(&visit.request.headers),
    };
    of_json(answered)
}

async fn give(visit: &Visit) -> Result<answer::Answer, TokenError> {
    let parameters = token::posted(visit)?;
    let known = token::client(visit, &parameters).await?;
    token::admit(visit, &known)?;
    let secret = Secret::generate().map_err(|_| TokenError::Server)?;
    let user_code = UserCode::generate().map_err(|_| TokenError::Server)?;
    let taken = DeviceRecord::take(&parameters, &known.client, &secret, &user_code, visit.now);
    let record = match taken {
        Ok(record) => record,
        Err(fault) => return Ok(fault.answer()),
    };
    let expires = record.expires.after(AFTERWARDS);
    let code = KeptUserCode {
        device: record.hash,
    };
    let by_code = kept::by_secret(&record.user_code);
    let by_device = kept::by_secret(&record.hash);
    let device = KeptDevice {
        record,
        granted: None,
        family: None,
    };
    let commit = Commit::new(Actor::Client(known.fact.id), "asked for a device");
    let commit = commit
        .effect(
            Put::new(by_device, &device, None, expires)
                .effect()
                .map_err(failed)?,
        )
        .effect(
            Put::new(by_code, &code, None, expires)
                .effect()
                .map_err(failed)?,
        );
    visit.server.engine().commit(commit).await.map_err(failed)?;
    let page = format!("{}{}", visit.server.issuer(), paths::DEVICE_PAGE);
    let response = DeviceResponse::new(&secret, &user_code, &page);
    Ok(answer::json(StatusCode::OK, &response))
}

/// The device asks whether somebody let it in.
pub(crate) async fn poll(
    visit: &Visit,
    asking: &Asking,
    code: &SecretHash,
) -> Result<answer::Answer, TokenError> {
    let engine = visit.server.engine();
    let mut pace: Option<DevicePace> = None;
    for _ in 0..TRIES {
        let found = kept::find::<KeptDevice>(engine, kept::by_secret(code)).await;
        let mut found = found.map_err(failed)?.ok_or(DeviceFault::Unknown)?;
        let record = &mut found.value.record;
        // A second look for the same question is not another question.
        record.pace = match pace {
            None => visit.server.pace(code),
            Some(_) => DevicePace::default(),
        };
        let polled = record.poll(code, &asking.known.client, &asking.proven, visit.now);
        if pace.is_none() {
            pace = Some(record.pace);
            visit.server.keep_pace(code, record.pace);
        }
        match polled {
            // Nothing of it is kept: who asks fills neither the store nor the log.
            Err(fault) => return Err(fault.into()),
            Ok(grant) => {
                let granted = found.value.granted.ok_or(TokenError::Ended)?;
                let begun = Begun::of(visit, asking, grant, granted)?;
                begun.ask(visit, asking).await?;
                let used = |family| {
                    let used = KeptDevice {
                        record: found.value.record.clone(),
                        granted: found.value.granted,
                        family,
                    };
                    found.replaced(&used, found.owner, found.expires)
                };
                match begun.give(visit, asking, used).await {
                    Err(Given::Stale) => {}
                    Err(Given::Fault(fault)) => return Err(fault),
                    Ok(answer) => return Ok(answer),
                }
            }
        }
    }
    Err(TokenError::Unavailable)
}

#[derive(Template)]
#[template(path = "device.html")]
struct CodePage<'a> {
    code: &'a str,
    fault: Option<&'a str>,
}

/// The page where a person types what a device shows.
pub(crate) fn page(visit: &Visit) -> Answer {
    let query = visit.query()?;
    let code = query.value("user_code").and_then(UserCode::parse);
    if visit.person.is_none() {
        return sign_in(visit, code.as_ref());
    }
    let code = code.as_ref().map(UserCode::expose).unwrap_or_default();
    Ok(code_page(visit, &code, None))
}

fn code_page(visit: &Visit, code: &str, fault: Option<&str>) -> Response<Bytes> {
    let status = match fault {
        None => StatusCode::OK,
        Some(_) => StatusCode::FORBIDDEN,
    };
    Page::new("Let a device in")
        .status(status)
        .links(visit.links())
        .render(&CodePage { code, fault })
}

/// Somebody signs in first, and comes back with what they typed.
fn sign_in(visit: &Visit, code: Option<&UserCode>) -> Answer {
    let attempt = pending::attempt().ok_or_else(|| Box::new(pages::out_of_order()))?;
    let portal = visit.server.shared.identity.portal();
    let leading = pending::leading(portal, &attempt);
    let pending = Pending::Device(PendingDevice {
        user_code: code.map(UserCode::expose),
    });
    let onward = redirect(&format!("/sign-in?{leading}"));
    pending::keeping(visit, &pending, &attempt, onward)
}

/// Somebody signed in, and goes on with the code that they have typed or followed.
pub(crate) async fn go_on(visit: &Visit, attempt: &str, pending: PendingDevice) -> Answer {
    if visit.person.is_none() {
        return sign_in(
            visit,
            pending
                .user_code
                .as_deref()
                .and_then(UserCode::parse)
                .as_ref(),
        );
    }
    let code = pending.user_code.unwrap_or_default();
    let page = match code.is_empty() {
        true => paths::DEVICE_PAGE.to_owned(),
        false => format!("{}?user_code={code}", paths::DEVICE_PAGE),
    };
    Ok(pending::ending(attempt, redirect(&page)))
}

#[derive(Template)]
#[template(path = "device_decide.html")]
struct Decide<'a> {
    title: &'a str,
    name: &'a str,
    code: &'a str,
    wants: Vec<String>,
    /// Who is shown it: nobody else decides by it.
    person: String,
}

/// The person typed a code: which device is it, and is it theirs?
pub(crate) async fn code(visit: &Visit) -> Answer {
    let form = visit.form()?;
    let Some(person) = &visit.person else {
        return sign_in(visit, form.value("code").and_then(UserCode::parse).as_ref());
    };
    let typed = form.value("code").unwrap_or_default();
    let found = look_up(visit, person, typed).await?;
    let Some((code, found, known)) = found else {
        let fault = "That is not a code that waits. It may be over, or there is a slip in it.";
        return Ok(code_page(visit, typed, Some(fault)));
    };
    let view = visit.server.engine().view();
    let id = GrantId::generate().map_err(|_| Box::new(pages::out_of_order()))?;
    let question = question(visit, &known, person, &found, &id);
    let asked = question.authorize(&visit.server);
    let allowed = asked.is_some_and(|asked| {
        let preview = visit.server.engine().preview(&asked);
        preview.outcome.is_allow()
    });
    let title = known.title(&view.facts);
    if !allowed {
        return Ok(not_open(visit, &title));
    }
    let wish = Wish {
        client: &known.fact,
        about: None,
        scopes: &found.value.record.scopes,
        resources: &found.value.record.resources,
    };
    let content = Decide {
        title: &title,
        name: &person.user.display_name,
        code: &code.expose(),
        wants: wish.words(),
        person: person.user.id.to_string(),
    };
    let heading = format!("Let {title} in as you?");
    Ok(Page::new(&heading).links(visit.links()).render(&content))
}

fn not_open(visit: &Visit, title: &str) -> Response<Bytes> {
    let sentence = format!(
        "{title} is not open to you as you are signed in now. Open it in this browser first: its page says what would open it."
    );
    let message = Message::new(StatusCode::FORBIDDEN, "This is not open to you", &sentence);
    message.links(visit.links()).render()
}

type Waiting = (UserCode, Found<KeptDevice>, Registered);

/// The device that waits for what a person typed; tries are counted.
async fn look_up(
    visit: &Visit,
    person: &SignedIn,
    typed: &str,
) -> Result<Option<Waiting>, crate::visit::Refusal> {
    if !visit.server.admits_try(person.user.id) {
        let message = Message::new(
            StatusCode::TOO_MANY_REQUESTS,
            "That was too often",
            "There were too many codes that did not fit. Wait ten minutes, then try again.",
        );
        return Err(Box::new(message.links(visit.links()).render()));
    }
    let Some(code) = UserCode::parse(typed) else {
        return Ok(None);
    };
    let unread = |fault: kept::KeptError| pages::failed("a device was not looked up", &fault);
    let engine = visit.server.engine();
    let by_code = kept::find::<KeptUserCode>(engine, kept::by_secret(&code.hash())).await;
    let Some(by_code) = by_code.map_err(unread)? else {
        return Ok(None);
    };
    let at = kept::by_secret(&by_code.value.device);
    let device = kept::find::<KeptDevice>(engine, at).await.map_err(unread)?;
    let Some(device) = device.filter(|found| found.value.record.is_open(visit.now)) else {
        return Ok(None);
    };
    visit.server.gives_back_try(person.user.id);
    let known = visit.client(device.value.record.client_id.as_str());
    Ok(known.map(|known| (code, device, known)))
}

fn question<'a>(
    visit: &Visit,
    known: &'a Registered,
    person: &SignedIn,
    found: &'a Found<KeptDevice>,
    grant: &'a GrantId,
) -> Question<'a> {
    Question {
        principal: gw_model::Principal::User(person.user.id),
        session: Some((person.session.id, person.rank)),
        address: visit.request.judged.address,
        client: &known.fact,
        grant,
        scopes: &found.value.record.scopes,
        actor: None,
        binding: gw_oauth::Binding::default(),
        workload: &[],
    }
}

/// The person lets the device in, or does not.
pub(crate) async fn decide(visit: &Visit) -> Answer {
    let form = visit.form()?;
    let Some(person) = &visit.person else {
        return sign_in(visit, form.value("code").and_then(UserCode::parse).as_ref());
    };
    let typed = form.value("code").unwrap_or_default();
    if form.value("person") != Some(&person.user.id.to_string()) {
        let fault = "Somebody else is signed in by now. Look once more at what asks.";
        return Ok(code_page(visit, typed, Some(fault)));
    }
    let found = look_up(visit, person, typed).await?;
    let Some((_, mut found, known)) = found else {
        return Ok(code_page(
            visit,
            typed,
            Some("That code does not wait any more."),
        ));
    };
    let allows = form.value("decision") == Some("allow");
    let title = known.title(&visit.server.engine().view().facts);
    let decision = match allows {
        false => DeviceDecision::Denied,
        true => match approved(visit, &known, person, &found).await? {
            Some(authorization) => DeviceDecision::Approved(Box::new(authorization)),
            None => return Ok(not_open(visit, &title)),
        },
    };
    if !found.value.record.decide(decision, visit.now) {
        return Ok(code_page(
            visit,
            typed,
            Some("That code does not wait any more."),
        ));
    }
    found.value.granted = Some(Granted {
        address: visit.request.judged.address,
        rank: person.rank,
        at: visit.now,
    });
    let put = found.replaced(&found.value, Some(person.user.id), found.expires);
    let put = put
        .effect()
        .map_err(|fault| pages::failed("a device", &fault))?;
    let what = format!("decided about a device of {}", known.fact.name);
    let commit = Commit::new(Actor::User(person.user.id), what)
        .within(person.session.id)
        .effect(put);
    let committed = visit.server.engine().commit(commit).await;
    committed.map_err(|fault| pages::failed("a device was not decided about", &fault))?;
    let (heading, sentence) = match allows {
        true => (
            "The device is let in",
            format!("{title} goes on there as you. You can close this page."),
        ),
        false => (
            "The device is not let in",
            "Nothing was given to it. You can close this page.".to_owned(),
        ),
    };
    let message = Message::new(StatusCode::OK, heading, &sentence);
    Ok(message
        .action("See your account", "/")
        .links(visit.links())
        .render())
}

async fn approved(
    visit: &Visit,
    known: &Registered,
    person: &SignedIn,
    found: &Found<KeptDevice>,
) -> Result<Option<Authorization>, crate::visit::Refusal> {
    let id = GrantId::generate().map_err(|_| Box::new(pages::out_of_order()))?;
    let question = question(visit, known, person, found, &id);
    let Some(circumstances) = question.authorize(&visit.server) else {
        return Ok(None);
    };
    let asked = visit.server.engine().ask(&circumstances).await;
    if !asked.is_allow() {
        return Ok(None);
    }
    let record = &found.value.record;
    Ok(Some(Authorization {
        client_id: record.client_id.clone(),
        subject: person.user.id.to_string(),
        scopes: record.scopes.clone(),
        resources: record.resources.clone(),
        sign_in: Some(person.sign_in(&[], None)),
        claims: gw_oauth::ClaimsRequest::default(),
        id,
    }))
}
