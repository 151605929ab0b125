//! Providers of identities: which of the two protocols, and what their metadata says.

use std::{path::Path, sync::LazyLock, time::Duration};

use gw_model::{ProviderProtocol, SamlBinding, SamlNames, SamlProvider, Timestamp};
use gw_saml::{Certificate, Credential, metadata::OurIdp};

use super::{SMALL, checked, faults};

const UNTIL: Timestamp = Timestamp::from_secs(1_000);

static CERTIFICATE: LazyLock<Certificate> = LazyLock::new(|| {
    let until = UNTIL.after(Duration::from_secs(1));
    let made = Credential::generate("idp", Timestamp::from_secs(0), until).unwrap();
    Certificate::from_der(&made.certificate).unwrap()
});

fn metadata(signing: &[Certificate], sso_url: &str) -> String {
    let idp = OurIdp {
        entity_id: "https://idp.test/entity",
        valid_until: Some(UNTIL),
        signing,
        sso_url,
        logout_url: Some("https://idp.test/slo"),
        want_authn_requests_signed: true,
        name_id_formats: &[],
    };
    idp.to_xml(None).unwrap()
}

/// The files beside the configuration.
pub(super) fn file(path: &Path) -> Result<Vec<u8>, String> {
    let signing = std::slice::from_ref(&*CERTIFICATE);
    let good = || metadata(signing, "https://idp.test/sso");
    let wrapped = |inner: String| {
        format!(
            "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{inner}</md:EntitiesDescriptor>"
        )
    };
    let text = match path.to_str().unwrap_or_default() {
        "/etc/gatewright/corp.xml" => good(),
        "/etc/gatewright/many.xml" => wrapped(good()),
        "/etc/gatewright/keyless.xml" => metadata(&[], "https://idp.test/sso"),
        "/etc/gatewright/plain.xml" => metadata(signing, "http://idp.test/sso"),
        "/etc/gatewright/broken.xml" => "<x".to_owned(),
        _ => return Err("no such file".to_owned()),
    };
    Ok(text.into_bytes())
}

fn with(keys: &str) -> String {
    format!("{SMALL}\n[[provider]]\nname = \"corp\"\n{keys}\n")
}

fn saml(keys: &str) -> SamlProvider {
    let config = checked(&with(keys)).unwrap();
    assert!(
        config.providers.is_empty(),
        "nothing is kept in files of it"
    );
    let provider = config.wanted.providers.first().unwrap();
    assert_eq!(&*provider.issuer, "https://idp.test/entity");
    provider.protocol.saml().unwrap().clone()
}

#[test]
fn a_provider_with_metadata_speaks_saml_as_it_says() {
    let usual = saml("metadata = \"corp.xml\"");
    assert_eq!(&*usual.sign_on.location, "https://idp.test/sso");
    assert_eq!(usual.sign_on.binding, SamlBinding::Redirect);
    let out = usual.sign_out.unwrap();
    assert_eq!(&*out.response, "https://idp.test/slo");
    assert_eq!(usual.certificates.len(), 1);
    assert!(Certificate::from_text(&usual.certificates[0]).unwrap() == *CERTIFICATE);
    assert_eq!(usual.names, SamlNames::Persistent);
    assert!(usual.signs_requests && !usual.wants_encrypted && !usual.unsolicited);
    assert_eq!(
        usual.valid_until,
        Some(UNTIL),
        "what is out of date is read, and says so"
    );
    let other =
        saml("metadata = \"corp.xml\"\nnames = \"email\"\nencrypted = true\nunsolicited = true");
    assert_eq!(other.names, SamlNames::Email);
    assert!(other.wants_encrypted && other.unsolicited);
}

#[test]
fn one_of_several_entities_is_named() {
    let named = "metadata = \"many.xml\"\nentity_id = \"https://idp.test/entity\"";
    assert_eq!(saml(named).certificates.len(), 1);
    let unnamed = faults(&with("metadata = \"many.xml\""));
    assert!(
        unnamed.contains(
            "provider[0].entity_id: `/etc/gatewright/many.xml`: the metadata is a collection"
        ),
        "{unnamed}"
    );
    let missing = faults(&with("metadata = \"many.xml\"\nentity_id = \"x\""));
    assert!(missing.contains("has no entity `x`"), "{missing}");
}

#[test]
fn the_two_protocols_are_not_mixed() {
    let both = faults(&with(
        "metadata = \"corp.xml\"\nissuer = \"https://idp.test\"\nscopes = []\nclient_id = \"x\"",
    ));
    for key in ["issuer", "scopes", "client_id"] {
        assert!(
            both.contains(&format!("provider[0].{key}: is about OpenID Connect")),
            "{both}"
        );
    }
    let without = faults(&with(
        "issuer = \"https://idp.test\"\nclient_id = \"x\"\nencrypted = true",
    ));
    assert!(
        without.contains("provider[0].encrypted: is about SAML"),
        "{without}"
    );
    let neither = faults(&with(""));
    assert!(
        neither.contains("provider[0].issuer: is missing"),
        "{neither}"
    );
    let half = faults(&with("issuer = \"https://idp.test\""));
    assert!(half.contains("provider[0].client_id: is missing"), "{half}");
    let oidc = checked(&with("issuer = \"https://idp.test\"\nclient_id = \"x\"")).unwrap();
    let provider = oidc.wanted.providers.first().unwrap();
    assert!(matches!(provider.protocol, ProviderProtocol::Oidc { .. }));
    assert_eq!(oidc.providers.len(), 1);
}

#[test]
fn metadata_that_cannot_be_used_is_a_fault_with_its_line_and_key_among_all_others() {
    for (file, why) in [
        ("missing.xml", "cannot be read: no such file"),
        ("broken.xml", "broken.xml`: "),
        ("keyless.xml", "has no certificate for signing"),
        (
            "plain.xml",
            "the address `http://idp.test/sso` is none at `https://`",
        ),
    ] {
        let told = faults(&with(&format!("metadata = \"{file}\"\nfancy = 1")));
        assert!(
            told.contains("provider[0].metadata: `/etc/gatewright/"),
            "{told}"
        );
        assert!(told.contains(why), "{told}");
        assert!(
            told.contains("provider[0].fancy: is not a key here"),
            "{told}"
        );
        assert!(told.contains("F:34: "), "{told}");
    }
}

#[test]
fn what_makes_no_sense_by_saml_is_refused() {
    let told = faults(&with(
        "metadata = \"corp.xml\"\nsign_requests = false\n[provider.people]\nfound_by = \"verified-email\"\n[provider.multi_factor]\namr = [\"mfa\"]",
    ));
    for why in [
        "provider[0].sign_requests: is false, and the provider takes signed requests only",
        "provider[0].people: has `found_by = \"verified-email\"`",
        "provider[0].multi_factor: has `amr`",
    ] {
        assert!(told.contains(why), "{told}");
    }
    let twice =
        with("metadata = \"corp.xml\"\n[[provider]]\nname = \"other\"\nmetadata = \"corp.xml\"");
    assert!(
        faults(&twice).contains("provider[1].metadata: is that of `https://idp.test/entity`"),
        "{}",
        faults(&twice)
    );
}
