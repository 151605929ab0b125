//! The authority that certificates come from, for hosts that no certificate file is for.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use gw_acme::{ExternalAccount, LETS_ENCRYPT, Settings};

use super::{
    Listen,
    reader::{Readable as _, Section},
    value::{Directory, MailAddress, ObtainableHost},
};

/// Where certificates come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AcmeConfig {
    /// The authority, and our account with it.
    pub(crate) settings: Settings,
    /// The only hosts that it is asked for; all where empty.
    hosts: Vec<ObtainableHost>,
}

impl AcmeConfig {
    /// Whether a certificate is obtained for a host that no file is for.
    pub(crate) fn is_for(&self, host: &str) -> bool {
        let is_named = || self.hosts.iter().any(|named| &*named.0 == host);
        gw_acme::obtainable(host).is_ok() && (self.hosts.is_empty() || is_named())
    }
}

/// None where the file has no such table.
pub(super) fn acme(section: &mut Section<'_>, folder: &Path) -> Option<AcmeConfig> {
    let is_there = section.is_there();
    terms(section, is_there);
    let directory = section.or("directory", Directory(Arc::from(LETS_ENCRYPT)));
    let contact = section.or::<Vec<MailAddress>>("contact", Vec::new());
    let hosts = section.or("hosts", Vec::new());
    let ca = section.optional::<PathBuf>("ca");
    let external_account = section.table("external_account", |s| external(s, folder));
    is_there.then(|| AcmeConfig {
        settings: Settings {
            directory: directory.0.to_string(),
            contact: contact.iter().map(|mail| mail.0.to_string()).collect(),
            ca: ca.map(|ca| folder.join(ca)),
            external_account,
        },
        hosts,
    })
}

/// Nobody agrees to anything by leaving a word out.
fn terms(section: &mut Section<'_>, is_there: bool) {
    const KEY: &str = "terms_of_service_agreed";
    section.describe(KEY, || (bool::kind(), super::asked::Absent::Fault));
    match section.found(KEY).map(|found| bool::read(&found)) {
        Some(Some(false)) => section.fault(
            KEY,
            "is false: the authority wants its terms agreed to; read them, then write `true`, or take [acme] away",
        ),
        None if is_there => section.fault(
            KEY,
            "is missing: read the authority's terms, then write `terms_of_service_agreed = true`",
        ),
        _ => {}
    }
}

fn external(section: &mut Section<'_>, folder: &Path) -> Option<ExternalAccount> {
    let is_there = section.is_there();
    section.describe("id", || (<Arc<str>>::kind(), super::asked::Absent::Fault));
    section.describe("key", || (PathBuf::kind(), super::asked::Absent::Fault));
    if !is_there {
        return None;
    }
    let id = section.required_quietly::<Arc<str>>("id");
    let key = section.required_quietly::<PathBuf>("key");
    Some(ExternalAccount {
        id: id?.to_string(),
        key: folder.join(key?),
    })
}

/// What obtaining certificates needs of the rest of the file.
pub(super) fn check_listen(root: &Section<'_>, acme: Option<&AcmeConfig>, listen: &Listen) {
    if acme.is_none() {
        return;
    }
    if listen.http.is_empty() {
        root.fault(
            "acme",
            "needs `listen.http`: the authority looks at port 80 of each host, over plain HTTP",
        );
    }
    if listen.https.is_empty() {
        root.fault("acme", "has nothing to do: `listen.https` is empty");
    }
}
