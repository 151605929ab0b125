//! What is ours on an app's host: the end of a hand-over, and the page after signing out.
//! Nothing below `/.gatewright/` ever reaches an upstream.

use aws_lc_rs::constant_time;
use gw_pages::{Message, redirect};
use http::{HeaderValue, Method, StatusCode, header::SET_COOKIE};

use crate::{
    answer::{Own, Rejection, clear_site},
    bearer,
    cookie::{self, Ours},
    credential::Who,
    gate::refused_stranger,
    inbound::Inbound,
    options::{Code, HandOverFault},
    seal::{self, Attempt},
};

#[derive(Debug, Clone, Copy)]
enum OwnPath {
    Callback,
    SignedOut,
}

/// All that is there on an app's host.
const OWN_PATHS: [(&str, OwnPath); 2] = [
    ("/.gatewright/callback", OwnPath::Callback),
    ("/.gatewright/signed-out", OwnPath::SignedOut),
];

/// The paths that Gatewright itself answers on every app's host.
pub fn own_paths() -> impl Iterator<Item = &'static str> {
    OWN_PATHS.iter().map(|(path, _)| *path)
}

/// Answers one of our own paths.
pub(crate) async fn answer(inbound: &Inbound) -> Own {
    if inbound.is_metadata() {
        return bearer::metadata(inbound).unwrap_or_else(|rejection| rejection.answer(false));
    }
    let path = inbound.target.path();
    let found = OWN_PATHS
        .iter()
        .find(|(p, _)| *p == path && !inbound.is_sign_in);
    let answered = match found {
        Some((_, OwnPath::Callback)) => callback(inbound).await,
        Some((_, OwnPath::SignedOut)) => signed_out(inbound),
        None => Err(missing()),
    };
    answered.unwrap_or_else(|rejection| {
        refused_stranger(
            &inbound.conn,
            rejection.code,
            &inbound.app.app.host,
            inbound,
        );
        rejection.answer(inbound.navigation)
    })
}

fn missing() -> Rejection {
    Rejection::new(
        StatusCode::NOT_FOUND,
        "missing",
        "There is nothing here",
        "Check the address.",
    )
}

/// The code comes back to the host that keeps the attempt; out goes the app's own cookie.
async fn callback(inbound: &Inbound) -> Result<Own, Rejection> {
    if inbound.method != Method::GET || !inbound.navigation {
        let detail = "A hand-over is opened by a browser, as a page.";
        return Err(Rejection::new(
            StatusCode::BAD_REQUEST,
            "hand-over",
            "This is no way in",
            detail,
        ));
    }
    let query = inbound.target.query().unwrap_or_default();
    let (Some(code), Some(id)) = (parameter(query, "code"), parameter(query, "attempt")) else {
        return Ok(start_again(inbound, None));
    };
    let Some(attempt) = kept_attempt(inbound, id)? else {
        return Ok(start_again(inbound, None));
    };
    let code = Code {
        code: code.to_owned(),
        attempt: id.to_owned(),
        app: inbound.app.app.name.clone(),
    };
    let redeem = &inbound.conn.thread.shared.options.hand_over;
    match redeem(code).await {
        Ok(given) => Ok(let_in(inbound, &attempt, &given.0)),
        Err(fault) => Ok(not_taken(inbound, &attempt, fault)),
    }
}

/// The attempt that the browser keeps for this id, if it is ours, whole and not too old.
fn kept_attempt(inbound: &Inbound, id: &str) -> Result<Option<Attempt>, Rejection> {
    let ours = Ours::read(&inbound.headers)?;
    let name = seal::cookie_name(id);
    let mut kept = ours.attempts.iter().filter(|(n, _)| *n == name);
    let (Some((_, value)), None) = (kept.next(), kept.next()) else {
        return Ok(None);
    };
    let sealer = &inbound.conn.thread.shared.sealer;
    let same = |attempt: &Attempt| {
        constant_time::verify_slices_are_equal(attempt.id().as_bytes(), id.as_bytes()).is_ok()
    };
    Ok(sealer
        .open(value, &name, &inbound.app.app.host)
        .filter(|attempt| same(attempt) && !attempt.is_over(inbound.now)))
}

fn let_in(inbound: &Inbound, attempt: &Attempt, secret: &str) -> Own {
    // With the origin before it, a path that begins with two slashes leads nowhere else.
    let mut answer = redirect(&format!("{}{}", inbound.own_origin(), attempt.target));
    let session = cookie::set(cookie::SESSION, secret, None);
    let spent = cookie::removal(&attempt.cookie_name());
    append_cookies(&mut answer, [session, spent]);
    answer
}

fn not_taken(inbound: &Inbound, attempt: &Attempt, fault: HandOverFault) -> Own {
    tracing::info!(%fault, app = %inbound.app.app.name, "a hand-over code was not taken");
    let mut answer = match fault {
        HandOverFault::Unavailable => Message::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "This cannot be done right now",
            "Your sign-in is safe. Try again in a moment.",
        )
        .action("Try again", leading_here(&attempt.target))
        .render(),
        HandOverFault::NotUsable | HandOverFault::SessionOver => {
            start_again(inbound, Some(&attempt.target))
        }
    };
    append_cookies(&mut answer, [cookie::removal(&attempt.cookie_name())]);
    answer
}

/// Codes are short-lived and work once: a page that was kept or reloaded ends here.
fn start_again(inbound: &Inbound, target: Option<&str>) -> Own {
    let sentence = format!(
        "The way into {} works once and not for long. Start again; you need not sign in anew.",
        inbound.app.app.title
    );
    let target = leading_here(target.unwrap_or("/"));
    Message::new(StatusCode::BAD_REQUEST, "Start again", &sentence)
        .action("Start again", target)
        .render()
}

/// A target as a link of this host; one of two slashes would lead elsewhere.
fn leading_here(target: &str) -> &str {
    if target.starts_with("//") {
        "/"
    } else {
        target
    }
}

/// The page after signing out. A page of another site can lead here too, so nothing is
/// cleared while the session stands, nor where there was none.
fn signed_out(inbound: &Inbound) -> Result<Own, Rejection> {
    if inbound.method != Method::GET {
        return Err(missing());
    }
    let ours = Ours::read(&inbound.headers)?;
    let facts = &inbound.view.facts;
    let who = Who::read(
        &ours,
        facts,
        &inbound.app.app.name,
        inbound.is_sign_in,
        inbound.now,
    )?;
    let title = &inbound.app.app.title;
    if who.known.is_some() {
        let sentence = format!("Your session at {title} goes on.");
        let message = Message::new(StatusCode::OK, "You are signed in", &sentence);
        return Ok(message.action("Back", "/").render());
    }
    if ours.session.is_none() {
        let sentence = format!("Nobody is signed in at {title} in this browser.");
        let message = Message::new(StatusCode::OK, "You are signed out", &sentence);
        return Ok(message.action("Sign in again", "/").render());
    }
    let message = Message::new(
        StatusCode::OK,
        "You are signed out",
        "Nothing of this app is kept in this browser any more.",
    );
    let mut answer = message.action("Sign in again", "/").render();
    clear_site(answer.headers_mut());
    append_cookies(&mut answer, [cookie::removal(cookie::SESSION)]);
    Ok(answer)
}

pub(crate) fn append_cookies(
    answer: &mut Own,
    cookies: impl IntoIterator<Item = Option<HeaderValue>>,
) {
    for cookie in cookies.into_iter().flatten() {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// A parameter that is there exactly once. Ours need no decoding.
pub(crate) fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    let mut values = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let value = values.next()?;
    (values.next().is_none() && !value.is_empty() && value.len() <= 128).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_of_two_slashes_is_no_link() {
        assert_eq!(leading_here("/page?x=//y"), "/page?x=//y");
        assert_eq!(leading_here("//elsewhere.example/"), "/");
    }

    #[test]
    fn a_parameter_counts_only_once() {
        assert_eq!(parameter("code=a&attempt=b", "attempt"), Some("b"));
        assert_eq!(parameter("code=a&code=b", "code"), None);
        assert_eq!(parameter("xcode=a", "code"), None);
        assert_eq!(parameter("code=", "code"), None);
        assert_eq!(parameter("", "code"), None);
    }
}
