//! An engine over a temporary folder, and the facts that tests start from.

use std::{net::IpAddr, sync::Arc, time::Duration};

use gw_clock::Clock;
use gw_ledger::Signer;
use gw_model::{
    Action, Actor, App, AuthnEvent, AuthnMethod, Change, Group, Membership, PolicyFile, Principal,
    ProposalId, ProposedChange, Resource, Session, SessionId, SessionKind, Timestamp, TokenHash,
    Upstream, User, UserId,
};
use gw_record::{Ledger, LedgerOptions};
use gw_store::{DataFolder, KeySource, SqliteStore, Store};
use tempfile::TempDir;

use crate::{Circumstances, Commit, Engine, OwnedHttp, random};

/// When tests begin: Thursday 2026-01-01, 12:00 UTC.
pub const START: Timestamp = Timestamp::from_secs(1_767_268_800);

/// An engine whose clock stands still until it is told to move.
pub struct TestEngine {
    /// The engine.
    pub engine: Engine,
    /// Its clock.
    pub clock: Clock,
    /// Its ledger.
    pub ledger: Ledger,
    /// Where everything is kept; gone with it.
    pub folder: TempDir,
}

impl TestEngine {
    /// An engine with these facts. Within a tokio runtime.
    ///
    /// # Panics
    /// When anything does not work: it is for tests.
    pub async fn with(changes: Vec<Change>) -> Self {
        Self::on(Clock::manual(START), changes).await
    }

    /// An engine with these facts on a clock that may run. Within a tokio runtime.
    ///
    /// # Panics
    /// When anything does not work: it is for tests.
    #[expect(clippy::expect_used, reason = "for tests")]
    pub async fn on(clock: Clock, changes: Vec<Change>) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("gw-")
            .tempdir()
            .expect("a folder");
        let data = DataFolder::open(&folder.path().join("data")).expect("a data folder");
        let mut store = SqliteStore::open(data, &KeySource::DataFolder).expect("a store opens");
        let loaded = store.load().expect("a store loads");
        let now = clock.clone();
        let options = LedgerOptions {
            segment_bytes: 1 << 20,
            ..LedgerOptions::new(1, loaded.facts.epoch.incarnation, move || now.now())
        };
        let signer = Signer::from_seed(&[7; 32]).expect("a signer");
        let ledger = Ledger::open(&folder.path().join("ledger"), options, signer, &[])
            .expect("a ledger opens");
        let control = ledger.control().clone();
        let engine = Engine::start(Box::new(store), loaded, clock.clone(), control)
            .expect("an engine starts");
        let tested = Self {
            engine,
            clock,
            ledger,
            folder,
        };
        tested.change(changes).await;
        tested
    }

    /// Changes facts.
    ///
    /// # Panics
    /// When the change is refused.
    #[expect(clippy::expect_used, reason = "for tests")]
    pub async fn change(&self, changes: Vec<Change>) {
        let mut commit = Commit::new(Actor::Gatewright, "test");
        commit.changes = changes;
        self.engine.commit(commit).await.expect("the change fits");
    }
}

/// Policies as one file.
pub fn policies(text: &str) -> Change {
    let file = PolicyFile {
        name: "test.cedar".into(),
        text: text.into(),
    };
    Change::PoliciesApplied(Arc::from([file]))
}

/// A group.
///
/// # Panics
/// When it is no name.
#[expect(clippy::expect_used, reason = "for tests")]
pub fn group(name: &str) -> Change {
    let name = name.parse().expect("a name");
    Change::GroupPut(Arc::new(Group {
        name,
        title: "".into(),
        parents: Vec::new(),
        identities: Vec::new(),
        version: 0,
    }))
}

/// A person in groups.
///
/// # Panics
/// When a group is no name.
#[expect(clippy::expect_used, reason = "for tests")]
pub fn user(bits: u64, name: &str, groups: &[&str]) -> User {
    User {
        id: UserId::from_bits(bits),
        name: name.into(),
        display_name: name.into(),
        email: None,
        attributes: Default::default(),
        groups: groups
            .iter()
            .map(|g| Membership::of(g.parse().expect("a name")))
            .collect(),
        factors: Vec::new(),
        identities: Vec::new(),
        disabled: false,
        verified_email: None,
        tokens_from: gw_model::Timestamp::default(),
        version: 0,
    }
}

/// An app at `NAME.test` whose upstream is nowhere.
///
/// # Panics
/// When it is no name.
#[expect(clippy::expect_used, reason = "for tests")]
pub fn app(name: &str) -> App {
    App {
        name: name.parse().expect("a name"),
        title: name.into(),
        description: "".into(),
        host: format!("{name}.test").into(),
        upstream: Upstream::Http("127.0.0.1:9".into()),
        tags: Vec::new(),
        attributes: Default::default(),
        routes: Vec::new(),
        time_zone: None,
        in_portal: true,
        preserve_host: true,
        owner: gw_model::AppOwner::Configuration,
        identity_headers: Default::default(),
        version: 0,
    }
}

/// An ordinary session of a person, begun now by one proof; twelve hours long, idle for one.
pub fn session(bits: u64, user: &User, method: AuthnMethod, now: Timestamp) -> Session {
    let mut credential = [0; 32];
    credential[..8].copy_from_slice(&random::bits().to_be_bytes());
    Session {
        id: SessionId::from_bits(bits),
        user: user.id,
        kind: SessionKind::Ordinary,
        authn: vec![AuthnEvent {
            method,
            at: now,
            factor: None,
            provider: None,
        }],
        started: now,
        expires: now.after(Duration::from_secs(12 * 3600)),
        idle_limit: Duration::from_secs(3600),
        credential: TokenHash::from_digest(credential),
        client: "a test".into(),
        ended: None,
        version: 0,
        seen: Default::default(),
    }
}

/// Other policies, as somebody proposes them at an instant.
pub fn proposed(by: Actor, now: Timestamp) -> ProposedChange {
    ProposedChange {
        id: ProposalId::from_bits(1),
        by,
        name: "somebody".into(),
        session: None,
        groups: Vec::new(),
        at: now,
        until: now.after(ProposedChange::LASTS),
        why: "it is needed".into(),
        what: "replace the policies".into(),
        action: Action::AdminPolicyApply,
        resource: Resource::System,
        operation: "PolicyApply".into(),
        path: "/v1/policies".into(),
        version: None,
        body: "{}".into(),
        body_bytes: 2,
        settled: None,
    }
}

/// A GET of a path at an app, by a session or by nobody.
///
/// # Panics
/// When the app is no name.
#[expect(clippy::expect_used, reason = "for tests")]
pub fn visit(app: &str, session: Option<&Session>, path: &str) -> Circumstances {
    let route = format!("{app}/default").parse().expect("a route name");
    Circumstances {
        principal: session.map_or(Principal::Anonymous, |s| Principal::User(s.user)),
        session: session.map(|s| s.id),
        rank: session.map_or(0, Session::rank),
        action: Action::HttpRequest,
        resource: Arc::new(Resource::Route(route)),
        address: IpAddr::from([127, 0, 0, 1]),
        country: None,
        http: Some(OwnedHttp {
            method: "GET".into(),
            path: path.into(),
            host: format!("{app}.test").into(),
            websocket: false,
            upgrade: None,
            same_origin: true,
        }),
        device: None,
        risk: None,
        proposal: None,
        token: None,
        factor: None,
    }
}
