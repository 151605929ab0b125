//! One way to a SAML provider and back: what the browser keeps meanwhile.

use gw_engine::random;
use gw_model::{AppName, ProviderName, Timestamp};
use gw_pages::Sealer;
use gw_saml::MessageId;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::super::flow::{Errand, FLOW_LIFETIME};

/// The start of the names of the cookies that come along with what a provider's page posts. They
/// are for this alone: no session is in them.
pub(crate) const COOKIE: &str = "__Host-gw-saml-";

const PURPOSE: &str = "gatewright saml flow";
/// Of a request's id, how much names its cookie.
const NAMED_BY: usize = 8;

/// A way to a provider and back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SamlFlow {
    pub(crate) provider: ProviderName,
    pub(crate) errand: Errand,
    /// Where it leads in the end: an app, and the attempt that its host keeps.
    pub(crate) target: Option<(AppName, String)>,
    /// The id of our request, which the answer names.
    pub(crate) request: String,
    pub(crate) began: Timestamp,
}

impl SamlFlow {
    pub(crate) fn new(
        provider: ProviderName,
        errand: Errand,
        target: Option<(AppName, String)>,
        request: &MessageId,
        now: Timestamp,
    ) -> Self {
        Self {
            provider,
            errand,
            target,
            request: request.to_string(),
            began: now,
        }
    }

    /// The name of the cookie that keeps it.
    pub(crate) fn cookie_name(&self) -> String {
        cookie_name(&self.request)
    }

    /// The value of that cookie.
    pub(crate) fn sealed(&self, sealer: &Sealer) -> Option<String> {
        let bytes = serde_json::to_vec(self).ok()?;
        sealer.seal(&[PURPOSE, &self.cookie_name()], bytes)
    }

    /// The way that a browser kept for this request, if it is this browser's, and not over.
    pub(crate) fn open(
        sealer: &Sealer,
        value: &str,
        request: &str,
        now: Timestamp,
    ) -> Option<Self> {
        let bytes = sealer.open(&[PURPOSE, &cookie_name(request)], value)?;
        let flow: Self = serde_json::from_slice(&bytes).ok()?;
        let same = bool::from(flow.request.as_bytes().ct_eq(request.as_bytes()));
        (same && now.since(flow.began) < FLOW_LIFETIME).then_some(flow)
    }
}

/// The name of the cookie of a way, by its request's id.
pub(crate) fn cookie_name(request: &str) -> String {
    format!("{COOKIE}{}", short(request))
}

/// As much of a request's id as names something in a cookie or an address.
pub(super) fn short(request: &str) -> String {
    let plain = request.chars().filter(char::is_ascii_alphanumeric);
    plain.take(NAMED_BY).collect()
}

/// An id for a message of ours.
pub(super) fn new_id() -> MessageId {
    let mut bits = [0; 20];
    let drawn = [random::secret(), random::secret()].concat();
    for (bit, drawn) in bits.iter_mut().zip(drawn) {
        *bit = drawn;
    }
    MessageId::from_random(bits)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn flow(id: &MessageId) -> SamlFlow {
        SamlFlow::new("corp".parse().unwrap(), Errand::SignIn, None, id, NOW)
    }

    #[test]
    fn a_way_opens_for_its_own_request_while_it_lasts() {
        let sealer = Sealer::generate().unwrap();
        let id = new_id();
        let flow = flow(&id);
        let value = flow.sealed(&sealer).unwrap();
        let open = |request: &str, now| SamlFlow::open(&sealer, &value, request, now);
        assert_eq!(open(id.as_str(), NOW), Some(flow));
        assert_eq!(open(new_id().as_str(), NOW), None);
        let sibling = format!("{}00", &id.as_str()[..12]);
        assert_eq!(
            open(&sibling, NOW),
            None,
            "the same cookie, another request"
        );
        assert_eq!(open(id.as_str(), NOW.after(FLOW_LIFETIME)), None);
        let other = Sealer::generate().unwrap();
        let late = NOW.after(Duration::from_secs(1));
        assert_eq!(SamlFlow::open(&other, &value, id.as_str(), late), None);
    }

    #[test]
    fn a_cookie_is_named_by_what_cookies_may_be_named_by() {
        assert_eq!(
            cookie_name("_;a=b\r\ncdefghij"),
            format!("{COOKIE}abcdefgh")
        );
    }
}
