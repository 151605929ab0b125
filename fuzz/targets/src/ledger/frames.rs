//! Raw bytes as a file of frames.

use gw_ledger::{
    FRAME_ALIGNMENT, HEADER_BYTES, PersonalFrame, Record, SegmentHeader, SignedHead, Step,
    frame_at, framed_bytes, seal_frame,
};

/// Frames are walked to the end of the bytes, each one found as it would be written.
pub(crate) fn frames(data: &[u8]) {
    let mut at = 0;
    while let Step::Frame(frame) = frame_at(data, at) {
        let content = frame.content();
        assert_eq!(frame.end(), at + framed_bytes(content.len()));
        assert!(frame.end() <= data.len() && at % FRAME_ALIGNMENT == 0);
        let (length, crc) = seal_frame(&[content]).unwrap();
        assert_eq!(data[at..at + 4], length.to_le_bytes());
        assert_eq!(data[at + 4..at + 8], crc.to_le_bytes());
        let _ = (Record::decode(&frame), PersonalFrame::read(&frame));
        let _ = SignedHead::read(&frame);
        at = frame.end();
    }
    for place in [1, data.len() / 2, data.len(), usize::MAX] {
        let _ = frame_at(data, place);
    }
    match SegmentHeader::read(data) {
        Ok(header) => assert_eq!(header.to_bytes(), data[..HEADER_BYTES]),
        Err(fault) => assert!(!fault.to_string().is_empty()),
    }
}
