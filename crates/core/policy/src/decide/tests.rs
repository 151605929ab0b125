use std::{sync::Arc, time::Duration};

use gw_model::{
    Action, Attribute, AuthnMethod, Change, Client, ClientId, Context, Membership, Outcome,
    Principal, Resource, SessionContext, Timestamp, User, UserId,
};

use crate::testing::{ANA, Ask, BO, NIGHT, OLGA, app, ask, facts, facts_with, policies, user};

const WIKI: &str = r#"
@id("wiki-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");
"#;

/// WIKI with a forbid that holds unless the condition does.
fn wiki_if(condition: &str) -> crate::Policies {
    policies(&format!(
        "{WIKI} @id(\"unless\") forbid (principal, action, resource in App::\"wiki\") \
         unless {{ {condition} }};"
    ))
}

fn secs(now: Timestamp, later: Timestamp) -> u64 {
    later.since(now).as_secs()
}

#[test]
fn nobody_gets_in_without_a_permit() {
    let decision = ask(ANA, "payroll").decide(&policies(WIKI), &facts());
    assert_eq!(decision.outcome, Outcome::Deny);
    assert!(decision.because.is_empty() && decision.faults.is_empty());
    assert_eq!(decision.valid_until, Timestamp::NEVER);
}

#[test]
fn a_group_lets_its_members_and_those_of_its_subgroups_in() {
    let (policies, facts) = (policies(WIKI), facts());
    for (user, outcome) in [
        (ANA, Outcome::Allow),
        (OLGA, Outcome::Allow),
        (BO, Outcome::Deny),
    ] {
        let decision = ask(user, "wiki").decide(&policies, &facts);
        assert_eq!(decision.outcome, outcome, "{user}");
    }
}

#[test]
fn strangers_reach_the_sign_in_pages_only() {
    let facts = facts_with(vec![Change::AppPut(app("sign-in", &[]).into())]);
    let policies = policies(WIKI);
    let stranger = |app| {
        let ask = ask(ANA, app).unproved().by(Principal::Anonymous);
        ask.decide(&policies, &facts).outcome
    };
    assert!(stranger("sign-in").is_allow());
    assert!(!stranger("wiki").is_allow());
}

#[test]
fn a_first_passkey_needs_an_enrolment_session_and_a_later_one_a_fresh_passkey() {
    let (policies, facts) = (policies(""), facts());
    let enrol = || ask(ANA, "wiki").to(Action::FactorEnrol, Resource::User(ANA));
    let link = |method, enrolment| {
        let mut ask = enrol().unproved().proved(method, 10);
        ask.session = Some(SessionContext {
            started: ask.now,
            enrolment,
        });
        ask.decide(&policies, &facts).outcome
    };
    assert_eq!(link(AuthnMethod::EnrolmentLink, true), Outcome::Allow);
    assert_eq!(link(AuthnMethod::RecoveryCode, true), Outcome::Allow);
    assert_eq!(link(AuthnMethod::SignInLink, false), Outcome::Deny);
    assert_eq!(link(AuthnMethod::SignInLink, true), Outcome::Deny);
    assert!(enrol().decide(&policies, &facts).outcome.is_allow());
    let stale = enrol().unproved().proved(AuthnMethod::Passkey, 900);
    assert!(!stale.decide(&policies, &facts).outcome.is_allow());
    let other = enrol().to(Action::FactorEnrol, Resource::User(BO));
    assert!(!other.decide(&policies, &facts).outcome.is_allow());
}

#[test]
fn removing_a_factor_needs_a_passkey_of_the_last_five_minutes() {
    let (policies, facts) = (policies(""), facts());
    let remove = |method, ago| {
        let ask = ask(ANA, "wiki").to(Action::FactorRemove, Resource::User(ANA));
        let ask = ask.unproved().proved(method, ago);
        ask.decide(&policies, &facts).outcome
    };
    assert_eq!(remove(AuthnMethod::Passkey, 299), Outcome::Allow);
    assert_eq!(remove(AuthnMethod::Passkey, 300), Outcome::Deny);
    assert_eq!(remove(AuthnMethod::SignInLink, 1), Outcome::Deny);
}

#[test]
fn owners_administer_with_a_passkey_unless_the_organisation_forbids_it() {
    let facts = facts();
    let admin = |policies: &crate::Policies, user, method| {
        let ask = ask(user, "wiki").to(Action::AdminPolicyApply, Resource::System);
        let ask = ask.unproved().proved(method, 10);
        ask.decide(policies, &facts).outcome
    };
    let base = policies("");
    assert_eq!(admin(&base, OLGA, AuthnMethod::Passkey), Outcome::Allow);
    assert_eq!(admin(&base, OLGA, AuthnMethod::SignInLink), Outcome::Deny);
    assert_eq!(admin(&base, ANA, AuthnMethod::Passkey), Outcome::Deny);
    let forbidden = policies(
        r#"@id("frozen") forbid (principal, action == Action::"admin.policy.apply", resource)
           unless { principal is Local };"#,
    );
    assert_eq!(admin(&forbidden, OLGA, AuthnMethod::Passkey), Outcome::Deny);
    let local = ask(ANA, "wiki")
        .by(Principal::Local(0))
        .to(Action::AdminPolicyApply, Resource::System);
    assert!(local.decide(&forbidden, &facts).outcome.is_allow());
}

#[test]
fn a_forbid_that_errs_denies_and_a_permit_that_errs_permits_nothing() {
    let overflow = "context.authn.age_secs + 9223372036854775807 > 0";
    let forbid = policies(&format!(
        "{WIKI} @id(\"errs\") forbid (principal, action, resource) when {{ {overflow} }};"
    ));
    let decision = ask(ANA, "wiki").decide(&forbid, &facts());
    assert_eq!(decision.outcome, Outcome::Deny);
    assert_eq!(decision.because[0].0.as_ref(), "errs");
    assert_eq!(decision.faults[0].policy, Some(decision.because[0].clone()));
    let permit = policies(&format!(
        "@id(\"errs\") permit (principal is User, action, resource) when {{ {overflow} }};"
    ));
    let decision = ask(ANA, "wiki").decide(&permit, &facts());
    assert_eq!(decision.outcome, Outcome::Deny);
    assert!(decision.because.is_empty());
    assert_eq!(decision.faults.len(), 1);
}

#[test]
fn report_only_policies_change_nothing_and_say_what_they_would_have() {
    let policies = policies(&format!(
        "{WIKI} @id(\"tried\") @mode(\"report\") \
         forbid (principal, action, resource in App::\"wiki\");"
    ));
    let decision = ask(ANA, "wiki").decide(&policies, &facts());
    assert!(decision.outcome.is_allow());
    let report = decision.report.unwrap();
    assert_eq!(report.outcome, Outcome::Deny);
    assert_eq!(report.because[0].0.as_ref(), "tried");
    let elsewhere = ask(ANA, "payroll").decide(&policies, &facts());
    assert_eq!(elsewhere.report, None);
}

#[test]
fn whoever_or_whatever_is_unknown_is_denied_with_a_fault() {
    let gone = UserId::from_bits(77);
    let disabled = User {
        disabled: true,
        ..user(gone, "gone", &["staff"])
    };
    let facts = facts_with(vec![Change::UserPut(Arc::new(disabled))]);
    let policies = policies(WIKI);
    let what = |ask: Ask| {
        let decision = ask.decide(&policies, &facts);
        assert_eq!(decision.outcome, Outcome::Deny);
        assert_eq!(decision.valid_until, Timestamp::from_millis(0));
        decision.faults[0].what.clone()
    };
    assert!(what(ask(UserId::from_bits(78), "wiki")).starts_with("there is no user u-"));
    assert_eq!(what(ask(gone, "wiki")), "the user `gone` is disabled");
    assert!(what(ask(ANA, "nowhere")).contains("belongs to no known app"));
    let route = |name: &str| Resource::Route(name.parse().unwrap());
    let undeclared = ask(ANA, "wiki").to(Action::HttpRequest, route("wiki/editor"));
    assert!(what(undeclared).contains("has no route `wiki/editor`"));
    let misfit = ask(ANA, "wiki").to(Action::HttpRequest, Resource::System);
    assert!(what(misfit).contains("`http.request` is not done on `gatewright`"));
}

#[test]
fn an_http_request_without_its_facts_is_not_judged() {
    let (policies, facts) = (policies(WIKI), facts());
    let ask = ask(ANA, "wiki");
    let prepared = policies
        .prepare(&facts, ask.principal, ask.action, &ask.resource, ask.now)
        .unwrap();
    let context = Context::from_address(ask.address);
    let decision = policies.evaluate(&prepared, &context, "UTC", ask.now);
    assert_eq!(decision.outcome, Outcome::Deny);
    assert!(decision.faults[0].what.contains("HTTP request"));
}

#[test]
fn an_unknown_zone_denies_where_local_time_is_asked_for() {
    let (facts, ask) = (facts(), ask(ANA, "wiki"));
    let asked_in = |policies: &crate::Policies, zone: &str| {
        ask.within(&facts, |request| {
            let mut request = request.clone();
            request.context.time.zone = Some(zone);
            policies.decide(&facts, &request, ask.now)
        })
    };
    let timed = wiki_if("context.time.hour < 24");
    assert!(asked_in(&timed, "Asia/Kolkata").outcome.is_allow());
    let decision = asked_in(&timed, "Mars/Olympus");
    assert_eq!(decision.outcome, Outcome::Deny);
    assert!(decision.faults[0].what.contains("`Mars/Olympus`"));
    assert!(asked_in(&policies(WIKI), "Mars/Olympus").outcome.is_allow());
}

#[test]
fn an_answer_holds_until_the_age_that_a_policy_looks_at() {
    let decision = ask(ANA, "wiki").decide(&wiki_if("context.authn.age_secs < 300"), &facts());
    assert!(decision.outcome.is_allow());
    assert_eq!(secs(NIGHT, decision.valid_until), 240);
    let ticking = wiki_if("context.authn.age_secs + 1 < 300");
    let decision = ask(ANA, "wiki").decide(&ticking, &facts());
    assert_eq!(secs(NIGHT, decision.valid_until), 1);
}

#[test]
fn local_thresholds_follow_the_clocks_and_stop_where_they_are_turned() {
    let facts = facts();
    let holds = |condition: &str, now: Timestamp| {
        let mut ask = ask(ANA, "wiki");
        ask.now = now;
        let decision = ask.decide(&wiki_if(condition), &facts);
        secs(now, decision.valid_until)
    };
    let noon = NIGHT.after(Duration::from_secs(12 * 3600 - 1800));
    // 12:00Z is 14:00 in Berlin that day, after the change.
    assert_eq!(holds("context.time.hour < 18", noon), 4 * 3600);
    assert_eq!(holds("context.time.minute_of_day < 865", noon), 25 * 60);
    assert_eq!(holds("context.time.weekday < 6", noon), 10 * 3600);
    assert_eq!(holds("context.time.minute == 30", noon), 1800);
    // Half an hour before clocks are turned, nothing is promised beyond that.
    assert_eq!(holds("context.time.hour < 18", NIGHT), 1800);
    let later = "context.time.now < datetime(\"2026-03-29T13:00:00Z\")";
    assert_eq!(holds(later, NIGHT), 45_000);
}

#[test]
fn what_is_read_without_its_age_holds_for_as_long_as_the_facts() {
    let policies = wiki_if("if context has device then context.device.compliant else true");
    let decision = ask(ANA, "wiki").decide(&policies, &facts());
    assert!(decision.outcome.is_allow());
    assert_eq!(decision.valid_until, Timestamp::NEVER);
}

#[test]
fn a_membership_that_ends_bounds_the_answer_and_what_was_prepared() {
    let end = NIGHT.after(Duration::from_secs(90));
    let carl = User {
        groups: vec![Membership {
            group: "staff".parse().unwrap(),
            until: Some(end),
            by: None,
        }],
        ..user(UserId::from_bits(9), "carl", &[])
    };
    let facts = facts_with(vec![Change::UserPut(Arc::new(carl))]);
    let policies = policies(WIKI);
    let mut ask = ask(UserId::from_bits(9), "wiki");
    let decision = ask.decide(&policies, &facts);
    assert!(decision.outcome.is_allow());
    assert_eq!(decision.valid_until, end);
    let prepared = policies
        .prepare(&facts, ask.principal, ask.action, &ask.resource, ask.now)
        .unwrap();
    assert_eq!(prepared.membership_until(), end);
    ask.now = end;
    ask.within(&facts, |request| {
        let stale = policies.evaluate(&prepared, &request.context, "UTC", end);
        assert_eq!(stale.outcome, Outcome::Deny);
        assert!(stale.faults[0].what.contains("prepare it again"));
    });
    assert!(!ask.decide(&policies, &facts).outcome.is_allow());
}

#[test]
fn the_groups_of_whom_an_action_is_done_on_count_and_end_too() {
    let end = NIGHT.after(Duration::from_secs(90));
    let carl = User {
        groups: vec![Membership {
            group: "contractors".parse().unwrap(),
            until: Some(end),
            by: None,
        }],
        ..user(UserId::from_bits(9), "carl", &[])
    };
    let facts = facts_with(vec![Change::UserPut(Arc::new(carl))]);
    let policies = policies(
        r#"@id("link") permit (principal in Group::"staff",
           action == Action::"admin.user.link", resource in Group::"contractors");"#,
    );
    let link = |user| ask(ANA, "wiki").to(Action::AdminUserLink, Resource::User(user));
    let decision = link(UserId::from_bits(9)).decide(&policies, &facts);
    assert!(decision.outcome.is_allow());
    assert_eq!(decision.valid_until, end);
    assert!(!link(OLGA).decide(&policies, &facts).outcome.is_allow());
}

#[test]
fn what_is_prepared_can_be_kept_and_used_by_any_thread() {
    const fn any_thread<T: Send + Sync + 'static>() {}
    any_thread::<crate::Prepared>();
    any_thread::<crate::Policies>();
    let (policies, facts, ask) = (wiki_if("context has session"), facts(), ask(ANA, "wiki"));
    let prepared = policies
        .prepare(&facts, ask.principal, ask.action, &ask.resource, ask.now)
        .unwrap();
    let ids: Vec<_> = prepared.policy_ids().map(|id| &*id.0).collect();
    assert_eq!(ids, ["wiki-for-staff", "unless"]);
    let mentions: Vec<_> = prepared.mentions().iter().collect();
    assert_eq!(mentions, [Attribute::SessionEnrolment]);
}

#[test]
fn an_address_is_the_same_in_both_its_spellings() {
    let policies = wiki_if("context.network.address.isInRange(ip(\"192.0.2.0/24\"))");
    let mut ask = ask(ANA, "wiki");
    ask.address = "::ffff:192.0.2.7".parse().unwrap();
    assert!(ask.decide(&policies, &facts()).outcome.is_allow());
}

#[test]
fn a_program_is_asked_about_as_itself_and_is_nobody_once_it_is_off_or_gone() {
    let builder = |bits, disabled| {
        Change::ClientPut(Arc::new(Client {
            id: ClientId::from_bits(bits),
            name: format!("builder-{bits}").parse().unwrap(),
            title: "".into(),
            attributes: Default::default(),
            groups: vec!["staff".parse().unwrap()],
            app: None,
            registration: "{}".into(),
            tokens_from: Timestamp::default(),
            disabled,
            version: 0,
            suspended: false,
            owner: Default::default(),
            consent: Default::default(),
        }))
    };
    let facts = facts_with(vec![builder(1, false), builder(2, true)]);
    let outcome = |text: &str, id| {
        let client = Principal::Client(ClientId::from_bits(id));
        let ask = ask(ANA, "wiki").unproved().by(client);
        ask.decide(&policies(text), &facts).outcome
    };
    assert!(
        outcome(WIKI, 1).is_allow(),
        "a group may hold people and programs"
    );
    for nobody in [2, 3] {
        assert!(!outcome(WIKI, nobody).is_allow());
    }
    let people = "@id(\"wiki-for-people\") permit (principal is User in Group::\"staff\", action == Action::\"http.request\", resource in App::\"wiki\");";
    assert!(
        !outcome(people, 1).is_allow(),
        "what is for people is for no program"
    );
}
