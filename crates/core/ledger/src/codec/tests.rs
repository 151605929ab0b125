use gw_model::{
    Action, Actor, Attribute, ClientId, Decision, Fault, Lever, PolicyId, Principal, Remedies,
    Remedy, ReportDifference, Resource, SessionId, UserId,
};
use proptest::prelude::*;

use super::*;
use crate::{
    frame::{Step, frame_at, push_frame},
    personal::PersonalFields,
    record::{ChangedFact, Ground, MentionedAttribute, Note},
    testing::{exchange_record, judgement_record},
};

fn read_back(record: RecordRef<'_>) -> Record {
    let mut payload = Vec::new();
    record.encode(&mut payload).unwrap();
    let mut file = Vec::new();
    push_frame(&mut file, &[&record.head(false).to_bytes(), &payload]);
    match frame_at(&file, 0) {
        Step::Frame(frame) => Record::decode(&frame),
        other => panic!("{other:?}"),
    }
}

fn text() -> impl Strategy<Value = Arc<str>> {
    "[ -~ä]{0,40}".prop_map(Arc::from)
}

prop_compose! {
    fn time()(millis in any::<u64>()) -> Timestamp { Timestamp::from_millis(millis) }
}

prop_compose! {
    fn epoch()(incarnation in any::<u32>(), number in any::<u64>()) -> Epoch {
        Epoch { incarnation, number }
    }
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![Just(Outcome::Allow), Just(Outcome::Deny)]
}

prop_compose! {
    fn decision()(
        outcome in outcome(),
        because in proptest::collection::vec(text().prop_map(PolicyId), 0..3),
        faults in proptest::collection::vec(
            (proptest::option::of(text().prop_map(PolicyId)), text())
                .prop_map(|(policy, what)| Fault { policy, what: what.to_string() }),
            0..2,
        ),
        report in proptest::option::of(
            (self::outcome(), proptest::collection::vec(text().prop_map(PolicyId), 0..3))
                .prop_map(|(outcome, because)| ReportDifference { outcome, because }),
        ),
        valid_until in time(),
    ) -> Decision {
        Decision { outcome, because, faults, report, valid_until }
    }
}

fn remedies() -> impl Strategy<Value = Remedies> {
    let step = prop_oneof![
        Just(Lever::SignIn),
        Just(Lever::EnrolPasskey),
        text().prop_map(Lever::Network),
        time().prop_map(Lever::Time),
        Just(Lever::Group("staff".parse().unwrap())),
    ];
    let way = proptest::collection::vec(step, 1..3).prop_map(|steps| Remedy { steps });
    (proptest::collection::vec(way, 0..3), any::<bool>())
        .prop_map(|(ways, exhausted)| Remedies { ways, exhausted })
}

prop_compose! {
    fn judgement()(
        (id, time, epoch) in (any::<u64>(), time(), epoch()),
        principal in prop_oneof![
            Just(Principal::Anonymous),
            any::<u64>().prop_map(|id| Principal::User(UserId::from_bits(id))),
            any::<u32>().prop_map(Principal::Local),
        ],
        session in proptest::option::of(any::<u64>().prop_map(SessionId::from_bits)),
        device in proptest::option::of(text()),
        action in proptest::sample::select(Action::ALL),
        resource in prop_oneof![
            Just(Resource::System),
            Just(Resource::Route("wiki/editor".parse().unwrap())),
            any::<u64>().prop_map(|id| Resource::User(UserId::from_bits(id))),
        ],
        decision in decision(),
        grounds in proptest::collection::vec(
            (text(), any::<u64>()).prop_map(|(fact, version)| Ground { fact, version }), 0..4),
        attributes in proptest::collection::vec(
            (proptest::sample::select(gw_model::Attribute::ALL), text())
                .prop_map(|(attribute, value)| MentionedAttribute::new(attribute, value)), 0..4)
            .prop_map(distinct),
        remedies in proptest::option::of(remedies()),
    ) -> JudgementRecord {
        JudgementRecord {
            judgement: JudgementId::from_bits(id),
            time, epoch, principal, session, device, action, resource,
            decision, grounds, attributes, remedies,
        }
    }
}

fn distinct(mut attributes: Vec<MentionedAttribute>) -> Vec<MentionedAttribute> {
    attributes.sort_by(|a, b| a.path.cmp(&b.path));
    attributes.dedup_by(|a, b| a.path == b.path);
    attributes
}

/// What is left of a judgement in the record itself.
fn without_personal(mut judgement: JudgementRecord) -> JudgementRecord {
    for attribute in &mut judgement.attributes {
        if attribute.is_personal() {
            attribute.value = None;
        }
    }
    judgement
}

proptest! {
    #[test]
    fn an_exchange_reads_back(
        (time, epoch, outcome) in (time(), epoch(), outcome()),
        (decision, judgement, latency_ns) in (any::<u64>(), any::<u64>(), any::<u32>()),
        kind in any::<u8>().prop_map(ExchangeKind::from_code),
        method in any::<u8>().prop_map(Method::from_code),
    ) {
        let record = ExchangeRecord {
            time, epoch, outcome, kind, method, latency_ns,
            decision: DecisionId::from_bits(decision),
            judgement: JudgementId::from_bits(judgement),
        };
        prop_assert_eq!(read_back(RecordRef::Exchange(&record)), Record::Exchange(record));
    }

    #[test]
    fn an_end_reads_back(
        (time, decision, status) in (time(), any::<u64>(), any::<u16>()),
        (bytes_up, bytes_down, micros) in (any::<u64>(), any::<u64>(), any::<u64>()),
        manner in any::<u8>().prop_map(EndManner::from_code),
        reason in proptest::option::of(text()),
    ) {
        let record = EndRecord {
            time, status, bytes_up, bytes_down, manner, reason,
            decision: DecisionId::from_bits(decision),
            duration: Duration::from_micros(micros),
        };
        prop_assert_eq!(read_back(RecordRef::End(&record)), Record::End(record));
    }

    #[test]
    fn a_judgement_and_a_question_read_back_without_their_personal_values(
        judgement in judgement(),
        (decision, latency_ns) in (any::<u64>(), any::<u32>()),
    ) {
        let expected = without_personal(judgement.clone());
        prop_assert_eq!(
            read_back(RecordRef::Judgement(&judgement)),
            Record::Judgement(expected.clone())
        );
        let mut fields = Vec::new();
        RecordRef::Judgement(&judgement).encode_personal(&mut fields);
        let mut restored = expected.clone();
        restored.restore(&PersonalFields::decode(&fields));
        prop_assert_eq!(&restored, &judgement);
        let decision = DecisionId::from_bits(decision);
        let question = QuestionRecord { decision, judgement, latency_ns };
        prop_assert_eq!(
            read_back(RecordRef::Question(&question)),
            Record::Question(QuestionRecord { decision, judgement: expected, latency_ns })
        );
    }

    #[test]
    fn changes_refusals_and_notes_read_back(
        (time, epoch, what) in (time(), epoch(), text()),
        changes in proptest::collection::vec(
            (text(), text()).prop_map(|(kind, subject)| ChangedFact { kind, subject }), 0..3),
        (count, others, jump_ms) in (any::<u64>(), any::<bool>(), any::<i64>()),
    ) {
        let change = ChangeRecord {
            time, epoch, what: what.clone(), changes,
            actor: Actor::User(UserId::from_bits(count)),
            session: None,
            decision: Some(DecisionId::from_bits(count)),
        };
        prop_assert_eq!(read_back((&change).into()), Record::Change(change.clone()));
        let refused = RefusedRecord { reason: what, count, from: time, to: time, others };
        prop_assert_eq!(
            read_back(RecordRef::Refused(&refused)),
            Record::Refused(refused.clone())
        );
        let note = NoteRecord { time, note: Note::ClockFault { jump_ms } };
        prop_assert_eq!(read_back((&note).into()), Record::Note(note.clone()));
    }

    #[test]
    fn any_payload_of_any_kind_is_decoded_without_a_panic(
        head in any::<[u8; 3]>(),
        known in 1_u8..8,
        payload in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        for head in [head, [known, 1, 0]] {
            let mut file = Vec::new();
            push_frame(&mut file, &[&head, &[0], &payload]);
            if let Step::Frame(frame) = frame_at(&file, 0) {
                Record::decode(&frame);
            }
        }
    }
}

#[test]
fn kinds_and_versions_of_the_future_are_skipped() {
    for (head, kind, version) in [([99, 1, 0, 0], 99, 1), ([2, 7, 0, 0], 2, 7)] {
        let mut file = Vec::new();
        push_frame(&mut file, &[&head, b"whatever"]);
        push_frame(&mut file, &[&[7, 1, 0, 0], &[0xff; 3]]);
        let Step::Frame(frame) = frame_at(&file, 0) else {
            panic!("no frame");
        };
        assert_eq!(Record::decode(&frame), Record::Unknown { kind, version });
        let Step::Frame(next) = frame_at(&file, frame.end()) else {
            panic!("the frame after it is not found");
        };
        let unreadable = Record::Unknown {
            kind: 7,
            version: 1,
        };
        assert_eq!(Record::decode(&next), unreadable);
    }
}

#[test]
fn an_exchange_is_about_a_hundred_bytes() {
    let frame = crate::framed_bytes(4 + 32 + ExchangeRecord::BYTES);
    assert_eq!(frame, 88);
    assert_eq!(exchange_record(1).to_bytes().len(), 44);
}

#[test]
fn addresses_and_paths_are_not_in_the_record_itself() {
    let mut payload = Vec::new();
    let judgement = judgement_record();
    RecordRef::Judgement(&judgement)
        .encode(&mut payload)
        .unwrap();
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
    assert!(holds(&payload, "GET") && !holds(&payload, "192.0.2.7"));
    let mut personal = Vec::new();
    RecordRef::Judgement(&judgement).encode_personal(&mut personal);
    assert!(holds(&personal, "192.0.2.7"));
}

#[test]
fn each_method_of_http_has_its_code() {
    for (method, word) in METHODS {
        assert_eq!(Method::of(word), method);
        assert_eq!(Method::from_code(method.code()), method);
    }
    assert_eq!(Method::of("get"), Method::Other);
    assert_eq!(Method::from_code(Method::None.code()), Method::None);
}

/// The number that a record has for a word.
fn number(word: &impl serde::Serialize) -> u8 {
    postcard::to_allocvec(word).unwrap()[0]
}

#[test]
fn words_keep_the_numbers_that_records_have_for_them() {
    let attributes = [
        (Attribute::AuthnMethods, 0),
        (Attribute::SessionAgeSecs, 4),
        (Attribute::HttpMethod, 15),
        (Attribute::TimeNow, 24),
        (Attribute::ProposalAction, 27),
        (Attribute::AuthnMultiFactor, 28),
        (Attribute::AuthnMultiFactorAgeSecs, 36),
        (Attribute::FactorKind, 37),
    ];
    for (attribute, known) in attributes {
        assert_eq!(number(&attribute), known, "{attribute:?}");
    }
    let group = Lever::Group("staff".parse().unwrap());
    let provider = Lever::ConfirmWithProvider("corp".parse().unwrap());
    assert_eq!(
        [
            number(&Lever::EnrolPasskey),
            number(&group),
            number(&provider),
            number(&Lever::ConfirmWithPassword)
        ],
        [2, 6, 7, 8]
    );
    let user = Principal::User(UserId::from_bits(1));
    let principals = [Principal::Anonymous, user, Principal::Local(0)];
    assert_eq!(principals.each_ref().map(number), [0, 1, 2]);
    assert_eq!(number(&Principal::Client(ClientId::from_bits(1))), 3);
}
