//! Answers of shapes that we do not make ourselves, truly signed.

use crate::{
    ContentCipher, Decryptor, EncryptionFault, KeyTransport, MessageFault, Recipient,
    SignatureFault,
    encryption::seal,
    sp::{AssertionFault, Cbc, ResponseFault, SignIn, Signed},
    testing::{KEY, MADE, NOW, RSA, Refused, Signer, accept},
};

const TIMES: &str = "2027-01-15T08:00:00Z";

/// The parts of an answer, to be changed.
struct Parts {
    response: &'static str,
    issuer: &'static str,
    assertion: &'static str,
    confirmation: &'static str,
    conditions: &'static str,
    statements: &'static str,
}

const BEARER: &str = "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
    <saml:SubjectConfirmationData InResponseTo=\"_r\" Recipient=\"https://sp.example/acs\" NotOnOrAfter=\"2027-01-15T08:05:00Z\"/>\
    </saml:SubjectConfirmation>";
const AUDIENCE: &str =
    "<saml:AudienceRestriction><saml:Audience>urn:sp</saml:Audience></saml:AudienceRestriction>";
const SIGNED_IN: &str = "<saml:AuthnStatement AuthnInstant=\"2027-01-15T08:00:00Z\"><saml:AuthnContext/></saml:AuthnStatement>";

const USUAL: Parts = Parts {
    response: " Destination=\"https://sp.example/acs\" InResponseTo=\"_r\"",
    issuer: "<saml:Issuer>urn:idp</saml:Issuer>",
    assertion: "",
    confirmation: BEARER,
    conditions: AUDIENCE,
    statements: SIGNED_IN,
};

impl Parts {
    fn xml(&self) -> String {
        assert_eq!(crate::instant::read(TIMES), Some(NOW));
        format!(
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" ID=\"_1\" Version=\"2.0\" IssueInstant=\"{TIMES}\"{}>{}\
             <samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>\n  \
             <saml:Assertion ID=\"_2\" Version=\"2.0\" IssueInstant=\"{TIMES}\"{}>\n\
             <saml:Issuer>urn:idp</saml:Issuer><saml:Subject><saml:NameID>ana</saml:NameID>{}</saml:Subject>\
             <saml:Conditions>{}</saml:Conditions>{}</saml:Assertion></samlp:Response>",
            self.response,
            self.issuer,
            self.assertion,
            self.confirmation,
            self.conditions,
            self.statements
        )
    }

    fn signed_assertion(&self) -> Result<SignIn, Refused> {
        take(&RSA.sign(&self.xml(), "_2"))
    }

    #[track_caller]
    fn fault(&self) -> AssertionFault {
        match self.signed_assertion().unwrap_err() {
            Refused::Response(ResponseFault::Assertion(fault)) => fault,
            other => panic!("{other:?}"),
        }
    }
}

fn take(xml: &str) -> Result<SignIn, Refused> {
    accept(xml, KEY.certificate(), |_| {})
}

#[track_caller]
fn who(outcome: Result<SignIn, Refused>) -> String {
    outcome.unwrap().name_id.unwrap().value
}

#[test]
fn an_assertion_in_a_signed_response_needs_no_signature_of_its_own() {
    let xml = RSA.sign(&USUAL.xml(), "_1");
    assert_eq!(who(take(&xml)), "ana");
    assert_eq!(
        who(accept(&xml, KEY.certificate(), |expected| expected
            .signed =
            Signed::Response)),
        "ana"
    );
    let refused = accept(&xml, KEY.certificate(), |expected| {
        expected.signed = Signed::Assertion
    })
    .unwrap_err();
    assert!(matches!(
        refused,
        Refused::Response(ResponseFault::Signature(SignatureFault::Missing(
            "Assertion"
        )))
    ));
    let changed = take(&xml.replace(">ana<", ">eve<")).unwrap_err();
    assert!(matches!(
        changed,
        Refused::Response(ResponseFault::Signature(SignatureFault::Digest))
    ));
}

/// XSW1 and XSW2 where the response's signature is the only one.
#[test]
fn a_response_that_is_signed_as_a_whole_is_not_wrapped() {
    let signed = RSA.sign(&USUAL.xml(), "_1");
    let start = signed.find("<ds:Signature ").unwrap();
    let end = signed.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let signature = &signed[start..end];
    let original = USUAL.xml();
    let forged = original.replace(">ana<", ">eve<");
    let other_ids = forged
        .replace("\"_1\"", "\"_e1\"")
        .replace("\"_2\"", "\"_e2\"");
    let within = signature.replace(
        "</ds:Signature>",
        &format!("<ds:Object>{original}</ds:Object></ds:Signature>"),
    );
    let detached = format!("{original}{signature}");
    let before = format!("{signature}{original}");
    for wrapping in [within, detached, before] {
        for evil in [&forged, &other_ids] {
            let issuer = "<saml:Issuer>urn:idp</saml:Issuer>";
            let xml = evil.replacen(issuer, &format!("{issuer}{wrapping}"), 1);
            assert!(matches!(take(&xml).unwrap_err(), Refused::Message(_)));
        }
    }
    let moved = other_ids.replacen("<samlp:Status>", &format!("{signature}<samlp:Status>"), 1);
    assert!(matches!(
        take(&moved).unwrap_err(),
        Refused::Response(ResponseFault::Signature(SignatureFault::Reference))
    ));
}

#[test]
fn a_signed_response_says_for_where_and_from_whom_it_is() {
    let nowhere = Parts {
        response: " InResponseTo=\"_r\"",
        ..USUAL
    };
    let refused = take(&RSA.sign(&nowhere.xml(), "_1")).unwrap_err();
    assert!(matches!(
        refused,
        Refused::Response(ResponseFault::Unaddressed("Destination"))
    ));
    // Where only the assertion is signed, the assertion says it.
    assert_eq!(who(nowhere.signed_assertion()), "ana");
    let anonymous = Parts {
        issuer: "",
        ..USUAL
    };
    assert_eq!(who(anonymous.signed_assertion()), "ana");
    let refused = take(&RSA.sign(&anonymous.xml(), "_1")).unwrap_err();
    // The signature would not stand after the issuer of its own element.
    assert!(matches!(
        refused,
        Refused::Response(_) | Refused::Message(_)
    ));
}

#[test]
fn prefixes_that_a_signature_lists_are_taken_into_what_is_signed() {
    let typed = Parts {
        statements: "<saml:AuthnStatement AuthnInstant=\"2027-01-15T08:00:00Z\"><saml:AuthnContext/></saml:AuthnStatement>\
            <saml:AttributeStatement><saml:Attribute Name=\"a\"><saml:AttributeValue xsi:type=\"xs:string\">v</saml:AttributeValue>\
            </saml:Attribute></saml:AttributeStatement>",
        ..USUAL
    };
    let listing = Signer {
        inclusive: &["xs"],
        ..RSA
    };
    let xml = listing.sign(&typed.xml(), "_2");
    assert_eq!(take(&xml).unwrap().values("a").collect::<Vec<_>>(), ["v"]);
    // What the type's prefix stands for is signed, too.
    let rebound = xml.replacen("http://www.w3.org/2001/XMLSchema\"", "urn:x\"", 1);
    assert!(matches!(
        take(&rebound).unwrap_err(),
        Refused::Response(ResponseFault::Signature(SignatureFault::Digest))
    ));
}

#[test]
fn ecdsa_signatures_are_taken_from_keys_of_their_kind() {
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
    };
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let certificate = rcgen::CertificateParams::default()
        .self_signed(&pair)
        .unwrap();
    let certificate = crate::Certificate::from_der(certificate.der()).unwrap();
    let key =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pair.serialized_der()).unwrap();
    let sign = |data: &[u8]| {
        key.sign(&SystemRandom::new(), data)
            .unwrap()
            .as_ref()
            .to_vec()
    };
    let signer = Signer {
        method: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        inclusive: &[],
        sign: &sign,
    };
    let xml = signer.sign(&USUAL.xml(), "_2");
    assert_eq!(who(accept(&xml, &certificate, |_| {})), "ana");
    assert!(take(&xml).is_err());
}

#[test]
fn a_sha1_signature_that_would_hold_is_refused() {
    // Whatever the bytes: the method is refused before a key is tried.
    let signer = Signer {
        method: "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        ..RSA
    };
    let refused = take(&signer.sign(&USUAL.xml(), "_2")).unwrap_err();
    assert!(matches!(
        refused,
        Refused::Response(ResponseFault::Signature(SignatureFault::Algorithm { .. }))
    ));
}

/// The public key as an HMAC secret, as it is in reach of everybody.
#[test]
fn an_hmac_under_the_public_key_is_refused() {
    let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, KEY.certificate().der());
    let sign = |data: &[u8]| aws_lc_rs::hmac::sign(&secret, data).as_ref().to_vec();
    let signer = Signer {
        method: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        inclusive: &[],
        sign: &sign,
    };
    let refused = take(&signer.sign(&USUAL.xml(), "_2")).unwrap_err();
    assert!(matches!(
        refused,
        Refused::Response(ResponseFault::Signature(SignatureFault::Algorithm { .. }))
    ));
}

#[test]
fn conditions_are_for_us_and_understood() {
    let with = |conditions| Parts {
        conditions,
        ..USUAL
    };
    assert!(matches!(with("").fault(), AssertionFault::Shape(_)));
    let both = "<saml:AudienceRestriction><saml:Audience>urn:x</saml:Audience><saml:Audience>urn:sp</saml:Audience></saml:AudienceRestriction>\
        <saml:OneTimeUse/><saml:ProxyRestriction Count=\"0\"/>";
    assert_eq!(who(with(both).signed_assertion()), "ana");
    let one_not = "<saml:AudienceRestriction><saml:Audience>urn:sp</saml:Audience></saml:AudienceRestriction>\
        <saml:AudienceRestriction><saml:Audience>urn:x</saml:Audience></saml:AudienceRestriction>";
    assert!(matches!(with(one_not).fault(), AssertionFault::Audience(_)));
    let unknown = "<saml:AudienceRestriction><saml:Audience>urn:sp</saml:Audience></saml:AudienceRestriction><saml:Condition/>";
    assert!(matches!(
        with(unknown).fault(),
        AssertionFault::Condition(_)
    ));
}

#[test]
fn a_confirmation_is_by_bearer_and_complete() {
    let with = |confirmation| Parts {
        confirmation,
        ..USUAL
    };
    let is_unconfirmed = |confirmation| {
        let fault = with(confirmation).fault();
        let is = matches!(
            fault,
            AssertionFault::Confirmation(_) | AssertionFault::Shape(_)
        );
        assert!(is, "{fault:?}");
    };
    is_unconfirmed("");
    is_unconfirmed(
        "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:holder-of-key\"/>",
    );
    is_unconfirmed("<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"/>");
    is_unconfirmed(
        "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
         <saml:SubjectConfirmationData InResponseTo=\"_r\" Recipient=\"https://sp.example/acs\"/></saml:SubjectConfirmation>",
    );
    is_unconfirmed(
        "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
         <saml:SubjectConfirmationData InResponseTo=\"_r\" Recipient=\"https://sp.example/acs\" \
         NotBefore=\"2027-01-15T07:00:00Z\" NotOnOrAfter=\"2027-01-15T08:05:00Z\"/></saml:SubjectConfirmation>",
    );
    is_unconfirmed(
        "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
         <saml:SubjectConfirmationData Recipient=\"https://sp.example/acs\" NotOnOrAfter=\"2027-01-15T08:05:00Z\"/></saml:SubjectConfirmation>",
    );
    let second = "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:sender-vouches\"/>\
        <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
        <saml:SubjectConfirmationData InResponseTo=\"_r\" Recipient=\"https://sp.example/acs\" NotOnOrAfter=\"2027-01-15T08:05:00Z\"/>\
        </saml:SubjectConfirmation>";
    assert_eq!(who(with(second).signed_assertion()), "ana");
}

#[test]
fn exactly_one_statement_says_that_somebody_signed_in() {
    let with = |statements| Parts {
        statements,
        ..USUAL
    };
    assert!(matches!(with("").fault(), AssertionFault::Shape(_)));
    let twice = "<saml:AuthnStatement AuthnInstant=\"2027-01-15T08:00:00Z\"><saml:AuthnContext/></saml:AuthnStatement>\
        <saml:AuthnStatement AuthnInstant=\"2027-01-15T08:00:00Z\"><saml:AuthnContext/></saml:AuthnStatement>";
    assert!(matches!(with(twice).fault(), AssertionFault::TooMuch(_)));
}

#[test]
fn values_that_are_structures_are_left_out_but_for_names() {
    let structured = Parts {
        statements: "<saml:AuthnStatement AuthnInstant=\"2027-01-15T08:00:00Z\"><saml:AuthnContext/></saml:AuthnStatement>\
            <saml:AttributeStatement><saml:Attribute Name=\"a\"><saml:AttributeValue><saml:NameID>t</saml:NameID></saml:AttributeValue>\
            <saml:AttributeValue><xs:odd>no</xs:odd></saml:AttributeValue><saml:AttributeValue/></saml:Attribute></saml:AttributeStatement>",
        ..USUAL
    };
    let signed_in = structured.signed_assertion().unwrap();
    assert_eq!(signed_in.values("a").collect::<Vec<_>>(), ["t", ""]);
    let encrypted = Parts {
        statements: "<saml:AuthnStatement AuthnInstant=\"2027-01-15T08:00:00Z\"><saml:AuthnContext/></saml:AuthnStatement>\
            <saml:AttributeStatement><saml:EncryptedAttribute/></saml:AttributeStatement>",
        ..USUAL
    };
    assert!(matches!(encrypted.fault(), AssertionFault::Shape(_)));
}

#[test]
fn an_assertion_within_advice_is_refused() {
    let advised = Parts {
        conditions: "<saml:AudienceRestriction><saml:Audience>urn:sp</saml:Audience></saml:AudienceRestriction></saml:Conditions>\
            <saml:Advice><saml:Assertion ID=\"_3\"/></saml:Advice><saml:Conditions>",
        ..USUAL
    };
    assert!(matches!(
        advised.signed_assertion().unwrap_err(),
        Refused::Message(MessageFault::Misplaced(_))
    ));
}

#[test]
fn nothing_of_a_message_shows_in_its_debug_output() {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair(
        "SAMLResponse",
        &data_encoding::BASE64.encode(USUAL.xml().as_bytes()),
    );
    let message = crate::Message::from_post(form.finish().as_bytes()).unwrap();
    assert_eq!(format!("{message:?}"), "Message(Response by Post)");
}

/// The usual answer with its assertion encrypted as it stands: it leans on the declarations
/// around it.
fn encrypted() -> String {
    let xml = USUAL.xml();
    let start = xml.find("<saml:Assertion").unwrap();
    let end = xml.find("</samlp:Response>").unwrap();
    let recipient = Recipient {
        certificate: KEY.certificate().clone(),
        key_transport: KeyTransport::OaepSha1,
        cipher: ContentCipher::Aes256Gcm,
    };
    let sealed = seal(&xml[start..end], &recipient).unwrap().to_xml();
    format!("{}{sealed}{}", &xml[..start], &xml[end..])
}

#[test]
fn an_encrypted_assertion_is_believed_for_the_signed_response_around_it_only() {
    let keys = [Decryptor::new(&MADE.private_key).unwrap()];
    let take = |xml: &str| {
        accept(xml, KEY.certificate(), |expected| {
            expected.decryption = &keys
        })
    };
    let signed_in = take(&RSA.sign(&encrypted(), "_1")).unwrap();
    assert!(signed_in.was_encrypted);
    assert_eq!(signed_in.name_id.unwrap().value, "ana");
    assert!(matches!(
        take(&encrypted()).unwrap_err(),
        Refused::Response(ResponseFault::Signature(SignatureFault::Missing(
            "Assertion"
        )))
    ));
    // Another ciphertext in a response that was signed.
    let signed = RSA.sign(&encrypted(), "_1");
    let start = signed.find("<saml:EncryptedAssertion").unwrap();
    let other = encrypted();
    let from = other.find("<saml:EncryptedAssertion").unwrap();
    let swapped = format!("{}{}", &signed[..start], &other[from..]);
    assert!(matches!(
        take(&swapped).unwrap_err(),
        Refused::Response(ResponseFault::Signature(SignatureFault::Digest))
    ));
}

/// The same, by AES-CBC: the key is sealed as usual, the content as old providers do.
fn encrypted_by_cbc() -> String {
    use aws_lc_rs::cipher::{
        AES_256, DecryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey,
    };
    let xml = USUAL.xml();
    let start = xml.find("<saml:Assertion").unwrap();
    let end = xml.find("</samlp:Response>").unwrap();
    let key = UnboundCipherKey::new(&AES_256, &[7; 32]).unwrap();
    let mut sealed = xml.as_bytes()[start..end].to_vec();
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).unwrap();
    let DecryptionContext::Iv128(iv) = key.encrypt(&mut sealed).unwrap() else {
        panic!("AES-CBC has an initial vector");
    };
    sealed.splice(..0, iv.as_ref().to_vec());
    let value = data_encoding::BASE64.encode(&sealed);
    let usual = encrypted();
    let content = usual.rfind("<xenc:CipherValue>").unwrap() + "<xenc:CipherValue>".len();
    let behind = usual.rfind("</xenc:CipherValue>").unwrap();
    let swapped = format!("{}{value}{}", &usual[..content], &usual[behind..]);
    let wrapped =
        crate::encryption::wrap(&[7; 32], KEY.certificate(), KeyTransport::OaepSha1).unwrap();
    let first = swapped.find("<xenc:CipherValue>").unwrap() + "<xenc:CipherValue>".len();
    let behind = swapped.find("</xenc:CipherValue>").unwrap();
    let wrapped = data_encoding::BASE64.encode(&wrapped);
    format!("{}{wrapped}{}", &swapped[..first], &swapped[behind..])
        .replace("xmlenc11#aes256-gcm", "xmlenc#aes256-cbc")
        .replace(
            "http://www.w3.org/2009/xmlenc#",
            "http://www.w3.org/2001/04/xmlenc#",
        )
}

#[test]
fn aes_cbc_is_read_in_a_signed_response_where_that_is_allowed() {
    let keys = [Decryptor::new(&MADE.private_key).unwrap()];
    let take = |xml: &str, cbc: Cbc| {
        accept(xml, KEY.certificate(), |expected| {
            expected.decryption = &keys;
            expected.cbc = cbc;
        })
    };
    let signed = RSA.sign(&encrypted_by_cbc(), "_1");
    assert_eq!(who(take(&signed, Cbc::InSignedResponse)), "ana");
    assert!(matches!(
        take(&signed, Cbc::Refused).unwrap_err(),
        Refused::Response(ResponseFault::Encryption(EncryptionFault::Cbc))
    ));
    assert!(matches!(
        take(&encrypted_by_cbc(), Cbc::InSignedResponse).unwrap_err(),
        Refused::Response(ResponseFault::Encryption(EncryptionFault::Cbc))
    ));
}
