//! What XML can do to who reads it.

use gw_saml::{MessageFault, SignatureFault, XmlFault, sp::ResponseFault};

use crate::support::{ASSERTION_SIGNED, Answer, Refused, deliver, element, id, swap, who};

fn signed() -> String {
    Answer::default().xml(ASSERTION_SIGNED)
}

#[track_caller]
fn message_fault(xml: &str) -> MessageFault {
    match deliver(xml).unwrap_err() {
        Refused::Message(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn is_forbidden(xml: &str, what: &str) {
    match message_fault(xml) {
        MessageFault::Xml(XmlFault::Forbidden { what: found, .. }) => assert_eq!(found, what),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_comment_in_the_name_is_refused() {
    let answer = Answer {
        name_id: gw_saml::NameId::new("admin@evil.example", gw_saml::formats::EMAIL),
        ..Answer::default()
    };
    let xml = answer.xml(ASSERTION_SIGNED);
    is_forbidden(&swap(&xml, "admin@evil", "admin<!---->@evil"), "a comment");
    is_forbidden(
        &swap(&xml, "admin@evil", "admin<?x?>@evil"),
        "a processing instruction",
    );
    is_forbidden(
        &swap(&xml, "admin@evil", "<![CDATA[admin]]>@evil"),
        "a CDATA section",
    );
}

#[test]
fn a_document_type_is_refused_before_any_entity_is_looked_at() {
    let dtd = "<!DOCTYPE r [<!ENTITY who \"eve\">]>";
    is_forbidden(
        &format!("{dtd}{}", swap(&signed(), ">ana<", ">&who;<")),
        "a document type",
    );
    let external = "<!DOCTYPE r SYSTEM \"http://evil.example/x.dtd\">";
    is_forbidden(&format!("{external}{}", signed()), "a document type");
}

#[test]
fn a_billion_laughs_are_refused_at_the_first() {
    let mut dtd = "<!DOCTYPE lolz [<!ENTITY l0 \"lol\">".to_owned();
    for level in 1..10 {
        let previous = format!("&l{};", level - 1).repeat(10);
        dtd.push_str(&format!("<!ENTITY l{level} \"{previous}\">"));
    }
    let bomb = format!("{dtd}]>{}", swap(&signed(), ">ana<", ">&l9;<"));
    is_forbidden(&bomb, "a document type");
}

#[test]
fn an_id_twice_is_refused_in_whatever_spelling() {
    for attribute in ["ID", "Id", "id", "iD", "xml:id", "AssertionID"] {
        let twice = format!("<samlp:Status {attribute}=\"{}\">", id(2));
        let fault = message_fault(&swap(&signed(), "<samlp:Status>", &twice));
        assert!(
            matches!(fault, MessageFault::DuplicateId(_)),
            "{attribute}: {fault:?}"
        );
    }
}

#[test]
fn an_assertion_with_its_id_in_another_spelling_is_refused() {
    let id_attribute = format!("ID=\"{}\"", id(2));
    for other in ["Id", "id", "xml:id", "saml:ID"] {
        let other = format!("{other}=\"{}\"", id(2));
        let refused = deliver(&swap(&signed(), &id_attribute, &other)).unwrap_err();
        assert!(
            matches!(
                refused,
                Refused::Response(ResponseFault::Signature(SignatureFault::Reference))
            ),
            "{refused:?}"
        );
    }
}

#[test]
fn a_signature_in_another_namespace_is_none() {
    let xml = signed();
    let elsewhere = xml.replace("http://www.w3.org/2000/09/xmldsig#\"", "urn:elsewhere#\"");
    let refused = deliver(&elsewhere).unwrap_err();
    assert!(matches!(
        refused,
        Refused::Response(ResponseFault::Signature(SignatureFault::Missing(_)))
    ));
}

#[test]
fn prefixes_mean_nothing_and_their_namespaces_everything() {
    let xml = signed();
    // The protocol's prefix is outside of what is signed.
    let renamed = xml
        .replace("samlp:", "p:")
        .replace("xmlns:samlp=", "xmlns:p=");
    assert_eq!(who(deliver(&renamed)), "ana");
    let rebound = swap(
        &xml,
        "xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"",
        "xmlns:samlp=\"urn:x\"",
    );
    assert!(matches!(message_fault(&rebound), MessageFault::Kind(_)));
}

#[test]
fn a_signature_elsewhere_than_after_the_issuer_is_refused() {
    let xml = signed();
    let signature = element(&xml, "ds:Signature");
    let without = swap(&xml, signature, "");
    for place in ["</saml:Assertion>", "<saml:Subject>", "<saml:NameID"] {
        let moved = match place {
            "<saml:Subject>" => swap(&without, place, &format!("<saml:Subject>{signature}")),
            _ => swap(&without, place, &format!("{signature}{place}")),
        };
        let fault = message_fault(&moved);
        assert!(
            matches!(fault, MessageFault::Signature(SignatureFault::Misplaced(_))),
            "{place}: {fault:?}"
        );
    }
}

#[test]
fn another_version_or_no_id_is_refused() {
    let xml = signed();
    assert_eq!(
        message_fault(&swap(&xml, "Version=\"2.0\"", "Version=\"1.1\"")),
        MessageFault::Version
    );
    let without = swap(&xml, &format!("ID=\"{}\"", id(1)), "");
    assert!(matches!(message_fault(&without), MessageFault::Id(_)));
}

#[test]
fn text_between_elements_is_refused() {
    let xml = signed();
    let refused = deliver(&swap(&xml, "</samlp:Status>", "</samlp:Status>odd")).unwrap_err();
    assert!(matches!(
        refused,
        Refused::Response(ResponseFault::Shape(_))
    ));
}

#[test]
fn space_around_the_message_does_no_harm() {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n{}\r\n",
        signed()
    );
    assert_eq!(who(deliver(&xml)), "ana");
}
