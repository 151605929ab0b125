//! Rows and changes read and written without a database.

use gw_model::{Change, Epoch, Snapshot};

use super::{
    facts::{self, Entity},
    load::{Rebuild, Stored},
    stream, words,
};

/// The epoch of what is rebuilt: later than any version in a corpus.
const EPOCH: Epoch = Epoch {
    incarnation: 1,
    number: 1 << 40,
};

/// A row of the facts, or, of the kind `collection`, the version of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What kind of fact.
    pub kind: String,
    /// Which.
    pub key: String,
    /// The epoch number of its last change.
    pub version: u64,
    /// JSON.
    pub body: String,
}

/// The snapshot that rows make, or why they make none.
///
/// # Errors
/// The fault as a start of Gatewright would tell it.
pub fn rebuild(rows: &[Row]) -> Result<Snapshot, String> {
    let mut stored = Stored::default();
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by_key(|row| (row.version, &row.kind, &row.key));
    for row in rows {
        if row.kind == "collection" {
            stored.collections.insert(row.key.clone(), row.version);
        } else {
            let added = stored.add(&row.kind, &row.key, row.version, &row.body);
            added.map_err(|fault| fault.to_string())?;
        }
    }
    let rebuilt = Rebuild::new(EPOCH).all(stored);
    rebuilt.map_err(|fault| fault.to_string())
}

/// The rows that a snapshot is written as.
pub fn rows_of(facts: &Snapshot) -> Vec<Row> {
    let users = facts.users().map(|user| Entity::User(user.id));
    let groups = facts
        .groups()
        .map(|group| Entity::Group(group.name.clone()));
    let apps = facts.apps().map(|app| Entity::App(app.name.clone()));
    let sessions = facts.sessions().map(|session| Entity::Session(session.id));
    let tokens = facts.tokens().map(|token| Entity::Token(token.hash));
    let keys = facts.keys().map(|key| Entity::Key(key.kid.clone()));
    let sealed = facts
        .break_glass()
        .map(|entry| Entity::BreakGlass(entry.id));
    let proposals = facts
        .proposals()
        .map(|proposed| Entity::Proposal(proposed.id));
    let providers = facts
        .providers()
        .map(|provider| Entity::Provider(provider.name.clone()));
    let clients = facts.clients().map(|client| Entity::Client(client.id));
    let revocations = facts
        .revocations()
        .map(|revocation| Entity::Revocation(revocation.token));
    let records = facts
        .directory_records()
        .map(|record| Entity::DirectoryRecord(record.name.clone()));
    let mut rows: Vec<Row> = [Entity::Settings, Entity::Policies, Entity::Declared]
        .into_iter()
        .chain(users)
        .chain(groups)
        .chain(apps)
        .chain(sessions)
        .chain(tokens)
        .chain(keys)
        .chain(sealed)
        .chain(proposals)
        .chain(providers)
        .chain(clients)
        .chain(revocations)
        .chain(records)
        .filter_map(|entity| row(&entity, facts))
        .collect();
    for (kind, version) in [
        (facts::GROUP, facts.groups_version()),
        (facts::APP, facts.apps_version()),
        (facts::KEY, facts.keys_version()),
    ] {
        rows.push(Row {
            kind: "collection".into(),
            key: kind.into(),
            version,
            body: String::new(),
        });
    }
    rows.sort_by(|a, b| (&a.kind, &a.key).cmp(&(&b.kind, &b.key)));
    rows
}

fn row(entity: &Entity, facts: &Snapshot) -> Option<Row> {
    let content = entity.content(facts).ok().flatten()?;
    // These have no version of their own; a row says when it was written.
    let version = match entity {
        Entity::Token(_) | Entity::Key(_) => 0,
        _ => content.version,
    };
    Some(Row {
        kind: entity.kind().into(),
        key: entity.key(),
        version,
        body: content.body,
    })
}

/// The changes of a stored transaction.
///
/// # Errors
/// The fault as a follower would tell it.
pub fn read_changes(body: &str) -> Result<Vec<Change>, String> {
    let place = "the change";
    let raw: Vec<serde_json::Value> =
        words::json(place, body).map_err(|fault| fault.to_string())?;
    raw.into_iter()
        .map(|change| stream::read_change(place, change).map_err(|fault| fault.to_string()))
        .collect()
}
