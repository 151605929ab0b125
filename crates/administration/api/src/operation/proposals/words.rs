//! What a proposed change does, in words.

use serde_json::Value;

use crate::endpoint::Operation;

/// Longest name that is told whole.
const NAME_CHARS_MAX: usize = 80;

/// What an operation on these parameters with this body does.
pub(super) fn what(operation: Operation, parameters: &[String], body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let named = |place: usize| quoted(parameters.get(place).map_or("", String::as_str));
    let added = || quoted(body.get("name").and_then(Value::as_str).unwrap_or_default());
    match operation {
        Operation::UserAdd => format!("add the person {}", added()),
        Operation::UserChange => format!("change what is known of {}", named(0)),
        Operation::UserRemove => format!("remove the person {}", named(0)),
        Operation::UserDisable => format!("switch {} off", named(0)),
        Operation::UserEnable => format!("switch {} on", named(0)),
        Operation::UserGroupAdd => match body.get("until").is_none_or(Value::is_null) {
            true => format!("put {} into the group {}", named(0), named(1)),
            false => format!("put {} into the group {} for a while", named(0), named(1)),
        },
        Operation::UserGroupRemove => format!("take {} out of the group {}", named(0), named(1)),
        Operation::UserFactorRemove => format!("remove the factor {} of {}", named(1), named(0)),
        Operation::UserIdentitySet => {
            let subject = body.get("subject").and_then(Value::as_str);
            let subject = quoted(subject.unwrap_or_default());
            let (person, provider) = (named(0), named(1));
            format!("let whoever is {subject} at the provider {provider} sign in as {person}")
        }
        Operation::UserIdentityRemove => {
            format!("take away who {} is at the provider {}", named(0), named(1))
        }
        Operation::ProviderSuspend => format!("switch the provider {} off", named(0)),
        Operation::ProviderResume => format!("switch the provider {} on again", named(0)),
        Operation::ProviderForget => format!("forget the provider {}", named(0)),
        Operation::ClientRemove => format!("remove the client {}", named(0)),
        Operation::ClientSuspend => format!("switch the client {} off", named(0)),
        Operation::ClientResume => format!("switch the client {} on again", named(0)),
        Operation::ClientRevokeTokens => {
            format!("take back every token of the client {}", named(0))
        }
        Operation::GroupAdd => format!("add the group {}", added()),
        Operation::GroupPut => format!("change the group {}", named(0)),
        Operation::GroupRemove => format!("remove the group {}", named(0)),
        Operation::AppAdd => format!("add the app {}", added()),
        Operation::AppPut => format!("change the app {}", named(0)),
        Operation::AppRemove => format!("remove the app {}", named(0)),
        Operation::PolicyApply => "replace the policies".to_owned(),
        Operation::PolicyRollback => "go back to earlier policies".to_owned(),
        Operation::DeclaredApply => "make everything what files declare".to_owned(),
        other => format!("{other:?}"),
    }
}

fn quoted(name: &str) -> String {
    let name: String = name.chars().take(NAME_CHARS_MAX).collect();
    format!("`{name}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::ENDPOINTS;

    #[test]
    fn every_change_that_can_be_proposed_has_words_of_its_own() {
        let parameters = ["ana".to_owned(), "staff".to_owned()];
        for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.is_proposable()) {
            let words = what(endpoint.operation, &parameters, "{}");
            assert_ne!(words, format!("{:?}", endpoint.operation));
        }
        let body = r#"{"until":7}"#;
        let words = what(Operation::UserGroupAdd, &parameters, body);
        assert_eq!(words, "put `ana` into the group `staff` for a while");
        let words = what(Operation::GroupAdd, &[], r#"{"name":"ops"}"#);
        assert_eq!(words, "add the group `ops`");
    }
}
