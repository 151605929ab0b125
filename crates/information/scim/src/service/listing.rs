//! Many resources: RFC 7644, sections 3.4.2 and 3.4.3.
//!
//! What has an index is looked up; pages of everything are read as pages; only what is left, a
//! filter without an index or an order, looks at all resources, and then holds of each no more than
//! its id and what it is sorted by.

mod gathered;

use serde_json::{Map, Value, json};

use self::gathered::{Gathered, Hit, Order};
use super::Service;
use crate::{
    answer::Answer,
    directory::{Directory, Members, ReadFault},
    filter::{Compiled, IndexTerm, indexed},
    id::{ResourceId, ResourceKind},
    query::Query,
    refusal::Refusal,
    resource::Locations,
};

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// How many resources are looked at, where all are, before others have a turn.
const SCAN_PAGE: usize = 250;

impl Service {
    pub(super) async fn list<D: Directory>(
        &self,
        directory: &D,
        kind: Option<ResourceKind>,
        mut query: Query,
    ) -> Result<Answer, Refusal> {
        let most = self.settings.page_max;
        let count = query.count.unwrap_or(most).min(most);
        let order = Order::of(query.sort.take(), kind)?;
        let mut gathered = Gathered::new(query.from, count, order);
        let reader = Reader {
            directory,
            locations: self.locations(),
        };
        let kinds = ResourceKind::ALL.into_iter();
        let kinds: Vec<_> = kinds
            .filter(|one| kind.is_none_or(|kind| kind == *one))
            .collect();
        for kind in kinds {
            reader.gather(&mut gathered, kind, &query).await?;
        }
        let total = gathered.total;
        let resources = self.shown(&reader, gathered.into_hits(), &query).await?;
        Ok(Answer::of(json!({
            "schemas": [LIST],
            "totalResults": total,
            "startIndex": query.from.saturating_add(1),
            "itemsPerPage": resources.len(),
            "Resources": resources,
        })))
    }

    /// The hits as they are answered; fewer where groups would list too many members.
    async fn shown<D: Directory>(
        &self,
        reader: &Reader<'_, D>,
        hits: Vec<Hit>,
        query: &Query,
    ) -> Result<Vec<Value>, ReadFault> {
        let mut shown = Vec::with_capacity(hits.len());
        let mut listed: usize = 0;
        for hit in hits {
            let has_members = hit.kind == ResourceKind::Group;
            let form = match hit.form {
                Some(form) if !(has_members && query.projection.wants(hit.kind, "members")) => form,
                _ => match reader.one(hit.kind, &hit.id, Members::Wanted).await? {
                    Some(form) => form,
                    None => continue,
                },
            };
            let members = form.get("members").and_then(Value::as_array);
            listed = listed.saturating_add(members.map_or(0, Vec::len));
            if listed > self.settings.listed_members_max && !shown.is_empty() {
                break;
            }
            shown.push(Value::Object(query.projection.applied(hit.kind, form)));
        }
        Ok(shown)
    }
}

/// Reads resources of either kind in the form that filters work on.
struct Reader<'r, D> {
    directory: &'r D,
    locations: Locations<'r>,
}

impl<D: Directory> Reader<'_, D> {
    async fn gather(
        &self,
        gathered: &mut Gathered,
        kind: ResourceKind,
        query: &Query,
    ) -> Result<(), Refusal> {
        let Some(filter) = query.filter.clone() else {
            match gathered.is_ordered() {
                true => self.scan(gathered, kind, None, Members::Left).await?,
                false => self.page(gathered, kind).await?,
            }
            return Ok(());
        };
        // The whole is checked, also where a part of it never comes to be asked.
        Compiled::of(&filter, kind)?;
        let (terms, rest) = indexed(filter, kind);
        let members = match rest.as_ref().is_some_and(|rest| rest.mentions("members")) {
            true => Members::Wanted,
            false => Members::Left,
        };
        let rest = rest.map(|rest| Compiled::of(&rest, kind)).transpose()?;
        match terms.is_empty() {
            true => self.scan(gathered, kind, rest.as_ref(), members).await?,
            false => {
                self.look_up(gathered, kind, &terms, rest.as_ref(), members)
                    .await?;
            }
        }
        Ok(())
    }

    async fn page(&self, gathered: &mut Gathered, kind: ResourceKind) -> Result<(), ReadFault> {
        let (from, count) = gathered.wanted();
        let (total, forms) = self.some(kind, from, count, Members::Left).await?;
        gathered.take_page(kind, total, forms);
        Ok(())
    }

    async fn scan(
        &self,
        gathered: &mut Gathered,
        kind: ResourceKind,
        filter: Option<&Compiled>,
        members: Members,
    ) -> Result<(), ReadFault> {
        let mut from = 0;
        loop {
            let (total, forms) = self.some(kind, from, SCAN_PAGE, members).await?;
            let read = forms.len();
            for form in forms {
                if filter.is_none_or(|filter| filter.holds(&form)) {
                    gathered.take(kind, form);
                }
            }
            from += read;
            if read == 0 || from >= total {
                return Ok(());
            }
            yield_now().await;
        }
    }

    async fn look_up(
        &self,
        gathered: &mut Gathered,
        kind: ResourceKind,
        terms: &[IndexTerm],
        filter: Option<&Compiled>,
        members: Members,
    ) -> Result<(), ReadFault> {
        for id in self.found(kind, terms).await? {
            if let Some(form) = self.one(kind, &id, members).await?
                && filter.is_none_or(|filter| filter.holds(&form))
            {
                gathered.take(kind, form);
            }
        }
        Ok(())
    }

    /// The ids for which all of it holds.
    async fn found(
        &self,
        kind: ResourceKind,
        terms: &[IndexTerm],
    ) -> Result<Vec<ResourceId>, ReadFault> {
        let mut found: Option<Vec<ResourceId>> = None;
        for term in terms {
            let ids = match (term, kind) {
                (IndexTerm::Id(id), _) => vec![id.clone()],
                (IndexTerm::User(by), ResourceKind::User) => self.directory.find_users(by).await?,
                (IndexTerm::Group(by), ResourceKind::Group) => {
                    self.directory.find_groups(by).await?
                }
                _ => Vec::new(),
            };
            found = Some(match found {
                None => ids,
                Some(before) => both(before, ids),
            });
        }
        Ok(found.unwrap_or_default())
    }

    async fn one(
        &self,
        kind: ResourceKind,
        id: &ResourceId,
        members: Members,
    ) -> Result<Option<Map<String, Value>>, ReadFault> {
        Ok(match kind {
            ResourceKind::User => {
                let stored = self.directory.user(id).await?;
                stored.map(|stored| self.locations.user(&stored))
            }
            ResourceKind::Group => {
                let stored = self.directory.group(id, members).await?;
                stored.map(|stored| self.locations.group(&stored))
            }
        })
    }

    async fn some(
        &self,
        kind: ResourceKind,
        from: usize,
        count: usize,
        members: Members,
    ) -> Result<(usize, Vec<Map<String, Value>>), ReadFault> {
        Ok(match kind {
            ResourceKind::User => {
                let page = self.directory.users(from, count).await?;
                let shown = page.items.iter().map(|stored| self.locations.user(stored));
                (page.total, shown.collect())
            }
            ResourceKind::Group => {
                let page = self.directory.groups(from, count, members).await?;
                let shown = page.items.iter().map(|stored| self.locations.group(stored));
                (page.total, shown.collect())
            }
        })
    }
}

/// Lets others have their turn: a directory in memory never waits by itself.
async fn yield_now() {
    let mut is_over = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut is_over, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

/// Those that are in both.
fn both(first: Vec<ResourceId>, second: Vec<ResourceId>) -> Vec<ResourceId> {
    let second: std::collections::HashSet<_> = second.into_iter().collect();
    first.into_iter().filter(|id| second.contains(id)).collect()
}
