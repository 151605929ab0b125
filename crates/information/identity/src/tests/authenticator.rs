//! An authenticator in memory: what a security key or phone does, right or, when told to, wrong.

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const NEW_CREDENTIAL: u8 = 0x40;

/// One passkey, and what its holder's browser says of itself.
pub(super) struct Authenticator {
    key: EcdsaKeyPair,
    pub(super) id: Vec<u8>,
    handle: Vec<u8>,
    rp_id: String,
    pub(super) origin: String,
    pub(super) counter: u32,
    pub(super) verifies: bool,
    /// Its model.
    pub(super) model: [u8; 16],
}

impl Authenticator {
    pub(super) fn new(rp_id: &str) -> Self {
        Self {
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
            id: gw_engine::random::secret().to_vec(),
            handle: Vec::new(),
            rp_id: rp_id.into(),
            origin: format!("https://{rp_id}"),
            counter: 0,
            verifies: true,
            model: [0; 16],
        }
    }

    /// Answers `navigator.credentials.create`.
    pub(super) fn create(&mut self, options: &Value) -> Value {
        assert_eq!(options["rp"]["id"], json!(self.rp_id));
        assert_eq!(
            options["authenticatorSelection"]["userVerification"],
            "required"
        );
        assert_eq!(
            options["authenticatorSelection"]["residentKey"],
            "preferred"
        );
        let handle = options["user"]["id"].as_str().unwrap();
        self.handle = BASE64URL_NOPAD.decode(handle.as_bytes()).unwrap();
        let mut data = self.data(NEW_CREDENTIAL);
        data.extend(self.model);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.cose_key());
        let mut object = vec![0xa3];
        object.extend(b"\x63fmt\x64none\x67attStmt\xa0\x68authData\x58");
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        let client = self.client_data("webauthn.create", options);
        self.credential(json!({
            "attestationObject": text(&object),
            "clientDataJSON": text(&client),
        }))
    }

    /// Answers `navigator.credentials.get`.
    pub(super) fn get(&mut self, options: &Value) -> Value {
        assert_eq!(options["rpId"], json!(self.rp_id));
        assert_eq!(options["userVerification"], "required");
        self.counter += 1;
        let data = self.data(0);
        let client = self.client_data("webauthn.get", options);
        let mut signed = data.clone();
        signed.extend(digest::digest(&digest::SHA256, &client).as_ref());
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        self.credential(json!({
            "authenticatorData": text(&data),
            "clientDataJSON": text(&client),
            "signature": text(signature.as_ref()),
            "userHandle": text(&self.handle),
        }))
    }

    fn credential(&self, response: Value) -> Value {
        let id = text(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response })
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let verified = if self.verifies { USER_VERIFIED } else { 0 };
        let mut data = digest::digest(&digest::SHA256, self.rp_id.as_bytes())
            .as_ref()
            .to_vec();
        data.push(flags | USER_PRESENT | verified);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn cose_key(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        let mut key = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".to_vec();
        key.extend(&point[1..33]);
        key.extend(b"\x22\x58\x20");
        key.extend(&point[33..]);
        key
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        json!({
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        })
        .to_string()
        .into_bytes()
    }
}

fn text(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}
