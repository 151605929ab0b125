use proptest::prelude::*;

use super::*;

fn dn(text: &str) -> Dn {
    text.parse().unwrap()
}

fn same(one: &str, other: &str) -> bool {
    dn(one) == dn(other)
}

#[test]
fn case_of_types_and_values_and_spaces_around_them_do_not_count() {
    assert!(same(
        "CN=Ana,OU=People,DC=Lab",
        "cn=ana, ou=people , dc=lab"
    ));
    assert!(same("cn = Ana", "CN=ana"));
    assert!(same("cn=Ana;ou=x", "cn=ana,ou=X"));
    assert!(same("cn=Ana  Maria", "cn=ana maria"));
    assert!(!same("cn=Ana,ou=People", "cn=Ana,ou=Staff"));
    assert!(!same("cn=Ana", "uid=Ana"));
}

#[test]
fn a_type_is_the_same_by_its_number_and_by_its_long_name() {
    assert!(same("2.5.4.3=ana", "CN=ana"));
    assert!(same("OID.2.5.4.3=ana", "commonName=ana"));
    assert!(same("0.9.2342.19200300.100.1.25=lab", "dc=lab"));
}

#[test]
fn escapes_stand_for_characters() {
    assert!(same(r"cn=Doe\, Jane", r"cn=doe\2C jane"));
    assert!(same(r"cn=\41na", "cn=ana"));
    assert!(same(r"cn=Lu\C4\8Di\C4\87", "cn=Lučić"));
    assert!(!same(r"cn=Doe\, Jane,ou=x", "cn=Doe,ou=x"));
}

#[test]
fn parts_of_one_rdn_are_in_no_order() {
    assert!(same("cn=Ana+uid=7,dc=lab", "UID=7+CN=ana,dc=lab"));
    assert!(!same("cn=Ana+uid=7,dc=lab", "cn=Ana,uid=7,dc=lab"));
}

#[test]
fn an_escaped_separator_never_becomes_one() {
    let tricky = dn(r"cn=ana\,ou\=admins,dc=lab");
    assert!(!tricky.is_within(&dn("ou=admins,dc=lab")));
    assert!(!same(
        r"cn=ana\,ou\=admins,dc=lab",
        "cn=ana,ou=admins,dc=lab"
    ));
    assert!(!same(r"cn=ana\+uid=7", "cn=ana+uid=7"));
    assert!(!same(r"cn=\#04", "cn=#04"));
}

#[test]
fn a_name_is_within_itself_and_what_is_above_it() {
    let person = dn("uid=ana,ou=people,dc=lab,dc=test");
    assert!(person.is_within(&dn("OU=People,DC=lab,DC=test")));
    assert!(person.is_within(&person));
    assert!(person.is_within(&dn("")));
    assert!(!person.is_within(&dn("ou=eople,dc=lab,dc=test")));
    assert!(!dn("dc=lab,dc=test").is_within(&person));
}

#[test]
fn what_is_no_name_is_refused() {
    for text in [
        "ana",
        "=ana",
        "cn",
        "cn=a,",
        "cn=a,,dc=b",
        "cn=a+",
        "cn=\"ana\"",
        "cn=a<b",
        r"cn=a\",
        r"cn=a\4",
        r"cn=a\zz",
        r"cn=\ff",
        "cn=#",
        "cn=#0",
        "cn=#zz",
        "cn=#04 x",
        "cn=a\0b",
        "c n=a",
        "-cn=a",
        "1=a",
        "1..2=a",
        "cn=a,dc",
        "ü=a",
        r"cn=\+é\é",
    ] {
        assert!(text.parse::<Dn>().is_err(), "{text:?}");
    }
}

#[test]
fn nul_is_part_of_a_value_only_where_it_is_escaped() {
    assert!(!same(r"cn=ana\00", "cn=ana"));
    assert_eq!(dn(r"cn=ana\00").to_string(), r"cn=ana\00");
}

#[test]
fn an_oversize_name_is_refused_before_it_is_read() {
    let long = format!("cn={}", "x".repeat(DN_BYTES_MAX));
    assert_eq!(long.parse::<Dn>(), Err(DnFault::TooLong(DN_BYTES_MAX + 3)));
    let many = vec!["dc=a"; DN_PARTS_MAX + 1].join(",");
    assert_eq!(many.parse::<Dn>(), Err(DnFault::TooManyParts));
    assert!(vec!["dc=a"; DN_PARTS_MAX].join(",").parse::<Dn>().is_ok());
}

#[test]
fn the_root_has_an_empty_name() {
    assert!(dn("").is_root() && dn("  ").is_root());
}

fn value() -> impl Strategy<Value = String> {
    "[ -~\u{0}\u{e9}\u{130}\u{1f600}]{0,12}"
}

proptest! {
    #[test]
    fn what_is_shown_reads_back_as_the_same(values in prop::collection::vec(("[a-z][a-z0-9-]{0,5}", value()), 1..6)) {
        let rdns = values.into_iter().map(|(attribute, text)| vec![Part { attribute, value: Value::Text(text) }]).collect();
        let one = Dn::of(rdns);
        let again: Dn = one.to_string().parse().unwrap();
        prop_assert_eq!(&again, &one);
        prop_assert_eq!(again.to_string(), one.to_string());
    }

    #[test]
    fn case_never_counts(text in "(cn|OU|dc)=[a-zA-Zäöé ]{1,8}(,(cn|OU|dc)=[a-zA-Zäöé ]{1,8}){0,3}") {
        if let Ok(one) = text.parse::<Dn>() {
            let upper: Dn = text.to_uppercase().parse().unwrap();
            prop_assert_eq!(one.key(), upper.key());
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,64}") {
        let _ = text.parse::<Dn>();
    }

    #[test]
    fn equal_keys_have_equally_many_rdns(one in "[a-c=,+\\\\ #0-9]{0,16}", other in "[a-c=,+\\\\ #0-9]{0,16}") {
        if let (Ok(one), Ok(other)) = (one.parse::<Dn>(), other.parse::<Dn>())
            && one == other
        {
            prop_assert_eq!(one.rdns.len(), other.rdns.len());
        }
    }
}
