//! What a provider says of itself (OpenID Connect Discovery 1.0, 3 and 4.3): read once, and only
//! as far as it is used.

use gw_jose::Algorithm;
use gw_outbound::Origin;
use http::Uri;
use serde::Deserialize;

/// Where a provider's document lies below its issuer (OpenID Connect Discovery 1.0, 4).
pub(crate) const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// Why a provider's document cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MetadataFault {
    #[error("it is no JSON document of its kind: {0}")]
    Form(String),
    #[error("it is `{0}`'s, which is not the issuer that is declared, to the letter")]
    Issuer(String),
    #[error("its `{0}` is no address at `https://`")]
    Address(&'static str),
    #[error("it does not serve the authorization code flow")]
    NoCode,
    #[error(
        "it signs ID tokens by none of the algorithms that are accepted (RS256 to EdDSA; never `none` and `HS256`)"
    )]
    Algorithms,
}

/// How Gatewright proves to a provider who it is, of the ways that both know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientProof {
    /// `client_secret_basic` (RFC 6749, 2.3.1).
    Basic,
    /// `client_secret_post`.
    Post,
}

/// An address of the provider's that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) origin: Origin,
    pub(crate) url: Uri,
}

/// What is used of a provider's document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// Where browsers are sent; its query, where it has one, is kept.
    pub(crate) authorization: String,
    pub(crate) token: Endpoint,
    pub(crate) keys: Endpoint,
    pub(crate) userinfo: Option<Endpoint>,
    pub(crate) proof: ClientProof,
    pub(crate) algorithms: Vec<Algorithm>,
    /// Whether every answer names the issuer (RFC 9207).
    pub(crate) names_issuer: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    response_types_supported: Vec<String>,
    #[serde(default)]
    id_token_signing_alg_values_supported: Vec<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Reads the document of the issuer that is declared.
    pub(crate) fn read(issuer: &str, body: &[u8]) -> Result<Self, MetadataFault> {
        let document: Document = serde_json::from_slice(body)
            .map_err(|fault| MetadataFault::Form(plain(&fault.to_string())))?;
        if document.issuer != issuer {
            return Err(MetadataFault::Issuer(plain(&document.issuer)));
        }
        let codes = &document.response_types_supported;
        if !codes.is_empty() && !codes.iter().any(|kind| kind == "code") {
            return Err(MetadataFault::NoCode);
        }
        let at =
            |name, address: &str| endpoint(issuer, address).ok_or(MetadataFault::Address(name));
        at("authorization_endpoint", &document.authorization_endpoint)?;
        let userinfo = document.userinfo_endpoint.as_deref();
        Ok(Self {
            authorization: document.authorization_endpoint,
            token: at("token_endpoint", &document.token_endpoint)?,
            keys: at("jwks_uri", &document.jwks_uri)?,
            userinfo: userinfo
                .map(|address| at("userinfo_endpoint", address))
                .transpose()?,
            proof: proof(document.token_endpoint_auth_methods_supported.as_deref()),
            algorithms: algorithms(&document.id_token_signing_alg_values_supported)?,
            names_issuer: document.authorization_response_iss_parameter_supported,
        })
    }
}

/// The address of the document of an issuer.
pub(crate) fn document_of(issuer: &str) -> Option<Endpoint> {
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    endpoint(issuer, &format!("{base}{WELL_KNOWN}"))
}

/// Plain HTTP only where the issuer itself is on this machine.
fn endpoint(issuer: &str, address: &str) -> Option<Endpoint> {
    let issuer = Origin::of_or_loopback(&issuer.parse().ok()?)?;
    if address.contains('#') {
        return None;
    }
    let url: Uri = address.parse().ok()?;
    let origin = match issuer.tls() {
        true => Origin::of(&url),
        false => Origin::of_or_loopback(&url),
    }?;
    Some(Endpoint { origin, url })
}

/// The way that the document lists; the one that all must know where it lists none.
fn proof(listed: Option<&[String]>) -> ClientProof {
    let lists = |name| listed.is_some_and(|listed| listed.iter().any(|one| one == name));
    match listed.is_some() && !lists("client_secret_basic") && lists("client_secret_post") {
        true => ClientProof::Post,
        false => ClientProof::Basic,
    }
}

/// Those of the document that are accepted; RS256, which all must know, where it lists none.
fn algorithms(listed: &[String]) -> Result<Vec<Algorithm>, MetadataFault> {
    let known: Vec<_> = listed
        .iter()
        .filter_map(|n| Algorithm::of_name(n))
        .collect();
    match (known.is_empty(), listed.is_empty()) {
        (false, _) => Ok(known),
        (true, true) => Ok(vec![Algorithm::Rs256]),
        (true, false) => Err(MetadataFault::Algorithms),
    }
}

/// What somebody else wrote, short and on one line.
fn plain(text: &str) -> String {
    const SHOWN_MAX: usize = 120;
    let visible = |c: char| if c.is_control() || c == '`' { '?' } else { c };
    text.chars().take(SHOWN_MAX).map(visible).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ISSUER: &str = "https://id.test/realm";

    fn document() -> Value {
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://id.test/authorize?tenant=1",
            "token_endpoint": "https://tokens.test/token",
            "jwks_uri": "https://id.test/keys",
            "userinfo_endpoint": "https://id.test/me",
            "response_types_supported": ["code", "id_token"],
            "id_token_signing_alg_values_supported": ["none", "HS256", "RS256", "ES256"],
            "authorization_response_iss_parameter_supported": true,
            "something_else": {"deeply": ["nested"]},
        })
    }

    fn read(document: &Value) -> Result<Metadata, MetadataFault> {
        Metadata::read(ISSUER, document.to_string().as_bytes())
    }

    fn with(name: &str, value: Value) -> Value {
        let mut document = document();
        document[name] = value;
        document
    }

    #[test]
    fn what_is_used_of_a_document_is_read() {
        let metadata = read(&document()).unwrap();
        assert_eq!(metadata.authorization, "https://id.test/authorize?tenant=1");
        assert_eq!(metadata.token.origin.to_string(), "https://tokens.test");
        assert_eq!(metadata.algorithms, [Algorithm::Rs256, Algorithm::Es256]);
        assert_eq!(metadata.proof, ClientProof::Basic);
        assert!(metadata.names_issuer);
    }

    #[test]
    fn the_document_of_another_issuer_is_refused_to_the_letter() {
        for other in [
            "https://id.test/realm/",
            "https://ID.test/realm",
            "https://evil.test",
        ] {
            let fault = read(&with("issuer", json!(other)));
            assert!(matches!(fault, Err(MetadataFault::Issuer(_))), "{other}");
        }
    }

    #[test]
    fn no_address_leads_away_from_tls() {
        for name in [
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "userinfo_endpoint",
        ] {
            for address in [
                "http://id.test/x",
                "http://127.0.0.1/x",
                "file:///etc/passwd",
                "https://user@id.test/x",
                "//id.test/x",
                "/x",
                "javascript:alert(1)",
                "https://id.test/x#fragment",
                "",
            ] {
                let fault = read(&with(name, json!(address)));
                assert_eq!(fault, Err(MetadataFault::Address(name)), "{name} {address}");
            }
        }
    }

    #[test]
    fn a_provider_on_this_machine_may_do_without_tls_and_stays_on_it_or_uses_tls() {
        let issuer = "http://127.0.0.1:9000";
        let mut document = document();
        document["issuer"] = json!(issuer);
        document["token_endpoint"] = json!("http://127.0.0.1:9000/token");
        assert!(Metadata::read(issuer, document.to_string().as_bytes()).is_ok());
        document["token_endpoint"] = json!("http://10.0.0.1/token");
        let fault = Metadata::read(issuer, document.to_string().as_bytes());
        assert_eq!(fault, Err(MetadataFault::Address("token_endpoint")));
        assert!(document_of("http://id.test").is_none());
    }

    #[test]
    fn unsigned_tokens_and_shared_secrets_are_no_signatures() {
        let name = "id_token_signing_alg_values_supported";
        let fault = read(&with(name, json!(["none", "HS256"])));
        assert_eq!(fault, Err(MetadataFault::Algorithms));
        let silent = read(&with(name, json!([]))).unwrap();
        assert_eq!(silent.algorithms, [Algorithm::Rs256]);
    }

    #[test]
    fn a_client_proves_itself_in_a_way_that_the_provider_lists() {
        let name = "token_endpoint_auth_methods_supported";
        let proof = |listed| read(&with(name, listed)).unwrap().proof;
        assert_eq!(proof(json!(["client_secret_post"])), ClientProof::Post);
        let both = json!(["client_secret_post", "client_secret_basic"]);
        assert_eq!(proof(both), ClientProof::Basic);
    }

    #[test]
    fn a_document_lies_below_its_issuer() {
        let at = |issuer| document_of(issuer).unwrap().url.to_string();
        let expected = "https://id.test/realm/.well-known/openid-configuration";
        assert_eq!(at("https://id.test/realm"), expected);
        assert_eq!(at("https://id.test/realm/"), expected);
    }

    proptest::proptest! {
        #[test]
        fn no_document_makes_it_panic(text in "\\PC{0,200}") {
            drop(Metadata::read(ISSUER, text.as_bytes()));
        }
    }
}
