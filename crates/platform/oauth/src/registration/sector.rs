//! Sectors of pairwise subjects (OpenID Connect Core 1.0, 8.1; Registration 1.0, 5).

use serde_json::Value;

use super::{RegistrationFault, members::Members};
use crate::{Client, RedirectKind, RedirectUri, SubjectType, client::is_address, uri::Uri};

/// The longest document at a `sector_identifier_uri`, in bytes.
pub const SECTOR_BYTES_MAX: usize = 64 * 1024;

/// Why what is at a `sector_identifier_uri` is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SectorFault {
    /// It is no JSON array of texts, or longer than [`SECTOR_BYTES_MAX`].
    #[error("what is at `sector_identifier_uri` is not a list of addresses")]
    Malformed,
    /// It does not name each redirect URI of the client, or the client has none that it could name.
    #[error(
        "what is at `sector_identifier_uri` does not name all redirect URIs, or there are none"
    )]
    Incomplete,
}

/// Which names a client is told, and where the addresses of its sector are listed.
pub(super) fn read(
    members: &Members,
    redirect_uris: &[RedirectUri],
) -> Result<(SubjectType, Option<String>), RegistrationFault> {
    const NAME: &str = "sector_identifier_uri";
    let document = members.owned(NAME)?;
    if document.as_ref().is_some_and(|uri| !is_address(uri)) {
        return Err(RegistrationFault::Malformed(NAME));
    }
    let sector = match members.text("subject_type")? {
        None | Some("public") => return Ok((SubjectType::Public, document)),
        // A document shows that a client is of its sector by naming where that client leads: of
        // one that leads nowhere it shows nothing.
        Some("pairwise") => match &document {
            Some(_) if redirect_uris.is_empty() => None,
            Some(uri) => host(uri),
            None => only_host(redirect_uris),
        },
        Some(_) => return Err(RegistrationFault::NotSupported("subject_type")),
    };
    let sector = sector.ok_or(RegistrationFault::Sector)?;
    Ok((SubjectType::Pairwise { sector }, document))
}

/// Whether the document at a client's `sector_identifier_uri` names each of its redirect URIs, of
/// which there is one at least.
///
/// # Errors
/// Where it does not, or is none.
pub fn check_sector_document(document: &[u8], client: &Client) -> Result<(), SectorFault> {
    if document.len() > SECTOR_BYTES_MAX {
        return Err(SectorFault::Malformed);
    }
    let listed: Vec<Value> =
        serde_json::from_slice(document).map_err(|_| SectorFault::Malformed)?;
    if !listed.iter().all(Value::is_string) {
        return Err(SectorFault::Malformed);
    }
    let is_listed = |uri: &RedirectUri| listed.iter().any(|one| one == uri.as_str());
    let uris = &client.redirect_uris;
    match !uris.is_empty() && uris.iter().all(is_listed) {
        true => Ok(()),
        false => Err(SectorFault::Incomplete),
    }
}

fn host(uri: &str) -> Option<String> {
    let authority = Uri::parse(uri)?.authority?;
    Some(authority.host.to_owned())
}

/// A host that redirect URIs lead to: what a scheme of the client's own has for one is anybody's, and
/// the device itself is everybody's.
fn only_host(redirect_uris: &[RedirectUri]) -> Option<String> {
    let is_somebodys = |uri: &RedirectUri| uri.kind() == RedirectKind::Https;
    if !redirect_uris.iter().all(is_somebodys) {
        return None;
    }
    let mut hosts = redirect_uris.iter().map(RedirectUri::host);
    let first = hosts.next()??;
    hosts
        .all(|host| host == Some(first))
        .then(|| first.to_owned())
}
