//! For this crate's own tests: signatures over whatever one likes, of any shape.

use std::{sync::LazyLock, time::Duration};

use data_encoding::BASE64;
use gw_model::Timestamp;

use crate::{
    Certificate, Credential, Generated, Message, MessageFault,
    signature::Digest,
    sp::{Asked, Cbc, Expected, ResponseFault, SignIn, Signed, check_response},
    xml::{Limits, canonicalize, parse},
};

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

pub(crate) static MADE: LazyLock<Generated> = LazyLock::new(|| {
    let until = NOW.after(Duration::from_secs(3600));
    Credential::generate("idp", Timestamp::from_secs(0), until).unwrap()
});

pub(crate) static KEY: LazyLock<Credential> =
    LazyLock::new(|| Credential::new(&MADE.private_key, &MADE.certificate).unwrap());

/// How a signature is made.
pub(crate) struct Signer<'a> {
    pub(crate) method: &'a str,
    pub(crate) inclusive: &'a [&'a str],
    pub(crate) sign: &'a dyn Fn(&[u8]) -> Vec<u8>,
}

fn rsa(data: &[u8]) -> Vec<u8> {
    KEY.sign(data).unwrap()
}

pub(crate) const RSA: Signer<'static> = Signer {
    method: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    inclusive: &[],
    sign: &rsa,
};

impl Signer<'_> {
    /// Signs the element of this id, and puts the signature after its issuer.
    pub(crate) fn sign(&self, xml: &str, id: &str) -> String {
        let document = parse(xml.as_bytes(), Limits::MESSAGE).unwrap();
        let signed = document.all().find(|node| node.attribute("ID") == Some(id));
        let canonical = canonicalize(signed.unwrap(), None, self.inclusive);
        let digest = BASE64.encode(Digest::Sha256.of(canonical.as_bytes()).as_ref());
        let info = self.signed_info(id, &digest);
        let canonical_info = canonical_of(&info);
        let value = BASE64.encode(&(self.sign)(canonical_info.as_bytes()));
        let signature = format!(
            "<ds:Signature xmlns:ds=\"{}\">{info}<ds:SignatureValue>{value}</ds:SignatureValue></ds:Signature>",
            crate::names::DSIG
        );
        let element = xml.find(&format!("ID=\"{id}\"")).unwrap();
        let issuer = xml[element..].find("</saml:Issuer>").unwrap();
        let place = element + issuer + "</saml:Issuer>".len();
        format!("{}{signature}{}", &xml[..place], &xml[place..])
    }

    fn signed_info(&self, id: &str, digest: &str) -> String {
        let exclusive = crate::names::EXCLUSIVE;
        let list = self.inclusive.join(" ");
        let parameters = if list.is_empty() {
            String::new()
        } else {
            format!("<ec:InclusiveNamespaces xmlns:ec=\"{exclusive}\" PrefixList=\"{list}\"/>")
        };
        format!(
            "<ds:SignedInfo xmlns:ds=\"{}\"><ds:CanonicalizationMethod Algorithm=\"{exclusive}\"/>\
             <ds:SignatureMethod Algorithm=\"{}\"/><ds:Reference URI=\"#{id}\"><ds:Transforms>\
             <ds:Transform Algorithm=\"{}\"/><ds:Transform Algorithm=\"{exclusive}\">{parameters}</ds:Transform>\
             </ds:Transforms><ds:DigestMethod Algorithm=\"{}\"/><ds:DigestValue>{digest}</ds:DigestValue>\
             </ds:Reference></ds:SignedInfo>",
            crate::names::DSIG,
            self.method,
            crate::names::ENVELOPED,
            Digest::SHA256_URI,
        )
    }
}

fn canonical_of(xml: &str) -> String {
    let document = parse(xml.as_bytes(), Limits::MESSAGE).unwrap();
    canonicalize(document.root().unwrap(), None, &[])
}

/// Why nobody was signed in.
#[derive(Debug)]
pub(crate) enum Refused {
    Message(MessageFault),
    Response(ResponseFault),
}

/// With what the tests' service provider checks, and how that is changed.
pub(crate) fn accept<'a>(
    xml: &str,
    certificate: &'a Certificate,
    change: impl FnOnce(&mut Expected<'a>),
) -> Result<SignIn, Refused> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("SAMLResponse", &BASE64.encode(xml.as_bytes()));
    let message = Message::from_post(form.finish().as_bytes()).map_err(Refused::Message)?;
    let mut expected = Expected {
        now: NOW,
        leeway: Duration::from_secs(60),
        age_max: Duration::from_secs(600),
        idp: "urn:idp",
        idp_certificates: std::slice::from_ref(certificate),
        sp: "urn:sp",
        acs_url: "https://sp.example/acs",
        asked: Asked::Request("_r"),
        signed: Signed::Either,
        decryption: &[],
        cbc: Cbc::Refused,
    };
    change(&mut expected);
    check_response(&message, &expected).map_err(Refused::Response)
}
