//! HTTP-Redirect (Bindings 3.4): a deflated message in the query, signed beside it.

use data_encoding::BASE64;
use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec_with_limit};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{
    BuildFault, Credential,
    limits::{
        MESSAGE_MAX_BYTES, PARAMETERS_MAX, RELAY_STATE_RECEIVED_MAX_BYTES, TRANSPORT_MAX_BYTES,
    },
    names::DEFLATE,
    signature::{SignatureMethod, sign_detached},
    text::decode_base64,
};

use super::{Binding, BindingFault, Carried, Detached, Slot, is_sendable};

/// Everything but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// miniz's usual level.
const LEVEL: u8 = 6;

/// The URL that takes a message to its destination, signed where a key is given.
pub(crate) fn url(
    destination: &str,
    slot: Slot,
    xml: &str,
    relay_state: Option<&str>,
    credential: Option<&Credential>,
) -> Result<String, BuildFault> {
    if !is_sendable(relay_state, slot == Slot::Response) {
        return Err(BuildFault::RelayState);
    }
    let packed = BASE64.encode(&compress_to_vec(xml.as_bytes(), LEVEL));
    let mut query = parameter(slot.parameter(), &packed);
    if let Some(state) = relay_state {
        query = format!("{query}&{}", parameter("RelayState", state));
    }
    if let Some(credential) = credential {
        let method = SignatureMethod::RsaSha256.uri();
        query = format!("{query}&{}", parameter("SigAlg", method));
        let signature = BASE64.encode(&sign_detached(query.as_bytes(), credential)?);
        query = format!("{query}&{}", parameter("Signature", &signature));
    }
    let joint = if destination.contains('?') { '&' } else { '?' };
    Ok(format!("{destination}{joint}{query}"))
}

fn parameter(name: &str, value: &str) -> String {
    format!("{name}={}", utf8_percent_encode(value, ESCAPED))
}

/// Reads a query string, as it stands in the request line, without the `?`.
pub(crate) fn read(query: &str) -> Result<Carried, BindingFault> {
    let raw = Raw::of(query)?;
    let (slot, message) = match (raw.request, raw.response) {
        (Some(raw), None) => (Slot::Request, raw),
        (None, Some(raw)) => (Slot::Response, raw),
        (Some(_), Some(_)) => return Err(BindingFault::Twice("SAMLRequest")),
        (None, None) => return Err(BindingFault::Missing),
    };
    let name = slot.parameter();
    if let Some(encoding) = raw.encoding
        && decoded("SAMLEncoding", encoding)? != DEFLATE
    {
        return Err(BindingFault::Encoding("SAMLEncoding"));
    }
    let packed = decode_base64(&decoded(name, message)?).ok_or(BindingFault::Base64(name))?;
    let xml = decompress_to_vec_with_limit(&packed, MESSAGE_MAX_BYTES)
        .map_err(|_| BindingFault::Deflate(name))?;
    Ok(Carried {
        slot,
        xml,
        relay_state: raw.relay_state()?,
        binding: Binding::Redirect,
        detached: raw.detached(name, message)?,
    })
}

/// The parameters as they are written: a signature is over these very characters, and writing
/// them again might make others of them.
#[derive(Default)]
struct Raw<'q> {
    request: Option<&'q str>,
    response: Option<&'q str>,
    relay_state: Option<&'q str>,
    method: Option<&'q str>,
    signature: Option<&'q str>,
    encoding: Option<&'q str>,
}

impl<'q> Raw<'q> {
    fn of(query: &'q str) -> Result<Self, BindingFault> {
        let too_long = BindingFault::TooLong {
            max: TRANSPORT_MAX_BYTES,
        };
        if query.len() > TRANSPORT_MAX_BYTES {
            return Err(too_long);
        }
        let mut raw = Self::default();
        for (count, pair) in query.split('&').enumerate() {
            if count == PARAMETERS_MAX {
                return Err(too_long);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            raw.take(&decoded("a name", name)?, value)?;
        }
        Ok(raw)
    }

    fn take(&mut self, name: &str, value: &'q str) -> Result<(), BindingFault> {
        let (field, name) = match name {
            "SAMLRequest" => (&mut self.request, "SAMLRequest"),
            "SAMLResponse" => (&mut self.response, "SAMLResponse"),
            "RelayState" => (&mut self.relay_state, "RelayState"),
            "SigAlg" => (&mut self.method, "SigAlg"),
            "Signature" => (&mut self.signature, "Signature"),
            "SAMLEncoding" => (&mut self.encoding, "SAMLEncoding"),
            _ => return Ok(()),
        };
        match field.replace(value) {
            None => Ok(()),
            Some(_) => Err(BindingFault::Twice(name)),
        }
    }

    fn relay_state(&self) -> Result<Option<String>, BindingFault> {
        let Some(raw) = self.relay_state.filter(|raw| !raw.is_empty()) else {
            return Ok(None);
        };
        let state = decoded("RelayState", raw)?;
        if state.len() > RELAY_STATE_RECEIVED_MAX_BYTES {
            return Err(BindingFault::RelayState);
        }
        Ok(Some(state))
    }

    /// 3.4.4.1: the parameters in this order, whatever their order in the query.
    fn detached(&self, name: &str, message: &str) -> Result<Option<Detached>, BindingFault> {
        let (method, signature) = match (self.method, self.signature) {
            (None, None) => return Ok(None),
            (Some(method), Some(signature)) => (method, signature),
            _ => return Err(BindingFault::HalfSigned),
        };
        let state = self
            .relay_state
            .map(|state| format!("&RelayState={state}"))
            .unwrap_or_default();
        let packed = decoded("Signature", signature)?;
        Ok(Some(Detached {
            method: decoded("SigAlg", method)?,
            signed: format!("{name}={message}{state}&SigAlg={method}"),
            signature: decode_base64(&packed).ok_or(BindingFault::Base64("Signature"))?,
        }))
    }
}

/// A query's `+` is a space, as in forms.
fn decoded(name: &'static str, raw: &str) -> Result<String, BindingFault> {
    let spaced = raw.replace('+', " ");
    let text = percent_decode_str(&spaced).decode_utf8();
    text.map(std::borrow::Cow::into_owned)
        .map_err(|_| BindingFault::Encoding(name))
}
