//! A person who asks faster than one may: answered at once, counted, not recorded one by one.

use std::time::Duration;

use gw_model::Upstream;
use gw_pages::Message;
use http::{
    HeaderValue, StatusCode,
    header::{ORIGIN, RETRY_AFTER},
};

use crate::{
    answer::{Own, Problem},
    bounds::{Asks, TooFast, Whose},
    fetch_site::{self, Sender},
    inbound::Asked,
    recorded,
};

/// Takes a request into what its person, or its program, may ask.
///
/// # Errors
/// With the answer, where that is too much.
pub(crate) fn admit(asked: &Asked, who: Whose) -> Result<(), Box<Own>> {
    let inbound = &asked.inbound;
    let price = recorded::price(asked);
    let what = match (&inbound.app.app.upstream, asked.sender) {
        (_, Sender::Other) => Asks::ByAnotherOrigin,
        (Upstream::BuiltIn(_), _) => Asks::OurPages,
        _ => Asks::App,
    };
    let admitted = inbound.conn.is_asked_by(who, what, price, inbound.received);
    admitted.map_err(|TooFast(wait)| Box::new(refuse(asked, wait)))
}

/// Answers one that comes while as much of theirs is under way as may be.
#[cold]
pub(crate) fn too_much(asked: &Asked) -> Own {
    asked.inbound.conn.thread.metrics.exchanges_refused.add(1);
    let detail = "As much of yours is under way at apps as one person may have at once. Close what you do not need, then go on; nothing is lost.";
    let said = (StatusCode::TOO_MANY_REQUESTS, "person-too-much");
    say(asked, said, detail, Duration::from_secs(1))
}

#[cold]
fn refuse(asked: &Asked, wait: Duration) -> Own {
    asked.inbound.conn.thread.metrics.requests_too_fast.add(1);
    let detail = "You have asked for more than one person may in so short a time. Wait a moment, then go on; nothing is lost.";
    let said = (StatusCode::TOO_MANY_REQUESTS, "person-too-fast");
    say(asked, said, detail, wait)
}

fn say(
    asked: &Asked,
    (status, code): (StatusCode, &'static str),
    detail: &str,
    wait: Duration,
) -> Own {
    let inbound = &asked.inbound;
    let (host, name) = (&inbound.app.app.host, asked.who.name());
    let door = &inbound.conn.thread.door;
    door.refused_person(code, host, name, inbound.address);
    let title = "Too much at once";
    let mut own = if asked.is_page() {
        Message::new(status, title, detail).render()
    } else {
        Problem::new(status, code, title, detail).answer()
    };
    let headers = own.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from(seconds(wait)));
    let origin = inbound.headers.get(ORIGIN);
    fetch_site::allow_origin(origin, &asked.route.origins, headers);
    own
}

/// Whole seconds, after which it is surely so.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_as_long_as_is_said_has_waited_long_enough() {
        assert_eq!(seconds(Duration::from_millis(2)), 1);
        assert_eq!(seconds(Duration::from_secs(3)), 3);
        assert_eq!(seconds(Duration::new(3, 1)), 4);
    }
}
