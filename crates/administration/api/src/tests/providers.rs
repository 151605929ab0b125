//! Providers of identities, and who people are there.

use std::collections::HashMap;

use gw_engine::testing::session;
use gw_model::{AuthnMethod, Membership, ProviderProof, UserId};

use super::*;

const ROLES: &str = include_str!("../../../../../policies/roles/roles.cedar");

/// Everybody's session, by name.
pub(super) struct House {
    pub(super) running: Running,
    sessions: HashMap<&'static str, Session>,
}

/// The roles, Ana and Bo of the staff, and Ola of the owners and the staff. Ana is known at corp,
/// which the file names, and is in a group by its word; she and Bo at old, which it does not.
pub(super) async fn house() -> House {
    let running = running(&format!("{WIKI}{ROLES}")).await;
    let now = running.test.clock.now();
    let old = Provider {
        disabled: true,
        ..provider("old")
    };
    let mut changes = vec![
        group("operators"),
        group("auditors"),
        group("helpdesk"),
        group("guests"),
        Change::ProviderPut(Arc::new(provider("corp"))),
        Change::ProviderPut(Arc::new(old)),
    ];
    let mut sessions = HashMap::new();
    for (bits, name, groups) in [
        (1, "olga", &["owners"][..]),
        (2, "ana", &["staff"]),
        (3, "bo", &["staff"]),
        (4, "ola", &["owners", "staff"]),
        (5, "otto", &["operators"]),
        (6, "aude", &["auditors"]),
        (7, "hella", &["helpdesk", "staff"]),
    ] {
        let mut person = user(bits, name, groups);
        person.factors.push(Factor {
            id: FactorId::from_bits(bits),
            kind: FactorKind::Passkey,
            name: "key".into(),
            enrolled_at: Timestamp::from_secs(1),
            authenticator: None,
        });
        match name {
            "ana" => {
                person.identities.push(identity("corp", "a-17"));
                person.identities.push(identity("old", "17"));
                person.groups.push(Membership {
                    by: Some("corp".parse().unwrap()),
                    until: Some(now.after(Duration::from_secs(3600))),
                    ..Membership::of("guests".parse().unwrap())
                });
            }
            "bo" => person.identities.push(identity("old", "18")),
            _ => {}
        }
        let begun = session(bits, &person, AuthnMethod::Passkey, now);
        changes.push(Change::UserPut(Arc::new(person)));
        changes.push(Change::SessionStarted(Arc::new(begun.clone())));
        sessions.insert(name, begun);
    }
    running.test.change(changes).await;
    House { running, sessions }
}

impl House {
    pub(super) async fn ask(
        &self,
        who: &str,
        method: Method,
        target: &str,
        body: &impl serde::Serialize,
    ) -> (u16, serde_json::Value) {
        self.with(who, method, target, HeaderMap::new(), body).await
    }

    async fn with(
        &self,
        who: &str,
        method: Method,
        target: &str,
        headers: HeaderMap,
        body: &impl serde::Serialize,
    ) -> (u16, serde_json::Value) {
        let caller = caller(&self.running, &self.sessions[who]);
        let (status, told) = send(&self.running, caller, method, target, headers, body).await;
        (status.as_u16(), told)
    }

    pub(super) async fn get(&self, who: &str, target: &str) -> serde_json::Value {
        let (status, told) = self.ask(who, Method::GET, target, &()).await;
        assert_eq!(status, 200, "{told}");
        told
    }

    async fn post(&self, who: &str, target: &str) -> (u16, serde_json::Value) {
        self.ask(who, Method::POST, target, &()).await
    }

    async fn link(&self, who: &str, whom: &str, subject: &str) -> (u16, serde_json::Value) {
        let path = format!("/v1/users/{whom}/identities/corp");
        let body = serde_json::json!({ "subject": subject });
        self.ask(who, Method::PUT, &path, &body).await
    }

    fn user(&self, bits: u64) -> Arc<User> {
        let view = self.running.test.engine.view();
        view.facts.user(UserId::from_bits(bits)).unwrap().clone()
    }

    /// Ana signs in by corp.
    async fn ana_comes(&self) {
        let mut begun = session(
            20,
            &self.user(2),
            AuthnMethod::Provider,
            self.running.test.clock.now(),
        );
        begun.authn[0].provider = Some(Arc::new(ProviderProof {
            provider: "corp".parse().unwrap(),
            subject: "a-17".into(),
            session: None,
            authenticated_at: None,
            acr: None,
            amr: Vec::new(),
            multi_factor: false,
            phishing_resistant: false,
        }));
        let started = Change::SessionStarted(Arc::new(begun));
        self.running.test.change(vec![started]).await;
    }
}

#[tokio::test]
async fn a_provider_is_shown_with_what_rests_on_it() {
    let house = house().await;
    house.ana_comes().await;
    let all = house.get("hella", "/v1/providers").await;
    assert_eq!(all["total"], 2);
    let corp = house.get("hella", "/v1/providers/corp").await;
    assert_eq!(all["items"][0], corp);
    for (field, value) in [
        ("name", serde_json::json!("corp")),
        ("title", serde_json::json!("corp accounts")),
        ("issuer", serde_json::json!("https://corp.test")),
        ("protocol", serde_json::json!("oidc")),
        ("client_id", serde_json::json!("gatewright")),
        ("scopes", serde_json::json!(["profile"])),
        ("state", serde_json::json!("declared")),
        ("configured", serde_json::json!(true)),
        ("linked", serde_json::json!(1)),
        ("sessions", serde_json::json!(1)),
    ] {
        assert_eq!(corp[field], value, "{field}");
    }
    let old = &all["items"][1];
    assert_eq!((&old["state"], &old["linked"]), (&"off".into(), &2.into()));
    let found = house.get("hella", "/v1/providers?q=CORP.test").await;
    assert_eq!(found["total"], 1);
    let (status, _) = house
        .ask("hella", Method::GET, "/v1/providers/none", &())
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn people_are_shown_with_who_they_are_elsewhere_and_sessions_with_whose_word_they_rest_on() {
    let house = house().await;
    house.ana_comes().await;
    let ana = house.get("hella", "/v1/users/ana").await;
    let expected = serde_json::json!([
        { "provider": "corp", "subject": "a-17" },
        { "provider": "old", "subject": "17" },
    ]);
    assert_eq!(ana["identities"], expected);
    assert_eq!(ana["groups"][1]["by"], "corp");
    assert!(ana["groups"][0].get("by").is_none());
    let at_old = house.get("hella", "/v1/users?provider=old").await;
    assert_eq!(at_old["total"], 2);
    let sessions = house.get("hella", "/v1/sessions?user=ana").await;
    let all = sessions["items"].as_array().unwrap();
    let resting: Vec<_> = all.iter().map(|session| &session["providers"]).collect();
    assert!(resting.contains(&&serde_json::json!(["corp"])));
    assert!(resting.contains(&&serde_json::json!([])));
}

#[tokio::test]
async fn a_provider_that_is_suspended_ends_what_rests_on_it_and_is_on_again_when_resumed() {
    let house = house().await;
    house.ana_comes().await;
    let (status, off) = house.post("otto", "/v1/providers/corp/suspend").await;
    assert_eq!((status, &off["state"]), (200, &"suspended".into()), "{off}");
    assert_eq!(
        (&off["sessions"], &off["linked"]),
        (&0.into(), &1.into()),
        "who its people are is kept"
    );
    let view = house.running.test.engine.view();
    let open = view.facts.sessions_of(UserId::from_bits(2));
    let open = open.filter(|session| session.ended.is_none()).count();
    assert_eq!(open, 1, "the one by her passkey stays");
    let (status, again) = house.post("otto", "/v1/providers/corp/suspend").await;
    assert_eq!((status, &again), (200, &off), "and nothing changes");
    let (status, on) = house.post("otto", "/v1/providers/corp/resume").await;
    assert_eq!((status, &on["state"]), (200, &"declared".into()), "{on}");
}

#[tokio::test]
async fn what_was_read_is_what_is_switched_off_or_forgotten() {
    let house = house().await;
    let version = house.get("otto", "/v1/providers/old").await["version"].clone();
    let stale = |version: u64| {
        let mut headers = HeaderMap::new();
        headers.insert("if-match", format!("\"{version}\"").parse().unwrap());
        headers
    };
    let version = version.as_u64().unwrap();
    for (method, path) in [
        (Method::POST, "/v1/providers/old/suspend"),
        (Method::POST, "/v1/providers/old/resume"),
        (Method::DELETE, "/v1/providers/old"),
    ] {
        let (status, told) = house
            .with("otto", method, path, stale(version + 1), &())
            .await;
        assert_eq!(status, 412, "{path}: {told}");
    }
    let (status, told) = house
        .with(
            "otto",
            Method::DELETE,
            "/v1/providers/old",
            stale(version),
            &(),
        )
        .await;
    assert_eq!(status, 200, "{told}");
}

#[tokio::test]
async fn only_a_provider_that_the_file_does_not_name_is_forgotten_and_then_with_all_its_people() {
    let house = house().await;
    let (status, told) = house
        .ask("otto", Method::DELETE, "/v1/providers/corp", &())
        .await;
    assert_eq!(status, 409, "{told}");
    let help = told["help"].as_str().unwrap();
    assert!(help.contains("gatewright.toml"), "{told}");
    // Off by the file is still declared there.
    let off = Provider {
        disabled: true,
        ..provider("corp")
    };
    house
        .running
        .test
        .change(vec![Change::ProviderPut(Arc::new(off))])
        .await;
    let (status, told) = house
        .ask("otto", Method::DELETE, "/v1/providers/corp", &())
        .await;
    assert_eq!(status, 409, "{told}");
    let (status, told) = house
        .ask("otto", Method::DELETE, "/v1/providers/old", &())
        .await;
    assert_eq!((status, &told["unlinked"]), (200, &2.into()), "{told}");
    assert_eq!(house.user(2).identities, [identity("corp", "a-17")]);
    assert!(house.user(3).identities.is_empty());
}

#[tokio::test]
async fn each_of_it_is_a_right_of_its_own_that_nobody_has_without_a_role() {
    let house = house().await;
    let identities = "/v1/users/bo/identities/corp";
    let subject = serde_json::json!({ "subject": "b-1" });
    let nothing = serde_json::json!({});
    for (method, path, body, may) in [
        (
            Method::GET,
            "/v1/providers",
            &nothing,
            &["otto", "aude", "hella", "olga"][..],
        ),
        (
            Method::GET,
            "/v1/providers/corp",
            &nothing,
            &["otto", "aude", "hella", "olga"],
        ),
        (
            Method::POST,
            "/v1/providers/corp/suspend",
            &nothing,
            &["otto", "olga"],
        ),
        (
            Method::POST,
            "/v1/providers/corp/resume",
            &nothing,
            &["otto", "olga"],
        ),
        (Method::PUT, identities, &subject, &["hella", "olga"]),
        (Method::DELETE, identities, &nothing, &["hella", "olga"]),
        (
            Method::DELETE,
            "/v1/providers/old",
            &nothing,
            &["otto", "olga"],
        ),
    ] {
        for who in ["ana", "aude", "hella", "otto", "olga"] {
            let (status, told) = house.ask(who, method.clone(), path, body).await;
            let is_refused = status == 403;
            assert_eq!(is_refused, !may.contains(&who), "{who} {path}: {told}");
        }
    }
    assert!(!house.user(3).identities.contains(&identity("corp", "b-1")));
    let view = house.running.test.engine.view();
    assert!(view.facts.provider(&"old".parse().unwrap()).is_none());
}

/// The helpdesk helps Bo, but nobody who has more rights than it; and what it says holds only as
/// long as that is so.
#[tokio::test]
async fn nobody_says_who_somebody_with_more_rights_is_elsewhere() {
    let house = house().await;
    let (status, told) = house.link("hella", "ola", "mine").await;
    assert_eq!(status, 403, "{told}");
    let (status, told) = house.link("hella", "bo", "b-1").await;
    assert_eq!(status, 200, "{told}");
    let [_, bo] = &house.user(3).identities[..] else {
        panic!("one more");
    };
    let within = bo.within.clone().unwrap();
    let within: Vec<_> = within.iter().map(|group| group.as_str()).collect();
    assert_eq!(within, ["helpdesk", "staff"]);
    // An owner's word has no bounds, and the helpdesk's does not lessen it.
    let (status, told) = house.link("olga", "bo", "b-1").await;
    assert_eq!(status, 200, "{told}");
    let (status, _) = house.link("hella", "bo", "b-1").await;
    assert_eq!(status, 200);
    assert!(house.user(3).identities.contains(&identity("corp", "b-1")));
    // Nor does the helpdesk take away what somebody with more rights signs in by.
    let (status, _) = house.link("olga", "ola", "o-1").await;
    assert_eq!(status, 200);
    let path = "/v1/users/ola/identities/corp";
    let (status, told) = house.ask("hella", Method::DELETE, path, &()).await;
    assert_eq!(status, 403, "{told}");
}

#[tokio::test]
async fn one_is_one_person_at_a_provider_and_nobody_is_two() {
    let house = house().await;
    let (status, told) = house.link("olga", "bo", "a-17").await;
    assert_eq!(status, 409, "{told}");
    assert!(told["detail"].as_str().unwrap().contains("`ana`"), "{told}");
    house.ana_comes().await;
    let (status, told) = house.link("olga", "ana", "a-18").await;
    assert_eq!(status, 200, "{told}");
    let ana = house.user(2);
    assert!(ana.identities.contains(&identity("corp", "a-18")));
    assert!(!ana.identities.contains(&identity("corp", "a-17")));
    let view = house.running.test.engine.view();
    let resting = view.facts.sessions_of(ana.id);
    let resting = resting.filter(|s| s.ended.is_none() && !s.providers().is_empty());
    assert_eq!(resting.count(), 0, "what rested on who she was is over");
}

#[tokio::test]
async fn who_is_no_longer_known_somewhere_loses_what_rested_on_it() {
    let house = house().await;
    let path = "/v1/users/ana/identities/corp";
    let (status, told) = house.ask("olga", Method::DELETE, path, &()).await;
    assert_eq!(status, 200, "{told}");
    let ana = house.user(2);
    assert_eq!(ana.identities, [identity("old", "17")]);
    assert_eq!(ana.groups.len(), 1, "and the group by its word");
    let (status, told) = house.ask("olga", Method::DELETE, path, &()).await;
    assert_eq!(status, 409, "{told}");
    let nowhere = "/v1/users/ana/identities/none";
    let (status, told) = house.ask("olga", Method::DELETE, nowhere, &()).await;
    assert_eq!(status, 404, "{told}");
}

#[tokio::test]
async fn a_subject_is_taken_to_the_letter_or_not_at_all() {
    let house = house().await;
    for subject in ["", " a", "a\n", "a\u{0}", &"a".repeat(256)] {
        let (status, told) = house.link("olga", "bo", subject).await;
        assert_eq!(
            (status, &told["field"]),
            (422, &"subject".into()),
            "{subject:?}"
        );
    }
    let longest = "a".repeat(255);
    let (status, told) = house.link("olga", "bo", &longest).await;
    assert_eq!(status, 200, "{told}");
}

#[tokio::test]
async fn a_question_can_be_asked_of_somebody_who_came_by_a_provider() {
    let house = house().await;
    let mut corp = provider("corp");
    corp.assurance.multi_factor.amr = vec!["mfa".into()];
    let only = "@id(\"by-corp\") permit (principal in Group::\"staff\", action == Action::\"http.request\", resource in App::\"wiki\") when { context.authn.providers.contains(\"corp\") && context.authn.multi_factor };";
    let changes = vec![Change::ProviderPut(Arc::new(corp))];
    house.running.test.change(changes).await;
    let ask = |said: serde_json::Value| {
        let asked = serde_json::json!({
            "user": "ana", "app": "wiki", "proof": "provider", "said": said,
            "files": [file("a.cedar", only)],
        });
        let house = &house;
        async move { house.ask("otto", Method::POST, "/v1/explain", &asked).await }
    };
    let (status, told) =
        ask(serde_json::json!({ "provider": "corp", "amr": ["pwd", "mfa"] })).await;
    assert_eq!((status, &told["outcome"]), (200, &"allow".into()), "{told}");
    let attributes = told["attributes"].as_array().unwrap();
    let providers = serde_json::json!({ "name": "authn.providers", "value": "corp" });
    assert!(attributes.contains(&providers), "{told}");
    let (_, told) = ask(serde_json::json!({ "provider": "corp" })).await;
    assert_eq!(told["outcome"], "deny", "{told}");
    for (said, status, field) in [
        (serde_json::json!(null), 422, "said"),
        (
            serde_json::json!({ "provider": "none" }),
            404,
            "said.provider",
        ),
        (
            serde_json::json!({ "provider": "corp", "acr": "" }),
            422,
            "said",
        ),
    ] {
        let (found, told) = ask(said).await;
        assert_eq!((found, &told["field"]), (status, &field.into()), "{told}");
    }
}

#[tokio::test]
async fn what_only_a_providers_people_reach_is_reached_on_that_condition() {
    let house = house().await;
    let only = "@id(\"by-corp\") permit (principal in Group::\"staff\", action == Action::\"http.request\", resource in App::\"wiki\") when { context.authn.providers.contains(\"corp\") };";
    house
        .running
        .test
        .change(vec![policies(&format!("{only}{ROLES}"))])
        .await;
    let access = house.get("otto", "/v1/users/ana/access").await;
    let all = access["items"].as_array().unwrap();
    let wiki = all.iter().find(|one| one["app"] == "wiki").unwrap();
    assert_eq!(wiki["access"], "condition", "{wiki}");
    assert_eq!(wiki["conditions"][0], "account at corp");
}

#[tokio::test]
async fn who_is_switched_off_by_hand_is_not_switched_on_by_a_provider() {
    let house = house().await;
    let mut bo = User::clone(&house.user(3));
    bo.disabled = true;
    let mark = (gw_model::DISABLED_BY.into(), "corp".into());
    bo.attributes.extend([mark]);
    house
        .running
        .test
        .change(vec![Change::UserPut(bo.into())])
        .await;
    let (status, told) = house.post("olga", "/v1/users/bo/disable").await;
    assert_eq!(status, 200, "{told}");
    let bo = house.user(3);
    assert!(bo.disabled && !bo.attributes.contains_key(gw_model::DISABLED_BY));
}
