//! Every endpoint, with the action that it is and what it is done on: one table.
//!
//! An endpoint that is not in the table does not exist, and none is in it without its rule. The
//! OpenAPI document is made from the same table.

use gw_model::Action;
use http::Method;
use schemars::{Schema, SchemaGenerator};

use crate::{query::*, types::*};

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
    /// What the decision opened that is the path's first parameter: judged as ending a session
    /// of its person, once it is known whose it is.
    Lease,
    /// What the proposal is about whose id is the path's first parameter: asked as the action that
    /// is proposed, but for taking back what one has proposed oneself.
    Proposal,
}

/// Longest body of most endpoints.
const SMALL_BYTES: usize = 64 * 1024;
/// Longest body that describes an app, with a thousand routes.
const APP_BYTES: usize = 1024 * 1024;
/// Longest body that holds files: as much as they may hold, and what JSON makes of their line ends
/// and quotes.
const FILES_BYTES: usize = 8 * 1024 * 1024;

/// The longest body that is read for a request, whatever becomes of it.
pub fn longest_body(method: &Method, path: &str) -> usize {
    find(method, path).map_or(SMALL_BYTES, |(endpoint, _)| endpoint.body_bytes)
}

/// Says what the JSON of a type looks like.
pub(crate) type Shape = fn(&mut SchemaGenerator) -> Schema;

macro_rules! endpoints {
    ($(
        $operation:ident: $method:ident $path:literal => $action:ident on $on:ident,
        $summary:literal $(, asks [$($parameter:ident),*])? $(, takes $body:ty)? $(, up_to $most:ident)?, gives $status:literal $answer:ty;
    )*) => {
        /// What can be done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Operation { $($operation),* }

        /// The table.
        pub(crate) const ENDPOINTS: &[Endpoint] = &[$(Endpoint {
            operation: Operation::$operation,
            name: stringify!($operation),
            method: Method::$method,
            path: $path,
            action: Action::$action,
            on: On::$on,
            summary: $summary,
            query: &[$($($parameter),*)?],
            takes: endpoints!(@takes $($body)?),
            body_bytes: endpoints!(@up_to $($most)?),
            gives: |generator| generator.subschema_for::<$answer>(),
            status: $status,
        }),*];
    };
    (@takes $body:ty) => { Some(|generator| generator.subschema_for::<$body>()) };
    (@takes) => { None };
    (@up_to $most:ident) => { $most };
    (@up_to) => { SMALL_BYTES };
}

/// One endpoint: a method and a path, and what it takes to be let in.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) operation: Operation,
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    /// Segments in braces are parameters.
    pub(crate) path: &'static str,
    pub(crate) action: Action,
    pub(crate) on: On,
    pub(crate) summary: &'static str,
    pub(crate) query: &'static [Parameter],
    /// What its body says.
    pub(crate) takes: Option<Shape>,
    /// How long its body may be.
    pub(crate) body_bytes: usize,
    /// What its answer says, and with which status.
    pub(crate) gives: Shape,
    pub(crate) status: u16,
}

impl Endpoint {
    /// Whether it can be proposed, for somebody else to make. What is answered once with a secret,
    /// and what is for emergencies, cannot.
    pub(crate) fn is_proposable(&self) -> bool {
        self.query.contains(&PROPOSE)
    }

    /// Whether it changes anything, rather than only being asked.
    pub(crate) fn changes(&self) -> bool {
        let reads = [
            Action::AdminRead,
            Action::AdminExplain,
            Action::AdminLogRead,
        ];
        !reads.contains(&self.action)
    }
}

endpoints! {
    Me: GET "/v1/me" => AdminRead on System,
        "Who asks, and what policy would let them do.", gives 200 Me;
    Overview: GET "/v1/overview" => AdminRead on System,
        "What is open, what is decided, what was refused and why, and what needs attention.", gives 200 OverviewView;
    UserList: GET "/v1/users" => AdminRead on System,
        "People, by name.", asks [SEARCH, GROUP, PROVIDER, STATE, LIMIT, AFTER], gives 200 Listing<UserView>;
    UserAdd: POST "/v1/users" => AdminUserAdd on NewUser,
        "Adds a person.", asks [PROPOSE], takes AddUser, gives 201 UserView;
    UserShow: GET "/v1/users/{user}" => AdminRead on System,
        "A person.", gives 200 UserDocument;
    UserChange: PATCH "/v1/users/{user}" => AdminUserChange on User,
        "Changes a person.", asks [PROPOSE], takes ChangeUser, gives 200 UserDocument;
    UserRemove: DELETE "/v1/users/{user}" => AdminUserChange on User,
        "Removes a person: their sessions end, and their id is never used again.", asks [PROPOSE], gives 200 Done;
    UserDisable: POST "/v1/users/{user}/disable" => AdminUserChange on User,
        "Refuses a person everywhere, from now on; their sessions end.", asks [PROPOSE], gives 200 Done;
    UserEnable: POST "/v1/users/{user}/enable" => AdminUserChange on User,
        "Lets a person in again.", asks [PROPOSE], gives 200 Done;
    UserGroupAdd: PUT "/v1/users/{user}/groups/{group}" => AdminUserChange on User,
        "Puts a person into a group, for good or for a while.", asks [PROPOSE], takes Join, gives 200 Done;
    UserGroupRemove: DELETE "/v1/users/{user}/groups/{group}" => AdminUserChange on User,
        "Takes a person out of a group.", asks [PROPOSE], gives 200 Done;
    UserFactorRemove: DELETE "/v1/users/{user}/factors/{factor}" => AdminUserChange on User,
        "Removes a factor; the sessions that rest on it end.", asks [PROPOSE], gives 200 Done;
    UserLink: POST "/v1/users/{user}/links" => AdminUserLink on User,
        "Makes a link to sign in, to enrol or to recover. Its address is a secret of the person.", takes MakeLink, gives 201 LinkView;
    UserIdentitySet: PUT "/v1/users/{user}/identities/{provider}" => AdminUserLink on User,
        "Says who a person is at a provider of identities: whoever is that there signs in as them.", asks [PROPOSE], takes SetIdentity, gives 200 Done;
    UserIdentityRemove: DELETE "/v1/users/{user}/identities/{provider}" => AdminUserLink on User,
        "Takes away that a person is known at a provider; the sessions that rest on it end.", asks [PROPOSE], gives 200 Done;
    UserSessionsEnd: DELETE "/v1/users/{user}/sessions" => AdminSessionEnd on User,
        "Ends all sessions of a person.", gives 200 SessionsEnded;
    UserAccess: GET "/v1/users/{user}/access" => AdminExplain on System,
        "What a person can reach, and on which conditions.", gives 200 Listing<UserAccessView>;
    GroupList: GET "/v1/groups" => AdminRead on System,
        "Groups, by name.", asks [SEARCH, LIMIT, AFTER], gives 200 Listing<GroupView>;
    GroupAdd: POST "/v1/groups" => AdminPolicyApply on System,
        "Adds a group.", asks [PROPOSE], takes AddGroup, gives 201 GroupView;
    GroupShow: GET "/v1/groups/{group}" => AdminRead on System,
        "A group.", gives 200 GroupView;
    GroupPut: PUT "/v1/groups/{group}" => AdminPolicyApply on System,
        "Changes a group.", asks [PROPOSE], takes PutGroup, gives 200 GroupView;
    GroupRemove: DELETE "/v1/groups/{group}" => AdminPolicyApply on System,
        "Removes a group; nobody is in it any more.", asks [PROPOSE], gives 200 Done;
    AppList: GET "/v1/apps" => AdminRead on System,
        "Apps, by name.", asks [SEARCH, LIMIT, AFTER], gives 200 Apps;
    AppAdd: POST "/v1/apps" => AdminAppChange on System,
        "Adds an app.", asks [PROPOSE], takes AppDocument, up_to APP_BYTES, gives 201 AppShown;
    AppShow: GET "/v1/apps/{app}" => AdminRead on System,
        "An app.", gives 200 AppShown;
    AppPut: PUT "/v1/apps/{app}" => AdminAppChange on System,
        "Changes an app, whole.", asks [PROPOSE], takes AppDocument, up_to APP_BYTES, gives 200 AppShown;
    AppRemove: DELETE "/v1/apps/{app}" => AdminAppChange on System,
        "Removes an app; what is open at it is cut.", asks [PROPOSE], gives 200 Done;
    ProviderList: GET "/v1/providers" => AdminRead on System,
        "Providers of identities, by name.", asks [SEARCH, LIMIT, AFTER], gives 200 Listing<ProviderView>;
    ProviderShow: GET "/v1/providers/{provider}" => AdminRead on System,
        "A provider of identities.", gives 200 ProviderView;
    ProviderSuspend: POST "/v1/providers/{provider}/suspend" => AdminProviderSuspend on System,
        "Switches a provider off: nobody signs in by it from now on, and the sessions that rest on its word end.", asks [PROPOSE], gives 200 ProviderView;
    ProviderResume: POST "/v1/providers/{provider}/resume" => AdminProviderChange on System,
        "Switches a provider on again, as far as it is declared.", asks [PROPOSE], gives 200 ProviderView;
    ProviderForget: DELETE "/v1/providers/{provider}" => AdminProviderChange on System,
        "Forgets a provider that the configuration file does not name any more, with who its people are here.", asks [PROPOSE], gives 200 ProviderForgotten;
    DirectoryList: GET "/v1/directories" => AdminRead on System,
        "Directories that people and groups are read of, by name, and how following each stands.", asks [SEARCH, LIMIT, AFTER], gives 200 Listing<DirectoryView>;
    DirectoryShow: GET "/v1/directories/{directory}" => AdminRead on System,
        "A directory, with what could not be as it says.", gives 200 DirectoryView;
    DirectoryReadNow: POST "/v1/directories/{directory}/read" => AdminProviderSuspend on System,
        "Reads a directory at once.", gives 200 DirectoryView;
    DirectoryAllow: POST "/v1/directories/{directory}/allow" => AdminProviderSuspend on System,
        "Lets the next reading of a directory do what waits for that, once, to those whom it is about; it is read at once. Says what was seen, by its digest: where it is about anybody else by now, nothing is allowed.", takes DirectoryLoss, gives 200 DirectoryView;
    ClientList: GET "/v1/clients" => AdminRead on System,
        "Clients of the authorisation server, by name.", asks [SEARCH, LIMIT, AFTER], gives 200 Listing<ClientView>;
    ClientInvite: POST "/v1/clients" => AdminClientChange on System,
        "Lets somebody register clients by themselves, within bounds (RFC 7591). The token is a secret, and is shown once.", takes InviteClient, gives 201 InvitationView;
    InvitationList: GET "/v1/invitations" => AdminRead on System,
        "Invitations by which clients may still be registered, by their ids. Their tokens are not shown.", asks [LIMIT, AFTER], gives 200 Listing<OpenInvitation>;
    InvitationTakeBack: DELETE "/v1/invitations/{invitation}" => AdminClientSuspend on System,
        "Takes an invitation back: nobody registers by it any more. Clients that did stay.", gives 200 Done;
    ClientShow: GET "/v1/clients/{client}" => AdminRead on System,
        "A client of the authorisation server. Its secrets are not shown, nor their hashes.", gives 200 ClientView;
    ClientRemove: DELETE "/v1/clients/{client}" => AdminClientChange on System,
        "Removes a client that registered itself, with every token that it has.", asks [PROPOSE], gives 200 Done;
    ClientSuspend: POST "/v1/clients/{client}/suspend" => AdminClientSuspend on System,
        "Switches a client off: it is given no tokens from now on, and none that it has counts.", asks [PROPOSE], gives 200 ClientView;
    ClientResume: POST "/v1/clients/{client}/resume" => AdminClientChange on System,
        "Switches a client on again, as far as it is declared; tokens that it still has count again.", asks [PROPOSE], gives 200 ClientView;
    ClientRevokeTokens: DELETE "/v1/clients/{client}/tokens" => AdminClientSuspend on System,
        "Takes back every token that a client has: what rests on one ends, and people sign in to it anew.", asks [PROPOSE], gives 200 ClientView;
    AppAccess: GET "/v1/apps/{app}/access" => AdminExplain on System,
        "Who can reach an app, and on which conditions.", gives 200 Listing<AppAccessView>;
    AccessMap: GET "/v1/map" => AdminExplain on System,
        "Groups, apps, and who reaches what on which conditions.", asks [SEARCH], gives 200 AccessMap;
    LeaseList: GET "/v1/leases" => AdminRead on System,
        "What is open now.", asks [USER, APP, LIMIT], gives 200 Leases;
    LeaseEnd: DELETE "/v1/leases/{decision}" => AdminSessionEnd on Lease,
        "Cuts what a decision opened.", gives 200 SessionsEnded;
    RecordList: GET "/v1/decisions" => AdminLogRead on System,
        "Recent records, oldest first; with `wait` as soon as there are new ones.", asks [AFTER_SEQ, WAIT, OUTCOME, USER, APP, LIMIT], gives 200 Records;
    DecisionShow: GET "/v1/decisions/{decision}" => AdminLogRead on System,
        "One decision, with all that belongs to it.", gives 200 DecisionDocument;
    SessionList: GET "/v1/sessions" => AdminRead on System,
        "Open sessions.", asks [USER, LIMIT, AFTER], gives 200 Listing<SessionView>;
    SessionEnd: DELETE "/v1/sessions/{session}" => AdminSessionEnd on Session,
        "Ends a session.", gives 200 SessionsEnded;
    KeyList: GET "/v1/keys" => AdminRead on System,
        "Public keys.", gives 200 Listing<KeyView>;
    KeyRotate: POST "/v1/keys/{purpose}/rotate" => AdminKeyRotate on System,
        "Rotates the key of a purpose.", asks [BEGINS], gives 200 Rotated;
    PolicyShow: GET "/v1/policies" => AdminExplain on System,
        "The policies in force.", gives 200 PoliciesView;
    PolicyCheck: POST "/v1/policies/check" => AdminExplain on System,
        "Looks at policies without applying them.", takes PolicyFiles, up_to FILES_BYTES, gives 200 CheckedPolicies;
    PolicyTest: POST "/v1/policies/test" => AdminExplain on System,
        "Tries cases on policies.", takes TryCases, up_to FILES_BYTES, gives 200 CasesTried;
    PolicyHistory: GET "/v1/policies/history" => AdminExplain on System,
        "Every set of policies that was applied, newest first.", gives 200 Listing<RevisionView>;
    PolicyRevision: GET "/v1/policies/history/{epoch}" => AdminExplain on System,
        "The set of policies that was applied at an epoch.", gives 200 RevisionDocument;
    PolicyCompare: POST "/v1/policies/compare" => AdminExplain on System,
        "What applying policies would change: who gains, who loses, what would be cut.", takes ApplyPolicies, up_to FILES_BYTES, gives 200 Comparison;
    PolicyApply: POST "/v1/policies" => AdminPolicyApply on System,
        "Replaces the policies, whole.", asks [PROPOSE], takes ApplyPolicies, up_to FILES_BYTES, gives 200 Done;
    PolicyRollbackCompare: POST "/v1/policies/rollback/compare" => AdminExplain on System,
        "What going back to an earlier set of policies would change.", takes Rollback, gives 200 Comparison;
    PolicyRollback: POST "/v1/policies/rollback" => AdminPolicyApply on System,
        "Goes back to an earlier set of policies.", asks [PROPOSE], takes Rollback, gives 200 Done;
    ProposalList: GET "/v1/proposals" => AdminRead on System,
        "Changes that somebody proposes and somebody else makes, newest first.", asks [PROPOSAL_STATE, LIMIT, AFTER], gives 200 Listing<ProposalView>;
    ProposalShow: GET "/v1/proposals/{proposal}" => AdminRead on System,
        "A proposed change. What it says is shown to who proposed it, who may approve it, and who may `admin.explain`.", gives 200 ProposalDocument;
    ProposalApprove: POST "/v1/proposals/{proposal}/approve" => AdminPolicyApply on Proposal,
        "Makes what somebody else proposed. Asked as the action that it is, with `context.proposal`.", gives 200 ProposalView;
    ProposalDecline: POST "/v1/proposals/{proposal}/decline" => AdminPolicyApply on Proposal,
        "Declines what somebody else proposed. Asked as its approval.", takes DeclineProposal, gives 200 ProposalView;
    ProposalWithdraw: DELETE "/v1/proposals/{proposal}" => AdminChangePropose on Proposal,
        "Takes back what one has proposed.", gives 200 ProposalView;
    Explain: POST "/v1/explain" => AdminExplain on System,
        "What would happen, and why; under these policies or others.", takes Explain, up_to FILES_BYTES, gives 200 Explained;
    BreakGlassList: GET "/v1/break-glass" => AdminRead on System,
        "Sealed ways in for an emergency, and uses of them that nobody has acknowledged.", gives 200 Listing<BreakGlassView>;
    BreakGlassSeal: POST "/v1/break-glass" => AdminPolicyApply on System,
        "Seals a way in for an emergency. Its code makes whoever types it an owner for half an hour, once.", takes SealBreakGlass, gives 201 SealedBreakGlass;
    BreakGlassRevoke: DELETE "/v1/break-glass/{entry}" => AdminPolicyApply on System,
        "Calls a sealed way in back: its code is worth nothing from then on.", gives 200 Done;
    BreakGlassAcknowledge: POST "/v1/break-glass/{entry}/acknowledge" => AdminPolicyApply on System,
        "Acknowledges the use of a sealed way in: whoever came in by it is gone.", gives 200 Done;
    BackupBegin: POST "/v1/backups" => AdminPolicyApply on System,
        "Begins a backup, for who may read the data folder: where its copies lie.", gives 200 LogAccess;
    LogRead: GET "/v1/log" => AdminLogRead on System,
        "Where the ledger lies, and what proves it whole.", gives 200 LogAccess;
    SettingsShow: GET "/v1/settings" => AdminRead on System,
        "Networks and time zone.", gives 200 SettingsView;
    ClockShow: GET "/v1/clock" => AdminRead on System,
        "The time as decisions see it.", gives 200 ClockView;
    ClockConfirm: POST "/v1/clock/confirm" => AdminPolicyApply on System,
        "The system's clock is right from now on.", gives 200 ClockConfirmed;
    DeclaredPlan: POST "/v1/declared/plan" => AdminExplain on System,
        "What applying files would change, and what that does to people.", takes DeclaredFiles, up_to FILES_BYTES, gives 200 Plan;
    DeclaredApply: POST "/v1/declared/apply" => AdminPolicyApply on System,
        "Makes people, groups, apps and policies what files say: all of it, or nothing.", asks [PROPOSE], takes ApplyDeclared, up_to FILES_BYTES, gives 200 DeclaredApplied;
    DeclaredDrift: GET "/v1/declared/drift" => AdminExplain on System,
        "What differs from the declared state as it was last applied.", gives 200 Drift;
    DeclaredExport: GET "/v1/declared/export" => AdminExplain on System,
        "What there is, as files that declare it.", gives 200 ExportedFiles;
    OpenApi: GET "/v1/openapi.json" => AdminRead on System,
        "This document.", gives 200 AnyObject;
}

/// A document whose form another standard says.
#[derive(schemars::JsonSchema)]
#[schemars(rename = "Document")]
pub(crate) struct AnyObject {}

/// The endpoint of a method and path, with the path's parameters.
pub(crate) fn find<'p>(
    method: &Method,
    path: &'p str,
) -> Result<(&'static Endpoint, Vec<&'p str>), NotFound> {
    let mut allowed = Vec::new();
    for endpoint in ENDPOINTS {
        if let Some(parameters) = matched(endpoint.path, path) {
            if endpoint.method == *method {
                return Ok((endpoint, parameters));
            }
            allowed.push(&endpoint.method);
        }
    }
    Err(if allowed.is_empty() {
        NotFound::Path
    } else {
        NotFound::Method(allowed)
    })
}

/// Why a method and path are no endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotFound {
    Path,
    /// The methods that the path has.
    Method(Vec<&'static Method>),
}

/// A literal segment goes before a parameter: `/v1/policies/history` is no policy's name.
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
                On::Proposal => "{proposal}",
                On::System | On::NewUser | On::Lease => continue,
            };
            let first = endpoint
                .path
                .split('/')
                .find(|segment| segment.starts_with('{'));
            assert_eq!(first, Some(parameter), "{endpoint:?}");
        }
    }

    #[test]
    fn reading_is_done_by_get_or_changes_nothing() {
        let reads = [
            Action::AdminRead,
            Action::AdminExplain,
            Action::AdminLogRead,
        ];
        let asks = [
            "DeclaredPlan",
            "PolicyCheck",
            "PolicyTest",
            "PolicyCompare",
            "PolicyRollbackCompare",
            "Explain",
        ];
        for endpoint in ENDPOINTS {
            let reading = reads.contains(&endpoint.action);
            let asking = asks.contains(&endpoint.name);
            assert_eq!(
                endpoint.method == Method::GET || asking,
                reading,
                "{endpoint:?}"
            );
        }
    }

    #[test]
    fn only_what_takes_files_or_describes_an_app_has_a_long_body() {
        let long = |path: &str| longest_body(&Method::POST, path);
        assert_eq!(long("/v1/policies/check"), FILES_BYTES);
        assert_eq!(long("/v1/declared/apply"), FILES_BYTES);
        assert_eq!(long("/v1/apps"), APP_BYTES);
        assert_eq!(long("/v1/users/ana/disable"), SMALL_BYTES);
        assert_eq!(long("/v1/nothing"), SMALL_BYTES);
        assert_eq!(
            longest_body(&Method::GET, "/v1/policies/check"),
            SMALL_BYTES
        );
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
            NotFound::Method(vec![&Method::POST])
        );
        assert_eq!(
            find(&Method::GET, "/v1/users/").unwrap_err(),
            NotFound::Path
        );
    }
}
