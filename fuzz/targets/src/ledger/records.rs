//! The content of one frame as a record.

use std::sync::Arc;

use gw_ledger::{
    Entry, Frame, PersonalFields, PersonalState, Position, Record, RecordRef, to_json_line,
};

use super::text::is_plain_line;

/// What is decoded is encoded to what decodes the same, and shown as one line of JSON.
pub(crate) fn records(data: &[u8]) {
    let Some(frame) = Frame::from_content(data, data.len()) else {
        return;
    };
    let record = Record::decode(&frame);
    if let Some(reference) = reference(&record) {
        let mut content = reference.head(false).to_bytes().to_vec();
        reference
            .encode(&mut content)
            .expect("what was read can be written");
        let frame = Frame::from_content(&content, content.len()).unwrap();
        let again = Record::decode(&frame);
        assert_eq!(
            without_personal_values(again),
            without_personal_values(record.clone())
        );
        let mut fields = Vec::new();
        reference.encode_personal(&mut fields);
        restored(&record, &PersonalFields::decode(&fields));
    }
    shown(record);
}

fn reference(record: &Record) -> Option<RecordRef<'_>> {
    Some(match record {
        Record::Judgement(record) => RecordRef::Judgement(record),
        Record::Exchange(record) => RecordRef::Exchange(record),
        Record::End(record) => RecordRef::End(record),
        Record::Refused(record) => RecordRef::Refused(record),
        Record::Change(record) => RecordRef::Change(record),
        Record::Question(record) => RecordRef::Question(record),
        Record::Note(record) => RecordRef::Note(record),
        Record::Unknown { .. } => return None,
    })
}

/// Personal values never stand in the record itself.
fn without_personal_values(mut record: Record) -> Record {
    let judgement = match &mut record {
        Record::Judgement(judgement) => judgement,
        Record::Question(question) => &mut question.judgement,
        _ => return record,
    };
    for attribute in &mut judgement.attributes {
        if attribute.is_personal() {
            attribute.value = None;
        }
    }
    record
}

fn restored(record: &Record, fields: &PersonalFields) {
    if let Record::Judgement(judgement) = record {
        let mut bare = judgement.clone();
        bare.restore(fields);
        assert_eq!(bare.attributes.len(), judgement.attributes.len());
    }
}

fn shown(record: Record) {
    let entry = Entry {
        log: "web-0".into(),
        position: Position::default(),
        judgement: match &record {
            Record::Question(question) => Some(Arc::new(question.judgement.clone())),
            _ => None,
        },
        personal: PersonalState::None,
        record,
    };
    let line = to_json_line(&entry.view()).expect("every record can be shown");
    assert!(is_plain_line(&line), "{line}");
    let _: serde_json::Value = serde_json::from_str(&line).expect("a line is JSON");
}
