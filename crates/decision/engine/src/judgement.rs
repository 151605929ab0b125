//! A judgement: one answer, with the versions of what it read.

use std::sync::Arc;

use gw_model::{
    Action, AttributeSet, Decision, EndReason, Epoch, Fault, JudgementId, Principal, Resource,
    Seen, SessionId, Timestamp,
};
use gw_policy::Prepared;

use crate::{Circumstances, View};

/// The versions of the facts that a judgement read.
///
/// Two equal grounds mean that no fact which the judgement rests on has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grounds {
    /// Of the person; 0 where none is known.
    pub user: u64,
    /// Of the session; 0 where there is none.
    pub session: u64,
    /// Of the groups.
    pub groups: u64,
    /// Of the organisation's settings.
    pub settings: u64,
    /// Of the app; 0 where none is asked for.
    pub app: u64,
    /// Of the policies.
    pub policies: u64,
}

impl Grounds {
    /// What these circumstances rest on in this view.
    pub(crate) fn read(view: &View, circumstances: &Circumstances) -> Self {
        let facts = &view.facts;
        let user = match circumstances.principal {
            Principal::User(id) => facts.user(id).map_or(0, |u| u.version),
            Principal::Anonymous | Principal::Local(_) => 0,
        };
        // A resource that is a person, or a session of one, is read too.
        let target = match &*circumstances.resource {
            Resource::User(id) | Resource::Session(_, id) => {
                facts.user(*id).map_or(0, |u| u.version)
            }
            Resource::Route(_) => circumstances.app(facts).map_or(0, |a| a.version),
            Resource::Group(_) | Resource::System => 0,
        };
        Self {
            user,
            session: circumstances
                .session
                .and_then(|s| facts.session(s))
                .map_or(0, |s| s.version),
            groups: facts.groups_version(),
            settings: facts.settings_version(),
            app: target,
            policies: view.policies_version,
        }
    }

    /// The versions by name, for the record.
    pub fn named(&self) -> [(&'static str, u64); 6] {
        [
            ("user", self.user),
            ("session", self.session),
            ("groups", self.groups),
            ("settings", self.settings),
            ("resource", self.app),
            ("policies", self.policies),
        ]
    }
}

/// One answer for one (session, rank, action, resource) and the attribute values that count.
#[derive(Debug)]
pub struct Judgement {
    /// Its id: exchanges in the ledger name it.
    pub id: JudgementId,
    /// The answer with its reasons.
    pub decision: Decision,
    /// Why the presented session does not count, if it is over.
    pub ended: Option<EndReason>,
    /// Who.
    pub principal: Principal,
    /// In which session.
    pub session: Option<SessionId>,
    /// At which rank.
    pub rank: u32,
    /// Did what.
    pub action: Action,
    /// On what.
    pub resource: Arc<Resource>,
    /// The epoch it was made at.
    pub epoch: Epoch,
    /// When it was made.
    pub made_at: Timestamp,
    /// What it rests on.
    pub grounds: Grounds,
    /// The circumstances that it was made in.
    pub circumstances: Circumstances,
    /// The context attributes that its policies mention.
    pub mentioned: AttributeSet,
    pub(crate) prepared: Option<Arc<Prepared>>,
    pub(crate) seen: Option<Seen>,
}

impl Judgement {
    /// Notes that the session behind it is used: its idle limit counts from now.
    pub fn touch(&self, now: Timestamp) {
        if let Some(seen) = &self.seen {
            seen.note(now);
        }
    }

    /// Never later than the first instant at which the same facts could answer differently.
    pub const fn valid_until(&self) -> Timestamp {
        self.decision.valid_until
    }

    /// Whether it lets the access happen.
    pub const fn is_allow(&self) -> bool {
        self.decision.outcome.is_allow()
    }

    /// The policies that could apply, whether or not they determined the outcome.
    pub fn considered(&self) -> impl Iterator<Item = &gw_model::PolicyId> {
        self.prepared
            .iter()
            .flat_map(|prepared| prepared.policy_ids())
    }

    /// The denial that stands in for it when it cannot be recorded.
    pub(crate) fn unrecorded(&self) -> Self {
        let what = "the ledger cannot be written, and nothing happens unrecorded".to_owned();
        Self {
            id: self.id,
            decision: Decision::denied(Fault { policy: None, what }),
            ended: self.ended,
            principal: self.principal,
            session: self.session,
            rank: self.rank,
            action: self.action,
            resource: self.resource.clone(),
            epoch: self.epoch,
            made_at: self.made_at,
            grounds: self.grounds,
            circumstances: self.circumstances.clone(),
            mentioned: self.mentioned,
            prepared: self.prepared.clone(),
            seen: None,
        }
    }

    /// The mentioned attributes with their values as text, for the record.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        let circumstances = &self.circumstances;
        self.mentioned
            .iter()
            .filter_map(|attribute| Some((attribute.path(), value_text(circumstances, attribute)?)))
            .collect()
    }
}

/// A mentioned value as text, where it is not personal and not covered by a version.
fn value_text(circumstances: &Circumstances, attribute: gw_model::Attribute) -> Option<String> {
    use gw_model::Attribute as A;
    let http = circumstances.http.as_ref();
    match attribute {
        A::HttpMethod => http.map(|h| h.method.to_string()),
        A::HttpHost => http.map(|h| h.host.to_string()),
        A::HttpWebsocket => http.map(|h| h.websocket.to_string()),
        A::HttpSameOrigin => http.map(|h| h.same_origin.to_string()),
        A::NetworkCountry => circumstances
            .country
            .map(|c| String::from_utf8_lossy(&c).into_owned()),
        A::RiskScore => circumstances.risk.map(|r| r.score.to_string()),
        A::DeviceCompliant => circumstances
            .device
            .as_ref()
            .map(|d| d.compliant.to_string()),
        A::DeviceManaged => circumstances.device.as_ref().map(|d| d.managed.to_string()),
        A::DeviceDiskEncrypted => circumstances
            .device
            .as_ref()
            .map(|d| d.disk_encrypted.to_string()),
        A::DevicePlatform => circumstances
            .device
            .as_ref()
            .map(|d| d.platform.to_string()),
        // Personal (kept beside the record, removable), covered by a version, or moving with time.
        _ => None,
    }
}
