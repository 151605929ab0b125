//! Answers that refuse: RFC 7644, section 3.12. Each says what was wrong, and never holds more of
//! what was sent than the name of an attribute or an id.

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    directory::{ReadFault, WriteFault},
    filter::{FilterFault, FilterMisfit},
    json::JsonFault,
    patch::{PatchFault, PatchTrouble},
    resource::ValueFault,
};

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// A request that is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// `scimType`: RFC 7644, table 9.
    pub(crate) kind: Option<&'static str>,
    pub(crate) detail: String,
    /// The methods that there are.
    pub(crate) allow: Option<&'static str>,
    /// Seconds after which it is worth asking again.
    pub(crate) again_after: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            kind: None,
            detail: detail.into(),
            allow: None,
            again_after: None,
        }
    }

    pub(crate) fn bad(kind: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: Some(kind),
            ..Self::new(StatusCode::BAD_REQUEST, detail)
        }
    }

    pub(crate) fn syntax(detail: impl Into<String>) -> Self {
        Self::bad("invalidSyntax", detail)
    }

    pub(crate) fn value(detail: impl Into<String>) -> Self {
        Self::bad("invalidValue", detail)
    }

    pub(crate) fn absent() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such resource here")
    }

    pub(crate) fn method(allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                format!("the methods here are {allow}"),
            )
        }
    }

    /// The version that the client named is not the one that there is.
    pub(crate) fn stale() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "it was changed since that version: read it again and change what is there now",
        )
    }

    /// It was changed by others as often as it was tried.
    pub(crate) fn contended() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "others kept changing it at the same time: nothing was changed, send it again",
        )
    }

    /// What there is instead of a resource.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({
            "schemas": [ERROR],
            "status": self.status.as_str(),
            "detail": self.detail,
        });
        if let (Some(kind), Some(body)) = (self.kind, body.as_object_mut()) {
            body.insert("scimType".into(), kind.into());
        }
        body
    }

    fn unavailable(detail: String, again_after: std::time::Duration) -> Self {
        Self {
            again_after: Some(again_after.as_secs().max(1)),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }
}

impl From<JsonFault> for Refusal {
    fn from(fault: JsonFault) -> Self {
        Self::syntax(fault.to_string())
    }
}

impl From<ValueFault> for Refusal {
    fn from(fault: ValueFault) -> Self {
        Self::value(fault.to_string())
    }
}

impl From<FilterFault> for Refusal {
    fn from(fault: FilterFault) -> Self {
        Self::bad("invalidFilter", fault.to_string())
    }
}

impl From<FilterMisfit> for Refusal {
    fn from(fault: FilterMisfit) -> Self {
        Self::bad("invalidFilter", format!("the filter does not fit: {fault}"))
    }
}

impl From<PatchFault> for Refusal {
    fn from(fault: PatchFault) -> Self {
        let kind = match &fault.trouble {
            PatchTrouble::Verb | PatchTrouble::PathType => "invalidSyntax",
            PatchTrouble::Many | PatchTrouble::Large => {
                return Self::new(StatusCode::PAYLOAD_TOO_LARGE, fault.to_string());
            }
            PatchTrouble::NoPath | PatchTrouble::NoTarget(_) => "noTarget",
            PatchTrouble::Path(_) | PatchTrouble::Unknown(_) | PatchTrouble::Single(_) => {
                "invalidPath"
            }
            PatchTrouble::Misfit(_) => "invalidFilter",
            PatchTrouble::ReadOnly(_) | PatchTrouble::Immutable(_) | PatchTrouble::Required(_) => {
                "mutability"
            }
            PatchTrouble::NoValue | PatchTrouble::NotAttributes | PatchTrouble::Value(_) => {
                "invalidValue"
            }
        };
        Self::bad(kind, fault.to_string())
    }
}

impl From<ReadFault> for Refusal {
    fn from(fault: ReadFault) -> Self {
        let ReadFault::Unavailable { again_after } = fault;
        Self::unavailable(fault.to_string(), again_after)
    }
}

impl From<WriteFault> for Refusal {
    fn from(fault: WriteFault) -> Self {
        let detail = fault.to_string();
        match fault {
            WriteFault::Absent => Self::absent(),
            WriteFault::Stale => Self::stale(),
            WriteFault::Taken { .. } => Self {
                kind: Some("uniqueness"),
                ..Self::new(StatusCode::CONFLICT, detail)
            },
            WriteFault::NoSuchMember(_) | WriteFault::Nesting(_) | WriteFault::Invalid { .. } => {
                Self::value(detail)
            }
            WriteFault::Denied { .. } => Self::new(StatusCode::FORBIDDEN, detail),
            WriteFault::Unavailable { again_after } => Self::unavailable(detail, again_after),
        }
    }
}
