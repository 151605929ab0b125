//! Signed heads, from bytes and from text.

use gw_ledger::{Frame, FrameHead, HeadFault, SignedHead, StoredHead};

use super::writer::LOG;

/// The kind that frames of heads have.
const HEAD: FrameHead = FrameHead {
    kind: 0x48,
    version: 1,
    flags: 0,
};

/// The payload of a head's frame, which has one form; and the same bytes as a stored head's text.
pub(crate) fn heads(data: &[u8]) {
    let mut content = HEAD.to_bytes().to_vec();
    content.extend_from_slice(data);
    let frame = Frame::from_content(&content, content.len()).unwrap();
    match SignedHead::read(&frame) {
        Ok(signed) => {
            let mut written = Vec::new();
            signed.push_to(&mut written);
            assert_eq!(
                written[8..8 + content.len()],
                content,
                "a head has one form"
            );
            let checked = signed.check(&LOG.keys);
            let genuine = LOG.heads.contains(&signed.head);
            assert!(checked.is_err() || genuine, "only the signer makes heads");
            stored(&signed.head.stored());
        }
        Err(fault) => assert_eq!(fault, HeadFault::Malformed),
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(head) = text.parse::<StoredHead>()
    {
        stored(&head);
    }
}

fn stored(head: &StoredHead) {
    let json = serde_json::to_string(head).unwrap();
    assert_eq!(serde_json::from_str::<StoredHead>(&json).unwrap(), *head);
    // A log is named by its folder, so there are no spaces in its name.
    if !head.log.contains(|c: char| c.is_ascii_whitespace()) && !head.log.is_empty() {
        assert_eq!(head.to_string().parse::<StoredHead>().as_ref(), Ok(head));
    }
}
