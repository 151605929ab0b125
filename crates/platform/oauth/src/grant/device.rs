//! Device codes: a device without a browser asks, a person agrees on another (RFC 8628).

use std::time::Duration;

use gw_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Authorization, Binding, BindingFault, Grant, Proven, UserCode};
use crate::{
    Client, ClientId, ErrorCode, GrantType, ParameterFault, Parameters, Purpose, ResourceFault,
    Resources, ScopeFault, Scopes, Secret, SecretHash,
    answer::{self, Answer},
};

/// How long a device code is good.
pub const DEVICE_LIFETIME: Duration = Duration::from_secs(600);
/// How long a device waits between two questions (3.2).
pub const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// How much longer it waits each time that it did not (3.5).
pub const SLOW_DOWN: Duration = Duration::from_secs(5);
/// The longest wait.
const INTERVAL_MAX: Duration = Duration::from_secs(60);

/// What the person decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceDecision {
    /// Nothing yet.
    Pending,
    /// To let the device in.
    Approved(Box<Authorization>),
    /// Not to.
    Denied,
    /// To let it in, and it came.
    Used,
}

/// A device's request as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRecord {
    /// By what the device's questions find it.
    pub hash: SecretHash,
    /// By what the person finds it.
    pub user_code: SecretHash,
    /// Who asks.
    pub client_id: ClientId,
    /// What is asked for, of what the client may have.
    pub scopes: Scopes,
    /// Where tokens are to be used.
    pub resources: Resources,
    /// The first instant at which it is good no more.
    pub expires: Timestamp,
    /// What the person decided.
    pub decision: DeviceDecision,
    /// How often the device asks: kept beside the record, as it changes each time.
    #[serde(skip)]
    pub pace: DevicePace,
}

/// How often a device asks, and may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DevicePace {
    interval: Duration,
    asked_at: Option<Timestamp>,
}

impl Default for DevicePace {
    fn default() -> Self {
        Self {
            interval: POLL_INTERVAL,
            asked_at: None,
        }
    }
}

impl DevicePace {
    /// When it last asked.
    pub const fn asked_at(&self) -> Option<Timestamp> {
        self.asked_at
    }

    fn is_too_soon(&mut self, now: Timestamp) -> bool {
        let asked_before = self.asked_at.replace(now);
        let is_too_soon = asked_before.is_some_and(|before| now < before.after(self.interval));
        if is_too_soon {
            self.interval = (self.interval + SLOW_DOWN).min(INTERVAL_MAX);
        }
        is_too_soon
    }
}

/// Why a device gets nothing, or nothing yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceFault {
    /// A parameter is missing or malformed.
    #[error(transparent)]
    Parameters(#[from] ParameterFault),
    /// The client may not ask so.
    #[error("the client may not ask for device codes")]
    NotAllowed,
    /// There is no such code, or it was used.
    #[error("the device code is not known")]
    Unknown,
    /// It is another client's.
    #[error("the device code is another client's")]
    OtherClient,
    /// The person has not decided.
    #[error("the person has not decided yet")]
    Pending,
    /// It asks more often than it may; from now on less often.
    #[error("asked too soon: wait 5 seconds longer each time")]
    SlowDown,
    /// The person denied.
    #[error("access was denied")]
    Denied,
    /// It is over.
    #[error("the device code is over")]
    Expired,
    /// The sender has not proven what its tokens must be bound to.
    #[error(transparent)]
    Binding(#[from] BindingFault),
    /// The scope is refused.
    #[error(transparent)]
    Scope(#[from] ScopeFault),
    /// The resources are refused.
    #[error(transparent)]
    Resource(#[from] ResourceFault),
}

impl DeviceFault {
    /// What the client is told.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Parameters(_) => ErrorCode::InvalidRequest,
            Self::NotAllowed => ErrorCode::UnauthorizedClient,
            Self::Unknown | Self::OtherClient => ErrorCode::InvalidGrant,
            Self::Pending => ErrorCode::AuthorizationPending,
            Self::SlowDown => ErrorCode::SlowDown,
            Self::Denied => ErrorCode::AccessDenied,
            Self::Expired => ErrorCode::ExpiredToken,
            Self::Binding(fault) => fault.code(),
            Self::Scope(_) => ErrorCode::InvalidScope,
            Self::Resource(_) => ErrorCode::InvalidTarget,
        }
    }

    /// The answer of the device authorization endpoint; the token endpoint's is
    /// [`crate::TokenError::answer`].
    pub fn answer(&self) -> Answer {
        answer::refusal(self.code(), self, None)
    }
}

/// What the device is answered (3.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceResponse {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: u64,
    interval: u64,
}

impl DeviceResponse {
    /// With the page where the person types the code, which has no query.
    pub fn new(device_code: &Secret, user_code: &UserCode, verification_uri: &str) -> Self {
        let shown = user_code.expose();
        Self {
            device_code: device_code.expose().to_owned(),
            verification_uri: verification_uri.to_owned(),
            verification_uri_complete: format!("{verification_uri}?user_code={shown}"),
            user_code: shown,
            expires_in: DEVICE_LIFETIME.as_secs(),
            interval: POLL_INTERVAL.as_secs(),
        }
    }
}

impl DeviceRecord {
    /// Takes the request of a client that has shown who it is (3.1).
    ///
    /// # Errors
    /// Where it may not ask so, or not for this.
    pub fn take(
        parameters: &Parameters,
        client: &Client,
        device_code: &Secret,
        user_code: &UserCode,
        now: Timestamp,
    ) -> Result<Self, DeviceFault> {
        if !client.may(GrantType::DeviceCode) {
            return Err(DeviceFault::NotAllowed);
        }
        let asked = Scopes::parse(parameters.value("scope").unwrap_or_default())?;
        let scopes = asked.common(&client.scopes);
        if scopes.is_empty() && !asked.is_empty() {
            return Err(ScopeFault::Beyond.into());
        }
        let resources = Resources::of(parameters)?;
        if !resources.is_within(&client.resources) {
            return Err(ResourceFault::Beyond.into());
        }
        Ok(Self {
            hash: device_code.hash(Purpose::DeviceCode),
            user_code: user_code.hash(),
            client_id: client.id.clone(),
            scopes,
            resources,
            expires: now.after(DEVICE_LIFETIME),
            decision: DeviceDecision::Pending,
            pace: DevicePace::default(),
        })
    }

    /// Whether the person may still decide.
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.expires && self.decision == DeviceDecision::Pending
    }

    /// Takes the person's decision; whether it is the first and not too late. A decision to
    /// approve names this client, and no more than was asked for.
    pub fn decide(&mut self, decision: DeviceDecision, now: Timestamp) -> bool {
        let fits = match &decision {
            DeviceDecision::Approved(authorization) => {
                authorization.client_id == self.client_id
                    && authorization.scopes.is_within(&self.scopes)
                    && authorization.resources.is_within(&self.resources)
            }
            DeviceDecision::Denied => true,
            DeviceDecision::Pending | DeviceDecision::Used => false,
        };
        let is_taken = fits && self.is_open(now);
        if is_taken {
            self.decision = decision;
        }
        is_taken
    }

    /// Answers a question of the device (3.4 and 3.5). Its pace changes whatever the answer is; the
    /// rest of the record only with a grant, and is kept then.
    ///
    /// # Errors
    /// Where there is nothing for it, or nothing yet.
    pub fn poll(
        &mut self,
        device_code: &SecretHash,
        client: &Client,
        proven: &Proven,
        now: Timestamp,
    ) -> Result<Grant, DeviceFault> {
        if !self.hash.matches(device_code) || self.decision == DeviceDecision::Used {
            return Err(DeviceFault::Unknown);
        }
        if self.client_id != client.id {
            return Err(DeviceFault::OtherClient);
        }
        if now >= self.expires {
            return Err(DeviceFault::Expired);
        }
        if self.pace.is_too_soon(now) {
            return Err(DeviceFault::SlowDown);
        }
        match &self.decision {
            DeviceDecision::Pending => Err(DeviceFault::Pending),
            DeviceDecision::Denied => Err(DeviceFault::Denied),
            DeviceDecision::Used => Err(DeviceFault::Unknown),
            DeviceDecision::Approved(authorization) => {
                let binding = Binding::of(client, proven)?;
                let grant = Grant::of((**authorization).clone(), binding);
                self.decision = DeviceDecision::Used;
                Ok(grant)
            }
        }
    }
}

#[cfg(test)]
mod tests;
