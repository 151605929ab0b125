//! The few entities that the policies of a slice can ask about.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use cedar_policy::{Entities, Entity, EntityUid, RestrictedExpression};
use gw_model::{
    Action, App, AppName, Fault, Principal, Resource, Route, RouteName, Snapshot, TagName,
    Timestamp, User, UserId,
};

use crate::schema::{Kind, action_group};

/// The id of Gatewright itself.
const SYSTEM: &str = "gatewright";

/// How the name of an app's default route ends.
const DEFAULT_ROUTE: &str = "/default";

/// Who asks for what, as entities, with all that they are in.
pub(crate) struct Cast {
    pub(crate) principal: Member,
    pub(crate) resource: Member,
    pub(crate) entities: Entities,
    /// When a membership in it ends by itself.
    pub(crate) until: Timestamp,
}

/// An entity with its type and everything above it.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) uid: EntityUid,
    pub(crate) kind: Kind,
    pub(crate) ancestors: Vec<EntityUid>,
}

/// Entities as they are gathered.
struct Gathering<'a> {
    facts: &'a Snapshot,
    now: Timestamp,
    entities: Vec<Entity>,
    seen: HashSet<EntityUid>,
    until: Timestamp,
}

/// Gathers the entities of an access from the facts.
///
/// # Errors
/// Where it names somebody or something that the facts do not know, or somebody disabled.
pub(crate) fn gather(
    facts: &Snapshot,
    principal: Principal,
    action: Action,
    resource: &Resource,
    now: Timestamp,
) -> Result<Cast, Fault> {
    let mut gathering = Gathering {
        facts,
        now,
        entities: Vec::with_capacity(12),
        seen: HashSet::with_capacity(12),
        until: Timestamp::NEVER,
    };
    gathering.action(action);
    let principal = gathering.principal(principal)?;
    let resource = gathering.resource(action, resource)?;
    let entities =
        Entities::from_entities(gathering.entities, None).map_err(|e| fault(e.to_string()))?;
    Ok(Cast {
        principal,
        resource,
        entities,
        until: gathering.until,
    })
}

impl<'a> Gathering<'a> {
    fn add(
        &mut self,
        uid: &EntityUid,
        attributes: Vec<(String, RestrictedExpression)>,
        ancestors: &[EntityUid],
        tags: Vec<(String, RestrictedExpression)>,
    ) -> Result<(), Fault> {
        if self.seen.insert(uid.clone()) {
            let entity =
                Entity::new_with_tags(uid.clone(), attributes, ancestors.iter().cloned(), tags)
                    .map_err(|e| fault(e.to_string()))?;
            self.entities.push(entity);
        }
        Ok(())
    }

    fn action(&mut self, action: Action) {
        let parents = action_group(action).map(|group| Kind::Action.uid(group));
        let uid = Kind::Action.uid(action.as_str());
        self.entities
            .push(Entity::new_no_attrs(uid, parents.into_iter().collect()));
    }

    fn principal(&mut self, principal: Principal) -> Result<Member, Fault> {
        match principal {
            Principal::Anonymous => self.plain(Kind::Anonymous, "anonymous"),
            Principal::User(id) => self.known_user(id),
            Principal::Local(uid) => self.local(uid),
        }
    }

    fn local(&mut self, number: u32) -> Result<Member, Fault> {
        let uid = Kind::Local.uid(&number.to_string());
        let number = RestrictedExpression::new_long(i64::from(number));
        self.add(&uid, vec![("uid".to_owned(), number)], &[], Vec::new())?;
        Ok(Member {
            uid,
            kind: Kind::Local,
            ancestors: Vec::new(),
        })
    }

    fn plain(&mut self, kind: Kind, id: &str) -> Result<Member, Fault> {
        let uid = kind.uid(id);
        self.add(&uid, Vec::new(), &[], Vec::new())?;
        Ok(Member {
            uid,
            kind,
            ancestors: Vec::new(),
        })
    }

    /// A person who may act: known and not disabled.
    fn known_user(&mut self, id: UserId) -> Result<Member, Fault> {
        let user = self.fact(id)?;
        if user.disabled {
            return Err(fault(format!("the user `{}` is disabled", user.name)));
        }
        self.user(user)
    }

    fn fact(&self, id: UserId) -> Result<&'a User, Fault> {
        self.facts
            .user(id)
            .map(|user| &**user)
            .ok_or_else(|| fault(format!("there is no user {id}")))
    }

    fn user(&mut self, user: &User) -> Result<Member, Fault> {
        let (groups, until) = self.facts.groups_of(user, self.now);
        self.until = self.until.min(until);
        let uid = Kind::User.uid(&user.id.to_string());
        let ancestors: Vec<_> = groups
            .iter()
            .map(|group| Kind::Group.uid(group.as_str()))
            .collect();
        let mut attributes = vec![("name".to_owned(), text(&user.name))];
        if let Some(email) = &user.email {
            attributes.push(("email".to_owned(), text(email)));
        }
        self.add(&uid, attributes, &ancestors, tags(&user.attributes))?;
        Ok(Member {
            uid,
            kind: Kind::User,
            ancestors,
        })
    }

    fn resource(&mut self, action: Action, resource: &Resource) -> Result<Member, Fault> {
        match (action, resource) {
            (Action::HttpRequest, Resource::Route(route)) => self.route(route),
            (Action::AdminUserAdd, Resource::User(id)) => match self.facts.user(*id) {
                Some(user) => self.user(user),
                None => self.plain(Kind::User, &id.to_string()),
            },
            (
                Action::FactorEnrol
                | Action::FactorRemove
                | Action::AdminUserChange
                | Action::AdminUserLink
                | Action::AdminSessionEnd,
                Resource::User(id),
            ) => self.user(self.fact(*id)?),
            (Action::AdminSessionEnd, Resource::Session(session, user)) => {
                let owner = self.user(self.fact(*user)?)?;
                let mut ancestors = owner.ancestors;
                ancestors.push(owner.uid);
                let uid = Kind::Session.uid(&session.to_string());
                self.add(&uid, Vec::new(), &ancestors, Vec::new())?;
                Ok(Member {
                    uid,
                    kind: Kind::Session,
                    ancestors,
                })
            }
            (
                Action::AdminRead
                | Action::AdminPolicyApply
                | Action::AdminExplain
                | Action::AdminLogRead
                | Action::AdminKeyRotate,
                Resource::System,
            ) => self.plain(Kind::System, SYSTEM),
            _ => Err(fault(format!("`{action}` is not done on `{resource}`"))),
        }
    }

    fn route(&mut self, name: &RouteName) -> Result<Member, Fault> {
        let (app, route) = find_route(self.facts, name)?;
        let tag = |tag: &TagName| Kind::Tag.uid(tag.as_str());
        let app_tags: Vec<_> = app.tags.iter().map(tag).collect();
        let app_uid = Kind::App.uid(app.name.as_str());
        let attributes = vec![("name".to_owned(), text(&app.title))];
        self.add(&app_uid, attributes, &app_tags, tags(&app.attributes))?;
        let mut ancestors = app_tags;
        ancestors.extend(route.into_iter().flat_map(|r| &r.tags).map(tag));
        ancestors.push(app_uid.clone());
        let app = RestrictedExpression::new_entity_uid(app_uid);
        let uid = Kind::Route.uid(name.as_str());
        self.add(&uid, vec![("app".to_owned(), app)], &ancestors, Vec::new())?;
        Ok(Member {
            uid,
            kind: Kind::Route,
            ancestors,
        })
    }
}

/// The app of a route and, unless it is the app's default, the route as declared.
fn find_route<'a>(
    facts: &'a Snapshot,
    name: &RouteName,
) -> Result<(&'a App, Option<&'a Route>), Fault> {
    let app = app_of(name)
        .and_then(|app| facts.app(&app))
        .ok_or_else(|| fault(format!("the route `{name}` belongs to no known app")))?;
    let declared = app.routes.iter().find(|route| route.name == *name);
    if declared.is_some() || name.as_str().ends_with(DEFAULT_ROUTE) {
        Ok((app, declared))
    } else {
        Err(fault(format!(
            "the app `{}` has no route `{name}`",
            app.name
        )))
    }
}

/// The app that a route's name names.
pub(crate) fn app_of(route: &RouteName) -> Option<AppName> {
    route.as_str().split_once('/')?.0.parse().ok()
}

fn tags(attributes: &BTreeMap<Arc<str>, Arc<str>>) -> Vec<(String, RestrictedExpression)> {
    attributes
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

const fn fault(what: String) -> Fault {
    Fault { policy: None, what }
}
