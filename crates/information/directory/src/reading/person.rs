//! Somebody, read from their entry.

use std::sync::Arc;

use gw_model::is_sign_in_name;

use super::{Person, Unusable, UnusableEntry, UnusableName, VALUE_BYTES_MAX};
use crate::{
    dn::{Dn, DnKey},
    message::Entry,
    settings::{DisabledBy, People},
    text::{hides, shown},
    unique_id,
};

/// The longest name that pages show of somebody, in characters.
const DISPLAY_NAME_MAX: usize = 120;
/// The longest mail address, in bytes.
const EMAIL_MAX: usize = 120;
/// The most groups that somebody says that they are in.
const MEMBER_OF_MAX: usize = 10_000;

/// Somebody, read from their entry.
///
/// # Errors
/// Where nothing says who it is.
pub(crate) fn person(entry: &Entry, people: &People) -> Result<Person, Unusable> {
    let unusable = |why| Unusable {
        shown: shown(&entry.dn),
        why,
    };
    let dn: Dn = entry.dn.parse().map_err(|_| unusable(UnusableEntry::Dn))?;
    let id = &people.unique_id;
    let id = match entry.values(&id.name) {
        [one] => unique_id::read(one, id.form),
        _ => None,
    };
    let id = id.ok_or_else(|| unusable(UnusableEntry::UniqueId(people.unique_id.name.clone())))?;
    Ok(Person {
        id,
        dn: dn.key().clone(),
        shown: shown(&entry.dn).into(),
        name: name(entry, &people.name),
        display_name: display_name(entry, &people.display_name),
        email: people.email.as_ref().and_then(|name| email(entry, name)),
        is_disabled: people.disabled.iter().any(|by| is_disabled(entry, by)),
        member_of: member_of(entry, people.member_of.as_deref()),
    })
}

fn value<'e>(entry: &'e Entry, name: &str) -> Option<&'e str> {
    entry
        .text(name)
        .filter(|text| text.len() <= VALUE_BYTES_MAX)
}

fn name(entry: &Entry, attribute: &str) -> Result<Arc<str>, UnusableName> {
    let text = value(entry, attribute).ok_or(UnusableName::Absent)?;
    let name = text.to_ascii_lowercase();
    match is_sign_in_name(&name) {
        true => Ok(name.into()),
        false => Err(UnusableName::Invalid(shown(text))),
    }
}

/// Without what hides or turns text around.
fn display_name(entry: &Entry, attribute: &str) -> Option<Arc<str>> {
    let fine = value(entry, attribute)?.chars().filter(|c| !hides(*c));
    let name: String = fine.take(DISPLAY_NAME_MAX).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| Arc::from(name))
}

fn email(entry: &Entry, attribute: &str) -> Option<Arc<str>> {
    let text = value(entry, attribute)?;
    let is_fine = text.len() <= EMAIL_MAX && text.bytes().all(|b| b.is_ascii_graphic());
    let (who, at) = text.split_once('@')?;
    (is_fine && !who.is_empty() && !at.is_empty() && !at.contains('@')).then(|| Arc::from(text))
}

/// What cannot be read switches off.
fn is_disabled(entry: &Entry, by: &DisabledBy) -> bool {
    match by {
        DisabledBy::Bits { attribute, mask } => {
            let number = value(entry, attribute).and_then(|text| text.parse::<i32>().ok());
            number.is_none_or(|number| number.cast_unsigned() & mask != 0)
        }
        DisabledBy::Value { attribute, values } => entry.values(attribute).iter().any(|value| {
            let is_one = |word: &String| value.eq_ignore_ascii_case(word.as_bytes());
            values.iter().any(is_one)
        }),
        DisabledBy::Present { attribute } => !entry.values(attribute).is_empty(),
    }
}

fn member_of(entry: &Entry, attribute: Option<&str>) -> Vec<DnKey> {
    let values = attribute.map_or(&[][..], |name| entry.values(name));
    let read = |value: &Vec<u8>| {
        let dn: Dn = std::str::from_utf8(value).ok()?.parse().ok()?;
        Some(dn.key().clone())
    };
    let mut groups: Vec<_> = values.iter().take(MEMBER_OF_MAX).filter_map(read).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

#[cfg(test)]
mod tests;
