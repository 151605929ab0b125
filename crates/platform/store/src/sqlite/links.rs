//! Single-use links.

use gw_model::{Timestamp, TokenHash, UserId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{
    stop::{Fallible, unique},
    words,
};
use crate::{LinkKind, LinkRow, LinkState, Refused, StoreError, Taken, WhyNot};

const COLUMNS: &str = "id, hash, kind, user, made_by, made_at, expires, spent_at, revoked, within";

pub(super) fn put(db: &Connection, link: &LinkRow) -> Fallible<()> {
    let made_by = words::to_json(&link.made_by)?;
    let within = link.within.as_ref().map(words::to_json).transpose()?;
    let done = db
        .prepare_cached(
            "INSERT INTO links (id, hash, kind, user, made_by, made_at, expires, within)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            link.id.to_string(),
            link.hash.as_bytes(),
            link.kind.as_str(),
            link.user.to_string(),
            made_by,
            words::millis(link.made_at),
            words::millis(link.expires),
            within,
        ]);
    unique(done, "the link")
}

pub(super) fn take(db: &Connection, hash: &TokenHash, now: Timestamp) -> Fallible<Taken> {
    let state = find(db, hash)?.ok_or(Refused::Link(WhyNot::Unknown))?;
    state.usable(now).map_err(Refused::Link)?;
    db.prepare_cached("UPDATE links SET spent_at = ?2 WHERE hash = ?1")?
        .execute(params![hash.as_bytes(), words::millis(now)])?;
    Ok(Taken::Link(state.link))
}

pub(super) fn revoke(db: &Connection, user: UserId) -> Fallible<()> {
    db.prepare_cached("UPDATE links SET revoked = 1 WHERE user = ?1 AND spent_at IS NULL")?
        .execute(params![user.to_string()])?;
    Ok(())
}

pub(super) fn find(db: &Connection, hash: &TokenHash) -> Result<Option<LinkState>, StoreError> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM links WHERE hash = ?1"))?
        .query_row(params![hash.as_bytes()], Raw::read)
        .optional()?
        .map(Raw::state)
        .transpose()
}

pub(super) fn of_user(db: &Connection, user: UserId) -> Result<Vec<LinkState>, StoreError> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM links WHERE user = ?1 ORDER BY made_at DESC, id"
    ))?
    .query_map(params![user.to_string()], Raw::read)?
    .map(|raw| raw?.state())
    .collect()
}

struct Raw {
    id: String,
    hash: Vec<u8>,
    kind: String,
    user: String,
    made_by: String,
    made_at: i64,
    expires: i64,
    spent_at: Option<i64>,
    revoked: bool,
    within: Option<String>,
}

impl Raw {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            hash: row.get(1)?,
            kind: row.get(2)?,
            user: row.get(3)?,
            made_by: row.get(4)?,
            made_at: row.get(5)?,
            expires: row.get(6)?,
            spent_at: row.get(7)?,
            revoked: row.get(8)?,
            within: row.get(9)?,
        })
    }

    fn state(self) -> Result<LinkState, StoreError> {
        let place = format!("the link {}", self.id);
        let kind = LinkKind::from_word(&self.kind).ok_or_else(|| StoreError::NewerKind {
            place: place.clone(),
            kind: self.kind,
        })?;
        Ok(LinkState {
            link: LinkRow {
                id: words::parse(&place, &self.id)?,
                hash: words::hash(&place, self.hash)?,
                kind,
                user: words::parse(&place, &self.user)?,
                made_by: words::json(&place, &self.made_by)?,
                made_at: words::timestamp(self.made_at),
                expires: words::timestamp(self.expires),
                within: self
                    .within
                    .map(|within| words::json(&place, &within))
                    .transpose()?,
            },
            spent: self.spent_at.map(words::timestamp),
            revoked: self.revoked,
        })
    }
}
