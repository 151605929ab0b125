//! HTTP-POST (Bindings 3.5): a form that submits itself.

use std::fmt;

use data_encoding::BASE64;

use crate::{
    BuildFault,
    limits::{
        MESSAGE_MAX_BYTES, PARAMETERS_MAX, RELAY_STATE_RECEIVED_MAX_BYTES, TRANSPORT_MAX_BYTES,
    },
    text::decode_base64,
};

use super::{Binding, BindingFault, Carried, Slot, is_sendable};

/// A form that the browser is to submit by itself. Names and values are still to be escaped for
/// HTML by whoever makes the page.
#[derive(Clone, PartialEq, Eq)]
pub struct PostForm {
    /// Where it goes. The page's `form-action` has to allow it.
    pub action: String,
    /// Its hidden fields, in order.
    pub fields: Vec<(&'static str, String)>,
}

/// What the fields hold may sign somebody in: it is not shown.
impl fmt::Debug for PostForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostForm(to {})", self.action)
    }
}

impl PostForm {
    pub(crate) fn new(
        action: &str,
        slot: Slot,
        xml: &str,
        relay_state: Option<&str>,
    ) -> Result<Self, BuildFault> {
        if !is_sendable(relay_state, slot == Slot::Response) {
            return Err(BuildFault::RelayState);
        }
        let mut fields = vec![(slot.parameter(), BASE64.encode(xml.as_bytes()))];
        fields.extend(relay_state.map(|state| ("RelayState", state.to_owned())));
        Ok(Self {
            action: action.to_owned(),
            fields,
        })
    }
}

/// Reads the body of a form.
pub(crate) fn read(body: &[u8]) -> Result<Carried, BindingFault> {
    let too_long = BindingFault::TooLong {
        max: TRANSPORT_MAX_BYTES,
    };
    if body.len() > TRANSPORT_MAX_BYTES {
        return Err(too_long);
    }
    let mut fields = Fields::default();
    for (count, (name, value)) in form_urlencoded::parse(body).enumerate() {
        if count == PARAMETERS_MAX {
            return Err(too_long);
        }
        fields.take(&name, value.into_owned())?;
    }
    let (slot, text) = fields.message()?;
    let xml = decode_base64(&text).ok_or(BindingFault::Base64(slot.parameter()))?;
    if xml.len() > MESSAGE_MAX_BYTES {
        return Err(BindingFault::TooLong {
            max: MESSAGE_MAX_BYTES,
        });
    }
    let relay_state = fields.relay_state.filter(|state| !state.is_empty());
    if relay_state
        .as_ref()
        .is_some_and(|state| state.len() > RELAY_STATE_RECEIVED_MAX_BYTES)
    {
        return Err(BindingFault::RelayState);
    }
    Ok(Carried {
        slot,
        xml,
        relay_state,
        binding: Binding::Post,
        detached: None,
    })
}

#[derive(Default)]
struct Fields {
    request: Option<String>,
    response: Option<String>,
    relay_state: Option<String>,
}

impl Fields {
    fn take(&mut self, name: &str, value: String) -> Result<(), BindingFault> {
        let (field, name) = match name {
            "SAMLRequest" => (&mut self.request, "SAMLRequest"),
            "SAMLResponse" => (&mut self.response, "SAMLResponse"),
            "RelayState" => (&mut self.relay_state, "RelayState"),
            _ => return Ok(()),
        };
        match field.replace(value) {
            None => Ok(()),
            Some(_) => Err(BindingFault::Twice(name)),
        }
    }

    fn message(&mut self) -> Result<(Slot, String), BindingFault> {
        match (self.request.take(), self.response.take()) {
            (Some(text), None) => Ok((Slot::Request, text)),
            (None, Some(text)) => Ok((Slot::Response, text)),
            (Some(_), Some(_)) => Err(BindingFault::Twice("SAMLRequest")),
            (None, None) => Err(BindingFault::Missing),
        }
    }
}
