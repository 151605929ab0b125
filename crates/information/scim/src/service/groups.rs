//! Groups: RFC 7644, sections 3.3 to 3.6. Members are read where an answer or a change needs them,
//! and nowhere else.

use http::StatusCode;
use serde_json::Value;

use super::{
    Call, Service,
    change::{ATTEMPTS_MAX, attempted, check, operations, pinned, removed},
};
use crate::{
    answer::Answer,
    conditional::Conditions,
    directory::{Directory, Members},
    endpoint::Action,
    id::{ResourceId, ResourceKind},
    patch::{self, Operation},
    projection::Projection,
    refusal::Refusal,
    resource::{Group, GroupChange, StoredGroup, canonical},
};

const KIND: ResourceKind = ResourceKind::Group;

impl Service {
    pub(super) async fn of_groups<D: Directory>(
        &self,
        directory: &D,
        call: Call<'_>,
    ) -> Result<Answer, Refusal> {
        let (projection, conditions) = (call.projection, call.conditions);
        match (call.action, call.id) {
            (Action::Create, None) => {
                let group = Group::of(&canonical(KIND, call.body)?)?;
                let stored = directory.create_group(group).await?;
                Ok(Answer {
                    status: StatusCode::CREATED,
                    ..self.group_answer(&stored, projection)
                })
            }
            (Action::Read, Some(id)) => {
                self.read_group(directory, id, conditions, projection).await
            }
            (Action::Replace, Some(id)) => {
                let group = Group::of(&canonical(KIND, call.body)?)?;
                let replaced = |_: &StoredGroup| Ok(group.clone());
                let stored = self
                    .change_group(directory, id, conditions, Members::Left, &replaced)
                    .await?;
                Ok(self.group_answer(&stored, projection))
            }
            (Action::Patch, Some(id)) => {
                let operations = operations(KIND, id, call.body)?;
                let stored = self
                    .patch_group(directory, id, conditions, &operations)
                    .await?;
                self.patched(directory, stored, projection).await
            }
            (Action::Remove, Some(id)) => {
                let version = head(directory, id).await?.stamp.version;
                check(conditions, version)?;
                directory
                    .remove_group(id, pinned(conditions, version))
                    .await?;
                Ok(removed())
            }
            _ => Err(Refusal::absent()),
        }
    }

    async fn read_group<D: Directory>(
        &self,
        directory: &D,
        id: &ResourceId,
        conditions: &Conditions,
        projection: &Projection,
    ) -> Result<Answer, Refusal> {
        let stored = directory.group(id, wanted(projection)).await?;
        let stored = stored.ok_or_else(Refusal::absent)?;
        Ok(match conditions.is_known(stored.stamp.version) {
            true => self.group_unchanged(&stored),
            false => self.group_answer(&stored, projection),
        })
    }

    async fn patch_group<D: Directory>(
        &self,
        directory: &D,
        id: &ResourceId,
        conditions: &Conditions,
        operations: &[Operation],
    ) -> Result<StoredGroup, Refusal> {
        if let Some(change) = patch::delta(operations)? {
            let stored = head(directory, id).await?;
            let version = stored.stamp.version;
            check(conditions, version)?;
            if change == GroupChange::default() {
                return Ok(stored);
            }
            let expected = pinned(conditions, version);
            return Ok(directory.change_group(id, expected, change).await?);
        }
        let patched = |stored: &StoredGroup| {
            let form = patch::applied(self.locations().group(stored), operations)?;
            Ok(Group::of(&form)?)
        };
        self.change_group(directory, id, conditions, Members::Wanted, &patched)
            .await
    }

    async fn change_group<D: Directory>(
        &self,
        directory: &D,
        id: &ResourceId,
        conditions: &Conditions,
        members: Members,
        changed: &(dyn Fn(&StoredGroup) -> Result<Group, Refusal> + Sync),
    ) -> Result<StoredGroup, Refusal> {
        for _ in 0..ATTEMPTS_MAX {
            let stored = directory.group(id, members).await?;
            let stored = stored.ok_or_else(Refusal::absent)?;
            let version = stored.stamp.version;
            check(conditions, version)?;
            let group = changed(&stored)?;
            let result = directory.replace_group(id, version, group).await;
            if let Some(stored) = attempted(result, conditions)? {
                return Ok(stored);
            }
        }
        Err(Refusal::contended())
    }

    /// Nothing, unless the client says what it wants to see (RFC 7644, section 3.5.2): a group may
    /// have more members than anybody wants to be sent for each one that is added.
    async fn patched<D: Directory>(
        &self,
        directory: &D,
        stored: StoredGroup,
        projection: &Projection,
    ) -> Result<Answer, Refusal> {
        if *projection == Projection::Default {
            return Ok(Answer {
                status: StatusCode::NO_CONTENT,
                ..self.group_unchanged(&stored)
            });
        }
        let id = &stored.stamp.id;
        self.read_group(directory, id, &Conditions::default(), projection)
            .await
    }

    fn group_answer(&self, stored: &StoredGroup, projection: &Projection) -> Answer {
        let form = projection.applied(KIND, self.locations().group(stored));
        Answer {
            body: Some(Value::Object(form)),
            status: StatusCode::OK,
            ..self.group_unchanged(stored)
        }
    }

    fn group_unchanged(&self, stored: &StoredGroup) -> Answer {
        Answer {
            location: Some(self.locations().of(KIND, &stored.stamp.id)),
            version: Some(stored.stamp.version),
            ..Answer::empty(StatusCode::NOT_MODIFIED)
        }
    }
}

async fn head<D: Directory>(directory: &D, id: &ResourceId) -> Result<StoredGroup, Refusal> {
    let stored = directory.group(id, Members::Left).await?;
    stored.ok_or_else(Refusal::absent)
}

/// Whether an answer shows members.
fn wanted(projection: &Projection) -> Members {
    match projection.wants(KIND, "members") {
        true => Members::Wanted,
        false => Members::Left,
    }
}
