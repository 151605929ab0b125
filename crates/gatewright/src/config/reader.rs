//! Reads a TOML document key by key and collects every fault instead of stopping at the first.
//!
//! A key that was never asked for is unknown, so the list of known keys is the code that reads
//! them and cannot fall out of step with it.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    asked::{Absent, Asked},
    fault::{Fault, Lines, Place},
};

/// The faults found so far in one text.
#[derive(Debug)]
pub(super) struct Faults {
    lines: Lines,
    list: RefCell<Vec<Fault>>,
    /// Every key that is asked for, where somebody wants to know.
    asked: Option<RefCell<Vec<Asked>>>,
}

impl Faults {
    pub(super) fn of(text: &str) -> Self {
        Self {
            lines: Lines::of(text),
            list: RefCell::default(),
            asked: None,
        }
    }

    /// For a reading that finds out which keys there are. Tables that the text does not have are
    /// read as if they were there, once.
    pub(super) fn describing() -> Self {
        Self {
            asked: Some(RefCell::default()),
            ..Self::of("")
        }
    }

    /// The keys that were asked for, in this order.
    pub(super) fn into_asked(self) -> Vec<Asked> {
        self.asked.map(RefCell::into_inner).unwrap_or_default()
    }

    pub(super) fn add(&self, span: &Range<usize>, key: &str, what: impl Into<String>) {
        self.list.borrow_mut().push(Fault {
            line: self.lines.line(span),
            key: key.into(),
            what: what.into(),
        });
    }

    /// The faults in the order of the file.
    pub(super) fn into_sorted(self) -> Vec<Fault> {
        let mut list = self.list.into_inner();
        list.sort_by(|a, b| (a.line, &a.key).cmp(&(b.line, &b.key)));
        list
    }
}

/// A value with its place and its dotted key.
#[derive(Debug)]
pub(super) struct Found<'t> {
    pub(super) value: &'t DeValue<'t>,
    pub(super) span: Range<usize>,
    pub(super) key: String,
    pub(super) faults: &'t Faults,
}

impl<'t> Found<'t> {
    pub(super) fn fault(&self, what: impl Into<String>) {
        self.faults.add(&self.span, &self.key, what);
    }

    fn expected(&self, what: &str) {
        self.fault(format!("is {}, expected {what}", self.value.type_str()));
    }

    pub(super) fn text(&self) -> Option<&'t str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.expected("a string in quotes");
        }
        text
    }

    /// Whether it is a list without anything in it.
    pub(super) fn is_empty_list(&self) -> bool {
        self.value.as_array().is_some_and(|array| array.is_empty())
    }

    /// The values of the list that it is.
    pub(super) fn items(&self) -> Option<Vec<Found<'t>>> {
        let Some(array) = self.value.as_array() else {
            self.expected("a list in brackets");
            return None;
        };
        let item = |(index, value): (usize, &'t Spanned<DeValue<'t>>)| Found {
            value: value.get_ref(),
            span: value.span(),
            key: format!("{}[{index}]", self.key),
            faults: self.faults,
        };
        Some(array.iter().enumerate().map(item).collect())
    }

    /// The table that it is.
    pub(super) fn section(&self) -> Option<Section<'t>> {
        let Some(table) = self.value.as_table() else {
            self.expected("a table");
            return None;
        };
        Some(Section {
            table: Some(table),
            span: self.span.clone(),
            path: self.key.clone(),
            asked: BTreeSet::new(),
            faults: self.faults,
        })
    }
}

/// A type that a value can be read as; what cannot be read is a fault.
pub(super) trait Readable: Sized {
    /// What is to be written, for people.
    fn kind() -> String;

    /// How a value is written; of types that no default has, nothing.
    fn written(&self) -> String {
        String::new()
    }

    fn read(found: &Found<'_>) -> Option<Self>;
}

impl Readable for bool {
    fn kind() -> String {
        "true or false".into()
    }

    fn written(&self) -> String {
        self.to_string()
    }

    fn read(found: &Found<'_>) -> Option<Self> {
        let value = found.value.as_bool();
        if value.is_none() {
            found.expected("true or false");
        }
        value
    }
}

impl Readable for u64 {
    fn kind() -> String {
        "number".into()
    }

    fn written(&self) -> String {
        self.to_string()
    }

    fn read(found: &Found<'_>) -> Option<Self> {
        let Some(integer) = found.value.as_integer() else {
            found.expected("a whole number");
            return None;
        };
        let value = Self::from_str_radix(integer.as_str(), integer.radix()).ok();
        if value.is_none() {
            found.fault(format!("{integer} is not a whole number from 0 up"));
        }
        value
    }
}

impl Readable for u32 {
    fn kind() -> String {
        u64::kind()
    }

    fn written(&self) -> String {
        self.to_string()
    }

    fn read(found: &Found<'_>) -> Option<Self> {
        narrowed(found)
    }
}

impl Readable for u16 {
    fn kind() -> String {
        u64::kind()
    }

    fn written(&self) -> String {
        self.to_string()
    }

    fn read(found: &Found<'_>) -> Option<Self> {
        narrowed(found)
    }
}

fn narrowed<T: TryFrom<u64>>(found: &Found<'_>) -> Option<T> {
    let wide = u64::read(found)?;
    let narrow = T::try_from(wide).ok();
    if narrow.is_none() {
        found.fault(format!("{wide} is too large here"));
    }
    narrow
}

impl<T: Readable> Readable for Vec<T> {
    fn kind() -> String {
        format!("list of {}", T::kind())
    }

    fn written(&self) -> String {
        let each: Vec<_> = self.iter().map(T::written).collect();
        format!("[{}]", each.join(", "))
    }

    /// Reads what can be read, so that each item's fault is told.
    fn read(found: &Found<'_>) -> Option<Self> {
        let items = found.items()?;
        Some(items.iter().filter_map(T::read).collect())
    }
}

impl<T: Readable> Readable for BTreeMap<std::sync::Arc<str>, T> {
    fn kind() -> String {
        format!("table of {}", T::kind())
    }

    fn written(&self) -> String {
        let each = self
            .iter()
            .map(|(name, value)| format!("{name} = {}", value.written()));
        let each: Vec<_> = each.collect();
        format!("{{{}}}", each.join(", "))
    }

    fn read(found: &Found<'_>) -> Option<Self> {
        let Some(table) = found.value.as_table() else {
            found.expected("a table of names and values");
            return None;
        };
        let entry = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
            let item = Found {
                value: value.get_ref(),
                span: value.span(),
                key: format!("{}.{}", found.key, key.get_ref()),
                faults: found.faults,
            };
            Some((
                std::sync::Arc::from(key.get_ref().as_ref()),
                T::read(&item)?,
            ))
        };
        Some(table.iter().filter_map(entry).collect())
    }
}

/// Reads text with a `FromStr`, whose error is the fault. A type that a default has says how it is
/// written.
macro_rules! readable_from_text {
    ($($type:ty = $kind:literal $(, as $written:expr)?;)*) => {
        $(impl $crate::config::reader::Readable for $type {
            fn kind() -> String {
                $kind.into()
            }

            $(fn written(&self) -> String {
                let text: fn(&Self) -> String = $written;
                format!("\"{}\"", text(self))
            })?

            fn read(found: &$crate::config::reader::Found<'_>) -> Option<Self> {
                match found.text()?.parse() {
                    Ok(value) => Some(value),
                    Err(fault) => {
                        found.fault(fault.to_string());
                        None
                    }
                }
            }
        })*
    };
}
pub(super) use readable_from_text;

/// A table being read.
#[derive(Debug)]
pub(super) struct Section<'t> {
    /// `None` where the file does not have it: all its keys are absent.
    table: Option<&'t DeTable<'t>>,
    span: Range<usize>,
    path: String,
    asked: BTreeSet<&'static str>,
    faults: &'t Faults,
}

impl<'t> Section<'t> {
    pub(super) fn root(table: &'t Spanned<DeTable<'t>>, faults: &'t Faults) -> Self {
        Self {
            table: Some(table.get_ref()),
            span: 0..0,
            path: String::new(),
            asked: BTreeSet::new(),
            faults,
        }
    }

    fn dotted(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// A key's value with its place, if the key is there.
    pub(super) fn found(&mut self, key: &'static str) -> Option<Found<'t>> {
        self.asked.insert(key);
        let (name, value) = self.table?.get_key_value(key)?;
        let span = match value.get_ref() {
            DeValue::Table(_) | DeValue::Array(_) => name.span(),
            _ => value.span(),
        };
        Some(Found {
            value: value.get_ref(),
            span,
            key: self.dotted(key),
            faults: self.faults,
        })
    }

    /// Notes what a key is, where somebody wants to know.
    pub(super) fn describe(&self, key: &'static str, kind: impl FnOnce() -> (String, Absent)) {
        if let Some(asked) = &self.faults.asked {
            let (kind, absent) = kind();
            asked.borrow_mut().push(Asked {
                table: self.path.clone(),
                key,
                kind,
                absent,
            });
        }
    }

    /// Whether the file has this table.
    pub(super) const fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// Whether this table has a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Whether tables are read that are not there.
    pub(super) const fn is_described(&self) -> bool {
        self.faults.asked.is_some()
    }

    /// A key's value, if the key is there and can be read.
    pub(super) fn optional<T: Readable>(&mut self, key: &'static str) -> Option<T> {
        self.describe(key, || (T::kind(), Absent::Nothing));
        self.read(key)
    }

    fn read<T: Readable>(&mut self, key: &'static str) -> Option<T> {
        self.found(key).and_then(|found| T::read(&found))
    }

    /// A key's value, else its default.
    pub(super) fn or<T: Readable>(&mut self, key: &'static str, default: T) -> T {
        self.describe(key, || (T::kind(), Absent::Default(default.written())));
        self.read(key).unwrap_or(default)
    }

    /// A key's value; that it is missing is a fault.
    pub(super) fn required<T: Readable>(&mut self, key: &'static str) -> Option<T> {
        self.describe(key, || (T::kind(), Absent::Fault));
        self.required_quietly(key)
    }

    /// The same for a key that was described before, since not every file has its table.
    pub(super) fn required_quietly<T: Readable>(&mut self, key: &'static str) -> Option<T> {
        let found = self.found(key);
        if found.is_none() {
            self.fault(key, "is missing");
        }
        found.and_then(|found| T::read(&found))
    }

    /// One of a few words, each with its meaning, else the default.
    pub(super) fn choice<T: Copy + PartialEq>(
        &mut self,
        key: &'static str,
        words: &[(&str, T)],
        default: T,
    ) -> T {
        self.describe(key, || {
            let each: Vec<_> = words
                .iter()
                .map(|(word, _)| format!("\"{word}\""))
                .collect();
            let usual = words.iter().find(|(_, meaning)| *meaning == default);
            let usual = usual.map_or_else(String::new, |(word, _)| format!("\"{word}\""));
            (each.join(" or "), Absent::Default(usual))
        });
        let Some(found) = self.found(key) else {
            return default;
        };
        let Some(text) = found.text() else {
            return default;
        };
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return *meaning;
        }
        let known: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        found.fault(format!("is `{text}`, expected {}", known.join(" or ")));
        default
    }

    /// A table within this one; where the file does not have it, its keys are absent.
    pub(super) fn table<R>(&mut self, key: &'static str, read: impl FnOnce(&mut Self) -> R) -> R {
        let section = match self.found(key) {
            Some(found) => found.section(),
            None => None,
        };
        let mut section = section.unwrap_or_else(|| Section {
            table: None,
            span: self.span.clone(),
            path: self.dotted(key),
            asked: BTreeSet::new(),
            faults: self.faults,
        });
        let result = read(&mut section);
        section.refuse_unknown_keys();
        result
    }

    /// Each table of a list of tables.
    pub(super) fn tables<R>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Self) -> R,
    ) -> Vec<R> {
        let items = self.found(key).and_then(|found| found.items());
        let mut results = Vec::new();
        if self.is_described() {
            self.describe(key, || (String::new(), Absent::NoTables));
            read(&mut Section {
                table: None,
                span: self.span.clone(),
                path: self.dotted(key),
                asked: BTreeSet::new(),
                faults: self.faults,
            });
        }
        for item in items.unwrap_or_default() {
            if let Some(mut section) = item.section() {
                results.push(read(&mut section));
                section.refuse_unknown_keys();
            }
        }
        results
    }

    /// Notes a fault of one of this table's keys.
    pub(super) fn fault(&self, key: &str, what: impl Into<String>) {
        self.faults.add(&self.span_of(key), &self.dotted(key), what);
    }

    /// Where one of this table's keys stands, or the table where it does not have it.
    pub(super) fn place(&self, key: &str) -> Place {
        Place {
            line: self.faults.lines.line(&self.span_of(key)),
            key: self.dotted(key),
        }
    }

    fn span_of(&self, key: &str) -> Range<usize> {
        self.table
            .and_then(|table| table.get_key_value(key))
            .map_or_else(|| self.span.clone(), |(name, _)| name.span())
    }

    pub(super) fn refuse_unknown_keys(&self) {
        for key in self.table.into_iter().flat_map(|table| table.keys()) {
            let name = key.get_ref().as_ref();
            if !self.asked.contains(name) {
                let what = format!("is not a key here; {}", self.hint(name));
                self.faults.add(&key.span(), &self.dotted(name), what);
            }
        }
    }

    /// The known key that was probably meant, else all of them.
    fn hint(&self, name: &str) -> String {
        let nearest = self
            .asked
            .iter()
            .map(|known| (distance(name, known), known))
            .min()
            .filter(|(distance, _)| *distance <= 2);
        match nearest {
            Some((_, known)) => format!("is `{known}` meant?"),
            None => {
                let known: Vec<_> = self.asked.iter().copied().collect();
                format!("known are {}", known.join(", "))
            }
        }
    }
}

/// How many letters are to be put in, taken out or replaced to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(to.chars()) {
            let best = (diagonal + usize::from(a != b))
                .min(left + 1)
                .min(*cell + 1);
            diagonal = std::mem::replace(cell, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
