//! What a server moves with every change.

use crate::{
    dn::Dn,
    fault::DirectoryFault,
    message::Entry,
    session::{Session, one},
    settings::Settings,
};

/// The most values, and the longest, that a mark has: one for each server that may write.
const VALUES_MAX: usize = 64;
const VALUE_BYTES_MAX: usize = 256;

/// What a server moves with every change. Where it has nothing like it, two marks are always
/// equal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Marker(Vec<String>);

impl Marker {
    /// The number that Active Directory counts its changes with.
    pub(crate) fn number(&self) -> Option<u64> {
        self.0.first()?.parse().ok()
    }

    /// A cookie with which changes are told from here on, as OpenLDAP makes them.
    pub(crate) fn cookie(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| format!("rid=000,csn={}", self.0.join(";")))
    }

    fn of(entry: &Entry, attribute: &str) -> Self {
        let values = entry.values(attribute).iter().take(VALUES_MAX);
        let short = values.filter(|value| value.len() <= VALUE_BYTES_MAX);
        let texts = short.filter_map(|value| std::str::from_utf8(value).ok());
        let mut texts: Vec<_> = texts.map(str::to_owned).collect();
        texts.sort_unstable();
        Self(texts)
    }
}

/// The mark of the people's and the groups' server.
pub(crate) async fn marker(
    session: &mut Session,
    settings: &Settings,
) -> Result<Marker, DirectoryFault> {
    if session.root.is_active_directory {
        return read(session, "", "highestCommittedUSN").await;
    }
    let mut marks = Vec::new();
    for base in [&settings.people.base, &settings.groups.base] {
        marks.extend(context_marker(session, base).await?.0);
    }
    Ok(Marker(marks))
}

/// The mark of what holds a base, in OpenLDAP's way.
pub(crate) async fn context_marker(
    session: &mut Session,
    base: &Dn,
) -> Result<Marker, DirectoryFault> {
    match session.root.context_of(base).map(ToString::to_string) {
        Some(context) if session.root.has_sync => read(session, &context, "contextCSN").await,
        _ => Ok(Marker::default()),
    }
}

async fn read(
    session: &mut Session,
    base: &str,
    attribute: &str,
) -> Result<Marker, DirectoryFault> {
    let mut found = Marker::default();
    let search = one(base, &[attribute]);
    session
        .connection
        .search(&search, &[], |entry| {
            found = Marker::of(&entry, attribute);
            Ok(())
        })
        .await?;
    Ok(found)
}
