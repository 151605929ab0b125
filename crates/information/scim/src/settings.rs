//! What a service is set up with.

use http::Uri;

/// How a service is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    base: Box<str>,
    path: Box<str>,
    /// The most resources that one answer lists; also where the client asks for more.
    pub page_max: usize,
    /// The most members of groups that one answer lists, unless one group alone has more: a page
    /// ends early rather than growing without bound.
    pub listed_members_max: usize,
    /// The largest body that is read, in bytes: who calls the service reads no more than this.
    pub payload_max: usize,
    /// The most operations of one bulk.
    pub bulk_operations_max: usize,
}

/// An address under which there can be no service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the address of a service: it is https://host/path (or http://), without a query and without a slash at its end"
)]
pub struct BaseFault(String);

impl Settings {
    /// The usual settings, for a service under this address, as `https://id.example/scim/v2`.
    ///
    /// # Errors
    /// An address that is not absolute, or has more than a path behind the host.
    pub fn at(base: &str) -> Result<Self, BaseFault> {
        let fault = || BaseFault(base.chars().take(200).collect());
        let uri: Uri = base.parse().map_err(|_| fault())?;
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        let path = uri.path().trim_end_matches('/');
        let is_whole = is_http && uri.host().is_some_and(|host| !host.is_empty());
        if !is_whole || uri.query().is_some() || base.contains('#') || base.ends_with('/') {
            return Err(fault());
        }
        Ok(Self {
            base: base.into(),
            path: path.into(),
            page_max: 500,
            listed_members_max: 50_000,
            payload_max: 4 << 20,
            bulk_operations_max: 1000,
        })
    }

    /// The address that all addresses of resources begin with.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The path of that address.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_under_an_absolute_address() {
        assert_eq!(
            Settings::at("https://a.example/scim/v2").unwrap().path(),
            "/scim/v2"
        );
        assert_eq!(Settings::at("http://127.0.0.1:8080").unwrap().path(), "");
        for bad in [
            "",
            "/scim",
            "ftp://a/b",
            "https://a/b?c",
            "https://a/b/",
            "https://a/#b",
        ] {
            assert!(Settings::at(bad).is_err(), "{bad}");
        }
    }
}
