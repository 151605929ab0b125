//! What fuzzing reaches of the readers that are this crate's own. Not for any other use.

use http::Method;

use crate::endpoint;

/// The path, with its parameters' names, of the endpoint that a request is for, and its parameters.
pub fn endpoint<'p>(method: &Method, path: &'p str) -> Option<(&'static str, Vec<&'p str>)> {
    let (endpoint, parameters) = endpoint::find(method, path).ok()?;
    Some((endpoint.path, parameters))
}
