//! What was found so far: all of it is counted, and what is on the wanted page is kept.

use serde_json::{Map, Value};

use crate::{
    filter::instant,
    id::{ResourceId, ResourceKind},
    path::Place,
    query::Sort,
    refusal::Refusal,
    schema::Type,
    text::Folded,
};

/// A resource that was asked for.
pub(super) struct Hit {
    pub(super) kind: ResourceKind,
    pub(super) id: ResourceId,
    /// Without members of groups, perhaps; none where it is to be read.
    pub(super) form: Option<Map<String, Value>>,
}

/// An order of resources: RFC 7644, section 3.4.2.3.
pub(super) struct Order {
    sort: Sort,
}

/// What resources are ordered by. What has no value comes last.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Boolean(bool),
    Instant(i64),
    Text(Box<str>),
    None,
}

pub(super) struct Gathered {
    pub(super) total: usize,
    from: usize,
    count: usize,
    order: Option<Order>,
    hits: Vec<(Key, Hit)>,
}

impl Order {
    /// The order that is wanted of resources of a kind, or of all.
    pub(super) fn of(
        sort: Option<Sort>,
        kind: Option<ResourceKind>,
    ) -> Result<Option<Self>, Refusal> {
        let Some(sort) = sort else {
            return Ok(None);
        };
        let known = ResourceKind::ALL
            .into_iter()
            .filter(|one| kind.is_none_or(|kind| kind == *one))
            .filter_map(|kind| Place::of(&sort.by, kind))
            .any(|place| place.leaf().is_some());
        match known {
            true => Ok(Some(Self { sort })),
            false => Err(Refusal::bad(
                "invalidPath",
                format!(
                    "`sortBy`: `{}` is no attribute that resources here can be in order of",
                    sort.by
                ),
            )),
        }
    }

    fn key(&self, kind: ResourceKind, form: &Map<String, Value>) -> Key {
        self.value(kind, form).unwrap_or(Key::None)
    }

    fn value(&self, kind: ResourceKind, form: &Map<String, Value>) -> Option<Key> {
        let place = Place::of(&self.sort.by, kind)?;
        let leaf = place.leaf()?;
        let is_primary = |value: &&Value| value.get("primary") == Some(&Value::Bool(true));
        let primary = place.values(form).find(is_primary);
        let value = primary.or_else(|| place.values(form).next())?;
        let value = match place.attribute.is_complex() {
            true => value.get(leaf.name)?,
            false => value,
        };
        match (leaf.value, value) {
            (_, Value::Bool(value)) => Some(Key::Boolean(*value)),
            (Type::Instant, Value::String(text)) => instant(text).map(Key::Instant),
            (_, Value::String(text)) if leaf.is_case_exact => Some(Key::Text(text.as_str().into())),
            (_, Value::String(text)) => Some(Key::Text(Folded::of(text).as_str().into())),
            _ => None,
        }
    }
}

impl Gathered {
    pub(super) const fn new(from: usize, count: usize, order: Option<Order>) -> Self {
        Self {
            total: 0,
            from,
            count,
            order,
            hits: Vec::new(),
        }
    }

    pub(super) const fn is_ordered(&self) -> bool {
        self.order.is_some()
    }

    /// Which of the resources that come next are wanted: from which on, and how many.
    pub(super) fn wanted(&self) -> (usize, usize) {
        let from = self.from.saturating_sub(self.total);
        (from, self.count.saturating_sub(self.hits.len()))
    }

    pub(super) fn take_page(
        &mut self,
        kind: ResourceKind,
        total: usize,
        forms: Vec<Map<String, Value>>,
    ) {
        self.total = self.total.saturating_add(total);
        for form in forms {
            self.keep(Key::None, kind, form, true);
        }
    }

    pub(super) fn take(&mut self, kind: ResourceKind, form: Map<String, Value>) {
        let at = self.total;
        self.total += 1;
        match &self.order {
            Some(order) => {
                let key = order.key(kind, &form);
                self.keep(key, kind, form, false);
            }
            None if at >= self.from && self.hits.len() < self.count => {
                self.keep(Key::None, kind, form, true);
            }
            None => {}
        }
    }

    fn keep(&mut self, key: Key, kind: ResourceKind, form: Map<String, Value>, is_whole: bool) {
        let id = form.get("id").and_then(Value::as_str);
        let Some(Ok(id)) = id.map(str::parse) else {
            return;
        };
        let form = is_whole.then_some(form);
        self.hits.push((key, Hit { kind, id, form }));
    }

    /// The hits of the page, in order.
    pub(super) fn into_hits(mut self) -> Vec<Hit> {
        let Some(order) = self.order else {
            return self.hits.into_iter().map(|(_, hit)| hit).collect();
        };
        match order.sort.is_descending {
            true => self.hits.sort_by(|(a, _), (b, _)| b.cmp(a)),
            false => self.hits.sort_by(|(a, _), (b, _)| a.cmp(b)),
        }
        let hits = self.hits.into_iter().skip(self.from).take(self.count);
        hits.map(|(_, hit)| hit).collect()
    }
}
