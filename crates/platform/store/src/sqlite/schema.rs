//! The database's form: numbered migrations, each recorded with its hash and the release that
//! applied it, so that neither an altered nor a newer store is opened by mistake.

use std::path::Path;

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, TransactionBehavior, params};

use crate::StoreError;

/// Marks the file as ours: "GWst".
const APPLICATION_ID: i64 = 0x4757_7374;

const MIGRATIONS: &[(u32, &str)] = &[
    (1, include_str!("../../migrations/0001-facts.sql")),
    (2, include_str!("../../migrations/0002-links-within.sql")),
    (
        3,
        include_str!("../../migrations/0003-policies-proposed.sql"),
    ),
    (4, include_str!("../../migrations/0004-kept.sql")),
    (5, include_str!("../../migrations/0005-factor-secrets.sql")),
    (6, include_str!("../../migrations/0006-kept-of-nobody.sql")),
];

pub(super) fn prepare(db: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let fresh = ours(db).map_err(|fault| {
        if fault.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
            StoreError::Foreign(path.into())
        } else {
            fault.into()
        }
    })?;
    match fresh {
        Some(true) => begin(db)?,
        Some(false) => {}
        None => return Err(StoreError::Foreign(path.into())),
    }
    refuse_newer(db, path)?;
    for (number, text) in MIGRATIONS {
        migrate(db, path, *number, text)?;
    }
    Ok(())
}

/// That the database is ours and of a form that is known, without changing it.
pub(super) fn known(db: &Connection, path: &Path) -> Result<(), StoreError> {
    match ours(db)? {
        Some(false) => refuse_newer(db, path),
        _ => Err(StoreError::Foreign(path.into())),
    }
}

/// Whether the database is new (`true`) or ours (`false`), if either.
fn ours(db: &Connection) -> rusqlite::Result<Option<bool>> {
    let id: i64 = db.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (id, tables) {
        (0, 0) => Some(true),
        (APPLICATION_ID, _) => Some(false),
        _ => None,
    })
}

fn begin(db: &mut Connection) -> Result<(), StoreError> {
    let all = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    all.pragma_update(None, "application_id", APPLICATION_ID)?;
    all.execute_batch(
        "CREATE TABLE migrations (
             number     INTEGER PRIMARY KEY,
             sha256     TEXT NOT NULL,
             written_by TEXT NOT NULL
         ) STRICT",
    )?;
    Ok(all.commit()?)
}

fn refuse_newer(db: &Connection, path: &Path) -> Result<(), StoreError> {
    let known = MIGRATIONS.last().map_or(0, |(number, _)| *number);
    let newest: Option<(u32, String)> = db
        .query_row(
            "SELECT number, written_by FROM migrations ORDER BY number DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    match newest {
        Some((version, written_by)) if version > known => Err(StoreError::Newer {
            path: path.into(),
            version,
            written_by,
            known,
        }),
        _ => Ok(()),
    }
}

fn migrate(db: &mut Connection, path: &Path, number: u32, text: &str) -> Result<(), StoreError> {
    let ours = HEXLOWER.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    let all = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let applied: Option<String> = all
        .query_row(
            "SELECT sha256 FROM migrations WHERE number = ?1",
            [number],
            |row| row.get(0),
        )
        .optional()?;
    match applied {
        Some(theirs) if theirs == ours => return Ok(()),
        Some(_) => {
            return Err(StoreError::MigrationAltered {
                path: path.into(),
                number,
            });
        }
        None => {}
    }
    all.execute_batch(text)?;
    all.execute(
        "INSERT INTO migrations VALUES (?1, ?2, ?3)",
        params![number, ours, env!("CARGO_PKG_VERSION")],
    )?;
    Ok(all.commit()?)
}
