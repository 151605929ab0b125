use std::{path::Path, sync::Arc};

use gw_jose::{Algorithm, KeyShape, PrivateKey, Signer};
use gw_model::{Provider, ProviderProtocol, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_000_000);

/// An authority, in PEM form, and a server of this machine that it vouches for.
fn authority() -> (String, TlsAcceptor) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let here = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let chain = vec![here.signed_by(&key, &ca).unwrap().der().clone()];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let tls = ServerConfig::builder_with_provider(gw_tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    (ca.pem(), TlsAcceptor::from(Arc::new(tls)))
}

/// Answers with a provider's document and its keys, whoever believes it.
async fn serving(listener: TcpListener, tls: TlsAcceptor, issuer: &str) {
    let key = PrivateKey::generate(KeyShape::P256).unwrap();
    let key = Signer::new(Algorithm::Es256, &key).unwrap();
    let keys = format!(r#"{{"keys":[{}]}}"#, key.public_jwk());
    let document = serde_json::json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
    });
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = tls.accept(stream).await else {
            continue;
        };
        let mut asked = vec![0; 4096];
        let read = stream.read(&mut asked).await.unwrap();
        let body = match asked[..read].starts_with(b"GET /keys ") {
            true => keys.clone(),
            false => document.to_string(),
        };
        let length = body.len();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
        drop(stream.write_all(answer.as_bytes()).await);
    }
}

fn provider(issuer: &str) -> Provider {
    Provider {
        name: "corp".parse().unwrap(),
        title: "corp".into(),
        issuer: issuer.into(),
        protocol: ProviderProtocol::Oidc {
            client_id: "gatewright".into(),
            scopes: Vec::new(),
        },
        people: Default::default(),
        memberships: Vec::new(),
        assurance: Default::default(),
        disabled: false,
        suspended: false,
        version: 0,
    }
}

fn client(tls: gw_tls::ClientConfig, ca: Option<&Path>) -> ProviderClient {
    ProviderClient {
        name: "corp".parse().unwrap(),
        secret: None,
        by_key: false,
        tls: Arc::new(tls),
        ca: ca.map(Into::into),
    }
}

#[tokio::test]
async fn a_provider_with_authorities_of_its_own_is_believed_by_them_and_by_nobody_else() {
    let (ca, tls) = authority();
    let (other, _) = authority();
    let file = Path::new("corp-ca.pem");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("https://{}", listener.local_addr().unwrap());
    let provider = provider(&at);
    let by = |pem: &str| {
        let tls = gw_tls::believing_pem(file, pem.as_bytes()).unwrap();
        look_at_provider(client(tls, Some(file)), &provider, NOW)
    };
    let asking = async {
        assert_eq!(by(&ca).await.unwrap(), 1);
        let fault = by(&other).await.unwrap_err();
        assert!(matches!(fault, ProviderTrouble::Unbelieved(_)), "{fault}");
        let told = fault.to_string();
        for word in [&*at, "is not believed", "`corp-ca.pem`"] {
            assert!(told.contains(word), "{word} in {told}");
        }
        let system = gw_tls::believing(None).unwrap();
        let fault = look_at_provider(client(system, None), &provider, NOW).await;
        assert!(matches!(fault, Err(ProviderTrouble::Unbelieved(_))));
    };
    tokio::select! {
        () = asking => {}
        () = serving(listener, tls, &at) => {}
    }
}
