//! A source on an engine, asked as over HTTP.

mod attacks;
mod groups;
mod people;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use gw_engine::testing::{TestEngine, group, policies, user};
use gw_model::{
    Change, Client, ClientId, DecisionId, FoundBy, Group, GroupName, Provider, ProviderPeople,
    ProviderProtocol, ScimSource, Snapshot, User,
};
use gw_pages::{Judged, JudgedRequest};
use http::{HeaderMap, Method, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::{Options, Provisioning, SourceSecrets};

const ROLE: &str = include_str!("../../../../policies/roles/provisioning.cedar");
const SECRET: &str = "okta-secret-of-at-least-thirty-two-bytes";

struct House {
    tested: TestEngine,
    provisioning: Provisioning,
    /// Whether one more wrong secret is admitted.
    admits: Arc<AtomicBool>,
}

struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

fn source(name: &str, change: impl FnOnce(&mut Provider)) -> [Change; 2] {
    let mut provider = Provider {
        name: name.parse().unwrap(),
        title: name.into(),
        issuer: format!("/scim/{name}/v2").into(),
        protocol: ProviderProtocol::Scim(ScimSource {
            fills: vec!["staff".parse().unwrap()],
            over: Vec::new(),
        }),
        people: ProviderPeople {
            found_by: FoundBy::Name,
            ..ProviderPeople::default()
        },
        memberships: Vec::new(),
        assurance: Default::default(),
        disabled: false,
        suspended: false,
        version: 0,
    };
    change(&mut provider);
    let client = Client {
        id: ClientId::from_bits(name.bytes().map(u64::from).sum()),
        name: name.parse().unwrap(),
        title: name.into(),
        attributes: [("protocol".into(), "scim".into())].into(),
        groups: Vec::new(),
        app: None,
        registration: "{}".into(),
        tokens_from: Default::default(),
        disabled: false,
        suspended: false,
        owner: gw_model::ClientOwner::Configuration,
        consent: gw_model::Consent::Never,
        version: 0,
    };
    [
        Change::ProviderPut(provider.into()),
        Change::ClientPut(client.into()),
    ]
}

fn person(bits: u64, name: &str, groups: &[&str]) -> Change {
    Change::UserPut(user(bits, name, groups).into())
}

impl House {
    /// Olga runs Gatewright, Bo is here without any way to sign in, Cy has rights of his own.
    async fn open() -> Self {
        Self::with(ROLE).await
    }

    async fn with(text: &str) -> Self {
        let mut facts = vec![policies(text)];
        facts.extend(["owners", "staff", "payroll", "okta-taken"].map(group));
        facts.extend(source("okta", |_| {}));
        facts.extend(source("entra", |provider| {
            provider.people.found_by = FoundBy::Link;
            provider.protocol = ProviderProtocol::Scim(ScimSource::default());
        }));
        facts.push(person(1, "olga", &["owners"]));
        facts.push(person(2, "bo", &[]));
        facts.push(person(3, "cy", &["payroll"]));
        let tested = TestEngine::with(facts).await;
        let admits = Arc::new(AtomicBool::new(true));
        let told = admits.clone();
        let secrets = ["okta", "entra"].map(|name| {
            let secret = SECRET.replace("okta", name);
            SourceSecrets::of(name.parse().unwrap(), [secret.as_str()])
        });
        let provisioning = Provisioning::new(Options {
            engine: tested.engine.clone(),
            origin: "https://auth.test".to_owned(),
            secrets: secrets.into(),
            admits: Arc::new(move |_| told.load(Ordering::Relaxed)),
        });
        Self {
            tested,
            provisioning,
            admits,
        }
    }

    fn facts(&self) -> Snapshot {
        self.tested.engine.view().facts.clone()
    }

    fn user(&self, name: &str) -> Arc<User> {
        self.facts().user_named(name).cloned().unwrap()
    }

    fn group(&self, name: &str) -> Arc<Group> {
        let name: GroupName = name.parse().unwrap();
        self.facts().group(&name).cloned().unwrap()
    }

    async fn raw(&self, method: Method, path: &str, headers: HeaderMap, body: Bytes) -> Answered {
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        let request = JudgedRequest {
            method,
            path: path.into(),
            query: query.map(Arc::from),
            headers,
            body,
            judged: judged(&self.tested),
        };
        answered(self.provisioning.answer(request).await)
    }

    /// As one of the sources, with its secret.
    async fn ask_as(&self, source: &str, method: Method, path: &str, body: Value) -> Answered {
        let secret = SECRET.replace("okta", source);
        let mut headers = HeaderMap::new();
        let bearer = format!("Bearer {secret}").parse().unwrap();
        headers.insert(header::AUTHORIZATION, bearer);
        headers.insert(
            header::CONTENT_TYPE,
            "application/scim+json".parse().unwrap(),
        );
        let body = match body {
            Value::Null => Bytes::new(),
            body => body.to_string().into(),
        };
        let path = format!("/scim/{source}/v2{path}");
        self.raw(method, &path, headers, body).await
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Answered {
        self.ask_as("okta", method, path, body).await
    }

    async fn get(&self, path: &str) -> Answered {
        self.ask(Method::GET, path, Value::Null).await
    }

    async fn post(&self, path: &str, body: Value) -> Answered {
        self.ask(Method::POST, path, body).await
    }

    async fn patch(&self, path: &str, operations: Value) -> Answered {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": operations,
        });
        self.ask(Method::PATCH, path, body).await
    }

    /// Pushes Ana in.
    async fn ana(&self) -> String {
        let made = self.post("/Users", ana()).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        made.id()
    }
}

fn ana() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "Ana@Corp.example",
        "externalId": "00u1",
        "displayName": "Ana Lima",
        "active": true,
        "emails": [{"value": "ana@corp.example", "type": "work", "primary": true}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Tax"},
    })
}

impl Answered {
    fn id(&self) -> String {
        self.body["id"].as_str().unwrap().to_owned()
    }

    fn tag(&self) -> &str {
        self.headers[header::ETAG].to_str().unwrap()
    }

    fn detail(&self) -> &str {
        self.body["detail"].as_str().unwrap()
    }
}

fn answered(response: Response<Bytes>) -> Answered {
    let (head, body) = response.into_parts();
    Answered {
        status: head.status,
        headers: head.headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    }
}

fn judged(tested: &TestEngine) -> Judged {
    Judged {
        decision: DecisionId::from_bits(0),
        because: Vec::new(),
        at: tested.clock.now(),
        epoch: tested.engine.view().facts.epoch,
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        scheme: "https",
        host: "auth.test".into(),
        port: None,
        user: None,
        session: None,
        rank: 0,
        ended: None,
        navigation: false,
        certificates: None,
    }
}
