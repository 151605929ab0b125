//! What a configuration names on disk: faults that only a look at the files shows.

use super::Config;
use crate::policy_folder;

/// Everything that is wrong with the files that a checked configuration names.
pub(crate) fn faults(config: &Config) -> Vec<String> {
    let mut faults = Vec::new();
    policies(config, &mut faults);
    certificates(config, &mut faults);
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

fn certificates(config: &Config, faults: &mut Vec<String>) {
    if config.listen.https.is_empty() {
        return;
    }
    let files = crate::wiring::tls::files(config);
    if let Err(found) = gw_tls::CertificateStore::load(files, crate::clock::now()) {
        faults.extend(found.iter().map(|fault| format!("certificate: {fault}")));
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
