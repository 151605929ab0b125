//! Apps that speak SAML: what their metadata and the file say of them.

use std::{path::Path, sync::LazyLock};

use gw_model::{SamlBinding, SamlClient, SamlClientNames, SamlFact, Timestamp};
use gw_saml::{Certificate, Credential, metadata::OurSp};

use super::{SMALL, checked, faults};

static CERTIFICATE: LazyLock<Certificate> = LazyLock::new(|| {
    let (from, until) = (Timestamp::from_secs(0), Timestamp::from_secs(1_000));
    let made = Credential::generate("sp", from, until).unwrap();
    Certificate::from_der(&made.certificate).unwrap()
});

fn metadata(signing: &[Certificate], encryption: &[Certificate], acs: &str) -> String {
    let sp = OurSp {
        entity_id: "https://books.test/entity",
        valid_until: Some(Timestamp::from_secs(1_000)),
        signing,
        encryption,
        acs_urls: &[acs, "https://books.test/second"],
        logout_url: Some("https://books.test/slo"),
        name_id_formats: &[],
    };
    sp.to_xml(None).unwrap()
}

/// The files beside the configuration.
pub(super) fn file(path: &Path) -> Option<Vec<u8>> {
    let key = std::slice::from_ref(&*CERTIFICATE);
    let acs = "https://books.test/acs";
    let text = match path.to_str().unwrap_or_default() {
        "/etc/gatewright/books.xml" => metadata(key, key, acs),
        "/etc/gatewright/books-keyless.xml" => metadata(&[], &[], acs),
        "/etc/gatewright/books-unsigned.xml" => {
            let signed = "AuthnRequestsSigned=\"true\"";
            metadata(key, &[], acs).replace(signed, "AuthnRequestsSigned=\"false\"")
        }
        "/etc/gatewright/books-plain.xml" => metadata(key, key, "http://books.test/acs"),
        _ => return None,
    };
    Some(text.into_bytes())
}

fn with(keys: &str) -> String {
    format!("{SMALL}\n[[client]]\nname = \"books\"\ntype = \"saml\"\napp = \"wiki\"\n{keys}\n")
}

fn saml(keys: &str) -> SamlClient {
    let config = checked(&with(keys)).unwrap();
    config.wanted.clients[0].saml().unwrap().clone()
}

#[test]
fn an_app_with_metadata_is_as_that_says() {
    let books = saml("metadata = \"books.xml\"");
    assert_eq!(&*books.entity_id, "https://books.test/entity");
    assert_eq!(books.consumers.len(), 2);
    assert!(books.consumers[0].is_default);
    assert_eq!(books.certificates.len(), 1);
    assert!(books.requires_signed, "it has a key for that");
    assert!(books.encryption.is_none() && !books.idp_initiated);
    assert_eq!(books.names, SamlClientNames::Persistent);
    assert_eq!(books.tells, SamlFact::ALL);
    assert_eq!(books.valid_until, Some(Timestamp::from_secs(1_000)));
    let there = books.sign_out.unwrap();
    assert_eq!(there.request.binding, SamlBinding::Redirect);
    let config = checked(&with("metadata = \"books.xml\"")).unwrap();
    assert!(
        config
            .followed
            .iter()
            .any(|file| file == Path::new("/etc/gatewright/books.xml"))
    );
}

#[test]
fn what_the_file_says_beside_it_counts() {
    let said = saml(
        "metadata = \"books-unsigned.xml\"\nnames = \"user-name\"\ntells = [\"groups\"]\nsign_requests = false\nidp_initiated = true",
    );
    assert_eq!(said.names, SamlClientNames::UserName);
    assert_eq!(said.tells, [SamlFact::Groups]);
    assert!(!said.requires_signed && said.idp_initiated);
    let sealed = saml("metadata = \"books.xml\"\nencrypted = true");
    assert!(sealed.encryption.is_some());
    let keyless = saml("metadata = \"books-keyless.xml\"");
    assert!(!keyless.requires_signed);
    assert_eq!(
        keyless.sign_out, None,
        "nobody could tell that it is it who asks"
    );
    let plain = saml("entity_id = \"urn:books\"\nacs = [\"https://books.test/acs\"]");
    assert_eq!(&*plain.entity_id, "urn:books");
    assert!(plain.consumers[0].is_default && plain.certificates.is_empty());
}

#[test]
fn what_makes_no_sense_is_told_by_its_key() {
    for (keys, told) in [
        ("", "client[0].metadata: is missing"),
        (
            "acs = [\"https://books.test/acs\"]",
            "client[0].entity_id: is missing",
        ),
        ("entity_id = \"urn:books\"", "client[0].acs: is missing"),
        (
            "entity_id = \"urn:books\"\nacs = [\"http://books.test/acs\"]",
            "client[0].acs: the address",
        ),
        ("metadata = \"books-plain.xml\"", "is none at `https://`"),
        ("metadata = \"corp.xml\"", "is no service provider"),
        ("metadata = \"nothing.xml\"", "cannot be read"),
        (
            "metadata = \"books.xml\"\nsign_requests = false",
            "client[0].sign_requests: is false",
        ),
        (
            "metadata = \"books-keyless.xml\"\nsign_requests = true",
            "client[0].sign_requests: is true",
        ),
        (
            "metadata = \"books-keyless.xml\"\nencrypted = true",
            "client[0].encrypted: is true",
        ),
        (
            "metadata = \"books.xml\"\nacs = [\"https://books.test/acs\"]",
            "client[0].acs: stands in the metadata",
        ),
        (
            "metadata = \"books.xml\"\ntells = [\"shoe-size\"]",
            "is `shoe-size`, expected `name`",
        ),
        (
            "metadata = \"books.xml\"\nsecrets = [\"a\"]",
            "client[0].secrets: is about clients that speak OpenID Connect",
        ),
        (
            "metadata = \"books.xml\"\nscopes = [\"openid\"]",
            "client[0].scopes: is about clients",
        ),
    ] {
        let faults = faults(&with(keys));
        assert!(faults.contains(told), "{keys}: {faults}");
    }
    let other = format!(
        "{SMALL}\n[[client]]\nname = \"x\"\ntype = \"browser\"\napp = \"wiki\"\nredirect_uris = [\"https://x.test/\"]\nmetadata = \"books.xml\"\n"
    );
    assert!(faults(&other).contains("client[0].metadata: is about SAML"));
    let twice = format!(
        "{}\n[[client]]\nname = \"again\"\ntype = \"saml\"\napp = \"wiki\"\nmetadata = \"books.xml\"\n",
        with("metadata = \"books.xml\"")
    );
    assert!(faults(&twice).contains("which another `[[client]]` is"));
    let without_app = with("metadata = \"books.xml\"").replace("app = \"wiki\"", "");
    assert!(faults(&without_app).contains("client[0].app: is missing"));
}
