//! The numbered stream: one counter inside the transaction, and the recent past for followers.

use gw_model::{Actor, Change, Epoch, Timestamp};
use rusqlite::{Connection, Row, params};

use super::words;
use crate::{ChangesSince, PolicyRevision, StoreError, StoredTransaction};

/// How many transactions followers can catch up on; whoever is further behind loads afresh.
const KEPT: u64 = 4096;

pub(super) fn current(db: &Connection) -> Result<Epoch, StoreError> {
    let row = db.query_row("SELECT incarnation, number FROM epoch", [], pair)?;
    epoch(row)
}

/// Counts up; `after` is where the writer believes the stream to be.
pub(super) fn next(db: &Connection, after: Epoch) -> Result<Epoch, StoreError> {
    let row = db
        .prepare_cached("UPDATE epoch SET number = number + 1 RETURNING incarnation, number")?
        .query_row([], pair)?;
    let next = epoch(row)?;
    if next.incarnation == after.incarnation && next.number == after.number + 1 {
        Ok(next)
    } else {
        Err(StoreError::damaged(
            "the epoch",
            format_args!("{next} follows {after}"),
        ))
    }
}

/// The number goes on counting, so that versions of facts keep rising.
pub(super) fn next_incarnation(db: &Connection) -> Result<Epoch, StoreError> {
    let row = db.query_row(
        "UPDATE epoch SET incarnation = incarnation + 1, number = number + 1
         RETURNING incarnation, number",
        [],
        pair,
    )?;
    epoch(row)
}

pub(super) fn append(
    db: &Connection,
    epoch: Epoch,
    at: Timestamp,
    actor: &Actor,
    changes: &[Change],
) -> Result<(), StoreError> {
    let (incarnation, number) = (epoch.incarnation, words::number(epoch.number));
    let (at, actor) = (words::millis(at), words::to_json(actor)?);
    let body = words::to_json(&changes)?;
    db.prepare_cached("INSERT INTO changes VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![incarnation, number, at, actor, body])?;
    let applied = changes.iter().rev().find_map(|change| match change {
        Change::PoliciesApplied(files) => Some(files),
        _ => None,
    });
    if let Some(files) = applied {
        let body = words::to_json(files)?;
        let proposed_by = proposer(changes).map(words::to_json).transpose()?;
        db.prepare_cached("INSERT INTO policy_history VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![incarnation, number, at, actor, body, proposed_by])?;
    }
    Ok(())
}

/// Who proposed what a transaction does, where it is the approval of a proposal.
fn proposer(changes: &[Change]) -> Option<&Actor> {
    changes.iter().find_map(|change| match change {
        Change::ProposalPut(proposed) => proposed.settled.as_ref().map(|_| &proposed.by),
        _ => None,
    })
}

pub(super) fn prune(db: &Connection, epoch: Epoch) -> Result<(), StoreError> {
    let oldest = words::number(epoch.number.saturating_sub(KEPT));
    db.prepare_cached("DELETE FROM changes WHERE incarnation = ?1 AND number <= ?2")?
        .execute(params![epoch.incarnation, oldest])?;
    db.prepare_cached("DELETE FROM changes WHERE incarnation < ?1")?
        .execute(params![epoch.incarnation])?;
    Ok(())
}

pub(super) fn since(db: &Connection, after: Epoch) -> Result<ChangesSince, StoreError> {
    let current = current(db)?;
    if after.incarnation != current.incarnation || after.number > current.number {
        return Ok(ChangesSince::Gap);
    }
    let rows = db
        .prepare_cached(
            "SELECT incarnation, number, at, actor, body FROM changes
             WHERE incarnation = ?1 AND number > ?2 ORDER BY number",
        )?
        .query_map(
            params![after.incarnation, words::number(after.number)],
            Entry::read,
        )?
        .collect::<Result<Vec<_>, _>>()?;
    // Every number has a row, so a missing one was pruned.
    if u64::try_from(rows.len()).unwrap_or(u64::MAX) != current.number - after.number {
        return Ok(ChangesSince::Gap);
    }
    let all = rows.into_iter().map(Entry::transaction);
    Ok(ChangesSince::All(all.collect::<Result<_, _>>()?))
}

pub(super) fn each_kept(
    db: &Connection,
    tell: &mut dyn FnMut(StoredTransaction),
) -> Result<(), StoreError> {
    let mut rows = db.prepare_cached(
        "SELECT incarnation, number, at, actor, body FROM changes ORDER BY number",
    )?;
    for entry in rows.query_map([], Entry::read)? {
        tell(entry?.transaction()?);
    }
    Ok(())
}

/// Fails when a kept transaction holds a kind of change that this program does not know.
pub(super) fn check_all(db: &Connection) -> Result<(), StoreError> {
    let mut rows =
        db.prepare("SELECT incarnation, number, at, actor, body FROM changes ORDER BY number")?;
    for entry in rows.query_map([], Entry::read)? {
        entry?.transaction()?;
    }
    Ok(())
}

pub(super) fn policy_history(db: &Connection) -> Result<Vec<PolicyRevision>, StoreError> {
    db.prepare_cached(
        "SELECT incarnation, number, at, actor, body, proposed_by FROM policy_history
         ORDER BY incarnation DESC, number DESC",
    )?
    .query_map([], |row| {
        Ok((Entry::read(row)?, row.get::<_, Option<String>>(5)?))
    })?
    .map(|entry| {
        let (entry, proposed_by) = entry?;
        let proposed_by = proposed_by.map(|text| words::json("an actor", &text));
        Ok(PolicyRevision {
            epoch: epoch(entry.place)?,
            at: words::timestamp(entry.at),
            actor: words::json("an actor", &entry.actor)?,
            proposed_by: proposed_by.transpose()?,
            files: words::json("a set of policies", &entry.body)?,
        })
    })
    .collect()
}

struct Entry {
    place: (i64, i64),
    at: i64,
    actor: String,
    body: String,
}

impl Entry {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            place: (row.get(0)?, row.get(1)?),
            at: row.get(2)?,
            actor: row.get(3)?,
            body: row.get(4)?,
        })
    }

    fn transaction(self) -> Result<StoredTransaction, StoreError> {
        let epoch = epoch(self.place)?;
        let place = format!("the change at epoch {epoch}");
        let raw: Vec<serde_json::Value> = words::json(&place, &self.body)?;
        let changes = raw.into_iter().map(|change| read_change(&place, change));
        Ok(StoredTransaction {
            epoch,
            at: words::timestamp(self.at),
            actor: words::json(&place, &self.actor)?,
            changes: changes.collect::<Result<_, _>>()?,
        })
    }
}

/// Kinds are added and never changed in meaning, so what cannot be read is a newer kind.
pub(super) fn read_change(place: &str, raw: serde_json::Value) -> Result<Change, StoreError> {
    let kind = raw
        .as_object()
        .and_then(|fields| fields.keys().next())
        .cloned();
    serde_json::from_value(raw).map_err(|why| match kind {
        Some(kind) => StoreError::NewerKind {
            place: place.to_owned(),
            kind,
        },
        None => StoreError::damaged(place, why),
    })
}

fn pair(row: &Row<'_>) -> rusqlite::Result<(i64, i64)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn epoch((incarnation, number): (i64, i64)) -> Result<Epoch, StoreError> {
    Ok(Epoch {
        incarnation: words::incarnation(incarnation)?,
        number: words::count(number),
    })
}
