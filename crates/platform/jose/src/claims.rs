//! Claims (RFC 7519, 4), each read strictly where it is asked for.

use std::fmt;

use gw_model::Timestamp;
use serde_json::{Map, Value};

use crate::json::Object;

/// The most audiences of one token.
pub const AUDIENCES_MAX: usize = 32;
/// The longest issuer, subject, id, nonce or other single text that is accepted, in bytes.
pub const TEXT_BYTES_MAX: usize = 2048;
/// The longest subject of OpenID Connect, in characters.
const OPENID_SUBJECT_MAX: usize = 255;
/// The last second of the year 9999: no date is later, and what counts in milliseconds is.
const DATE_MAX: u64 = 253_402_300_799;

/// What is wrong with a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimProblem {
    /// It is not there.
    #[error("is missing")]
    Missing,
    /// It is not of its form, or beyond a bound.
    #[error("is malformed")]
    Malformed,
    /// It says something else than what was expected.
    #[error("is not what was expected")]
    Other,
    /// It is there and must not be.
    #[error("must not be there")]
    Forbidden,
    /// Its date has come and gone.
    #[error("is over")]
    Over,
    /// Its date is yet to come.
    #[error("is yet to come")]
    ToCome,
    /// Its date is longer ago than it may be.
    #[error("is too long ago")]
    TooOld,
    /// Its date is farther off than it may be.
    #[error("is too far off")]
    TooFar,
}

impl ClaimProblem {
    /// Of this claim.
    pub const fn of(self, claim: &'static str) -> ClaimFault {
        ClaimFault {
            claim,
            problem: self,
        }
    }
}

/// A claim for which a token is refused. Its value is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("claim `{claim}` {problem}")]
pub struct ClaimFault {
    /// Which.
    pub claim: &'static str,
    /// Why.
    pub problem: ClaimProblem,
}

/// What a token claims.
#[derive(Clone, PartialEq, Eq)]
pub struct Claims(Object);

/// To whom a token is addressed: `aud` (RFC 7519, 4.1.3), at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience<'a> {
    /// One text.
    One(&'a str),
    /// An array; texts all, none empty.
    Several(&'a [Value]),
}

impl<'a> Audience<'a> {
    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        let (one, several) = match self {
            Self::One(one) => (Some(one), [].as_slice()),
            Self::Several(several) => (None, several),
        };
        one.into_iter()
            .chain(several.iter().filter_map(Value::as_str))
    }

    /// Whether this is one of them, exactly.
    pub fn names(self, wanted: &str) -> bool {
        self.iter().any(|one| one == wanted)
    }
}

impl Claims {
    pub(crate) const fn new(members: Object) -> Self {
        Self(members)
    }

    /// A claim as it is; none where it is not there.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All of them.
    pub const fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// A text, neither empty nor longer than [`TEXT_BYTES_MAX`].
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, ClaimFault> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if is_fit(text) => Ok(Some(text)),
            Some(_) => Err(ClaimProblem::Malformed.of(name)),
        }
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// Where it is not, or is anything else.
    pub fn required_text(&self, name: &'static str) -> Result<&str, ClaimFault> {
        self.text(name)?.ok_or(ClaimProblem::Missing.of(name))
    }

    /// A text that must be there and be this one.
    pub(crate) fn exactly(&self, name: &'static str, wanted: &str) -> Result<(), ClaimFault> {
        match self.required_text(name)? == wanted {
            true => Ok(()),
            false => Err(ClaimProblem::Other.of(name)),
        }
    }

    /// A claim that makes it another kind of token is not there.
    pub(crate) fn without(&self, name: &'static str) -> Result<(), ClaimFault> {
        match self.get(name) {
            Some(_) => Err(ClaimProblem::Forbidden.of(name)),
            None => Ok(()),
        }
    }

    /// A subject as OpenID Connect has it: 255 ASCII characters at most (OpenID Connect Core 1.0,
    /// 2).
    pub(crate) fn openid_subject(&self) -> Result<&str, ClaimFault> {
        let subject = self.required_text("sub")?;
        match subject.len() <= OPENID_SUBJECT_MAX && subject.is_ascii() {
            true => Ok(subject),
            false => Err(ClaimProblem::Malformed.of("sub")),
        }
    }

    /// Texts in an array; none where there is none.
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn texts(&self, name: &'static str) -> Result<Vec<String>, ClaimFault> {
        let malformed = ClaimProblem::Malformed.of(name);
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                let text = |item| fit(item).map(str::to_owned).ok_or(malformed);
                items.iter().map(text).collect()
            }
            Some(_) => Err(malformed),
        }
    }

    /// A `NumericDate` (RFC 7519, 2): seconds since the Unix epoch, fractions allowed, from then
    /// to the end of the year 9999.
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn date(&self, name: &'static str) -> Result<Option<Timestamp>, ClaimFault> {
        self.get(name)
            .map(|value| numeric_date(value).ok_or(ClaimProblem::Malformed.of(name)))
            .transpose()
    }

    /// The audience, of at most [`AUDIENCES_MAX`].
    ///
    /// # Errors
    /// Where there is none, or it is not a text or an array of texts.
    pub fn audience(&self) -> Result<Audience<'_>, ClaimFault> {
        match self.get("aud") {
            None => Err(ClaimProblem::Missing.of("aud")),
            Some(Value::String(one)) if is_fit(one) => Ok(Audience::One(one)),
            Some(Value::Array(several)) if are_fit(several) => Ok(Audience::Several(several)),
            Some(_) => Err(ClaimProblem::Malformed.of("aud")),
        }
    }
}

impl fmt::Debug for Claims {
    /// The names alone: what a token claims is its subject's own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

fn are_fit(audiences: &[Value]) -> bool {
    (1..=AUDIENCES_MAX).contains(&audiences.len()) && audiences.iter().all(|one| fit(one).is_some())
}

fn fit(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| is_fit(text))
}

const fn is_fit(text: &str) -> bool {
    !text.is_empty() && text.len() <= TEXT_BYTES_MAX
}

fn numeric_date(value: &Value) -> Option<Timestamp> {
    if let Some(secs) = value.as_u64() {
        return (secs <= DATE_MAX).then(|| Timestamp::from_secs(secs));
    }
    let secs = value.as_f64()?;
    let is_sane = secs.is_finite() && (0.0..=DATE_MAX as f64).contains(&secs);
    is_sane.then(|| Timestamp::from_millis((secs * 1000.0) as u64))
}

#[cfg(test)]
mod tests;
