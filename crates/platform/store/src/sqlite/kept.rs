//! Records that are found by a hash, and changed only as they were read.

use gw_model::{Timestamp, TokenHash, UserId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{stop::Fallible, words};
use crate::{Kept, KeptRow, OUTLIVE_THEIR_OWNER, Refused, Secret, StoreError};

/// Puts a record in the place of the one that was read, or where none was.
pub(super) fn put(db: &Connection, row: &KeptRow) -> Fallible<()> {
    let owner = row.owner.map(|owner| owner.to_string());
    let (hash, expires) = (row.hash.as_bytes(), words::millis(row.expires));
    let changed = match row.replaces {
        None => db
            .prepare_cached(
                "INSERT INTO kept (kind, hash, owner, version, expires, payload)
                 VALUES (?1, ?2, ?3, 1, ?4, ?5) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                row.kind,
                hash,
                owner,
                expires,
                row.payload.expose()
            ])?,
        Some(version) => db
            .prepare_cached(
                "UPDATE kept SET owner = ?3, version = version + 1, expires = ?4, payload = ?5
                 WHERE kind = ?1 AND hash = ?2 AND version = ?6",
            )?
            .execute(params![
                row.kind,
                hash,
                owner,
                expires,
                row.payload.expose(),
                words::number(version)
            ])?,
    };
    match changed {
        0 => Err(Refused::Stale.into()),
        _ => Ok(()),
    }
}

pub(super) fn remove(db: &Connection, kind: &str, hash: &TokenHash) -> Fallible<()> {
    db.prepare_cached("DELETE FROM kept WHERE kind = ?1 AND hash = ?2")?
        .execute(params![kind, hash.as_bytes()])?;
    Ok(())
}

/// What somebody owned goes with them; what others are still to be told of belongs to nobody then.
pub(super) fn forget(db: &Connection, owner: UserId) -> Result<(), StoreError> {
    for kind in OUTLIVE_THEIR_OWNER {
        db.prepare_cached(
            "UPDATE kept SET owner = NULL, version = version + 1 WHERE owner = ?1 AND kind = ?2",
        )?
        .execute(params![owner.to_string(), kind])?;
    }
    db.prepare_cached("DELETE FROM kept WHERE owner = ?1")?
        .execute([owner.to_string()])?;
    Ok(())
}

/// Those of nobody, or of nobody any more.
pub(super) fn of_nobody(db: &Connection, kind: &str) -> Result<Vec<Kept>, StoreError> {
    db.prepare_cached(
        "SELECT hash, owner, version, expires, payload FROM kept
         WHERE kind = ?1 AND owner IS NULL ORDER BY hash",
    )?
    .query_map([kind], read)?
    .map(|raw| raw?.kept())
    .collect()
}

pub(super) fn sweep(db: &Connection, now: Timestamp) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM kept WHERE expires <= ?1")?
        .execute([words::millis(now)])?;
    Ok(())
}

pub(super) fn find(
    db: &Connection,
    kind: &str,
    hash: &TokenHash,
) -> Result<Option<Kept>, StoreError> {
    db.prepare_cached(
        "SELECT hash, owner, version, expires, payload FROM kept WHERE kind = ?1 AND hash = ?2",
    )?
    .query_row(params![kind, hash.as_bytes()], read)
    .optional()?
    .map(Raw::kept)
    .transpose()
}

pub(super) fn of_owner(
    db: &Connection,
    kind: &str,
    owner: UserId,
) -> Result<Vec<Kept>, StoreError> {
    db.prepare_cached(
        "SELECT hash, owner, version, expires, payload FROM kept
         WHERE owner = ?1 AND kind = ?2 ORDER BY hash",
    )?
    .query_map(params![owner.to_string(), kind], read)?
    .map(|raw| raw?.kept())
    .collect()
}

struct Raw {
    hash: Vec<u8>,
    owner: Option<String>,
    version: i64,
    expires: i64,
    payload: Vec<u8>,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw {
        hash: row.get(0)?,
        owner: row.get(1)?,
        version: row.get(2)?,
        expires: row.get(3)?,
        payload: row.get(4)?,
    })
}

impl Raw {
    fn kept(self) -> Result<Kept, StoreError> {
        let hash: [u8; 32] = self.hash.try_into().map_err(|_| {
            StoreError::damaged("the hash of a kept record", "it is not of 32 bytes")
        })?;
        let owner = self
            .owner
            .map(|owner| words::parse("the owner of a kept record", &owner));
        Ok(Kept {
            hash: TokenHash::from_digest(hash),
            owner: owner.transpose()?,
            version: words::count(self.version),
            expires: words::timestamp(self.expires),
            payload: Secret::new(self.payload),
        })
    }
}
