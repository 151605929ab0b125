//! The door over a real engine, store and ledger.
#![expect(clippy::expect_used, reason = "helpers of tests fail loudly")]

use std::{
    io,
    net::IpAddr,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use gw_door::{Answer, Door, DoorOptions, NotOpened, Particulars, WhenUnwritable};
use gw_engine::testing::{START, TestEngine, app, group, policies, session, user, visit};
use gw_leases::Core;
use gw_ledger::{EndManner, ExchangeKind, Method, Personal, Signer};
use gw_model::{AuthnMethod, Change, Session, User};
use gw_record::{Ledger, LedgerOptions, sync_to_disk};
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
        self.door_on(&self.tested.ledger, options)
    }

    fn door_on(&self, ledger: &Ledger, options: DoorOptions) -> Door {
        let core = Core::new(self.tested.engine.clone());
        tokio::task::spawn_local(core.clone().follow(self.tested.engine.attach()));
        let recorder = ledger.recorder("core-0").expect("a recorder");
        Door::new(core, recorder, options)
    }

    /// A ledger on a disk that, from when it is open on, takes records and syncs none.
    fn unsynced(&self) -> Ledger {
        let clock = self.tested.clock.clone();
        let fails = Arc::new(AtomicBool::new(false));
        let is_failing = fails.clone();
        let options = LedgerOptions {
            sync: Arc::new(move |file| match is_failing.load(Ordering::Relaxed) {
                true => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
                false => sync_to_disk(file),
            }),
            ..LedgerOptions::new(1, 0, move || clock.now())
        };
        let folder = self.tested.folder.path().join("unsynced");
        let signer = Signer::from_seed(&[7; 32]).expect("a signer");
        let ledger = Ledger::open(&folder, options, signer, &[]).expect("a ledger opens");
        fails.store(true, Ordering::Relaxed);
        ledger
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

#[tokio::test]
async fn a_record_that_cannot_be_synced_opens_nothing() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            let ledger = house.unsynced();
            let options = DoorOptions {
                synced: true,
                ..DoorOptions::default()
            };
            let door = house.door_on(&ledger, options);
            let Answer::Permit(permit) = ask(&door, Some(&house.session)) else {
                panic!("staff may");
            };
            assert!(matches!(permit.open().await, Err(NotOpened::Unwritable)));
            assert_eq!(door.core().open(), 0);
        })
        .await;
}

/// Where the operator would rather go on; what was revoked meanwhile stays revoked.
#[tokio::test]
async fn a_record_that_cannot_be_synced_opens_as_configured_what_still_stands() {
    LocalSet::new()
        .run_until(async {
            let house = house().await;
            let ledger = house.unsynced();
            let options = DoorOptions {
                synced: true,
                when_unwritable: WhenUnwritable::Allow,
            };
            let door = house.door_on(&ledger, options);
            let permit = || match ask(&door, Some(&house.session)) {
                Answer::Permit(permit) => permit,
                Answer::Refused(_) => panic!("staff may"),
            };
            let (first, second) = (permit(), permit());
            assert!(first.open().await.is_ok());
            house.disable_ana().await;
            assert!(matches!(second.open().await, Err(NotOpened::Ended(_))));
        })
        .await;
}
