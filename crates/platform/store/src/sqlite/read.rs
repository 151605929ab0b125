//! The reading side: a few read-only connections, taken for one call each.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use gw_model::{Epoch, Timestamp, TokenHash, UserId};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use super::{connect, factor_secrets, factors, kept, links, once, stream};
use crate::{
    ChangesSince, FactorSecret, Kept, LinkState, PasskeyRow, PolicyRevision, Read, RecoverySet,
    Secret, StoreError, StoredTransaction, seal::Sealer,
};

/// How many idle connections are kept open.
const IDLE_MAX: usize = 4;

pub(super) struct SqliteReader {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    sealer: Arc<Sealer>,
}

impl SqliteReader {
    pub(super) const fn new(path: PathBuf, sealer: Arc<Sealer>) -> Self {
        Self {
            path,
            idle: Mutex::new(Vec::new()),
            sealer,
        }
    }

    /// Opens one sealed value, if there is any, so that a wrong key is found out at the start.
    pub(super) fn try_key(&self) -> Result<(), StoreError> {
        if let Some(name) = self.sealed_names()?.first() {
            self.sealed(name)?;
        }
        Ok(())
    }

    fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = idle().pop();
        let connection = match taken {
            Some(connection) => connection,
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        // One transaction, so that several statements see the same state.
        let view = connection.unchecked_transaction()?;
        let found = read(&view)?;
        view.finish()?;
        let mut idle = idle();
        if idle.len() < IDLE_MAX {
            idle.push(connection);
        }
        Ok(found)
    }
}

impl Read for SqliteReader {
    fn link(&self, hash: &TokenHash) -> Result<Option<LinkState>, StoreError> {
        self.with(|db| links::find(db, hash))
    }

    fn links_of(&self, user: UserId) -> Result<Vec<LinkState>, StoreError> {
        self.with(|db| links::of_user(db, user))
    }

    fn once(
        &self,
        purpose: &str,
        hash: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<Secret<Vec<u8>>>, StoreError> {
        self.with(|db| Ok(once::find(db, purpose, hash, now)?.ok()))
    }

    fn kept(&self, kind: &str, hash: &TokenHash) -> Result<Option<Kept>, StoreError> {
        self.with(|db| kept::find(db, kind, hash))
    }

    fn kept_of(&self, kind: &str, owner: UserId) -> Result<Vec<Kept>, StoreError> {
        self.with(|db| kept::of_owner(db, kind, owner))
    }

    fn kept_of_nobody(&self, kind: &str) -> Result<Vec<Kept>, StoreError> {
        self.with(|db| kept::of_nobody(db, kind))
    }

    fn passkeys_of(&self, user: UserId) -> Result<Vec<PasskeyRow>, StoreError> {
        self.with(|db| factors::passkeys_of(db, user))
    }

    fn passkey(&self, credential_id: &[u8]) -> Result<Option<PasskeyRow>, StoreError> {
        self.with(|db| factors::passkey(db, credential_id))
    }

    fn recovery_of(&self, user: UserId) -> Result<Vec<RecoverySet>, StoreError> {
        self.with(|db| factors::recovery_of(db, user))
    }

    fn factor_secrets_of(&self, user: UserId) -> Result<Vec<FactorSecret>, StoreError> {
        self.with(|db| factor_secrets::of_user(db, &self.sealer, user))
    }

    fn sealed(&self, name: &str) -> Result<Option<Secret<Vec<u8>>>, StoreError> {
        let sealed: Option<Vec<u8>> = self.with(|db| {
            Ok(db
                .prepare_cached("SELECT bytes FROM sealed WHERE name = ?1")?
                .query_row(params![name], |row| row.get(0))
                .optional()?)
        })?;
        sealed
            .map(|bytes| self.sealer.open_sealed(name, &bytes))
            .transpose()
    }

    fn sealed_names(&self) -> Result<Vec<String>, StoreError> {
        self.with(|db| {
            db.prepare_cached("SELECT name FROM sealed ORDER BY name")?
                .query_map([], |row| row.get(0))?
                .map(|name| Ok(name?))
                .collect()
        })
    }

    fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.with(|db| {
            Ok(db
                .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
                .query_row(params![key], |row| row.get(0))
                .optional()?)
        })
    }

    fn changes_since(&self, epoch: Epoch) -> Result<ChangesSince, StoreError> {
        self.with(|db| stream::since(db, epoch))
    }

    fn each_kept(&self, tell: &mut dyn FnMut(StoredTransaction)) -> Result<(), StoreError> {
        self.with(|db| stream::each_kept(db, tell))
    }

    fn policy_history(&self) -> Result<Vec<PolicyRevision>, StoreError> {
        self.with(stream::policy_history)
    }
}
