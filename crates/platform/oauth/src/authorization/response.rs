//! How a client is answered: at its redirect URI, by a query or a form that posts itself (OAuth
//! 2.0 Form Post Response Mode 1.0), always with the issuer (RFC 9207).

use serde::{Deserialize, Serialize};

use super::AuthorizationFault;
use crate::{Secret, error::description};

/// By what an answer reaches the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// By the query of the redirect URI.
    #[default]
    Query,
    /// By a form.
    FormPost,
}

/// Where an answer goes; made only of a redirect URI that is the client's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerTo {
    pub(super) redirect_uri: String,
    pub(super) mode: ResponseMode,
    pub(super) state: Option<String>,
    pub(super) issuer: String,
}

/// An answer, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub enum Delivery {
    /// By 303 (RFC 9700, 4.12) to this address.
    Redirect(String),
    /// By a page with a form that posts itself.
    FormPost {
        /// Where it is posted.
        action: String,
        /// Its hidden fields, to be escaped as the page's language wants.
        fields: Vec<(&'static str, String)>,
    },
}

impl std::fmt::Debug for Delivery {
    /// Codes are not shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Redirect(_) => "Redirect",
            Self::FormPost { .. } => "FormPost",
        })
    }
}

impl AnswerTo {
    /// Where, exactly as the client wrote it.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// With a code (4.1.2).
    pub fn code(&self, code: &Secret) -> Delivery {
        self.deliver(vec![("code", code.expose().to_owned())])
    }

    /// With a refusal (4.1.2.1).
    pub fn refusal(&self, fault: &AuthorizationFault) -> Delivery {
        self.deliver(vec![
            ("error", fault.code().name().to_owned()),
            ("error_description", description(&fault.to_string())),
        ])
    }

    fn deliver(&self, mut fields: Vec<(&'static str, String)>) -> Delivery {
        fields.extend(self.state.clone().map(|state| ("state", state)));
        fields.push(("iss", self.issuer.clone()));
        match self.mode {
            ResponseMode::Query => Delivery::Redirect(with_query(&self.redirect_uri, &fields)),
            ResponseMode::FormPost => Delivery::FormPost {
                action: self.redirect_uri.clone(),
                fields,
            },
        }
    }
}

/// A URI with these parameters after those that it has (RFC 6749, 3.1.2). It has no fragment.
pub(crate) fn with_query(uri: &str, fields: &[(&'static str, String)]) -> String {
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        encoded.append_pair(name, value);
    }
    let between = match uri.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{uri}{between}{}", encoded.finish())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn to(redirect_uri: &str, mode: ResponseMode, state: &str) -> AnswerTo {
        AnswerTo {
            redirect_uri: redirect_uri.into(),
            mode,
            state: Some(state.into()),
            issuer: "https://auth.example".into(),
        }
    }

    fn location(delivery: Delivery) -> String {
        match delivery {
            Delivery::Redirect(location) => location,
            Delivery::FormPost { .. } => panic!("a redirect"),
        }
    }

    #[test]
    fn the_query_that_is_there_stays() {
        for (uri, begins) in [
            ("https://app.example/cb", "https://app.example/cb?error="),
            ("https://app.example/cb?", "https://app.example/cb?error="),
            (
                "https://app.example/cb?t=%2F",
                "https://app.example/cb?t=%2F&error=",
            ),
            ("com.example.app:/cb", "com.example.app:/cb?error="),
        ] {
            let sent = to(uri, ResponseMode::Query, "s").refusal(&AuthorizationFault::Denied);
            assert!(location(sent).starts_with(begins));
        }
    }

    #[test]
    fn a_state_that_looks_like_an_address_or_a_parameter_stays_a_state() {
        let state = "&code=evil#/https://evil.example/?iss=x\"><script>";
        let location = location(
            to("https://app.example/cb", ResponseMode::Query, state)
                .refusal(&AuthorizationFault::Denied),
        );
        let query = location.strip_prefix("https://app.example/cb?").unwrap();
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let named = |name: &str| {
            let mut values = pairs.iter().filter(|(known, _)| known == name);
            (
                values.next().map(|(_, value)| value.as_str()),
                values.count(),
            )
        };
        assert_eq!(named("state"), (Some(state), 0));
        assert_eq!(named("iss"), (Some("https://auth.example"), 0));
        assert_eq!(named("code"), (None, 0));
        assert!(!location.contains(['#', '<', '"']));
    }

    #[test]
    fn a_form_has_the_same_fields() {
        let secret = Secret::generate().unwrap();
        let sent = to("https://app.example/cb?t=1", ResponseMode::FormPost, "s").code(&secret);
        assert!(!format!("{sent:?}").contains(secret.expose()));
        let Delivery::FormPost { action, fields } = sent else {
            panic!("a form")
        };
        assert_eq!(action, "https://app.example/cb?t=1");
        let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["code", "state", "iss"]);
    }

    proptest! {
        #[test]
        fn what_is_sent_is_read(state in "[ -~]{1,40}") {
            let location = location(to("https://app.example/cb?a=b", ResponseMode::Query, &state).refusal(&AuthorizationFault::Denied));
            let query = location.split_once('?').unwrap().1;
            let read = crate::Parameters::of_query(Some(query)).unwrap();
            prop_assert_eq!(read.value("state"), Some(state.as_str()));
            prop_assert_eq!(read.value("a"), Some("b"));
            prop_assert_eq!(read.repeated(), None);
        }
    }
}
