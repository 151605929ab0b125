//! Patches: RFC 7644, section 3.5.2, and what Entra and Okta make of it.
//!
//! A patch is read in full ([`Operation::read_all`]) before anything of it is applied, and applied to a
//! copy of the resource, so that it is made as a whole or not at all. What changes members of a
//! group one by one becomes a [`crate::GroupChange`] instead, for which no member is read.

mod applied;
mod delta;
mod read;
mod values;

pub(crate) use self::{applied::applied, delta::delta};
use crate::{
    filter::{Compiled, Filter, FilterFault, FilterMisfit},
    path::Place,
    resource::ValueFault,
};

/// How many operations a patch may have, after those without a path are divided by attribute.
pub const PATCH_OPERATIONS_MAX: usize = 1000;

/// How many values all operations of a patch may go through: each goes through all that the
/// attribute has. A few operations on a group of 50,000, or 1000 on one of a thousand.
pub const PATCH_VALUES_MAX: usize = 1_000_000;

/// A change to one attribute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Operation {
    /// Which operation of the request it is of, counted from 1.
    pub(crate) at: usize,
    pub(crate) verb: Verb,
    pub(crate) place: Place,
    /// Which of the attribute's values are meant.
    pub(crate) selected: Option<Selected>,
    /// The value, as the attribute (or the part of it) has it. Where there is none, `Replace`
    /// takes what is there away.
    pub(crate) value: Option<serde_json::Value>,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Add,
    Replace,
    Remove,
}

/// Values of an attribute of which a filter holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Selected {
    pub(crate) filter: Filter,
    pub(crate) compiled: Compiled,
}

/// Why a patch changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("operation {at}: {trouble}")]
pub(crate) struct PatchFault {
    /// Which operation, counted from 1.
    pub(crate) at: usize,
    pub(crate) trouble: PatchTrouble,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatchTrouble {
    #[error("is not an object with an `op` of add, replace or remove")]
    Verb,
    #[error("is one of more than {PATCH_OPERATIONS_MAX} changes: send them in several patches")]
    Many,
    #[error(
        "goes through values of which there are too many for this many operations: send them in several patches"
    )]
    Large,
    #[error("`remove` needs a `path`")]
    NoPath,
    #[error("`path` is not a text")]
    PathType,
    #[error("the path is not understood: {0}")]
    Path(FilterFault),
    #[error("`{0}` is not an attribute that is kept")]
    Unknown(String),
    #[error("`{0}` is one value: which of its values is meant cannot be said in brackets")]
    Single(&'static str),
    #[error("{0}")]
    Misfit(FilterMisfit),
    #[error("`{0}` is given by the directory")]
    ReadOnly(&'static str),
    #[error("`{0}` does not change: remove the value and add another one")]
    Immutable(&'static str),
    #[error("`{0}` is required: it can be replaced, not removed")]
    Required(&'static str),
    #[error("`value` is missing")]
    NoValue,
    #[error("`value` is not an object of attributes, which it is where there is no path")]
    NotAttributes,
    #[error("{0}")]
    Value(ValueFault),
    #[error("no value of `{0}` is such as the path says")]
    NoTarget(&'static str),
}
