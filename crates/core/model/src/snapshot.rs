//! All facts at one epoch: an immutable root over persistent maps.
//!
//! Cloning shares everything; applying a change costs O(log n), whatever the number of people.
//! [`Snapshot::apply`] is where the invariants between facts are kept, so that no shell can
//! forget one: names are unique, sessions belong to people who may have them, a disabled
//! person has no live session.

mod apply;
mod nesting;

use std::{collections::BTreeSet, sync::Arc};

use imbl::{HashMap, OrdMap, OrdSet};

pub use self::{
    apply::ApplyError,
    nesting::{GROUP_LEVELS_MAX, GROUPS_ABOVE_MAX},
};
use crate::{
    App, AppName, AppToken, BreakGlass, BreakGlassId, BreakGlassUse, Client, ClientId, ClientName,
    DirectoryRecord, Epoch, ExternalIdentity, Group, GroupName, Membership, PolicyFile, ProposalId,
    ProposedChange, Provider, ProviderName, PublishedKey, Revocation, Session, SessionId, Settings,
    Timestamp, TokenHash, TokenId, User, UserId,
};

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
    users_by_identity: HashMap<(ProviderName, Arc<str>), UserId>,
    members_by_word: HashMap<(ProviderName, GroupName), OrdSet<UserId>>,
    groups: OrdMap<GroupName, Arc<Group>>,
    groups_version: u64,
    apps: OrdMap<AppName, Arc<App>>,
    apps_by_host: OrdMap<Arc<str>, AppName>,
    apps_version: u64,
    settings: Arc<Settings>,
    settings_version: u64,
    sessions: HashMap<SessionId, Arc<Session>>,
    sessions_by_user: OrdMap<UserId, OrdSet<SessionId>>,
    credentials: HashMap<TokenHash, SessionId>,
    tokens: HashMap<TokenHash, Arc<AppToken>>,
    tokens_by_session: HashMap<SessionId, OrdSet<TokenHash>>,
    policies: PolicyFacts,
    declared: PolicyFacts,
    keys: OrdMap<Arc<str>, Arc<PublishedKey>>,
    keys_version: u64,
    break_glass: OrdMap<BreakGlassId, Arc<BreakGlass>>,
    proposals: OrdMap<ProposalId, Arc<ProposedChange>>,
    providers: OrdMap<ProviderName, Arc<Provider>>,
    clients: HashMap<ClientId, Arc<Client>>,
    clients_by_name: OrdMap<ClientName, ClientId>,
    revoked: HashMap<TokenId, Arc<Revocation>>,
    directory_records: OrdMap<ProviderName, Arc<DirectoryRecord>>,
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

    /// Who somebody at a provider is here.
    pub fn user_of_identity(&self, identity: &ExternalIdentity) -> Option<&Arc<User>> {
        self.users_by_identity
            .get(&identity.key())
            .and_then(|id| self.users.get(id))
    }

    /// All people, by name.
    pub fn users(&self) -> impl Iterator<Item = &Arc<User>> {
        self.users_by_name
            .values()
            .filter_map(|id| self.users.get(id))
    }

    /// A person's mail address, where somebody made sure that it is theirs: the operator says so of
    /// all addresses, or it is known of this one. No other says who somebody is.
    pub fn address_of<'u>(&self, user: &'u User) -> Option<&'u Arc<str>> {
        match self.settings.addresses_verified {
            true => user.email.as_ref(),
            false => user.verified_address(),
        }
    }

    /// Whether somebody else here has a person's mail address too, whatever its case, verified or
    /// not.
    pub fn shares_address(&self, user: &User) -> bool {
        let Some(address) = &user.email else {
            return false;
        };
        self.users()
            .any(|other| other.id != user.id && other.has_address(address))
    }

    /// Who is in a group by a provider's word, directly.
    pub fn members_by_word(
        &self,
        provider: &ProviderName,
        group: &GroupName,
    ) -> impl Iterator<Item = &Arc<User>> {
        let of = (provider.clone(), group.clone());
        let members = self.members_by_word.get(&of).into_iter().flatten();
        members.filter_map(|id| self.users.get(id))
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

    /// An app by its host.
    pub fn app_at(&self, host: &str) -> Option<&Arc<App>> {
        self.apps_by_host
            .get(host)
            .and_then(|name| self.apps.get(name))
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

    /// A session's tokens for an app that are worth nothing once another one is issued, the oldest
    /// first.
    pub fn outdated_tokens(&self, session: SessionId, app: &AppName) -> Vec<TokenHash> {
        let of_session = self.tokens_by_session.get(&session).into_iter().flatten();
        let mut tokens: Vec<_> = of_session
            .filter_map(|hash| self.tokens.get(hash))
            .filter(|token| token.app == *app)
            .map(|token| (token.version, token.hash))
            .collect();
        tokens.sort_unstable();
        let surplus = (tokens.len() + 1).saturating_sub(AppToken::KEPT);
        tokens.truncate(surplus);
        tokens.into_iter().map(|(_, hash)| hash).collect()
    }

    /// The policies as applied.
    pub const fn policies(&self) -> &PolicyFacts {
        &self.policies
    }

    /// The declared state as it was last applied; no files where there is none.
    pub const fn declared(&self) -> &PolicyFacts {
        &self.declared
    }

    /// Public keys that are to be trusted or shown.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<PublishedKey>> {
        self.keys.values()
    }

    /// Moves whenever a key is published or retired.
    pub const fn keys_version(&self) -> u64 {
        self.keys_version
    }

    /// All sealed ways in: those that wait, those whose use nobody has acknowledged yet, and the
    /// latest of those where somebody has.
    pub fn break_glass(&self) -> impl Iterator<Item = &Arc<BreakGlass>> {
        self.break_glass.values()
    }

    /// A sealed way in.
    pub fn break_glass_entry(&self, id: BreakGlassId) -> Option<&Arc<BreakGlass>> {
        self.break_glass.get(&id)
    }

    /// All proposed changes: those that wait, and those that were settled lately.
    pub fn proposals(&self) -> impl Iterator<Item = &Arc<ProposedChange>> {
        self.proposals.values()
    }

    /// A proposed change.
    pub fn proposal(&self, id: ProposalId) -> Option<&Arc<ProposedChange>> {
        self.proposals.get(&id)
    }

    /// All programs that are known, by name.
    pub fn clients(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.clients_by_name
            .values()
            .filter_map(|id| self.clients.get(id))
    }

    /// A program by id.
    pub fn client(&self, id: ClientId) -> Option<&Arc<Client>> {
        self.clients.get(&id)
    }

    /// A program by the name that it asks for tokens by.
    pub fn client_named(&self, name: &ClientName) -> Option<&Arc<Client>> {
        self.clients_by_name
            .get(name)
            .and_then(|id| self.clients.get(id))
    }

    /// The revocation of a token, or of all tokens of a grant.
    pub fn revocation(&self, token: TokenId) -> Option<&Arc<Revocation>> {
        self.revoked.get(&token)
    }

    /// All revocations of what could still be valid otherwise, in no order.
    pub fn revocations(&self) -> impl Iterator<Item = &Arc<Revocation>> {
        self.revoked.values()
    }

    /// All providers of identities, by name.
    pub fn providers(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.providers.values()
    }

    /// A provider of identities.
    pub fn provider(&self, name: &ProviderName) -> Option<&Arc<Provider>> {
        self.providers.get(name)
    }

    /// What is kept of a directory between its readings, if anything is.
    pub fn directory_record(&self, name: &ProviderName) -> Option<&Arc<DirectoryRecord>> {
        self.directory_records.get(name)
    }

    /// What is kept of directories between their readings, by name.
    pub fn directory_records(&self) -> impl Iterator<Item = &Arc<DirectoryRecord>> {
        self.directory_records.values()
    }

    /// The use of a sealed way in that a person was made for, if so.
    pub fn break_glass_of(&self, user: UserId) -> Option<&BreakGlassUse> {
        let uses = self.break_glass().filter_map(|entry| entry.used.as_ref());
        uses.into_iter().find(|used| used.user == user)
    }

    /// The groups that a person is in at `now`, groups of groups included, sorted; and the
    /// next instant at which that changes by itself. What rests on the word of a provider that is
    /// off does not count.
    pub fn groups_of(&self, user: &User, now: Timestamp) -> (Vec<GroupName>, Timestamp) {
        let mut until = Timestamp::NEVER;
        let mut open: Vec<&GroupName> = Vec::new();
        for membership in &user.groups {
            if !self.is_vouched_for(membership) {
                continue;
            }
            match membership.until {
                Some(end) if end <= now => continue,
                Some(end) => until = until.min(end),
                None => {}
            }
            open.push(&membership.group);
        }
        (self.groups_from(open), until)
    }

    /// The groups that a program is in, groups of groups included, sorted.
    pub fn groups_of_client(&self, client: &Client) -> Vec<GroupName> {
        self.groups_from(client.groups.iter().collect())
    }

    /// The groups that a group is part of, directly and through others, sorted.
    pub fn groups_above(&self, name: &GroupName) -> Vec<GroupName> {
        let parents = self.group(name).map(|group| group.parents.iter());
        self.groups_from(parents.into_iter().flatten().collect())
    }

    /// These groups and all that they are in, those that exist, sorted.
    fn groups_from<'a>(&'a self, mut open: Vec<&'a GroupName>) -> Vec<GroupName> {
        let mut found = BTreeSet::new();
        while let Some(name) = open.pop() {
            if let Some(group) = self.groups.get(name)
                && found.insert(name.clone())
            {
                open.extend(&group.parents);
            }
        }
        found.into_iter().collect()
    }

    fn is_vouched_for(&self, membership: &Membership) -> bool {
        let by = membership.by.as_ref();
        by.is_none_or(|by| self.provider(by).is_some_and(|by| !by.is_off()))
    }
}

#[cfg(test)]
mod tests;
