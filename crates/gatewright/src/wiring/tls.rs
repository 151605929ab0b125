//! Certificates: from the configuration's files, or from the demo's own authority.

use gw_tls::CertificateFiles;

use crate::config::Config;

/// The files that a configuration names.
pub(crate) fn files(config: &Config) -> Vec<CertificateFiles> {
    let each = config
        .certificates
        .iter()
        .map(|certificate| CertificateFiles {
            chain: certificate.chain.clone(),
            key: certificate.key.clone(),
            hosts: certificate
                .hosts
                .iter()
                .map(|host| host.0.to_string())
                .collect(),
            default: false,
        });
    each.collect()
}
