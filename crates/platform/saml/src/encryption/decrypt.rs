//! Opening an encrypted assertion.

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    cipher::{AES_128, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey},
    iv::FixedLength,
};
use zeroize::Zeroizing;

use crate::{
    Decryptor,
    names::{DSIG, XENC},
    text::decode_base64,
    xml::{Document, Limits, Node, parse_in},
};

use super::{EncryptionFault, KeyTransport, algorithms::Content};

/// The most wrapped keys that are tried.
const WRAPPED_MAX: usize = 4;
/// The block of AES in bytes.
const BLOCK: usize = 16;

/// With what, and how far one goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening<'k> {
    pub(crate) keys: &'k [Decryptor],
    pub(crate) allow_cbc: bool,
}

/// Decrypts the one element in an `EncryptedAssertion` (or `EncryptedID`) and reads it.
pub(crate) fn open(encrypted: Node<'_>, opening: Opening<'_>) -> Result<Document, EncryptionFault> {
    if opening.keys.is_empty() {
        return Err(EncryptionFault::NoKey);
    }
    let data = only(encrypted.named(XENC, "EncryptedData"), "one EncryptedData")?;
    let content = Content::of(method(data)?)?;
    if content.is_cbc() && !opening.allow_cbc {
        return Err(EncryptionFault::Cbc);
    }
    let sealed = cipher_value(data)?;
    let wrapped = wrapped_keys(encrypted, data)?;
    let unwrapped = wrapped.iter().flat_map(|(transport, wrapped)| {
        let keys = opening.keys.iter();
        keys.filter_map(|key| key.unwrap(*transport, wrapped))
    });
    let read = unwrapped
        .filter_map(|key| decrypt(content, &key, &sealed))
        .find_map(|clear| parse_in(&clear, Limits::MESSAGE, data.bindings()).ok());
    // Whether the key, the padding or the XML was wrong is not told: it would be an oracle.
    read.ok_or(EncryptionFault::Undecryptable)
}

fn only<'d>(
    mut nodes: impl Iterator<Item = Node<'d>>,
    what: &'static str,
) -> Result<Node<'d>, EncryptionFault> {
    match (nodes.next(), nodes.next()) {
        (Some(node), None) => Ok(node),
        _ => Err(EncryptionFault::Shape(what)),
    }
}

fn method(node: Node<'_>) -> Result<Node<'_>, EncryptionFault> {
    only(node.named(XENC, "EncryptionMethod"), "one EncryptionMethod")
}

fn cipher_value(node: Node<'_>) -> Result<Vec<u8>, EncryptionFault> {
    let data = only(node.named(XENC, "CipherData"), "one CipherData")?;
    let value = only(data.elements(), "one CipherValue")?;
    if !value.is(XENC, "CipherValue") {
        return Err(EncryptionFault::Shape("content that is elsewhere"));
    }
    let text = value.text();
    text.and_then(|text| decode_base64(&text))
        .ok_or(EncryptionFault::Shape("a CipherValue that is not base64"))
}

/// The wrapped keys: in the data's `KeyInfo`, or beside the data (Core 2.3.4).
fn wrapped_keys(
    encrypted: Node<'_>,
    data: Node<'_>,
) -> Result<Vec<(KeyTransport, Vec<u8>)>, EncryptionFault> {
    let infos = data.named(DSIG, "KeyInfo");
    let within = infos.flat_map(|info| info.named(XENC, "EncryptedKey"));
    let all: Vec<Node<'_>> = within
        .chain(encrypted.named(XENC, "EncryptedKey"))
        .collect();
    if all.is_empty() || all.len() > WRAPPED_MAX {
        return Err(EncryptionFault::Shape("one to four EncryptedKey"));
    }
    let read = |key: Node<'_>| Ok((KeyTransport::of(method(key)?)?, cipher_value(key)?));
    all.into_iter().map(read).collect()
}

fn decrypt(content: Content, key: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    match content {
        Content::Gcm128 => gcm(UnboundKey::new(&AES_128_GCM, key).ok()?, sealed),
        Content::Gcm256 => gcm(UnboundKey::new(&AES_256_GCM, key).ok()?, sealed),
        Content::Cbc128 => cbc(UnboundCipherKey::new(&AES_128, key).ok()?, sealed),
        Content::Cbc256 => cbc(UnboundCipherKey::new(&AES_256, key).ok()?, sealed),
    }
}

fn gcm(key: UnboundKey, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut room = Zeroizing::new(rest.to_vec());
    let key = LessSafeKey::new(key);
    let length = key
        .open_in_place(nonce, Aad::empty(), &mut room)
        .ok()?
        .len();
    room.truncate(length);
    Some(room)
}

fn cbc(key: UnboundCipherKey, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (iv, rest) = sealed.split_at_checked(BLOCK)?;
    if rest.is_empty() || !rest.len().is_multiple_of(BLOCK) {
        return None;
    }
    let iv: [u8; BLOCK] = iv.try_into().ok()?;
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    let key = PaddedBlockDecryptingKey::cbc_iso10126(key).ok()?;
    let mut room = Zeroizing::new(rest.to_vec());
    let length = key.decrypt(&mut room, context).ok()?.len();
    room.truncate(length);
    Some(room)
}
