//! An app that speaks SAML, as the file and its metadata declare it.

use std::{path::PathBuf, sync::Arc};

use data_encoding::BASE64;
use gw_model::{
    AppName, SamlClient, SamlClientNames, SamlConsumer, SamlEncryption, SamlFact, SamlSignOut,
    Timestamp,
};
use gw_oauth::GrantType;
use gw_saml::{
    Binding, ContentCipher, KeyTransport, Recipient,
    limits::ENTITY_ID_MAX_BYTES,
    metadata::{AssertionConsumer, Entity, SpRole},
};

use super::{Among, check_app, words::Kind};
use crate::config::{
    reader::{Section, readable_from_text},
    saml::{entity, secure, sign_out},
};

/// The keys that are about SAML.
const KEYS: [&str; 8] = [
    "metadata",
    "entity_id",
    "acs",
    "names",
    "tells",
    "sign_requests",
    "encrypted",
    "idp_initiated",
];
/// Those that are about OpenID Connect and OAuth.
const OTHERS: [&str; 24] = [
    "grants",
    "redirect_uris",
    "post_logout_redirect_uris",
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
    "secrets",
    "secret_in",
    "keys",
    "keys_uri",
    "certificate",
    "scopes",
    "resources",
    "serves",
    "subjects",
    "sector",
    "id_token_algorithm",
    "userinfo_algorithm",
    "require_pushed",
    "dpop_bound",
    "certificate_bound",
    "proof_key",
    "default_max_age",
    "require_auth_time",
    "default_acr_values",
];

/// Something that it is told, as it is written in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Told(SamlFact);

impl std::str::FromStr for Told {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = SamlFact::ALL.into_iter().find(|one| one.as_str() == text);
        found.map(Self).ok_or_else(|| {
            let known = SamlFact::ALL.map(|one| format!("`{}`", one.as_str()));
            format!("is `{text}`, expected {}", known.join(" or "))
        })
    }
}

readable_from_text!(Told = "fact";);

/// What is declared of it, as it stands in the file.
struct Keys {
    metadata: Option<PathBuf>,
    entity_id: Option<Arc<str>>,
    acs: Vec<Arc<str>>,
    names: SamlClientNames,
    tells: Vec<SamlFact>,
    sign_requests: Option<bool>,
    encrypted: bool,
    idp_initiated: bool,
}

impl Keys {
    fn read(section: &mut Section<'_>) -> Self {
        let names = SamlClientNames::ALL.map(|names| (names.as_str(), names));
        Self {
            metadata: section.optional("metadata"),
            entity_id: section.optional("entity_id"),
            acs: section.or("acs", Vec::new()),
            names: section.choice("names", &names, SamlClientNames::default()),
            tells: tells(section),
            sign_requests: section.optional("sign_requests"),
            encrypted: section.or("encrypted", false),
            idp_initiated: section.or("idp_initiated", false),
        }
    }
}

/// In one order, each once.
fn tells(section: &mut Section<'_>) -> Vec<SamlFact> {
    let told = section.optional::<Vec<Told>>("tells");
    let mut tells = told.map_or_else(
        || SamlFact::ALL.to_vec(),
        |told| told.iter().map(|one| one.0).collect(),
    );
    tells.sort_unstable();
    tells.dedup();
    tells
}

/// An app that speaks SAML, and the files that tell of it.
pub(super) struct Declared {
    pub(super) client: SamlClient,
    pub(super) files: Vec<PathBuf>,
}

/// What is declared of it; nothing where the client is another, or there is a fault.
pub(super) fn declared(
    section: &mut Section<'_>,
    kind: Kind,
    app: Option<&AppName>,
    among: Among<'_>,
) -> Option<Declared> {
    let keys = Keys::read(section);
    if kind != Kind::Saml {
        for key in KEYS.into_iter().filter(|key| section.has(key)) {
            section.fault(key, "is about SAML: it needs `type = \"saml\"` beside it");
        }
        return None;
    }
    for key in OTHERS {
        if section.found(key).is_some() {
            section.fault(
                key,
                "is about clients that speak OpenID Connect, and this one speaks SAML",
            );
        }
    }
    check_app(section, app, &[GrantType::AuthorizationCode], among);
    match keys.metadata.clone() {
        Some(file) => by_metadata(section, &keys, file, among),
        None if section.has("metadata") => None,
        None => by_itself(section, &keys),
    }
}

fn by_metadata(
    section: &Section<'_>,
    keys: &Keys,
    file: PathBuf,
    among: Among<'_>,
) -> Option<Declared> {
    if section.has("acs") {
        section.fault("acs", "stands in the metadata: keep one of them");
    }
    let file = among.folder.join(file);
    let entity = entity(section, &file, keys.entity_id.as_deref(), among.files)?;
    let shown = file.display().to_string();
    let told = |fault: String| section.fault("metadata", format!("`{shown}`: {fault}"));
    let Some(sp) = &entity.sp else {
        told(format!("`{}` is no service provider", entity.entity_id));
        return None;
    };
    let signed = signed(section, keys, sp)?;
    let recipient = sp.recipient().filter(|one| one.certificate.is_rsa());
    if keys.encrypted && recipient.is_none() {
        section.fault(
            "encrypted",
            "is true, and its metadata has no certificate for encryption with an RSA key",
        );
        return None;
    }
    let recipient = recipient.filter(|_| keys.encrypted);
    match client(&entity, sp, keys) {
        Ok(client) => Some(Declared {
            client: SamlClient {
                requires_signed: signed,
                encryption: recipient.as_ref().map(kept),
                ..client
            },
            files: vec![file],
        }),
        Err(fault) => {
            told(fault);
            None
        }
    }
}

/// Whether its requests have to be signed: where it has a key for that, unless the file says
/// otherwise.
fn signed(section: &Section<'_>, keys: &Keys, sp: &SpRole) -> Option<bool> {
    let fault = match (keys.sign_requests, sp.signing.is_empty()) {
        (Some(false), _) if sp.authn_requests_signed => {
            "is false, and its metadata says that it signs its requests"
        }
        (Some(true), true) => "is true, and its metadata has no certificate for signing",
        (None, true) if sp.authn_requests_signed => {
            section.fault(
                "metadata",
                "says that its requests are signed, and has no certificate for signing",
            );
            return None;
        }
        (said, none) => return Some(said.unwrap_or(!none)),
    };
    section.fault("sign_requests", fault);
    None
}

/// To whom assertions are encrypted.
fn kept(recipient: &Recipient) -> SamlEncryption {
    SamlEncryption {
        certificate: BASE64.encode(recipient.certificate.der()).into(),
        by_sha256: recipient.key_transport == KeyTransport::OaepSha256,
        by_128_bits: recipient.cipher == ContentCipher::Aes128Gcm,
    }
}

fn client(entity: &Entity, sp: &SpRole, keys: &Keys) -> Result<SamlClient, String> {
    let posts = sp
        .consumers
        .iter()
        .filter(|one| one.binding == Binding::Post);
    let consumers = posts.map(consumer).collect::<Result<Vec<_>, _>>()?;
    if consumers.is_empty() {
        return Err("it takes no answers by a form (HTTP-POST)".to_owned());
    }
    let certificates = sp.signing.iter();
    Ok(SamlClient {
        sign_out: sign_out_of(sp)?,
        certificates: certificates
            .map(|certificate| BASE64.encode(certificate.der()).into())
            .collect(),
        valid_until: entity.valid_until,
        ..plain(&entity.entity_id, consumers, keys)
    })
}

/// Without a key of its own nobody could tell that it is it who asks for a logout.
fn sign_out_of(sp: &SpRole) -> Result<Option<SamlSignOut>, String> {
    let redirect = sp.single_logout_by(Binding::Redirect);
    let endpoint = redirect.or_else(|| sp.single_logout_by(Binding::Post));
    let endpoint = endpoint.filter(|_| !sp.signing.is_empty());
    endpoint.map(sign_out).transpose()
}

fn consumer(consumer: &AssertionConsumer) -> Result<SamlConsumer, String> {
    Ok(SamlConsumer {
        location: secure(&consumer.location)?,
        index: consumer.index,
        is_default: consumer.is_default,
    })
}

/// What the file says of it, without keys.
fn plain(entity_id: &str, consumers: Vec<SamlConsumer>, keys: &Keys) -> SamlClient {
    SamlClient {
        entity_id: entity_id.into(),
        consumers,
        sign_out: None,
        certificates: Vec::new(),
        encryption: None,
        valid_until: None::<Timestamp>,
        names: keys.names,
        tells: keys.tells.clone(),
        requires_signed: false,
        idp_initiated: keys.idp_initiated,
    }
}

fn by_itself(section: &Section<'_>, keys: &Keys) -> Option<Declared> {
    let missing = [
        ("metadata", keys.entity_id.is_none() && keys.acs.is_empty()),
        (
            "entity_id",
            keys.entity_id.is_none() && !keys.acs.is_empty(),
        ),
        ("acs", keys.entity_id.is_some() && keys.acs.is_empty()),
    ];
    for (key, _) in missing.into_iter().filter(|(_, is_missing)| *is_missing) {
        section.fault(
            key,
            "is missing: a client that speaks SAML is declared by its `metadata`, or by `entity_id` and `acs`",
        );
    }
    for (key, is) in [
        ("sign_requests", keys.sign_requests == Some(true)),
        ("encrypted", keys.encrypted),
    ] {
        if is {
            section.fault(key, "is true, and needs `metadata` with its certificate");
        }
    }
    let entity_id = keys.entity_id.as_deref()?;
    if entity_id.is_empty() || entity_id.len() > ENTITY_ID_MAX_BYTES {
        section.fault("entity_id", "is empty, or longer than 1024 bytes");
        return None;
    }
    let consumers = (0..).zip(&keys.acs).map(|(index, location)| {
        Ok(SamlConsumer {
            location: secure(location)?,
            index,
            is_default: index == 0,
        })
    });
    let consumers = consumers.collect::<Result<Vec<_>, String>>();
    let consumers = consumers
        .map_err(|fault| section.fault("acs", fault))
        .ok()?;
    (!consumers.is_empty()).then(|| Declared {
        client: plain(entity_id, consumers, keys),
        files: Vec::new(),
    })
}
