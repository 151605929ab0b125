//! What is saved lazily, and what is swept away.

use std::{collections::HashMap, time::Duration};

use gw_model::{SessionId, Timestamp};
use rusqlite::{Connection, TransactionBehavior, params};

use super::{facts, kept, words};
use crate::{LogHead, Notes, StoreError};

/// How long a useless link is kept, for listings and for the page that says why.
const USELESS_LINK_KEPT: Duration = Duration::from_hours(30 * 24);

pub(super) fn save(db: &mut Connection, notes: &Notes) -> Result<(), StoreError> {
    let all = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (session, at) in &notes.seen {
        all.prepare_cached(
            "INSERT INTO seen SELECT key, ?3 FROM facts WHERE kind = ?1 AND key = ?2
             ON CONFLICT (session) DO UPDATE SET at = max(at, excluded.at)",
        )?
        .execute(params![
            facts::SESSION,
            session.to_string(),
            words::millis(*at)
        ])?;
    }
    if let Some(mark) = notes.high_water {
        all.prepare_cached("UPDATE clock SET high_water = max(high_water, ?1)")?
            .execute(params![words::millis(mark)])?;
    }
    for head in &notes.heads {
        all.prepare_cached(
            "INSERT INTO log_heads VALUES (?1, ?2, ?3)
             ON CONFLICT (log) DO UPDATE SET size = excluded.size, head = excluded.head
             WHERE excluded.size >= size",
        )?
        .execute(params![head.log, words::number(head.size), head.head])?;
    }
    Ok(all.commit()?)
}

pub(super) fn sweep(db: &mut Connection, now: Timestamp) -> Result<(), StoreError> {
    let all = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    all.prepare_cached("DELETE FROM once WHERE expires <= ?1")?
        .execute(params![words::millis(now)])?;
    kept::sweep(&all, now)?;
    let long_ago = words::millis(now.before(USELESS_LINK_KEPT));
    all.prepare_cached("DELETE FROM links WHERE coalesce(spent_at, expires) <= ?1")?
        .execute(params![long_ago])?;
    Ok(all.commit()?)
}

pub(super) fn seen(db: &Connection) -> Result<HashMap<SessionId, Timestamp>, StoreError> {
    db.prepare("SELECT session, at FROM seen")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .map(|row| {
            let (session, at): (String, i64) = row?;
            Ok((words::parse("a last use", &session)?, words::timestamp(at)))
        })
        .collect()
}

pub(super) fn high_water(db: &Connection) -> Result<Timestamp, StoreError> {
    let mark = db.query_row("SELECT high_water FROM clock", [], |row| row.get(0))?;
    Ok(words::timestamp(mark))
}

pub(super) fn heads(db: &Connection) -> Result<Vec<LogHead>, StoreError> {
    db.prepare("SELECT log, size, head FROM log_heads ORDER BY log")?
        .query_map([], |row| {
            Ok(LogHead {
                log: row.get(0)?,
                size: words::count(row.get(1)?),
                head: row.get(2)?,
            })
        })?
        .map(|row| Ok(row?))
        .collect()
}
