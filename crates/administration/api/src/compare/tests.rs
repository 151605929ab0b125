use std::time::Duration;

use gw_engine::testing::{group, user};
use gw_model::{Change, Epoch, Group, Provider};

use super::*;
use crate::types::Difference;

const ROLES: &str = include_str!("../../../../../policies/roles/roles.cedar");

fn file(text: &str) -> Vec<PolicyFile> {
    vec![PolicyFile {
        name: "a.cedar".into(),
        text: text.into(),
    }]
}

/// Olga of the owners, Ana of the staff, Hella of the helpdesk, and Bo of the contractors.
fn house() -> Snapshot {
    let groups = ["owners", "staff", "contractors", "helpdesk", "operators"];
    let mut changes: Vec<_> = groups.map(group).into();
    let people = [
        user(1, "olga", &["owners"]),
        user(2, "ana", &["staff"]),
        user(3, "hella", &["helpdesk"]),
        user(4, "bo", &["contractors"]),
    ];
    changes.extend(people.map(|user| Change::UserPut(Arc::new(user))));
    Snapshot::default()
        .apply(Epoch::default(), &changes)
        .unwrap()
}

fn between((old, before): (&str, &Snapshot), (new, after): (&str, &Snapshot)) -> Comparison {
    let [old, new] = [file(old), file(new)];
    let [was, is] = [&old, &new].map(|files| gw_policy::load(files).unwrap());
    let patience = Patience::of(Duration::from_secs(60));
    let now = Timestamp::from_secs(1_000_000);
    compare(Some(&was), &is, &new, (before, after), now, &patience)
}

fn applying(new: &str) -> Comparison {
    let facts = house();
    between(("", &facts), (new, &facts))
}

/// Who shifts with a passkey, a line each.
fn lines(differences: &[Difference]) -> Vec<String> {
    let with_passkey = differences.iter().filter(|d| d.proof == "passkey");
    with_passkey
        .map(|d| format!("{}: {}", d.what, d.who.join(", ")))
        .collect()
}

fn for_contractors(actions: &str, resource: &str, unless: &str) -> String {
    format!(
        "@id(\"c\") permit (principal in Group::\"contractors\", action in [{actions}], {resource}) {unless};"
    )
}

#[test]
fn rights_over_people_are_shown_with_whom_they_are_over() {
    let actions = r#"Action::"admin.user.link", Action::"admin.user.change", Action::"admin.session.end", Action::"admin.user.add""#;
    let found = applying(&for_contractors(actions, "resource", ""));
    assert_eq!(
        lines(&found.gains),
        [
            "admin.session.end on anybody: bo",
            "admin.user.add: bo",
            "admin.user.change on anybody: bo",
            "admin.user.link on anybody: bo",
        ]
    );
    assert_eq!(
        found.warnings,
        [
            "`admin.user.change on anybody` is as good as being an owner: bo gains it",
            "`admin.user.link on anybody` is as good as being an owner: bo gains it",
        ]
    );
    assert!(found.losses.is_empty() && !found.incomplete);
}

#[test]
fn whom_a_right_leaves_out_is_said_and_who_they_are_named_by() {
    let link = r#"Action::"admin.user.link""#;
    let unless = r#"unless { resource in Group::"owners" || principal == resource }"#;
    let found = applying(&for_contractors(link, "resource is User", unless));
    let expected = "admin.user.link on anybody but people in owners and themselves: bo";
    assert_eq!(lines(&found.gains), [expected]);
    assert!(found.warnings.is_empty());
    let found = applying(&for_contractors(link, r#"resource in Group::"staff""#, ""));
    assert_eq!(
        lines(&found.gains),
        ["admin.user.link on people in staff: bo"]
    );
    let olga = user(1, "", &[]).id;
    let found = applying(&for_contractors(
        link,
        &format!("resource == User::\"{olga}\""),
        "",
    ));
    assert_eq!(lines(&found.gains), ["admin.user.link on olga: bo"]);
    let expected =
        ["`admin.user.link on olga` is as good as being an owner: bo gains it".to_owned()];
    assert_eq!(found.warnings, expected);
    let one = for_contractors(r#"Action::"admin.session.end""#, "resource is Session", "");
    assert_eq!(
        lines(&applying(&one).gains),
        ["admin.session.end on anybody: bo"]
    );
}

#[test]
fn what_is_read_of_whom_a_right_is_over_is_not_looked_at_and_that_is_said() {
    let link = r#"Action::"admin.user.link""#;
    for read in [
        "resource has email",
        "resource.hasTag(\"team\")",
        "resource has email && resource [\"email\"] == \"a\"",
    ] {
        let when = format!("when {{ {read} }}");
        let found = applying(&for_contractors(link, "resource is User", &when));
        assert!(found.gains.is_empty(), "{:?}", found.gains);
        let [told] = &found.warnings[..] else {
            panic!("{read}: {:?}", found.warnings);
        };
        assert!(
            told.starts_with("`c` reads what is known of whom"),
            "{told}"
        );
    }
    let unless = r#"unless { resource in Group::"owners" || resource == principal }"#;
    let found = applying(&for_contractors(link, "resource", unless));
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
}

#[test]
fn factors_of_others_are_shown_and_ones_own_where_they_change() {
    let all = r#"Action::"factor""#;
    let found = applying(&for_contractors(all, "resource", ""));
    assert_eq!(
        lines(&found.gains),
        [
            "factor.enrol on anybody: bo",
            "factor.remove on anybody: bo"
        ]
    );
    assert_eq!(found.warnings.len(), 2);
    let none = r#"@id("none") forbid (principal in Group::"contractors", action in Action::"factor", resource);"#;
    let found = applying(none);
    assert!(found.gains.is_empty());
    assert_eq!(
        lines(&found.losses),
        [
            "factor.enrol on themselves: bo",
            "factor.remove on themselves: bo"
        ]
    );
}

#[test]
fn the_shipped_roles_show_what_the_helpdesk_gains() {
    let gains = lines(&applying(ROLES).gains);
    let expected = "admin.user.link on anybody but people in owners, helpdesk, operators and themselves: hella";
    assert!(gains.iter().any(|line| line == expected), "{gains:#?}");
    assert!(applying(ROLES).warnings.is_empty());
}

#[test]
fn who_is_put_into_a_group_gains_its_rights_though_no_policy_changes() {
    let before = house();
    let put = Change::UserPut(Arc::new(user(4, "bo", &["helpdesk"])));
    let after = before.apply(Epoch::default(), &[put]).unwrap();
    let gains = lines(&between((ROLES, &before), (ROLES, &after)).gains);
    let expected =
        "admin.user.change on anybody but people in owners, helpdesk, operators and themselves: bo";
    assert!(gains.iter().any(|line| line == expected), "{gains:#?}");
    let new = Change::UserPut(Arc::new(user(5, "cy", &["staff"])));
    let after = before.apply(Epoch::default(), &[new]).unwrap();
    let found = between(("", &before), ("", &after));
    assert!(found.gains.is_empty(), "{:#?}", found.gains);
}

#[test]
fn a_group_that_comes_below_another_is_what_its_rights_are_over() {
    let before = house();
    let below = Change::GroupPut(Arc::new(Group {
        name: "contractors".parse().unwrap(),
        title: "".into(),
        parents: vec!["staff".parse().unwrap()],
        identities: Vec::new(),
        version: 0,
    }));
    let epoch = Epoch {
        number: 2,
        ..Epoch::default()
    };
    let after = before.apply(epoch, &[below]).unwrap();
    let policy = r#"@id("a") permit (principal in Group::"helpdesk", action == Action::"admin.user.link", resource in Group::"staff") unless { resource in Group::"operators" && resource in Group::"contractors" };"#;
    let gains = lines(&between((policy, &before), (policy, &after)).gains);
    assert_eq!(gains, ["admin.user.link on people in contractors: hella"]);
}

#[test]
fn whoever_may_apply_policies_is_as_good_as_an_owner() {
    let found = applying(r#"@id("all") permit (principal in Group::"staff", action, resource);"#);
    let first = "`admin.policy.apply` is as good as being an owner: ana gains it";
    assert_eq!(found.warnings.first().map(String::as_str), Some(first));
    let owners = r#"@id("all") permit (principal in Group::"owners", action, resource);"#;
    let warnings = applying(owners).warnings;
    assert!(warnings.is_empty(), "{warnings:?}");
}

const APPROVALS: &str = include_str!("../../../../../policies/approvals/approvals.cedar");

#[test]
fn what_takes_two_people_is_lost_alone_and_gained_together() {
    let found = applying(APPROVALS);
    let owners = |what: &str| format!("{what}: olga");
    let lost = lines(&found.losses);
    for what in ["admin.policy.apply", "admin.app.change", "admin.user.add"] {
        assert!(lost.contains(&owners(what)), "{what}: {lost:?}");
        let together = owners(&format!("{what} where somebody else proposes it"));
        assert!(lines(&found.gains).contains(&together), "{:?}", found.gains);
    }
    assert!(
        lost.contains(&owners("admin.user.change on anybody")),
        "{lost:?}"
    );
}

#[test]
fn whoever_may_approve_other_policies_is_as_good_as_an_owner() {
    let policy = "@id(\"c\") permit (principal in Group::\"contractors\", action == Action::\"admin.policy.apply\", resource) when { context has proposal && context.proposal.groups.contains(\"owners\") };";
    let found = applying(policy);
    let what = "admin.policy.apply where somebody else proposes it";
    assert_eq!(lines(&found.gains), [format!("{what}: bo")]);
    assert!(
        found
            .warnings
            .iter()
            .any(|told| told.contains("as good as being an owner: bo")),
        "{:?}",
        found.warnings
    );
}

#[test]
fn what_no_longer_takes_two_people_is_gained_alone_and_not_lost_together() {
    let facts = house();
    let found = between((APPROVALS, &facts), ("", &facts));
    let gained = lines(&found.gains);
    assert!(
        gained.contains(&"admin.policy.apply: olga".to_owned()),
        "{gained:?}"
    );
    assert_eq!(lines(&found.losses), Vec::<String>::new());
}

#[test]
fn what_is_imagined_in_one_way_only_is_said_of_policies_about_administration() {
    let rests = |condition: &str, action: &str| {
        let policy = format!(
            "@id(\"c\") permit (principal in Group::\"contractors\", action == Action::\"{action}\", resource) when {{ {condition} }};"
        );
        let warnings = applying(&policy).warnings;
        warnings
            .into_iter()
            .filter(|told| told.contains("rests on"))
            .count()
    };
    for condition in [
        "context.authn.age_secs > 60",
        "context has proposal && context.proposal.by like \"h*\"",
        "context has proposal && context.proposal.groups.isEmpty()",
        "context.network.names.contains(\"office\")",
        "context.authn.methods.contains(\"recovery-code\")",
        "context has session && context.session.enrolment",
    ] {
        assert_eq!(rests(condition, "admin.policy.apply"), 1, "{condition}");
    }
    assert_eq!(
        rests("context.authn.phishing_resistant", "admin.policy.apply"),
        0
    );
    assert_eq!(rests("context.authn.age_secs > 60", "http.request"), 0);
}

/// Corp, whose people may be in the contractors, and some of whose words count for more.
fn with_corp() -> Snapshot {
    let mut corp = crate::tests::provider("corp");
    corp.assurance.multi_factor.amr = vec!["mfa".into()];
    corp.assurance.phishing_resistant.acr = vec!["phr".into()];
    corp.memberships = vec![gw_model::MembershipRule {
        when: Default::default(),
        groups: vec!["contractors".parse().unwrap()],
    }];
    let put = Change::ProviderPut(Arc::new(corp));
    house().apply(Epoch::default(), &[put]).unwrap()
}

/// How Ana has to be signed in for what she gains.
fn proofs(when: &str) -> Vec<String> {
    let text = format!(
        "@id(\"c\") permit (principal in Group::\"staff\", action == Action::\"admin.read\", resource) when {{ {when} }};"
    );
    let facts = with_corp();
    let found = between(("", &facts), (&text, &facts));
    assert!(!found.incomplete);
    let gains = found.gains.iter().filter(|gain| gain.what == "admin.read");
    gains.map(|gain| gain.proof.clone()).collect()
}

#[test]
fn what_a_providers_word_alone_opens_is_shown_with_that_word() {
    assert_eq!(
        proofs("context.authn.providers.contains(\"corp\")"),
        [
            "provider:corp",
            "provider:corp,acr=phr",
            "provider:corp,amr=mfa"
        ]
    );
    assert_eq!(
        proofs("context.authn.acr.contains(\"gold\")"),
        ["provider:corp,acr=gold"]
    );
    assert_eq!(
        proofs("context.authn.amr.containsAll([\"otp\", \"pwd\"])"),
        ["provider:corp,amr=otp+pwd"]
    );
    assert!(proofs("context.authn.providers.contains(\"other\")").is_empty());
}

#[test]
fn a_providers_word_is_not_told_where_it_does_what_a_passkey_or_a_link_does() {
    let multi = proofs("context.authn.multi_factor");
    assert_eq!(multi, ["passkey", "provider:corp,amr=mfa"]);
    let phishing_resistant =
        proofs("context.authn.phishing_resistant && !context.authn.methods.contains(\"x\")");
    assert_eq!(phishing_resistant, ["passkey"]);
    assert_eq!(proofs("true"), ["passkey", "sign-in-link"]);
}

#[test]
fn rights_over_people_by_a_providers_word_are_shown_too() {
    let facts = with_corp();
    let text = "@id(\"c\") permit (principal in Group::\"staff\", action == Action::\"admin.user.link\", resource is User) when { context.authn.providers.contains(\"corp\") };";
    let found = between(("", &facts), (text, &facts));
    let gains: Vec<_> = found
        .gains
        .iter()
        .map(|gain| (&*gain.what, &*gain.proof))
        .collect();
    assert!(
        gains.contains(&("admin.user.link on anybody", "provider:corp")),
        "{gains:?}"
    );
    let is_ownership = |warning: &String| warning.contains("as good as being an owner");
    assert!(found.warnings.iter().any(is_ownership));
}

#[test]
fn that_a_provider_puts_people_into_a_group_when_they_come_is_said() {
    let facts = with_corp();
    let text = for_contractors("Action::\"admin.read\"", "resource", "");
    let warnings = between(("", &facts), (&text, &facts)).warnings;
    let told = "`c` names the group `contractors`, into which the provider `corp` puts people when they come: only who is in it now is shown";
    assert!(warnings.contains(&told.to_owned()), "{warnings:?}");
    assert!(applying(&text).warnings.is_empty());
}

#[test]
fn one_who_is_off_is_nobody_whose_word_counts() {
    let off = Provider {
        suspended: true,
        ..crate::tests::provider("corp")
    };
    let put = Change::ProviderPut(Arc::new(off));
    let facts = house().apply(Epoch::default(), &[put]).unwrap();
    let text = "@id(\"c\") permit (principal in Group::\"staff\", action == Action::\"admin.read\", resource) when { context.authn.providers.contains(\"corp\") };";
    assert!(between(("", &facts), (text, &facts)).gains.is_empty());
}
