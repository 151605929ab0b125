//! Policies as they are shown: where each stands, what it does, its text.

use std::sync::Arc;

use cedar_policy::Effect;
use gw_model::PolicyId;

use crate::load::Mode;

/// A policy as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyText {
    /// Its id.
    pub id: PolicyId,
    /// The file that it stands in.
    pub file: Arc<str>,
    /// Whether it is part of Gatewright.
    pub built_in: bool,
    /// The line that it begins at, from 1.
    pub line: u32,
    pub(crate) effect: Effect,
    pub(crate) mode: Mode,
    /// What its author says it is for.
    pub description: Option<Arc<str>>,
    /// Its text.
    pub text: Arc<str>,
}

impl PolicyText {
    /// `permit` or `forbid`.
    pub const fn effect(&self) -> &'static str {
        match self.effect {
            Effect::Permit => "permit",
            Effect::Forbid => "forbid",
        }
    }

    /// `enforce` or `report`.
    pub const fn mode(&self) -> &'static str {
        match self.mode {
            Mode::Enforce => "enforce",
            Mode::Report => "report",
        }
    }
}
