//! A directory read whole: its people and groups as they are at one time.
//!
//! Pages are no snapshot. So a server's own mark of changes is looked at before and after, and where
//! it moved, the directory is read again; and nobody is taken for gone who is only missing in the
//! pages: each of them is asked for by name of their unique id.

mod groups;
mod kept;
mod marker;
mod missing;
mod pages;
mod range;

use std::{collections::BTreeSet, sync::Arc};

use tokio::time::timeout;

pub(crate) use self::{
    groups::search as group_search,
    kept::Kept,
    marker::{Marker, context_marker, marker},
    pages::Pages,
};
use crate::{
    fault::DirectoryFault,
    message::{Entry, Search},
    reading::{Reading, person},
    session::Session,
    settings::{People, Settings},
};

/// The most people of a directory.
pub const PEOPLE_MAX: usize = 250_000;
/// The most groups that are looked at.
pub const GROUPS_MAX: usize = 50_000;
/// The most that is read of a directory at once, in bytes; and the most that is kept of that, in the
/// form in which names are compared.
pub const READING_BYTES_MAX: usize = 1 << 30;
/// The most entries that are told of because nobody can be made of them.
pub const UNUSABLE_MAX: usize = 1000;
/// So often is it read again because it changed meanwhile.
const ATTEMPTS: usize = 3;

/// A reading, and how it came about.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) reading: Reading,
    /// Whether nothing changed meanwhile, as far as can be known.
    pub(crate) is_settled: bool,
}

/// Reads a directory; of `expected`, nobody is left out without having been asked for.
///
/// # Errors
/// Where it cannot be read to its end within the bounds: there are no halves.
pub(crate) async fn read(
    session: &mut Session,
    settings: &Settings,
    expected: &BTreeSet<Arc<str>>,
) -> Result<Read, DirectoryFault> {
    let patience = settings.timing.reading;
    let reading = settled(session, settings, expected);
    match timeout(patience, reading).await {
        Ok(read) => read,
        Err(_) => Err(DirectoryFault::Slow(patience)),
    }
}

async fn settled(
    session: &mut Session,
    settings: &Settings,
    expected: &BTreeSet<Arc<str>>,
) -> Result<Read, DirectoryFault> {
    let mut before = marker(session, settings).await?;
    let mut attempt = 1;
    loop {
        let mut read = once(session, settings, expected).await?;
        let after = marker(session, settings).await?;
        read.is_settled &= before == after;
        if read.is_settled || attempt == ATTEMPTS {
            return Ok(read);
        }
        (before, attempt) = (after, attempt + 1);
    }
}

async fn once(
    session: &mut Session,
    settings: &Settings,
    expected: &BTreeSet<Arc<str>>,
) -> Result<Read, DirectoryFault> {
    let mut reading = Reading::default();
    let mut kept = Kept::default();
    let mut pages = Pages::new(settings.page_size, PEOPLE_MAX, "people");
    let search = people(&settings.people);
    pages
        .read(&mut session.connection, &search, |entry| {
            take(&entry, &settings.people, &mut reading, &mut kept)
        })
        .await?;
    reading.elsewhere.people = pages.references();
    let mut kept = groups::read(session, settings, &mut reading, (pages.bytes(), kept)).await?;
    let missed = missing::confirm(session, settings, expected, (&mut reading, &mut kept)).await?;
    Ok(Read {
        reading,
        is_settled: !pages.had_twice() && !missed,
    })
}

/// All people, with what is known of them.
pub(crate) fn people(people: &People) -> Search {
    let mut attributes = vec![&people.unique_id.name, &people.name, &people.display_name];
    attributes.extend(&people.email);
    attributes.extend(&people.member_of);
    let mut attributes: Vec<String> = attributes.into_iter().cloned().collect();
    attributes.extend(people.disabled.iter().map(|by| by.attribute().to_owned()));
    attributes.sort_unstable();
    attributes.dedup();
    Search {
        base: people.base.to_string(),
        scope: people.scope,
        size_limit: 0,
        filter: people.filter.clone(),
        attributes,
    }
}

fn take(
    entry: &Entry,
    people: &People,
    reading: &mut Reading,
    kept: &mut Kept,
) -> Result<(), DirectoryFault> {
    kept.entry(entry)?;
    match person(entry, people) {
        Ok(one) => {
            kept.person(&one)?;
            reading.people.push(one);
        }
        Err(unusable) if reading.unusable.len() < UNUSABLE_MAX => reading.unusable.push(unusable),
        Err(_) => {}
    }
    Ok(())
}
