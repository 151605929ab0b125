//! Filters: RFC 7644, section 3.4.2.2.
//!
//! A filter is read into a tree ([`Filter::read`]), which prints as it reads; the tree is compiled
//! for a kind of resource, where names and types are looked up once, and then asked of resources.

mod compiled;
mod evaluated;
mod index;
mod printed;
mod read;
mod token;

use crate::path::AttributePath;

pub(crate) use self::{
    compiled::{Compiled, FilterMisfit},
    evaluated::instant,
    index::{IndexTerm, indexed, is_value},
    read::ValuePath,
};

/// The longest filter, in bytes.
pub const FILTER_BYTES_MAX: usize = 16 << 10;
/// How deep parentheses and brackets may be in one another.
pub const FILTER_DEPTH_MAX: usize = 16;
/// How many comparisons a filter may have: they are made of every resource that is looked at.
pub const FILTER_TERMS_MAX: usize = 200;

/// What resources are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    /// All of them hold; two or more.
    And(Vec<Self>),
    /// One of them holds; two or more.
    Or(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// The attribute has a value.
    Present(AttributePath),
    /// The attribute has a value that compares so.
    Compare {
        /// The attribute.
        path: AttributePath,
        /// How it is compared.
        operator: Operator,
        /// What it is compared with.
        with: Literal,
    },
    /// One of the attribute's values is such that the filter, whose paths are of the value's
    /// parts, holds.
    Values {
        /// The attribute.
        path: AttributePath,
        /// What its values are asked.
        filter: Box<Self>,
    },
}

/// How values are compared: RFC 7644, table 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `eq`: the same.
    Equal,
    /// `ne`: not the same; also where there is no value.
    NotEqual,
    /// `co`: contains it.
    Contains,
    /// `sw`: starts with it.
    StartsWith,
    /// `ew`: ends with it.
    EndsWith,
    /// `gt`: greater, or later.
    Greater,
    /// `ge`: greater, or later, or the same.
    GreaterOrEqual,
    /// `lt`: less, or earlier.
    Less,
    /// `le`: less, or earlier, or the same.
    LessOrEqual,
}

impl Operator {
    /// All of them.
    pub(crate) const ALL: [Self; 9] = [
        Self::Equal,
        Self::NotEqual,
        Self::Contains,
        Self::StartsWith,
        Self::EndsWith,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Less,
        Self::LessOrEqual,
    ];

    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Contains => "co",
            Self::StartsWith => "sw",
            Self::EndsWith => "ew",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "ge",
            Self::Less => "lt",
            Self::LessOrEqual => "le",
        }
    }
}

/// What is compared with: RFC 7644, figure 1, `compValue`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Literal {
    /// `null`: no value.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number.
    Number(serde_json::Number),
    /// A text.
    Text(Box<str>),
}

/// Why a text is no filter, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the filter is not understood at character {at}: {trouble}")]
pub(crate) struct FilterFault {
    /// The character, counted from 1.
    pub(crate) at: usize,
    /// What is wrong there.
    pub(crate) trouble: FilterTrouble,
}

/// What is wrong with a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FilterTrouble {
    /// Something else was expected.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A comparison that there is not.
    #[error("expected one of eq, ne, co, sw, ew, pr, gt, ge, lt, le")]
    Operator,
    /// A text with an escape or a character that JSON does not have.
    #[error("a text that JSON does not have, or without its closing quote")]
    Text,
    /// A path that there cannot be.
    #[error("not the path of an attribute, as in `name.givenName`")]
    Path,
    /// Brackets within brackets.
    #[error("values of values cannot be asked for: brackets within brackets")]
    Nested,
    /// Longer than [`FILTER_BYTES_MAX`].
    #[error("longer than {FILTER_BYTES_MAX} bytes")]
    Long,
    /// Deeper than [`FILTER_DEPTH_MAX`].
    #[error("nested deeper than {FILTER_DEPTH_MAX}")]
    Deep,
    /// More than [`FILTER_TERMS_MAX`] comparisons.
    #[error("more than {FILTER_TERMS_MAX} comparisons")]
    Many,
}

impl Filter {
    /// Whether it asks for an attribute of this name, of whatever schema.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().any(|one| one.mentions(name)),
            Self::Not(filter) => filter.mentions(name),
            Self::Present(path) | Self::Compare { path, .. } | Self::Values { path, .. } => {
                path.name.eq_ignore_ascii_case(name)
            }
        }
    }
}
