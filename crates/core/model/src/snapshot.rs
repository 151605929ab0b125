//! All facts at one epoch: an immutable root over persistent maps.
//!
//! Cloning shares everything; applying a change costs O(log n), whatever the number of people.
//! [`Snapshot::apply`] is where the invariants between facts are kept, so that no shell can
//! forget one: names are unique, sessions belong to people who may have them, a disabled
//! person has no live session.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use imbl::{HashMap, OrdMap, OrdSet};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{
    App, AppName, AppToken, Change, EndReason, Ended, Epoch, Group, GroupName, PolicyFile, Session,
    SessionId, Timestamp, TokenHash, User, UserId,
};

/// Deepest nesting of groups that is followed.
const MAX_GROUP_DEPTH: usize = 16;

/// A change that does not fit the facts; nothing of its transaction is applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The name belongs to somebody else.
    #[error("there is already a user `{0}`")]
    UserNameTaken(Arc<str>),
    /// The host belongs to another app.
    #[error("the host `{host}` belongs to the app `{app}`")]
    HostTaken {
        /// The host.
        host: Arc<str>,
        /// Whose it is.
        app: AppName,
    },
    /// It names something that does not exist.
    #[error("there is no {kind} `{name}`")]
    Unknown {
        /// What kind of thing.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// The person is disabled.
    #[error("the user `{0}` is disabled")]
    UserDisabled(Arc<str>),
    /// The session is over.
    #[error("the session {0} is over")]
    SessionOver(SessionId),
    /// Groups that contain themselves.
    #[error("the group `{0}` would contain itself, or be nested more than 16 deep")]
    GroupLoop(GroupName),
    /// An id or secret that is there already.
    #[error("{0} exists already")]
    Duplicate(&'static str),
}

/// Organisation-wide settings that decisions read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Named networks: `context.network.names.contains("office")`.
    #[serde(default)]
    pub networks: Vec<Network>,
    /// Zone of `context.time` where an app has none of its own, by IANA name.
    #[serde(default = "utc")]
    pub time_zone: Arc<str>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            networks: Vec::new(),
            time_zone: utc(),
        }
    }
}

fn utc() -> Arc<str> {
    Arc::from("UTC")
}

impl Settings {
    /// Names of the networks that hold an address, sorted.
    pub fn network_names(&self, address: IpAddr) -> Vec<Arc<str>> {
        let address = address.to_canonical();
        let mut names: Vec<_> = self
            .networks
            .iter()
            .filter(|n| n.prefixes.iter().any(|p| p.contains(&address)))
            .map(|n| n.name.clone())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// A network with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Its name.
    pub name: Arc<str>,
    /// Its address ranges.
    pub prefixes: Vec<IpNet>,
}

/// A public key that some gateway signs with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedKey {
    /// Key id: its RFC 7638 thumbprint.
    pub kid: Arc<str>,
    /// What it signs: one key per purpose.
    pub purpose: Arc<str>,
    /// The public key as a JSON Web Key (RFC 7517).
    pub jwk: Arc<str>,
    /// When it was published; signing starts later, so that every verifier has seen it.
    pub published_at: Timestamp,
    /// When signing with it begins.
    pub active_from: Timestamp,
    /// When signing with it ended, once it has.
    #[serde(default)]
    pub replaced_at: Option<Timestamp>,
}

/// The policies as applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyFacts {
    /// The files.
    pub files: Arc<[PolicyFile]>,
    /// The epoch number of their last change.
    pub version: u64,
}

/// All facts at one epoch.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The last change it holds.
    pub epoch: Epoch,
    users: HashMap<UserId, Arc<User>>,
    users_by_name: OrdMap<Arc<str>, UserId>,
    groups: OrdMap<GroupName, Arc<Group>>,
    groups_version: u64,
    apps: OrdMap<AppName, Arc<App>>,
    apps_version: u64,
    settings: Arc<Settings>,
    settings_version: u64,
    sessions: HashMap<SessionId, Arc<Session>>,
    sessions_by_user: OrdMap<UserId, OrdSet<SessionId>>,
    credentials: HashMap<TokenHash, SessionId>,
    tokens: HashMap<TokenHash, Arc<AppToken>>,
    tokens_by_session: HashMap<SessionId, OrdSet<TokenHash>>,
    policies: PolicyFacts,
    keys: OrdMap<Arc<str>, Arc<PublishedKey>>,
    keys_version: u64,
}

impl Snapshot {
    /// No facts at all.
    pub fn empty(epoch: Epoch) -> Self {
        Self {
            epoch,
            ..Self::default()
        }
    }

    /// A person by id.
    pub fn user(&self, id: UserId) -> Option<&Arc<User>> {
        self.users.get(&id)
    }

    /// A person by sign-in name.
    pub fn user_named(&self, name: &str) -> Option<&Arc<User>> {
        self.users_by_name
            .get(name)
            .and_then(|id| self.users.get(id))
    }

    /// All people, by name.
    pub fn users(&self) -> impl Iterator<Item = &Arc<User>> {
        self.users_by_name
            .values()
            .filter_map(|id| self.users.get(id))
    }

    /// A group.
    pub fn group(&self, name: &GroupName) -> Option<&Arc<Group>> {
        self.groups.get(name)
    }

    /// All groups, by name.
    pub fn groups(&self) -> impl Iterator<Item = &Arc<Group>> {
        self.groups.values()
    }

    /// Moves whenever any group changes.
    pub const fn groups_version(&self) -> u64 {
        self.groups_version
    }

    /// An app.
    pub fn app(&self, name: &AppName) -> Option<&Arc<App>> {
        self.apps.get(name)
    }

    /// All apps, by name.
    pub fn apps(&self) -> impl Iterator<Item = &Arc<App>> {
        self.apps.values()
    }

    /// Moves whenever any app changes: compiled routers compare it.
    pub const fn apps_version(&self) -> u64 {
        self.apps_version
    }

    /// Organisation-wide settings.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// Moves whenever the settings change.
    pub const fn settings_version(&self) -> u64 {
        self.settings_version
    }

    /// A session, over or not.
    pub fn session(&self, id: SessionId) -> Option<&Arc<Session>> {
        self.sessions.get(&id)
    }

    /// The session behind a cookie of the authentication origin.
    pub fn session_of_credential(&self, hash: &TokenHash) -> Option<&Arc<Session>> {
        self.credentials
            .get(hash)
            .and_then(|id| self.sessions.get(id))
    }

    /// The token behind an app's own cookie.
    pub fn token(&self, hash: &TokenHash) -> Option<&Arc<AppToken>> {
        self.tokens.get(hash)
    }

    /// A person's sessions, over or not.
    pub fn sessions_of(&self, user: UserId) -> impl Iterator<Item = &Arc<Session>> {
        self.sessions_by_user
            .get(&user)
            .into_iter()
            .flat_map(|ids| ids.iter())
            .filter_map(|id| self.sessions.get(id))
    }

    /// All sessions, over or not, in no order.
    pub fn sessions(&self) -> impl Iterator<Item = &Arc<Session>> {
        self.sessions.values()
    }

    /// All app tokens, in no order.
    pub fn tokens(&self) -> impl Iterator<Item = &Arc<AppToken>> {
        self.tokens.values()
    }

    /// The policies as applied.
    pub const fn policies(&self) -> &PolicyFacts {
        &self.policies
    }

    /// Public keys that are to be trusted or shown.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<PublishedKey>> {
        self.keys.values()
    }

    /// Moves whenever a key is published or retired.
    pub const fn keys_version(&self) -> u64 {
        self.keys_version
    }

    /// The groups that a person is in at `now`, groups of groups included, sorted; and the
    /// next instant at which that changes by itself.
    pub fn groups_of(&self, user: &User, now: Timestamp) -> (Vec<GroupName>, Timestamp) {
        let mut until = Timestamp::NEVER;
        let mut found = BTreeSet::new();
        let mut open: Vec<&GroupName> = Vec::new();
        for membership in &user.groups {
            match membership.until {
                Some(end) if end <= now => continue,
                Some(end) => until = until.min(end),
                None => {}
            }
            open.push(&membership.group);
        }
        while let Some(name) = open.pop() {
            if let Some(group) = self.groups.get(name)
                && found.insert(name.clone())
            {
                open.extend(&group.parents);
            }
        }
        (found.into_iter().collect(), until)
    }

    /// What follows from some changes, made explicit: the whole of what is stored and applied.
    ///
    /// A disabled or removed person's sessions end; so do those that rest on a removed factor.
    pub fn expand(&self, changes: Vec<Change>, now: Timestamp) -> Vec<Change> {
        let mut all = Vec::with_capacity(changes.len());
        for change in changes {
            let ended = match &change {
                Change::UserPut(user) => self.ended_by(user, now),
                Change::UserRemoved(id) => {
                    self.live_of(*id, now, EndReason::UserDisabled, |_| true)
                }
                _ => Vec::new(),
            };
            all.push(change);
            all.extend(ended);
        }
        all
    }

    fn ended_by(&self, user: &User, now: Timestamp) -> Vec<Change> {
        if user.disabled {
            return self.live_of(user.id, now, EndReason::UserDisabled, |_| true);
        }
        let gone = |session: &Session| {
            session.authn.iter().filter_map(|e| e.factor).any(|f| {
                self.user(user.id)
                    .is_some_and(|old| old.factors.iter().any(|o| o.id == f))
                    && !user.factors.iter().any(|n| n.id == f)
            })
        };
        self.live_of(user.id, now, EndReason::FactorRemoved, gone)
    }

    fn live_of(
        &self,
        user: UserId,
        now: Timestamp,
        reason: EndReason,
        which: impl Fn(&Session) -> bool,
    ) -> Vec<Change> {
        self.sessions_of(user)
            .filter(|s| s.ended.is_none() && which(s))
            .map(|s| Change::SessionEnded {
                session: s.id,
                ended: Ended { at: now, reason },
            })
            .collect()
    }

    /// These facts with a transaction's changes applied, at its epoch.
    ///
    /// # Errors
    /// Where a change does not fit the facts; then none of them is applied.
    pub fn apply(&self, epoch: Epoch, changes: &[Change]) -> Result<Self, ApplyError> {
        let mut next = self.clone();
        next.epoch = epoch;
        for change in changes {
            next.apply_one(epoch.number, change)?;
        }
        Ok(next)
    }

    fn apply_one(&mut self, version: u64, change: &Change) -> Result<(), ApplyError> {
        match change {
            Change::UserPut(user) => self.put_user(version, user)?,
            Change::UserRemoved(id) => self.remove_user(*id)?,
            Change::GroupPut(group) => self.put_group(version, group)?,
            Change::GroupRemoved(name) => self.remove_group(version, name)?,
            Change::AppPut(app) => self.put_app(version, app)?,
            Change::AppRemoved(name) => self.remove_app(version, name)?,
            Change::SettingsPut(settings) => {
                self.settings = settings.clone();
                self.settings_version = version;
            }
            Change::SessionStarted(session) => self.start_session(version, session)?,
            Change::SessionAdvanced {
                session,
                event,
                credential,
                kind,
                expires,
                idle_limit,
            } => {
                let mut next = Session::clone(self.live_session(*session)?);
                self.credentials.remove(&next.credential);
                next.authn.push(event.clone());
                next.credential = *credential;
                next.kind = *kind;
                next.expires = *expires;
                next.idle_limit = *idle_limit;
                next.version = version;
                self.put_session(next)?;
            }
            Change::SessionEnded { session, ended } => {
                let mut next = Session::clone(self.live_session(*session)?);
                next.ended = Some(*ended);
                next.version = version;
                self.sessions.insert(*session, Arc::new(next));
            }
            Change::SessionForgotten(id) => self.forget_session(*id),
            Change::AppTokenIssued(token) => self.issue_token(token)?,
            Change::PoliciesApplied(files) => {
                self.policies = PolicyFacts {
                    files: files.clone(),
                    version,
                };
            }
            Change::KeyPublished(key) => {
                self.keys.insert(key.kid.clone(), key.clone());
                self.keys_version = version;
            }
            Change::KeyRetired { kid } => {
                self.keys.remove(kid);
                self.keys_version = version;
            }
        }
        Ok(())
    }

    fn put_user(&mut self, version: u64, user: &Arc<User>) -> Result<(), ApplyError> {
        if let Some(other) = self.users_by_name.get(&user.name)
            && *other != user.id
        {
            return Err(ApplyError::UserNameTaken(user.name.clone()));
        }
        for membership in &user.groups {
            self.known_group(&membership.group)?;
        }
        if let Some(old) = self.users.get(&user.id) {
            self.users_by_name.remove(&old.name);
        }
        let mut user = User::clone(user);
        user.version = version;
        self.users_by_name.insert(user.name.clone(), user.id);
        self.users.insert(user.id, Arc::new(user));
        Ok(())
    }

    fn remove_user(&mut self, id: UserId) -> Result<(), ApplyError> {
        let user = self.users.remove(&id).ok_or_else(|| ApplyError::Unknown {
            kind: "user",
            name: id.to_string(),
        })?;
        self.users_by_name.remove(&user.name);
        Ok(())
    }

    fn known_group(&self, name: &GroupName) -> Result<(), ApplyError> {
        if self.groups.contains_key(name) {
            Ok(())
        } else {
            Err(ApplyError::Unknown {
                kind: "group",
                name: name.to_string(),
            })
        }
    }

    fn put_group(&mut self, version: u64, group: &Arc<Group>) -> Result<(), ApplyError> {
        for parent in &group.parents {
            self.known_group(parent)?;
        }
        if self.reaches(&group.parents, &group.name, MAX_GROUP_DEPTH) {
            return Err(ApplyError::GroupLoop(group.name.clone()));
        }
        let mut group = Group::clone(group);
        group.version = version;
        self.groups.insert(group.name.clone(), Arc::new(group));
        self.groups_version = version;
        Ok(())
    }

    /// Whether `target` is among these groups or above them, or the chain is too deep to tell.
    fn reaches(&self, from: &[GroupName], target: &GroupName, depth: usize) -> bool {
        if depth == 0 {
            return !from.is_empty();
        }
        from.iter().any(|name| {
            name == target
                || self
                    .groups
                    .get(name)
                    .is_some_and(|g| self.reaches(&g.parents, target, depth - 1))
        })
    }

    fn remove_group(&mut self, version: u64, name: &GroupName) -> Result<(), ApplyError> {
        self.known_group(name)?;
        self.groups.remove(name);
        self.groups_version = version;
        let members: Vec<_> = self
            .users
            .values()
            .filter(|u| u.groups.iter().any(|m| m.group == *name))
            .cloned()
            .collect();
        for user in members {
            let mut user = User::clone(&user);
            user.groups.retain(|m| m.group != *name);
            user.version = version;
            self.users.insert(user.id, Arc::new(user));
        }
        let children: Vec<_> = self
            .groups
            .values()
            .filter(|g| g.parents.contains(name))
            .cloned()
            .collect();
        for group in children {
            let mut group = Group::clone(&group);
            group.parents.retain(|p| p != name);
            group.version = version;
            self.groups.insert(group.name.clone(), Arc::new(group));
        }
        Ok(())
    }

    fn put_app(&mut self, version: u64, app: &Arc<App>) -> Result<(), ApplyError> {
        if let Some(other) = self
            .apps
            .values()
            .find(|a| a.host == app.host && a.name != app.name)
        {
            return Err(ApplyError::HostTaken {
                host: app.host.clone(),
                app: other.name.clone(),
            });
        }
        let mut app = App::clone(app);
        app.version = version;
        self.apps.insert(app.name.clone(), Arc::new(app));
        self.apps_version = version;
        Ok(())
    }

    fn remove_app(&mut self, version: u64, name: &AppName) -> Result<(), ApplyError> {
        self.apps.remove(name).ok_or_else(|| ApplyError::Unknown {
            kind: "app",
            name: name.to_string(),
        })?;
        self.apps_version = version;
        let tokens: Vec<_> = self
            .tokens
            .values()
            .filter(|t| t.app == *name)
            .cloned()
            .collect();
        for token in tokens {
            self.tokens.remove(&token.hash);
            if let Some(of_session) = self.tokens_by_session.get_mut(&token.session) {
                of_session.remove(&token.hash);
            }
        }
        Ok(())
    }

    fn live_session(&self, id: SessionId) -> Result<&Arc<Session>, ApplyError> {
        let session = self.sessions.get(&id).ok_or_else(|| ApplyError::Unknown {
            kind: "session",
            name: id.to_string(),
        })?;
        if session.ended.is_some() {
            Err(ApplyError::SessionOver(id))
        } else {
            Ok(session)
        }
    }

    fn start_session(&mut self, version: u64, session: &Arc<Session>) -> Result<(), ApplyError> {
        let user = self
            .users
            .get(&session.user)
            .ok_or_else(|| ApplyError::Unknown {
                kind: "user",
                name: session.user.to_string(),
            })?;
        if user.disabled && session.ended.is_none() {
            return Err(ApplyError::UserDisabled(user.name.clone()));
        }
        if self.sessions.contains_key(&session.id) {
            return Err(ApplyError::Duplicate("the session"));
        }
        let mut session = Session::clone(session);
        session.version = version;
        self.sessions_by_user
            .entry(session.user)
            .or_default()
            .insert(session.id);
        self.put_session(session)
    }

    fn put_session(&mut self, session: Session) -> Result<(), ApplyError> {
        if self
            .credentials
            .insert(session.credential, session.id)
            .is_some()
        {
            return Err(ApplyError::Duplicate("the credential"));
        }
        self.sessions.insert(session.id, Arc::new(session));
        Ok(())
    }

    fn forget_session(&mut self, id: SessionId) {
        let Some(session) = self.sessions.remove(&id) else {
            return;
        };
        self.credentials.remove(&session.credential);
        if let Some(of_user) = self.sessions_by_user.get_mut(&session.user) {
            of_user.remove(&id);
            if of_user.is_empty() {
                self.sessions_by_user.remove(&session.user);
            }
        }
        if let Some(tokens) = self.tokens_by_session.remove(&id) {
            for hash in tokens {
                self.tokens.remove(&hash);
            }
        }
    }

    fn issue_token(&mut self, token: &Arc<AppToken>) -> Result<(), ApplyError> {
        let session = self.live_session(token.session)?;
        if token.rank > session.rank() {
            return Err(ApplyError::Unknown {
                kind: "rank",
                name: token.rank.to_string(),
            });
        }
        if !self.apps.contains_key(&token.app) {
            return Err(ApplyError::Unknown {
                kind: "app",
                name: token.app.to_string(),
            });
        }
        if self.tokens.insert(token.hash, token.clone()).is_some() {
            return Err(ApplyError::Duplicate("the token"));
        }
        self.tokens_by_session
            .entry(token.session)
            .or_default()
            .insert(token.hash);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
