//! Refusals and faults as problem details (RFC 9457).

use bytes::Bytes;
use gw_engine::CommitError;
use gw_model::{ApplyError, DecisionId};
use gw_store::{Refused, StoreError};
use http::{HeaderValue, Response, StatusCode, header};

use crate::types::Problem;

impl Problem {
    fn new(status: StatusCode, kind: &str, title: &str, detail: impl Into<Box<str>>) -> Self {
        Self {
            kind: kind.into(),
            title: title.into(),
            status: status.as_u16(),
            detail: detail.into(),
            help: None,
            faults: Vec::new(),
            decision: None,
        }
    }

    /// With what to do next.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<Box<str>>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn denied(detail: impl Into<Box<str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "denied", "not allowed", detail)
    }

    pub(crate) fn denied_by(decision: DecisionId, detail: impl Into<Box<str>>) -> Self {
        Self {
            decision: Some(decision.to_string().into()),
            ..Self::denied(detail)
        }
    }

    pub(crate) fn unknown(kind: &str, name: &str) -> Self {
        let name: String = name.chars().take(80).collect();
        let detail = format!("there is no {kind} `{name}`");
        Self::new(StatusCode::NOT_FOUND, "unknown", "no such thing", detail)
    }

    pub(crate) fn invalid(detail: impl Into<Box<str>>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            "not understood",
            detail,
        )
    }

    pub(crate) fn conflict(detail: impl Into<Box<str>>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "does not fit", detail)
    }

    pub(crate) fn failed(detail: impl Into<Box<str>>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            "failed",
            detail,
        )
    }

    pub(crate) fn response(&self) -> Response<Bytes> {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(self).unwrap_or_default();
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        response
    }
}

impl From<CommitError> for Problem {
    fn from(fault: CommitError) -> Self {
        match fault {
            CommitError::Refused(Refused::Facts(fault)) => fault.into(),
            CommitError::Refused(other) => Self::conflict(other.to_string()),
            other => Self::failed(other.to_string()),
        }
    }
}

impl From<ApplyError> for Problem {
    fn from(fault: ApplyError) -> Self {
        match &fault {
            ApplyError::Unknown { kind, name } => Self::unknown(kind, name),
            _ => Self::conflict(fault.to_string()),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(fault: StoreError) -> Self {
        Self::failed(fault.to_string())
    }
}
