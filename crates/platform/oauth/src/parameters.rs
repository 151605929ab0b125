//! The parameters of a request: of a query or a posted form, each at most once (RFC 6749, 3.1 and
//! 3.2).

use std::fmt;

use http::{HeaderMap, header::CONTENT_TYPE};
use percent_encoding::percent_decode_str;

/// The most parameters of one request.
pub const PARAMETERS_MAX: usize = 64;
/// The longest query or form, in bytes: room for two tokens beside all else.
pub const PARAMETERS_BYTES_MAX: usize = 96 * 1024;
/// The parameters that may come several times (RFC 8707, 2; RFC 8693, 2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];
/// The most characters of a parameter's name that are repeated in a fault.
const SHOWN_MAX: usize = 40;

/// Why the parameters of a request are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterFault {
    /// They are longer than [`PARAMETERS_BYTES_MAX`].
    #[error("the parameters are longer than {PARAMETERS_BYTES_MAX} bytes")]
    TooLarge,
    /// There are more than [`PARAMETERS_MAX`].
    #[error("there are more than {PARAMETERS_MAX} parameters")]
    TooMany,
    /// Bytes that are no text, or an escape that is none.
    #[error("a parameter is not UTF-8 text")]
    NotText,
    /// The content type is not `application/x-www-form-urlencoded`.
    #[error("the body is not a form")]
    NotAForm,
    /// One came twice: which one counts is nobody's guess.
    #[error("the parameter `{0}` is given twice")]
    Repeated(String),
    /// One that must be there is not.
    #[error("the parameter `{0}` is missing")]
    Missing(&'static str),
    /// One is not of its form, or beyond a bound.
    #[error("the parameter `{0}` is malformed or too long")]
    Malformed(&'static str),
    /// There are parameters in the query of a request that has them in its body: secrets in an
    /// address are written into logs (RFC 6749, 2.3.1).
    #[error("parameters belong in the body, not in the query")]
    InQuery,
}

/// The parameters, in order. Those without a value count as left away (RFC 6749, 3.1), though not
/// when they are counted.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    fields: Vec<(String, String)>,
    repeated: Option<String>,
}

impl Parameters {
    /// Reads a query, without its question mark.
    ///
    /// # Errors
    /// Where it is beyond a bound or no text. That one came twice is told by
    /// [`Parameters::repeated`]: an authorization request may have to tell it to the client.
    pub fn of_query(query: Option<&str>) -> Result<Self, ParameterFault> {
        Self::parse(query.unwrap_or_default())
    }

    /// Reads the body of a posted form.
    ///
    /// # Errors
    /// As for a query; and where the content type says that it is something else.
    pub fn of_form(headers: &HeaderMap, body: &[u8]) -> Result<Self, ParameterFault> {
        if !is_form(headers) {
            return Err(ParameterFault::NotAForm);
        }
        Self::parse(std::str::from_utf8(body).map_err(|_| ParameterFault::NotText)?)
    }

    /// Reads what is posted to an endpoint that takes nothing by its query: token, revocation,
    /// introspection, device and pushed authorization, each parameter once.
    ///
    /// # Errors
    /// As for a form; and where there is a query, or one came twice.
    pub fn posted(
        query: Option<&str>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Self, ParameterFault> {
        if query.is_some_and(|query| !query.is_empty()) {
            return Err(ParameterFault::InQuery);
        }
        let read = Self::of_form(headers, body)?;
        read.each_once()?;
        Ok(read)
    }

    fn parse(text: &str) -> Result<Self, ParameterFault> {
        if text.len() > PARAMETERS_BYTES_MAX {
            return Err(ParameterFault::TooLarge);
        }
        let mut read = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            read.add(decode(name)?, decode(value)?)?;
        }
        Ok(read)
    }

    fn add(&mut self, name: String, value: String) -> Result<(), ParameterFault> {
        if self.fields.len() == PARAMETERS_MAX {
            return Err(ParameterFault::TooMany);
        }
        let is_known = self.fields.iter().any(|(known, _)| *known == name);
        if is_known && !REPEATABLE.contains(&name.as_str()) && self.repeated.is_none() {
            self.repeated = Some(shown(&name));
        }
        self.fields.push((name, value));
        Ok(())
    }

    /// They, as a query: read again, it is the same.
    pub fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.fields)
            .finish()
    }

    /// The first parameter that came twice though it may not.
    pub fn repeated(&self) -> Option<&str> {
        self.repeated.as_deref()
    }

    /// Whether this one came more than once.
    pub fn is_repeated(&self, name: &str) -> bool {
        self.fields
            .iter()
            .filter(|(known, _)| known == name)
            .nth(1)
            .is_some()
    }

    /// That none came twice that may not.
    ///
    /// # Errors
    /// The first that did.
    pub fn each_once(&self) -> Result<(), ParameterFault> {
        match &self.repeated {
            Some(name) => Err(ParameterFault::Repeated(name.clone())),
            None => Ok(()),
        }
    }

    /// A parameter's value; none where it is absent or empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// The values of one that may come several times, the empty ones left away.
    pub fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let is_meant = move |(known, value): &&(String, String)| known == name && !value.is_empty();
        self.fields
            .iter()
            .filter(is_meant)
            .map(|(_, value)| value.as_str())
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// Where it is not.
    pub fn required(&self, name: &'static str) -> Result<&str, ParameterFault> {
        self.value(name).ok_or(ParameterFault::Missing(name))
    }

    /// The same without these.
    #[must_use]
    pub(crate) fn without(&self, names: &[&str]) -> Self {
        let stays = |(name, _): &&(String, String)| !names.contains(&name.as_str());
        Self {
            fields: self.fields.iter().filter(stays).cloned().collect(),
            repeated: self.repeated.clone(),
        }
    }

    /// Printable ASCII of at most so many bytes (RFC 6749, A: `VSCHAR`), where it is there.
    pub(crate) fn visible(
        &self,
        name: &'static str,
        bytes_max: usize,
    ) -> Result<Option<&str>, ParameterFault> {
        match self.value(name) {
            Some(value) if value.len() > bytes_max || !is_visible(value) => {
                Err(ParameterFault::Malformed(name))
            }
            value => Ok(value),
        }
    }
}

impl fmt::Debug for Parameters {
    /// The names alone: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.fields.iter().map(|(name, _)| shown(name));
        f.debug_list().entries(names).finish()
    }
}

/// Whether all of it is printable ASCII or a space.
pub(crate) fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20..=0x7e))
}

/// A name as a fault repeats it: in the characters of an `error_description` (RFC 6749, 5.2).
fn shown(name: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let plain = |c: char| if is_plain(&c) { c } else { '?' };
    name.chars().take(SHOWN_MAX).map(plain).collect()
}

/// Decodes as `application/x-www-form-urlencoded` does; an escape that is none is a fault.
pub(crate) fn decode(text: &str) -> Result<String, ParameterFault> {
    let spaced = text.replace('+', " ");
    if !escapes_are_whole(&spaced) {
        return Err(ParameterFault::NotText);
    }
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded
        .map(|text| text.into_owned())
        .map_err(|_| ParameterFault::NotText)
}

/// Whether each `%` has two hexadecimal digits after it.
pub(crate) fn escapes_are_whole(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Whether there is exactly one content type and it is a form's, parameters aside.
fn is_form(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    value.to_str().is_ok_and(|value| {
        let essence = value.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn query(text: &str) -> Result<Parameters, ParameterFault> {
        Parameters::of_query(Some(text))
    }

    #[test]
    fn a_parameter_without_a_value_counts_as_left_away_but_not_twice() {
        let read = query("state=&nonce&scope=a+b%2Bc").unwrap();
        assert_eq!(read.value("state"), None);
        assert_eq!(read.value("scope"), Some("a b+c"));
        assert_eq!(
            read.required("nonce"),
            Err(ParameterFault::Missing("nonce"))
        );
        assert_eq!(query("state=&state=x").unwrap().repeated(), Some("state"));
    }

    #[test]
    fn a_parameter_that_comes_twice_in_any_spelling_is_told() {
        let read = query("code=1&%63ode=2").unwrap();
        assert_eq!(
            read.each_once(),
            Err(ParameterFault::Repeated("code".into()))
        );
        let read = query("resource=a&resource=b").unwrap();
        assert_eq!(read.each_once(), Ok(()));
        assert_eq!(read.values("resource").collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_secret_in_the_query_is_refused() {
        let headers = form();
        let posted = |query| Parameters::posted(query, &headers, b"grant_type=x");
        assert_eq!(
            posted(Some("client_secret=s")),
            Err(ParameterFault::InQuery)
        );
        assert!(posted(None).is_ok() && posted(Some("")).is_ok());
    }

    #[test]
    fn what_is_no_form_or_no_text_or_without_end_is_refused() {
        assert_eq!(query("a=%ff"), Err(ParameterFault::NotText));
        assert_eq!(query("a=%4"), Err(ParameterFault::NotText));
        assert_eq!(query("a=%+1"), Err(ParameterFault::NotText));
        let nothing = HeaderMap::new();
        assert_eq!(
            Parameters::of_form(&nothing, b"a=1"),
            Err(ParameterFault::NotAForm)
        );
        let mut twice = form();
        twice.append(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        assert_eq!(
            Parameters::of_form(&twice, b"a=1"),
            Err(ParameterFault::NotAForm)
        );
        assert_eq!(query(&"a=1&".repeat(65)), Err(ParameterFault::TooMany));
        let long = "a".repeat(PARAMETERS_BYTES_MAX + 1);
        assert_eq!(query(&long), Err(ParameterFault::TooLarge));
    }

    #[test]
    fn values_stay_out_of_what_is_shown() {
        let read = query("client_secret=s3cret&%0Ax=1").unwrap();
        assert_eq!(format!("{read:?}"), r#"["client_secret", "?x"]"#);
    }

    fn form() -> HeaderMap {
        let value = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        HeaderMap::from_iter([(CONTENT_TYPE, value)])
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(pairs in proptest::collection::btree_map("[a-z]{1,6}", "\\PC{1,12}", 0..8)) {
            let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            let read = query(&text).unwrap();
            for (name, value) in &pairs {
                prop_assert_eq!(read.value(name), Some(value.as_str()));
            }
        }
    }
}
