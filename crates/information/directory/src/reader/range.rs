//! Values that come in ranges: Active Directory gives so many of an attribute at once, and says
//! where the next ones begin ([MS-ADTS], 3.1.1.3.1.3.3).

use super::Kept;
use crate::{
    fault::DirectoryFault,
    message::{Attribute, Entry, ResultCode, VALUES_MAX},
    session::{Session, one},
};

const RANGE: &str = ";range=";

/// An attribute of which there is more.
#[derive(Debug, PartialEq, Eq)]
struct More {
    attribute: String,
    from: usize,
}

/// Whether an entry's values came in ranges of which there are more.
pub(super) fn is_partial(entry: &Entry) -> bool {
    entry
        .attributes
        .iter()
        .any(|one| matches!(range(&one.name), Some((_, Some(_)))))
}

/// An entry's ranges as if they had come at once, where all have.
pub(super) fn joined(entry: &mut Entry) {
    merge(entry);
}

/// Reads all that is missing of an entry.
pub(super) async fn complete(
    session: &mut Session,
    entry: &mut Entry,
    kept: &mut Kept,
) -> Result<(), DirectoryFault> {
    for mut more in merge(entry) {
        loop {
            let asked = format!("{}{RANGE}{}-*", more.attribute, more.from);
            let mut next = None;
            let search = one(&entry.dn, &[&asked]);
            let found = session.connection.search(&search, &[], |part| {
                let taken = kept.add(part.size());
                next = Some(part);
                taken
            });
            let found = found.await?;
            if found.outcome.code != ResultCode::SUCCESS {
                return Err(DirectoryFault::of_search(&entry.dn, &found.outcome));
            }
            match append(entry, &more, next)? {
                Some(from) => more.from = from,
                None => break,
            }
        }
    }
    Ok(())
}

/// Adds a part's values, and says where the next part begins.
fn append(
    entry: &mut Entry,
    more: &More,
    part: Option<Entry>,
) -> Result<Option<usize>, DirectoryFault> {
    let broken = || DirectoryFault::Misbehaves("a range of values without an end".to_owned());
    let parts = part.map(|part| part.attributes).unwrap_or_default();
    let found = parts.into_iter().find_map(|one| {
        let (name, end) = range(&one.name)?;
        let is_it = name.eq_ignore_ascii_case(&more.attribute);
        is_it.then_some((end, one.values))
    });
    let (end, values) = found.ok_or_else(broken)?;
    let whole = entry.attributes.iter_mut();
    let mut whole = whole.filter(|one| one.name.eq_ignore_ascii_case(&more.attribute));
    let whole = whole.next().ok_or_else(broken)?;
    if whole.values.len() + values.len() > VALUES_MAX {
        return Err(DirectoryFault::TooMuch {
            what: "members of one group",
            most: VALUES_MAX,
        });
    }
    whole.values.extend(values);
    match end {
        Some(end) if end < more.from => Err(broken()),
        Some(end) => Ok(Some(end + 1)),
        None => Ok(None),
    }
}

/// Puts each range to its attribute, under the name without it; what there is more of.
fn merge(entry: &mut Entry) -> Vec<More> {
    let mut more = Vec::new();
    let mut merged: Vec<Attribute> = Vec::new();
    for attribute in std::mem::take(&mut entry.attributes) {
        let (name, end) = match range(&attribute.name) {
            Some((name, end)) => (name.to_owned(), end),
            None => (attribute.name.clone(), None),
        };
        if let Some(end) = end {
            more.push(More {
                attribute: name.clone(),
                from: end + 1,
            });
        }
        match merged
            .iter_mut()
            .find(|one| one.name.eq_ignore_ascii_case(&name))
        {
            Some(one) => one.values.extend(attribute.values),
            None => merged.push(Attribute {
                name,
                values: attribute.values,
            }),
        }
    }
    entry.attributes = merged;
    more
}

/// The name without a range, and the range's last number; none for one that goes to the end.
fn range(name: &str) -> Option<(&str, Option<usize>)> {
    let at = name.to_ascii_lowercase().find(RANGE)?;
    let (bare, option) = (name.get(..at)?, name.get(at + RANGE.len()..)?);
    let (_, end) = option.split_once('-')?;
    match end {
        "*" => Some((bare, None)),
        end => {
            let end: usize = end.parse().ok().filter(|end| *end <= VALUES_MAX)?;
            Some((bare, Some(end)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::text_attributes;

    #[test]
    fn ranges_are_told_from_other_options() {
        assert_eq!(range("member;range=0-1499"), Some(("member", Some(1499))));
        assert_eq!(range("member;Range=1500-*"), Some(("member", None)));
        for other in [
            "member",
            "member;binary",
            "member;range=0",
            "member;range=0-x",
            "member;range=0-99999999999999999999",
        ] {
            assert_eq!(range(other), None, "{other}");
        }
    }

    #[test]
    fn a_range_is_put_to_the_empty_attribute_beside_it() {
        let mut entry = Entry {
            dn: "cn=staff".into(),
            attributes: text_attributes(&[
                ("member;range=0-1", "a"),
                ("member;range=0-1", "b"),
                ("cn", "staff"),
            ]),
        };
        entry.attributes.insert(
            0,
            Attribute {
                name: "member".into(),
                values: vec![],
            },
        );
        assert!(is_partial(&entry));
        let more = merge(&mut entry);
        assert_eq!(
            more,
            [More {
                attribute: "member".into(),
                from: 2
            }]
        );
        assert_eq!(entry.values("member").len(), 2);
    }

    #[test]
    fn a_range_that_goes_back_is_a_fault() {
        let mut entry = Entry {
            dn: "cn=staff".into(),
            attributes: text_attributes(&[("member", "a")]),
        };
        let more = More {
            attribute: "member".into(),
            from: 5,
        };
        let part = |name: &str| {
            Some(Entry {
                dn: "cn=staff".into(),
                attributes: text_attributes(&[(name, "b")]),
            })
        };
        assert!(append(&mut entry, &more, part("member;range=0-4")).is_err());
        assert!(append(&mut entry, &more, None).is_err());
        assert_eq!(
            append(&mut entry, &more, part("member;range=5-9")).unwrap(),
            Some(10)
        );
        assert_eq!(
            append(&mut entry, &more, part("member;range=5-*")).unwrap(),
            None
        );
    }
}
