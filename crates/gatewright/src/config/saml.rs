//! A provider of identities that speaks SAML, as the file and its metadata declare it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use data_encoding::BASE64;
use gw_model::{
    Assurance, FoundBy, ProviderPeople, SamlAddress, SamlBinding, SamlNames, SamlProvider,
    SamlSignOut, Timestamp,
};
use gw_saml::{
    Binding,
    limits::METADATA_MAX_BYTES,
    metadata::{Endpoint, Entity, IdpRole, MetadataFault, Reading, read},
};

use super::{NamedFiles, reader::Section};

/// The key that says that a provider speaks SAML.
pub(super) const KEY: &str = "metadata";
/// The keys beside it.
const FURTHER: [&str; 5] = [
    "entity_id",
    "names",
    "sign_requests",
    "encrypted",
    "unsolicited",
];

/// What is declared beside the metadata.
struct Keys {
    entity_id: Option<Arc<str>>,
    names: SamlNames,
    sign_requests: bool,
    encrypted: bool,
    unsolicited: bool,
}

impl Keys {
    fn read(section: &mut Section<'_>) -> Self {
        let kinds = [SamlNames::Persistent, SamlNames::Email, SamlNames::Any];
        let kinds = kinds.map(|kind| (kind.as_str(), kind));
        Self {
            entity_id: section.optional("entity_id"),
            names: section.choice("names", &kinds, SamlNames::default()),
            sign_requests: section.or("sign_requests", true),
            encrypted: section.or("encrypted", false),
            unsolicited: section.or("unsolicited", false),
        }
    }
}

/// Who a provider says that it is, and how it is spoken to.
pub(super) struct Declared {
    pub(super) entity_id: Arc<str>,
    /// The file that says so.
    pub(super) file: PathBuf,
    pub(super) provider: SamlProvider,
}

/// Reads what is declared; nothing where no metadata is named, or it has a fault.
pub(super) fn declared(
    section: &mut Section<'_>,
    folder: &Path,
    files: &dyn NamedFiles,
) -> Option<Declared> {
    let file = section.optional::<PathBuf>(KEY);
    let keys = Keys::read(section);
    if !section.has(KEY) {
        for key in FURTHER.into_iter().filter(|key| section.has(key)) {
            section.fault(key, "is about SAML: it needs `metadata` beside it");
        }
        return None;
    }
    let file = folder.join(file?);
    let entity = entity(section, &file, keys.entity_id.as_deref(), files)?;
    let shown = file.display().to_string();
    let Some(idp) = &entity.idp else {
        section.fault(
            KEY,
            format!("`{shown}`: `{}` is no identity provider", entity.entity_id),
        );
        return None;
    };
    if idp.want_authn_requests_signed && !keys.sign_requests {
        let what = "is false, and the provider takes signed requests only";
        section.fault("sign_requests", what);
    }
    match provider(idp, &keys, entity.valid_until) {
        Ok(provider) => Some(Declared {
            entity_id: entity.entity_id.into(),
            file,
            provider,
        }),
        Err(fault) => {
            section.fault(KEY, format!("`{shown}`: {fault}"));
            None
        }
    }
}

/// What makes no sense where a provider speaks SAML.
pub(super) fn check(section: &Section<'_>, people: &ProviderPeople, assurance: &Assurance) {
    if people.found_by == FoundBy::VerifiedEmail {
        section.fault(
            "people",
            "has `found_by = \"verified-email\"`, and SAML says of no mail address that it was verified",
        );
    }
    let words = [
        ("multi_factor", &assurance.multi_factor),
        ("phishing_resistant", &assurance.phishing_resistant),
    ];
    for (key, _) in words.into_iter().filter(|(_, words)| !words.amr.is_empty()) {
        section.fault(
            key,
            "has `amr`, which SAML does not know: name classes by `acr`",
        );
    }
}

/// One entity of the metadata. What is out of date is read: it is told at each sign-in, and
/// nothing else has to wait for a newer file.
pub(super) fn entity(
    section: &Section<'_>,
    file: &Path,
    wanted: Option<&str>,
    files: &dyn NamedFiles,
) -> Option<Entity> {
    let shown = file.display();
    let document = match files.whole(file, METADATA_MAX_BYTES) {
        Ok(document) => document,
        Err(why) => {
            section.fault(KEY, format!("`{shown}` cannot be read: {why}"));
            return None;
        }
    };
    let reading = Reading {
        now: Timestamp::default(),
        entity_id: wanted,
        signers: &[],
    };
    match read(&document, &reading) {
        Ok(entity) => Some(entity),
        Err(fault) => {
            let key = match &fault {
                MetadataFault::Collection | MetadataFault::Unknown(_) => "entity_id",
                _ => KEY,
            };
            section.fault(key, format!("`{shown}`: {fault}"));
            None
        }
    }
}

fn provider(
    idp: &IdpRole,
    keys: &Keys,
    valid_until: Option<Timestamp>,
) -> Result<SamlProvider, String> {
    if idp.signing.is_empty() {
        return Err("it has no certificate for signing".to_owned());
    }
    let sign_on =
        by(&idp.single_sign_on).ok_or("it has no address to sign on by redirect or form")?;
    let sign_on = address(sign_on)?;
    let sign_out = by(&idp.single_logout).map(sign_out).transpose()?;
    let certificates = idp.signing.iter();
    Ok(SamlProvider {
        sign_on,
        sign_out,
        certificates: certificates
            .map(|certificate| BASE64.encode(certificate.der()).into())
            .collect(),
        valid_until,
        names: keys.names,
        signs_requests: keys.sign_requests,
        wants_encrypted: keys.encrypted,
        unsolicited: keys.unsolicited,
    })
}

/// By redirect where it can be.
fn by(endpoints: &[Endpoint]) -> Option<&Endpoint> {
    let of = |binding| endpoints.iter().find(move |one| one.binding == binding);
    of(Binding::Redirect).or_else(|| of(Binding::Post))
}

pub(super) fn sign_out(endpoint: &Endpoint) -> Result<SamlSignOut, String> {
    Ok(SamlSignOut {
        request: address(endpoint)?,
        response: secure(endpoint.response())?,
    })
}

fn address(endpoint: &Endpoint) -> Result<SamlAddress, String> {
    Ok(SamlAddress {
        location: secure(&endpoint.location)?,
        binding: match endpoint.binding {
            Binding::Redirect => SamlBinding::Redirect,
            Binding::Post => SamlBinding::Post,
        },
    })
}

/// People are sent there to sign in, so nobody between may be able to answer.
pub(super) fn secure(location: &str) -> Result<Arc<str>, String> {
    let url = location.parse::<http::Uri>().ok();
    let is_fine = url.is_some_and(|url| gw_outbound::Origin::of_or_loopback(&url).is_some());
    match is_fine && !location.contains('#') {
        true => Ok(Arc::from(location)),
        false => Err(format!(
            "the address `{}` is none at `https://`",
            location.escape_debug()
        )),
    }
}
