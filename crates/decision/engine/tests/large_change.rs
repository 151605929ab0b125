//! A change of very many facts is recorded whole, whatever the size of the ledger's segments.

use gw_engine::{
    Commit,
    testing::{TestEngine, group},
};
use gw_ledger::Record;
use gw_model::Actor;
use gw_record::read_logs;

#[tokio::test]
async fn a_change_of_many_facts_takes_several_records_of_one_epoch() {
    const GROUPS: usize = 12_000;
    let tested = TestEngine::with(Vec::new()).await;
    let mut commit = Commit::new(Actor::Gatewright, "many groups");
    commit.changes = (0..GROUPS).map(|n| group(&format!("g{n}"))).collect();
    let acknowledged = tested.engine.commit(commit).await.unwrap();

    let mut subjects = Vec::new();
    let mut records = 0;
    for entry in read_logs(&tested.folder.path().join("ledger")).unwrap() {
        if let Record::Change(change) = entry.unwrap().record
            && &*change.what == "many groups"
        {
            assert_eq!(change.epoch, acknowledged.epoch);
            assert!(!change.changes.is_empty());
            records += 1;
            subjects.extend(change.changes.into_iter().map(|changed| changed.subject));
        }
    }
    assert!(records > 1);
    let expected: Vec<_> = (0..GROUPS).map(|n| format!("g{n}").into()).collect();
    assert_eq!(subjects, expected);
}
