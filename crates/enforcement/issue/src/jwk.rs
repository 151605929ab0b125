//! P-256 public keys as JSON Web Keys (RFC 7517), named by their thumbprint (RFC 7638).

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;

/// An uncompressed P-256 point: 0x04, then x and y of 32 bytes each.
pub(crate) struct Point<'a> {
    x: &'a [u8],
    y: &'a [u8],
}

impl<'a> Point<'a> {
    pub(crate) fn read(uncompressed: &'a [u8]) -> Option<Self> {
        let [0x04, point @ ..] = uncompressed else {
            return None;
        };
        let (x, y) = point.split_at_checked(32)?;
        (y.len() == 32).then_some(Self { x, y })
    }

    /// The RFC 7638 thumbprint: SHA-256 over the required members in lexical order.
    pub(crate) fn thumbprint(&self) -> String {
        let (x, y) = (
            BASE64URL_NOPAD.encode(self.x),
            BASE64URL_NOPAD.encode(self.y),
        );
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        BASE64URL_NOPAD.encode(digest(&SHA256, members.as_bytes()).as_ref())
    }

    /// The key for verifiers.
    pub(crate) fn jwk(&self, kid: &str) -> String {
        json!({
            "kty": "EC",
            "crv": "P-256",
            "alg": "ES256",
            "use": "sig",
            "kid": kid,
            "x": BASE64URL_NOPAD.encode(self.x),
            "y": BASE64URL_NOPAD.encode(self.y),
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_the_members_in_lexical_order() {
        let mut point = vec![4];
        point.extend([7; 32]);
        point.extend([9; 32]);
        let point = Point::read(&point).unwrap();
        let kid = point.thumbprint();
        assert_eq!(kid.len(), 43);
        let jwk: serde_json::Value = serde_json::from_str(&point.jwk(&kid)).unwrap();
        let again = format!(
            r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#,
            jwk["x"], jwk["y"]
        );
        assert_eq!(
            BASE64URL_NOPAD.encode(digest(&SHA256, again.as_bytes()).as_ref()),
            kid
        );
        assert!(Point::read(&[4; 64]).is_none());
    }
}
