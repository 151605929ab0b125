//! What an authenticator told of itself when its passkey was made.

use std::sync::Arc;

use gw_model::{Attestation, Authenticator};
use serde_json::Value;
use webauthn_rs::prelude::Uuid;

/// Where the id of the model begins in an authenticator's data (WebAuthn, 6.5.1), after the hash of
/// the relying party's id, flags and counter.
const AAGUID_AT: usize = 37;
const FLAGS_AT: usize = 32;
/// The flag that says that a credential, and so the model, is there.
const HAS_CREDENTIAL: u8 = 0x40;
/// How deep an attestation object is read into.
const DEPTH: u8 = 8;

/// What was told, from the attestation object and from what became of its check.
pub(super) fn told(object: &[u8], stored: &Value) -> Authenticator {
    let zero: [u8; 16] = [0; 16];
    let model = aaguid(object).filter(|aaguid| *aaguid != zero);
    Authenticator {
        aaguid: model.map(|bytes| Arc::from(Uuid::from_bytes(bytes).to_string())),
        attestation: attestation(stored),
    }
}

/// By the stored form, which the check of the statement leaves.
fn attestation(stored: &Value) -> Attestation {
    match stored.pointer("/cred/attestation/data") {
        Some(Value::String(kind)) if kind == "Self" || kind == "Self_" => Attestation::Own,
        Some(Value::Object(chain))
            if ["Basic", "AttCa", "AnonCa"]
                .iter()
                .any(|kind| chain.contains_key(*kind)) =>
        {
            Attestation::Certified
        }
        _ => Attestation::None,
    }
}

fn aaguid(object: &[u8]) -> Option<[u8; 16]> {
    let mut cbor = Cbor(object);
    let (MAP, pairs) = cbor.head()? else {
        return None;
    };
    for _ in 0..pairs {
        let (TEXT, length) = cbor.head()? else {
            return None;
        };
        if cbor.take(length)? != b"authData" {
            cbor.skip(DEPTH)?;
            continue;
        }
        let (BYTES, length) = cbor.head()? else {
            return None;
        };
        let data = cbor.take(length)?;
        if data.get(FLAGS_AT)? & HAS_CREDENTIAL == 0 {
            return None;
        }
        return data.get(AAGUID_AT..)?.first_chunk().copied();
    }
    None
}

const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

/// As much of CBOR (RFC 8949) as finds one field.
struct Cbor<'b>(&'b [u8]);

impl<'b> Cbor<'b> {
    /// The kind of the next item, and its length or value. Nothing of indefinite length is read.
    fn head(&mut self) -> Option<(u8, u64)> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        let width = match first & 0x1f {
            value @ 0..=23 => return Some((first >> 5, u64::from(value))),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return None,
        };
        let value = self.take(width)?;
        let value = value
            .iter()
            .fold(0, |value, b| (value << 8) | u64::from(*b));
        Some((first >> 5, value))
    }

    fn take(&mut self, length: u64) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn skip(&mut self, depth: u8) -> Option<()> {
        let deeper = depth.checked_sub(1)?;
        match self.head()? {
            (BYTES | TEXT, length) => self.take(length).map(drop),
            (ARRAY, items) => (0..items).try_for_each(|_| self.skip(deeper)),
            (MAP, pairs) => {
                (0..pairs).try_for_each(|_| self.skip(deeper).and_then(|()| self.skip(deeper)))
            }
            (TAG, _) => self.skip(deeper),
            _ => Some(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn object(flags: u8, model: [u8; 16]) -> Vec<u8> {
        let mut data = vec![0; FLAGS_AT];
        data.push(flags);
        data.extend([0; 4]);
        data.extend(model);
        data.extend([7; 30]);
        let mut object =
            b"\xa3\x63fmt\x66packed\x67attStmt\xa2\x63alg\x26\x63x5c\x81\x43abc".to_vec();
        object.extend(b"\x68authData\x58");
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        object
    }

    #[test]
    fn the_model_is_found_behind_the_statement() {
        let model = *b"0123456789abcdef";
        let told = told(&object(0x45, model), &json!({}));
        let text = "30313233-3435-3637-3839-616263646566";
        assert_eq!(told.aaguid.as_deref(), Some(text));
        assert_eq!(
            aaguid(&object(0x05, model)),
            None,
            "no credential, no model"
        );
        let nobody = super::told(&object(0x45, [0; 16]), &json!({}));
        assert_eq!(nobody.aaguid, None, "zeroes are no model");
    }

    #[test]
    fn what_vouches_for_it_is_told_by_what_was_kept() {
        let of = |data| attestation(&json!({ "cred": { "attestation": { "data": data } } }));
        assert_eq!(of(json!("None")), Attestation::None);
        assert_eq!(of(json!("Uncertain")), Attestation::None);
        assert_eq!(of(json!("Self")), Attestation::Own);
        assert_eq!(of(json!({ "Basic": ["AAAA"] })), Attestation::Certified);
        assert_eq!(attestation(&json!({})), Attestation::None);
    }

    proptest! {
        #[test]
        fn nothing_that_is_read_fails(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..120) {
            let _ = aaguid(&bytes);
            let whole = object(0x45, [9; 16]);
            let _ = aaguid(&whole[..cut.min(whole.len())]);
        }
    }
}
