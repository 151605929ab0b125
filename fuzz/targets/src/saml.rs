//! SAML: documents, answers of providers, requests of apps, metadata.

use std::{sync::LazyLock, time::Duration};

use data_encoding::BASE64;
use gw_model::Timestamp;
use gw_saml::{
    Credential, Message, MessageId, NameId, formats, fuzzing, idp,
    metadata::{Entity, Reading, SpRole, read},
    sp::{Asked, Authentication, Cbc, Expected, SignIn, Signed, check_response},
};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const LEEWAY: Duration = Duration::from_secs(60);
const AGE_MAX: Duration = Duration::from_secs(600);

static KEY: LazyLock<Credential> = LazyLock::new(|| {
    let until = NOW.after(Duration::from_secs(3600));
    let made = Credential::generate("idp", Timestamp::from_secs(0), until).unwrap();
    Credential::new(&made.private_key, &made.certificate).unwrap()
});

/// A document: what is canonical stays as it is.
pub(crate) fn document(data: &[u8]) {
    if let Some(canonical) = fuzzing::canonical(data, &["xs"]) {
        let again = fuzzing::canonical(canonical.as_bytes(), &["xs"]);
        assert_eq!(again.as_ref(), Some(&canonical));
    }
}

/// An answer about `ana`, truly signed: the assertion, or the response too.
fn genuine(sign_response: bool) -> String {
    let ids = [1, 2].map(|one| MessageId::from_random([one; 20]));
    let vouching = idp::Vouching {
        response_id: &ids[0],
        assertion_id: &ids[1],
        now: NOW,
        not_before: NOW,
        not_on_or_after: NOW.after(Duration::from_secs(300)),
        issuer: "urn:idp",
        audience: "urn:sp",
        acs_url: "https://sp.example/acs",
        in_response_to: Some("_r"),
        name_id: &NameId::new("ana", formats::PERSISTENT),
        authentication: &Authentication {
            instant: NOW,
            context: None,
            session_index: None,
            session_not_on_or_after: None,
        },
        attributes: &[],
    };
    let shape = idp::Shape {
        sign_response,
        encrypt_to: None,
    };
    let form = vouching.post(shape, None, &KEY).unwrap();
    let value = &form.fields[0].1;
    String::from_utf8(BASE64.decode(value.as_bytes()).unwrap()).unwrap()
}

/// What answers are put together from.
struct Pieces {
    responses: [String; 2],
    assertion: String,
    signature: String,
}

/// The element of this name, from its beginning to its end.
fn element(xml: &str, name: &str) -> String {
    let begins = xml.find(&format!("<{name}")).unwrap();
    let end = format!("</{name}>");
    let ends = xml[begins..].find(&end).unwrap() + begins + end.len();
    xml[begins..ends].to_owned()
}

static PIECES: LazyLock<Pieces> = LazyLock::new(|| {
    let responses = [genuine(false), genuine(true)];
    Pieces {
        assertion: element(&responses[0], "saml:Assertion"),
        signature: element(&responses[0], "ds:Signature"),
        responses,
    }
});

fn accepted(xml: &str) -> Option<SignIn> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("SAMLResponse", &BASE64.encode(xml.as_bytes()));
    let message = Message::from_post(form.finish().as_bytes()).ok()?;
    let expected = Expected {
        now: NOW,
        leeway: LEEWAY,
        age_max: AGE_MAX,
        idp: "urn:idp",
        idp_certificates: std::slice::from_ref(KEY.certificate()),
        sp: "urn:sp",
        acs_url: "https://sp.example/acs",
        asked: Asked::Request("_r"),
        signed: Signed::Either,
        decryption: &[],
        cbc: Cbc::Refused,
    };
    check_response(&message, &expected).ok()
}

/// An answer put together from what was signed, `{r}`, `{R}` (signed as a whole), `{a}` and `{s}`,
/// and from anything else: nobody but whom the provider signed in is signed in.
pub(crate) fn response(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let pieces = &*PIECES;
    let xml = text
        .replace("{r}", &pieces.responses[0])
        .replace("{R}", &pieces.responses[1])
        .replace("{a}", &pieces.assertion)
        .replace("{s}", &pieces.signature);
    let Some(signed_in) = accepted(&xml) else {
        return;
    };
    let name = signed_in.name_id.unwrap();
    assert_eq!(
        (name.value.as_str(), signed_in.issuer.as_str()),
        ("ana", "urn:idp")
    );
    assert_eq!(
        signed_in.assertion_id,
        MessageId::from_random([2; 20]).as_str()
    );
    assert!(signed_in.attributes.is_empty());
}

/// The metadata of an app.
const APP: &str = r#"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:sp">
<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:AssertionConsumerService index="0" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/acs"/>
<md:AssertionConsumerService index="1" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/other"/>
</md:SPSSODescriptor></md:EntityDescriptor>"#;

static APP_ROLE: LazyLock<SpRole> = LazyLock::new(|| entity(APP.as_bytes()).unwrap().sp.unwrap());

fn entity(document: &[u8]) -> Option<Entity> {
    let reading = Reading {
        now: NOW,
        entity_id: None,
        signers: &[],
    };
    read(document, &reading).ok()
}

/// A request of an app, as the query of a redirect, as a form, or as bare XML: the answer goes
/// where the app's metadata says, and nowhere else.
pub(crate) fn request(data: &[u8]) {
    let expected = idp::RequestExpected {
        now: NOW,
        leeway: LEEWAY,
        age_max: AGE_MAX,
        sso_url: "https://auth.example/saml/sso",
        sp_entity_id: "urn:sp",
        sp: &APP_ROLE,
        require_signature: false,
    };
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("SAMLRequest", &BASE64.encode(data));
    let messages = [
        std::str::from_utf8(data)
            .ok()
            .and_then(|query| Message::from_redirect(query).ok()),
        Message::from_post(data).ok(),
        Message::from_post(form.finish().as_bytes()).ok(),
    ];
    for message in messages.into_iter().flatten() {
        let Ok(asked) = idp::check_request(&message, &expected) else {
            continue;
        };
        let mut consumers = APP_ROLE.consumers.iter();
        assert!(consumers.any(|one| one.location == asked.acs_url));
        assert!(!asked.is_signed, "no key of this app is known");
        assert!(!(asked.id.is_empty() || asked.id.contains(['"', '<', ' '])));
    }
}

/// Metadata: what is read has an id, is good now, and leads to web addresses.
pub(crate) fn metadata(data: &[u8]) {
    let Some(entity) = entity(data) else {
        return;
    };
    assert!(!entity.entity_id.is_empty());
    assert!(entity.valid_until.is_none_or(|until| until > NOW));
    let endpoints = entity
        .idp
        .iter()
        .flat_map(|idp| idp.single_sign_on.iter().chain(&idp.single_logout));
    let logouts = entity.sp.iter().flat_map(|sp| &sp.single_logout);
    let consumers = entity.sp.iter().flat_map(|sp| &sp.consumers);
    let addresses = endpoints.chain(logouts).map(|one| &one.location);
    for address in addresses.chain(consumers.map(|one| &one.location)) {
        assert!(
            address.starts_with("https://") || address.starts_with("http://"),
            "{address}"
        );
    }
}
