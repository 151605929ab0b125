//! Messages of LDAP (RFC 4511), as pure functions over bytes: what is asked is written, what is
//! answered is read. Only what Gatewright asks for can be written, and nothing of it changes a
//! directory.

mod control;
mod entry;
mod read;
mod write;

pub(crate) use self::{
    control::{
        CONTROL_PAGED, CONTROL_SYNC, Control, is_refreshed, paged, paging_cookie, show_deleted,
        sync_info_is_news, synced,
    },
    entry::{Attribute, Entry},
    read::decode,
    write::{encode, unbind},
};
use crate::{ber::BerFault, filter::Filter, secret::Secret};

/// The most attributes of one entry: only a handful are asked for.
pub(crate) const ATTRIBUTES_MAX: usize = 64;
/// The most values of one attribute.
pub(crate) const VALUES_MAX: usize = 250_000;
/// The most controls of one message.
const CONTROLS_MAX: usize = 8;
/// The longest cookie that is handed back to a server.
const COOKIE_BYTES_MAX: usize = 16 * 1024;

/// An answer that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MessageFault {
    #[error(transparent)]
    Ber(#[from] BerFault),
    #[error("more {0} than there can be")]
    TooMany(&'static str),
    #[error("a kind of answer ({0:#04x}) that nothing was asked for")]
    Kind(u8),
    #[error("a message with a number that none has")]
    Number,
}

/// What is asked.
#[derive(Debug)]
pub(crate) enum Request<'r> {
    Bind {
        dn: &'r str,
        secret: &'r Secret,
    },
    /// As whom the certificate says that TLS was begun with (RFC 4422, appendix A).
    BindByCertificate,
    Search(&'r Search),
    StartTls,
}

/// What is looked for, and where.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    pub(crate) base: String,
    pub(crate) scope: Scope,
    /// The most entries that are wanted; 0 for all.
    pub(crate) size_limit: u32,
    pub(crate) filter: Filter,
    pub(crate) attributes: Vec<String>,
}

/// How far below its base a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// The base itself.
    Base,
    /// What is directly below the base.
    OneLevel,
    /// The base and all that is below.
    #[default]
    Subtree,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// Of what was asked; 0 for what nobody asked for.
    pub(crate) number: i32,
    pub(crate) answer: Answer,
    pub(crate) controls: Vec<Control>,
}

/// Kinds of answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Bound(Outcome),
    Entry(Entry),
    /// More is elsewhere; nobody goes there.
    Reference,
    Done(Outcome),
    Extended(Outcome),
    Intermediate {
        name: Option<String>,
        value: Vec<u8>,
    },
}

/// How something ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// RFC 4511, 4.1.9.
    pub(crate) code: ResultCode,
    /// The server's words, fit to be shown.
    pub(crate) words: String,
}

/// A result code (RFC 4511, appendix A).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResultCode(pub(crate) i64);

impl ResultCode {
    pub(crate) const SUCCESS: Self = Self(0);
    pub(crate) const TIME_LIMIT: Self = Self(3);
    pub(crate) const SIZE_LIMIT: Self = Self(4);
    pub(crate) const NO_SUCH_AUTH: Self = Self(7);
    pub(crate) const STRONGER_AUTH: Self = Self(8);
    pub(crate) const REFERRAL: Self = Self(10);
    pub(crate) const ADMIN_LIMIT: Self = Self(11);
    pub(crate) const UNAVAILABLE_EXTENSION: Self = Self(12);
    pub(crate) const CONFIDENTIALITY: Self = Self(13);
    pub(crate) const NO_SUCH_OBJECT: Self = Self(32);
    pub(crate) const INAPPROPRIATE_AUTH: Self = Self(48);
    pub(crate) const INVALID_CREDENTIALS: Self = Self(49);
    pub(crate) const INSUFFICIENT_ACCESS: Self = Self(50);
    pub(crate) const BUSY: Self = Self(51);
    pub(crate) const UNAVAILABLE: Self = Self(52);
    pub(crate) const UNWILLING: Self = Self(53);
    /// The content cannot be followed from where one was (RFC 4533, 2.2).
    pub(crate) const REFRESH_REQUIRED: Self = Self(4096);
}

#[cfg(test)]
mod tests;
