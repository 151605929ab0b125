//! Assertions as a verifier sees them: the published key, the right app, the right facts.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail loudly"
)]

use std::{net::IpAddr, rc::Rc, sync::Arc, time::Duration, time::Instant};

use data_encoding::BASE64URL_NOPAD;
use gw_door::{Answer, Door, DoorOptions, Open, Particulars};
use gw_engine::testing::{START, TestEngine, app, group, policies, session, user, visit};
use gw_issue::{ASSERTION_PURPOSE, Assertions, Claims, KeyError, Pace, SigningKeys};
use gw_jose::TokenType;
use gw_leases::Core;
use gw_ledger::{ExchangeKind, Method, Personal};
use gw_model::{AuthnMethod, Change, Session, Timestamp, User};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation, jwk::Jwk};
use tokio::task::LocalSet;

const EVERYTHING: &str = r#"
@id("all-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource is Route);
"#;

struct House {
    tested: TestEngine,
    ana: User,
    session: Session,
}

async fn house() -> House {
    let ana = user(1, "ana", &["staff"]);
    let session = session(11, &ana, AuthnMethod::Passkey, START);
    let changes = vec![
        group("staff"),
        Change::AppPut(Arc::new(app("wiki"))),
        Change::AppPut(Arc::new(app("payroll"))),
        policies(EVERYTHING),
        Change::UserPut(Arc::new(ana.clone())),
        Change::SessionStarted(Arc::new(session.clone())),
    ];
    House {
        tested: TestEngine::with(changes).await,
        ana,
        session,
    }
}

impl House {
    async fn open(&self, door: &Door, app: &str) -> Open {
        let particulars = Particulars {
            kind: ExchangeKind::Http,
            method: Method::Get,
            received: Instant::now(),
            personal: Personal {
                address: Some(IpAddr::from([127, 0, 0, 1])),
                ..Personal::default()
            },
            stranger: false,
        };
        match door.ask(Rc::new(visit(app, Some(&self.session), "/")), &particulars) {
            Answer::Permit(permit) => permit.open().await.expect("it stands"),
            Answer::Refused(refusal) => panic!("refused: {:?}", refusal.judgement.decision),
        }
    }

    fn door(&self) -> Door {
        let core = Core::new(self.tested.engine.clone());
        tokio::task::spawn_local(core.clone().follow(self.tested.engine.attach()));
        Door::new(
            core,
            self.tested.ledger.recorder("core-0").unwrap(),
            DoorOptions::default(),
        )
    }

    fn signed(&self, assertions: &Assertions, open: &Open, name: &str) -> String {
        let view = self.tested.engine.view();
        let app = view.facts.app(&name.parse().unwrap()).unwrap();
        let value = assertions
            .of(open, app, &view, self.tested.clock.now())
            .expect("an assertion");
        value.to_str().unwrap().to_owned()
    }

    /// Verifies as an app would: by the published key that the token names.
    fn verify(&self, token: &str, audience: &str) -> Result<Claims, String> {
        let header = jsonwebtoken::decode_header(token).map_err(|fault| fault.to_string())?;
        let kid = header.kid.ok_or("no key is named")?;
        let view = self.tested.engine.view();
        let key = view
            .facts
            .keys()
            .find(|k| *k.kid == *kid)
            .ok_or("the key is not published")?;
        let jwk: Jwk = serde_json::from_str(&key.jwk).unwrap();
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(&[audience]);
        validation.set_issuer(&["auth.test"]);
        validation.validate_exp = false; // the test's clock stands still
        jsonwebtoken::decode(token, &DecodingKey::from_jwk(&jwk).unwrap(), &validation)
            .map(|data| data.claims)
            .map_err(|fault| fault.to_string())
    }
}

#[tokio::test]
async fn an_app_can_verify_who_came_and_another_app_cannot_use_it() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            let keys = SigningKeys::open(&house.tested.engine, ASSERTION_PURPOSE)
                .await
                .unwrap();
            let assertions = Assertions::new("auth.test".into(), keys);
            let door = house.door();
            let open = house.open(&door, "wiki").await;
            let token = house.signed(&assertions, &open, "wiki");
            let claims = house.verify(&token, "wiki").unwrap();
            assert_eq!(claims.sub, house.ana.id.to_string());
            assert_eq!(
                (claims.groups, claims.amr),
                (vec!["staff".into()], vec!["passkey".into()])
            );
            assert_eq!(claims.exp - claims.iat, 60);
            assert!(house.verify(&token, "payroll").is_err());
            let payroll = house.open(&door, "payroll").await;
            assert_ne!(house.signed(&assertions, &payroll, "payroll"), token);
        })
        .await;
}

#[tokio::test]
async fn none_that_was_changed_or_signed_otherwise_holds() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            let keys = SigningKeys::open(&house.tested.engine, ASSERTION_PURPOSE)
                .await
                .unwrap();
            let assertions = Assertions::new("auth.test".into(), keys);
            let door = house.door();
            let open = house.open(&door, "wiki").await;
            let token = house.signed(&assertions, &open, "wiki");
            let payroll = house.open(&door, "payroll").await;
            let other = house.signed(&assertions, &payroll, "payroll");
            let [head, claims, signature] = parts(&token);
            let [_, other_claims, other_signature] = parts(&other);
            let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
            let spelled = |text: String| BASE64URL_NOPAD.encode(text.as_bytes());
            let none = spelled(format!(r#"{{"alg":"none","kid":"{kid}"}}"#));
            let view = house.tested.engine.view();
            let public = view.facts.keys().next().unwrap().jwk.to_string();
            let mut symmetric = jsonwebtoken::Header::new(Algorithm::HS256);
            symmetric.kid = Some(kid);
            let value: serde_json::Value =
                serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap())
                    .unwrap();
            let secret = EncodingKey::from_secret(public.as_bytes());
            let by_public_key = jsonwebtoken::encode(&symmetric, &value, &secret).unwrap();
            let stranger = spelled(r#"{"typ":"JWT","alg":"ES256","kid":"AAAA"}"#.into());
            let unnamed = spelled(r#"{"typ":"JWT","alg":"ES256"}"#.into());
            for forged in [
                format!("{none}.{claims}."),
                format!("{none}.{claims}.{signature}"),
                by_public_key,
                format!("{stranger}.{claims}.{signature}"),
                format!("{unnamed}.{claims}.{signature}"),
                format!("{head}.{claims}."),
                format!("{head}.{claims}.{}", "A".repeat(signature.len())),
                format!("{head}.{claims}.{other_signature}"),
                format!("{head}.{other_claims}.{signature}"),
                format!(
                    "{head}.{}.{signature}",
                    spelled(value.to_string().replace("ana", "root"))
                ),
            ] {
                assert!(house.verify(&forged, "wiki").is_err(), "{forged}");
            }
            assert!(house.verify(&token, "wiki").is_ok());
            assert!(house.verify(&other, "wiki").is_err());
        })
        .await;
}

fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<&str> = token.split('.').collect();
    parts.try_into().unwrap()
}

#[tokio::test]
async fn one_is_reused_until_it_ages_or_a_fact_that_it_tells_changes() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            let keys = SigningKeys::open(&house.tested.engine, ASSERTION_PURPOSE)
                .await
                .unwrap();
            let assertions = Assertions::new("auth.test".into(), keys);
            let door = house.door();
            let open = house.open(&door, "wiki").await;
            let first = house.signed(&assertions, &open, "wiki");
            assert_eq!(house.signed(&assertions, &open, "wiki"), first);
            let renamed = User {
                display_name: "Ana Ruiz".into(),
                ..house.ana.clone()
            };
            house
                .tested
                .change(vec![Change::UserPut(Arc::new(renamed))])
                .await;
            let second = house.signed(&assertions, &open, "wiki");
            assert_eq!(house.verify(&second, "wiki").unwrap().name, "Ana Ruiz");
            house.tested.clock.advance(Duration::from_secs(31));
            assert_ne!(house.signed(&assertions, &open, "wiki"), second);
        })
        .await;
}

#[tokio::test]
async fn a_rotated_key_is_published_before_it_signs_and_the_old_one_stays_for_a_while() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            let engine = &house.tested.engine;
            let keys = SigningKeys::open(engine, ASSERTION_PURPOSE).await.unwrap();
            let assertions = Assertions::new("auth.test".into(), keys.clone());
            let door = house.door();
            let open = house.open(&door, "wiki").await;
            let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
            let old = kid(&house.signed(&assertions, &open, "wiki"));
            let new = keys.rotate(engine, Pace::InTurn).await.unwrap();
            assert_eq!(engine.view().facts.keys().count(), 2, "both are published");
            assert_eq!(kid(&house.signed(&assertions, &open, "wiki")), old);
            house.tested.clock.advance(Duration::from_secs(301));
            let token = house.signed(&assertions, &open, "wiki");
            assert_eq!(kid(&token), *new);
            assert!(house.verify(&token, "wiki").is_ok());
            house.tested.clock.advance(Duration::from_secs(1_190));
            keys.sweep(engine).await.unwrap();
            assert_eq!(engine.view().facts.keys().count(), 2, "tokens live on");
            house.tested.clock.advance(Duration::from_secs(11));
            keys.sweep(engine).await.unwrap();
            assert_eq!(engine.view().facts.keys().count(), 1);
            let reopened = SigningKeys::open(engine, ASSERTION_PURPOSE).await.unwrap();
            let again = Assertions::new("auth.test".into(), reopened);
            assert_eq!(
                kid(&house.signed(&again, &open, "wiki")),
                *new,
                "it survives a restart"
            );
        })
        .await;
}

#[tokio::test]
async fn a_key_follows_once_the_one_before_signs_unless_it_has_to_at_once() {
    let house = house().await;
    let engine = &house.tested.engine;
    let keys = SigningKeys::open(engine, ASSERTION_PURPOSE).await.unwrap();
    let both = tokio::join!(
        keys.rotate(engine, Pace::InTurn),
        keys.rotate(engine, Pace::InTurn)
    );
    assert!(both.0.is_ok(), "the first one signs already");
    assert!(matches!(both.1, Err(KeyError::NotYet { .. })));
    assert!(keys.rotate(engine, Pace::AtOnce).await.is_ok());
    assert_eq!(engine.view().facts.keys().count(), 3);
    house.tested.clock.advance(Duration::from_secs(301));
    assert!(keys.rotate(engine, Pace::InTurn).await.is_ok());
}

#[tokio::test]
async fn with_a_clock_that_is_set_back_the_key_signs_that_verifiers_know() {
    let house = house().await;
    let engine = &house.tested.engine;
    let keys = SigningKeys::open(engine, ASSERTION_PURPOSE).await.unwrap();
    let clock = &house.tested.clock;
    let kid = |at: Timestamp| {
        let token = keys.sign(TokenType::Jwt, &serde_json::json!({}), at);
        let token = token.unwrap().unwrap();
        jsonwebtoken::decode_header(&token).unwrap().kid.unwrap()
    };
    let first = kid(clock.now());
    keys.rotate(engine, Pace::InTurn).await.unwrap();
    let long_ago = clock.now().before(Duration::from_secs(86_400));
    assert_eq!(kid(long_ago), first);
}
