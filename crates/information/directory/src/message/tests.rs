use proptest::prelude::*;

use super::*;
use crate::ber::{ENUMERATED, INTEGER, OCTETS, SEQUENCE, SET, Writer};

fn answered(number: i64, write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.nested(SEQUENCE, |message| {
        message.integer(INTEGER, number);
        write(message);
    });
    writer.into_bytes()
}

fn outcome(tag: u8, code: i64, words: &str) -> Vec<u8> {
    answered(1, |message| {
        message.nested(tag, |inner| {
            inner
                .integer(ENUMERATED, code)
                .text(OCTETS, "")
                .text(OCTETS, words);
        });
    })
}

#[test]
fn a_bind_is_what_the_standard_shows() {
    let secret = Secret::new("pw");
    let bind = Request::Bind {
        dn: "cn=a",
        secret: &secret,
    };
    assert_eq!(
        encode(1, &bind, &[]),
        b"\x30\x12\x02\x01\x01\x60\x0d\x02\x01\x03\x04\x04cn=a\x80\x02pw"
    );
    assert_eq!(unbind(2), b"\x30\x05\x02\x01\x02\x42\x00");
    assert!(!format!("{bind:?}").contains("pw"), "secrets are not shown");
}

#[test]
fn a_bind_by_a_certificate_names_nobody_and_has_no_secret() {
    assert_eq!(
        encode(1, &Request::BindByCertificate, &[]),
        b"\x30\x18\x02\x01\x01\x60\x13\x02\x01\x03\x04\x00\xa3\x0c\x04\x08EXTERNAL\x04\x00"
    );
}

#[test]
fn an_outcome_is_read_and_its_words_are_fit_to_show() {
    let message = decode(&outcome(0x61, 49, "no\n\u{202e}way")).unwrap();
    let Answer::Bound(outcome) = message.answer else {
        panic!("a bind's answer");
    };
    assert_eq!(outcome.code, ResultCode::INVALID_CREDENTIALS);
    assert_eq!(outcome.words, "noway");
}

#[test]
fn words_that_are_no_utf8_and_referrals_spoil_nothing() {
    let bytes = answered(1, |message| {
        message.nested(0x65, |inner| {
            inner
                .integer(ENUMERATED, 10)
                .text(OCTETS, "")
                .element(OCTETS, b"\xff\xfe")
                .nested(0xa3, |urls| {
                    urls.element(OCTETS, b"ldap://elsewhere/\xff");
                });
        });
    });
    assert!(matches!(decode(&bytes).unwrap().answer, Answer::Done(_)));
}

fn entry_bytes(dn: &[u8], attributes: &[(&[u8], &[&[u8]])]) -> Vec<u8> {
    answered(3, |message| {
        message.nested(0x64, |entry| {
            entry.element(OCTETS, dn).nested(SEQUENCE, |list| {
                for (name, values) in attributes {
                    list.nested(SEQUENCE, |one| {
                        one.element(OCTETS, name).nested(SET, |set| {
                            values.iter().for_each(|value| {
                                set.element(OCTETS, value);
                            });
                        });
                    });
                }
            });
        });
    })
}

#[test]
fn an_entry_is_read_with_binary_values() {
    let message = decode(&entry_bytes(
        b"cn=ana",
        &[
            (b"objectGUID", &[b"\x00\xff"]),
            (b"Mail", &[b"a@b", b"c@d"]),
        ],
    ));
    let Answer::Entry(entry) = message.unwrap().answer else {
        panic!("an entry");
    };
    assert_eq!(entry.first("objectguid"), Some(&b"\x00\xff"[..]));
    assert_eq!(entry.text("mail"), Some("a@b"));
    assert_eq!(entry.text("objectGUID"), None);
    assert_eq!(entry.values("cn").len(), 0);
}

#[test]
fn a_name_that_is_not_utf8_is_a_fault_and_no_panic() {
    assert!(decode(&entry_bytes(b"cn=\xff", &[])).is_err());
    assert!(decode(&entry_bytes(b"cn=a", &[(b"\xff", &[])])).is_err());
}

#[test]
fn elements_within_elements_are_never_followed_into_the_deep() {
    let mut bytes = Vec::new();
    for level in 0..200_000_u32 {
        bytes.extend_from_slice(&[0x30, 0x84]);
        bytes.extend_from_slice(&((199_999 - level) * 6).to_be_bytes());
    }
    assert!(decode(&bytes).is_err());
}

#[test]
fn messages_that_are_cut_anywhere_are_faults() {
    let whole = entry_bytes(b"cn=ana", &[(b"cn", &[b"ana"])]);
    for end in 0..whole.len() {
        assert!(decode(&whole[..end]).is_err(), "{end}");
    }
}

#[test]
fn too_many_attributes_or_controls_are_faults() {
    let many: Vec<(&[u8], &[&[u8]])> = vec![(b"cn", &[]); ATTRIBUTES_MAX + 1];
    assert_eq!(
        decode(&entry_bytes(b"cn=a", &many)),
        Err(MessageFault::TooMany("attributes of an entry"))
    );
    let bytes = answered(1, |message| {
        message.nested(0x65, |inner| {
            inner
                .integer(ENUMERATED, 0)
                .text(OCTETS, "")
                .text(OCTETS, "");
        });
        message.nested(0xa0, |all| (0..9).for_each(|_| paged(1, b"").write(all)));
    });
    assert_eq!(
        decode(&bytes),
        Err(MessageFault::TooMany("controls of a message"))
    );
}

#[test]
fn a_paging_cookie_goes_there_and_back_and_has_a_bound() {
    assert_eq!(
        paging_cookie(&[paged(500, b"\x00next")]),
        Ok(b"\x00next".to_vec())
    );
    assert_eq!(paging_cookie(&[]), Ok(Vec::new()));
    assert!(paging_cookie(&[paged(500, &[0; COOKIE_BYTES_MAX + 1])]).is_err());
    let broken = Control {
        value: vec![0x30, 0x80],
        ..paged(500, b"")
    };
    assert!(paging_cookie(&[broken]).is_err());
}

#[test]
fn the_end_of_a_refresh_is_told_from_news_and_from_cookies() {
    let info = |value: &[u8]| {
        let name = Some("1.3.6.1.4.1.4203.1.9.1.4");
        (
            is_refreshed(name, value).unwrap(),
            sync_info_is_news(name, value).unwrap(),
        )
    };
    assert_eq!(info(b"\x80\x03abc"), (false, false), "a cookie");
    assert_eq!(
        info(b"\xa1\x00"),
        (true, true),
        "refreshDone is true where absent"
    );
    assert_eq!(
        info(b"\xa2\x03\x01\x01\x00"),
        (false, true),
        "one phase follows another"
    );
    assert_eq!(info(b"\xa3\x02\x31\x00"), (false, true), "a set of ids");
    assert!(sync_info_is_news(Some("1.3.6.1.4.1.4203.1.9.1.4"), b"").is_err());
    assert_eq!(is_refreshed(None, b"\xa1\x00"), Ok(false));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
        let _ = is_refreshed(Some("1.3.6.1.4.1.4203.1.9.1.4"), &bytes);
    }

    #[test]
    fn what_is_changed_anywhere_is_read_or_refused(at: prop::sample::Index, byte: u8) {
        let mut bytes = entry_bytes(b"cn=ana,dc=lab", &[(b"member", &[b"cn=a", b"cn=b"]), (b"cn", &[b"ana"])]);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = decode(&bytes);
    }
}
