//! Reading metadata.

mod role;

use gw_model::Timestamp;

use crate::{
    Certificate, ShapeFault, SignatureFault, XmlFault, instant,
    limits::ENTITY_ID_MAX_BYTES,
    names::METADATA,
    signature::verify_enveloped,
    text::plain,
    xml::{Limits, Node, parse},
};

use super::Entity;
use role::{read_idp, read_sp};

/// How metadata is read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The time now: what is no longer valid is refused.
    pub now: Timestamp,
    /// Which entity is wanted. Without a name the document has to be about one.
    pub entity_id: Option<&'a str>,
    /// Who has to have signed the document; empty where it is believed for how it was had.
    pub signers: &'a [Certificate],
}

/// Metadata that is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataFault {
    /// It is not the XML that is read.
    #[error(transparent)]
    Xml(#[from] XmlFault),
    /// It is not built as the schema says.
    #[error(transparent)]
    Shape(#[from] ShapeFault),
    /// It is not signed as it has to be.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// Another document.
    #[error("`{0}` is no SAML metadata")]
    Kind(String),
    /// A collection, and nobody said which one of it.
    #[error("the metadata is a collection of entities: name the one that is meant")]
    Collection,
    /// The entity is not there, or is there twice.
    #[error("the metadata has no entity `{0}`, or has it more than once")]
    Unknown(String),
    /// It is over.
    #[error("the metadata was valid until {0}")]
    Expired(String),
    /// Neither an identity nor a service provider of SAML 2.0.
    #[error("the entity is neither an identity provider nor a service provider of SAML 2.0")]
    Roleless,
    /// A certificate in it cannot be used.
    #[error("a certificate in the metadata: {0}")]
    Key(#[from] crate::KeyFault),
    /// Beyond the bounds of [`crate::limits`].
    #[error("the metadata has more {0} than are read")]
    TooMuch(&'static str),
}

/// Reads one entity.
///
/// # Errors
///
/// The first of its faults.
pub fn read(document: &[u8], reading: &Reading<'_>) -> Result<Entity, MetadataFault> {
    let document = parse(document, Limits::METADATA)?;
    let root = document
        .root()
        .ok_or_else(|| MetadataFault::Kind(String::new()))?;
    let is_collection = root.is(METADATA, "EntitiesDescriptor");
    if !is_collection && !root.is(METADATA, "EntityDescriptor") {
        return Err(MetadataFault::Kind(plain(root.local())));
    }
    // What is read is in the root, so the root is what has to be signed.
    if !reading.signers.is_empty() {
        verify_enveloped(root, "EntityDescriptor", reading.signers)?;
    }
    let entity = if is_collection {
        let wanted = reading.entity_id.ok_or(MetadataFault::Collection)?;
        choose(document.all(), wanted)?
    } else {
        choose_only(root, reading.entity_id)?
    };
    let around = valid_until(root, reading)?;
    let mut read = read_entity(entity, reading)?;
    read.valid_until = earlier(read.valid_until, around);
    Ok(read)
}

fn choose_only<'d>(root: Node<'d>, wanted: Option<&str>) -> Result<Node<'d>, MetadataFault> {
    match wanted {
        Some(wanted) if root.attribute("entityID") != Some(wanted) => {
            Err(MetadataFault::Unknown(plain(wanted)))
        }
        _ => Ok(root),
    }
}

fn choose<'d>(
    all: impl Iterator<Item = Node<'d>>,
    wanted: &str,
) -> Result<Node<'d>, MetadataFault> {
    let mut named = all.filter(|node| {
        node.is(METADATA, "EntityDescriptor")
            && node.attribute("entityID") == Some(wanted)
            && node
                .parent()
                .is_some_and(|parent| parent.is(METADATA, "EntitiesDescriptor"))
    });
    match (named.next(), named.next()) {
        (Some(entity), None) => Ok(entity),
        _ => Err(MetadataFault::Unknown(plain(wanted))),
    }
}

fn valid_until(node: Node<'_>, reading: &Reading<'_>) -> Result<Option<Timestamp>, MetadataFault> {
    let Some(text) = node.attribute("validUntil") else {
        return Ok(None);
    };
    let until = instant::read(text).ok_or_else(|| ShapeFault::value(node, "validUntil"))?;
    if until <= reading.now {
        return Err(MetadataFault::Expired(instant::write(until)));
    }
    Ok(Some(until))
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn read_entity(node: Node<'_>, reading: &Reading<'_>) -> Result<Entity, MetadataFault> {
    let entity_id = node
        .attribute("entityID")
        .filter(|id| !id.is_empty() && id.len() <= ENTITY_ID_MAX_BYTES)
        .ok_or_else(|| ShapeFault::missing(node, "entityID"))?;
    let role = |local| node.named(METADATA, local).find(speaks_saml2);
    let (idp, sp) = (role("IDPSSODescriptor"), role("SPSSODescriptor"));
    if idp.is_none() && sp.is_none() {
        return Err(MetadataFault::Roleless);
    }
    let mut until = valid_until(node, reading)?;
    for role in [idp, sp].into_iter().flatten() {
        until = earlier(until, valid_until(role, reading)?);
    }
    Ok(Entity {
        entity_id: entity_id.to_owned(),
        valid_until: until,
        idp: idp.map(read_idp).transpose()?,
        sp: sp.map(read_sp).transpose()?,
    })
}

fn speaks_saml2(role: &Node<'_>) -> bool {
    let protocols = role
        .attribute("protocolSupportEnumeration")
        .unwrap_or_default();
    let mut protocols = protocols.split_ascii_whitespace();
    protocols.any(|protocol| protocol == crate::names::PROTOCOL)
}
