//! Refusals and faults as problem details (RFC 9457).

use bytes::Bytes;
use gw_engine::CommitError;
use gw_model::{ApplyError, DecisionId};
use gw_store::{Refused, StoreError};
use http::{HeaderValue, Response, StatusCode, header};

use crate::{document::FieldFault, types::Problem};

impl Problem {
    fn new(status: StatusCode, kind: &str, title: &str, detail: impl Into<Box<str>>) -> Self {
        Self {
            kind: kind.into(),
            title: title.into(),
            status: status.as_u16(),
            detail: detail.into(),
            help: None,
            field: None,
            allow: None,
            retry_after: None,
            faults: Vec::new(),
            decision: None,
            proposable: false,
            is_trial: false,
        }
    }

    /// With what to do next.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<Box<str>>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// About this field, parameter or header.
    #[must_use]
    pub(crate) fn field(mut self, field: &str) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Everything that is wrong with what was sent.
    pub(crate) fn fields(what: &str, faults: &[FieldFault]) -> Self {
        let detail = match faults {
            [fault] => format!("{what}: {fault}"),
            faults => format!("{what}: {} things are wrong with it", faults.len()),
        };
        Self {
            field: faults.first().map(|fault| fault.field.as_str().into()),
            faults: faults.iter().map(ToString::to_string).collect(),
            ..Self::invalid(detail)
        }
    }

    pub(crate) fn media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "not JSON",
            "the body is not said to be `application/json`",
        )
        .field("Content-Type")
    }

    /// The path is there, with other methods.
    pub(crate) fn method(allowed: &str) -> Self {
        Self {
            allow: Some(allowed.into()),
            ..Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "not with this method",
                format!("the methods here are {allowed}"),
            )
        }
    }

    pub(crate) fn stale() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "stale",
            "changed meanwhile",
            Refused::Stale.to_string(),
        )
    }

    /// Nothing was changed, since it was only tried: whether it would be.
    pub(crate) fn tried() -> Self {
        Self {
            is_trial: true,
            ..Self::conflict(Refused::Tried.to_string())
        }
    }

    /// Whether nothing but that it was only tried stands in its way.
    pub(crate) fn is_tried(&self) -> bool {
        self.is_trial
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

    /// The same, where rights are all that is missing: who may propose it can have it made.
    pub(crate) fn of_rights(self) -> Self {
        Self {
            proposable: true,
            ..self
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

    /// Who asks has too much in hand already.
    pub(crate) fn busy_with_yours(again_secs: u16) -> Self {
        Self {
            retry_after: Some(again_secs),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "busy",
                "too much at once",
                "what you asked for before is still being computed, and so much of it is waiting",
            )
            .help("wait for the answers, or ask again in a few seconds")
        }
    }

    /// Everybody together has too much in hand.
    pub(crate) fn busy(again_secs: u16) -> Self {
        Self {
            retry_after: Some(again_secs),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "too much at once",
                "so much is being computed for others that nothing more is taken in",
            )
            .help("ask again in a few seconds")
        }
    }

    pub(crate) fn too_large(most: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "too much",
            format!("at most {} KiB are read here", most / 1024),
        )
        .field("body")
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
        let allow = self.allow.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(allow)) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<CommitError> for Problem {
    fn from(fault: CommitError) -> Self {
        match fault {
            CommitError::Refused(Refused::Facts(fault)) => fault.into(),
            CommitError::Refused(Refused::Stale) => Self::stale(),
            CommitError::Refused(Refused::Tried) => Self::tried(),
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
