//! Apps that speak SAML in the test's own hands.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use bytes::Bytes;
use data_encoding::BASE64;
use gw_engine::random;
use gw_model::{
    Change, Client as Fact, ClientId, ClientOwner, Consent, SamlAddress, SamlBinding, SamlClient,
    SamlClientNames, SamlConsumer, SamlEncryption, SamlFact, SamlSignOut, Timestamp,
};
use gw_saml::{
    Certificate, Credential, Decryptor, Generated, Message, MessageId,
    sp::{
        Asked, AuthnRequest, Cbc, Comparison, Expected, ResponseFault, SignIn, Signed,
        check_response,
    },
};
use http::Response;

use super::super::harness::*;

pub(super) const SIGN_ON: &str = "/saml/sign-on";
pub(super) const SIGN_OUT: &str = "/saml/sign-out";

pub(super) static WIKI: LazyLock<Generated> = LazyLock::new(|| make("wiki"));
pub(super) static OTHERS: LazyLock<Generated> = LazyLock::new(|| make("other"));

fn make(name: &str) -> Generated {
    let end = Timestamp::from_secs(4_000_000_000);
    Credential::generate(name, Timestamp::from_secs(0), end).unwrap()
}

pub(super) fn key(of: &Generated) -> Credential {
    Credential::new(&of.private_key, &of.certificate).unwrap()
}

pub(super) fn text_of(of: &Generated) -> Arc<str> {
    BASE64.encode(&of.certificate).into()
}

pub(super) fn entity(name: &str) -> String {
    format!("https://{name}.example/saml")
}

pub(super) fn acs(name: &str) -> String {
    format!("https://{name}.example/acs")
}

pub(super) fn saml(name: &str) -> SamlClient {
    SamlClient {
        entity_id: entity(name).into(),
        consumers: vec![
            SamlConsumer {
                location: acs(name).into(),
                index: 0,
                is_default: true,
            },
            SamlConsumer {
                location: format!("https://{name}.example/second").into(),
                index: 7,
                is_default: false,
            },
        ],
        sign_out: Some(SamlSignOut {
            request: SamlAddress {
                location: format!("https://{name}.example/slo").into(),
                binding: SamlBinding::Redirect,
            },
            response: format!("https://{name}.example/slo/answers").into(),
        }),
        certificates: vec![text_of(&WIKI)],
        encryption: None,
        valid_until: None,
        names: SamlClientNames::Persistent,
        tells: SamlFact::ALL.to_vec(),
        requires_signed: true,
        idp_initiated: false,
    }
}

pub(super) fn encrypted_to(of: &Generated) -> SamlEncryption {
    SamlEncryption {
        certificate: text_of(of),
        by_sha256: false,
        by_128_bits: false,
    }
}

/// As a fact: `NAME-saml`, of an app.
pub(super) fn declared(bits: u64, app: &str, saml: &SamlClient) -> Fact {
    Fact {
        id: ClientId::from_bits(bits),
        name: format!("{app}-saml").parse().unwrap(),
        title: app.into(),
        attributes: Default::default(),
        groups: Vec::new(),
        app: Some(app.parse().unwrap()),
        registration: serde_json::to_string(saml).unwrap().into(),
        tokens_from: Timestamp::default(),
        disabled: false,
        suspended: false,
        owner: ClientOwner::Configuration,
        consent: Consent::Never,
        version: 0,
    }
}

/// A server with the wiki and payroll as apps that speak SAML.
pub(super) async fn start() -> Server {
    with(saml("wiki")).await
}

pub(super) async fn with(wiki: SamlClient) -> Server {
    Server::with(vec![
        Change::ClientPut(declared(31, "wiki", &wiki).into()),
        Change::ClientPut(declared(32, "payroll", &saml("payroll")).into()),
    ])
    .await
}

pub(super) fn id() -> MessageId {
    let mut bits = [0; 20];
    bits[..16].copy_from_slice(&random::secret());
    MessageId::from_random(bits)
}

pub(super) fn at(path: &str) -> String {
    format!("{ISSUER}{path}")
}

/// A request of an app, to be changed before it is sent.
pub(super) struct Request {
    pub(super) id: MessageId,
    pub(super) now: Timestamp,
    pub(super) issuer: String,
    pub(super) destination: String,
    pub(super) acs_url: String,
    pub(super) format: Option<&'static str>,
    pub(super) contexts: Vec<&'static str>,
    pub(super) force: bool,
    pub(super) passive: bool,
}

impl Request {
    pub(super) fn of(server: &Server, name: &str) -> Self {
        Self {
            id: id(),
            now: server.test.clock.now(),
            issuer: entity(name),
            destination: at(SIGN_ON),
            acs_url: acs(name),
            format: None,
            contexts: Vec::new(),
            force: false,
            passive: false,
        }
    }

    fn message(&self) -> AuthnRequest<'_> {
        AuthnRequest {
            id: &self.id,
            now: self.now,
            issuer: &self.issuer,
            destination: &self.destination,
            acs_url: &self.acs_url,
            name_id_format: self.format,
            contexts: &self.contexts,
            comparison: Comparison::Exact,
            force_authn: self.force,
            is_passive: self.passive,
        }
    }

    /// The query by which it comes, signed by the wiki's key.
    pub(super) fn query(&self, state: Option<&str>) -> String {
        self.signed(state, Some(&key(&WIKI)))
    }

    pub(super) fn signed(&self, state: Option<&str>, by: Option<&Credential>) -> String {
        let url = self.message().redirect(state, by).unwrap();
        url.split_once('?').unwrap().1.to_owned()
    }

    /// The fields of the form by which it comes.
    pub(super) fn form(&self, state: Option<&str>) -> Vec<(&'static str, String)> {
        self.message()
            .post(state, Some(&key(&WIKI)))
            .unwrap()
            .fields
    }
}

/// The value of a hidden field of a page whose form goes on by itself.
pub(super) fn field(answer: &Response<Bytes>, name: &str) -> Option<String> {
    let page = text(answer);
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(rest.split('"').next()?.to_owned())
}

/// Where the form goes.
pub(super) fn action(answer: &Response<Bytes>) -> String {
    let page = text(answer);
    let (_, rest) = page.split_once("action=\"").expect("no form");
    rest.split('"').next().unwrap().to_owned()
}

/// The answer's XML, unchecked.
pub(super) fn answer_xml(answer: &Response<Bytes>) -> String {
    let field = field(answer, "SAMLResponse");
    let field = field.unwrap_or_else(|| panic!("no answer: {}", text(answer)));
    String::from_utf8(BASE64.decode(field.as_bytes()).unwrap()).unwrap()
}

/// Our certificate, as the metadata has it.
pub(super) async fn our_certificate(server: &Server) -> Certificate {
    let answer = server.stranger().get("/saml/metadata", "").await;
    let page = text(&answer);
    let (_, rest) = page
        .split_once("<ds:X509Certificate>")
        .unwrap_or_else(|| panic!("{page}"));
    Certificate::from_text(rest.split('<').next().unwrap()).unwrap()
}

/// What the app's own check makes of an answer.
pub(super) async fn taken(
    server: &Server,
    answer: &Response<Bytes>,
    name: &str,
    asked: Option<&MessageId>,
    decryption: &[Decryptor],
) -> Result<SignIn, ResponseFault> {
    let body = encoded(&[("SAMLResponse", &field(answer, "SAMLResponse").unwrap())]);
    let message = Message::from_post(body.as_bytes()).unwrap();
    let certificate = our_certificate(server).await;
    let (idp, sp, acs_url) = (at("/saml/metadata"), entity(name), acs(name));
    let expected = Expected {
        now: server.test.clock.now(),
        leeway: Duration::from_secs(5),
        age_max: Duration::from_secs(180),
        idp: &idp,
        idp_certificates: std::slice::from_ref(&certificate),
        sp: &sp,
        acs_url: &acs_url,
        asked: asked.map_or(Asked::Unsolicited, |id| Asked::Request(id.as_str())),
        signed: Signed::Either,
        decryption,
        cbc: Cbc::Refused,
    };
    check_response(&message, &expected)
}

/// The code of a no: its detail, where there is one.
pub(super) fn status(answer: &Response<Bytes>) -> String {
    let xml = answer_xml(answer);
    let (_, last) = xml.rsplit_once("status:").unwrap();
    last.split('"').next().unwrap().to_owned()
}
