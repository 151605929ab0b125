//! Signing out, both ways.

use gw_saml::{
    Certificate, Message, NameId, SignatureFault, Status, StatusCode, formats,
    logout::{
        AskedLogout, Expected, LogoutAnswer, LogoutFault, LogoutRequest, check_request,
        check_response,
    },
};

use crate::support::{ATTACKER, IDP, NOW, PROVIDER, Party, SERVICE, SP, form, id, secs, swap};

const SLO: &str = "https://idp.example/slo";
const BACK: &str = "https://sp.example/slo";

fn name_id() -> NameId {
    NameId::new("ana", formats::PERSISTENT)
}

fn query(by: &Party) -> String {
    let (request_id, name_id) = (id(5), name_id());
    let request = LogoutRequest {
        id: &request_id,
        now: NOW,
        not_on_or_after: NOW.after(secs(120)),
        issuer: SP,
        destination: SLO,
        name_id: &name_id,
        session_indexes: &["s-1", "s-2"],
    };
    let url = request.redirect(Some("rs"), &by.credential).unwrap();
    url.split_once('?').unwrap().1.to_owned()
}

fn expected(certificates: &[Certificate]) -> Expected<'_> {
    Expected {
        now: NOW,
        leeway: secs(60),
        age_max: secs(300),
        peer: SP,
        certificates,
        url: SLO,
        decryption: &[],
    }
}

fn asked(query: &str) -> Result<AskedLogout, LogoutFault> {
    let certificates = SERVICE.certificates();
    check_request(
        &Message::from_redirect(query).unwrap(),
        &expected(&certificates),
    )
}

fn answered(by: &Party, to: &str, status: &Status) -> Result<Status, LogoutFault> {
    let answer_id = id(6);
    let answer = LogoutAnswer {
        id: &answer_id,
        now: NOW,
        issuer: IDP,
        destination: BACK,
        in_response_to: to,
        status,
    };
    let url = answer.redirect(Some("rs"), &by.credential).unwrap();
    let message = Message::from_redirect(url.split_once('?').unwrap().1).unwrap();
    let certificates = PROVIDER.certificates();
    let expected = Expected {
        peer: IDP,
        url: BACK,
        ..expected(&certificates)
    };
    check_response(&message, "_request", &expected)
}

#[test]
fn a_signed_request_says_who_and_which_sessions() {
    let logout = asked(&query(&SERVICE)).unwrap();
    assert_eq!(
        logout,
        AskedLogout {
            id: id(5).to_string(),
            name_id: name_id(),
            session_indexes: vec!["s-1".into(), "s-2".into()],
            relay_state: Some("rs".into()),
            issued: NOW,
        }
    );
    let until = logout.remember_until(secs(120), secs(60));
    assert_eq!(until, NOW.after(secs(180)));
}

#[test]
fn nobody_signs_people_out_without_a_signature() {
    let query = query(&SERVICE);
    let (unsigned, _) = query.split_once("&SigAlg=").unwrap();
    let missing = LogoutFault::Signature(SignatureFault::Missing("LogoutRequest"));
    assert_eq!(asked(unsigned).unwrap_err(), missing);
    let other = self::query(&ATTACKER);
    assert_eq!(
        asked(&other).unwrap_err(),
        LogoutFault::Signature(SignatureFault::Key)
    );
}

#[test]
fn an_old_request_or_one_for_somebody_else_is_refused() {
    let query = query(&SERVICE);
    let certificates = SERVICE.certificates();
    let message = Message::from_redirect(&query).unwrap();
    let with = |changed: Expected<'_>| check_request(&message, &changed).unwrap_err();
    let late = Expected {
        now: NOW.after(secs(180)),
        ..expected(&certificates)
    };
    assert_eq!(with(late), LogoutFault::Time);
    let early = Expected {
        now: NOW.before(secs(61)),
        ..expected(&certificates)
    };
    assert_eq!(with(early), LogoutFault::Time);
    let elsewhere = Expected {
        url: "https://idp.example/other",
        ..expected(&certificates)
    };
    assert!(matches!(with(elsewhere), LogoutFault::Destination(_)));
    let somebody = Expected {
        peer: IDP,
        ..expected(&certificates)
    };
    assert!(matches!(with(somebody), LogoutFault::Issuer(_)));
}

#[test]
fn an_answer_says_how_it_went() {
    assert_eq!(
        answered(&PROVIDER, "_request", &Status::SUCCESS),
        Ok(Status::SUCCESS)
    );
    let partial = Status::refused(StatusCode::Success, StatusCode::PartialLogout);
    assert_eq!(answered(&PROVIDER, "_request", &partial), Ok(partial));
    let other = answered(&PROVIDER, "_other", &Status::SUCCESS);
    assert_eq!(other.unwrap_err(), LogoutFault::InResponseTo);
    let forged = answered(&ATTACKER, "_request", &Status::SUCCESS);
    assert_eq!(
        forged.unwrap_err(),
        LogoutFault::Signature(SignatureFault::Key)
    );
}

#[test]
fn a_posted_request_is_signed_within() {
    let (request_id, name_id) = (id(5), name_id());
    let request = LogoutRequest {
        id: &request_id,
        now: NOW,
        not_on_or_after: NOW.after(secs(120)),
        issuer: SP,
        destination: SLO,
        name_id: &name_id,
        session_indexes: &[],
    };
    let posted = request.post(None, &SERVICE.credential).unwrap();
    let xml = data_encoding::BASE64
        .decode(posted.fields[0].1.as_bytes())
        .unwrap();
    let xml = String::from_utf8(xml).unwrap();
    let certificates = SERVICE.certificates();
    let check = |xml: &str| {
        let message = Message::from_post(form("SAMLRequest", xml).as_bytes()).unwrap();
        check_request(&message, &expected(&certificates))
    };
    assert!(check(&xml).unwrap().session_indexes.is_empty());
    let other = check(&swap(&xml, ">ana<", ">eve<")).unwrap_err();
    assert_eq!(other, LogoutFault::Signature(SignatureFault::Digest));
}

#[test]
fn names_are_the_same_where_they_do_not_differ_in_what_both_say() {
    let ana = name_id();
    let qualified = NameId {
        name_qualifier: Some(IDP.into()),
        ..ana.clone()
    };
    assert!(ana.is_same_as(&qualified));
    let other = NameId {
        name_qualifier: Some(SP.into()),
        ..ana.clone()
    };
    assert!(!qualified.is_same_as(&other));
    assert!(!ana.is_same_as(&NameId::new("ana", formats::EMAIL)));
    assert!(!ana.is_same_as(&NameId::new("Ana", formats::PERSISTENT)));
}
