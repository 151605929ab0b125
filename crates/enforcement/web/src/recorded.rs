//! What is recorded of a request beside its decision.

use std::borrow::Cow;

use gw_door::Particulars;
use gw_ledger::{ExchangeKind, Method as Recorded};
use http::Method;

use crate::inbound::Asked;

/// Segments of our own apps' paths that are longer than any name in them are secrets: links.
const OWN_SEGMENT_MAX: usize = 20;

/// A request costs as much as so many bytes of what is recorded of it do, begun ones too.
const PRICED_BYTES: usize = 256;

/// No more of a request is recorded.
const RECORDED_MAX: usize = 4096;

/// Personal fields that had to be put together.
pub(crate) struct Personal<'a> {
    path: Cow<'a, str>,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Personal<'a> {
    /// Of the query only what the route names as safe; of our own apps' paths no secret.
    pub(crate) fn of(asked: &'a Asked) -> Self {
        let target = &asked.inbound.target;
        let is_own = asked.inbound.app.is_built_in();
        let safe = &asked.route.recorded_parameters;
        Self {
            path: if is_own {
                without_secrets(target.path())
            } else {
                target.path().into()
            },
            parameters: if safe.is_empty() {
                Vec::new()
            } else {
                let pairs = target.query().unwrap_or_default().split('&');
                let pairs = pairs.filter_map(|pair| pair.split_once('='));
                pairs
                    .filter(|(name, _)| safe.iter().any(|s| **s == **name))
                    .collect()
            },
        }
    }

    /// All that the door records.
    pub(crate) fn particulars<'s>(&'s self, asked: &'s Asked) -> Particulars<'s> {
        let inbound = &asked.inbound;
        Particulars {
            kind: match inbound.app.is_built_in() {
                _ if asked.is_websocket() => ExchangeKind::Websocket,
                true => ExchangeKind::BuiltIn,
                false => ExchangeKind::Http,
            },
            method: method(&inbound.method),
            received: inbound.received,
            personal: gw_ledger::Personal {
                address: Some(inbound.address),
                host: &inbound.app.app.host,
                path: &self.path,
                parameters: &self.parameters,
                user: asked.who.name(),
                user_agent: inbound.user_agent(),
                ..gw_ledger::Personal::default()
            },
            stranger: !asked.who.is_somebody(),
        }
    }
}

/// What a request costs its person: one, where no more than usual is recorded of it.
pub(crate) fn price(asked: &Asked) -> u32 {
    let target = &asked.inbound.target;
    let query = match asked.route.recorded_parameters.is_empty() {
        true => 0,
        false => target.query().map_or(0, str::len),
    };
    let bytes = target.path().len() + query + asked.inbound.user_agent().len();
    let parts = bytes.min(RECORDED_MAX) / PRICED_BYTES;
    1 + u32::try_from(parts).unwrap_or_default()
}

pub(crate) fn without_secrets(path: &str) -> Cow<'_, str> {
    if path
        .split('/')
        .all(|segment| segment.len() <= OWN_SEGMENT_MAX)
    {
        return path.into();
    }
    let shown = |segment| match segment {
        long if str::len(long) > OWN_SEGMENT_MAX => "\u{2026}",
        segment => segment,
    };
    path.split('/')
        .map(shown)
        .collect::<Vec<_>>()
        .join("/")
        .into()
}

fn method(method: &Method) -> Recorded {
    match method.as_str() {
        "GET" => Recorded::Get,
        "HEAD" => Recorded::Head,
        "POST" => Recorded::Post,
        "PUT" => Recorded::Put,
        "DELETE" => Recorded::Delete,
        "OPTIONS" => Recorded::Options,
        "PATCH" => Recorded::Patch,
        _ => Recorded::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_links_secret_is_not_recorded() {
        assert_eq!(
            without_secrets("/link/AAAAAAAAAAAAAAAAAAAAAA/x"),
            "/link/\u{2026}/x"
        );
        assert_eq!(without_secrets("/recovery-codes"), "/recovery-codes");
    }
}
