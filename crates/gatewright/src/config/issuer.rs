//! Issuers elsewhere whose tokens are believed of workloads, as the file declares them.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use gw_jose::{Algorithm, KeySet};
use gw_model::{Authorities, IssuerKeys, ProviderName, TokenIssuer};

use super::{
    NamedFiles,
    reader::Section,
    value::{Host, Issuer, Span},
};

/// The longest file of keys, in bytes.
const KEYS_BYTES_MAX: usize = 64 * 1024;
/// The longest file of authorities, in bytes.
const CA_BYTES_MAX: usize = 64 * 1024;
/// The most issuers.
const ISSUERS_MAX: usize = 32;
/// The most audiences of one.
const AUDIENCES_MAX: usize = 8;
/// The longest that a token may be taken after it was issued.
const AGE_MAX: Span = Span::hours(24);

/// A declared issuer, and the files that its keys and its authorities are in.
pub(super) struct Declared {
    pub(super) issuer: Arc<TokenIssuer>,
    pub(super) files: Vec<PathBuf>,
}

/// The declared issuers.
pub(super) fn issuers(
    root: &mut Section<'_>,
    folder: &Path,
    files: &dyn NamedFiles,
    authentication: Option<&Host>,
) -> Vec<Declared> {
    let (mut names, mut issuers) = (BTreeSet::new(), BTreeSet::new());
    let declared = root.tables("issuer", |section| {
        let declared = issuer(section, folder, files)?;
        let TokenIssuer { name, issuer, .. } = &*declared.issuer;
        if !names.insert(name.clone()) {
            section.fault("name", format!("is `{name}`, which is there already"));
        }
        if !issuers.insert(issuer.clone()) {
            section.fault("issuer", format!("is `{issuer}`, which is there already"));
        }
        if is_at(issuer, authentication) {
            let what = "is this gateway's own: its tokens are exchanged without being declared";
            section.fault("issuer", what);
        }
        Some(declared)
    });
    if declared.len() > ISSUERS_MAX {
        let what = format!("is there {} times, more than {ISSUERS_MAX}", declared.len());
        root.fault("issuer", what);
    }
    declared.into_iter().flatten().collect()
}

fn is_at(issuer: &str, host: Option<&Host>) -> bool {
    let url = issuer.parse::<http::Uri>().ok();
    let at = url.as_ref().and_then(http::Uri::host);
    at.zip(host)
        .is_some_and(|(at, host)| at.eq_ignore_ascii_case(&host.0))
}

fn issuer(section: &mut Section<'_>, folder: &Path, files: &dyn NamedFiles) -> Option<Declared> {
    let name = section.required::<ProviderName>("name");
    let issuer = section.required::<Issuer>("issuer");
    let audiences = section.required::<Vec<Arc<str>>>("audiences");
    let ca = authorities(section, folder, files);
    let (keys, file) = keys(section, folder, files)?;
    let algorithms = algorithms(section);
    let age_max = section.or("age_max", Span::hours(1));
    let single_use = section.or("single_use", true);
    if age_max.0 > AGE_MAX.0 {
        section.fault("age_max", "is longer than a day");
    }
    let (name, issuer, audiences) = (name?, issuer?, audiences?);
    let is_fit = |one: &Arc<str>| !one.is_empty();
    if !(1..=AUDIENCES_MAX).contains(&audiences.len()) || !audiences.iter().all(is_fit) {
        let what = format!("is 1 to {AUDIENCES_MAX} texts that tokens for here have as `aud`");
        section.fault("audiences", what);
    }
    Some(Declared {
        issuer: Arc::new(TokenIssuer {
            name,
            issuer: issuer.0,
            audiences,
            keys,
            algorithms,
            age_max: age_max.0,
            single_use,
            ca: ca.as_ref().map(|(ca, _)| ca.clone()),
        }),
        files: file.into_iter().chain(ca.map(|(_, file)| file)).collect(),
    })
}

/// Where its keys are: in a file, at an address, or where its own document says.
fn keys(
    section: &mut Section<'_>,
    folder: &Path,
    files: &dyn NamedFiles,
) -> Option<(IssuerKeys, Option<PathBuf>)> {
    let file = section.optional::<PathBuf>("keys");
    let uri = section.optional::<Issuer>("keys_uri");
    if section.has("keys") && section.has("keys_uri") {
        section.fault("keys", "stands beside `keys_uri`: keep one of the two");
    }
    let Some(file) = file else {
        return Some(match uri {
            Some(uri) => (IssuerKeys::Address(uri.0), None),
            None => (IssuerKeys::Discovery, None),
        });
    };
    let file = folder.join(file);
    match read(&file, files) {
        Ok(json) => Some((IssuerKeys::Set(json.into()), Some(file))),
        Err(why) => {
            let what = format!("`{}` is refused: {why}", file.display());
            section.fault("keys", what);
            None
        }
    }
}

/// Who alone vouches for the servers that its keys are had from; where none is asked, nobody does.
fn authorities(
    section: &mut Section<'_>,
    folder: &Path,
    files: &dyn NamedFiles,
) -> Option<(Authorities, PathBuf)> {
    const KEY: &str = "ca";
    let named = section.optional::<PathBuf>(KEY)?;
    if section.has("keys") {
        section.fault(
            KEY,
            "stands beside `keys`: its keys are in a file, and no server of it is asked",
        );
    }
    let file = folder.join(&named);
    let read = files.whole(&file, CA_BYTES_MAX).and_then(|pem| {
        gw_tls::believing_pem(&file, &pem).map_err(|fault| fault.to_string())?;
        String::from_utf8(pem).map_err(|_| "it is no text".to_owned())
    });
    match read {
        Ok(pem) => {
            let ca = Authorities {
                file: named.display().to_string().into(),
                pem: pem.into(),
            };
            Some((ca, file))
        }
        Err(why) => {
            section.fault(KEY, format!("`{}` is refused: {why}", file.display()));
            None
        }
    }
}

fn read(file: &Path, files: &dyn NamedFiles) -> Result<String, String> {
    let bytes = files.whole(file, KEYS_BYTES_MAX)?;
    let set = KeySet::parse(&bytes).map_err(|fault| fault.to_string())?;
    if set.keys().is_empty() {
        return Err("it holds no key that is used here".to_owned());
    }
    let is_private = |one: &gw_jose::Skipped| one.why == gw_jose::KeyFault::Private;
    if set.skipped().iter().any(is_private) {
        return Err("it holds a private key".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "it is no text".to_owned())
}

fn algorithms(section: &mut Section<'_>) -> Vec<Arc<str>> {
    const KEY: &str = "algorithms";
    let usual = vec![Arc::from("RS256"), Arc::from("ES256")];
    let named = section.or::<Vec<Arc<str>>>(KEY, usual);
    let unknown = named.iter().find(|name| Algorithm::of_name(name).is_none());
    if let Some(name) = unknown {
        let known = Algorithm::ALL.map(Algorithm::name).join(", ");
        section.fault(KEY, format!("names `{name}`, expected some of {known}"));
    }
    if named.is_empty() {
        section.fault(KEY, "names none: no token would be taken");
    }
    named
}
