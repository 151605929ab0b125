//! Where requests may go: the directory's own origin, and those of the addresses that it lists.

use std::collections::BTreeSet;

use bytes::Bytes;
use gw_outbound::Origin;
use http::{StatusCode, Uri};
use serde_json::{Map, Value};

use super::ClientFault;

/// What a directory has to list (RFC 8555, 7.1.1), and what it may.
const NEEDED: [&str; 3] = ["newNonce", "newAccount", "newOrder"];
const OPTIONAL: [&str; 4] = ["newAuthz", "revokeCert", "keyChange", "renewalInfo"];

/// Where requests may go.
pub(super) struct Origins(BTreeSet<Origin>);

impl Origins {
    pub(super) fn of(directory: &str) -> Self {
        let origin = directory.parse().ok().as_ref().and_then(Origin::of);
        Self(origin.into_iter().collect())
    }

    pub(super) fn allow(&self, origin: &Origin) -> bool {
        self.0.contains(origin)
    }

    pub(super) fn extend(&mut self, origins: Vec<Origin>) {
        self.0.extend(origins);
    }
}

/// The origins that a directory lists. That each address in it is one is found out here: what
/// reads it next takes it for granted.
pub(crate) fn of_directory(status: StatusCode, body: &Bytes) -> Result<Vec<Origin>, ClientFault> {
    let unusable = |why: String| Err(ClientFault::Directory(why));
    if status != StatusCode::OK {
        return unusable(format!("it is answered with {}", status.as_u16()));
    }
    let Ok(listed) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return unusable("it is no JSON object".to_owned());
    };
    let mut origins = Vec::new();
    for name in NEEDED.into_iter().chain(OPTIONAL) {
        match listed.get(name) {
            None if NEEDED.contains(&name) => return unusable(format!("it has no `{name}`")),
            None => {}
            Some(value) => {
                let url = value.as_str().and_then(|text| text.parse().ok());
                match url.as_ref().and_then(Origin::of).filter(is_read_again) {
                    Some(origin) => origins.push(origin),
                    None => return unusable(format!("`{name}` is no address at https://")),
                }
            }
        }
    }
    Ok(origins)
}

/// Whether an origin reads back as an address: a host that only looks like one does not.
fn is_read_again(origin: &Origin) -> bool {
    origin.to_string().parse::<Uri>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_directory_and_what_it_lists_are_spoken_to() {
        let mut origins = Origins::of("https://ca.test/directory");
        let at = |url: &str| Origin::of(&url.parse().unwrap()).unwrap();
        assert!(origins.allow(&at("https://ca.test/order/1")));
        assert!(!origins.allow(&at("https://ca.test:8443/order/1")));
        assert!(!origins.allow(&at("https://orders.test/1")));
        let body = br#"{"newNonce":"https://ca.test/n","newAccount":"https://ca.test/a","newOrder":"https://orders.test/o"}"#;
        origins.extend(of_directory(StatusCode::OK, &Bytes::from_static(body)).unwrap());
        assert!(origins.allow(&at("https://orders.test/1")));
        assert!(!origins.allow(&at("https://169.254.169.254/")));
    }

    #[test]
    fn a_directory_that_is_none_is_told_from_one() {
        let of = |text: &'static str| {
            of_directory(StatusCode::OK, &Bytes::from_static(text.as_bytes()))
                .unwrap_err()
                .to_string()
        };
        assert!(of("<html>").contains("no JSON object"));
        assert!(of("[]").contains("no JSON object"));
        assert!(of("{}").contains("no `newNonce`"));
        for bad in [
            "not a url",
            "http://ca.test/n",
            "https:// /",
            "https://--[::0]:94/n",
            "",
        ] {
            let text = format!(r#"{{"newNonce":"{bad}"}}"#);
            let fault = of_directory(StatusCode::OK, &Bytes::from(text)).unwrap_err();
            assert!(
                fault.to_string().contains("`newNonce` is no address"),
                "{bad}"
            );
        }
        let refused = of_directory(StatusCode::NOT_FOUND, &Bytes::new()).unwrap_err();
        assert!(refused.to_string().contains("404"));
    }

    proptest::proptest! {
        /// Whatever is sent, every address that the next reader takes for granted is one.
        #[test]
        fn no_directory_makes_it_panic_and_what_passes_is_https(
            nonce in "\\PC{0,40}|https://[a-z.:@\\[\\]0-9/ ]{0,30}", other in "\\PC{0,60}"
        ) {
            let body = serde_json::json!({
                "newNonce": nonce, "newAccount": "https://ca.test/a", "newOrder": "https://ca.test/o",
            });
            if of_directory(StatusCode::OK, &Bytes::from(body.to_string())).is_ok() {
                let url: Uri = nonce.parse().unwrap();
                proptest::prop_assert_eq!(url.scheme_str(), Some("https"));
            }
            drop(of_directory(StatusCode::OK, &Bytes::from(other)));
        }
    }
}
