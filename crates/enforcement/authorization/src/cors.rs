//! Pages of other origins that ask this server by themselves: those of clients that run in a page.
//!
//! Where such a client is sent its codes is where its pages are, so that its redirect URIs say whose
//! pages may read what is answered. Nothing that a browser keeps counts at these endpoints, and no
//! answer says that it may be sent.

use bytes::Bytes;
use gw_oauth::{ApplicationType, Client};
use http::{HeaderMap, HeaderValue, Response, header};

use crate::{server::AuthorizationServer, visit::Visit};

/// Lets pages of clients' own origins read an answer.
pub(crate) fn allow(visit: &Visit, answer: &mut Response<Bytes>) {
    let headers = answer.headers_mut();
    if headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        return;
    }
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) =
        origin(&visit.request.headers).filter(|origin| is_known(&visit.server, origin))
    else {
        return;
    };
    let Ok(origin) = HeaderValue::from_str(origin) else {
        return;
    };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let exposed = HeaderValue::from_static("DPoP-Nonce, WWW-Authenticate");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

/// The one origin that a request is from.
fn origin(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::ORIGIN).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

/// Whether a client that runs in a page, and is on, has its pages there.
pub(crate) fn is_known(server: &AuthorizationServer, origin: &str) -> bool {
    let (view, clients) = (server.engine().view(), &server.shared.clients);
    let mut on = view.facts.clients().filter(|fact| !fact.is_off());
    on.any(|fact| {
        clients
            .of(fact)
            .is_some_and(|known| has_pages_at(&known.client, origin))
    })
}

fn has_pages_at(client: &Client, origin: &str) -> bool {
    let in_page = client.is_public() && client.application_type == ApplicationType::Web;
    let mut uris = client.redirect_uris.iter();
    in_page && uris.any(|uri| origin_of(uri.as_str()).as_deref() == Some(origin))
}

/// The origin of an address as browsers write it: without the scheme's own port.
fn origin_of(uri: &str) -> Option<String> {
    let uri: http::Uri = uri.parse().ok()?;
    let host = uri.host()?.to_ascii_lowercase();
    Some(match (uri.scheme_str()?, uri.port_u16()) {
        ("https", None | Some(443)) => format!("https://{host}"),
        ("https", Some(port)) => format!("https://{host}:{port}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_do() {
        let origin = |uri| origin_of(uri);
        assert_eq!(
            origin("https://App.example:443/cb").as_deref(),
            Some("https://app.example")
        );
        assert_eq!(
            origin("https://app.example:8443/cb?a=b").as_deref(),
            Some("https://app.example:8443")
        );
        for other in ["http://127.0.0.1/cb", "com.example.app:/cb", "/cb"] {
            assert_eq!(origin(other), None, "{other}");
        }
    }
}
