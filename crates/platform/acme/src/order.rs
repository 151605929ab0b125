//! One order: a certificate for one host, proven by http-01.

use std::time::Duration;

use data_encoding::BASE64;
use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Identifier, NewOrder, Order, OrderStatus,
    RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use crate::{
    AcmeFault, Pending, Published,
    fault::{Asking, words},
};

/// How long the authority may take for a proof, and for a certificate.
pub(crate) const POLLING: Duration = Duration::from_secs(90);
/// How often it is asked how far it is.
const POLLS: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(250))
    .backoff(1.6)
    .timeout(POLLING);
/// The longest chain that is kept.
const CHAIN_MAX: usize = 8;

/// Asks for a certificate; gives its key and its chain as one file is to hold them. The key comes
/// first: whatever else the authority may send, it is ours that counts.
pub(crate) async fn obtain(
    account: &Account,
    host: &str,
    pending: &Pending,
) -> Result<Vec<u8>, AcmeFault> {
    let names = [Identifier::Dns(host.to_owned())];
    let mut order = account
        .new_order(&NewOrder::new(&names))
        .await
        .map_err(|error| AcmeFault::of(error, Asking::Certificate))?;
    let shown = prove(&mut order, host, pending).await?;
    drop(shown);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut request = CertificateParams::new(vec![host.to_owned()])?;
    request.distinguished_name = DistinguishedName::new();
    let request = request.serialize_request(&key)?;
    let asked = |error| AcmeFault::of(error, Asking::Certificate);
    order.finalize_csr(request.der()).await.map_err(asked)?;
    let chain = order.poll_certificate(&POLLS).await.map_err(asked)?;
    let mut file = key.serialize_pem().into_bytes();
    file.extend(only_certificates(&chain)?.into_bytes());
    Ok(file)
}

/// Shows the authority that the host is ours. What it looks for is answered until the return value
/// is dropped.
async fn prove(
    order: &mut Order,
    host: &str,
    pending: &Pending,
) -> Result<Option<Published>, AcmeFault> {
    if order.state().status == OrderStatus::Ready {
        return Ok(None);
    }
    let shown = show(order, host, pending).await?;
    match order.poll_ready(&POLLS).await {
        Ok(OrderStatus::Ready) => Ok(shown),
        Ok(_) => Err(AcmeFault::Unproven(why_not(order).await)),
        Err(instant_acme::Error::Api(problem)) => match why_not(order).await {
            words if words.is_empty() => Err(AcmeFault::of(
                instant_acme::Error::Api(problem),
                Asking::Proof,
            )),
            words => Err(AcmeFault::Unproven(words)),
        },
        Err(instant_acme::Error::Timeout(_)) => Err(AcmeFault::Unproven(
            "it did not come to look, or does not say what it saw".to_owned(),
        )),
        Err(error) => Err(AcmeFault::of(error, Asking::Proof)),
    }
}

/// Has the listener answer what the authority is about to look for, and says that it may.
async fn show(
    order: &mut Order,
    host: &str,
    pending: &Pending,
) -> Result<Option<Published>, AcmeFault> {
    let proof = |error| AcmeFault::of(error, Asking::Proof);
    if order.state().authorizations.len() != 1 {
        return Err(misbehaves(
            "an order for one name wants other than one proof",
        ));
    }
    let mut authorizations = order.authorizations();
    let Some(authorization) = authorizations.next().await else {
        return Ok(None);
    };
    let mut authorization = authorization.map_err(proof)?;
    match authorization.identifier().identifier {
        Identifier::Dns(name) if name == host => {}
        _ => return Err(misbehaves("it wants a proof for another name")),
    }
    match authorization.status {
        AuthorizationStatus::Pending => {}
        AuthorizationStatus::Valid => return Ok(None),
        _ => return Err(misbehaves("a proof that was just asked for is over")),
    }
    let mut challenge = authorization
        .challenge(ChallengeType::Http01)
        .ok_or(AcmeFault::NoHttp01)?;
    if !is_token(&challenge.token) {
        return Err(misbehaves("its token is not base64url"));
    }
    let answer = challenge.key_authorization();
    let shown = pending.publish(host, &challenge.token, answer.as_str());
    challenge.set_ready().await.map_err(proof)?;
    Ok(Some(shown))
}

/// RFC 8555, 8.3; a bound besides.
fn is_token(token: &str) -> bool {
    (16..=256).contains(&token.len())
        && token
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// What the authority says of a proof that failed; nothing where it does not.
async fn why_not(order: &mut Order) -> String {
    let mut authorizations = order.authorizations();
    let Some(Ok(mut authorization)) = authorizations.next().await else {
        return String::new();
    };
    let Ok(state) = authorization.refresh().await else {
        return String::new();
    };
    let mut said = state.challenges.iter().filter_map(|c| c.error.as_ref());
    said.next().map_or_else(String::new, words)
}

/// The certificates of a chain, written anew, so that nothing else comes along.
pub(crate) fn only_certificates(chain: &str) -> Result<String, AcmeFault> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(chain.as_bytes())
        .take(CHAIN_MAX + 1)
        .collect::<Result<_, _>>()
        .map_err(|_| misbehaves("its chain is not in PEM form"))?;
    if certificates.is_empty() || certificates.len() > CHAIN_MAX {
        return Err(misbehaves("its chain has none or too many certificates"));
    }
    Ok(certificates.iter().map(|one| written(one)).collect())
}

fn written(certificate: &[u8]) -> String {
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let encoded = BASE64.encode(certificate);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(64));
        text += line;
        text.push('\n');
        rest = behind;
    }
    text + "-----END CERTIFICATE-----\n"
}

fn misbehaves(how: &str) -> AcmeFault {
    AcmeFault::Misbehaves(how.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate() -> rcgen::Certificate {
        let key = KeyPair::generate().unwrap();
        let names = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
        names.self_signed(&key).unwrap()
    }

    #[test]
    fn of_a_chain_the_certificates_are_kept_and_nothing_else() {
        let (one, two) = (certificate(), certificate());
        let stranger = KeyPair::generate().unwrap().serialize_pem();
        let sent = format!("words\n{stranger}{}\n\n{}", one.pem(), two.pem());
        let kept = only_certificates(&sent).unwrap();
        assert!(!kept.contains("PRIVATE") && !kept.contains("words"));
        let read: Vec<_> = CertificateDer::pem_slice_iter(kept.as_bytes())
            .map(Result::unwrap)
            .collect();
        assert_eq!(read, [one.der().clone(), two.der().clone()]);
    }

    #[test]
    fn a_chain_of_nothing_or_of_too_much_is_none() {
        let many = certificate().pem().repeat(CHAIN_MAX + 1);
        for chain in ["", "no PEM", "-----BEGIN CERTIFICATE-----\n", &many] {
            assert!(only_certificates(chain).is_err());
        }
    }

    #[test]
    fn a_token_is_base64url_and_of_some_length() {
        assert!(is_token("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"));
        for bad in [
            "",
            "short",
            "evaGxfADs6pSRb2LAv9IZf17/../etc",
            "a b c d e f g h i j k",
        ] {
            assert!(!is_token(bad), "{bad}");
        }
        assert!(!is_token(&"a".repeat(257)));
    }

    proptest::proptest! {
        #[test]
        fn no_chain_makes_it_panic_and_what_passes_is_certificates_alone(
            chain in "(-----BEGIN CERTIFICATE-----\n|-----END CERTIFICATE-----\n|[A-Za-z0-9+/=]{0,8}\n|\\PC{0,8}){0,12}"
        ) {
            if let Ok(kept) = only_certificates(&chain) {
                let begins = kept.matches("-----BEGIN ").count();
                proptest::prop_assert_eq!(begins, kept.matches("-----BEGIN CERTIFICATE-----").count());
                proptest::prop_assert!((1..=CHAIN_MAX).contains(&begins));
            }
        }
    }
}
