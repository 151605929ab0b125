//! How handshakes are made.

use std::sync::Arc;

use rustls::{
    ServerConfig,
    crypto::{
        CryptoProvider,
        aws_lc_rs::{self, Ticketer, kx_group},
    },
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};

use crate::{CertificateStore, clients::AnyCertificate};

/// The one cryptographic provider, with the hybrid post-quantum key exchange first.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        kx_groups: vec![
            kx_group::X25519MLKEM768,
            kx_group::X25519,
            kx_group::SECP256R1,
            kx_group::SECP384R1,
        ],
        ..aws_lc_rs::default_provider()
    })
}

/// Makes [`provider`] the process's default, for whatever asks for one; a second call changes
/// nothing.
pub fn install_provider() {
    if CryptoProvider::get_default().is_none() {
        // Losing a race leaves somebody else's default in place, and the result is the same.
        let _raced = CryptoProvider::install_default((*provider()).clone());
    }
}

/// A server's side of handshakes: certificates by name, HTTP/2 before HTTP/1.1.
///
/// # Errors
/// When the cryptographic library cannot provide what TLS needs.
pub fn server_config(certificates: CertificateStore) -> Result<Arc<ServerConfig>, rustls::Error> {
    of(certificates, WebPkiClientVerifier::no_client_auth())
}

/// The same, asking clients for a certificate, which they may leave out. Whoever issued it and
/// whatever its dates are: a client proves that it holds the key, and nothing else is believed of
/// it. It is for what is bound to that one certificate (RFC 8705).
///
/// # Errors
/// When the cryptographic library cannot provide what TLS needs.
pub fn asking_server_config(
    certificates: CertificateStore,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    of(certificates, Arc::new(AnyCertificate::new(&provider())))
}

fn of(
    certificates: CertificateStore,
    clients: Arc<dyn ClientCertVerifier>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(Arc::new(certificates));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Tickets are sealed under a rotating key, so no cache of sessions is shared between threads.
    config.ticketer = Ticketer::new()?;
    // Each handshake gives one, so that whoever comes again has it; a second would be sealed here
    // and unpacked there with every connection, for those who open two at once.
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}
