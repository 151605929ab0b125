//! The socket over a real engine, store and ledger, as the client meets it.

use std::{os::unix::fs::PermissionsExt, sync::Arc, time::Duration};

use bytes::Bytes;
use gw_engine::{
    Commit, CommitError,
    testing::{TestEngine, app, group, policies, proposed, user},
};
use gw_identity::{Identity, IdentityOptions, Lifetimes};
use gw_issue::{ASSERTION_PURPOSE, SigningKeys};
use gw_model::{
    Actor, Change, ExternalIdentity, Factor, FactorId, FactorKind, PolicyFile, Provider,
    ProviderProtocol, Session, Timestamp, Upstream, User,
};
use gw_pages::Judged;
use gw_store::Refused;
use http::{HeaderMap, Method, StatusCode};
use tokio::task::JoinSet;

use crate::{
    Administration, Client, ClientError, Parts, Socket,
    caller::Caller,
    endpoint::{ENDPOINTS, On},
    service::ApiRequest,
    types::*,
};

mod clients;
mod declared;
mod directories;
mod keys;
mod proposals;
mod providers;

const SECRET_HASH: &str = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

const WIKI: &str = "@id(\"wiki-for-staff\")\npermit (principal in Group::\"staff\", action == Action::\"http.request\", resource in App::\"wiki\");\n";

struct Running {
    test: TestEngine,
    administration: Administration,
    client: Client,
    service: Socket,
    _serving: JoinSet<()>,
}

/// An administration with an owner who has a passkey, Ana of the staff, and these policies.
async fn running(policy: &str) -> Running {
    let mut olga = user(1, "olga", &["owners"]);
    olga.factors.push(Factor {
        id: FactorId::from_bits(1),
        kind: FactorKind::Passkey,
        name: "key".into(),
        enrolled_at: Timestamp::from_secs(1),
        authenticator: None,
    });
    let mut administration = app("administration");
    administration.upstream = Upstream::BuiltIn("administration".into());
    let test = TestEngine::with(vec![
        group("owners"),
        group("staff"),
        Change::UserPut(Arc::new(olga)),
        Change::UserPut(Arc::new(user(2, "ana", &["staff"]))),
        Change::AppPut(Arc::new(app("wiki"))),
        Change::AppPut(Arc::new(administration)),
        policies(policy),
    ])
    .await;
    let engine = test.engine.clone();
    let identity = Identity::open(engine.clone(), options(), Vec::new())
        .await
        .unwrap();
    let keys = SigningKeys::open(&engine, ASSERTION_PURPOSE).await.unwrap();
    let data = test.folder.path().join("data");
    let listener = Socket::bind(&data).unwrap();
    let (ledger, since) = (data.join("ledger"), engine.clock().now());
    let directories = gw_provisioning::Directories::new(engine.clone(), Vec::new());
    let administration = Administration::new(Parts {
        engine,
        identity,
        keys: Arc::new(move || vec![(ASSERTION_PURPOSE, keys.clone())]),
        authentication_origin: "https://auth.example.org".into(),
        config: Arc::new(move || ConfigState::InForce {
            file: "gatewright.toml".into(),
            since,
        }),
        configured_groups: Arc::new(|| vec!["owners".parse().unwrap()]),
        configured_providers: Arc::new(|| vec!["corp".parse().unwrap()]),
        configured_clients: Arc::new(|| vec!["grafana".parse().unwrap()]),
        directories,
        desk: Default::default(),
        ledger: ledger.clone(),
        started: since,
        log: Arc::new(move || LogAccess {
            folder: ledger.clone(),
            heads: Vec::new(),
            keys: Vec::new(),
        }),
    });
    let service = Socket::new(administration.clone());
    let mut serving = JoinSet::new();
    let served = service.clone().open_to_own_process();
    serving.spawn(async move { served.serve(&listener).await.unwrap() });
    Running {
        test,
        administration,
        client: Client::new(Socket::socket_in(&data)),
        service,
        _serving: serving,
    }
}

fn options() -> IdentityOptions {
    IdentityOptions {
        rp_id: "auth.example.org".into(),
        origins: vec!["https://auth.example.org".into()],
        portal: "portal".parse().unwrap(),
        whom_to_ask: "Ask Olga.".into(),
        lifetimes: Lifetimes::default(),
        passwords: gw_identity::PasswordOptions::default(),
        attestation: false,
    }
}

/// Somebody in a session, let in by the door.
fn caller(running: &Running, session: &Session) -> Caller {
    let view = running.test.engine.view();
    Caller::person(&Judged {
        decision: gw_model::DecisionId::from_bits(1),
        because: Vec::new(),
        at: running.test.clock.now(),
        epoch: view.facts.epoch,
        address: [127, 0, 0, 1].into(),
        scheme: "https",
        host: "administration.test".into(),
        port: None,
        user: view.facts.user(session.user).cloned(),
        session: view.facts.session(session.id).cloned(),
        rank: 1,
        ended: None,
        navigation: false,
        certificates: None,
    })
    .unwrap()
}

async fn send(
    running: &Running,
    caller: Caller,
    method: Method,
    target: &str,
    mut headers: HeaderMap,
    body: &impl serde::Serialize,
) -> (StatusCode, serde_json::Value) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    headers.insert("content-type", "application/json".parse().unwrap());
    let request = ApiRequest {
        caller,
        method,
        path: path.into(),
        query: query.into(),
        headers,
        body: Bytes::from(serde_json::to_vec(body).unwrap()),
    };
    let answer = running.administration.answer(request).await;
    let told = serde_json::from_slice(answer.body()).unwrap();
    (answer.status(), told)
}

pub(crate) fn provider(name: &str) -> Provider {
    Provider {
        name: name.parse().unwrap(),
        title: format!("{name} accounts").into(),
        issuer: format!("https://{name}.test").into(),
        protocol: ProviderProtocol::Oidc {
            client_id: "gatewright".into(),
            scopes: vec!["profile".into()],
        },
        people: Default::default(),
        memberships: Vec::new(),
        assurance: Default::default(),
        disabled: false,
        suspended: false,
        version: 0,
    }
}

/// A client of the authorisation server that the file declares, with a secret.
pub(crate) fn client(bits: u64, name: &str) -> gw_model::Client {
    let registration = serde_json::json!({
        "id": name,
        "redirect_uris": [format!("https://{name}.test/callback")],
        "authentication": { "method": "client_secret_basic", "secrets": [
            { "hash": SECRET_HASH, "made_at": 5000 },
        ] },
        "grant_types": ["authorization_code", "refresh_token"],
        "scopes": "openid groups",
        "id_token_algorithm": "RS256",
    });
    gw_model::Client {
        id: gw_model::ClientId::from_bits(bits),
        name: name.parse().unwrap(),
        title: format!("the {name}").into(),
        attributes: Default::default(),
        groups: Vec::new(),
        app: Some("wiki".parse().unwrap()),
        registration: registration.to_string().into(),
        tokens_from: Timestamp::default(),
        disabled: false,
        version: 0,
        suspended: false,
        owner: gw_model::ClientOwner::Configuration,
        consent: gw_model::Consent::Never,
    }
}

fn identity(provider: &str, subject: &str) -> ExternalIdentity {
    ExternalIdentity::of(provider.parse().unwrap(), subject.into())
}

#[tokio::test]
async fn root_and_the_service_may_connect_and_nobody_else() {
    let may = Socket::may_connect;
    assert!(may(0) && may(own_uid()));
    assert!(!may(own_uid() + 4711) && !may(u32::MAX));
}

/// What an app whose server is the socket would have forwarded to it.
#[tokio::test]
async fn what_comes_through_the_process_itself_administers_nothing() {
    let tested = running(WIKI).await;
    let data = tested.test.folder.path().join("forwarded");
    let listener = Socket::bind(&data).unwrap();
    let mut serving = JoinSet::new();
    let served = tested.service.clone();
    serving.spawn(async move { served.serve(&listener).await.unwrap() });
    let client = Client::new(Socket::socket_in(&data));
    let problem = refusal(client.list::<UserView>("/v1/users").await);
    assert_eq!(problem.status, 403);
    assert!(problem.detail.contains("through Gatewright"), "{problem:?}");
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> Problem {
    match answer {
        Err(ClientError::Refused(problem)) => *problem,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn file(name: &str, text: &str) -> PolicyFile {
    PolicyFile {
        name: name.into(),
        text: text.into(),
    }
}

#[tokio::test]
async fn the_socket_is_closed_to_others() {
    let running = running(WIKI).await;
    let socket = Socket::socket_in(&running.test.folder.path().join("data"));
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&socket), 0o600);
    assert_eq!(mode(socket.parent().unwrap()), 0o700);
}

/// Every endpoint, tried by somebody whom policy lets do nothing.
#[tokio::test]
async fn each_operation_is_a_question_of_its_own_that_policy_can_refuse() {
    let nothing_on_this_machine = format!(
        "{WIKI}@id(\"only-people-administer\")\nforbid (principal is Local, action in Action::\"admin\", resource);\n"
    );
    let running = running(&nothing_on_this_machine).await;
    let by_ana = Actor::User(gw_model::UserId::from_bits(2));
    let proposed = proposed(by_ana, running.test.clock.now());
    let proposed = Arc::new(proposed);
    let kept = vec![Change::ProposalPut(proposed.clone())];
    running.test.change(kept).await;
    for endpoint in ENDPOINTS {
        let named = match endpoint.on {
            On::User => "ana",
            _ => "s-aaaaaaaaaaaaa",
        };
        let path = endpoint
            .path
            .replace("{user}", named)
            .replace("{group}", "staff")
            .replace("{purpose}", "assertion")
            .replace("{session}", named)
            .replace("{entry}", "b-aaaaaaaaaaaaa")
            .replace("{provider}", "corp")
            .replace("{client}", "grafana")
            .replace("{proposal}", &proposed.id.to_string());
        let answer = running
            .client
            .call::<serde_json::Value>(endpoint.method.clone(), &path)
            .await;
        let problem = refusal(answer);
        if matches!(endpoint.on, On::Session | On::Lease) {
            assert_eq!(&*problem.kind, "unknown", "{path}");
            continue;
        }
        assert_eq!(&*problem.kind, "denied", "{path}");
        assert!(
            problem.decision.is_some(),
            "{path}: the refusal is recorded"
        );
        assert!(problem.help.unwrap().contains("only-people-administer"));
    }
    assert_eq!(running.test.engine.view().facts.users().count(), 2);
}

#[tokio::test]
async fn a_user_is_added_once_with_groups_and_gets_a_sign_in_link_unless_told_otherwise() {
    let running = running(WIKI).await;
    let new = AddUser {
        name: "bo".into(),
        display_name: Some("Bo Lindqvist".into()),
        email: None,
        groups: vec!["staff".parse().unwrap()],
    };
    let added: UserView = running
        .client
        .send(Method::POST, "/v1/users", &new)
        .await
        .unwrap();
    assert_eq!((&*added.name, added.groups.len()), ("bo", 1));
    let again = running
        .client
        .send::<UserView>(Method::POST, "/v1/users", &new)
        .await;
    assert_eq!(&*refusal(again).kind, "conflict");

    let ask = |kind| MakeLink { kind };
    let path = "/v1/users/bo/links";
    let link: LinkView = running
        .client
        .send(Method::POST, path, &ask(None))
        .await
        .unwrap();
    assert_eq!(
        link.kind,
        LinkWord::SignIn,
        "what is weakest unless asked for more"
    );
    assert!(link.url.starts_with("https://auth.example.org/link/"));
    let enrolment = ask(Some(LinkWord::Enrolment));
    let around = running
        .client
        .send::<LinkView>(Method::POST, "/v1/users/olga/links", &enrolment)
        .await;
    assert_eq!(&*refusal(around).kind, "conflict");
}

#[tokio::test]
async fn a_name_that_is_no_name_is_refused_with_what_to_write() {
    let running = running(WIKI).await;
    for name in ["", "Bo", "b o", "-bo", "bo/../x", "bo\u{202e}"] {
        let new = AddUser {
            name: name.into(),
            display_name: None,
            email: None,
            groups: Vec::new(),
        };
        let refused = running
            .client
            .send::<UserView>(Method::POST, "/v1/users", &new)
            .await;
        assert_eq!(&*refusal(refused).kind, "invalid", "{name:?}");
    }
}

#[tokio::test]
async fn who_may_not_apply_policies_gives_no_rights_and_makes_no_link_for_who_has_more() {
    let helpdesk = format!(
        "{WIKI}@id(\"no-policies-here\")\nforbid (principal == Local::\"{}\", action == Action::\"admin.policy.apply\", resource);\n",
        own_uid()
    );
    let running = running(&helpdesk).await;
    let join = running
        .client
        .call::<Done>(Method::PUT, "/v1/users/ana/groups/owners")
        .await;
    assert_eq!(&*refusal(join).kind, "denied");
    let link = running
        .client
        .call::<LinkView>(Method::POST, "/v1/users/olga/links")
        .await;
    assert_eq!(&*refusal(link).kind, "denied");
    // Who is on the machine is in no group, so that everybody in one has more than they.
    let passing = Join {
        until: Some(running.test.clock.now().after(Duration::from_secs(2))),
    };
    for (who, group) in [("ana", "staff"), ("olga", "staff")] {
        let path = format!("/v1/users/{who}/groups/{group}");
        let replaced = running.client.send::<Done>(Method::PUT, &path, &passing);
        assert_eq!(&*refusal(replaced.await).kind, "denied", "{who}");
    }
}

#[tokio::test]
async fn a_membership_ends_within_a_hundred_years_or_not_by_itself() {
    let running = running(WIKI).await;
    let now = running.test.clock.now();
    let century = Duration::from_secs(100 * 366 * 24 * 60 * 60);
    for (until, fine) in [
        (now, false),
        (now.after(Duration::from_secs(1)), true),
        (now.after(century), true),
        (now.after(century * 2), false),
        (Timestamp::NEVER, false),
    ] {
        let join = Join { until: Some(until) };
        let joined = running
            .client
            .send::<Done>(Method::PUT, "/v1/users/ana/groups/owners", &join)
            .await;
        if fine {
            joined.unwrap();
        } else {
            assert_eq!(refusal(joined).field.as_deref(), Some("until"));
        }
    }
}

#[tokio::test]
async fn what_policies_read_of_people_and_apps_is_changed_by_who_may_change_policies_alone() {
    let operator = format!(
        "{WIKI}@id(\"no-policies-here\")\nforbid (principal == Local::\"{}\", action == Action::\"admin.policy.apply\", resource);\n",
        own_uid()
    );
    let running = running(&operator).await;
    let client = &running.client;
    running
        .test
        .change(vec![Change::UserPut(Arc::new(user(3, "cy", &[])))])
        .await;
    let described = ChangeUser {
        attributes: Some([("team".to_owned(), "red".to_owned())].into()),
        ..ChangeUser::default()
    };
    let refused = client.send::<UserDocument>(Method::PATCH, "/v1/users/cy", &described);
    assert_eq!(&*refusal(refused.await).kind, "denied");
    let renamed = ChangeUser {
        display_name: Some("Cy".into()),
        ..ChangeUser::default()
    };
    let shown = client.send::<UserDocument>(Method::PATCH, "/v1/users/cy", &renamed);
    assert_eq!(&*shown.await.unwrap().user.display_name, "Cy");

    let mut plain: AppDocument = serde_json::from_str(
        r#"{ "name": "notes", "host": "notes.example.org", "upstream": { "servers": ["http://127.0.0.1:9"] } }"#,
    )
    .unwrap();
    let added = client.send::<AppShown>(Method::POST, "/v1/apps", &plain);
    assert_eq!(added.await.unwrap().managed_by, ManagedBy::Administration);
    plain.title = "Notes".into();
    let titled = client.send::<AppShown>(Method::PUT, "/v1/apps/notes", &plain);
    assert_eq!(titled.await.unwrap().app.title, "Notes");
    let tagged = AppDocument {
        tags: vec!["crown-jewel".into()],
        ..plain.clone()
    };
    let refused = client.send::<AppShown>(Method::PUT, "/v1/apps/notes", &tagged);
    assert_eq!(&*refusal(refused.await).kind, "denied");
    let elsewhere = AppDocument {
        time_zone: Some("Pacific/Kiritimati".into()),
        ..plain.clone()
    };
    let refused = client.send::<AppShown>(Method::PUT, "/v1/apps/notes", &elsewhere);
    assert_eq!(
        &*refusal(refused.await).kind,
        "denied",
        "another time of day"
    );
    client
        .call::<Done>(Method::DELETE, "/v1/apps/notes")
        .await
        .unwrap();
    for labelled in [&tagged, &elsewhere] {
        let refused = client.send::<AppShown>(Method::POST, "/v1/apps", labelled);
        assert_eq!(
            &*refusal(refused.await).kind,
            "denied",
            "removed and added again"
        );
    }
    client
        .send::<AppShown>(Method::POST, "/v1/apps", &plain)
        .await
        .unwrap();
    let mut app = tagged.app().unwrap();
    app.version = 0;
    running
        .test
        .change(vec![Change::AppPut(Arc::new(app))])
        .await;
    let refused = client.call::<Done>(Method::DELETE, "/v1/apps/notes");
    assert_eq!(&*refusal(refused.await).kind, "denied");
    let refused = client.send::<AppShown>(Method::PUT, "/v1/apps/notes", &plain);
    assert_eq!(&*refusal(refused.await).kind, "denied");
}

#[tokio::test]
async fn a_change_that_leaves_no_one_able_to_administer_is_refused() {
    let running = running(WIKI).await;
    let nobody = "@id(\"nobody\")\nforbid (principal, action == Action::\"admin.policy.apply\", resource);\n";
    let apply = ApplyPolicies {
        files: vec![file("lock.cedar", nobody)],
        over: None,
    };
    let refused = running
        .client
        .send::<Done>(Method::POST, "/v1/policies", &apply)
        .await;
    let problem = refusal(refused);
    assert!(
        problem.detail.contains("no one able to administer"),
        "{}",
        problem.detail
    );
    assert_eq!(
        running.test.engine.view().policies_version,
        running.test.engine.view().facts.policies().version
    );

    let mut sign_in = app("sign-in");
    sign_in.upstream = Upstream::BuiltIn("sign-in".into());
    let put = Change::AppPut(sign_in.into());
    let commit = Commit::new(Actor::Local(0), "a sign-in").change(put);
    running.test.engine.commit(commit).await.unwrap();
    let no_root = "@id(\"no-root\")\nforbid (principal is Local, action == Action::\"admin.policy.apply\", resource);\n";
    for rest in [
        "forbid (principal, action == Action::\"http.request\", resource in App::\"administration\");",
        "forbid (principal, action in Action::\"admin\", resource) unless { context.network.address.isInRange(ip(\"192.0.2.0/24\")) };",
        "forbid (principal is User, action == Action::\"http.request\", resource in App::\"sign-in\");",
        "forbid (principal is User, action == Action::\"http.request\", resource) when { context.http.path like \"/hand-over*\" };",
        "forbid (principal is User, action == Action::\"admin.explain\", resource);",
        "forbid (principal is User, action == Action::\"http.request\", resource in App::\"administration\") when { context.http.path like \"/assets/*\" };",
    ] {
        let text = format!("{no_root}@id(\"rest\")\n{rest}\n");
        let apply = ApplyPolicies {
            files: vec![file("lock.cedar", &text)],
            over: None,
        };
        let refused = running
            .client
            .send::<Done>(Method::POST, "/v1/policies", &apply);
        let problem = refusal(refused.await);
        for told in ["no one able to administer", "enter the administration"] {
            assert!(problem.detail.contains(told), "{rest}: {problem:?}");
        }
    }

    let owners_only = "@id(\"owners-only\")\nforbid (principal is Local, action == Action::\"admin.policy.apply\", resource);\n";
    let apply = ApplyPolicies {
        files: vec![file("owners.cedar", owners_only)],
        over: None,
    };
    running
        .client
        .send::<Done>(Method::POST, "/v1/policies", &apply)
        .await
        .unwrap();
    let facts = running.test.engine.view().facts.clone();
    let mut passing = User::clone(facts.user_named("olga").unwrap());
    passing.groups[0].until = Some(running.test.clock.now().after(Duration::from_secs(3600)));
    let commit =
        Commit::new(Actor::Local(0), "for an hour").change(Change::UserPut(passing.into()));
    let refused = running.test.engine.commit(commit).await.unwrap_err();
    assert!(
        matches!(refused, CommitError::Refused(Refused::LockedOut)),
        "{refused}"
    );
    let refused = running
        .client
        .call::<Done>(Method::POST, "/v1/users/olga/disable")
        .await;
    let problem = refusal(refused);
    assert!(
        problem.detail.contains("no one able to administer"),
        "{}",
        problem.detail
    );
    assert!(
        !running
            .test
            .engine
            .view()
            .facts
            .user_named("olga")
            .unwrap()
            .disabled
    );
}

#[tokio::test]
async fn a_comparison_shows_who_gains_and_what_goes() {
    let running = running(WIKI).await;
    let wider = "@id(\"wiki-for-all\")\npermit (principal is User, action == Action::\"http.request\", resource in App::\"wiki\");\n";
    let asked = ApplyPolicies {
        files: vec![file("wider.cedar", wider)],
        over: None,
    };
    let comparison: Comparison = running
        .client
        .send(Method::POST, "/v1/policies/compare", &asked)
        .await
        .unwrap();
    assert!(comparison.takes_away());
    assert_eq!(comparison.files_removed, ["test.cedar".into()]);
    let gain = comparison
        .gains
        .iter()
        .find(|gain| gain.proof == "passkey")
        .unwrap();
    assert_eq!(
        (gain.what.as_str(), gain.who.as_slice()),
        ("wiki/default", &["olga".into()][..])
    );
    assert!(comparison.losses.is_empty());

    let broken = ApplyPolicies {
        files: vec![file("broken.cedar", "permit (")],
        over: None,
    };
    let comparison: Comparison = running
        .client
        .send(Method::POST, "/v1/policies/compare", &broken)
        .await
        .unwrap();
    assert!(!comparison.faults.is_empty());
    let refused = running
        .client
        .send::<Done>(Method::POST, "/v1/policies", &broken)
        .await;
    assert!(!refusal(refused).faults.is_empty());
}

#[tokio::test]
async fn policies_that_changed_since_they_were_compared_are_not_applied_over() {
    let running = running(WIKI).await;
    let version = running.test.engine.view().facts.policies().version;
    let apply = |text: &str| ApplyPolicies {
        files: vec![file("test.cedar", text)],
        over: Some(version),
    };
    let first = WIKI.replace("wiki-for-staff", "first");
    running
        .client
        .send::<Done>(Method::POST, "/v1/policies", &apply(&first))
        .await
        .unwrap();
    let second = WIKI.replace("wiki-for-staff", "second");
    let refused = running
        .client
        .send::<Done>(Method::POST, "/v1/policies", &apply(&second))
        .await;
    assert!(refusal(refused).detail.contains("meanwhile"));
}

#[tokio::test]
async fn policies_go_back_to_what_they_were_at_an_epoch() {
    let running = running(WIKI).await;
    let apply = ApplyPolicies {
        files: vec![file("none.cedar", "")],
        over: None,
    };
    running
        .client
        .send::<Done>(Method::POST, "/v1/policies", &apply)
        .await
        .unwrap();
    let history: Listing<RevisionView> = running
        .client
        .call(Method::GET, "/v1/policies/history")
        .await
        .unwrap();
    let [newest, first] = &history.items[..] else {
        panic!("two sets, got {history:?}");
    };
    assert!(newest.newest && newest.by == format!("uid {} on the machine", own_uid()));
    let back = Rollback {
        epoch: first.epoch,
        over: None,
    };
    running
        .client
        .send::<Done>(Method::POST, "/v1/policies/rollback", &back)
        .await
        .unwrap();
    let view = running.test.engine.view();
    assert!(view.policies.ids().any(|id| &*id.0 == "wiki-for-staff"));
}

#[tokio::test]
async fn an_unknown_operation_and_an_unreadable_request_are_problems() {
    let running = running(WIKI).await;
    let unknown = running.client.call::<Done>(Method::GET, "/v2/users").await;
    assert_eq!(refusal(unknown).status, 404);
    let wrong = running
        .client
        .call::<Done>(Method::DELETE, "/v1/users")
        .await;
    assert_eq!(refusal(wrong).status, 405);
    let odd = serde_json::json!({ "name": "bo", "shoe_size": 43 });
    let refused = running
        .client
        .send::<Done>(Method::POST, "/v1/users", &odd)
        .await;
    assert_eq!(&*refusal(refused).kind, "invalid");
}

#[tokio::test]
async fn nobody_answers_where_nothing_runs() {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::new(Socket::socket_in(folder.path()));
    let answer = client.call::<Done>(Method::GET, "/v1/users").await;
    assert!(matches!(answer, Err(ClientError::NotRunning { .. })));
}

#[tokio::test]
async fn a_way_in_is_sealed_listed_and_called_back_and_told_when_policy_bars_it() {
    let tested = running(WIKI).await;
    let client = &tested.client;
    let asked = |label: &str| SealBreakGlass {
        label: label.into(),
    };
    let sealed: SealedBreakGlass = client
        .send(Method::POST, "/v1/break-glass", &asked("the safe"))
        .await
        .unwrap();
    assert!(sealed.opens);
    assert_eq!(sealed.url, "https://auth.example.org/break-glass");
    let listed: Listing<BreakGlassView> =
        client.call(Method::GET, "/v1/break-glass").await.unwrap();
    assert_eq!(listed.items.len(), 1);
    assert!(listed.items[0].used.is_none() && listed.items[0].opens);
    let told = serde_json::to_string(&listed).unwrap();
    assert!(!told.contains(&sealed.code), "the code is told once");

    let problem = refusal(
        client
            .send::<SealedBreakGlass>(Method::POST, "/v1/break-glass", &asked(" "))
            .await,
    );
    assert_eq!(problem.field.as_deref(), Some("label"));
    let path = format!("/v1/break-glass/{}", sealed.id);
    let problem = refusal(
        client
            .call::<Done>(Method::POST, &format!("{path}/acknowledge"))
            .await,
    );
    assert_eq!(&*problem.kind, "conflict");
    client.call::<Done>(Method::DELETE, &path).await.unwrap();
    let problem = refusal(client.call::<Done>(Method::DELETE, &path).await);
    assert_eq!(&*problem.kind, "unknown");

    let keys_only = format!(
        "{WIKI}@id(\"keys-only\") forbid (principal is User, action in Action::\"admin\", resource) unless {{ context.authn.phishing_resistant }};"
    );
    let barred = running(&keys_only).await;
    let sealed: SealedBreakGlass = barred
        .client
        .send(Method::POST, "/v1/break-glass", &asked("the safe"))
        .await
        .unwrap();
    assert!(!sealed.opens);
}

#[tokio::test]
async fn more_than_is_looked_at_is_refused_before_it_is_read() {
    let tested = running(WIKI).await;
    let refused = async |files: Vec<PolicyFile>| {
        let asked = PolicyFiles { files };
        let answer =
            tested
                .client
                .send::<CheckedPolicies>(Method::POST, "/v1/policies/check", &asked);
        refusal(answer.await)
    };
    let long = "// and so on\n".repeat(400_000);
    let problem = refused(vec![file("a.cedar", &long)]).await;
    assert_eq!(
        (problem.status, problem.field.as_deref()),
        (422, Some("files"))
    );
    let many = (0..1_001)
        .map(|n| file(&format!("{n}.cedar"), ""))
        .collect();
    assert_eq!(refused(many).await.status, 422);
    let longer = "x".repeat(9 * 1024 * 1024);
    let problem = refused(vec![file("a.toml", &longer)]).await;
    assert_eq!((problem.status, &*problem.kind), (413, "too-large"));
    let big = Join { until: None };
    let path = "/v1/users/ana/groups/staff";
    let done: Done = tested.client.send(Method::PUT, path, &big).await.unwrap();
    assert!(done.epoch.number > 0, "what is small is taken as ever");
    let described = AddUser {
        name: "x".repeat(70 * 1024),
        display_name: None,
        email: None,
        groups: Vec::new(),
    };
    let answer = tested
        .client
        .send::<UserView>(Method::POST, "/v1/users", &described)
        .await;
    assert_eq!(refusal(answer).status, 413);
}

#[tokio::test]
async fn what_time_takes_away_is_a_condition() {
    let but = |id: &str, unless: &str| {
        format!(
            "@id(\"{id}\")\nforbid (principal is User, action == Action::\"http.request\", resource in App::\"wiki\") unless {{ {unless} }};\n"
        )
    };
    let on_a_day = "[1, 2, 3, 4, 5, 6, 7].contains(context.time.weekday)";
    for (more, access, conditions, named) in [
        (String::new(), AccessWord::Always, vec![], vec![]),
        (
            but("fresh", "context.authn.age_secs < 300"),
            AccessWord::Condition,
            vec!["fresh sign-in"],
            vec!["fresh"],
        ),
        (
            but(
                "young",
                "context has session && context.session.age_secs < 3600",
            ),
            AccessWord::Condition,
            vec!["fresh sign-in"],
            vec!["young"],
        ),
        (
            but("before-noon", "context.time.hour < 12"),
            AccessWord::Condition,
            vec!["time of day"],
            vec!["before-noon"],
        ),
        (
            but("some-day", on_a_day),
            AccessWord::Always,
            vec![],
            vec![],
        ),
        (
            but("some-minute", "context.time.minute + 1 < 100"),
            AccessWord::Condition,
            vec!["the right time"],
            vec![],
        ),
    ] {
        let tested = running(&format!("{WIKI}{more}")).await;
        let reached: Listing<UserAccessView> = tested
            .client
            .call(Method::GET, "/v1/users/ana/access")
            .await
            .unwrap();
        let wiki = reached.items.iter().find(|at| at.app.as_str() == "wiki");
        let wiki = wiki.unwrap();
        let because: Vec<_> = wiki.because.iter().map(ToString::to_string).collect();
        assert_eq!(wiki.access, access, "{more}");
        assert_eq!(wiki.conditions, conditions as Vec<&str>, "{more}");
        assert_eq!(because[1..], named as Vec<&str>, "{more}");
    }
}

#[tokio::test]
async fn a_condition_names_what_permits_and_what_stands_in_the_way() {
    let for_keys = format!(
        "{WIKI}@id(\"wiki-by-key\")\nforbid (principal, action == Action::\"http.request\", resource in App::\"wiki\") unless {{ context.authn.phishing_resistant }};\n@id(\"wiki-just-now\")\nforbid (principal, action == Action::\"http.request\", resource in App::\"wiki\") unless {{ context.authn has phishing_resistant_age_secs && context.authn.phishing_resistant_age_secs < 60 }};\n"
    );
    for (policy, because) in [
        (WIKI, vec!["wiki-for-staff"]),
        (
            &for_keys,
            vec!["wiki-for-staff", "wiki-by-key", "wiki-just-now"],
        ),
    ] {
        let tested = running(policy).await;
        let reached: Listing<UserAccessView> = tested
            .client
            .call(Method::GET, "/v1/users/ana/access")
            .await
            .unwrap();
        let wiki = reached.items.iter().find(|at| at.app.as_str() == "wiki");
        let named: Vec<_> = wiki
            .unwrap()
            .because
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(named, because);
    }
}
