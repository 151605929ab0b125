//! What changes of people and of groups share.

use serde_json::{Map, Value};

use crate::{
    answer::Answer,
    conditional::Conditions,
    directory::WriteFault,
    id::{ResourceId, ResourceKind},
    patch::Operation,
    refusal::Refusal,
    resource::{listed, present},
};

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// How often a change is tried anew on what others made of the resource meanwhile.
pub(super) const ATTEMPTS_MAX: usize = 5;

/// The operations of a patch's message.
pub(super) fn operations(
    kind: ResourceKind,
    id: &ResourceId,
    mut message: Map<String, Value>,
) -> Result<Vec<Operation>, Refusal> {
    if let Some(schemas) = present(&mut message, "schemas") {
        listed(&schemas, PATCH)?;
    }
    match present(&mut message, "Operations") {
        Some(Value::Array(given)) if !given.is_empty() => Ok(Operation::read_all(kind, id, given)?),
        _ => Err(Refusal::syntax("`Operations` is not a list of operations")),
    }
}

/// Refuses a change to what the client did not mean.
pub(super) fn check(conditions: &Conditions, version: u64) -> Result<(), Refusal> {
    match conditions.allow_change(version) {
        true => Ok(()),
        false => Err(Refusal::stale()),
    }
}

/// The version to expect in a change that does not depend on what is there.
pub(super) fn pinned(conditions: &Conditions, version: u64) -> Option<u64> {
    conditions.is_pinned().then_some(version)
}

/// What came of an attempt; none where it is worth another one.
pub(super) fn attempted<T>(
    result: Result<T, WriteFault>,
    conditions: &Conditions,
) -> Result<Option<T>, Refusal> {
    match result {
        Ok(stored) => Ok(Some(stored)),
        Err(WriteFault::Stale) if !conditions.is_pinned() => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// The answer to a removal.
pub(super) fn removed() -> Answer {
    Answer::empty(http::StatusCode::NO_CONTENT)
}
