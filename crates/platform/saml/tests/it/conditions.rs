//! For whom, where, when and to which question.

use gw_saml::{
    Credential, Status, StatusCode,
    idp::Refusal,
    sp::{Asked, AssertionFault, ResponseFault},
};

use crate::support::{
    ACS, ASSERTION_SIGNED, Answer, BOTH_SIGNED, IDP, NOW, PROVIDER, REQUEST, Refused, deliver,
    deliver_to, id, secs, swap,
};

#[track_caller]
fn fault(answer: &Answer) -> ResponseFault {
    match deliver(&answer.xml(ASSERTION_SIGNED)).unwrap_err() {
        Refused::Response(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assertion_fault(answer: &Answer) -> AssertionFault {
    match fault(answer) {
        ResponseFault::Assertion(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_assertion_for_another_audience_is_refused() {
    let answer = Answer {
        audience: "https://other.example/metadata".into(),
        ..Answer::default()
    };
    assert!(matches!(
        assertion_fault(&answer),
        AssertionFault::Audience(_)
    ));
    // Neither a part of our name, nor with more behind it.
    for audience in [
        "https://sp.example/",
        "https://sp.example/metadata/",
        "HTTPS://sp.example/metadata",
    ] {
        let answer = Answer {
            audience: audience.into(),
            ..Answer::default()
        };
        assert!(matches!(
            assertion_fault(&answer),
            AssertionFault::Audience(_)
        ));
    }
}

#[test]
fn a_response_for_another_destination_is_refused() {
    let answer = Answer {
        acs_url: "https://other.example/acs".into(),
        ..Answer::default()
    };
    assert!(matches!(fault(&answer), ResponseFault::Destination(_)));
}

#[test]
fn an_assertion_for_another_recipient_is_refused() {
    let answer = Answer {
        acs_url: "https://other.example/acs".into(),
        ..Answer::default()
    };
    let elsewhere = answer.xml(ASSERTION_SIGNED);
    // The destination is not signed here, so an attacker would change it.
    let readdressed = swap(
        &elsewhere,
        "Destination=\"https://other.example/acs\"",
        &format!("Destination=\"{ACS}\""),
    );
    let refused = deliver(&readdressed).unwrap_err();
    assert!(matches!(
        refused,
        Refused::Response(ResponseFault::Assertion(AssertionFault::Confirmation(why))) if why.contains("recipient")
    ));
}

#[test]
fn an_answer_to_another_request_is_refused() {
    let answer = Answer {
        in_response_to: Some("_other".into()),
        ..Answer::default()
    };
    assert_eq!(fault(&answer), ResponseFault::InResponseTo);
    let readdressed = swap(
        &answer.xml(ASSERTION_SIGNED),
        "InResponseTo=\"_other\"",
        &format!("InResponseTo=\"{REQUEST}\""),
    );
    assert!(matches!(
        deliver(&readdressed).unwrap_err(),
        Refused::Response(ResponseFault::Assertion(AssertionFault::Confirmation(_)))
    ));
}

#[test]
fn an_answer_that_nobody_asked_for_is_taken_only_where_it_is_allowed() {
    let answer = Answer {
        in_response_to: None,
        ..Answer::default()
    };
    assert_eq!(fault(&answer), ResponseFault::InResponseTo);
    let xml = answer.xml(ASSERTION_SIGNED);
    assert!(deliver_to(&xml, |expected| expected.asked = Asked::Unsolicited).is_ok());
    // And an answer to a request is not one that nobody asked for.
    let asked = Answer::default().xml(ASSERTION_SIGNED);
    assert!(deliver_to(&asked, |expected| expected.asked = Asked::Unsolicited).is_err());
}

#[test]
fn an_answer_of_another_provider_is_refused() {
    let answer = Answer {
        issuer: "https://other.example/metadata".into(),
        ..Answer::default()
    };
    assert!(matches!(fault(&answer), ResponseFault::Issuer(_)));
    let mixed = swap(
        &answer.xml(ASSERTION_SIGNED),
        "<saml:Issuer>https://other.example/metadata<",
        &format!("<saml:Issuer>{IDP}<"),
    );
    assert!(matches!(
        deliver(&mixed).unwrap_err(),
        Refused::Response(ResponseFault::Assertion(AssertionFault::Issuer(_)))
    ));
}

#[test]
fn a_signed_response_without_destination_or_issuer_is_refused() {
    let xml = Answer::default().xml(BOTH_SIGNED);
    // Taking them away breaks the signature: that is found first.
    let without = swap(&xml, &format!(" Destination=\"{ACS}\""), "");
    assert!(matches!(
        deliver(&without).unwrap_err(),
        Refused::Response(ResponseFault::Signature(_))
    ));
}

#[test]
fn an_expired_assertion_is_refused_and_the_leeway_is_kept_to() {
    let xml = Answer::default().xml(ASSERTION_SIGNED);
    let at = |offset: u64| deliver_to(&xml, |expected| expected.now = NOW.after(secs(offset)));
    assert!(at(300 + 59).is_ok());
    assert!(matches!(
        at(300 + 60).unwrap_err(),
        Refused::Response(ResponseFault::Assertion(AssertionFault::Expired))
    ));
}

#[test]
fn an_assertion_from_the_future_is_refused_and_the_leeway_is_kept_to() {
    let xml = Answer::default().xml(ASSERTION_SIGNED);
    let at = |offset: u64| deliver_to(&xml, |expected| expected.now = NOW.before(secs(offset)));
    assert!(at(60).is_ok());
    assert!(matches!(
        at(61).unwrap_err(),
        Refused::Response(ResponseFault::Assertion(AssertionFault::NotYet))
    ));
    let later = Answer {
        not_before: NOW.after(secs(61)),
        ..Answer::default()
    };
    assert_eq!(assertion_fault(&later), AssertionFault::NotYet);
}

#[test]
fn an_assertion_that_claims_to_be_good_for_years_is_not() {
    let answer = Answer {
        not_on_or_after: NOW.after(secs(10 * 365 * 86_400)),
        ..Answer::default()
    };
    let xml = answer.xml(ASSERTION_SIGNED);
    let late = deliver_to(&xml, |expected| expected.now = NOW.after(secs(660)));
    assert!(late.is_err());
    let signed_in = deliver(&xml).unwrap();
    assert_eq!(signed_in.forget_after, NOW.after(secs(660)));
}

#[test]
fn the_same_answer_twice_has_the_same_id_to_refuse_it_by_until_it_is_refused_anyway() {
    let xml = Answer::default().xml(BOTH_SIGNED);
    let (one, other) = (deliver(&xml).unwrap(), deliver(&xml).unwrap());
    assert_eq!(one.assertion_id, other.assertion_id);
    assert_eq!(one.forget_after, NOW.after(secs(360)));
    let just_before = one.forget_after.before(secs(1));
    assert!(deliver_to(&xml, |expected| expected.now = just_before).is_ok());
    assert!(deliver_to(&xml, |expected| expected.now = one.forget_after).is_err());
}

#[test]
fn a_session_that_is_over_at_the_provider_signs_nobody_in() {
    let mut answer = Answer::default();
    answer.authentication.session_not_on_or_after = Some(NOW.before(secs(61)));
    assert_eq!(assertion_fault(&answer), AssertionFault::SessionOver);
    let mut answer = Answer::default();
    answer.authentication.instant = NOW.after(secs(100));
    assert_eq!(assertion_fault(&answer), AssertionFault::NotYet);
}

#[test]
fn a_no_of_the_provider_is_told_with_its_reason() {
    let status = Status {
        message: Some("not\nnow".into()),
        ..Status::refused(StatusCode::Responder, StatusCode::NoPassive)
    };
    let (response_id, credential): (_, &Credential) = (id(7), &PROVIDER.credential);
    let refusal = Refusal {
        response_id: &response_id,
        now: NOW,
        issuer: IDP,
        acs_url: ACS,
        in_response_to: REQUEST,
        status: &status,
    };
    let form = refusal.post(None, credential).unwrap();
    let xml = data_encoding::BASE64
        .decode(form.fields[0].1.as_bytes())
        .unwrap();
    let refused = deliver(std::str::from_utf8(&xml).unwrap()).unwrap_err();
    let Refused::Response(ResponseFault::Refused(status)) = &refused else {
        panic!("{refused:?}");
    };
    assert_eq!(status.detail, Some(StatusCode::NoPassive));
    assert_eq!(status.to_string(), "Responder/NoPassive (not now)");
}

#[test]
fn a_no_with_an_assertion_is_still_a_no() {
    let xml = Answer::default().xml(ASSERTION_SIGNED);
    let no = swap(&xml, "status:Success", "status:AuthnFailed");
    assert!(matches!(
        deliver(&no).unwrap_err(),
        Refused::Response(ResponseFault::Refused(status)) if status.code == StatusCode::AuthnFailed
    ));
}
