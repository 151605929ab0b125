//! The smallest OpenID provider that signs somebody in without asking: for the one peer that
//! needs one before it is measured. Nothing of it is on the measured path.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::json;

use crate::Fault;

/// A provider that says yes to everybody.
pub(crate) struct Provider(Arc<Inner>);

struct Inner {
    port: u16,
    key: EncodingKey,
    redirect_port: Mutex<u16>,
    nonce: Mutex<String>,
}

impl Provider {
    /// Starts it on a thread of its own.
    pub(crate) fn start() -> Result<Self, Fault> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let pem = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?.serialize_pem();
        let inner = Arc::new(Inner {
            port: listener.local_addr()?.port(),
            key: EncodingKey::from_ec_pem(pem.as_bytes())?,
            redirect_port: Mutex::new(0),
            nonce: Mutex::default(),
        });
        let serving = inner.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Err(fault) = serving.answer(stream) {
                    eprintln!("the provider could not answer: {fault}");
                }
            }
        });
        Ok(Self(inner))
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port
    }

    /// Where people are sent back to.
    pub(crate) fn redirects_to(&self, port: u16) {
        if let Ok(mut redirect) = self.0.redirect_port.lock() {
            *redirect = port;
        }
    }
}

impl Inner {
    fn answer(&self, stream: TcpStream) -> Result<(), Fault> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut first = String::new();
        reader.read_line(&mut first)?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let target = first.split(' ').nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let answer = match path {
            "/.well-known/openid-configuration" => json_answer(&self.metadata()),
            "/keys" => json_answer(
                &json!({ "keys": [Jwk::from_encoding_key(&self.key, Algorithm::ES256)?] }),
            ),
            "/token" => json_answer(&self.token()?),
            "/userinfo" => json_answer(&json!({ "sub": "ana" })),
            _ => self.redirect(query)?,
        };
        (&stream).write_all(answer.as_bytes())?;
        Ok(())
    }

    fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn metadata(&self) -> serde_json::Value {
        let issuer = self.issuer();
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        })
    }

    fn token(&self) -> Result<serde_json::Value, Fault> {
        let now = now()?;
        let nonce = self.nonce.lock().map(|n| n.clone()).unwrap_or_default();
        let claims = json!({
            "iss": self.issuer(), "aud": "apache", "sub": "ana", "nonce": nonce,
            "iat": now, "exp": now + 3600,
        });
        let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &self.key)?;
        Ok(
            json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 3600, "id_token": token }),
        )
    }

    fn redirect(&self, query: &str) -> Result<String, Fault> {
        let parameter = |name: &str| {
            query
                .split('&')
                .find_map(|pair| pair.split_once('=').filter(|(n, _)| *n == name))
                .map_or("", |(_, value)| value)
        };
        if let Ok(mut nonce) = self.nonce.lock() {
            *nonce = parameter("nonce").to_owned();
        }
        let port = *self.redirect_port.lock().map_err(|_| "poisoned")?;
        let state = parameter("state");
        Ok(format!(
            "HTTP/1.1 302 Found\r\nLocation: https://localhost:{port}/oidc?code=c&state={state}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ))
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> Result<u64, Fault> {
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever signs for a peer has the system's clock"
    )]
    let now = SystemTime::now();
    Ok(now.duration_since(UNIX_EPOCH)?.as_secs())
}

fn json_answer(value: &serde_json::Value) -> String {
    let text = value.to_string();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    )
}
