use super::*;
use crate::testing::{client, public_client};

#[test]
fn a_client_is_kept_as_it_is() {
    for one in [client(), public_client()] {
        assert_eq!(one.check(), []);
        let kept = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Client>(&kept).unwrap(), one);
    }
}

#[test]
fn a_client_id_is_printable_ascii() {
    assert!(ClientId::parse("a b:c").is_ok());
    for other in ["", "ä", "a\nb", &"a".repeat(256)] {
        assert!(ClientId::parse(other).is_err(), "{other:?}");
    }
}

#[test]
fn a_public_client_does_nothing_that_needs_a_secret() {
    let mut one = public_client();
    one.proof_key = ProofKey::Optional;
    one.grant_types = vec![GrantType::ClientCredentials];
    assert_eq!(one.check().len(), 2);
}

#[test]
fn keys_are_needed_where_they_show_who_it_is_and_hold_nothing_private() {
    let mut one = client();
    one.authentication = ClientAuthentication::PrivateKeyJwt;
    assert_eq!(one.check().len(), 1);
    one.keys = Some(ClientKeys::JwksUri("https://keys.example/jwks".into()));
    assert_eq!(one.check(), []);
    for jwks in [
        "",
        r#"{"keys":[]}"#,
        r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#,
    ] {
        one.keys = Some(ClientKeys::Jwks(jwks.into()));
        assert!(
            matches!(one.check().as_slice(), [ClientFault::Keys(_)]),
            "{jwks}"
        );
    }
}

#[test]
fn an_address_that_leads_inwards_is_refused() {
    let mut one = client();
    for uri in [
        "http://keys.example/jwks",
        "https://127.0.0.1/jwks",
        "https://[::1]/jwks",
        "https://169.254.169.254/latest",
        "https://localhost/jwks",
        "https://db.internal/jwks",
        "https://keys.example@127.0.0.1/jwks",
        "file:///etc/passwd",
    ] {
        one.keys = Some(ClientKeys::JwksUri(uri.into()));
        assert_eq!(one.check(), [ClientFault::Address("jwks_uri")], "{uri}");
    }
}

#[test]
fn a_list_of_redirect_uris_has_an_end() {
    let mut one = client();
    let many = (0..=REDIRECT_MAX).map(|n| format!("https://app.example/{n}"));
    one.redirect_uris = many
        .map(|text| RedirectUri::parse(&text).unwrap())
        .collect();
    assert_eq!(one.check(), [ClientFault::TooManyRedirectUris]);
    one.redirect_uris.clear();
    assert_eq!(one.check(), [ClientFault::NoRedirectUri]);
}

#[test]
fn all_faults_are_told_at_once() {
    let mut one = client();
    one.about.name = Some("a\nb".into());
    one.about.logo_uri = Some("javascript:alert(1)".into());
    one.default_acr_values = vec!["a b".into()];
    one.subject_type = SubjectType::Pairwise {
        sector: "a/b".into(),
    };
    assert_eq!(one.check().len(), 4);
}

const REDIRECT_MAX: usize = crate::REDIRECT_URIS_MAX;
