//! Signing an element that is being put together.

use data_encoding::BASE64;

use crate::{
    BuildFault, Credential,
    names::{DSIG, ENVELOPED, EXCLUSIVE},
    xml::{Build, Limits, canonicalize, parse},
};

use super::{Digest, SignatureMethod, sha256};

/// Signs an element and puts the signature at this place among its children. The element
/// declares every prefix that it uses, so its canonical form is the same wherever it will stand.
pub(crate) fn sign_enveloped(
    element: &mut Build,
    id: &str,
    at: usize,
    credential: &Credential,
) -> Result<(), BuildFault> {
    let digest = sha256(canonical(element)?.as_bytes());
    let info = signed_info(id, &BASE64.encode(digest.as_ref()));
    let value = credential.sign(canonical(&info)?.as_bytes())?;
    element.insert(at, signature(info, &value, credential));
    Ok(())
}

/// By the same reader and writer that check signatures.
fn canonical(element: &Build) -> Result<String, BuildFault> {
    let document = parse(element.to_xml().as_bytes(), Limits::METADATA)?;
    let root = document.root().ok_or(BuildFault::Empty)?;
    Ok(canonicalize(root, None, &[]))
}

fn method(name: &'static str, algorithm: &str) -> Build {
    Build::new(name).attribute("Algorithm", algorithm)
}

fn signed_info(id: &str, digest: &str) -> Build {
    let transforms = Build::new("ds:Transforms")
        .child(method("ds:Transform", ENVELOPED))
        .child(method("ds:Transform", EXCLUSIVE));
    let reference = Build::new("ds:Reference")
        .attribute("URI", format!("#{id}"))
        .child(transforms)
        .child(method("ds:DigestMethod", Digest::SHA256_URI))
        .child(Build::new("ds:DigestValue").text(digest));
    let rsa = SignatureMethod::RsaSha256.uri();
    Build::new("ds:SignedInfo")
        .attribute("xmlns:ds", DSIG)
        .child(method("ds:CanonicalizationMethod", EXCLUSIVE))
        .child(method("ds:SignatureMethod", rsa))
        .child(reference)
}

fn signature(info: Build, value: &[u8], credential: &Credential) -> Build {
    Build::new("ds:Signature")
        .attribute("xmlns:ds", DSIG)
        .child(info)
        .child(Build::new("ds:SignatureValue").text(BASE64.encode(value)))
        .child(key_info(credential.certificate().der()))
}

/// `ds:KeyInfo` with a certificate.
pub(crate) fn key_info(certificate: &[u8]) -> Build {
    let certificate = Build::new("ds:X509Certificate").text(BASE64.encode(certificate));
    Build::new("ds:KeyInfo")
        .attribute("xmlns:ds", DSIG)
        .child(Build::new("ds:X509Data").child(certificate))
}
