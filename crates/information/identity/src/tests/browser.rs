//! A house with sign-in, and browsers that walk through it as the door would let them.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use gw_engine::{
    Commit,
    testing::{TestEngine, app, group, user},
};
use gw_model::{
    Actor, Change, DecisionId, Factor, Session, SessionId, Settings, Upstream, User, UserId,
};
use gw_pages::{Judged, JudgedRequest};
use gw_record::read_logs;
use gw_store::LinkKind;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use serde_json::{Value, json};
use tower::util::ServiceExt;

use super::authenticator::Authenticator;
use crate::{HashCost, Identity, IdentityOptions, Lifetimes, PasswordOptions, secrets};

/// What hashing costs in tests.
pub(super) const CHEAP: HashCost = HashCost {
    memory_kib: 64,
    passes: 1,
    lanes: 1,
};

pub(super) const HOST: &str = "sign-in.test";
pub(super) const ANA: u64 = 1;
pub(super) const BO: u64 = 2;

/// Sign-in over a temporary store, with ana, bo, a portal and payroll.
pub(super) struct House {
    pub(super) tested: TestEngine,
    pub(super) identity: Identity,
}

pub(super) fn options() -> IdentityOptions {
    IdentityOptions {
        rp_id: HOST.into(),
        origins: vec![format!("https://{HOST}")],
        portal: "portal".parse().unwrap(),
        whom_to_ask: "Ask Priya for a link.".into(),
        lifetimes: Lifetimes::default(),
        passwords: PasswordOptions {
            cost: CHEAP,
            ..PasswordOptions::default()
        },
        attestation: false,
    }
}

impl House {
    pub(super) async fn open() -> Self {
        let mut sign_in = app("sign-in");
        sign_in.upstream = Upstream::BuiltIn("sign-in".into());
        let tested = TestEngine::with(vec![
            group("staff"),
            group("owners"),
            Change::AppPut(Arc::new(sign_in)),
            Change::AppPut(Arc::new(app("portal"))),
            Change::AppPut(Arc::new(app("payroll"))),
            Change::AppPut(Arc::new(app("wiki"))),
            Change::UserPut(Arc::new(user(ANA, "ana", &["staff"]))),
            Change::UserPut(Arc::new(user(BO, "bo", &[]))),
        ])
        .await;
        let identity = Identity::open(tested.engine.clone(), options(), Vec::new())
            .await
            .unwrap();
        Self { tested, identity }
    }

    /// The same, where people may have passwords.
    pub(super) async fn with_passwords() -> Self {
        let house = Self::open().await;
        house.allow_passwords(true).await;
        house
    }

    pub(super) async fn allow_passwords(&self, passwords: bool) {
        let settings = Settings {
            passwords,
            ..Settings::clone(self.identity.engine().view().facts.settings())
        };
        let change = Change::SettingsPut(Arc::new(settings));
        let commit = Commit::new(Actor::Local(0), "settings changed").change(change);
        self.identity.engine().commit(commit).await.unwrap();
    }

    pub(super) fn user(&self, bits: u64) -> Arc<User> {
        self.identity
            .engine()
            .view()
            .facts
            .user(UserId::from_bits(bits))
            .unwrap()
            .clone()
    }

    pub(super) fn factors(&self, bits: u64) -> Vec<Factor> {
        self.user(bits).factors.clone()
    }

    pub(super) fn session(&self, id: SessionId) -> Arc<Session> {
        self.identity
            .engine()
            .view()
            .facts
            .session(id)
            .unwrap()
            .clone()
    }

    pub(super) fn live(&self, bits: u64) -> usize {
        self.identity.sessions(Some(UserId::from_bits(bits))).len()
    }

    pub(super) async fn link(&self, bits: u64, kind: LinkKind) -> String {
        let user = UserId::from_bits(bits);
        let made = self
            .identity
            .make_link(user, kind, Actor::Local(0), None, None)
            .await
            .unwrap();
        made.path.expose().clone()
    }

    pub(super) fn browser(&self) -> Browser<'_> {
        Browser {
            house: self,
            cookies: BTreeMap::new(),
            address: [192, 0, 2, 1].into(),
        }
    }

    /// A browser that has used a fresh link.
    pub(super) async fn signed_in(&self, bits: u64, kind: LinkKind) -> Browser<'_> {
        let mut browser = self.browser();
        let link = self.link(bits, kind).await;
        let answer = browser.post(&link, "").await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        browser
    }

    /// A browser whose person has just added a first passkey, and that passkey.
    pub(super) async fn with_passkey(&self, bits: u64) -> (Browser<'_>, Authenticator) {
        let mut browser = self.signed_in(bits, LinkKind::Enrolment).await;
        let mut authenticator = Authenticator::new(HOST);
        let answer = browser.enrol(&mut authenticator, "blue key").await;
        assert_eq!(answer.status(), StatusCode::OK, "{}", body(&answer));
        (browser, authenticator)
    }

    /// What the ledger says was done, oldest first.
    pub(super) fn recorded(&self) -> Vec<String> {
        read_logs(&self.tested.folder.path().join("ledger"))
            .unwrap()
            .filter_map(|entry| match entry.unwrap().record {
                gw_ledger::Record::Change(change) => Some(change.what.to_string()),
                _ => None,
            })
            .collect()
    }
}

/// A browser with its cookies.
#[derive(Clone)]
pub(super) struct Browser<'h> {
    pub(super) house: &'h House,
    pub(super) cookies: BTreeMap<String, String>,
    pub(super) address: IpAddr,
}

impl Browser<'_> {
    pub(super) fn cookie(&self) -> Option<&str> {
        self.cookies.get("__Host-gw-sso").map(String::as_str)
    }

    /// The session behind its cookie, over or not.
    pub(super) fn session(&self) -> Option<Arc<Session>> {
        let hash = secrets::hash(self.cookie()?);
        self.house
            .identity
            .engine()
            .view()
            .facts
            .session_of_credential(&hash)
            .cloned()
    }

    fn judged(&self) -> Judged {
        let identity = &self.house.identity;
        let view = identity.engine().view();
        let known = self.session();
        let ended = known
            .as_ref()
            .and_then(|session| session.over(identity.now()));
        let session = known.filter(|_| ended.is_none());
        Judged {
            decision: DecisionId::from_bits(1),
            because: Vec::new(),
            at: identity.now(),
            epoch: view.facts.epoch,
            address: self.address,
            scheme: "https",
            host: HOST.into(),
            port: None,
            user: session
                .as_ref()
                .and_then(|s| view.facts.user(s.user))
                .cloned(),
            rank: session.as_ref().map_or(0, |session| session.rank()),
            session,
            ended,
            navigation: true,
            certificates: None,
        }
    }

    pub(super) async fn send(
        &mut self,
        method: Method,
        target: &str,
        headers: &[(&'static str, &str)],
        body: &str,
        navigation: bool,
    ) -> Response<bytes::Bytes> {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.into())),
            None => (target, None),
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        map.insert(header::USER_AGENT, HeaderValue::from_static(agent));
        for (name, value) in &self.cookies {
            map.append(header::COOKIE, format!("{name}={value}").parse().unwrap());
        }
        let request = JudgedRequest {
            method,
            path: path.into(),
            query,
            headers: map,
            body: body.to_owned().into(),
            judged: Judged {
                navigation,
                certificates: None,
                ..self.judged()
            },
        };
        let service = self.house.identity.service();
        let answer = service.oneshot(request).await.unwrap();
        self.keep_cookies(&answer);
        answer
    }

    fn keep_cookies(&mut self, answer: &Response<bytes::Bytes>) {
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            assert!(
                text.contains("; Path=/; Secure; HttpOnly; SameSite="),
                "{text}"
            );
            assert!(!text.contains("Domain"), "{text}");
            let (name, rest) = text.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
    }

    pub(super) async fn get(&mut self, target: &str) -> Response<bytes::Bytes> {
        self.send(Method::GET, target, &[], "", true).await
    }

    pub(super) async fn post(&mut self, target: &str, form: &str) -> Response<bytes::Bytes> {
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        self.send(Method::POST, target, &kind, form, true).await
    }

    pub(super) async fn json(&mut self, target: &str, content: &Value) -> Response<bytes::Bytes> {
        let kind = [("content-type", "application/json")];
        self.send(Method::POST, target, &kind, &content.to_string(), false)
            .await
    }

    /// Begins a ceremony: its id and options.
    pub(super) async fn begin(&mut self, path: &str) -> (Value, Value) {
        let answer = self
            .json(&format!("/passkey/{path}/start"), &json!({}))
            .await;
        assert_eq!(answer.status(), StatusCode::OK, "{}", body(&answer));
        let content: Value = serde_json::from_slice(answer.body()).unwrap();
        (content["ceremony"].clone(), content["publicKey"].clone())
    }

    pub(super) async fn finish(
        &mut self,
        path: &str,
        ceremony: Value,
        credential: Value,
    ) -> Response<bytes::Bytes> {
        let content = json!({ "ceremony": ceremony, "credential": credential });
        self.json(&format!("/passkey/{path}/finish"), &content)
            .await
    }

    pub(super) async fn enrol(
        &mut self,
        authenticator: &mut Authenticator,
        name: &str,
    ) -> Response<bytes::Bytes> {
        let (ceremony, options) = self.begin("enrol").await;
        let credential = authenticator.create(&options);
        let content = json!({ "ceremony": ceremony, "credential": credential, "name": name });
        self.json("/passkey/enrol/finish", &content).await
    }

    pub(super) async fn confirm(
        &mut self,
        authenticator: &mut Authenticator,
    ) -> Response<bytes::Bytes> {
        let (ceremony, options) = self.begin("confirm").await;
        let credential = authenticator.get(&options);
        self.finish("confirm", ceremony, credential).await
    }

    pub(super) async fn sign_in(
        &mut self,
        authenticator: &mut Authenticator,
    ) -> Response<bytes::Bytes> {
        let (ceremony, options) = self.begin("sign-in").await;
        let credential = authenticator.get(&options);
        self.finish("sign-in", ceremony, credential).await
    }
}

pub(super) fn body(answer: &Response<bytes::Bytes>) -> String {
    String::from_utf8(answer.body().to_vec()).unwrap()
}

pub(super) fn location(answer: &Response<bytes::Bytes>) -> &str {
    answer
        .headers()
        .get(header::LOCATION)
        .map_or("", |value| value.to_str().unwrap())
}
