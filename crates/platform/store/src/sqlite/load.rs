//! From rows back to a snapshot, through the same door as every change:
//! [`Snapshot::apply`], at the version that each row names.
//!
//! Rows show where changes led, not in which order they came. What no single change would bring
//! about at once (an ended session with its tokens, a session whose person is gone) is
//! therefore put in the order in which it once came about.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, slice,
    str::FromStr,
    sync::Arc,
};

use gw_model::{
    App, AppName, AppToken, BreakGlass, Change, Client, DirectoryRecord, Epoch, Group, GroupName,
    PolicyFile, ProposedChange, Provider, PublishedKey, Revocation, Session, Settings, Snapshot,
    Upstream, User, UserId,
};
use rusqlite::Connection;
use serde::de::DeserializeOwned;

use super::{facts, notes, stream, words};
use crate::{Loaded, StoreError};

pub(super) fn load(db: &Connection) -> Result<Loaded, StoreError> {
    let view = db.unchecked_transaction()?;
    stream::check_all(&view)?;
    let epoch = stream::current(&view)?;
    let stored = Stored::read(&view)?;
    let seen = notes::seen(&view)?;
    let facts = Rebuild::new(epoch).all(stored)?;
    for session in facts.sessions() {
        if let Some(at) = seen.get(&session.id) {
            session.seen.note(*at);
        }
    }
    Ok(Loaded {
        facts,
        high_water: notes::high_water(&view)?,
        heads: notes::heads(&view)?,
    })
}

type Versioned<T> = Vec<(u64, T)>;

/// All rows, each list in the order of versions.
#[derive(Default)]
pub(super) struct Stored {
    groups: Versioned<Arc<Group>>,
    users: Versioned<Arc<User>>,
    apps: Versioned<Arc<App>>,
    settings: Versioned<Arc<Settings>>,
    sessions: Versioned<Arc<Session>>,
    tokens: Versioned<Arc<AppToken>>,
    policies: Versioned<Arc<[PolicyFile]>>,
    declared: Versioned<Arc<[PolicyFile]>>,
    keys: Versioned<Arc<PublishedKey>>,
    break_glass: Versioned<Arc<BreakGlass>>,
    proposals: Versioned<Arc<ProposedChange>>,
    providers: Versioned<Arc<Provider>>,
    clients: Versioned<Arc<Client>>,
    revocations: Versioned<Revocation>,
    directory_records: Versioned<Arc<DirectoryRecord>>,
    pub(super) collections: BTreeMap<String, u64>,
}

impl Stored {
    fn read(db: &Connection) -> Result<Self, StoreError> {
        let mut all = Self::default();
        let mut rows =
            db.prepare("SELECT kind, key, version, body FROM facts ORDER BY version, kind, key")?;
        let rows = rows.query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
        for row in rows {
            let (kind, key, version, body): (String, String, i64, String) = row?;
            all.add(&kind, &key, words::count(version), &body)?;
        }
        let mut rows = db.prepare("SELECT kind, version FROM collections")?;
        let rows = rows.query_map([], |row| Ok((row.get(0)?, words::count(row.get(1)?))))?;
        all.collections = rows.collect::<Result<_, _>>()?;
        Ok(all)
    }

    pub(super) fn add(
        &mut self,
        kind: &str,
        key: &str,
        version: u64,
        body: &str,
    ) -> Result<(), StoreError> {
        let row = Row { kind, key, body };
        match kind {
            facts::GROUP => self.groups.push((version, row.value()?)),
            facts::USER => self.users.push((version, row.value()?)),
            facts::APP => self.apps.push((version, row.value()?)),
            facts::SETTINGS => self.settings.push((version, row.value()?)),
            facts::SESSION => self.sessions.push((version, row.value()?)),
            facts::APP_TOKEN => self.tokens.push((version, row.value()?)),
            facts::POLICIES => self.policies.push((version, row.value()?)),
            facts::DECLARED => self.declared.push((version, row.value()?)),
            facts::KEY => self.keys.push((version, row.value()?)),
            facts::BREAK_GLASS => self.break_glass.push((version, row.value()?)),
            facts::PROPOSAL => self.proposals.push((version, row.value()?)),
            facts::PROVIDER => self.providers.push((version, row.value()?)),
            facts::CLIENT => self.clients.push((version, row.value()?)),
            facts::REVOCATION => self.revocations.push((version, row.value()?)),
            facts::DIRECTORY_RECORD => self.directory_records.push((version, row.value()?)),
            _ => {
                return Err(StoreError::NewerKind {
                    place: format!("the fact `{key}`"),
                    kind: kind.to_owned(),
                });
            }
        }
        Ok(())
    }

    fn collection(&self, kind: &str) -> u64 {
        self.collections.get(kind).copied().unwrap_or(0)
    }
}

struct Row<'a> {
    kind: &'a str,
    key: &'a str,
    body: &'a str,
}

impl Row<'_> {
    fn value<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        words::json(format_args!("the {} `{}`", self.kind, self.key), self.body)
    }
}

pub(super) struct Rebuild {
    epoch: Epoch,
    facts: Snapshot,
}

impl Rebuild {
    pub(super) fn new(epoch: Epoch) -> Self {
        Self {
            epoch,
            facts: Snapshot::empty(epoch),
        }
    }

    pub(super) fn all(mut self, stored: Stored) -> Result<Snapshot, StoreError> {
        self.providers(&stored)?;
        self.groups(&stored)?;
        self.apps(&stored)?;
        self.people_and_sessions(&stored)?;
        let keys_version = stored.collection(facts::KEY);
        for (version, settings) in stored.settings {
            self.put(version, Change::SettingsPut(settings))?;
        }
        for (version, files) in stored.policies {
            self.put(version, Change::PoliciesApplied(files))?;
        }
        for (version, files) in stored.declared {
            self.put(version, Change::DeclaredPut(files))?;
        }
        for (version, key) in stored.keys {
            self.put(version, Change::KeyPublished(key))?;
        }
        if self.facts.keys_version() < keys_version {
            let kid = Arc::from("");
            self.put(keys_version, Change::KeyRetired { kid })?;
        }
        for (version, entry) in stored.break_glass {
            self.put(version, Change::BreakGlassPut(entry))?;
        }
        for (version, client) in stored.clients {
            self.put(version, Change::ClientPut(client))?;
        }
        for (version, revocation) in stored.revocations {
            self.put(version, Change::TokenRevoked(revocation))?;
        }
        for (version, record) in stored.directory_records {
            self.put(version, Change::DirectoryRecordPut(record))?;
        }
        for (version, proposed) in stored.proposals {
            self.put(version, Change::ProposalPut(proposed))?;
        }
        self.facts.epoch = self.epoch;
        Ok(self.facts)
    }

    fn put(&mut self, version: u64, change: Change) -> Result<(), StoreError> {
        let at = Epoch {
            number: version,
            ..self.epoch
        };
        self.facts = self
            .facts
            .apply(at, slice::from_ref(&change))
            .map_err(|why| {
                let (kind, subject) = (change.kind(), change.subject());
                StoreError::damaged(format_args!("the stored fact {kind} {subject}"), why)
            })?;
        Ok(())
    }

    /// Before groups, whose version they move.
    fn providers(&mut self, stored: &Stored) -> Result<(), StoreError> {
        for (version, provider) in &stored.providers {
            self.put(*version, Change::ProviderPut(provider.clone()))?;
        }
        Ok(())
    }

    /// Names first, then parents from the leaves up: each check then sees one step only, however
    /// the nesting came about.
    fn groups(&mut self, stored: &Stored) -> Result<(), StoreError> {
        for (version, group) in &stored.groups {
            let mut alone = Group::clone(group);
            alone.parents.clear();
            self.put(*version, Change::GroupPut(Arc::new(alone)))?;
        }
        for (version, group) in leaves_first(&stored.groups)? {
            self.put(version, Change::GroupPut(group))?;
        }
        let version = stored.collection(facts::GROUP);
        if self.facts.groups_version() != version {
            let name: GroupName = free_name(|name| self.facts.group(name).is_some())?;
            let passing = Group {
                name: name.clone(),
                title: "".into(),
                parents: Vec::new(),
                identities: Vec::new(),
                version,
            };
            self.put(version, Change::GroupPut(Arc::new(passing)))?;
            self.put(version, Change::GroupRemoved(name))?;
        }
        Ok(())
    }

    fn apps(&mut self, stored: &Stored) -> Result<(), StoreError> {
        for (version, app) in &stored.apps {
            self.put(*version, Change::AppPut(app.clone()))?;
        }
        let version = stored.collection(facts::APP);
        if self.facts.apps_version() < version {
            let name: AppName = free_name(|name| self.facts.app(name).is_some())?;
            let passing = passing_app(name.clone());
            self.put(version, Change::AppPut(Arc::new(passing)))?;
            self.put(version, Change::AppRemoved(name))?;
        }
        Ok(())
    }

    /// Everyone is there and enabled while sessions begin, get their tokens and end; then those
    /// who are disabled or gone become so.
    fn people_and_sessions(&mut self, stored: &Stored) -> Result<(), StoreError> {
        for (version, user) in &stored.users {
            let mut enabled = User::clone(user);
            enabled.disabled = false;
            self.put(*version, Change::UserPut(Arc::new(enabled)))?;
        }
        let gone: BTreeSet<UserId> = stored
            .sessions
            .iter()
            .map(|(_, session)| session.user)
            .filter(|user| self.facts.user(*user).is_none())
            .collect();
        for id in &gone {
            self.put(0, Change::UserPut(Arc::new(stand_in(*id))))?;
        }
        self.sessions(stored)?;
        for id in gone {
            self.put(0, Change::UserRemoved(id))?;
        }
        for (version, user) in stored.users.iter().filter(|(_, user)| user.disabled) {
            self.put(*version, Change::UserPut(user.clone()))?;
        }
        Ok(())
    }

    fn sessions(&mut self, stored: &Stored) -> Result<(), StoreError> {
        for (version, session) in &stored.sessions {
            let mut live = Session::clone(session);
            live.ended = None;
            self.put(*version, Change::SessionStarted(Arc::new(live)))?;
        }
        for (version, token) in &stored.tokens {
            self.put(*version, Change::AppTokenIssued(token.clone()))?;
        }
        for (version, session) in &stored.sessions {
            if let Some(ended) = session.ended {
                let session = session.id;
                self.put(*version, Change::SessionEnded { session, ended })?;
            }
        }
        Ok(())
    }
}

/// A name that nothing has, for what only passes through to move a collection's version.
fn free_name<N: FromStr<Err: fmt::Display>>(taken: impl Fn(&N) -> bool) -> Result<N, StoreError> {
    let mut candidate = String::from("passing");
    loop {
        let name = words::parse("a passing name", &candidate)?;
        if !taken(&name) {
            return Ok(name);
        }
        candidate.push('-');
    }
}

fn passing_app(name: AppName) -> App {
    App {
        name,
        title: "".into(),
        description: "".into(),
        host: "(passing)".into(),
        upstream: Upstream::BuiltIn("".into()),
        tags: Vec::new(),
        attributes: BTreeMap::new(),
        routes: Vec::new(),
        time_zone: None,
        in_portal: false,
        preserve_host: false,
        owner: gw_model::AppOwner::Configuration,
        identity_headers: Default::default(),
        version: 0,
    }
}

/// Somebody who is gone, while their sessions are put back. No person can have such a name.
fn stand_in(id: UserId) -> User {
    User {
        id,
        name: format!("(gone) {id}").into(),
        display_name: "".into(),
        email: None,
        attributes: BTreeMap::new(),
        groups: Vec::new(),
        factors: Vec::new(),
        identities: Vec::new(),
        disabled: false,
        verified_email: None,
        tokens_from: gw_model::Timestamp::default(),
        version: 0,
    }
}

/// Groups in an order in which each comes after all that are part of it.
fn leaves_first(groups: &Versioned<Arc<Group>>) -> Result<Versioned<Arc<Group>>, StoreError> {
    let by_name: BTreeMap<&GroupName, &(u64, Arc<Group>)> =
        groups.iter().map(|row| (&row.1.name, row)).collect();
    let mut children: BTreeMap<&GroupName, usize> = BTreeMap::new();
    for parent in groups.iter().flat_map(|(_, group)| &group.parents) {
        *children.entry(parent).or_default() += 1;
    }
    let mut ready: Vec<&GroupName> = by_name
        .keys()
        .copied()
        .filter(|name| !children.contains_key(name))
        .collect();
    let mut ordered = Vec::with_capacity(groups.len());
    while let Some((version, group)) = ready.pop().and_then(|name| by_name.get(name)) {
        for parent in &group.parents {
            if let Some(left) = children.get_mut(parent) {
                *left -= 1;
                if *left == 0 {
                    ready.push(parent);
                }
            }
        }
        ordered.push((*version, group.clone()));
    }
    if ordered.len() == groups.len() {
        Ok(ordered)
    } else {
        Err(StoreError::damaged(
            "the groups",
            "they contain each other, or one that is not there",
        ))
    }
}
