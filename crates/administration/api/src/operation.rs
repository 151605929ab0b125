//! What each endpoint does, once policy has let it happen.

mod access;
mod apps;
mod backups;
mod break_glass;
mod clients;
mod clock;
mod declared;
mod directories;
mod groups;
mod keys;
mod leases;
mod log;
mod overview;
mod policies;
mod proposals;
mod providers;
mod records;
mod sessions;
mod system;
mod users;

pub(crate) use apps::refuse_host;
pub(crate) use policies::step;
pub(crate) use proposals::{find as proposal_named, of as proposal_of, propose, proposed_by};
pub(crate) use users::{attributes, check_name, check_text};

use std::sync::Arc;

use bytes::Bytes;
use gw_engine::{Commit, Engine};
use gw_model::{Actor, Change, DecisionId, Resource, Snapshot, User, UserId};
use gw_store::Refused;
use http::{HeaderValue, Response, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    caller::Caller,
    conditional::{Precondition, entity_tag},
    declared::{DeclaredNames, Names},
    endpoint::Operation,
    heavy::{Heavy, Patience},
    query::Query,
    reading,
    recent::Recent,
    service::Parts,
    types::Problem,
};

/// An operation that policy let happen.
pub(crate) struct Call<'a> {
    pub(crate) parts: &'a Parts,
    /// Facts and decisions; on trial where a change is only tried.
    pub(crate) engine: Engine,
    /// The window of recent records.
    pub(crate) recent: &'a Recent,
    /// The line before what takes long.
    pub(crate) heavy: &'a Heavy,
    /// The line before what is only tried.
    pub(crate) trials: &'a Heavy,
    /// What the declared state holds.
    pub(crate) declared: Arc<Names>,
    /// Where that is kept.
    pub(crate) declared_names: &'a DeclaredNames,
    pub(crate) caller: &'a Caller,
    /// The decision that let it happen.
    pub(crate) decision: DecisionId,
    /// What it is done on.
    pub(crate) resource: Resource,
    pub(crate) parameters: Vec<String>,
    pub(crate) query: Query,
    /// The version that it is done to.
    pub(crate) precondition: Precondition,
    pub(crate) body: Bytes,
    /// The proposal that it settles.
    pub(crate) settles: Option<Change>,
}

impl Call<'_> {
    fn actor(&self) -> Actor {
        self.caller.actor()
    }

    const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A change in the name of who asks, let happen by the decision. Where they approve it, the
    /// proposal is settled with it.
    fn commit(&self, what: impl Into<Arc<str>>) -> Commit {
        let commit = self.own_commit(what);
        match &self.settles {
            Some(settled) => commit.change(settled.clone()),
            None => commit,
        }
    }

    /// A change in the name of who asks, of what they have proposed or settle.
    fn own_commit(&self, what: impl Into<Arc<str>>) -> Commit {
        let commit = Commit::new(self.actor(), what).allowed_by(self.decision);
        match self.caller.session() {
            Some(session) => commit.within(session),
            None => commit,
        }
    }

    fn user(&self) -> Result<UserId, Problem> {
        match self.resource {
            Resource::User(user) => Ok(user),
            _ => Err(Problem::failed("the operation is done on a user")),
        }
    }

    /// A parameter of the path, by its place.
    pub(crate) fn parameter(&self, place: usize) -> &str {
        self.parameters
            .get(place)
            .map(String::as_str)
            .unwrap_or_default()
    }

    /// What takes more than a moment is computed where nobody else waits for an answer, in turn.
    async fn computed<T: Send + 'static>(
        &self,
        compute: impl FnOnce(&Patience) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        self.heavy.run(self.caller.principal(), compute).await
    }

    fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        reading::body(&self.body)
    }
}

/// A person by name or id.
pub(crate) fn user_named<'f>(facts: &'f Snapshot, named: &str) -> Result<&'f Arc<User>, Problem> {
    let by_id = named.parse().ok().and_then(|id| facts.user(id));
    by_id
        .or_else(|| facts.user_named(named))
        .ok_or_else(|| Problem::unknown("user", named))
}

/// Whether what is changed is what was read.
fn expect(precondition: Precondition, version: u64) -> Result<(), Refused> {
    match precondition.holds(version) {
        true => Ok(()),
        false => Err(Refused::Stale),
    }
}

/// An answer.
pub(crate) struct Reply {
    body: Vec<u8>,
    version: Option<u64>,
    /// Where it is not the endpoint's own.
    status: Option<u16>,
}

impl Reply {
    fn json(value: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(value)
            .map_err(|fault| Problem::failed(format!("the answer cannot be written: {fault}")))?;
        Ok(Self {
            body,
            version: None,
            status: None,
        })
    }

    /// With the version that changes can be made conditional on.
    const fn at(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }

    /// Nothing was done yet.
    const fn accepted(mut self) -> Self {
        self.status = Some(StatusCode::ACCEPTED.as_u16());
        self
    }

    pub(crate) fn response(self, status: u16) -> Result<Response<Bytes>, Problem> {
        let status = StatusCode::from_u16(self.status.unwrap_or(status))
            .map_err(|_| Problem::failed("the endpoint has no status"))?;
        let mut response = json_response(status, self.body.into());
        if let Some(tag) = self.version.and_then(entity_tag) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        Ok(response)
    }
}

pub(crate) fn json_response(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

pub(crate) async fn run(operation: Operation, call: Call<'_>) -> Result<Reply, Problem> {
    match operation {
        Operation::Me => system::me(&call),
        Operation::UserList => users::list(&call),
        Operation::UserAdd => users::add(&call).await,
        Operation::UserShow => users::show(&call),
        Operation::UserChange => users::patch(&call).await,
        Operation::UserRemove => users::remove(&call).await,
        Operation::UserDisable => users::switch(&call, true).await,
        Operation::UserEnable => users::switch(&call, false).await,
        Operation::UserGroupAdd => users::join(&call).await,
        Operation::UserGroupRemove => users::leave(&call).await,
        Operation::UserFactorRemove => users::remove_factor(&call).await,
        Operation::UserLink => users::link(&call).await,
        Operation::UserIdentitySet => users::set_identity(&call).await,
        Operation::UserIdentityRemove => users::remove_identity(&call).await,
        Operation::UserSessionsEnd => sessions::end_all(&call).await,
        Operation::GroupList => groups::list(&call),
        Operation::GroupAdd => groups::add(&call).await,
        Operation::GroupShow => groups::show(&call),
        Operation::GroupPut => groups::put(&call).await,
        Operation::GroupRemove => groups::remove(&call).await,
        Operation::AppList => apps::list(&call),
        Operation::AppAdd => apps::add(&call).await,
        Operation::AppShow => apps::show(&call),
        Operation::AppPut => apps::put(&call).await,
        Operation::AppRemove => apps::remove(&call).await,
        Operation::ProviderList => providers::list(&call),
        Operation::ProviderShow => providers::show(&call),
        Operation::ProviderSuspend => providers::switch(&call, true).await,
        Operation::ProviderResume => providers::switch(&call, false).await,
        Operation::ProviderForget => providers::forget(&call).await,
        Operation::DirectoryList => directories::list(&call),
        Operation::DirectoryShow => directories::show(&call),
        Operation::DirectoryReadNow => directories::read_now(&call),
        Operation::DirectoryAllow => directories::allow(&call),
        Operation::ClientList => clients::list(&call),
        Operation::ClientInvite => clients::invite(&call).await,
        Operation::InvitationList => clients::invitations(&call).await,
        Operation::InvitationTakeBack => clients::take_back_invitation(&call).await,
        Operation::ClientRemove => clients::remove(&call).await,
        Operation::ClientShow => clients::show(&call),
        Operation::ClientSuspend => clients::switch(&call, true).await,
        Operation::ClientResume => clients::switch(&call, false).await,
        Operation::ClientRevokeTokens => clients::revoke_tokens(&call).await,
        Operation::SessionList => sessions::list(&call).await,
        Operation::SessionEnd => sessions::end(&call).await,
        Operation::UserAccess => access::of_user(&call).await,
        Operation::AppAccess => access::of_app(&call).await,
        Operation::AccessMap => access::map(&call).await,
        Operation::LeaseList => leases::list(&call).await,
        Operation::LeaseEnd => leases::end(&call).await,
        Operation::RecordList => records::list(&call).await,
        Operation::DecisionShow => records::show(&call).await,
        Operation::Overview => overview::show(&call).await,
        Operation::KeyList => keys::list(&call),
        Operation::KeyRotate => keys::rotate(&call).await,
        Operation::PolicyShow => policies::show(&call),
        Operation::PolicyCheck => policies::check(&call).await,
        Operation::PolicyTest => policies::test(&call).await,
        Operation::PolicyHistory => policies::history(&call).await,
        Operation::PolicyRevision => policies::revision(&call).await,
        Operation::PolicyCompare => policies::compare(&call).await,
        Operation::PolicyApply => policies::apply(&call).await,
        Operation::PolicyRollbackCompare => policies::compare_rollback(&call).await,
        Operation::PolicyRollback => policies::rollback(&call).await,
        Operation::ProposalList => proposals::list(&call),
        Operation::ProposalShow => proposals::show(&call).await,
        Operation::ProposalApprove => proposals::approve(&call).await,
        Operation::ProposalDecline => proposals::decline(&call).await,
        Operation::ProposalWithdraw => proposals::withdraw(&call).await,
        Operation::Explain => policies::explain(&call).await,
        Operation::BreakGlassList => break_glass::list(&call),
        Operation::BreakGlassSeal => break_glass::seal(&call).await,
        Operation::BreakGlassRevoke => break_glass::revoke(&call).await,
        Operation::BreakGlassAcknowledge => break_glass::acknowledge(&call).await,
        Operation::BackupBegin => backups::begin(&call).await,
        Operation::LogRead => log::access(&call),
        Operation::SettingsShow => system::settings(&call),
        Operation::ClockShow => clock::show(&call),
        Operation::ClockConfirm => clock::confirm(&call).await,
        Operation::DeclaredPlan => declared::plan(&call).await,
        Operation::DeclaredApply => declared::apply(&call).await,
        Operation::DeclaredDrift => declared::drift(&call).await,
        Operation::DeclaredExport => declared::export(&call),
        Operation::OpenApi => Reply::json(&crate::openapi::document()),
    }
}
