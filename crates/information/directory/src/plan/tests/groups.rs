//! Who is in which group.

use super::*;

#[test]
fn what_others_say_of_memberships_stands() {
    let mut ana = linked(1, "ana");
    ana.groups = vec![
        Membership::of("staff".parse().unwrap()),
        Membership {
            until: Some(Timestamp::from_secs(9)),
            by: Some("corp".parse().unwrap()),
            ..Membership::of("owners".parse().unwrap())
        },
    ];
    let mut house = House::of(vec![ana.clone()]);
    house.follow(&reading(
        vec![somebody("ana")],
        vec![group("staff", &["ana"])],
    ));
    assert_eq!(house.groups("ana"), ["staff", "owners", "staff"]);
    house.follow(&reading(vec![somebody("ana")], vec![group("staff", &[])]));
    assert_eq!(house.user("ana").groups, ana.groups);
}

#[test]
fn groups_within_groups_are_followed_and_circles_end() {
    let mut house = House::of(vec![]);
    let circle = vec![
        group("staff", &["cn=a,ou=groups,dc=lab"]),
        group("a", &["ana", "cn=b,ou=groups,dc=lab"]),
        group(
            "b",
            &["bo", "cn=staff,ou=groups,dc=lab", "cn=b,ou=groups,dc=lab"],
        ),
    ];
    let plan = house.follow(&reading(vec![somebody("ana"), somebody("bo")], circle));
    assert_eq!(house.groups("ana"), ["staff"]);
    assert_eq!(house.groups("bo"), ["staff"]);
    assert!(!whys(&plan).contains(&&Why::TooDeep(8)));
}

#[test]
fn groups_deeper_than_declared_are_not_followed_and_that_is_said() {
    let chain = || {
        reading(
            vec![somebody("ana"), somebody("bo")],
            vec![
                group("staff", &["ana", "cn=a,ou=groups,dc=lab"]),
                group("a", &["cn=b,ou=groups,dc=lab"]),
                group("b", &["bo"]),
            ],
        )
    };
    for (nesting, is_in) in [(0, false), (1, false), (2, true)] {
        let mut house = House::of(vec![]);
        house.settings.groups.nesting = nesting;
        let plan = house.follow(&chain());
        assert_eq!(!house.groups("bo").is_empty(), is_in, "{nesting}");
        assert_eq!(
            whys(&plan).contains(&&Why::TooDeep(nesting)),
            nesting == 1,
            "{nesting}"
        );
    }
}

#[test]
fn what_people_say_of_their_groups_counts_beside_what_groups_say() {
    let mut ana = somebody("ana");
    ana.member_of = vec![dn("cn=elsewhere,dc=lab").key().clone()];
    let mut house = House::of(vec![]);
    house.settings.groups.mapped.push(MappedGroup {
        there: GroupMatch::Dn(dn("CN=Elsewhere,DC=lab")),
        here: "owners".parse().unwrap(),
    });
    house.follow(&reading(
        vec![ana, somebody("bo")],
        vec![group("staff", &["ana"])],
    ));
    assert_eq!(house.groups("ana"), ["owners", "staff"]);
}

#[test]
fn members_by_sign_in_name_are_found_where_one_has_it() {
    let mut staff = group("staff", &[]);
    staff.members = vec![
        Member::SignInName("ana".into()),
        Member::SignInName("nobody".into()),
    ];
    let mut house = House::of(vec![]);
    house.follow(&reading(vec![somebody("ana")], vec![staff]));
    assert_eq!(house.groups("ana"), ["staff"]);
}

#[test]
fn a_second_group_of_a_mapped_name_puts_nobody_in() {
    let mut fake = group("admins", &["bo"]);
    fake.dn = dn("cn=admins,ou=mine,ou=groups,dc=lab").key().clone();
    let mut house = House::of(vec![]);
    let plan = house.follow(&reading(
        vec![somebody("ana"), somebody("bo")],
        vec![group("admins", &["ana"]), fake],
    ));
    assert_eq!(house.groups("ana"), [""; 0]);
    assert_eq!(house.groups("bo"), [""; 0]);
    assert!(whys(&plan).contains(&&Why::GroupTwice("owners".parse().unwrap())));
}

#[test]
fn groups_that_are_missing_there_or_here_are_told() {
    let mut house = House::of(vec![]);
    house.settings.groups.mapped = vec![mapped("staff", "staff"), mapped("staff", "nowhere")];
    let plan = house.follow(&reading(vec![somebody("ana")], vec![]));
    let nowhere = "nowhere".parse().unwrap();
    let staff = "staff".parse().unwrap();
    assert_eq!(
        whys(&plan),
        [&Why::NoGroupHere(nowhere), &Why::NoSuchGroup(staff)]
    );
}

#[test]
fn entries_of_one_distinguished_name_are_in_no_group_by_it() {
    let mut twin = somebody("twin");
    twin.dn = somebody("ana").dn;
    let mut house = House::of(vec![]);
    let plan = house.follow(&reading(
        vec![somebody("ana"), twin],
        vec![group("staff", &["ana"])],
    ));
    assert_eq!(house.groups("ana"), [""; 0]);
    assert!(whys(&plan).contains(&&Why::DnTwice));
}
