//! Reading what an entity is.

use crate::{
    Binding, Certificate, ContentCipher, KeyFault, KeyTransport, ShapeFault,
    limits::{CERTIFICATES_MAX, ENDPOINTS_MAX},
    metadata::{AssertionConsumer, EncryptionKey, Endpoint, IdpRole, MetadataFault, SpRole},
    names::{DSIG, METADATA},
    outgoing::check_destination,
    xml::Node,
};

pub(super) fn read_idp(role: Node<'_>) -> Result<IdpRole, MetadataFault> {
    let keys = Keys::read(role)?;
    Ok(IdpRole {
        want_authn_requests_signed: flag(role, "WantAuthnRequestsSigned")?,
        signing: keys.signing,
        single_sign_on: endpoints(role, "SingleSignOnService")?,
        single_logout: endpoints(role, "SingleLogoutService")?,
        name_id_formats: name_id_formats(role)?,
    })
}

pub(super) fn read_sp(role: Node<'_>) -> Result<SpRole, MetadataFault> {
    let keys = Keys::read(role)?;
    Ok(SpRole {
        authn_requests_signed: flag(role, "AuthnRequestsSigned")?,
        want_assertions_signed: flag(role, "WantAssertionsSigned")?,
        signing: keys.signing,
        encryption: keys.encryption,
        consumers: consumers(role)?,
        single_logout: endpoints(role, "SingleLogoutService")?,
        name_id_formats: name_id_formats(role)?,
    })
}

fn flag(node: Node<'_>, name: &'static str) -> Result<bool, ShapeFault> {
    match node.attribute(name).map(str::trim) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(ShapeFault::value(node, name)),
    }
}

fn bounded<'d>(role: Node<'d>, local: &'static str) -> Result<Vec<Node<'d>>, MetadataFault> {
    let all: Vec<Node<'_>> = role
        .named(METADATA, local)
        .take(ENDPOINTS_MAX + 1)
        .collect();
    if all.len() > ENDPOINTS_MAX {
        return Err(MetadataFault::TooMuch("endpoints of one kind"));
    }
    Ok(all)
}

/// The addresses by bindings that we speak; a browser is sent there.
fn endpoints(role: Node<'_>, local: &'static str) -> Result<Vec<Endpoint>, MetadataFault> {
    let mut all = Vec::new();
    for node in bounded(role, local)? {
        if let Some(binding) = binding(node)? {
            all.push(Endpoint {
                binding,
                location: location(node, "Location")?,
                response_location: match node.attribute("ResponseLocation") {
                    Some(_) => Some(location(node, "ResponseLocation")?),
                    None => None,
                },
            });
        }
    }
    Ok(all)
}

fn binding(node: Node<'_>) -> Result<Option<Binding>, ShapeFault> {
    let uri = node.attribute("Binding");
    let uri = uri.ok_or_else(|| ShapeFault::missing(node, "Binding"))?;
    Ok(Binding::from_uri(uri))
}

fn location(node: Node<'_>, name: &'static str) -> Result<String, ShapeFault> {
    let url = node.attribute(name);
    let url = url.ok_or_else(|| ShapeFault::missing(node, name))?;
    check_destination(url).map_err(|_| ShapeFault::value(node, name))?;
    Ok(url.to_owned())
}

fn consumers(role: Node<'_>) -> Result<Vec<AssertionConsumer>, MetadataFault> {
    let mut all = Vec::new();
    for node in bounded(role, "AssertionConsumerService")? {
        let Some(binding) = binding(node)? else {
            continue;
        };
        let index = node
            .attribute("index")
            .and_then(|text| text.trim().parse().ok());
        all.push(AssertionConsumer {
            binding,
            location: location(node, "Location")?,
            index: index.ok_or_else(|| ShapeFault::value(node, "index"))?,
            is_default: flag(node, "isDefault")?,
        });
    }
    Ok(all)
}

fn name_id_formats(role: Node<'_>) -> Result<Vec<String>, MetadataFault> {
    let formats = bounded(role, "NameIDFormat")?.into_iter();
    let texts = formats.filter_map(Node::text);
    Ok(texts.map(|text| text.trim().to_owned()).collect())
}

#[derive(Default)]
struct Keys {
    signing: Vec<Certificate>,
    encryption: Vec<EncryptionKey>,
}

impl Keys {
    /// Those that can be used; one that cannot may stand beside one that can. Where none can, the
    /// last fault.
    fn read(role: Node<'_>) -> Result<Self, MetadataFault> {
        let mut keys = Self::default();
        let mut fault = None;
        for descriptor in bounded(role, "KeyDescriptor")? {
            for certificate in certificates(descriptor) {
                match certificate {
                    Ok(certificate) => keys.take(descriptor, certificate)?,
                    Err(other) => fault = Some(other),
                }
            }
        }
        match fault {
            Some(fault) if keys.signing.is_empty() && keys.encryption.is_empty() => {
                Err(fault.into())
            }
            _ => Ok(keys),
        }
    }

    /// A descriptor without `use` is for both (2.4.1.1).
    fn take(
        &mut self,
        descriptor: Node<'_>,
        certificate: Certificate,
    ) -> Result<(), MetadataFault> {
        let usage = descriptor.attribute("use");
        if usage.is_some_and(|usage| usage != "signing" && usage != "encryption") {
            return Err(ShapeFault::value(descriptor, "use").into());
        }
        if usage != Some("encryption") {
            self.signing.push(certificate.clone());
        }
        if usage != Some("signing") && certificate.is_rsa() {
            self.encryption
                .extend(encryption_key(descriptor, certificate));
        }
        if self.signing.len() > CERTIFICATES_MAX || self.encryption.len() > CERTIFICATES_MAX {
            return Err(MetadataFault::TooMuch("certificates"));
        }
        Ok(())
    }
}

fn certificates(descriptor: Node<'_>) -> impl Iterator<Item = Result<Certificate, KeyFault>> {
    let infos = descriptor.named(DSIG, "KeyInfo");
    let data = infos.flat_map(|info| info.named(DSIG, "X509Data"));
    let nodes = data.flat_map(|data| data.named(DSIG, "X509Certificate"));
    nodes.map(|node| Certificate::from_text(&node.text().unwrap_or_default()))
}

/// Nothing where the entity names algorithms, and none of them is ours: what we would send, it
/// could not read.
fn encryption_key(descriptor: Node<'_>, certificate: Certificate) -> Option<EncryptionKey> {
    let methods = descriptor.named(METADATA, "EncryptionMethod");
    let is_transport = |method: &Node<'_>| algorithm(*method).contains("rsa");
    let (transports, others): (Vec<_>, Vec<_>) = methods.partition(is_transport);
    let ciphers = others
        .into_iter()
        .filter(|method| !algorithm(*method).contains("kw-"));
    let cipher = |method: Node<'_>| {
        let known = [ContentCipher::Aes256Gcm, ContentCipher::Aes128Gcm];
        known
            .into_iter()
            .find(|cipher| cipher.uri() == algorithm(method))
    };
    Some(EncryptionKey {
        certificate,
        key_transports: known(transports, |method| KeyTransport::of(method).ok())?,
        ciphers: known(ciphers.collect(), cipher)?,
    })
}

fn algorithm(method: Node<'_>) -> &str {
    method.attribute("Algorithm").unwrap_or_default()
}

/// Those of a list that we know too; nothing if there is a list and we know none of it.
fn known<T>(listed: Vec<Node<'_>>, read: impl Fn(Node<'_>) -> Option<T>) -> Option<Vec<T>> {
    let is_listed = !listed.is_empty();
    let known: Vec<T> = listed.into_iter().filter_map(read).collect();
    (!is_listed || !known.is_empty()).then_some(known)
}
