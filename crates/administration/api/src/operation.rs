//! What each endpoint does, once policy has let it happen.

mod apps;
mod backups;
mod clock;
mod groups;
mod keys;
mod log;
mod policies;
mod sessions;
mod users;

use bytes::Bytes;
use gw_engine::Commit;
use gw_model::{Actor, DecisionId, Resource, UserId};
use http::{HeaderValue, Response, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};

use crate::{endpoint::Operation, server::Parts, types::Problem};

/// An operation that policy let happen.
pub(crate) struct Call<'a> {
    pub(crate) parts: &'a Parts,
    /// Who asks, by the kernel's word.
    pub(crate) uid: u32,
    /// The decision that let it happen.
    pub(crate) decision: DecisionId,
    /// What it is done on.
    pub(crate) resource: Resource,
    pub(crate) parameters: Vec<&'a str>,
    pub(crate) query: &'a str,
    pub(crate) body: Bytes,
}

impl Call<'_> {
    fn actor(&self) -> Actor {
        Actor::Local(self.uid)
    }

    /// A change in the name of who asks, let happen by the decision.
    fn commit(&self, what: &'static str) -> Commit {
        Commit::new(self.actor(), what).allowed_by(self.decision)
    }

    fn user(&self) -> Result<UserId, Problem> {
        match self.resource {
            Resource::User(user) => Ok(user),
            _ => Err(Problem::failed("the operation is done on a user")),
        }
    }

    fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let text = match &*self.body {
            b"" => b"{}",
            body => body,
        };
        serde_json::from_slice(text)
            .map_err(|fault| Problem::invalid(format!("the request cannot be read: {fault}")))
    }
}

/// An answer.
pub(crate) struct Reply(Vec<u8>);

impl Reply {
    fn json(value: &impl Serialize) -> Result<Self, Problem> {
        serde_json::to_vec(value)
            .map(Self)
            .map_err(|fault| Problem::failed(format!("the answer cannot be written: {fault}")))
    }

    pub(crate) fn response(self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.0));
        *response.status_mut() = StatusCode::OK;
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        response
    }
}

pub(crate) async fn run(operation: Operation, call: Call<'_>) -> Result<Reply, Problem> {
    match operation {
        Operation::UserList => users::list(&call),
        Operation::UserAdd => users::add(&call).await,
        Operation::UserDisable => users::switch(&call, true).await,
        Operation::UserEnable => users::switch(&call, false).await,
        Operation::UserGroupAdd => users::join(&call).await,
        Operation::UserGroupRemove => users::leave(&call).await,
        Operation::UserLink => users::link(&call).await,
        Operation::UserSessionsEnd => sessions::end_all(&call).await,
        Operation::GroupList => groups::list(&call),
        Operation::GroupAdd => groups::add(&call).await,
        Operation::AppList => apps::list(&call),
        Operation::SessionList => sessions::list(&call),
        Operation::SessionEnd => sessions::end(&call).await,
        Operation::KeyList => keys::list(&call),
        Operation::KeyRotate => keys::rotate(&call).await,
        Operation::PolicyHistory => policies::history(&call).await,
        Operation::PolicyCompare => policies::compare(&call).await,
        Operation::PolicyApply => policies::apply(&call).await,
        Operation::PolicyRollbackCompare => policies::compare_rollback(&call).await,
        Operation::PolicyRollback => policies::rollback(&call).await,
        Operation::BackupBegin => backups::begin(&call).await,
        Operation::LogRead => log::access(&call),
        Operation::ClockShow => clock::show(&call),
        Operation::ClockConfirm => clock::confirm(&call).await,
    }
}
