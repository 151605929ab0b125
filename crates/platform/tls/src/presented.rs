//! Certificates that clients showed: what they say, and whether an authority vouches for them.

use std::{fmt, net::IpAddr, path::Path, sync::Arc, time::Duration};

use gw_model::Timestamp;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, UnixTime},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use x509_parser::{
    objects::{oid_registry, oid2abbrev},
    prelude::{AttributeTypeAndValue, FromDer as _, GeneralName, X509Certificate, X509Name},
    public_key::PublicKey,
};

use crate::{TlsFault, provider, trust::own_roots};

/// The longest text of a certificate that is read, in bytes.
const TEXT_BYTES_MAX: usize = 2048;
/// The most names of one certificate that are read.
const NAMES_MAX: usize = 64;

/// Authorities that are believed of clients.
#[derive(Clone)]
pub struct ClientAuthorities(Arc<dyn ClientCertVerifier>);

impl fmt::Debug for ClientAuthorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientAuthorities")
    }
}

impl ClientAuthorities {
    /// Those of a file.
    ///
    /// # Errors
    /// Where it cannot be read, or holds none.
    pub fn load(file: &Path) -> Result<Self, TlsFault> {
        let (roots, _) = own_roots(file)?;
        Self::of(roots)
    }

    fn of(roots: Arc<RootCertStore>) -> Result<Self, TlsFault> {
        let built = WebPkiClientVerifier::builder_with_provider(roots, provider()).build();
        built
            .map(Self)
            .map_err(|fault| TlsFault::Setup(fault.to_string()))
    }

    /// Whether one of them vouches for the first of a chain, now.
    fn vouch(&self, chain: &[Vec<u8>], now: Timestamp) -> bool {
        let mut chain = chain.iter().map(|der| CertificateDer::from(der.as_slice()));
        let Some(own) = chain.next() else {
            return false;
        };
        let others: Vec<_> = chain.collect();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()));
        self.0.verify_client_cert(&own, &others, now).is_ok()
    }
}

/// What a client's certificate says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShownCertificate {
    /// Whether an authority that is believed of clients vouches for it now.
    pub is_trusted: bool,
    /// Its public key.
    pub key: Option<ShownKey>,
    /// Its subject as RFC 4514 writes it, the most specific first; empty where it has none that
    /// can be read.
    pub subject: String,
    /// Its DNS names, in lower case.
    pub dns_names: Vec<String>,
    /// Its URIs.
    pub uris: Vec<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Its mailboxes.
    pub mailboxes: Vec<String>,
}

/// A public key of a certificate, by its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownKey {
    /// A point on a curve of so many bytes a coordinate: the two of them.
    Point(Vec<u8>, Vec<u8>),
    /// Of RSA: modulus and exponent, without leading noughts.
    Rsa(Vec<u8>, Vec<u8>),
}

impl ShownCertificate {
    /// Reads what a client showed, its own certificate first; none where that cannot be read.
    pub fn read(
        chain: &[Vec<u8>],
        authorities: Option<&ClientAuthorities>,
        now: Timestamp,
    ) -> Option<Self> {
        let (rest, own) = X509Certificate::from_der(chain.first()?).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let mut shown = Self {
            is_trusted: authorities.is_some_and(|believed| believed.vouch(chain, now)),
            key: key(&own),
            subject: subject(own.subject()).unwrap_or_default(),
            ..Self::default()
        };
        let names = own.subject_alternative_name().ok().flatten();
        let names = names.iter().flat_map(|names| &names.value.general_names);
        for name in names.take(NAMES_MAX) {
            shown.add(name);
        }
        Some(shown)
    }

    fn add(&mut self, name: &GeneralName<'_>) {
        let fit = |text: &str| (text.len() <= TEXT_BYTES_MAX).then(|| text.to_owned());
        match name {
            GeneralName::DNSName(name) => {
                self.dns_names
                    .extend(fit(name).map(|name| name.to_ascii_lowercase()));
            }
            GeneralName::URI(uri) => self.uris.extend(fit(uri)),
            GeneralName::RFC822Name(mailbox) => self.mailboxes.extend(fit(mailbox)),
            GeneralName::IPAddress(bytes) => self.addresses.extend(address(bytes)),
            _ => {}
        }
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let v6 = <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    v4.or(v6).ok()
}

fn key(certificate: &X509Certificate<'_>) -> Option<ShownKey> {
    let trimmed = |bytes: &[u8]| {
        let first = bytes.iter().position(|byte| *byte != 0).unwrap_or_default();
        bytes.get(first..).unwrap_or_default().to_vec()
    };
    match certificate.public_key().parsed().ok()? {
        PublicKey::RSA(key) => Some(ShownKey::Rsa(trimmed(key.modulus), trimmed(key.exponent))),
        PublicKey::EC(point) => {
            let (form, coordinates) = point.data().split_first()?;
            let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
            (*form == 4 && x.len() == y.len()).then(|| ShownKey::Point(x.to_vec(), y.to_vec()))
        }
        _ => None,
    }
}

/// The text of a subject (RFC 4514, 2). None where a part of it cannot be read: it is not taken
/// for one that has less.
fn subject(name: &X509Name<'_>) -> Option<String> {
    let mut parts = Vec::new();
    for part in name.iter_rdn() {
        let values: Option<Vec<_>> = part.iter().map(value).collect();
        parts.push(values?.join("+"));
    }
    parts.reverse();
    let text = parts.join(",");
    (text.len() <= TEXT_BYTES_MAX).then_some(text)
}

fn value(value: &AttributeTypeAndValue<'_>) -> Option<String> {
    let oid = value.attr_type();
    let kind = match oid2abbrev(oid, oid_registry()) {
        Ok(short) => short.to_owned(),
        Err(_) => oid.to_id_string(),
    };
    let text = value.as_str().ok()?;
    Some(format!("{kind}={}", escaped(text)?))
}

/// A value with what means something else escaped (RFC 4514, 2.4); what cannot be seen is refused.
fn escaped(text: &str) -> Option<String> {
    if text.chars().any(char::is_control) {
        return None;
    }
    let last = text.chars().count().saturating_sub(1);
    let mut escaped = String::new();
    for (position, one) in text.chars().enumerate() {
        let is_special = matches!(one, '"' | '+' | ',' | ';' | '<' | '>' | '\\');
        let is_edge =
            (one == ' ' && (position == 0 || position == last)) || (one == '#' && position == 0);
        if is_special || is_edge {
            escaped.push('\\');
        }
        escaped.push(one);
    }
    Some(escaped)
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType, date_time_ymd,
    };

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn params() -> CertificateParams {
        let mut params = CertificateParams::new(vec!["Builder.test".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2040, 1, 1);
        params.distinguished_name = rcgen::DistinguishedName::new();
        let name = &mut params.distinguished_name;
        name.push(DnType::CountryName, "DE");
        name.push(DnType::OrganizationName, "Acme, Inc.");
        name.push(DnType::CommonName, "builder");
        params.subject_alt_names.extend([
            SanType::URI("spiffe://acme/builder".try_into().unwrap()),
            SanType::IpAddress("192.0.2.7".parse().unwrap()),
            SanType::Rfc822Name("builder@acme.test".try_into().unwrap()),
        ]);
        params
    }

    fn authority() -> (Vec<u8>, Issuer<'static, KeyPair>) {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2040, 1, 1);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        (der, Issuer::new(params, key))
    }

    fn believing(der: &[u8]) -> ClientAuthorities {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(der)).unwrap();
        ClientAuthorities::of(roots.into()).unwrap()
    }

    #[test]
    fn a_certificate_is_read_as_it_is_written() {
        let key = KeyPair::generate().unwrap();
        let der = params().self_signed(&key).unwrap().der().to_vec();
        let shown = ShownCertificate::read(&[der], None, NOW).unwrap();
        assert_eq!(shown.subject, "CN=builder,O=Acme\\, Inc.,C=DE");
        assert_eq!(shown.dns_names, ["builder.test"]);
        assert_eq!(shown.uris, ["spiffe://acme/builder"]);
        assert_eq!(shown.mailboxes, ["builder@acme.test"]);
        assert_eq!(shown.addresses, ["192.0.2.7".parse::<IpAddr>().unwrap()]);
        let Some(ShownKey::Point(x, y)) = shown.key else {
            panic!("no key");
        };
        assert_eq!([&[4], &*x, &*y].concat(), key.public_key_raw());
        assert!(!shown.is_trusted);
    }

    #[test]
    fn a_certificate_is_believed_by_an_authority_and_within_its_dates() {
        let (root, issuer) = authority();
        let key = KeyPair::generate().unwrap();
        let mut own = params();
        own.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        let chain = [own.signed_by(&key, &issuer).unwrap().der().to_vec()];
        let is_trusted = |believed: &ClientAuthorities, now| {
            let shown = ShownCertificate::read(&chain, Some(believed), now);
            shown.unwrap().is_trusted
        };
        let believed = believing(&root);
        assert!(is_trusted(&believed, NOW));
        assert!(!is_trusted(&believed, Timestamp::from_secs(2_300_000_000)));
        assert!(!is_trusted(&believed, Timestamp::from_secs(1_000_000_000)));
        let (other, _) = authority();
        assert!(!is_trusted(&believing(&other), NOW));
        let own = [params().self_signed(&key).unwrap().der().to_vec()];
        let shown = ShownCertificate::read(&own, Some(&believed), NOW).unwrap();
        assert!(!shown.is_trusted, "signed by itself");
    }

    #[test]
    fn what_is_no_certificate_says_nothing() {
        assert_eq!(ShownCertificate::read(&[], None, NOW), None);
        assert_eq!(ShownCertificate::read(&[vec![1, 2, 3]], None, NOW), None);
        let key = KeyPair::generate().unwrap();
        let mut der = params().self_signed(&key).unwrap().der().to_vec();
        der.push(0);
        assert_eq!(ShownCertificate::read(&[der], None, NOW), None);
    }

    #[test]
    fn a_name_cannot_be_written_to_look_like_another() {
        assert_eq!(escaped("a,O=b").as_deref(), Some("a\\,O=b"));
        assert_eq!(escaped(" #a ").as_deref(), Some("\\ #a\\ "));
        assert_eq!(escaped("#a\\").as_deref(), Some("\\#a\\\\"));
        assert_eq!(escaped("a\0b"), None);
        assert_eq!(escaped("a\nb"), None);
    }
}
