//! Clients of the authorisation server.

use std::collections::HashMap;

use gw_engine::testing::session;
use gw_model::{AuthnMethod, ClientOwner};

use super::*;

const ROLES: &str = include_str!("../../../../../policies/roles/roles.cedar");

/// Everybody's session, by name.
struct House {
    running: Running,
    sessions: HashMap<&'static str, Session>,
}

/// The roles; a client that the file names, one that it does not, and one that registered itself.
async fn house() -> House {
    let running = running(&format!("{WIKI}{ROLES}")).await;
    let now = running.test.clock.now();
    let old = gw_model::Client {
        disabled: true,
        ..client(2, "old")
    };
    let itself = gw_model::Client {
        owner: ClientOwner::Itself,
        registration: "{".into(),
        ..client(3, "zoe")
    };
    let mut changes = vec![
        group("operators"),
        group("auditors"),
        group("helpdesk"),
        Change::ClientPut(Arc::new(client(1, "grafana"))),
        Change::ClientPut(Arc::new(old)),
        Change::ClientPut(Arc::new(itself)),
    ];
    let mut sessions = HashMap::new();
    for (bits, name, group) in [
        (1, "olga", "owners"),
        (2, "ana", "staff"),
        (3, "otto", "operators"),
        (4, "aude", "auditors"),
        (5, "hella", "helpdesk"),
    ] {
        let mut person = user(bits, name, &[group]);
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
        sessions.insert(name, begun);
    }
    running.test.change(changes).await;
    House { running, sessions }
}

impl House {
    async fn ask(&self, who: &str, method: Method, target: &str) -> (u16, serde_json::Value) {
        self.with(who, method, target, HeaderMap::new()).await
    }

    async fn with(
        &self,
        who: &str,
        method: Method,
        target: &str,
        headers: HeaderMap,
    ) -> (u16, serde_json::Value) {
        let caller = caller(&self.running, &self.sessions[who]);
        let (status, told) = send(&self.running, caller, method, target, headers, &()).await;
        (status.as_u16(), told)
    }

    async fn get(&self, who: &str, target: &str) -> serde_json::Value {
        let (status, told) = self.ask(who, Method::GET, target).await;
        assert_eq!(status, 200, "{told}");
        told
    }

    fn client(&self, name: &str) -> Arc<gw_model::Client> {
        let view = self.running.test.engine.view();
        view.facts
            .client_named(&name.parse().unwrap())
            .unwrap()
            .clone()
    }
}

#[tokio::test]
async fn a_client_is_shown_as_it_is_registered_and_nothing_of_its_secret_is() {
    let house = house().await;
    let all = house.get("hella", "/v1/clients").await;
    let names: Vec<_> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["grafana", "old", "zoe"]);
    let grafana = house.get("hella", "/v1/clients/grafana").await;
    assert_eq!(all["items"][0], grafana);
    for (field, value) in [
        ("title", serde_json::json!("the grafana")),
        ("app", serde_json::json!("wiki")),
        ("owner", serde_json::json!("configuration")),
        ("consent", serde_json::json!("never")),
        ("state", serde_json::json!("on")),
        ("configured", serde_json::json!(true)),
        ("suspended", serde_json::json!(false)),
    ] {
        assert_eq!(grafana[field], value, "{field}");
    }
    assert!(grafana.get("tokens_from").is_none());
    let registration = &grafana["registration"];
    for (field, value) in [
        ("authentication", serde_json::json!("client_secret_basic")),
        ("secrets", serde_json::json!([{ "since": 5000 }])),
        (
            "redirect_uris",
            serde_json::json!(["https://grafana.test/callback"]),
        ),
        (
            "grant_types",
            serde_json::json!(["authorization_code", "refresh_token"]),
        ),
        ("scopes", serde_json::json!(["openid", "groups"])),
        ("id_token_algorithm", serde_json::json!("RS256")),
        ("proof_key_required", serde_json::json!(true)),
    ] {
        assert_eq!(registration[field], value, "{field}");
    }
    assert!(!all.to_string().contains(SECRET_HASH));
    let others = all["items"].as_array().unwrap();
    assert_eq!(
        (&others[1]["state"], &others[1]["configured"]),
        (&"off".into(), &false.into())
    );
    assert_eq!(others[2]["owner"], "itself");
    assert!(
        others[2].get("registration").is_none(),
        "what cannot be read is not made up"
    );
    assert_eq!(house.get("hella", "/v1/clients?q=GRAF").await["total"], 1);
    assert_eq!(
        house.get("hella", "/v1/clients?q=WIKI").await["total"],
        3,
        "by their app"
    );
}

#[tokio::test]
async fn a_client_that_is_suspended_is_off_whatever_the_file_says_until_it_is_resumed() {
    let house = house().await;
    let (status, off) = house
        .ask("otto", Method::POST, "/v1/clients/grafana/suspend")
        .await;
    assert_eq!((status, &off["state"]), (200, &"suspended".into()), "{off}");
    let grafana = house.client("grafana");
    assert!(grafana.is_off() && !grafana.honours(Timestamp::NEVER));
    let (status, again) = house
        .ask("otto", Method::POST, "/v1/clients/grafana/suspend")
        .await;
    assert_eq!((status, &again), (200, &off), "and nothing changes");
    let (status, on) = house
        .ask("otto", Method::POST, "/v1/clients/grafana/resume")
        .await;
    assert_eq!((status, &on["state"]), (200, &"on".into()), "{on}");
    assert!(!house.client("grafana").is_off());
    let (_, old) = house
        .ask("otto", Method::POST, "/v1/clients/old/suspend")
        .await;
    let (status, old_again) = house
        .ask("otto", Method::POST, "/v1/clients/old/resume")
        .await;
    assert_eq!(
        (status, &old["state"], &old_again["state"]),
        (200, &"off".into(), &"off".into())
    );
    assert!(
        house.client("old").is_off(),
        "what the file does not name stays off"
    );
}

#[tokio::test]
async fn tokens_that_are_taken_back_count_no_more_and_later_ones_do() {
    let house = house().await;
    let now = house.running.test.clock.now();
    assert!(
        house
            .client("grafana")
            .honours(now.before(Duration::from_secs(1)))
    );
    let (status, told) = house
        .ask("otto", Method::DELETE, "/v1/clients/grafana/tokens")
        .await;
    assert_eq!(status, 200, "{told}");
    assert!(
        told["tokens_from"].as_u64().unwrap() >= now.as_millis(),
        "{told}"
    );
    let grafana = house.client("grafana");
    assert!(!grafana.honours(now.before(Duration::from_secs(1))));
    assert!(grafana.honours(grafana.tokens_from) && !grafana.is_off());
    let ahead = gw_model::Client {
        tokens_from: Timestamp::NEVER,
        ..client(1, "grafana")
    };
    house
        .running
        .test
        .change(vec![Change::ClientPut(Arc::new(ahead))])
        .await;
    house
        .ask("otto", Method::DELETE, "/v1/clients/grafana/tokens")
        .await;
    assert_eq!(
        house.client("grafana").tokens_from,
        Timestamp::NEVER,
        "never earlier"
    );
}

#[tokio::test]
async fn what_was_read_is_what_is_switched_off_or_taken_back() {
    let house = house().await;
    let version = house.get("otto", "/v1/clients/grafana").await["version"]
        .as_u64()
        .unwrap();
    let read = |version: u64| {
        let mut headers = HeaderMap::new();
        headers.insert("if-match", format!("\"{version}\"").parse().unwrap());
        headers
    };
    for (method, path) in [
        (Method::POST, "/v1/clients/grafana/suspend"),
        (Method::POST, "/v1/clients/grafana/resume"),
        (Method::DELETE, "/v1/clients/grafana/tokens"),
    ] {
        let (status, told) = house.with("otto", method, path, read(version + 1)).await;
        assert_eq!(status, 412, "{path}: {told}");
    }
    let (status, told) = house
        .with(
            "otto",
            Method::POST,
            "/v1/clients/grafana/suspend",
            read(version),
        )
        .await;
    assert_eq!(status, 200, "{told}");
}

#[tokio::test]
async fn each_of_it_is_a_right_of_its_own_that_nobody_has_without_a_role() {
    let house = house().await;
    let reads = &["otto", "aude", "hella", "olga"][..];
    for (method, path, may) in [
        (Method::GET, "/v1/clients", reads),
        (Method::GET, "/v1/clients/grafana", reads),
        (
            Method::POST,
            "/v1/clients/grafana/suspend",
            &["otto", "olga"],
        ),
        (
            Method::POST,
            "/v1/clients/grafana/resume",
            &["otto", "olga"],
        ),
        (
            Method::DELETE,
            "/v1/clients/grafana/tokens",
            &["otto", "olga"],
        ),
    ] {
        for who in ["ana", "aude", "hella", "otto", "olga"] {
            let (status, told) = house.ask(who, method.clone(), path).await;
            let expected = if may.contains(&who) { 200 } else { 403 };
            assert_eq!(status, expected, "{who} {path}: {told}");
        }
    }
}

#[tokio::test]
async fn a_name_that_is_none_is_nobodys() {
    let house = house().await;
    for name in [
        "none",
        "Grafana",
        "..",
        "%2e",
        "c-aaaaaaaaaaaaa",
        &"a".repeat(300),
    ] {
        for (method, path) in [
            (Method::GET, format!("/v1/clients/{name}")),
            (Method::POST, format!("/v1/clients/{name}/suspend")),
            (Method::POST, format!("/v1/clients/{name}/resume")),
            (Method::DELETE, format!("/v1/clients/{name}/tokens")),
        ] {
            let (status, told) = house.ask("olga", method, &path).await;
            assert_eq!(status, 404, "{path}: {told}");
        }
    }
    for (method, path) in [
        (Method::PUT, "/v1/clients/grafana"),
        (Method::GET, "/v1/clients/grafana/suspend"),
        (Method::GET, "/v1/clients/grafana/tokens"),
    ] {
        let (status, told) = house.ask("olga", method, path).await;
        assert_eq!(status, 405, "{path}: {told}");
    }
}

#[tokio::test]
async fn one_that_registered_itself_is_removed_and_one_of_the_file_is_not() {
    let house = house().await;
    let remove = async |who: &str, name: &str| {
        let path = format!("/v1/clients/{name}");
        house.ask(who, Method::DELETE, &path).await.0
    };
    assert_eq!(remove("hella", "zoe").await, 403);
    assert_eq!(remove("otto", "grafana").await, 409);
    assert_eq!(remove("otto", "zoe").await, 200);
    assert_eq!(remove("otto", "zoe").await, 404);
}

#[tokio::test]
async fn an_invitation_has_bounds_and_its_token_is_shown_once() {
    let house = house().await;
    let invite = async |who: &str, body: serde_json::Value| {
        let caller = caller(&house.running, &house.sessions[who]);
        let headers = HeaderMap::new();
        let sent = send(
            &house.running,
            caller,
            Method::POST,
            "/v1/clients",
            headers,
            &body,
        );
        let (status, told) = sent.await;
        (status.as_u16(), told)
    };
    let good = serde_json::json!({ "app": "wiki", "hosts": ["new.example"] });
    assert_eq!(invite("hella", good.clone()).await.0, 403);
    let (status, told) = invite("otto", good).await;
    assert_eq!(status, 201, "{told}");
    assert_eq!(told["uses"], 1);
    assert!(told["token"].as_str().unwrap().len() >= 22);
    let within = |field: &str, value: serde_json::Value| {
        let mut body = serde_json::json!({ "app": "wiki", "hosts": ["a"] });
        body[field] = value;
        body
    };
    for (field, value) in [
        ("app", serde_json::json!(null)),
        ("app", serde_json::json!("A b")),
        ("hosts", serde_json::json!([])),
        ("hosts", serde_json::json!(["a/b"])),
        ("hosts", serde_json::json!(["a", "https://b"])),
        ("hosts", serde_json::json!(["a:8443"])),
        ("hosts", serde_json::json!(vec!["a"; 33])),
        ("uses", serde_json::json!(0)),
        ("uses", serde_json::json!(101)),
        ("lifetime_secs", serde_json::json!(0)),
        ("lifetime_secs", serde_json::json!(3_000_000)),
        ("grants", serde_json::json!(["password"])),
        ("scopes", serde_json::json!(["a b\""])),
        ("moon", serde_json::json!(1)),
    ] {
        let (status, told) = invite("otto", within(field, value.clone())).await;
        assert_eq!(
            (status, &told["field"]),
            (422, &field.into()),
            "{field} = {value}: {told}"
        );
    }
    let (status, told) = invite("otto", within("app", "none".into())).await;
    assert_eq!((status, &told["field"]), (404, &"app".into()), "{told}");
}

#[tokio::test]
async fn an_invitation_is_listed_and_taken_back_and_its_token_is_in_neither() {
    let house = house().await;
    let invite = async |body: serde_json::Value| {
        let caller = caller(&house.running, &house.sessions["otto"]);
        let (headers, path) = (HeaderMap::new(), "/v1/clients");
        send(&house.running, caller, Method::POST, path, headers, &body)
            .await
            .1
    };
    let plain = serde_json::json!({ "app": "wiki", "hosts": ["New.example"] });
    let other = serde_json::json!({ "app": "wiki", "hosts": ["a.example"], "uses": 3,
        "scopes": ["openid"], "proof_key_optional": true, "lifetime_secs": 60 });
    let (first, second) = (invite(plain).await, invite(other).await);
    let listed = async || house.get("hella", "/v1/invitations").await;
    let all = listed().await;
    assert_eq!(all["total"], 2, "{all}");
    let items = all["items"].as_array().unwrap();
    let of = |made: &serde_json::Value| items.iter().find(|one| one["id"] == made["id"]).unwrap();
    let one = of(&first);
    for (field, value) in [
        ("app", serde_json::json!("wiki")),
        ("hosts", serde_json::json!(["new.example"])),
        ("left", serde_json::json!(1)),
        ("made_by", serde_json::json!("otto")),
        ("proof_key_optional", serde_json::json!(false)),
        ("expires", first["expires"].clone()),
    ] {
        assert_eq!(one[field], value, "{field}: {one}");
    }
    assert_eq!(of(&second)["left"], 3);
    assert_eq!(of(&second)["proof_key_optional"], true);
    for made in [&first, &second] {
        assert!(!all.to_string().contains(made["token"].as_str().unwrap()));
    }
    let path = format!("/v1/invitations/{}", first["id"].as_str().unwrap());
    for who in ["ana", "hella", "aude"] {
        assert_eq!(house.ask(who, Method::DELETE, &path).await.0, 403, "{who}");
    }
    assert_eq!(
        house.ask("ana", Method::GET, "/v1/invitations").await.0,
        403
    );
    let (status, told) = house.ask("otto", Method::DELETE, &path).await;
    assert_eq!(status, 200, "{told}");
    for gone in [
        path.as_str(),
        "/v1/invitations/none",
        "/v1/invitations/i-aaaaaaaaaaaaa",
    ] {
        assert_eq!(
            house.ask("otto", Method::DELETE, gone).await.0,
            404,
            "{gone}"
        );
    }
    let left = listed().await;
    assert_eq!(
        (&left["total"], &left["items"][0]["id"]),
        (&serde_json::json!(1), &second["id"])
    );
    house
        .running
        .test
        .clock
        .advance(std::time::Duration::from_secs(61));
    assert_eq!(listed().await["total"], 0, "what is over is not open");
}
