//! Assertions that only we can read.

use gw_saml::{
    Certificate, ContentCipher, Decryptor, EncryptionFault, KeyTransport, MessageFault, Recipient,
    SignatureFault,
    idp::Shape,
    sp::{Asked, Cbc, Expected, ResponseFault, Signed},
};

use crate::support::{
    ACS, ATTACKER, Answer, IDP, NOW, PROVIDER, Party, REQUEST, Refused, SERVICE, SP, deliver,
    deliver_to, element, secs, swap,
};

pub(crate) fn expecting<'a>(
    certificates: &'a [Certificate],
    decryption: &'a [Decryptor],
) -> Expected<'a> {
    Expected {
        now: NOW,
        leeway: secs(60),
        age_max: secs(600),
        idp: IDP,
        idp_certificates: certificates,
        sp: SP,
        acs_url: ACS,
        asked: Asked::Request(REQUEST),
        signed: Signed::Either,
        decryption,
        cbc: Cbc::Refused,
    }
}

fn to(party: &Party, key_transport: KeyTransport, cipher: ContentCipher) -> Recipient {
    Recipient {
        certificate: party.credential.certificate().clone(),
        key_transport,
        cipher,
    }
}

fn encrypted(recipient: &Recipient, sign_response: bool) -> String {
    Answer::default().xml(Shape {
        sign_response,
        encrypt_to: Some(recipient),
    })
}

fn usual() -> String {
    encrypted(
        &to(&SERVICE, KeyTransport::OaepSha1, ContentCipher::Aes256Gcm),
        false,
    )
}

#[track_caller]
fn fault(xml: &str) -> ResponseFault {
    let keys = SERVICE.decryptors();
    match deliver_to(xml, |expected| expected.decryption = &keys).unwrap_err() {
        Refused::Response(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_way_to_encrypt_is_read_again() {
    for transport in [KeyTransport::OaepSha1, KeyTransport::OaepSha256] {
        for cipher in [ContentCipher::Aes128Gcm, ContentCipher::Aes256Gcm] {
            for sign_response in [false, true] {
                let xml = encrypted(&to(&SERVICE, transport, cipher), sign_response);
                assert!(!xml.contains(">ana<"));
                let keys = [ATTACKER.decryptors(), SERVICE.decryptors()];
                let keys: Vec<Decryptor> = keys.into_iter().flatten().collect();
                let signed_in = deliver_to(&xml, |expected| expected.decryption = &keys).unwrap();
                assert!(signed_in.was_encrypted);
                assert_eq!(signed_in.name_id.unwrap().value, "ana");
            }
        }
    }
}

#[test]
fn without_the_key_it_is_refused() {
    let refused = deliver(&usual()).unwrap_err();
    assert!(matches!(
        refused,
        Refused::Response(ResponseFault::Encryption(EncryptionFault::NoKey))
    ));
    let to_other = encrypted(
        &to(&PROVIDER, KeyTransport::OaepSha1, ContentCipher::Aes128Gcm),
        false,
    );
    assert_eq!(
        fault(&to_other),
        ResponseFault::Encryption(EncryptionFault::Undecryptable)
    );
}

#[test]
fn a_changed_ciphertext_is_refused_and_does_not_say_where() {
    let xml = usual();
    let values: Vec<usize> = xml
        .match_indices("<xenc:CipherValue>")
        .map(|(at, _)| at + 18)
        .collect();
    for at in values {
        for offset in [0, 30, 60, 300] {
            let mut changed = xml.clone();
            let old = &xml[at + offset..=at + offset];
            changed.replace_range(
                at + offset..=at + offset,
                if old == "A" { "B" } else { "A" },
            );
            assert_eq!(
                fault(&changed),
                ResponseFault::Encryption(EncryptionFault::Undecryptable)
            );
        }
    }
}

#[test]
fn encryption_is_no_signature() {
    // Everybody can encrypt to us: what comes out has to be signed all the same.
    let forged = Answer::default().xml_by(
        Shape {
            sign_response: false,
            encrypt_to: Some(&to(
                &SERVICE,
                KeyTransport::OaepSha1,
                ContentCipher::Aes256Gcm,
            )),
        },
        &ATTACKER,
    );
    assert_eq!(
        fault(&forged),
        ResponseFault::Signature(SignatureFault::Key)
    );
}

#[test]
fn a_clear_assertion_beside_an_encrypted_one_is_refused() {
    let xml = usual();
    let clear = Answer::default().xml(crate::support::ASSERTION_SIGNED);
    let both = swap(
        &xml,
        "<saml:EncryptedAssertion",
        &format!(
            "{}<saml:EncryptedAssertion",
            element(&clear, "saml:Assertion")
        ),
    );
    assert_eq!(fault(&both), ResponseFault::Assertions(2));
}

#[test]
fn old_and_odd_algorithms_are_refused_by_name() {
    let xml = usual();
    for (from, to) in [
        ("xmlenc#rsa-oaep-mgf1p", "xmlenc#rsa-1_5"),
        (
            "http://www.w3.org/2000/09/xmldsig#sha1",
            "http://www.w3.org/2001/04/xmlenc#sha256",
        ),
        (
            "http://www.w3.org/2000/09/xmldsig#sha1",
            "http://www.w3.org/2001/04/xmldsig-more#md5",
        ),
        ("xmlenc11#aes256-gcm", "xmlenc11#tripledes-cbc"),
        ("xmlenc11#aes256-gcm", "xmlenc11#aes192-gcm"),
    ] {
        let refused = fault(&swap(&xml, from, to));
        assert!(
            matches!(
                refused,
                ResponseFault::Encryption(EncryptionFault::Algorithm { .. })
            ),
            "{to}: {refused:?}"
        );
    }
}

#[test]
fn aes_cbc_is_refused_until_it_is_allowed() {
    let cbc = swap(
        &usual(),
        "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    );
    assert_eq!(fault(&cbc), ResponseFault::Encryption(EncryptionFault::Cbc));
    let keys = SERVICE.decryptors();
    let with = |cbc_allowed: Cbc| {
        deliver_to(&cbc, |expected| {
            expected.decryption = &keys;
            expected.cbc = cbc_allowed;
        })
        .unwrap_err()
    };
    // The response around it is not signed.
    assert!(matches!(
        with(Cbc::InSignedResponse),
        Refused::Response(ResponseFault::Encryption(EncryptionFault::Cbc))
    ));
    assert!(matches!(
        with(Cbc::DangerousAlways),
        Refused::Response(ResponseFault::Encryption(EncryptionFault::Undecryptable))
    ));
}

#[test]
fn an_encrypted_assertion_out_of_place_is_refused() {
    let xml = usual();
    let assertion = element(&xml, "saml:EncryptedAssertion");
    let inner = format!("<samlp:Extensions>{assertion}</samlp:Extensions>");
    let forged = swap(&xml, "</saml:Issuer>", &format!("</saml:Issuer>{inner}"));
    assert!(matches!(
        deliver(&forged).unwrap_err(),
        Refused::Message(MessageFault::Misplaced(_))
    ));
}
