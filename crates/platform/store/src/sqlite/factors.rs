//! Secrets of factors. Each lives and dies with its factor in the person's facts.

use gw_model::{FactorId, Snapshot, Timestamp, User, UserId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{
    stop::{Fallible, unique},
    words,
};
use crate::{PasskeyRow, RecoveryCode, RecoverySet, Refused, StoreError, WhyNot};

const PASSKEY: &str = "factor, user, credential_id, credential, last_used";

pub(super) fn put_passkey(db: &Connection, after: &Snapshot, row: &PasskeyRow) -> Fallible<()> {
    known(after, row.user, row.factor)?;
    let done = db
        .prepare_cached(
            "INSERT INTO passkeys VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (factor) DO UPDATE SET
                 credential_id = excluded.credential_id,
                 credential = excluded.credential,
                 last_used = excluded.last_used
             WHERE user = excluded.user",
        )?
        .execute(params![
            row.factor.to_string(),
            row.user.to_string(),
            row.credential_id,
            row.credential,
            row.last_used.map(words::millis),
        ]);
    if matches!(done, Ok(0)) {
        return Err(Refused::Duplicate("the factor").into());
    }
    unique(done, "the passkey")
}

pub(super) fn use_passkey(
    db: &Connection,
    factor: FactorId,
    credential: &str,
    now: Timestamp,
) -> Fallible<()> {
    let changed = db
        .prepare_cached("UPDATE passkeys SET credential = ?2, last_used = ?3 WHERE factor = ?1")?
        .execute(params![factor.to_string(), credential, words::millis(now)])?;
    if changed == 0 {
        return Err(Refused::NoPasskey(factor).into());
    }
    Ok(())
}

pub(super) fn remove_passkey(db: &Connection, factor: FactorId) -> Fallible<()> {
    db.prepare_cached("DELETE FROM passkeys WHERE factor = ?1")?
        .execute(params![factor.to_string()])?;
    Ok(())
}

pub(super) fn put_codes(
    db: &Connection,
    after: &Snapshot,
    user: UserId,
    factor: FactorId,
    hashes: &[String],
) -> Fallible<()> {
    known(after, user, factor)?;
    remove_codes(db, factor)?;
    let name = factor.to_string();
    db.prepare_cached("INSERT INTO recovery_sets VALUES (?1, ?2)")?
        .execute(params![name, user.to_string()])?;
    let mut insert =
        db.prepare_cached("INSERT INTO recovery_codes (factor, place, hash) VALUES (?1, ?2, ?3)")?;
    for (place, hash) in (0_u32..).zip(hashes) {
        insert.execute(params![name, place, hash])?;
    }
    Ok(())
}

pub(super) fn use_code(
    db: &Connection,
    factor: FactorId,
    index: u32,
    now: Timestamp,
) -> Fallible<()> {
    let factor = factor.to_string();
    let used: Option<Option<i64>> = db
        .prepare_cached("SELECT used_at FROM recovery_codes WHERE factor = ?1 AND place = ?2")?
        .query_row(params![factor, index], |row| row.get(0))
        .optional()?;
    match used {
        None => return Err(Refused::RecoveryCode(WhyNot::Unknown).into()),
        Some(Some(_)) => return Err(Refused::RecoveryCode(WhyNot::Spent).into()),
        Some(None) => {}
    }
    db.prepare_cached("UPDATE recovery_codes SET used_at = ?3 WHERE factor = ?1 AND place = ?2")?
        .execute(params![factor, index, words::millis(now)])?;
    Ok(())
}

pub(super) fn remove_codes(db: &Connection, factor: FactorId) -> Fallible<()> {
    db.prepare_cached("DELETE FROM recovery_sets WHERE factor = ?1")?
        .execute(params![factor.to_string()])?;
    Ok(())
}

/// Drops the secrets of factors that the person no longer has.
pub(super) fn keep_only(db: &Connection, user: &User) -> Result<(), StoreError> {
    let kept: Vec<_> = user.factors.iter().map(|f| f.id.to_string()).collect();
    let (kept, id) = (words::to_json(&kept)?, user.id.to_string());
    for table in ["passkeys", "recovery_sets", "factor_secrets"] {
        db.prepare_cached(&format!(
            "DELETE FROM {table} WHERE user = ?1
             AND factor NOT IN (SELECT value FROM json_each(?2))"
        ))?
        .execute(params![id, kept])?;
    }
    Ok(())
}

/// Drops all that is kept for a person who is gone.
pub(super) fn forget(db: &Connection, user: UserId) -> Result<(), StoreError> {
    let user = user.to_string();
    for table in ["passkeys", "recovery_sets", "factor_secrets", "links"] {
        db.prepare_cached(&format!("DELETE FROM {table} WHERE user = ?1"))?
            .execute(params![user])?;
    }
    Ok(())
}

pub(super) fn passkeys_of(db: &Connection, user: UserId) -> Result<Vec<PasskeyRow>, StoreError> {
    db.prepare_cached(&format!(
        "SELECT {PASSKEY} FROM passkeys WHERE user = ?1 ORDER BY factor"
    ))?
    .query_map(params![user.to_string()], RawPasskey::read)?
    .map(|raw| raw?.row())
    .collect()
}

pub(super) fn passkey(
    db: &Connection,
    credential_id: &[u8],
) -> Result<Option<PasskeyRow>, StoreError> {
    db.prepare_cached(&format!(
        "SELECT {PASSKEY} FROM passkeys WHERE credential_id = ?1"
    ))?
    .query_row(params![credential_id], RawPasskey::read)
    .optional()?
    .map(RawPasskey::row)
    .transpose()
}

pub(super) fn recovery_of(db: &Connection, user: UserId) -> Result<Vec<RecoverySet>, StoreError> {
    let mut sets = db.prepare_cached(
        "SELECT factor, place, hash, used_at FROM recovery_sets
         LEFT JOIN recovery_codes USING (factor) WHERE user = ?1 ORDER BY factor, place",
    )?;
    let rows = sets.query_map(params![user.to_string()], |row| {
        let factor: String = row.get(0)?;
        let place: Option<u32> = row.get(1)?;
        let hash: Option<String> = row.get(2)?;
        let used: Option<i64> = row.get(3)?;
        let code = place.zip(hash).map(|(index, hash)| RecoveryCode {
            index,
            hash,
            used: used.map(words::timestamp),
        });
        Ok((factor, code))
    })?;
    let mut found: Vec<RecoverySet> = Vec::new();
    for row in rows {
        let (factor, code) = row?;
        let factor = words::parse("a set of recovery codes", &factor)?;
        match found.last_mut() {
            Some(set) if set.factor == factor => set.codes.extend(code),
            _ => found.push(RecoverySet {
                factor,
                codes: code.into_iter().collect(),
            }),
        }
    }
    Ok(found)
}

pub(super) fn known(after: &Snapshot, user: UserId, factor: FactorId) -> Result<(), Refused> {
    let named = after
        .user(user)
        .is_some_and(|u| u.factors.iter().any(|f| f.id == factor));
    if named {
        Ok(())
    } else {
        Err(Refused::NoFactor { user, factor })
    }
}

struct RawPasskey {
    factor: String,
    user: String,
    credential_id: Vec<u8>,
    credential: String,
    last_used: Option<i64>,
}

impl RawPasskey {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            factor: row.get(0)?,
            user: row.get(1)?,
            credential_id: row.get(2)?,
            credential: row.get(3)?,
            last_used: row.get(4)?,
        })
    }

    fn row(self) -> Result<PasskeyRow, StoreError> {
        Ok(PasskeyRow {
            factor: words::parse("a passkey", &self.factor)?,
            user: words::parse("a passkey", &self.user)?,
            credential_id: self.credential_id,
            credential: self.credential,
            last_used: self.last_used.map(words::timestamp),
        })
    }
}
