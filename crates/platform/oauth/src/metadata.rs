//! What this server tells of itself (RFC 8414, 2; OpenID Connect Discovery 1.0, 3), and what it
//! tells of the resources that it protects (RFC 9728, 2).

use gw_jose::Algorithm;
use serde::Serialize;

use crate::{GrantType, Issuer, SCOPE_CLAIMS, Scopes};

/// What differs from one server to another. All else is what this crate does.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its name.
    pub issuer: Issuer,
    /// Where its endpoints are.
    pub endpoints: Endpoints,
    /// The scopes that may be asked for.
    pub scopes: Scopes,
    /// The authentication contexts that can be reached, the weakest first.
    pub acr_values: Vec<String>,
    /// The claims of a person that there can be, by their names.
    pub claims: Vec<&'static str>,
    /// The algorithms that it signs by.
    pub signing: Vec<Algorithm>,
    /// The algorithms that it accepts of clients: of their assertions and proofs.
    pub accepted: Vec<Algorithm>,
    /// The grant types that it serves.
    pub grant_types: Vec<GrantType>,
    /// Whether connections can bring a client's certificate.
    pub has_client_certificates: bool,
    /// Whether an authority vouches for certificates of clients.
    pub has_client_authorities: bool,
    /// Whether every authorization request must be pushed.
    pub requires_pushed: bool,
    /// Pages for people and for who writes clients.
    pub pages: Pages,
}

/// Addresses, each whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Endpoints {
    /// Where people are sent.
    #[serde(rename = "authorization_endpoint")]
    pub authorization: String,
    /// Where clients ask for tokens.
    #[serde(rename = "token_endpoint")]
    pub token: String,
    /// Where clients ask of a person.
    #[serde(rename = "userinfo_endpoint")]
    pub userinfo: String,
    /// Where the public keys are.
    #[serde(rename = "jwks_uri")]
    pub jwks: String,
    /// Where requests are pushed.
    #[serde(rename = "pushed_authorization_request_endpoint")]
    pub pushed_authorization_request: String,
    /// Where devices ask.
    #[serde(rename = "device_authorization_endpoint")]
    pub device_authorization: String,
    /// Where resource servers ask what a token is.
    #[serde(rename = "introspection_endpoint")]
    pub introspection: String,
    /// Where clients give tokens back.
    #[serde(rename = "revocation_endpoint")]
    pub revocation: String,
    /// Where people are sent to sign out.
    #[serde(rename = "end_session_endpoint")]
    pub end_session: String,
    /// Where clients register, where they may.
    #[serde(
        rename = "registration_endpoint",
        skip_serializing_if = "Option::is_none"
    )]
    pub registration: Option<String>,
}

/// Pages, where there are any.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Pages {
    /// For who writes clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_documentation: Option<String>,
    /// What the server does with what it learns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op_policy_uri: Option<String>,
    /// Its terms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op_tos_uri: Option<String>,
}

/// The document at `/.well-known/openid-configuration`, and, being the same, at
/// `/.well-known/oauth-authorization-server`.
#[derive(Debug, Clone, Serialize)]
pub struct ServerMetadata {
    issuer: Issuer,
    #[serde(flatten)]
    endpoints: Endpoints,
    #[serde(flatten)]
    pages: Pages,
    scopes_supported: Vec<String>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 2],
    grant_types_supported: Vec<GrantType>,
    acr_values_supported: Vec<String>,
    subject_types_supported: [&'static str; 2],
    id_token_signing_alg_values_supported: Vec<&'static str>,
    userinfo_signing_alg_values_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    introspection_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    revocation_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    dpop_signing_alg_values_supported: Vec<&'static str>,
    code_challenge_methods_supported: [&'static str; 1],
    prompt_values_supported: [&'static str; 4],
    claim_types_supported: [&'static str; 1],
    claims_supported: Vec<&'static str>,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    require_request_uri_registration: bool,
    require_pushed_authorization_requests: bool,
    authorization_response_iss_parameter_supported: bool,
    tls_client_certificate_bound_access_tokens: bool,
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
    frontchannel_logout_supported: bool,
}

/// The claims of every ID token.
const ID_TOKEN_CLAIMS: [&str; 11] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "sid",
    "at_hash",
];

impl ServerMetadata {
    /// Of a server.
    pub fn of(server: &Server) -> Self {
        let signing = names(&server.signing);
        let accepted = names(&server.accepted);
        let private = private_methods(server);
        let methods = private.iter().copied().chain(["none"]).collect();
        Self {
            issuer: server.issuer.clone(),
            endpoints: server.endpoints.clone(),
            pages: server.pages.clone(),
            scopes_supported: server.scopes.iter().map(str::to_owned).collect(),
            response_types_supported: ["code"],
            response_modes_supported: ["query", "form_post"],
            grant_types_supported: server.grant_types.clone(),
            acr_values_supported: server.acr_values.clone(),
            subject_types_supported: ["public", "pairwise"],
            id_token_signing_alg_values_supported: signing.clone(),
            userinfo_signing_alg_values_supported: signing,
            token_endpoint_auth_methods_supported: methods,
            token_endpoint_auth_signing_alg_values_supported: accepted.clone(),
            introspection_endpoint_auth_methods_supported: private.clone(),
            introspection_endpoint_auth_signing_alg_values_supported: accepted.clone(),
            revocation_endpoint_auth_methods_supported: private
                .into_iter()
                .chain(["none"])
                .collect(),
            revocation_endpoint_auth_signing_alg_values_supported: accepted.clone(),
            dpop_signing_alg_values_supported: accepted,
            code_challenge_methods_supported: [gw_jose::pkce::METHOD],
            prompt_values_supported: ["none", "login", "consent", "select_account"],
            claim_types_supported: ["normal"],
            claims_supported: claims(server),
            claims_parameter_supported: true,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            require_request_uri_registration: false,
            require_pushed_authorization_requests: server.requires_pushed,
            authorization_response_iss_parameter_supported: true,
            tls_client_certificate_bound_access_tokens: server.has_client_certificates,
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
            frontchannel_logout_supported: false,
        }
    }
}

/// By which clients show who they are.
fn private_methods(server: &Server) -> Vec<&'static str> {
    let mut methods = vec![
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    ];
    if server.has_client_certificates && server.has_client_authorities {
        methods.push("tls_client_auth");
    }
    if server.has_client_certificates {
        methods.push("self_signed_tls_client_auth");
    }
    methods
}

fn names(algorithms: &[Algorithm]) -> Vec<&'static str> {
    algorithms.iter().map(|one| one.name()).collect()
}

/// Those that a client can be told: what there is of a person, by the scopes that there are.
fn claims(server: &Server) -> Vec<&'static str> {
    let told = SCOPE_CLAIMS
        .iter()
        .filter(|(scope, _)| server.scopes.contains(scope));
    let told = told.flat_map(|(_, names)| names.iter().copied());
    let told = told.filter(|name| server.claims.contains(name));
    ID_TOKEN_CLAIMS.into_iter().chain(told).collect()
}

/// What is told of a resource: the document at `/.well-known/oauth-protected-resource` before its
/// path (RFC 9728, 2 and 3).
#[derive(Debug, Clone, Serialize)]
pub struct ResourceMetadata {
    resource: String,
    authorization_servers: [Issuer; 1],
    scopes_supported: Vec<String>,
    bearer_methods_supported: [&'static str; 1],
    tls_client_certificate_bound_access_tokens: bool,
    dpop_signing_alg_values_supported: Vec<&'static str>,
    dpop_bound_access_tokens_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<String>,
}

/// What takes access tokens.
#[derive(Debug, Clone)]
pub struct ProtectedResource<'a> {
    /// Who issues them.
    pub issuer: Issuer,
    /// Its identifier: to what they are addressed.
    pub resource: &'a str,
    /// Its name for people.
    pub name: Option<&'a str>,
    /// What they may be good for.
    pub scopes: &'a Scopes,
    /// The algorithms of DPoP proofs that it accepts.
    pub proof_algorithms: &'a [Algorithm],
    /// Whether it asks for clients' certificates, so that tokens may be bound to them.
    pub has_client_certificates: bool,
    /// Whether it takes only tokens that are bound to a DPoP key.
    pub requires_dpop: bool,
}

impl ResourceMetadata {
    /// Of a resource.
    pub fn of(resource: ProtectedResource<'_>) -> Self {
        Self {
            resource: resource.resource.to_owned(),
            authorization_servers: [resource.issuer],
            scopes_supported: resource.scopes.iter().map(str::to_owned).collect(),
            bearer_methods_supported: ["header"],
            tls_client_certificate_bound_access_tokens: resource.has_client_certificates,
            dpop_signing_alg_values_supported: names(resource.proof_algorithms),
            dpop_bound_access_tokens_required: resource.requires_dpop,
            resource_name: resource.name.map(str::to_owned),
        }
    }

    /// Where the document of a resource is: between its host and its path (3.1). None where it
    /// is no `https` address, or `http` on this machine.
    pub fn address(resource: &str) -> Option<String> {
        let issuer = Issuer::parse(resource.strip_suffix('/').unwrap_or(resource)).ok()?;
        let uri = crate::uri::Uri::parse(issuer.as_str())?;
        let origin = issuer.as_str().strip_suffix(uri.rest)?;
        Some(format!(
            "{origin}/.well-known/oauth-protected-resource{}",
            uri.rest
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::server;

    fn metadata(server: &Server) -> Value {
        serde_json::to_value(ServerMetadata::of(server)).unwrap()
    }

    #[test]
    fn what_discovery_must_say_is_said() {
        let told = metadata(&server());
        // OpenID Connect Discovery 1.0, 3: REQUIRED; RFC 8414, 2.
        for name in [
            "issuer",
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "response_types_supported",
            "subject_types_supported",
            "id_token_signing_alg_values_supported",
            "userinfo_endpoint",
            "pushed_authorization_request_endpoint",
            "device_authorization_endpoint",
            "end_session_endpoint",
            "introspection_endpoint",
            "revocation_endpoint",
            "code_challenge_methods_supported",
        ] {
            assert!(!told[name].is_null(), "{name}");
        }
        assert_eq!(told["response_types_supported"], json!(["code"]));
        assert_eq!(told["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(
            told["authorization_response_iss_parameter_supported"],
            json!(true)
        );
        assert_eq!(
            told["request_uri_parameter_supported"],
            json!(false),
            "its default is true"
        );
        assert!(told.get("registration_endpoint").is_none());
    }

    #[test]
    fn nothing_is_told_that_there_is_not() {
        let mut one = server();
        let methods =
            |one: &Server| metadata(one)["token_endpoint_auth_methods_supported"].to_string();
        one.has_client_authorities = false;
        assert!(!methods(&one).contains("\"tls_client_auth\""));
        assert!(methods(&one).contains("\"self_signed_tls_client_auth\""));
        let told = metadata(&one)["claims_supported"].to_string();
        assert!(
            told.contains("email") && !told.contains("birthdate"),
            "{told}"
        );
        one.has_client_certificates = false;
        one.scopes = crate::testing::scopes("openid");
        let told = metadata(&one);
        assert!(
            !told["token_endpoint_auth_methods_supported"]
                .to_string()
                .contains("tls")
        );
        assert!(!told["claims_supported"].to_string().contains("email"));
        assert!(!told.to_string().contains("HS256") && !told.to_string().contains("\"none\",\"RS"));
        let methods = told["introspection_endpoint_auth_methods_supported"].to_string();
        assert!(
            !methods.contains("none"),
            "strangers learn nothing of tokens"
        );
    }

    #[test]
    fn a_resource_tells_where_its_tokens_come_from() {
        let one = ResourceMetadata::of(ProtectedResource {
            issuer: crate::testing::issuer(),
            resource: "https://api.example/a",
            name: Some("A"),
            scopes: &crate::testing::scopes("read"),
            proof_algorithms: &[Algorithm::Es256],
            has_client_certificates: true,
            requires_dpop: true,
        });
        let told = serde_json::to_value(one).unwrap();
        assert_eq!(
            told["authorization_servers"],
            json!(["https://auth.example"])
        );
        assert_eq!(told["resource"], json!("https://api.example/a"));
        for (resource, address) in [
            (
                "https://api.example",
                Some("https://api.example/.well-known/oauth-protected-resource"),
            ),
            (
                "https://api.example/",
                Some("https://api.example/.well-known/oauth-protected-resource"),
            ),
            (
                "https://api.example:8443/a/b",
                Some("https://api.example:8443/.well-known/oauth-protected-resource/a/b"),
            ),
            ("urn:api", None),
        ] {
            assert_eq!(ResourceMetadata::address(resource).as_deref(), address);
        }
    }
}
