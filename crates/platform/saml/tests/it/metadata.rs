//! What each side says of itself, and what it takes from the other.

use gw_saml::{
    Binding, ContentCipher, KeyTransport, SignatureFault, formats,
    limits::ENDPOINTS_MAX,
    metadata::{MetadataFault, OurIdp, OurSp, Reading, read},
};

use crate::support::{
    ACS, ATTACKER, IDP, NOW, PROVIDER, SERVICE, SP, SSO, element, id, secs, swap,
};

const READING: Reading<'static> = Reading {
    now: NOW,
    entity_id: None,
    signers: &[],
};

fn our_idp() -> String {
    let certificates = [PROVIDER.certificates(), ATTACKER.certificates()].concat();
    let idp = OurIdp {
        entity_id: IDP,
        valid_until: Some(NOW.after(secs(3600))),
        signing: &certificates,
        sso_url: SSO,
        logout_url: Some("https://idp.example/slo"),
        want_authn_requests_signed: true,
        name_id_formats: &[formats::PERSISTENT, formats::EMAIL],
    };
    idp.to_xml(None).unwrap()
}

fn our_sp() -> String {
    let certificates = SERVICE.certificates();
    let sp = OurSp {
        entity_id: SP,
        valid_until: None,
        signing: &certificates,
        encryption: &certificates,
        acs_urls: &[ACS],
        logout_url: None,
        name_id_formats: &[],
    };
    sp.to_xml(None).unwrap()
}

fn fault(xml: &str) -> MetadataFault {
    read(xml.as_bytes(), &READING).unwrap_err()
}

#[test]
fn a_providers_metadata_is_read_as_it_was_written() {
    let entity = read(our_idp().as_bytes(), &READING).unwrap();
    assert_eq!(entity.entity_id, IDP);
    assert_eq!(entity.valid_until, Some(NOW.after(secs(3600))));
    assert!(entity.sp.is_none());
    let idp = entity.idp.unwrap();
    assert!(idp.want_authn_requests_signed);
    assert_eq!(
        idp.signing,
        [PROVIDER.certificates(), ATTACKER.certificates()].concat()
    );
    assert_eq!(idp.name_id_formats, [formats::PERSISTENT, formats::EMAIL]);
    for binding in [Binding::Redirect, Binding::Post] {
        assert_eq!(idp.single_sign_on_by(binding).unwrap().location, SSO);
        let logout = idp.single_logout_by(binding).unwrap();
        assert_eq!(logout.response(), "https://idp.example/slo");
    }
}

#[test]
fn a_services_metadata_is_read_as_it_was_written() {
    let sp = read(our_sp().as_bytes(), &READING).unwrap().sp.unwrap();
    assert!(sp.authn_requests_signed && sp.want_assertions_signed);
    assert_eq!(sp.signing, SERVICE.certificates());
    let [consumer] = sp.consumers.as_slice() else {
        panic!("{:?}", sp.consumers);
    };
    assert_eq!(
        (
            consumer.location.as_str(),
            consumer.index,
            consumer.is_default
        ),
        (ACS, 0, true)
    );
    let recipient = sp.recipient().unwrap();
    assert_eq!(recipient.certificate, SERVICE.certificates()[0]);
    assert_eq!(recipient.key_transport, KeyTransport::OaepSha1);
    assert_eq!(recipient.cipher, ContentCipher::Aes256Gcm);
}

#[test]
fn a_service_says_how_it_wants_to_be_encrypted_to() {
    let methods = "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-1_5\"/>\
        <md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#rsa-oaep\">\
        <ds:DigestMethod xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>\
        <x:MGF xmlns:x=\"http://www.w3.org/2009/xmlenc11#\" Algorithm=\"http://www.w3.org/2009/xmlenc11#mgf1sha256\"/>\
        </md:EncryptionMethod>\
        <md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes128-gcm\"/>";
    let xml = our_sp();
    let at = xml.rfind("</md:KeyDescriptor>").unwrap();
    let xml = format!("{}{methods}{}", &xml[..at], &xml[at..]);
    let sp = read(xml.as_bytes(), &READING).unwrap().sp.unwrap();
    let recipient = sp.recipient().unwrap();
    assert_eq!(recipient.key_transport, KeyTransport::OaepSha256);
    assert_eq!(recipient.cipher, ContentCipher::Aes128Gcm);
}

#[test]
fn a_service_that_reads_only_what_we_do_not_write_is_not_encrypted_to() {
    for only in [
        "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
        "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
    ] {
        let xml = our_sp();
        let at = xml.rfind("</md:KeyDescriptor>").unwrap();
        let method = format!("<md:EncryptionMethod Algorithm=\"{only}\"/>");
        let xml = format!("{}{method}{}", &xml[..at], &xml[at..]);
        let sp = read(xml.as_bytes(), &READING).unwrap().sp.unwrap();
        assert!(sp.recipient().is_none(), "{only}");
    }
}

#[test]
fn a_key_without_use_is_for_both() {
    let xml = our_sp().replace(" use=\"signing\"", "");
    let sp = read(xml.as_bytes(), &READING).unwrap().sp.unwrap();
    assert_eq!((sp.signing.len(), sp.encryption.len()), (1, 2));
}

#[test]
fn metadata_that_is_over_is_refused() {
    let late = Reading {
        now: NOW.after(secs(3600)),
        ..READING
    };
    let refused = read(our_idp().as_bytes(), &late).unwrap_err();
    assert!(matches!(refused, MetadataFault::Expired(_)));
}

#[test]
fn of_a_collection_one_entity_is_taken_by_its_name() {
    let all = format!(
        "<!-- federation --><md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}{}</md:EntitiesDescriptor>",
        our_idp(),
        our_sp()
    );
    assert_eq!(fault(&all), MetadataFault::Collection);
    let named = |name| {
        let reading = Reading {
            entity_id: Some(name),
            ..READING
        };
        read(all.as_bytes(), &reading)
    };
    assert_eq!(named(SP).unwrap().entity_id, SP);
    assert!(matches!(
        named("urn:other").unwrap_err(),
        MetadataFault::Unknown(_)
    ));
    let twice = swap(&all, SP, IDP);
    let reading = Reading {
        entity_id: Some(IDP),
        ..READING
    };
    assert!(matches!(
        read(twice.as_bytes(), &reading).unwrap_err(),
        MetadataFault::Unknown(_)
    ));
}

#[test]
fn signed_metadata_is_signed_by_who_has_to() {
    let (signature_id, certificates) = (id(8), SERVICE.certificates());
    let sp = OurSp {
        entity_id: SP,
        valid_until: None,
        signing: &certificates,
        encryption: &[],
        acs_urls: &[ACS],
        logout_url: None,
        name_id_formats: &[],
    };
    let xml = sp
        .to_xml(Some((&SERVICE.credential, &signature_id)))
        .unwrap();
    let reading = Reading {
        signers: &certificates,
        ..READING
    };
    assert!(read(xml.as_bytes(), &reading).is_ok());
    let changed = swap(&xml, ACS, "https://evil.example/acs");
    let digest = MetadataFault::Signature(SignatureFault::Digest);
    assert_eq!(read(changed.as_bytes(), &reading).unwrap_err(), digest);
    let unsigned = swap(&xml, element(&xml, "ds:Signature"), "");
    let refused = read(unsigned.as_bytes(), &reading).unwrap_err();
    assert!(matches!(
        refused,
        MetadataFault::Signature(SignatureFault::Missing(_))
    ));
    let others = PROVIDER.certificates();
    let reading = Reading {
        signers: &others,
        ..READING
    };
    let key = MetadataFault::Signature(SignatureFault::Key);
    assert_eq!(read(xml.as_bytes(), &reading).unwrap_err(), key);
}

#[test]
fn addresses_that_are_no_web_addresses_are_refused() {
    for other in [
        "javascript:alert(1)",
        "data:text/html,x",
        "/acs",
        "https://a b/",
    ] {
        let xml = our_sp().replace(ACS, other);
        assert!(matches!(fault(&xml), MetadataFault::Shape(_)), "{other}");
    }
}

#[test]
fn what_is_no_metadata_or_too_much_of_it_is_refused() {
    assert!(matches!(fault("<a/>"), MetadataFault::Kind(_)));
    assert!(matches!(fault("<!DOCTYPE a><a/>"), MetadataFault::Xml(_)));
    let saml1 = our_sp().replace(
        "urn:oasis:names:tc:SAML:2.0:protocol",
        "urn:oasis:names:tc:SAML:1.1:protocol",
    );
    assert_eq!(fault(&saml1), MetadataFault::Roleless);
    let format = "<md:NameIDFormat>x</md:NameIDFormat>".repeat(ENDPOINTS_MAX + 1);
    let many = swap(
        &our_sp(),
        "<md:AssertionConsumerService",
        &format!("{format}<md:AssertionConsumerService"),
    );
    assert!(matches!(fault(&many), MetadataFault::TooMuch(_)));
    let broken = our_sp().replace("<ds:X509Certificate>M", "<ds:X509Certificate>N");
    assert!(matches!(fault(&broken), MetadataFault::Key(_)));
    let certificate = element(&our_sp(), "ds:X509Certificate").to_owned();
    let many = swap(&our_sp(), &certificate, &certificate.repeat(9));
    assert!(matches!(fault(&many), MetadataFault::TooMuch(_)));
}

#[test]
fn a_certificate_that_cannot_be_used_may_stand_beside_one_that_can() {
    let xml = our_sp();
    let half = swap(&xml, "<ds:X509Certificate>M", "<ds:X509Certificate>N");
    let sp = read(half.as_bytes(), &READING).unwrap().sp.unwrap();
    assert_eq!((sp.signing.len(), sp.encryption.len()), (0, 1));
}
