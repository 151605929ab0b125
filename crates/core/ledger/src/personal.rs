//! Personal fields: what is kept beside the records, so that it can be removed.
//!
//! Encoded as `[tag u8][length u16][bytes…]`, in the order of the tags, absent fields
//! left out. Unknown tags are skipped. A query string is never among them.

use std::net::IpAddr;

use serde::Serialize;

use crate::{
    commitment::{Salt, commit},
    frame::{Frame, FrameHead},
    merkle::Hash,
    record::MentionedAttribute,
};

const ADDRESS: u8 = 1;
const NETWORK: u8 = 2;
const HOST: u8 = 3;
const PATH: u8 = 4;
const PARAMETER: u8 = 5;
const USER: u8 = 6;
const USER_AGENT: u8 = 7;
const ATTRIBUTE: u8 = 8;
const DETAIL: u8 = 9;

const HOST_MAX: usize = 255;
const PATH_MAX: usize = 1024;
const PARAMETER_MAX: usize = 256;
const PARAMETERS_MAX: usize = 8;
const USER_MAX: usize = 128;
const USER_AGENT_MAX: usize = 256;
const DETAIL_MAX: usize = 1024;
const DETAILS_MAX: usize = 32;

/// Personal fields of one record, borrowed from the request. What is empty is left out; what is too long is cut.
#[derive(Debug, Clone, Copy, Default)]
pub struct Personal<'a> {
    /// The client's address.
    pub address: Option<IpAddr>,
    /// An address prefix, for summaries.
    pub network: &'a str,
    /// The host that was asked for.
    pub host: &'a str,
    /// The canonical path, without the query.
    pub path: &'a str,
    /// Query parameters that the route names as safe to record.
    pub parameters: &'a [(&'a str, &'a str)],
    /// The user's name.
    pub user: &'a str,
    /// The client's own description.
    pub user_agent: &'a str,
    /// Further lines about people: display names, addresses, what a change was about.
    pub details: &'a [&'a str],
}

impl Personal<'_> {
    /// Whether there is nothing to keep.
    pub const fn is_empty(&self) -> bool {
        self.address.is_none()
            && self.network.is_empty()
            && self.host.is_empty()
            && self.path.is_empty()
            && self.parameters.is_empty()
            && self.user.is_empty()
            && self.user_agent.is_empty()
            && self.details.is_empty()
    }

    /// Appends the encoded fields.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self.address {
            Some(IpAddr::V4(address)) => push(out, ADDRESS, &address.octets()),
            Some(IpAddr::V6(address)) => push(out, ADDRESS, &address.octets()),
            None => {}
        }
        push_text(out, NETWORK, self.network, HOST_MAX);
        push_text(out, HOST, self.host, HOST_MAX);
        push_text(out, PATH, self.path, PATH_MAX);
        for (name, value) in self.parameters.iter().take(PARAMETERS_MAX) {
            push_pair(out, PARAMETER, name, b'=', value, PARAMETER_MAX);
        }
        push_text(out, USER, self.user, USER_MAX);
        push_text(out, USER_AGENT, self.user_agent, USER_AGENT_MAX);
        for detail in self.details.iter().take(DETAILS_MAX) {
            push_text(out, DETAIL, detail, DETAIL_MAX);
        }
    }
}

/// Appends the values of those attributes that are personal.
pub(crate) fn encode_attributes(attributes: &[MentionedAttribute], out: &mut Vec<u8>) {
    for attribute in attributes.iter().filter(|a| a.is_personal()) {
        if let Some(value) = &attribute.value {
            push_pair(out, ATTRIBUTE, &attribute.path, 0, value, PATH_MAX);
        }
    }
}

fn push(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    out.push(tag);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(bytes.get(..usize::from(length)).unwrap_or(bytes));
}

fn push_text(out: &mut Vec<u8>, tag: u8, text: &str, max: usize) {
    if !text.is_empty() {
        push(out, tag, cut(text, max).as_bytes());
    }
}

fn push_pair(out: &mut Vec<u8>, tag: u8, name: &str, between: u8, value: &str, max: usize) {
    let (name, value) = (cut(name, max), cut(value, max));
    let length = u16::try_from(name.len() + 1 + value.len()).unwrap_or(u16::MAX);
    out.push(tag);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(name.as_bytes());
    out.push(between);
    out.extend_from_slice(value.as_bytes());
}

/// The longest beginning of a text that fits.
fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}

/// Personal fields as read back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PersonalFields {
    /// The client's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// An address prefix.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub network: String,
    /// The host that was asked for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// The canonical path.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Recorded parameters, `name=value`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<String>,
    /// The user's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// The client's own description.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user_agent: String,
    /// Further lines about people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// Personal values of attributes: path and value.
    #[serde(skip)]
    pub attributes: Vec<(String, String)>,
}

impl PersonalFields {
    /// Reads encoded fields. What cannot be read is left out: the commitment tells whether bytes are genuine.
    pub fn decode(mut bytes: &[u8]) -> Self {
        let mut fields = Self::default();
        while let Some((tag, value, rest)) = next_field(bytes) {
            fields.take(tag, value);
            bytes = rest;
        }
        fields
    }

    fn take(&mut self, tag: u8, value: &[u8]) {
        let text = || String::from_utf8_lossy(value).into_owned();
        match tag {
            ADDRESS => self.address = address(value),
            NETWORK => self.network = text(),
            HOST => self.host = text(),
            PATH => self.path = text(),
            PARAMETER => self.parameters.push(text()),
            USER => self.user = text(),
            USER_AGENT => self.user_agent = text(),
            DETAIL => self.details.push(text()),
            ATTRIBUTE => {
                if let Some((path, value)) = text().split_once('\0') {
                    self.attributes.push((path.to_owned(), value.to_owned()));
                }
            }
            _ => {}
        }
    }
}

fn next_field(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    Some((*tag, value, rest))
}

fn address(value: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(value) {
        return Some(IpAddr::from(v4));
    }
    <[u8; 16]>::try_from(value).ok().map(IpAddr::from)
}

const KIND: u8 = 0x50;
const VERSION: u8 = 1;

/// Personal fields as they lie in their file: with the record that they belong to, and their salt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonalFrame<'a> {
    /// The record's place in its segment.
    pub index: u32,
    /// The salt of the commitment.
    pub salt: &'a Salt,
    /// The encoded fields.
    pub fields: &'a [u8],
}

impl<'a> PersonalFrame<'a> {
    /// The first bytes of such a frame's content.
    pub const HEAD: FrameHead = FrameHead {
        kind: KIND,
        version: VERSION,
        flags: 0,
    };

    /// Reads a frame of a file of personal fields.
    pub fn read(frame: &Frame<'a>) -> Option<Self> {
        if frame.head() != Self::HEAD {
            return None;
        }
        let (index, rest) = frame.payload().split_first_chunk()?;
        let (salt, fields) = rest.split_first_chunk()?;
        Some(Self {
            index: u32::from_le_bytes(*index),
            salt,
            fields,
        })
    }

    /// Whether these are the fields that a record commits to.
    pub fn matches(&self, commitment: &Hash) -> bool {
        commit(self.salt, self.fields) == *commitment
    }
}

#[cfg(test)]
mod tests;
