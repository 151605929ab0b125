//! Changes that a server is asked for: Active Directory, which counts them.
//!
//! Its count moves with every change of anything, and an entry has the count of its last change. So
//! the count is asked for often, which costs next to nothing, and then whether a person or group was
//! among what changed: anywhere in the domain, since one that was moved away or deleted has its
//! change elsewhere.

use tokio::time::sleep;

use super::{Following, News};
use crate::{
    fault::DirectoryFault,
    filter::Filter,
    message::{Control, ResultCode, Scope, Search, show_deleted},
    reader::{Marker, marker},
    session::Session,
    settings::Settings,
};

pub(super) async fn follow(
    mut session: Session,
    settings: &Settings,
    news: &News,
) -> DirectoryFault {
    let mut mark = match marker(&mut session, settings).await {
        Ok(mark) => mark,
        Err(fault) => return fault,
    };
    news.begin(Following::Asked);
    loop {
        sleep(settings.timing.poll).await;
        match look(&mut session, settings, &mark).await {
            Ok((next, is_news)) => {
                mark = next;
                if is_news {
                    news.changed.notify_one();
                }
            }
            Err(fault) => return fault,
        }
    }
}

/// The count as it is now, and whether somebody is among what changed since.
async fn look(
    session: &mut Session,
    settings: &Settings,
    before: &Marker,
) -> Result<(Marker, bool), DirectoryFault> {
    let now = marker(session, settings).await?;
    if now == *before {
        return Ok((now, false));
    }
    let since = before.number().map(|number| number.saturating_add(1));
    let is_news = match since {
        // A count that cannot be read says nothing: it is looked, then.
        None => true,
        Some(since) => has_changed(session, settings, since).await?,
    };
    Ok((now, is_news))
}

async fn has_changed(
    session: &mut Session,
    settings: &Settings,
    since: u64,
) -> Result<bool, DirectoryFault> {
    let changed = Filter::at_least("uSNChanged", &since.to_string());
    let kinds = ["user", "group"].map(|kind| Filter::equal("objectClass", kind.as_bytes()));
    let base = session.root.domain.clone();
    let search = Search {
        base: base.unwrap_or_else(|| settings.people.base.to_string()),
        scope: Scope::Subtree,
        size_limit: 1,
        filter: Filter::any(kinds).and(changed),
        attributes: vec!["1.1".to_owned()],
    };
    match found(session, &search, &[show_deleted()]).await? {
        Some(is_one) => Ok(is_one),
        // Not everybody may see what was deleted.
        None => Ok(found(session, &search, &[]).await?.unwrap_or(true)),
    }
}

/// Whether there is one; nothing where the search is refused.
async fn found(
    session: &mut Session,
    search: &Search,
    controls: &[Control],
) -> Result<Option<bool>, DirectoryFault> {
    let mut is_one = false;
    let ended = session.connection.search(search, controls, |_| {
        is_one = true;
        Ok(())
    });
    let code = ended.await?.outcome.code;
    let is_fine = code == ResultCode::SUCCESS || code == ResultCode::SIZE_LIMIT;
    Ok(is_fine.then_some(is_one))
}
