use super::*;
use crate::testing::{
    CHALLENGE, NOW, client, code, form, named, public_client, request, resources,
};

const REDIRECT: (&str, &str) = ("redirect_uri", "https://app.example/cb");
const VERIFIER: (&str, &str) = ("code_verifier", crate::testing::VERIFIER);

fn asked(secret: &Secret, more: &[(&str, &str)]) -> CodeRequest {
    let more: Vec<_> = [("code", secret.expose())]
        .iter()
        .chain(more)
        .copied()
        .collect();
    let parameters = form(&more);
    CodeRequest::read(&parameters, Resources::of(&parameters).unwrap()).unwrap()
}

fn redeem(
    more: &[(&str, &str)],
    asked_with: &[(&str, &str)],
    proven: Proven,
) -> Result<Redeemed, CodeFault> {
    let (secret, record) = code(&request(asked_with));
    record.redeem(&asked(&secret, more), &client(), &proven, NOW)
}

#[test]
fn a_code_gives_what_was_authorized_once() {
    let (secret, record) = code(&request(&[("nonce", "n")]));
    let wanted = asked(&secret, &[REDIRECT, VERIFIER]);
    let redeemed = record
        .redeem(&wanted, &client(), &Proven::default(), NOW)
        .unwrap();
    assert_eq!(redeemed.grant.authorization, record.authorization);
    assert_eq!(redeemed.grant.nonce.as_deref(), Some("n"));
    assert!(redeemed.grant.has_id_token() && redeemed.grant.is_refreshable(&client()));
    let again = redeemed
        .record
        .redeem(&wanted, &client(), &Proven::default(), NOW)
        .unwrap_err();
    assert!(again == CodeFault::Replayed && again.revokes() && !again.ends_code());
    assert_eq!(record.grant_id(), &record.authorization.id);
}

#[test]
fn a_record_is_kept_as_it_is() {
    let (_, record) = code(&request(&[("resource", "https://api.example/")]));
    let kept = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<CodeRecord>(&kept).unwrap(), record);
}

#[test]
fn a_code_is_good_for_a_minute() {
    let (secret, record) = code(&request(&[]));
    let wanted = asked(&secret, &[REDIRECT, VERIFIER]);
    let late = record.redeem(
        &wanted,
        &client(),
        &Proven::default(),
        NOW.after(CODE_LIFETIME),
    );
    assert_eq!(late, Err(CodeFault::Expired));
}

#[test]
fn a_code_that_was_found_is_worth_nothing() {
    let (secret, record) = code(&request(&[]));
    let wanted = asked(&secret, &[REDIRECT, VERIFIER]);
    let by = |client: &Client| record.redeem(&wanted, client, &Proven::default(), NOW);
    assert_eq!(by(&public_client()), Err(CodeFault::OtherClient));
    assert_eq!(by(&named("app2", client())), Err(CodeFault::OtherClient));
    let (_, other) = code(&request(&[]));
    let unknown = other.redeem(&wanted, &client(), &Proven::default(), NOW);
    assert_eq!(unknown, Err(CodeFault::Unknown));
    let wrong = "x".repeat(43);
    for (more, fault) in [
        (vec![REDIRECT], CodeFault::NoVerifier),
        (
            vec![REDIRECT, ("code_verifier", wrong.as_str())],
            CodeFault::Verifier,
        ),
        (
            vec![REDIRECT, ("code_verifier", CHALLENGE)],
            CodeFault::Verifier,
        ),
        (
            vec![("redirect_uri", "https://evil.example/cb"), VERIFIER],
            CodeFault::RedirectUri,
        ),
    ] {
        let refused = redeem(&more, &[], Proven::default()).unwrap_err();
        assert_eq!(refused, fault);
        assert!(refused.ends_code() && !refused.revokes());
        assert_eq!(refused.code(), ErrorCode::InvalidGrant);
    }
}

#[test]
fn the_redirect_uri_is_said_again_where_nothing_else_binds_the_code() {
    assert!(redeem(&[VERIFIER], &[], Proven::default()).is_ok());
    let mut lenient = client();
    lenient.proof_key = crate::ProofKey::Optional;
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let (secret, record) = code(&crate::testing::request_of(&lenient, &without));
    let by = |more: &[(&str, &str)]| {
        record.redeem(&asked(&secret, more), &lenient, &Proven::default(), NOW)
    };
    assert!(by(&[REDIRECT]).is_ok());
    assert_eq!(by(&[]), Err(CodeFault::RedirectUri));
    assert_eq!(by(&[REDIRECT, VERIFIER]), Err(CodeFault::Downgrade));
}

#[test]
fn a_code_that_is_bound_to_a_key_wants_a_proof_by_it() {
    let (one, other) = (
        Thumbprint::of_certificate(b"1"),
        Thumbprint::of_certificate(b"2"),
    );
    let bound = [("dpop_jkt", one.to_string())];
    let bound: Vec<_> = bound
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let with = |dpop_key| {
        redeem(
            &[REDIRECT, VERIFIER],
            &bound,
            Proven {
                dpop_key,
                certificate: None,
            },
        )
    };
    assert_eq!(with(Some(one)).unwrap().grant.binding.dpop_key, Some(one));
    assert_eq!(with(None), Err(CodeFault::Binding(BindingFault::NoProof)));
    let stolen = with(Some(other)).unwrap_err();
    assert_eq!(stolen, CodeFault::Binding(BindingFault::OtherKey));
    assert!(stolen.ends_code());
}

#[test]
fn resources_are_made_fewer_and_never_more() {
    let two = [
        ("resource", "https://api.example/"),
        ("resource", "https://other-api.example/"),
    ];
    let narrowed = redeem(&[REDIRECT, VERIFIER, two[1]], &two, Proven::default()).unwrap();
    assert_eq!(
        narrowed.grant.resources,
        resources(&["https://other-api.example/"])
    );
    assert_eq!(narrowed.grant.authorization.resources.iter().count(), 2);
    let beyond = redeem(&[REDIRECT, VERIFIER, two[1]], &two[..1], Proven::default());
    assert_eq!(beyond, Err(CodeFault::Resource(ResourceFault::Beyond)));
}
