//! The door over a real engine, store and ledger.
#![expect(clippy::expect_used, reason = "helpers of tests fail loudly")]

use std::{net::IpAddr, rc::Rc, sync::Arc, time::Instant};

use gw_door::{Answer, Door, DoorOptions, NotOpened, Particulars};
use gw_engine::testing::{START, TestEngine, app, group, policies, session, user, visit};
use gw_leases::Core;
use gw_ledger::{EndManner, ExchangeKind, Method, Personal};
use gw_model::{AuthnMethod, Change, Session, User};
use tokio::task::LocalSet;

const STAFF_ONLY: &str = r#"
@id("wiki-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");
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
        policies(STAFF_ONLY),
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
    fn door(&self, options: DoorOptions) -> Door {
        let core = Core::new(self.tested.engine.clone());
        tokio::task::spawn_local(core.clone().follow(self.tested.engine.attach()));
        let recorder = self.tested.ledger.recorder("core-0").expect("a recorder");
        Door::new(core, recorder, options)
    }

    async fn disable_ana(&self) {
        let disabled = User {
            disabled: true,
            ..self.ana.clone()
        };
        self.tested
            .change(vec![Change::UserPut(Arc::new(disabled))])
            .await;
    }
}

fn particulars(stranger: bool) -> Particulars<'static> {
    Particulars {
        kind: ExchangeKind::Http,
        method: Method::Get,
        received: Instant::now(),
        personal: Personal {
            address: Some(IpAddr::from([127, 0, 0, 1])),
            host: "wiki.test",
            path: "/",
            user: "ana",
            ..Personal::default()
        },
        stranger,
    }
}

fn ask(door: &Door, session: Option<&Session>) -> Answer {
    door.ask(
        Rc::new(visit("wiki", session, "/")),
        &particulars(session.is_none()),
    )
}

#[tokio::test]
async fn an_allow_is_a_permit_and_its_lease_is_told_when_the_person_is_disabled() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            let door = house.door(DoorOptions::default());
            let Answer::Permit(permit) = ask(&door, Some(&house.session)) else {
                panic!("staff may");
            };
            let open = permit.open().await.expect("the lease stands");
            assert_eq!(door.core().open(), 1);
            house.disable_ana().await;
            assert!(open.cut().is_cut());
            open.end(EndManner::Done);
            assert_eq!(door.core().open(), 0);
            assert!(matches!(
                ask(&door, Some(&house.session)),
                Answer::Refused(_)
            ));
        })
        .await;
}

#[tokio::test]
async fn a_stranger_is_refused_and_a_permit_that_is_dropped_leaves_nothing_open() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            let door = house.door(DoorOptions::default());
            let Answer::Refused(refusal) = ask(&door, None) else {
                panic!("strangers may not")
            };
            assert!(!refusal.judgement.is_allow() && !refusal.unwritable);
            let Answer::Permit(permit) = ask(&door, Some(&house.session)) else {
                panic!("staff may");
            };
            drop(permit);
            assert_eq!(door.core().open(), 0);
        })
        .await;
}

/// Rule 16: hold the ledger, revoke, release: nothing opens.
#[tokio::test]
async fn an_allow_that_waited_for_its_record_is_refused_if_it_was_revoked_meanwhile() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            let door = house.door(DoorOptions {
                synced: true,
                ..DoorOptions::default()
            });
            let Answer::Permit(permit) = ask(&door, Some(&house.session)) else {
                panic!("staff may");
            };
            house.disable_ana().await;
            let Err(NotOpened::Ended(reason)) = permit.open().await else {
                panic!("its lease has ended");
            };
            assert_eq!(
                &*reason.sentence,
                gw_model::EndReason::UserDisabled.sentence()
            );
        })
        .await;
}

#[tokio::test]
async fn in_the_synced_mode_an_undisturbed_permit_opens() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            let door = house.door(DoorOptions {
                synced: true,
                ..DoorOptions::default()
            });
            let Answer::Permit(permit) = ask(&door, Some(&house.session)) else {
                panic!("staff may");
            };
            assert!(permit.open().await.is_ok());
        })
        .await;
}
