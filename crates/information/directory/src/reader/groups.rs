//! Groups, as far as mapped ones can lead to them.

use super::{GROUPS_MAX, Pages, range};
use crate::{
    fault::DirectoryFault,
    filter::Filter,
    message::{Entry, ResultCode, Scope, Search},
    reading::{Reading, group},
    session::Session,
    settings::{GroupMatch, Groups, Settings},
};

/// Reads groups; so many bytes were read before. Places elsewhere that were named.
pub(super) async fn read(
    session: &mut Session,
    settings: &Settings,
    reading: &mut Reading,
    bytes: usize,
) -> Result<usize, DirectoryFault> {
    let groups = &settings.groups;
    let mut pages = Pages::new(settings.page_size, GROUPS_MAX, "groups").after(bytes);
    if let Some(search) = below_base(groups) {
        let mut partial = Vec::new();
        let mut each = |entry| take(entry, groups, reading, &mut partial);
        pages
            .read(&mut session.connection, &search, &mut each)
            .await?;
        complete(session, partial, groups, reading).await?;
    }
    for base in by_name(groups, reading) {
        elsewhere(session, &mut pages, &base, groups, reading).await?;
    }
    Ok(pages.references())
}

/// Where groups are followed into one another, any may be led to; else only what is mapped.
fn below_base(groups: &Groups) -> Option<Search> {
    let names = groups
        .mapped
        .iter()
        .filter_map(|mapped| match &mapped.there {
            GroupMatch::Name(name) => Some(Filter::equal(&groups.name, name.as_bytes())),
            GroupMatch::Dn(_) => None,
        });
    let names: Vec<_> = names.collect();
    let follows = groups.nesting > 0 && !groups.members.is_empty();
    let filter = match (follows, names.is_empty()) {
        _ if groups.mapped.is_empty() => return None,
        (true, _) => groups.filter.clone(),
        (false, true) => return None,
        (false, false) => groups.filter.clone().and(Filter::any(names)),
    };
    Some(search(
        groups,
        groups.base.to_string(),
        groups.scope,
        filter,
    ))
}

/// Groups that are mapped by their distinguished name and were not met yet.
fn by_name(groups: &Groups, reading: &Reading) -> Vec<String> {
    let is_here = |dn: &crate::Dn| reading.groups.iter().any(|group| group.dn == *dn.key());
    let names = groups
        .mapped
        .iter()
        .filter_map(|mapped| match &mapped.there {
            GroupMatch::Dn(dn) if !is_here(dn) => Some(dn.to_string()),
            _ => None,
        });
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// One group by its name; that there is none is no fault here.
async fn elsewhere(
    session: &mut Session,
    pages: &mut Pages,
    base: &str,
    groups: &Groups,
    reading: &mut Reading,
) -> Result<(), DirectoryFault> {
    let search = search(groups, base.to_owned(), Scope::Base, groups.filter.clone());
    let mut partial = Vec::new();
    let mut each = |entry| take(entry, groups, reading, &mut partial);
    match pages
        .read(&mut session.connection, &search, &mut each)
        .await
    {
        Err(DirectoryFault::Refused { code, .. }) if code == ResultCode::NO_SUCH_OBJECT.0 => {}
        other => other?,
    }
    complete(session, partial, groups, reading).await
}

pub(crate) fn search(groups: &Groups, base: String, scope: Scope, filter: Filter) -> Search {
    let mut attributes = vec![groups.name.clone()];
    attributes.extend(
        groups
            .members
            .iter()
            .map(|member| member.attribute().to_owned()),
    );
    attributes.dedup();
    Search {
        base,
        scope,
        size_limit: 0,
        filter,
        attributes,
    }
}

fn take(
    mut entry: Entry,
    groups: &Groups,
    reading: &mut Reading,
    partial: &mut Vec<Entry>,
) -> Result<(), DirectoryFault> {
    if range::is_partial(&entry) {
        partial.push(entry);
        return Ok(());
    }
    range::joined(&mut entry);
    reading.groups.extend(group(&entry, groups));
    Ok(())
}

async fn complete(
    session: &mut Session,
    partial: Vec<Entry>,
    groups: &Groups,
    reading: &mut Reading,
) -> Result<(), DirectoryFault> {
    for mut entry in partial {
        range::complete(session, &mut entry).await?;
        reading.groups.extend(group(&entry, groups));
    }
    Ok(())
}
