use gw_clock::Clock;
use gw_engine::{
    Judge, View,
    testing::{START, app, group, policies, session, user, visit},
};
use gw_model::{AuthnMethod, Change, Epoch, SessionId, Snapshot, UserId};
use proptest::prelude::*;

use super::*;

const PEOPLE: u64 = 3;

/// One judgement for each of three people at each of two apps.
fn judgements() -> Vec<Arc<Judgement>> {
    let text =
        r#"@id("a") permit (principal is User, action == Action::"http.request", resource);"#;
    let mut changes = vec![group("staff"), policies(text)];
    changes.extend(["wiki", "chat"].map(|name| Change::AppPut(Arc::new(app(name)))));
    let mut sessions = Vec::new();
    for number in 0..PEOPLE {
        let person = user(number, &format!("user-{number}"), &["staff"]);
        let session = session(number, &person, AuthnMethod::Passkey, START);
        changes.push(Change::UserPut(Arc::new(person)));
        changes.push(Change::SessionStarted(Arc::new(session.clone())));
        sessions.push(session);
    }
    let facts = Snapshot::empty(Epoch::default())
        .apply(
            Epoch {
                incarnation: 1,
                number: 1,
            },
            &changes,
        )
        .unwrap();
    let view = View::of(facts, None);
    let mut judge = Judge::new(Clock::manual(START));
    let mut made = Vec::new();
    for session in &sessions {
        for app in ["wiki", "chat"] {
            made.push(judge.judge(&view, &visit(app, Some(session), "/"), START));
        }
    }
    made
}

#[derive(Debug, Clone)]
enum Step {
    Register,
    Hang(usize, usize),
    LetGo(usize),
    Free(usize),
    Forget(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Register),
        4 => (0..64_usize, 0..6_usize).prop_map(|(lease, on)| Step::Hang(lease, on)),
        1 => (0..64_usize).prop_map(Step::LetGo),
        2 => (0..64_usize).prop_map(Step::Free),
        1 => (0..6_usize).prop_map(Step::Forget),
    ]
}

/// Every lease with what it hangs on, and nothing else.
type Model = Vec<(usize, Option<usize>)>;

fn take(table: &mut Table, model: &mut Model, judgements: &[Arc<Judgement>], step: &Step) {
    let circumstances = || Rc::new(visit("wiki", None, "/"));
    let number = model.len();
    match step {
        Step::Register => model.push((table.register(circumstances(), Cut::new()), None)),
        Step::Forget(which) => table.forget(&judgements[*which]),
        _ if number == 0 => {}
        Step::Hang(lease, on) => {
            let (lease, hangs) = &mut model[lease % number];
            table.hang(*lease, &judgements[*on], 1);
            *hangs = Some(*on);
        }
        Step::LetGo(lease) => {
            let (lease, hangs) = &mut model[lease % number];
            assert!(table.let_go(*lease).is_some());
            *hangs = None;
        }
        Step::Free(lease) => table.free(model.remove(lease % number).0),
    }
}

/// Whether the table tells what the model does, from every side.
fn check(table: &Table, model: &Model, judgements: &[Arc<Judgement>]) {
    assert_eq!(table.open(), model.len());
    for (lease, hangs) in model {
        let on = table.judgement(*lease).map(|j| j.id);
        assert_eq!(on, hangs.map(|which| judgements[which].id));
    }
    for (which, judgement) in judgements.iter().enumerate() {
        let mut expected: Vec<_> = model
            .iter()
            .filter(|(_, hangs)| *hangs == Some(which))
            .map(|(lease, _)| *lease)
            .collect();
        expected.sort_unstable();
        let holds: Vec<_> = (0..table.end())
            .filter(|hold| {
                table
                    .held(*hold)
                    .is_some_and(|h| h.judgement.id == judgement.id)
            })
            .collect();
        assert!(holds.len() <= 1, "one judgement is held once");
        let mut leases = holds
            .iter()
            .flat_map(|hold| table.held(*hold).unwrap().leases.clone())
            .collect::<Vec<_>>();
        leases.sort_unstable();
        assert_eq!(leases, expected);
        for subject in judgement.subjects() {
            let about: Vec<_> = table.about(subject).collect();
            assert!(holds.iter().all(|hold| about.contains(hold)));
        }
    }
    let held = (0..table.end()).filter(|hold| table.held(*hold).is_some());
    assert_eq!(held.count(), table.by_time.len());
    assert_eq!(table.by_judgement.len(), table.by_time.len());
    assert_eq!(table.by_subject.len(), 2 * table.by_time.len());
}

proptest! {
    #[test]
    fn the_table_tells_what_a_list_of_leases_would(steps in prop::collection::vec(step(), 1..120)) {
        let judgements = judgements();
        let (mut table, mut model) = (Table::default(), Model::new());
        for step in &steps {
            take(&mut table, &mut model, &judgements, step);
            check(&table, &model, &judgements);
        }
    }
}

#[test]
fn a_person_s_and_a_session_s_judgements_are_found_directly() {
    let judgements = judgements();
    let mut table = Table::default();
    for judgement in &judgements {
        let lease = table.register(Rc::new(visit("wiki", None, "/")), Cut::new());
        table.hang(lease, judgement, 1);
    }
    let found = |subject| {
        let holds = table.about(subject);
        let people = holds.map(|hold| table.held(hold).unwrap().judgement.session.unwrap());
        people.collect::<Vec<_>>()
    };
    let (person, session) = (UserId::from_bits(1), SessionId::from_bits(1));
    assert_eq!(found(Subject::User(person)), [session; 2]);
    assert_eq!(found(Subject::Session(session)), [session; 2]);
    assert!(found(Subject::User(UserId::from_bits(9))).is_empty());
}

#[test]
fn of_judgements_on_which_nothing_hangs_only_so_many_are_kept() {
    let made = judgements();
    let mut table = Table::default();
    let lease = table.register(Rc::new(visit("wiki", None, "/")), Cut::new());
    for number in 0..(3 * UNUSED_MAX as u64) {
        // The same answer under another name stands for any other.
        let mut other = Judgement::clone(&made[0]);
        other.id = JudgementId::from_bits(number);
        table.hang(lease, &Arc::new(other), 1);
    }
    assert_eq!(table.by_judgement.len(), UNUSED_MAX + 1);
    assert!(table.unused.len() <= UNUSED_MAX);
    assert!(table.judgement(lease).is_some());
}
