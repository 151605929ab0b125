//! Groups, as far as mapped ones can lead to them.

use super::{GROUPS_MAX, Kept, Pages, range};
use crate::{
    fault::DirectoryFault,
    filter::Filter,
    message::{Entry, ResultCode, Scope, Search},
    reading::{Reading, group},
    session::Session,
    settings::{GroupMatch, Groups, Settings},
};

/// What is made of what is read.
struct Taking<'r> {
    groups: &'r Groups,
    reading: &'r mut Reading,
    kept: Kept,
    /// Groups of whose members there are more.
    partial: Vec<Entry>,
}

/// Reads groups; so many bytes were read before, and this is kept. What is kept by then.
pub(super) async fn read(
    session: &mut Session,
    settings: &Settings,
    reading: &mut Reading,
    (bytes, kept): (usize, Kept),
) -> Result<Kept, DirectoryFault> {
    let groups = &settings.groups;
    let mut taking = Taking {
        groups,
        reading,
        kept,
        partial: Vec::new(),
    };
    let mut pages = Pages::new(settings.page_size, GROUPS_MAX, "groups").after(bytes);
    if let Some(search) = below_base(groups) {
        pages
            .read(&mut session.connection, &search, |entry| taking.take(entry))
            .await?;
        taking.complete(session).await?;
    }
    for base in by_name(groups, taking.reading) {
        elsewhere(session, &mut pages, &base, &mut taking).await?;
    }
    taking.reading.elsewhere.groups = pages.references();
    Ok(taking.kept)
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
    taking: &mut Taking<'_>,
) -> Result<(), DirectoryFault> {
    let groups = taking.groups;
    let search = search(groups, base.to_owned(), Scope::Base, groups.filter.clone());
    match pages
        .read(&mut session.connection, &search, |entry| taking.take(entry))
        .await
    {
        Err(DirectoryFault::Refused { code, .. }) if code == ResultCode::NO_SUCH_OBJECT.0 => {}
        other => other?,
    }
    taking.complete(session).await
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

impl Taking<'_> {
    fn take(&mut self, mut entry: Entry) -> Result<(), DirectoryFault> {
        self.kept.entry(&entry)?;
        if range::is_partial(&entry) {
            self.kept.add(entry.size())?;
            self.partial.push(entry);
            return Ok(());
        }
        range::joined(&mut entry);
        self.read(&entry)
    }

    async fn complete(&mut self, session: &mut Session) -> Result<(), DirectoryFault> {
        for mut entry in std::mem::take(&mut self.partial) {
            range::complete(session, &mut entry, &mut self.kept).await?;
            self.read(&entry)?;
        }
        Ok(())
    }

    fn read(&mut self, entry: &Entry) -> Result<(), DirectoryFault> {
        let group = group(entry, self.groups, &mut self.kept)?;
        self.reading.groups.extend(group);
        Ok(())
    }
}
