//! Facts to test with.

use std::{
    fs::Permissions, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc, time::Duration,
};

use gw_model::{
    Action, Actor, App, AppToken, AuthnEvent, AuthnMethod, Change, Client, ClientId,
    ExternalIdentity, Factor, FactorId, FactorKind, Group, LinkId, Membership, PolicyFile,
    ProposalId, ProposedChange, Provider, ProviderProtocol, Resource, Session, SessionId,
    SessionKind, Timestamp, TokenHash, Upstream, User, UserId,
};
use gw_store::{
    Committed, DataFolder, Effect, KeySource, LinkKind, LinkRow, PasskeyRow, Refused, SqliteStore,
    Store, Transaction,
};
use tempfile::TempDir;

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A folder that only its owner may enter.
pub(crate) fn private_folder() -> TempDir {
    let private = Permissions::from_mode(0o700);
    tempfile::Builder::new()
        .permissions(private)
        .tempdir()
        .unwrap()
}

pub(crate) fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(DataFolder::open(path).unwrap(), &KeySource::DataFolder).unwrap()
}

pub(crate) fn uid(bits: u64) -> UserId {
    UserId::from_bits(bits)
}

pub(crate) fn fid(bits: u64) -> FactorId {
    FactorId::from_bits(bits)
}

pub(crate) fn sid(bits: u64) -> SessionId {
    SessionId::from_bits(bits)
}

pub(crate) fn hash(bits: u64) -> TokenHash {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&bits.to_be_bytes());
    TokenHash::from_digest(digest)
}

pub(crate) fn later(secs: u64) -> Timestamp {
    NOW.after(Duration::from_secs(secs))
}

pub(crate) fn user(bits: u64, name: &str) -> User {
    User {
        id: uid(bits),
        name: name.into(),
        display_name: name.into(),
        email: None,
        attributes: Default::default(),
        groups: Vec::new(),
        factors: Vec::new(),
        identities: Vec::new(),
        disabled: false,
        verified_email: None,
        tokens_from: gw_model::Timestamp::default(),
        version: 0,
    }
}

pub(crate) fn with_factors(mut user: User, passkeys: &[u64], codes: &[u64]) -> User {
    let factor = |bits: &u64, kind| Factor {
        id: fid(*bits),
        kind,
        name: "one of mine".into(),
        enrolled_at: NOW,
        authenticator: None,
    };
    user.factors = passkeys
        .iter()
        .map(|bits| factor(bits, FactorKind::Passkey))
        .chain(codes.iter().map(|b| factor(b, FactorKind::RecoveryCodes)))
        .collect();
    user
}

pub(crate) fn put(user: User) -> Change {
    Change::UserPut(Arc::new(user))
}

pub(crate) fn group(name: &str, parents: &[&str]) -> Change {
    Change::GroupPut(Arc::new(Group {
        name: name.parse().unwrap(),
        title: name.into(),
        parents: parents.iter().map(|p| p.parse().unwrap()).collect(),
        identities: Vec::new(),
        version: 0,
    }))
}

/// The group, as a provider that pushes groups in made it.
pub(crate) fn made_by(provider: &str, change: &Change) -> Change {
    let Change::GroupPut(group) = change else {
        return change.clone();
    };
    let identity = gw_model::ExternalIdentity {
        pushed: Some(Arc::new(gw_model::Pushed {
            made: true,
            created: NOW,
            modified: NOW,
            told: "{}".into(),
        })),
        ..gw_model::ExternalIdentity::of(provider.parse().unwrap(), group.name.as_str().into())
    };
    Change::GroupPut(Arc::new(Group {
        identities: vec![identity],
        ..Group::clone(group)
    }))
}

pub(crate) fn member(mut user: User, groups: &[&str]) -> User {
    user.groups = groups
        .iter()
        .map(|name| Membership::of(name.parse().unwrap()))
        .collect();
    user
}

/// Somebody whom a provider knows by a number, and puts into each group that they are in.
pub(crate) fn known_at(mut user: User, name: &str, number: usize) -> User {
    let (provider, subject) = (name.parse().unwrap(), number.to_string().into());
    user.identities
        .push(ExternalIdentity::of(provider, subject));
    for membership in &mut user.groups {
        membership.by = Some(name.parse().unwrap());
    }
    user
}

pub(crate) fn client(id: u64, name: &str, groups: &[&str]) -> Change {
    Change::ClientPut(Arc::new(Client {
        id: ClientId::from_bits(id),
        name: name.parse().unwrap(),
        title: name.into(),
        attributes: Default::default(),
        groups: groups.iter().map(|g| g.parse().unwrap()).collect(),
        app: None,
        registration: "{}".into(),
        tokens_from: NOW,
        disabled: id == 2,
        version: 0,
        suspended: false,
        owner: Default::default(),
        consent: Default::default(),
    }))
}

pub(crate) fn provider(name: &str, suspended: bool) -> Change {
    Change::ProviderPut(Arc::new(Provider {
        name: name.parse().unwrap(),
        title: name.into(),
        issuer: format!("https://{name}.test").into(),
        protocol: ProviderProtocol::Oidc {
            client_id: "gatewright".into(),
            scopes: vec!["profile".into()],
        },
        people: Default::default(),
        memberships: Vec::new(),
        assurance: Default::default(),
        disabled: false,
        suspended,
        version: 0,
    }))
}

pub(crate) fn app(name: &str, host: &str) -> Change {
    Change::AppPut(Arc::new(App {
        name: name.parse().unwrap(),
        title: name.into(),
        description: "".into(),
        host: host.into(),
        upstream: Upstream::Http("127.0.0.1:8080".into()),
        tags: Vec::new(),
        attributes: Default::default(),
        routes: Vec::new(),
        time_zone: None,
        in_portal: true,
        preserve_host: true,
        owner: gw_model::AppOwner::Configuration,
        identity_headers: Default::default(),
        version: 0,
    }))
}

pub(crate) fn session(bits: u64, of: u64) -> Session {
    Session {
        id: sid(bits),
        user: uid(of),
        kind: SessionKind::Ordinary,
        authn: vec![AuthnEvent {
            method: AuthnMethod::SignInLink,
            at: NOW,
            factor: None,
            provider: None,
        }],
        started: NOW,
        expires: later(3600),
        idle_limit: Duration::from_secs(900),
        credential: hash(bits),
        client: "curl".into(),
        ended: None,
        version: 0,
        seen: Default::default(),
    }
}

pub(crate) fn start(bits: u64, of: u64) -> Change {
    Change::SessionStarted(Arc::new(session(bits, of)))
}

pub(crate) fn token(bits: u64, session: u64, app: &str) -> Change {
    Change::AppTokenIssued(Arc::new(AppToken {
        hash: hash(bits),
        session: sid(session),
        app: app.parse().unwrap(),
        rank: 1,
        version: 0,
    }))
}

pub(crate) fn policies(text: &str) -> Change {
    let file = PolicyFile {
        name: "main.cedar".into(),
        text: text.into(),
    };
    Change::PoliciesApplied(Arc::from([file]))
}

pub(crate) fn link(bits: u64, of: u64) -> LinkRow {
    LinkRow {
        id: LinkId::from_bits(bits),
        hash: hash(bits),
        kind: LinkKind::Enrolment,
        user: uid(of),
        made_by: Actor::Local(1000),
        made_at: NOW,
        expires: later(600),
        within: None,
    }
}

pub(crate) fn passkey(factor: u64, of: u64, credential_id: &[u8]) -> PasskeyRow {
    PasskeyRow {
        factor: fid(factor),
        user: uid(of),
        credential_id: credential_id.to_vec(),
        credential: "counter 0".into(),
        last_used: None,
    }
}

pub(crate) fn transaction(changes: Vec<Change>, effects: Vec<Effect>) -> Transaction {
    Transaction {
        changes,
        effects,
        actor: Actor::Gatewright,
        at: NOW,
        urgent: false,
    }
}

/// Commits one transaction in a group of its own.
pub(crate) fn try_commit(
    store: &mut dyn Store,
    changes: Vec<Change>,
    effects: Vec<Effect>,
) -> Result<Committed, Refused> {
    let group = vec![transaction(changes, effects).propose()];
    store.commit(group).unwrap().pop().unwrap()
}

pub(crate) fn commit(
    store: &mut dyn Store,
    changes: Vec<Change>,
    effects: Vec<Effect>,
) -> Committed {
    try_commit(store, changes, effects).unwrap()
}

/// What one person would have somebody else do to another.
pub(crate) fn proposed(id: u64, by: u64) -> ProposedChange {
    ProposedChange {
        id: ProposalId::from_bits(id),
        by: Actor::User(uid(by)),
        name: "ana".into(),
        session: None,
        groups: Vec::new(),
        at: NOW,
        until: later(60),
        why: "it is needed".into(),
        what: "switch `bo` off".into(),
        action: Action::AdminUserChange,
        resource: Resource::User(uid(1)),
        operation: "UserDisable".into(),
        path: "/v1/users/bo/disable".into(),
        version: None,
        body: "{}".into(),
        body_bytes: 2,
        settled: None,
    }
}
