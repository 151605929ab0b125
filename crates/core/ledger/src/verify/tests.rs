use proptest::prelude::*;

use super::*;
use crate::{
    Personal, RecordRef, Signer,
    frame::push_frame,
    testing::{Segment, Writer, exchange_record, files, note_record, verify},
};

#[test]
fn a_log_as_it_was_written_is_sound_and_counted() {
    let log = Writer::small_log();
    let report = verify(&log, &log.segments, &log.stored);
    assert_eq!(report.faults, []);
    assert_eq!((report.segments, report.heads, report.records), (2, 3, 7));
    assert_eq!((report.personal_present, report.personal_removed), (6, 0));
    assert_eq!(report.head.as_ref(), log.stored.last());
    assert!(report.statement().contains("7 records in 2 segments"));
}

/// Runs a check on every single-byte change of one file.
fn flip_each(
    log: &Writer,
    place: usize,
    file: impl Fn(&mut Segment) -> &mut Vec<u8>,
    mut check: impl FnMut(usize, u8, &LogReport),
) {
    let mut segments = log.segments.clone();
    let length = file(&mut segments[place]).len();
    for at in 0..length {
        for flip in [0x01, 0x80, 0xff] {
            file(&mut segments[place])[at] ^= flip;
            check(at, flip, &verify(log, &segments, &[]));
            file(&mut segments[place])[at] ^= flip;
        }
        // A byte that becomes zero: lengths that look like an end.
        let kept = std::mem::take(&mut file(&mut segments[place])[at]);
        if kept != 0 {
            check(at, 0, &verify(log, &segments, &[]));
        }
        file(&mut segments[place])[at] = kept;
    }
}

#[test]
fn each_flipped_byte_of_records_heads_and_personal_fields_is_found() {
    let log = Writer::small_log();
    for place in 0..log.segments.len() {
        let found = |what: &'static str| {
            move |at: usize, flip: u8, report: &LogReport| {
                assert!(!report.is_sound(), "{what} {place}: byte {at} ^ {flip:#x}");
            }
        };
        flip_each(&log, place, |s| &mut s.records, found("records"));
        flip_each(&log, place, |s| &mut s.heads, found("heads"));
        flip_each(
            &log,
            place,
            |s| s.personal.as_mut().unwrap(),
            found("personal"),
        );
    }
}

#[test]
fn each_flipped_byte_is_found_in_a_segment_that_is_still_open() {
    let mut log = Writer::new();
    log.start().exchange(1).seal(false).exchange(2).exchange(3);
    let whole = verify(&log, &log.segments, &[]);
    assert!(whole.is_sound());
    assert_eq!((whole.records, whole.unsealed), (1, 2));
    let found = |at: usize, flip: u8, report: &LogReport| {
        // Records after the last head are not proven: a length that becomes zero hides them,
        // which their number shows; anything else is a fault.
        assert!(
            !report.is_sound() || report.unsealed < 2,
            "byte {at} ^ {flip:#x}"
        );
    };
    flip_each(&log, 0, |s| &mut s.records, found);
    let found = |at: usize, flip: u8, report: &LogReport| {
        assert!(!report.is_sound(), "byte {at} ^ {flip:#x}");
    };
    flip_each(&log, 0, |s| s.personal.as_mut().unwrap(), found);
}

#[test]
fn each_cut_below_the_stored_head_is_found() {
    let log = Writer::small_log();
    let stored = &log.stored[2..];
    for place in 0..2 {
        for keep in 0..log.segments[place].records.len() {
            let mut segments = log.segments.clone();
            segments[place].records.truncate(keep);
            assert!(
                !verify(&log, &segments, stored).is_sound(),
                "{place}: {keep}"
            );
        }
        for keep in 0..log.segments[place].heads.len() {
            let mut segments = log.segments.clone();
            segments[place].heads.truncate(keep);
            assert!(
                !verify(&log, &segments, stored).is_sound(),
                "{place}: {keep}"
            );
        }
    }
}

#[test]
fn a_consistent_cut_is_found_by_the_stored_head_alone() {
    let mut log = Writer::new();
    log.start().exchange(1).seal(false);
    let shorter = log.segments.clone();
    log.exchange(2).seal(false);
    assert!(
        verify(&log, &shorter, &[]).is_sound(),
        "nothing in the log itself tells of a cut"
    );
    assert!(verify(&log, &shorter, &log.stored[..1]).is_sound());
    let report = verify(&log, &shorter, &log.stored);
    assert_eq!(
        report.faults.first().map(|fault| &fault.kind),
        Some(&FaultKind::StoredHead { size: 2 })
    );
}

#[test]
fn a_missing_first_middle_or_exchanged_segment_is_found() {
    let mut log = Writer::small_log();
    log.start().exchange(5).seal(true);
    let without = |place: usize| {
        let mut segments = log.segments.clone();
        segments.remove(place);
        verify(&log, &segments, &[])
    };
    for (place, number) in [(0, 1), (1, 2)] {
        let missing = FaultKind::MissingSegment(number);
        assert!(without(place).faults.iter().any(|f| f.kind == missing));
    }
    assert!(
        without(2).is_sound(),
        "a missing last segment is a cut: only a kept head tells"
    );
    let mut exchanged = log.segments.clone();
    exchanged.swap(0, 1);
    exchanged[0].number = 1;
    exchanged[1].number = 2;
    let report = verify(&log, &exchanged, &[]);
    assert!(report.faults.iter().any(|f| f.kind == FaultKind::Misplaced));
    let mut unordered = log.segments.clone();
    unordered.swap(0, 1);
    assert!(!verify(&log, &unordered, &[]).is_sound());
}

#[test]
fn records_put_in_another_order_are_found() {
    let log = Writer::small_log();
    let mut other = Writer::new();
    other.start().exchange(2).exchange(1).seal(true);
    let mut one = Writer::new();
    one.start().exchange(1).exchange(2).seal(true);
    let mut forged = one.segments.clone();
    forged[0].records = other.segments[0].records.clone();
    assert!(!verify(&log, &forged, &[]).is_sound());
}

#[test]
fn a_head_of_another_key_is_not_accepted() {
    let log = Writer::small_log();
    let stranger = Signer::from_seed(&[1; 32]).unwrap().public_key();
    let report = verify_log(&files(&log.segments), &[stranger], &[]);
    let fault = FaultKind::Head(HeadFault::UnknownKey.to_string());
    assert!(report.faults.iter().any(|f| f.kind == fault));
    assert_eq!(report.records, 0);
}

#[test]
fn removed_personal_fields_leave_the_log_sound() {
    let log = Writer::small_log();
    let mut segments = log.segments.clone();
    segments[0].personal = None;
    let report = verify(&log, &segments, &log.stored);
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!((report.personal_present, report.personal_removed), (3, 3));
}

#[test]
fn personal_fields_that_never_came_to_disk_count_as_removed() {
    let log = Writer::small_log();
    let mut segments = log.segments.clone();
    segments[0].personal = Some(vec![0; 4096]);
    let report = verify(&log, &segments, &log.stored);
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!((report.personal_present, report.personal_removed), (3, 3));
}

#[test]
fn personal_fields_of_another_record_are_found() {
    let mut log = Writer::new();
    log.start().exchange(1).exchange(2).seal(true);
    let fields = log.segments[0].personal.as_mut().unwrap();
    let Step::Frame(first) = frame_at(fields, PERSONAL_HEADER_BYTES) else {
        panic!("no frame");
    };
    let mut moved = first.content().to_vec();
    moved[4] = 1;
    fields.truncate(PERSONAL_HEADER_BYTES);
    push_frame(fields, &[&moved]);
    let report = verify(&log, &log.segments, &[]);
    assert_eq!(
        report.faults.first().map(|fault| &fault.kind),
        Some(&FaultKind::Commitment(1))
    );
}

#[test]
fn segments_reserved_ahead_or_just_begun_are_no_fault() {
    let mut log = Writer::new();
    log.start().exchange(1).seal(false);
    let mut begun = Segment {
        number: 2,
        records: vec![0; 4096],
        heads: Vec::new(),
        personal: None,
    };
    log.segments[0].records.resize(8192, 0);
    log.segments.push(begun.clone());
    assert!(verify(&log, &log.segments, &log.stored).is_sound());
    log.segments[1].personal = Some(vec![0; 4096]);
    assert!(verify(&log, &log.segments, &log.stored).is_sound());

    let mut other = Writer::new();
    other.start().exchange(2);
    begun.records[HEADER_BYTES..][..other.segments[0].records.len() - HEADER_BYTES]
        .copy_from_slice(&other.segments[0].records[HEADER_BYTES..]);
    log.segments[1] = begun;
    let report = verify(&log, &log.segments, &log.stored);
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!(report.unsealed, 1);
}

#[test]
fn segments_that_the_writer_removed_under_a_quota_are_told_from_lost_ones() {
    let mut log = Writer::small_log();
    let note = note_record(Note::Pruned { through: 1 });
    log.start()
        .push(RecordRef::Note(&note), &Personal::default())
        .seal(true);
    let mut segments = log.segments.clone();
    segments.remove(0);
    let report = verify(&log, &segments, &[]);
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!(report.pruned_through, Some(1));
    let report = verify(&log, &segments, &log.stored);
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!(report.heads_out_of_reach, 2, "those of the removed segment");
    segments.remove(0);
    let report = verify(&log, &segments, &[]);
    assert!(!report.is_sound(), "one more is gone than the log says");
}

fn exchanges(count: u64) -> Writer {
    let mut log = Writer::new();
    log.start();
    for decision in 0..count {
        log.push(
            RecordRef::Exchange(&exchange_record(decision)),
            &Personal::default(),
        );
    }
    log.seal(true);
    log
}

proptest! {
    #[test]
    fn any_bytes_are_judged_without_a_panic(
        records in proptest::collection::vec(any::<u8>(), 0..600),
        heads in proptest::collection::vec(any::<u8>(), 0..600),
        personal in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200)),
        number in any::<u32>(),
    ) {
        let log = Writer::new();
        let garbage = Segment { number, records, heads, personal };
        verify(&log, &[garbage.clone(), garbage], &[]);
    }

    #[test]
    fn a_sound_log_with_bytes_written_over_it_is_never_sound_and_never_panics(
        place in 0_usize..3,
        at in any::<prop::sample::Index>(),
        bytes in proptest::collection::vec(any::<u8>(), 1..40),
    ) {
        let log = exchanges(5);
        let mut segments = log.segments.clone();
        let file = match place {
            0 => &mut segments[0].records,
            1 => &mut segments[0].heads,
            _ => segments[0].personal.as_mut().unwrap(),
        };
        let start = at.index(file.len());
        for (to, from) in file[start..].iter_mut().zip(&bytes) {
            *to = *from;
        }
        let changed = segments != log.segments;
        prop_assert_eq!(verify(&log, &segments, &[]).is_sound(), !changed);
    }
}
