use std::time::Duration;

use super::*;
use crate::testing::{NOW, client, form, named, public_client, resources, scopes, sign_in};

const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

fn presented() -> PresentedToken {
    PresentedToken {
        origin: TokenOrigin::Own,
        subject: "ana".into(),
        client_id: Some("front".into()),
        audiences: vec!["https://app.example/api".into()],
        scopes: Some(scopes("read profile")),
        actor: None,
        may_act: None,
        sign_in: Some(sign_in()),
        origins: Origins {
            ids: vec!["g".into(), "t".into()],
            clients: vec!["front".into()],
        },
        is_bound: false,
        expires: NOW.after(Duration::from_secs(300)),
    }
}

fn agent() -> PresentedToken {
    PresentedToken {
        subject: "agent".into(),
        client_id: Some("app".into()),
        audiences: vec![],
        sign_in: None,
        expires: NOW.after(Duration::from_secs(60)),
        ..presented()
    }
}

fn read(more: &[(&str, &str)]) -> Result<ExchangeRequest, ExchangeFault> {
    let usual = [("subject_token", "a.b.c"), ("subject_token_type", ACCESS)];
    let pairs: Vec<_> = usual.iter().chain(more).copied().collect();
    ExchangeRequest::read(&form(&pairs))
}

fn decide_by(
    client: &Client,
    more: &[(&str, &str)],
    subject: &PresentedToken,
    actor: Option<&PresentedToken>,
) -> Result<Grant, ExchangeFault> {
    let id = GrantId::generate().unwrap();
    read(more)?.decide(subject, actor, client, &Proven::default(), id, NOW)
}

fn decide(more: &[(&str, &str)], subject: &PresentedToken) -> Result<Grant, ExchangeFault> {
    decide_by(&client(), more, subject, None)
}

const ACTOR: [(&str, &str); 2] = [("actor_token", "d.e.f"), ("actor_token_type", JWT)];

#[test]
fn who_had_a_token_from_somebody_else_acts_in_the_next_one() {
    let grant = decide(&[("audience", "https://api.example/")], &presented()).unwrap();
    assert_eq!(grant.authorization.subject, "ana");
    assert_eq!(grant.authorization.client_id.as_str(), "app");
    assert_eq!(
        grant.actor.as_ref().unwrap().iter().collect::<Vec<_>>(),
        ["app"]
    );
    assert_eq!(grant.resources, resources(&["https://api.example/"]));
    assert_eq!(grant.scopes, scopes("read profile"));
    assert_eq!(grant.expires_max, Some(presented().expires));
    assert!(!grant.has_id_token() && !grant.is_refreshable(&client()));
}

#[test]
fn an_actor_s_token_names_who_acts_and_what_ends_first_ends_both() {
    let grant = decide_by(&client(), &ACTOR, &presented(), Some(&agent())).unwrap();
    assert_eq!(
        grant.actor.as_ref().unwrap().iter().collect::<Vec<_>>(),
        ["agent"]
    );
    assert_eq!(grant.expires_max, Some(agent().expires));
    let missing = decide_by(&client(), &ACTOR, &presented(), None);
    assert_eq!(missing, Err(ExchangeFault::ActorType));
    let unasked = decide_by(&client(), &[], &presented(), Some(&agent()));
    assert_eq!(unasked, Err(ExchangeFault::ActorType));
}

#[test]
fn a_chain_of_actors_is_kept_in_order_and_has_an_end() {
    let mut token = presented();
    for hop in 1..=ACTORS {
        let one = named(&format!("hop{hop}"), client());
        let grant = decide_by(&one, &[], &token, None).unwrap();
        token.actor = grant.actor;
        assert_eq!(token.actor.as_ref().unwrap().iter().count(), hop);
    }
    let names: Vec<_> = token.actor.as_ref().unwrap().iter().collect();
    assert_eq!(
        names.first(),
        Some(&"hop4"),
        "who acts now is the outermost"
    );
    let one_more = decide(&[], &token);
    assert_eq!(one_more, Err(ExchangeFault::Actor(ActorFault::TooMany)));
}

const ACTORS: usize = crate::ACTORS_MAX;

#[test]
fn a_chain_cannot_be_forged_by_an_actor_that_acts_for_somebody() {
    let mut forged = agent();
    forged.actor = Some(Actor {
        sub: "admin".into(),
        act: None,
    });
    let refused = decide_by(&client(), &ACTOR, &presented(), Some(&forged));
    assert_eq!(refused, Err(ExchangeFault::ActorToken));
}

#[test]
fn a_token_that_was_found_is_not_exchanged() {
    let mut found = presented();
    found.audiences = vec!["https://elsewhere.example/".into()];
    assert_eq!(decide(&[], &found), Err(ExchangeFault::NotItsOwn));
    let mut foreign_actor = agent();
    foreign_actor.client_id = Some("other".into());
    let refused = decide_by(&client(), &ACTOR, &presented(), Some(&foreign_actor));
    assert_eq!(refused, Err(ExchangeFault::NotItsOwn));
    let mut over = presented();
    over.expires = NOW;
    assert_eq!(decide(&[], &over), Err(ExchangeFault::Subject));
}

#[test]
fn nothing_becomes_more_by_an_exchange() {
    let narrowed = decide(&[("scope", "read")], &presented()).unwrap();
    assert_eq!(narrowed.scopes, scopes("read"));
    let beyond = decide(&[("scope", "read write")], &presented()).unwrap_err();
    assert_eq!(beyond.code(), ErrorCode::InvalidScope);
    let not_the_client_s = decide(
        &[("scope", "admin")],
        &PresentedToken {
            scopes: Some(scopes("admin")),
            ..presented()
        },
    );
    assert_eq!(
        not_the_client_s.unwrap_err().code(),
        ErrorCode::InvalidScope
    );
    for name in ["resource", "audience"] {
        let elsewhere = decide(&[(name, "https://evil.example/")], &presented()).unwrap_err();
        assert_eq!(elsewhere.code(), ErrorCode::InvalidTarget);
    }
}

#[test]
fn only_who_the_subject_lets_act_does() {
    let mut token = presented();
    token.may_act = Some("app".into());
    assert!(decide(&[], &token).is_ok());
    token.may_act = Some("other".into());
    assert_eq!(decide(&[], &token), Err(ExchangeFault::MayNotAct));
    assert_eq!(
        decide_by(&client(), &ACTOR, &token, Some(&agent())),
        Err(ExchangeFault::MayNotAct)
    );
    token.client_id = Some("app".into());
    assert_eq!(decide(&[], &token), Err(ExchangeFault::MayNotAct));
}

#[test]
fn a_client_that_makes_less_of_its_own_token_acts_for_nobody() {
    let own = PresentedToken {
        client_id: Some("app".into()),
        audiences: vec![],
        ..presented()
    };
    assert_eq!(decide(&[], &own).unwrap().actor, None);
}

#[test]
fn a_public_client_exchanges_only_what_another_issuer_vouches_for() {
    let mut one = public_client();
    one.grant_types.push(GrantType::TokenExchange);
    let own = PresentedToken {
        client_id: Some("spa".into()),
        ..presented()
    };
    assert_eq!(
        decide_by(&one, &[], &own, None),
        Err(ExchangeFault::NotAllowed)
    );
    let workload = PresentedToken {
        origin: TokenOrigin::Federated,
        subject: "workload:build".into(),
        client_id: None,
        scopes: None,
        sign_in: None,
        ..presented()
    };
    let grant = decide_by(&one, &[("scope", "read")], &workload, None).unwrap();
    assert_eq!((grant.scopes, grant.actor), (scopes("read"), None));
}

#[test]
fn a_request_names_kinds_of_tokens_that_there_are() {
    let refused = |more: &[(&str, &str)]| read(more).unwrap_err();
    let id_token = [(
        "requested_token_type",
        "urn:ietf:params:oauth:token-type:id_token",
    )];
    assert_eq!(refused(&id_token), ExchangeFault::Requested);
    assert_eq!(refused(&ACTOR[..1]), ExchangeFault::ActorType);
    assert_eq!(refused(&ACTOR[1..]), ExchangeFault::ActorType);
    let saml = form(&[
        ("subject_token", "x"),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:saml2",
        ),
    ]);
    assert!(matches!(
        ExchangeRequest::read(&saml),
        Err(ExchangeFault::TokenType(_))
    ));
    let missing = form(&[("subject_token", "x")]);
    assert!(matches!(
        ExchangeRequest::read(&missing),
        Err(ExchangeFault::Parameters(_))
    ));
    assert_eq!(
        read(&[("requested_token_type", JWT)]).unwrap().requested,
        ExchangeTokenType::Jwt
    );
    assert!(!format!("{:?}", read(&ACTOR).unwrap()).contains("a.b.c"));
}
