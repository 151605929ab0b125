//! Facts as rows: after each transaction, the row of every entity that it touched is written
//! from the new snapshot, so rows and snapshot cannot tell different stories.

use std::{collections::BTreeSet, sync::Arc};

use gw_model::{
    AppName, BreakGlassId, Change, ClientId, GroupName, ProposalId, ProviderName, SessionId,
    Snapshot, TokenHash, TokenId, UserId,
};
use rusqlite::{Connection, params};

use super::{factors, kept, words};
use crate::StoreError;

pub(super) const USER: &str = "user";
pub(super) const GROUP: &str = "group";
pub(super) const APP: &str = "app";
pub(super) const SETTINGS: &str = "settings";
pub(super) const SESSION: &str = "session";
pub(super) const APP_TOKEN: &str = "app-token";
pub(super) const POLICIES: &str = "policies";
pub(super) const DECLARED: &str = "declared";
pub(super) const KEY: &str = "key";
pub(super) const BREAK_GLASS: &str = "break-glass";
pub(super) const PROPOSAL: &str = "proposal";
pub(super) const PROVIDER: &str = "provider";
pub(super) const CLIENT: &str = "client";
pub(super) const REVOCATION: &str = "revocation";
pub(super) const DIRECTORY_RECORD: &str = "directory-record";

/// Something that has a row.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Entity {
    User(UserId),
    Group(GroupName),
    App(AppName),
    Settings,
    Session(SessionId),
    Token(TokenHash),
    Policies,
    Declared,
    Key(Arc<str>),
    BreakGlass(BreakGlassId),
    Proposal(ProposalId),
    Provider(ProviderName),
    Client(ClientId),
    Revocation(TokenId),
    DirectoryRecord(ProviderName),
}

/// What stands in a row, beside kind and key.
pub(super) struct Content {
    pub(super) version: u64,
    owner: Option<String>,
    pub(super) body: String,
}

pub(super) fn write(
    db: &Connection,
    before: &Snapshot,
    after: &Snapshot,
    changes: &[Change],
) -> Result<(), StoreError> {
    let mut touched = BTreeSet::new();
    for change in changes {
        touch(before, change, &mut touched);
        clean_up(db, change)?;
    }
    for entity in touched {
        match entity.content(after)? {
            Some(content) => entity.put(db, &content)?,
            None => entity.remove(db)?,
        }
    }
    write_collection(db, GROUP, before.groups_version(), after.groups_version())?;
    write_collection(db, APP, before.apps_version(), after.apps_version())?;
    write_collection(db, KEY, before.keys_version(), after.keys_version())
}

/// The entities whose facts a change may alter, those that follow from it included.
fn touch(before: &Snapshot, change: &Change, touched: &mut BTreeSet<Entity>) {
    match change {
        Change::UserPut(user) => touched.insert(Entity::User(user.id)),
        Change::UserRemoved(id) => touched.insert(Entity::User(*id)),
        Change::GroupPut(group) => touched.insert(Entity::Group(group.name.clone())),
        Change::GroupRemoved(name) => {
            touched.extend(members(before, name));
            touched.insert(Entity::Group(name.clone()))
        }
        Change::AppPut(app) => touched.insert(Entity::App(app.name.clone())),
        Change::AppRemoved(name) => touched.insert(Entity::App(name.clone())),
        Change::SettingsPut(_) => touched.insert(Entity::Settings),
        Change::SessionStarted(session) => touched.insert(Entity::Session(session.id)),
        Change::SessionAdvanced { session, .. } | Change::SessionEnded { session, .. } => {
            touched.insert(Entity::Session(*session))
        }
        Change::SessionForgotten(session) => touched.insert(Entity::Session(*session)),
        Change::AppTokenIssued(token) => {
            let outdated = before.outdated_tokens(token.session, &token.app);
            touched.extend(outdated.into_iter().map(Entity::Token));
            touched.insert(Entity::Token(token.hash))
        }
        Change::PoliciesApplied(_) => touched.insert(Entity::Policies),
        Change::DeclaredPut(_) => touched.insert(Entity::Declared),
        Change::KeyPublished(key) => touched.insert(Entity::Key(key.kid.clone())),
        Change::KeyRetired { kid } => touched.insert(Entity::Key(kid.clone())),
        Change::BreakGlassPut(entry) => touched.insert(Entity::BreakGlass(entry.id)),
        Change::BreakGlassRemoved(id) => touched.insert(Entity::BreakGlass(*id)),
        Change::ProposalPut(proposed) => touched.insert(Entity::Proposal(proposed.id)),
        Change::ProposalRemoved(id) => touched.insert(Entity::Proposal(*id)),
        Change::ProviderPut(provider) => touched.insert(Entity::Provider(provider.name.clone())),
        Change::ProviderRemoved(name) => {
            let theirs = before.users().filter(|user| user.is_of(name));
            touched.extend(theirs.map(|user| Entity::User(user.id)));
            let groups = before.groups().filter(|group| group.at(name).is_some());
            touched.extend(groups.map(|group| Entity::Group(group.name.clone())));
            touched.insert(Entity::DirectoryRecord(name.clone()));
            touched.insert(Entity::Provider(name.clone()))
        }
        Change::ClientPut(client) => touched.insert(Entity::Client(client.id)),
        Change::ClientRemoved(id) => touched.insert(Entity::Client(*id)),
        Change::TokenRevoked(revocation) => touched.insert(Entity::Revocation(revocation.token)),
        Change::RevocationForgotten(token) => touched.insert(Entity::Revocation(*token)),
        Change::DirectoryRecordPut(record) => {
            touched.insert(Entity::DirectoryRecord(record.name.clone()))
        }
    };
}

fn members<'a>(before: &'a Snapshot, group: &'a GroupName) -> impl Iterator<Item = Entity> + 'a {
    let users = before
        .users()
        .filter(|user| user.groups.iter().any(|m| m.group == *group))
        .map(|user| Entity::User(user.id));
    let groups = before
        .groups()
        .filter(|g| g.parents.contains(group))
        .map(|g| Entity::Group(g.name.clone()));
    let clients = before
        .clients()
        .filter(|client| client.groups.contains(group))
        .map(|client| Entity::Client(client.id));
    users.chain(groups).chain(clients)
}

/// What goes with an entity and would be costly to find in a snapshot.
fn clean_up(db: &Connection, change: &Change) -> Result<(), StoreError> {
    match change {
        Change::UserPut(user) => factors::keep_only(db, user)?,
        Change::UserRemoved(user) => {
            factors::forget(db, *user)?;
            kept::forget(db, *user)?;
        }
        Change::SessionForgotten(session) => {
            let session = session.to_string();
            db.prepare_cached("DELETE FROM facts WHERE kind = ?1 AND owner = ?2")?
                .execute(params![APP_TOKEN, session])?;
            db.prepare_cached("DELETE FROM seen WHERE session = ?1")?
                .execute(params![session])?;
        }
        Change::AppRemoved(app) => {
            db.prepare_cached("DELETE FROM facts WHERE kind = ?1 AND body ->> '$.app' = ?2")?
                .execute(params![APP_TOKEN, app.as_str()])?;
        }
        _ => {}
    }
    Ok(())
}

impl Entity {
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => USER,
            Self::Group(_) => GROUP,
            Self::App(_) => APP,
            Self::Settings => SETTINGS,
            Self::Session(_) => SESSION,
            Self::Token(_) => APP_TOKEN,
            Self::Policies => POLICIES,
            Self::Declared => DECLARED,
            Self::Key(_) => KEY,
            Self::BreakGlass(_) => BREAK_GLASS,
            Self::Proposal(_) => PROPOSAL,
            Self::Provider(_) => PROVIDER,
            Self::Client(_) => CLIENT,
            Self::Revocation(_) => REVOCATION,
            Self::DirectoryRecord(_) => DIRECTORY_RECORD,
        }
    }

    pub(super) fn key(&self) -> String {
        match self {
            Self::User(id) => id.to_string(),
            Self::Group(name) => name.to_string(),
            Self::App(name) => name.to_string(),
            Self::Session(id) => id.to_string(),
            Self::Token(hash) => hash.to_string(),
            Self::Key(kid) => kid.to_string(),
            Self::BreakGlass(id) => id.to_string(),
            Self::Proposal(id) => id.to_string(),
            Self::Provider(name) => name.to_string(),
            Self::Client(id) => id.to_string(),
            Self::Revocation(token) => token.to_string(),
            Self::DirectoryRecord(name) => name.to_string(),
            Self::Settings | Self::Policies | Self::Declared => String::new(),
        }
    }

    /// What its row says from now on; nothing if it is gone.
    pub(super) fn content(&self, after: &Snapshot) -> Result<Option<Content>, StoreError> {
        let mut owner = None;
        let found = match self {
            Self::User(id) => after.user(*id).map(|u| (u.version, words::to_json(u))),
            Self::Group(name) => after.group(name).map(|g| (g.version, words::to_json(g))),
            Self::App(name) => after.app(name).map(|a| (a.version, words::to_json(a))),
            Self::Settings => Some((after.settings_version(), words::to_json(after.settings()))),
            Self::Session(id) => after.session(*id).map(|s| (s.version, words::to_json(s))),
            Self::Token(hash) => after.token(hash).map(|token| {
                owner = Some(token.session.to_string());
                (token.version, words::to_json(token))
            }),
            Self::Policies => {
                let policies = after.policies();
                Some((policies.version, words::to_json(&policies.files)))
            }
            Self::Declared => {
                let declared = after.declared();
                Some((declared.version, words::to_json(&declared.files)))
            }
            Self::Key(kid) => after
                .keys()
                .find(|key| key.kid == *kid)
                .map(|key| (after.epoch.number, words::to_json(key))),
            Self::BreakGlass(id) => after
                .break_glass_entry(*id)
                .map(|entry| (after.epoch.number, words::to_json(entry))),
            Self::Proposal(id) => after
                .proposal(*id)
                .map(|proposed| (after.epoch.number, words::to_json(proposed))),
            Self::Provider(name) => after.provider(name).map(|p| (p.version, words::to_json(p))),
            Self::Client(id) => after.client(*id).map(|c| (c.version, words::to_json(c))),
            Self::Revocation(token) => after
                .revocation(*token)
                .map(|revocation| (revocation.version, words::to_json(revocation))),
            Self::DirectoryRecord(name) => after
                .directory_record(name)
                .map(|record| (record.version, words::to_json(record))),
        };
        let Some((version, body)) = found else {
            return Ok(None);
        };
        Ok(Some(Content {
            version,
            owner,
            body: body?,
        }))
    }

    fn put(&self, db: &Connection, content: &Content) -> Result<(), StoreError> {
        db.prepare_cached("INSERT OR REPLACE INTO facts VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![
                self.kind(),
                self.key(),
                words::number(content.version),
                content.owner,
                content.body
            ])?;
        Ok(())
    }

    fn remove(&self, db: &Connection) -> Result<(), StoreError> {
        db.prepare_cached("DELETE FROM facts WHERE kind = ?1 AND key = ?2")?
            .execute(params![self.kind(), self.key()])?;
        Ok(())
    }
}

fn write_collection(
    db: &Connection,
    kind: &str,
    before: u64,
    after: u64,
) -> Result<(), StoreError> {
    if before != after {
        db.prepare_cached("INSERT OR REPLACE INTO collections VALUES (?1, ?2)")?
            .execute(params![kind, words::number(after)])?;
    }
    Ok(())
}
