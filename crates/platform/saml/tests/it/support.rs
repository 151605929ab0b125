//! An identity provider and a service provider that know each other, and ways to tamper.

use std::{sync::LazyLock, time::Duration};

use data_encoding::BASE64;
use gw_model::Timestamp;
use gw_saml::{
    Certificate, Credential, Decryptor, Generated, Message, MessageFault, MessageId, NameId,
    formats,
    idp::{Shape, Vouching},
    sp::{
        Asked, Attribute, Authentication, Cbc, Expected, ResponseFault, SignIn, Signed,
        check_response,
    },
};

pub(crate) const IDP: &str = "https://idp.example/metadata";
pub(crate) const SP: &str = "https://sp.example/metadata";
pub(crate) const ACS: &str = "https://sp.example/acs";
pub(crate) const SSO: &str = "https://idp.example/sso";
pub(crate) const REQUEST: &str = "_request-1";
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A key with its certificate.
pub(crate) struct Party {
    pub(crate) generated: Generated,
    pub(crate) credential: Credential,
}

fn party(name: &str) -> Party {
    let generated = Credential::generate(
        name,
        Timestamp::from_secs(0),
        NOW.after(Duration::from_secs(86_400)),
    )
    .unwrap();
    let credential = Credential::new(&generated.private_key, &generated.certificate).unwrap();
    Party {
        generated,
        credential,
    }
}

pub(crate) static PROVIDER: LazyLock<Party> = LazyLock::new(|| party("idp"));
static PROVIDER_CERTIFICATES: LazyLock<Vec<Certificate>> =
    LazyLock::new(|| PROVIDER.certificates());
pub(crate) static SERVICE: LazyLock<Party> = LazyLock::new(|| party("sp"));
pub(crate) static ATTACKER: LazyLock<Party> = LazyLock::new(|| party("idp"));

impl Party {
    pub(crate) fn certificates(&self) -> Vec<Certificate> {
        vec![self.credential.certificate().clone()]
    }

    pub(crate) fn decryptors(&self) -> Vec<Decryptor> {
        vec![Decryptor::new(&self.generated.private_key).unwrap()]
    }
}

pub(crate) fn id(number: u8) -> MessageId {
    MessageId::from_random([number; 20])
}

pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// What the provider says about Ana, with changes to it.
pub(crate) struct Answer {
    pub(crate) response_id: MessageId,
    pub(crate) assertion_id: MessageId,
    pub(crate) now: Timestamp,
    pub(crate) not_before: Timestamp,
    pub(crate) not_on_or_after: Timestamp,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) acs_url: String,
    pub(crate) in_response_to: Option<String>,
    pub(crate) name_id: NameId,
    pub(crate) authentication: Authentication,
    pub(crate) attributes: Vec<Attribute>,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            response_id: id(1),
            assertion_id: id(2),
            now: NOW,
            not_before: NOW.before(secs(30)),
            not_on_or_after: NOW.after(secs(300)),
            issuer: IDP.into(),
            audience: SP.into(),
            acs_url: ACS.into(),
            in_response_to: Some(REQUEST.into()),
            name_id: NameId::new("ana", formats::PERSISTENT),
            authentication: Authentication {
                instant: NOW.before(secs(60)),
                context: Some(
                    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".into(),
                ),
                session_index: Some("s-1".into()),
                session_not_on_or_after: Some(NOW.after(secs(3600))),
            },
            attributes: vec![Attribute {
                name: "groups".into(),
                name_format: None,
                friendly_name: None,
                values: vec!["staff".into(), "ops & <more>".into()],
            }],
        }
    }
}

pub(crate) const ASSERTION_SIGNED: Shape<'static> = Shape {
    sign_response: false,
    encrypt_to: None,
};
pub(crate) const BOTH_SIGNED: Shape<'static> = Shape {
    sign_response: true,
    encrypt_to: None,
};

impl Answer {
    pub(crate) fn xml(&self, shape: Shape<'_>) -> String {
        self.xml_by(shape, &PROVIDER)
    }

    pub(crate) fn xml_by(&self, shape: Shape<'_>, by: &Party) -> String {
        let vouching = Vouching {
            response_id: &self.response_id,
            assertion_id: &self.assertion_id,
            now: self.now,
            not_before: self.not_before,
            not_on_or_after: self.not_on_or_after,
            issuer: &self.issuer,
            audience: &self.audience,
            acs_url: &self.acs_url,
            in_response_to: self.in_response_to.as_deref(),
            name_id: &self.name_id,
            authentication: &self.authentication,
            attributes: &self.attributes,
        };
        let form = vouching.post(shape, None, &by.credential).unwrap();
        assert_eq!(form.action, self.acs_url);
        let (name, value) = &form.fields[0];
        assert_eq!(*name, "SAMLResponse");
        String::from_utf8(BASE64.decode(value.as_bytes()).unwrap()).unwrap()
    }
}

/// Why somebody was not signed in.
#[derive(Debug)]
pub(crate) enum Refused {
    Message(MessageFault),
    Response(ResponseFault),
}

/// With what the service provider checks; changed by `change`.
pub(crate) fn deliver_to<'a>(
    xml: &str,
    change: impl FnOnce(&mut Expected<'a>),
) -> Result<SignIn, Refused> {
    let message =
        Message::from_post(form("SAMLResponse", xml).as_bytes()).map_err(Refused::Message)?;
    let mut expected = Expected {
        now: NOW,
        leeway: secs(60),
        age_max: secs(600),
        idp: IDP,
        idp_certificates: &PROVIDER_CERTIFICATES,
        sp: SP,
        acs_url: ACS,
        asked: Asked::Request(REQUEST),
        signed: Signed::Either,
        decryption: &[],
        cbc: Cbc::Refused,
    };
    change(&mut expected);
    check_response(&message, &expected).map_err(Refused::Response)
}

pub(crate) fn deliver(xml: &str) -> Result<SignIn, Refused> {
    deliver_to(xml, |_| {})
}

/// A posted form with one message.
pub(crate) fn form(name: &str, xml: &str) -> String {
    let value = BASE64.encode(xml.as_bytes());
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair(name, &value).finish()
}

#[track_caller]
pub(crate) fn who(outcome: Result<SignIn, Refused>) -> String {
    outcome.unwrap().name_id.unwrap().value
}

/// The first element of this name, as text.
#[track_caller]
pub(crate) fn element<'x>(xml: &'x str, name: &str) -> &'x str {
    let start = xml.find(&format!("<{name}")).unwrap();
    let end = format!("</{name}>");
    let length = xml[start..].find(&end).unwrap() + end.len();
    &xml[start..start + length]
}

/// Replaced, and it was there.
#[track_caller]
pub(crate) fn swap(xml: &str, from: &str, to: &str) -> String {
    assert!(xml.contains(from), "`{from}` is not there");
    xml.replacen(from, to, 1)
}

/// The assertion without its signature, about Eve, with another id.
pub(crate) fn evil(assertion: &str) -> String {
    let bare = swap(assertion, element(assertion, "ds:Signature"), "");
    let eve = swap(&bare, ">ana<", ">eve<");
    swap(&eve, id(2).as_str(), "_evil")
}
