//! Who asks: somebody on the machine, by the kernel's word, or a person whom the door let in.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use gw_engine::{Circumstances, Engine};
use gw_model::{Action, Actor, GroupName, Principal, Resource, Session, SessionId, User, UserId};
use gw_pages::Judged;

/// Who asks for an operation. What they may do is policy's to say, each time.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// Somebody on the machine itself.
    Local(u32),
    /// A person, through the door.
    Person(Box<Person>),
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
        Some(Self::Person(Box::new(Person {
            user: judged.user.clone()?,
            session: judged.session.clone()?,
            rank: judged.rank,
            address: judged.address,
        })))
    }

    pub(crate) fn principal(&self) -> Principal {
        match self {
            Self::Local(uid) => Principal::Local(*uid),
            Self::Person(person) => Principal::User(person.user.id),
        }
    }

    /// The person who asks, if one does.
    pub(crate) fn user(&self) -> Option<UserId> {
        match self {
            Self::Local(_) => None,
            Self::Person(person) => Some(person.user.id),
        }
    }

    /// Within which session they ask.
    pub(crate) fn session(&self) -> Option<SessionId> {
        match self {
            Self::Local(_) => None,
            Self::Person(person) => Some(person.session.id),
        }
    }

    pub(crate) fn key(&self) -> CallerKey {
        let rank = match self {
            Self::Local(_) => 0,
            Self::Person(person) => person.rank,
        };
        (self.principal(), self.session(), rank)
    }

    /// Who makes the changes that they ask for.
    pub(crate) fn actor(&self) -> Actor {
        match self {
            Self::Local(uid) => Actor::Local(*uid),
            Self::Person(person) => Actor::User(person.user.id),
        }
    }

    /// What they are called in sentences.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Local(uid) => format!("uid {uid}"),
            Self::Person(person) => person.user.name.to_string(),
        }
    }

    /// The circumstances of an operation of theirs.
    pub(crate) fn circumstances(&self, action: Action, resource: Resource) -> Circumstances {
        let (rank, address) = match self {
            Self::Local(_) => (0, Ipv4Addr::LOCALHOST.into()),
            Self::Person(person) => (person.rank, person.address),
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
        }
    }

    /// Whether policy would let them, without asking.
    pub(crate) fn would(&self, engine: &Engine, action: Action, resource: Resource) -> bool {
        let asked = self.circumstances(action, resource);
        engine.preview(&asked).outcome.is_allow()
    }

    /// Whether nobody has more rights: who may replace the policies can do everything else.
    pub(crate) fn is_owner_equal(&self, engine: &Engine) -> bool {
        self.would(engine, Action::AdminPolicyApply, Resource::System)
    }

    /// The groups that they are in, others' groups included; who is on the machine is in none.
    pub(crate) fn groups(&self, engine: &Engine) -> Vec<GroupName> {
        match self {
            Self::Local(_) => Vec::new(),
            Self::Person(person) => {
                let (view, now) = (engine.view(), engine.clock().now());
                let user = view.facts.user(person.user.id);
                user.map_or_else(Vec::new, |user| view.facts.groups_of(user, now).0)
            }
        }
    }
}
