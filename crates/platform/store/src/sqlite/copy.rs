//! A copy of the database as it is at one moment, taken beside the process that writes it.

use std::{fs::File, path::Path};

use rusqlite::{Connection, OpenFlags, params};

use super::{check, connect, load, named, schema};
use crate::{DATABASE, Loaded, StoreError, folder::io_fault};

/// What a data folder's database holds, without changing anything, whoever writes it meanwhile.
///
/// # Errors
/// When it cannot be read, is newer than this program, or damaged.
pub fn peek(data: &Path) -> Result<Loaded, StoreError> {
    let path = data.join(DATABASE);
    let db = read_only(&path)?;
    check(&db, &path)?;
    load::load(&db)
}

fn read_only(path: &Path) -> Result<Connection, StoreError> {
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|fault| named(fault, path))?;
    schema::known(&db, path)?;
    Ok(db)
}

/// Copies the database of a data folder to a file that is not there yet, and tells what the copy
/// holds.
///
/// The copy is one transaction's view: whoever writes goes on meanwhile. It has no pages that
/// were freed, so that nothing of what was deleted is in it. Sealed values, passwords and secrets of
/// authenticator apps among them, are left out unless `sealed` says otherwise.
///
/// # Errors
/// When the database cannot be read, is newer than this program or damaged, or the copy cannot
/// be written.
pub fn copy(data: &Path, to: &Path, sealed: bool) -> Result<Loaded, StoreError> {
    let path = data.join(DATABASE);
    let from = read_only(&path)?;
    super::make_private(to)?;
    from.execute("VACUUM INTO ?1", params![to.to_string_lossy()])
        .map_err(|fault| named(fault.into(), &path))?;
    drop(from);
    let copy = connect(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if !sealed {
        copy.execute_batch("DELETE FROM sealed; DELETE FROM factor_secrets; VACUUM;")?;
    }
    check(&copy, to)?;
    let loaded = load::load(&copy)?;
    drop(copy);
    let synced = File::open(to).and_then(|file| file.sync_all());
    synced.map_err(io_fault("sync", to))?;
    Ok(loaded)
}
