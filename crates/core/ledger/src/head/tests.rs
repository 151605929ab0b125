use super::*;
use crate::testing::Writer;

#[test]
fn a_stored_head_reads_back_from_its_text_and_its_json() {
    let log = Writer::small_log();
    for head in &log.stored {
        assert_eq!(head.to_string().parse().as_ref(), Ok(head));
        let json = serde_json::to_string(head).unwrap();
        assert_eq!(&serde_json::from_str::<StoredHead>(&json).unwrap(), head);
    }
    for bad in [
        "",
        "core-0 1 2 3",
        "core-0/1 2 3 x",
        "core-0/1 2 3 AAAA more",
    ] {
        assert!(bad.parse::<StoredHead>().is_err(), "{bad:?}");
    }
}

#[test]
fn a_signature_covers_every_field_of_a_head() {
    let log = Writer::small_log();
    let crate::Step::Frame(frame) = crate::frame_at(&log.segments[0].heads, 0) else {
        panic!("no head");
    };
    let signed = SignedHead::read(&frame).unwrap();
    assert_eq!(signed.check(&log.keys()), Ok(()));
    let changes: [fn(&mut Head); 13] = [
        |head| head.log.push('x'),
        |head| head.segment += 1,
        |head| head.node += 1,
        |head| head.incarnation += 1,
        |head| head.closes = !head.closes,
        |head| head.first += 1,
        |head| head.count += 1,
        |head| head.end += 1,
        |head| head.size += 1,
        |head| head.root[0] ^= 1,
        |head| head.previous[0] ^= 1,
        |head| head.time = Timestamp::from_secs(1),
        |head| head.epoch.number += 1,
    ];
    for change in changes {
        let mut forged = signed.clone();
        change(&mut forged.head);
        assert_ne!(forged.head, signed.head);
        assert_eq!(forged.check(&log.keys()), Err(HeadFault::Signature));
        assert_ne!(forged.head.hash(), signed.head.hash());
    }
}

#[test]
fn a_signer_says_nothing_of_its_secret() {
    let signer = Signer::from_seed(&[7; 32]).unwrap();
    assert_eq!(
        format!("{signer:?}"),
        format!("Signer({})", signer.public_key().kid())
    );
    assert!(Signer::from_pkcs8(b"not a key").is_err());
}
