//! Whose signature, over what, by which algorithm.

use gw_saml::{
    SignatureFault,
    sp::{ResponseFault, Signed},
};

use crate::support::{
    ASSERTION_SIGNED, ATTACKER, Answer, BOTH_SIGNED, PROVIDER, Refused, SERVICE, deliver,
    deliver_to, element, evil, id, swap, who,
};

#[track_caller]
fn signature_fault(xml: &str) -> SignatureFault {
    match deliver(xml).unwrap_err() {
        Refused::Response(ResponseFault::Signature(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn is_refused_algorithm(xml: &str) {
    let fault = signature_fault(xml);
    assert!(
        matches!(fault, SignatureFault::Algorithm { .. }),
        "{fault:?}"
    );
}

fn assertion_signed() -> String {
    Answer::default().xml(ASSERTION_SIGNED)
}

#[test]
fn what_the_provider_signed_signs_in_whom_it_names() {
    for shape in [ASSERTION_SIGNED, BOTH_SIGNED] {
        let signed_in = deliver(&Answer::default().xml(shape)).unwrap();
        assert_eq!(signed_in.name_id.as_ref().unwrap().value, "ana");
        assert_eq!(signed_in.assertion_id, id(2).as_str());
        let groups: Vec<&str> = signed_in.values("groups").collect();
        assert_eq!(groups, ["staff", "ops & <more>"]);
        assert_eq!(signed_in.authentication, Answer::default().authentication);
    }
}

#[test]
fn a_response_without_its_signature_is_refused() {
    let xml = assertion_signed();
    let stripped = swap(&xml, element(&xml, "ds:Signature"), "");
    assert_eq!(
        signature_fault(&stripped),
        SignatureFault::Missing("Assertion")
    );
}

#[test]
fn a_changed_name_attribute_or_time_is_noticed() {
    for (from, to) in [
        (">ana<", ">eve<"),
        ("staff", "owner"),
        ("NotOnOrAfter=\"2027", "NotOnOrAfter=\"2028"),
    ] {
        let changed = swap(&assertion_signed(), from, to);
        assert_eq!(signature_fault(&changed), SignatureFault::Digest, "{from}");
    }
}

#[test]
fn a_key_that_comes_in_key_info_is_not_believed() {
    let forged = Answer::default().xml_by(ASSERTION_SIGNED, &ATTACKER);
    assert!(forged.contains("X509Certificate"));
    assert_eq!(signature_fault(&forged), SignatureFault::Key);
    // Not either where the key info shows the provider's certificate.
    let own = assertion_signed();
    let posing = swap(
        &forged,
        element(&forged, "ds:KeyInfo"),
        element(&own, "ds:KeyInfo"),
    );
    assert_eq!(signature_fault(&posing), SignatureFault::Key);
}

#[test]
fn a_true_signature_is_believed_whatever_key_info_says() {
    let own = assertion_signed();
    let forged = Answer::default().xml_by(ASSERTION_SIGNED, &ATTACKER);
    for info in ["", element(&forged, "ds:KeyInfo")] {
        let other = swap(&own, element(&own, "ds:KeyInfo"), info);
        assert_eq!(who(deliver(&other)), "ana");
    }
}

#[test]
fn while_certificates_change_either_is_believed() {
    let both = [ATTACKER.certificates(), PROVIDER.certificates()].concat();
    let signed_in = deliver_to(&assertion_signed(), |expected| {
        expected.idp_certificates = &both
    });
    assert!(signed_in.is_ok());
    let none = deliver_to(&assertion_signed(), |expected| {
        expected.idp_certificates = &[]
    });
    assert!(none.is_err());
}

#[test]
fn what_has_to_be_signed_is_signed() {
    let only_assertion = assertion_signed();
    let refused = deliver_to(&only_assertion, |expected| {
        expected.signed = Signed::Response
    });
    assert!(matches!(
        refused.unwrap_err(),
        Refused::Response(ResponseFault::Signature(SignatureFault::Missing(
            "Response"
        )))
    ));
    let both = Answer::default().xml(BOTH_SIGNED);
    for signed in [Signed::Either, Signed::Assertion, Signed::Response] {
        assert!(deliver_to(&both, |expected| expected.signed = signed).is_ok());
    }
}

#[test]
fn a_signature_that_is_there_has_to_hold_even_if_it_need_not_be_there() {
    let both = Answer::default().xml(BOTH_SIGNED);
    // The response's is broken by what is outside of the assertion, the assertion's still holds.
    let changed = swap(&both, "status:Success\"", "status:Success\" Odd=\"1\"");
    assert_eq!(signature_fault(&changed), SignatureFault::Digest);
}

#[test]
fn an_unsigned_assertion_beside_a_signed_one_is_refused() {
    let xml = assertion_signed();
    let assertion = element(&xml, "saml:Assertion");
    for pair in [
        format!("{}{assertion}", evil(assertion)),
        format!("{assertion}{}", evil(assertion)),
    ] {
        let refused = deliver(&swap(&xml, assertion, &pair)).unwrap_err();
        assert!(matches!(
            refused,
            Refused::Response(ResponseFault::Assertions(2))
        ));
    }
}

#[test]
fn two_assertions_are_refused_though_both_are_signed() {
    let one = assertion_signed();
    let other = Answer {
        assertion_id: id(9),
        ..Answer::default()
    };
    let other = other.xml(ASSERTION_SIGNED);
    let (assertion, second) = (
        element(&one, "saml:Assertion"),
        element(&other, "saml:Assertion"),
    );
    let both = swap(&one, assertion, &format!("{assertion}{second}"));
    let refused = deliver(&both).unwrap_err();
    assert!(matches!(
        refused,
        Refused::Response(ResponseFault::Assertions(2))
    ));
}

#[test]
fn a_signed_response_with_the_assertion_of_another_is_refused() {
    let one = Answer::default().xml(BOTH_SIGNED);
    let other = Answer {
        assertion_id: id(9),
        name_id: gw_saml::NameId::new("eve", gw_saml::formats::PERSISTENT),
        ..Answer::default()
    };
    let other = other.xml(ASSERTION_SIGNED);
    let mixed = swap(
        &one,
        element(&one, "saml:Assertion"),
        element(&other, "saml:Assertion"),
    );
    assert_eq!(signature_fault(&mixed), SignatureFault::Digest);
}

#[test]
fn an_assertion_that_was_for_another_request_is_refused_in_a_fresh_response() {
    let earlier = Answer {
        in_response_to: Some("_earlier".into()),
        ..Answer::default()
    };
    let stolen = earlier.xml(ASSERTION_SIGNED);
    let fresh = assertion_signed();
    let mixed = swap(
        &fresh,
        element(&fresh, "saml:Assertion"),
        element(&stolen, "saml:Assertion"),
    );
    let refused = deliver(&mixed).unwrap_err();
    assert!(matches!(
        refused,
        Refused::Response(ResponseFault::Assertion(
            gw_saml::sp::AssertionFault::Confirmation(_)
        ))
    ));
}

#[test]
fn the_signature_of_one_assertion_on_another_is_refused() {
    let one = assertion_signed();
    let other = Answer {
        assertion_id: id(9),
        ..Answer::default()
    };
    let other = other.xml(ASSERTION_SIGNED);
    let mixed = swap(
        &one,
        element(&one, "ds:Signature"),
        element(&other, "ds:Signature"),
    );
    assert_eq!(signature_fault(&mixed), SignatureFault::Reference);
}

#[test]
fn a_reference_to_the_whole_document_or_to_another_place_is_refused() {
    let xml = assertion_signed();
    let uri = format!("URI=\"#{}\"", id(2));
    for other in [
        "URI=\"\"".to_owned(),
        "URI=\"#\"".to_owned(),
        String::new(),
        format!("URI=\"#xpointer(id('{}'))\"", id(2)),
        format!("URI=\"https://evil.example/#{}\"", id(2)),
        format!("URI=\"#{}\"", id(1)),
    ] {
        assert_eq!(
            signature_fault(&swap(&xml, &uri, &other)),
            SignatureFault::Reference,
            "{other}"
        );
    }
}

#[test]
fn sha1_md5_and_unknown_digests_are_refused() {
    for digest in [
        "http://www.w3.org/2000/09/xmldsig#sha1",
        "http://www.w3.org/2001/04/xmldsig-more#md5",
        "http://www.w3.org/2001/04/xmlenc#sha256 ",
        "",
    ] {
        is_refused_algorithm(&swap(
            &assertion_signed(),
            "http://www.w3.org/2001/04/xmlenc#sha256",
            digest,
        ));
    }
}

#[test]
fn sha1_hmac_and_dsa_signature_methods_are_refused() {
    for method in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        "none",
    ] {
        is_refused_algorithm(&swap(
            &assertion_signed(),
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            method,
        ));
    }
}

#[test]
fn an_allowed_method_for_another_kind_of_key_is_refused() {
    for method in ["ecdsa-sha256", "ecdsa-sha384", "rsa-sha512"] {
        let other = format!("http://www.w3.org/2001/04/xmldsig-more#{method}");
        let changed = swap(
            &assertion_signed(),
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            &other,
        );
        assert_eq!(signature_fault(&changed), SignatureFault::Key);
    }
}

#[test]
fn xslt_xpath_and_base64_transforms_are_refused() {
    let exclusive =
        "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform>";
    for transform in [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    ] {
        let other = format!("<ds:Transform Algorithm=\"{transform}\"></ds:Transform>");
        is_refused_algorithm(&swap(&assertion_signed(), exclusive, &other));
        is_refused_algorithm(&swap(
            &assertion_signed(),
            exclusive,
            &format!("{exclusive}{other}"),
        ));
    }
    let missing = swap(&assertion_signed(), exclusive, "");
    assert!(matches!(
        signature_fault(&missing),
        SignatureFault::Shape(_)
    ));
}

#[test]
fn other_canonicalisations_of_the_signed_info_are_refused() {
    for method in [
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2006/12/xml-c14n11",
        "",
    ] {
        let changed = swap(
            &assertion_signed(),
            "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"",
            &format!("<ds:CanonicalizationMethod Algorithm=\"{method}\""),
        );
        is_refused_algorithm(&changed);
    }
}

#[test]
fn two_references_two_signed_infos_objects_and_manifests_are_refused() {
    let xml = assertion_signed();
    for name in [
        "ds:Reference",
        "ds:SignedInfo",
        "ds:SignatureValue",
        "ds:KeyInfo",
    ] {
        let one = element(&xml, name);
        let twice = swap(&xml, one, &format!("{one}{one}"));
        assert!(
            matches!(signature_fault(&twice), SignatureFault::Shape(_)),
            "{name}"
        );
    }
    let object = swap(
        &xml,
        "</ds:Signature>",
        "<ds:Object><ds:Manifest/></ds:Object></ds:Signature>",
    );
    assert!(matches!(signature_fault(&object), SignatureFault::Shape(_)));
}

#[test]
fn our_own_signature_is_not_the_providers() {
    let reflected = Answer::default().xml_by(ASSERTION_SIGNED, &SERVICE);
    assert_eq!(signature_fault(&reflected), SignatureFault::Key);
}
