//! The plain headers by which an app that verifies no assertion hears who came.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Names of plain headers for legacy apps; absent ones are not sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityHeaders {
    /// Receives the user's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Arc<str>>,
    /// Receives the e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Arc<str>>,
    /// Receives the groups, comma-separated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Arc<str>>,
}

/// What a part of such a name ends with: it says that somebody is named.
const NAMING: [&str; 16] = [
    "user",
    "username",
    "email",
    "mail",
    "group",
    "groups",
    "role",
    "roles",
    "name",
    "login",
    "subject",
    "principal",
    "identity",
    "account",
    "member",
    "who",
];

/// Beginnings of names that mean something else to servers on the way.
const MEANT_OTHERWISE: [&str; 9] = [
    "accept-",
    "access-control-",
    "content-",
    "gatewright-",
    "if-",
    "proxy-",
    "sec-",
    "x-content-",
    "x-http-",
];

impl IdentityHeaders {
    /// Whether a header of this name tells who came and nothing else: one that frames, routes or
    /// authorises a request would be worth to the app what somebody's name says.
    pub fn may_be(name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let names_somebody = name
            .split('-')
            .any(|part| NAMING.iter().any(|word| part.ends_with(word)));
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=64).contains(&name.len())
            && name.bytes().all(fine)
            && names_somebody
            && name != "user-agent"
            && !MEANT_OTHERWISE.iter().any(|start| name.starts_with(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_who_came_and_nothing_else() {
        for fine in [
            "X-Forwarded-User",
            "x-forwarded-preferred-username",
            "X-WEBAUTH-USER",
            "Remote-Groups",
            "x-authentik-email",
            "Cf-Access-Authenticated-User-Email",
            "X-MS-CLIENT-PRINCIPAL-NAME",
        ] {
            assert!(IdentityHeaders::may_be(fine), "{fine}");
        }
        for otherwise in [
            "Content-Length",
            "Transfer-Encoding",
            "Host",
            "Connection",
            "Cookie",
            "Authorization",
            "Gatewright-Assertion",
            "gatewright-user",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-Real-IP",
            "X-Original-URL",
            "X-HTTP-Method-Override",
            "User-Agent",
            "Proxy-User",
            "Expect",
            "Upgrade",
            "",
            "x user",
            "x_user",
        ] {
            assert!(!IdentityHeaders::may_be(otherwise), "{otherwise}");
        }
    }
}
