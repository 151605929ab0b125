//! Changes by hand of what the declared state holds: the next `gatewright apply` undoes them, and
//! whoever makes one is told.

use gw_model::Resource;
use http::{HeaderName, HeaderValue};

use crate::{
    endpoint::Operation,
    operation::{Call, proposed_by},
};

/// The header that tells.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("gatewright-warning");

/// What is told of an operation, where there is something to tell.
pub(crate) fn warning(operation: Operation, call: &Call<'_>) -> Option<HeaderValue> {
    let (kind, name) = match operation {
        Operation::ProposalApprove => {
            let (operation, resource, parameters) = proposed_by(call)?;
            declared(operation, call, &resource, &parameters)?
        }
        _ => declared(operation, call, &call.resource, &call.parameters)?,
    };
    let thing = match kind {
        "policies" => "policies".to_owned(),
        kind => format!("the {kind} `{name}`"),
    };
    let told = format!("the declared state holds {thing}: the next `gatewright apply` undoes this");
    HeaderValue::try_from(told).ok()
}

/// The thing that an operation changes, where the declared state holds it.
fn declared(
    operation: Operation,
    call: &Call<'_>,
    resource: &Resource,
    parameters: &[String],
) -> Option<(&'static str, String)> {
    let named = || parameters.first().cloned().unwrap_or_default();
    let declared = &call.declared;
    match operation {
        Operation::UserChange
        | Operation::UserRemove
        | Operation::UserDisable
        | Operation::UserEnable
        | Operation::UserGroupAdd
        | Operation::UserGroupRemove => {
            let Resource::User(id) = *resource else {
                return None;
            };
            let view = call.parts.engine.view();
            let user = view.facts.user(id)?;
            (declared.has_user(user)).then(|| ("person", user.name.to_string()))
        }
        Operation::GroupPut | Operation::GroupRemove => {
            let group = named().parse().ok()?;
            declared.has_group(&group).then(|| ("group", named()))
        }
        Operation::AppPut | Operation::AppRemove => {
            let app = named().parse().ok()?;
            declared.has_app(&app).then(|| ("app", named()))
        }
        Operation::PolicyApply | Operation::PolicyRollback => {
            let has_policies = declared.has_policies();
            has_policies.then(|| ("policies", String::new()))
        }
        _ => None,
    }
}
