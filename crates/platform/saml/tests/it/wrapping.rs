//! The eight classic shapes of signature wrapping (Somorovsky et al., "On Breaking SAML: Be
//! Whoever You Want to Be"), each made from a response that is validly signed.

use gw_saml::{MessageFault, SignatureFault, sp::ResponseFault};

use crate::support::{
    ASSERTION_SIGNED, Answer, BOTH_SIGNED, Refused, deliver, element, evil, id, swap, who,
};

/// What is signed is known to be taken, so what is refused is refused for the wrapping.
fn response_signed() -> String {
    let xml = Answer::default().xml(BOTH_SIGNED);
    // The assertion's own signature taken away, the response's made again, is not to be had
    // without the key: so the whole-response shapes start from both signatures.
    assert_eq!(who(deliver(&xml)), "ana");
    xml
}

fn assertion_signed() -> String {
    let xml = Answer::default().xml(ASSERTION_SIGNED);
    assert_eq!(who(deliver(&xml)), "ana");
    xml
}

/// The response about Eve without any signature, with another id.
fn evil_response(xml: &str) -> String {
    let mut bare = xml.to_owned();
    while bare.contains("<ds:Signature") {
        bare = swap(&bare, element(&bare, "ds:Signature"), "");
    }
    let eve = swap(&bare, ">ana<", ">eve<");
    let eve = swap(&eve, id(2).as_str(), "_evil-assertion");
    swap(&eve, id(1).as_str(), "_evil")
}

fn original_without_own_signature(xml: &str) -> String {
    swap(xml, element(xml, "ds:Signature"), "")
}

#[track_caller]
fn is_out_of_place(xml: &str) {
    let refused = deliver(xml).unwrap_err();
    assert!(
        matches!(
            refused,
            Refused::Message(
                MessageFault::Misplaced(_)
                    | MessageFault::Signature(SignatureFault::Misplaced(_))
                    | MessageFault::DuplicateId(_)
            )
        ),
        "{refused:?}"
    );
}

#[test]
fn xsw1_the_signed_response_within_the_signature_of_a_forged_one() {
    let xml = response_signed();
    let signature = element(&xml, "ds:Signature");
    let original = original_without_own_signature(&xml);
    let wrapping = swap(
        signature,
        "</ds:Signature>",
        &format!("{original}</ds:Signature>"),
    );
    let forged = swap(
        &evil_response(&xml),
        "</saml:Issuer>",
        &format!("</saml:Issuer>{wrapping}"),
    );
    is_out_of_place(&forged);
}

#[test]
fn xsw2_the_signed_response_before_a_detached_signature_in_a_forged_one() {
    let xml = response_signed();
    let signature = element(&xml, "ds:Signature");
    let original = original_without_own_signature(&xml);
    let forged = swap(
        &evil_response(&xml),
        "</saml:Issuer>",
        &format!("</saml:Issuer>{original}{signature}"),
    );
    is_out_of_place(&forged);
}

#[test]
fn xsw3_a_forged_assertion_in_front_of_the_signed_one() {
    let xml = assertion_signed();
    let assertion = element(&xml, "saml:Assertion");
    let forged = swap(&xml, assertion, &format!("{}{assertion}", evil(assertion)));
    let refused = deliver(&forged).unwrap_err();
    assert!(
        matches!(refused, Refused::Response(ResponseFault::Assertions(2))),
        "{refused:?}"
    );
}

#[test]
fn xsw4_the_signed_assertion_within_a_forged_one() {
    let xml = assertion_signed();
    let assertion = element(&xml, "saml:Assertion");
    let outer = evil(assertion);
    let wrapping = swap(
        &outer,
        "</saml:Assertion>",
        &format!("{assertion}</saml:Assertion>"),
    );
    is_out_of_place(&swap(&xml, assertion, &wrapping));
}

#[test]
fn xsw5_a_forged_assertion_with_the_signature_and_the_original_behind_it() {
    let xml = assertion_signed();
    let assertion = element(&xml, "saml:Assertion");
    let original = original_without_own_signature(assertion);
    let forged = swap(&swap(assertion, ">ana<", ">eve<"), id(2).as_str(), "_evil");
    let refused = deliver(&swap(&xml, assertion, &format!("{forged}{original}"))).unwrap_err();
    assert!(
        matches!(refused, Refused::Response(ResponseFault::Assertions(2))),
        "{refused:?}"
    );
}

#[test]
fn xsw6_the_original_within_the_signature_of_a_forged_assertion() {
    let xml = assertion_signed();
    let assertion = element(&xml, "saml:Assertion");
    let original = original_without_own_signature(assertion);
    let forged = swap(&swap(assertion, ">ana<", ">eve<"), id(2).as_str(), "_evil");
    let wrapping = swap(
        &forged,
        "</ds:Signature>",
        &format!("{original}</ds:Signature>"),
    );
    is_out_of_place(&swap(&xml, assertion, &wrapping));
}

#[test]
fn xsw7_a_forged_assertion_in_the_extensions() {
    let xml = assertion_signed();
    let assertion = element(&xml, "saml:Assertion");
    let extensions = format!("<samlp:Extensions>{}</samlp:Extensions>", evil(assertion));
    is_out_of_place(&swap(
        &xml,
        "</saml:Issuer>",
        &format!("</saml:Issuer>{extensions}"),
    ));
}

#[test]
fn xsw8_the_original_in_an_object_of_the_signature_of_a_forged_assertion() {
    let xml = assertion_signed();
    let assertion = element(&xml, "saml:Assertion");
    let original = original_without_own_signature(assertion);
    let forged = swap(&swap(assertion, ">ana<", ">eve<"), id(2).as_str(), "_evil");
    let object = format!("<ds:Object>{original}</ds:Object></ds:Signature>");
    let wrapping = swap(&forged, "</ds:Signature>", &object);
    is_out_of_place(&swap(&xml, assertion, &wrapping));
}

#[test]
fn each_shape_is_refused_too_if_the_forged_one_keeps_the_id() {
    let xml = assertion_signed();
    let assertion = element(&xml, "saml:Assertion");
    let original = original_without_own_signature(assertion);
    let same_id = swap(assertion, ">ana<", ">eve<");
    let bare = original_without_own_signature(&same_id);
    let within = swap(
        &same_id,
        "</ds:Signature>",
        &format!("{original}</ds:Signature>"),
    );
    let around = swap(
        &bare,
        "</saml:Assertion>",
        &format!("{assertion}</saml:Assertion>"),
    );
    for forged in [
        format!("{bare}{assertion}"),
        format!("{assertion}{bare}"),
        format!("{same_id}{original}"),
        within,
        around,
    ] {
        is_out_of_place(&swap(&xml, assertion, &forged));
    }
}

#[test]
fn an_assertion_in_another_namespace_or_hidden_deep_is_never_the_one_that_is_read() {
    let xml = assertion_signed();
    let assertion = element(&xml, "saml:Assertion");
    let elsewhere =
        evil(assertion).replace("urn:oasis:names:tc:SAML:2.0:assertion", "urn:elsewhere");
    let refused = deliver(&swap(&xml, assertion, &format!("{elsewhere}{assertion}"))).unwrap_err();
    assert!(
        matches!(refused, Refused::Response(ResponseFault::Shape(_))),
        "{refused:?}"
    );
    let hidden = format!("<x:y xmlns:x=\"urn:x\">{}</x:y>", evil(assertion));
    let extensions = format!("</saml:Issuer><samlp:Extensions>{hidden}</samlp:Extensions>");
    is_out_of_place(&swap(&xml, "</saml:Issuer>", &extensions));
}
