//! The embedded store: SQLite in the data folder, one writer, readers beside it.
//!
//! Write-ahead log, `synchronous=FULL`: a group is one SQLite transaction, each of its
//! transactions a savepoint within, and its commit the one sync.

mod copy;
mod factor_secrets;
mod factors;
mod facts;
pub(crate) mod fuzzing;
mod kept;
mod links;
mod load;
mod notes;
mod once;
mod read;
mod schema;
mod stop;
mod stream;
mod words;

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt as _, path::Path, sync::Arc};

use gw_model::{Actor, Change, EndReason, Ended, FactorKind, Snapshot, Timestamp, User};
use rusqlite::{Connection, ErrorCode, OpenFlags, Savepoint, TransactionBehavior, params};

use self::{
    read::SqliteReader,
    stop::{Fallible, Stop},
};
use crate::{
    Committed, DataFolder, Effect, KeySource, Loaded, Notes, Proposal, Reader, Refused, Store,
    StoreError, Taken, Transaction, folder::io_fault, seal::Sealer,
};

pub use copy::{copy, peek};

/// The database's name in the data folder.
pub const DATABASE: &str = "facts.sqlite";

/// How much is sealed, so that no new key takes the place of one that is lost.
const SEALED: &str = "SELECT (SELECT count(*) FROM sealed) + (SELECT count(*) FROM factor_secrets)";

/// The embedded [`Store`].
pub struct SqliteStore {
    connection: Connection,
    facts: Option<Snapshot>,
    sealer: Arc<Sealer>,
    reader: Arc<SqliteReader>,
    folder: DataFolder,
}

impl SqliteStore {
    /// Opens the store in a folder, makes it on the first start, and brings it to this
    /// program's version.
    ///
    /// # Errors
    /// When it is newer than this program, not Gatewright's, damaged, or its key does not fit.
    pub fn open(folder: DataFolder, key: &KeySource) -> Result<Self, StoreError> {
        let path = folder.path().join(DATABASE);
        make_private(&path)?;
        let mut connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::prepare(&mut connection, &path).map_err(|fault| named(fault, &path))?;
        check(&connection, &path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // What is deleted is overwritten in the file; the file beside it with the last writes may
        // have it until it is written over, or removed when the store is closed.
        connection.pragma_update(None, "secure_delete", true)?;
        let sealed = connection.query_row(SEALED, [], |row| row.get(0))?;
        let sealer = Arc::new(Sealer::open(key, folder.path(), words::count(sealed))?);
        let reader = Arc::new(SqliteReader::new(path, sealer.clone()));
        reader.try_key()?;
        folder.set_aside();
        Ok(Self {
            connection,
            facts: None,
            sealer,
            reader,
            folder,
        })
    }

    /// The folder that it holds.
    pub const fn folder(&self) -> &DataFolder {
        &self.folder
    }

    /// Bounds how large the database may become, as a full disk does; for tests.
    ///
    /// # Errors
    /// When the database fails.
    #[doc(hidden)]
    pub fn limit_pages(&self, most: Option<u32>) -> Result<(), StoreError> {
        let most = most.unwrap_or(u32::MAX - 1);
        self.connection
            .pragma_update(None, "max_page_count", most)?;
        Ok(())
    }

    fn facts(&mut self) -> Result<Snapshot, StoreError> {
        match &self.facts {
            Some(facts) => Ok(facts.clone()),
            None => Ok(self.load()?.facts),
        }
    }

    fn run(
        &mut self,
        mut facts: Snapshot,
        group: Vec<Proposal<'_>>,
    ) -> Result<(Snapshot, Vec<Result<Committed, Refused>>), StoreError> {
        let mut outcomes = Vec::with_capacity(group.len());
        let mut all = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for proposal in group {
            let mut one = all.savepoint()?;
            match run_one(&one, (&self.sealer, &self.folder), &facts, proposal) {
                Ok(committed) => {
                    one.commit()?;
                    facts = committed.facts.clone();
                    outcomes.push(Ok(committed));
                }
                Err(Stop::Refused(refused)) => {
                    one.rollback()?;
                    outcomes.push(Err(refused));
                }
                Err(Stop::Fault(fault)) => return Err(fault),
            }
        }
        stream::prune(&all, facts.epoch)?;
        all.commit()?;
        Ok((facts, outcomes))
    }
}

impl Store for SqliteStore {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        let loaded = load::load(&self.connection)?;
        self.facts = Some(loaded.facts.clone());
        Ok(loaded)
    }

    fn commit(
        &mut self,
        group: Vec<Proposal<'_>>,
    ) -> Result<Vec<Result<Committed, Refused>>, StoreError> {
        if group.is_empty() {
            return Ok(Vec::new());
        }
        let facts = self.facts()?;
        // After a fault the disk decides what holds, so the facts are read again before the next.
        self.facts = None;
        let (facts, outcomes) = self.run(facts, group)?;
        self.facts = Some(facts);
        Ok(outcomes)
    }

    fn save(&mut self, notes: &Notes) -> Result<(), StoreError> {
        notes::save(&mut self.connection, notes)
    }

    fn sweep(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.folder.set_aside();
        notes::sweep(&mut self.connection, now)
    }

    fn begin_incarnation(&mut self, now: Timestamp) -> Result<Committed, StoreError> {
        let facts = self.facts()?;
        self.facts = None;
        let all = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let changes = ended_by_restore(&facts, now);
        let epoch = stream::next_incarnation(&all)?;
        let after = facts
            .apply(epoch, &changes)
            .map_err(|why| StoreError::damaged("the store", why))?;
        facts::write(&all, &facts, &after, &changes)?;
        stream::append(&all, epoch, now, &Actor::Gatewright, &changes)?;
        all.execute_batch("DELETE FROM once; DELETE FROM kept; DELETE FROM recovery_sets;")?;
        all.execute("UPDATE links SET revoked = 1", params![])?;
        factor_secrets::pass(&all, now)?;
        stream::prune(&all, epoch)?;
        all.commit()?;
        self.facts = Some(after.clone());
        Ok(Committed {
            epoch,
            facts: after,
            changes,
            actor: Actor::Gatewright,
            taken: Vec::new(),
        })
    }

    fn reader(&self) -> Reader {
        self.reader.clone()
    }
}

/// Every live session's end, and the facts of codes that may have been used since.
fn ended_by_restore(facts: &Snapshot, now: Timestamp) -> Vec<Change> {
    let reason = EndReason::Restored;
    let sessions = facts.sessions().filter(|s| s.ended.is_none()).map(|s| {
        let ended = Ended { at: now, reason };
        Change::SessionEnded {
            session: s.id,
            ended,
        }
    });
    let without_codes = facts.users().filter_map(|user| {
        let mut user = User::clone(user);
        let before = user.factors.len();
        user.factors.retain(|f| f.kind != FactorKind::RecoveryCodes);
        (user.factors.len() < before).then(|| Change::UserPut(Arc::new(user)))
    });
    let sealed = facts
        .break_glass()
        .filter(|entry| entry.used.is_none())
        .map(|entry| Change::BreakGlassRemoved(entry.id));
    let proposed = facts
        .proposals()
        .filter(|proposed| proposed.settled.is_none())
        .map(|proposed| Change::ProposalRemoved(proposed.id));
    let sealed = sealed.chain(proposed);
    sessions.chain(without_codes).chain(sealed).collect()
}

fn run_one(
    db: &Savepoint<'_>,
    (sealer, folder): (&Sealer, &DataFolder),
    facts: &Snapshot,
    proposal: Proposal<'_>,
) -> Fallible<Committed> {
    let Transaction {
        changes,
        effects,
        actor,
        at,
        urgent,
    } = proposal(facts)?;
    if urgent {
        folder.give_way();
    }
    let mut after = facts.clone();
    if !changes.is_empty() {
        let epoch = stream::next(db, facts.epoch)?;
        after = facts.apply(epoch, &changes).map_err(Refused::from)?;
        nobody_left_signed_in(&after, &changes)?;
        facts::write(db, facts, &after, &changes)?;
        stream::append(db, epoch, at, &actor, &changes)?;
    }
    let mut taken = Vec::new();
    for effect in effects {
        taken.extend(perform(db, sealer, &after, effect)?);
    }
    Ok(Committed {
        epoch: after.epoch,
        facts: after,
        changes,
        actor,
        taken,
    })
}

/// A disabled or removed person has no live session: a change that was not expanded is refused
/// here, before it is durable.
fn nobody_left_signed_in(after: &Snapshot, changes: &[Change]) -> Result<(), Refused> {
    for change in changes {
        let user = match change {
            Change::UserPut(user) => user.id,
            Change::UserRemoved(user) => *user,
            _ => continue,
        };
        let barred = after.user(user).is_none_or(|u| u.disabled);
        if barred && after.sessions_of(user).any(|s| s.ended.is_none()) {
            return Err(Refused::SessionLeft(user));
        }
    }
    Ok(())
}

fn perform(
    db: &Connection,
    sealer: &Sealer,
    after: &Snapshot,
    effect: Effect,
) -> Fallible<Option<Taken>> {
    match effect {
        Effect::LinkPut(link) => links::put(db, &link)?,
        Effect::LinkTaken { hash, now } => return links::take(db, &hash, now).map(Some),
        Effect::LinksRevoked { user } => links::revoke(db, user)?,
        Effect::OncePut {
            purpose,
            hash,
            expires,
            payload,
        } => once::put(db, &purpose, &hash, expires, &payload)?,
        Effect::OnceTaken { purpose, hash, now } => {
            return once::take(db, purpose, &hash, now).map(Some);
        }
        Effect::KeptPut(row) => kept::put(db, &row)?,
        Effect::KeptRemoved { kind, hash } => kept::remove(db, kind, &hash)?,
        Effect::PasskeyPut(row) => factors::put_passkey(db, after, &row)?,
        Effect::PasskeyUsed {
            factor,
            credential,
            now,
        } => factors::use_passkey(db, factor, &credential, now)?,
        Effect::PasskeyRemoved { factor } => factors::remove_passkey(db, factor)?,
        Effect::RecoveryCodesPut {
            factor,
            user,
            hashes,
        } => factors::put_codes(db, after, user, factor, &hashes)?,
        Effect::RecoveryCodeUsed { factor, index, now } => {
            factors::use_code(db, factor, index, now)?;
        }
        Effect::RecoveryCodesRemoved { factor } => factors::remove_codes(db, factor)?,
        Effect::FactorSecretPut(row) => factor_secrets::put(db, sealer, after, &row)?,
        Effect::FactorSecretCounted { factor, counter } => {
            factor_secrets::count(db, factor, counter)?;
        }
        Effect::SealedPut { name, bytes } => {
            let sealed = sealer.seal(&name, bytes.expose())?;
            db.prepare_cached("INSERT OR REPLACE INTO sealed VALUES (?1, ?2)")?
                .execute(params![name, sealed])?;
        }
        Effect::SealedRemoved { name } => {
            db.prepare_cached("DELETE FROM sealed WHERE name = ?1")?
                .execute(params![name])?;
        }
        Effect::ClockConfirmed { now } => {
            db.prepare_cached("UPDATE clock SET high_water = ?1")?
                .execute(params![words::millis(now)])?;
        }
        Effect::MetaPut { key, value } => {
            db.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?
                .execute(params![key, value])?;
        }
    }
    Ok(None)
}

/// Every page and index is looked at before anything rests on them.
fn check(db: &Connection, path: &Path) -> Result<(), StoreError> {
    let found = db.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    let found = found.map_err(|fault| named(fault.into(), path))?;
    match found.as_str() {
        "ok" => Ok(()),
        _ => Err(damaged(path, found.replace('\n', " "))),
    }
}

/// A store that is damaged is named, whatever part of opening it finds out.
fn named(fault: StoreError, path: &Path) -> StoreError {
    match &fault {
        StoreError::Database(why)
            if why.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) =>
        {
            damaged(path, why)
        }
        _ => fault,
    }
}

fn damaged(path: &Path, why: impl std::fmt::Display) -> StoreError {
    StoreError::damaged(format_args!("the store `{}`", path.display()), why)
}

/// SQLite gives its side files the permissions of the database, so that one is made first.
fn make_private(path: &Path) -> Result<(), StoreError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(io_fault("open the store", path))
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "trusted_schema", false)?;
    // Neither another folder nor another descriptor is needed in the middle of a transaction.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(outer: &Path) -> SqliteStore {
        let folder = DataFolder::open(&outer.join("data")).unwrap();
        SqliteStore::open(folder, &KeySource::DataFolder).unwrap()
    }

    #[test]
    fn a_commit_is_synced_before_it_is_acknowledged() {
        let outer = tempfile::tempdir().unwrap();
        let store = store(outer.path());
        let pragma = |name: &str| -> String {
            let text = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
            let read = |row: &rusqlite::Row<'_>| row.get(0);
            store.connection.query_row(&text, [], read).unwrap()
        };
        let full = "2";
        assert_eq!(pragma("synchronous"), full);
        assert_eq!(pragma("journal_mode"), "wal");
        assert_eq!(pragma("foreign_keys"), "1");
    }

    #[test]
    fn nothing_is_left_in_the_file_of_what_was_deleted() {
        let outer = tempfile::tempdir().unwrap();
        let store = store(outer.path());
        let run = |text: &str| store.connection.execute_batch(text).unwrap();
        let is_there = || {
            run("PRAGMA wal_checkpoint(TRUNCATE)");
            let file = std::fs::read(store.folder.path().join(DATABASE)).unwrap();
            file.windows(6).any(|bytes| bytes == b"hidden")
        };
        run("CREATE TABLE probe(word TEXT)");
        run("INSERT INTO probe SELECT 'hid' || 'den' FROM sqlite_schema");
        assert!(is_there());
        run("DELETE FROM probe");
        assert!(!is_there());
    }
}
