//! Sealed secrets of factors, with a counter that only rises.

use gw_model::{FactorId, Snapshot, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{factors, stop::Fallible, words};
use crate::{FactorSecret, FactorSecretRow, Refused, StoreError, WhyNot, seal::Sealer};

/// The time that a code of an authenticator app is for; its counter tells them.
const TOTP_STEP_SECS: u64 = 30;

/// Puts a secret where there is none for its factor, or in the place of the one that was read.
pub(super) fn put(
    db: &Connection,
    sealer: &Sealer,
    after: &Snapshot,
    row: &FactorSecretRow,
) -> Fallible<()> {
    factors::known(after, row.user, row.factor)?;
    let (factor, user) = (row.factor.to_string(), row.user.to_string());
    let sealed = sealer.seal(&bound_to(row.factor), row.secret.expose())?;
    let counter = words::number(row.counter);
    let changed = match row.replaces {
        None => db
            .prepare_cached(
                "INSERT INTO factor_secrets VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?
            .execute(params![factor, user, counter, sealed])?,
        Some(seen) => db
            .prepare_cached(
                "UPDATE factor_secrets SET counter = ?3, sealed = ?4
                 WHERE factor = ?1 AND user = ?2 AND counter = ?5 AND counter < ?3",
            )?
            .execute(params![factor, user, counter, sealed, words::number(seen)])?,
    };
    match changed {
        0 => Err(Refused::Stale.into()),
        _ => Ok(()),
    }
}

/// Moves a counter on: what is at or behind it was used before.
pub(super) fn count(db: &Connection, factor: FactorId, counter: u64) -> Fallible<()> {
    let name = factor.to_string();
    let known: Option<i64> = db
        .prepare_cached("SELECT counter FROM factor_secrets WHERE factor = ?1")?
        .query_row(params![name], |row| row.get(0))
        .optional()?;
    let why = match known.map(words::count) {
        None => WhyNot::Unknown,
        Some(known) if counter <= known => WhyNot::Spent,
        Some(_) => {
            db.prepare_cached("UPDATE factor_secrets SET counter = ?2 WHERE factor = ?1")?
                .execute(params![name, words::number(counter)])?;
            return Ok(());
        }
    };
    Err(Refused::FactorCode(why).into())
}

/// Codes of before count no more: they may have been used after what was restored was kept.
pub(super) fn pass(db: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let step = words::number(now.as_secs() / TOTP_STEP_SECS + 1);
    db.prepare_cached("UPDATE factor_secrets SET counter = max(counter, ?1)")?
        .execute(params![step])?;
    Ok(())
}

pub(super) fn of_user(
    db: &Connection,
    sealer: &Sealer,
    user: UserId,
) -> Result<Vec<FactorSecret>, StoreError> {
    db.prepare_cached(
        "SELECT factor, counter, sealed FROM factor_secrets WHERE user = ?1 ORDER BY factor",
    )?
    .query_map(params![user.to_string()], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?
    .map(|row| {
        let (factor, counter, sealed): (String, i64, Vec<u8>) = row?;
        let factor: FactorId = words::parse("a factor's secret", &factor)?;
        Ok(FactorSecret {
            factor,
            counter: words::count(counter),
            secret: sealer.open_sealed(&bound_to(factor), &sealed)?,
        })
    })
    .collect()
}

/// A sealed secret opens for its own factor alone.
fn bound_to(factor: FactorId) -> String {
    format!("factor {factor}")
}
