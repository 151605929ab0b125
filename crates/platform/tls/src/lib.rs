//! TLS towards clients: which certificate a name gets, and how handshakes are made; and towards
//! apps' servers: whom to believe there ([`TrustStore`]).
//!
//! TLS 1.2 and 1.3 by rustls on aws-lc-rs, with the hybrid post-quantum key exchange
//! X25519MLKEM768 first. Certificates come from files ([`CertificateStore`]) and are replaced
//! whole or not at all, or were obtained ([`Obtained`]); a client that asks for a name that no
//! certificate covers gets none. The demo's come from an authority of its own
//! ([`DemoAuthority`]).

mod clients;
mod config;
mod demo;
mod fault;
mod files;
mod obtained;
mod presented;
mod store;
mod trust;

/// How handshakes with servers are made.
pub use rustls::ClientConfig;

pub use config::{asking_server_config, install_provider, provider, server_config};
pub use demo::DemoAuthority;
pub use fault::TlsFault;
pub use files::CertificateFiles;
pub use obtained::Obtained;
pub use presented::{ClientAuthorities, ShownCertificate, ShownKey};
pub use store::{CertificateInfo, CertificateStore, Reload};
pub use trust::{
    TrustFault, TrustFiles, TrustStore, believing, believing_as, believing_pem, check_shown,
    check_shown_at, is_about_our_certificate,
};

#[cfg(test)]
mod tests;
