//! `oidcc-config-certification-test-plan`: `oidcc-discovery-endpoint-verification`, and the same
//! module of the logout plans (OpenID Connect Discovery 1.0, 3 and 4; RP-Initiated Logout 1.0, 2.1;
//! Back-Channel Logout 1.0, 2.1).

use http::{StatusCode, header};
use serde_json::json;

use super::*;

#[tokio::test]
async fn the_document_says_what_a_relying_party_needs() {
    let server = start().await;
    let document = "/.well-known/openid-configuration";
    let answer = server.stranger().get(document, "").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    let told = json(&answer);
    // 4.3: to the letter that of the address that it was read at.
    assert_eq!(told["issuer"], ISSUER);
    let members = told.as_object().unwrap();
    let addresses = members
        .iter()
        .filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
    for (name, address) in addresses {
        let address = address.as_str().unwrap();
        assert!(address.starts_with("https://"), "{name}: {address}");
        let path = address.strip_prefix(ISSUER).unwrap();
        assert!(crate::is_its(path), "{name}: {address}");
    }
    let has = |name: &str, value: &str| told[name].as_array().unwrap().contains(&json!(value));
    assert!(has("response_types_supported", "code"));
    assert!(has("subject_types_supported", "public"));
    assert!(has("subject_types_supported", "pairwise"));
    assert!(has("id_token_signing_alg_values_supported", "RS256"));
    assert!(has("userinfo_signing_alg_values_supported", "RS256"));
    assert!(has("scopes_supported", "openid"));
    assert!(has("grant_types_supported", "authorization_code"));
    assert!(has("code_challenge_methods_supported", "S256"));
    for method in [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    ] {
        assert!(has("token_endpoint_auth_methods_supported", method));
    }
    for (name, value) in [
        ("claims_parameter_supported", true),
        ("request_parameter_supported", false),
        ("request_uri_parameter_supported", false),
        ("backchannel_logout_supported", true),
        ("backchannel_logout_session_supported", true),
    ] {
        assert_eq!(told[name], json!(value), "{name}");
    }
    // What nobody here is told is not said to be.
    assert!(has("claims_supported", "email_verified") && has("claims_supported", "sub"));
    assert!(!has("claims_supported", "birthdate") && !has("scopes_supported", "phone"));
}

#[tokio::test]
async fn its_keys_are_public_and_each_has_a_name() {
    let server = start().await;
    let answer = server.stranger().get("/oauth/jwks.json", "").await;
    let told = json(&answer);
    let keys = told["keys"].as_array().unwrap();
    for key in keys {
        assert!(key["kid"].is_string() && key["kty"] != "oct", "{key}");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
    let read = KeySet::parse(answer.body()).unwrap();
    assert_eq!(read.keys().len(), keys.len());
    assert!(read.ambiguous().is_empty());
}

/// RFC 8705, 5: there is one origin, and who connects to it is asked for a certificate or is not,
/// browsers and programs alike, so that no endpoint has another address for those that show one.
#[tokio::test]
async fn clients_with_certificates_ask_at_the_same_addresses() {
    let server = start().await;
    let document = "/.well-known/openid-configuration";
    let told = json(&server.stranger().get(document, "").await);
    assert_eq!(told["tls_client_certificate_bound_access_tokens"], true);
    assert!(told.get("mtls_endpoint_aliases").is_none());
    let methods = told["token_endpoint_auth_methods_supported"].to_string();
    assert!(methods.contains("\"self_signed_tls_client_auth\""));
    // Nobody vouches for names here.
    assert!(!methods.contains("\"tls_client_auth\""));
}
