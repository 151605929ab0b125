use gw_jose::Thumbprint;
use proptest::prelude::*;

use super::*;
use crate::testing::{NOW, client, form, named, public_client, request_of, resources};

fn secret() -> Secret {
    Secret::generate().unwrap()
}

fn begin(
    client: &Client,
    binding: Binding,
    more: &[(&str, &str)],
) -> (RefreshToken, RefreshFamily) {
    let authorization = crate::testing::authorization(&request_of(client, more));
    let token = RefreshToken::first(secret(), secret());
    let family = RefreshFamily::begin(&Grant::of(authorization, binding), &token, NOW);
    (token, family)
}

fn asked(token: &RefreshToken, more: &[(&str, &str)]) -> RefreshRequest {
    let text = token.expose();
    let more: Vec<_> = [("refresh_token", text.as_str())]
        .iter()
        .chain(more)
        .copied()
        .collect();
    RefreshRequest::read(&form(&more)).unwrap()
}

fn rotate(
    family: &RefreshFamily,
    token: &RefreshToken,
    now: Timestamp,
) -> Result<Rotation, RefreshFault> {
    family.rotate(
        &asked(token, &[]),
        &client(),
        &Proven::default(),
        secret(),
        now,
    )
}

fn secs(secs: u64) -> Timestamp {
    NOW.after(Duration::from_secs(secs))
}

#[test]
fn each_token_is_good_once_and_gives_the_next() {
    let (first, family) = begin(&client(), Binding::default(), &[]);
    let second = rotate(&family, &first, secs(100)).unwrap();
    assert_ne!(first.expose(), second.token.expose());
    assert_eq!(first.family(), second.token.family());
    assert_eq!(second.grant.authorization, family.authorization);
    assert_eq!(second.grant.nonce, None);
    assert!(rotate(&second.family, &second.token, secs(200)).is_ok());
    assert!(second.family.is_current(&second.token, secs(200)));
    assert!(!second.family.is_current(&first, secs(101)));
}

#[test]
fn a_token_that_comes_again_ends_the_family() {
    let (first, family) = begin(&client(), Binding::default(), &[]);
    let second = rotate(&family, &first, secs(100)).unwrap();
    let reused = rotate(&second.family, &first, secs(100).after(REUSE_GRACE)).unwrap_err();
    assert!(reused == RefreshFault::Reused && reused.revokes());
    let ended = second.family.end(RefreshEnd::Reused);
    assert_eq!(
        rotate(&ended, &second.token, secs(120)).unwrap_err(),
        RefreshFault::Ended
    );
    assert_eq!(
        ended.end(RefreshEnd::Revoked).ended,
        Some(RefreshEnd::Reused)
    );
    // Two steps back there is no grace at all.
    let third = rotate(&second.family, &second.token, secs(101)).unwrap();
    assert_eq!(
        rotate(&third.family, &first, secs(101)).unwrap_err(),
        RefreshFault::Reused
    );
}

#[test]
fn an_answer_that_was_lost_ends_nothing_and_who_uses_the_other_branch_is_found_out() {
    let (first, family) = begin(&client(), Binding::default(), &[]);
    let lost = rotate(&family, &first, secs(100)).unwrap();
    let again = rotate(&lost.family, &first, secs(105)).unwrap();
    assert!(rotate(&again.family, &again.token, secs(106)).is_ok());
    let thief = rotate(&again.family, &lost.token, secs(106)).unwrap_err();
    assert_eq!(thief, RefreshFault::Reused);
    // Trying again does not make the grace longer.
    let late = rotate(&again.family, &first, secs(110)).unwrap_err();
    assert_eq!(late, RefreshFault::Reused);
}

#[test]
fn a_family_ends_when_it_is_not_used_and_after_its_time() {
    let (first, family) = begin(&client(), Binding::default(), &[]);
    let idle = NOW.after(REFRESH_IDLE_MAX);
    assert_eq!(
        rotate(&family, &first, idle).unwrap_err(),
        RefreshFault::Expired
    );
    let (mut token, mut family, mut now) = (first, family, NOW);
    while let Ok(next) = rotate(&family, &token, now) {
        assert!(now < NOW.after(REFRESH_LIFETIME_MAX));
        (token, family) = (next.token, next.family);
        now = now.after(Duration::from_secs(24 * 3600));
    }
    assert_eq!(now, NOW.after(REFRESH_LIFETIME_MAX));
}

#[test]
fn a_token_is_its_client_s_alone() {
    let (first, family) = begin(&client(), Binding::default(), &[]);
    let by = |client: &Client| {
        family.rotate(
            &asked(&first, &[]),
            client,
            &Proven::default(),
            secret(),
            NOW,
        )
    };
    let other = by(&named("app2", client())).unwrap_err();
    assert!(other == RefreshFault::OtherClient && !other.revokes());
    let mut without = client();
    without
        .grant_types
        .retain(|one| *one != GrantType::RefreshToken);
    assert_eq!(by(&without).unwrap_err(), RefreshFault::NotAllowed);
    let (stranger, _) = begin(&client(), Binding::default(), &[]);
    assert_eq!(
        rotate(&family, &stranger, NOW).unwrap_err(),
        RefreshFault::Unknown
    );
}

#[test]
fn scopes_and_resources_are_made_fewer_for_once_and_never_more() {
    let more = [
        ("resource", "https://api.example/"),
        ("scope", "openid profile read"),
    ];
    let (first, family) = begin(&client(), Binding::default(), &more);
    let with = |token: &RefreshToken, family: &RefreshFamily, more: &[(&str, &str)]| {
        family.rotate(
            &asked(token, more),
            &client(),
            &Proven::default(),
            secret(),
            NOW,
        )
    };
    let narrowed = with(&first, &family, &[("scope", "read")]).unwrap();
    assert_eq!(narrowed.grant.scopes.to_string(), "read");
    let whole = with(&narrowed.token, &narrowed.family, &[]).unwrap();
    assert_eq!(whole.grant.scopes.to_string(), "openid profile read");
    let beyond = with(&first, &family, &[("scope", "read write")]).unwrap_err();
    assert_eq!(
        (beyond.code(), beyond.revokes()),
        (ErrorCode::InvalidScope, false)
    );
    let beyond = with(
        &first,
        &family,
        &[("resource", "https://other-api.example/")],
    )
    .unwrap_err();
    assert_eq!(beyond.code(), ErrorCode::InvalidTarget);
    assert_eq!(whole.grant.resources, resources(&["https://api.example/"]));
}

#[test]
fn what_a_client_lost_it_does_not_get_by_a_token_of_before() {
    let more = [
        ("scope", "openid read"),
        ("resource", "https://api.example/"),
    ];
    let (first, family) = begin(&client(), Binding::default(), &more);
    let mut less = client();
    less.scopes = crate::testing::scopes("openid");
    let by = |client: &Client| {
        family.rotate(
            &asked(&first, &[]),
            client,
            &Proven::default(),
            secret(),
            NOW,
        )
    };
    assert_eq!(by(&less).unwrap().grant.scopes.to_string(), "openid");
    less.resources = Resources::default();
    assert_eq!(by(&less).unwrap_err().code(), ErrorCode::InvalidTarget);
}

#[test]
fn a_proof_by_another_key_gives_nothing_for_a_public_client_s_token() {
    let (one, other) = (
        Thumbprint::of_certificate(b"1"),
        Thumbprint::of_certificate(b"2"),
    );
    let binding = Binding {
        dpop_key: Some(one),
        certificate: None,
    };
    let (first, family) = begin(&public_client(), binding, &[]);
    let with = |dpop_key| {
        let proven = Proven {
            dpop_key,
            certificate: None,
        };
        family.rotate(
            &asked(&first, &[]),
            &public_client(),
            &proven,
            secret(),
            NOW,
        )
    };
    assert_eq!(
        with(None).unwrap_err(),
        RefreshFault::Binding(BindingFault::NoProof)
    );
    assert_eq!(
        with(Some(other)).unwrap_err(),
        RefreshFault::Binding(BindingFault::OtherKey)
    );
    assert_eq!(with(Some(one)).unwrap().grant.binding, binding);
}

#[test]
fn a_token_has_one_form_and_is_not_shown() {
    let (first, family) = begin(&client(), Binding::default(), &[]);
    let text = first.expose();
    assert!(RefreshToken::parse(&text).is_some());
    for other in [
        "",
        ".",
        &text[..86],
        &format!("{text}x"),
        &text.replace('.', ":"),
    ] {
        assert!(RefreshToken::parse(other).is_none(), "{other}");
    }
    assert!(!format!("{first:?} {:?}", asked(&first, &[])).contains(&text));
    let kept = serde_json::to_string(&family).unwrap();
    assert_eq!(
        serde_json::from_str::<RefreshFamily>(&kept).unwrap(),
        family
    );
    assert!(!kept.contains(first.secret.expose()) && !kept.contains(first.family.expose()));
}

proptest! {
    /// Of however many tokens were given out, at most two are good at a time, and one that is not
    /// ends the family; time alone makes none good again.
    #[test]
    fn no_order_of_requests_makes_an_old_token_good(
        steps in proptest::collection::vec((0_usize..6, 0_u64..8), 1..24),
    ) {
        let (first, mut family) = begin(&client(), Binding::default(), &[]);
        let (mut given, mut now) = (vec![first], NOW);
        for (choice, wait) in steps {
            now = now.after(Duration::from_secs(wait));
            let good = given.iter().filter(|token| rotate(&family, token, now).is_ok()).count();
            prop_assert!((1..=2).contains(&good));
            let token = &given[choice % given.len()];
            match rotate(&family, token, now) {
                Ok(next) => {
                    family = next.family;
                    given.push(next.token);
                }
                Err(fault) => {
                    prop_assert_eq!(fault, RefreshFault::Reused);
                    let ended = family.end(RefreshEnd::Reused);
                    prop_assert!(given.iter().all(|token| rotate(&ended, token, now).is_err()));
                }
            }
        }
    }
}
