//! What clients send to the authorisation server: requests, forms, registrations, logouts.

use std::sync::LazyLock;

use data_encoding::BASE64;
use gw_jose::Algorithm;
use gw_model::Timestamp;
use gw_oauth::{
    About, AnswerTo, ApplicationType, ClaimsRequest, Client, ClientAuthentication, ClientId,
    ClientSecrets, Delivery, GrantType, Issuer, KeptSecret, LogoutPlan, LogoutRequest, Parameters,
    ProofKey, RedirectUri, Refusal, RegisteredClient, Registration, RegistrationRules, Resources,
    Scopes, Secret, SubjectType, TokenRequest, basic_credentials, fuzzing,
};
use serde::{Serialize, de::DeserializeOwned};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

static ISSUER: LazyLock<Issuer> = LazyLock::new(|| Issuer::parse("https://auth.example").unwrap());

fn resources(text: &str) -> Resources {
    Resources::parse([text]).unwrap()
}

/// A relying party with a secret.
static RELYING_PARTY: LazyLock<Client> = LazyLock::new(|| {
    let secret = KeptSecret::of_text("a-secret-of-thirty-two-bytes-or-more", NOW).unwrap();
    Client {
        id: ClientId::parse("app").unwrap(),
        about: About::default(),
        application_type: ApplicationType::Web,
        redirect_uris: vec![
            RedirectUri::parse("https://app.example/cb").unwrap(),
            RedirectUri::parse("https://app.example/cb?from=gate").unwrap(),
        ],
        post_logout_redirect_uris: vec![RedirectUri::parse("https://app.example/bye").unwrap()],
        authentication: ClientAuthentication::ClientSecretBasic {
            secrets: ClientSecrets::of(secret),
        },
        keys: None,
        grant_types: GrantType::ALL.to_vec(),
        scopes: Scopes::parse("openid profile email offline_access read write").unwrap(),
        resources: resources("https://api.example/"),
        serves: resources("https://app.example/api"),
        subject_type: SubjectType::Public,
        backchannel_logout: None,
        id_token_algorithm: Algorithm::Es256,
        userinfo_algorithm: None,
        require_pushed: false,
        dpop_bound: false,
        certificate_bound: false,
        proof_key: ProofKey::Required,
        default_max_age: None,
        require_auth_time: false,
        default_acr_values: Vec::new(),
        sector_document: None,
        registration_token: None,
    }
});

/// A program on a person's own machine, which has none, and listens at any port.
static NATIVE: LazyLock<Client> = LazyLock::new(|| Client {
    id: ClientId::parse("cli").unwrap(),
    application_type: ApplicationType::Native,
    redirect_uris: vec![
        RedirectUri::parse("http://127.0.0.1/cb").unwrap(),
        RedirectUri::parse("com.example.app:/cb").unwrap(),
    ],
    authentication: ClientAuthentication::None,
    serves: Resources::default(),
    ..RELYING_PARTY.clone()
});

/// The address without the port that a program on this machine was given.
fn without_port(address: &str) -> String {
    match address.strip_prefix("http://127.0.0.1:") {
        Some(rest) => format!("http://127.0.0.1/{}", rest.split_once('/').unwrap().1),
        None => address.to_owned(),
    }
}

/// Nothing leads to where the client did not say that it is.
fn leads_home(client: &Client, address: &str) {
    let bare = without_port(address);
    let mut places = client.redirect_uris.iter().map(RedirectUri::as_str);
    assert!(
        places.any(|known| known == address || known == bare),
        "{address}"
    );
}

/// What is added to an address stays in its query, each of it once.
fn is_one_answer(to: &AnswerTo, delivery: &Delivery) {
    let Delivery::Redirect(location) = delivery else {
        return;
    };
    let added = location.strip_prefix(to.redirect_uri()).unwrap();
    assert!(added.starts_with(['?', '&']) && !added.contains(['#', ' ', '\r', '\n', '"', '<']));
    for name in ["error=", "state=", "iss="] {
        assert!(added.matches(&format!("&{name}")).count() <= 1);
    }
}

/// What is kept is read again as what it was.
fn is_kept<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_vec(value).unwrap();
    assert_eq!(&serde_json::from_slice::<T>(&text).unwrap(), value);
}

/// An authorization request, as a query.
pub(crate) fn authorization(data: &[u8]) {
    let Ok(query) = std::str::from_utf8(data) else {
        return;
    };
    for client in [&*RELYING_PARTY, &*NATIVE] {
        match fuzzing::authorization(query, client, &ISSUER, NOW) {
            Ok(request) => {
                leads_home(client, request.answer_to.redirect_uri());
                assert_eq!(request.client_id, client.id);
                assert!(request.scopes.is_within(&client.scopes));
                assert!(request.challenge.is_some(), "no code without its proof");
                is_kept(&request);
            }
            Err(Refusal::Told { to, fault }) => {
                leads_home(client, to.redirect_uri());
                is_one_answer(&to, &to.refusal(&fault));
            }
            Err(Refusal::Shown(_)) => {}
        }
    }
}

/// A token request, as a form.
pub(crate) fn token(data: &[u8]) {
    for client in [&*RELYING_PARTY, &*NATIVE] {
        if let Ok(request) = fuzzing::token(data, client) {
            let needed = match request {
                TokenRequest::AuthorizationCode(_) => GrantType::AuthorizationCode,
                TokenRequest::RefreshToken(_) => GrantType::RefreshToken,
                TokenRequest::ClientCredentials(_) => GrantType::ClientCredentials,
                TokenRequest::DeviceCode(_) => GrantType::DeviceCode,
                TokenRequest::TokenExchange(_) => GrantType::TokenExchange,
            };
            assert!(client.may(needed));
        }
    }
}

/// What registers itself is given, and its id.
static RULES: LazyLock<RegistrationRules> = LazyLock::new(|| RegistrationRules {
    scopes: Scopes::parse("openid profile email offline_access").unwrap(),
    resources: resources("https://api.example/"),
    grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
    algorithms: vec![Algorithm::Es256, Algorithm::Rs256],
    proof_key: ProofKey::Required,
});
static SECRET: LazyLock<Secret> = LazyLock::new(|| Secret::generate().unwrap());

/// A registration, as the body of a request.
pub(crate) fn registration(data: &[u8]) {
    let id = ClientId::parse("c-1").unwrap();
    let Ok(read) = fuzzing::registration(data, &RULES, id, &SECRET, NOW) else {
        return;
    };
    let client = &read.client;
    assert!(client.check().is_empty(), "{:?}", client.check());
    assert!(client.scopes.is_within(&RULES.scopes));
    assert!(client.resources.is_within(&RULES.resources) && client.serves == Resources::default());
    assert!(
        client
            .grant_types
            .iter()
            .all(|one| RULES.grant_types.contains(one))
    );
    assert!(
        client
            .redirect_uris
            .iter()
            .all(|one| one.suits(client.application_type).is_ok())
    );
    assert_eq!(client.proof_key, ProofKey::Required);
    assert!(
        read.sector_document
            .as_deref()
            .is_none_or(|one| one.starts_with("https://"))
    );
    is_kept(client);
    // What it is told of itself, it may say again (RFC 7592, 2.2).
    let told = RegisteredClient::new(client, "https://auth.example/oauth/register/c-1".into());
    let mut said = serde_json::to_value(&told).unwrap();
    said.as_object_mut().unwrap().retain(|name, _| {
        !matches!(
            name.as_str(),
            "registration_client_uri" | "client_secret_expires_at"
        )
    });
    let said = serde_json::to_vec(&said).unwrap();
    let again = Registration::change(&said, client, &RULES, &SECRET, NOW).unwrap();
    assert_eq!(again.client.redirect_uris, client.redirect_uris);
    assert_eq!(again.client.authentication, client.authentication);
    assert_eq!(again.client.scopes, client.scopes);
}

/// A `claims` parameter.
pub(crate) fn claims_request(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(read) = ClaimsRequest::parse(text) {
        is_kept(&read);
        for (name, how) in read.id_token.iter().chain(read.userinfo.iter()) {
            assert!(how.values.iter().all(|value| how.wants(value)));
            assert!(!name.is_empty());
        }
    }
}

/// The value of a header by which a client shows who it is.
pub(crate) fn client_credentials(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok((id, secret)) = basic_credentials(text) else {
        return;
    };
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(id.as_str()), encoded(&secret));
    let written = format!("Basic {}", BASE64.encode(pair.as_bytes()));
    match basic_credentials(&written) {
        Ok(read) => assert_eq!(read, (id, secret)),
        // Written out in full it may be longer than a value may be.
        Err(fault) => assert!(written.len() > 4096, "{fault}"),
    }
}

/// The wish of a client that somebody be signed out, as a query.
pub(crate) fn logout(data: &[u8]) {
    let Ok(query) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(parameters) = Parameters::of_query(Some(query)) else {
        return;
    };
    let again = Parameters::of_query(Some(&parameters.query()));
    assert_eq!(again.as_ref(), Ok(&parameters));
    let Ok(wish) = LogoutRequest::read(&parameters) else {
        return;
    };
    for client in [None, Some(&*RELYING_PARTY)] {
        let Ok(LogoutPlan {
            client_id,
            redirect,
            ..
        }) = wish.plan(client, None)
        else {
            continue;
        };
        let Some(redirect) = redirect else {
            continue;
        };
        assert_eq!(client_id.as_ref(), client.map(|client| &client.id));
        let added = redirect.strip_prefix("https://app.example/bye").unwrap();
        assert!(
            added.is_empty() || added.starts_with("?state="),
            "{redirect}"
        );
        assert!(!added.contains(['#', '&', ' ']), "{redirect}");
    }
}
