//! One operation of a bulk, and what it refers to.

use http::{Method, StatusCode};
use serde_json::Value;

use super::queue::Queue;
use crate::{id::ResourceId, refusal::Refusal, resource::present, text::shown};

/// The longest `bulkId`, in bytes.
pub(super) const BULK_ID_MAX: usize = 128;

/// What stands before a `bulkId` that is referred to.
const MARK: &str = "bulkId:";

/// What is to be done.
pub(super) struct BulkOperation {
    pub(super) method: Method,
    /// Below the service's own path.
    pub(super) path: String,
    pub(super) bulk_id: Option<String>,
    pub(super) version: Option<String>,
    pub(super) data: Option<Value>,
    /// The `bulkId`s that it refers to, none twice.
    pub(super) references: Vec<String>,
}

impl BulkOperation {
    pub(super) fn read(at: usize, given: Value) -> Result<Self, Refusal> {
        let fault = |what: &str| Refusal::syntax(format!("operation {at}: {what}"));
        let Value::Object(mut given) = given else {
            return Err(fault("is not an object"));
        };
        let mut text = |name: &str| match present(&mut given, name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(fault(&format!("`{name}` is not a text"))),
        };
        let method = match text("method")?
            .as_deref()
            .map(str::to_ascii_uppercase)
            .as_deref()
        {
            Some("POST") => Method::POST,
            Some("PUT") => Method::PUT,
            Some("PATCH") => Method::PATCH,
            Some("DELETE") => Method::DELETE,
            _ => return Err(fault("`method` is not POST, PUT, PATCH or DELETE")),
        };
        let path = text("path")?.ok_or_else(|| fault("`path` is missing"))?;
        let bulk_id = text("bulkId")?;
        let version = text("version")?;
        let is_fit = |id: &String| !id.is_empty() && id.len() <= BULK_ID_MAX;
        if !bulk_id.as_ref().is_none_or(is_fit) {
            return Err(fault(&format!("`bulkId` has 1 to {BULK_ID_MAX} bytes")));
        }
        if method == Method::POST && bulk_id.is_none() {
            return Err(fault("`bulkId` is missing, which POST needs"));
        }
        let mut operation = Self {
            method,
            path,
            bulk_id,
            version,
            data: present(&mut given, "data"),
            references: Vec::new(),
        };
        operation.refer();
        Ok(operation)
    }

    fn refer(&mut self) {
        let mut references = Vec::new();
        references.extend(in_path(&self.path).map(|(_, id)| id.to_owned()));
        if let Some(data) = &mut self.data {
            each_reference(data, &mut |text| {
                references.extend(text.strip_prefix(MARK).map(str::to_owned));
            });
        }
        references.sort_unstable();
        references.dedup();
        self.references = references;
    }

    /// Puts ids where `bulkId`s are.
    pub(super) fn resolve(&mut self, queue: &Queue) -> Result<(), Refusal> {
        for id in &self.references {
            queue.id(id).map_err(|trouble| {
                let detail = format!("it refers to the bulkId `{}`, {trouble}", shown(id));
                Refusal::new(StatusCode::CONFLICT, detail)
            })?;
        }
        let resolved = |id: &str| queue.id(id).ok().map(ResourceId::to_string);
        if let Some((all, id)) = in_path(&self.path)
            && let Some(id) = resolved(id)
        {
            self.path = format!("{all}/{id}");
        }
        if let Some(data) = &mut self.data {
            each_reference(data, &mut |text| {
                if let Some(id) = text.strip_prefix(MARK).and_then(&resolved) {
                    *text = id;
                }
            });
        }
        Ok(())
    }
}

/// `/Groups/bulkId:x`, divided.
fn in_path(path: &str) -> Option<(&str, &str)> {
    let (all, last) = path.rsplit_once('/')?;
    Some((all, last.strip_prefix(MARK)?))
}

/// Each text that may be a reference: those that are the `value` of something. As deep as JSON is
/// read.
fn each_reference(data: &mut Value, act: &mut dyn FnMut(&mut String)) {
    match data {
        Value::Array(values) => {
            for value in values {
                each_reference(value, act);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name.eq_ignore_ascii_case("value") => act(text),
                    value => each_reference(value, act),
                }
            }
        }
        _ => {}
    }
}
