//! Laws of planning, over facts and readings of all shapes.

use gw_model::{DISABLED_BY, Epoch, ExternalIdentity, Membership, Snapshot, User, UserId};
use proptest::prelude::*;

use super::*;
use crate::{
    Dn,
    reading::{DirectoryGroup, Elsewhere, Member, Person, UnusableName},
    settings::{Provision, Referrals},
    testing::{facts, settings, user},
};

fn key(text: String) -> crate::DnKey {
    text.parse::<Dn>().unwrap().key().clone()
}

/// Few names, ids and groups, so that they collide.
fn person() -> impl Strategy<Value = Person> {
    let name = prop_oneof![
        8 => "[a-e]".prop_map(|name| Ok(name.into())),
        1 => Just(Err(UnusableName::Absent)),
    ];
    let display_name = prop::option::of("[a-b]".prop_map(Into::into));
    (0..6_u8, 0..8_u8, name, display_name, any::<bool>(), 0..4_u8).prop_map(
        |(id, dn, name, display_name, is_disabled, group)| Person {
            id: format!("id-{id}").into(),
            dn: key(format!("uid={dn}")),
            shown: format!("uid={dn}").into(),
            name,
            display_name,
            email: None,
            is_disabled,
            member_of: (group == 0)
                .then(|| key("cn=0".into()))
                .into_iter()
                .collect(),
        },
    )
}

fn group() -> impl Strategy<Value = DirectoryGroup> {
    let member = prop_oneof![
        (0..8_u8).prop_map(|n| Member::Dn(key(format!("uid={n}")))),
        (0..4_u8).prop_map(|n| Member::Dn(key(format!("cn={n}")))),
        "[a-e]".prop_map(|name| Member::SignInName(name.into())),
    ];
    let named = prop_oneof![Just("staff"), Just("admins"), Just("other")];
    (0..4_u8, named, prop::collection::vec(member, 0..6)).prop_map(|(dn, name, members)| {
        DirectoryGroup {
            dn: key(format!("cn={dn}")),
            shown: format!("cn={dn}").into(),
            names: vec![name.into()],
            members,
            unreadable: 0,
        }
    })
}

fn reading() -> impl Strategy<Value = Reading> {
    let people = prop::collection::vec(person(), 1..8);
    let groups = prop::collection::vec(group(), 0..4);
    (people, groups, 0..2_usize, 0..2_usize).prop_map(|(people, groups, of_people, of_groups)| {
        Reading {
            people,
            unusable: Vec::new(),
            groups,
            elsewhere: Elsewhere {
                people: of_people,
                groups: of_groups,
            },
        }
    })
}

fn identity(provider: &str, id: u8) -> ExternalIdentity {
    ExternalIdentity::of(provider.parse().unwrap(), format!("id-{id}").into())
}

/// People who are linked, or not, or elsewhere; each unique id at most once.
fn present() -> impl Strategy<Value = Snapshot> {
    let one = (any::<[bool; 6]>(), 0..3_u8);
    prop::collection::vec(one, 0..5).prop_map(|all| {
        let mut users: Vec<User> = Vec::new();
        for (number, ([is_linked, elsewhere, twice, is_off, by_lab, in_group], _)) in
            all.into_iter().enumerate()
        {
            let mut one = user(number as u64 + 1, ["a", "b", "c", "d", "e"][number]);
            let number = number as u8;
            one.identities
                .extend(elsewhere.then(|| identity("corp", number)));
            one.identities
                .extend(is_linked.then(|| identity("lab", number)));
            one.identities
                .extend((is_linked && twice && number == 0).then(|| identity("lab", 5)));
            one.disabled = is_off;
            for identity in one
                .identities
                .iter_mut()
                .filter(|i| i.provider.as_str() == "corp")
            {
                identity.off = twice;
            }
            if is_off && by_lab {
                one.attributes.insert(DISABLED_BY.into(), "lab".into());
            }
            if in_group {
                one.groups = vec![Membership {
                    by: by_lab.then(|| "lab".parse().unwrap()),
                    ..Membership::of("staff".parse().unwrap())
                }];
            }
            users.push(one);
        }
        facts(users)
    })
}

fn declared() -> impl Strategy<Value = Settings> {
    let provision = prop_oneof![
        Just(Provision::Nobody),
        Just(Provision::InMappedGroups),
        Just(Provision::Everybody),
    ];
    (provision, any::<bool>(), 0..4_usize).prop_map(|(provision, found_by_name, nesting)| {
        let mut settings = settings();
        settings.people.provision = provision;
        settings.people.found_by_name = found_by_name;
        settings.groups.nesting = nesting;
        settings.safety.loss_percent = 100;
        settings.safety.loss_always = 100;
        settings
    })
}

fn applied(facts: &Snapshot, plan: &Plan, settings: &Settings) -> Snapshot {
    let mut next = 1000 + facts.users().count() as u64;
    let present = Present::of(facts, &settings.provider);
    let changes = plan.changes(&present, || {
        next += 1;
        UserId::from_bits(next)
    });
    facts.apply(Epoch::default(), &changes).unwrap()
}

fn planned(facts: &Snapshot, reading: &Reading, settings: &Settings) -> Plan {
    plan(&Present::of(facts, &settings.provider), reading, settings).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_plan_can_be_applied_and_planning_again_finds_nothing(
        facts in present(), reading in reading(), settings in declared(),
    ) {
        let first = planned(&facts, &reading, &settings);
        let after = applied(&facts, &first, &settings);
        let again = planned(&after, &reading, &settings);
        prop_assert!(again.is_empty(), "{:?} after {:?}", again, first);
    }

    #[test]
    fn any_part_of_a_plan_can_be_made_alone(
        facts in present(), reading in reading(), settings in declared(), steps in 0..4_usize,
    ) {
        let whole = planned(&facts, &reading, &settings);
        let part = applied(&facts, &whole.clone().first(steps), &settings);
        let rest = applied(&part, &planned(&part, &reading, &settings), &settings);
        prop_assert!(planned(&rest, &reading, &settings).is_empty());
    }

    #[test]
    fn the_order_of_a_reading_does_not_count(
        facts in present(), reading in reading(), settings in declared(),
    ) {
        let mut turned = reading.clone();
        turned.people.reverse();
        turned.groups.reverse();
        // Two groups of one name are two groups only where their entries are.
        let mut keys: Vec<_> = reading.groups.iter().map(|group| &group.dn).collect();
        keys.sort_unstable();
        keys.dedup();
        prop_assume!(keys.len() == reading.groups.len());
        prop_assert_eq!(planned(&facts, &reading, &settings), planned(&facts, &turned, &settings));
    }

    #[test]
    fn nobody_is_removed_and_what_others_say_stands(
        facts in present(), reading in reading(), settings in declared(),
    ) {
        let after = applied(&facts, &planned(&facts, &reading, &settings), &settings);
        let present = Present::of(&facts, &settings.provider);
        for before in facts.users() {
            let now = after.user(before.id).expect("nobody is removed");
            let others = |user: &User| {
                user.groups.iter().filter(|one| !present.is_ours(one)).cloned().collect::<Vec<_>>()
            };
            prop_assert_eq!(others(before), others(now));
            let stays = |one: &ExternalIdentity| {
                now.identities.iter().any(|other| other.is(&one.provider, &one.subject))
            };
            prop_assert!(before.identities.iter().all(stays));
            if before.disabled && !before.is_off_by(&settings.provider) {
                prop_assert!(now.disabled, "who was switched off here stays off");
            }
            let other_says_off = |one: &&ExternalIdentity| one.provider.as_str() == "corp" && one.off;
            if before.disabled && before.identities.iter().any(|one| other_says_off(&one)) {
                prop_assert!(now.disabled, "who is off by another's word stays off");
            }
            let has_own_ways = !before.factors.is_empty() || !before.identities.is_empty();
            if has_own_ways && present.ids_of(before).is_empty() {
                prop_assert_eq!(before.identities.len(), now.identities.len());
            }
        }
    }

    #[test]
    fn who_may_be_elsewhere_stays_as_they_are(
        facts in present(), mut reading in reading(), settings in declared(),
    ) {
        reading.elsewhere.people = 1;
        let plan = planned(&facts, &reading, &settings);
        let after = applied(&facts, &plan, &settings);
        let present = Present::of(&facts, &settings.provider);
        for before in facts.users() {
            let ids = present.ids_of(before);
            let is_read = reading.people.iter().any(|one| ids.contains(&one.id));
            if !ids.is_empty() && !is_read {
                prop_assert_eq!(after.user(before.id), Some(before));
            }
        }
    }

    #[test]
    fn places_that_are_ignored_change_nothing(
        facts in present(), mut reading in reading(), mut settings in declared(),
    ) {
        settings.referrals = Referrals::Ignore;
        let named = planned(&facts, &reading, &settings);
        reading.elsewhere = Elsewhere::default();
        prop_assert_eq!(named, planned(&facts, &reading, &settings));
    }

    #[test]
    fn who_is_not_there_or_off_there_is_off_here(
        facts in present(), mut reading in reading(), settings in declared(),
    ) {
        reading.elsewhere = Elsewhere::default();
        let after = applied(&facts, &planned(&facts, &reading, &settings), &settings);
        let present = Present::of(&after, &settings.provider);
        for user in after.users() {
            let ids = present.ids_of(user);
            let entries: Vec<_> = reading.people.iter().filter(|one| ids.contains(&one.id)).collect();
            let is_gone = !ids.is_empty() && entries.is_empty();
            let is_off = matches!(entries[..], [one] if one.is_disabled);
            if is_gone || is_off {
                prop_assert!(user.disabled);
            }
            if is_gone {
                prop_assert!(!user.groups.iter().any(|one| present.is_ours(one)));
            }
        }
    }
}
