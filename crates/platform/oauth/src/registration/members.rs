//! The members of a registration, each read as what it is to be.

use std::time::Duration;

use gw_jose::{Algorithm, json};
use serde_json::Value;

use super::RegistrationFault;

/// The most texts of one member.
const TEXTS_MAX: usize = 64;
/// The longest text, in bytes.
const TEXT_BYTES_MAX: usize = 2048;

/// A JSON object. What is null counts as left away (RFC 7592, 2.2).
pub(super) struct Members(pub(super) json::Object);

impl Members {
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &'static str) -> Result<Option<&str>, RegistrationFault> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() <= TEXT_BYTES_MAX => {
                Ok(Some(text.as_str()).filter(|text| !text.is_empty()))
            }
            Some(_) => Err(RegistrationFault::Malformed(name)),
        }
    }

    pub(super) fn owned(&self, name: &'static str) -> Result<Option<String>, RegistrationFault> {
        Ok(self.text(name)?.map(str::to_owned))
    }

    pub(super) fn texts(&self, name: &'static str) -> Result<Option<Vec<&str>>, RegistrationFault> {
        let malformed = RegistrationFault::Malformed(name);
        let items = match self.value(name) {
            None => return Ok(None),
            Some(Value::Array(items)) if items.len() <= TEXTS_MAX => items,
            Some(_) => return Err(malformed),
        };
        let is_text = |item: &Value| {
            item.as_str()
                .is_some_and(|text| text.len() <= TEXT_BYTES_MAX)
        };
        match items.iter().all(is_text) {
            true => Ok(Some(items.iter().filter_map(Value::as_str).collect())),
            false => Err(malformed),
        }
    }

    pub(super) fn flag(&self, name: &'static str) -> Result<bool, RegistrationFault> {
        match self.value(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(RegistrationFault::Malformed(name)),
        }
    }

    pub(super) fn seconds(
        &self,
        name: &'static str,
    ) -> Result<Option<Duration>, RegistrationFault> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(secs) => Ok(Some(Duration::from_secs(secs).min(crate::MAX_AGE_MAX))),
                None => Err(RegistrationFault::Malformed(name)),
            },
        }
    }

    pub(super) fn algorithm(
        &self,
        name: &'static str,
    ) -> Result<Option<Algorithm>, RegistrationFault> {
        match self.text(name)? {
            None => Ok(None),
            Some(text) => match Algorithm::of_name(text) {
                Some(algorithm) => Ok(Some(algorithm)),
                None => Err(RegistrationFault::NotSupported(name)),
            },
        }
    }
}
