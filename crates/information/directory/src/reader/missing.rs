//! Who was expected and is not in the pages: gone, or only moved between two of them?

use std::{collections::BTreeSet, sync::Arc};

use super::{Kept, people, take};
use crate::{
    fault::DirectoryFault, filter::Filter, message::ResultCode, reading::Reading, session::Session,
    settings::Settings, unique_id,
};

/// So many are asked for at once.
const ASKED_AT_ONCE: usize = 50;

/// Asks for each of them; who is there is added. Whether there was one.
pub(super) async fn confirm(
    session: &mut Session,
    settings: &Settings,
    expected: &BTreeSet<Arc<str>>,
    (reading, kept): (&mut Reading, &mut Kept),
) -> Result<bool, DirectoryFault> {
    let here: BTreeSet<Arc<str>> = reading.people.iter().map(|one| one.id.clone()).collect();
    let before = reading.people.len();
    let missing: Vec<&Arc<str>> = expected.difference(&here).collect();
    for some in missing.chunks(ASKED_AT_ONCE) {
        let Some(filter) = having(settings, some) else {
            continue;
        };
        let mut search = people(&settings.people);
        search.filter = search.filter.and(filter);
        let mut came = 0;
        let found = session.connection.search(&search, &[], |entry| {
            came += 1;
            // Whoever answers with others than were asked for answers without an end.
            if came > 2 * ASKED_AT_ONCE {
                return Err(DirectoryFault::Misbehaves(
                    "more than was asked for".to_owned(),
                ));
            }
            take(&entry, &settings.people, reading, kept)
        });
        let found = found.await?;
        if found.outcome.code != ResultCode::SUCCESS {
            return Err(DirectoryFault::of_search(&search.base, &found.outcome));
        }
        let elsewhere = &mut reading.elsewhere.people;
        *elsewhere = found.references.max(*elsewhere);
    }
    let mut known = here;
    reading.people.retain({
        let mut place = 0;
        move |one| {
            place += 1;
            place <= before || known.insert(one.id.clone())
        }
    });
    Ok(reading.people.len() > before)
}

fn having(settings: &Settings, ids: &[&Arc<str>]) -> Option<Filter> {
    let attribute = &settings.people.unique_id;
    let sought = ids
        .iter()
        .filter_map(|id| unique_id::sought(id, attribute.form));
    let filters: Vec<_> = sought
        .map(|value| Filter::equal(&attribute.name, &value))
        .collect();
    (!filters.is_empty()).then(|| Filter::any(filters))
}
