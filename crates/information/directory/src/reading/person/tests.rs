use super::*;
use crate::{
    message::Attribute,
    testing::{people, text_attributes},
};

const UUID: &str = "8a3fcb12-0000-4000-8000-0123456789ab";

fn entry(attributes: &[(&str, &str)]) -> Entry {
    let mut all = vec![("entryUUID", UUID), ("uid", "Ana"), ("cn", "Ana Ash")];
    all.retain(|(name, _)| !attributes.iter().any(|(other, _)| other == name));
    all.extend(attributes);
    Entry {
        dn: "uid=ana,ou=people,dc=lab".into(),
        attributes: text_attributes(&all),
    }
}

#[test]
fn somebody_is_read_with_a_name_in_lower_case() {
    let ana = person(&entry(&[("mail", "ana@lab.test")]), &people()).unwrap();
    assert_eq!(ana.name.as_deref(), Ok("ana"));
    assert_eq!(ana.display_name.as_deref(), Some("Ana Ash"));
    assert_eq!(ana.email.as_deref(), Some("ana@lab.test"));
    assert_eq!(&*ana.id, UUID);
    assert!(!ana.is_disabled);
    assert!(
        !format!("{ana:?}").contains("Ash"),
        "people stay out of debug output"
    );
}

#[test]
fn a_name_that_none_is_leaves_somebody_who_is_seen() {
    let name = |value| person(&entry(&[("uid", value)]), &people()).unwrap().name;
    assert_eq!(
        name("ana ash"),
        Err(UnusableName::Invalid("ana ash".into()))
    );
    assert_eq!(
        name("аna"),
        Err(UnusableName::Invalid("аna".into())),
        "a Cyrillic letter"
    );
    assert_eq!(name(""), Err(UnusableName::Invalid(String::new())));
    assert_eq!(name(&"x".repeat(5000)), Err(UnusableName::Absent));
}

#[test]
fn what_pages_show_has_nothing_hidden_and_addresses_are_addresses() {
    let ana = person(
        &entry(&[("cn", " A\u{202e}n\u{200b}a\n "), ("mail", "ana@@lab")]),
        &people(),
    );
    let ana = ana.unwrap();
    assert_eq!(ana.display_name.as_deref(), Some("Ana"));
    assert_eq!(ana.email, None);
}

#[test]
fn without_one_unique_id_there_is_nobody() {
    for ids in [
        &[][..],
        &["no uuid"],
        &[UUID, "00000000-0000-0000-0000-000000000000"],
    ] {
        let mut entry = entry(&[]);
        entry.attributes.retain(|a| a.name != "entryUUID");
        entry.attributes.push(Attribute {
            name: "entryUUID".into(),
            values: ids.iter().map(|id| id.as_bytes().to_vec()).collect(),
        });
        assert!(person(&entry, &people()).is_err(), "{ids:?}");
    }
    let mut nameless = entry(&[]);
    nameless.dn = "nonsense".into();
    assert_eq!(
        person(&nameless, &people()).unwrap_err().why,
        UnusableEntry::Dn
    );
}

#[test]
fn active_directory_s_bit_switches_off_and_so_does_what_cannot_be_read() {
    let mut people = people();
    people.disabled = vec![DisabledBy::account_control()];
    let is_off = |value: &[(&str, &str)]| person(&entry(value), &people).unwrap().is_disabled;
    assert!(!is_off(&[("userAccountControl", "512")]));
    assert!(is_off(&[("userAccountControl", "514")]));
    assert!(
        !is_off(&[("userAccountControl", "-2147483136")]),
        "a number with a sign"
    );
    assert!(is_off(&[("userAccountControl", "five")]));
    assert!(is_off(&[]), "an attribute that the account may not read");
}

#[test]
fn a_word_or_an_attribute_that_is_there_switches_off() {
    let mut people = people();
    people.disabled = vec![
        DisabledBy::Value {
            attribute: "nsAccountLock".into(),
            values: vec!["true".into()],
        },
        DisabledBy::Present {
            attribute: "pwdAccountLockedTime".into(),
        },
    ];
    let is_off = |value: &[(&str, &str)]| person(&entry(value), &people).unwrap().is_disabled;
    assert!(is_off(&[("nsaccountlock", "TRUE")]));
    assert!(!is_off(&[("nsAccountLock", "false")]));
    assert!(is_off(&[("pwdAccountLockedTime", "000001010000Z")]));
    assert!(!is_off(&[]));
}
