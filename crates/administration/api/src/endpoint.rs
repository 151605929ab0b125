//! Every endpoint, with the action that it is and what it is done on: one table.
//!
//! An endpoint that is not in the table does not exist, and none is in it without its rule.

use gw_model::Action;
use http::Method;

/// What an endpoint is done on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    /// Gatewright itself.
    System,
    /// A person who is about to exist.
    NewUser,
    /// The person whose name or id is the path's first parameter.
    User,
    /// The session whose id is the path's first parameter.
    Session,
}

macro_rules! endpoints {
    ($($operation:ident: $method:ident $path:literal => $action:ident on $on:ident;)*) => {
        /// What can be done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Operation { $($operation),* }

        /// The table.
        pub(crate) const ENDPOINTS: &[Endpoint] = &[$(Endpoint {
            operation: Operation::$operation,
            method: Method::$method,
            path: $path,
            action: Action::$action,
            on: On::$on,
        }),*];
    };
}

/// One endpoint: a method and a path, and what it takes to be let in.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    /// Segments in braces are parameters.
    pub(crate) path: &'static str,
    pub(crate) action: Action,
    pub(crate) on: On,
}

endpoints! {
    UserList: GET "/v1/users" => AdminRead on System;
    UserAdd: POST "/v1/users" => AdminUserAdd on NewUser;
    UserDisable: POST "/v1/users/{user}/disable" => AdminUserChange on User;
    UserEnable: POST "/v1/users/{user}/enable" => AdminUserChange on User;
    UserGroupAdd: PUT "/v1/users/{user}/groups/{group}" => AdminUserChange on User;
    UserGroupRemove: DELETE "/v1/users/{user}/groups/{group}" => AdminUserChange on User;
    UserLink: POST "/v1/users/{user}/links" => AdminUserLink on User;
    UserSessionsEnd: DELETE "/v1/users/{user}/sessions" => AdminSessionEnd on User;
    GroupList: GET "/v1/groups" => AdminRead on System;
    GroupAdd: POST "/v1/groups" => AdminPolicyApply on System;
    AppList: GET "/v1/apps" => AdminRead on System;
    SessionList: GET "/v1/sessions" => AdminRead on System;
    SessionEnd: DELETE "/v1/sessions/{session}" => AdminSessionEnd on Session;
    KeyList: GET "/v1/keys" => AdminRead on System;
    KeyRotate: POST "/v1/keys/{purpose}/rotate" => AdminKeyRotate on System;
    PolicyHistory: GET "/v1/policies/history" => AdminExplain on System;
    PolicyCompare: POST "/v1/policies/compare" => AdminPolicyApply on System;
    PolicyApply: POST "/v1/policies" => AdminPolicyApply on System;
    PolicyRollbackCompare: POST "/v1/policies/rollback/compare" => AdminPolicyApply on System;
    PolicyRollback: POST "/v1/policies/rollback" => AdminPolicyApply on System;
    BackupBegin: POST "/v1/backups" => AdminPolicyApply on System;
    LogRead: GET "/v1/log" => AdminLogRead on System;
    ClockShow: GET "/v1/clock" => AdminRead on System;
    ClockConfirm: POST "/v1/clock/confirm" => AdminPolicyApply on System;
}

/// The endpoint of a method and path, with the path's parameters.
pub(crate) fn find<'p>(
    method: &Method,
    path: &'p str,
) -> Result<(&'static Endpoint, Vec<&'p str>), NotFound> {
    let mut known_path = false;
    for endpoint in ENDPOINTS {
        if let Some(parameters) = matched(endpoint.path, path) {
            if endpoint.method == *method {
                return Ok((endpoint, parameters));
            }
            known_path = true;
        }
    }
    Err(if known_path {
        NotFound::Method
    } else {
        NotFound::Path
    })
}

/// Why a method and path are no endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotFound {
    Path,
    Method,
}

fn matched<'p>(pattern: &str, path: &'p str) -> Option<Vec<&'p str>> {
    let mut parameters = Vec::new();
    let mut given = path.split('/');
    for expected in pattern.split('/') {
        let segment = given.next()?;
        if expected.starts_with('{') {
            if segment.is_empty() {
                return None;
            }
            parameters.push(segment);
        } else if expected != segment {
            return None;
        }
    }
    given.next().is_none().then_some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_an_action_of_administration_on_a_resource_that_its_path_names() {
        for endpoint in ENDPOINTS {
            assert!(
                endpoint.action.as_str().starts_with("admin."),
                "{endpoint:?}"
            );
            let parameter = match endpoint.on {
                On::User => "{user}",
                On::Session => "{session}",
                On::System | On::NewUser => continue,
            };
            let first = endpoint
                .path
                .split('/')
                .find(|segment| segment.starts_with('{'));
            assert_eq!(first, Some(parameter), "{endpoint:?}");
        }
    }

    #[test]
    fn only_reading_is_done_by_get() {
        let reads = [
            Action::AdminRead,
            Action::AdminExplain,
            Action::AdminLogRead,
        ];
        for endpoint in ENDPOINTS {
            let reading = reads.contains(&endpoint.action);
            assert_eq!(endpoint.method == Method::GET, reading, "{endpoint:?}");
        }
    }

    #[test]
    fn no_two_endpoints_answer_the_same_request() {
        for (index, one) in ENDPOINTS.iter().enumerate() {
            for other in &ENDPOINTS[index + 1..] {
                let example = one.path.replace(['{', '}'], "");
                let same = one.method == other.method && matched(other.path, &example).is_some();
                assert!(!same, "{} and {}", one.path, other.path);
            }
        }
    }

    #[test]
    fn a_path_gives_its_parameters_and_nothing_else_is_an_endpoint() {
        let (endpoint, parameters) = find(&Method::PUT, "/v1/users/ana/groups/staff").unwrap();
        assert_eq!(endpoint.operation, Operation::UserGroupAdd);
        assert_eq!(parameters, ["ana", "staff"]);
        assert_eq!(
            find(&Method::GET, "/v1/users//disable").unwrap_err(),
            NotFound::Path
        );
        assert_eq!(
            find(&Method::GET, "/v1/users/ana/disable").unwrap_err(),
            NotFound::Method
        );
        assert_eq!(
            find(&Method::GET, "/v1/users/").unwrap_err(),
            NotFound::Path
        );
    }
}
