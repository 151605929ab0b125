//! What a configuration names on disk: faults that only a look at the files shows.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path, sync::Arc};

use gw_directory::Settings;
use gw_identity::ProviderClient;
use gw_provisioning::{SECRET_BYTES_MIN, SourceSecrets};
use gw_store::Secret;
use gw_tls::{TlsFault, TrustFault, TrustFiles, TrustStore};

use super::{Config, ConfigFaults, Fault};
use crate::policy_folder;

/// Everything that is wrong with the files that a checked configuration names.
pub(crate) fn faults(config: &Config) -> Vec<String> {
    let mut faults = Vec::new();
    policies(config, &mut faults);
    certificates(config, &mut faults);
    if let Err(found) = TrustStore::load(trust(config), crate::clock::now()) {
        faults.extend(trust_faults(config, &found));
    }
    acme(config, &mut faults);
    if let Err(found) = provider_clients(config) {
        faults.extend(found);
    }
    if let Err(found) = scim_secrets(config) {
        faults.extend(found);
    }
    if let Err(found) = directories(config) {
        faults.extend(found);
    }
    if let Some(database) = &config.geo_database
        && !database.is_file()
    {
        faults.push(format!(
            "geo.database: there is no file `{}`",
            database.display()
        ));
    }
    faults
}

/// The files that apps' servers are believed by.
pub(crate) fn trust(config: &Config) -> Vec<TrustFiles> {
    let each = config.upstream_tls.iter();
    each.map(|tls| tls.files.clone()).collect()
}

/// What is wrong with them, each with its line and key.
pub(crate) fn trust_faults(config: &Config, found: &[TrustFault]) -> Vec<String> {
    let placed = |fault: &TrustFault| {
        let of_app = config.upstream_tls.iter();
        let place = of_app
            .filter(|tls| tls.files.app == fault.app)
            .find_map(|tls| tls.places.get(fault.key));
        Fault {
            line: place.map_or(0, |place| place.line),
            key: place.map_or_else(|| fault.key.to_owned(), |place| place.key.clone()),
            what: fault.source.to_string(),
        }
    };
    let faults = ConfigFaults {
        file: config.file.clone(),
        faults: found.iter().map(placed).collect(),
    };
    faults.to_string().lines().map(str::to_owned).collect()
}

fn certificates(config: &Config, faults: &mut Vec<String>) {
    if config.listen.https.is_empty() {
        return;
    }
    let files = crate::wiring::tls::files(config);
    if let Err(found) = gw_tls::CertificateStore::load(files, crate::clock::now()) {
        faults.extend(found.iter().map(|fault| format!("certificate: {fault}")));
    }
}

/// Who vouches for the authority, and the key that it gave us.
fn acme(config: &Config, faults: &mut Vec<String>) {
    let Some(settings) = config.acme.as_ref().map(|acme| &acme.settings) else {
        return;
    };
    if let Err(fault) = gw_tls::believing(settings.ca.as_deref()) {
        faults.push(format!("acme.ca: {fault}"));
    }
    if let Some(account) = &settings.external_account
        && let Err(fault) = gw_acme::external_key(&account.key)
    {
        faults.push(format!("acme.external_account.key: {fault}"));
    }
}

/// By what this node speaks with providers of identities.
///
/// # Errors
/// All faults of all files.
pub(crate) fn provider_clients(config: &Config) -> Result<Vec<ProviderClient>, Vec<String>> {
    let mut faults = Vec::new();
    let mut clients = Vec::new();
    for files in &config.providers {
        let of = |key: &str, fault: String| format!("provider {}: {key}: {fault}", files.name);
        let secret = files.client_secret.as_deref().map(secret).transpose();
        let tls = gw_tls::believing(files.ca.as_deref());
        match (secret, tls) {
            (Ok(secret), Ok(tls)) => clients.push(ProviderClient {
                name: files.name.clone(),
                secret,
                by_key: files.by_key,
                tls: Arc::new(tls),
                ca: files.ca.clone(),
            }),
            (secret, tls) => {
                faults.extend(secret.err().map(|fault| of("client_secret", fault)));
                faults.extend(tls.err().map(|fault| of("ca", fault.to_string())));
            }
        }
    }
    if faults.is_empty() {
        Ok(clients)
    } else {
        Err(faults)
    }
}

/// By what sources that push people in show who they are.
///
/// # Errors
/// All faults of all files.
pub(crate) fn scim_secrets(config: &Config) -> Result<Vec<SourceSecrets>, Vec<String>> {
    let (mut faults, mut sources) = (Vec::new(), Vec::new());
    for files in &config.scim {
        let mut secrets = Vec::new();
        for file in &files.secrets {
            match secret(file).and_then(|secret| long_enough(file, secret)) {
                Ok(secret) => secrets.push(secret),
                Err(fault) => faults.push(format!("scim {}: secrets: {fault}", files.name)),
            }
        }
        let secrets = secrets.iter().map(|secret| secret.expose().as_str());
        sources.push(SourceSecrets::of(files.name.clone(), secrets));
    }
    match faults.is_empty() {
        true => Ok(sources),
        false => Err(faults),
    }
}

/// How directories are read, with their secrets and with who vouches for them; those that are
/// switched off are not.
///
/// # Errors
/// All faults of all files.
pub(crate) fn directories(config: &Config) -> Result<Vec<Settings>, Vec<String>> {
    let directories = directory_settings(config);
    let on = config.directories.iter().filter(|files| files.enabled);
    let faults: Vec<_> = on.flat_map(|files| tls_faults(&files.settings)).collect();
    match (directories, faults.is_empty()) {
        (Ok(directories), true) => Ok(directories),
        (Ok(_), false) => Err(faults),
        (Err(others), _) => Err(others.into_iter().chain(faults).collect()),
    }
}

/// What is wrong with who vouches for a directory, and with what its servers are shown.
fn tls_faults(settings: &Settings) -> Vec<String> {
    let of =
        |key: &str, fault: TlsFault| format!("directory {}: {key}: {fault}", settings.provider);
    let ca = gw_tls::believing(settings.ca.as_deref()).err();
    let shown = settings.certificate.as_ref();
    let shown = shown.and_then(|shown| gw_tls::check_shown(&shown.chain, &shown.key).err());
    let ca = ca.map(|fault| of("ca", fault));
    let shown = shown.map(|fault| of("certificate", fault));
    ca.into_iter().chain(shown).collect()
}

/// How directories are read, with their secrets.
///
/// # Errors
/// All faults of all files.
pub(crate) fn directory_settings(config: &Config) -> Result<Vec<Settings>, Vec<String>> {
    let (mut faults, mut directories) = (Vec::new(), Vec::new());
    for files in config.directories.iter().filter(|files| files.enabled) {
        let mut settings = files.settings.clone();
        match files.password.as_deref().map(secret).transpose() {
            Ok(Some(secret)) => {
                settings.secret = gw_directory::Secret::new(secret.expose().as_str());
            }
            Ok(None) => {}
            Err(fault) => faults.push(format!(
                "directory {}: password: {fault}",
                settings.provider
            )),
        }
        directories.push(settings);
    }
    match faults.is_empty() {
        true => Ok(directories),
        false => Err(faults),
    }
}

/// A secret that nobody guesses, and that a header can hold.
fn long_enough(file: &Path, secret: Secret<String>) -> Result<Secret<String>, String> {
    let shown = file.display();
    let text = secret.expose();
    if text.len() < SECRET_BYTES_MIN {
        return Err(format!(
            "`{shown}` is shorter than {SECRET_BYTES_MIN} bytes: run `openssl rand -hex 32 >{shown}`"
        ));
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!(
            "`{shown}` has spaces, or what is not ASCII: run `openssl rand -hex 32 >{shown}`"
        ));
    }
    Ok(secret)
}

/// A secret in a file of its own, that others cannot read.
pub(super) fn secret(file: &Path) -> Result<Secret<String>, String> {
    let shown = file.display();
    let unreadable = |why| format!("`{shown}` cannot be read: {why}");
    let mode = fs::metadata(file).map_err(unreadable)?.mode() & 0o7777;
    if mode & 0o037 != 0 {
        return Err(format!(
            "`{shown}` is open to others (mode {mode:04o}): run `chmod 0600 {shown}`"
        ));
    }
    let text = fs::read_to_string(file).map_err(unreadable)?;
    match text.trim() {
        "" => Err(format!(
            "`{shown}` is empty: it holds one secret on one line"
        )),
        secret if secret.contains('\n') => Err(format!(
            "`{shown}` has several lines: it holds one secret on one line"
        )),
        secret => Ok(Secret::new(secret.to_owned())),
    }
}

fn policies(config: &Config, faults: &mut Vec<String>) {
    let folder = &config.policies.folder;
    if !folder.exists() && !config.policies.watch {
        return;
    }
    match policy_folder::read(folder) {
        Err(fault) => faults.push(format!("policies.folder: `{}`: {fault}", folder.display())),
        Ok(files) => {
            if let Err(found) = gw_policy::load(&files) {
                let place =
                    |fault: &gw_policy::PolicyFault| format!("{}/{fault}", folder.display());
                faults.extend(found.iter().map(place));
            }
        }
    }
}
