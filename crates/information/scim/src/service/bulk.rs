//! Many changes at once: RFC 7644, section 3.7.
//!
//! Each is made by itself, in the order of the request, except that one that refers to what
//! another creates waits for it. Operations that wait for one another in a circle are refused.

mod operation;
mod queue;

use http::StatusCode;
use serde_json::{Map, Value, json};

use self::{operation::BulkOperation, queue::Queue};
use super::{Call, Service};
use crate::{
    answer::Answer,
    conditional::Conditions,
    directory::Directory,
    endpoint::{Action, Endpoint},
    projection::Projection,
    refusal::Refusal,
    resource::{listed, present},
};

const REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

impl Service {
    pub(super) async fn bulk<D: Directory>(
        &self,
        directory: &D,
        mut message: Map<String, Value>,
    ) -> Result<Answer, Refusal> {
        if let Some(schemas) = present(&mut message, "schemas") {
            listed(&schemas, REQUEST)?;
        }
        let errors_max = errors_max(&mut message)?;
        let mut operations = self.operations(&mut message)?;
        let mut queue = Queue::of(&operations)?;
        let mut answers: Vec<Option<Value>> = vec![None; operations.len()];
        let mut errors = 0;
        while let Some(at) = queue.next() {
            let Some(operation) = operations.get_mut(at) else {
                break;
            };
            let result = match operation.resolve(&queue) {
                Ok(()) => self.one_of_bulk(directory, operation).await,
                Err(refusal) => Err(refusal),
            };
            errors += usize::from(result.is_err());
            queue.done(at, operation, result.as_ref().ok());
            if let Some(answer) = answers.get_mut(at) {
                *answer = Some(self.answered(operation, result));
            }
            if errors_max.is_some_and(|most| errors >= most) {
                break;
            }
        }
        let answers: Vec<_> = answers.into_iter().flatten().collect();
        Ok(Answer::of(
            json!({"schemas": [RESPONSE], "Operations": answers}),
        ))
    }

    fn operations(&self, message: &mut Map<String, Value>) -> Result<Vec<BulkOperation>, Refusal> {
        let Some(Value::Array(given)) = present(message, "Operations") else {
            return Err(Refusal::syntax("`Operations` is not a list of operations"));
        };
        let most = self.settings.bulk_operations_max;
        if given.len() > most {
            let detail =
                format!("there are more than {most} operations: send them in several bulks");
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        let numbered = given.into_iter().enumerate();
        numbered
            .map(|(before, given)| BulkOperation::read(before + 1, given))
            .collect()
    }

    async fn one_of_bulk<D: Directory>(
        &self,
        directory: &D,
        operation: &mut BulkOperation,
    ) -> Result<Answer, Refusal> {
        let endpoint = Endpoint::of(&operation.path).ok_or_else(Refusal::absent)?;
        let action = endpoint
            .action(&operation.method)
            .filter(|action| *action != Action::Read);
        let (kind, id) = match &endpoint {
            Endpoint::All(kind) => (*kind, None),
            Endpoint::One(kind, id) => (*kind, Some(id)),
            _ => return Err(Refusal::absent()),
        };
        let action = action.ok_or_else(|| Refusal::method(endpoint.methods()))?;
        let body = match (action, operation.data.take()) {
            (Action::Read | Action::Remove, _) => Map::new(),
            (_, Some(Value::Object(body))) => body,
            _ => return Err(Refusal::syntax("`data` is not an object")),
        };
        let version = operation.version.as_deref();
        let call = Call {
            action,
            kind,
            id,
            projection: &Projection::Default,
            conditions: &version.map(Conditions::version).unwrap_or_default(),
            body,
        };
        let answer = self.perform(directory, call).await?;
        Ok(match id {
            Some(id) => Answer {
                location: Some(self.locations().of(kind, id)),
                ..answer
            },
            None => answer,
        })
    }

    fn answered(&self, operation: &BulkOperation, result: Result<Answer, Refusal>) -> Value {
        let mut shown = Map::from_iter([("method".to_owned(), operation.method.as_str().into())]);
        if let Some(bulk_id) = &operation.bulk_id {
            shown.insert("bulkId".into(), bulk_id.as_str().into());
        }
        let status = match result {
            Ok(answer) => {
                let version = answer.version.map(crate::conditional::entity_tag);
                let location = answer.location.map(Value::from);
                shown.extend(location.map(|location| ("location".to_owned(), location)));
                shown.extend(version.map(|version| ("version".to_owned(), version.into())));
                answer.status
            }
            Err(refusal) => {
                shown.insert("response".into(), refusal.body());
                if let Some(Endpoint::One(kind, id)) = Endpoint::of(&operation.path) {
                    shown.insert("location".into(), self.locations().of(kind, &id).into());
                }
                refusal.status
            }
        };
        shown.insert("status".into(), status.as_str().into());
        Value::Object(shown)
    }
}

/// After how many errors nothing more is done; none where all is tried.
fn errors_max(message: &mut Map<String, Value>) -> Result<Option<usize>, Refusal> {
    match present(message, "failOnErrors") {
        None => Ok(None),
        Some(value) => match value.as_u64().and_then(|most| usize::try_from(most).ok()) {
            Some(0) => Ok(None),
            Some(most) => Ok(Some(most)),
            None => Err(Refusal::value("`failOnErrors` is not a whole number")),
        },
    }
}
