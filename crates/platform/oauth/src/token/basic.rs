//! Client id and secret in the `Authorization` header (RFC 6749, 2.3.1; RFC 7617, 2).

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::{ClientId, parameters::decode};

/// The longest header value, in bytes.
const VALUE_BYTES_MAX: usize = 4096;

/// Why a header is refused. What it holds is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BasicFault {
    /// It is of another scheme.
    #[error("the `Authorization` header is not `Basic`")]
    Scheme,
    /// It is longer than it may be, no base64, no text, or has no colon.
    #[error("the `Authorization` header is malformed")]
    Malformed,
}

/// Reads the value of a `Basic` header. Both parts are form-encoded before they are joined by a
/// colon, so that an id may hold one.
///
/// # Errors
/// Where it is of another scheme or malformed.
pub fn basic_credentials(value: &str) -> Result<(ClientId, Zeroizing<String>), BasicFault> {
    let (scheme, encoded) = value.split_once(' ').ok_or(BasicFault::Scheme)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(BasicFault::Scheme);
    }
    read(encoded).ok_or(BasicFault::Malformed)
}

fn read(encoded: &str) -> Option<(ClientId, Zeroizing<String>)> {
    if encoded.len() > VALUE_BYTES_MAX {
        return None;
    }
    let bytes = Zeroizing::new(BASE64.decode(encoded.as_bytes()).ok()?);
    let text = std::str::from_utf8(&bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    let id = ClientId::parse(&decode(id).ok()?).ok()?;
    let secret = Zeroizing::new(decode(secret).ok()?);
    (!secret.is_empty()).then_some((id, secret))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(text: &str) -> String {
        format!("Basic {}", BASE64.encode(text.as_bytes()))
    }

    #[test]
    fn both_parts_are_form_encoded() {
        let (id, secret) = basic_credentials(&header("a%3Ab+c:s%25%2B:x")).unwrap();
        assert_eq!((id.as_str(), secret.as_str()), ("a:b c", "s%+:x"));
        // RFC 6749, 2.3.1.
        let (id, secret) =
            basic_credentials("Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3").unwrap();
        assert_eq!(
            (id.as_str(), secret.as_str()),
            ("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw")
        );
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for value in ["", "Basic", "Bearer x", "Digest x"] {
            assert_eq!(basic_credentials(value), Err(BasicFault::Scheme), "{value}");
        }
        for value in [
            "Basic ",
            "Basic  YTpi",
            "Basic YTpi=",
            "Basic YTp",
            "Basic !!",
            &header("nocolon"),
            &header(":s"),
            &header("a:"),
            &header("a%4:s"),
            &header("a%ff:s"),
            &header("a%0a:s"),
            &"Basic ".repeat(1000),
        ] {
            assert_eq!(
                basic_credentials(value),
                Err(BasicFault::Malformed),
                "{value}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(id in "[ -~]{1,20}", secret in "\\PC{1,20}") {
            let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let value = header(&format!("{}:{}", encode(&id), encode(&secret)));
            let (read_id, read_secret) = basic_credentials(&value).unwrap();
            prop_assert_eq!((read_id.as_str(), read_secret.as_str()), (id.as_str(), secret.as_str()));
        }
    }
}
