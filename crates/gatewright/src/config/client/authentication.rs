//! How a declared client shows who it is: in exactly one way, or, where whatever it holds can be
//! read by the people who use it, not at all.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use gw_model::ProviderName;
use gw_oauth::{
    CLIENT_SECRETS_MAX, CertificateName, ClaimPattern, ClientAuthentication, ClientKeys,
    ClientSecrets, KeptSecret, WorkloadRule,
};

use super::{Among, words::Kind};
use crate::config::reader::{Found, Readable, Section};

/// The longest file of keys, in bytes.
const KEYS_BYTES_MAX: usize = 64 * 1024;

/// How it shows who it is, and the files that say so.
pub(super) struct Shown {
    pub(super) authentication: ClientAuthentication,
    pub(super) keys: Option<ClientKeys>,
    pub(super) files: Vec<PathBuf>,
}

impl Shown {
    const fn without_files(authentication: ClientAuthentication) -> Self {
        Self {
            authentication,
            keys: None,
            files: Vec::new(),
        }
    }
}

/// The certificate that it is known by.
enum Certificate {
    /// One of an authority, with this name.
    Named(CertificateName),
    /// Its own, over a key of its key set.
    SelfSigned,
}

/// What is declared of it.
struct Keys {
    secrets: Vec<PathBuf>,
    in_body: bool,
    keys: Option<PathBuf>,
    keys_uri: Option<Arc<str>>,
    certificate: Option<Certificate>,
    workloads: Vec<WorkloadRule>,
}

/// The keys that say how a client shows who it is.
const WAYS: [&str; 5] = ["secrets", "keys", "keys_uri", "certificate", "workload"];

pub(super) fn read(section: &mut Section<'_>, kind: Kind, among: Among<'_>) -> Option<Shown> {
    let declared = Keys {
        secrets: section.or("secrets", Vec::new()),
        in_body: section.choice("secret_in", &[("header", false), ("body", true)], false),
        keys: section.optional("keys"),
        keys_uri: section.optional("keys_uri"),
        certificate: section.optional("certificate"),
        workloads: workloads(section, among),
    };
    if section.has("secret_in") && !section.has("secrets") {
        section.fault("secret_in", "is about `secrets`, and there are none");
    }
    let named: Vec<_> = WAYS.into_iter().filter(|key| section.has(key)).collect();
    if !kind.keeps_secrets() {
        for key in &named {
            let what = format!(
                "cannot be: whoever uses a `{}` client can read what it holds. Take it away; what runs on a server of yours is `type = \"web\"`",
                kind.word()
            );
            section.fault(key, what);
        }
        return named
            .is_empty()
            .then(|| Shown::without_files(ClientAuthentication::None));
    }
    match named.as_slice() {
        [] => {
            section.fault(
                "secrets",
                format!(
                    "is missing: a `{}` client shows who it is by `secrets`, `keys`, `keys_uri`, `certificate` or `[[client.workload]]`; one that people can read is `type = \"browser\"` or \"native\"",
                    kind.word()
                ),
            );
            None
        }
        ["secrets"] => by_secrets(section, declared, among),
        ["keys" | "keys_uri"] => {
            let (keys, files) = keys(section, declared, among)?;
            Some(Shown {
                authentication: ClientAuthentication::PrivateKeyJwt,
                keys: Some(keys),
                files,
            })
        }
        ["workload"] => Some(Shown::without_files(ClientAuthentication::Workload {
            rules: declared.workloads,
        })),
        ["certificate"] => by_certificate(section, declared.certificate?),
        ["keys" | "keys_uri", "certificate"] => by_own_certificate(section, declared, among),
        [first, others @ ..] => {
            section.fault(
                first,
                format!(
                    "stands beside `{}`: a client shows who it is in one way, so keep one of them",
                    others.join("` and `")
                ),
            );
            None
        }
    }
}

fn by_secrets(section: &Section<'_>, declared: Keys, among: Among<'_>) -> Option<Shown> {
    const KEY: &str = "secrets";
    let files: Vec<_> = declared
        .secrets
        .iter()
        .map(|file| among.folder.join(file))
        .collect();
    if files.is_empty() || files.len() > CLIENT_SECRETS_MAX {
        section.fault(
            KEY,
            format!("names {} files, expected 1 to {CLIENT_SECRETS_MAX}: the newest, and those that it follows", files.len()),
        );
        return None;
    }
    let mut kept: Vec<KeptSecret> = Vec::new();
    for file in &files {
        match kept_of(file, among) {
            Ok(one) if kept.iter().any(|other| other.hash == one.hash) => {
                let what = format!("`{}` holds the same as another one", file.display());
                section.fault(KEY, what);
            }
            Ok(one) => kept.push(one),
            Err(fault) => section.fault(KEY, fault),
        }
    }
    if kept.len() < files.len() {
        return None;
    }
    let secrets = ClientSecrets::of_all(kept).ok()?;
    let authentication = match declared.in_body {
        false => ClientAuthentication::ClientSecretBasic { secrets },
        true => ClientAuthentication::ClientSecretPost { secrets },
    };
    Some(Shown {
        authentication,
        keys: None,
        files,
    })
}

fn kept_of(file: &Path, among: Among<'_>) -> Result<KeptSecret, String> {
    let (text, since) = among.files.secret(file)?;
    KeptSecret::of_text(text.expose(), since)
        .map_err(|fault| format!("`{}`: {fault}", file.display()))
}

/// What issuers elsewhere say of it.
fn workloads(section: &mut Section<'_>, among: Among<'_>) -> Vec<WorkloadRule> {
    let rules = section.tables("workload", |section| {
        let issuer = section.required::<ProviderName>("issuer");
        let claims = section.required::<BTreeMap<Arc<str>, Arc<str>>>("claims");
        let (issuer, claims) = (issuer?, claims?);
        if !among.issuers.iter().any(|one| one.name == issuer) {
            let what = format!("is `{issuer}`, which is no `[[issuer]]` of this file");
            section.fault("issuer", what);
        }
        if claims.is_empty() {
            let what = "names none: whatever that issuer vouches for would be this client";
            section.fault("claims", what);
        }
        let mut read = BTreeMap::new();
        for (name, text) in &claims {
            match ClaimPattern::parse(text) {
                Ok(pattern) => drop(read.insert(name.to_string(), pattern)),
                Err(fault) => section.fault("claims", format!("has `{name}`, which {fault}")),
            }
        }
        (read.len() == claims.len() && !read.is_empty()).then_some(WorkloadRule {
            issuer,
            claims: read,
        })
    });
    rules.into_iter().flatten().collect()
}

/// Its public keys, and the file that they are in.
fn keys(
    section: &Section<'_>,
    declared: Keys,
    among: Among<'_>,
) -> Option<(ClientKeys, Vec<PathBuf>)> {
    if let Some(uri) = declared.keys_uri {
        return Some((ClientKeys::JwksUri(uri.to_string()), Vec::new()));
    }
    let file = among.folder.join(declared.keys?);
    let text = among
        .files
        .whole(&file, KEYS_BYTES_MAX)
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is no text".to_owned()));
    match text {
        Ok(text) => Some((ClientKeys::Jwks(text), vec![file])),
        Err(why) => {
            section.fault(
                "keys",
                format!("`{}` cannot be read: {why}", file.display()),
            );
            None
        }
    }
}

fn by_certificate(section: &Section<'_>, certificate: Certificate) -> Option<Shown> {
    match certificate {
        Certificate::Named(name) => {
            let authentication = ClientAuthentication::TlsClientAuth { name };
            Some(Shown::without_files(authentication))
        }
        Certificate::SelfSigned => {
            section.fault(
                "certificate",
                "is \"self-signed\", and needs `keys` or `keys_uri` beside it: the keys that its certificates are over",
            );
            None
        }
    }
}

fn by_own_certificate(section: &Section<'_>, declared: Keys, among: Among<'_>) -> Option<Shown> {
    if let Some(Certificate::Named(_)) = declared.certificate {
        section.fault(
            "certificate",
            "has a name that an authority vouches for, and needs no keys: take `keys` or `keys_uri` away, or write \"self-signed\"",
        );
        return None;
    }
    let (keys, files) = keys(section, declared, among)?;
    Some(Shown {
        authentication: ClientAuthentication::SelfSignedTlsClientAuth,
        keys: Some(keys),
        files,
    })
}

type NameOf = fn(String) -> CertificateName;

/// The names that a certificate of an authority may have.
const NAMES: [(&str, NameOf); 5] = [
    ("subject_dn", CertificateName::TlsClientAuthSubjectDn),
    ("san_dns", CertificateName::TlsClientAuthSanDns),
    ("san_uri", CertificateName::TlsClientAuthSanUri),
    ("san_ip", CertificateName::TlsClientAuthSanIp),
    ("san_email", CertificateName::TlsClientAuthSanEmail),
];

impl Readable for Certificate {
    fn kind() -> String {
        "table of one name, or \"self-signed\"".into()
    }

    fn read(found: &Found<'_>) -> Option<Self> {
        if let Some(text) = found.value.as_str() {
            if text == "self-signed" {
                return Some(Self::SelfSigned);
            }
            found.fault(format!(
                "is `{text}`, expected \"self-signed\" or a table of one name, such as {{ san_dns = \"wiki.example.com\" }}"
            ));
            return None;
        }
        let mut section = found.section()?;
        let names = NAMES.map(|(key, of)| {
            let name = section.optional::<Arc<str>>(key);
            name.map(|name| of(name.to_string()))
        });
        section.refuse_unknown_keys();
        let mut names = names.into_iter().flatten();
        let name = (names.next(), names.next());
        let (Some(name), None) = name else {
            let known = NAMES.map(|(key, _)| format!("`{key}`"));
            found.fault(format!("has exactly one of {}", known.join(", ")));
            return None;
        };
        Some(Self::Named(name))
    }
}
