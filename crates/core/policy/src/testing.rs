//! What the tests of this crate share: a small organisation, and one way to ask.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use gw_model::{
    AccessRequest, Action, App, Authn, AuthnEvent, AuthnMethod, Change, Context, Decision, Epoch,
    Group, GroupName, HttpContext, IdentityHeaders, Membership, Network, PolicyFile, Principal,
    Resource, SessionContext, Settings, Snapshot, Timestamp, Upstream, User, UserId,
};

use crate::{Policies, load};

/// Ana is staff, Bo a contractor, Olga an owner; wiki and payroll are apps.
pub(crate) const ANA: UserId = UserId::from_bits(1);
pub(crate) const BO: UserId = UserId::from_bits(2);
pub(crate) const OLGA: UserId = UserId::from_bits(3);

/// 2026-03-29T00:30:00Z, half an hour before summer time in Berlin.
pub(crate) const NIGHT: Timestamp = Timestamp::from_secs(1_774_744_200);

pub(crate) fn files(text: &str) -> Vec<PolicyFile> {
    vec![PolicyFile {
        name: "test.cedar".into(),
        text: text.into(),
    }]
}

pub(crate) fn policies(text: &str) -> Policies {
    match load(&files(text)) {
        Ok(policies) => policies,
        Err(faults) => panic!("{}", listed(&faults)),
    }
}

pub(crate) fn listed(faults: &[crate::PolicyFault]) -> String {
    let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

pub(crate) fn group(name: &str, parents: &[&str]) -> Change {
    Change::GroupPut(Arc::new(Group {
        name: name.parse().unwrap(),
        title: name.into(),
        parents: parents.iter().map(|p| p.parse().unwrap()).collect(),
        identities: Vec::new(),
        version: 0,
    }))
}

pub(crate) fn user(id: UserId, name: &str, groups: &[&str]) -> User {
    User {
        id,
        name: name.into(),
        display_name: name.into(),
        email: None,
        attributes: BTreeMap::new(),
        groups: groups
            .iter()
            .map(|g| Membership::of(g.parse::<GroupName>().unwrap()))
            .collect(),
        factors: Vec::new(),
        identities: Vec::new(),
        disabled: false,
        verified_email: None,
        tokens_from: gw_model::Timestamp::default(),
        version: 0,
    }
}

pub(crate) fn app(name: &str, tags: &[&str]) -> App {
    App {
        name: name.parse().unwrap(),
        title: name.into(),
        description: "".into(),
        host: format!("{name}.example.org").into(),
        upstream: Upstream::BuiltIn(name.into()),
        tags: tags.iter().map(|t| t.parse().unwrap()).collect(),
        attributes: BTreeMap::new(),
        routes: Vec::new(),
        time_zone: None,
        in_portal: true,
        preserve_host: true,
        owner: gw_model::AppOwner::Configuration,
        identity_headers: IdentityHeaders::default(),
        version: 0,
    }
}

/// The organisation, with more changes on top.
pub(crate) fn facts_with(more: Vec<Change>) -> Snapshot {
    let mut changes = vec![
        group("staff", &[]),
        group("contractors", &[]),
        group("owners", &["staff"]),
        Change::UserPut(Arc::new(user(ANA, "ana", &["staff"]))),
        Change::UserPut(Arc::new(user(BO, "bo", &["contractors"]))),
        Change::UserPut(Arc::new(user(OLGA, "olga", &["owners"]))),
        Change::AppPut(Arc::new(app("wiki", &[]))),
        Change::AppPut(Arc::new(app("payroll", &["crown-jewel"]))),
        Change::SettingsPut(Arc::new(Settings {
            networks: vec![Network {
                name: "office".into(),
                prefixes: vec!["192.0.2.0/24".parse().unwrap()],
            }],
            time_zone: "Europe/Berlin".into(),
            passwords: false,
            addresses_verified: false,
            issuers: Vec::new(),
        })),
    ];
    changes.extend(more);
    let epoch = Epoch {
        incarnation: 1,
        number: 1,
    };
    Snapshot::empty(Epoch::default())
        .apply(epoch, &changes)
        .unwrap()
}

pub(crate) fn facts() -> Snapshot {
    facts_with(Vec::new())
}

/// One question, to be varied before it is asked.
pub(crate) struct Ask {
    pub(crate) principal: Principal,
    pub(crate) action: Action,
    pub(crate) resource: Resource,
    pub(crate) events: Vec<AuthnEvent>,
    pub(crate) session: Option<SessionContext>,
    pub(crate) address: IpAddr,
    pub(crate) path: String,
    pub(crate) now: Timestamp,
}

/// A person opens an app by its default route, having confirmed with a passkey a minute ago.
pub(crate) fn ask(user: UserId, app: &str) -> Ask {
    Ask {
        principal: Principal::User(user),
        action: Action::HttpRequest,
        resource: Resource::Route(format!("{app}/default").parse().unwrap()),
        events: Vec::new(),
        session: None,
        address: [203, 0, 113, 7].into(),
        path: "/".into(),
        now: NIGHT,
    }
    .proved(AuthnMethod::Passkey, 60)
}

impl Ask {
    /// With one more proof, some seconds ago.
    pub(crate) fn proved(mut self, method: AuthnMethod, secs_ago: u64) -> Self {
        let at = self.now.before(std::time::Duration::from_secs(secs_ago));
        self.events.push(AuthnEvent {
            method,
            at,
            factor: None,
            provider: None,
        });
        self
    }

    pub(crate) fn unproved(mut self) -> Self {
        self.events.clear();
        self
    }

    pub(crate) fn to(mut self, action: Action, resource: Resource) -> Self {
        self.action = action;
        self.resource = resource;
        self
    }

    pub(crate) fn by(mut self, principal: Principal) -> Self {
        self.principal = principal;
        self
    }

    pub(crate) fn within<T>(
        &self,
        facts: &Snapshot,
        then: impl FnOnce(&AccessRequest<'_>) -> T,
    ) -> T {
        let names = facts.settings().network_names(self.address);
        let mut context = Context::from_address(self.address);
        context.network.names = &names;
        context.authn = Authn {
            events: &self.events,
        };
        context.session = self.session;
        if self.action == Action::HttpRequest {
            context.http = Some(HttpContext {
                method: "GET",
                path: &self.path,
                host: "wiki.example.org",
                websocket: false,
                same_origin: true,
            });
        }
        then(&AccessRequest {
            principal: self.principal,
            session: None,
            action: self.action,
            resource: &self.resource,
            context,
        })
    }

    pub(crate) fn decide(&self, policies: &Policies, facts: &Snapshot) -> Decision {
        self.within(facts, |request| policies.decide(facts, request, self.now))
    }
}
