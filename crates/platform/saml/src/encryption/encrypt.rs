//! Encrypting an assertion to a service provider.

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rsa::{
        OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey,
    },
};
use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::{
    BuildFault, Certificate, KeyFault,
    names::{ASSERTION, DSIG, XENC, XENC11},
    xml::Build,
};

use super::{
    ContentCipher, KeyTransport,
    algorithms::{MGF1_SHA256, OAEP, OAEP_MGF1P, SHA1, SHA256},
};

/// To whom an assertion is encrypted, and how.
#[derive(Debug, Clone)]
pub struct Recipient {
    /// The service provider's certificate for encryption; an RSA key.
    pub certificate: Certificate,
    /// How the key goes.
    pub key_transport: KeyTransport,
    /// How the content is encrypted.
    pub cipher: ContentCipher,
}

/// An `EncryptedAssertion` around an assertion that is already written and signed.
pub(crate) fn seal(assertion: &str, recipient: &Recipient) -> Result<Build, BuildFault> {
    let (length, algorithm) = match recipient.cipher {
        ContentCipher::Aes128Gcm => (16, &AES_128_GCM),
        ContentCipher::Aes256Gcm => (32, &AES_256_GCM),
    };
    let mut key = Zeroizing::new(vec![0; length]);
    random(&mut key)?;
    let unbound = UnboundKey::new(algorithm, &key).map_err(|_| KeyFault::Making)?;
    let sealed = content(&LessSafeKey::new(unbound), assertion)?;
    let data = Build::new("xenc:EncryptedData")
        .attribute("xmlns:xenc", XENC)
        .attribute("Type", "http://www.w3.org/2001/04/xmlenc#Element")
        .child(Build::new("xenc:EncryptionMethod").attribute("Algorithm", recipient.cipher.uri()))
        .child(
            Build::new("ds:KeyInfo")
                .attribute("xmlns:ds", DSIG)
                .child(encrypted_key(&key, recipient)?),
        )
        .child(cipher_data(&sealed));
    Ok(Build::new("saml:EncryptedAssertion")
        .attribute("xmlns:saml", ASSERTION)
        .child(data))
}

fn random(room: &mut [u8]) -> Result<(), KeyFault> {
    aws_lc_rs::rand::fill(room).map_err(|_| KeyFault::Making)
}

fn content(key: &LessSafeKey, clear: &str) -> Result<Vec<u8>, KeyFault> {
    let mut nonce = [0; NONCE_LEN];
    random(&mut nonce)?;
    let mut sealed = clear.as_bytes().to_vec();
    let once = Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_append_tag(once, Aad::empty(), &mut sealed)
        .map_err(|_| KeyFault::Making)?;
    sealed.splice(..0, nonce);
    Ok(sealed)
}

fn encrypted_key(key: &[u8], recipient: &Recipient) -> Result<Build, KeyFault> {
    let transport = recipient.key_transport;
    let wrapped = wrap(key, &recipient.certificate, transport)?;
    Ok(Build::new("xenc:EncryptedKey")
        .child(method(transport))
        .child(cipher_data(&wrapped)))
}

/// A content key for whoever has the private key.
pub(crate) fn wrap(
    key: &[u8],
    certificate: &Certificate,
    transport: KeyTransport,
) -> Result<Vec<u8>, KeyFault> {
    if !certificate.is_rsa() {
        return Err(KeyFault::Kind);
    }
    let public =
        PublicEncryptingKey::from_der(certificate.public_key_info()).map_err(|_| KeyFault::Kind)?;
    let public = OaepPublicEncryptingKey::new(public).map_err(|_| KeyFault::Kind)?;
    let algorithm = match transport {
        KeyTransport::OaepSha1 => &OAEP_SHA1_MGF1SHA1,
        KeyTransport::OaepSha256 => &OAEP_SHA256_MGF1SHA256,
    };
    let mut room = vec![0; public.ciphertext_size()];
    let wrapped = public.encrypt(algorithm, key, &mut room, None);
    Ok(wrapped.map_err(|_| KeyFault::Making)?.to_vec())
}

fn method(transport: KeyTransport) -> Build {
    let method = Build::new("xenc:EncryptionMethod");
    let digest = |uri| Build::new("ds:DigestMethod").attribute("Algorithm", uri);
    match transport {
        KeyTransport::OaepSha1 => method
            .attribute("Algorithm", OAEP_MGF1P)
            .child(digest(SHA1)),
        KeyTransport::OaepSha256 => method
            .attribute("Algorithm", OAEP)
            .child(digest(SHA256))
            .child(
                Build::new("xenc11:MGF")
                    .attribute("xmlns:xenc11", XENC11)
                    .attribute("Algorithm", MGF1_SHA256),
            ),
    }
}

fn cipher_data(bytes: &[u8]) -> Build {
    let value = Build::new("xenc:CipherValue").text(BASE64.encode(bytes));
    Build::new("xenc:CipherData").child(value)
}
