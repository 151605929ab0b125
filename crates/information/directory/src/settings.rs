//! Which directory is followed, and what of it counts.

mod check;
mod server;

use std::{path::PathBuf, sync::Arc, time::Duration};

use gw_model::{GroupName, ProviderName};

pub(crate) use self::server::Security;
pub use self::{
    check::SettingsFault,
    server::{Server, ServerFault},
};
use crate::{dn::Dn, filter::Filter, message::Scope, reading::Elsewhere, secret::Secret};

/// The most groups that are mapped.
pub const MAPPED_MAX: usize = 1024;
/// The most levels of groups within groups that are followed.
pub const NESTING_MAX: usize = 32;

/// Which directory is followed, and what of it counts. Plain values; what is wrong between them is
/// what [`Settings::faults`] finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// By whose word people and memberships are there.
    pub provider: ProviderName,
    /// Servers of the same directory, tried in this order, beginning with the last that answered.
    pub servers: Vec<Server>,
    /// Who vouches for the servers, in PEM form; the system's authorities where absent.
    pub ca: Option<PathBuf>,
    /// As whom it is read; nobody where empty, and then without a secret.
    pub bind_dn: String,
    /// What proves it.
    pub secret: Secret,
    /// What servers are shown that ask who connects to them. With neither an account nor a secret,
    /// it is by this that they know who reads (SASL EXTERNAL).
    pub certificate: Option<Certificate>,
    /// Which of its entries are people, and what is known of them.
    pub people: People,
    /// Which of its entries are groups, and who is in them.
    pub groups: Groups,
    /// Entries in one page (RFC 2696).
    pub page_size: u32,
    /// What places elsewhere that its servers name mean.
    pub referrals: Referrals,
    /// When it is read.
    pub timing: Timing,
    /// What readings may take away, and give back, before somebody is asked.
    pub safety: Safety,
}

/// A certificate that servers are shown, in files that are read anew with each connection: others
/// renew them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate and those that lead to its root, in PEM form, its own first.
    pub chain: PathBuf,
    /// Its private key, in PEM form, closed to others.
    pub key: PathBuf,
}

/// What places elsewhere that a server names mean (RFC 4511, 4.5.3). Nobody ever goes there: whoever
/// is there would be shown what proves who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Referrals {
    /// What was read is not all: who is missing from it may be there, and is left as they are.
    #[default]
    Keep,
    /// Nothing that is wanted is there: what was read is all.
    Ignore,
}

impl Referrals {
    /// The places where somebody may be who is missing.
    pub(crate) const fn heeded(self, elsewhere: Elsewhere) -> Elsewhere {
        match self {
            Self::Keep => elsewhere,
            Self::Ignore => Elsewhere {
                people: 0,
                groups: 0,
            },
        }
    }
}

/// Which entries are people, and what is known of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// Where they are.
    pub base: Dn,
    /// How far below.
    pub scope: Scope,
    /// Which entries there.
    pub filter: Filter,
    /// What never changes of them and is never given to anybody else.
    pub unique_id: UniqueIdAttribute,
    /// The attribute with the name that they sign in with here, in lower case.
    pub name: String,
    /// The attribute with the name that pages show.
    pub display_name: String,
    /// The attribute with an address for messages; it never says who somebody is.
    pub email: Option<String>,
    /// What switches them off; each of these alone suffices.
    pub disabled: Vec<DisabledBy>,
    /// The attribute that names the groups that they are directly in (`memberOf`), where it is to
    /// count beside what groups say themselves.
    pub member_of: Option<String>,
    /// Who becomes a person here.
    pub provision: Provision,
    /// Whether somebody who is here already and has no way to sign in yet is found by their name.
    /// By a mail address nobody ever is.
    pub found_by_name: bool,
}

/// An attribute that never changes and is never given to anybody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueIdAttribute {
    /// Its name.
    pub name: String,
    /// How its values are written.
    pub form: UniqueIdForm,
}

impl UniqueIdAttribute {
    /// By its name: `objectGUID` is binary, the others are text.
    pub fn named(name: &str) -> Self {
        let form = match name.eq_ignore_ascii_case("objectGUID") {
            true => UniqueIdForm::Guid,
            false if name.eq_ignore_ascii_case("entryUUID") => UniqueIdForm::Uuid,
            false => UniqueIdForm::Text,
        };
        Self {
            name: name.to_owned(),
            form,
        }
    }
}

/// How unique ids are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UniqueIdForm {
    /// `entryUUID`: a UUID as text (RFC 4530).
    Uuid,
    /// `objectGUID`: 16 bytes, of which the first three groups are the wrong way round
    /// ([MS-DTYP], 2.3.4.2).
    Guid,
    /// `nsUniqueId` and others: a text of letters, digits and signs.
    Text,
}

/// What switches somebody off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DisabledBy {
    /// One of these bits: `userAccountControl` with 2 in Active Directory. Who has no such number
    /// is switched off as well: it cannot be read.
    Bits {
        /// The attribute.
        attribute: String,
        /// The bits.
        mask: u32,
    },
    /// One of these values, whose case does not count: `nsAccountLock` with `true` in 389DS.
    Value {
        /// The attribute.
        attribute: String,
        /// The values.
        values: Vec<String>,
    },
    /// That it is there at all: `pwdAccountLockedTime` in OpenLDAP.
    Present {
        /// The attribute.
        attribute: String,
    },
}

impl DisabledBy {
    /// Active Directory's.
    pub fn account_control() -> Self {
        Self::Bits {
            attribute: "userAccountControl".to_owned(),
            mask: 2,
        }
    }

    pub(crate) fn attribute(&self) -> &str {
        match self {
            Self::Bits { attribute, .. }
            | Self::Value { attribute, .. }
            | Self::Present { attribute } => attribute,
        }
    }
}

/// Who of a directory becomes a person here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Provision {
    /// Nobody: people are made here, and linked.
    Nobody,
    /// Who is in a group that is mapped.
    #[default]
    InMappedGroups,
    /// Everybody whom the filter finds.
    Everybody,
}

/// Which entries are groups, and who is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// Where they are.
    pub base: Dn,
    /// How far below.
    pub scope: Scope,
    /// Which entries there.
    pub filter: Filter,
    /// The attribute with their name.
    pub name: String,
    /// The attributes that say who is in them.
    pub members: Vec<MemberAttribute>,
    /// So many levels of groups within a mapped one are followed; 0 for none.
    pub nesting: usize,
    /// Which group there is which one here. No other is looked at.
    pub mapped: Vec<MappedGroup>,
}

/// An attribute that says who is in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberAttribute {
    /// Distinguished names: `member`, `uniqueMember` (with an optional unique part, which does not
    /// count).
    Names(String),
    /// Sign-in names: `memberUid`.
    SignInNames(String),
}

impl MemberAttribute {
    pub(crate) fn attribute(&self) -> &str {
        match self {
            Self::Names(attribute) | Self::SignInNames(attribute) => attribute,
        }
    }
}

/// Which group there is which one here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedGroup {
    /// There.
    pub there: GroupMatch,
    /// Here.
    pub here: GroupName,
}

/// A group of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupMatch {
    /// By its distinguished name.
    Dn(Dn),
    /// By its name, below the groups' base; where two have it, neither counts.
    Name(Arc<str>),
}

/// When a directory is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// The longest time for one answer.
    pub answer: Duration,
    /// The longest time for a whole reading.
    pub reading: Duration,
    /// Read at the latest so long after the last time, whether anything seems to have changed or
    /// not.
    pub interval: Duration,
    /// Where changes are asked for and not told (Active Directory): so often.
    pub poll: Duration,
    /// A reading begins at the earliest so long after the last one ended.
    pub pause: Duration,
}

impl Timing {
    /// Steps until a server has let the account in: it is connected to, TLS is begun, the account
    /// shown, and asked what the server is.
    const STEPS: u32 = 4;

    /// The longest time until one server has let the account in, whatever it sends meanwhile.
    pub(crate) fn opening(&self) -> Duration {
        self.answer.saturating_mul(Self::STEPS).min(self.reading)
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(30),
            reading: Duration::from_secs(600),
            interval: Duration::from_secs(900),
            poll: Duration::from_secs(15),
            pause: Duration::from_secs(2),
        }
    }
}

/// What one reading may take away before somebody is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Safety {
    /// The largest share of the people who are linked and on, in per cent, that may be switched
    /// off; of the memberships that may end; and of the people who were switched off, that may be
    /// switched on again. With 100 nobody is ever asked.
    pub loss_percent: u8,
    /// So many may be whatever their share is.
    pub loss_always: usize,
    /// Fewer people than this are no whole reading.
    pub people_min: usize,
}

impl Default for Safety {
    fn default() -> Self {
        Self {
            loss_percent: 20,
            loss_always: 3,
            people_min: 1,
        }
    }
}

impl Safety {
    /// How many of so many may be lost without asking.
    pub const fn losses(&self, of: usize) -> usize {
        if self.loss_percent >= 100 {
            return usize::MAX;
        }
        let share = of.saturating_mul(self.loss_percent as usize) / 100;
        if share > self.loss_always {
            share
        } else {
            self.loss_always
        }
    }
}
