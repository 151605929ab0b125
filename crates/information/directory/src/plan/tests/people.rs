//! Who comes, who is switched off, and who is switched on again.

use super::*;

#[test]
fn people_come_with_their_groups() {
    let mut house = House::of(vec![]);
    let said = reading(
        vec![somebody("ana"), somebody("bo")],
        vec![
            group("staff", &["ana", "bo"]),
            group("admins", &["ana"]),
            group("other", &["bo"]),
        ],
    );
    let plan = house.follow(&said);
    assert_eq!((plan.counts.added, plan.counts.memberships), (2, 3));
    assert_eq!(house.groups("ana"), ["owners", "staff"]);
    assert_eq!(house.groups("bo"), ["staff"]);
    let ana = house.user("ana");
    assert_eq!(&*ana.display_name, "ANA");
    assert_eq!(&*ana.identities[0].subject, "id-ana");
    assert!(
        ana.groups
            .iter()
            .all(|one| one.by == Some("lab".parse().unwrap()))
    );
}

#[test]
fn only_who_is_in_a_mapped_group_comes_where_that_is_declared() {
    let mut house = House::of(vec![]);
    house.settings.people.provision = Provision::InMappedGroups;
    house.follow(&reading(
        vec![somebody("ana"), somebody("bo")],
        vec![group("staff", &["ana"]), group("other", &["bo"])],
    ));
    assert!(house.facts.user_named("ana").is_some());
    assert!(house.facts.user_named("bo").is_none());
}

#[test]
fn who_is_switched_off_there_does_not_come() {
    let mut house = House::of(vec![]);
    house.follow(&reading(vec![off("ana"), somebody("bo")], vec![]));
    assert!(house.facts.user_named("ana").is_none());
}

#[test]
fn who_is_gone_is_switched_off_and_never_removed_and_comes_back_as_themselves() {
    let mut house = House::of(vec![linked(1, "ana"), linked(2, "bo")]);
    let both = reading(
        vec![somebody("ana"), somebody("bo")],
        vec![group("staff", &["ana", "bo"])],
    );
    house.follow(&both);
    let plan = house.follow(&reading(
        vec![somebody("bo")],
        vec![group("staff", &["ana", "bo"])],
    ));
    assert_eq!(plan.counts.disabled, 1);
    assert!(house.user("ana").disabled);
    assert_eq!(
        house.groups("ana"),
        [""; 0],
        "whom the directory does not have is in none of its groups"
    );
    assert_eq!(
        &**house.user("ana").attributes.get(DISABLED_BY).unwrap(),
        "lab"
    );
    let plan = house.follow(&both);
    assert_eq!(plan.counts.enabled, 1);
    let ana = house.user("ana");
    assert!(!ana.disabled && ana.id == UserId::from_bits(1));
    assert!(ana.attributes.is_empty());
    assert_eq!(house.groups("ana"), ["staff"]);
}

#[test]
fn who_was_switched_off_here_is_not_switched_on_by_the_directory() {
    let mut ana = linked(1, "ana");
    ana.disabled = true;
    let mut house = House::of(vec![ana]);
    let there = reading(vec![somebody("ana"), somebody("bo")], vec![]);
    house.follow(&there);
    assert!(house.user("ana").disabled);
    house.follow(&reading(vec![somebody("bo")], vec![]));
    house.follow(&there);
    assert!(
        house.user("ana").disabled,
        "also when they were gone there meanwhile"
    );
}

#[test]
fn who_is_off_by_another_sources_word_is_not_switched_on_by_the_directory() {
    let mut ana = linked(1, "ana");
    let corp: gw_model::ProviderName = "corp".parse().unwrap();
    ana.identities
        .push(ExternalIdentity::of(corp.clone(), "a-1".into()));
    let mut house = House::of(vec![ana]);
    house.follow(&reading(vec![off("ana")], vec![]));
    // The other one says so too, and she is off already.
    let mut said = User::clone(house.user("ana"));
    said.heed(&corp, true);
    house.put(said);
    house.follow(&reading(vec![somebody("ana")], vec![]));
    let ana = house.user("ana");
    assert!(ana.disabled && ana.is_off_by(&corp));
    // Once neither says off, she is on.
    let mut said = User::clone(ana);
    said.heed(&corp, false);
    assert!(!said.disabled && said.attributes.is_empty());
}

#[test]
fn who_is_off_already_is_remembered_as_off_there() {
    let mut ana = linked(1, "ana");
    let corp: gw_model::ProviderName = "corp".parse().unwrap();
    ana.identities
        .push(ExternalIdentity::of(corp.clone(), "a-1".into()));
    ana.heed(&corp, true);
    let mut house = House::of(vec![ana]);
    let plan = house.follow(&reading(vec![off("ana")], vec![]));
    assert!(
        matches!(&plan.steps[..], [Step::Change(one)] if one.what == [What::Said { off: true }])
    );
    let mut said = User::clone(house.user("ana"));
    said.heed(&corp, false);
    assert!(said.is_off_by(&house.settings.provider));
    house.put(said);
    house.follow(&reading(vec![somebody("ana")], vec![]));
    assert!(!house.user("ana").disabled);
}

#[test]
fn who_was_removed_here_does_not_come_back_until_somebody_links_them() {
    let mut house = House::of(vec![linked(1, "ana")]);
    let there = reading(vec![somebody("ana"), somebody("bo")], vec![]);
    house.follow(&there);
    let ana = house.user("ana").clone();
    let mut changes = house.facts.kept_of_removed(&ana);
    changes.push(gw_model::Change::UserRemoved(ana.id));
    house.facts = house.facts.apply(Epoch::default(), &changes).unwrap();
    let plan = house.follow(&there);
    assert_eq!((plan.counts.added, plan.counts.removed), (0, 1));
    assert!(whys(&plan).contains(&&Why::RemovedHere("id-ana".into())));
    assert!(house.facts.user_named("ana").is_none());
    // Nor by their name, nor once they were gone there for a while.
    house.put(user(2, "ana"));
    house.follow(&reading(vec![somebody("bo")], vec![]));
    house.follow(&there);
    assert!(house.user("ana").identities.is_empty());
    house.put(linked(2, "ana"));
    let plan = house.follow(&reading(
        vec![somebody("ana"), somebody("bo")],
        vec![group("staff", &["ana"])],
    ));
    assert_eq!(plan.counts.removed, 0);
    assert_eq!(house.groups("ana"), ["staff"]);
}

#[test]
fn who_is_switched_off_there_is_here_and_back_again() {
    let mut house = House::of(vec![linked(1, "ana")]);
    let plan = house.follow(&reading(vec![off("ana")], vec![]));
    assert!(
        matches!(&plan.steps[..], [Step::Change(one)] if one.what == [What::Disabled(Off::There)])
    );
    house.follow(&reading(vec![somebody("ana")], vec![]));
    assert!(!house.user("ana").disabled);
}

#[test]
fn who_is_unlinked_keeps_nothing_of_the_directory_s() {
    let mut ana = user(1, "ana");
    ana.groups = vec![Membership {
        by: Some("lab".parse().unwrap()),
        ..Membership::of("owners".parse().unwrap())
    }];
    let mut house = House::of(vec![ana]);
    house.settings.people.found_by_name = false;
    house.follow(&reading(
        vec![somebody("bo")],
        vec![group("admins", &["bo"])],
    ));
    assert_eq!(house.groups("ana"), [""; 0]);
    assert!(!house.user("ana").disabled);
}

#[test]
fn a_unique_id_that_two_entries_have_changes_nobody() {
    let mut house = House::of(vec![linked(1, "ana")]);
    let mut forged = off("mallory");
    forged.id = "id-ana".into();
    let plan = house.follow(&reading(
        vec![somebody("ana"), forged],
        vec![group("staff", &["ana", "mallory"])],
    ));
    assert_eq!(plan.steps.len(), 0);
    assert_eq!(
        plan.conflicts
            .iter()
            .filter(|one| one.why == Why::UniqueIdTwice)
            .count(),
        2
    );
}

#[test]
fn somebody_who_is_two_entries_is_left_as_they_are() {
    let mut ana = linked(1, "ana");
    ana.identities
        .push(ExternalIdentity::of("lab".parse().unwrap(), "id-bo".into()));
    let mut house = House::of(vec![ana]);
    let plan = house.follow(&reading(vec![off("ana"), somebody("bo")], vec![]));
    assert!(whys(&plan).contains(&&Why::LinkedTwice("ana".into())));
    assert!(!house.user("ana").disabled);
    house.follow(&reading(vec![somebody("bo"), somebody("cy")], vec![]));
    assert!(!house.user("bo").disabled, "one of the two is still there");
}
