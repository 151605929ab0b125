use serde_json::{Value, json};

use super::*;
use crate::{
    Client, ClientFault, ClientMetadata, ErrorCode, RedirectUriFault, RegisteredClient,
    SectorFault, SubjectType, check_sector_document,
    testing::{NOW, resources, scopes},
};

fn rules() -> RegistrationRules {
    RegistrationRules {
        scopes: scopes("openid profile email"),
        resources: resources(&[]),
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        algorithms: vec![Algorithm::Es256, Algorithm::Rs256],
        proof_key: ProofKey::Required,
    }
}

fn secret() -> Secret {
    Secret::generate().unwrap()
}

fn register(body: &str) -> Result<Registration, RegistrationFault> {
    let id = ClientId::parse("new").unwrap();
    Registration::read(body.as_bytes(), &rules(), id, &secret(), &secret(), NOW)
}

fn body(more: Value) -> String {
    let mut body = json!({"redirect_uris": ["https://new.example/cb"]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.to_string()
}

fn with(more: Value) -> Result<Registration, RegistrationFault> {
    register(&body(more))
}

#[test]
fn what_is_left_away_is_what_the_standards_say() {
    let read = with(json!({})).unwrap();
    let one = &read.client;
    assert!(read.gives_secret && one.authentication.name() == "client_secret_basic");
    assert_eq!(one.grant_types, [GrantType::AuthorizationCode]);
    assert_eq!(one.id_token_algorithm, Algorithm::Rs256);
    assert_eq!(one.scopes, rules().scopes);
    assert_eq!(
        (one.proof_key, one.application_type),
        (ProofKey::Required, ApplicationType::Web)
    );
}

#[test]
fn who_can_keep_something_goes_without_a_proof_key_where_the_rules_say_so() {
    let rules = RegistrationRules {
        proof_key: ProofKey::Optional,
        ..rules()
    };
    let read = |more: Value| {
        let (id, body) = (ClientId::parse("new").unwrap(), body(more));
        let read = Registration::read(body.as_bytes(), &rules, id, &secret(), &secret(), NOW);
        read.unwrap().client.proof_key
    };
    assert_eq!(read(json!({})), ProofKey::Optional);
    let public = json!({"token_endpoint_auth_method": "none"});
    assert_eq!(read(public), ProofKey::Required);
}

#[test]
fn a_whole_registration_is_read_and_told_again() {
    let read = with(json!({
        "client_name": "New", "client_uri": "https://new.example/", "logo_uri": "https://new.example/l.png",
        "policy_uri": "https://new.example/p", "tos_uri": "https://new.example/t", "contacts": ["a@new.example"],
        "application_type": "native", "redirect_uris": ["https://new.example/cb?x=1", "http://127.0.0.1/cb", "com.example.new:/cb"],
        "post_logout_redirect_uris": ["https://new.example/bye"], "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"], "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://new.example/jwks",
        "scope": "openid email admin", "subject_type": "public", "id_token_signed_response_alg": "ES256",
        "userinfo_signed_response_alg": "RS256", "backchannel_logout_uri": "https://new.example/logout",
        "backchannel_logout_session_required": true, "require_pushed_authorization_requests": true,
        "dpop_bound_access_tokens": true, "tls_client_certificate_bound_access_tokens": false, "default_max_age": 3600,
        "require_auth_time": true, "default_acr_values": ["phr"], "initiate_login_uri": "https://new.example/login",
        "unknown": {"a": [1]}, "software_id": "x", "client_secret": null,
    })).unwrap();
    assert!(!read.gives_secret && read.client.require_pushed && read.client.dpop_bound);
    let answer = RegisteredClient::new(&read.client, "https://auth.example/register/new".into())
        .with_token("t");
    let told: Value = serde_json::from_slice(answer.created().body()).unwrap();
    assert_eq!(answer.created().status(), 201);
    assert_eq!(told["scope"], json!("openid email"));
    assert_eq!(told["default_max_age"], json!(3600));
    assert_eq!(told["redirect_uris"].as_array().unwrap().len(), 3);
    assert_eq!(told["logo_uri"], json!("https://new.example/l.png"));
    assert_eq!(told["userinfo_signed_response_alg"], json!("RS256"));
    assert_eq!(told["registration_access_token"], json!("t"));
    assert!(told.get("client_secret").is_none() && told.get("unknown").is_none());
}

#[test]
fn a_secret_is_told_once_and_accepted() {
    let id = ClientId::parse("new").unwrap();
    let (given, token) = (secret(), secret());
    let read = Registration::read(
        body(json!({})).as_bytes(),
        &rules(),
        id,
        &given,
        &token,
        NOW,
    )
    .unwrap();
    assert!(
        read.client
            .authentication
            .secrets()
            .unwrap()
            .accept(given.expose(), NOW)
    );
    assert!(
        read.client.is_managed_by(token.expose()) && !read.client.is_managed_by(given.expose())
    );
    let answer =
        RegisteredClient::new(&read.client, "https://auth.example/r".into()).with_secret(&given);
    let told: Value = serde_json::from_slice(answer.answer().body()).unwrap();
    assert_eq!(told["client_secret"], json!(given.expose()));
    assert_eq!(told["client_secret_expires_at"], json!(0));
    assert!(!format!("{answer:?}").contains(given.expose()));
}

#[test]
fn redirect_uris_that_none_may_be_are_refused_by_their_right_name() {
    for (uri, fault) in [
        ("javascript:alert(1)", RedirectUriFault::Scheme),
        ("data:text/html,x", RedirectUriFault::Scheme),
        ("http://new.example/cb", RedirectUriFault::Plain),
        ("https://new.example/cb#f", RedirectUriFault::Fragment),
        ("https://*.new.example/cb", RedirectUriFault::Malformed),
        ("/cb", RedirectUriFault::Malformed),
    ] {
        let refused = with(json!({"redirect_uris": ["https://new.example/ok", uri]})).unwrap_err();
        assert_eq!(
            refused,
            RegistrationFault::RedirectUri { position: 1, fault }
        );
        assert_eq!(refused.code(), ErrorCode::InvalidRedirectUri);
        assert_eq!(refused.answer().status(), 400);
    }
    for uris in [json!([]), json!(["http://127.0.0.1/cb"])] {
        let refused = with(json!({"redirect_uris": uris})).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidRedirectUri);
    }
    let many: Vec<String> = (0..40)
        .map(|n| format!("https://new.example/{n}"))
        .collect();
    let refused = with(json!({"redirect_uris": many})).unwrap_err();
    assert_eq!(
        refused,
        RegistrationFault::Client(ClientFault::TooManyRedirectUris)
    );
    let huge: Vec<String> = (0..200)
        .map(|n| format!("https://new.example/{n}"))
        .collect();
    assert_eq!(
        with(json!({"redirect_uris": huge})),
        Err(RegistrationFault::Malformed("redirect_uris"))
    );
}

#[test]
fn everything_else_is_refused_as_metadata() {
    let p256 = json!({"keys": [{"kty": "EC", "crv": "P-256", "d": "AA", "x": "AA", "y": "AA"}]});
    for more in [
        json!({"grant_types": ["password"]}),
        json!({"grant_types": ["client_credentials"]}),
        json!({"grant_types": ["refresh_token"]}),
        json!({"grant_types": "authorization_code"}),
        json!({"response_types": ["code id_token"]}),
        json!({"response_types": ["token"]}),
        json!({"response_types": []}),
        json!({"application_type": "browser"}),
        json!({"token_endpoint_auth_method": "client_secret_jwt"}),
        json!({"token_endpoint_auth_method": "private_key_jwt"}),
        json!({"token_endpoint_auth_method": "tls_client_auth"}),
        json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "a", "tls_client_auth_san_uri": "b"}),
        json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": p256}),
        json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": []}, "jwks_uri": "https://new.example/j"}),
        json!({"jwks_uri": "http://new.example/jwks"}),
        json!({"jwks_uri": "https://127.0.0.1/jwks"}),
        json!({"jwks_uri": "https://[::1]/jwks"}),
        json!({"jwks_uri": "https://localhost/jwks"}),
        json!({"backchannel_logout_uri": "http://127.0.0.1/logout"}),
        json!({"backchannel_logout_uri": "https://169.254.169.254/logout"}),
        json!({"backchannel_logout_uri": "https://new.example/logout#f"}),
        json!({"sector_identifier_uri": "http://new.example/s"}),
        json!({"sector_identifier_uri": "https://10.0.0.1/s"}),
        json!({"subject_type": "ephemeral"}),
        json!({"id_token_signed_response_alg": "none"}),
        json!({"id_token_signed_response_alg": "HS256"}),
        json!({"id_token_signed_response_alg": "PS512"}),
        json!({"id_token_encrypted_response_alg": "RSA-OAEP"}),
        json!({"userinfo_encrypted_response_alg": "RSA-OAEP"}),
        json!({"logo_uri": "javascript:alert(1)"}),
        json!({"client_name": "a\nb"}),
        json!({"client_name": 1}),
        json!({"contacts": [1]}),
        json!({"require_auth_time": "yes"}),
        json!({"default_max_age": -1}),
        json!({"scope": "a  b"}),
        json!({"post_logout_redirect_uris": ["javascript:alert(1)"]}),
    ] {
        let refused = with(more.clone()).unwrap_err();
        assert_eq!(
            refused.code(),
            ErrorCode::InvalidClientMetadata,
            "{more} {refused}"
        );
    }
    let statement = with(json!({"software_statement": "a.b.c"})).unwrap_err();
    assert_eq!(statement.code(), ErrorCode::UnapprovedSoftwareStatement);
    for text in [
        "",
        "[]",
        "{",
        r#"{"a":1,"a":1}"#,
        &format!(r#"{{"a":"{}"}}"#, "x".repeat(70_000)),
    ] {
        assert_eq!(
            register(text).unwrap_err().code(),
            ErrorCode::InvalidClientMetadata
        );
    }
}

#[test]
fn pairwise_subjects_are_of_one_host_or_of_a_listed_sector() {
    let sector = |read: Registration| match read.client.subject_type {
        SubjectType::Pairwise { sector } => sector,
        SubjectType::Public => panic!("it is pairwise"),
    };
    let one = with(json!({"subject_type": "pairwise"})).unwrap();
    assert_eq!(sector(one), "new.example");
    let two = json!(["https://a.example/cb", "https://b.example/cb"]);
    let several = with(json!({"subject_type": "pairwise", "redirect_uris": two}));
    assert_eq!(several, Err(RegistrationFault::Sector));
    let uri = "https://sector.example/list";
    let listed = with(
        json!({"subject_type": "pairwise", "redirect_uris": two, "sector_identifier_uri": uri}),
    )
    .unwrap();
    assert_eq!(listed.sector_document.as_deref(), Some(uri));
    let check = |document: &str| check_sector_document(document.as_bytes(), &listed.client);
    assert_eq!(
        check(r#"["https://a.example/cb","https://b.example/cb","x"]"#),
        Ok(())
    );
    assert_eq!(
        check(r#"["https://a.example/cb"]"#),
        Err(SectorFault::Incomplete)
    );
    let device = json!(["urn:ietf:params:oauth:grant-type:device_code"]);
    for leading_nowhere in [
        json!({"subject_type": "pairwise", "redirect_uris": [], "grant_types": device}),
        json!({"subject_type": "pairwise", "redirect_uris": [], "grant_types": device,
            "sector_identifier_uri": uri}),
    ] {
        let rules = RegistrationRules {
            grant_types: GrantType::ALL.to_vec(),
            ..rules()
        };
        let (body, id) = (body(leading_nowhere), ClientId::parse("new").unwrap());
        let read = Registration::read(body.as_bytes(), &rules, id, &secret(), &secret(), NOW);
        assert_eq!(read, Err(RegistrationFault::Sector));
    }
    let nowhere = Client {
        redirect_uris: Vec::new(),
        ..listed.client.clone()
    };
    let document = br#"["https://a.example/cb"]"#;
    let refused = check_sector_document(document, &nowhere);
    assert_eq!(refused, Err(SectorFault::Incomplete));
    for uri in ["com.evil.app://a.example/cb", "http://127.0.0.1/cb"] {
        let own = with(
            json!({"subject_type": "pairwise", "application_type": "native",
            "redirect_uris": [uri]}),
        );
        assert_eq!(own, Err(RegistrationFault::Sector), "{uri}");
    }
    for other in ["", "{}", "[1]", "[[]]"] {
        assert_eq!(check(other), Err(SectorFault::Malformed), "{other}");
    }
    assert_eq!(sector(listed), "sector.example");
}

#[test]
fn what_is_told_of_a_sector_may_be_said_again() {
    let uri = "https://sector.example/list";
    let registered = with(
        json!({"subject_type": "pairwise", "sector_identifier_uri": uri,
        "redirect_uris": ["https://a.example/cb", "https://b.example/cb"]}),
    );
    let current = registered.unwrap().client;
    let told = serde_json::to_value(ClientMetadata::of(&current)).unwrap();
    assert_eq!(told["sector_identifier_uri"], uri);
    let said = told.to_string();
    let again = Registration::change(said.as_bytes(), &current, &rules(), &secret(), NOW).unwrap();
    assert_eq!(again.sector_document.as_deref(), Some(uri));
    assert_eq!(again.client, current);
}

#[test]
fn a_client_without_scopes_does_not_get_all_by_saying_what_it_was_told() {
    let current = with(json!({"scope": "nothing-known"})).unwrap().client;
    assert!(current.scopes.is_empty());
    let told = serde_json::to_value(ClientMetadata::of(&current)).unwrap();
    let said = body(json!({"client_id": "new", "scope": told["scope"]}));
    let again = Registration::change(said.as_bytes(), &current, &rules(), &secret(), NOW).unwrap();
    assert!(again.client.scopes.is_empty());
}

#[test]
fn a_client_changes_its_own_registration_and_keeps_its_secret() {
    let current = with(json!({"client_name": "Old"})).unwrap().client;
    let change = |more: Value| {
        let mut named = json!({"client_id": "new"});
        for (name, value) in more.as_object().unwrap() {
            named[name] = value.clone();
        }
        Registration::change(body(named).as_bytes(), &current, &rules(), &secret(), NOW)
    };
    let changed = change(json!({"redirect_uris": ["https://new.example/2"]})).unwrap();
    assert_eq!(
        changed.client.about.name, None,
        "what is left away is left away"
    );
    assert_eq!(changed.client.authentication, current.authentication);
    assert_eq!(
        changed.client.registration_token,
        current.registration_token
    );
    assert!(!changed.gives_secret);
    let public = change(json!({"token_endpoint_auth_method": "none"})).unwrap();
    assert!(public.client.is_public());
    for more in [
        json!({"client_id": "other"}),
        json!({"client_id": null}),
        json!({"client_secret": "wrong"}),
        json!({"registration_access_token": "x"}),
        json!({"registration_client_uri": "https://auth.example/register/new"}),
        json!({"client_secret_expires_at": 0}),
        json!({"client_id_issued_at": 1}),
    ] {
        let refused = change(more.clone()).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidRequest, "{more}");
    }
    assert!(change(json!({"redirect_uris": ["data:x"]})).is_err());
}
