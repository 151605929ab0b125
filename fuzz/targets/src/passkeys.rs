//! WebAuthn messages as the sign-in pages read them: JSON, base64url, CBOR.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use gw_identity::fuzzing::{read_enrolment, read_sign_in};
use serde_json::Value;
use webauthn_rs::prelude::{
    DiscoverableKey, Passkey, PasskeyRegistration, Url, Uuid, Webauthn, WebauthnBuilder,
};

const HOST: &str = "auth.example";

static RELYING_PARTY: LazyLock<Webauthn> = LazyLock::new(|| {
    let origin = Url::parse("https://auth.example").unwrap();
    WebauthnBuilder::new(HOST, &origin)
        .unwrap()
        .build()
        .unwrap()
});

/// An enrolment that holds. Its key is the curve's own base point, whose private half is one.
const GENUINE: &str = concat!(
    r#"{"ceremony":"c","credential":{"id":"BwcHBwcHBwcHBwcHBwcHBw","rawId":"BwcHBwcHBwcHBwcHBwcHBw","#,
    r#""type":"public-key","response":{"clientDataJSON":"{client}{"type":"webauthn.create","#,
    r#""challenge":"{challenge}","origin":"https://auth.example","crossOrigin":false}{/client}","#,
    r#""attestationObject":"{data}a363666d74646e6f6e656761747453746d74a06861757468446174615894"#,
    "{rp}4500000000000000000000000000000000000000000010",
    "07070707070707070707070707070707a5010203262001215820",
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296225820",
    r#"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5{/data}"}}}"#,
);

static PASSKEY: LazyLock<Passkey> = LazyLock::new(|| {
    let (challenge, state) = begun();
    let body = completed(GENUINE.as_bytes(), &challenge);
    let credential = read_enrolment(&body).unwrap();
    let passkey = RELYING_PARTY.finish_passkey_registration(&credential, &state);
    passkey.unwrap()
});

fn begun() -> (String, PasskeyRegistration) {
    let handle = Uuid::from_u64_pair(u64::from_be_bytes(*b"gatewrig"), 7);
    let (options, state) = RELYING_PARTY
        .start_passkey_registration(handle, "ana", "Ana", None)
        .unwrap();
    let challenge = BASE64URL_NOPAD.encode(options.public_key.challenge.as_slice());
    (challenge, state)
}

/// The body of a finished sign-in. An answer that nobody's passkey gave is never accepted.
pub(crate) fn sign_in(data: &[u8]) {
    let (options, state) = RELYING_PARTY.start_discoverable_authentication().unwrap();
    let challenge = BASE64URL_NOPAD.encode(options.public_key.challenge.as_slice());
    let data = completed(data, &challenge);
    let Some(credential) = read_sign_in(&data) else {
        return;
    };
    let identified = RELYING_PARTY.identify_discoverable_authentication(&credential);
    if let Ok((user, id)) = identified {
        assert_eq!(id, credential.get_credential_id());
        assert_eq!(
            Some(user.as_bytes().as_slice()),
            credential.get_user_unique_id()
        );
    }
    let key = DiscoverableKey::from(&*PASSKEY);
    let finished = RELYING_PARTY.finish_discoverable_authentication_v2(&credential, state, &key);
    assert!(finished.is_err());
}

/// The body of a finished enrolment: a passkey of this challenge and origin, or none.
pub(crate) fn enrolment(data: &[u8]) {
    let (challenge, state) = begun();
    let data = completed(data, &challenge);
    let Some(credential) = read_enrolment(&data) else {
        return;
    };
    let Ok(passkey) = RELYING_PARTY.finish_passkey_registration(&credential, &state) else {
        return;
    };
    let client: Value = serde_json::from_slice(&credential.response.client_data_json).unwrap();
    assert_eq!(client["challenge"], challenge.as_str());
    assert_eq!(client["type"], "webauthn.create");
    let origin = client["origin"].as_str().unwrap();
    assert!(
        origin == "https://auth.example" || origin == "https://auth.example/",
        "{origin}"
    );
    let stored = serde_json::to_string(&passkey).unwrap();
    let read: Passkey = serde_json::from_str(&stored).unwrap();
    assert_eq!(read.cred_id(), passkey.cred_id());
}

/// Puts in what a corpus cannot know: the challenge of this run, and hashes.
///
/// `{client}TEXT{/client}` becomes TEXT in base64url, `{challenge}` within it the challenge;
/// `{data}HEX{/data}` becomes the bytes in base64url, `{rp}` within them the hash of our host.
fn completed(data: &[u8], challenge: &str) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(data) else {
        return data.to_vec();
    };
    let text = within(text, "client", |inner| {
        Some(inner.replace("{challenge}", challenge).into_bytes())
    });
    let host = data_encoding::HEXLOWER.encode(digest(&SHA256, HOST.as_bytes()).as_ref());
    let text = within(&text, "data", |inner| {
        let hex = inner.replace("{rp}", &host).to_ascii_lowercase();
        data_encoding::HEXLOWER.decode(hex.as_bytes()).ok()
    });
    text.into_bytes()
}

fn within(text: &str, word: &str, bytes: impl Fn(&str) -> Option<Vec<u8>>) -> String {
    let (open, close) = (format!("{{{word}}}"), format!("{{/{word}}}"));
    let Some((before, rest)) = text.split_once(&open) else {
        return text.to_owned();
    };
    let Some((inner, after)) = rest.split_once(&close) else {
        return text.to_owned();
    };
    match bytes(inner) {
        Some(bytes) => format!("{before}{}{after}", BASE64URL_NOPAD.encode(&bytes)),
        None => text.to_owned(),
    }
}
