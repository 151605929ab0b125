//! What is asked of a token endpoint, and who asks.

use std::{cell::Cell, fmt::Write as _, time::Duration};

use data_encoding::BASE64;
use form_urlencoded::Serializer;
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::json;

use super::{Entrant, Server};
use crate::{Fault, provider};

/// The secret of each client that has one.
pub(crate) const SECRET: &str = "of-this-run-alone-and-of-nobody-elses";
/// Clients that sign assertions.
pub(crate) const SIGNERS: usize = 16;
/// So many assertions are made for each second of a round: when they are used up, it is over.
const ASSERTIONS_PER_SEC: f64 = 8_000.0;
/// How long an assertion is good, in seconds: for the round that it is made for.
const ASSERTION_LIFETIME: u64 = 30;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// One kind of load.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    asks: Asks,
}

enum Asks {
    BySecret,
    ByAssertion,
    ForToken,
}

/// All of them.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a token for a program that shows a secret, 64 connections",
        asks: Asks::BySecret,
    },
    Case {
        name: "a token for a program that signs an assertion, 64 connections",
        asks: Asks::ByAssertion,
    },
    Case {
        name: "a token exchanged for another, 64 connections",
        asks: Asks::ForToken,
    },
];

/// Requests that are ready to be sent.
pub(crate) enum Requests {
    /// This one again and again.
    Same(Vec<u8>),
    /// Each of them once.
    Once(Vec<Vec<u8>>),
}

impl Case {
    /// The requests of one round; `one` asks a single one, and returns the token.
    pub(crate) fn requests(
        &self,
        entrant: &Entrant<'_>,
        key: &Key,
        span: Duration,
        one: impl FnOnce(Vec<u8>) -> Result<String, Fault>,
    ) -> Result<Requests, Fault> {
        let server = entrant.server;
        let client = with_secret(entrant.algorithm);
        let own = || by_secret(server, &client, "client_credentials", &[]);
        Ok(match self.asks {
            Asks::BySecret => Requests::Same(own()),
            Asks::ByAssertion => {
                let clients: Vec<_> = (0..SIGNERS).map(|n| signer(entrant.algorithm, n)).collect();
                let count = (span.as_secs_f64() * ASSERTIONS_PER_SEC) as usize;
                let clients = clients.iter().cycle().take(count);
                let each = clients.map(|client| key.by_assertion(server, client));
                Requests::Once(each.collect::<Result<_, _>>()?)
            }
            Asks::ForToken => {
                let held = one(own())?;
                let kind = "urn:ietf:params:oauth:token-type:access_token";
                let more = [("subject_token", &*held), ("subject_token_type", kind)];
                let grant = "urn:ietf:params:oauth:grant-type:token-exchange";
                Requests::Same(by_secret(server, &client, grant, &more))
            }
        })
    }
}

/// The client that shows a secret and whose tokens are signed like that.
pub(crate) fn with_secret(algorithm: Algorithm) -> String {
    format!("{algorithm:?}-secret").to_lowercase()
}

/// One of those that sign assertions.
pub(crate) fn signer(algorithm: Algorithm, number: usize) -> String {
    format!("{algorithm:?}-signer-{number}").to_lowercase()
}

fn by_secret(server: &Server, client: &str, grant: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let basic = BASE64.encode(format!("{client}:{SECRET}").as_bytes());
    let authorization = format!("Authorization: Basic {basic}\r\n");
    post(server, &authorization, grant, more)
}

fn post(server: &Server, headers: &str, grant: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", grant).extend_pairs(more);
    if let Some(resource) = &server.resource {
        form.append_pair("resource", resource);
    }
    let body = form.finish();
    let mut request = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\n{headers}",
        server.path,
        server.authority()
    );
    // Writing into a string cannot fail.
    let _ = write!(
        request,
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    request.into_bytes()
}

/// The key that assertions are signed by.
pub(crate) struct Key {
    private: EncodingKey,
    /// How many assertions there were: each has a number of its own.
    signed: Cell<u64>,
}

impl Key {
    const ID: &str = "of-this-run";

    pub(crate) fn generate() -> Result<Self, Fault> {
        let pem = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?.serialize_pem();
        Ok(Self {
            private: EncodingKey::from_ec_pem(pem.as_bytes())?,
            signed: Cell::new(0),
        })
    }

    /// Its public half, as a set of keys.
    pub(crate) fn public(&self) -> Result<String, Fault> {
        let mut key = json!(Jwk::from_encoding_key(&self.private, Algorithm::ES256)?);
        let members = key.as_object_mut().ok_or("a key is an object")?;
        members.insert("kid".into(), Self::ID.into());
        members.insert("use".into(), "sig".into());
        Ok(json!({ "keys": [key] }).to_string())
    }

    fn by_assertion(&self, server: &Server, client: &str) -> Result<Vec<u8>, Fault> {
        let (now, number) = (provider::now()?, self.signed.get());
        self.signed.set(number + 1);
        let claims = json!({
            "iss": client, "sub": client, "aud": server.issuer,
            "jti": number.to_string(), "iat": now, "exp": now + ASSERTION_LIFETIME,
        });
        let header = Header {
            kid: Some(Self::ID.into()),
            ..Header::new(Algorithm::ES256)
        };
        let assertion = jsonwebtoken::encode(&header, &claims, &self.private)?;
        let more = [
            ("client_assertion", &*assertion),
            ("client_assertion_type", ASSERTION_TYPE),
        ];
        Ok(post(server, "", "client_credentials", &more))
    }
}
