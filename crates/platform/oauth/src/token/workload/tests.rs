use std::time::Duration;

use gw_jose::TokenType;
use gw_model::IssuerKeys;
use serde_json::json;

use super::*;
use crate::{
    ClaimPattern, ClientAuthentication, WorkloadRule,
    testing::{NOW, client, form, keys, named, signer},
};

const BUILDS: &str = "https://builds.example";
const HERE: &str = "https://auth.example";

fn issuer() -> TokenIssuer {
    TokenIssuer {
        name: "builds".parse().unwrap(),
        issuer: BUILDS.into(),
        audiences: vec![HERE.into()],
        keys: IssuerKeys::Discovery,
        algorithms: vec!["ES256".into()],
        age_max: Duration::from_secs(3600),
        single_use: true,
        ca: None,
    }
}

fn claims(more: Value) -> Value {
    let mut claims = json!({
        "iss": BUILDS, "sub": "repo:acme/shop:ref:refs/heads/main", "aud": HERE,
        "iat": NOW.as_secs(), "exp": NOW.as_secs() + 300, "jti": "t1",
        "repository": "acme/shop", "protected": true, "groups": ["a"],
    });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    if let Some(claims) = claims.as_object_mut() {
        claims.retain(|_, value| !value.is_null());
    }
    claims
}

fn signed(more: Value) -> String {
    signer().sign(TokenType::Jwt, &claims(more)).unwrap()
}

fn checked(more: Value) -> Result<Workload, AuthenticationFault> {
    let token = signed(more);
    let form = exchange(&token, &[]);
    let read = WorkloadToken::read(&HeaderMap::new(), &form).unwrap();
    read.check(&issuer(), Some(&keys()), NOW)
}

fn exchange(token: &str, more: &[(&str, &str)]) -> Parameters {
    let usual = [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("subject_token", token),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
    ];
    let pairs: Vec<_> = usual.into_iter().chain(more.iter().copied()).collect();
    form(&pairs)
}

fn known(id: &str, of: &str, rule: &[(&str, &str)]) -> Client {
    let claims = rule
        .iter()
        .map(|(name, text)| ((*name).to_owned(), ClaimPattern::parse(text).unwrap()));
    let rules = vec![WorkloadRule {
        issuer: of.parse().unwrap(),
        claims: claims.collect(),
    }];
    let authentication = ClientAuthentication::Workload { rules };
    named(
        id,
        Client {
            authentication,
            ..client()
        },
    )
}

#[test]
fn a_token_is_read_where_nothing_else_is_shown() {
    let token = signed(json!({}));
    let none = HeaderMap::new();
    assert!(WorkloadToken::read(&none, &exchange(&token, &[])).is_some());
    let secret = exchange(&token, &[("client_secret", "s")]);
    assert!(WorkloadToken::read(&none, &secret).is_none());
    let basic = HeaderMap::from_iter([(AUTHORIZATION, "Basic YTpi".parse().unwrap())]);
    assert!(WorkloadToken::read(&basic, &exchange(&token, &[])).is_none());
    let jwt_bearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    for (kind, is_read) in [(jwt_bearer, true), ("saml", false)] {
        let assertion = form(&[
            ("grant_type", "client_credentials"),
            ("client_assertion", &token),
            ("client_assertion_type", kind),
        ]);
        let read = WorkloadToken::read(&none, &assertion);
        assert_eq!(read.is_some(), is_read, "{kind}");
    }
    for other in ["", "a.b.c", "no token"] {
        assert!(WorkloadToken::read(&none, &exchange(other, &[])).is_none());
    }
}

#[test]
fn a_token_holds_from_this_issuer_to_here_now_and_for_a_while() {
    assert!(checked(json!({})).is_ok());
    let now = NOW.as_secs();
    for other in [
        json!({"iss": "https://other.example"}),
        json!({"iss": "https://builds.example/"}),
        json!({"iss": "https://BUILDS.example"}),
        json!({"aud": "https://other.example"}),
        json!({"aud": "https://auth.example/"}),
        json!({"aud": [HERE, "https://other.example"]}),
        json!({"aud": []}),
        json!({"aud": null}),
        json!({"exp": now - 60}),
        json!({"exp": null}),
        json!({"exp": "soon"}),
        json!({"nbf": now + 60}),
        json!({"iat": now + 60}),
        json!({"iat": now - 3700, "exp": now + 300}),
        json!({"iat": null}),
        json!({"jti": 1}),
        json!({"sub": null}),
        json!({"events": {}}),
    ] {
        assert!(checked(other.clone()).is_err(), "{other}");
    }
}

#[test]
fn a_token_is_signed_by_a_key_and_an_algorithm_of_its_issuer() {
    let token = signed(json!({}));
    let form = exchange(&token, &[]);
    let read = WorkloadToken::read(&HeaderMap::new(), &form).unwrap();
    let none = read.check(&issuer(), None, NOW);
    assert_eq!(none.unwrap_err(), AuthenticationFault::NoKeys);
    let unknown = read.check(&issuer(), Some(&KeySet::default()), NOW);
    assert!(unknown.unwrap_err().needs_reload());
    let other = TokenIssuer {
        algorithms: vec!["RS256".into(), "HS256".into(), "none".into()],
        ..issuer()
    };
    assert!(read.check(&other, Some(&keys()), NOW).is_err());
    let access = signer()
        .sign(TokenType::AccessToken, &claims(json!({})))
        .unwrap();
    let form = exchange(&access, &[]);
    let read = WorkloadToken::read(&HeaderMap::new(), &form).unwrap();
    assert!(read.check(&issuer(), Some(&keys()), NOW).is_err());
    let encoded = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
    let unsigned = format!(
        "{}.{}.",
        encoded(r#"{"alg":"none"}"#),
        encoded(&claims(json!({})).to_string())
    );
    let form = exchange(&unsigned, &[]);
    let read = WorkloadToken::read(&HeaderMap::new(), &form);
    assert!(read.is_none_or(|read| read.check(&issuer(), Some(&keys()), NOW).is_err()));
}

#[test]
fn a_token_is_remembered_as_long_as_it_could_come_again() {
    let now = NOW.as_secs();
    let once = |more| checked(more).unwrap().once;
    let (_, until) = once(json!({})).unwrap();
    assert_eq!(until.as_secs(), now + 300 + 30);
    let (_, until) = once(json!({"exp": now + 1_000_000})).unwrap();
    assert_eq!(until.as_secs(), now + 3600 + 30);
    assert!(once(json!({"jti": null})).is_none());
}

#[test]
fn one_client_alone_is_known_by_what_a_token_says() {
    let said = checked(json!({})).unwrap();
    let choose = |all: &[Client]| {
        let chosen = said.choose(all, |one| one);
        chosen.map(|one| one.id.as_str().to_owned())
    };
    let shop = known("shop", "builds", &[("repository", "acme/shop")]);
    let main = known("main", "builds", &[("sub", "repo:acme/shop:ref:*")]);
    let other = known("other", "builds", &[("repository", "acme/other")]);
    let elsewhere = known("elsewhere", "cluster", &[("repository", "acme/shop")]);
    let both = known(
        "both",
        "builds",
        &[("repository", "acme/shop"), ("sub", "repo:acme/other*")],
    );
    let list = known("list", "builds", &[("groups", "a")]);
    let nothing = known("nothing", "builds", &[]);
    let others = [other, elsewhere, both, list, nothing, client()];
    assert_eq!(choose(&others), Err(AuthenticationFault::NoWorkload));
    let one: Vec<_> = others.iter().cloned().chain([shop.clone()]).collect();
    assert_eq!(choose(&one).as_deref(), Ok("shop"));
    assert_eq!(choose(&[shop, main]), Err(AuthenticationFault::Ambiguous));
}

#[test]
fn a_request_that_names_another_client_is_refused() {
    let token = signed(json!({}));
    let shop = known("shop", "builds", &[("repository", "acme/shop")]);
    for (name, is_it) in [("shop", true), ("other", false)] {
        let form = exchange(&token, &[("client_id", name)]);
        let read = WorkloadToken::read(&HeaderMap::new(), &form).unwrap();
        let said = read.check(&issuer(), Some(&keys()), NOW).unwrap();
        assert_eq!(said.choose([&shop], |one| one).is_ok(), is_it, "{name}");
    }
}

#[test]
fn what_policy_reads_of_a_token_cannot_name_another_issuer() {
    let said = checked(json!({"issuer": "cluster", "issuer=cluster": "x", "issuer=": true}));
    let facts = said.unwrap().facts();
    let has = |one: &str| facts.iter().any(|fact| &**fact == one);
    assert!(has("issuer=builds") && has("repository=acme/shop") && has("protected=true"));
    let of_issuer = facts.iter().filter(|fact| fact.starts_with("issuer"));
    assert_eq!(of_issuer.count(), 1, "{facts:?}");
    assert!(!facts.iter().any(|fact| fact.starts_with("groups")));
}

#[test]
fn there_is_no_person_in_what_a_workload_gets() {
    let mut shop = known("shop", "builds", &[("repository", "acme/shop")]);
    shop.scopes = crate::testing::scopes("openid email read");
    let presented = checked(json!({})).unwrap().presented(&shop);
    assert_eq!(presented.scopes.unwrap().to_string(), "read");
    assert!(presented.sign_in.is_none());
}
