//! Changes applied to facts, and the invariants between facts that they keep.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    PolicyFacts, Snapshot,
    nesting::{self, GROUP_LEVELS_MAX, GROUPS_ABOVE_MAX},
};
use crate::{
    Actor, App, AppName, AppToken, AuthnEvent, AuthnMethod, BreakGlass, Change, Client, ClientId,
    ClientName, DirectoryRecord, EndReason, Ended, Epoch, ExternalIdentity, FactorId, Group,
    GroupName, Membership, ProposalId, ProposedChange, Provider, ProviderName, ProviderProof,
    Revocation, Session, SessionId, Settlement, Timestamp, TokenHash, User, UserId,
};

/// A change that does not fit the facts; nothing of its transaction is applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The name belongs to somebody else.
    #[error("there is already a user `{0}`")]
    UserNameTaken(Arc<str>),
    /// The name belongs to another program.
    #[error("there is already a client `{0}`")]
    ClientNameTaken(ClientName),
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
    /// A group that would be in itself.
    #[error("the group `{0}` would contain itself")]
    GroupLoop(GroupName),
    /// Groups of groups of groups, too many times.
    #[error(
        "above the group `{0}` there would be more than {GROUP_LEVELS_MAX} levels of groups, its own included"
    )]
    GroupsTooDeep(GroupName),
    /// A group that would be in too many others.
    #[error(
        "the group `{0}` would be within more than {GROUPS_ABOVE_MAX} others, directly and through others"
    )]
    GroupsTooMany(GroupName),
    /// Somebody at a provider who is another person here.
    #[error("`{subject}` of the provider `{provider}` is the user `{user}` already")]
    IdentityTaken {
        /// The provider.
        provider: ProviderName,
        /// Who, there.
        subject: Arc<str>,
        /// Who, here.
        user: Arc<str>,
    },
    /// An id or secret that is there already.
    #[error("{0} exists already")]
    Duplicate(&'static str),
    /// The person was made for one use of a sealed way in.
    #[error(
        "`{0}` was made for one use of a sealed way in: nothing is enrolled for them, they are called nothing else, and they are in no group for longer than that"
    )]
    BreakGlassUser(Arc<str>),
    /// That use has not been acknowledged.
    #[error("`{0}` was made for one use of a sealed way in: they go when somebody acknowledges it")]
    BreakGlassStays(Arc<str>),
    /// It was used before.
    #[error("the sealed way in was used before")]
    BreakGlassUsed,
    /// Who approves cannot be who asks.
    #[error("who proposes a change does not approve it: somebody else does")]
    OwnProposal,
    /// It was approved, declined or withdrawn before.
    #[error("the proposal {0} was settled before")]
    ProposalSettled(ProposalId),
    /// Its time is over, or whoever proposed it is gone or switched off.
    #[error(
        "the proposal {0} cannot be approved any more: its time is over, or whoever made it is gone"
    )]
    ProposalOver(ProposalId),
}

impl Snapshot {
    /// What follows from some changes, made explicit: the whole of what is stored and applied.
    ///
    /// A disabled or removed person's sessions end, and what they proposed lapses; so do sessions
    /// that rest on a removed factor.
    pub fn expand(&self, changes: Vec<Change>, now: Timestamp) -> Vec<Change> {
        let mut all = Vec::with_capacity(changes.len());
        let settled = changes.iter().filter_map(|change| match change {
            Change::ProposalPut(proposed) => Some(proposed.id),
            _ => None,
        });
        let settled: BTreeSet<_> = settled.collect();
        for change in changes {
            let ended = match &change {
                Change::UserPut(user) => self.ended_by(user, now),
                Change::UserRemoved(id) => {
                    self.live_of(*id, now, EndReason::UserDisabled, |_| true)
                }
                Change::ProviderPut(provider) => self.ended_by_provider(provider, now),
                Change::ProviderRemoved(name) => self.resting_on(name, now),
                Change::SettingsPut(settings) if !settings.passwords => {
                    self.resting_on_passwords(now)
                }
                _ => Vec::new(),
            };
            let left = match &change {
                Change::UserPut(user) if user.disabled => self.left_by(user.id, &settled, now),
                Change::UserRemoved(id) => self.left_by(*id, &settled, now),
                _ => Vec::new(),
            };
            all.push(match change {
                Change::UserPut(user) => Change::UserPut(self.with_tokens_ended(user, now)),
                other => other,
            });
            all.extend(ended);
            all.extend(left);
        }
        all
    }

    /// What somebody proposed who is switched off or goes waits no longer, also when they are back.
    fn left_by(&self, user: UserId, settled: &BTreeSet<ProposalId>, now: Timestamp) -> Vec<Change> {
        let theirs = |proposed: &&Arc<ProposedChange>| {
            proposed.by == Actor::User(user)
                && proposed.settled.is_none()
                && !settled.contains(&proposed.id)
        };
        let left = self.proposals().filter(theirs);
        left.map(|proposed| proposed.lapsed(now)).collect()
    }

    /// Who is switched off is somebody anew to apps: what those were given before counts no more,
    /// also once the person is back.
    fn with_tokens_ended(&self, user: Arc<User>, now: Timestamp) -> Arc<User> {
        let Some(old) = self.user(user.id) else {
            return user;
        };
        let floor = match user.disabled && !old.disabled {
            true => old.tokens_from.max(now),
            false => old.tokens_from,
        };
        match user.tokens_from >= floor {
            true => user,
            false => Arc::new(User {
                tokens_from: floor,
                ..User::clone(&user)
            }),
        }
    }

    fn ended_by(&self, user: &User, now: Timestamp) -> Vec<Change> {
        if user.disabled {
            return self.live_of(user.id, now, EndReason::UserDisabled, |_| true);
        }
        let Some(old) = self.user(user.id) else {
            return Vec::new();
        };
        let lost_factor = |f: FactorId| {
            old.factors.iter().any(|o| o.id == f) && !user.factors.iter().any(|n| n.id == f)
        };
        let unlinked = |said: &ProviderProof| {
            let is = |identity: &ExternalIdentity| identity.is(&said.provider, &said.subject);
            old.identities.iter().any(is) && !user.identities.iter().any(is)
        };
        let gone = |session: &Session| {
            session.authn.iter().any(|e| {
                e.factor.is_some_and(lost_factor) || e.provider.as_deref().is_some_and(unlinked)
            })
        };
        self.live_of(user.id, now, EndReason::FactorRemoved, gone)
    }

    /// What its people proved under a provider's old word counts no longer where that word counts
    /// for something else.
    fn ended_by_provider(&self, provider: &Provider, now: Timestamp) -> Vec<Change> {
        match self.provider(&provider.name) {
            Some(before) if !before.vouches_as(provider) => self.resting_on(&provider.name, now),
            _ => Vec::new(),
        }
    }

    fn resting_on(&self, provider: &ProviderName, now: Timestamp) -> Vec<Change> {
        let rests = |session: &&Arc<Session>| {
            let by = |e: &AuthnEvent| e.provider.as_ref().is_some_and(|p| p.provider == *provider);
            session.ended.is_none() && session.authn.iter().any(by)
        };
        let resting = self.sessions().filter(rests);
        resting
            .map(|session| Change::SessionEnded {
                session: session.id,
                ended: Ended {
                    at: now,
                    reason: EndReason::ProviderChanged,
                },
            })
            .collect()
    }

    /// Of a code as well: it is no proof without a password.
    fn resting_on_passwords(&self, now: Timestamp) -> Vec<Change> {
        let by = |e: &AuthnEvent| matches!(e.method, AuthnMethod::Password | AuthnMethod::Totp);
        let rests = |s: &&Arc<Session>| s.ended.is_none() && s.authn.iter().any(by);
        let ended = Ended {
            at: now,
            reason: EndReason::PasswordsOff,
        };
        let resting = self.sessions().filter(rests);
        resting
            .map(|session| Change::SessionEnded {
                session: session.id,
                ended,
            })
            .collect()
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
        let nests = |change: &Change| matches!(change, Change::GroupPut(group) if !group.parents.is_empty());
        if changes.iter().any(nests) {
            nesting::check(&next.groups)?;
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
            Change::AppTokenIssued(token) => self.issue_token(version, token)?,
            Change::PoliciesApplied(files) => {
                self.policies = PolicyFacts {
                    files: files.clone(),
                    version,
                };
            }
            Change::DeclaredPut(files) => {
                self.declared = PolicyFacts {
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
            Change::BreakGlassPut(entry) => self.put_break_glass(entry)?,
            Change::ProposalPut(proposed) => self.put_proposal(proposed)?,
            Change::ProviderPut(provider) => self.put_provider(version, provider),
            Change::ProviderRemoved(name) => self.remove_provider(version, name)?,
            Change::ClientPut(client) => self.put_client(version, client)?,
            Change::ClientRemoved(id) => self.remove_client(*id)?,
            Change::TokenRevoked(revocation) => self.revoke(version, revocation),
            Change::RevocationForgotten(token) => {
                self.revoked.remove(token);
            }
            Change::DirectoryRecordPut(record) => self.put_record(version, record)?,
            Change::ProposalRemoved(id) => {
                self.proposals
                    .remove(id)
                    .ok_or_else(|| ApplyError::Unknown {
                        kind: "proposal",
                        name: id.to_string(),
                    })?;
            }
            Change::BreakGlassRemoved(id) => {
                self.break_glass
                    .remove(id)
                    .ok_or_else(|| ApplyError::Unknown {
                        kind: "sealed way in",
                        name: id.to_string(),
                    })?;
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
        for identity in &user.identities {
            self.free_identity(user.id, identity)?;
        }
        self.within_break_glass(user)?;
        if let Some(old) = self.users.get(&user.id) {
            self.users_by_name.remove(&old.name);
            for identity in &old.identities {
                self.users_by_identity.remove(&identity.key());
            }
            self.forget_by_word(&old.clone());
        }
        let mut user = User::clone(user);
        user.version = version;
        self.note_by_word(&user);
        for identity in &user.identities {
            self.users_by_identity.insert(identity.key(), user.id);
        }
        self.users_by_name.insert(user.name.clone(), user.id);
        self.users.insert(user.id, Arc::new(user));
        Ok(())
    }

    fn note_by_word(&mut self, user: &User) {
        for of in by_word(user) {
            self.members_by_word.entry(of).or_default().insert(user.id);
        }
    }

    fn forget_by_word(&mut self, user: &User) {
        for of in by_word(user) {
            if let Some(members) = self.members_by_word.get_mut(&of) {
                members.remove(&user.id);
                if members.is_empty() {
                    self.members_by_word.remove(&of);
                }
            }
        }
    }

    /// Who was made for one use of a sealed way in has nothing that lasts longer.
    fn within_break_glass(&self, user: &User) -> Result<(), ApplyError> {
        let Some(used) = self.break_glass_of(user.id) else {
            return Ok(());
        };
        let ends = |until: Timestamp| until <= used.ends;
        let passing = user.groups.iter().all(|m| m.until.is_some_and(ends));
        let same = self.users.get(&user.id).is_none_or(|before| {
            before.name == user.name
                && before.display_name == user.display_name
                && before.email == user.email
                && before.attributes == user.attributes
        });
        let proves_nothing = user.factors.is_empty() && user.identities.is_empty();
        if passing && same && proves_nothing {
            Ok(())
        } else {
            Err(ApplyError::BreakGlassUser(user.name.clone()))
        }
    }

    fn put_break_glass(&mut self, entry: &Arc<BreakGlass>) -> Result<(), ApplyError> {
        let before = self.break_glass.get(&entry.id);
        let undone = before.is_some_and(|before| {
            before.used.is_some() && before.used != entry.used
                || before.acknowledged.is_some() && before.acknowledged != entry.acknowledged
        });
        if undone || entry.acknowledged.is_some() && entry.used.is_none() {
            return Err(ApplyError::BreakGlassUsed);
        }
        self.break_glass.insert(entry.id, entry.clone());
        Ok(())
    }

    /// A proposed change is settled once, and as it was read; and who approves it is not who
    /// proposed it.
    fn put_proposal(&mut self, proposed: &Arc<ProposedChange>) -> Result<(), ApplyError> {
        let before = self.proposals.get(&proposed.id);
        if let Some(before) = before {
            if before.settled.is_some() {
                return Err(ApplyError::ProposalSettled(proposed.id));
            }
            if proposed.settled.is_none() || !before.says_the_same(proposed) {
                return Err(ApplyError::Duplicate("the proposal"));
            }
        }
        if let Some(settled) = &proposed.settled
            && settled.how == Settlement::Approved
        {
            if settled.by == proposed.by {
                return Err(ApplyError::OwnProposal);
            }
            if before.is_some() && !(settled.at < proposed.until && self.stands(&proposed.by)) {
                return Err(ApplyError::ProposalOver(proposed.id));
            }
        }
        self.proposals.insert(proposed.id, proposed.clone());
        Ok(())
    }

    /// Whether what somebody proposed can still be made in their name.
    fn stands(&self, by: &Actor) -> bool {
        match by {
            Actor::User(user) => self.user(*user).is_some_and(|user| !user.disabled),
            Actor::Local(_) => true,
            Actor::Gatewright | Actor::Bearer | Actor::Client(_) => false,
        }
    }

    fn remove_user(&mut self, id: UserId) -> Result<(), ApplyError> {
        let waits = self.break_glass().filter_map(|entry| entry.waiting());
        if let Some(used) = waits.into_iter().find(|used| used.user == id) {
            return Err(ApplyError::BreakGlassStays(used.name.clone()));
        }
        let user = self.users.remove(&id).ok_or_else(|| ApplyError::Unknown {
            kind: "user",
            name: id.to_string(),
        })?;
        self.users_by_name.remove(&user.name);
        for identity in &user.identities {
            self.users_by_identity.remove(&identity.key());
        }
        self.forget_by_word(&user);
        Ok(())
    }

    /// Somebody at a provider that is known, who is nobody else here.
    fn free_identity(&self, user: UserId, identity: &ExternalIdentity) -> Result<(), ApplyError> {
        self.known_provider(&identity.provider)?;
        match self.user_of_identity(identity) {
            Some(other) if other.id != user => Err(ApplyError::IdentityTaken {
                provider: identity.provider.clone(),
                subject: identity.subject.clone(),
                user: other.name.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn known_provider(&self, name: &ProviderName) -> Result<(), ApplyError> {
        match self.providers.contains_key(name) {
            true => Ok(()),
            false => Err(ApplyError::Unknown {
                kind: "provider",
                name: name.to_string(),
            }),
        }
    }

    /// Memberships may rest on it, so that groups have changed where it has.
    fn put_provider(&mut self, version: u64, provider: &Arc<Provider>) {
        let mut provider = Provider::clone(provider);
        provider.version = version;
        self.providers
            .insert(provider.name.clone(), Arc::new(provider));
        self.groups_version = version;
    }

    fn put_record(&mut self, version: u64, record: &DirectoryRecord) -> Result<(), ApplyError> {
        self.known_provider(&record.name)?;
        let mut record = record.clone();
        record.version = version;
        self.directory_records
            .insert(record.name.clone(), Arc::new(record));
        Ok(())
    }

    fn put_client(&mut self, version: u64, client: &Arc<Client>) -> Result<(), ApplyError> {
        if let Some(other) = self.clients_by_name.get(&client.name)
            && *other != client.id
        {
            return Err(ApplyError::ClientNameTaken(client.name.clone()));
        }
        for group in &client.groups {
            self.known_group(group)?;
        }
        if let Some(old) = self.clients.get(&client.id) {
            self.clients_by_name.remove(&old.name);
        }
        let mut client = Client::clone(client);
        client.version = version;
        self.clients_by_name.insert(client.name.clone(), client.id);
        self.clients.insert(client.id, Arc::new(client));
        Ok(())
    }

    fn remove_client(&mut self, id: ClientId) -> Result<(), ApplyError> {
        let client = self
            .clients
            .remove(&id)
            .ok_or_else(|| ApplyError::Unknown {
                kind: "client",
                name: id.to_string(),
            })?;
        self.clients_by_name.remove(&client.name);
        Ok(())
    }

    /// What was revoked once stays so, and for as long as ever was said.
    fn revoke(&mut self, version: u64, revocation: &Revocation) {
        let token = revocation.token;
        let before = self.revoked.get(&token).map(|before| before.until);
        let until = before.map_or(revocation.until, |before| before.max(revocation.until));
        let revocation = Revocation {
            token,
            until,
            version,
        };
        self.revoked.insert(token, Arc::new(revocation));
    }

    /// What people are there, and what rests on its word, goes with it.
    fn remove_provider(&mut self, version: u64, name: &ProviderName) -> Result<(), ApplyError> {
        if self.providers.remove(name).is_none() {
            return Err(ApplyError::Unknown {
                kind: "provider",
                name: name.to_string(),
            });
        }
        self.directory_records.remove(name);
        self.groups_version = version;
        let theirs = self
            .groups
            .values()
            .filter(|group| group.at(name).is_some());
        for group in theirs.cloned().collect::<Vec<_>>() {
            let mut group = Group::clone(&group);
            group.identities.retain(|i| i.provider != *name);
            group.version = version;
            self.groups.insert(group.name.clone(), Arc::new(group));
        }
        let theirs = self.users.values().filter(|user| user.is_of(name));
        let theirs: Vec<_> = theirs.cloned().collect();
        for user in theirs {
            self.forget_by_word(&user);
            let mut user = User::clone(&user);
            for identity in user.identities.iter().filter(|i| i.provider == *name) {
                self.users_by_identity.remove(&identity.key());
            }
            user.identities.retain(|i| i.provider != *name);
            user.groups.retain(|m| m.by.as_ref() != Some(name));
            user.version = version;
            self.note_by_word(&user);
            self.users.insert(user.id, Arc::new(user));
        }
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
        for identity in &group.identities {
            self.known_provider(&identity.provider)?;
        }
        self.not_within_itself(group)?;
        let mut group = Group::clone(group);
        group.version = version;
        self.groups.insert(group.name.clone(), Arc::new(group));
        self.groups_version = version;
        Ok(())
    }

    /// Refuses a group that would be above itself; and one that is within so many others that
    /// looking at them all, put after put, would take long.
    fn not_within_itself(&self, group: &Group) -> Result<(), ApplyError> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<_> = group.parents.iter().collect();
        while let Some(name) = open.pop() {
            if *name == group.name {
                return Err(ApplyError::GroupLoop(group.name.clone()));
            }
            if !seen.insert(name) {
                continue;
            }
            if seen.len() > GROUPS_ABOVE_MAX {
                return Err(ApplyError::GroupsTooMany(group.name.clone()));
            }
            if let Some(parent) = self.groups.get(name) {
                open.extend(&parent.parents);
            }
        }
        Ok(())
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
            self.forget_by_word(&user);
            let mut user = User::clone(&user);
            user.groups.retain(|m| m.group != *name);
            user.version = version;
            self.note_by_word(&user);
            self.users.insert(user.id, Arc::new(user));
        }
        let clients = self.clients.values().filter(|c| c.groups.contains(name));
        for client in clients.cloned().collect::<Vec<_>>() {
            let mut client = Client::clone(&client);
            client.groups.retain(|group| group != name);
            client.version = version;
            self.clients.insert(client.id, Arc::new(client));
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
        if let Some(other) = self.apps_by_host.get(&app.host)
            && *other != app.name
        {
            return Err(ApplyError::HostTaken {
                host: app.host.clone(),
                app: other.clone(),
            });
        }
        if let Some(old) = self.apps.get(&app.name) {
            self.apps_by_host.remove(&old.host);
        }
        self.apps_by_host.insert(app.host.clone(), app.name.clone());
        let mut app = App::clone(app);
        app.version = version;
        self.apps.insert(app.name.clone(), Arc::new(app));
        self.apps_version = version;
        Ok(())
    }

    fn remove_app(&mut self, version: u64, name: &AppName) -> Result<(), ApplyError> {
        let app = self.apps.remove(name).ok_or_else(|| ApplyError::Unknown {
            kind: "app",
            name: name.to_string(),
        })?;
        self.apps_by_host.remove(&app.host);
        self.apps_version = version;
        let tokens: Vec<_> = self
            .tokens
            .values()
            .filter(|t| t.app == *name)
            .cloned()
            .collect();
        for token in tokens {
            self.drop_token(&token.hash);
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

    fn issue_token(&mut self, version: u64, token: &Arc<AppToken>) -> Result<(), ApplyError> {
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
        for old in self.outdated_tokens(token.session, &token.app) {
            self.drop_token(&old);
        }
        let mut token = AppToken::clone(token);
        token.version = version;
        let token = Arc::new(token);
        if self.tokens.insert(token.hash, token.clone()).is_some() {
            return Err(ApplyError::Duplicate("the token"));
        }
        self.tokens_by_session
            .entry(token.session)
            .or_default()
            .insert(token.hash);
        Ok(())
    }

    fn drop_token(&mut self, hash: &TokenHash) {
        let Some(token) = self.tokens.remove(hash) else {
            return;
        };
        if let Some(of_session) = self.tokens_by_session.get_mut(&token.session) {
            of_session.remove(hash);
        }
    }
}

/// The groups that somebody is in by a provider's word, with the provider.
fn by_word(user: &User) -> impl Iterator<Item = (ProviderName, GroupName)> {
    let by = |m: &Membership| m.by.clone().map(|by| (by, m.group.clone()));
    user.groups.iter().filter_map(by)
}
