//! The identity provider reads what it is asked.

use gw_saml::{
    Binding, Credential, Message, MessageId, PostForm, SignatureFault,
    idp::{AskedSignIn, RequestExpected, RequestFault, check_request},
    metadata::{AssertionConsumer, SpRole},
    sp::{AuthnRequest, Comparison},
};
use std::sync::LazyLock;

use crate::support::{ACS, ATTACKER, NOW, SERVICE, SP, SSO, form, id, secs, swap};

static ID: LazyLock<MessageId> = LazyLock::new(|| id(5));

pub(crate) fn ask() -> AuthnRequest<'static> {
    AuthnRequest {
        id: &ID,
        now: NOW,
        issuer: SP,
        destination: SSO,
        acs_url: ACS,
        name_id_format: Some(gw_saml::formats::PERSISTENT),
        contexts: &[],
        comparison: Comparison::Exact,
        force_authn: false,
        is_passive: false,
    }
}

fn consumer(location: &str, index: u16, is_default: bool) -> AssertionConsumer {
    AssertionConsumer {
        binding: Binding::Post,
        location: location.into(),
        index,
        is_default,
    }
}

pub(crate) fn sp_role() -> SpRole {
    SpRole {
        authn_requests_signed: true,
        signing: SERVICE.certificates(),
        consumers: vec![
            consumer("https://sp.example/old", 0, false),
            consumer(ACS, 3, true),
        ],
        ..SpRole::default()
    }
}

pub(crate) fn expected(role: &SpRole) -> RequestExpected<'_> {
    RequestExpected {
        now: NOW,
        leeway: secs(60),
        age_max: secs(300),
        sso_url: SSO,
        sp_entity_id: SP,
        sp: role,
        require_signature: false,
    }
}

fn xml_of(form: &PostForm) -> String {
    let decoded = data_encoding::BASE64.decode(form.fields[0].1.as_bytes());
    String::from_utf8(decoded.unwrap()).unwrap()
}

/// An unsigned request with a change, to a provider that does not ask for signatures.
fn unsigned(change: impl FnOnce(String) -> String) -> Result<AskedSignIn, RequestFault> {
    let xml = change(xml_of(&ask().post(None, None).unwrap()));
    let message = Message::from_post(form("SAMLRequest", &xml).as_bytes()).unwrap();
    let role = SpRole {
        authn_requests_signed: false,
        ..sp_role()
    };
    check_request(&message, &expected(&role))
}

fn posted(credential: &Credential) -> Result<AskedSignIn, RequestFault> {
    let xml = xml_of(&ask().post(None, Some(credential)).unwrap());
    let message = Message::from_post(form("SAMLRequest", &xml).as_bytes()).unwrap();
    check_request(&message, &expected(&sp_role()))
}

#[test]
fn a_request_says_by_either_binding_what_it_asks() {
    let contexts = ["urn:x:strong", "urn:x:stronger"];
    let request = AuthnRequest {
        contexts: &contexts,
        comparison: Comparison::Minimum,
        force_authn: true,
        is_passive: true,
        ..ask()
    };
    let url = request
        .redirect(Some("rs"), Some(&SERVICE.credential))
        .unwrap();
    let (destination, query) = url.split_once('?').unwrap();
    assert_eq!(destination, SSO);
    let post = request.post(Some("rs"), Some(&SERVICE.credential)).unwrap();
    assert_eq!(post.action, SSO);
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(&post.fields);
    for message in [
        Message::from_redirect(query),
        Message::from_post(body.finish().as_bytes()),
    ] {
        let message = message.unwrap();
        assert_eq!(message.issuer(), Some(SP));
        let asked = check_request(&message, &expected(&sp_role())).unwrap();
        let wanted = AskedSignIn {
            id: ID.to_string(),
            acs_url: ACS.into(),
            relay_state: Some("rs".into()),
            force_authn: true,
            is_passive: true,
            name_id_format: Some(gw_saml::formats::PERSISTENT.into()),
            contexts: contexts.map(str::to_owned).into(),
            comparison: Comparison::Minimum,
            is_signed: true,
        };
        assert_eq!(asked, wanted);
    }
}

#[test]
fn an_answer_goes_to_a_registered_address_and_nowhere_else() {
    let to = |url: &str| {
        let url = format!("AssertionConsumerServiceURL=\"{url}\"");
        unsigned(|xml| {
            swap(
                &xml,
                &format!("AssertionConsumerServiceURL=\"{ACS}\""),
                &url,
            )
        })
    };
    assert_eq!(
        to("https://sp.example/old").unwrap().acs_url,
        "https://sp.example/old"
    );
    for other in [
        "https://evil.example/acs",
        "https://sp.example/acs/",
        "https://sp.example/ACS",
        "https://sp.example/acs?x",
        "https://sp.example/acs#",
        "https://sp.example/./acs",
        "https://sp.example@evil.example/acs",
        "",
    ] {
        assert!(
            matches!(to(other).unwrap_err(), RequestFault::AssertionConsumer(_)),
            "{other}"
        );
    }
}

#[test]
fn an_answers_address_may_be_given_by_its_number_or_left_to_the_default() {
    let url = format!("AssertionConsumerServiceURL=\"{ACS}\"");
    let with = |other: &str| unsigned(|xml| swap(&xml, &url, other));
    assert_eq!(with("").unwrap().acs_url, ACS);
    let numbered = with("AssertionConsumerServiceIndex=\"0\"").unwrap();
    assert_eq!(numbered.acs_url, "https://sp.example/old");
    for other in ["7", "-1", "x", "65536"] {
        let number = format!("AssertionConsumerServiceIndex=\"{other}\"");
        assert!(matches!(
            with(&number).unwrap_err(),
            RequestFault::AssertionConsumer(_)
        ));
    }
    let both = format!("{url} AssertionConsumerServiceIndex=\"3\"");
    assert!(matches!(
        with(&both).unwrap_err(),
        RequestFault::AssertionConsumer(_)
    ));
}

#[test]
fn a_request_by_another_key_is_refused() {
    assert!(posted(&SERVICE.credential).is_ok());
    let refused = posted(&ATTACKER.credential).unwrap_err();
    assert_eq!(refused, RequestFault::Signature(SignatureFault::Key));
}

#[test]
fn an_unsigned_request_is_refused_where_either_side_signs() {
    let message = xml_of(&ask().post(None, None).unwrap());
    let message = Message::from_post(form("SAMLRequest", &message).as_bytes()).unwrap();
    let role = sp_role();
    let missing = RequestFault::Signature(SignatureFault::Missing("AuthnRequest"));
    assert_eq!(
        check_request(&message, &expected(&role)).unwrap_err(),
        missing
    );
    let role = SpRole {
        authn_requests_signed: false,
        ..sp_role()
    };
    let required = RequestExpected {
        require_signature: true,
        ..expected(&role)
    };
    assert_eq!(check_request(&message, &required).unwrap_err(), missing);
    assert!(!check_request(&message, &expected(&role)).unwrap().is_signed);
}

#[test]
fn a_signature_that_does_not_hold_is_refused_even_if_none_is_asked_for() {
    let xml = xml_of(&ask().post(None, Some(&SERVICE.credential)).unwrap());
    let changed = swap(&xml, "AllowCreate=\"true\"", "AllowCreate=\"false\"");
    let message = Message::from_post(form("SAMLRequest", &changed).as_bytes()).unwrap();
    let role = SpRole {
        authn_requests_signed: false,
        ..sp_role()
    };
    let refused = check_request(&message, &expected(&role)).unwrap_err();
    assert_eq!(refused, RequestFault::Signature(SignatureFault::Digest));
}

#[test]
fn a_request_for_another_provider_from_another_service_or_time_is_refused() {
    let changed = |from: &str, to: &str| unsigned(|xml| swap(&xml, from, to)).unwrap_err();
    assert!(matches!(
        changed(SSO, "https://other.example/sso"),
        RequestFault::Destination(_)
    ));
    assert!(matches!(
        changed(&format!("Issuer>{SP}"), "Issuer>urn:other"),
        RequestFault::Issuer(_)
    ));
    assert_eq!(
        changed("2027-01-15T08:00:00Z", "2027-01-15T07:53:59Z"),
        RequestFault::Time
    );
    assert_eq!(
        changed("2027-01-15T08:00:00Z", "2027-01-15T08:01:01Z"),
        RequestFault::Time
    );
    let anonymous = changed(&format!("<saml:Issuer>{SP}</saml:Issuer>"), "");
    assert_eq!(anonymous, RequestFault::Anonymous);
}

#[test]
fn what_this_provider_does_not_do_is_refused_by_name() {
    let changed = |from: &str, to: &str| unsigned(|xml| swap(&xml, from, to)).unwrap_err();
    let artifact = changed("bindings:HTTP-POST", "bindings:HTTP-Artifact");
    assert!(matches!(artifact, RequestFault::Binding(_)));
    let subject = "</saml:Issuer><saml:Subject><saml:NameID>ana</saml:NameID></saml:Subject>";
    assert_eq!(changed("</saml:Issuer>", subject), RequestFault::Subject);
    assert!(matches!(
        changed("ProtocolBinding", "ForceAuthn=\"maybe\" ProtocolBinding"),
        RequestFault::Shape(_)
    ));
}

#[test]
fn a_response_is_not_a_request() {
    let xml = crate::support::Answer::default().xml(crate::support::ASSERTION_SIGNED);
    let message = Message::from_post(form("SAMLResponse", &xml).as_bytes()).unwrap();
    let refused = check_request(&message, &expected(&sp_role())).unwrap_err();
    assert_eq!(refused, RequestFault::Kind);
}
