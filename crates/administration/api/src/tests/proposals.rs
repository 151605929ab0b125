//! Changes that one person proposes and another makes.

use gw_engine::testing::session;
use gw_model::{AuthnMethod, UserId};
use http::StatusCode;

use super::*;
use crate::endpoint::{ENDPOINTS, Operation};

const APPROVALS: &str = include_str!("../../../../../policies/approvals/approvals.cedar");
const ROLES: &str = include_str!("../../../../../policies/roles/roles.cedar");
/// Other policies than those in force.
const OTHER: &str = "@id(\"x\")\npermit (principal in Group::\"guests\", action == Action::\"http.request\", resource in App::\"wiki\");\n";

/// An organisation with two owners, an operator, and nothing changed by one of them alone.
struct Organisation {
    running: Running,
    olga: Session,
    oskar: Session,
    otto: Session,
}

async fn organisation() -> Organisation {
    let running = running(&format!("{WIKI}{ROLES}{APPROVALS}")).await;
    let now = running.test.clock.now();
    let mut changes = vec![
        group("operators"),
        group("auditors"),
        group("helpdesk"),
        group("guests"),
    ];
    let mut sessions = Vec::new();
    for (bits, name, role) in [
        (1, "olga", "owners"),
        (11, "oskar", "owners"),
        (12, "otto", "operators"),
    ] {
        let mut person = user(bits, name, &[role]);
        person.factors.push(Factor {
            id: FactorId::from_bits(bits),
            kind: FactorKind::Passkey,
            name: "key".into(),
            enrolled_at: Timestamp::from_secs(1),
            authenticator: None,
        });
        let begun = session(bits, &person, AuthnMethod::Passkey, now);
        changes.push(Change::UserPut(Arc::new(person)));
        changes.push(Change::SessionStarted(Arc::new(begun.clone())));
        sessions.push(begun);
    }
    running.test.change(changes).await;
    let [olga, oskar, otto] = sessions.try_into().unwrap();
    Organisation {
        running,
        olga,
        oskar,
        otto,
    }
}

impl Organisation {
    fn caller(&self, session: &Session) -> Caller {
        caller(&self.running, session)
    }

    async fn ask(
        &self,
        caller: Caller,
        method: Method,
        target: &str,
        body: &impl serde::Serialize,
    ) -> (StatusCode, serde_json::Value) {
        self.send(caller, method, target, HeaderMap::new(), body)
            .await
    }

    async fn send(
        &self,
        caller: Caller,
        method: Method,
        target: &str,
        headers: HeaderMap,
        body: &impl serde::Serialize,
    ) -> (StatusCode, serde_json::Value) {
        send(&self.running, caller, method, target, headers, body).await
    }

    async fn by(
        &self,
        session: &Session,
        method: Method,
        target: &str,
        body: &impl serde::Serialize,
    ) -> (StatusCode, serde_json::Value) {
        let caller = self.caller(session);
        self.ask(caller, method, target, body).await
    }

    /// A proposal that is kept.
    async fn proposed(
        &self,
        session: &Session,
        method: Method,
        path: &str,
        body: &impl serde::Serialize,
    ) -> ProposalView {
        let target = format!("{path}?propose=it+is+needed");
        let (status, told) = self.by(session, method, &target, body).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{told}");
        serde_json::from_value(told).unwrap()
    }

    async fn approve(
        &self,
        session: &Session,
        proposal: &ProposalView,
    ) -> (StatusCode, serde_json::Value) {
        let path = format!("/v1/proposals/{}/approve", proposal.id);
        self.by(session, Method::POST, &path, &()).await
    }

    /// The name of the plan that declares a group.
    async fn plan_of(&self, group: &str) -> String {
        let text = format!("version = 1\n[[group]]\nname = \"{group}\"\n");
        let asked = DeclaredFiles {
            files: vec![file("a.toml", &text)],
            prune: false,
        };
        let client = &self.running.client;
        let plan = client.send::<Plan>(Method::POST, "/v1/declared/plan", &asked);
        plan.await.unwrap().over
    }

    fn facts(&self) -> gw_model::Snapshot {
        self.running.test.engine.view().facts.clone()
    }
}

fn policies_of(text: &str) -> ApplyPolicies {
    ApplyPolicies {
        files: vec![file("test.cedar", text)],
        over: None,
    }
}

#[tokio::test]
async fn what_takes_two_people_is_proposed_by_one_and_made_by_the_other() {
    let all = organisation().await;
    let wanted = policies_of(&format!("{OTHER}{APPROVALS}"));
    let (status, told) = all
        .by(&all.olga, Method::POST, "/v1/policies", &wanted)
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(told["proposable"], true, "{told}");
    assert!(
        told["help"]
            .as_str()
            .unwrap()
            .contains("rights-take-two-people")
    );

    let before = all.facts().policies().files.clone();
    let proposal = all
        .proposed(&all.olga, Method::POST, "/v1/policies", &wanted)
        .await;
    assert_eq!(
        all.facts().policies().files,
        before,
        "nothing is changed yet"
    );
    assert!(proposal.own && !proposal.may_approve);
    assert_eq!(&*proposal.why, "it is needed");
    assert_eq!(&*proposal.what, "replace the policies");
    assert_eq!(proposal.state, ProposalWord::Waiting);

    let (status, told) = all.approve(&all.olga, &proposal).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{told}");
    let (status, told) = all.approve(&all.otto, &proposal).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{told}");
    assert_eq!(all.facts().policies().files, before);

    let path = format!("/v1/proposals/{}", proposal.id);
    let (_, shown) = all.by(&all.oskar, Method::GET, &path, &()).await;
    let shown: ProposalDocument = serde_json::from_value(shown).unwrap();
    assert!(shown.proposal.may_approve && !shown.proposal.own);
    assert_eq!(shown.says.unwrap()["files"][0]["name"], "test.cedar");

    let (status, told) = all.approve(&all.oskar, &proposal).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(told["state"], "approved");
    assert_eq!(told["settled"]["by"], "oskar");
    assert_eq!(
        &*all.facts().policies().files[0].text,
        &*wanted.files[0].text
    );
    let (status, told) = all.approve(&all.oskar, &proposal).await;
    assert_eq!(
        (status, told["detail"].as_str().unwrap()),
        (StatusCode::CONFLICT, "the proposal was approved before")
    );
}

#[tokio::test]
async fn an_owner_invites_no_client_alone_and_takes_an_invitation_back() {
    let all = organisation().await;
    let wanted = serde_json::json!({ "app": "wiki", "hosts": ["new.example"] });
    let invite = async |who| all.by(who, Method::POST, "/v1/clients", &wanted).await;
    assert_eq!(invite(&all.olga).await.0, StatusCode::FORBIDDEN);
    let (status, made) = invite(&all.otto).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let path = format!("/v1/invitations/{}", made["id"].as_str().unwrap());
    let (status, told) = all.by(&all.olga, Method::DELETE, &path, &()).await;
    assert_eq!(status, StatusCode::OK, "{told}");
}

#[tokio::test]
async fn a_group_and_its_members_are_rights_too_and_an_operator_proposes_what_an_owner_approves() {
    let all = organisation().await;
    let join = serde_json::json!({});
    for target in ["/v1/users/ana/groups/owners", "/v1/users/ana/groups/guests"] {
        let (status, _) = all.by(&all.olga, Method::PUT, target, &join).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{target}");
        let (status, _) = all.by(&all.otto, Method::PUT, target, &join).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{target}");
    }
    let id = all.facts().user_named("ana").unwrap().id;
    let path = format!("/v1/users/{id}/groups/guests");
    let proposal = all.proposed(&all.otto, Method::PUT, &path, &join).await;
    assert_eq!(&*proposal.what, "put `ana` into the group `guests`");
    let (status, told) = all.approve(&all.olga, &proposal).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let ana = all.facts().user_named("ana").unwrap().clone();
    assert!(ana.groups.iter().any(|m| m.group.as_str() == "guests"));

    let app = serde_json::json!({
        "name": "crm", "title": "CRM", "host": "crm.test",
        "upstream": { "servers": ["http://127.0.0.1:9"] }, "tags": ["crown-jewel"],
    });
    let (status, told) = all.by(&all.otto, Method::POST, "/v1/apps", &app).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a tag is a right: {told}");
    assert_eq!(told["proposable"], true, "{told}");
    let proposal = all
        .proposed(&all.otto, Method::POST, "/v1/apps", &app)
        .await;
    let (status, told) = all.approve(&all.oskar, &proposal).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert!(all.facts().app(&"crm".parse().unwrap()).is_some());
}

#[tokio::test]
async fn a_proposal_is_tried_first_and_its_faults_are_told_to_who_makes_it() {
    let all = organisation().await;
    let epoch = all.facts().epoch;
    let faulty = policies_of("permit (");
    let (status, told) = all
        .by(&all.olga, Method::POST, "/v1/policies?propose=why", &faulty)
        .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(told["field"], "files", "{told}");
    let unknown = "/v1/users/ana/groups/nowhere?propose=why";
    let (status, _) = all
        .by(&all.olga, Method::PUT, unknown, &serde_json::json!({}))
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let locks_out = policies_of("@id(\"x\")\nforbid (principal, action, resource);");
    let (status, told) = all
        .by(
            &all.olga,
            Method::POST,
            "/v1/policies?propose=why",
            &locks_out,
        )
        .await;
    assert_eq!(status, StatusCode::CONFLICT, "{told}");
    for target in ["/v1/policies?propose=", "/v1/policies?propose=+"] {
        let wanted = policies_of(OTHER);
        let (status, told) = all.by(&all.olga, Method::POST, target, &wanted).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
    }
    let (status, _) = all
        .by(
            &all.olga,
            Method::POST,
            "/v1/users/ana/links?propose=why",
            &(),
        )
        .await;
    assert!(status.is_client_error(), "what is a secret is not proposed");
    assert_eq!(all.facts().epoch, epoch, "nothing was changed");
}

/// Whatever an operation does, its trial changes nothing.
#[tokio::test]
async fn no_operation_that_can_be_proposed_is_done_by_proposing_it() {
    let all = organisation().await;
    let bodies = [
        (Operation::UserAdd, serde_json::json!({ "name": "bo" })),
        (
            Operation::UserChange,
            serde_json::json!({ "display_name": "A" }),
        ),
        (Operation::GroupAdd, serde_json::json!({ "name": "new" })),
        (
            Operation::GroupPut,
            serde_json::json!({ "title": "T", "parents": [] }),
        ),
        (
            Operation::AppPut,
            serde_json::json!({ "name": "wiki", "title": "W", "host": "wiki.test", "upstream": { "servers": ["http://127.0.0.1:9"] } }),
        ),
        (
            Operation::AppAdd,
            serde_json::json!({ "name": "crm", "title": "C", "host": "crm.test", "upstream": { "servers": ["http://127.0.0.1:9"] } }),
        ),
        (
            Operation::PolicyApply,
            serde_json::to_value(policies_of(OTHER)).unwrap(),
        ),
        (
            Operation::UserIdentitySet,
            serde_json::json!({ "subject": "a-18" }),
        ),
        (
            Operation::DeclaredApply,
            serde_json::json!({ "files": [{ "name": "a.toml", "text": "version = 1\n[[group]]\nname = \"made\"\n" }], "over": all.plan_of("made").await }),
        ),
    ];
    // Apps that the administration made are its own to change.
    let mut wiki = app("wiki");
    wiki.owner = gw_model::AppOwner::Administration;
    all.running
        .test
        .change(vec![Change::AppPut(Arc::new(wiki))])
        .await;
    all.running.test.change(at_providers()).await;
    all.running
        .test
        .change(vec![
            Change::ClientPut(Arc::new(client(1, "grafana"))),
            Change::ClientPut(Arc::new(gw_model::Client {
                suspended: true,
                ..client(2, "resting")
            })),
            Change::ClientPut(Arc::new(gw_model::Client {
                owner: gw_model::ClientOwner::Itself,
                ..client(3, "own")
            })),
        ])
        .await;
    let mut kept = 0;
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.is_proposable()) {
        let body = bodies
            .iter()
            .find(|(operation, _)| *operation == endpoint.operation);
        let body = body.map_or(serde_json::json!({}), |(_, body)| body.clone());
        let path = endpoint
            .path
            .replace("{user}", "ana")
            .replace("{app}", "wiki")
            .replace(
                "{provider}",
                match endpoint.operation {
                    Operation::ProviderSuspend => "corp",
                    _ => "old",
                },
            )
            .replace(
                "{client}",
                match endpoint.operation {
                    Operation::ClientResume => "resting",
                    Operation::ClientRemove => "own",
                    _ => "grafana",
                },
            )
            .replace(
                "/groups/{group}",
                match endpoint.path.contains("/users/") {
                    true => "/groups/staff",
                    false => "/groups/guests",
                },
            )
            .replace("{factor}", "f-AAAAAAAAAAA");
        let facts = all.facts();
        let target = format!("{path}?propose=why");
        // Nobody has more than twenty that wait.
        let who = match kept % 2 {
            0 => &all.olga,
            _ => &all.oskar,
        };
        let (status, told) = all.by(who, endpoint.method.clone(), &target, &body).await;
        let after = all.facts();
        let proposals = after.proposals().count();
        match endpoint.operation {
            // Ana has no factor, and nothing was applied before.
            Operation::UserFactorRemove => assert_eq!(status, StatusCode::NOT_FOUND, "{told}"),
            Operation::PolicyRollback => assert!(status.is_client_error(), "{told}"),
            _ => {
                assert_eq!(status, StatusCode::ACCEPTED, "{endpoint:?}: {told}");
                kept += 1;
            }
        }
        assert_eq!(proposals, kept, "{endpoint:?}");
        assert_eq!(
            facts.users().collect::<Vec<_>>(),
            after.users().collect::<Vec<_>>()
        );
        assert_eq!(facts.groups_version(), after.groups_version());
        assert_eq!(facts.apps_version(), after.apps_version());
        assert_eq!(
            facts.providers().collect::<Vec<_>>(),
            after.providers().collect::<Vec<_>>()
        );
        assert_eq!(
            facts.clients().collect::<Vec<_>>(),
            after.clients().collect::<Vec<_>>()
        );
        assert_eq!(facts.policies().version, after.policies().version);
        assert_eq!(facts.declared().version, after.declared().version);
    }
    assert_eq!(kept, 24);
}

/// One provider that is on; and one that is off in all ways, at which Ana is known.
fn at_providers() -> Vec<Change> {
    let old = Provider {
        disabled: true,
        suspended: true,
        ..provider("old")
    };
    let mut ana = user(2, "ana", &["staff"]);
    ana.identities.push(identity("old", "a-17"));
    vec![
        Change::ProviderPut(Arc::new(provider("corp"))),
        Change::ProviderPut(Arc::new(old)),
        Change::UserPut(Arc::new(ana)),
    ]
}

#[tokio::test]
async fn what_was_changed_meanwhile_is_not_made_to_what_nobody_looked_at() {
    let all = organisation().await;
    let wanted = policies_of(&format!("{OTHER}{APPROVALS}"));
    let first = all
        .proposed(&all.olga, Method::POST, "/v1/policies", &wanted)
        .await;
    let second = all
        .proposed(&all.oskar, Method::POST, "/v1/policies", &wanted)
        .await;
    let (status, told) = all.approve(&all.oskar, &first).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let (status, told) = all.approve(&all.olga, &second).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(
        told["detail"].as_str().unwrap().contains("changed since"),
        "{told}"
    );
    let path = format!("/v1/proposals/{}", second.id);
    let (_, shown) = all.by(&all.olga, Method::GET, &path, &()).await;
    assert!(shown["proposal"]["outdated"].is_string(), "{shown}");
}

#[tokio::test]
async fn it_is_declined_by_who_could_approve_and_withdrawn_by_who_made_it() {
    let all = organisation().await;
    let path = "/v1/users/ana/disable";
    let proposal = all.proposed(&all.otto, Method::POST, path, &()).await;
    let at = |proposal: &ProposalView| format!("/v1/proposals/{}", proposal.id);
    let no = serde_json::json!({ "why": "she is on leave" });
    let decline = |proposal: &ProposalView| format!("{}/decline", at(proposal));
    let (status, _) = all
        .by(&all.otto, Method::POST, &decline(&proposal), &no)
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _) = all.by(&all.olga, Method::DELETE, &at(&proposal), &()).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "it is not hers");
    let (status, told) = all
        .by(&all.olga, Method::POST, &decline(&proposal), &no)
        .await;
    assert_eq!(
        (status, &told["state"]),
        (StatusCode::OK, &"declined".into()),
        "{told}"
    );
    assert_eq!(told["settled"]["why"], "she is on leave");
    let (status, _) = all.approve(&all.olga, &proposal).await;
    assert_eq!(status, StatusCode::CONFLICT);

    let again = all.proposed(&all.otto, Method::POST, path, &()).await;
    let (status, told) = all.by(&all.otto, Method::DELETE, &at(&again), &()).await;
    assert_eq!(
        (status, &told["state"]),
        (StatusCode::OK, &"withdrawn".into()),
        "{told}"
    );
    let (_, listed) = all
        .by(&all.olga, Method::GET, "/v1/proposals?state=waiting", &())
        .await;
    assert_eq!(listed["total"], 0);
    let (_, listed) = all.by(&all.olga, Method::GET, "/v1/proposals", &()).await;
    assert_eq!(listed["total"], 2);
    assert!(!all.facts().user_named("ana").unwrap().disabled);
}

#[tokio::test]
async fn who_is_gone_or_came_late_has_nothing_approved() {
    let all = organisation().await;
    let path = "/v1/users/ana/disable";
    let by_otto = all.proposed(&all.otto, Method::POST, path, &()).await;
    let by_oskar = all.proposed(&all.oskar, Method::POST, path, &()).await;
    all.running
        .test
        .change(vec![Change::UserRemoved(UserId::from_bits(12))])
        .await;
    let (status, told) = all.approve(&all.olga, &by_otto).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(
        told["detail"].as_str().unwrap().contains("lapsed"),
        "{told}"
    );
    let week = gw_model::ProposedChange::LASTS;
    all.running
        .test
        .clock
        .set(all.running.test.clock.now().after(week));
    let caller = Caller::local(0);
    let approve = format!("/v1/proposals/{}/approve", by_oskar.id);
    let (status, told) = all.ask(caller, Method::POST, &approve, &()).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(
        told["detail"].as_str().unwrap().contains("lapsed"),
        "{told}"
    );
}

#[tokio::test]
async fn one_who_proposes_does_not_fill_the_list() {
    let all = organisation().await;
    let path = "/v1/users/ana/disable?propose=why";
    for _ in 0..20 {
        let (status, told) = all.by(&all.otto, Method::POST, path, &()).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{told}");
    }
    let (status, told) = all.by(&all.otto, Method::POST, path, &()).await;
    assert_eq!(status, StatusCode::CONFLICT, "{told}");
    let (status, _) = all.by(&all.oskar, Method::POST, path, &()).await;
    assert_eq!(status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn two_people_who_can_only_change_rights_together_are_not_locked_out_and_one_is() {
    let all = organisation().await;
    let no_root = "@id(\"no-root\")\nforbid (principal is Local, action == Action::\"admin.policy.apply\", resource);\n";
    let apply = policies_of(&format!("{WIKI}{APPROVALS}{no_root}"));
    let applied = all
        .running
        .client
        .send::<Done>(Method::POST, "/v1/policies", &apply);
    applied.await.unwrap();
    let facts = all.facts();
    let without_passkey = |name: &str| {
        let mut user = User::clone(facts.user_named(name).unwrap());
        user.factors.clear();
        Change::UserPut(user.into())
    };
    let only_passing = |name: &str| {
        let mut user = User::clone(facts.user_named(name).unwrap());
        user.groups[0].until = Some(all.running.test.clock.now().after(Duration::from_secs(60)));
        Change::UserPut(user.into())
    };
    for change in [
        without_passkey("oskar"),
        without_passkey("olga"),
        only_passing("oskar"),
    ] {
        let commit = Commit::new(Actor::Local(0), "one is left").change(change);
        let refused = all.running.test.engine.commit(commit).await.unwrap_err();
        let locked_out = matches!(refused, CommitError::Refused(Refused::LockedOut));
        assert!(locked_out, "{refused}");
    }
    let commit = Commit::new(Actor::Local(0), "two are left").change(without_passkey("otto"));
    all.running.test.engine.commit(commit).await.unwrap();
}

#[tokio::test]
async fn who_was_switched_off_or_lost_a_group_has_nothing_approved_also_when_they_are_back() {
    let all = organisation().await;
    let path = "/v1/users/ana/disable";
    let proposal = all.proposed(&all.otto, Method::POST, path, &()).await;
    let facts = all.facts();
    let otto = facts.user_named("otto").unwrap();
    let switched = |disabled| {
        let mut user = User::clone(otto);
        user.disabled = disabled;
        Change::UserPut(user.into())
    };
    all.running.test.change(vec![switched(true)]).await;
    all.running.test.change(vec![switched(false)]).await;
    let (status, told) = all.approve(&all.olga, &proposal).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(
        told["detail"].as_str().unwrap().contains("lapsed"),
        "{told}"
    );

    let again = session(22, otto, AuthnMethod::Passkey, all.running.test.clock.now());
    let begun = Change::SessionStarted(Arc::new(again.clone()));
    all.running.test.change(vec![begun]).await;
    let proposal = all.proposed(&again, Method::POST, path, &()).await;
    let mut without = User::clone(otto);
    without.groups.clear();
    all.running
        .test
        .change(vec![Change::UserPut(without.into())])
        .await;
    let (status, told) = all.approve(&all.olga, &proposal).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(
        told["detail"]
            .as_str()
            .unwrap()
            .contains("no longer in `operators`"),
        "{told}"
    );
}

#[tokio::test]
async fn an_older_proposal_does_not_undo_what_was_decided_since() {
    let all = organisation().await;
    let red = serde_json::json!({ "attributes": { "team": "red" } });
    let revoked = serde_json::json!({ "attributes": { "team": "red", "clearance": "revoked" } });
    let older = all
        .proposed(&all.otto, Method::PATCH, "/v1/users/ana", &red)
        .await;
    let newer = all
        .proposed(&all.otto, Method::PATCH, "/v1/users/ana", &revoked)
        .await;
    let removal = all
        .proposed(&all.otto, Method::DELETE, "/v1/groups/guests", &())
        .await;
    assert_eq!(all.approve(&all.olga, &newer).await.0, StatusCode::OK);
    all.running
        .test
        .change(vec![Change::GroupRemoved("guests".parse().unwrap())])
        .await;
    all.running.test.change(vec![group("guests")]).await;
    for old in [&older, &removal] {
        let (status, told) = all.approve(&all.olga, old).await;
        assert_eq!(status, StatusCode::CONFLICT, "{told}");
    }
    let files = serde_json::json!({
        "files": [{ "name": "a.toml", "text": "version = 1\n[[group]]\nname = \"guests\"\ntitle = \"G\"\n" }],
    });
    let target = "/v1/declared/apply?propose=why";
    let (status, told) = all.by(&all.olga, Method::POST, target, &files).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(told["field"], "over", "{told}");
}

#[tokio::test]
async fn a_plan_has_another_name_once_what_it_changes_was_changed() {
    let all = organisation().await;
    let asked = DeclaredFiles {
        files: vec![
            file(
                "a.toml",
                "version = 1\n[[user]]\nname = \"ana\"\ngroups = [\"guests\"]\n",
            ),
            file("test.cedar", &format!("{OTHER}{APPROVALS}")),
        ],
        prune: false,
    };
    let plan = || async {
        let client = &all.running.client;
        let plan = client.send::<Plan>(Method::POST, "/v1/declared/plan", &asked);
        plan.await.unwrap().over
    };
    let first = plan().await;
    assert_eq!(plan().await, first);
    let mut ana = User::clone(all.facts().user_named("ana").unwrap());
    ana.groups = vec![gw_model::Membership::of("operators".parse().unwrap())];
    all.running
        .test
        .change(vec![Change::UserPut(ana.into())])
        .await;
    let second = plan().await;
    assert_ne!(second, first);
    let more = format!("{WIKI}{ROLES}{APPROVALS}// Nothing else.\n");
    all.running.test.change(vec![policies(&more)]).await;
    assert_ne!(plan().await, second);
}

#[tokio::test]
async fn who_could_never_approve_it_does_not_decline_it_and_is_not_told_that_they_may() {
    let all = organisation().await;
    let now = all.running.test.clock.now();
    let hella = user(13, "hella", &["helpdesk", "staff"]);
    let begun = session(13, &hella, AuthnMethod::Passkey, now);
    let changes = vec![
        Change::UserPut(hella.into()),
        Change::SessionStarted(Arc::new(begun.clone())),
    ];
    all.running.test.change(changes).await;
    let body = serde_json::json!({ "email": "ana@example.org" });
    let proposal = all
        .proposed(&all.otto, Method::PATCH, "/v1/users/ana", &body)
        .await;
    let path = format!("/v1/proposals/{}", proposal.id);
    let (_, shown) = all.by(&begun, Method::GET, &path, &()).await;
    assert_eq!(shown["proposal"]["may_approve"], false, "{shown}");
    assert!(shown["says"].is_null(), "{shown}");
    let no = serde_json::json!({ "why": "no" });
    let (status, _) = all
        .by(&begun, Method::POST, &format!("{path}/decline"), &no)
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (_, shown) = all.by(&all.olga, Method::GET, &path, &()).await;
    assert_eq!(shown["proposal"]["may_approve"], true, "{shown}");
}

#[tokio::test]
async fn an_approver_is_told_what_comes_with_a_group() {
    let all = organisation().await;
    let quiet = gw_model::Group {
        name: "quiet".parse().unwrap(),
        title: "".into(),
        parents: vec!["owners".parse().unwrap()],
        identities: Vec::new(),
        version: 0,
    };
    all.running
        .test
        .change(vec![Change::GroupPut(quiet.into())])
        .await;
    let join = serde_json::json!({});
    let path = "/v1/users/ana/groups/quiet";
    let proposal = all.proposed(&all.otto, Method::PUT, path, &join).await;
    assert_eq!(
        proposal.notes,
        ["ana is then in owners, quiet, and so an owner"]
    );
    let body = serde_json::json!({ "title": "", "parents": ["quiet"] });
    let proposal = all
        .proposed(&all.otto, Method::PUT, "/v1/groups/staff", &body)
        .await;
    let told = "everybody in `staff`, 1 by now, is then in owners, quiet, and so an owner";
    assert_eq!(proposal.notes, [told]);
}

#[tokio::test]
async fn a_key_that_was_used_for_one_method_is_refused_for_another() {
    let all = organisation().await;
    let send = |method| {
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", "once".parse().unwrap());
        let target = "/v1/users/ana/groups/staff?propose=why";
        let (caller, body) = (all.caller(&all.olga), serde_json::json!({}));
        let all = &all;
        async move { all.send(caller, method, target, headers, &body).await }
    };
    let (status, first) = send(Method::PUT).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{first}");
    let (status, again) = send(Method::PUT).await;
    assert_eq!((status, &again["id"]), (StatusCode::ACCEPTED, &first["id"]));
    let (status, told) = send(Method::DELETE).await;
    assert_eq!(status, StatusCode::CONFLICT, "{told}");
    assert_eq!(all.facts().proposals().count(), 1);
}
