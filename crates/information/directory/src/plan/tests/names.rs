//! Who is whom, and what they are called.

use super::*;

#[test]
fn somebody_here_without_ways_to_sign_in_is_found_by_name_where_declared() {
    let mut ana = user(1, "ana");
    ana.groups = vec![Membership::of("staff".parse().unwrap())];
    let mut house = House::of(vec![ana]);
    let plan = house.follow(&reading(
        vec![somebody("ana")],
        vec![group("admins", &["ana"])],
    ));
    assert_eq!((plan.counts.added, plan.counts.changed), (0, 1));
    assert_eq!(house.user("ana").id, UserId::from_bits(1));
    assert_eq!(house.groups("ana"), ["staff", "owners"]);

    let mut house = House::of(vec![user(1, "ana")]);
    house.settings.people.found_by_name = false;
    let plan = house.follow(&reading(vec![somebody("ana")], vec![]));
    let taken = Why::NameTaken {
        name: "ana".into(),
        is_disabled: false,
    };
    assert_eq!(
        plan.conflicts.iter().filter(|one| one.why == taken).count(),
        1
    );
    assert!(house.user("ana").identities.is_empty());
}

#[test]
fn who_has_ways_of_their_own_is_never_found_by_a_name() {
    let mut passkey = user(1, "ana");
    passkey.factors = vec![Factor {
        id: FactorId::from_bits(1),
        kind: FactorKind::Passkey,
        name: "key".into(),
        enrolled_at: Timestamp::default(),
        authenticator: None,
    }];
    let mut elsewhere = user(1, "ana");
    elsewhere.identities = vec![ExternalIdentity::of("corp".parse().unwrap(), "7".into())];
    for ana in [passkey, elsewhere] {
        let mut house = House::of(vec![ana.clone()]);
        let plan = house.follow(&reading(
            vec![somebody("ana")],
            vec![group("admins", &["ana"])],
        ));
        assert!(whys(&plan).contains(&&Why::HasOwnWays("ana".into())));
        assert_eq!(house.user("ana").groups, []);
    }
    let mut ana = user(1, "ana");
    ana.disabled = true;
    let mut house = House::of(vec![ana]);
    let plan = house.follow(&reading(vec![somebody("ana")], vec![]));
    assert!(whys(&plan).contains(&&Why::FoundDisabled("ana".into())));
}

#[test]
fn nobody_is_found_by_a_mail_address() {
    let mut ana = user(1, "ana");
    ana.email = Some("ana@lab.test".into());
    let mut other = somebody("mallory");
    other.email = Some("ana@lab.test".into());
    let mut house = House::of(vec![ana]);
    house.follow(&reading(vec![other], vec![group("admins", &["mallory"])]));
    assert!(house.user("ana").identities.is_empty());
    assert!(house.user("mallory").id != house.user("ana").id);
}

#[test]
fn a_new_entry_of_an_old_name_is_not_who_was_called_that() {
    let mut house = House::of(vec![linked(1, "ana")]);
    let mut again = somebody("ana");
    again.id = "id-another".into();
    let plan = house.follow(&reading(
        vec![again, somebody("bo")],
        vec![group("staff", &["ana"])],
    ));
    assert!(
        house.user("ana").disabled,
        "the entry that they were is gone"
    );
    assert_eq!(house.groups("ana"), [""; 0]);
    let taken = |why: &&Why| matches!(why, Why::NameTaken { .. });
    assert!(
        whys(&plan).into_iter().any(|why| taken(&why)),
        "{:?}",
        plan.conflicts
    );
}

#[test]
fn names_and_profiles_follow_the_directory() {
    let mut house = House::of(vec![linked(1, "ana")]);
    let mut renamed = somebody("ana");
    renamed.name = Ok("ana.ash".into());
    renamed.display_name = Some("Ana Ash".into());
    renamed.email = Some("ana@lab.test".into());
    house.follow(&reading(vec![renamed.clone()], vec![]));
    let ana = house.user("ana.ash");
    assert_eq!(
        (&*ana.display_name, ana.email.as_deref()),
        ("Ana Ash", Some("ana@lab.test"))
    );
    renamed.display_name = None;
    renamed.email = None;
    house.follow(&reading(vec![renamed], vec![]));
    let ana = house.user("ana.ash");
    assert_eq!(
        (&*ana.display_name, ana.email.as_deref()),
        ("ana.ash", None)
    );
}

#[test]
fn who_was_first_linked_elsewhere_keeps_the_names_from_there() {
    let mut ana = linked(1, "ana");
    ana.identities
        .insert(0, ExternalIdentity::of("corp".parse().unwrap(), "7".into()));
    let mut house = House::of(vec![ana]);
    let mut said = somebody("ana");
    said.name = Ok("other".into());
    said.display_name = Some("Other".into());
    house.follow(&reading(vec![said], vec![group("staff", &["ana"])]));
    assert_eq!(&*house.user("ana").display_name, "ANA");
    assert_eq!(house.groups("ana"), ["staff"]);
}

#[test]
fn names_are_handed_on_within_one_plan_and_newcomers_get_what_is_freed() {
    let mut house = House::of(vec![linked(1, "a"), linked(2, "b")]);
    let called = |person: &str, name: &str| Person {
        name: Ok(name.into()),
        ..somebody(person)
    };
    house.follow(&reading(
        vec![called("a", "b"), called("b", "c"), called("new", "a")],
        vec![],
    ));
    assert_eq!(house.user("b").id, UserId::from_bits(1));
    assert_eq!(house.user("c").id, UserId::from_bits(2));
    assert_eq!(&*house.user("a").identities[0].subject, "id-new");
}

#[test]
fn who_would_swap_names_keeps_them_and_that_is_said() {
    let mut house = House::of(vec![linked(1, "a"), linked(2, "b")]);
    let called = |person: &str, name: &str| Person {
        name: Ok(name.into()),
        ..somebody(person)
    };
    let plan = house.follow(&reading(vec![called("a", "b"), called("b", "a")], vec![]));
    assert_eq!(
        plan.conflicts
            .iter()
            .filter(|one| matches!(one.why, Why::NameTaken { .. }))
            .count(),
        2
    );
    assert_eq!(house.user("a").id, UserId::from_bits(1));
}

#[test]
fn two_entries_of_one_name_are_both_told_and_who_has_it_keeps_it() {
    let twin = Person {
        id: "id-twin".into(),
        shown: "uid=twin".into(),
        dn: dn("uid=twin").key().clone(),
        ..somebody("ana")
    };
    let mut house = House::of(vec![]);
    let plan = house.follow(&reading(vec![somebody("ana"), twin.clone()], vec![]));
    assert_eq!(plan.counts.added, 0);
    assert_eq!(
        plan.conflicts
            .iter()
            .filter(|one| one.why == Why::NameTwice("ana".into()))
            .count(),
        2
    );

    let mut house = House::of(vec![linked(1, "ana")]);
    let plan = house.follow(&reading(vec![somebody("ana"), twin], vec![]));
    assert_eq!(plan.counts.added, 0);
    assert!(whys(&plan).contains(&&Why::NameTwice("ana".into())));
    assert!(!house.user("ana").disabled);
}

#[test]
fn a_name_that_none_is_holds_nothing_else_up() {
    let mut house = House::of(vec![linked(1, "ana")]);
    let nameless = |name: &str| Person {
        name: Err(UnusableName::Invalid("Ä".into())),
        ..somebody(name)
    };
    let plan = house.follow(&reading(
        vec![nameless("ana"), nameless("bo")],
        vec![group("staff", &["ana", "bo"])],
    ));
    assert_eq!(house.groups("ana"), ["staff"]);
    assert_eq!(
        plan.conflicts
            .iter()
            .filter(|one| one.why == Why::InvalidName("Ä".into()))
            .count(),
        2
    );
}
