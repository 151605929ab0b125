//! A judgement: one answer, with the versions of what it read.

use std::{sync::Arc, time::Duration};

use gw_clock::Clock;
use gw_model::{
    Action, AttributeSet, Decision, EndReason, Epoch, Fault, JudgementId, Principal, Resource,
    Seen, Session, SessionId, Snapshot, Timestamp,
};
use gw_policy::Prepared;

use crate::{Circumstances, OwnedToken, Subject, View};

/// How often what rests on the time of day is looked at: that the clock is at fault is no fact
/// that anybody is told of.
const CLOCK_LOOK: Duration = Duration::from_secs(1);

/// The versions of the facts that a judgement read.
///
/// Two equal grounds mean that no fact which the judgement rests on has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grounds {
    /// Of the person or the program; 0 where none is known.
    pub user: u64,
    /// Of the session; 0 where there is none.
    pub session: u64,
    /// Of the groups that the person, or a person who is the resource, is in, and of whose word puts
    /// people into groups.
    pub groups: u64,
    /// Of the organisation's settings; 0 where no policy of the slice can read them.
    pub settings: u64,
    /// Of the app, or of the person who is the resource; 0 where neither is asked for.
    pub app: u64,
    /// Of the policies, as far as their scopes are looked up.
    pub policies: u64,
    /// Of the access token's client and of its revocation; 0 where there is no token.
    pub token: u64,
}

impl Grounds {
    /// What these circumstances rest on in this view, whatever is asked of the facts: the answers
    /// that rest on no slice, or on more than one, compare these.
    pub(crate) fn read(view: &View, circumstances: &Circumstances) -> Self {
        let facts = &view.facts;
        Self {
            user: user_version(facts, circumstances),
            session: session_version(facts, circumstances),
            groups: facts.groups_version(),
            settings: facts.settings_version(),
            app: target_version(facts, circumstances),
            policies: view.policies_version,
            token: token_version(facts, circumstances),
        }
    }

    /// What an access that was prepared in this view rests on.
    pub(crate) fn of(view: &View, circumstances: &Circumstances, prepared: &Prepared) -> Self {
        let facts = &view.facts;
        let settings = if prepared.reads_settings() {
            facts.settings_version()
        } else {
            0
        };
        Self {
            groups: prepared.groups_version(facts),
            settings,
            policies: view.policies.version_for(prepared),
            ..Self::read(view, circumstances)
        }
    }

    /// Whether they stand in a view, having stood in that of epoch number `since`.
    pub(crate) fn stand(
        &self,
        view: &View,
        circumstances: &Circumstances,
        prepared: &Prepared,
        since: u64,
    ) -> bool {
        let facts = &view.facts;
        // What has not changed at all since then needs no closer look.
        let same = |newest: u64, closer: &dyn Fn() -> bool| newest <= since || closer();
        since <= facts.epoch.number
            && self.user == user_version(facts, circumstances)
            && self.session == session_version(facts, circumstances)
            && self.app == target_version(facts, circumstances)
            && self.token == token_version(facts, circumstances)
            && same(facts.groups_version(), &|| {
                self.groups == prepared.groups_version(facts)
            })
            && same(facts.settings_version(), &|| !prepared.reads_settings())
            && same(view.policies_version, &|| {
                self.policies == view.policies.version_for(prepared)
            })
    }

    /// The versions by name, for the record.
    pub fn named(&self) -> [(&'static str, u64); 7] {
        [
            ("user", self.user),
            ("session", self.session),
            ("groups", self.groups),
            ("settings", self.settings),
            ("resource", self.app),
            ("policies", self.policies),
            ("token", self.token),
        ]
    }
}

fn user_version(facts: &Snapshot, circumstances: &Circumstances) -> u64 {
    match circumstances.principal {
        Principal::User(id) => facts.user(id).map_or(0, |user| user.version),
        Principal::Client(id) => facts.client(id).map_or(0, |client| client.version),
        Principal::Anonymous | Principal::Local(_) => 0,
    }
}

fn session_version(facts: &Snapshot, circumstances: &Circumstances) -> u64 {
    let session = circumstances.session.and_then(|id| facts.session(id));
    session.map_or(0, |session| session.version)
}

fn token_version(facts: &Snapshot, circumstances: &Circumstances) -> u64 {
    let token = circumstances.token.as_deref();
    token.map_or(0, |token| token.version(facts))
}

/// A resource that is a person, or a session of one, is read too.
fn target_version(facts: &Snapshot, circumstances: &Circumstances) -> u64 {
    match &*circumstances.resource {
        Resource::User(id) | Resource::Session(_, id) => {
            facts.user(*id).map_or(0, |user| user.version)
        }
        Resource::Route(_) | Resource::App(_) => {
            circumstances.app(facts).map_or(0, |app| app.version)
        }
        Resource::Group(_) => facts.groups_version(),
        Resource::System => 0,
    }
}

/// When a session ends if nobody uses it, at hand without looking the session up.
#[derive(Debug, Clone)]
pub(crate) struct Idle {
    seen: Seen,
    started: Timestamp,
    limit: Duration,
}

impl Idle {
    pub(crate) fn of(session: &Session) -> Self {
        Self {
            seen: session.seen.clone(),
            started: session.started,
            limit: session.idle_limit,
        }
    }

    /// When it ends if nobody uses it again.
    fn end(&self) -> Timestamp {
        self.seen.at().max(self.started).after(self.limit)
    }

    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now >= self.end()
    }
}

/// One answer for one (session, rank, action, resource) and the attribute values that count.
#[derive(Debug, Clone)]
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
    pub(crate) idle: Option<Idle>,
}

impl Judgement {
    /// Notes that the session behind it is used: its idle limit counts from now.
    pub fn touch(&self, now: Timestamp) {
        if let Some(idle) = &self.idle {
            idle.seen.note(now);
        }
    }

    /// Never later than the first instant at which the same facts could answer differently.
    pub const fn valid_until(&self) -> Timestamp {
        self.decision.valid_until
    }

    /// Whether it would be given again in a view, having stood in that of epoch number `since`:
    /// nothing that it rests on has changed, neither its time nor its session's is up, and the
    /// clock is to be trusted where it reads the time of day.
    pub fn stands(&self, view: &View, clock: &Clock, since: u64, now: Timestamp) -> bool {
        now < self.valid_until()
            && (!self.reads_wall_clock() || clock.fault().is_none())
            && self.idle.as_ref().is_none_or(|idle| !idle.is_over(now))
            && self.prepared.as_ref().is_some_and(|prepared| {
                self.grounds
                    .stand(view, &self.circumstances, prepared, since)
            })
    }

    /// Whether its policies read the time of day.
    pub fn reads_wall_clock(&self) -> bool {
        self.mentioned
            .iter()
            .any(gw_model::Attribute::is_absolute_time)
    }

    /// When it is to be looked at again, having been looked at now, though no fact has changed:
    /// its time is up, nobody may have used its session for too long, or the clock that it
    /// rests on may be at fault.
    pub fn look_at(&self, now: Timestamp) -> Timestamp {
        let idle_end = self.idle.as_ref().map_or(Timestamp::NEVER, Idle::end);
        let clock = if self.reads_wall_clock() {
            now.after(CLOCK_LOOK)
        } else {
            Timestamp::NEVER
        };
        self.valid_until().min(idle_end).min(clock)
    }

    /// The people, the programs, the token and the session that it rests on.
    pub fn subjects(&self) -> impl Iterator<Item = Subject> {
        let (principal, client) = match self.principal {
            Principal::User(id) => (Some(id), None),
            Principal::Client(id) => (None, Some(id)),
            Principal::Anonymous | Principal::Local(_) => (None, None),
        };
        let token = self.circumstances.token.as_deref();
        // Itself, and what it was exchanged from.
        let issued_to = token.into_iter().flat_map(OwnedToken::clients);
        let programs = issued_to
            .filter(move |id| Some(*id) != client)
            .chain(client);
        let tokens = token.into_iter().flat_map(OwnedToken::ids);
        let target = match &*self.resource {
            Resource::User(id) | Resource::Session(_, id) => Some(*id),
            Resource::Route(_) | Resource::App(_) | Resource::Group(_) | Resource::System => None,
        };
        let people = [principal, target.filter(|id| Some(*id) != principal)];
        let session = self.session.map(Subject::Session);
        people
            .into_iter()
            .flatten()
            .map(Subject::User)
            .chain(programs.map(Subject::Client))
            .chain(tokens.map(Subject::Token))
            .chain(session)
    }

    /// Whether it answers other circumstances of the same session, action and resource too.
    pub fn answers(&self, circumstances: &Circumstances) -> bool {
        circumstances.same_values(&self.circumstances, self.mentioned)
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
            idle: None,
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
        A::ProposalAction => circumstances
            .proposal
            .as_ref()
            .map(|proposal| proposal.action.to_string()),
        A::TokenClient => circumstances
            .token
            .as_ref()
            .map(|token| token.client.to_string()),
        A::TokenScopes => circumstances
            .token
            .as_ref()
            .map(|token| token.scopes.join(" ")),
        A::TokenSenderConstrained => circumstances
            .token
            .as_ref()
            .map(|token| token.sender_constrained.to_string()),
        A::FactorKind => circumstances.factor.map(|kind| kind.as_str().to_owned()),
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
