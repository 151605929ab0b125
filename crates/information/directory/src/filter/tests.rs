use proptest::prelude::*;

use super::*;

fn filter(text: &str) -> Filter {
    text.parse().unwrap()
}

fn sent(filter: &Filter) -> Vec<u8> {
    let mut writer = Writer::default();
    filter.write(&mut writer);
    writer.into_bytes()
}

#[test]
fn filters_of_directories_are_read_and_shown_as_they_are() {
    for text in [
        "(objectClass=person)",
        "(&(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
        "(|(cn=staff)(cn=a*)(cn=*b*c*)(cn=*z))",
        "(cn=*)",
        "(uSNChanged>=12)",
        "(sn<=m)",
        "(sn~=ana)",
        "(ou:dn:=people)",
        "(:dn:2.4.6.8.10:=x)",
        "(cn:caseExactMatch:=Ana)",
        "(cn=)",
        "(userCertificate;binary=*)",
    ] {
        assert_eq!(filter(text).to_string(), text);
    }
}

#[test]
fn what_is_sent_is_what_the_standard_shows() {
    // RFC 4511, 4.5.1.7: [3] SEQUENCE of two octet strings.
    assert_eq!(sent(&filter("(cn=ana)")), b"\xa3\x09\x04\x02cn\x04\x03ana");
    assert_eq!(sent(&filter("(cn=*)")), b"\x87\x02cn");
    assert_eq!(
        sent(&filter("(cn=a*b*)")),
        b"\xa4\x0c\x04\x02cn\x30\x06\x80\x01a\x81\x01b"
    );
    assert_eq!(sent(&filter("(!(cn=*))")), b"\xa2\x04\x87\x02cn");
    assert_eq!(
        sent(&filter("(cn:dn:2.5.13.2:=a)")),
        b"\xa9\x14\x81\x082.5.13.2\x82\x02cn\x83\x01a\x84\x01\xff"
    );
}

#[test]
fn what_is_no_filter_is_refused() {
    for text in [
        "",
        "cn=a",
        "(cn=a",
        "(cn=a))",
        "(cn=a)(cn=b)",
        "()",
        "(=a)",
        "(&)",
        "(|)",
        "(!)",
        "(cn)",
        "(cn=a(b)",
        r"(cn=\)",
        r"(cn=\4)",
        r"(cn=\zz)",
        "(cn>=a*)",
        "(cn=a**b)",
        "(:=a)",
        "(cn:x:y:=a)",
        "(c n=a)",
        "(cn=\0)",
        "(cn;=a)",
        "(::=a)",
        "(!(cn=a)(cn=b))",
        "((cn=a))",
    ] {
        assert!(text.parse::<Filter>().is_err(), "{text:?}");
    }
}

#[test]
fn an_oversize_or_deep_filter_is_refused() {
    let deep = format!(
        "{}(cn=a){}",
        "(!".repeat(FILTER_DEPTH_MAX),
        ")".repeat(FILTER_DEPTH_MAX)
    );
    assert_eq!(deep.parse::<Filter>(), Err(FilterFault::TooDeep));
    let long = format!("(cn={})", "a".repeat(FILTER_BYTES_MAX));
    assert!(matches!(
        long.parse::<Filter>(),
        Err(FilterFault::TooLong(_))
    ));
}

#[test]
fn a_value_from_outside_stays_a_value() {
    for attack in [
        "*",
        "ana)(uid=*",
        "*)(objectClass=*",
        r"\2a",
        "a\0b",
        ")(|(cn=*",
    ] {
        let safe = Filter::equal("uid", attack.as_bytes());
        assert_eq!(filter(&safe.to_string()), safe, "{attack:?}");
        assert!(matches!(safe.0, Node::Compared { .. }));
    }
    let guid: Vec<u8> = (0..=255).collect();
    let binary = Filter::equal("objectGUID", &guid);
    assert_eq!(filter(&binary.to_string()), binary);
}

proptest! {
    #[test]
    fn any_bytes_in_a_filter_s_text_read_back_as_they_are(value in prop::collection::vec(any::<u8>(), 0..40)) {
        let text = format!("(cn={})", escaped(&value));
        prop_assert_eq!(filter(&text), Filter::equal("cn", &value));
    }

    #[test]
    fn any_text_is_read_or_refused_and_shown_as_it_was_read(text in "[(&|!)a=*\\\\0-9:;<>~ ]{0,24}") {
        if let Ok(one) = text.parse::<Filter>() {
            prop_assert_eq!(filter(&one.to_string()), one);
        }
    }
}
