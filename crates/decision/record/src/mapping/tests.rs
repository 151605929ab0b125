use gw_ledger::{Step, frame_at};

use super::*;

fn mapped(bytes: u64) -> (File, FrameWriter, FrameReader) {
    let file = tempfile::tempfile().unwrap();
    file.set_len(bytes).unwrap();
    let (writer, reader) = map_frames(&file, 16).unwrap();
    (file, writer, reader)
}

#[test]
fn what_is_pushed_is_read_and_lies_in_the_file_as_a_frame() {
    let (file, mut writer, mut reader) = mapped(4096);
    assert!(reader.next_frame().is_none());
    writer.push(&[&[9, 1, 0, 0], b"hello"]).unwrap();
    writer.push(&[&[9, 1, 0, 0], b"again"]).unwrap();
    assert_eq!(reader.next_frame().unwrap().payload(), b"hello");
    assert_eq!(reader.next_frame().unwrap().payload(), b"again");
    assert!(reader.next_frame().is_none());
    assert_eq!(reader.at(), writer.at());

    let mut bytes = vec![0; 4096];
    std::os::unix::fs::FileExt::read_exact_at(&file, &mut bytes, 0).unwrap();
    let Step::Frame(first) = frame_at(&bytes, 16) else {
        panic!("no frame in the file");
    };
    assert_eq!(first.payload(), b"hello");
}

#[test]
fn a_frame_that_does_not_fit_is_refused_and_leaves_no_trace() {
    let (_file, mut writer, mut reader) = mapped(64);
    assert!(writer.push(&[&[9, 1, 0, 0], &[7; 64]]).is_none());
    assert!(reader.next_frame().is_none());
    writer.push(&[&[9, 1, 0, 0], &[7; 36]]).unwrap();
    assert_eq!(writer.room(), 0);
    assert!(writer.push(&[&[9, 1, 0, 0]]).is_none());
    assert_eq!(reader.next_frame().unwrap().payload(), &[7; 36]);
    assert!(reader.next_frame().is_none());
}

#[test]
fn a_reader_beside_a_writer_sees_each_frame_whole_and_in_order() {
    let (_file, mut writer, mut reader) = mapped(1 << 20);
    let frames = 10_000_u32;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0..frames {
                let bytes = number.to_le_bytes();
                writer.push(&[&[9, 1, 0, 0], &bytes, &bytes]).unwrap();
            }
        });
        let mut expected = 0_u32;
        while expected < frames {
            if let Some(frame) = reader.next_frame() {
                let bytes = expected.to_le_bytes();
                assert_eq!(frame.payload(), [bytes, bytes].concat());
                expected += 1;
            }
        }
    });
}

#[test]
fn a_page_that_cannot_be_had_breaks_its_mapping_and_nothing_else() {
    let (cut, mut writer, mut reader) = mapped(64 * 1024);
    let (_whole, mut other, mut others_reader) = mapped(64 * 1024);
    writer.push(&[&[9, 1, 0, 0], b"before"]).unwrap();
    assert!(!writer.is_broken() && !reader.is_broken());
    // The file ends: its pages are gone, and touching one is SIGBUS.
    cut.set_len(0).unwrap();
    writer.push(&[&[9, 1, 0, 0], &[7; 20_000]]).unwrap();
    assert!(writer.is_broken() && reader.is_broken());
    while reader.next_frame().is_some() {}
    other.push(&[&[9, 1, 0, 0], b"hello"]).unwrap();
    assert!(!other.is_broken());
    assert_eq!(others_reader.next_frame().unwrap().payload(), b"hello");
    drop((writer, reader));
    let (_file, mut next, next_reader) = mapped(4096);
    next.push(&[&[9, 1, 0, 0], b"hello"]).unwrap();
    assert!(!next.is_broken() && !next_reader.is_broken());
}
