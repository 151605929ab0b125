use serde_json::{Value, json};

use super::*;
use crate::{
    escape::to_json_line,
    testing::{exchange_record, judgement_record},
};

fn exchange_entry(personal: PersonalState) -> Entry {
    Entry {
        log: Arc::from("core-0"),
        position: Position {
            segment: 1,
            index: 4,
        },
        record: Record::Exchange(exchange_record(2)),
        personal,
        judgement: Some(Arc::new(judgement_record())),
    }
}

fn shown(entry: &Entry) -> Value {
    serde_json::from_str(&to_json_line(&entry.view()).unwrap()).unwrap()
}

#[test]
fn an_exchange_is_shown_with_the_reasons_of_its_judgement() {
    let fields = PersonalFields {
        path: "/page".into(),
        user: "ana".into(),
        ..PersonalFields::default()
    };
    let shown = shown(&exchange_entry(PersonalState::Present(Box::new(fields))));
    assert_eq!(shown["kind"], "exchange");
    assert_eq!(shown["outcome"], "allow");
    assert_eq!(shown["because"], json!(["wiki-for-staff"]));
    assert_eq!(shown["action"], "http.request");
    assert_eq!(shown["resource"], "wiki/default");
    assert_eq!(shown["epoch"], json!({"incarnation": 1, "number": 42}));
    assert_eq!(shown["latency_ns"], 700);
    assert_eq!(shown["personal"], json!({"path": "/page", "user": "ana"}));
    assert_eq!(shown["grounds"][0], json!({"fact": "user", "version": 40}));
    assert!(shown.get("reason").is_none() && shown.get("device").is_none());
}

#[test]
fn removed_and_altered_personal_fields_are_said_to_be_so() {
    assert_eq!(
        shown(&exchange_entry(PersonalState::Removed))["personal_state"],
        "removed"
    );
    let altered = shown(&exchange_entry(PersonalState::Altered));
    assert_eq!(altered["personal_state"], "altered");
    assert!(altered.get("personal").is_none());
}

#[test]
fn an_entry_is_found_by_its_decision_and_by_its_judgement() {
    let entry = exchange_entry(PersonalState::None);
    assert!(entry.is_of_decision(DecisionId::from_bits(2)));
    assert!(!entry.is_of_decision(DecisionId::from_bits(3)));
    assert!(entry.is_of_judgement(JudgementId::from_bits(5)));
}
