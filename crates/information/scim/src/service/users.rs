//! People: RFC 7644, sections 3.3 to 3.6.

use http::StatusCode;
use serde_json::Value;

use super::{
    Call, Service,
    change::{ATTEMPTS_MAX, attempted, check, operations, pinned, removed},
};
use crate::{
    answer::Answer,
    conditional::Conditions,
    directory::Directory,
    endpoint::Action,
    id::{ResourceId, ResourceKind},
    patch,
    projection::Projection,
    refusal::Refusal,
    resource::{StoredUser, User, canonical},
};

const KIND: ResourceKind = ResourceKind::User;

impl Service {
    pub(super) async fn of_users<D: Directory>(
        &self,
        directory: &D,
        call: Call<'_>,
    ) -> Result<Answer, Refusal> {
        let (projection, conditions) = (call.projection, call.conditions);
        match (call.action, call.id) {
            (Action::Create, None) => {
                let user = User::of(&canonical(KIND, call.body)?, true)?;
                let stored = directory.create_user(user).await?;
                Ok(Answer {
                    status: StatusCode::CREATED,
                    ..self.user_answer(&stored, projection)
                })
            }
            (Action::Read, Some(id)) => {
                let stored = directory.user(id).await?.ok_or_else(Refusal::absent)?;
                Ok(match conditions.is_known(stored.stamp.version) {
                    true => self.user_unchanged(&stored),
                    false => self.user_answer(&stored, projection),
                })
            }
            (Action::Replace, Some(id)) => {
                let form = canonical(KIND, call.body)?;
                let replaced = |stored: &StoredUser| Ok(User::of(&form, stored.user.active)?);
                self.change_user(directory, id, conditions, projection, &replaced)
                    .await
            }
            (Action::Patch, Some(id)) => {
                let operations = operations(KIND, id, call.body)?;
                let patched = |stored: &StoredUser| {
                    let before = self.locations().user(stored);
                    let after = patch::applied(before.clone(), &operations)?;
                    Ok(stored.user.patched(before, after)?)
                };
                self.change_user(directory, id, conditions, projection, &patched)
                    .await
            }
            (Action::Remove, Some(id)) => {
                let stored = directory.user(id).await?.ok_or_else(Refusal::absent)?;
                let version = stored.stamp.version;
                check(conditions, version)?;
                directory
                    .remove_user(id, pinned(conditions, version))
                    .await?;
                Ok(removed())
            }
            _ => Err(Refusal::absent()),
        }
    }

    async fn change_user<D: Directory>(
        &self,
        directory: &D,
        id: &ResourceId,
        conditions: &Conditions,
        projection: &Projection,
        changed: &(dyn Fn(&StoredUser) -> Result<User, Refusal> + Sync),
    ) -> Result<Answer, Refusal> {
        for _ in 0..ATTEMPTS_MAX {
            let stored = directory.user(id).await?.ok_or_else(Refusal::absent)?;
            let version = stored.stamp.version;
            check(conditions, version)?;
            let user = changed(&stored)?;
            if user == stored.user {
                return Ok(self.user_answer(&stored, projection));
            }
            let result = directory.replace_user(id, version, user).await;
            if let Some(stored) = attempted(result, conditions)? {
                return Ok(self.user_answer(&stored, projection));
            }
        }
        Err(Refusal::contended())
    }

    fn user_answer(&self, stored: &StoredUser, projection: &Projection) -> Answer {
        let form = projection.applied(KIND, self.locations().user(stored));
        Answer {
            body: Some(Value::Object(form)),
            status: StatusCode::OK,
            ..self.user_unchanged(stored)
        }
    }

    fn user_unchanged(&self, stored: &StoredUser) -> Answer {
        Answer {
            location: Some(self.locations().of(KIND, &stored.stamp.id)),
            version: Some(stored.stamp.version),
            ..Answer::empty(StatusCode::NOT_MODIFIED)
        }
    }
}
