//! The few entities that the policies of a slice can ask about.
//!
//! A policy reaches an entity only through `principal`, `action`, `resource` and
//! `resource.app`, and asks what those are *in* by naming it, so the store holds these four at
//! most, each with all its ancestors, whatever the number of people and groups.

use std::collections::HashSet;

use cedar_policy_core::{
    ast::{Entity, EntityUID, PartialValue, Value},
    entities::{Entities, NoEntitiesSchema, TCComputation},
    extensions::Extensions,
};
use gw_model::{
    Action, App, AppName, Client, ClientId, Fault, GroupName, Principal, Resource, Route,
    RouteName, Snapshot, TagName, Timestamp, User, UserId,
};

use crate::schema::{Kind, action_group, action_uid};

/// The id of Gatewright itself.
const SYSTEM: &str = "gatewright";

/// How the name of an app's default route ends.
const DEFAULT_ROUTE: &str = "/default";

/// Who asks for what, with all that they are in.
#[derive(Debug)]
pub(crate) struct Cast<'f> {
    pub(crate) principal: Member<'f>,
    pub(crate) resource: Member<'f>,
    app: Option<Member<'f>>,
    /// When a membership in it ends by itself.
    pub(crate) until: Timestamp,
    /// All groups that the people in it are in.
    pub(crate) groups: Vec<GroupName>,
}

/// An entity with its type, everything above it, and the fact behind it.
#[derive(Debug, Clone)]
pub(crate) struct Member<'f> {
    pub(crate) uid: EntityUID,
    pub(crate) kind: Kind,
    pub(crate) ancestors: Vec<EntityUID>,
    facts: Facts<'f>,
}

/// Where an entity's attributes and tags are.
#[derive(Debug, Clone)]
enum Facts<'f> {
    None,
    User(&'f User),
    App(&'f App),
    RouteOf(EntityUID),
    Uid(u32),
    Client(&'f Client),
}

impl<'f> Member<'f> {
    fn plain(kind: Kind, id: &str) -> Self {
        Self::new(kind, id, Vec::new(), Facts::None)
    }

    fn new(kind: Kind, id: &str, ancestors: Vec<EntityUID>, facts: Facts<'f>) -> Self {
        Self {
            uid: kind.uid(id),
            kind,
            ancestors,
            facts,
        }
    }

    /// As Cedar takes it; without its attributes and tags where nobody asks for them.
    fn into_entity(self, described: bool) -> Entity {
        let mut attributes: Vec<(&str, Value)> = Vec::new();
        let mut tags: Vec<(&str, Value)> = Vec::new();
        match self.facts {
            Facts::RouteOf(app) if described => attributes.push(("app", app.into())),
            Facts::Uid(uid) if described => attributes.push(("uid", i64::from(uid).into())),
            Facts::App(app) if described => {
                attributes.push(("name", (&*app.title).into()));
                tags.extend(app.attributes.iter().map(|(k, v)| (&**k, (&**v).into())));
            }
            Facts::Client(client) if described => {
                attributes.push(("name", client.name.as_str().into()));
                tags.extend(client.attributes.iter().map(|(k, v)| (&**k, (&**v).into())));
            }
            Facts::User(user) if described => {
                attributes.push(("name", (&*user.name).into()));
                attributes.extend(user.email.iter().map(|e| ("email", (&**e).into())));
                tags.extend(user.attributes.iter().map(|(k, v)| (&**k, (&**v).into())));
            }
            _ => {}
        }
        let known = |(name, value): (&str, Value)| (name.into(), PartialValue::Value(value));
        Entity::new_with_attr_partial_value(
            self.uid,
            attributes.into_iter().map(known),
            HashSet::new(),
            self.ancestors.into_iter().collect(),
            tags.into_iter().map(known),
        )
    }
}

impl<'f> Cast<'f> {
    /// Finds the entities of an access in the facts.
    ///
    /// # Errors
    /// Where it names somebody or something that the facts do not know, or somebody disabled.
    pub(crate) fn find(
        facts: &'f Snapshot,
        principal: Principal,
        action: Action,
        resource: &Resource,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let mut found = Finder {
            facts,
            now,
            until: Timestamp::NEVER,
            groups: Vec::new(),
        };
        let principal = found.principal(principal)?;
        let (resource, app) = found.resource(action, resource)?;
        Ok(Self {
            principal,
            resource,
            app,
            until: found.until,
            groups: found.groups,
        })
    }

    /// The store that Cedar evaluates over.
    pub(crate) fn into_entities(self, action: Action, described: bool) -> Result<Entities, Fault> {
        let mut entities = Vec::with_capacity(4);
        let groups = action_group(action).map(|group| Kind::Action.uid(group));
        entities.push(Entity::new_with_attr_partial_value(
            action_uid(action).clone(),
            [],
            HashSet::new(),
            groups.into_iter().collect(),
            [],
        ));
        if self.principal.uid != self.resource.uid {
            entities.push(self.principal.into_entity(described));
        }
        entities.push(self.resource.into_entity(described));
        entities.extend(self.app.map(|app| app.into_entity(described)));
        // INVARIANT: `ancestors` is all that is above a member, so the hierarchy is closed.
        Entities::from_entities(
            entities,
            None::<&NoEntitiesSchema>,
            TCComputation::AssumeAlreadyComputed,
            Extensions::all_available(),
        )
        .map_err(|error| fault(error.to_string()))
    }
}

/// Finds members, and notes when what they are in ends.
struct Finder<'f> {
    facts: &'f Snapshot,
    now: Timestamp,
    until: Timestamp,
    groups: Vec<GroupName>,
}

impl<'f> Finder<'f> {
    fn principal(&mut self, principal: Principal) -> Result<Member<'f>, Fault> {
        match principal {
            Principal::Anonymous => Ok(Member::plain(Kind::Anonymous, "anonymous")),
            Principal::User(id) => {
                let user = self.user_fact(id)?;
                if user.disabled {
                    return Err(fault(format!("the user `{}` is disabled", user.name)));
                }
                Ok(self.user(user))
            }
            Principal::Local(uid) => Ok(Member::new(
                Kind::Local,
                &uid.to_string(),
                Vec::new(),
                Facts::Uid(uid),
            )),
            Principal::Client(id) => self.client(id),
        }
    }

    fn client(&mut self, id: ClientId) -> Result<Member<'f>, Fault> {
        let client = self.facts.client(id);
        let client = client.ok_or_else(|| fault(format!("there is no client {id}")))?;
        if client.is_off() {
            return Err(fault(format!("the client `{}` is disabled", client.name)));
        }
        let groups = self.facts.groups_of_client(client);
        let ancestors = groups.iter().map(|group| Kind::Group.uid(group.as_str()));
        let (ancestors, id) = (ancestors.collect(), id.to_string());
        self.groups.extend(groups);
        Ok(Member::new(
            Kind::Client,
            &id,
            ancestors,
            Facts::Client(client),
        ))
    }

    fn user_fact(&self, id: UserId) -> Result<&'f User, Fault> {
        self.facts
            .user(id)
            .map(|user| &**user)
            .ok_or_else(|| fault(format!("there is no user {id}")))
    }

    fn user(&mut self, user: &'f User) -> Member<'f> {
        let (groups, until) = self.facts.groups_of(user, self.now);
        self.until = self.until.min(until);
        let ancestors = groups
            .iter()
            .map(|group| Kind::Group.uid(group.as_str()))
            .collect();
        self.groups.extend(groups);
        Member::new(
            Kind::User,
            &user.id.to_string(),
            ancestors,
            Facts::User(user),
        )
    }

    /// A group, there or still to be made, in all that it is part of.
    fn group(&mut self, name: &GroupName) -> Member<'f> {
        let above = self.facts.groups_above(name);
        let ancestors = above.iter().map(|group| Kind::Group.uid(group.as_str()));
        let ancestors = ancestors.collect();
        self.groups.extend(above);
        Member::new(Kind::Group, name.as_str(), ancestors, Facts::None)
    }

    /// The resource of an action, and the app of a route.
    fn resource(
        &mut self,
        action: Action,
        resource: &Resource,
    ) -> Result<(Member<'f>, Option<Member<'f>>), Fault> {
        match (action, resource) {
            (Action::HttpRequest, Resource::Route(route)) => self.route(route),
            (Action::OidcAuthorize | Action::TokenIssue, Resource::App(name)) => {
                let app = self.facts.app(name);
                let app = app.ok_or_else(|| fault(format!("there is no app `{name}`")))?;
                Ok((app_member(app), None))
            }
            (Action::AdminUserAdd | Action::AdminChangePropose, Resource::User(id)) => {
                Ok(match self.facts.user(*id) {
                    Some(user) => (self.user(user), None),
                    None => (Member::plain(Kind::User, &id.to_string()), None),
                })
            }
            (
                Action::FactorEnrol
                | Action::FactorRemove
                | Action::AdminUserChange
                | Action::AdminUserLink
                | Action::AdminSessionEnd,
                Resource::User(id),
            ) => {
                let user = self.user_fact(*id)?;
                Ok((self.user(user), None))
            }
            (Action::AdminSessionEnd, Resource::Session(session, user)) => {
                let user = self.user_fact(*user)?;
                let owner = self.user(user);
                let mut above = owner.ancestors;
                above.push(owner.uid);
                let id = session.to_string();
                Ok((Member::new(Kind::Session, &id, above, Facts::None), None))
            }
            (Action::AdminGroupChange, Resource::Group(name)) => Ok((self.group(name), None)),
            (
                Action::AdminRead
                | Action::AdminPolicyApply
                | Action::AdminExplain
                | Action::AdminLogRead
                | Action::AdminKeyRotate
                | Action::AdminAppChange
                | Action::AdminProviderSuspend
                | Action::AdminProviderChange
                | Action::AdminChangePropose
                | Action::TokenIssue
                | Action::AdminClientSuspend
                | Action::AdminClientChange,
                Resource::System,
            ) => Ok((Member::plain(Kind::System, SYSTEM), None)),
            _ => Err(fault(format!("`{action}` is not done on `{resource}`"))),
        }
    }

    fn route(&self, name: &RouteName) -> Result<(Member<'f>, Option<Member<'f>>), Fault> {
        let (app, route) = find_route(self.facts, name)?;
        let app = app_member(app);
        let mut above = app.ancestors.clone();
        above.extend(route.into_iter().flat_map(|r| &r.tags).map(tag_uid));
        above.push(app.uid.clone());
        let of = Facts::RouteOf(app.uid.clone());
        Ok((
            Member::new(Kind::Route, name.as_str(), above, of),
            Some(app),
        ))
    }
}

fn tag_uid(tag: &TagName) -> EntityUID {
    Kind::Tag.uid(tag.as_str())
}

/// An app, in its tags.
fn app_member(app: &App) -> Member<'_> {
    let tags = app.tags.iter().map(tag_uid).collect();
    Member::new(Kind::App, app.name.as_str(), tags, Facts::App(app))
}

/// The app of a route and, where it is declared, the route.
fn find_route<'f>(
    facts: &'f Snapshot,
    name: &RouteName,
) -> Result<(&'f App, Option<&'f Route>), Fault> {
    let app = app_of(name)
        .and_then(|app| facts.app(&app))
        .ok_or_else(|| fault(format!("the route `{name}` belongs to no known app")))?;
    let declared = app.routes.iter().find(|route| route.name == *name);
    if declared.is_some() || name.as_str().ends_with(DEFAULT_ROUTE) {
        Ok((app, declared))
    } else {
        let app = &app.name;
        Err(fault(format!("the app `{app}` has no route `{name}`")))
    }
}

fn app_of(route: &RouteName) -> Option<AppName> {
    route.as_str().split_once('/')?.0.parse().ok()
}

const fn fault(what: String) -> Fault {
    Fault { policy: None, what }
}
