//! Fields of a form or a query, each at most once.

use percent_encoding::percent_decode_str;

/// Most fields that are read.
const MAX_FIELDS: usize = 32;

/// A form or query that is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormFault {
    /// The same field twice: which one counts is nobody's guess.
    #[error("a field is given twice")]
    Duplicate,
    /// More fields than any page of ours has.
    #[error("there are too many fields")]
    TooMany,
    /// Bytes that are no text.
    #[error("a field is not UTF-8 text")]
    NotText,
    /// Another content type than forms have.
    #[error("the body is not a form")]
    NotAForm,
}

/// The fields, in order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a query string, without its question mark.
    ///
    /// # Errors
    /// On a field that is given twice, too many of them, or bytes that are no text.
    pub fn from_query(query: Option<&str>) -> Result<Self, FormFault> {
        Self::parse(query.unwrap_or_default())
    }

    /// Reads the body of a posted form.
    ///
    /// # Errors
    /// As for a query; and where the content type says that it is something else.
    pub fn from_body(headers: &http::HeaderMap, body: &[u8]) -> Result<Self, FormFault> {
        if !has_content_type(headers, "application/x-www-form-urlencoded") {
            return Err(FormFault::NotAForm);
        }
        Self::parse(std::str::from_utf8(body).map_err(|_| FormFault::NotText)?)
    }

    fn parse(text: &str) -> Result<Self, FormFault> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(FormFault::Duplicate);
            }
            if fields.len() == MAX_FIELDS {
                return Err(FormFault::TooMany);
            }
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    /// A field's value.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

impl std::fmt::Debug for Fields {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

fn decode(text: &str) -> Result<String, FormFault> {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8()
        .map(|text| text.into_owned())
        .map_err(|_| FormFault::NotText)
}

/// Whether there is exactly one `Content-Type` and it is this one, parameters aside.
pub fn has_content_type(headers: &http::HeaderMap, expected: &str) -> bool {
    let mut values = headers.get_all(http::header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    value.to_str().is_ok_and(|value| {
        let essence = value.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case(expected)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_once() {
        let fields = Fields::from_query(Some("name=Ana+Ruiz&code=a%2Bb%2525&empty")).unwrap();
        assert_eq!(fields.value("name"), Some("Ana Ruiz"));
        assert_eq!(fields.value("code"), Some("a+b%25"));
        assert_eq!(fields.value("empty"), Some(""));
        assert_eq!(fields.value("other"), None);
    }

    #[test]
    fn a_field_given_twice_is_refused_however_it_is_spelt() {
        assert_eq!(
            Fields::from_query(Some("code=1&%63ode=2")),
            Err(FormFault::Duplicate)
        );
    }

    #[test]
    fn what_is_no_text_or_no_form_is_refused() {
        assert_eq!(Fields::from_query(Some("a=%ff")), Err(FormFault::NotText));
        let headers = http::HeaderMap::new();
        assert_eq!(
            Fields::from_body(&headers, b"a=1"),
            Err(FormFault::NotAForm)
        );
    }

    #[test]
    fn values_stay_out_of_debug_output() {
        let fields = Fields::from_query(Some("token=secret")).unwrap();
        assert_eq!(format!("{fields:?}"), r#"["token"]"#);
    }
}
