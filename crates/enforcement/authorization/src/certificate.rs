//! The certificate that a client showed when the connection was opened (RFC 8705).

use std::net::IpAddr;

use data_encoding::BASE64URL_NOPAD;
use gw_jose::{PublicKey, Thumbprint};
use gw_oauth::CertificateFacts;
use gw_tls::{ShownCertificate, ShownKey};
use serde_json::json;

use crate::visit::Visit;

/// The longest coordinate of a curve that keys of clients are on, in bytes, and its curve's name.
const CURVES: [(usize, &str); 2] = [(32, "P-256"), (48, "P-384")];

/// What is known of it; none where there is none, or it cannot be read.
pub(crate) fn shown(visit: &Visit) -> Option<CertificateFacts> {
    let chain = visit.request.judged.certificates.as_deref()?;
    let believed = visit.server.shared.options.client_authorities.as_ref();
    let shown = ShownCertificate::read(chain, believed, visit.now)?;
    Some(CertificateFacts {
        is_trusted: shown.is_trusted,
        thumbprint: thumbprint(visit),
        key: shown.key.as_ref().and_then(key),
        subject_dn: shown.subject,
        dns_names: shown.dns_names,
        uris: shown.uris,
        addresses: shown.addresses.iter().map(IpAddr::to_string).collect(),
        mailboxes: shown.mailboxes,
    })
}

/// Its `x5t#S256`, which tokens are bound to.
pub(crate) fn thumbprint(visit: &Visit) -> Option<Thumbprint> {
    let chain = visit.request.judged.certificates.as_deref()?;
    chain.first().map(|own| Thumbprint::of_certificate(own))
}

/// The thumbprint of its public key, as that of a JWK (RFC 7638).
fn key(shown: &ShownKey) -> Option<Thumbprint> {
    let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let jwk = match shown {
        ShownKey::Rsa(n, e) => json!({"kty": "RSA", "n": text(n), "e": text(e)}),
        ShownKey::Point(x, y) => {
            let (_, curve) = CURVES.into_iter().find(|(length, _)| *length == x.len())?;
            json!({"kty": "EC", "crv": curve, "x": text(x), "y": text(y)})
        }
    };
    let key = PublicKey::from_jwk(jwk.to_string().as_bytes()).ok()?;
    Some(*key.thumbprint())
}
