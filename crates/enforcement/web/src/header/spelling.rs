//! Names that a client may not use, in every spelling that some server takes for them.
//!
//! CGI and its kin turn `-` into `_`, PHP turns `.` into `_`, some servers fold whatever is no
//! letter or digit; so names are compared with all of those alike. gRPC tells the same as
//! bytes under a name that ends in `-bin`.

use std::sync::LazyLock;

/// A name folded: lower case, every other character than letters and digits a `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoldedName(Box<[u8]>);

impl FoldedName {
    /// Folds a name.
    pub fn new(name: &str) -> Self {
        Self(name.bytes().map(fold).collect())
    }

    /// Whether a header's name is one of its spellings.
    pub fn spells(&self, name: &str) -> bool {
        same(name.as_bytes(), &self.0)
    }
}

const fn fold(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() {
        byte.to_ascii_lowercase()
    } else {
        b'-'
    }
}

fn same(name: &[u8], folded: &[u8]) -> bool {
    starts(name, folded)
        && name.get(folded.len()..).is_some_and(|rest| {
            rest.is_empty() || (rest.len() == BINARY.len() && starts(rest, BINARY))
        })
}

/// What gRPC appends to the name of a value in bytes.
const BINARY: &[u8] = b"-bin";

fn starts(name: &[u8], folded: &[u8]) -> bool {
    name.len() >= folded.len() && name.iter().zip(folded).all(|(n, f)| fold(*n) == *f)
}

/// Prefixes by which gateways and servers tell apps who somebody is or where they come from.
const IDENTITY_PREFIXES: [&str; 39] = [
    "sm-",
    "iv-",
    // WebSphere's `$WSRU` and its kin.
    "-ws",
    "wl-proxy-",
    "oam-",
    "ajp-",
    "teleport-",
    "x-token-user-",
    "x-warpgate-",
    "x-amzn-mtls-",
    "mellon-",
    "oidc-",
    "remote-",
    "shib-",
    "x-shib-",
    "x-consumer-",
    "x-proxy-ext-",
    "opendistro-security-",
    "impersonate-",
    "x-authentik-",
    "x-ms-token-",
    "x-vouch-",
    "gatewright-",
    "x-gatewright-",
    "x-forwarded-",
    "x-auth-request-",
    "x-authenticated-",
    "x-remote-",
    "x-webauth-",
    "x-envoy-",
    "x-amzn-oidc-",
    "x-goog-iap-",
    "x-goog-authenticated-",
    "x-ms-client-principal",
    "x-pomerium-",
    "x-ssl-",
    "cf-access-",
    "ssl-client-",
    "tailscale-",
];

/// The same as whole names.
const IDENTITY_NAMES: [&str; 70] = [
    "affiliation",
    "eppn",
    "persistent-id",
    "x-apigateway-api-userinfo",
    "x-endpoint-api-userinfo",
    "x-proxy-roles",
    "x-rh-identity",
    "proxy-client-ip",
    "x-azure-clientip",
    "x-azure-socketip",
    "fly-client-ip",
    "http-client-ip",
    "front-end-https",
    "x-anonymous-consumer",
    "x-appengine-user-email",
    "x-appengine-user-id",
    "x-arr-clientcert",
    "x-auth-userid",
    "x-client-dn",
    "x-client-verify",
    "x-credential-identifier",
    "x-groups",
    "x-id-token",
    "x-jwt-assertion",
    "x-proxy-remote-user",
    "x-proxy-user",
    "x-roles",
    "x-scheme",
    "x-token-userinfo",
    "x-url-scheme",
    "x-user-email",
    "x-user-groups",
    "x-user-roles",
    "x-userid",
    "x-userinfo",
    "auth-user",
    "x-auth-user",
    "x-auth-username",
    "x-auth-name",
    "x-auth-email",
    "x-auth-groups",
    "x-auth-roles",
    "x-email",
    "x-token-subject",
    "forwarded",
    "x-forwarded",
    "forwarded-for",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-forwarded-for",
    "x-original-host",
    "x-originating-ip",
    "x-host",
    "x-host-override",
    "x-http-host-override",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "fastly-client-ip",
    "client-ip",
    "client-cert",
    "client-cert-chain",
    "x-client-cert",
    "x-user",
    "x-user-id",
    "x-user-name",
    "x-username",
    "early-data",
    // A CGI server hands it on as HTTP_PROXY.
    "proxy",
];

/// What a part of a name ends with that tells who somebody is or what they may do. An app's own
/// headers may be named by more words than these (`IdentityHeaders::may_be`): by `name`, for
/// example, which in a client's is mostly a file's.
const NAMING: [&str; 24] = [
    "user",
    "userid",
    "username",
    "userinfo",
    "displayname",
    "principalname",
    "email",
    "emailaddress",
    "mail",
    "group",
    "groups",
    "role",
    "roles",
    "login",
    "subject",
    "principal",
    "identity",
    "member",
    "memberof",
    "affiliation",
    "entitlement",
    "permissions",
    "admin",
    "impersonate",
];

/// Names that look so and name nobody.
const NAMES_NOBODY: [&str; 2] = ["sec-fetch-user", "x-query-group-id"];

/// Whether a name says that somebody is named, or what they are; a `User-Agent` is nobody.
pub(super) fn names_somebody(name: &str) -> bool {
    let is_mark = |letter: char| !letter.is_ascii_alphanumeric();
    let ends = |part: &str| {
        NAMING.iter().any(|word| {
            let tail = part.len().checked_sub(word.len());
            let tail = tail.and_then(|at| part.get(at..));
            tail.is_some_and(|tail| tail.eq_ignore_ascii_case(word))
        })
    };
    if NAMES_NOBODY
        .iter()
        .any(|one| name.eq_ignore_ascii_case(one))
    {
        return false;
    }
    let mut parts = name.split(is_mark).peekable();
    while let Some(part) = parts.next() {
        let is_agent = parts
            .peek()
            .is_some_and(|next| next.eq_ignore_ascii_case("agent"));
        if ends(part) && !is_agent {
            return true;
        }
    }
    false
}

/// Names that make some servers take a request for another.
const OVERRIDE_NAMES: [&str; 16] = [
    "x-http-path-override",
    "x-middleware-subrequest",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-method",
    "x-original-method",
    "x-original-url",
    "x-original-uri",
    "x-original-path",
    "x-rewrite-url",
    "x-rewrite-uri",
    "x-override-url",
    "x-request-uri",
    "x-proxy-url",
    "x-wap-url",
];

/// What frames a message, for servers that fold names as CGI does. As they are, these are
/// taken out with what belongs to a connection.
const FRAMING_NAMES: [&str; 2] = ["content-length", "transfer-encoding"];

/// Whether a name frames a message under another spelling than its own.
pub(super) fn is_misspelled_framing(name: &str) -> bool {
    FRAMING_NAMES
        .iter()
        .any(|n| *n != name && same(name.as_bytes(), n.as_bytes()))
}

/// Whether a name claims who somebody is or where they come from.
pub(super) fn is_identity(name: &str) -> bool {
    let name = name.as_bytes();
    is_listed(name)
        || name
            .get(HTTP.len()..)
            .is_some_and(|rest| starts(name, HTTP) && is_listed(rest))
}

/// What CGI puts before the names of headers, for apps that look names up so.
const HTTP: &[u8] = b"http-";

fn is_listed(name: &[u8]) -> bool {
    let listed = LISTED.of(name);
    listed.prefixes.iter().any(|p| starts(name, p)) || listed.names.iter().any(|n| same(name, n))
}

/// Whether a name claims another method or URL.
pub(super) fn is_override(name: &str) -> bool {
    let name = name.as_bytes();
    LISTED.of(name).overrides.iter().any(|n| same(name, n))
}

/// The lists by the letter that their names begin with: a header is compared with few.
struct Listed([ByLetter; 27]);

#[derive(Default)]
struct ByLetter {
    prefixes: Vec<&'static [u8]>,
    names: Vec<&'static [u8]>,
    overrides: Vec<&'static [u8]>,
}

static LISTED: LazyLock<Listed> = LazyLock::new(|| {
    let with = |list: &[&'static str], letter: usize| {
        let listed = list.iter().map(|name| name.as_bytes());
        listed.filter(|name| slot(name) == letter).collect()
    };
    Listed(std::array::from_fn(|letter| ByLetter {
        prefixes: with(&IDENTITY_PREFIXES, letter),
        names: with(&IDENTITY_NAMES, letter),
        overrides: with(&OVERRIDE_NAMES, letter),
    }))
});

impl Listed {
    #[expect(clippy::indexing_slicing, reason = "a slot is at most 26")]
    fn of(&self, name: &[u8]) -> &ByLetter {
        &self.0[slot(name)]
    }
}

/// A place for each letter, and the last for whatever is none.
fn slot(name: &[u8]) -> usize {
    match name.first().map(u8::to_ascii_lowercase) {
        Some(letter @ b'a'..=b'z') => usize::from(letter - b'a'),
        _ => 26,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_by_its_first_letter() {
        let all = IDENTITY_PREFIXES.iter().chain(&IDENTITY_NAMES);
        for name in all {
            assert!(is_identity(name) || name.ends_with('-'), "{name}");
            assert_eq!(
                FoldedName::new(name).0.as_ref(),
                name.as_bytes(),
                "{name} is folded"
            );
        }
        assert!(OVERRIDE_NAMES.iter().all(|n| is_override(n)));
    }

    #[test]
    fn spellings_are_alike() {
        for name in [
            "X-Forwarded-For",
            "x_forwarded_for",
            "X.Forwarded-For",
            "x-forwarded_proto",
        ] {
            assert!(is_identity(name), "{name}");
        }
        let user = FoldedName::new("X-Remote_User");
        assert!(user.spells("x-remote-user") && user.spells("X.REMOTE.USER"));
        assert!(!user.spells("x-remote-users") && !user.spells("xremoteuser"));
        assert!(user.spells("x-remote-user-bin") && user.spells("x_remote_user_bin"));
        assert!(!user.spells("x-remote-user-binary") && is_identity("x-real-ip-bin"));
        assert!(
            is_misspelled_framing("content_length") && !is_misspelled_framing("content-length")
        );
        for name in [
            "x-requested-with",
            "x-csrf-token",
            "forward",
            "proxyx",
            "sec-fetch-site",
        ] {
            assert!(!is_identity(name) && !is_override(name), "{name}");
        }
    }
}
