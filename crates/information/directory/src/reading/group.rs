//! A group, read from its entry.

use super::{DirectoryGroup, Member, VALUE_BYTES_MAX};
use crate::{
    dn::Dn,
    fault::DirectoryFault,
    message::Entry,
    reader::Kept,
    settings::{Groups, MemberAttribute},
    text::{folded, shown},
};

/// The most names of one group.
const NAMES_MAX: usize = 16;

/// A group, read from its entry; nothing where its name cannot be read.
///
/// # Errors
/// Where it is more than is kept of a directory.
pub(crate) fn group(
    entry: &Entry,
    groups: &Groups,
    kept: &mut Kept,
) -> Result<Option<DirectoryGroup>, DirectoryFault> {
    let Ok(dn) = entry.dn.parse::<Dn>() else {
        return Ok(None);
    };
    let mut members = Vec::new();
    let mut unreadable = 0;
    for attribute in &groups.members {
        for value in entry.values(attribute.attribute()) {
            match member(value, attribute) {
                Some(member) => {
                    // One by one: each may be many times as long as what was sent.
                    kept.add(bytes(&member))?;
                    members.push(member);
                }
                None => unreadable += 1,
            }
        }
    }
    members.sort_unstable();
    members.dedup();
    let names = names(entry, &groups.name);
    kept.add(dn.key().bytes() + names.iter().map(String::len).sum::<usize>())?;
    Ok(Some(DirectoryGroup {
        dn: dn.key().clone(),
        shown: shown(&entry.dn).into(),
        names,
        members,
        unreadable,
    }))
}

fn bytes(member: &Member) -> usize {
    match member {
        Member::Dn(dn) => size_of::<Member>() + dn.bytes(),
        Member::SignInName(name) => size_of::<Member>() + name.len(),
    }
}

fn names(entry: &Entry, attribute: &str) -> Vec<String> {
    let values = entry.values(attribute).iter().take(NAMES_MAX);
    let short = values.filter(|value| value.len() <= VALUE_BYTES_MAX);
    let texts = short.filter_map(|value| std::str::from_utf8(value).ok());
    texts.map(folded).collect()
}

fn member(value: &[u8], attribute: &MemberAttribute) -> Option<Member> {
    let text = std::str::from_utf8(value).ok()?;
    if text.len() > VALUE_BYTES_MAX {
        return None;
    }
    match attribute {
        MemberAttribute::Names(_) => {
            let dn: Dn = without_unique_part(text).parse().ok()?;
            Some(Member::Dn(dn.key().clone()))
        }
        MemberAttribute::SignInNames(_) => Some(Member::SignInName(folded(text).into())),
    }
}

/// A value of `uniqueMember` may end in `#` and a bit string (RFC 4517, 3.3.21).
fn without_unique_part(text: &str) -> &str {
    let bits = |tail: &str| {
        let inner = tail.strip_prefix('\'').and_then(|t| t.strip_suffix("'B"));
        inner.is_some_and(|bits| bits.bytes().all(|b| matches!(b, b'0' | b'1')))
    };
    match text.rsplit_once('#') {
        Some((dn, tail)) if bits(tail) => dn,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{groups, text_attributes};

    fn read(attributes: &[(&str, &str)]) -> DirectoryGroup {
        let entry = Entry {
            dn: "cn=Staff,ou=groups,dc=lab".into(),
            attributes: text_attributes(attributes),
        };
        let mut kept = Kept::default();
        group(&entry, &groups(), &mut kept).unwrap().unwrap()
    }

    fn dn(text: &str) -> Member {
        Member::Dn(text.parse::<Dn>().unwrap().key().clone())
    }

    #[test]
    fn members_are_read_in_each_of_their_forms() {
        let staff = read(&[
            ("cn", "Staff"),
            ("member", "UID=ana,ou=people,dc=lab"),
            ("uniqueMember", "uid=bo,ou=people,dc=lab#'0101'B"),
            ("memberUid", "Cy"),
        ]);
        assert_eq!(staff.names, ["staff"]);
        let expected = [
            dn("uid=ana,ou=people,dc=lab"),
            dn("uid=bo,ou=people,dc=lab"),
            Member::SignInName("cy".into()),
        ];
        assert_eq!(staff.members, expected);
    }

    #[test]
    fn a_member_that_cannot_be_read_is_counted() {
        let staff = read(&[
            ("member", "nonsense"),
            ("member", ""),
            ("member", "uid=ana,ou=people,dc=lab"),
        ]);
        // An empty value is the root's name, which nobody has.
        assert_eq!((staff.members.len(), staff.unreadable), (2, 1));
    }

    #[test]
    fn what_is_kept_of_names_counts_and_not_what_was_sent() {
        // One character that is compared as eighteen.
        let long = "\u{fdfa}".repeat(50);
        let value = format!("cn={long},dc=lab");
        let entry = Entry {
            dn: "cn=Staff,dc=lab".into(),
            attributes: text_attributes(&[("member", &value)]),
        };
        let most = crate::READING_BYTES_MAX;
        let room = |bytes: usize| {
            let mut kept = Kept::default();
            kept.add(most - bytes).unwrap();
            group(&entry, &groups(), &mut kept)
        };
        assert!(room(100 * value.len()).is_ok());
        let fault = room(4 * value.len()).unwrap_err();
        assert!(fault.to_string().contains("bytes in memory"), "{fault}");
    }

    #[test]
    fn only_a_bit_string_is_taken_off_a_name() {
        assert_eq!(without_unique_part("cn=a#'01'B"), "cn=a");
        for whole in ["cn=a#b", "cn=a#'2'B", "cn=#04", "cn=a"] {
            assert_eq!(without_unique_part(whole), whole);
        }
    }
}
