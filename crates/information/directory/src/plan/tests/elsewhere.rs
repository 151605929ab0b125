//! What a directory says is elsewhere, where nobody goes: who may be there is not taken for gone.

use super::*;
use crate::Referrals;

/// The same, with places elsewhere that were named.
fn with(elsewhere: Elsewhere, reading: Reading) -> Reading {
    Reading {
        elsewhere,
        ..reading
    }
}

const PEOPLE: Elsewhere = Elsewhere {
    people: 3,
    groups: 0,
};
const GROUPS: Elsewhere = Elsewhere {
    people: 0,
    groups: 1,
};

/// Ana and Bo, both in the group.
fn both_in(group: DirectoryGroup, others: Vec<DirectoryGroup>) -> House {
    let mut house = House::of(vec![linked(1, "ana"), linked(2, "bo")]);
    let groups = [vec![group], others].concat();
    house.follow(&reading(vec![somebody("ana"), somebody("bo")], groups));
    assert_eq!(house.groups("bo"), ["staff"]);
    house
}

#[test]
fn who_is_missing_is_left_as_they_are_and_that_is_said() {
    let mut house = both_in(group("staff", &["ana", "bo"]), vec![]);
    let without_bo = || reading(vec![somebody("ana")], vec![group("staff", &["ana"])]);
    let plan = house.follow(&with(PEOPLE, without_bo()));
    assert_eq!(plan.steps, []);
    assert!(!house.user("bo").disabled);
    assert_eq!(house.groups("bo"), ["staff"]);
    let why = Why::PeopleElsewhere { places: 3, kept: 1 };
    assert!(whys(&plan).contains(&&why), "{:?}", plan.conflicts);
    let told = why.to_string();
    assert!(told.contains("3 places elsewhere") && told.contains("`referrals = \"ignore\"`"));
    house.settings.referrals = Referrals::Ignore;
    let plan = house.follow(&with(PEOPLE, without_bo()));
    assert!(house.user("bo").disabled);
    let is_about_places = |why: &&Why| matches!(why, Why::PeopleElsewhere { .. });
    assert!(!whys(&plan).into_iter().any(|why| is_about_places(&why)));
}

#[test]
fn who_is_there_is_taken_at_the_word_of_what_was_read() {
    let mut house = both_in(group("staff", &["ana", "bo"]), vec![]);
    let read = reading(vec![off("ana"), somebody("bo")], vec![group("staff", &[])]);
    house.follow(&with(PEOPLE, read));
    assert!(house.user("ana").disabled, "it says that she is off");
    assert_eq!(
        house.groups("bo"),
        [""; 0],
        "and that he is in it no longer"
    );
    let read = reading(
        vec![somebody("ana"), somebody("bo"), somebody("cy")],
        vec![group("staff", &["cy"])],
    );
    house.follow(&with(PEOPLE, read));
    assert_eq!(house.groups("cy"), ["staff"], "and who comes, comes");
}

#[test]
fn who_is_in_a_group_that_may_be_elsewhere_stays_in_it() {
    let everybody = || vec![somebody("ana"), somebody("bo")];
    let mut house = both_in(group("staff", &["ana", "bo"]), vec![]);
    let plan = house.follow(&with(GROUPS, reading(everybody(), vec![])));
    assert_eq!(house.groups("bo"), ["staff"]);
    let staff = || "staff".parse().unwrap();
    for why in [
        Why::GroupElsewhere(staff()),
        Why::GroupsElsewhere { places: 1, kept: 2 },
    ] {
        assert!(whys(&plan).contains(&&why), "{:?}", plan.conflicts);
    }
    assert!(!whys(&plan).contains(&&Why::NoSuchGroup(staff())));
    house.follow(&reading(everybody(), vec![]));
    assert_eq!(
        house.groups("bo"),
        [""; 0],
        "where all was read, there is none"
    );
}

#[test]
fn who_may_be_in_a_group_within_it_that_is_elsewhere_stays_in_it() {
    let everybody = || vec![somebody("ana"), somebody("bo")];
    let inner = "cn=inner,ou=groups,dc=lab";
    let outer = || group("staff", &["ana", inner]);
    let mut house = both_in(outer(), vec![group("inner", &["bo"])]);
    house.follow(&with(GROUPS, reading(everybody(), vec![outer()])));
    assert_eq!(house.groups("bo"), ["staff"], "by the inner group, perhaps");
    // Where nothing within it is followed, all who are in it were read.
    house.settings.groups.nesting = 0;
    house.follow(&with(GROUPS, reading(everybody(), vec![outer()])));
    assert_eq!(house.groups("bo"), [""; 0]);
    assert_eq!(house.groups("ana"), ["staff"]);
}

#[test]
fn who_was_taken_out_of_a_group_that_was_read_whole_is_out_of_it() {
    let mut house = both_in(group("staff", &["ana", "bo"]), vec![]);
    let read = reading(
        vec![somebody("ana"), somebody("bo")],
        vec![group("staff", &["ana"])],
    );
    house.follow(&with(GROUPS, read));
    assert_eq!(house.groups("bo"), [""; 0]);
}

#[test]
fn a_group_that_is_not_mapped_any_more_is_left_although_not_all_was_read() {
    let mut house = both_in(group("staff", &["ana", "bo"]), vec![]);
    house
        .settings
        .groups
        .mapped
        .retain(|mapped| mapped.here.as_str() != "staff");
    let read = reading(vec![somebody("ana"), somebody("bo")], vec![]);
    house.follow(&with(GROUPS, read));
    assert_eq!(house.groups("bo"), [""; 0]);
}
