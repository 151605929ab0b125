//! What somebody hears who was refused: a page or a problem, and the way in where there is one.

use std::{rc::Rc, sync::Arc};

use gw_door::{CutReason, NotOpened, Refusal};
use gw_engine::Circumstances;
use gw_model::{EndReason, Lever, Remedies, Remedy, SessionId, Upstream};
use gw_pages::{
    Message, redirect,
    refused::{Level, Links, View as Page},
};
use http::{StatusCode, header::ORIGIN};
use serde_json::{Value, json};

use crate::{
    answer::{Own, Problem, clear_site},
    bearer,
    cookie::{self, Ours},
    credential::Known,
    fetch_site::{self, is_safe},
    gate::refused_stranger,
    inbound::{Asked, Inbound},
    own_paths::append_cookies,
    seal::{self, Attempt},
};

/// Attempts that one browser keeps for one app; the oldest go first.
const ATTEMPTS_KEPT: usize = 8;

/// Answers what the door refused.
pub(crate) async fn answer(
    asked: &Asked,
    circumstances: &Rc<Circumstances>,
    refused: &Refusal,
) -> Own {
    let mut own = if refused.unwritable {
        unwritable(asked)
    } else if let Some(shown) = &asked.who.token {
        return bearer::by_policy(asked, shown, circumstances, refused).await;
    } else {
        // A session that ended since it was looked up makes a stranger of the person.
        match asked
            .who
            .known
            .as_ref()
            .filter(|_| refused.judgement.ended.is_none())
        {
            None => stranger(asked, refused.judgement.ended),
            Some(known) => person(asked, known, circumstances, refused).await,
        }
    };
    let origin = asked.inbound.headers.get(ORIGIN);
    fetch_site::allow_origin(origin, &asked.route.origins, own.headers_mut());
    own
}

/// The ledger cannot be written, and nothing happens unrecorded.
fn unwritable(asked: &Asked) -> Own {
    let title = "This cannot be let through right now";
    let detail = "Gatewright records every access before it happens, and cannot record at the moment. Whoever runs it has been told; try again in a while.";
    if asked.is_page() {
        Message::new(StatusCode::SERVICE_UNAVAILABLE, title, detail).render()
    } else {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unwritable", title, detail).answer()
    }
}

/// It was allowed, and nothing came of it.
pub(crate) fn not_opened(asked: &Asked, why: &NotOpened) -> Own {
    match why {
        NotOpened::Ended(reason) => ended_before_it_began(asked, reason),
        NotOpened::Unwritable => unwritable(asked),
    }
}

/// What allowed it ended between the decision and the opening.
fn ended_before_it_began(asked: &Asked, reason: &CutReason) -> Own {
    let title = "This is no longer open to you";
    if asked.is_page() {
        Message::new(StatusCode::FORBIDDEN, title, &reason.sentence)
            .action("Check again", "/")
            .render()
    } else {
        Problem::new(StatusCode::FORBIDDEN, "ended", title, &reason.sentence).answer()
    }
}

/// Safari cannot keep the cookies that a sign-in rests on.
pub(crate) fn safari() -> Own {
    let sentence = "Over plain HTTP Safari keeps none of the cookies that a sign-in rests on. Open this demo in Chrome, Edge or Firefox; installed for real, over HTTPS, Gatewright works in Safari too.";
    Message::new(
        StatusCode::OK,
        "This demo does not work in Safari",
        sentence,
    )
    .render()
}

impl Asked {
    /// Whether the answer will be shown as a page.
    pub(crate) fn is_page(&self) -> bool {
        self.inbound.navigation && self.handshake.is_none() && self.who.token.is_none()
    }
}

fn stranger(asked: &Asked, ended: Option<EndReason>) -> Own {
    let inbound = &asked.inbound;
    let ended = asked.who.ended.or(ended);
    if asked.who.known.is_none() {
        refused_stranger(
            &inbound.conn,
            "not-signed-in",
            &inbound.app.app.host,
            inbound,
        );
    }
    let mut own = match sign_in_attempt(asked) {
        Some((link, cookies)) => {
            let mut own = if is_safe(&inbound.method) {
                redirect(&link)
            } else {
                nothing_was_sent(asked, ended, &link)
            };
            append_cookies(&mut own, cookies.into_iter().map(Some));
            own
        }
        None => not_signed_in(asked, ended),
    };
    if (asked.who.stale || ended.is_some()) && !inbound.is_sign_in {
        clear_site(own.headers_mut());
        append_cookies(&mut own, [cookie::removal(cookie::SESSION)]);
    }
    own
}

/// A sign-in that leads back here, for a page of an app that has people sign in elsewhere.
fn sign_in_attempt(asked: &Asked) -> Option<(String, Vec<http::HeaderValue>)> {
    if !asked.is_page() || asked.inbound.is_sign_in {
        return None;
    }
    let begun = begin(&asked.inbound)?;
    Some((begun.link("sign-in"), begun.cookies))
}

fn nothing_was_sent(asked: &Asked, ended: Option<EndReason>, link: &str) -> Own {
    let title = &asked.inbound.app.app.title;
    let why = ended.map_or("", EndReason::sentence);
    let sentence = format!(
        "{why} What you sent went nowhere: {title} has not seen it, and nothing was kept. Sign in, then send it again."
    );
    Message::new(
        StatusCode::UNAUTHORIZED,
        "Nothing was sent",
        sentence.trim_start(),
    )
    .action("Sign in", link)
    .render()
}

fn not_signed_in(asked: &Asked, ended: Option<EndReason>) -> Own {
    let app = &asked.inbound.app.app;
    let title = match &app.upstream {
        Upstream::BuiltIn(_) => "This page needs a sign-in".to_owned(),
        _ => format!("{} needs a sign-in", app.title),
    };
    let why = ended.map_or("Nobody is signed in.", EndReason::sentence);
    let detail = format!(
        "{why} Open {} in a browser to sign in.",
        asked.inbound.own_origin()
    );
    if asked.is_page() {
        return Message::new(StatusCode::FORBIDDEN, &title, &detail).render();
    }
    let mut problem = Problem::new(StatusCode::UNAUTHORIZED, "not-signed-in", &title, &detail)
        .with(
            "remedies",
            json!([{ "steps": [{ "do": "sign-in" }], "alone": true }]),
        );
    // A page of the app itself begins a sign-in that leads back to it.
    let sign_in = match asked.inbound.is_sign_in {
        true => format!("{}/sign-in", asked.inbound.own_origin()),
        false => format!("{}/", asked.inbound.own_origin()),
    };
    problem = problem.with("sign_in", sign_in);
    problem.answer()
}

async fn person(
    asked: &Asked,
    known: &Known,
    circumstances: &Rc<Circumstances>,
    refused: &Refusal,
) -> Own {
    let inbound = &asked.inbound;
    let engine = inbound.conn.thread.door.engine();
    if asked.is_page()
        && is_safe(&inbound.method)
        && opens_at_full_rank(asked, known.session.id, circumstances)
        && let Some(begun) = begin(inbound)
    {
        let mut own = redirect(&begun.link("hand-over"));
        append_cookies(&mut own, begun.cookies.into_iter().map(Some));
        return own;
    }
    let level = inbound.conn.thread.shared.options.remedies;
    let remedies = match level {
        Level::None => Arc::default(),
        Level::Own | Level::Full => engine.remedies(circumstances).await,
    };
    if asked.is_page() {
        page(asked, known, refused, &remedies, level)
    } else {
        problem(asked, refused, &remedies, level)
    }
}

/// The session has proven more than the app's cookie may rest on, and that would be enough.
pub(crate) fn opens_at_full_rank(
    asked: &Asked,
    session: SessionId,
    circumstances: &Circumstances,
) -> bool {
    let inbound = &asked.inbound;
    let view = inbound.conn.thread.view();
    let Some(session) = view.facts.session(session) else {
        return false;
    };
    let core = inbound.conn.thread.door.core();
    session.rank() > circumstances.rank
        && core
            .judge_unheld(&view, &circumstances.at_rank(session.rank()), inbound.now)
            .is_allow()
}

fn page(asked: &Asked, known: &Known, refused: &Refusal, remedies: &Remedies, level: Level) -> Own {
    let inbound = &asked.inbound;
    let begun = if inbound.is_sign_in {
        None
    } else {
        begin(inbound)
    };
    let link = |page| begun.as_ref().map(|begun| begun.link(page));
    let (sign_in, confirm, enrol) = (link("sign-in"), link("confirm"), link("enrol"));
    let sign_out = inbound
        .sign_in_origin()
        .map(|origin| format!("{origin}/sign-out"));
    let ask = (inbound.conn.thread.shared.options.ask)(&known.user);
    let app = &inbound.app.app;
    let facts = &inbound.view.facts;
    let again = is_safe(&inbound.method).then(|| inbound.target.path_and_query().as_str());
    let mut own = Page {
        app: &app.title,
        person: Some(&known.user.display_name),
        authn: known.session.authn_at(known.rank),
        remedies,
        level,
        links: Links {
            sign_in: sign_in.as_deref(),
            confirm: confirm.as_deref(),
            enrol: enrol.as_deref(),
            again: again.filter(|target| !target.starts_with("//")),
            sign_out: sign_out.as_deref(),
            back: None,
        },
        ask: ask.as_deref(),
        decision: refused.decision,
        because: &refused.judgement.decision.because,
        at: inbound.now,
        now: inbound.now,
        zone: app
            .time_zone
            .as_deref()
            .unwrap_or(&facts.settings().time_zone),
        ended: None,
        nothing_sent: !is_safe(&inbound.method),
    }
    .render(StatusCode::FORBIDDEN);
    let cookies = begun.map(|begun| begun.cookies).unwrap_or_default();
    append_cookies(&mut own, cookies.into_iter().map(Some));
    own
}

pub(crate) fn problem(asked: &Asked, refused: &Refusal, remedies: &Remedies, level: Level) -> Own {
    let title = format!("{} is not open to you", asked.inbound.app.app.title);
    let alone = remedies.ways.iter().any(Remedy::alone);
    let detail = match (level, alone) {
        (Level::None, _) => "It was refused.",
        (_, true) => "Open it in a browser: you can do yourself what opens it.",
        (_, false) => "Nothing that you can do alone opens it.",
    };
    let mut problem = Problem::new(StatusCode::FORBIDDEN, "refused", &title, detail)
        .with("decision", refused.decision.to_string());
    if level != Level::None {
        let mut ways: Vec<Value> = Vec::new();
        for way in remedies.ways.iter().map(|way| way_of(way, level)) {
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        problem = problem
            .with("remedies", ways)
            .with("remedies_complete", !remedies.exhausted);
    }
    if level == Level::Full {
        let because = &refused.judgement.decision.because;
        let because: Vec<_> = because.iter().map(ToString::to_string).collect();
        problem = problem.with("because", because);
    }
    problem.answer()
}

/// A way as data, told as far as the person may know.
fn way_of(way: &Remedy, level: Level) -> Value {
    let full = level == Level::Full;
    let step = |lever: &Lever| match lever {
        Lever::SignIn => json!({ "do": "sign-in" }),
        Lever::ConfirmWithPasskey => json!({ "do": "confirm-with-passkey" }),
        Lever::ConfirmWithProvider(name) => {
            json!({ "do": "confirm-with-provider", "provider": name.as_str() })
        }
        Lever::ConfirmWithPassword => json!({ "do": "confirm-with-password" }),
        Lever::EnrolPasskey => json!({ "do": "add-passkey" }),
        Lever::FreshLink => json!({ "do": "sign-in-with-fresh-link" }),
        Lever::Network(name) if full => json!({ "do": "use-network", "network": &**name }),
        Lever::Network(_) => json!({ "do": "use-known-network" }),
        Lever::Time(at) => json!({ "do": "wait", "until_ms": at.as_millis() }),
        Lever::Group(name) if full => json!({ "do": "be-in-group", "group": name.as_str() }),
        Lever::Group(_) => json!({ "do": "be-given-access" }),
    };
    let steps: Vec<Value> = way.steps.iter().map(step).collect();
    json!({ "steps": steps, "alone": way.alone() })
}

/// An attempt that has begun: where it leads, and the cookies that keep it.
struct Begun {
    sign_in_origin: String,
    query: String,
    cookies: Vec<http::HeaderValue>,
}

impl Begun {
    fn link(&self, page: &str) -> String {
        format!("{}/{page}?{}", self.sign_in_origin, self.query)
    }
}

/// Begins a hand-over that leads back to this target. Only for a page of its own: another site could
/// frame a hundred, and each leaves a cookie.
fn begin(inbound: &Inbound) -> Option<Begun> {
    if fetch_site::is_framed(&inbound.headers) {
        return None;
    }
    let target = inbound.target.path_and_query().as_str();
    let attempt = Attempt::new(target, inbound.now)?;
    let sealer = &inbound.conn.thread.shared.sealer;
    let sealed = sealer.seal(&attempt, &inbound.app.app.host)?;
    let lifetime = seal::ATTEMPT_LIFETIME.as_secs();
    let mut cookies = removals(inbound);
    cookies.push(cookie::set(
        &attempt.cookie_name(),
        &sealed,
        Some(lifetime),
    )?);
    Some(Begun {
        sign_in_origin: inbound.sign_in_origin()?,
        query: format!("app={}&attempt={}", inbound.app.app.name, attempt.id()),
        cookies,
    })
}

/// Attempts that are over or too many: a browser with many tabs must not outgrow our limits.
fn removals(inbound: &Inbound) -> Vec<http::HeaderValue> {
    let Ok(ours) = Ours::read(&inbound.headers) else {
        return Vec::new();
    };
    let sealer = &inbound.conn.thread.shared.sealer;
    let host = &inbound.app.app.host;
    let (mut live, mut gone) = (Vec::new(), Vec::new());
    for (name, value) in ours.attempts {
        match sealer
            .open(value, name, host)
            .filter(|a| !a.is_over(inbound.now))
        {
            Some(attempt) => live.push((attempt.made_at, name)),
            None => gone.push(name),
        }
    }
    live.sort_unstable();
    let too_many = (live.len() + 1).saturating_sub(ATTEMPTS_KEPT);
    gone.extend(live.iter().take(too_many).map(|(_, name)| *name));
    gone.into_iter().filter_map(cookie::removal).collect()
}
