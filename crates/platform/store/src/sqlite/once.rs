//! Values that can be taken once.

use gw_model::{Timestamp, TokenHash};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    stop::{Fallible, unique},
    words,
};
use crate::{Refused, Secret, StoreError, Taken, WhyNot};

pub(super) fn put(
    db: &Connection,
    purpose: &str,
    hash: &TokenHash,
    expires: Timestamp,
    payload: &Secret<Vec<u8>>,
) -> Fallible<()> {
    let done = db
        .prepare_cached(
            "INSERT INTO once (purpose, hash, expires, payload) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            purpose,
            hash.as_bytes(),
            words::millis(expires),
            payload.expose()
        ]);
    unique(done, "the one-time value")
}

pub(super) fn take(
    db: &Connection,
    purpose: String,
    hash: &TokenHash,
    now: Timestamp,
) -> Fallible<Taken> {
    match find(db, &purpose, hash, now)? {
        Ok(payload) => {
            db.prepare_cached(
                "UPDATE once SET spent_at = ?3, payload = x'' WHERE purpose = ?1 AND hash = ?2",
            )?
            .execute(params![purpose, hash.as_bytes(), words::millis(now)])?;
            Ok(Taken::Once { purpose, payload })
        }
        Err(why) => Err(Refused::Once { purpose, why }.into()),
    }
}

pub(super) fn find(
    db: &Connection,
    purpose: &str,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<Result<Secret<Vec<u8>>, WhyNot>, StoreError> {
    let found = db
        .prepare_cached(
            "SELECT expires, spent_at, payload FROM once WHERE purpose = ?1 AND hash = ?2",
        )?
        .query_row(params![purpose, hash.as_bytes()], |row| {
            let spent: Option<i64> = row.get(1)?;
            Ok((row.get(0)?, spent, Secret::new(row.get(2)?)))
        })
        .optional()?;
    Ok(match found {
        None => Err(WhyNot::Unknown),
        Some((_, Some(_), _)) => Err(WhyNot::Spent),
        Some((expires, ..)) if now >= words::timestamp(expires) => Err(WhyNot::Expired),
        Some((_, None, payload)) => Ok(payload),
    })
}
