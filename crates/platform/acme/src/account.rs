//! Our account with the authority: made once, found again, told whom to write to.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use data_encoding::BASE64URL_NOPAD;
use instant_acme::{Account, ExternalAccountKey, NewAccount};

use crate::{
    AcmeFault, ExternalAccount, Settings,
    client::Client,
    fault::Asking,
    kept::{self, Kept},
};

/// Finds the account of these settings, or makes one.
pub(crate) async fn open(
    settings: &Settings,
    kept: &Kept,
    client: &Client,
) -> Result<Account, AcmeFault> {
    match kept.account(&settings.directory) {
        Some(found) => resume(settings, kept, client, found).await,
        None => create(settings, kept, client).await,
    }
}

async fn resume(
    settings: &Settings,
    kept: &Kept,
    client: &Client,
    found: kept::Account,
) -> Result<Account, AcmeFault> {
    let credentials = copy(&found.credentials)?;
    let account = Account::builder_with_http(Box::new(client.clone()))
        .from_credentials(credentials)
        .await
        .map_err(|error| AcmeFault::of(error, Asking::Account))?;
    if found.contact != settings.contact {
        account
            .update_contacts(&addresses(&urls(&settings.contact)))
            .await
            .map_err(|error| AcmeFault::of(error, Asking::Account))?;
        kept.put_account(&kept::Account {
            contact: settings.contact.clone(),
            ..found
        })?;
    }
    Ok(account)
}

async fn create(settings: &Settings, kept: &Kept, client: &Client) -> Result<Account, AcmeFault> {
    let bound_to = settings
        .external_account
        .as_ref()
        .map(external)
        .transpose()?;
    let contact = urls(&settings.contact);
    let wanted = NewAccount {
        contact: &addresses(&contact),
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let (account, credentials) = Account::builder_with_http(Box::new(client.clone()))
        .create(&wanted, settings.directory.clone(), bound_to.as_ref())
        .await
        .map_err(|error| AcmeFault::of(error, Asking::Account))?;
    kept.put_account(&kept::Account {
        directory: settings.directory.clone(),
        contact: settings.contact.clone(),
        credentials,
    })?;
    tracing::info!(directory = %settings.directory, "an account was made with the certificate authority");
    Ok(account)
}

/// The library takes them away and cannot copy them.
fn copy(
    credentials: &instant_acme::AccountCredentials,
) -> Result<instant_acme::AccountCredentials, AcmeFault> {
    serde_json::to_value(credentials)
        .and_then(serde_json::from_value)
        .map_err(|why| AcmeFault::Misbehaves(why.to_string()))
}

fn urls(contact: &[String]) -> Vec<String> {
    let each = contact.iter();
    each.map(|address| format!("mailto:{address}")).collect()
}

fn addresses(urls: &[String]) -> Vec<&str> {
    urls.iter().map(String::as_str).collect()
}

fn external(account: &ExternalAccount) -> Result<ExternalAccountKey, AcmeFault> {
    let key = external_key(&account.key).map_err(AcmeFault::ExternalAccount)?;
    Ok(ExternalAccountKey::new(account.id.clone(), &key))
}

/// The key of an external account, from its file.
pub fn external_key(file: &Path) -> Result<Vec<u8>, String> {
    let shown = file.display();
    let unreadable = |why| format!("`{shown}` cannot be read: {why}");
    let mode = fs::metadata(file).map_err(unreadable)?.mode() & 0o7777;
    if mode & 0o037 != 0 {
        return Err(format!(
            "`{shown}` is open to others (mode {mode:04o}): run `chmod 0600 {shown}`"
        ));
    }
    let text = fs::read_to_string(file).map_err(unreadable)?;
    let bare = text.trim().trim_end_matches('=');
    match BASE64URL_NOPAD.decode(bare.as_bytes()) {
        Ok(key) if key.len() >= 16 => Ok(key),
        _ => Err(format!(
            "`{shown}` holds no key of 16 bytes or more in base64url"
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_key_of_an_external_account_is_closed_to_others_and_in_base64url() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("eab.key");
        let put = |text: &str, mode| {
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            external_key(&file)
        };
        let key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
        assert_eq!(put(&format!("{key}\n"), 0o600).unwrap().len(), 48);
        assert!(put("AAAAAAAAAAAAAAAAAAAAAA==", 0o640).is_ok());
        assert!(put(key, 0o644).unwrap_err().contains("open to others"));
        for bad in ["", "short", "no base64 at all!!!!!!!!!!!!!"] {
            assert!(put(bad, 0o600).unwrap_err().contains("base64url"), "{bad}");
        }
        let missing = external_key(Path::new("/nowhere/key")).unwrap_err();
        assert!(missing.contains("/nowhere/key"), "{missing}");
    }
}
