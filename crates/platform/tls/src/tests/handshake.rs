use rustls::{NamedGroup, ProtocolVersion, version::TLS12};

use super::*;
use crate::{install_provider, server_config};

fn house() -> (tempfile::TempDir, Authority, Arc<ServerConfig>) {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.issue(folder.path(), "wiki", &["wiki.example"]);
    let config = server_config(load(vec![files])).unwrap();
    (folder, authority, config)
}

#[test]
fn a_handshake_is_tls_13_with_the_hybrid_key_exchange_and_h2() {
    let (_folder, authority, config) = house();
    let alpn = ["http/1.1", "h2"];
    let (client, server) =
        connect(&config, client(&authority.root, "wiki.example", &alpn)).unwrap();
    assert_eq!(client.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    let group = client.negotiated_key_exchange_group().unwrap().name();
    assert_eq!(group, NamedGroup::X25519MLKEM768);
    assert_eq!(client.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(server.server_name(), Some("wiki.example"));
}

#[test]
fn a_client_of_one_protocol_gets_that_and_of_another_none() {
    let (_folder, authority, config) = house();
    let ask = |alpn: &[&str]| connect(&config, client(&authority.root, "wiki.example", alpn));
    let (client, _) = ask(&["http/1.1"]).unwrap();
    assert_eq!(client.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert!(ask(&["spdy/3"]).is_err());
}

#[test]
fn tls_12_is_the_oldest_that_is_spoken() {
    let (_folder, authority, config) = house();
    let mut roots = RootCertStore::empty();
    roots.add(authority.root).unwrap();
    let old = ClientConfig::builder_with_details(provider(), Arc::new(Fixed))
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("wiki.example").unwrap();
    let client = ClientConnection::new(Arc::new(old), name).unwrap();
    let (client, _) = connect(&config, client).unwrap();
    assert_eq!(client.protocol_version(), Some(ProtocolVersion::TLSv1_2));
}

#[test]
fn a_returning_client_resumes_without_a_shared_cache() {
    let (_folder, authority, config) = house();
    let mut roots = RootCertStore::empty();
    roots.add(authority.root).unwrap();
    let same = ClientConfig::builder_with_details(provider(), Arc::new(Fixed))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let same = Arc::new(same);
    let kind = || {
        let name = ServerName::try_from("wiki.example").unwrap();
        let client = ClientConnection::new(same.clone(), name).unwrap();
        connect(&config, client)
            .unwrap()
            .0
            .handshake_kind()
            .unwrap()
    };
    assert_eq!(kind(), rustls::HandshakeKind::Full);
    assert_eq!(kind(), rustls::HandshakeKind::Resumed);
}

#[test]
fn installing_the_provider_twice_changes_nothing() {
    install_provider();
    install_provider();
    let installed = rustls::crypto::CryptoProvider::get_default().unwrap();
    assert_eq!(installed.kx_groups[0].name(), NamedGroup::X25519MLKEM768);
}
