//! LDAP: what a directory answers, and names and filters as people write them.

use std::sync::LazyLock;

use gw_directory::{
    GroupMatch, Groups, MappedGroup, MemberAttribute, People, Provision, Scope, UniqueIdAttribute,
    fuzzing,
};

static PEOPLE: LazyLock<People> = LazyLock::new(|| People {
    base: "ou=people,dc=lab".parse().unwrap(),
    scope: Scope::Subtree,
    filter: "(objectClass=inetOrgPerson)".parse().unwrap(),
    unique_id: UniqueIdAttribute::named("entryUUID"),
    name: "uid".into(),
    display_name: "cn".into(),
    email: Some("mail".into()),
    disabled: Vec::new(),
    member_of: Some("memberOf".into()),
    provision: Provision::Everybody,
    found_by_name: true,
});

static GROUPS: LazyLock<Groups> = LazyLock::new(|| Groups {
    base: "ou=groups,dc=lab".parse().unwrap(),
    scope: Scope::Subtree,
    filter: "(cn=*)".parse().unwrap(),
    name: "cn".into(),
    members: vec![
        MemberAttribute::Names("member".into()),
        MemberAttribute::SignInNames("memberUid".into()),
    ],
    nesting: 8,
    mapped: vec![MappedGroup {
        there: GroupMatch::Name("staff".into()),
        here: "staff".parse().unwrap(),
    }],
});

/// A message of a server, read as far as anything looks at it, the same each time.
pub(crate) fn message(data: &[u8]) {
    let read = fuzzing::message(data, &PEOPLE, &GROUPS);
    assert_eq!(read, fuzzing::message(data, &PEOPLE, &GROUPS));
}

/// A distinguished name, or a filter: what is shown of one reads back as the same.
pub(crate) fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    assert!(fuzzing::dn(text) && fuzzing::filter(text));
}
