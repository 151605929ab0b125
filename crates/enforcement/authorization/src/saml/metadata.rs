//! What apps are told of us (Metadata 2).

use bytes::Bytes;
use gw_pages::guard;
use gw_saml::{formats, metadata::OurIdp};
use http::{HeaderValue, Response, header};

use super::{at, entity};
use crate::{
    pages,
    server::paths,
    visit::{Answer, Visit},
};

/// Our metadata as an identity provider; nothing where no app speaks SAML.
pub(crate) async fn document(visit: &Visit) -> Answer {
    let server = &visit.server;
    server.admits(visit)?;
    let view = server.engine().view();
    server.shared.saml.retain(&view.facts);
    if !server.shared.saml.is_any(&view.facts) {
        return Ok(pages::nothing_here(visit));
    }
    let keys = server.saml_keys().await?;
    let document = OurIdp {
        entity_id: &entity(server),
        valid_until: None,
        signing: &keys.certificates(),
        sso_url: &at(server, paths::SAML_SIGN_ON),
        logout_url: Some(&at(server, paths::SAML_SIGN_OUT)),
        want_authn_requests_signed: false,
        name_id_formats: &[
            formats::PERSISTENT,
            formats::TRANSIENT,
            formats::EMAIL,
            formats::UNSPECIFIED,
        ],
    };
    let document = document.to_xml(None);
    let document = document.map_err(|fault| pages::failed("the metadata for apps", &fault))?;
    let mut response = Response::new(Bytes::from(document));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/samlmetadata+xml"),
    );
    guard(&mut response);
    Ok(response)
}
