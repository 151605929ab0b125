//! Query strings and forms.

use data_encoding::BASE64;
use gw_saml::{
    BindingFault, BuildFault, Message, MessageFault, SignatureFault, XmlFault,
    idp::{RequestFault, check_request},
    limits::{MESSAGE_MAX_BYTES, RELAY_STATE_MAX_BYTES, RELAY_STATE_RECEIVED_MAX_BYTES},
};
use miniz_oxide::deflate::compress_to_vec;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    provider::{ask, expected, sp_role},
    support::{ASSERTION_SIGNED, ATTACKER, Answer, SERVICE, form},
};

#[track_caller]
fn binding_fault(outcome: Result<Message, MessageFault>) -> BindingFault {
    match outcome.unwrap_err() {
        MessageFault::Binding(fault) => fault,
        other => panic!("{other:?}"),
    }
}

fn signed_query(relay_state: Option<&str>) -> String {
    let url = ask()
        .redirect(relay_state, Some(&SERVICE.credential))
        .unwrap();
    url.split_once('?').unwrap().1.to_owned()
}

#[track_caller]
fn signature_fault(query: &str) -> SignatureFault {
    let role = sp_role();
    let message = Message::from_redirect(query).unwrap();
    match check_request(&message, &expected(&role)).unwrap_err() {
        RequestFault::Signature(fault) => fault,
        other => panic!("{other:?}"),
    }
}

fn takes(query: &str) -> bool {
    let role = sp_role();
    let message = Message::from_redirect(query).unwrap();
    check_request(&message, &expected(&role)).is_ok_and(|asked| asked.is_signed)
}

#[test]
fn a_message_twice_or_beside_another_is_refused() {
    let one = form("SAMLResponse", &Answer::default().xml(ASSERTION_SIGNED));
    let twice = format!("{one}&{one}");
    assert_eq!(
        binding_fault(Message::from_post(twice.as_bytes())),
        BindingFault::Twice("SAMLResponse")
    );
    let both = format!("{one}&SAMLRequest=PGEvPg");
    assert_eq!(
        binding_fault(Message::from_post(both.as_bytes())),
        BindingFault::Twice("SAMLRequest")
    );
    let spelled = format!("{one}&SAML%52esponse=PGEvPg");
    assert_eq!(
        binding_fault(Message::from_post(spelled.as_bytes())),
        BindingFault::Twice("SAMLResponse")
    );
    let states = format!("{one}&RelayState=a&RelayState=b");
    assert_eq!(
        binding_fault(Message::from_post(states.as_bytes())),
        BindingFault::Twice("RelayState")
    );
    for name in ["SAMLRequest", "RelayState", "SigAlg", "Signature"] {
        let query = format!("{}&{name}=x", signed_query(Some("rs")));
        assert_eq!(
            binding_fault(Message::from_redirect(&query)),
            BindingFault::Twice(name)
        );
    }
}

#[test]
fn a_form_or_query_without_message_is_refused() {
    assert_eq!(
        binding_fault(Message::from_post(b"")),
        BindingFault::Missing
    );
    assert_eq!(
        binding_fault(Message::from_post(b"RelayState=x")),
        BindingFault::Missing
    );
    assert_eq!(
        binding_fault(Message::from_redirect("")),
        BindingFault::Missing
    );
}

#[test]
fn a_deflate_bomb_is_refused_where_it_gets_too_long() {
    let bomb = compress_to_vec(&vec![b' '; 64 * MESSAGE_MAX_BYTES], 9);
    assert!(bomb.len() < MESSAGE_MAX_BYTES / 8);
    let packed = BASE64.encode(&bomb);
    let query = format!(
        "SAMLRequest={}",
        utf8_percent_encode(&packed, NON_ALPHANUMERIC)
    );
    assert_eq!(
        binding_fault(Message::from_redirect(&query)),
        BindingFault::Deflate("SAMLRequest")
    );
    let noise = "SAMLRequest=AAAA";
    assert!(matches!(
        Message::from_redirect(noise).unwrap_err(),
        MessageFault::Binding(_) | MessageFault::Xml(_)
    ));
}

#[test]
fn a_message_beyond_the_bound_is_refused() {
    let long = format!("<a>{}</a>", "x".repeat(MESSAGE_MAX_BYTES));
    let fault = binding_fault(Message::from_post(form("SAMLResponse", &long).as_bytes()));
    assert_eq!(
        fault,
        BindingFault::TooLong {
            max: MESSAGE_MAX_BYTES
        }
    );
    let many = format!("{}SAMLResponse=PGEvPg", "a=b&".repeat(64));
    assert!(matches!(
        binding_fault(Message::from_post(many.as_bytes())),
        BindingFault::TooLong { .. }
    ));
}

#[test]
fn relay_states_have_bounds_ours_the_standards_and_received_ones_a_wider_one() {
    let sent = |length: usize| ask().redirect(Some(&"x".repeat(length)), None);
    assert!(sent(RELAY_STATE_MAX_BYTES).is_ok());
    assert_eq!(
        sent(RELAY_STATE_MAX_BYTES + 1).unwrap_err(),
        BuildFault::RelayState
    );
    let post = ask().post(Some(&"x".repeat(RELAY_STATE_MAX_BYTES + 1)), None);
    assert_eq!(post.unwrap_err(), BuildFault::RelayState);
    let long = "x".repeat(RELAY_STATE_RECEIVED_MAX_BYTES + 1);
    let query = format!("{}&RelayState={long}", signed_query(None));
    assert_eq!(
        binding_fault(Message::from_redirect(&query)),
        BindingFault::RelayState
    );
    let posted = format!("{}&RelayState={long}", form("SAMLResponse", "<a/>"));
    assert_eq!(
        binding_fault(Message::from_post(posted.as_bytes())),
        BindingFault::RelayState
    );
}

#[test]
fn a_signed_query_is_taken_in_whatever_order_it_comes() {
    let query = signed_query(Some("a b/ü"));
    assert!(takes(&query));
    let mut parts: Vec<&str> = query.split('&').collect();
    parts.reverse();
    assert!(takes(&parts.join("&")));
    assert!(takes(&format!("other=1&{query}&more=2")));
}

#[test]
fn a_signature_is_over_the_very_bytes_of_the_query() {
    let query = signed_query(Some("a b/"));
    assert!(query.contains("RelayState=a%20b%2F"));
    // The same values in another spelling were not signed.
    for (from, to) in [
        ("%20", "+"),
        ("a%20b%2F", "a%20b%2f"),
        ("RelayState=a", "RelayState=%61"),
    ] {
        let other = query.replacen(from, to, 1);
        assert_ne!(other, query);
        assert_eq!(signature_fault(&other), SignatureFault::Key, "{from}");
    }
}

#[test]
fn a_relay_state_or_request_that_was_swapped_is_refused() {
    let query = signed_query(Some("mine"));
    assert_eq!(
        signature_fault(&query.replace("mine", "other")),
        SignatureFault::Key
    );
    assert_eq!(
        signature_fault(&query.replace("&RelayState=mine", "")),
        SignatureFault::Key
    );
    let added = signed_query(None);
    assert_eq!(
        signature_fault(&format!("{added}&RelayState=x")),
        SignatureFault::Key
    );
    let other_key = ask().redirect(None, Some(&ATTACKER.credential)).unwrap();
    assert_eq!(
        signature_fault(other_key.split_once('?').unwrap().1),
        SignatureFault::Key
    );
}

#[test]
fn another_sig_alg_than_was_signed_is_refused() {
    let query = signed_query(None);
    for (alg, is_known) in [
        ("rsa-sha512", true),
        ("rsa-sha1", false),
        ("hmac-sha256", false),
    ] {
        let other = query.replace("rsa-sha256", alg);
        match signature_fault(&other) {
            SignatureFault::Key if is_known => {}
            SignatureFault::Algorithm { .. } if !is_known => {}
            fault => panic!("{alg}: {fault:?}"),
        }
    }
}

#[test]
fn half_a_signature_is_none() {
    let query = signed_query(None);
    let (without, _) = query.split_once("&Signature=").unwrap();
    assert_eq!(
        binding_fault(Message::from_redirect(without)),
        BindingFault::HalfSigned
    );
    let (unsigned, _) = query.split_once("&SigAlg=").unwrap();
    assert_eq!(
        signature_fault(unsigned),
        SignatureFault::Missing("AuthnRequest")
    );
}

#[test]
fn an_encoding_that_is_not_known_is_refused() {
    let deflate = "urn%3Aoasis%3Anames%3Atc%3ASAML%3A2.0%3Abindings%3AURL-Encoding%3ADEFLATE";
    assert!(takes(&format!(
        "{}&SAMLEncoding={deflate}",
        signed_query(None)
    )));
    let other = format!("{}&SAMLEncoding=urn%3Ax", signed_query(None));
    assert_eq!(
        binding_fault(Message::from_redirect(&other)),
        BindingFault::Encoding("SAMLEncoding")
    );
    let broken = "SAMLRequest=%FF";
    assert_eq!(
        binding_fault(Message::from_redirect(broken)),
        BindingFault::Encoding("SAMLRequest")
    );
}

#[test]
fn a_response_does_not_come_as_a_request_nor_by_a_redirect() {
    let xml = Answer::default().xml(ASSERTION_SIGNED);
    let as_request = Message::from_post(form("SAMLRequest", &xml).as_bytes());
    assert!(matches!(as_request.unwrap_err(), MessageFault::Slot(..)));
    let packed = BASE64.encode(&compress_to_vec(xml.as_bytes(), 6));
    let query = format!(
        "SAMLResponse={}",
        utf8_percent_encode(&packed, NON_ALPHANUMERIC)
    );
    let message = Message::from_redirect(&query).unwrap();
    assert_eq!(message.issuer(), Some(crate::support::IDP));
    let certificates = crate::support::PROVIDER.certificates();
    let refused =
        gw_saml::sp::check_response(&message, &crate::encryption::expecting(&certificates, &[]));
    assert_eq!(refused.unwrap_err(), gw_saml::sp::ResponseFault::Kind);
}

#[test]
fn a_form_with_noise_is_refused_and_says_of_what_kind() {
    let fault = Message::from_post(b"SAMLResponse=%21%21").unwrap_err();
    assert_eq!(
        fault,
        MessageFault::Binding(BindingFault::Base64("SAMLResponse"))
    );
    let fault = Message::from_post(form("SAMLResponse", "noise").as_bytes()).unwrap_err();
    assert!(matches!(
        fault,
        MessageFault::Xml(XmlFault::Malformed { .. })
    ));
}
