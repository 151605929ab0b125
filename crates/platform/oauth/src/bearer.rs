//! How a request brings an access token (RFC 6750, 2; RFC 9449, 7.1): in exactly one way, and
//! never by its query, which is written into logs.

use http::{HeaderMap, header::AUTHORIZATION};

use crate::{Parameters, ResourceRefusal, Scheme};

/// A token as it came; nothing of it is checked yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PresentedAccessToken<'a> {
    /// By which scheme.
    pub scheme: Scheme,
    /// The token.
    pub token: &'a str,
}

impl std::fmt::Debug for PresentedAccessToken<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PresentedAccessToken({:?})", self.scheme)
    }
}

impl<'a> PresentedAccessToken<'a> {
    /// Reads it from the headers, or, where an endpoint takes forms (OpenID Connect Core 1.0,
    /// 5.3.1), from the form that was posted.
    ///
    /// # Errors
    /// Where there is none, or more than one.
    pub fn read(
        headers: &'a HeaderMap,
        query: Option<&str>,
        form: Option<&'a Parameters>,
    ) -> Result<Self, ResourceRefusal> {
        if in_query(query) {
            return Err(ResourceRefusal::Request);
        }
        let form = match form {
            Some(form) if form.is_repeated("access_token") => return Err(ResourceRefusal::Request),
            form => form.and_then(|form| form.value("access_token")),
        };
        match (header(headers)?, form) {
            (Some(_), Some(_)) => Err(ResourceRefusal::Request),
            (Some(presented), None) => Ok(presented),
            (None, Some(token)) if is_token(token) => Ok(Self {
                scheme: Scheme::Bearer,
                token,
            }),
            (None, Some(_)) => Err(ResourceRefusal::InvalidToken),
            (None, None) => Err(ResourceRefusal::NoToken),
        }
    }

    /// Whether it came by the scheme that its binding wants: a token that is bound to a DPoP key
    /// is worth nothing as a bearer token (RFC 9449, 7.1).
    pub fn fits(&self, binding: &crate::Binding) -> bool {
        (self.scheme == Scheme::Dpop) == binding.dpop_key.is_some()
    }
}

fn header(headers: &HeaderMap) -> Result<Option<PresentedAccessToken<'_>>, ResourceRefusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value.to_str().map_err(|_| ResourceRefusal::Request)?,
        (Some(_), Some(_)) => return Err(ResourceRefusal::Request),
    };
    let Some((scheme, token)) = value.split_once(' ') else {
        return Err(ResourceRefusal::NoToken);
    };
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    let scheme = match () {
        () if is("bearer") => Scheme::Bearer,
        () if is("dpop") => Scheme::Dpop,
        () => return Err(ResourceRefusal::NoToken),
    };
    match is_token(token) {
        true => Ok(Some(PresentedAccessToken { scheme, token })),
        false => Err(ResourceRefusal::InvalidToken),
    }
}

/// The characters of RFC 6750, 2.1.
fn is_token(token: &str) -> bool {
    let bare = token.trim_end_matches('=');
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !bare.is_empty() && token.len() <= gw_jose::TOKEN_BYTES_MAX && bare.bytes().all(is_part)
}

fn in_query(query: Option<&str>) -> bool {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.any(|(name, _)| name == "access_token")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::testing::parameters;

    fn headers(values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_token_comes_in_exactly_one_way() {
        let form = parameters("access_token=a.b.c");
        let bearer = headers(&["bearer a.b.c"]);
        let read = PresentedAccessToken::read(&bearer, None, None).unwrap();
        assert_eq!((read.scheme, read.token), (Scheme::Bearer, "a.b.c"));
        let nothing = HeaderMap::new();
        assert!(PresentedAccessToken::read(&nothing, None, Some(&form)).is_ok());
        let dpop = headers(&["DPoP a.b.c"]);
        assert_eq!(
            PresentedAccessToken::read(&dpop, None, None)
                .unwrap()
                .scheme,
            Scheme::Dpop
        );
        let twice = headers(&["Bearer a", "Bearer a"]);
        let refused = Err(ResourceRefusal::Request);
        assert_eq!(
            PresentedAccessToken::read(&bearer, None, Some(&form)),
            refused
        );
        assert_eq!(PresentedAccessToken::read(&twice, None, None), refused);
        assert_eq!(
            PresentedAccessToken::read(&nothing, Some("x=1&%61ccess_token=a"), None),
            refused
        );
        for other in ["Basic YTpi", "Bearer", "x"] {
            let none = PresentedAccessToken::read(&headers(&[other]), None, None).unwrap_err();
            assert_eq!(none, ResourceRefusal::NoToken);
        }
        for other in ["Bearer ", "Bearer a b", "Bearer ==", "Bearer a,b"] {
            let read = PresentedAccessToken::read(&headers(&[other]), None, None).unwrap_err();
            assert_eq!(read, ResourceRefusal::InvalidToken, "{other}");
        }
    }

    #[test]
    fn a_bound_token_is_worth_nothing_as_a_bearer_token() {
        let bound = crate::Binding {
            dpop_key: Some(gw_jose::Thumbprint::of_certificate(b"k")),
            certificate: None,
        };
        let by = |scheme| PresentedAccessToken { scheme, token: "a" };
        assert!(!by(Scheme::Bearer).fits(&bound) && by(Scheme::Dpop).fits(&bound));
        let free = crate::Binding::default();
        assert!(by(Scheme::Bearer).fits(&free) && !by(Scheme::Dpop).fits(&free));
    }
}
