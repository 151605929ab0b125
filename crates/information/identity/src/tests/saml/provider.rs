//! A SAML provider in the test's own hands, and browsers that go there and come back.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use gw_engine::{Commit, random};
use gw_model::{
    Actor, Change, MembershipRule, Provider, ProviderPeople, ProviderProtocol, SamlAddress,
    SamlBinding, SamlNames, SamlProvider, SamlSignOut, Session, Timestamp,
};
use gw_saml::{
    Credential, Generated, Message, MessageId, NameId, PostForm, formats,
    idp::{Shape, Vouching},
    logout::LogoutRequest,
    sp::{Attribute, Authentication},
};
use http::{Method, Response, StatusCode};

use super::super::browser::{Browser, HOST, House, body, location};

pub(super) const IDP: &str = "https://idp.test";
pub(super) const ACS: &str = "/provider/saml/acs/corp";
pub(super) const LOGOUT: &str = "/provider/saml/logout";

pub(super) fn entity() -> String {
    format!("https://{HOST}")
}

static MADE: LazyLock<Generated> = LazyLock::new(|| make("idp"));
static STRANGERS: LazyLock<Generated> = LazyLock::new(|| make("stranger"));

fn make(name: &str) -> Generated {
    let end = Timestamp::from_secs(4_000_000_000);
    Credential::generate(name, Timestamp::from_secs(0), end).unwrap()
}

pub(super) fn key() -> Credential {
    Credential::new(&MADE.private_key, &MADE.certificate).unwrap()
}

/// Of nobody who is believed.
pub(super) fn strangers_key() -> Credential {
    Credential::new(&STRANGERS.private_key, &STRANGERS.certificate).unwrap()
}

pub(super) fn saml() -> SamlProvider {
    SamlProvider {
        sign_on: SamlAddress {
            location: format!("{IDP}/sso").into(),
            binding: SamlBinding::Redirect,
        },
        sign_out: Some(SamlSignOut {
            request: SamlAddress {
                location: format!("{IDP}/slo").into(),
                binding: SamlBinding::Redirect,
            },
            response: format!("{IDP}/slo/answers").into(),
        }),
        certificates: vec![data_encoding::BASE64.encode(&MADE.certificate).into()],
        valid_until: None,
        names: SamlNames::Persistent,
        signs_requests: true,
        wants_encrypted: false,
        unsolicited: false,
    }
}

pub(super) fn corp(saml: SamlProvider) -> Provider {
    Provider {
        name: "corp".parse().unwrap(),
        title: "Corp".into(),
        issuer: IDP.into(),
        protocol: ProviderProtocol::Saml(saml),
        people: ProviderPeople {
            provision: true,
            name_claim: "uid".into(),
            ..ProviderPeople::default()
        },
        memberships: vec![MembershipRule {
            when: gw_model::ClaimTests([("groups".into(), vec!["engineers".into()])].into()),
            groups: vec!["staff".parse().unwrap()],
        }],
        assurance: Default::default(),
        disabled: false,
        suspended: false,
        version: 0,
    }
}

impl House {
    /// With corp, declared so.
    pub(super) async fn with_corp(saml: SamlProvider) -> Self {
        let house = Self::open().await;
        house.declare(corp(saml)).await;
        house
    }

    pub(super) async fn declare(&self, provider: Provider) {
        let change = Change::ProviderPut(Arc::new(provider));
        let commit = Commit::new(Actor::Gatewright, "declared").change(change);
        self.identity.engine().commit(commit).await.unwrap();
    }

    pub(super) fn now(&self) -> Timestamp {
        self.identity.now()
    }
}

pub(super) fn id() -> MessageId {
    let mut bits = [0; 20];
    bits[..16].copy_from_slice(&random::secret());
    MessageId::from_random(bits)
}

/// An answer of corp, to be changed before it is sent.
pub(super) struct Answer {
    pub(super) request: Option<String>,
    pub(super) name: NameId,
    pub(super) audience: String,
    pub(super) acs: String,
    pub(super) how: Authentication,
    pub(super) assertion: MessageId,
    pub(super) groups: Vec<String>,
    pub(super) now: Timestamp,
}

impl Answer {
    pub(super) fn to(request: Option<&str>, now: Timestamp) -> Self {
        Self {
            request: request.map(str::to_owned),
            name: NameId::new("a-17", formats::PERSISTENT),
            audience: entity(),
            acs: format!("{}{ACS}", entity()),
            how: Authentication {
                instant: now,
                context: Some("urn:oasis:names:tc:SAML:2.0:ac:classes:Password".into()),
                session_index: Some("s-1".into()),
                session_not_on_or_after: None,
            },
            assertion: id(),
            groups: vec!["engineers".into(), "others".into()],
            now,
        }
    }

    pub(super) fn form(&self) -> String {
        self.signed_by(&key())
    }

    pub(super) fn signed_by(&self, key: &Credential) -> String {
        let shape = Shape {
            sign_response: true,
            encrypt_to: None,
        };
        self.shaped(shape, key)
    }

    pub(super) fn shaped(&self, shape: Shape<'_>, key: &Credential) -> String {
        let attribute = |name: &str, values: &[String]| Attribute {
            name: name.into(),
            name_format: None,
            friendly_name: None,
            values: values.to_vec(),
        };
        let vouching = Vouching {
            response_id: &id(),
            assertion_id: &self.assertion,
            now: self.now,
            not_before: self.now.before(Duration::from_secs(30)),
            not_on_or_after: self.now.after(Duration::from_secs(120)),
            issuer: IDP,
            audience: &self.audience,
            acs_url: &self.acs,
            in_response_to: self.request.as_deref(),
            name_id: &self.name,
            authentication: &self.how,
            attributes: &[
                attribute("uid", &["cy".into()]),
                attribute("displayName", &["Cy of Corp".into()]),
                attribute("groups", &self.groups),
            ],
        };
        encoded(&vouching.post(shape, None, key).unwrap())
    }
}

pub(super) fn encoded(form: &PostForm) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    for (name, value) in &form.fields {
        text.append_pair(name, value);
    }
    text.finish()
}

/// The id of the request that a browser is sent off with.
pub(super) fn asked(answer: &Response<bytes::Bytes>) -> String {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", body(answer));
    let query = location(answer)
        .strip_prefix(&format!("{IDP}/sso?"))
        .unwrap();
    assert!(query.contains("&Signature="), "{query}");
    let packed = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "SAMLRequest")
        .unwrap();
    let packed = data_encoding::BASE64.decode(packed.1.as_bytes()).unwrap();
    let xml = miniz_oxide::inflate::decompress_to_vec(&packed).unwrap();
    let xml = String::from_utf8(xml).unwrap();
    let message = Message::from_redirect(query).unwrap();
    assert_eq!(message.issuer(), Some(&*entity()));
    let after = xml.split_once(" ID=\"").unwrap().1;
    after.split_once('"').unwrap().0.to_owned()
}

/// A logout request of corp, as the query of an address.
pub(super) fn logout_request(
    name: &NameId,
    sessions: &[&str],
    now: Timestamp,
    key: &Credential,
) -> String {
    let request = LogoutRequest {
        id: &id(),
        now,
        not_on_or_after: now.after(Duration::from_secs(60)),
        issuer: IDP,
        destination: &format!("{}{LOGOUT}", entity()),
        name_id: name,
        session_indexes: sessions,
    };
    let url = request.redirect(Some("state"), key).unwrap();
    url.split_once('?').unwrap().1.to_owned()
}

impl Browser<'_> {
    /// Goes to corp; the request's id.
    pub(super) async fn goes_to_corp(&mut self) -> String {
        asked(&self.get("/provider/start?provider=corp").await)
    }

    /// What a page of another site posts: no session comes along, and no cookie but those for it.
    pub(super) async fn posted_from_elsewhere(
        &mut self,
        path: &str,
        form: &str,
    ) -> Response<bytes::Bytes> {
        let mut as_sent = self.clone();
        as_sent
            .cookies
            .retain(|name, _| name.starts_with("__Host-gw-saml-"));
        let before: Vec<_> = as_sent.cookies.keys().cloned().collect();
        let answer = as_sent.post(path, form).await;
        for name in before {
            self.cookies.remove(&name);
        }
        self.cookies.extend(as_sent.cookies);
        answer
    }

    /// Comes back with an answer, and follows to our own site.
    pub(super) async fn comes_back(&mut self, form: &str) -> Response<bytes::Bytes> {
        let posted = self.posted_from_elsewhere(ACS, form).await;
        if posted.status() != StatusCode::SEE_OTHER {
            return posted;
        }
        assert!(location(&posted).starts_with("/provider/saml/finish?way="));
        assert!(self.cookie().is_none() || self.session().is_some());
        let next = location(&posted).to_owned();
        self.send(Method::GET, &next, &[], "", true).await
    }

    /// Signed in by corp.
    pub(super) async fn signs_in_by_corp(&mut self) -> Arc<Session> {
        let request = self.goes_to_corp().await;
        let answer = Answer::to(Some(&request), self.house.now());
        let done = self.comes_back(&answer.form()).await;
        assert_eq!(done.status(), StatusCode::SEE_OTHER, "{}", body(&done));
        self.session().unwrap()
    }
}
