//! Who asks: somebody on the machine, by the kernel's word, or a person whom the door let in.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use gw_engine::{Circumstances, Engine, OwnedProposal};
use gw_model::{Action, Actor, GroupName, Principal, Resource, Session, SessionId, User, UserId};
use gw_pages::Judged;

/// Who asks for an operation, and on whose behalf. What they may do is policy's to say, each time.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) who: Who,
    part: Part,
}

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// Somebody on the machine itself.
    Local(u32),
    /// A person, through the door.
    Person(Box<Person>),
}

/// What part they have in a change that takes two.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// They ask for themselves.
    Alone,
    /// They propose it, for somebody else to make.
    Proposes(Arc<OwnedProposal>),
    /// They make what somebody else proposed.
    Approves(Arc<OwnedProposal>),
}

/// A person, and what of their session the presented cookie may rest on.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) user: Arc<User>,
    session: Arc<Session>,
    rank: u32,
    address: IpAddr,
}

/// One who asks, as far as what they asked before is remembered.
pub(crate) type CallerKey = (Principal, Option<SessionId>, u32);

impl Caller {
    /// The person whom the door let in; none for a stranger.
    pub(crate) fn person(judged: &Judged) -> Option<Self> {
        Some(Self::alone(Who::Person(Box::new(Person {
            user: judged.user.clone()?,
            session: judged.session.clone()?,
            rank: judged.rank,
            address: judged.address,
        }))))
    }

    /// Somebody on the machine itself.
    pub(crate) const fn local(uid: u32) -> Self {
        Self::alone(Who::Local(uid))
    }

    const fn alone(who: Who) -> Self {
        let part = Part::Alone;
        Self { who, part }
    }

    /// The same, proposing an action.
    pub(crate) fn proposing(&self, engine: &Engine, action: Action) -> Self {
        let proposal = OwnedProposal {
            by: match &self.who {
                Who::Local(uid) => Principal::Local(*uid).to_string().into(),
                Who::Person(person) => person.user.name.clone(),
            },
            groups: self.groups(engine),
            action,
        };
        Self {
            who: self.who.clone(),
            part: Part::Proposes(Arc::new(proposal)),
        }
    }

    /// The same, approving a change of somebody else's.
    pub(crate) fn approving(&self, proposal: OwnedProposal) -> Self {
        Self {
            who: self.who.clone(),
            part: Part::Approves(Arc::new(proposal)),
        }
    }

    /// Whether they only propose: nothing is changed, however far it is looked at.
    pub(crate) const fn only_proposes(&self) -> bool {
        matches!(self.part, Part::Proposes(_))
    }

    pub(crate) fn principal(&self) -> Principal {
        match &self.who {
            Who::Local(uid) => Principal::Local(*uid),
            Who::Person(person) => Principal::User(person.user.id),
        }
    }

    /// The person who asks, if one does.
    pub(crate) fn user(&self) -> Option<UserId> {
        match &self.who {
            Who::Local(_) => None,
            Who::Person(person) => Some(person.user.id),
        }
    }

    /// Within which session they ask.
    pub(crate) fn session(&self) -> Option<SessionId> {
        match &self.who {
            Who::Local(_) => None,
            Who::Person(person) => Some(person.session.id),
        }
    }

    pub(crate) fn key(&self) -> CallerKey {
        let rank = match &self.who {
            Who::Local(_) => 0,
            Who::Person(person) => person.rank,
        };
        (self.principal(), self.session(), rank)
    }

    /// Who makes the changes that they ask for.
    pub(crate) fn actor(&self) -> Actor {
        match &self.who {
            Who::Local(uid) => Actor::Local(*uid),
            Who::Person(person) => Actor::User(person.user.id),
        }
    }

    /// What they are called in sentences.
    pub(crate) fn words(&self) -> String {
        match &self.who {
            Who::Local(uid) => format!("uid {uid}"),
            Who::Person(person) => person.user.name.to_string(),
        }
    }

    /// The circumstances of an operation of theirs.
    pub(crate) fn circumstances(&self, action: Action, resource: Resource) -> Circumstances {
        let (rank, address) = match &self.who {
            Who::Local(_) => (0, Ipv4Addr::LOCALHOST.into()),
            Who::Person(person) => (person.rank, person.address),
        };
        Circumstances {
            principal: self.principal(),
            session: self.session(),
            rank,
            action,
            resource: Arc::new(resource),
            address,
            country: None,
            http: None,
            device: None,
            risk: None,
            token: None,
            factor: None,
            proposal: match &self.part {
                Part::Alone => None,
                Part::Proposes(proposal) | Part::Approves(proposal) => Some(proposal.clone()),
            },
        }
    }

    /// Whether policy would let them, without asking.
    pub(crate) fn would(&self, engine: &Engine, action: Action, resource: Resource) -> bool {
        let asked = self.circumstances(action, resource);
        engine.preview(&asked).outcome.is_allow()
    }

    /// Whether nobody has more rights: who may replace the policies can do everything else. Of
    /// who proposes it is not asked: it is of who approves.
    pub(crate) fn is_owner_equal(&self, engine: &Engine) -> bool {
        self.only_proposes() || self.would(engine, Action::AdminPolicyApply, Resource::System)
    }

    /// Whether they may replace the policies, alone or with somebody else.
    pub(crate) fn is_owner_equal_with_another(&self, engine: &Engine) -> bool {
        let another = OwnedProposal {
            by: Arc::from(""),
            groups: Vec::new(),
            action: Action::AdminPolicyApply,
        };
        self.is_owner_equal(engine) || self.approving(another).is_owner_equal(engine)
    }

    /// The groups that they are in, others' groups included; who is on the machine is in none.
    pub(crate) fn groups(&self, engine: &Engine) -> Vec<GroupName> {
        match &self.who {
            Who::Local(_) => Vec::new(),
            Who::Person(person) => {
                let (view, now) = (engine.view(), engine.clock().now());
                let user = view.facts.user(person.user.id);
                user.map_or_else(Vec::new, |user| view.facts.groups_of(user, now).0)
            }
        }
    }
}
