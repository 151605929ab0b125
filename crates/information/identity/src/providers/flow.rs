//! One way to a provider and back: what the browser keeps meanwhile, and what both ends must say.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use gw_engine::random;
use gw_jose::pkce::{METHOD, Verifier};
use gw_model::{AppName, ProviderName, SessionId, Timestamp};
use gw_pages::Sealer;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::metadata::Metadata;

/// How long somebody may take to sign in at a provider.
pub(crate) const FLOW_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// Ways that one browser may be on at once: tabs.
pub(crate) const FLOWS_AT_ONCE: usize = 5;
/// The start of the names of their cookies.
pub(crate) const COOKIE: &str = "__Host-gw-flow-";

const PURPOSE: &str = "gatewright flow";

/// What somebody goes to a provider for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Errand {
    /// To sign in.
    SignIn,
    /// To prove afresh who they are, within a session of theirs; in one of these classes.
    Confirm {
        session: SessionId,
        acr_values: Vec<String>,
    },
    /// To be known by it from now on, within a session of theirs.
    Link { session: SessionId },
}

/// A way to a provider and back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flow {
    pub(crate) provider: ProviderName,
    pub(crate) errand: Errand,
    /// Where it leads in the end: an app, and the attempt that its host keeps.
    pub(crate) target: Option<(AppName, String)>,
    pub(crate) redirect_uri: String,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    pub(crate) began: Timestamp,
}

impl Flow {
    /// A new one.
    pub(crate) fn new(
        provider: ProviderName,
        errand: Errand,
        target: Option<(AppName, String)>,
        redirect_uri: String,
        now: Timestamp,
    ) -> Self {
        Self {
            provider,
            errand,
            target,
            redirect_uri,
            state: drawn(),
            nonce: drawn(),
            verifier: [drawn(), drawn()].concat(),
            began: now,
        }
    }

    /// The name of the cookie that keeps it.
    pub(crate) fn cookie_name(&self) -> String {
        cookie_name(&self.state)
    }

    /// The value of that cookie.
    pub(crate) fn sealed(&self, sealer: &Sealer) -> Option<String> {
        let bytes = serde_json::to_vec(self).ok()?;
        sealer.seal(&[PURPOSE, &self.cookie_name()], bytes)
    }

    /// The flow that a browser kept for this state, if it is this browser's, and not over.
    pub(crate) fn open(sealer: &Sealer, value: &str, state: &str, now: Timestamp) -> Option<Self> {
        let bytes = sealer.open(&[PURPOSE, &cookie_name(state)], value)?;
        let flow: Self = serde_json::from_slice(&bytes).ok()?;
        let same = bool::from(flow.state.as_bytes().ct_eq(state.as_bytes()));
        (same && now.since(flow.began) < FLOW_LIFETIME).then_some(flow)
    }

    /// Where the browser is sent (OpenID Connect Core 1.0, 3.1.2.1; RFC 7636, 4.3).
    pub(crate) fn authorization_url(
        &self,
        metadata: &Metadata,
        client_id: &str,
        scopes: &[std::sync::Arc<str>],
    ) -> Option<String> {
        let challenge = Verifier::parse(&self.verifier)?.challenge().to_string();
        let scope = scopes.iter().fold(String::from("openid"), |all, one| {
            if &**one == "openid" {
                all
            } else {
                format!("{all} {one}")
            }
        });
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", &scope)
            .append_pair("state", &self.state)
            .append_pair("nonce", &self.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", METHOD);
        if let Errand::Confirm { acr_values, .. } = &self.errand {
            query
                .append_pair("prompt", "login")
                .append_pair("max_age", "0");
            if !acr_values.is_empty() {
                query.append_pair("acr_values", &acr_values.join(" "));
            }
        }
        let between = if metadata.authorization.contains('?') {
            '&'
        } else {
            '?'
        };
        Some(format!(
            "{}{between}{}",
            metadata.authorization,
            query.finish()
        ))
    }

    /// How old a sign-in at the provider may be.
    pub(crate) const fn max_age(&self) -> Option<Duration> {
        match self.errand {
            // It was asked for with `max_age=0`; the time that somebody takes there does not count.
            Errand::Confirm { .. } => Some(FLOW_LIFETIME),
            Errand::SignIn | Errand::Link { .. } => None,
        }
    }
}

/// The name of the cookie of a flow, by its state.
pub(crate) fn cookie_name(state: &str) -> String {
    let start: String = state
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(8)
        .collect();
    format!("{COOKIE}{start}")
}

fn drawn() -> String {
    BASE64URL_NOPAD.encode(&random::secret())
}
