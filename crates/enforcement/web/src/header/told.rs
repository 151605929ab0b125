//! What an upstream is told of where a request came from, put together once for a connection.

use std::{net::IpAddr, rc::Rc};

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{FORWARDED, InvalidHeaderValue},
};

use super::Origin;
use crate::canonical::Authority;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// `Forwarded` and `X-Forwarded-*`, written afresh.
#[derive(Debug)]
pub struct Told {
    address: IpAddr,
    authority: Rc<Authority<'static>>,
    host: HeaderValue,
    client: HeaderValue,
    scheme: HeaderValue,
    forwarded: HeaderValue,
}

impl Told {
    /// Puts it together.
    ///
    /// # Errors
    /// Where the host cannot stand in a header; a canonical one can.
    pub fn new(origin: Origin<'_>) -> Result<Self, InvalidHeaderValue> {
        let Origin {
            address,
            scheme,
            authority,
        } = origin;
        let node = match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("\"[{address}]\""),
        };
        let forwarded = format!("for={node};host=\"{authority}\";proto={scheme}");
        Ok(Self {
            address,
            authority: Rc::new(authority.clone().into_owned()),
            host: HeaderValue::try_from(authority.to_string())?,
            client: HeaderValue::try_from(address.to_string())?,
            scheme: HeaderValue::from_static(scheme.as_str()),
            forwarded: HeaderValue::try_from(forwarded)?,
        })
    }

    /// Whether it says the same of a request from there to here.
    pub fn is_of(&self, address: IpAddr, authority: &Authority<'_>) -> bool {
        self.address == address && *self.authority == *authority
    }

    /// As what it reached us.
    pub const fn authority(&self) -> &Rc<Authority<'static>> {
        &self.authority
    }

    /// The same as a `Host`.
    pub const fn host(&self) -> &HeaderValue {
        &self.host
    }

    /// Writes all of it.
    pub fn write(&self, headers: &mut HeaderMap) {
        headers.insert(FORWARDED, self.forwarded.clone());
        headers.insert(FORWARDED_FOR, self.client.clone());
        headers.insert(FORWARDED_HOST, self.host.clone());
        headers.insert(FORWARDED_PROTO, self.scheme.clone());
    }
}
