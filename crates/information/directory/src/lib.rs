//! People and groups from an LDAP directory (RFC 4510 and those it names), kept in step: OpenLDAP,
//! 389DS, Active Directory.
//!
//! What is decided here is decided by [`plan()`], a pure function of the facts and of a [`Reading`]:
//! who comes, who changes, who is switched off, and what cannot be as the directory says. It hands
//! out a [`Plan`]; whoever keeps the facts makes it, anew when its turn comes. [`Follower`] reads: whole,
//! page by page, from one of several servers, whenever something says that the directory changed,
//! and from time to time in any case. [`check()`] looks at all of it once, for a doctor.
//!
//! A directory is believed in what it says of its people and groups, and in nothing else. Messages
//! are read by this crate's own few lines of BER: bounded in size before they are waited for, never
//! followed into the deep, and asked for by a connection that follows no referral: what a server
//! says is elsewhere was not read, and nobody is taken for gone who may be there. What a server
//! tells of changes is only ever a reason to read; who is missing in the pages is asked for before
//! they are taken for gone; and what would take away much at once waits until somebody was asked.

mod ber;
mod check;
mod connection;
mod dn;
mod fault;
mod filter;
mod follow;
#[doc(hidden)]
pub mod fuzzing;
mod message;
mod plan;
mod present;
mod reader;
mod reading;
mod secret;
mod session;
mod settings;
mod status;
#[cfg(test)]
mod testing;
mod text;
mod unique_id;
mod watch;

pub use check::{Finding, Grade, Report, check};
pub use dn::{DN_BYTES_MAX, DN_PARTS_MAX, Dn, DnFault, DnKey};
pub use fault::DirectoryFault;
pub use filter::{FILTER_BYTES_MAX, FILTER_DEPTH_MAX, Filter, FilterFault, escaped};
pub use follow::{Clock, Follower, Handle, Keeper, read_once};
pub use message::Scope;
pub use plan::{
    ChangedPerson, Conflict, Counts, Effect, Effects, Loss, NewPerson, Off, Plan, Refused, Step,
    What, Why, plan, plan_allowing, plan_within, recorded,
};
pub use present::Present;
pub use reader::{GROUPS_MAX, PEOPLE_MAX, READING_BYTES_MAX, UNUSABLE_MAX};
pub use reading::{
    DirectoryGroup, Elsewhere, Member, Person, Reading, Unusable, UnusableEntry, UnusableName,
    VALUE_BYTES_MAX,
};
pub use secret::Secret;
pub use settings::{
    Certificate, DisabledBy, GroupMatch, Groups, MAPPED_MAX, MappedGroup, MemberAttribute,
    NESTING_MAX, People, Provision, Referrals, Safety, Server, ServerFault, Settings,
    SettingsFault, Timing, UniqueIdAttribute, UniqueIdForm,
};
pub use status::{CONFLICTS_SHOWN_MAX, NotTaken, Status, Taken, Trouble};
pub use unique_id::UNIQUE_ID_BYTES_MAX;
pub use watch::Following;
